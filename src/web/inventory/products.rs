//! `/products`, and one of them: where it lies, what moved it, what it cost.

use super::movements::{Line, lines};
use crate::{
    accounts::Permission,
    actions::Target as _,
    evidence::activity::{self, Activity},
    ids::ProductId,
    inventory::{
        counting::{AdjustStock, Counted, ReceiveStock},
        list::{self, Balance, Kept, Layer, Product, Which},
    },
    web::{
        Path, Visitor, WebError, WebResult, action,
        activity::words::{Change, changes},
        filters,
        list::List,
        markup::{ActionItem, Pager, Stamp},
        shell::Shell,
    },
};
use actix_web::HttpResponse;
use askama::Template;

/// Movements on a product's page; the list has all of them.
const SHOWN: usize = 50;

/// Lines of history on it.
const PAST: i64 = 20;

#[derive(Template)]
#[template(path = "inventory/index.html")]
struct Index {
    shell: Shell,
    q: String,
    negative: bool,
    filtered: bool,
    notes: Vec<String>,
    rows: Vec<Product>,
    pager: Pager,
}

/// `GET /products`
pub async fn index(visitor: Visitor) -> WebResult<HttpResponse> {
    let list = List::read(&visitor, &["stock"]);
    let negative = list.word("stock", |word| (word == "negative").then_some(())).is_some();
    let mut scope = visitor.scope().await?;
    let page = list::products(&mut scope, list.q(), negative, list.after(), list.size()).await?;
    visitor.html(&Index {
        shell: visitor.shell(&mut scope, "products").await?,
        q: list.q().to_owned(),
        negative,
        filtered: list.is_filtered(),
        notes: list.notes(),
        pager: list.pager(&page, None, "products"),
        rows: page.rows,
    })
}

struct LayerView {
    layer: Layer,
    at: Stamp,
}

#[derive(Template)]
#[template(path = "inventory/show.html")]
struct Show {
    shell: Shell,
    product: Product,
    balances: Vec<Balance>,
    lines: Vec<Line>,
    more: bool,
    kept: Vec<Kept>,
    /// For those who may see what goods cost.
    layers: Option<Vec<LayerView>>,
    /// Empty for those who may only look.
    actions: Vec<ActionItem>,
    /// Where its stock begins to be kept, for those who may.
    begin: Option<String>,
    history: Vec<Past>,
}

/// A line of its history.
struct Past {
    who: String,
    what: String,
    at: Stamp,
    changes: Vec<Change>,
}

/// What can be done with it.
fn actions(visitor: &Visitor, subject: &Counted) -> Vec<ActionItem> {
    let id = subject.id.0;
    let receive = action::item::<ReceiveStock>(visitor, id, subject, "plus");
    let adjust = action::item::<AdjustStock>(visitor, id, subject, "pencil");
    let adjust = adjust.map(|item| ActionItem {
        primary: item.available && subject.stock_kept,
        key: if item.available { "a".into() } else { String::new() },
        ..item
    });
    receive.into_iter().chain(adjust).collect()
}

/// `GET /products/{id}`
pub async fn show(visitor: Visitor, id: Path<ProductId>) -> WebResult<HttpResponse> {
    let id = id.0;
    let mut scope = visitor.scope().await?;
    let product = list::product(&mut scope, id).await?.ok_or(WebError::NotFound)?;
    let which = Which { product: Some(id), ..Which::default() };
    let page = list::movements(&mut scope, &which, None, SHOWN).await?;
    let layers = match visitor.can(Permission::CostsView) {
        true => {
            let layers = list::layers(&mut scope, id).await?;
            Some(
                layers
                    .into_iter()
                    .map(|layer| LayerView { at: visitor.stamp(layer.received_at), layer })
                    .collect(),
            )
        }
        false => None,
    };
    let subject = Counted::load(&mut scope, id.0, false).await?.ok_or(WebError::NotFound)?;
    let actions = actions(&visitor, &subject);
    let may_begin = !product.stock_kept && actions.iter().all(|item| item.available);
    let begin = actions.first().filter(|_| may_begin).map(|item| item.href.clone());
    let history = activity::list(&mut scope, subject.history(), None, None, PAST).await?;
    let past = |line: Activity| Past {
        at: visitor.stamp(line.at()),
        changes: changes(&visitor, line.before.as_ref(), line.after.as_ref()),
        who: line.actor_name,
        what: line.summary,
    };
    visitor.html(&Show {
        history: history.into_iter().map(past).collect(),
        actions,
        begin,
        balances: list::balances(&mut scope, id).await?,
        kept: list::kept(&mut scope, id).await?,
        more: page.next.is_some(),
        lines: lines(&visitor, page.rows, None),
        layers,
        product,
        shell: visitor.shell(&mut scope, "products").await?,
    })
}
