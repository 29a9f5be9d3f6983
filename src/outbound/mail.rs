//! Mail out, over one SMTP server. A letter is handed over in two steps, so that
//! its sender can write down that its text is about to go out: [`Mailer::open`]
//! goes as far as the server's leave to send it, and everything that fails there
//! was not sent; [`Open::send`] sends it, and where no answer comes nobody knows.

use anyhow::{Context, Result, bail};
use lettre::{
    Address, Message,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use std::{future::Future, net::IpAddr, sync::Arc, time::Duration};
use url::Url;

/// For everything up to the text, and for the text. Both together are half of a
/// job's lease.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the connection is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Privacy {
    /// TLS from the first byte (`smtps://`).
    Tls,
    /// TLS after a word in the clear, and nothing without it.
    StartTls,
    /// None: on this machine, or asked for with `?tls=none`.
    None,
}

/// The mail server. Cheap to clone.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

struct Inner {
    host: String,
    port: u16,
    privacy: Privacy,
    credentials: Option<Credentials>,
    from: Mailbox,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // the URL holds a password
        write!(f, "Mailer({})", self.place())
    }
}

/// A letter as plain data.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// One address.
    pub to: &'a str,
    /// One line.
    pub subject: &'a str,
    /// Plain text.
    pub body: &'a str,
    /// The same each time it is sent: `<…@…>`.
    pub message_id: &'a str,
    /// When it was written.
    pub at: crate::clock::Instant,
}

/// What became of a letter that the server did not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was not sent; later it may be.
    Later,
    /// The server will not have it.
    Refused,
    /// Its text was sent, and no answer came.
    Unknown,
}

/// Why a letter was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFailure {
    /// What became of it.
    pub fate: Fate,
    /// The server's words, or ours.
    pub words: String,
}

type SmtpError = lettre::transport::smtp::Error;

/// The server's own words, or what went wrong on the way.
fn words(error: &SmtpError) -> String {
    let mut whole = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        let text = inner.to_string();
        if !whole.contains(&text) {
            whole = format!("{whole}: {text}");
        }
        source = inner.source();
    }
    whole.chars().filter(|c| !c.is_control()).take(500).collect()
}

/// What failed is about us or the way there: it is tried again.
fn later(error: SmtpError) -> MailFailure {
    MailFailure { fate: Fate::Later, words: words(&error) }
}

/// What was said is about this letter.
fn of_letter(error: SmtpError) -> MailFailure {
    let fate = if error.is_permanent() { Fate::Refused } else { Fate::Later };
    MailFailure { fate, words: words(&error) }
}

fn refused(words: impl Into<String>) -> MailFailure {
    MailFailure { fate: Fate::Refused, words: words.into() }
}

async fn in_time<T>(
    fate: Fate,
    step: impl Future<Output = Result<T, MailFailure>>,
) -> Result<T, MailFailure> {
    let late = || MailFailure { fate, words: "The mail server did not answer in time.".into() };
    tokio::time::timeout(PATIENCE, step).await.unwrap_or_else(|_| Err(late()))
}

/// `%40` and its like in a user name or password.
fn decoded(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next(), rest.next()].map(|d| char::from(d.unwrap_or(b'x')).to_digit(16));
                let [Some(high), Some(low)] = digits else { bail!("a % is followed by two digits") };
                (high * 16 + low) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).context("the user name and the password are UTF-8")
}

impl Mailer {
    /// Reads `smtp://user:password@host:port` or `smtps://…`. With `smtp://` the
    /// connection must become private by STARTTLS, unless the server is on this
    /// machine or `?tls=none` says otherwise.
    pub fn new(url: &str, from: &str) -> Result<Mailer> {
        let url = Url::parse(url).map_err(|e| anyhow::anyhow!("the SMTP URL: {e}"))?;
        // an IPv6 address stands in brackets in a URL only
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            bail!("the SMTP URL names no host");
        }
        let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let asked = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let privacy = match (url.scheme(), asked.as_deref()) {
            ("smtps", _) => Privacy::Tls,
            ("smtp", Some("none")) => Privacy::None,
            ("smtp", Some("starttls")) => Privacy::StartTls,
            ("smtp", None) if local => Privacy::None,
            ("smtp", None) => Privacy::StartTls,
            ("smtp", Some(_)) => bail!("the SMTP URL: tls is starttls or none"),
            _ => bail!("the SMTP URL begins with smtp:// or smtps://"),
        };
        let usual = match privacy {
            Privacy::Tls => 465,
            Privacy::StartTls => 587,
            Privacy::None => 25,
        };
        let user = decoded(url.username())?;
        let password = decoded(url.password().unwrap_or_default())?;
        Ok(Mailer(Arc::new(Inner {
            host,
            port: url.port().unwrap_or(usual),
            privacy,
            credentials: (!user.is_empty()).then(|| Credentials::new(user, password)),
            from: from.parse().map_err(|e| anyhow::anyhow!("the address mail comes from: {e}"))?,
        })))
    }

    /// Where and how, without the password.
    pub fn place(&self) -> String {
        let how = match self.0.privacy {
            Privacy::Tls => "TLS",
            Privacy::StartTls => "STARTTLS",
            Privacy::None => "no TLS",
        };
        format!("{}:{}, {how}", self.0.host, self.0.port)
    }

    /// Whom mail comes from.
    pub fn from(&self) -> String {
        self.0.from.to_string()
    }

    /// The host part of that address: what message ids end in.
    pub fn domain(&self) -> &str {
        self.0.from.email.domain()
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, MailFailure> {
        let inner = &self.0;
        let hello = ClientId::default();
        let tls = || TlsParameters::new(inner.host.clone()).map_err(later);
        let at_once = if inner.privacy == Privacy::Tls { Some(tls()?) } else { None };
        let server = (inner.host.as_str(), inner.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(PATIENCE), &hello, at_once, None)
                .await
                .map_err(later)?;
        if inner.privacy == Privacy::StartTls {
            connection.starttls(tls()?, &hello).await.map_err(later)?;
        }
        if let Some(credentials) = &inner.credentials {
            // refused credentials are ours to mend, not the letter's fault
            let ways = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&ways, credentials).await.map_err(later)?;
        }
        Ok(connection)
    }

    /// Whether the server can be reached and lets us in; sends nothing.
    pub async fn test(&self) -> Result<(), MailFailure> {
        in_time(Fate::Later, async {
            let mut connection = self.connect().await?;
            let _ = connection.quit().await;
            Ok(())
        })
        .await
    }

    /// Goes as far as the server's leave to send the text.
    pub async fn open(&self, letter: &Letter<'_>) -> Result<Open, MailFailure> {
        let to: Address = letter.to.parse().map_err(|_| refused("That is no e-mail address."))?;
        let text = self.written(letter, &to)?;
        in_time(Fate::Later, async {
            let mut connection = self.connect().await?;
            let mut options = Vec::new();
            if !to.to_string().is_ascii() {
                if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                    return Err(refused("The mail server takes no such address (no SMTPUTF8)."));
                }
                options.push(MailParameter::SmtpUtfEight);
            }
            if !text.is_ascii() {
                options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
            }
            let from = Some(self.0.from.email.clone());
            connection.command(Mail::new(from, options)).await.map_err(of_letter)?;
            connection.command(Rcpt::new(to, Vec::new())).await.map_err(of_letter)?;
            connection.command(Data).await.map_err(of_letter)?;
            Ok(Open { connection, text })
        })
        .await
    }

    fn written(&self, letter: &Letter<'_>, to: &Address) -> Result<Vec<u8>, MailFailure> {
        // what comes from a template or a channel stays in its header
        let subject: String = letter.subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let message = Message::builder()
            .from(self.0.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(subject)
            .message_id(Some(letter.message_id.to_owned()))
            .date(letter.at.into())
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body.to_owned())
            .map_err(|error| refused(format!("It cannot be written as an e-mail: {error}")))?;
        Ok(message.formatted())
    }
}

/// A connection whose server waits for the text.
pub struct Open {
    connection: AsyncSmtpConnection,
    text: Vec<u8>,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Open")
    }
}

impl Open {
    /// Sends the text; answers the server's words.
    pub async fn send(mut self) -> Result<String, MailFailure> {
        let sent = in_time(Fate::Unknown, async {
            self.connection.message(&self.text).await.map_err(|error| {
                // an answer of the server says what it did; nothing else does
                let fate = match (error.is_permanent(), error.is_transient()) {
                    (true, _) => Fate::Refused,
                    (_, true) => Fate::Later,
                    _ => Fate::Unknown,
                };
                MailFailure { fate, words: words(&error) }
            })
        })
        .await?;
        let reply: Vec<&str> = sent.message().collect();
        let reply: String = format!("{} {}", sent.code(), reply.join(" ")).chars().take(500).collect();
        let _ = tokio::time::timeout(Duration::from_secs(1), self.connection.quit()).await;
        Ok(reply)
    }
}
