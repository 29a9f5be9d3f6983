-- The application works as waybill_app: it owns nothing and bypasses nothing.
do $$
begin
    if not exists (select from pg_roles where rolname = 'waybill_app') then
        create role waybill_app nologin;
    end if;
    -- The owner may act as the application role (one DATABASE_URL can serve both).
    if not pg_has_role(current_user, 'waybill_app', 'member') then
        execute format('grant waybill_app to %I', current_user);
    end if;
end
$$;

grant usage on schema public to waybill_app;
revoke create on schema public from public;

create extension if not exists pg_trgm;

-- Ids of log-like tables carry their time: milliseconds since 2020, shifted left
-- 12 bits, plus a sequence modulo 4096. A lookup by id and a filter by time both
-- prune partitions.
create sequence log_id_seq as bigint;
grant usage on sequence log_id_seq to waybill_app;

create function log_id_floor(at timestamptz) returns bigint
    language sql immutable parallel safe
    return ((extract(epoch from at) * 1000)::bigint - 1577836800000) << 12;

create function log_id_at(at timestamptz) returns bigint
    language sql volatile
    return log_id_floor(at) | (nextval('log_id_seq') & 4095);

create function next_log_id() returns bigint
    language sql volatile
    return log_id_at(clock_timestamp());

create function log_id_time(id bigint) returns timestamptz
    language sql immutable parallel safe
    return to_timestamp(((id >> 12) + 1577836800000) / 1000.0);

-- Row-level security, forced, by the account of the transaction. `privileges`
-- are what the application role gets: append-only tables get no update.
create function protect_account_table(relation regclass, privileges text) returns void
    language plpgsql as $$
begin
    execute format('alter table %s enable row level security', relation);
    execute format('alter table %s force row level security', relation);
    execute format(
        'create policy account_isolation on %s
           using (account_id = current_setting(''waybill.account_id'')::bigint)
           with check (account_id = current_setting(''waybill.account_id'')::bigint)',
        relation);
    execute format('grant %s on %s to waybill_app', privileges, relation);
end
$$;

-- Makes the monthly partitions of every log table from `from_month` on.
-- A log table is a partitioned table; its default partition should stay empty.
create function ensure_log_partitions(from_month date, months integer) returns integer
    language plpgsql security definer set search_path = public as $$
declare
    parent record;
    month date;
    part text;
    made integer := 0;
begin
    for parent in
        select c.oid::regclass as relation, c.relname
        from pg_partitioned_table p
        join pg_class c on c.oid = p.partrelid
        where c.relnamespace = 'public'::regnamespace
    loop
        for step in 0 .. months - 1 loop
            month := (date_trunc('month', from_month) + make_interval(months => step))::date;
            part := format('%s_%s', parent.relname, to_char(month, 'YYYY_MM'));
            if to_regclass(part) is null then
                execute format(
                    'create table %I partition of %s for values from (%s) to (%s)',
                    part, parent.relation,
                    log_id_floor(month::timestamp at time zone 'UTC'),
                    log_id_floor((month + interval '1 month')::timestamp at time zone 'UTC'));
                made := made + 1;
            end if;
        end loop;
    end loop;
    return made;
end
$$;
grant execute on function ensure_log_partitions(date, integer) to waybill_app;
