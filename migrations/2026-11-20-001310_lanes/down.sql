drop index jobs_of_object;
alter table channels drop column requests_per_minute;
alter table connections add column circuit_open_until timestamptz;
drop table lanes;
