//! One bound statement, built from fixed text and values.
//!
//! The text is `&'static str` by type, so nothing that arrives at run time can
//! become SQL; values are only ever bound. Unlike `diesel::sql_query` the
//! statement is cached by its text, which saves a prepare on every call.
//! Single-table reads and writes use diesel's own language; lists, joins and
//! set-wise statements use this.

use crate::clock::Instant;
use diesel::{
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::{Error, QueryResult},
    sql_types::{Array, BigInt, Bool, Bytea, Double, Integer, Jsonb, Nullable, Text, Timestamptz, Untyped},
};
use serde_json::Value;

/// A value to bind, with its SQL type.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is named after its SQL type")]
pub enum Bind {
    Int8(i64),
    Int8Null(Option<i64>),
    Int4(i32),
    Int4Null(Option<i32>),
    Float8(f64),
    Bool(bool),
    BoolNull(Option<bool>),
    Text(String),
    TextNull(Option<String>),
    Time(Instant),
    TimeNull(Option<Instant>),
    Json(Value),
    JsonNull(Option<Value>),
    Bytes(Vec<u8>),
    BytesNull(Option<Vec<u8>>),
    Texts(Vec<String>),
    Int8s(Vec<i64>),
    Int4s(Vec<i32>),
    Int8sNull(Vec<Option<i64>>),
    Int4sNull(Vec<Option<i32>>),
    TextsNull(Vec<Option<String>>),
    TimesNull(Vec<Option<Instant>>),
    Bools(Vec<bool>),
}

macro_rules! from {
    ($($type:ty => $variant:ident),* $(,)?) => {$(
        impl From<$type> for Bind {
            fn from(value: $type) -> Self {
                Bind::$variant(value)
            }
        }
    )*};
}
from! {
    i64 => Int8, Option<i64> => Int8Null, i32 => Int4, Option<i32> => Int4Null, f64 => Float8, bool => Bool,
    Option<bool> => BoolNull,
    Instant => Time, Option<Instant> => TimeNull, Vec<u8> => Bytes, Option<Vec<u8>> => BytesNull,
    Vec<i64> => Int8s, Vec<i32> => Int4s, Vec<Option<i64>> => Int8sNull, Vec<Option<i32>> => Int4sNull,
    Vec<Option<Instant>> => TimesNull, Vec<bool> => Bools,
}

/// PostgreSQL keeps every character but one. What comes from outside may hold
/// it, and one such text must not stop all the work that stands behind it.
fn keepable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "␀") } else { text }
}

fn keepable_json(mut value: Value) -> Value {
    match &mut value {
        Value::String(text) if text.contains('\0') => *text = text.replace('\0', "␀"),
        Value::Array(items) => items.iter_mut().for_each(|item| *item = keepable_json(item.take())),
        Value::Object(map) => {
            if map.keys().any(|key| key.contains('\0')) {
                *map = std::mem::take(map).into_iter().map(|(key, value)| (keepable(key), value)).collect();
            }
            map.values_mut().for_each(|item| *item = keepable_json(item.take()));
        }
        _ => {}
    }
    value
}

macro_rules! from_texts {
    ($($type:ty => |$value:ident| $bind:expr;)*) => {$(
        impl From<$type> for Bind {
            fn from($value: $type) -> Self {
                $bind
            }
        }
    )*};
}
from_texts! {
    String => |text| Bind::Text(keepable(text));
    &String => |text| Bind::Text(keepable(text.clone()));
    &str => |text| Bind::Text(keepable(text.to_owned()));
    Option<String> => |text| Bind::TextNull(text.map(keepable));
    Option<&str> => |text| Bind::TextNull(text.map(|text| keepable(text.to_owned())));
    Vec<String> => |texts| Bind::Texts(texts.into_iter().map(keepable).collect());
    Vec<Option<String>> => |texts| Bind::TextsNull(texts.into_iter().map(|text| text.map(keepable)).collect());
    Value => |value| Bind::Json(keepable_json(value));
    Option<Value> => |value| Bind::JsonNull(value.map(keepable_json));
}

#[derive(Debug, Clone)]
enum Piece {
    Text(&'static str),
    Hole,
    Bind(Bind),
    Unprepared,
}

/// A statement: fixed text with `{}` where values are bound, in order.
///
/// ```ignore
/// sql("select id from orders where account_id = {} and number = {}").bind(account).bind(number)
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Sql {
    pieces: Vec<Piece>,
}

/// Starts a statement.
pub fn sql(text: &'static str) -> Sql {
    Sql::default().push(text)
}

impl Sql {
    /// Appends fixed text; each `{}` in it waits for a [`Sql::bind`].
    pub fn push(mut self, text: &'static str) -> Sql {
        let mut parts = text.split("{}");
        if let Some(first) = parts.next() {
            self.pieces.push(Piece::Text(first));
        }
        for part in parts {
            self.pieces.push(Piece::Hole);
            self.pieces.push(Piece::Text(part));
        }
        self
    }

    /// Fills the next hole.
    pub fn bind(mut self, value: impl Into<Bind>) -> Sql {
        match self.pieces.iter_mut().find(|p| matches!(p, Piece::Hole)) {
            Some(hole) => *hole = Piece::Bind(value.into()),
            // one value too many: leave a hole, so that running it fails loudly
            None => self.pieces.push(Piece::Hole),
        }
        self
    }

    /// Appends another statement's pieces.
    pub fn append(mut self, other: Sql) -> Sql {
        self.pieces.extend(other.pieces);
        self
    }

    /// Says that few others will be worded like it, so that no connection keeps it
    /// prepared.
    pub fn unprepared(mut self) -> Sql {
        self.pieces.push(Piece::Unprepared);
        self
    }

    /// Whether anything was written yet.
    pub fn is_empty(&self) -> bool {
        self.pieces.iter().all(|p| matches!(p, Piece::Text("") | Piece::Unprepared))
    }
}

impl QueryId for Sql {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Sql {
    type SqlType = Untyped;
}

impl QueryFragment<Pg> for Sql {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_sql(text),
                Piece::Unprepared => out.unsafe_to_cache_prepared(),
                Piece::Hole => {
                    return Err(Error::QueryBuilderError(
                        "a {} of the statement has no value, or a value no {}".into(),
                    ));
                }
                Piece::Bind(bind) => match bind {
                    Bind::Int8(v) => out.push_bind_param::<BigInt, _>(v)?,
                    Bind::Int8Null(v) => out.push_bind_param::<Nullable<BigInt>, _>(v)?,
                    Bind::Int4(v) => out.push_bind_param::<Integer, _>(v)?,
                    Bind::Int4Null(v) => out.push_bind_param::<Nullable<Integer>, _>(v)?,
                    Bind::Float8(v) => out.push_bind_param::<Double, _>(v)?,
                    Bind::Bool(v) => out.push_bind_param::<Bool, _>(v)?,
                    Bind::BoolNull(v) => out.push_bind_param::<Nullable<Bool>, _>(v)?,
                    Bind::Text(v) => out.push_bind_param::<Text, _>(v)?,
                    Bind::TextNull(v) => out.push_bind_param::<Nullable<Text>, _>(v)?,
                    Bind::Time(v) => out.push_bind_param::<Timestamptz, _>(v)?,
                    Bind::TimeNull(v) => out.push_bind_param::<Nullable<Timestamptz>, _>(v)?,
                    Bind::Json(v) => out.push_bind_param::<Jsonb, _>(v)?,
                    Bind::JsonNull(v) => out.push_bind_param::<Nullable<Jsonb>, _>(v)?,
                    Bind::Bytes(v) => out.push_bind_param::<Bytea, _>(v)?,
                    Bind::BytesNull(v) => out.push_bind_param::<Nullable<Bytea>, _>(v)?,
                    Bind::Texts(v) => out.push_bind_param::<Array<Text>, _>(v)?,
                    Bind::Int8s(v) => out.push_bind_param::<Array<BigInt>, _>(v)?,
                    Bind::Int4s(v) => out.push_bind_param::<Array<Integer>, _>(v)?,
                    Bind::Int8sNull(v) => out.push_bind_param::<Array<Nullable<BigInt>>, _>(v)?,
                    Bind::Int4sNull(v) => out.push_bind_param::<Array<Nullable<Integer>>, _>(v)?,
                    Bind::TextsNull(v) => out.push_bind_param::<Array<Nullable<Text>>, _>(v)?,
                    Bind::TimesNull(v) => out.push_bind_param::<Array<Nullable<Timestamptz>>, _>(v)?,
                    Bind::Bools(v) => out.push_bind_param::<Array<Bool>, _>(v)?,
                },
            }
        }
        Ok(())
    }
}
