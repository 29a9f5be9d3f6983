//! Which addresses may be called: public ones, by name or number. Checked when
//! a URL is saved and again at every call, on the address that is connected to.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use url::{Host, Url};

/// What may be called. Loopback addresses are let through only by name of the
/// exact socket, by a constructor that no configuration reaches.
#[derive(Debug, Clone, Default)]
pub struct AddressPolicy {
    sandboxes: Vec<SocketAddr>,
}

/// Said for every refusal, so that nobody can map a network by asking.
pub const NOT_PUBLIC: &str =
    "This address is not public. Use an https:// address that can be reached from the internet.";

impl AddressPolicy {
    /// Public addresses only.
    pub fn public() -> AddressPolicy {
        AddressPolicy::default()
    }

    /// Public addresses, and the sandbox this very process (or test) started.
    pub fn with_sandbox(mut self, sandbox: SocketAddr) -> AddressPolicy {
        self.sandboxes.push(sandbox);
        self
    }

    /// Checks a URL without resolving its name.
    pub fn check(&self, text: &str) -> Result<Url, String> {
        let url =
            Url::parse(text).map_err(|_| "Enter a whole address, beginning with https://.".to_owned())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("Leave the user name and password out of the address.".into());
        }
        let Some(port) = url.port_or_known_default() else {
            return Err(NOT_PUBLIC.into());
        };
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(Host::Domain(name)) if !name.is_empty() && name.len() <= 253 => None,
            _ => return Err(NOT_PUBLIC.into()),
        };
        if let Some(ip) = literal
            && self.sandboxes.contains(&SocketAddr::new(ip, port))
        {
            return Ok(url);
        }
        if url.scheme() != "https" || !matches!(port, 443 | 8443) || literal.is_some_and(|ip| !is_public(ip))
        {
            return Err(NOT_PUBLIC.into());
        }
        Ok(url)
    }
}

impl AddressPolicy {
    /// As [`AddressPolicy::check`], and every address its name has now is public.
    /// A name that nobody knows gets the same words, so that names within a network
    /// cannot be guessed.
    pub async fn check_resolving(&self, text: &str) -> Result<Url, String> {
        let url = self.check(text)?;
        if let Some(Host::Domain(name)) = url.host() {
            let found =
                tokio::time::timeout(Duration::from_secs(5), tokio::net::lookup_host((name, 443))).await;
            let public = match found {
                Ok(Ok(found)) => {
                    let found: Vec<SocketAddr> = found.collect();
                    !found.is_empty() && found.iter().all(|a| is_public(a.ip()))
                }
                _ => false,
            };
            if !public {
                return Err(NOT_PUBLIC.into());
            }
        }
        Ok(url)
    }
}

/// Resolves names and lets a connection only to public addresses: if any of a
/// name's addresses is not public, none is used (so a rebinding name fails).
#[derive(Debug, Clone, Copy)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.is_empty() || found.iter().any(|a| !is_public(a.ip())) {
                return Err(Box::<dyn std::error::Error + Send + Sync>::from(NOT_PUBLIC));
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is global unicast, embedded IPv4 included.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(a == 0
        || a == 10
        || a == 127
        || (a == 100 && (64..128).contains(&b))
        || (a == 169 && b == 254)
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && b == 0 && (c == 0 || c == 2))
        || (a == 192 && b == 88 && c == 99)
        || (a == 192 && b == 168)
        || (a == 198 && (b == 18 || b == 19))
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113)
        || a >= 224)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let embedded = |hi: u16, lo: u16| Ipv4Addr::from((u32::from(hi) << 16) | u32::from(lo));
    // mapped, translated and tunnelled IPv4 answer for the IPv4 inside
    if s[..5] == [0; 5] && s[5] == 0xffff {
        return is_public_v4(embedded(s[6], s[7]));
    }
    if s[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return is_public_v4(embedded(s[6], s[7]));
    }
    if s[0] == 0x2002 {
        return is_public_v4(embedded(s[1], s[2]));
    }
    // only 2000::/3 is global unicast; Teredo and documentation are not
    (s[0] & 0xe000) == 0x2000
        && !(s[0] == 0x2001 && (s[1] == 0 || s[1] == 0xdb8))
        && !(s[0] == 0x3fff && s[1] < 0x1000)
}
