drop table order_holds, order_lines, products, orders, customers, addresses;
