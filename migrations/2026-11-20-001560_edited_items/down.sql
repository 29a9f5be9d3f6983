alter table order_lines drop column to_send;
-- a line that comes to nothing was one that nothing is sent of
alter table order_lines no force row level security;
update order_lines set quantity = 1, requires_shipping = false where quantity = 0;
alter table order_lines force row level security;
alter table order_lines
    drop column bought,
    drop constraint order_lines_quantity_check,
    add constraint order_lines_quantity_check check (quantity > 0);
alter table fulfillment_order_lines no force row level security;
delete from fulfillment_order_lines where quantity = 0;
alter table fulfillment_order_lines force row level security;
alter table fulfillment_order_lines
    drop constraint fulfillment_order_lines_quantity_check,
    add constraint fulfillment_order_lines_quantity_check check (quantity > 0);
alter table shipment_details
    drop constraint replaced_by_a_shipment,
    drop column replaced_by;
