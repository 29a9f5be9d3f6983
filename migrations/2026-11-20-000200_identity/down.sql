drop table couriers, api_tokens, sign_in_attempts, sessions, memberships, users, accounts;
