//! The part of Shopify's Admin schema (2026-07) the sandbox knows, and the checks made against it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::parse::{Definition, Field, Literal, Operation, Place, Selection, TypeRef, definitions};

const TABLE: &str = include_str!("schema.graphql");

static TYPES: LazyLock<BTreeMap<String, Definition>> = LazyLock::new(|| match definitions(TABLE) {
    Ok(found) => found.into_iter().collect(),
    Err(error) => {
        tracing::error!(?error, "the sandbox's type table cannot be read");
        BTreeMap::new()
    }
});

/// The fields of an object type.
pub(super) fn object(name: &str) -> Option<&'static [Field]> {
    match TYPES.get(name) {
        Some(Definition::Object(fields)) => Some(fields),
        _ => None,
    }
}

/// A field of an object type.
pub(super) fn field(type_name: &str, name: &str) -> Option<&'static Field> {
    object(type_name)?.iter().find(|field| field.name == name)
}

/// An operation whose fields and arguments are all known, with the arguments filled in.
#[derive(Debug)]
pub(super) struct Checked {
    pub key: String,
    pub name: String,
    pub of: &'static TypeRef,
    pub arguments: Map<String, Value>,
    pub selections: Vec<Checked>,
}

/// The root type of an operation.
pub(super) fn root(operation: &Operation) -> &'static str {
    if operation.mutation { "Mutation" } else { "QueryRoot" }
}

/// A top-level error as the vendor writes it.
fn error(message: String, place: Place, path: &[String], code: &str, more: &[(&str, &str)]) -> Value {
    let mut extensions = json!({ "code": code });
    for (name, value) in more {
        extensions[*name] = json!(value);
    }
    json!({ "message": message, "locations": [{ "line": place.0, "column": place.1 }], "path": path,
        "extensions": extensions })
}

/// Checks a whole operation; the errors are ready to be sent.
pub(super) fn check(operation: &Operation, given: &Value) -> Result<Vec<Checked>, Vec<Value>> {
    let mut variables = BTreeMap::new();
    let mut errors = Vec::new();
    for variable in &operation.variables {
        let value = match (&given[&variable.name], &variable.default) {
            (Value::Null, Some(default)) => plain(default, &BTreeMap::new()).unwrap_or_default(),
            (value, _) => value.clone(),
        };
        match coerce(&variable.of, &value) {
            Ok(value) => {
                variables.insert(variable.name.clone(), value);
            }
            Err((path, why)) => errors.push(json!({
                "message": format!("Variable ${} of type {} was provided invalid value{}", variable.name, variable.of,
                    if path.is_empty() { String::new() } else { format!(" for {} ({why})", path.join(".")) }),
                "locations": [{ "line": 1, "column": 1 }],
                "extensions": { "code": "INVALID_VARIABLE", "value": value,
                    "problems": [{ "path": path, "explanation": why }] },
            })),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut path = vec![operation.title()];
    let checked = selections(root(operation), &operation.selections, &variables, &mut path, &mut errors);
    if errors.is_empty() { Ok(checked) } else { Err(errors) }
}

fn selections(
    type_name: &str,
    wanted: &[Selection],
    variables: &BTreeMap<String, Value>,
    path: &mut Vec<String>,
    errors: &mut Vec<Value>,
) -> Vec<Checked> {
    let mut checked = Vec::new();
    for selection in wanted {
        path.push(selection.key().to_owned());
        let Some(field) = known(type_name, &selection.name) else {
            let message = format!("Field '{}' doesn't exist on type '{type_name}'", selection.name);
            let more = [("typeName", type_name), ("fieldName", selection.name.as_str())];
            errors.push(error(message, selection.place, path, "undefinedField", &more));
            path.pop();
            continue;
        };
        let arguments = arguments(type_name, field, selection, variables, path, errors);
        let of = field.of.name();
        match (object(of).is_some(), selection.selections.is_empty()) {
            (true, true) => {
                let message = format!(
                    "Field must have selections (field '{}' returns {of} but has no selections. Did you mean '{} {{ ... }}'?)",
                    selection.name, selection.name
                );
                errors.push(error(
                    message,
                    selection.place,
                    path,
                    "selectionMismatch",
                    &[("nodeName", &selection.name)],
                ));
            }
            (false, false) => {
                let message = format!(
                    "Selections can't be made on scalars (field '{}' returns {of} but has selections)",
                    selection.name
                );
                errors.push(error(
                    message,
                    selection.place,
                    path,
                    "selectionMismatch",
                    &[("nodeName", &selection.name)],
                ));
            }
            _ => {}
        }
        let nested = if object(of).is_some() {
            selections(of, &selection.selections, variables, path, errors)
        } else {
            vec![]
        };
        checked.push(Checked {
            key: selection.key().to_owned(),
            name: selection.name.clone(),
            of: &field.of,
            arguments,
            selections: nested,
        });
        path.pop();
    }
    checked
}

static TYPENAME: LazyLock<Field> = LazyLock::new(|| Field {
    name: "__typename".into(),
    of: TypeRef::Required(Box::new(TypeRef::Named("String".into()))),
    arguments: vec![],
});

fn known(type_name: &str, name: &str) -> Option<&'static Field> {
    if name == "__typename" { Some(&TYPENAME) } else { field(type_name, name) }
}

fn arguments(
    type_name: &str,
    field: &'static Field,
    selection: &Selection,
    variables: &BTreeMap<String, Value>,
    path: &[String],
    errors: &mut Vec<Value>,
) -> Map<String, Value> {
    let mut filled = Map::new();
    for (name, literal) in &selection.arguments {
        let Some(known) = field.arguments.iter().find(|known| known.name == *name) else {
            let message = format!("Field '{}' doesn't accept argument '{name}'", field.name);
            let more =
                [("name", field.name.as_str()), ("typeName", "Field"), ("argumentName", name.as_str())];
            errors.push(error(message, selection.place, path, "argumentNotAccepted", &more));
            continue;
        };
        match plain(literal, variables) {
            Err(variable) => {
                let title = path.first().map_or("query", String::as_str);
                let message = format!("Variable ${variable} is used by {title} but not declared");
                errors.push(error(
                    message,
                    selection.place,
                    path,
                    "variableNotDefined",
                    &[("variableName", &variable)],
                ));
            }
            Ok(value) => match coerce(&known.of, &value) {
                Ok(value) => {
                    filled.insert(name.clone(), value);
                }
                Err((inner, why)) => {
                    let shown = if inner.is_empty() {
                        value.to_string()
                    } else {
                        format!("{}: {why}", inner.join("."))
                    };
                    let message = format!(
                        "Argument '{name}' on Field '{}' has an invalid value ({shown}). Expected type '{}'.",
                        field.name, known.of
                    );
                    let more = [("typeName", "Field"), ("argumentName", name.as_str())];
                    errors.push(error(message, selection.place, path, "argumentLiteralsIncompatible", &more));
                }
            },
        }
    }
    let missing: Vec<&str> = field
        .arguments
        .iter()
        .filter(|known| {
            known.of.required() && !selection.arguments.iter().any(|(name, _)| *name == known.name)
        })
        .map(|known| known.name.as_str())
        .collect();
    if !missing.is_empty() {
        let message = format!("Field '{}' is missing required arguments: {}", field.name, missing.join(", "));
        let more = [("className", "Field"), ("name", field.name.as_str()), ("typeName", type_name)];
        errors.push(error(message, selection.place, path, "missingRequiredArguments", &more));
    }
    filled
}

/// A literal with its variables filled in; the error is an undeclared variable's name.
fn plain(literal: &Literal, variables: &BTreeMap<String, Value>) -> Result<Value, String> {
    Ok(match literal {
        Literal::Plain(value) => value.clone(),
        Literal::Word(word) => json!(word),
        Literal::Variable(name) => variables.get(name).cloned().ok_or_else(|| name.clone())?,
        Literal::List(items) => {
            Value::Array(items.iter().map(|item| plain(item, variables)).collect::<Result<_, _>>()?)
        }
        Literal::Object(fields) => {
            let filled = fields.iter().map(|(name, value)| Ok((name.clone(), plain(value, variables)?)));
            Value::Object(filled.collect::<Result<_, String>>()?)
        }
    })
}

/// Where in an input value something is wrong, and what.
type Wrong = (Vec<String>, String);

/// Checks a value against a type and brings it into the type's form.
fn coerce(of: &TypeRef, value: &Value) -> Result<Value, Wrong> {
    let wrong = |why: String| Err((vec![], why));
    match of {
        TypeRef::Required(_) if value.is_null() => wrong("Expected value to not be null".into()),
        TypeRef::Required(inner) => coerce(inner, value),
        _ if value.is_null() => Ok(Value::Null),
        TypeRef::List(inner) => {
            let Value::Array(items) = value else {
                return coerce(inner, value).map(|one| json!([one]));
            };
            let each = items
                .iter()
                .enumerate()
                .map(|(at, item)| coerce(inner, item).map_err(|wrong| deeper(at.to_string(), wrong)));
            each.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        TypeRef::Named(name) => match (name.as_str(), TYPES.get(name), value) {
            (_, Some(Definition::Input(fields)), Value::Object(given)) => input(name, fields, given),
            (_, Some(Definition::Enum(words)), Value::String(word)) if words.contains(word) => {
                Ok(value.clone())
            }
            (_, Some(Definition::Enum(words)), _) => {
                wrong(format!("Expected {value} to be one of: {}", words.join(", ")))
            }
            ("ID", _, Value::String(_)) | ("Boolean", _, Value::Bool(_)) => Ok(value.clone()),
            ("ID", _, Value::Number(number)) => Ok(json!(number.to_string())),
            ("String" | "URL" | "DateTime", _, Value::String(_)) => Ok(value.clone()),
            ("Int", _, Value::Number(number))
                if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) =>
            {
                Ok(value.clone())
            }
            ("Float", _, Value::Number(_)) => Ok(value.clone()),
            _ => wrong(format!("Could not coerce value {value} to {name}")),
        },
    }
}

fn input(name: &str, fields: &[Field], given: &Map<String, Value>) -> Result<Value, Wrong> {
    if let Some(stranger) = given.keys().find(|key| !fields.iter().any(|field| field.name == **key)) {
        return Err((vec![stranger.clone()], format!("Field is not defined on {name}")));
    }
    let mut filled = Map::new();
    for field in fields {
        match given.get(&field.name) {
            None if field.of.required() => {
                return Err((vec![field.name.clone()], "Expected value to not be null".into()));
            }
            None => {}
            Some(value) => {
                let value = coerce(&field.of, value).map_err(|wrong| deeper(field.name.clone(), wrong))?;
                filled.insert(field.name.clone(), value);
            }
        }
    }
    Ok(Value::Object(filled))
}

fn deeper(step: String, (mut path, why): Wrong) -> Wrong {
    path.insert(0, step);
    (path, why)
}
