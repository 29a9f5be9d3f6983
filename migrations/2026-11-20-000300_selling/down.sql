drop table seen_couriers, courier_mapping_versions, courier_mappings, channels, stores;
