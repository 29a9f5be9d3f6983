//! What an operation will send and tell, summed over the rows that will be done.

use super::Operation;
use crate::{
    db::{DbResult, Scope, sql},
    money::grouped,
    providers::{ProviderKind, kinds},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Text},
};
use futures_util::future::BoxFuture;

/// Says what will happen, one sentence each.
pub type Effects = for<'a> fn(&'a mut Scope, &'a Operation) -> BoxFuture<'a, DbResult<Vec<String>>>;

#[derive(QueryableByName)]
struct Part {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = BigInt)]
    mails: i64,
    #[diesel(sql_type = BigInt)]
    endpoints: i64,
}

#[derive(QueryableByName)]
struct Buyers {
    #[diesel(sql_type = BigInt)]
    shipments: i64,
    #[diesel(sql_type = BigInt)]
    told: i64,
    #[diesel(sql_type = BigInt)]
    synced: i64,
}

/// `ShipStation (200) and ShipHero (112)`; without numbers when there is one.
fn listed(parts: &[Part]) -> String {
    match parts {
        [] => "nobody".into(),
        [one] => one.name.clone(),
        [some @ .., last] => {
            let said: Vec<String> = some.iter().map(|p| format!("{} ({})", p.name, grouped(p.n))).collect();
            format!("{} and {} ({})", said.join(", "), last.name, grouped(last.n))
        }
    }
}

async fn connections(scope: &mut Scope, operation: &Operation) -> DbResult<String> {
    let account = scope.account();
    let parts: Vec<Part> = scope
        .rows(
            sql("select coalesce(c.name, 'no connection') as name, count(*) as n from bulk_rows r \
                 join shipments s on s.account_id = r.account_id and s.id = r.subject_id \
                 left join connections c on c.account_id = s.account_id and c.id = s.connection_id \
                 where r.account_id = {} and r.operation_id = {} and r.outcome = 'waiting' \
                 group by 1 order by 2 desc, 1 limit 50")
            .bind(account)
            .bind(operation.id),
        )
        .await?;
    Ok(listed(&parts))
}

/// The e-mails and webhooks of as many accepted posts.
async fn told(scope: &mut Scope, operation: &Operation) -> DbResult<Vec<String>> {
    let account = scope.account();
    let told: Option<Told> = scope
        .row(
            sql("select (select count(*) from responders where account_id = {} and trigger = 'fulfilled' and enabled) \
                 * (select count(*) from bulk_rows r \
                    join shipments s on s.account_id = r.account_id and s.id = r.subject_id \
                    join shipment_lines l on l.account_id = s.account_id and l.shipment_id = s.id \
                    join orders o on o.account_id = s.account_id and o.id = s.order_id \
                    join customers c on c.account_id = o.account_id and c.id = o.customer_id \
                    where r.account_id = {} and r.operation_id = {} and r.outcome = 'waiting' and c.email is not null) as mails, \
                 (select count(*) from webhook_endpoints where account_id = {} and state = 'active' \
                    and (cardinality(events) = 0 or 'shipment_fulfilled' = any(events))) as endpoints")
            .bind(account)
            .bind(account)
            .bind(operation.id)
            .bind(account),
        )
        .await?;
    let told = told.unwrap_or(Told { mails: 0, endpoints: 0 });
    Ok(vec![
        match told.mails {
            0 => "No fulfillment e-mail is sent: no responder is switched on, or no customer has an e-mail address.".into(),
            1 => "1 fulfillment e-mail is sent to a customer.".into(),
            n => format!("{} fulfillment e-mails are sent to customers, one for each item.", grouped(n)),
        },
        match told.endpoints {
            0 => "The shipment_fulfilled events are recorded; no webhook endpoint listens.".into(),
            1 => "A shipment_fulfilled webhook for each goes to 1 endpoint.".into(),
            n => format!("A shipment_fulfilled webhook for each goes to {n} endpoints."),
        },
    ])
}

const REFUSED: &str = "What a provider refuses goes to the error queue, one problem for each shipment.";

/// Of *Post*.
pub fn post<'a>(scope: &'a mut Scope, operation: &'a Operation) -> BoxFuture<'a, DbResult<Vec<String>>> {
    Box::pin(async move {
        let to = connections(scope, operation).await?;
        let they = if operation.waiting == 1 { "It is" } else { "They are" };
        let mut effects = vec![format!("{they} sent to {to}.")];
        effects.extend(told(scope, operation).await?);
        effects.push(REFUSED.into());
        Ok(effects)
    })
}

/// Of *Re-Post*.
pub fn repost<'a>(scope: &'a mut Scope, operation: &'a Operation) -> BoxFuture<'a, DbResult<Vec<String>>> {
    Box::pin(async move {
        let to = connections(scope, operation).await?;
        let mut effects = vec![
            format!(
                "{to}: asked about each earlier order first. Where it is still there, or that cannot be told, nothing is sent and the row says so."
            ),
            "The post dates and fulfillment IDs are cleared; the old values stay in the history.".into(),
            "Each is sent again by the standard post flow. This cannot be taken back from here.".into(),
        ];
        effects.extend(told(scope, operation).await?);
        effects.push(REFUSED.into());
        Ok(effects)
    })
}

/// The sentences of a submission, for the shipments that `$of` selects as `s`.
macro_rules! submission {
    ($scope:ident, $operation:ident, $of:literal) => {{
        let account = $scope.account();
        let parts: Vec<Part> = $scope
            .rows(
                sql(concat!(
                    "select ch.name, count(*) as n ",
                    $of,
                    " join channels ch on ch.account_id = s.account_id and ch.id = s.channel_id \
                     where r.account_id = {} and r.operation_id = {} and r.outcome = 'waiting' \
                     group by 1 order by 2 desc, 1 limit 50"
                ))
                .bind(account)
                .bind($operation.id),
            )
            .await?;
        let buyers: Option<Buyers> = $scope
            .row(
                sql(concat!(
                    "select count(*) as shipments, count(*) filter (where s.channel_notification = 'trigger') as told, \
                     count(*) filter (where s.channel_sync = 'synced') as synced ",
                    $of,
                    " where r.account_id = {} and r.operation_id = {} and r.outcome = 'waiting'"
                ))
                .bind(account)
                .bind($operation.id),
            )
            .await?;
        submitted(&parts, &buyers.unwrap_or(Buyers { shipments: 0, told: 0, synced: 0 }))
    }};
}

fn submitted(parts: &[Part], buyers: &Buyers) -> Vec<String> {
    let mut effects = vec![
        format!(
            "The tracking of {} {} is sent to {}. Nothing is sent to a provider.",
            grouped(buyers.shipments),
            if buyers.shipments == 1 { "shipment" } else { "shipments" },
            listed(parts)
        ),
        match buyers.told {
            0 => "The channels are asked not to tell the buyers.".into(),
            told if told == buyers.shipments => "The channels may tell the buyers.".into(),
            told => {
                format!(
                    "The channels may tell {} buyers; for the others they are asked not to.",
                    grouped(told)
                )
            }
        },
    ];
    if buyers.synced > 0 {
        effects.push(format!(
            "{} of them are synced already: what the channel has is read first, so that nobody is told twice.",
            grouped(buyers.synced)
        ));
    }
    effects
}

/// Of *Submit to sales channel*.
pub fn submit<'a>(scope: &'a mut Scope, operation: &'a Operation) -> BoxFuture<'a, DbResult<Vec<String>>> {
    Box::pin(async move {
        Ok(submission!(
            scope,
            operation,
            "from bulk_rows r join shipments s on s.account_id = r.account_id and s.id = r.subject_id"
        ))
    })
}

/// Of *Resend Fulfillments*.
pub fn resend<'a>(scope: &'a mut Scope, operation: &'a Operation) -> BoxFuture<'a, DbResult<Vec<String>>> {
    Box::pin(async move {
        Ok(submission!(
            scope,
            operation,
            "from bulk_rows r join shipments s on s.account_id = r.account_id and s.order_id = r.subject_id \
             and s.voided_at is null and coalesce(s.tracking_number, '') <> '' \
             and s.channel_sync in ('failed', 'warning', 'pending_sync', 'awaiting_send')"
        ))
    })
}

/// Of what only reads the providers.
pub fn read<'a>(scope: &'a mut Scope, operation: &'a Operation) -> BoxFuture<'a, DbResult<Vec<String>>> {
    Box::pin(async move {
        let to = connections(scope, operation).await?;
        Ok(vec![
            format!("{to}: read about each of them. Nothing is sent there."),
            "No customer is told anything by this.".into(),
        ])
    })
}

/// Of *Resync to provider*.
pub fn update<'a>(scope: &'a mut Scope, operation: &'a Operation) -> BoxFuture<'a, DbResult<Vec<String>>> {
    Box::pin(async move {
        let to = connections(scope, operation).await?;
        Ok(vec![
            format!(
                "{to}: the orders there get items, address and shipping method as they are now. No order is made."
            ),
            "What has shipped or was canceled there stays as it is; the error queue says so.".into(),
            "No customer is told anything by this.".into(),
        ])
    })
}

/// Of *Clear channel submission*.
pub fn clear<'a>(_: &'a mut Scope, _: &'a Operation) -> BoxFuture<'a, DbResult<Vec<String>>> {
    Box::pin(async {
        Ok(vec![
            "Nothing is sent now. The next sync of each channel sends the tracking again.".into(),
            "What a channel has is read first, so that it is not told twice.".into(),
        ])
    })
}

/// Of *Remove all holds*.
pub fn free<'a>(scope: &'a mut Scope, operation: &'a Operation) -> BoxFuture<'a, DbResult<Vec<String>>> {
    Box::pin(async move {
        let account = scope.account();
        let kinds: Vec<Part> = scope
            .rows(
                sql("select h.kind as name, count(*) as n from bulk_rows r join order_holds h on h.account_id = r.account_id \
                     and h.order_id = r.subject_id and h.released_at is null \
                     where r.account_id = {} and r.operation_id = {} and r.outcome = 'waiting' group by 1 order by 2 desc, 1")
                .bind(account)
                .bind(operation.id),
            )
            .await?;
        let standing: Vec<String> =
            kinds.iter().map(|kind| format!("{} ({})", kind.name, grouped(kind.n))).collect();
        Ok(vec![
            format!("Holds that stand: {}.", standing.join(", ")),
            "Once no hold stands, an order can be posted. Neither the channel nor the provider is told."
                .into(),
        ])
    })
}

/// Of *Reship Orders*.
pub fn reship<'a>(_: &'a mut Scope, operation: &'a Operation) -> BoxFuture<'a, DbResult<Vec<String>>> {
    Box::pin(async move {
        let says =
            |name: &str| operation.options.get(name).and_then(serde_json::Value::as_bool) == Some(true);
        let mut effects = vec![
            "A new shipment is made in each order, with every item that was sent. The originals are not changed.".to_owned(),
            match says("add_back") {
                true => "Inventory of the originals is added back, and taken again by the new shipments.".into(),
                false => "Stock is taken again.".into(),
            },
        ];
        if says("hold") {
            effects.push(
                "Each order gets an operator hold: nothing of it is posted until it is removed.".into(),
            );
        }
        effects.push("Nothing is sent before the new shipments are posted.".into());
        effects.push("An order_reshipped event is told for each.".into());
        Ok(effects)
    })
}

#[derive(QueryableByName)]
struct Alive {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: ProviderKind,
    #[diesel(sql_type = diesel::sql_types::Jsonb)]
    settings: serde_json::Value,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Of *Void*.
pub fn void<'a>(scope: &'a mut Scope, operation: &'a Operation) -> BoxFuture<'a, DbResult<Vec<String>>> {
    Box::pin(async move {
        let account = scope.account();
        let alive: Vec<Alive> = scope
            .rows(
                sql("select c.name, c.kind, c.settings, count(*) as n from bulk_rows r \
                     join shipments s on s.account_id = r.account_id and s.id = r.subject_id and s.inventory_status = 'not_shipped' \
                     join provider_orders p on p.account_id = s.account_id and p.shipment_id = s.id \
                       and p.superseded_at is null and p.ended_at is null \
                     join connections c on c.account_id = p.account_id and c.id = p.connection_id \
                     where r.account_id = {} and r.operation_id = {} and r.outcome = 'waiting' \
                     group by c.id, c.name, c.kind, c.settings order by 4 desc, 1 limit 50")
                .bind(account)
                .bind(operation.id),
            )
            .await?;
        let mut effects = vec![
            "Their stock movements are reversed; the units stay reserved for the orders.".to_owned(),
            "Their fulfillment orders are open again, so that the items can be sent anew.".into(),
        ];
        for connection in alive {
            let n = grouped(connection.n);
            let orders = if connection.n == 1 { "order" } else { "orders" };
            effects.push(match kinds::of(connection.kind).capabilities(&connection.settings).cancels {
                true => format!("{} is asked to cancel {n} {orders}. It may refuse.", connection.name),
                false => format!(
                    "{} takes no cancellations from here: {n} {orders} stay until somebody cancels them there.",
                    connection.name
                ),
            });
        }
        effects.push(
            "A shipment_canceled event is told for each. Sales channels keep what they were told.".into(),
        );
        effects.push(
            "The shipments are kept for history, and can be restored while their budget is free.".into(),
        );
        Ok(effects)
    })
}

/// Of *Restore*.
pub fn restore<'a>(_: &'a mut Scope, _: &'a Operation) -> BoxFuture<'a, DbResult<Vec<String>>> {
    Box::pin(async move {
        Ok(vec![
            "Their stock is taken again: the units that were reserved since they were voided.".into(),
            "Those whose order at the provider was canceled wait to be posted again.".into(),
        ])
    })
}

const NOBODY: &str = "Neither the channel nor the provider is told.";

/// Of what only we see.
pub fn nobody_told<'a>(_: &'a mut Scope, _: &'a Operation) -> BoxFuture<'a, DbResult<Vec<String>>> {
    Box::pin(async { Ok(vec![NOBODY.into()]) })
}

/// Of *Add hold*.
pub fn hold<'a>(scope: &'a mut Scope, operation: &'a Operation) -> BoxFuture<'a, DbResult<Vec<String>>> {
    Box::pin(async move {
        let account = scope.account();
        let posted: Vec<Part> = scope
            .rows(
                sql("select '' as name, count(*) as n from bulk_rows r where r.account_id = {} and r.operation_id = {} \
                     and r.outcome = 'waiting' and exists (select 1 from shipments s where s.account_id = r.account_id \
                     and s.order_id = r.subject_id and s.status in ('posting', 'unconfirmed', 'pending_tracking'))")
                .bind(account)
                .bind(operation.id),
            )
            .await?;
        let mut effects = vec!["Nothing of an order is posted while a hold stands.".to_owned()];
        match posted.first().map_or(0, |part| part.n) {
            0 => {}
            1 => effects.push("1 was posted already: its provider may still ship it.".into()),
            n => effects
                .push(format!("{} were posted already: their providers may still ship them.", grouped(n))),
        }
        effects.push(NOBODY.into());
        Ok(effects)
    })
}
