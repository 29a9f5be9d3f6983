-- Fails while a generic connection exists: what hangs on it is not thrown away.
alter table connections drop constraint connections_kind_check;
alter table connections add constraint connections_kind_check check (kind in ('shipstation'));
