-- The way to one outside system of an account: `connection:5`, `channel:3`. All
-- calls to it, of every process, share its budget and its circuit breaker.
create table lanes (
    account_id bigint not null references accounts (id),
    lane text not null,
    -- requests that may still be made, as of refilled_at; below zero they are owed
    tokens double precision not null,
    refilled_at timestamptz not null,
    -- when the next one that is held back is told to come again
    next_turn_at timestamptz,
    -- until when the other side asked us to wait
    closed_until timestamptz,
    -- what the circuit breaker counts, since when, and until when it is open
    calls integer not null default 0,
    failed integer not null default 0,
    counted_since timestamptz not null,
    circuit_open_until timestamptz,
    primary key (account_id, lane)
) with (fillfactor = 50);
select protect_account_table('lanes', 'select, insert, update');

-- Nothing ever wrote it; the breaker belongs to the lane, as channels have one too.
alter table connections drop column circuit_open_until;
alter table channels add column requests_per_minute integer not null default 120 check (requests_per_minute > 0);

-- The oldest waiting job of an object: a claim takes no other of it.
create index jobs_of_object on jobs (account_id, object_key, due_at, id) where state = 'ready';
