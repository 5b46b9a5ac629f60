//! A server of a few lines on this machine: it answers what a test says, and remembers what it was
//! asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// A request, as far as tests look at it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The first line, as it would stand in the log of a server.
    pub(crate) line: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<String>,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn number(&self, name: &str) -> usize {
        self.field(name).unwrap_or("0").parse().unwrap()
    }
}

/// What is answered.
pub(crate) enum Reply {
    /// A status, further headers, and a body.
    Say(u16, Vec<String>, Vec<u8>),
    /// Nothing, for a while.
    Hang,
}

impl Reply {
    pub(crate) fn json(value: &Value) -> Self {
        Self::text("application/json", &value.to_string())
    }

    pub(crate) fn text(kind: &str, text: &str) -> Self {
        Self::Say(200, vec![format!("Content-Type: {kind}")], text.as_bytes().to_vec())
    }

    /// What a Subsonic server says when all is well.
    pub(crate) fn ok(content: Value) -> Self {
        Self::envelope("1.16.1", "ok", content)
    }

    pub(crate) fn failed(version: &str, code: u32, message: &str) -> Self {
        Self::envelope(version, "failed", json!({"error": {"code": code, "message": message}}))
    }

    fn envelope(version: &str, status: &str, mut content: Value) -> Self {
        content["status"] = json!(status);
        content["version"] = json!(version);
        Self::json(&json!({"subsonic-response": content}))
    }
}

pub(crate) struct Fake {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    pub(crate) fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || serve(stream.unwrap(), &log, answer.as_ref()));
            }
        });
        Self { address, asked }
    }

    /// Everything that was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, log: &Mutex<Vec<Asked>>, answer: &dyn Fn(&Asked) -> Reply) {
    let Some(asked) = read(&stream) else { return };
    log.lock().unwrap().push(asked.clone());
    let mut stream = stream;
    match answer(&asked) {
        Reply::Hang => thread::sleep(Duration::from_secs(30)),
        Reply::Say(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} Said\r\nConnection: close\r\n");
            head += &format!("Content-Length: {}\r\n", body.len());
            headers.iter().for_each(|header| head += &format!("{header}\r\n"));
            // A client that has enough closes the connection.
            let _ = stream.write_all(format!("{head}\r\n").as_bytes());
            let _ = stream.write_all(&body);
        }
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&bytes| bytes > 0)?;
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let length = head.iter().find_map(|line| {
        line.to_lowercase().strip_prefix("content-length:").map(|length| length.trim().parse())
    });
    let mut body = vec![0; length.transpose().unwrap().unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let line = head.remove(0);
    let target = line.split(' ').nth(1).unwrap().to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let fields = query.split('&').chain(body.split('&')).filter_map(|pair| pair.split_once('='));
    let fields = fields.map(|(name, value)| (decoded(name), decoded(value))).collect();
    Some(Asked { path: path.to_owned(), line, headers: head, fields, body })
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        rest = others;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (code, others) = others.split_at(2);
                rest = others;
                u8::from_str_radix(std::str::from_utf8(code).unwrap(), 16).unwrap()
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).unwrap()
}
