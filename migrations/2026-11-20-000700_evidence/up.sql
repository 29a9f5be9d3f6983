-- One exchange with an outside system. Written before the call, completed after it.
create table transaction_records (
    account_id bigint not null,
    id bigint not null default next_log_id(),
    log_type text not null
        check (log_type in ('get_orders', 'get_order', 'update_order_status', 'submit_fulfillment', 'post_shipment',
            'update_provider_order', 'get_provider_order', 'cancel_provider_order', 'inbound_webhook', 'deliver_webhook',
            'auth_connect', 'submit_inventory', 'get_inventory_levels')),
    status text not null default 'in_progress'
        check (status in ('waiting', 'in_progress', 'success', 'warning', 'failed', 'info')),
    direction text not null default 'out' check (direction in ('out', 'in')),
    attempt integer not null default 1,
    channel_id bigint,
    connection_id bigint,
    endpoint_id bigint,
    order_id bigint,
    shipment_id bigint,
    job_id bigint,
    courier text,
    method text not null default '',
    url text not null default '',
    request_headers jsonb not null default '[]',
    request_body text not null default '',
    response_status integer,
    response_headers jsonb not null default '[]',
    response_body text not null default '',
    -- true: the rest of a body lies in `bodies`
    request_cut boolean not null default false,
    response_cut boolean not null default false,
    duration_ms integer,
    error_class text,
    error_code text,
    error_message text,
    trace_id text,
    finished_at timestamptz,
    primary key (account_id, id)
) partition by range (id);
create index transaction_records_by_channel on transaction_records (account_id, channel_id, log_type, id desc) where channel_id is not null;
create index transaction_records_by_type on transaction_records (account_id, log_type, id desc);
create index transaction_records_failed on transaction_records (account_id, id desc) where status in ('failed', 'warning');
create index transaction_records_by_order on transaction_records (account_id, order_id, id desc) where order_id is not null;
create index transaction_records_by_shipment on transaction_records (account_id, shipment_id, id desc) where shipment_id is not null;
create index transaction_records_by_connection on transaction_records (account_id, connection_id, id desc) where connection_id is not null;
create index transaction_records_by_trace on transaction_records (account_id, trace_id) where trace_id is not null;
create table transaction_records_default partition of transaction_records default;
select protect_account_table('transaction_records', 'select, insert, update');

-- Bodies over 8 KB, compressed, so that lists never read them.
create table bodies (
    account_id bigint not null,
    id bigint not null default next_log_id(),
    record_id bigint not null,
    part text not null check (part in ('request', 'response')),
    gzip bytea not null,
    primary key (account_id, id)
) partition by range (id);
create index bodies_by_record on bodies (account_id, record_id);
create table bodies_default partition of bodies default;
select protect_account_table('bodies', 'select, insert');

-- Who did what, when, before and after.
create table activities (
    account_id bigint not null,
    id bigint not null default next_log_id(),
    actor_kind text not null check (actor_kind in ('user', 'token', 'system', 'provider', 'channel')),
    actor_id bigint,
    actor_name text not null default '',
    verb text not null,
    result text not null default 'ok' check (result in ('ok', 'failed', 'warning', 'info')),
    summary text not null,
    subject_kind text not null,
    subject_id bigint not null,
    order_id bigint,
    shipment_id bigint,
    channel_id bigint,
    before jsonb,
    after jsonb,
    transaction_record_id bigint,
    trace_id text,
    ip text,
    primary key (account_id, id)
) partition by range (id);
create index activities_by_order on activities (account_id, order_id, id desc) where order_id is not null;
create index activities_by_shipment on activities (account_id, shipment_id, id desc) where shipment_id is not null;
create index activities_by_subject on activities (account_id, subject_kind, subject_id, id desc);
create index activities_by_verb on activities (account_id, verb, id desc);
create index activities_by_trace on activities (account_id, trace_id) where trace_id is not null;
create table activities_default partition of activities default;
-- append-only
select protect_account_table('activities', 'select, insert');

-- The append-only steps of posts: nothing that happened to one is ever rewritten.
create table post_attempts (
    account_id bigint not null,
    id bigint not null default next_log_id(),
    post_id bigint not null,
    shipment_id bigint not null,
    attempt_no integer not null,
    lease_epoch bigint not null,
    step text not null
        check (step in ('queued', 'sent', 'accepted', 'rejected', 'not_sent', 'unknown', 'checked_found', 'checked_absent', 'checked_unclear', 'fenced', 'decided', 'superseded', 'canceled')),
    external_reference text not null,
    request_hash text,
    detail text not null default '',
    transaction_record_id bigint,
    primary key (account_id, id)
) partition by range (id);
create index post_attempts_by_post on post_attempts (account_id, post_id, id);
create index post_attempts_by_shipment on post_attempts (account_id, shipment_id, id);
create table post_attempts_default partition of post_attempts default;
select protect_account_table('post_attempts', 'select, insert');

-- The error queue: one open row per problem.
create table problems (
    account_id bigint not null references accounts (id),
    id bigint generated by default as identity,
    kind text not null check (kind in ('post', 'submit', 'webhook', 'email', 'import', 'connection', 'channel')),
    shipment_id bigint,
    order_id bigint,
    channel_id bigint,
    connection_id bigint,
    endpoint_id bigint,
    error_class text not null,
    -- what problems with one and the same fix share
    cause_key text not null,
    courier text,
    code text,
    detail text not null default '',
    attempts integer not null default 1,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    next_attempt_at timestamptz,
    will_retry boolean not null default false,
    assignee_id bigint references users (id),
    snoozed_until timestamptz,
    resolved_at timestamptz,
    resolved_by text,
    transaction_record_id bigint,
    trace_id text,
    version integer not null default 1,
    primary key (account_id, id),
    foreign key (account_id, shipment_id) references shipments (account_id, id),
    foreign key (account_id, order_id) references orders (account_id, id)
);
create unique index one_open_problem_per_shipment_and_kind on problems (account_id, shipment_id, kind)
    where resolved_at is null and shipment_id is not null;
create index problems_open on problems (account_id, last_seen_at desc, id desc) where resolved_at is null;
create index problems_by_cause on problems (account_id, cause_key) where resolved_at is null;
create index problems_by_order on problems (account_id, order_id) where resolved_at is null;
create index problems_resolved on problems (account_id, resolved_at desc) where resolved_at is not null;
select protect_account_table('problems', 'select, insert, update');

-- Maintained sums, so that no page counts rows.
create table counters (
    account_id bigint not null references accounts (id),
    name text not null,
    value bigint not null default 0,
    primary key (account_id, name)
);
select protect_account_table('counters', 'select, insert, update');
