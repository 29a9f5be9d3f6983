drop table provider_orders, posts, cost_consumptions, allocations, shipment_lines, shipment_details, shipments,
    fulfillment_order_lines, fulfillment_orders, connections;
