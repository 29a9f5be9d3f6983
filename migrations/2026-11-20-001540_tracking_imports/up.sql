-- Tracking numbers from a file: looked at first, confirmed, then written row by row.
alter table imports
    drop constraint imports_state_check,
    add constraint imports_state_check
        check (state in ('previewing', 'previewed', 'running', 'finished', 'failed')),
    -- rows that would change something, until they did
    add column rows_ready integer not null default 0,
    -- what the preview came to: only that can be confirmed
    add column fingerprint text,
    -- who is told where a row corrects something
    add column notify text not null default 'none' check (notify in ('none', 'channel', 'customer', 'both')),
    -- in whose name the rows are written
    add column confirmed_by bigint;

alter table import_rows
    drop constraint import_rows_outcome_check,
    add constraint import_rows_outcome_check
        check (outcome in ('ready', 'created', 'updated', 'unchanged', 'failed')),
    -- the title of the cell that will not do
    add column cell text not null default '',
    add column shipment_id bigint,
    -- the version the preview is about
    add column shipment_version integer,
    -- what is to be written, and whether the shipment leaves by it
    add column input jsonb,
    add column leaves boolean not null default false;
grant update, delete on import_rows to waybill_app;
