//! What other people wrote and we are tried with: a mail server, and the library
//! that receivers of webhooks use. `bin/test` installs them (`tests/tools`).

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use waybill::outbound::{Letter, Mailer};

/// The Python of `bin/needs`.
pub fn python() -> Command {
    let python = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/python/bin/python");
    assert!(python.exists(), "{} is missing; bin/test installs it", python.display());
    Command::new(python)
}

fn tool(name: &str) -> Command {
    let mut command = python();
    command.arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/tools").join(name));
    command
}

/// Gives a program its input and answers what it prints.
pub fn told(mut command: Command, input: &str) -> String {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a program of tests/tools");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("its input");
    let output = child.wait_with_output().expect("its output");
    assert!(output.status.success(), "it failed");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// What the official library for Python says of a message.
pub fn verified(secret: &str, headers: &[(String, String)], body: &str) -> String {
    let headers: serde_json::Map<String, Value> =
        headers.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let message = serde_json::json!({ "secret": secret, "headers": headers, "body": body });
    told(tool("verify.py"), &message.to_string())
}

/// A mail server that ends with the value.
pub struct MailServer {
    child: Child,
    port: u16,
    letters: Arc<Mutex<Vec<Value>>>,
}

impl MailServer {
    /// One that lets everybody in.
    pub fn start() -> MailServer {
        MailServer::start_with(&[])
    }

    /// One that asks who it is; the password is `secret`.
    pub fn with_users() -> MailServer {
        MailServer::start_with(&["users"])
    }

    fn start_with(arguments: &[&str]) -> MailServer {
        let mut child = tool("mail.py")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // it warns of what is meant so here: no TLS on loopback
            .stderr(Stdio::null())
            .spawn()
            .expect("a mail server");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let port = lines.next().expect("its port").expect("text").trim().parse().expect("a port");
        let letters: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = letters.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap().push(serde_json::from_str(&line).expect("JSON"));
            }
        });
        MailServer { child, port, letters }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The way there.
    pub fn mailer(&self) -> Mailer {
        Mailer::new(&self.url(), "Shop <orders@shop.example>").expect("a mailer")
    }

    /// Every letter it has taken up to now, but for the one that asks.
    pub async fn letters(&self) -> Vec<Value> {
        let id = format!("<asking-{}@shop.example>", self.letters.lock().unwrap().len());
        let letter = Letter {
            to: "asking@shop.example",
            subject: "",
            body: "",
            message_id: &id,
            at: waybill::clock::now(),
        };
        self.mailer().open(&letter).await.unwrap().send().await.unwrap();
        let since = Instant::now();
        loop {
            let all = self.letters.lock().unwrap().clone();
            if all.iter().any(|letter| header(letter, "Message-ID") == id) {
                return all.into_iter().filter(|l| l["to"][0] != "asking@shop.example").collect();
            }
            assert!(since.elapsed() < Duration::from_secs(20), "the mail server says nothing");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A header of a letter; empty when it is not there.
pub fn header<'a>(letter: &'a Value, name: &str) -> &'a str {
    let pairs = letter["headers"].as_array().expect("headers");
    pairs.iter().find(|pair| pair[0] == name).and_then(|pair| pair[1].as_str()).unwrap_or_default()
}
