drop table saved_views, import_rows, imports, exports, bulk_rows, bulk_operations, idempotency_keys, finished_jobs, jobs;
