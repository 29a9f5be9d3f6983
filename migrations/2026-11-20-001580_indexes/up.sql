-- What grouped filters look for most, whatever its case. None is partial: the
-- planner takes how rare a value is only from an index that has all rows.
create index shipments_by_lower_number on shipments (account_id, lower(number));
create index shipments_by_tracking_number on shipments (account_id, lower(tracking_number));
create index orders_by_lower_number on orders (account_id, lower(number));
create index orders_by_channel_reference on orders (account_id, lower(channel_reference));
create index order_lines_by_lower_sku on order_lines (account_id, lower(sku));
create index customers_by_email on customers (account_id, lower(email));
create index addresses_by_country on addresses (account_id, lower(country));

-- A product's page looks for the few that stand, the ledger's for a kind.
create index allocations_standing on allocations (account_id, product_id, id) where state = 'allocated';
create index inventory_movements_by_kind on inventory_movements (account_id, kind, id desc);
