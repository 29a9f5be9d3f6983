alter table imports no force row level security;
alter table import_rows no force row level security;
delete from import_rows where outcome = 'ready';
update imports set state = 'failed', content_gzip = null where state in ('previewing', 'previewed');
alter table imports force row level security;
alter table import_rows force row level security;

revoke update, delete on import_rows from waybill_app;
alter table import_rows
    drop constraint import_rows_outcome_check,
    add constraint import_rows_outcome_check check (outcome in ('created', 'updated', 'unchanged', 'failed')),
    drop column cell,
    drop column shipment_id,
    drop column shipment_version,
    drop column input,
    drop column leaves;
alter table imports
    drop constraint imports_state_check,
    add constraint imports_state_check check (state in ('running', 'finished', 'failed')),
    drop column rows_ready,
    drop column fingerprint,
    drop column notify,
    drop column confirmed_by;
