//! How today goes, beside yesterday at the same time.

use crate::{
    clock::Instant,
    db::{Scope, sql},
    web::{Visitor, WebResult, filters::grouped},
};
use chrono::Days;
use chrono_tz::Tz;
use diesel::{QueryableByName, sql_types::BigInt};

/// One number.
pub struct Today {
    /// What is counted.
    pub label: &'static str,
    /// Since midnight.
    pub count: i64,
    /// Beside yesterday, in words.
    pub words: String,
}

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    today: i64,
    #[diesel(sql_type = BigInt)]
    yesterday: i64,
}

/// The account's town, as its zone names it.
pub fn place(zone: Tz) -> String {
    zone.name().rsplit('/').next().unwrap_or("UTC").replace('_', " ")
}

/// Received, posted and shipped since midnight, and the same of yesterday up to
/// this time. What happened to shipments is read from the history, whose ids
/// carry their time.
pub async fn today(visitor: &Visitor, scope: &mut Scope) -> WebResult<Vec<Today>> {
    let account = scope.account();
    let now = visitor.now;
    let local = now.with_timezone(&visitor.zone);
    let midnight = |day: chrono::NaiveDate| -> Instant {
        let at = day.and_hms_opt(0, 0, 0).and_then(|at| at.and_local_timezone(visitor.zone).earliest());
        at.map_or(now, |at| at.to_utc())
    };
    let day = local.date_naive();
    let today = midnight(day);
    let yesterday = midnight(day.checked_sub_days(Days::new(1)).unwrap_or(day));
    let same_time =
        local.checked_sub_days(Days::new(1)).map_or(today, |at| at.to_utc()).clamp(yesterday, today);

    let received: Option<Counts> = scope
        .row(
            sql("select count(*) filter (where placed_at >= {}) as today, \
                 count(*) filter (where placed_at < {}) as yesterday from orders \
                 where account_id = {} and placed_at >= {} and placed_at <= {}")
            .bind(today)
            .bind(same_time)
            .bind(account)
            .bind(yesterday)
            .bind(now),
        )
        .await?;
    let mut rows = vec![words("Received", received)];
    for (label, verb) in [("Posted", "shipment_posted"), ("Shipped", "shipment_shipped")] {
        let counts: Option<Counts> = scope
            .row(
                sql("select count(*) filter (where id >= log_id_floor({})) as today, \
                     count(*) filter (where id < log_id_floor({})) as yesterday from activities \
                     where account_id = {} and verb = {} and id >= log_id_floor({})")
                .bind(today)
                .bind(same_time)
                .bind(account)
                .bind(verb)
                .bind(yesterday),
            )
            .await?;
        rows.push(words(label, counts));
    }
    Ok(rows)
}

fn words(label: &'static str, counts: Option<Counts>) -> Today {
    let (today, yesterday) = counts.map_or((0, 0), |counts| (counts.today, counts.yesterday));
    let words = match today - yesterday {
        0 if today == 0 => "none yesterday by this time either".to_owned(),
        0 => "as many as yesterday by this time".to_owned(),
        more if more > 0 => format!("{} more than yesterday by this time", grouped(more)),
        fewer => format!("{} fewer than yesterday by this time", grouped(-fewer)),
    };
    Today { label, count: today, words }
}
