-- Files of orders and shipments that are written in the background.
-- canceled: stopped before it was whole
-- deleted: its file is gone because somebody said so; the row stays as evidence
alter table exports drop constraint exports_state_check;
alter table exports add constraint exports_state_check
    check (state in ('queued', 'running', 'finished', 'failed', 'canceled', 'expired', 'deleted'));
alter table exports add constraint exports_of_what_there_is check (resource in ('orders', 'shipments'));
-- what it is of, in words
alter table exports add column phrase text not null default '';
-- why it ended otherwise
alter table exports add column reason text not null default '';
alter table exports add column requested_by_name text not null default '';
alter table exports add column trace_id text;
-- one of the two that may be written at once
alter table exports add column lane smallint not null default 0;
alter table exports add constraint a_finished_export_has_a_file_and_an_end
    check (state <> 'finished' or (file_path is not null and file_bytes is not null and expires_at is not null));
create index exports_unfinished on exports (account_id, id) where state in ('queued', 'running');
create index exports_with_a_file on exports (account_id, expires_at) where state = 'finished';
