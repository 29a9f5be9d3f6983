alter table problems no force row level security;
delete from problems where kind = 'update';
alter table problems force row level security;
alter table problems drop constraint problems_kind_check;
alter table problems add constraint problems_kind_check
    check (kind in ('post', 'submit', 'webhook', 'email', 'import', 'connection', 'channel', 'duplicate', 'cancel'));
