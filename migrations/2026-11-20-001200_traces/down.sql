drop index problems_snoozed;
alter table problems drop column opened_by;
drop index emails_by_trace;
drop index webhook_events_by_trace;
drop index jobs_by_trace;
drop index posts_by_trace;
