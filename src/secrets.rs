//! Secrets at rest: sealed with XChaCha20-Poly1305 under a key of their
//! account, which is derived from the installation's key. The place a secret
//! lies in (table, column, row) is bound in, so a sealed value cannot be moved.

use crate::ids::AccountId;
use anyhow::{Context, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    Key, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, KeyInit as _, Mac};
use rand::Rng;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::{Digest, Sha256};
use std::{io::Write, path::Path, sync::Arc};

const VERSION: u8 = 1;
const NONCE: usize = 24;

/// The installation's key. Cheap to clone; never printed.
#[derive(Clone)]
pub struct Keyring {
    master: Arc<SecretSlice<u8>>,
    key_id: [u8; 4],
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring(…)")
    }
}

/// Where a sealed value lies. Opening it anywhere else fails.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The account that owns the row.
    pub account: AccountId,
    /// `table.column`.
    pub column: &'a str,
    /// The row.
    pub row: i64,
}

impl Keyring {
    /// From 32 bytes in base64 (`WAYBILL_SECRET_KEY`).
    pub fn from_base64(text: &str) -> Result<Keyring> {
        let bytes = STANDARD.decode(text.trim()).context("WAYBILL_SECRET_KEY is not base64")?;
        if bytes.len() != 32 {
            bail!("WAYBILL_SECRET_KEY holds {} bytes; it needs 32 (openssl rand -base64 32)", bytes.len());
        }
        Ok(Keyring::from_bytes(bytes))
    }

    fn from_bytes(bytes: Vec<u8>) -> Keyring {
        let digest = Sha256::digest(&bytes);
        let mut key_id = [0; 4];
        key_id.copy_from_slice(&digest[..4]);
        Keyring { master: Arc::new(bytes.into()), key_id }
    }

    /// From a file, which is made with a new key if there is none (0600).
    pub fn from_file(path: &Path) -> Result<Keyring> {
        match std::fs::read_to_string(path) {
            Ok(text) => Keyring::from_base64(&text).with_context(|| format!("reading {}", path.display())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder)?;
                }
                let bytes = random_bytes::<32>();
                use std::os::unix::fs::OpenOptionsExt;
                let mut file = std::fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(path)
                    .with_context(|| format!("writing {}", path.display()))?;
                writeln!(file, "{}", STANDARD.encode(bytes))?;
                Ok(Keyring::from_bytes(bytes.to_vec()))
            }
            Err(e) => Err(e).with_context(|| format!("reading {}", path.display())),
        }
    }

    /// A key for tests and throw-away worlds.
    pub fn random() -> Keyring {
        Keyring::from_bytes(random_bytes::<32>().to_vec())
    }

    fn cipher(&self, account: AccountId) -> XChaCha20Poly1305 {
        let key = self.derive(&format!("account:{account}"));
        XChaCha20Poly1305::new(&Key::from(key))
    }

    /// A key for one purpose, derived from the installation's key.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.master.expose_secret())
            .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Seals `secret` for its place.
    pub fn seal(&self, place: Place<'_>, secret: &str) -> Result<Vec<u8>> {
        let nonce = random_bytes::<NONCE>();
        let aad = place.associated_data();
        let sealed = self
            .cipher(place.account)
            .encrypt(&XNonce::from(nonce), Payload { msg: secret.as_bytes(), aad: aad.as_bytes() })
            .map_err(|_| anyhow::anyhow!("sealing failed"))?;
        let mut out = Vec::with_capacity(1 + 4 + NONCE + sealed.len());
        out.push(VERSION);
        out.extend_from_slice(&self.key_id);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens what [`Keyring::seal`] made, if it lies where it was sealed for.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<SecretString> {
        if sealed.len() < 1 + 4 + NONCE || sealed[0] != VERSION {
            bail!("not a sealed secret");
        }
        if sealed[1..5] != self.key_id {
            bail!("this secret was sealed with another installation key; set WAYBILL_SECRET_KEY to that key");
        }
        let (nonce, body) = sealed[5..].split_at(NONCE);
        let nonce = XNonce::try_from(nonce).context("not a sealed secret")?;
        let aad = place.associated_data();
        let plain = self
            .cipher(place.account)
            .decrypt(&nonce, Payload { msg: body, aad: aad.as_bytes() })
            .map_err(|_| anyhow::anyhow!("this secret cannot be opened here"))?;
        Ok(String::from_utf8(plain).context("a sealed secret is not text")?.into())
    }
}

impl Place<'_> {
    fn associated_data(&self) -> String {
        format!("{}|{}|{}", self.account, self.column, self.row)
    }
}

/// Random bytes from the operating system's generator.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// Random lower-case hex of `N` bytes.
pub fn random_hex<const N: usize>() -> String {
    random_bytes::<N>().iter().map(|b| format!("{b:02x}")).collect()
}
