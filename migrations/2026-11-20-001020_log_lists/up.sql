-- What the activity log and the e-mails are narrowed to, each in the order the
-- list has. Most of what happens ends well and is found without an index.
create index activities_by_result on activities (account_id, result, id desc) where result <> 'ok';
create index emails_by_state on emails (account_id, state, id desc);
