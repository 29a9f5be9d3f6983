-- What a channel was told of a shipment: its id of the parcel, where it gave one, and
-- the number and the courier as they were sent. A correction finds its parcel by it.
create table channel_parcels (
    account_id bigint not null,
    shipment_id bigint not null,
    remote_id text,
    tracking_number text not null check (tracking_number <> ''),
    courier_name text,
    told_at timestamptz not null,
    primary key (account_id, shipment_id),
    foreign key (account_id, shipment_id) references shipments (account_id, id)
);
select protect_account_table('channel_parcels', 'select, insert, update');
