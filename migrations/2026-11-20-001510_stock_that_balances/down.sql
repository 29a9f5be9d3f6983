drop index shipments_by_fulfillment_order;
alter table fulfillment_orders drop column reship;
alter table allocations drop constraint one_allocation_per_line;
create index allocations_by_line on allocations (account_id, shipment_line_id);
drop index cost_consumptions_reversed_by;
drop index cost_consumptions_by_movement;
alter table cost_consumptions no force row level security;
delete from cost_consumptions where shipment_line_id is null;
alter table cost_consumptions force row level security;
alter table cost_consumptions
    drop constraint reversed_by_movement,
    drop constraint reversed_by_a_movement,
    drop column reversed_by,
    alter column shipment_line_id set not null;
drop index shipment_lines_backordered;
alter table shipment_lines
    drop constraint no_more_is_backordered_than_was_sent,
    drop constraint no_more_is_added_back_than_was_sent,
    drop column backordered,
    drop column added_back;
drop index inventory_movements_newest;
drop index inventory_movements_by_line;
drop index a_movement_is_reversed_once;
-- kinds there were not before become the nearest there was
alter table inventory_movements no force row level security;
update inventory_movements set kind = 'shipment' where kind = 'restore';
update inventory_movements set kind = 'adjustment' where kind = 'left_after_all';
alter table inventory_movements force row level security;
alter table inventory_movements
    drop constraint reverses_a_movement,
    drop column reverses,
    drop column backordered,
    drop constraint inventory_movements_kind_check,
    add constraint inventory_movements_kind_check
        check (kind in ('receipt', 'shipment', 'reversal', 'add_back', 'adjustment', 'adjustment_reversal'));
alter table stock
    drop constraint below_zero_only_as_backorder,
    drop column backordered;
alter table stock add column backordered boolean not null default false;
alter table stock no force row level security;
update stock set backordered = true where on_hand < 0;
alter table stock force row level security;
alter table stock add constraint below_zero_only_as_backorder check (on_hand >= 0 or backordered);
alter table products drop column stock_kept;
