//! `segue serve` and `segue keys`: what is refused before anything is served, and that what was
//! acknowledged survives a kill.

use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Stdio};

use serde_json::{Value, json};

use crate::segue::Segue;

/// A server of a home, killed when it goes out of scope.
struct Served {
    child: Child,
    address: SocketAddr,
    /// Held open: the server says goodbye.
    _log: Lines<BufReader<ChildStderr>>,
}

impl Served {
    fn start(segue: &Segue) -> Self {
        let mut command = segue.command(&["serve", "--bind", "127.0.0.1:0"]);
        let mut child = command.env("RUST_LOG", "off").stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line =
            lines.find(|line| line.as_ref().unwrap().contains("listening on")).unwrap().unwrap();
        let address = line.rsplit("http://").next().unwrap().parse().unwrap();
        let served = Self { child, address, _log: lines };
        while served.ask("GET", "/readyz", "").0 != 200 {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        served
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Sends a signal and waits for the end.
    fn end(mut self, signal: &str) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        assert!(
            std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success()
        );
        self.child.wait().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_cannot_be_served_is_refused_with_a_reason() {
    let segue = Segue::new();
    let open = segue.fail(&["serve", "--bind", "0.0.0.0:0"], 1);
    assert!(open.contains("there is no key yet") && open.contains("segue keys add"), "{open}");
    let folder = segue.fail(&["serve", "--bind", "127.0.0.1:0", "--music", "nowhere"], 1);
    assert!(folder.contains("`nowhere` is no folder"), "{folder}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let busy = segue.fail(&["serve", "--bind", &address], 1);
    assert!(busy.contains(&format!("`{address}` cannot be listened on")), "{busy}");
    segue.fail(&["serve", "--bind", "somewhere"], 2);
}

#[test]
fn keys_are_made_once_listed_without_their_text_and_revoked() {
    let segue = Segue::new();
    let key = segue.run(&["keys", "add", "laptop", "--scope", "admin"]).trim().to_owned();
    assert!(key.starts_with("segue_") && key.len() == 70, "{key}");
    segue.fail(&["keys", "add", "laptop", "--scope", "read"], 1);
    segue.fail(&["keys", "add", "other", "--scope", "god"], 2);
    let listed = segue.json(&["keys", "list", "--json"]);
    assert_eq!(
        (&listed[0]["name"], &listed[0]["scope"], &listed[0]["revoked_at"]),
        (&json!("laptop"), &json!("admin"), &Value::Null)
    );
    assert!(!listed.to_string().contains(&key) && !segue.run(&["keys", "list"]).contains(&key));
    segue.run(&["keys", "revoke", "laptop"]);
    let again = segue.fail(&["keys", "revoke", "laptop"], 1);
    assert!(again.contains("there is no key `laptop`"), "{again}");
    let open = segue.fail(&["serve", "--bind", "0.0.0.0:0"], 1);
    assert!(open.contains("there is no key yet"), "a revoked key is none: {open}");
}

#[cfg(unix)]
#[test]
fn what_was_acknowledged_survives_a_kill_and_is_told_again_once() {
    let segue = Segue::new();
    let words = |round: usize| -> Vec<String> {
        let word = |number: usize| {
            json!({
                "client_id": format!("{round}-{number}"),
                "artist": format!("{round}-{number}"), "kind": "like",
            })
        };
        (0..20).map(|number| word(number).to_string()).collect()
    };
    for round in 0..3 {
        let served = Served::start(&segue);
        for word in words(round) {
            let (status, answer) = served.ask("POST", "/v1/listeners/ada/feedback", &word);
            assert_eq!(status, 200, "{answer}");
        }
        let status = served.end(if round == 2 { "-TERM" } else { "-KILL" });
        assert_eq!(status.success(), round == 2, "asked to stop it ends well");
    }
    let served = Served::start(&segue);
    for word in (0..3).flat_map(words) {
        let (_, answer) = served.ask("POST", "/v1/listeners/ada/feedback", &word);
        assert!(answer.contains("\"repeated\":1"), "{answer}");
    }
    let (_, told) = served.ask("GET", "/v1/listeners/ada/feedback", "");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["feedback"].as_array().unwrap().len(), 60);
}
