-- Whether something is under way is asked for every row of the error queue and
-- by the page of a shipment; running jobs of an object have an index already.
create index jobs_ready_by_object on jobs (account_id, object_key, due_at) where state = 'ready';
