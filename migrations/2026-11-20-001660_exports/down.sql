drop index exports_with_a_file;
drop index exports_unfinished;
alter table exports drop constraint a_finished_export_has_a_file_and_an_end;
alter table exports drop column lane;
alter table exports drop column trace_id;
alter table exports drop column requested_by_name;
alter table exports drop column reason;
alter table exports drop column phrase;
alter table exports drop constraint exports_of_what_there_is;
alter table exports no force row level security;
update exports set state = 'failed' where state in ('canceled', 'deleted');
alter table exports force row level security;
alter table exports drop constraint exports_state_check;
alter table exports add constraint exports_state_check
    check (state in ('queued', 'running', 'finished', 'failed', 'expired'));
