-- A warehouse may also speak the contract published in docs/adapters.md.
alter table connections drop constraint connections_kind_check;
alter table connections add constraint connections_kind_check check (kind in ('shipstation', 'generic'));
