-- One chain of cause and effect is read by its trace, whatever it left behind.
-- Calls, activity and finished jobs have their index; these have not.
create index posts_by_trace on posts (account_id, trace_id) where trace_id is not null;
create index jobs_by_trace on jobs (account_id, trace_id) where trace_id is not null;
create index webhook_events_by_trace on webhook_events (account_id, trace_id) where trace_id is not null;
create index emails_by_trace on emails (account_id, trace_id) where trace_id is not null;

-- The error queue as a work list: who marked a shipment by hand, what is put off.
alter table problems add column opened_by text;
create index problems_snoozed on problems (account_id, snoozed_until, id)
    where resolved_at is null and snoozed_until is not null;
