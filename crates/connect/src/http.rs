//! Requests, bounded: how long an answer may take, how large it may be, and where it may come from.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use segue_core::Secret;
use serde_json::Value;
use ureq::http::header::{AUTHORIZATION, LOCATION};
use ureq::http::{HeaderMap, Response};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Timeout};

use crate::{ConnectError, Result};

/// How often a server that asks for patience is asked.
const MOST_TRIES: usize = 5;
/// Longer than this nobody waits: a day, in seconds.
const LONGEST_WAIT_S: f64 = 86_400.0;

/// How much a server may ask of us.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// How long until there is a connection.
    pub connect: Duration,
    /// How long until the whole answer is there.
    pub request: Duration,
    /// How large an answer may be, in MiB.
    pub answer_mib: u64,
    /// How long is waited at most where a server asks for patience.
    pub patience: Duration,
}

impl Default for HttpLimits {
    /// Ten seconds, a minute, and 32 MiB: a page of 500 songs takes half a MiB. Five minutes where
    /// a server asks to wait.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            request: Duration::from_secs(60),
            answer_mib: 32,
            patience: Duration::from_secs(300),
        }
    }
}

/// Sends requests. It trusts the certificates that this system trusts, keeps no cookie and follows
/// no redirection.
#[derive(Clone, Debug)]
pub struct Http {
    agent: Agent,
    limits: HttpLimits,
}

/// What came back, whatever the status says.
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// How long the server asks to wait before it is asked for more.
    pub(crate) wait: Option<Duration>,
}

impl Http {
    /// A client with these limits.
    pub fn new(limits: HttpLimits) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_connect(Some(limits.connect))
            .timeout_global(Some(limits.request))
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("segue/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into(), limits }
    }

    /// Sends a form. What is in it stands in the body of the request, so that no log on the way
    /// holds it.
    pub(crate) fn post(&self, address: &str, form: &[(&str, &str)]) -> Result<HttpAnswer> {
        let sent = self.agent.post(address).send_form(form.iter().copied());
        self.answer(address, sent)
    }

    /// Asks for something with a token, and waits where the server asks for it: before it is asked
    /// again if it would not answer, and after its answer if that was the last for now.
    pub(crate) fn patiently(
        &self,
        address: &str,
        token: &Secret,
        what: &Question<'_>,
    ) -> Result<HttpAnswer> {
        for _ in 1..MOST_TRIES {
            let answer = self.question(address, token, what)?;
            let Some(wait) = answer.wait else { return Ok(answer) };
            let is_done = (200..300).contains(&answer.status);
            if is_done && wait > self.limits.patience {
                // What was asked for is done; the next question waits, or is told how long.
                return Ok(answer);
            }
            if wait > self.limits.patience {
                let address = address.to_owned();
                return Err(ConnectError::Busy { address, seconds: wait.as_secs() });
            }
            thread::sleep(wait);
            if !matches!(answer.status, 429 | 503) {
                return Ok(answer);
            }
        }
        self.question(address, token, what)
    }

    fn question(&self, address: &str, token: &Secret, what: &Question<'_>) -> Result<HttpAnswer> {
        let token = format!("Token {}", token.reveal());
        let sent = match what {
            Question::Get(query) => {
                let request = self.agent.get(address).query_pairs(query.iter().copied());
                request.header(AUTHORIZATION, &token).call()
            }
            Question::Post(body) => {
                let request = self.agent.post(address).header(AUTHORIZATION, &token);
                request.content_type("application/json").send(body.to_string())
            }
        };
        self.answer(address, sent)
    }

    fn answer(
        &self,
        address: &str,
        sent: std::result::Result<Response<Body>, ureq::Error>,
    ) -> Result<HttpAnswer> {
        let mut response = sent.map_err(|error| self.failed(address, error))?;
        let status = response.status();
        if status.is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            return Err(redirected(address, to.unwrap_or_default()));
        }
        let wait = wait_asked_for(status.as_u16(), response.headers());
        let limit = self.limits.answer_mib << 20;
        let body = response.body_mut().with_config().limit(limit).read_to_vec();
        let body = body.map_err(|error| self.failed(address, error))?;
        Ok(HttpAnswer { status: status.as_u16(), body, wait })
    }

    fn failed(&self, address: &str, error: ureq::Error) -> ConnectError {
        let address = address.to_owned();
        match error {
            ureq::Error::Timeout(part) => {
                let limit = match part {
                    Timeout::Connect | Timeout::Resolve => self.limits.connect,
                    _ => self.limits.request,
                };
                ConnectError::TimedOut { address, seconds: limit.as_secs() }
            }
            ureq::Error::BodyExceedsLimit(_) => {
                ConnectError::TooLarge { address, limit_mib: self.limits.answer_mib }
            }
            other => ConnectError::Unreachable { address, problem: other.to_string() },
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new(HttpLimits::default())
    }
}

/// What is asked of a server that knows its users by tokens.
pub(crate) enum Question<'q> {
    /// A resource, with the fields of a query.
    Get(&'q [(&'q str, &'q str)]),
    /// A change.
    Post(Value),
}

/// How long a server asks to wait: `Retry-After` where it would not answer, else the end of the
/// window of `X-RateLimit-*` where nothing is left of it.
fn wait_asked_for(status: u16, headers: &HeaderMap) -> Option<Duration> {
    let seconds = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok()?;
        Some(Duration::from_secs_f64(value.clamp(0.0, LONGEST_WAIT_S)))
    };
    let window = || seconds("x-ratelimit-reset-in");
    match status {
        429 | 503 => seconds("retry-after").or_else(window),
        _ if headers.get("x-ratelimit-remaining").is_some_and(|left| left == "0") => window(),
        _ => None,
    }
}

fn redirected(address: &str, to: &str) -> ConnectError {
    // What was sent may come back in the query.
    let to = to.split(['?', '#']).next().unwrap_or_default();
    ConnectError::Redirected { address: address.to_owned(), to: plain(to) }
}

/// Text of a server as it can be shown: one line, no control characters, not long.
pub(crate) fn plain(text: &str) -> String {
    const LONGEST: usize = 200;
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().take(LONGEST).map(clean).collect()
}
