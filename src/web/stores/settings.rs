//! `POST /stores/{id}/channels/{channel_id}`: saves a channel's settings.

use super::channel::{self, Trouble};
use crate::{
    accounts::Permission,
    actions::{By, Stale},
    channels::{
        Notification, OnUnmappedCourier,
        store::{self, CREDENTIALS, ChannelRow, Renewed, Settings, Updated},
    },
    db::{Db, Scope},
    evidence::activity::{self, Of, Subject},
    ids::{AccountId, ChannelId, StoreId},
    secrets::{Keyring, Place},
    web::{Fields, Path, Visitor, WebError, WebResult, markup::FormErrors},
};
use actix_web::HttpResponse;
use anyhow::Context as _;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

/// The form as it was typed.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Typed {
    pub version: String,
    pub name: String,
    pub base_url: String,
    pub on_unmapped_courier: String,
    pub fallback_courier: String,
    pub channel_notification: String,
    pub import_orders: bool,
    pub submit_fulfillments: bool,
}

impl Typed {
    /// As a channel stands.
    pub fn of(row: &ChannelRow) -> Typed {
        Typed {
            version: row.version.to_string(),
            name: row.name.clone(),
            base_url: row.base_url.clone(),
            on_unmapped_courier: row.on_unmapped_courier.to_string(),
            fallback_courier: row.fallback_courier.clone().unwrap_or_default(),
            channel_notification: row.channel_notification.to_string(),
            import_orders: row.import_orders,
            submit_fulfillments: row.submit_fulfillments,
        }
    }

    fn read(fields: &Fields) -> Typed {
        let text = |name: &str| fields.get(name).trim().to_owned();
        Typed {
            version: text("version"),
            name: text("name"),
            base_url: text("base_url"),
            on_unmapped_courier: text("on_unmapped_courier"),
            fallback_courier: text("fallback_courier"),
            channel_notification: text("channel_notification"),
            import_orders: fields.ticked("import_orders"),
            submit_fulfillments: fields.ticked("submit_fulfillments"),
        }
    }

    /// Checks what was typed, each field with what to write instead.
    fn check(&self, visitor: &Visitor, row: &ChannelRow) -> Result<Settings, FormErrors> {
        let mut errors = FormErrors::new();
        if self.name.is_empty() {
            errors.add("name", "Enter a name for this channel.");
        } else if self.name.chars().count() > 100 {
            errors.add("name", "Keep the name under 100 characters.");
        }
        let connected = visitor.app.channels.get(row.kind).is_some();
        // an address that stays as it was needs no second check
        if connected
            && self.base_url != row.base_url
            && let Err(sentence) = visitor.app.outbound.policy().check(&self.base_url)
        {
            errors.add("base_url", sentence);
        }
        let unmapped = OnUnmappedCourier::parse(&self.on_unmapped_courier);
        if unmapped.is_none() {
            errors.add("on_unmapped_courier", "Choose what happens to couriers without a mapping.");
        }
        if self.fallback_courier.chars().count() > 100 {
            errors.add("fallback_courier", "Keep the fallback courier under 100 characters.");
        }
        let notification = Notification::parse(&self.channel_notification);
        if notification.is_none() {
            errors.add("channel_notification", "Choose whether the channel tells the buyer.");
        }
        let (Some(on_unmapped_courier), Some(channel_notification), true) =
            (unmapped, notification, errors.is_empty())
        else {
            return Err(errors);
        };
        Ok(Settings {
            name: self.name.clone(),
            base_url: if connected { self.base_url.clone() } else { row.base_url.clone() },
            on_unmapped_courier,
            fallback_courier: Some(self.fallback_courier.clone()).filter(|text| !text.is_empty()),
            channel_notification,
            import_orders: self.import_orders,
            submit_fulfillments: self.submit_fulfillments,
        })
    }
}

/// The work of one save, apart from the request that asked for it.
struct Save {
    db: Db,
    keyring: Keyring,
    account: AccountId,
    channel: ChannelId,
    seen: i32,
    settings: Settings,
    /// Credentials that were typed.
    credentials: Vec<(String, String)>,
    by: By,
}

impl Save {
    async fn run(self) -> WebResult<Result<Updated, Stale>> {
        let mut scope = self.db.scope(self.account).await?;
        let renewed = match self.credentials.is_empty() {
            true => None,
            false => Some(self.renew(&mut scope).await?),
        };
        let updated =
            store::update(&mut scope, self.channel, self.seen, &self.settings, renewed, &self.by).await?;
        if updated == Updated::Stale {
            let history =
                activity::list(&mut scope, Of::Subject(Subject::Channel, self.channel.0), None, None, 3)
                    .await?;
            let changes =
                history.into_iter().map(|a| (a.actor_name.clone(), a.summary.clone(), a.at())).collect();
            return Ok(Err(Stale { what: self.settings.name, changes }));
        }
        scope.commit().await?;
        Ok(Ok(updated))
    }

    /// The credentials that were there, with those that were typed in their place.
    async fn renew(&self, scope: &mut Scope) -> WebResult<Renewed> {
        let row = store::channel(scope, self.channel).await?.ok_or(WebError::NotFound)?;
        // credentials of another installation's key cannot be opened: they are typed anew
        let known = row.access(scope, &self.keyring).ok();
        let mut all: Map<String, Value> = known
            .and_then(|access| serde_json::from_str(access.credentials.expose_secret()).ok())
            .unwrap_or_default();
        for (name, value) in &self.credentials {
            all.insert(name.clone(), Value::String(value.clone()));
        }
        let place = Place { account: self.account, column: CREDENTIALS, row: self.channel.0 };
        let sealed =
            self.keyring.seal(place, &Value::Object(all).to_string()).context("sealing credentials")?;
        Ok(Renewed { sealed, names: self.credentials.iter().map(|(name, _)| name.clone()).collect() })
    }
}

/// `POST /stores/{id}/channels/{channel_id}`
pub async fn save(
    visitor: Visitor,
    path: Path<(StoreId, ChannelId)>,
    fields: Fields,
) -> WebResult<HttpResponse> {
    visitor.need(Permission::StoresEdit)?;
    let (store, channel) = path.0;
    let mut scope = visitor.scope().await?;
    let row = store::channel(&mut scope, channel)
        .await?
        .filter(|row| row.store_id == store)
        .ok_or(WebError::NotFound)?;
    drop(scope);
    let typed = Typed::read(&fields);
    let settings = match typed.check(&visitor, &row) {
        Ok(settings) => settings,
        Err(errors) => {
            return channel::render(&visitor, store, channel, Some(typed), Trouble { errors, stale: None })
                .await;
        }
    };
    let adapter = visitor.app.channels.get(row.kind);
    let work = Save {
        db: visitor.app.db.clone(),
        keyring: visitor.app.keyring.clone(),
        account: visitor.person.account,
        channel,
        seen: typed.version.parse().map_err(|_| {
            WebError::Malformed("It lacks what the page put into it. Load the page again.".into())
        })?,
        settings,
        credentials: adapter
            .map(|adapter| adapter.credentials())
            .unwrap_or_default()
            .iter()
            .map(|(name, _)| {
                ((*name).to_owned(), fields.get(&format!("credential_{name}")).trim().to_owned())
            })
            .filter(|(_, value)| !value.is_empty())
            .collect(),
        by: visitor.by(),
    };
    let name = work.settings.name.clone();
    match visitor.app.finish(work.run()).await?? {
        Ok(Updated::Changed) => visitor.flash("success", format!("The settings of {name} are saved.")),
        Ok(Updated::Unchanged) => visitor.flash("info", "Nothing was different, so nothing was changed."),
        Ok(Updated::NameTaken) => {
            let sentence = "Another channel of this store has this name. Give it one of its own.";
            let errors = [("name", sentence)].into_iter().collect();
            return channel::render(&visitor, store, channel, Some(typed), Trouble { errors, stale: None })
                .await;
        }
        Ok(Updated::Gone | Updated::Stale) => return Err(WebError::NotFound),
        Err(stale) => {
            let trouble = Trouble { stale: Some(stale), ..Trouble::default() };
            return channel::render(&visitor, store, channel, Some(typed), trouble).await;
        }
    }
    visitor.see_other(format!("/stores/{store}/channels/{channel}"))
}
