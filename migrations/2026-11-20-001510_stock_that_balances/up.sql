-- Stock of a product is kept once something of it was counted: what was never
-- counted has no balance that could go wrong.
alter table products add column stock_kept boolean not null default false;

-- How many units were promised below zero, instead of whether any was.
alter table stock
    drop constraint below_zero_only_as_backorder,
    drop column backordered;
alter table stock
    add column backordered integer not null default 0 constraint backorders_are_counted check (backordered >= 0),
    -- the units of its cost layers: on hand, and what was taken below zero beside them
    add constraint below_zero_only_as_backorder check (on_hand + backordered >= 0);

-- the owner is no account: adding a reference reads the table
alter table inventory_movements no force row level security;
alter table cost_consumptions no force row level security;
alter table inventory_movements
    drop constraint inventory_movements_kind_check,
    add constraint inventory_movements_kind_check check (kind in
        ('receipt', 'shipment', 'reversal', 'restore', 'add_back', 'left_after_all', 'adjustment', 'adjustment_reversal')),
    -- of its units, how many were taken below zero
    add column backordered integer not null default 0 check (backordered >= 0),
    -- the movement it takes back
    add column reverses bigint,
    add constraint reverses_a_movement foreign key (account_id, reverses) references inventory_movements (account_id, id);
create unique index a_movement_is_reversed_once on inventory_movements (account_id, reverses) where reverses is not null;
create index inventory_movements_by_line on inventory_movements (account_id, line_id, id) where line_id <> 0;
create index inventory_movements_newest on inventory_movements (account_id, id desc);

alter table shipment_lines
    -- its units that were added back to stock by a reship
    add column added_back integer not null default 0,
    -- its units that were taken below zero and not covered since
    add column backordered integer not null default 0,
    add constraint no_more_is_added_back_than_was_sent check (added_back between 0 and quantity),
    add constraint no_more_is_backordered_than_was_sent check (backordered between 0 and quantity);
create index shipment_lines_backordered on shipment_lines (account_id, product_id, id) where backordered > 0;

alter table cost_consumptions
    -- an adjustment takes units for no shipment
    alter column shipment_line_id drop not null,
    add column reversed_by bigint,
    add constraint reversed_by_a_movement check ((reversed_at is null) = (reversed_by is null)),
    add constraint reversed_by_movement foreign key (account_id, reversed_by) references inventory_movements (account_id, id);
alter table inventory_movements force row level security;
alter table cost_consumptions force row level security;
create index cost_consumptions_by_movement on cost_consumptions (account_id, movement_id);
create index cost_consumptions_reversed_by on cost_consumptions (account_id, reversed_by) where reversed_by is not null;

drop index allocations_by_line;
alter table allocations add constraint one_allocation_per_line unique (account_id, shipment_line_id);

-- A reship has a budget of its own; it plans nothing of what was bought.
alter table fulfillment_orders add column reship boolean not null default false;

-- The budget is used by what stands in a shipment, not only by what has left.
alter table fulfillment_orders no force row level security;
alter table fulfillment_order_lines no force row level security;
alter table shipments no force row level security;
alter table shipment_lines no force row level security;
update fulfillment_order_lines fl set fulfilled = least(fl.quantity, l.used), allocated = fl.quantity - least(fl.quantity, l.used)
from (select fo.account_id, fol.id, coalesce(sum(sl.quantity), 0)::integer as used
      from fulfillment_orders fo
      join fulfillment_order_lines fol on fol.account_id = fo.account_id and fol.fulfillment_order_id = fo.id
      left join shipments s on s.account_id = fo.account_id and s.fulfillment_order_id = fo.id and s.voided_at is null
      left join shipment_lines sl on sl.account_id = s.account_id and sl.shipment_id = s.id and sl.order_line_id = fol.order_line_id
      group by fo.account_id, fol.id) l
where l.account_id = fl.account_id and l.id = fl.id;
update fulfillment_orders fo set reship = true
where exists (select 1 from shipments s where s.account_id = fo.account_id and s.fulfillment_order_id = fo.id and s.reship_of is not null);
alter table fulfillment_orders force row level security;
alter table fulfillment_order_lines force row level security;
alter table shipments force row level security;
alter table shipment_lines force row level security;
create index shipments_by_fulfillment_order on shipments (account_id, fulfillment_order_id, id);
