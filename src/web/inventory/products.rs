//! `/products`, and one of them: where it lies, what moved it, what it cost.

use super::movements::{Line, lines};
use crate::{
    accounts::Permission,
    ids::ProductId,
    inventory::list::{self, Balance, Kept, Layer, Product, Which},
    web::{
        Path, Visitor, WebError, WebResult, filters,
        list::List,
        markup::{Pager, Stamp},
        shell::Shell,
    },
};
use actix_web::HttpResponse;
use askama::Template;

/// Movements on a product's page; the list has all of them.
const SHOWN: usize = 50;

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
    visitor.html(&Show {
        balances: list::balances(&mut scope, id).await?,
        kept: list::kept(&mut scope, id).await?,
        more: page.next.is_some(),
        lines: lines(&visitor, page.rows),
        layers,
        product,
        shell: visitor.shell(&mut scope, "products").await?,
    })
}
