-- Edited items: a new shipment in the place of one that was never posted.
-- The owner is no account: adding a reference reads the table.
alter table shipment_details no force row level security;
alter table shipments no force row level security;
alter table shipment_details
    add column replaced_by bigint,
    add constraint replaced_by_a_shipment foreign key (account_id, replaced_by) references shipments (account_id, id);
alter table shipments force row level security;
alter table shipment_details force row level security;

-- A line may come to nothing: it was dropped, or only a reship sends it.
alter table fulfillment_order_lines
    drop constraint fulfillment_order_lines_quantity_check,
    add constraint fulfillment_order_lines_quantity_check check (quantity >= 0);
alter table order_lines
    drop constraint order_lines_quantity_check,
    add constraint order_lines_quantity_check check (quantity >= 0),
    -- what its channel sold of it, once a person made it another quantity; 0: the channel knows no such line
    add column bought integer check (bought >= 0);
-- What of it is to be sent in all: what was paid back is first what is not sent any more.
alter table order_lines add column to_send integer not null generated always as
    (quantity - least(quantity, greatest(0, quantity_refunded - greatest(coalesce(bought, quantity) - quantity, 0)))) stored;
