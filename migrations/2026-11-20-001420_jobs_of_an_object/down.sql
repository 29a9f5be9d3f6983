drop index jobs_ready_by_object;
