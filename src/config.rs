//! Every setting: a flag, its environment variable, its default. Nothing else
//! in the program reads the environment.

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::PathBuf,
    str::FromStr,
};
use url::Url;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For eyes.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// The settings of every command: where the database is, where the key is, what is logged.
#[derive(Clone, Args)]
pub struct Installation {
    /// PostgreSQL to use, as its owner. Without it a private server is started under the folder `--var`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// Folder for the private database server and the key file.
    #[arg(long, env = "WAYBILL_VAR", default_value = "var")]
    pub var: PathBuf,

    /// The installation's key: 32 bytes in base64. Without it the file `secret.key` in `--var` is used, and made.
    #[arg(long, env = "WAYBILL_SECRET_KEY", hide_env_values = true)]
    pub secret_key: Option<String>,

    /// How log lines are written.
    #[arg(long, env = "WAYBILL_LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,

    /// What is logged, as in `info,waybill=debug`.
    #[arg(long, env = "WAYBILL_LOG", default_value = "info")]
    pub log: String,
}

/// Where e-mails go out. Without it they are kept and shown.
#[derive(Clone, Default, Args)]
pub struct MailSettings {
    /// The mail server: smtps://user:password@host, or smtp:// for STARTTLS. Without it e-mails are kept and shown.
    #[arg(long, env = "WAYBILL_SMTP_URL", hide_env_values = true, requires = "mail_from")]
    pub smtp_url: Option<String>,

    /// Whom e-mails come from, as in `Shop <orders@example.com>`.
    #[arg(long, env = "WAYBILL_MAIL_FROM")]
    pub mail_from: Option<String>,
}

impl std::fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // the URL holds a password
        f.debug_struct("MailSettings").field("mail_from", &self.mail_from).finish_non_exhaustive()
    }
}

/// The settings of the commands that open the portal or work the queue.
#[derive(Clone, Args)]
pub struct Config {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show them as the help of the command")]
    pub installation: Installation,

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show them as the help of the command")]
    pub mail: MailSettings,

    /// Address and port of the portal.
    #[arg(long, env = "WAYBILL_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// What people type to come here. With https, cookies are Secure and browsers are told to stay on https.
    #[arg(long, env = "WAYBILL_PUBLIC_URL", value_parser = origin_url)]
    pub public_url: Option<Url>,

    /// Proxies whose X-Forwarded-For is believed: addresses or networks, separated by commas.
    #[arg(long, env = "WAYBILL_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,

    /// Database connections of one process.
    #[arg(long, env = "WAYBILL_CONNECTIONS", default_value_t = 16)]
    pub connections: usize,

    /// Threads that answer requests; 0 is one for each core.
    #[arg(long, env = "WAYBILL_THREADS", default_value_t = 0)]
    pub threads: usize,

    /// Jobs that run at once in one process.
    #[arg(long, env = "WAYBILL_JOBS", default_value_t = 8)]
    pub jobs: usize,

    /// Calls of the API that each token may make a second; five seconds' worth may come at once.
    #[arg(long, env = "WAYBILL_API_RATE", default_value = "10")]
    pub api_rate: NonZeroU32,

    /// Seconds that requests and jobs under way are given at a stop.
    #[arg(long, env = "WAYBILL_STOP_SECONDS", default_value_t = 30)]
    pub stop_seconds: u64,
}

impl std::ops::Deref for Config {
    type Target = Installation;
    fn deref(&self) -> &Installation {
        &self.installation
    }
}

impl std::fmt::Debug for Installation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // database_url and secret_key hold secrets
        f.debug_struct("Installation").field("var", &self.var).finish_non_exhaustive()
    }
}

impl Installation {
    /// Where the private database server lives.
    pub fn postgres_home(&self) -> PathBuf {
        self.var.join("postgres")
    }

    /// Where the key lies when it is not in the environment.
    pub fn key_file(&self) -> PathBuf {
        self.var.join("secret.key")
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // database_url and secret_key hold secrets
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("public_url", &self.public_url.as_ref().map(Url::as_str))
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Whether people come by https: the public URL says so.
    pub fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// Who asks: the peer, or what a trusted proxy says of it. Hops are read from
    /// the right, since everything left of the last untrusted one can be made up.
    pub fn client_address(&self, peer: Option<IpAddr>, forwarded_for: &[&str]) -> Option<IpAddr> {
        let trusted = |ip: IpAddr| self.trusted_proxies.iter().any(|n| n.contains(ip));
        let mut seen = peer?;
        let hops = forwarded_for.iter().rev().flat_map(|line| line.rsplit(','));
        for hop in hops {
            if !trusted(seen) {
                break;
            }
            let Ok(ip) = hop.trim().parse() else { break };
            seen = ip;
        }
        Some(seen)
    }
}

/// An address or a network such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: u128,
    mask: u128,
}

fn as_v6(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

impl Network {
    /// Whether the address lies in it.
    pub fn contains(&self, ip: IpAddr) -> bool {
        as_v6(ip) & self.mask == self.base
    }
}

impl FromStr for Network {
    type Err = anyhow::Error;
    fn from_str(text: &str) -> Result<Network> {
        let (address, length) = match text.trim().split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text.trim(), None),
        };
        let ip: IpAddr = address.parse().with_context(|| format!("{address:?} is no address"))?;
        let (bits, offset) = if ip.is_ipv4() { (32, 96) } else { (128, 0) };
        let length: u32 = match length {
            Some(length) => {
                length.parse().with_context(|| format!("{length:?} is no length of a network"))?
            }
            None => bits,
        };
        if length > bits {
            bail!("a network of this kind has at most {bits} bits");
        }
        let mask = u128::MAX.checked_shl(128 - (length + offset)).unwrap_or(0);
        Ok(Network { base: as_v6(ip) & mask, mask })
    }
}

fn origin_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|e| e.to_string())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("it begins with https:// (or http://) and names a host".into());
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("it ends after the host and port; Waybill does not live under a path".into());
    }
    Ok(url)
}
