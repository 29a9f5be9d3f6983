//! The page that adds a condition: first the column, then how and with what. It
//! is a form that asks, so that everything stands in the address.

use super::{
    Narrowed, columns,
    compose::{self, Join},
    controls::{self, Ask, SPANS},
};
use crate::{
    bulk::Resource,
    channels::store,
    db::{Scope, sql},
    filters::{Column, Kind, Operator},
    providers::connection,
    web::{Fields, Visitor, WebError, WebResult, list::Link, list::List, markup::FormErrors, shell::Shell},
};
use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use diesel::{QueryableByName, sql_types::Text};

/// What stands below the column: how it compares, and with what.
#[derive(Template)]
#[template(path = "narrow/_condition.html")]
struct Condition {
    column: Option<&'static Column>,
    operators: Vec<(Operator, &'static str)>,
    operator: String,
    ask: Ask,
    typed: Fields,
    joins: Vec<(String, String)>,
    errors: FormErrors,
}

impl askama::filters::HtmlSafe for Condition {}

impl Condition {
    fn is_ticked(&self, word: &str) -> bool {
        self.typed.all("value").any(|given| given == word)
    }
}

#[derive(Template)]
#[template(path = "narrow/new.html")]
struct New {
    shell: Shell,
    resource: Resource,
    list: String,
    back: String,
    said: Vec<String>,
    columns: Vec<&'static Column>,
    chosen: String,
    errors: FormErrors,
    condition: Condition,
}

/// `GET /filters/new`
pub async fn show(visitor: Visitor) -> WebResult<HttpResponse> {
    let fields = Fields::read(visitor.asked.query.as_bytes());
    let resource = Resource::parse(fields.get("on"))
        .ok_or_else(|| WebError::field("on", "Open this page from a list, by Add filter."))?;
    let path = match resource {
        Resource::Orders => "/orders",
        Resource::Shipments => "/shipments",
    };
    let known = List::every(path, fields.get("list"));
    let link = known.link().without("open");
    let narrowed = Narrowed::read(&visitor, &known, resource);
    let column = columns(&visitor, resource).find(fields.get("column"));
    let mut errors = FormErrors::default();
    let operator = match column {
        Some(column) if matches!(column.kind, Kind::Boolean) => Some(Operator::Eq),
        _ => Operator::parse(fields.get("operator")),
    };
    if fields.ticked("apply") {
        match (column, operator) {
            (None, _) => errors.add("column", "Choose what to filter by."),
            (_, None) => errors.add("operator", "Choose how it compares."),
            (Some(column), Some(operator)) => {
                let condition = controls::condition(&visitor, column, operator, &fields);
                match compose::with(&narrowed.tree, condition, Join::parse(fields.get("join"))) {
                    Ok(tree) => return visitor.see_other(link.with(super::KEY, tree.to_text()).to_string()),
                    Err(faults) => {
                        for fault in faults {
                            let place =
                                if fault.code == "operator_does_not_fit" { "operator" } else { "value" };
                            errors.add(place, fault.detail);
                        }
                    }
                }
            }
        }
    }
    let mut scope = visitor.scope().await?;
    let names = match column {
        Some(column) if matches!(column.kind, Kind::Named) => names(&mut scope, column.name).await?,
        _ => Vec::new(),
    };
    let said = narrowed.tree.phrases_in(visitor.zone);
    let parts = narrowed.tree.parts(visitor.zone).into_iter().enumerate();
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let condition = Condition {
        column,
        operators: column.map(controls::operators).unwrap_or_default(),
        operator: operator.map_or_else(String::new, |operator| operator.to_string()),
        ask: column.map_or(Ask::Text, |column| Ask::of(column, names)),
        joins: parts.map(|(n, part)| (n.to_string(), part.phrase)).collect(),
        typed: fields.clone(),
        errors: errors.clone(),
    };
    if visitor.partial() {
        return visitor.asked.html_with(status, &condition);
    }
    let page = New {
        shell: visitor.shell(&mut scope, resource.as_str()).await?,
        resource,
        list: link.query(),
        back: link.to_string(),
        said,
        columns: columns(&visitor, resource).list.iter().collect(),
        chosen: column.map_or_else(String::new, |column| column.name.to_owned()),
        errors,
        condition,
    };
    visitor.asked.html_with(status, &page)
}

/// What has a name in the account, to be ticked.
async fn names(scope: &mut Scope, column: &str) -> WebResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let mut names: Vec<String> = match column {
        "connection" => connection::list(scope).await?.into_iter().map(|c| c.name).collect(),
        "channel" => store::channels(scope, None).await?.into_iter().map(|c| c.name).collect(),
        "store" => store::stores(scope).await?.into_iter().map(|s| s.name).collect(),
        _ => {
            let statement = sql("select name from warehouses where account_id = {} order by name limit 500");
            let rows: Vec<Name> = scope.rows(statement.bind(scope.account())).await?;
            rows.into_iter().map(|row| row.name).collect()
        }
    };
    names.sort();
    names.dedup();
    Ok(names)
}

/// The page that adds a condition to a list.
pub fn address(resource: Resource, list: &Link) -> String {
    Link::to("/filters/new").with("on", resource).with("list", list.without("open").query()).to_string()
}
