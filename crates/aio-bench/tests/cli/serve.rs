//! `aio serve` over a socket: the program itself, with the embedded model.

#![cfg(unix)]

use crate::harness::{Desk, checkpoint, coloured};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server, which is killed with the test.
struct Served {
    child: Child,
    /// Host and port.
    address: String,
    /// The whole line that it printed.
    printed: String,
}

impl Served {
    fn start(desk: &Desk, more: &[&str]) -> Self {
        Self::start_with(desk, more, Stdio::null())
    }

    /// A server whose messages go somewhere.
    fn start_with(desk: &Desk, more: &[&str], messages: Stdio) -> Self {
        let has_address = more.contains(&"--address");
        let address: &[&str] = if has_address { &[] } else { &["--address", "127.0.0.1:0"] };
        let mut command = desk.command(&[&["serve", "people"], address, more].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(messages).spawn().expect("starts");
        let mut printed = String::new();
        let out = child.stdout.take().expect("standard output");
        BufReader::new(out).read_line(&mut printed).expect("a line");
        let rest = printed.strip_prefix("http://").expect("an address");
        let address = rest.split('/').next().expect("host and port").to_owned();
        Self { child, address, printed }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a limit");
        stream
    }

    /// Sends bytes and reads until the server closes: status and body.
    fn exchange(&self, bytes: &[u8]) -> (u16, String) {
        let mut stream = self.connect();
        stream.write_all(bytes).expect("written");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let text = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or_default(), body.to_owned())
    }

    fn get(&self, path: &str, headers: &str) -> (u16, String) {
        let host = if headers.contains("host:") { "" } else { "host: localhost\r\n" };
        self.exchange(
            format!("GET {path} HTTP/1.1\r\n{host}{headers}connection: close\r\n\r\n").as_bytes(),
        )
    }

    fn search(&self, body: &Value) -> (u16, Value) {
        let (status, text) = self.exchange(post(body, "connection: close\r\n").as_bytes());
        (status, serde_json::from_str(&text).expect("JSON"))
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill").success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn post(body: &Value, headers: &str) -> String {
    let body = body.to_string();
    format!(
        "POST /api/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn the_server_answers_as_the_search_command_and_ends_with_a_signal() {
    let desk = Desk::new();
    let files = coloured(&desk, "g", 5);
    desk.succeed(&["gallery", "create", "people", "g", "--thumbnail", "0"]);
    let mut served = Served::start(&desk, &[]);
    let picture = STANDARD.encode(std::fs::read(&files[3]).expect("a picture"));
    let body = json!({
        "text": "a red coat", "pictures": {"rgb": {"name": "g/003.png", "data": picture}},
        "top": 3, "unlike": [1]
    });
    let (status, answer) = served.search(&body);
    assert_eq!(status, 200, "{answer}");
    let search = ["search", "people", "--text", "a red coat", "--rgb", "g/003.png"];
    let expected = desk.json(&[&search[..], &["--unlike", "1", "--top", "3", "--json"]].concat());
    assert_eq!(answer, expected);
    let (status, answer) =
        served.search(&json!({"text": "a red coat", "like": [1], "unlike": [1]}));
    assert_eq!(status, 400, "{answer}");
    let error = answer["error"].as_str().expect("a sentence");
    assert!(error.contains("should resemble the row 1, and should not"), "{answer}");

    let (status, page) = served.get("/", "");
    assert!(status == 200 && page.contains("<title>AIO"), "{page}");
    let (_, about) = served.get("/api/gallery", "");
    let about: Value = serde_json::from_str(&about).expect("JSON");
    assert_eq!((&about["rows"], &about["name"]), (&json!(5), &json!("people")));
    assert!(
        about["model"]["trained_on"].as_str().is_some_and(|t| t.contains("rendered people only"))
    );
    // No thumbnails are stored, so that the picture itself is made small.
    assert_eq!(served.get("/api/rows/2/thumbnail", "").0, 200);
    assert_eq!(served.get("/api/rows/2/thumbnail", "host: evil.example\r\n").0, 403);
    assert_eq!(served.get("/api/rows/9/thumbnail", "").0, 404);

    // What is added meanwhile is found.
    let more = coloured(&desk, "h", 7);
    let new = more[6].display().to_string();
    desk.succeed(&["gallery", "add", "people", &new]);
    let picture = STANDARD.encode(std::fs::read(&new).expect("a picture"));
    let (_, answer) = served.search(&json!({"pictures": {"rgb": {"data": picture}}}));
    assert_eq!((&answer["gallery"], &answer["results"][0]["row"]), (&json!(6), &json!(5)));

    // Garbage, and clients that go away in the middle.
    assert_eq!(served.exchange(b"\x16\x03\x01 no HTTP at all\r\n\r\n").0, 400);
    for half in [
        "",
        "GET /",
        "POST /api/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{",
    ] {
        served.connect().write_all(half.as_bytes()).expect("written");
    }
    let mut gone = served.connect();
    gone.write_all(post(&body, "").as_bytes()).expect("written");
    drop(gone);

    // A request that was sent before the signal is answered.
    let mut last = served.connect();
    last.write_all(post(&body, "").as_bytes()).expect("written");
    let mut first = [0; 12];
    std::thread::sleep(Duration::from_millis(200));
    served.signal("-TERM");
    last.read_exact(&mut first).expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200");
    drop(last);
    assert_eq!(served.child.wait().expect("ends").code(), Some(0));
}

#[test]
fn what_others_could_reach_needs_a_flag_and_a_token() {
    let desk = Desk::new();
    coloured(&desk, "g", 2);
    desk.succeed(&["gallery", "create", "people", "g"]);
    let refused = desk.refused(2, &["serve", "people", "--address", "0.0.0.0:0"]);
    assert!(
        refused.contains("other machines could reach it") && refused.contains("--expose"),
        "{refused}"
    );
    let served = Served::start(&desk, &["--address", "0.0.0.0:0", "--expose"]);
    let token = served.printed.trim().split_once("/#token=").expect("a token").1.to_owned();
    assert_eq!(token.len(), 32);
    let with =
        |token: &str| served.get("/api/gallery", &format!("authorization: Bearer {token}\r\n")).0;
    assert_eq!((with(""), with(&token[..31]), with(&token)), (401, 401, 200));
    drop(served);
    // A token of one's own is not printed, also where only this machine reaches the server.
    std::fs::write(desk.path("token"), "correct-horse-battery\n").expect("written");
    let served = Served::start(&desk, &["--token-file", "token"]);
    assert!(!served.printed.contains("token"), "{}", served.printed);
    assert_eq!(served.get("/api/gallery", "").0, 401);
    assert_eq!(
        served.get("/api/gallery", "authorization: Bearer correct-horse-battery\r\n").0,
        200
    );
    std::fs::write(desk.path("short"), "x").expect("written");
    assert!(
        desk.refused(2, &["serve", "people", "--token-file", "short"])
            .contains("short: expected one line")
    );
}

#[test]
fn a_server_that_others_may_reach_needs_a_token_on_every_address() {
    let desk = Desk::new();
    coloured(&desk, "g", 2);
    desk.succeed(&["gallery", "create", "people", "g"]);
    let served = Served::start(&desk, &["--expose"]);
    assert!(served.address.starts_with("127.0.0.1:"), "{}", served.printed);
    let token = served.printed.trim().split_once("/#token=").expect("a token").1.to_owned();
    assert_eq!(token.len(), 32);
    assert_eq!(served.get("/api/gallery", "").0, 401);
    let header = format!("authorization: Bearer {token}\r\n");
    assert_eq!(served.get("/api/gallery", &header).0, 200);
    // A proxy in front of it has a name of its own, which it passes on.
    let proxied = "host: people.example\r\norigin: https://people.example\r\n";
    assert_eq!(served.get("/api/gallery", &format!("{header}{proxied}")).0, 200);
    assert_eq!(served.get("/api/gallery", proxied).0, 401);
    let foreign = "host: people.example\r\norigin: https://evil.example\r\n";
    assert_eq!(served.get("/api/gallery", &format!("{header}{foreign}")).0, 403);
}

/// How long one request takes, in seconds.
fn seconds(served: &Served) -> f64 {
    let start = Instant::now();
    assert_eq!(served.get("/api/gallery", "").0, 200);
    start.elapsed().as_secs_f64()
}

#[test]
fn idle_connections_hold_up_nobody() {
    let desk = Desk::new();
    coloured(&desk, "g", 2);
    desk.succeed(&["gallery", "create", "people", "g"]);
    let served = Served::start(&desk, &[]);
    assert!(seconds(&served) < 10.0);
    // More than are served at a time: silent ones, and ones that have begun a request.
    let mut idle: Vec<TcpStream> = Vec::new();
    for number in 0..300 {
        let mut stream = served.connect();
        if number % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: local").expect("written");
        }
        idle.push(stream);
        if number >= 250 {
            let taken = seconds(&served);
            assert!(taken < 2.0, "after {number} idle connections: {taken} s");
        }
    }
    drop(idle);
}

#[test]
fn a_client_that_does_not_read_is_cut_off_after_a_signal_and_the_exit_code_is_0() {
    let desk = Desk::new();
    coloured(&desk, "g", 2);
    desk.succeed(&["gallery", "create", "people", "g"]);
    let mut served = Served::start_with(&desk, &[], Stdio::piped());
    let mut deaf = served.connect();
    // Together the answers are more than systems hold.
    let asked = "GET /app.js HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(2000);
    deaf.write_all(asked.as_bytes()).expect("written");
    let mut first = [0; 12];
    deaf.read_exact(&mut first).expect("an answer");
    std::thread::sleep(Duration::from_millis(500));
    served.signal("-TERM");
    let start = Instant::now();
    assert_eq!(served.child.wait().expect("ends").code(), Some(0));
    let taken = start.elapsed().as_secs_f64();
    let mut said = String::new();
    let mut messages = served.child.stderr.take().expect("standard error");
    messages.read_to_string(&mut said).expect("text");
    assert!(said.contains("were cut off 20 seconds after the signal: 1\n"), "{taken} s: {said}");
    drop(deaf);
}

#[test]
fn a_gallery_that_cannot_be_served_is_named() {
    let desk = Desk::new();
    let refused = desk.refused(2, &["serve", "nowhere"]);
    assert!(refused.contains("nowhere"), "{refused}");
    coloured(&desk, "g", 2);
    desk.succeed(&["gallery", "create", "people", "g"]);
    let weights = checkpoint("open-clip.safetensors");
    let refused = desk.refused(2, &["serve", "people", "--model", &weights, "--heads", "2"]);
    assert!(refused.contains("the server's model is of"), "{refused}");
    let served = Served::start(&desk, &[]);
    let refused = desk.refused(2, &["serve", "people", "--address", &served.address]);
    assert!(refused.contains("another program may use it"), "{refused}");
}
