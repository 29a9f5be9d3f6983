//! The laws of stock, budgets and derived columns, each as a statement that
//! answers its breaks: what, what it should be, what it is. They read whole
//! tables by account, once each, and let the database do the sums.

/// A law, and the statement that finds what breaks it.
#[derive(Debug)]
pub(super) struct Law {
    /// What holds, as a sentence.
    pub(super) holds: &'static str,
    /// `select what, expected, found`, a row for each break.
    pub(super) breaks: &'static str,
}

/// What several laws look at, summed up once.
pub(super) const SUMS: &str = "with \
     moved as materialized (select product_id, warehouse_id, line_id, sum(quantity)::bigint as net \
       from inventory_movements where account_id = {} group by 1, 2, 3), \
     eaten as materialized (select layer_id, shipment_line_id, sum(quantity)::bigint as units, \
         sum(quantity * unit_cost_minor)::numeric as cost \
       from cost_consumptions where account_id = {} and reversed_at is null group by 1, 2), \
     places as materialized (select s.product_id, s.warehouse_id, s.on_hand, s.allocated, s.backordered, \
         format('%s in %s (product %s, warehouse %s)', p.sku, w.name, p.id, w.id) as what \
       from stock s join products p on p.account_id = s.account_id and p.id = s.product_id \
       join warehouses w on w.account_id = s.account_id and w.id = s.warehouse_id where s.account_id = {}), \
     lines as materialized (select l.id, l.product_id, s.warehouse_id, s.fulfillment_order_id, l.order_line_id, l.quantity, \
         l.added_back, l.backordered, l.unit_cost_minor, s.voided_at is not null as voided, \
         m.net is not null as kept, coalesce(-m.net, 0) as taken, coalesce(e.units, 0) as units, \
         coalesce(e.cost, 0) as cost, a.quantity as reserved, a.state, format('%s, line %s', s.number, l.id) as what \
       from shipment_lines l join shipments s on s.account_id = l.account_id and s.id = l.shipment_id \
       left join (select line_id, sum(net) as net from moved where line_id <> 0 group by line_id) m on m.line_id = l.id \
       left join (select shipment_line_id, sum(units) as units, sum(cost) as cost from eaten group by 1) e \
         on e.shipment_line_id = l.id \
       left join allocations a on a.account_id = l.account_id and a.shipment_line_id = l.id \
       where l.account_id = {}) ";

/// All of them.
pub(super) const LAWS: &[Law] = &[
    Law {
        holds: "On hand is the sum of the movements.",
        breaks: "select p.what, coalesce(m.net, 0)::text as expected, p.on_hand::text as found from places p \
             left join (select product_id, warehouse_id, sum(net) as net from moved group by 1, 2) m \
             using (product_id, warehouse_id) where p.on_hand <> coalesce(m.net, 0)",
    },
    Law {
        holds: "Each movement notes the balance after it.",
        breaks: "select format('movement %s (%s)', id, kind) as what, runs::text as expected, balance_after::text as found \
             from (select id, kind, balance_after, sum(quantity) over (partition by product_id, warehouse_id order by id) as runs \
                   from inventory_movements where account_id = {}) m where runs <> balance_after",
    },
    Law {
        holds: "On hand and what is backordered lie in the cost layers.",
        breaks: "select p.what, (p.on_hand + p.backordered)::text as expected, coalesce(l.held, 0)::text as found from places p \
             left join (select product_id, warehouse_id, sum(remaining) as held from cost_layers where account_id = {} group by 1, 2) l \
             using (product_id, warehouse_id) where p.on_hand + p.backordered <> coalesce(l.held, 0)",
    },
    Law {
        holds: "What is backordered is owed to shipment lines.",
        breaks: "select p.what, coalesce(l.owed, 0)::text as expected, p.backordered::text as found from places p \
             left join (select product_id, warehouse_id, sum(backordered) as owed from lines where backordered > 0 group by 1, 2) l \
             using (product_id, warehouse_id) where p.backordered <> coalesce(l.owed, 0)",
    },
    Law {
        holds: "What is allocated is reserved by allocations.",
        breaks: "select p.what, coalesce(a.reserved, 0)::text as expected, p.allocated::text as found from places p \
             left join (select product_id, warehouse_id, sum(quantity) as reserved from allocations \
                        where account_id = {} and state = 'allocated' group by 1, 2) a \
             using (product_id, warehouse_id) where p.allocated <> coalesce(a.reserved, 0)",
    },
    Law {
        holds: "A cost layer holds what it received less what was consumed of it.",
        breaks: "select format('layer %s', l.id) as what, (l.received - coalesce(e.units, 0))::text as expected, \
             l.remaining::text as found from cost_layers l \
             left join (select layer_id, sum(units) as units from eaten group by 1) e on e.layer_id = l.id \
             where l.account_id = {} and l.remaining <> l.received - coalesce(e.units, 0)",
    },
    Law {
        holds: "What is consumed is of the movement’s product, at its layer’s cost.",
        breaks: "select format('consumption %s of layer %s', c.id, l.id) as what, \
             format('product %s in warehouse %s at %s', l.product_id, l.warehouse_id, l.unit_cost_minor) as expected, \
             format('product %s in warehouse %s at %s', m.product_id, m.warehouse_id, c.unit_cost_minor) as found \
             from cost_consumptions c join cost_layers l on l.account_id = c.account_id and l.id = c.layer_id \
             join inventory_movements m on m.account_id = c.account_id and m.id = c.movement_id \
             where c.account_id = {} and (c.unit_cost_minor, m.product_id, m.warehouse_id, coalesce(c.shipment_line_id, 0)) \
               is distinct from (l.unit_cost_minor, l.product_id, l.warehouse_id, m.line_id)",
    },
    Law {
        holds: "Units that came in lie in one layer, as many as came.",
        breaks: "select format('movement %s (%s)', m.id, m.kind) as what, m.quantity::text as expected, \
             coalesce(l.received::text, 'no layer') as found from inventory_movements m \
             left join (select movement_id, product_id, warehouse_id, sum(received) as received from cost_layers \
                        where account_id = {} group by 1, 2, 3) l \
             on l.movement_id = m.id and l.product_id = m.product_id and l.warehouse_id = m.warehouse_id \
             where m.account_id = {} and m.kind in ('receipt', 'adjustment') and m.quantity > 0 \
               and m.quantity is distinct from l.received",
    },
    Law {
        holds: "What an adjustment took away is consumed, until it is reversed.",
        breaks: "select format('movement %s (%s)', m.id, m.kind) as what, \
             (case when b.id is null then -m.quantity else 0 end)::text as expected, coalesce(c.units, 0)::text as found \
             from inventory_movements m \
             left join inventory_movements b on b.account_id = m.account_id and b.reverses = m.id \
             left join (select movement_id, sum(quantity) as units from cost_consumptions \
                        where account_id = {} and reversed_at is null and shipment_line_id is null group by 1) c \
               on c.movement_id = m.id \
             where m.account_id = {} and m.kind in ('adjustment', 'adjustment_reversal') and m.quantity < 0 \
               and coalesce(c.units, 0) <> case when b.id is null then -m.quantity else 0 end",
    },
    Law {
        holds: "What a shipment line took was consumed for it or is owed to it.",
        breaks: "select what, taken::text as expected, format('%s consumed, %s owed', units, backordered) as found \
             from lines where taken <> units + backordered",
    },
    Law {
        holds: "A shipment line took what it sends and was not added back; nothing once it is voided.",
        breaks: "select what, (case when voided or not kept then 0 else quantity - added_back end)::text as expected, \
             taken::text as found from lines \
             where taken <> case when voided or not kept then 0 else quantity - added_back end \
             or (added_back > 0 and not kept)",
    },
    Law {
        holds: "A shipment line notes what its units cost.",
        breaks: "select what, round(cost / quantity)::text as expected, unit_cost_minor::text as found from lines \
             where kept and unit_cost_minor <> round(cost / quantity)",
    },
    Law {
        holds: "The allocation of a shipment line agrees with what it took.",
        breaks: "select what, case when taken > 0 then format('%s fulfilled', taken) \
                                   when voided then format('at most %s allocated', quantity - added_back) \
                                   else 'none, or released' end as expected, \
             coalesce(format('%s %s', reserved, state), 'none') as found from lines \
             where case when taken > 0 then (reserved, state) is distinct from (taken, 'fulfilled') \
                        else state = 'fulfilled' or (state = 'allocated' and (not voided or reserved > quantity - added_back)) end",
    },
    Law {
        holds: "Every movement has its cause.",
        breaks: "select format('movement %s (%s of %s)', m.id, m.kind, m.quantity) as what, case m.kind \
               when 'receipt' then 'units that come in by somebody’s word' \
               when 'adjustment' then 'somebody’s word' \
               when 'adjustment_reversal' then 'the opposite of an adjustment' \
               when 'shipment' then 'units that its shipment’s line takes' \
               when 'left_after_all' then 'units that its shipment’s line takes' \
               when 'reversal' then 'units given back of those its line took' \
               when 'restore' then 'units taken again after a reversal' \
               else 'units given back for a reship' end as expected, \
             format('%s %s, line %s, shipment %s, reverses %s', m.cause_kind, m.cause_id, m.line_id, \
                    coalesce(m.shipment_id::text, 'none'), coalesce(m.reverses::text, 'none')) as found \
             from inventory_movements m \
             left join shipment_lines l on l.account_id = m.account_id and l.id = m.line_id and l.shipment_id = m.shipment_id \
               and l.product_id = m.product_id \
             left join inventory_movements b on b.account_id = m.account_id and b.id = m.reverses and b.line_id = m.line_id \
               and b.product_id = m.product_id and b.warehouse_id = m.warehouse_id and b.id < m.id \
             left join shipments r on r.account_id = m.account_id and m.kind = 'add_back' and r.id = m.cause_id \
             where m.account_id = {} and not coalesce(case m.kind \
               when 'receipt' then m.cause_kind = 'word' and m.line_id = 0 and m.quantity > 0 and m.reverses is null \
               when 'adjustment' then m.cause_kind = 'word' and m.line_id = 0 and m.reverses is null \
               when 'adjustment_reversal' then m.cause_kind = 'movement' and m.cause_id = m.reverses \
                 and b.kind = 'adjustment' and b.quantity = -m.quantity \
               when 'reversal' then m.cause_kind = 'movement' and m.cause_id = m.reverses and l.id is not null \
                 and b.kind in ('shipment', 'restore') and m.quantity > 0 \
               when 'restore' then m.cause_kind = 'movement' and m.cause_id = m.reverses and l.id is not null \
                 and b.kind = 'reversal' and b.quantity = -m.quantity \
               when 'add_back' then m.cause_kind = 'reship' and l.id is not null and r.reship_of is not null and m.quantity > 0 \
               else m.cause_kind = 'shipment_line' and m.cause_id = l.id and m.quantity < 0 and m.reverses is null end, false)",
    },
    Law {
        holds: "A movement is taken back once.",
        breaks: "select format('movement %s', reverses) as what, '1' as expected, count(*)::text as found \
             from inventory_movements where account_id = {} and reverses is not null group by reverses having count(*) > 1",
    },
    Law {
        holds: "A fulfillment order has used what stands in its shipments, and not more than its budget.",
        breaks: "select format('fulfillment order %s, line %s', f.fulfillment_order_id, f.order_line_id) as what, \
             format('%s of %s', coalesce(l.n, 0), f.quantity) as expected, \
             format('%s of %s, %s allocated', f.fulfilled, f.quantity, f.allocated) as found \
             from fulfillment_order_lines f \
             left join (select fulfillment_order_id, order_line_id, sum(quantity) as n from lines where not voided group by 1, 2) l \
               using (fulfillment_order_id, order_line_id) \
             where f.account_id = {} and (f.fulfilled <> coalesce(l.n, 0) or f.fulfilled + f.allocated > f.quantity)",
    },
    Law {
        holds: "What stands in a shipment is in the budget of its fulfillment order.",
        breaks: "select l.what, 'a line of fulfillment order ' || l.fulfillment_order_id as expected, 'none' as found from lines l \
             left join fulfillment_order_lines f on f.account_id = {} and f.fulfillment_order_id = l.fulfillment_order_id \
               and f.order_line_id = l.order_line_id \
             where not l.voided and f.id is null",
    },
    Law {
        holds: "A fulfillment order’s status follows from its shipments.",
        breaks: "select format('fulfillment order %s', f.id) as what, d.status as expected, f.status as found \
             from fulfillment_orders f \
             left join (select fulfillment_order_id, bool_or(fulfilled < quantity) as left_over from fulfillment_order_lines \
                        where account_id = {} group by 1) l on l.fulfillment_order_id = f.id \
             left join (select fulfillment_order_id, bool_or(shipped_at is null) as waits, bool_or(date_post is not null) as posted \
                        from shipments where account_id = {} and voided_at is null group by 1) s on s.fulfillment_order_id = f.id \
             cross join lateral (select case when l.left_over then 'open' when not coalesce(s.waits, false) then 'closed' \
                                             when s.posted then 'submitted' else 'open' end as status) d \
             where f.account_id = {} and f.status <> d.status",
    },
    Law {
        holds: "An order’s status, items and the states of its shipments follow from the facts.",
        breaks: "select format('order %s (%s)', o.number, o.id) as what, d.facts as expected, \
             concat_ws(', ', o.status, o.items_shipped || ' of ' || o.items_ordered, case when o.on_hold then 'on hold' end, \
                       o.shipment_status, o.channel_sync) as found \
             from orders o \
             left join (select order_id, \
                 sum(quantity - least(quantity_refunded, quantity)) filter (where requires_shipping) as ordered, \
                 sum(least(quantity_shipped, quantity)) filter (where requires_shipping) as shipped \
               from order_lines where account_id = {} group by 1) l on l.order_id = o.id \
             left join (select order_id, \
                 min(array_position(array['unconfirmed', 'error', 'posting', 'pending_post', 'pending_tracking', 'shipped', \
                     'delivered'], status)) as worst, \
                 min(array_position(array['failed', 'warning', 'pending_sync', 'awaiting_send', 'synced', 'muted', \
                     'not_applicable'], channel_sync)) as sync \
               from shipments where account_id = {} and voided_at is null group by 1) s on s.order_id = o.id \
             left join (select distinct order_id from order_holds where account_id = {} and released_at is null) h \
               on h.order_id = o.id \
             cross join lateral (select concat_ws(', ', case \
                   when o.canceled_at is not null then 'canceled' \
                   when o.payment_status = 'refunded' then 'refunded' \
                   when l.shipped >= l.ordered and l.ordered > 0 then 'shipped' \
                   when l.shipped > 0 then 'partially_shipped' \
                   when o.payment_status in ('unpaid', 'partially_paid', 'voided') then 'unpaid' \
                   else 'unshipped' end, \
                 coalesce(least(l.shipped, l.ordered), 0) || ' of ' || coalesce(l.ordered, 0), \
                 case when h.order_id is not null then 'on hold' end, \
                 (array['unconfirmed', 'error', 'posting', 'pending_post', 'pending_tracking', 'shipped', 'delivered'])[s.worst], \
                 coalesce((array['failed', 'warning', 'pending_sync', 'awaiting_send', 'synced', 'muted', \
                     'not_applicable'])[s.sync], 'not_applicable')) as facts) d \
             where o.account_id = {} and d.facts <> concat_ws(', ', o.status, o.items_shipped || ' of ' || o.items_ordered, \
               case when o.on_hold then 'on hold' end, o.shipment_status, o.channel_sync)",
    },
    Law {
        holds: "A shipment has at most one live post.",
        breaks: "select format('shipment %s', shipment_id) as what, '1' as expected, count(*)::text as found from posts \
             where account_id = {} and state in ('queued', 'claimed', 'sent', 'unknown', 'checking', 'needs_person', 'accepted') \
             group by shipment_id having count(*) > 1",
    },
    Law {
        holds: "A shipment has at most one current order at its provider.",
        breaks: "select format('shipment %s', shipment_id) as what, '1' as expected, count(*)::text as found from provider_orders \
             where account_id = {} and superseded_at is null group by shipment_id having count(*) > 1",
    },
    Law {
        holds: "The counters of a bulk operation are its rows.",
        breaks: "select format('bulk operation %s', b.id) as what, c.counts as expected, \
             concat_ws(' ', b.total, b.picked, b.waiting, b.changed, b.skipped, b.sent, b.done, b.failed, b.unknown, b.dropped) as found \
             from bulk_operations b \
             left join (select operation_id, concat_ws(' ', count(*), count(*) filter (where outcome = 'picked'), \
                 count(*) filter (where outcome = 'waiting'), count(*) filter (where outcome = 'changed'), \
                 count(*) filter (where outcome = 'skipped'), count(*) filter (where outcome = 'sent'), \
                 count(*) filter (where outcome = 'done'), count(*) filter (where outcome = 'failed'), \
                 count(*) filter (where outcome = 'unknown'), count(*) filter (where outcome = 'dropped')) as counts \
               from bulk_rows where account_id = {} group by 1) r on r.operation_id = b.id \
             cross join lateral (select coalesce(r.counts, '0 0 0 0 0 0 0 0 0 0') as counts) c \
             where b.account_id = {} and c.counts <> concat_ws(' ', b.total, b.picked, b.waiting, b.changed, b.skipped, b.sent, \
               b.done, b.failed, b.unknown, b.dropped)",
    },
];
