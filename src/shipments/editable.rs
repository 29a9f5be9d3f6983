//! A shipment whose items may be edited, and what a form asks for instead.

use super::{Subject, edit_items::Input, reship::MOST, reshippable::Line};
use crate::{
    actions::{ActionError, Target},
    db::{DbResult, Scope, sql},
    evidence::activity,
    ids::{OrderId, OrderLineId, ProductId, ShipmentId},
    orders,
};
use diesel::{QueryableByName, sql_types::BigInt};
use serde_json::{Map, Value, json};

/// A shipment with its order and its items.
#[derive(Debug, Clone)]
pub struct Editable {
    /// The shipment.
    pub subject: Subject,
    /// Its order, which says whether anything of it may be changed.
    pub order: orders::Subject,
    /// What it sends.
    pub lines: Vec<Line>,
}

impl Target for Editable {
    async fn load(scope: &mut Scope, id: i64, lock: bool) -> DbResult<Option<Editable>> {
        #[derive(QueryableByName)]
        struct Of {
            #[diesel(sql_type = BigInt)]
            order_id: OrderId,
        }
        let account = scope.account();
        let of: Option<Of> = scope
            .row(
                sql("select order_id from shipments where account_id = {} and id = {}")
                    .bind(account)
                    .bind(id),
            )
            .await?;
        let Some(of) = of else { return Ok(None) };
        // locks the order's shipments, this one among them, then the order: this one
        // first would wait in a circle with whoever edits the order
        let Some(order) = orders::Subject::load(scope, of.order_id.0, lock).await? else { return Ok(None) };
        let Some(subject) = Subject::load(scope, ShipmentId(id), false).await? else { return Ok(None) };
        let lines = scope
            .rows(
                sql("select ol.id, ol.product_id, ol.sku, ol.name, sum(l.quantity)::integer as quantity \
                     from shipment_lines l \
                     join order_lines ol on ol.account_id = l.account_id and ol.id = l.order_line_id \
                     where l.account_id = {} and l.shipment_id = {} \
                     group by ol.id, ol.product_id, ol.sku, ol.name, ol.position order by ol.position, ol.id")
                .bind(account)
                .bind(id),
            )
            .await?;
        Ok(Some(Editable { subject, order, lines }))
    }

    fn version(&self) -> i32 {
        self.subject.shipment.version
    }

    fn name(&self) -> String {
        self.subject.name()
    }

    fn history(&self) -> activity::Of {
        self.subject.history()
    }

    fn order(&self) -> Option<OrderId> {
        Some(self.order.order.id)
    }
}

/// An item of the edited shipment.
pub(super) struct Wanted {
    /// `None`: the order has no such line yet.
    pub(super) line: Option<OrderLineId>,
    pub(super) product_id: Option<ProductId>,
    pub(super) label: String,
    pub(super) was: i32,
    pub(super) quantity: i32,
}

/// What the form asks for, item by item; an error for each mistake.
pub(super) async fn wanted(
    scope: &mut Scope,
    editable: &Editable,
    input: &Input,
) -> Result<Vec<Wanted>, ActionError> {
    let (mut wanted, mut errors) = (Vec::new(), Vec::new());
    for line in &editable.lines {
        let field = format!("quantity_{}", line.id);
        let typed = match input.items.get(&field) {
            Some(value) => value.as_str().unwrap_or_default().trim().parse().ok(),
            None => Some(line.quantity),
        };
        match typed.filter(|n| (0..=MOST).contains(n)) {
            Some(quantity) => wanted.push(Wanted {
                line: Some(line.id),
                product_id: line.product_id,
                label: line.label().to_owned(),
                was: line.quantity,
                quantity,
            }),
            None => {
                errors.push((field, format!("Enter how many of {} to send, from 0 to {MOST}.", line.label())))
            }
        }
    }
    let sku = input.sku.trim();
    if !sku.is_empty() {
        match further(scope, editable, sku, input.sku_quantity.trim()).await? {
            Ok(item) => wanted.push(item),
            Err((field, sentence)) => errors.push((field.to_owned(), sentence)),
        }
    }
    if errors.is_empty() && wanted.iter().all(|item| item.quantity == 0) {
        let field = editable.lines.first().map_or("sku".to_owned(), |line| format!("quantity_{}", line.id));
        errors.push((field, "Keep at least one item. To send nothing, void the shipment.".to_owned()));
    }
    if errors.is_empty() { Ok(wanted) } else { Err(ActionError::Refused(errors)) }
}

/// One more item, or the field that will not do and why.
async fn further(
    scope: &mut Scope,
    editable: &Editable,
    sku: &str,
    typed: &str,
) -> DbResult<Result<Wanted, (&'static str, String)>> {
    #[derive(QueryableByName)]
    struct Product {
        #[diesel(sql_type = BigInt)]
        id: ProductId,
    }
    #[derive(QueryableByName)]
    struct Known {
        #[diesel(sql_type = BigInt)]
        id: OrderLineId,
    }
    if editable.lines.iter().any(|line| line.sku.trim() == sku) {
        return Ok(Err(("sku", format!("{sku} is in the list above. Change its quantity there."))));
    }
    let account = scope.account();
    let product: Option<Product> = scope
        .row(sql("select id from products where account_id = {} and sku = {}").bind(account).bind(sku))
        .await?;
    let Some(product) = product else {
        return Ok(Err((
            "sku",
            format!("There is no product {sku}. Enter a SKU as it is written in an order or in your stock."),
        )));
    };
    let Some(quantity) = typed.parse().ok().filter(|n| (1..=MOST).contains(n)) else {
        return Ok(Err(("sku_quantity", format!("Enter how many of {sku} to send, from 1 to {MOST}."))));
    };
    // a line that was dropped before, or that another shipment sends
    let known: Option<Known> = scope
        .row(
            sql("select id from order_lines where account_id = {} and order_id = {} and product_id = {} \
                 and requires_shipping order by position, id limit 1")
            .bind(account)
            .bind(editable.order.order.id)
            .bind(product.id),
        )
        .await?;
    Ok(Ok(Wanted {
        line: known.map(|known| known.id),
        product_id: Some(product.id),
        label: sku.to_owned(),
        was: 0,
        quantity,
    }))
}

/// What is sent.
pub(super) fn words(wanted: &[Wanted]) -> String {
    let sent = wanted.iter().filter(|item| item.quantity > 0);
    sent.map(|item| format!("{} × {}", item.quantity, item.label)).collect::<Vec<_>>().join(", ")
}

/// Item to quantity, as history keeps it.
pub(super) fn items(wanted: &[Wanted], quantity: fn(&Wanted) -> i32) -> Value {
    let mut items = Map::new();
    for item in wanted {
        let before = items.get(&item.label).and_then(Value::as_i64).unwrap_or(0);
        items.insert(item.label.clone(), json!(before + i64::from(quantity(item))));
    }
    Value::Object(items)
}
