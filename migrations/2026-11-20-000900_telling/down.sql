drop table inbound_messages, inbound_endpoints, emails, responders, webhook_deliveries, webhook_events, webhook_endpoints;
