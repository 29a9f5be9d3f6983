-- That a responder wrote for an item of an event: what makes it write once,
-- whoever asks and however many at once. Sending an e-mail again is another row
-- of emails, not of this.
create table responses (
    account_id bigint not null references accounts (id),
    event_id bigint not null,
    responder_id bigint not null,
    shipment_line_id bigint not null,
    primary key (account_id, event_id, responder_id, shipment_line_id),
    foreign key (account_id, responder_id) references responders (account_id, id)
);
select protect_account_table('responses', 'select, insert');

-- sending: the text is on its way to the mail server; after a crash nobody knows
-- unknown: the mail server did not answer to the text
alter table emails drop constraint emails_state_check;
alter table emails add constraint emails_state_check
    check (state in ('queued', 'sending', 'kept', 'sent', 'failed', 'unknown'));
alter table emails add column message_id text;
alter table emails add column reply text;
alter table emails add column resend_of bigint;
create index emails_by_responder on emails (account_id, responder_id, id desc) where responder_id is not null;
create index emails_not_sent on emails (account_id, id) where state in ('failed', 'unknown');
