-- What the shipment list is narrowed to most, each in the order the list has.
create index shipments_by_connection on shipments (account_id, connection_id, created_at desc, id desc) where voided_at is null;
create index shipments_by_channel on shipments (account_id, channel_id, created_at desc, id desc) where voided_at is null;
create index shipments_by_any_courier on shipments (account_id, lower(courier), created_at desc, id desc) where voided_at is null;
