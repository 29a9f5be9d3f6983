alter table accounts drop column reference_tag;
drop index one_channel_per_name_in_a_store;
drop table unreceived_orders;
