//! What surrounds every page: who is there, where they are, what they may open.

use super::{
    Visitor, WebResult,
    markup::{AccountLink, Can, Flash},
};
use crate::{
    accounts::Permission,
    clock::Instant,
    db::{Scope, sql},
    ids::log_id_floor,
};
use diesel::{QueryableByName, sql_types::BigInt};

/// More open problems than this are `99+`.
const COUNTED: i64 = 99;

/// The fields of `base.html`.
#[derive(Debug, Clone)]
pub struct Shell {
    /// Of this answer; also for `hx-nonce` on htmx elements.
    pub nonce: String,
    /// The lit entry of the navigation.
    pub section: &'static str,
    /// The account looked at.
    pub account_name: String,
    /// Every account they may enter.
    pub accounts: Vec<AccountLink>,
    /// Who they are.
    pub user_name: String,
    /// What they are in this account.
    pub role_label: &'static str,
    /// Open problems; empty when there are none.
    pub problems: String,
    /// The history this page knows: what came after it is told by its stream.
    pub live_after: i64,
    /// `system`, `light` or `dark`.
    pub theme: String,
    /// `comfortable` or `compact`.
    pub density: String,
    /// Whether single keys do things.
    pub shortcuts: bool,
    /// What the last page wanted said.
    pub flash: Option<Flash>,
    /// Whether they are here to help.
    pub support_view: bool,
    /// What the navigation shows.
    pub can: Can,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    open: i64,
}

impl Shell {
    pub(super) async fn of(visitor: &Visitor, scope: &mut Scope, section: &'static str) -> WebResult<Shell> {
        let person = &visitor.person;
        let can = |permission| person.can(permission);
        Ok(Shell {
            nonce: visitor.asked.nonce.clone(),
            section,
            account_name: person.account_name.clone(),
            accounts: visitor
                .accounts
                .iter()
                .map(|(id, name)| AccountLink {
                    id: id.0,
                    name: name.clone(),
                    current: *id == person.account,
                })
                .collect(),
            user_name: person.name.clone(),
            role_label: person.role.label(),
            problems: problems(visitor, scope, visitor.now).await?,
            live_after: log_id_floor(visitor.now),
            theme: person.theme.clone(),
            density: person.density.clone(),
            shortcuts: person.shortcuts,
            flash: visitor.asked.take_flash(),
            support_view: visitor.is_support(),
            can: Can {
                stores: can(Permission::StoresView),
                connections: can(Permission::ConnectionsView),
                emails: can(Permission::EmailsView),
                activity: can(Permission::ActivityView),
                records: can(Permission::RecordsView),
                webhooks: can(Permission::WebhooksView),
                tokens: can(Permission::PeopleManage),
                imports: can(Permission::ImportsRun),
                exports: can(Permission::ExportsRun),
                inventory: can(Permission::InventoryView),
            },
        })
    }
}

/// The open problems as the navigation counts them; empty when there are none,
/// and for whoever may not see them.
pub(super) async fn problems(visitor: &Visitor, scope: &mut Scope, now: Instant) -> WebResult<String> {
    if !visitor.can(Permission::ProblemsView) {
        return Ok(String::new());
    }
    let account = scope.account();
    let statement = sql(
        "select count(*) as open from (select from problems where account_id = {} and resolved_at is null \
         and (snoozed_until is null or snoozed_until <= {}) limit {}) as p",
    );
    let count: Option<Count> = scope.row(statement.bind(account).bind(now).bind(COUNTED + 1)).await?;
    Ok(match count.map_or(0, |c| c.open) {
        0 => String::new(),
        open if open > COUNTED => format!("{COUNTED}+"),
        open => open.to_string(),
    })
}
