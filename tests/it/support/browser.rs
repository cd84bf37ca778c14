//! A real browser, driven over Chromium's own debugging protocol through a pipe: no
//! port is opened, no driver is installed, and the browser ends with the test.
//!
//! Nothing of the desk is known here. A [`Tab`] keeps an account of what went wrong in
//! it: messages of error on the console, requests that failed or went elsewhere.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// No sandbox, since tests run as root in containers; nothing that asks the network.
const FLAGS: [&str; 14] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--lang=zh-CN",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// A running browser.
pub struct Browser {
    child: Child,
    wire: Arc<Wire>,
    _profile: TempDir,
}

type Answer = Result<Value, String>;

/// The pipe to the browser, and who waits for what from it.
struct Wire {
    to: Mutex<ChildStdin>,
    next: AtomicU64,
    waiting: Mutex<BTreeMap<u64, Sender<Answer>>>,
    tabs: Mutex<BTreeMap<String, Sender<Value>>>,
}

impl Wire {
    fn ask(&self, session: Option<&str>, method: &str, params: Value) -> Answer {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (tell, answer) = channel();
        self.waiting.lock().expect("whole").insert(id, tell);
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.lock().expect("whole").write_all(&bytes).map_err(|error| format!("{method}: {error}"))?;
        let answer = answer.recv_timeout(PATIENCE).map_err(|error| format!("{method}: {error}"))?;
        answer.map_err(|error| format!("{method}: {error}"))
    }

    /// Passes on one message of the browser.
    fn take(&self, mut message: Value) {
        if let Some(id) = message["id"].as_u64() {
            let answer = match message.get("error") {
                Some(error) => Err(error.to_string()),
                None => Ok(message["result"].take()),
            };
            if let Some(waiting) = self.waiting.lock().expect("whole").remove(&id) {
                // Whoever asked may have given up.
                let _ = waiting.send(answer);
            }
        } else if let Some(session) = message["sessionId"].as_str()
            && let Some(tab) = self.tabs.lock().expect("whole").get(session)
        {
            let _ = tab.send(message);
        }
    }
}

impl Browser {
    /// Starts one of its own, with an empty profile.
    pub fn start() -> Self {
        let program = super::fetched::chromium().unwrap_or_else(|error| panic!("failed to {error}"));
        let profile = TempDir::new().expect("a folder");
        let mut command = Command::new("sh");
        // The protocol's pipe is on the descriptors 3 and 4.
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 0</dev/null 1>&2", "sh"]).arg(&program).args(FLAGS);
        command.arg("--remote-debugging-pipe").arg(format!("--user-data-dir={}", profile.path().display()));
        let log = std::fs::File::create(profile.path().join("stderr.log")).expect("a log");
        command
            .env("LANGUAGE", "zh_CN")
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut child = command.spawn().expect("a shell");
        let wire = Arc::new(Wire {
            to: Mutex::new(child.stdin.take().expect("a pipe")),
            next: AtomicU64::new(1),
            waiting: Mutex::default(),
            tabs: Mutex::default(),
        });
        let (mut from, taking) = (BufReader::new(child.stdout.take().expect("a pipe")), Arc::clone(&wire));
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            while from.read_until(0, &mut bytes).is_ok_and(|read| read > 0) {
                bytes.pop();
                if let Ok(message) = serde_json::from_slice(&bytes) {
                    taking.take(message);
                }
                bytes.clear();
            }
            // Nobody waits for what will not come.
            taking.waiting.lock().expect("whole").clear();
        });
        let browser = Self { child, wire, _profile: profile };
        if let Err(error) = browser.wire.ask(None, "Browser.getVersion", json!({})) {
            let said =
                std::fs::read_to_string(browser._profile.path().join("stderr.log")).unwrap_or_default();
            panic!("{} does not answer: {error}\n{said}", program.display());
        }
        browser
    }

    /// A tab with cookies of its own.
    pub fn tab(&self) -> Tab {
        let ask = |method: &str, params| self.wire.ask(None, method, params).expect("an answer");
        let context = ask("Target.createBrowserContext", json!({}))["browserContextId"].clone();
        let target = json!({"url": "about:blank", "browserContextId": context});
        let target = ask("Target.createTarget", target)["targetId"].clone();
        let (tell, events) = channel();
        // Events of the tab come after the answer only once they are asked for.
        let session = ask("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        let session = session["sessionId"].as_str().expect("a session").to_owned();
        self.wire.tabs.lock().expect("whole").insert(session.clone(), tell);
        let mut tab = Tab { wire: Arc::clone(&self.wire), session, events, went: Went::default(), loads: 0 };
        for domain in ["Page.enable", "Runtime.enable", "Network.enable", "Log.enable"] {
            tab.ask(domain, json!({}));
        }
        tab.ask("Network.setCacheDisabled", json!({"cacheDisabled": true}));
        tab
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What went over the network and the console since the last page was asked for.
#[derive(Debug, Default)]
pub struct Went {
    /// Everything that should not have been.
    pub wrong: Vec<String>,
    /// Bytes of content, unpacked.
    pub bytes: u64,
    streams: Vec<String>,
}

/// One tab.
pub struct Tab {
    wire: Arc<Wire>,
    session: String,
    events: Receiver<Value>,
    went: Went,
    loads: u64,
}

/// What the device is like.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    pub name: &'static str,
    pub width: u32,
    pub height: u32,
    pub touch: bool,
}

pub const OFFICE: Screen = Screen { name: "1440x900", width: 1440, height: 900, touch: false };
pub const WALL: Screen = Screen { name: "1920x1080", width: 1920, height: 1080, touch: false };
pub const PHONE: Screen = Screen { name: "390x844", width: 390, height: 844, touch: true };

impl Tab {
    #[track_caller]
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.wire.ask(Some(&self.session), method, params).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Looks as on that screen, in light or dark.
    pub fn look(&mut self, screen: Screen, dark: bool) {
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": screen.width, "height": screen.height, "deviceScaleFactor": 1, "mobile": screen.touch}),
        );
        self.media("", dark);
    }

    /// Looks as in print where `media` is `print`.
    pub fn media(&mut self, media: &str, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.ask("Emulation.setEmulatedMedia", json!({"media": media, "features": features}));
    }

    /// Opens an address and waits until it and what it needs are there.
    #[track_caller]
    pub fn open(&mut self, url: &str) {
        self.take_events();
        self.went = Went::default();
        let before = self.loads;
        let answer = self.ask("Page.navigate", json!({"url": url}));
        assert!(answer["errorText"].is_null(), "{url}: {answer}");
        self.await_load(before, url);
    }

    /// Does what leads to another page, and waits until it is there.
    #[track_caller]
    pub fn leading(&mut self, act: impl FnOnce(&mut Self)) {
        self.take_events();
        self.went = Went::default();
        let before = self.loads;
        act(self);
        self.await_load(before, "the page that this leads to");
    }

    #[track_caller]
    fn await_load(&mut self, before: u64, what: &str) {
        let until = Instant::now() + PATIENCE;
        while self.loads == before {
            let left = until.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left);
            self.take(&event.unwrap_or_else(|error| panic!("{what} does not load: {error}")));
        }
        self.take_events();
    }

    /// What went wrong since the page was asked for, and how much it brought.
    pub fn went(&mut self) -> &Went {
        self.take_events();
        &self.went
    }

    fn take_events(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.take(&event);
        }
    }

    fn take(&mut self, event: &Value) {
        let (params, id) = (&event["params"], event["params"]["requestId"].as_str().unwrap_or_default());
        match event["method"].as_str().unwrap_or_default() {
            "Page.loadEventFired" => self.loads += 1,
            "Network.requestWillBeSent" => {
                let url = params["request"]["url"].as_str().unwrap_or_default();
                if !["http://127.0.0.1:", "data:", "about:"].iter().any(|own| url.starts_with(own)) {
                    self.went.wrong.push(format!("asks elsewhere: {url}"));
                }
                if params["type"] == "EventSource" {
                    self.went.streams.push(id.to_owned());
                }
            }
            "Network.responseReceived" if params["response"]["status"].as_u64() >= Some(400) => {
                let response = &params["response"];
                self.went.wrong.push(format!("{} for {}", response["status"], response["url"]));
            }
            "Network.loadingFailed" if params["canceled"] != true => {
                self.went.wrong.push(format!("a request failed: {params}"));
            }
            "Network.dataReceived" if !self.went.streams.iter().any(|stream| stream == id) => {
                self.went.bytes += params["dataLength"].as_u64().unwrap_or(0);
            }
            "Runtime.exceptionThrown" => self.went.wrong.push(params["exceptionDetails"].to_string()),
            "Runtime.consoleAPICalled"
                if ["error", "warning", "assert"].iter().any(|kind| params["type"] == *kind) =>
            {
                self.went.wrong.push(format!("console: {params}"));
            }
            "Log.entryAdded"
                if ["error", "warning"].iter().any(|level| params["entry"]["level"] == *level) =>
            {
                self.went.wrong.push(format!("log: {}", params["entry"]["text"]));
            }
            _ => {}
        }
    }

    /// The value of an expression in the page; a promise is waited for.
    #[track_caller]
    pub fn eval(&mut self, script: &str) -> Value {
        let params = json!({"expression": script, "awaitPromise": true, "returnByValue": true});
        let answer = self.ask("Runtime.evaluate", params);
        assert!(answer["exceptionDetails"].is_null(), "{}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// The text of an expression in the page.
    #[track_caller]
    pub fn text(&mut self, script: &str) -> String {
        let value = self.eval(script);
        value.as_str().unwrap_or_else(|| panic!("{script} is {value}, no text")).to_owned()
    }

    /// Waits until an expression holds; it is looked at whenever the page changes.
    #[track_caller]
    pub fn until(&mut self, condition: &str) {
        let holds = self.eval(&format!(
            "new Promise((done) => {{
               const look = () => {{ if ({condition}) {{ watch.disconnect(); done(true); }} }};
               const watch = new MutationObserver(look);
               watch.observe(document, {{ subtree: true, childList: true, attributes: true, characterData: true }});
               addEventListener('focusin', look);
               setTimeout(() => done(false), 30000);
               look();
             }})"
        ));
        assert_eq!(holds, true, "never came true: {condition}");
    }

    /// Clicks in the middle of the first element that a selector finds.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        let place = self.eval(&format!(
            "(() => {{
               const it = document.querySelector({});
               if (!it) return null;
               it.scrollIntoView({{ block: 'center', inline: 'center' }});
               const box = it.getClientRects()[0];
               return [box.x + box.width / 2, box.y + box.height / 2];
             }})()",
            json!(selector)
        ));
        let [x, y] = [&place[0], &place[1]]
            .map(|it| it.as_f64().unwrap_or_else(|| panic!("no {selector} to click on")));
        for kind in ["mousePressed", "mouseReleased"] {
            self.ask(
                "Input.dispatchMouseEvent",
                json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}),
            );
        }
    }

    /// Presses a key, with Control where `control`.
    #[track_caller]
    pub fn press(&mut self, key: &str, control: bool) {
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, ""),
            "Enter" => ("Enter", 13, "\r"),
            "Escape" => ("Escape", 27, ""),
            "ArrowDown" => ("ArrowDown", 40, ""),
            letter => {
                let upper = letter.chars().next().expect("a key").to_ascii_uppercase();
                (&*format!("Key{upper}").leak(), upper as u32, if control { "" } else { letter })
            }
        };
        let modifiers = if control { 2 } else { 0 };
        let mut down = json!({"type": if text.is_empty() { "rawKeyDown" } else { "keyDown" },
            "key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers});
        if !text.is_empty() {
            down["text"] = text.into();
        }
        self.ask("Input.dispatchKeyEvent", down);
        self.ask(
            "Input.dispatchKeyEvent",
            json!({"type": "keyUp", "key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers}),
        );
    }

    /// Types a text where the focus is.
    #[track_caller]
    pub fn type_text(&mut self, text: &str) {
        self.ask("Input.insertText", json!({"text": text}));
    }

    /// Keeps a picture of the whole page, or of what is seen of it.
    #[track_caller]
    pub fn picture(&mut self, path: &Path, whole: bool) {
        let params = json!({"format": "png", "captureBeyondViewport": whole, "optimizeForSpeed": true});
        let params = if whole {
            // A page of many rows makes a picture that nobody looks at.
            let size = self.eval("[innerWidth, Math.min(document.documentElement.scrollHeight, 3000)]");
            let clip = json!({"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1});
            let mut params = params;
            params["clip"] = clip;
            params
        } else {
            params
        };
        let answer = self.ask("Page.captureScreenshot", params);
        write(path, &answer["data"]);
    }

    /// Keeps the page as it is printed.
    #[track_caller]
    pub fn print(&mut self, path: &Path) {
        let answer =
            self.ask("Page.printToPDF", json!({"preferCSSPageSize": true, "printBackground": false}));
        write(path, &answer["data"]);
    }
}

fn write(path: &Path, data: &Value) {
    let bytes = STANDARD.decode(data.as_str().expect("content")).expect("base64");
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, bytes).expect("written");
}
