drop table cost_layers, inventory_movements, stock, warehouses;
