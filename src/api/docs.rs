//! `/openapi.json` and `/docs`: for everybody, since neither tells of data. The
//! page is made from the document, by the portal's own templates and style.

use super::{page, problem::Kind, routes};
use crate::{
    accounts::tokens::Scope,
    filters::Columns,
    notify::events,
    orders, shipments,
    web::{Asked, WebResult, app::App},
};
use actix_web::{HttpResponse, http::header, web};
use askama::Template;
use serde_json::Value;
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Value> = LazyLock::new(super::document);

/// Registers both.
pub(super) fn register(config: &mut web::ServiceConfig) {
    config.route("/openapi.json", web::get().to(openapi));
    config.route("/docs", web::get().to(show));
}

async fn openapi(app: web::Data<App>) -> HttpResponse {
    let mut document = DOCUMENT.clone();
    if let Some(url) = &app.config.public_url {
        document["servers"][0]["url"] = url.as_str().trim_end_matches('/').into();
    }
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .content_type("application/json")
        .body(document.to_string())
}

struct Field {
    name: String,
    kind: String,
    needed: bool,
    about: String,
}

struct Endpoint {
    id: &'static str,
    method: &'static str,
    path: &'static str,
    scope: &'static str,
    summary: &'static str,
    status: u16,
    query: Vec<Field>,
    body: Vec<Field>,
    example: String,
    answer: Vec<Field>,
}

struct Group {
    name: &'static str,
    anchor: String,
    endpoints: Vec<Endpoint>,
}

struct Filter {
    name: String,
    kind: String,
    operators: String,
}

struct Event {
    word: &'static str,
    when: &'static str,
}

#[derive(Template)]
#[template(path = "docs/show.html")]
struct Docs {
    groups: Vec<Group>,
    codes: &'static [Kind],
    scopes: Vec<(&'static str, &'static str)>,
    fulfillments: Vec<Filter>,
    orders: Vec<Filter>,
    events: Vec<Event>,
    usual: usize,
    most: usize,
}

/// Every word of a schema's type, as people read it.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        let named = &DOCUMENT["components"]["schemas"][name];
        if named["enum"].is_array() {
            return kind(named);
        }
        return name.to_owned();
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        return words.join(" | ");
    }
    if let Some(options) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        return options.iter().map(kind).collect::<Vec<_>>().join(" | ");
    }
    let one = |word: &str| match (word, schema["format"].as_str()) {
        ("array", _) => format!("list of {}", kind(&schema["items"])),
        ("string", Some(format)) => format.to_owned(),
        (word, _) => word.to_owned(),
    };
    match &schema["type"] {
        Value::String(word) => one(word),
        Value::Array(words) => {
            words.iter().filter_map(Value::as_str).map(one).collect::<Vec<_>>().join(" | ")
        }
        _ => "anything".into(),
    }
}

fn resolved(schema: &Value) -> &Value {
    let name = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next());
    name.map_or(&Value::Null, |name| &DOCUMENT["components"]["schemas"][name])
}

fn about(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default().to_owned();
    match schema.get("default").filter(|d| !d.is_null()) {
        Some(default) => format!("{text} Default {default}.").trim().to_owned(),
        None => text,
    }
}

/// The fields of an object.
fn fields(schema: &Value) -> Vec<Field> {
    let object = if schema["properties"].is_object() { schema } else { resolved(schema) };
    let needed: Vec<&str> = object["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let Some(properties) = object["properties"].as_object() else { return Vec::new() };
    properties
        .iter()
        .map(|(name, schema)| Field {
            name: name.clone(),
            kind: kind(schema),
            needed: needed.contains(&name.as_str()),
            about: about(schema),
        })
        .collect()
}

fn endpoint(line: &'static super::Line) -> Endpoint {
    let operation = &DOCUMENT["paths"][line.path][line.method.to_ascii_lowercase()];
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let body = &operation["requestBody"]["content"]["application/json"];
    let answer = &operation["responses"][line.status.to_string()]["content"]["application/json"]["schema"];
    Endpoint {
        id: line.id,
        method: line.method,
        path: line.path,
        scope: line.scope.as_str(),
        summary: line.summary,
        status: line.status,
        query: parameters
            .iter()
            .filter(|p| p["in"] == "query")
            .map(|p| Field {
                name: p["name"].as_str().unwrap_or_default().to_owned(),
                kind: kind(&p["schema"]),
                needed: p["required"] == true,
                about: p["description"].as_str().unwrap_or_default().to_owned(),
            })
            .collect(),
        body: fields(&body["schema"]),
        example: match &body["example"] {
            Value::Null => String::new(),
            example => serde_json::to_string_pretty(example).unwrap_or_default(),
        },
        answer: fields(answer),
    }
}

fn filters(columns: &'static Columns) -> Vec<Filter> {
    columns
        .list
        .iter()
        .map(|column| Filter {
            name: column.name.to_owned(),
            kind: column.kind.as_str().to_owned(),
            operators: column.kind.operators().iter().map(|o| o.as_str()).collect::<Vec<_>>().join(" "),
        })
        .collect()
}

static PAGE: LazyLock<Docs> = LazyLock::new(|| {
    let mut groups: Vec<Group> = Vec::new();
    for line in routes::LINES {
        if groups.last().is_none_or(|group| group.name != line.group) {
            let anchor = line.group.to_lowercase().replace(' ', "-");
            groups.push(Group { name: line.group, anchor, endpoints: Vec::new() });
        }
        if let Some(group) = groups.last_mut() {
            group.endpoints.push(endpoint(line));
        }
    }
    Docs {
        groups,
        codes: Kind::ALL,
        scopes: Scope::ALL.iter().map(|scope| (scope.as_str(), scope.about())).collect(),
        fulfillments: filters(shipments::filter_columns::columns(|_| true)),
        orders: filters(orders::filter_columns::columns(|_| true)),
        events: events::CATALOGUE
            .iter()
            .map(|listed| Event { word: listed.kind.as_str(), when: listed.when })
            .collect(),
        usual: page::USUAL,
        most: page::MOST,
    }
});

async fn show(asked: Asked) -> WebResult<HttpResponse> {
    asked.html(&*PAGE)
}
