-- Taking a bulk operation back, and what its preview says of stock.
-- the foreign key is checked by a query, which sees all accounts
alter table bulk_operations no force row level security;
alter table bulk_operations
    -- never read: the state and the counters say what moved
    drop column version,
    -- the operation that this one takes back
    add column undo_of bigint,
    -- what each stock would be after it: `bulk::stock::Stock`
    add column stock jsonb not null default '{}',
    add constraint an_undo_is_of_an_operation foreign key (account_id, undo_of) references bulk_operations (account_id, id);
alter table bulk_operations force row level security;
create unique index an_operation_is_undone_by_one_at_a_time on bulk_operations (account_id, undo_of)
    where undo_of is not null and state not in ('canceled', 'finished');
create index bulk_operations_undoing on bulk_operations (account_id, undo_of, id) where undo_of is not null;

alter table bulk_rows
    -- the action that takes it back, and its input; written with its effect
    add column undo jsonb,
    -- the version in which it left its subject: another one was changed since
    add column left_version integer,
    -- when it was taken back
    add column undone_at timestamptz,
    add constraint what_can_be_undone_names_a_version check (undo is null or left_version is not null),
    add constraint only_what_can_be_undone_is_undone check (undone_at is null or undo is not null);
create index bulk_rows_to_undo on bulk_rows (account_id, operation_id, position) where undo is not null and undone_at is null;
