-- A change that a provider did not take.
alter table problems drop constraint problems_kind_check;
alter table problems add constraint problems_kind_check
    check (kind in ('post', 'submit', 'webhook', 'email', 'import', 'connection', 'channel', 'duplicate', 'cancel', 'update'));
