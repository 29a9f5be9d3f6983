drop index webhook_deliveries_not_there;
alter table webhook_deliveries drop column last_error;
alter table webhook_deliveries drop column last_attempt_at;
alter table webhook_endpoints drop column deleted_at;
alter table webhook_endpoints drop column stopped_at;
