drop index shipments_by_any_courier;
drop index shipments_by_channel;
drop index shipments_by_connection;
