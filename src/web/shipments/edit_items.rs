//! What the form of *Edit items* asks: how many of each item, and one more.

use crate::{
    db::Scope,
    inventory::{self, Stock},
    shipments::{edit_items::EditItems, editable::Editable},
    web::{Fields, Visitor, WebResult, action::ActionFields, markup::FormErrors},
};
use askama::Template;

/// How many of each item.
#[derive(Debug)]
pub struct ItemFields;

/// A line of the shipment, as the form shows it.
struct Item {
    label: String,
    name: String,
    field: String,
    now: i32,
    /// `None`: its stock is not kept.
    available: Option<i32>,
    /// As typed.
    quantity: String,
}

#[derive(Template)]
#[template(path = "shipments/_edit_items.html")]
struct Rows<'a> {
    items: Vec<Item>,
    warehouse: String,
    sku: &'a str,
    sku_quantity: &'a str,
    /// Where one returns to, unless the link that led here says so: the order, since
    /// the shipment is another one then.
    back: String,
    errors: &'a FormErrors,
}

impl ActionFields<EditItems> for ItemFields {
    async fn render(
        _: &Visitor,
        scope: &mut Scope,
        editable: &Editable,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        let typed =
            |name: &str| fields.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
        let warehouse = editable.subject.shipment.warehouse_id;
        let products: Vec<_> = editable.lines.iter().filter_map(|line| line.product_id).collect();
        let stock = inventory::balances(scope, warehouse, &products).await?;
        let items = editable.lines.iter().map(|line| {
            let field = format!("quantity_{}", line.id);
            let kept = stock.iter().find(|stock| Some(stock.product_id) == line.product_id);
            Item {
                label: line.label().to_owned(),
                name: line.name.clone(),
                now: line.quantity,
                available: kept.map(Stock::available),
                quantity: typed(&field).map_or_else(|| line.quantity.to_string(), str::to_owned),
                field,
            }
        });
        let rows = Rows {
            items: items.collect(),
            warehouse: inventory::warehouse_name(scope, warehouse).await?,
            sku: typed("sku").unwrap_or_default(),
            sku_quantity: typed("sku_quantity").unwrap_or("1"),
            back: match fields.get("back").is_empty() {
                true => format!("/orders/{}", editable.order.order.id),
                false => String::new(),
            },
            errors,
        };
        Ok(rows.render()?)
    }
}
