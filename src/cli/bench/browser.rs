//! The least of a browser: calls the portal of this very process, one request a
//! connection, and says how long each took.

use anyhow::{Context, Result, bail};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Browser {
    address: SocketAddr,
    cookies: String,
}

struct Answer {
    status: u16,
    head: String,
}

impl Browser {
    /// Signs in.
    pub fn sign_in(address: SocketAddr, email: &str, password: &str) -> Result<Browser> {
        let mut browser = Browser { address, cookies: String::new() };
        let form: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("email", email)
            .append_pair("password", password)
            .finish();
        let answer = browser.ask("POST", "/login", &form)?;
        if answer.status != 303 {
            bail!("signing in was answered with {}", answer.status);
        }
        let set = answer.head.lines().filter_map(|line| line.split_once(':'));
        let cookies: Vec<&str> = set
            .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
            .filter_map(|(_, value)| value.trim().split(';').next())
            .collect();
        browser.cookies = cookies.join("; ");
        Ok(browser)
    }

    /// Asks for a page; answers how long it took until its last byte.
    pub fn get(&self, path: &str) -> Result<Duration> {
        let since = Instant::now();
        let answer = self.ask("GET", path, "")?;
        match answer.status {
            200 => Ok(since.elapsed()),
            status => bail!("{path} was answered with {status}"),
        }
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Result<Answer> {
        let mut stream = TcpStream::connect(self.address).context("connecting to the portal")?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nsec-fetch-site: same-origin\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\ncookie: {}\r\n\r\n{body}",
            self.address,
            body.len(),
            self.cookies
        );
        stream.write_all(head.as_bytes())?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).with_context(|| format!("reading {path}"))?;
        let text = String::from_utf8_lossy(&bytes);
        let head = text.split("\r\n\r\n").next().unwrap_or_default().to_owned();
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        Ok(Answer { status: status.context("an answer without a status")?, head })
    }
}
