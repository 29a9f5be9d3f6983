drop table counters, problems, post_attempts, activities, bodies, transaction_records;
