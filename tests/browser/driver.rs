//! A real Chromium, driven through its own driver.

use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

/// How long anything may take to appear.
const PATIENCE: Duration = Duration::from_secs(20);

struct Driver {
    url: String,
    child: Child,
}

static DRIVER: OnceLock<Driver> = OnceLock::new();

/// The driver of this test run, started by the first who needs it.
fn driver() -> &'static str {
    &DRIVER
        .get_or_init(|| {
            let program = ["/usr/bin/chromedriver", "/usr/lib/chromium/chromedriver", "chromedriver"]
                .into_iter()
                .find(|p| {
                    Command::new(p)
                        .arg("--version")
                        .stdout(Stdio::null())
                        .stderr(Stdio::null())
                        .status()
                        .is_ok()
                })
                .expect("no chromedriver: bin/test installs it (Debian: chromium-driver)");
            let mut child = Command::new(program)
                .args(["--port=0", "--log-level=SEVERE"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("starting chromedriver");
            let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
            let port = loop {
                let line = lines.next().expect("chromedriver ended").expect("its output");
                if let Some((_, rest)) = line.split_once("started successfully on port ") {
                    break rest.trim_end_matches('.').to_owned();
                }
            };
            // keep reading, or it blocks on a full pipe
            std::thread::spawn(move || lines.for_each(drop));
            extern "C" fn stop() {
                if let Some(driver) = DRIVER.get() {
                    // statics are not dropped at exit
                    let _ = nix::sys::signal::kill(
                        nix::unistd::Pid::from_raw(driver.child.id() as i32),
                        nix::sys::signal::Signal::SIGTERM,
                    );
                }
            }
            unsafe { libc::atexit(stop) };
            Driver { url: format!("http://127.0.0.1:{port}"), child }
        })
        .url
}

/// One window, with its own profile.
pub struct Browser {
    client: Client,
    base: String,
    scripts: bool,
    /// Pages that axe has looked at.
    looked_at: Vec<String>,
    violations: Vec<String>,
}

impl Browser {
    /// Opens a window on a portal. Without `scripts` the pages' JavaScript is off.
    pub async fn open(base: &str, scripts: bool) -> Browser {
        Browser::open_at(base, scripts, (1440, 1000)).await
    }

    /// As [`Browser::open`], of a size.
    pub async fn open_at(base: &str, scripts: bool, size: (u32, u32)) -> Browser {
        let mut args = vec![
            "--headless=new".to_owned(),
            "--disable-gpu".into(),
            "--disable-quic".into(),
            "--disable-dev-shm-usage".into(),
            "--no-first-run".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-sync".into(),
            "--disable-extensions".into(),
            format!("--window-size={},{}", size.0, size.1),
        ];
        if nix::unistd::geteuid().is_root() {
            args.push("--no-sandbox".into());
        }
        let mut options = json!({ "args": args });
        if !scripts {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        let mut capabilities = fantoccini::wd::Capabilities::new();
        capabilities.insert("goog:chromeOptions".into(), options);
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let client = builder.connect(driver()).await.expect("opening a window");
        Browser { client, base: base.to_owned(), scripts, looked_at: Vec::new(), violations: Vec::new() }
    }

    /// Goes to a path of the portal.
    pub async fn goto(&mut self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.expect("loading a page");
        self.look().await;
    }

    /// The path and query shown now.
    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.expect("an address");
        url.as_str().strip_prefix(&self.base).unwrap_or(url.as_str()).to_owned()
    }

    /// All text of the page.
    pub async fn text(&self) -> String {
        match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    async fn fail(&self, what: &str) -> ! {
        let shot = self.screenshot("failure").await;
        panic!("{what}\nat {}\nscreenshot {}\n{}", self.path().await, shot.display(), self.text().await)
    }

    /// Waits for a text to be on the page.
    pub async fn sees(&self, text: &str) {
        self.until(&format!("“{text}” was not seen"), async |b| b.text().await.contains(text)).await;
    }

    /// Waits for a text to be gone.
    pub async fn sees_no(&self, text: &str) {
        self.until(&format!("“{text}” stays"), async |b| !b.text().await.contains(text)).await;
    }

    /// Waits for something to be so.
    pub async fn until(&self, otherwise: &str, is_so: impl AsyncFn(&Browser) -> bool) {
        let started = Instant::now();
        while !is_so(self).await {
            if started.elapsed() > PATIENCE {
                self.fail(otherwise).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Reloads until a text is there: what somebody without JavaScript does.
    pub async fn reloads_until(&mut self, text: &str) {
        let started = Instant::now();
        while !self.text().await.contains(text) {
            if started.elapsed() > PATIENCE {
                self.fail(&format!("“{text}” never came")).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            self.client.refresh().await.expect("reloading");
        }
    }

    /// Waits for a text to come by itself, or by reloading where there is no
    /// JavaScript.
    pub async fn comes(&mut self, text: &str) {
        match self.scripts {
            true => self.sees(text).await,
            false => self.reloads_until(text).await,
        }
    }

    /// Waits for an element that can be seen.
    pub async fn find(&self, locator: Locator<'_>) -> Element {
        let started = Instant::now();
        loop {
            if let Ok(found) = self.client.find_all(locator).await {
                for element in found {
                    // by its box: the driver's own notion takes the navigation, a
                    // <details> that wide windows show unfolded, for hidden
                    if element
                        .rectangle()
                        .await
                        .is_ok_and(|(_, _, width, height)| width > 1.0 && height > 1.0)
                    {
                        return element;
                    }
                }
            }
            if started.elapsed() > PATIENCE {
                self.fail(&format!("{locator:?} was not found")).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Clicks a link or button by its words, and looks at the page that comes.
    pub async fn press(&mut self, words: &str) {
        let quoted = xpath_text(words);
        let path = format!(
            "//*[self::a or self::button or self::summary][normalize-space(.)={quoted} or @aria-label={quoted} or text()[normalize-space(.)={quoted}]]"
        );
        self.click(Locator::XPath(&path)).await;
    }

    /// Clicks the first element that fits, retrying while a swap replaces it.
    pub async fn click(&mut self, locator: Locator<'_>) {
        let started = Instant::now();
        loop {
            let element = self.find(locator).await;
            match element.click().await {
                Ok(()) => break,
                Err(error) if started.elapsed() > PATIENCE => panic!("clicking {locator:?}: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        self.look().await;
    }

    /// Types into a field, replacing what is there.
    pub async fn fill(&self, css: &str, value: &str) {
        let field = self.find(Locator::Css(css)).await;
        field.clear().await.expect("clearing a field");
        field.send_keys(value).await.expect("typing");
    }

    /// Chooses an option by its words.
    pub async fn choose(&self, css: &str, label: &str) {
        self.find(Locator::Css(css)).await.select_by_label(label).await.expect("choosing an option");
    }

    /// Chooses an option by its value.
    pub async fn choose_value(&self, css: &str, value: &str) {
        self.find(Locator::Css(css)).await.select_by_value(value).await.expect("choosing an option");
    }

    /// Looks at the page that the keys led to.
    pub async fn arrives(&mut self, at: &str) {
        self.until(&format!("never arrived at {at}"), async |b| b.path().await.starts_with(at)).await;
        self.look().await;
    }

    /// Presses Enter in a field.
    pub async fn submit(&mut self, css: &str) {
        self.find(Locator::Css(css)).await.send_keys("\u{E007}").await.expect("pressing Enter");
        self.look().await;
    }

    /// Gives a file field a file.
    pub async fn attach(&self, css: &str, file: &Path) {
        let field = self.client.find(Locator::Css(css)).await.expect("the file field");
        field.send_keys(&file.display().to_string()).await.expect("attaching a file");
    }

    /// Moves the mouse over one element until another shows, and clicks that
    /// one, as a hand does.
    pub async fn hovers_and_clicks(&mut self, over: &str, then: &str, picture: &str) {
        use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
        let to = |element| PointerAction::MoveToElement {
            element,
            duration: Some(Duration::from_millis(50)),
            x: 0.0,
            y: 0.0,
        };
        let element = self.find(Locator::XPath(over)).await;
        let hover = MouseActions::new("mouse".into()).then(to(element));
        self.client.perform_actions(hover).await.expect("hovering");
        let element = self.find(Locator::XPath(then)).await;
        self.screenshot(picture).await;
        let click = MouseActions::new("mouse".into())
            .then(to(element))
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.client.perform_actions(click).await.expect("clicking");
    }

    /// Signs in.
    pub async fn signs_in(&mut self, email: &str, password: &str) {
        self.goto("/login").await;
        self.fill("input[name=email]", email).await;
        self.fill("input[name=password]", password).await;
        self.press("Sign in").await;
        self.until("still at the sign-in", async |b| !b.path().await.starts_with("/login")).await;
    }

    /// Presses single keys, one after the other.
    pub async fn keys(&mut self, keys: &str) {
        use fantoccini::actions::{InputSource, KeyAction, KeyActions};
        let presses = keys.chars().fold(KeyActions::new("keys".into()), |all, value| {
            all.then(KeyAction::Down { value }).then(KeyAction::Up { value })
        });
        self.client.perform_actions(presses).await.expect("pressing keys");
        self.look().await;
    }

    /// Presses a key while another is held.
    pub async fn chord(&mut self, held: char, key: char) {
        use fantoccini::actions::{InputSource, KeyAction, KeyActions};
        let presses = KeyActions::new("keys".into())
            .then(KeyAction::Down { value: held })
            .then(KeyAction::Down { value: key })
            .then(KeyAction::Up { value: key })
            .then(KeyAction::Up { value: held });
        self.client.perform_actions(presses).await.expect("pressing keys");
        self.look().await;
    }

    /// Runs a script in the page, past its policy.
    pub async fn evaluates(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect("running a script")
    }

    /// The text of the first element that fits; empty without one.
    pub async fn text_of(&self, css: &str) -> String {
        match self.client.find(Locator::Css(css)).await {
            Ok(element) => element.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Marks the page, to see whether it is loaded anew.
    pub async fn marks(&self) {
        self.evaluates("window.marked = true").await;
    }

    /// Whether it is still the page that was marked.
    pub async fn is_marked(&self) -> bool {
        self.evaluates("return window.marked === true").await == Value::Bool(true)
    }

    /// Keeps a picture of the window, to look at when a test failed.
    pub async fn screenshot(&self, name: &str) -> PathBuf {
        self.keep(&PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screenshots"), name).await
    }

    /// A picture of the README: kept in the folder `SCREENSHOTS`, where that is set.
    pub async fn picture(&self, name: &str) {
        if let Some(folder) = std::env::var_os("SCREENSHOTS") {
            self.keep(&PathBuf::from(folder), name).await;
        }
    }

    async fn keep(&self, folder: &Path, name: &str) -> PathBuf {
        let _ = std::fs::create_dir_all(folder);
        let file = folder.join(format!("{name}.png"));
        if let Ok(bytes) = self.client.screenshot().await {
            let _ = std::fs::write(&file, bytes);
        }
        file
    }

    /// Runs axe on the page and fails on any violation, once per path.
    async fn look(&mut self) {
        if !self.scripts {
            return;
        }
        let path = self.path().await;
        let key: String = path
            .split('?')
            .next()
            .unwrap_or_default()
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        if !path.starts_with('/') || self.looked_at.contains(&key) {
            return;
        }
        // as one script: the page's own policy forbids it to evaluate text
        let script = concat!(include_str!("vendor/axe.min.js"), ";\n", include_str!("axe-run.js"));
        let found = self.client.execute_async(script, Vec::new()).await;
        // a page that navigates away meanwhile is looked at next time
        let Ok(found) = found else { return };
        if let Value::Array(violations) = &found
            && !violations.is_empty()
        {
            self.violations
                .push(format!("{path}: {}", serde_json::to_string_pretty(&found).unwrap_or_default()));
        }
        self.looked_at.push(key);
    }

    /// Closes the window; fails when axe found anything on the way.
    pub async fn close(self) {
        let _ = self.client.close().await;
        assert!(self.violations.is_empty(), "axe: {}", self.violations.join("\n"));
    }
}

fn xpath_text(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}
