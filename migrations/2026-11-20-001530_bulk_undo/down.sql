drop index bulk_rows_to_undo;
alter table bulk_rows
    drop constraint only_what_can_be_undone_is_undone,
    drop constraint what_can_be_undone_names_a_version,
    drop column undone_at,
    drop column left_version,
    drop column undo;
drop index bulk_operations_undoing;
drop index an_operation_is_undone_by_one_at_a_time;
alter table bulk_operations
    drop constraint an_undo_is_of_an_operation,
    drop column stock,
    drop column undo_of,
    add column version integer not null default 1;
