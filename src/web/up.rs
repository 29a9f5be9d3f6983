//! What machines ask: whether we live, whether we can work, what not to crawl.

use super::app::App;
use crate::{
    clock::{self, Instant},
    db::DbError,
};
use actix_web::{HttpResponse, http::header, web};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

fn text(mut answer: actix_web::HttpResponseBuilder, body: impl Into<String>) -> HttpResponse {
    answer.content_type("text/plain; charset=utf-8").body(body.into())
}

/// `GET /healthz`: the process answers.
pub async fn healthz() -> HttpResponse {
    text(HttpResponse::Ok(), "ok\n")
}

/// `GET /readyz`: requests may come here. 503 with the reason otherwise.
pub async fn readyz(app: web::Data<App>) -> HttpResponse {
    let reason = match app.not_ready() {
        Some(reason) => Some(reason),
        None => database_reason(&app).await,
    };
    match reason {
        None => text(HttpResponse::Ok(), "ready\n"),
        Some(reason) => text(HttpResponse::ServiceUnavailable(), format!("{reason}\n")),
    }
}

async fn database_reason(app: &App) -> Option<&'static str> {
    let ask = async {
        // opening a transaction is a round trip already
        app.db.global().await.map(drop)
    };
    match tokio::time::timeout(Duration::from_secs(2), ask).await {
        Ok(Ok(())) => None,
        Ok(Err(DbError::Pool(_) | DbError::Query(_))) | Err(_) => Some("no database"),
    }
}

/// `GET /robots.txt`: nothing here is for crawlers.
pub async fn robots() -> HttpResponse {
    text(HttpResponse::Ok(), "User-agent: *\nDisallow: /\n")
}

/// So many reports a minute are logged. Anybody may send them, and nobody needs
/// more to see what is wrong.
const REPORTS: u32 = 60;

/// Counts the reports of this minute.
#[derive(Debug, Default)]
pub struct Reports(Mutex<(i64, u32)>);

impl Reports {
    fn admit(&self, now: Instant) -> bool {
        let minute = now.timestamp() / 60;
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.0 != minute {
            *counted = (minute, 0);
        }
        counted.1 += 1;
        counted.1 <= REPORTS
    }
}

/// `POST /csp-reports`: what a browser refused to run on our pages. Logged, cut
/// short, never trusted.
pub async fn csp_reports(app: web::Data<App>, body: web::Bytes) -> HttpResponse {
    if !app.reports.admit(clock::now()) {
        return HttpResponse::TooManyRequests().insert_header((header::RETRY_AFTER, "60")).finish();
    }
    let report: String =
        String::from_utf8_lossy(&body).chars().filter(|c| !c.is_control()).take(2000).collect();
    tracing::warn!(report, "content security policy");
    HttpResponse::NoContent().insert_header((header::CACHE_CONTROL, "no-store")).finish()
}
