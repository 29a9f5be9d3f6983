//! Courier mappings: for one channel, the custom name it accepts for a courier
//! as it is sent to us. Looking one up is what a submission stands or falls by.

use crate::{
    actions::By,
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity, activity::Subject},
    ids::{ChannelId, MappingId, UserId},
};
use diesel::{QueryableByName, sql_types::BigInt};

/// The key a courier is looked up by: its spelling without case and outer space.
pub fn key(courier: &str) -> String {
    courier.trim().to_lowercase()
}

/// One mapping of a channel.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
#[diesel(table_name = crate::db::schema::courier_mappings)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Mapping {
    #[diesel(sql_type = BigInt)]
    pub id: MappingId,
    #[diesel(sql_type = BigInt)]
    pub channel_id: ChannelId,
    pub courier: String,
    pub service: String,
    pub custom_name: String,
    pub custom_code: Option<String>,
    pub version: i32,
    pub updated_at: Instant,
}

/// The mapping for a courier, the one for its service first.
pub async fn find(
    scope: &mut Scope,
    channel: ChannelId,
    courier: &str,
    service: Option<&str>,
) -> DbResult<Option<Mapping>> {
    let account = scope.account();
    scope
        .row(
            sql("select id, channel_id, courier, service, custom_name, custom_code, version, updated_at from courier_mappings \
                 where account_id = {} and channel_id = {} and courier = {} and service in ('', {}) \
                 order by service desc limit 1")
            .bind(account)
            .bind(channel)
            .bind(key(courier))
            .bind(service.map(key).unwrap_or_default()),
        )
        .await
}

/// Every mapping of a channel, by courier.
pub async fn list(scope: &mut Scope, channel: ChannelId) -> DbResult<Vec<Mapping>> {
    let account = scope.account();
    scope
        .rows(
            sql("select id, channel_id, courier, service, custom_name, custom_code, version, updated_at from courier_mappings \
                 where account_id = {} and channel_id = {} order by courier, service limit 2000")
            .bind(account)
            .bind(channel),
        )
        .await
}

/// What to save.
#[derive(Debug, Clone)]
pub struct NewMapping {
    /// The courier as it is sent to us.
    pub courier: String,
    /// A service of it, or empty for all.
    pub service: String,
    /// What the channel accepts.
    pub custom_name: String,
    /// A code besides, where the channel wants one.
    pub custom_code: Option<String>,
    /// The version of the mapping that was on the page; `None` for a new one.
    pub version: Option<i32>,
}

/// What saving a mapping came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Saved {
    /// There was none.
    Created,
    /// It had another name before.
    Changed {
        /// That name.
        from: String,
    },
    /// It was the same already.
    Unchanged,
    /// Somebody changed it after the page was loaded.
    Stale {
        /// What it is now.
        now: String,
    },
}

/// Saves a mapping, keeping the previous one, with a line of activity.
pub async fn save(
    scope: &mut Scope,
    channel: ChannelId,
    new: &NewMapping,
    by: &By,
    now: Instant,
) -> DbResult<Saved> {
    let account = scope.account();
    let (courier, service) = (key(&new.courier), key(&new.service));
    let user = by.user();
    let inserted = scope
        .execute(
            sql("insert into courier_mappings (account_id, channel_id, courier, service, custom_name, custom_code, \
                 updated_by, created_at, updated_at) values ({}, {}, {}, {}, {}, {}, {}, {}, {}) on conflict do nothing")
            .bind(account)
            .bind(channel)
            .bind(&courier)
            .bind(&service)
            .bind(new.custom_name.trim())
            .bind(new.custom_code.clone())
            .bind(user)
            .bind(now)
            .bind(now),
        )
        .await?;
    if inserted == 1 {
        let entry = Entry::new(
            &by.actor,
            "courier_mapped",
            Subject::Channel,
            channel.0,
            format!("Mapped courier {courier} to {}", new.custom_name.trim()),
        )
        .changed(
            serde_json::Value::Null,
            serde_json::json!({ "courier": courier, "custom_name": new.custom_name.trim() }),
        )
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
        activity::record(scope, entry).await?;
        return Ok(Saved::Created);
    }
    let Some(old): Option<Mapping> = scope
        .row(
            sql("select id, channel_id, courier, service, custom_name, custom_code, version, updated_at from courier_mappings \
                 where account_id = {} and channel_id = {} and courier = {} and service = {} for update")
            .bind(account)
            .bind(channel)
            .bind(&courier)
            .bind(&service),
        )
        .await?
    else {
        return Ok(Saved::Stale { now: String::new() });
    };
    if old.custom_name == new.custom_name.trim() && old.custom_code == new.custom_code {
        return Ok(Saved::Unchanged);
    }
    if new.version.is_some_and(|seen| seen != old.version) {
        return Ok(Saved::Stale { now: old.custom_name });
    }
    keep_previous(scope, &old, user, now).await?;
    scope
        .execute(
            sql("update courier_mappings set custom_name = {}, custom_code = {}, version = version + 1, updated_by = {}, \
                 updated_at = {} where account_id = {} and id = {}")
            .bind(new.custom_name.trim())
            .bind(new.custom_code.clone())
            .bind(user)
            .bind(now)
            .bind(account)
            .bind(old.id),
        )
        .await?;
    let entry = Entry::new(
        &by.actor,
        "courier_mapping_changed",
        Subject::Channel,
        channel.0,
        format!(
            "Changed the mapping of courier {courier} from {} to {}",
            old.custom_name,
            new.custom_name.trim()
        ),
    )
    .changed(
        serde_json::json!({ "courier": courier, "custom_name": old.custom_name }),
        serde_json::json!({ "courier": courier, "custom_name": new.custom_name.trim() }),
    )
    .traced(Some(&by.trace))
    .from_ip(by.ip.clone());
    activity::record(scope, entry).await?;
    Ok(Saved::Changed { from: old.custom_name })
}

async fn keep_previous(scope: &mut Scope, old: &Mapping, user: Option<UserId>, now: Instant) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("insert into courier_mapping_versions (account_id, channel_id, courier, service, custom_name, custom_code, \
                 replaced_by, replaced_at) values ({}, {}, {}, {}, {}, {}, {}, {})")
            .bind(account)
            .bind(old.channel_id)
            .bind(&old.courier)
            .bind(&old.service)
            .bind(&old.custom_name)
            .bind(old.custom_code.clone())
            .bind(user)
            .bind(now),
        )
        .await?;
    Ok(())
}

/// Removes a mapping, keeping it in history. `false`: it was gone already.
pub async fn remove(
    scope: &mut Scope,
    channel: ChannelId,
    id: MappingId,
    by: &By,
    now: Instant,
) -> DbResult<bool> {
    let account = scope.account();
    let Some(old): Option<Mapping> = scope
        .row(
            sql("select id, channel_id, courier, service, custom_name, custom_code, version, updated_at from courier_mappings \
                 where account_id = {} and channel_id = {} and id = {} for update")
            .bind(account)
            .bind(channel)
            .bind(id),
        )
        .await?
    else {
        return Ok(false);
    };
    keep_previous(scope, &old, by.user(), now).await?;
    scope
        .execute(sql("delete from courier_mappings where account_id = {} and id = {}").bind(account).bind(id))
        .await?;
    let entry = Entry::new(
        &by.actor,
        "courier_unmapped",
        Subject::Channel,
        channel.0,
        format!("Removed the mapping of courier {} ({})", old.courier, old.custom_name),
    )
    .changed(
        serde_json::json!({ "courier": old.courier, "custom_name": old.custom_name }),
        serde_json::Value::Null,
    )
    .traced(Some(&by.trace))
    .from_ip(by.ip.clone());
    activity::record(scope, entry).await?;
    Ok(true)
}
