-- What a channel sent and we could not take in, until it is taken in after all.
create table unreceived_orders (
    account_id bigint not null,
    channel_id bigint not null,
    -- the channel's id of the order
    reference text not null,
    reason text not null,
    -- the exchange it came in; the call is in the log, personal data masked
    transaction_record_id bigint,
    times integer not null default 1,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    primary key (account_id, channel_id, reference),
    foreign key (account_id, channel_id) references channels (account_id, id)
);
select protect_account_table('unreceived_orders', 'select, insert, update, delete');

-- Two channels of one name cannot be told apart in any list.
alter table channels no force row level security;
update channels c set name = c.name || ' (' || c.id || ')'
    where exists (select from channels o where o.account_id = c.account_id and o.store_id = c.store_id
                  and lower(o.name) = lower(c.name) and o.id < c.id);
alter table channels force row level security;
create unique index one_channel_per_name_in_a_store on channels (account_id, store_id, lower(name));

-- At one provider several installations and accounts may share an account of
-- theirs: our references there say whose they are.
alter table accounts add column reference_tag text not null
    default substr(md5(random()::text || clock_timestamp()::text), 1, 6);

-- What was taken in needs no copy: the log has it, personal data masked.
alter table inbound_messages no force row level security;
update inbound_messages set body = '' where processed_at is not null;
alter table inbound_messages force row level security;
