//! What handlers take from a request. Each refuses with a page of ours, which
//! actix's own do not; those are disallowed by lint.

use super::{WebError, WebResult, app::BODY_LIMIT, markup::FormErrors};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header, web};
use futures_util::future::{LocalBoxFuture, Ready, ready};
use serde::de::DeserializeOwned;
use std::{ops::Deref, time::Duration};

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

macro_rules! holds {
    ($name:ident) => {
        impl<T> Deref for $name<T> {
            type Target = T;
            fn deref(&self) -> &T {
                &self.0
            }
        }
    };
}

/// What varies in the path, such as an id. What does not parse is not found.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);
holds!(Path);

impl<T: DeserializeOwned + 'static> FromRequest for Path<T> {
    type Error = WebError;
    type Future = Ready<WebResult<Path<T>>>;

    #[expect(clippy::disallowed_types, reason = "this is what replaces it")]
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let path = web::Path::<T>::from_request(request, payload).into_inner();
        ready(path.map(|path| Path(path.into_inner())).map_err(|_| WebError::NotFound))
    }
}

/// The query of a URL, typed. Lists use [`super::list::List`], which forgives.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);
holds!(Query);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = WebError;
    type Future = Ready<WebResult<Query<T>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parsed = serde_html_form::from_str(request.query_string());
        ready(parsed.map(Query).map_err(|_| {
            WebError::Malformed(
                "The address holds something this page does not know. Open it from a link.".into(),
            )
        }))
    }
}

/// A form, typed: unknown and missing fields and wrong types are refused as a
/// whole. Take texts and check them yourself where a person may mistype.
#[derive(Debug, Clone)]
pub struct Form<T>(pub T);
holds!(Form);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = WebError;
    type Future = LocalBoxFuture<'static, WebResult<Form<T>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let fields = Fields::from_request(request, payload);
        Box::pin(async move { fields.await?.parse().map(Form).map_err(WebError::Refused) })
    }
}

/// A form as it was sent: names and values in order, to keep what was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// Reads form or query text.
    pub fn read(text: &[u8]) -> Fields {
        Fields(url::form_urlencoded::parse(text).into_owned().collect())
    }

    /// The first value of a field; empty when it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.as_str())
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box is ticked.
    pub fn ticked(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// Takes a field out and answers its first value.
    pub fn take(&mut self, name: &str) -> String {
        let value = self.get(name).to_owned();
        self.0.retain(|(field, _)| field != name);
        value
    }

    /// As a typed value.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, FormErrors> {
        let text: String =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish();
        serde_html_form::from_str(&text).map_err(|error| {
            tracing::debug!(%error, "a form does not fit");
            [("", "This form does not hold what the page asks for. Load the page again and repeat.")]
                .into_iter()
                .collect()
        })
    }
}

impl FromRequest for Fields {
    type Error = WebError;
    type Future = LocalBoxFuture<'static, WebResult<Fields>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = request.content_type().to_ascii_lowercase();
        let announced = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse::<usize>().ok())
            .unwrap_or(0);
        let payload = web::Payload::from_request(request, payload).into_inner();
        Box::pin(async move {
            // a button without fields sends no body and, from some clients, no type
            if kind != "application/x-www-form-urlencoded" && !(kind.is_empty() && announced == 0) {
                return Err(WebError::MediaType);
            }
            if announced > BODY_LIMIT {
                return Err(WebError::TooLarge);
            }
            let payload = payload.map_err(|e| WebError::Broken(anyhow::anyhow!("{e}")))?;
            let bytes = match tokio::time::timeout(PATIENCE, payload.to_bytes_limited(BODY_LIMIT)).await {
                Ok(Ok(Ok(bytes))) => bytes,
                Ok(Err(_)) => return Err(WebError::TooLarge),
                Ok(Ok(Err(_))) | Err(_) => {
                    return Err(WebError::Malformed("Its end did not arrive. Send it again.".into()));
                }
            };
            let fields = Fields::read(&bytes);
            // the one character that PostgreSQL cannot keep in a text
            if fields.0.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
                return Err(WebError::Malformed("It holds a character that nobody can type.".into()));
            }
            Ok(fields)
        })
    }
}
