-- What people added to the tags of the channel, and what of them they took away:
-- kept beside, so that the next poll does not undo it. orders.tags is what comes of both.
create table order_tag_edits (
    account_id bigint not null,
    order_id bigint not null,
    added text[] not null default '{}',
    removed text[] not null default '{}',
    primary key (account_id, order_id),
    foreign key (account_id, order_id) references orders (account_id, id)
);
select protect_account_table('order_tag_edits', 'select, insert, update');

-- Shipments whose submission was cleared: the next sync of their channel looks
-- for them. They were sent before, so they are not those that have nothing to send yet.
create index shipments_to_submit_again on shipments (account_id, channel_id, id)
    where channel_sync = 'awaiting_send' and channel_attempts > 0 and voided_at is null;
