drop function ensure_log_partitions(date, integer);
drop function protect_account_table(regclass, text);
drop function log_id_time(bigint);
drop function next_log_id();
drop function log_id_at(timestamptz);
drop function log_id_floor(timestamptz);
drop sequence log_id_seq;
drop extension pg_trgm;
revoke usage on schema public from waybill_app;
