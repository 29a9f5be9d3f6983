//! The OpenAPI 3.1 document, made from the table and from the types of its
//! handlers. Nothing in it is written by hand but sentences.

use super::{
    endpoint::Line,
    problem::{Kind, Sent},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is known of every line, and the schemas it names.
pub struct Documents {
    asks: SchemaGenerator,
    answers: SchemaGenerator,
    paths: BTreeMap<&'static str, Map<String, Value>>,
    problem: Schema,
}

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.paths.keys()).finish()
    }
}

impl Default for Documents {
    fn default() -> Documents {
        let settings = || {
            SchemaSettings::draft2020_12().with(|s| {
                s.definitions_path = "/components/schemas".into();
                s.meta_schema = None;
            })
        };
        let mut answers = settings().for_serialize().into_generator();
        let problem = answers.subschema_for::<Sent<'static>>();
        Documents {
            asks: settings().for_deserialize().into_generator(),
            answers,
            paths: BTreeMap::new(),
            problem,
        }
    }
}

impl Documents {
    /// Documents a line that takes and answers JSON.
    pub(super) fn add<Q: JsonSchema, B: JsonSchema, T: JsonSchema>(&mut self, line: &'static Line) {
        let body = self.asks.subschema_for::<B>();
        let whole = schemars::schema_for!(B);
        let has_body = whole.get("properties").is_some() || whole.get("$ref").is_some();
        let required = whole.get("required").and_then(Value::as_array).is_some_and(|r| !r.is_empty());
        let mut answer = json!({
            "description": "As asked.",
            "content": { "application/json": { "schema": self.answers.subschema_for::<T>() } }
        });
        let example = schemars::schema_for!(T).get("examples").and_then(|e| e.get(0)).cloned();
        if let Some(example) = example {
            answer["content"]["application/json"]["example"] = example;
        }
        answer["headers"] = headers(line);
        let mut operation = self.operation::<Q>(line, has_body, answer.clone());
        if let Some(status) = line.also {
            operation["responses"][status.to_string()] = answer;
        }
        if has_body {
            let mut content = json!({ "schema": body });
            if let Some(example) = whole.get("examples").and_then(|e| e.get(0)) {
                content["example"] = example.clone();
            }
            operation.insert(
                "requestBody".into(),
                json!({ "required": required, "content": { "application/json": content } }),
            );
        }
        self.keep(line, operation);
    }

    /// Documents a line that answers these media types.
    pub(super) fn add_raw<Q: JsonSchema>(&mut self, line: &'static Line, media: &[&str]) {
        let operation = self.raw::<Q>(line, media);
        self.keep(line, operation);
    }

    /// As [`Documents::add_raw`], with what its other status answers as JSON.
    pub(super) fn add_raw_or<Q: JsonSchema, T: JsonSchema>(&mut self, line: &'static Line, media: &[&str]) {
        let mut operation = self.raw::<Q>(line, media);
        if let Some(status) = line.also {
            operation["responses"][status.to_string()] = json!({
                "description": "It is written in the background.",
                "content": { "application/json": { "schema": self.answers.subschema_for::<T>() } },
                "headers": headers(line),
            });
        }
        self.keep(line, operation);
    }

    fn raw<Q: JsonSchema>(&mut self, line: &'static Line, media: &[&str]) -> Map<String, Value> {
        let content: Map<String, Value> = media
            .iter()
            .map(|media| ((*media).to_owned(), json!({ "schema": { "type": "string", "format": "binary" } })))
            .collect();
        let answer = json!({ "description": "The file.", "content": content, "headers": headers(line) });
        self.operation::<Q>(line, false, answer)
    }

    fn keep(&mut self, line: &'static Line, operation: Map<String, Value>) {
        self.paths
            .entry(line.path)
            .or_default()
            .insert(line.method.to_ascii_lowercase(), Value::Object(operation));
    }

    fn operation<Q: JsonSchema>(
        &mut self,
        line: &'static Line,
        has_body: bool,
        answer: Value,
    ) -> Map<String, Value> {
        let mut parameters = path_parameters(line.path);
        parameters.extend(self.query_parameters::<Q>());
        if line.writes {
            parameters.push(json!({
                "name": "Idempotency-Key", "in": "header", "required": false,
                "description": "The same key and request get the first answer again for 24 hours, whatever happened in between.",
                "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
            }));
        }
        if line.writes && line.path.contains("{id}") {
            parameters.push(json!({
                "name": "If-Match", "in": "header", "required": false,
                "description": "The `ETag` of the record as it was read; of another version nothing is changed (412).",
                "schema": { "type": "string" },
            }));
        }
        let mut responses = Map::new();
        responses.insert(line.status.to_string(), answer);
        for (status, kinds) in refusals(line, has_body) {
            let words: Vec<String> =
                kinds.iter().map(|kind| format!("`{}`: {}", kind.code, kind.meaning)).collect();
            responses.insert(
                status.to_string(),
                json!({
                    "description": words.join(" "),
                    "content": { "application/problem+json": { "schema": self.problem } }
                }),
            );
        }
        let mut operation = Map::new();
        operation.insert("operationId".into(), json!(line.id));
        operation.insert("tags".into(), json!([line.group]));
        operation.insert("summary".into(), json!(line.summary));
        let scopes: Vec<String> =
            std::iter::once(line.scope).chain(line.or).map(|scope| format!("`{scope}`")).collect();
        operation.insert("description".into(), json!(format!("Needs the scope {}.", scopes.join(" or "))));
        operation.insert("security".into(), json!([{ "token": [] }]));
        operation.insert("parameters".into(), json!(parameters));
        operation.insert("responses".into(), Value::Object(responses));
        operation
    }

    fn query_parameters<Q: JsonSchema>(&mut self) -> Vec<Value> {
        let _ = self.asks.subschema_for::<Q>();
        let mut own = SchemaSettings::draft2020_12().for_deserialize();
        own.inline_subschemas = true;
        own.meta_schema = None;
        let schema = own.into_generator().into_root_schema_for::<Q>();
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return Vec::new();
        };
        properties
            .iter()
            .map(|(name, schema)| {
                let mut schema = schema.clone();
                // a query has no null: what is not there is not sent
                not_null(&mut schema);
                let description = schema.as_object_mut().and_then(|s| s.remove("description"));
                json!({
                    "name": name, "in": "query", "required": required.contains(&name.as_str()),
                    "description": description.unwrap_or_default(), "schema": schema,
                })
            })
            .collect()
    }

    /// The document. `server` is where people come to.
    pub fn document(mut self, server: Option<&str>) -> Value {
        let mut schemas: Map<String, Value> = self.asks.take_definitions(true);
        for (name, schema) in self.answers.take_definitions(true) {
            let before = schemas.insert(name.clone(), schema.clone());
            debug_assert!(
                before.is_none_or(|b| b == schema),
                "{name} is taken and answered in two shapes: name them apart"
            );
        }
        let scopes: Vec<&str> =
            crate::accounts::tokens::Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Waybill",
                "version": env!("CARGO_PKG_VERSION"),
                "summary": "Orders and shipments: what is stuck, why, and what one call fixes it.",
                "license": { "name": "MIT", "identifier": "MIT" },
            },
            "servers": [{ "url": server.unwrap_or("/") }],
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "token": {
                        "type": "http", "scheme": "bearer", "bearerFormat": "wb_live_…",
                        "description": format!("A token is made on the page *API tokens*. Its scopes are some of: {}.", scopes.join(", ")),
                    }
                },
            },
            "paths": self.paths,
        })
    }
}

fn not_null(schema: &mut Value) {
    if let Some(types) = schema.get_mut("type")
        && let Some(list) = types.as_array_mut()
    {
        list.retain(|t| t != "null");
        if list.len() == 1 {
            *types = list.remove(0);
        }
    }
    let options = schema.get_mut("anyOf").and_then(Value::as_array_mut).map(std::mem::take);
    if let Some(mut options) = options {
        options.retain(|o| o.get("type").is_none_or(|t| t != "null"));
        if let (Some(object), 1) = (schema.as_object_mut(), options.len()) {
            object.remove("anyOf");
            if let Some(Value::Object(only)) = options.pop() {
                for (key, value) in only {
                    object.entry(key).or_insert(value);
                }
            }
        } else {
            schema["anyOf"] = json!(options);
        }
    }
    if let Some(list) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        list.retain(|value| !value.is_null());
    }
    if let Some(object) = schema.as_object_mut()
        && object.get("default").is_some_and(Value::is_null)
    {
        object.remove("default");
    }
}

fn path_parameters(path: &str) -> Vec<Value> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| {
            json!({
                "name": name, "in": "path", "required": true, "description": "The number of the record.",
                "schema": { "type": "integer", "format": "int64", "minimum": 1 },
            })
        })
        .collect()
}

fn headers(line: &Line) -> Value {
    let mut headers = json!({
        "RateLimit": { "description": "How many calls may follow at once (`r`).", "schema": { "type": "string" } },
        "RateLimit-Policy": { "description": "How many calls each token may make at once (`q`) in so many seconds (`w`).", "schema": { "type": "string" } },
        "X-Trace-Id": { "description": "The chain of this request in traces and logs.", "schema": { "type": "string" } },
    });
    if line.path.contains("{id}") && line.method != "DELETE" {
        headers["ETag"] = json!({ "description": "The version of the record, where it has one.", "schema": { "type": "string" } });
    }
    headers
}

/// Every problem a line may end in, by status.
fn refusals(line: &Line, has_body: bool) -> BTreeMap<u16, Vec<Kind>> {
    let mut kinds = vec![
        Kind::UNAUTHENTICATED,
        Kind::MISSING_SCOPE,
        Kind::FORBIDDEN,
        Kind::TOO_LARGE,
        Kind::INVALID,
        Kind::TOO_MANY,
        Kind::BROKEN,
        Kind::BUSY,
        Kind::MALFORMED,
        Kind::NOT_FOUND,
    ];
    if has_body {
        kinds.push(Kind::MEDIA_TYPE);
    }
    if line.writes {
        kinds.extend([Kind::ACTION_UNAVAILABLE, Kind::STALE_PREVIEW, Kind::STILL_RUNNING, Kind::KEY_REUSED]);
        if line.path.contains("{id}") {
            kinds.push(Kind::STALE);
        }
        if !has_body {
            kinds.push(Kind::MEDIA_TYPE);
        }
    }
    if !line.writes {
        kinds.push(Kind::TOO_BROAD);
    }
    let mut by_status: BTreeMap<u16, Vec<Kind>> = BTreeMap::new();
    for kind in kinds {
        by_status.entry(kind.status).or_default().push(kind);
    }
    by_status
}
