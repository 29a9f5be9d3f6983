drop index addresses_by_country;
drop index customers_by_email;
drop index order_lines_by_lower_sku;
drop index orders_by_channel_reference;
drop index orders_by_lower_number;
drop index shipments_by_tracking_number;
drop index shipments_by_lower_number;
