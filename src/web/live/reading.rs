//! Reading what was added to an account's history.

use super::Topic;
use crate::{
    clock::Instant,
    db::{Db, DbResult, Scope, sql},
    evidence::activity::Subject,
    ids::{AccountId, log_id_floor, log_id_time},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use std::collections::{BTreeSet, HashMap};

/// An id is taken before its transaction commits: a line may appear behind one
/// that was read already. So far back it is looked again.
const OVERLAP: chrono::Duration = chrono::Duration::seconds(5);
/// More lines than this at once are not told apart.
const MOST: i64 = 5_000;
/// The newest imports, exports and bulk operations, so many of each, are looked at for
/// progress.
const NEWEST: i64 = 20;

/// What changed in an account since the last time it was read.
#[derive(Debug)]
pub struct News {
    /// The newest line that was read: where a cut stream goes on.
    pub until: i64,
    lines: Vec<Line>,
    /// What went on without a line.
    progress: Vec<Topic>,
    /// Progress is not written down: after a cut all of it may have changed.
    cut: bool,
    /// More changed than is told apart.
    everything: bool,
}

impl News {
    /// Whether it is about a topic.
    pub fn is_about(&self, topic: &Topic) -> bool {
        self.everything
            || self.lines.iter().any(|line| line.is_about(topic))
            || self.progress.contains(topic)
            || self.cut && topic.is_progress()
    }
}

#[derive(Debug, QueryableByName)]
struct Line {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    subject_kind: Subject,
    #[diesel(sql_type = BigInt)]
    subject_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    order_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    shipment_id: Option<i64>,
}

impl Line {
    fn is_about(&self, topic: &Topic) -> bool {
        match *topic {
            Topic::Any => true,
            // a problem opens and closes with what happens to its shipment
            Topic::Problems => self.subject_kind == Subject::Problem || self.shipment_id.is_some(),
            Topic::Record(kind, id) => {
                (self.subject_kind, self.subject_id) == (kind, id)
                    || kind == Subject::Order && self.order_id == Some(id)
                    || kind == Subject::Shipment && self.shipment_id == Some(id)
            }
        }
    }
}

#[derive(QueryableByName)]
struct Progress {
    #[diesel(sql_type = Text)]
    subject_kind: Subject,
    #[diesel(sql_type = BigInt)]
    subject_id: i64,
    /// Its state and counters, to see whether they changed.
    #[diesel(sql_type = Text)]
    look: String,
}

/// How far an account's history was read.
#[derive(Debug)]
pub struct Reading {
    /// Nothing up to here is read again.
    floor: i64,
    /// What was read above it.
    seen: BTreeSet<i64>,
    /// What imports, exports and bulk operations looked like.
    progress: HashMap<Topic, String>,
}

impl Reading {
    /// From a moment on.
    pub fn from(at: Instant) -> Reading {
        Reading { floor: log_id_floor(at - OVERLAP), seen: BTreeSet::new(), progress: HashMap::new() }
    }

    /// What was added since; `None` when nothing was.
    pub async fn next(&mut self, db: &Db, account: AccountId) -> DbResult<Option<News>> {
        let mut scope = db.snapshot(account).await?;
        let rows = lines(&mut scope, self.floor).await?;
        let looks = progress(&mut scope).await?;
        drop(scope);
        let moved = looks.iter().filter(|(topic, look)| self.progress.get(topic) != Some(look));
        let moved: Vec<Topic> = moved.map(|(topic, _)| *topic).collect();
        self.progress = looks;
        let everything = i64::try_from(rows.len()).unwrap_or(MOST) >= MOST;
        let until = rows.last().map_or(self.floor, |line| line.id);
        let lines: Vec<Line> = rows.into_iter().filter(|line| self.seen.insert(line.id)).collect();
        // where there is too much to be told apart, it is not read twice either
        self.floor = if everything { until } else { self.floor.max(behind(until)) };
        self.seen = self.seen.split_off(&(self.floor + 1));
        let nothing = lines.is_empty() && moved.is_empty();
        Ok((!nothing).then_some(News { until, lines, progress: moved, cut: false, everything }))
    }
}

/// What happened since a page was made, or a stream was cut: once more a little
/// further back, since telling a change twice only asks for a region twice.
pub async fn since(scope: &mut Scope, id: i64) -> DbResult<News> {
    let lines = lines(scope, behind(id)).await?;
    let everything = i64::try_from(lines.len()).unwrap_or(MOST) >= MOST;
    let until = lines.last().map_or(id, |line| line.id.max(id));
    Ok(News { until, lines, progress: Vec::new(), cut: true, everything })
}

/// The id that overlaps with one.
fn behind(id: i64) -> i64 {
    log_id_floor(log_id_time(id) - OVERLAP)
}

/// Lines of history above an id, the oldest first; a step of a post is one too.
async fn lines(scope: &mut Scope, above: i64) -> DbResult<Vec<Line>> {
    let account = scope.account();
    scope
        .rows(
            sql("select id, subject_kind, subject_id, order_id, shipment_id from activities \
                 where account_id = {} and id > {} \
                 union all select id, 'shipment', shipment_id, null, shipment_id from post_attempts \
                 where account_id = {} and id > {} order by 1 limit {}")
            .bind(account)
            .bind(above)
            .bind(account)
            .bind(above)
            .bind(MOST),
        )
        .await
}

/// How the newest imports, exports and bulk operations look: they move row by row,
/// without a line of history of their own for each.
async fn progress(scope: &mut Scope) -> DbResult<HashMap<Topic, String>> {
    let account = scope.account();
    let rows: Vec<Progress> = scope
        .rows(
            sql("(select 'import' as subject_kind, id as subject_id, concat_ws(' ', state, rows_total, rows_ready, rows_created, \
                   rows_updated, rows_unchanged, rows_failed) as look \
                   from imports where account_id = {} order by id desc limit {}) \
                 union all (select 'bulk_operation', id, concat_ws(' ', state, total, picked, waiting, changed, \
                   skipped, sent, done, failed, unknown, dropped) \
                   from bulk_operations where account_id = {} order by id desc limit {}) \
                 union all (select 'export', id, concat_ws(' ', state, rows_written) \
                   from exports where account_id = {} order by id desc limit {})")
            .bind(account)
            .bind(NEWEST)
            .bind(account)
            .bind(NEWEST)
            .bind(account)
            .bind(NEWEST),
        )
        .await?;
    Ok(rows.into_iter().map(|row| (Topic::Record(row.subject_kind, row.subject_id), row.look)).collect())
}
