//! The people who sign in, and the accounts they may enter.

use super::{Permission, Role, passwords};
use crate::{
    db::{Bind, Db, DbResult, Global, sql},
    evidence::{Actor, ActorKind},
    ids::{AccountId, UserId},
};
use anyhow::{Context, Result, bail};
use diesel::{QueryableByName, sql_types::BigInt};

/// Somebody signed in, in one account.
#[derive(Debug, Clone)]
pub struct Person {
    /// The user.
    pub user: UserId,
    /// The name shown.
    pub name: String,
    /// The e-mail they sign in with.
    pub email: String,
    /// The account they are in.
    pub account: AccountId,
    /// Its name.
    pub account_name: String,
    /// The account's time zone, an IANA name.
    pub time_zone: String,
    /// What they are in it.
    pub role: Role,
    /// `system`, `light` or `dark`.
    pub theme: String,
    /// `comfortable` or `compact`.
    pub density: String,
    /// Whether single-key shortcuts are on.
    pub shortcuts: bool,
}

impl Person {
    /// Whether they may.
    pub fn can(&self, permission: Permission) -> bool {
        self.role.can(permission)
    }

    /// As the actor of an activity.
    pub fn actor(&self) -> Actor {
        Actor { kind: ActorKind::User, id: Some(self.user.0), name: self.name.clone() }
    }
}

#[derive(QueryableByName)]
struct PersonRow {
    #[diesel(sql_type = BigInt)]
    user_id: UserId,
    #[diesel(sql_type = diesel::sql_types::Text)]
    user_name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    email: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    theme: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    density: String,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    shortcuts: bool,
    #[diesel(sql_type = BigInt)]
    account_id: AccountId,
    #[diesel(sql_type = diesel::sql_types::Text)]
    account_name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    time_zone: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    role: Role,
}

/// Somebody with every account they may enter, the asked-for one first if they
/// may enter it. Read on every request: a changed role acts at once.
pub async fn enter(
    db: &Db,
    user: UserId,
    wanted: Option<AccountId>,
) -> DbResult<Option<(Person, Vec<(AccountId, String)>)>> {
    let mut global = db.global().await?;
    let rows: Vec<PersonRow> = global
        .rows(
            sql("select u.id as user_id, u.name as user_name, u.email, u.theme, u.density, u.shortcuts, \
                 a.id as account_id, a.name as account_name, a.time_zone, m.role \
                 from users u join memberships m on m.user_id = u.id join accounts a on a.id = m.account_id \
                 where u.id = {} and u.disabled_at is null order by a.name, a.id limit 500")
            .bind(user),
        )
        .await?;
    let accounts = rows.iter().map(|r| (r.account_id, r.account_name.clone())).collect();
    // without a choice, the account they have known longest
    let first = rows.iter().enumerate().min_by_key(|(_, r)| r.account_id).map_or(0, |(n, _)| n);
    let chosen = rows.iter().position(|r| Some(r.account_id) == wanted).unwrap_or(first);
    Ok(rows.into_iter().nth(chosen).map(|r| {
        (
            Person {
                user: r.user_id,
                name: r.user_name,
                email: r.email,
                account: r.account_id,
                account_name: r.account_name,
                time_zone: r.time_zone,
                role: r.role,
                theme: r.theme,
                density: r.density,
                shortcuts: r.shortcuts,
            },
            accounts,
        )
    }))
}

#[derive(QueryableByName)]
struct Credentials {
    #[diesel(sql_type = BigInt)]
    id: UserId,
    #[diesel(sql_type = diesel::sql_types::Text)]
    password_hash: String,
}

/// The user with this e-mail and password, or nobody; the same time either way.
pub async fn authenticate(db: &Db, email: &str, password: String) -> Result<Option<UserId>> {
    let mut global = db.global().await?;
    let found: Option<Credentials> = global
        .row(
            sql("select id, password_hash from users where lower(email) = lower({}) and disabled_at is null")
                .bind(email.trim()),
        )
        .await?;
    drop(global);
    let (id, hash) = match found {
        Some(c) => (Some(c.id), Some(c.password_hash)),
        None => (None, None),
    };
    Ok(if passwords::verify(password, hash).await? { id } else { None })
}

#[derive(QueryableByName)]
struct NewId {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// A person to be added.
#[derive(Debug)]
pub struct NewUser<'a> {
    /// What they sign in with.
    pub email: &'a str,
    /// The name shown.
    pub name: &'a str,
    /// In the clear; only its hash is kept.
    pub password: String,
    /// What they become in each of these accounts.
    pub roles: &'a [(AccountId, Role)],
}

/// Adds a person. Refuses an e-mail that is taken and a password that is too weak.
pub async fn create(db: &Db, new: NewUser<'_>) -> Result<UserId> {
    let email = new.email.trim();
    if !email.contains('@') || email.contains(char::is_whitespace) {
        bail!("{email:?} is no e-mail address");
    }
    if let Err(sentence) = passwords::check(&new.password, email) {
        bail!("the password will not do. {sentence}");
    }
    let hash = passwords::hash(new.password).await?;
    let mut global = db.global().await?;
    let row: Option<NewId> = global
        .row(
            sql("insert into users (email, name, password_hash, is_support) values ({}, {}, {}, {}) \
                 on conflict (lower(email)) do nothing returning id")
            .bind(email)
            .bind(new.name)
            .bind(hash)
            .bind(new.roles.iter().any(|(_, role)| *role == Role::Support)),
        )
        .await?;
    let Some(row) = row else { bail!("there is a user {email} already") };
    let user = UserId(row.id);
    for (account, role) in new.roles {
        join(&mut global, user, *account, *role).await?;
    }
    global.commit().await?;
    Ok(user)
}

/// Lets somebody into an account, or changes what they are in it.
pub async fn join(global: &mut Global, user: UserId, account: AccountId, role: Role) -> DbResult<()> {
    global
        .execute(
            sql("insert into memberships (user_id, account_id, role) values ({}, {}, {}) \
                 on conflict (user_id, account_id) do update set role = excluded.role")
            .bind(user)
            .bind(account)
            .bind(role),
        )
        .await?;
    Ok(())
}

/// The account with this slug; made if there is none.
pub async fn account_by_slug(db: &Db, slug: &str, name: &str) -> Result<AccountId> {
    let mut global = db.global().await?;
    let row: Option<NewId> = global
        .row(
            sql("insert into accounts (slug, name) values ({}, {}) \
                 on conflict (slug) do update set slug = excluded.slug returning id")
            .bind(slug)
            .bind(name),
        )
        .await?;
    global.commit().await?;
    Ok(AccountId(row.context("no account came back")?.id))
}

/// An existing account by slug or id.
pub async fn find_account(db: &Db, slug_or_id: &str) -> DbResult<Option<AccountId>> {
    let mut global = db.global().await?;
    let id: Bind = slug_or_id.parse::<i64>().ok().into();
    let row: Option<NewId> = global
        .row(sql("select id from accounts where slug = {} or id = {}").bind(slug_or_id).bind(id))
        .await?;
    Ok(row.map(|r| AccountId(r.id)))
}

/// How somebody likes their pages.
#[derive(Debug, Clone)]
pub struct Preferences {
    /// `system`, `light` or `dark`.
    pub theme: String,
    /// `comfortable` or `compact`.
    pub density: String,
    /// Single-key shortcuts.
    pub shortcuts: bool,
}

/// Keeps somebody's preferences.
pub async fn set_preferences(db: &Db, user: UserId, preferences: &Preferences) -> DbResult<()> {
    let mut global = db.global().await?;
    global
        .execute(
            sql("update users set theme = {}, density = {}, shortcuts = {} where id = {}")
                .bind(&preferences.theme)
                .bind(&preferences.density)
                .bind(preferences.shortcuts)
                .bind(user),
        )
        .await?;
    global.commit().await
}

/// The account, when there is exactly one.
pub async fn only_account(db: &Db) -> DbResult<Option<AccountId>> {
    let mut global = db.global().await?;
    let rows: Vec<NewId> = global.rows(sql("select id from accounts order by id limit 2")).await?;
    Ok(match rows.as_slice() {
        [only] => Some(AccountId(only.id)),
        _ => None,
    })
}

/// The user with this e-mail and the accounts they may enter.
pub async fn find(db: &Db, email: &str) -> DbResult<Option<(UserId, Vec<AccountId>)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: UserId,
        #[diesel(sql_type = diesel::sql_types::Nullable<BigInt>)]
        account_id: Option<AccountId>,
    }
    let mut global = db.global().await?;
    let rows: Vec<Row> = global
        .rows(
            sql("select u.id, m.account_id from users u left join memberships m on m.user_id = u.id \
                 where lower(u.email) = lower({}) order by m.account_id")
            .bind(email.trim()),
        )
        .await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    Ok(Some((first.id, rows.iter().filter_map(|r| r.account_id).collect())))
}
