//! Asks a server for mixes, as many as it is told to, and says how long the answers took and what
//! they cost the server.
//!
//! ```sh
//! segue --home /tmp/large/home serve & server=$!
//! cargo build --release -p segue-server --example load
//! target/release/examples/load --warm --pid $server
//! target/release/examples/load --rate 500 --seconds 30 --shares mix=95,feedback=5 \
//!     --tracks /tmp/large/tracks.csv --pid $server
//! ```
//!
//! With `--rate` requests start when a Poisson process says, and the time of each runs from the
//! moment at which it *ought* to have started, so that a server that stalls is charged for
//! everybody who would have come meanwhile (no coordinated omission). Without it, each connection
//! asks again as soon as it is answered. The client keeps to one thread, apart from one that sleeps
//! until the next request is due.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::rc::Rc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp, Zipf};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::LocalSet;

type Failure = Box<dyn std::error::Error>;
type Connection = SendRequest<Full<Bytes>>;

/// Never asks for longer than this.
const LONGEST_SECONDS: f64 = 3.0 * 3600.0;
/// An answer that takes longer is an error.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> Result<(), Failure> {
    let plan = Rc::new(Plan::from_arguments(std::env::args().skip(1))?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, run(plan))
}

/// What is asked for.
struct Plan {
    address: String,
    /// Requests a second; none for as many as come back.
    rate: Option<f64>,
    connections: usize,
    seconds: f64,
    listeners: usize,
    /// Exponent of Zipf's law over the listeners; none for all alike.
    zipf: Option<f64>,
    /// Every listener once, instead of anybody for so long.
    warm: bool,
    shares: Vec<(Kind, f64)>,
    length: u32,
    tracks: Vec<String>,
    /// The server's process, to be watched.
    pid: Option<u32>,
    /// A table with a row for every ten seconds.
    log: Option<String>,
    seed: u64,
}

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Mix,
    Preview,
    Feedback,
    Listen,
    Similar,
    Page,
}

impl Plan {
    fn from_arguments(arguments: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut given: HashMap<String, String> = HashMap::new();
        let mut arguments = arguments.peekable();
        while let Some(name) = arguments.next() {
            let name = name.strip_prefix("--").ok_or(format!("`{name}` is no option"))?.to_owned();
            let value = arguments.next_if(|next| !next.starts_with("--")).unwrap_or_default();
            given.insert(name, value);
        }
        let mut text =
            |name: &str, usual: &str| given.remove(name).unwrap_or_else(|| usual.to_owned());
        let some = |text: String| (!text.is_empty()).then_some(text);
        let number = |text: Option<String>| text.map(|text| text.parse::<f64>()).transpose();
        let plan = Self {
            address: text("address", "127.0.0.1:8080"),
            rate: number(some(text("rate", "")))?,
            connections: text("connections", "64").parse()?,
            seconds: text("seconds", "20").parse::<f64>()?.min(LONGEST_SECONDS),
            listeners: text("listeners", "10000").parse()?,
            zipf: number(some(text("zipf", "")))?,
            shares: shares(&text("shares", "mix=100"))?,
            length: text("length", "30").parse()?,
            tracks: some(text("tracks", "")).map_or(Ok(Vec::new()), |path| first_column(&path))?,
            pid: some(text("pid", "")).map(|text| text.parse()).transpose()?,
            log: some(text("log", "")),
            seed: text("seed", "1").parse()?,
            warm: given.remove("warm").is_some(),
        };
        match given.keys().next() {
            Some(unknown) => Err(format!("there is no option `--{unknown}`").into()),
            None => Ok(plan),
        }
    }

    fn draw(&self, rng: &mut ChaCha8Rng) -> Asked {
        let mut left =
            rng.random::<f64>() * self.shares.iter().map(|(_, share)| share).sum::<f64>();
        let found = self.shares.iter().find(|(_, share)| {
            left -= share;
            left < 0.0
        });
        let kind = found.map_or(Kind::Mix, |(kind, _)| *kind);
        let listener = match self.zipf {
            Some(exponent) => {
                let law =
                    Zipf::new(self.listeners as f64, exponent).expect("the exponent was checked");
                law.sample(rng) as usize
            }
            None => rng.random_range(1..=self.listeners),
        };
        Asked { kind, listener, dice: rng.random() }
    }

    fn request(&self, asked: Asked) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let Asked { kind, listener, dice } = asked;
        let who = format!("listener-{listener:02}");
        let track =
            || self.tracks.get(dice as usize % self.tracks.len().max(1)).map_or("", String::as_str);
        let (method, path, body) = match kind {
            Kind::Mix => {
                let body = if self.length == 30 {
                    "{}".to_owned()
                } else {
                    format!("{{\"length\":{}}}", self.length)
                };
                (Method::POST, format!("/v1/listeners/{who}/mixes"), body)
            }
            Kind::Preview => {
                (Method::GET, format!("/v1/listeners/{who}/mix/preview"), String::new())
            }
            Kind::Feedback => {
                let word = if dice & (1 << 40) == 0 { "like" } else { "dislike" };
                let body = format!("{{\"track\":\"{}\",\"kind\":\"{word}\"}}", track());
                (Method::POST, format!("/v1/listeners/{who}/feedback"), body)
            }
            Kind::Listen => {
                let end = if dice & (1 << 40) == 0 { "finished" } else { "skipped" };
                let body =
                    format!("{{\"track\":\"{}\",\"end\":\"{end}\",\"ms_played\":60000}}", track());
                (Method::POST, format!("/v1/listeners/{who}/listens"), body)
            }
            Kind::Similar => {
                (Method::GET, format!("/v1/tracks/{}/similar", track()), String::new())
            }
            Kind::Page => {
                let path = ["/", "/taste", "/model"][(dice >> 40) as usize % 3];
                (Method::GET, path.to_owned(), String::new())
            }
        };
        let mut request =
            Request::builder().method(method).uri(path).header(header::HOST, &self.address);
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if kind == Kind::Page {
            request = request.header(header::COOKIE, format!("segue_listener={who}"));
        }
        request.body(Full::new(Bytes::from(body)))
    }
}

/// A request before it is written down.
#[derive(Clone, Copy)]
struct Asked {
    kind: Kind,
    listener: usize,
    /// Which track, which page, which word.
    dice: u64,
}

fn shares(text: &str) -> Result<Vec<(Kind, f64)>, Failure> {
    let share = |part: &str| {
        let (name, share) = part.split_once('=').ok_or(format!("`{part}` is no share"))?;
        let kind = match name {
            "mix" => Kind::Mix,
            "preview" => Kind::Preview,
            "feedback" => Kind::Feedback,
            "listen" => Kind::Listen,
            "similar" => Kind::Similar,
            "page" => Kind::Page,
            _ => return Err(format!("nothing is called `{name}`").into()),
        };
        Ok::<_, Failure>((kind, share.parse()?))
    };
    text.split(',').map(share).collect()
}

fn first_column(path: &str) -> Result<Vec<String>, Failure> {
    let mut table = csv::Reader::from_path(path)?;
    let cells = table.records().map(|row| Ok(row?.get(0).unwrap_or_default().to_owned()));
    cells.collect::<Result<_, Failure>>()
}

/// What came of requests.
#[derive(Default)]
struct Tally {
    micros: BTreeMap<Kind, Vec<u32>>,
    /// Those since the last row of the log.
    lately: Vec<u32>,
    /// By status, or by what went wrong with the connection.
    outcomes: BTreeMap<String, usize>,
    bytes: usize,
}

impl Tally {
    fn note(&mut self, kind: Kind, took: Duration, outcome: Result<(u16, usize), String>) {
        let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        if let Ok((status, bytes)) = outcome {
            self.bytes += bytes;
            // What was turned away took no time to speak of, and must not make the others look
            // good.
            if status < 400 {
                self.micros.entry(kind).or_default().push(micros);
                self.lately.push(micros);
            }
        }
        let name = outcome.map_or_else(|error| error, |(status, _)| status.to_string());
        *self.outcomes.entry(name).or_default() += 1;
    }

    fn refused(&self) -> usize {
        self.outcomes
            .iter()
            .filter(|(name, _)| !name.starts_with('2'))
            .map(|(_, count)| count)
            .sum()
    }
}

/// Connections that are kept.
struct Pool {
    plan: Rc<Plan>,
    idle: RefCell<Vec<Connection>>,
    permits: Semaphore,
    tally: RefCell<Tally>,
}

impl Pool {
    /// Sends a request on a connection that is idle, or on a new one, and waits for the whole
    /// answer.
    async fn ask(&self, asked: Asked, due: Instant) {
        let outcome = match tokio::time::timeout(PATIENCE, self.answer(asked)).await {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(_) => Err("no answer".to_owned()),
        };
        self.tally.borrow_mut().note(asked.kind, due.elapsed(), outcome);
    }

    async fn answer(&self, asked: Asked) -> Result<(u16, usize), Failure> {
        let kept = self.idle.borrow_mut().pop().filter(|connection| !connection.is_closed());
        let mut connection = match kept {
            Some(connection) => connection,
            None => connect(&self.plan.address).await?,
        };
        let response = connection.send_request(self.plan.request(asked)?).await?;
        let status = response.status().as_u16();
        let mut body = response.into_body();
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            bytes += frame?.data_ref().map_or(0, Bytes::len);
        }
        connection.ready().await?;
        self.idle.borrow_mut().push(connection);
        Ok((status, bytes))
    }
}

async fn connect(address: &str) -> Result<Connection, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (connection, driver) = handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(async move {
        // Who waits for an answer is told by the connection itself.
        let _ = driver.await;
    });
    Ok(connection)
}

async fn run(plan: Rc<Plan>) -> Result<(), Failure> {
    let pool = Rc::new(Pool {
        permits: Semaphore::new(plan.connections),
        idle: RefCell::default(),
        tally: RefCell::default(),
        plan: Rc::clone(&plan),
    });
    let before = Cost::now(plan.pid);
    let begun = Instant::now();
    let logging = tokio::task::spawn_local(log(Rc::clone(&pool), begun));
    match (plan.warm, plan.rate) {
        (true, _) => closed(&pool, Some(plan.listeners)).await,
        (false, None) => closed(&pool, None).await,
        (false, Some(rate)) => open(&pool, rate).await,
    }
    let wall = begun.elapsed().as_secs_f64();
    logging.abort();
    print!("{}", report(&pool.tally.borrow(), wall, &before, &Cost::now(plan.pid)));
    Ok(())
}

/// Each connection asks again as soon as it is answered.
async fn closed(pool: &Rc<Pool>, everybody: Option<usize>) {
    let until = Instant::now() + Duration::from_secs_f64(pool.plan.seconds);
    let mut rng = ChaCha8Rng::seed_from_u64(pool.plan.seed);
    let mut next = 0;
    while everybody.map_or(Instant::now() < until, |listeners| next < listeners) {
        next += 1;
        let asked = match everybody {
            Some(_) => Asked { kind: Kind::Mix, listener: next, dice: 0 },
            None => pool.plan.draw(&mut rng),
        };
        let permit = pool.permits.acquire().await.expect("the semaphore is never closed");
        permit.forget();
        spawn(pool, asked, Instant::now());
    }
    wait_for_all(pool).await;
}

/// Requests start when they are due, whether or not others are answered.
async fn open(pool: &Rc<Pool>, rate: f64) {
    let (due, mut requests) = mpsc::unbounded_channel();
    let (seconds, seed) = (pool.plan.seconds, pool.plan.seed);
    let clock = std::thread::spawn(move || pace(rate, seconds, seed, &due));
    let mut rng = ChaCha8Rng::seed_from_u64(pool.plan.seed);
    while let Some(due) = requests.recv().await {
        let permit = pool.permits.acquire().await.expect("the semaphore is never closed");
        permit.forget();
        spawn(pool, pool.plan.draw(&mut rng), due);
    }
    wait_for_all(pool).await;
    clock.join().expect("the clock does not panic");
}

/// Says when requests are due. A thread, because the timers of the runtime tick once a millisecond.
fn pace(rate: f64, seconds: f64, seed: u64, due: &mpsc::UnboundedSender<Instant>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5e_67e);
    let gap = Exp::new(rate).expect("a rate is positive");
    let begun = Instant::now();
    let mut at = 0.0;
    loop {
        at += gap.sample(&mut rng);
        if at >= seconds {
            return;
        }
        let moment = begun + Duration::from_secs_f64(at);
        std::thread::sleep(moment.saturating_duration_since(Instant::now()));
        if due.send(moment).is_err() {
            return;
        }
    }
}

fn spawn(pool: &Rc<Pool>, asked: Asked, due: Instant) {
    let pool = Rc::clone(pool);
    tokio::task::spawn_local(async move {
        pool.ask(asked, due).await;
        pool.permits.add_permits(1);
    });
}

async fn wait_for_all(pool: &Pool) {
    let all = pool.permits.acquire_many(pool.plan.connections as u32).await;
    drop(all.expect("the semaphore is never closed"));
}

/// Writes a row for every ten seconds.
async fn log(pool: Rc<Pool>, begun: Instant) {
    let Some(path) = &pool.plan.log else { return };
    let Ok(mut file) = fs::File::create(path) else { return };
    let _ = writeln!(
        file,
        "seconds,answered,not_2xx,p50_ms,p99_ms,rss_kib,anonymous_kib,server_cpu_s,load"
    );
    loop {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let mut lately = std::mem::take(&mut pool.tally.borrow_mut().lately);
        lately.sort_unstable();
        let cost = Cost::now(pool.plan.pid);
        let _ = writeln!(
            file,
            "{:.1},{},{},{:.2},{:.2},{},{},{:.2},{}",
            begun.elapsed().as_secs_f64(),
            lately.len(),
            pool.tally.borrow().refused(),
            quantile(&lately, 0.5),
            quantile(&lately, 0.99),
            cost.resident_kib,
            cost.anonymous_kib,
            cost.server_seconds,
            cost.load,
        );
    }
}

/// What processes used so far.
struct Cost {
    server_seconds: f64,
    client_seconds: f64,
    /// Seconds that all cores were idle together.
    idle_seconds: f64,
    resident_kib: u64,
    anonymous_kib: u64,
    load: String,
}

impl Cost {
    fn now(pid: Option<u32>) -> Self {
        let status = pid.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/status")).ok());
        let field = |name: &str| {
            let line = status.as_deref()?.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse().ok()
        };
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            server_seconds: pid.map_or(0.0, |pid| processor_seconds(&format!("/proc/{pid}/stat"))),
            client_seconds: processor_seconds("/proc/self/stat"),
            idle_seconds: idle_seconds(),
            resident_kib: field("VmRSS").unwrap_or(0),
            anonymous_kib: field("RssAnon").unwrap_or(0),
            load: load.split_whitespace().next().unwrap_or("?").to_owned(),
        }
    }
}

/// User and system time of a process; the kernel counts hundredths of a second.
fn processor_seconds(path: &str) -> f64 {
    let Ok(text) = fs::read_to_string(path) else { return 0.0 };
    let fields: Vec<&str> =
        text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks =
        |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn idle_seconds() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let idle = text.split_whitespace().nth(4).and_then(|field| field.parse::<f64>().ok());
    idle.unwrap_or(0.0) / 100.0
}

fn quantile(sorted: &[u32], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let rank = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1).min(last);
    sorted.get(rank).map_or(f64::NAN, |&micros| f64::from(micros) / 1_000.0)
}

fn report(tally: &Tally, wall: f64, before: &Cost, after: &Cost) -> String {
    let mut text = String::new();
    let mut line = |line: String| {
        let _ = writeln!(text, "{line}");
    };
    let good: usize = tally.micros.values().map(Vec::len).sum();
    let all: usize = tally.outcomes.values().sum();
    line(format!(
        "{all} requests in {wall:.1} s, {:.1}/s answered, {:.0} kB/s, load {} to {}",
        good as f64 / wall,
        tally.bytes as f64 / wall / 1e3,
        before.load,
        after.load
    ));
    for (kind, micros) in &tally.micros {
        let mut sorted = micros.clone();
        sorted.sort_unstable();
        let at = |share| quantile(&sorted, share);
        line(format!(
            "{:9} {:7} p50 {:.2} p90 {:.2} p99 {:.2} p99.9 {:.2} max {:.2} ms",
            format!("{kind:?}").to_lowercase(),
            sorted.len(),
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            at(1.0)
        ));
    }
    let outcomes: Vec<String> =
        tally.outcomes.iter().map(|(name, count)| format!("{name}: {count}")).collect();
    line(format!("outcomes {}", outcomes.join(", ")));
    let (server, client) = (
        after.server_seconds - before.server_seconds,
        after.client_seconds - before.client_seconds,
    );
    line(format!(
        "processor: server {:.2} cores, {:.3} ms a request; client {:.2} cores, {:.3} ms a \
         request; idle {:.2} cores",
        server / wall,
        server * 1e3 / all.max(1) as f64,
        client / wall,
        client * 1e3 / all.max(1) as f64,
        (after.idle_seconds - before.idle_seconds) / wall
    ));
    line(format!(
        "memory of the server: {:.1} MB resident, {:.1} MB of it anonymous",
        after.resident_kib as f64 / 1024.0,
        after.anonymous_kib as f64 / 1024.0
    ));
    text
}
