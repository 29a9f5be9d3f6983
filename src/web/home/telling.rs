//! The lines of *Needs attention* about what others were not told.

use super::attention::{Line, add, some, tally};
use crate::{
    accounts::Permission,
    db::{Scope, sql},
    ids::log_id_floor,
    web::{Visitor, WebResult, badge::Badge},
};
use chrono::Duration;

/// So long e-mails that were not sent are named.
const DAYS: i64 = 7;

/// Endpoints that were disabled, and e-mails that were not sent.
pub async fn lines(visitor: &Visitor, scope: &mut Scope, lines: &mut Vec<Line>) -> WebResult<()> {
    let account = scope.account();
    if visitor.can(Permission::WebhooksView) {
        let disabled = tally(
            scope,
            sql("select stopped_at as at from webhook_endpoints \
                 where account_id = {} and state = 'disabled' and deleted_at is null")
            .bind(account),
        )
        .await?;
        add(lines, visitor, disabled, |n| Line {
            badge: Badge::failed("Disabled"),
            title: format!("{} disabled", some(n, "Webhook endpoint is", "Webhook endpoints are")),
            detail: "Connected systems are not told what happens. Resume it once it takes messages again."
                .into(),
            href: "/webhooks".into(),
            for_admins: true,
            ..Line::empty()
        });
    }
    if visitor.can(Permission::EmailsView) {
        let since = log_id_floor(visitor.now - Duration::days(DAYS));
        let unsent = tally(
            scope,
            sql("select finished_at as at from emails where account_id = {} and id >= {} \
                 and state in ('failed', 'unknown')")
            .bind(account)
            .bind(since),
        )
        .await?;
        add(lines, visitor, unsent, |n| Line {
            badge: Badge::failed("Not sent"),
            title: format!(
                "{} of the last {DAYS} days not sent, or nobody knows",
                some(n, "E-mail", "E-mails")
            ),
            detail: "The mail server refused them or did not answer. Each can be sent again.".into(),
            href: "/emails?state=failed".into(),
            ..Line::empty()
        });
    }
    Ok(())
}
