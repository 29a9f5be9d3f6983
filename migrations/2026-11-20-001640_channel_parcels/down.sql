drop table channel_parcels;
