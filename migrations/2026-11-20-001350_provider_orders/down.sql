alter table problems no force row level security;
delete from problems where kind in ('duplicate', 'cancel');
alter table problems force row level security;
alter table problems drop constraint problems_kind_check;
alter table problems add constraint problems_kind_check
    check (kind in ('post', 'submit', 'webhook', 'email', 'import', 'connection', 'channel'));
alter table provider_orders drop constraint provider_orders_cancel_state_check;
alter table provider_orders add constraint provider_orders_cancel_state_check
    check (cancel_state in ('none', 'requested', 'confirmed', 'refused', 'not_supported', 'unknown'));
drop index provider_orders_that_may_live;
alter table provider_orders drop column ended_at;
