drop index emails_by_state;
drop index activities_by_result;
