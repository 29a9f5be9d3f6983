drop index shipments_to_submit_again;
drop table order_tag_edits;
