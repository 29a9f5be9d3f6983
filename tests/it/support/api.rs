//! A program that calls the JSON API with a token. Whatever it is answered must
//! stand in the OpenAPI document.

use super::{
    counter::Counter,
    portal::{Answer, Browser, add_user},
    shop::Shop,
};
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::LazyLock};
use waybill::{
    accounts::{
        Role,
        tokens::{self, Scope},
    },
    db::Db,
    ids::{AccountId, UserId},
};

static DOCUMENT: LazyLock<Value> = LazyLock::new(waybill::api::document);

/// A program with a token.
#[derive(Clone)]
pub struct Program {
    browser: Browser,
    /// Its token.
    pub token: String,
}

/// What it was answered.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body; null when it is no JSON.
    pub json: Value,
    /// The whole answer.
    pub answer: Answer,
}

impl Reply {
    /// The stable word of a problem; empty without one.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// The fields a problem names.
    pub fn fields(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|e| e["field"].as_str()).collect()
    }

    /// It went well.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status < 300, "{}: {}", self.status, self.answer.body);
        self.json
    }

    /// It was refused so.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Reply {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.answer.body);
        assert_eq!(self.answer.header("content-type"), "application/problem+json");
        assert!(!self.json["detail"].as_str().unwrap_or_default().is_empty());
        self
    }
}

impl Program {
    /// Of an admin, with every scope.
    pub async fn over(counter: &Counter<'_>, shop: &Shop) -> Program {
        Program::with(counter, shop, Role::Admin, Scope::ALL).await
    }

    /// Of somebody, with some scopes.
    pub async fn with(counter: &Counter<'_>, shop: &Shop, role: Role, scopes: &[Scope]) -> Program {
        let name = format!("{role}.{}", waybill::secrets::random_hex::<4>());
        let user = add_user(&shop.database, &name, &[(shop.account, role)]).await;
        Program::of(counter.address(), &shop.db, shop.account, user.id, scopes).await
    }

    /// Of anybody, anywhere.
    pub async fn of(
        address: SocketAddr,
        db: &Db,
        account: AccountId,
        user: UserId,
        scopes: &[Scope],
    ) -> Program {
        let made = tokens::create(db, account, user, "Stock sync", scopes, None).await;
        Program { browser: Browser::new(address), token: made.expect("a token").token }
    }

    /// Reads.
    pub async fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, &[], None).await
    }

    /// Writes.
    pub async fn post(&mut self, path: &str, body: Value) -> Reply {
        self.send("POST", path, &[], Some(body.to_string())).await
    }

    /// Sends anything; a body is JSON unless a header says otherwise.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Reply {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("authorization", bearer.as_str())];
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
            all.push(("content-type", "application/json"));
        }
        all.extend_from_slice(headers);
        let answer = self.browser.send(method, path, &all, body).await;
        documented(method, path, &answer);
        let json = serde_json::from_str(&answer.body).unwrap_or(json!(null));
        Reply { status: answer.status, json, answer }
    }
}

/// The answer stands in the document, with its status and type.
#[track_caller]
fn documented(method: &str, path: &str, answer: &Answer) {
    let bare = path.split('?').next().unwrap_or_default();
    let shape: Vec<&str> = bare.split('/').collect();
    let fits = |pattern: &&String| {
        let parts: Vec<&str> = pattern.split('/').collect();
        parts.len() == shape.len()
            && parts.iter().zip(&shape).all(|(part, given)| match part.split_once("{") {
                None => part == given,
                Some((before, rest)) => {
                    let after = rest.split_once('}').map_or("", |(_, after)| after);
                    let number = given.strip_prefix(before).and_then(|g| g.strip_suffix(after));
                    number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
                }
            })
    };
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let Some(known) = paths.keys().find(fits) else {
        assert_eq!(answer.status, 404, "{path} is not documented: {}", answer.body);
        return;
    };
    let operation = &DOCUMENT["paths"][known][method.to_ascii_lowercase()];
    if operation.is_null() {
        assert!(matches!(answer.status, 404 | 405), "{method} {path} is not documented: {}", answer.body);
        return;
    }
    let response = &operation["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{method} {known} does not document {}: {}", answer.status, answer.body);
    let kind = answer.header("content-type").split(';').next().unwrap_or_default();
    assert!(
        response["content"].as_object().is_some_and(|c| c.contains_key(kind)),
        "{method} {known} does not document {kind} for {}",
        answer.status
    );
}
