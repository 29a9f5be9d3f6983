//! The secrets that sign: made here, sealed at rest, told once.

use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    ids::EndpointId,
    secrets::{Keyring, Place},
};
use anyhow::Result;

/// Where an endpoint's signing secret lies.
pub const SECRET: &str = "webhook_endpoints.secret";
/// So long a secret that was replaced signs beside the new one.
const BOTH_SIGN: chrono::Duration = chrono::Duration::hours(24);

pub(super) fn new() -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("whsec_{}", STANDARD.encode(crate::secrets::random_bytes::<24>()))
}

/// Gives an endpoint a new secret, which is shown once; for a day the old one
/// signs beside it, so that no message is refused while the receiver changes
/// over. `None`: there is no such endpoint.
pub async fn rotate(
    scope: &mut Scope,
    keyring: &Keyring,
    id: EndpointId,
    now: Instant,
) -> Result<Option<String>> {
    let secret = new();
    let account = scope.account();
    let sealed = keyring.seal(Place { account, column: SECRET, row: id.0 }, &secret)?;
    let rotated = scope
        .execute(
            sql("update webhook_endpoints set previous_secret_sealed = secret_sealed, previous_secret_until = {}, \
                 secret_sealed = {}, version = version + 1 where account_id = {} and id = {} and deleted_at is null")
            .bind(now + BOTH_SIGN)
            .bind(sealed)
            .bind(account)
            .bind(id),
        )
        .await?;
    Ok((rotated == 1).then_some(secret))
}

/// Of an endpoint that was deleted nothing secret stays.
pub(super) async fn forget(scope: &mut Scope, id: EndpointId) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update webhook_endpoints set secret_sealed = {}, previous_secret_sealed = null, \
                 previous_secret_until = null where account_id = {} and id = {}")
            .bind(Vec::<u8>::new())
            .bind(account)
            .bind(id),
        )
        .await?;
    Ok(())
}
