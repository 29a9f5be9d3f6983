//! A catalogue of what must never be found in the world.

/// A name, and a statement that counts what breaks the rule.
pub const RULES: &[(&str, &str)] = &[
    (
        "a posted shipment has its post date, its id and its current provider order",
        "select count(*) from shipments s where s.status in ('pending_tracking', 'shipped', 'delivered') and (s.date_post is null \
         or s.fulfillment_id is null or not exists (select from provider_orders p where p.account_id = s.account_id \
         and p.shipment_id = s.id and p.superseded_at is null and p.remote_id = s.fulfillment_id))",
    ),
    (
        "a shipment that was not posted has no post date and no current provider order",
        "select count(*) from shipments s where s.status in ('pending_post', 'unconfirmed') and (s.date_post is not null \
         or exists (select from provider_orders p where p.account_id = s.account_id and p.shipment_id = s.id and p.superseded_at is null))",
    ),
    (
        "at most one post of a shipment is live",
        "select count(*) from (select 1 from posts where state in ('queued', 'claimed', 'sent', 'unknown', 'checking', 'needs_person', 'accepted') \
         group by account_id, shipment_id having count(*) > 1) x",
    ),
    (
        "the newest post says what the shipment says",
        "select count(*) from shipments s left join lateral (select state from posts p where p.account_id = s.account_id and p.shipment_id = s.id \
         order by group_no desc limit 1) p on true where case s.status when 'pending_post' then p.state is not null \
         when 'pending_tracking' then p.state is distinct from 'accepted' when 'shipped' then p.state is distinct from 'accepted' \
         when 'delivered' then p.state is distinct from 'accepted' when 'unconfirmed' then p.state is null or p.state not in ('unknown', 'needs_person') \
         when 'error' then p.state is null or p.state not in ('rejected', 'accepted') else false end",
    ),
    (
        "every post has its steps, the last one its end",
        "select count(*) from posts p where (select a.step from post_attempts a where a.account_id = p.account_id and a.post_id = p.id \
         order by a.id desc limit 1) is distinct from case p.state when 'needs_person' then 'checked_unclear' else p.state end",
    ),
    ("nothing is being posted without a job", "select count(*) from shipments where status = 'posting'"),
    (
        "what waits for the channel has its job",
        "select count(*) from shipments s where s.channel_sync = 'pending_sync' and not exists (select from jobs j \
         where j.account_id = s.account_id and j.object_key = 'shipment:' || s.id and j.state = 'ready')",
    ),
    (
        "the budget of a fulfillment order is spent by its shipments",
        "select count(*) from fulfillment_order_lines fl \
         join lateral (select coalesce(sum(l.quantity), 0) as standing \
           from shipments s join shipment_lines l on l.account_id = s.account_id and l.shipment_id = s.id and l.order_line_id = fl.order_line_id \
           where s.account_id = fl.account_id and s.fulfillment_order_id = fl.fulfillment_order_id and s.voided_at is null) x on true \
         where fl.fulfilled <> x.standing or fl.allocated <> fl.quantity - x.standing",
    ),
    (
        "every shipment line draws on a budget",
        "select count(*) from shipment_lines l join shipments s on s.account_id = l.account_id and s.id = l.shipment_id \
         where s.voided_at is null and not exists (select from fulfillment_order_lines fl where fl.account_id = l.account_id \
         and fl.fulfillment_order_id = s.fulfillment_order_id and fl.order_line_id = l.order_line_id)",
    ),
    (
        "lines say how many were sent",
        "select count(*) from order_lines ol join lateral (select coalesce(sum(l.quantity), 0) as sent from shipment_lines l \
         join shipments s on s.account_id = l.account_id and s.id = l.shipment_id \
         where l.account_id = ol.account_id and l.order_line_id = ol.id and s.shipped_at is not null and s.voided_at is null) x on true \
         where ol.quantity_shipped <> least(ol.quantity, x.sent)",
    ),
    (
        "time goes forward",
        "select count(*) from shipments s join orders o on o.account_id = s.account_id and o.id = s.order_id \
         where s.created_at < o.placed_at or s.date_post < s.created_at or s.shipped_at < s.date_post or s.delivered_at < s.shipped_at \
         or s.submitted_to_sales_channel_at < s.shipped_at or s.voided_at < s.created_at",
    ),
    (
        "a failed sync has an open problem with its class, and only that",
        "select count(*) from shipments s where (s.channel_sync in ('failed', 'pending_sync')) <> exists (select from problems p \
         where p.account_id = s.account_id and p.shipment_id = s.id and p.kind = 'submit' and p.resolved_at is null)",
    ),
    (
        "a failed post has an open problem",
        "select count(*) from shipments s join posts p on p.account_id = s.account_id and p.shipment_id = s.id \
         where p.state in ('rejected', 'unknown', 'needs_person') and not exists (select from problems q where q.account_id = s.account_id \
         and q.shipment_id = s.id and q.kind = 'post' and q.resolved_at is null)",
    ),
    (
        "a failed reply names its exchange, unless nothing was sent",
        "select count(*) from activities a join shipments s on s.account_id = a.account_id and s.id = a.shipment_id \
         join channels c on c.account_id = s.account_id and c.id = s.channel_id \
         where a.verb = 'fulfillment_replied' and a.result = 'failed' and c.on_unmapped_courier <> 'hold_back' and not exists \
         (select from transaction_records r where r.account_id = a.account_id and r.id = a.transaction_record_id and r.status = 'failed' \
          and r.shipment_id = a.shipment_id)",
    ),
    (
        "nothing lies in a default partition",
        "select (select count(*) from transaction_records_default) + (select count(*) from activities_default) \
         + (select count(*) from post_attempts_default) + (select count(*) from emails_default) + (select count(*) from webhook_deliveries_default)",
    ),
    (
        "nothing is of tomorrow",
        "select (select count(*) from activities where log_id_time(id) > now()) + (select count(*) from transaction_records where log_id_time(id) > now()) \
         + (select count(*) from orders where placed_at > now() or updated_at > now()) + (select count(*) from shipments where updated_at > now())",
    ),
    (
        "no secret and no address stands in a record",
        "select count(*) from transaction_records where request_headers::text ~ 'shpat|sandbox-' or request_body ~ '@|shpat' or response_body ~ '@'",
    ),
    (
        "every webhook event has its delivery where an endpoint listens",
        "select count(*) from webhook_events e join webhook_endpoints w on w.account_id = e.account_id where not exists \
         (select from webhook_deliveries d where d.account_id = e.account_id and d.event_id = e.id and d.endpoint_id = w.id)",
    ),
    (
        "customers know their orders",
        "select count(*) from customers c join lateral (select count(*) as n, max(placed_at) as last from orders o \
         where o.account_id = c.account_id and o.customer_id = c.id) x on true where c.orders_count <> x.n or c.last_order_at is distinct from x.last",
    ),
];
