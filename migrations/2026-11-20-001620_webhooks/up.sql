-- Since when an endpoint is paused or disabled, and that it was deleted: it stays
-- for its deliveries, without its secrets.
alter table webhook_endpoints add column stopped_at timestamptz;
alter table webhook_endpoints add column deleted_at timestamptz;

alter table webhook_deliveries add column last_attempt_at timestamptz;
alter table webhook_deliveries add column last_error text;
create index webhook_deliveries_not_there on webhook_deliveries (account_id, endpoint_id, id) where state in ('waiting', 'failed');
