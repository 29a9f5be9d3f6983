-- Bulk operations: picked, looked at, confirmed, done row by row.
alter table bulk_operations
    drop constraint bulk_operations_state_check,
    alter column state set default 'previewing',
    add constraint bulk_operations_state_check
        check (state in ('previewing', 'previewed', 'running', 'paused', 'canceled', 'finished')),
    -- what will happen, in sentences of the preview
    add column effects text[] not null default '{}',
    -- how many rows changed after an earlier preview and were looked at again
    add column changed_since integer not null default 0,
    -- in whose name the rows are done: who started it, or resumed it last
    add column run_by bigint,
    -- since when it has run; null once it was paused
    add column run_since timestamptz,
    -- why it stands still
    add column note text not null default '',
    -- rows by outcome: the sum of these, done, skipped and failed is the total
    add column picked integer not null default 0,
    add column waiting integer not null default 0,
    add column changed integer not null default 0,
    add column sent integer not null default 0,
    add column unknown integer not null default 0,
    add column dropped integer not null default 0,
    add constraint bulk_counters_are_the_total check (
        picked + waiting + changed + skipped + sent + done + failed + unknown + dropped = total
        and least(picked, waiting, changed, skipped, sent, done, failed, unknown, dropped) >= 0);

alter table bulk_rows
    drop constraint bulk_rows_outcome_check,
    alter column outcome set default 'picked',
    add constraint bulk_rows_outcome_check check (outcome in
        ('picked', 'waiting', 'changed', 'skipped', 'sent', 'done', 'failed', 'unknown', 'dropped')),
    -- the action that would take the reason away
    add column offer text,
    -- the jobs it left behind: it is *sent* until they are over
    add column jobs bigint[] not null default '{}',
    -- how often it stopped on our side
    add column tries integer not null default 0,
    add constraint a_subject_stands_once_in_an_operation unique (account_id, operation_id, subject_id);
