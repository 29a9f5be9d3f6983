//! Passwords: Argon2id (19 MiB, two passes), hashed off the async threads, at
//! most two at once, so that a flood of sign-ins cannot eat the memory.

use anyhow::{Result, anyhow, bail};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// Fewest characters of a password.
pub const SHORTEST: usize = 15;
/// Most bytes of a password.
pub const LONGEST: usize = 1024;

static AT_ONCE: Semaphore = Semaphore::const_new(2);

fn argon2() -> Argon2<'static> {
    let params =
        Params::new(19 * 1024, 2, 1, None).unwrap_or_else(|_| unreachable!("these parameters are in range"));
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Verified when the user is not known, so that timing tells nothing.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now("nobody has this password").unwrap_or_default());

/// What is wrong with a new password, said so that it can be mended.
pub fn check(password: &str, email: &str) -> Result<(), String> {
    let lower = password.to_lowercase();
    let local = email.split('@').next().unwrap_or_default().to_lowercase();
    if password.chars().count() < SHORTEST {
        return Err(format!("Use at least {SHORTEST} characters. A few words in a row work well."));
    }
    if password.len() > LONGEST {
        return Err(format!("Use at most {LONGEST} bytes."));
    }
    let distinct = {
        let mut seen: Vec<char> = lower.chars().collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len()
    };
    if distinct < 5 || (local.len() >= 4 && lower.replace(&local, "").chars().count() < 8) {
        return Err(
            "Choose something harder to guess: more different characters, not your e-mail address.".into()
        );
    }
    Ok(())
}

fn hash_now(password: &str) -> Result<String> {
    Ok(argon2()
        .hash_password(password.as_bytes())
        .map_err(|e| anyhow!("hashing a password: {e}"))?
        .to_string())
}

/// The PHC string of a password.
pub async fn hash(password: String) -> Result<String> {
    let _permit = AT_ONCE.acquire().await?;
    tokio::task::spawn_blocking(move || hash_now(&password)).await?
}

/// Whether the password is the one `hash` was made from. `None` (no such user)
/// takes as long as a wrong password and is never right.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool> {
    if password.len() > LONGEST {
        bail!("the password is longer than {LONGEST} bytes");
    }
    let _permit = AT_ONCE.acquire().await?;
    tokio::task::spawn_blocking(move || {
        let known = hash.is_some();
        let stored = hash.unwrap_or_else(|| NOBODY.clone());
        let parsed = PasswordHash::new(&stored).map_err(|e| anyhow!("reading a password hash: {e}"))?;
        Ok(argon2().verify_password(password.as_bytes(), &parsed).is_ok() && known)
    })
    .await?
}
