-- An order at a provider that was read to be canceled or gone has ended: it is
-- not asked about again, and nothing stands in the way of a re-post.
alter table provider_orders add column ended_at timestamptz;
-- the owner is no account: for this one statement it sees them all
alter table provider_orders no force row level security;
update provider_orders set ended_at = coalesce(superseded_at, last_read_at, created_at) where cancel_state = 'confirmed' or superseded_at is not null;
alter table provider_orders force row level security;
create index provider_orders_that_may_live on provider_orders (account_id, shipment_id, id) where ended_at is null;

-- What an adapter cannot cancel is declared, so it is never asked and never refused.
alter table provider_orders drop constraint provider_orders_cancel_state_check;
alter table provider_orders add constraint provider_orders_cancel_state_check
    check (cancel_state in ('none', 'requested', 'confirmed', 'refused', 'unknown'));

-- Two orders for one shipment, and a cancellation that came to no end.
alter table problems drop constraint problems_kind_check;
alter table problems add constraint problems_kind_check
    check (kind in ('post', 'submit', 'webhook', 'email', 'import', 'connection', 'channel', 'duplicate', 'cancel'));
