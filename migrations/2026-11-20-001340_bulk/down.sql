truncate bulk_rows, bulk_operations;
alter table bulk_rows
    drop constraint a_subject_stands_once_in_an_operation,
    drop constraint bulk_rows_outcome_check,
    drop column offer,
    drop column jobs,
    drop column tries,
    alter column outcome set default 'waiting',
    add constraint bulk_rows_outcome_check
        check (outcome in ('waiting', 'skipped', 'done', 'failed', 'undone', 'canceled'));
alter table bulk_operations
    drop constraint bulk_counters_are_the_total,
    drop constraint bulk_operations_state_check,
    drop column effects,
    drop column changed_since,
    drop column run_by,
    drop column run_since,
    drop column note,
    drop column picked,
    drop column waiting,
    drop column changed,
    drop column sent,
    drop column unknown,
    drop column dropped,
    alter column state set default 'previewed',
    add constraint bulk_operations_state_check
        check (state in ('previewed', 'queued', 'running', 'paused', 'canceled', 'finished'));
