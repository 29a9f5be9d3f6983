//! `GET /live`: one page's stream.

use super::{
    Seat, Topic,
    reading::{self, News},
};
use crate::{
    accounts::Role,
    clock,
    db::sql,
    ids::log_id_floor,
    web::{
        Fields, Visitor, WebError, WebResult,
        guard::{ACCOUNT, SESSION},
        shell,
    },
};
use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, http::header};
use bytes::Bytes;
use diesel::{QueryableByName, sql_types::Text};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, Interval, MissedTickBehavior, interval, sleep_until},
};

/// A comment goes out so often, so that nothing between takes the stream for
/// dead, and whoever listens is checked again.
const BEAT: Duration = Duration::from_secs(5);
/// Then the page has to ask anew, as for any other page.
const LONGEST: Duration = Duration::from_secs(600);
/// A page is about no more than this.
const TOPICS: usize = 50;

/// What a page is told, and until when.
struct Stream {
    visitor: Visitor,
    /// Which of the person's sessions opened it.
    session: String,
    about: Vec<Topic>,
    news: Receiver<Arc<News>>,
    seat: Seat,
    beat: Interval,
    end: Instant,
    until: i64,
    /// To be sent before anything else.
    first: Option<Bytes>,
    over: bool,
}

/// `GET /live?about=shipment:5&about=problems&after=…`
///
/// Whoever does not ask for a stream is told what there is so far.
pub async fn show(visitor: Visitor, request: HttpRequest, session: Session) -> WebResult<HttpResponse> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let fields = Fields::read(visitor.asked.query.as_bytes());
    let about: Vec<Topic> = fields
        .0
        .iter()
        .filter(|(name, _)| name == "about")
        .map(|(_, text)| Topic::parse(text))
        .collect::<Option<_>>()
        .filter(|about: &Vec<Topic>| about.len() <= TOPICS)
        .ok_or_else(|| WebError::Malformed("It asks about something that does not change.".into()))?;
    // what came back after a cut is newer than what the page knew
    let after = header("last-event-id").and_then(|id| id.parse().ok());
    let after =
        after.or_else(|| fields.get("after").parse().ok()).unwrap_or_else(|| log_id_floor(visitor.now));
    let session: String = session.get(SESSION).ok().flatten().ok_or(WebError::SignIn)?;

    // first listen, then read what was before: nothing falls between
    let news = visitor.app.live.listen(visitor.person.account);
    let mut scope = visitor.scope().await?;
    let missed = reading::since(&mut scope, after).await?;
    drop(scope);
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat.reset();
    let mut stream = Stream {
        seat: visitor.app.live.seat(&session),
        session,
        about,
        news,
        beat,
        end: Instant::now() + LONGEST,
        until: missed.until,
        first: None,
        over: false,
        visitor,
    };
    let mut first = format!("retry: 2000\nid: {}\n\n", stream.until);
    if let Some(event) = stream.event(&missed).await? {
        first.push_str(&event);
    }
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        // a proxy that collects an answer before it passes it on would hold all of it
        .insert_header(("x-accel-buffering", "no"));
    if header("accept") != Some("text/event-stream") {
        return Ok(answer.body(first));
    }
    stream.first = Some(first.into());
    Ok(answer.streaming(futures_util::stream::unfold(stream, async |mut stream| {
        let next = stream.next().await?;
        Some((Ok::<_, std::convert::Infallible>(next), stream))
    })))
}

impl Stream {
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let app = self.visitor.app.clone();
        loop {
            let news = tokio::select! {
                biased;
                () = app.stopping() => return None,
                () = self.seat.lost() => return Some(self.bye()),
                () = sleep_until(self.end) => return None,
                _ = self.beat.tick() => {
                    return Some(match self.is_allowed().await {
                        true => format!("id: {}\n\n", self.until).into(),
                        false => self.bye(),
                    });
                }
                news = self.news.recv() => news,
            };
            let told = match news {
                Ok(news) => self.event(&news).await,
                // too much at once: all of it may have changed
                Err(RecvError::Lagged(_)) => self.tell(self.about.clone()).await.map(Some),
                Err(RecvError::Closed) => return None,
            };
            match told {
                Ok(None) => {}
                // nothing goes to a session that has ended meanwhile
                Ok(Some(event)) if self.is_allowed().await => return Some(event.into()),
                Ok(Some(_)) => return Some(self.bye()),
                Err(error) => {
                    tracing::warn!("a live stream ends: {}", error.chain());
                    return None;
                }
            }
        }
    }

    /// The last word: the page is not to come back by itself.
    fn bye(&mut self) -> Bytes {
        self.over = true;
        Bytes::from_static(b"event: bye\ndata: {}\n\n")
    }

    /// What of the news the page is about.
    async fn event(&mut self, news: &News) -> WebResult<Option<String>> {
        self.until = self.until.max(news.until);
        let changed: Vec<Topic> = self.about.iter().filter(|topic| news.is_about(topic)).copied().collect();
        // the navigation of every page counts the problems
        match changed.is_empty() && !news.is_about(&Topic::Problems) {
            true => Ok(None),
            false => self.tell(changed).await.map(Some),
        }
    }

    async fn tell(&mut self, changed: Vec<Topic>) -> WebResult<String> {
        let mut scope = self.visitor.scope().await?;
        let problems = shell::problems(&self.visitor, &mut scope, clock::now()).await?;
        let changed: Vec<String> = changed.iter().map(Topic::to_string).collect();
        let data = json!({ "changed": changed, "problems": problems });
        Ok(format!("id: {}\ndata: {data}\n\n", self.until))
    }

    /// Whether the session goes on, in this account and with the same role.
    async fn is_allowed(&self) -> bool {
        #[derive(QueryableByName)]
        struct Still {
            #[diesel(sql_type = Text)]
            role: Role,
        }
        let person = &self.visitor.person;
        let still = async {
            let mut global = self.visitor.app.db.global().await?;
            global
                .row::<Still>(
                    sql("select m.role from sessions s join users u on u.id = s.user_id \
                         join memberships m on m.user_id = u.id \
                         where s.user_id = {} and s.state ->> {} = {} and s.state ->> {} = {} and s.expires_at > {} \
                         and m.account_id = {} and u.disabled_at is null")
                    .bind(person.user)
                    // the state holds each value as JSON
                    .bind(SESSION)
                    .bind(json!(self.session).to_string())
                    .bind(ACCOUNT)
                    .bind(person.account.to_string())
                    .bind(clock::now())
                    .bind(person.account),
                )
                .await
        };
        match still.await {
            Ok(still) => still.is_some_and(|still| still.role == person.role),
            Err(error) => {
                tracing::warn!("a live stream ends: {error:#}");
                false
            }
        }
    }
}
