//! The handshake: who a client is, proved by the time and the digest of a key, and where it sends
//! what it has to tell from then on.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use segue_core::{ListenerId, Timestamp};

use super::session::ScrobblerSession;
use super::{PLACE, SubmissionAnswer};
use crate::access::md5_of;
use crate::app::App;
use crate::error::ApiResult;
use crate::query::Pairs;
use crate::scrobbling::known_listener;

/// How far the clock of a client may be off, in seconds: what it signs is good for so long.
const MOST_OFF_S: u64 = 300;

/// What a client sends.
struct Handshake<'q> {
    user: &'q str,
    second: &'q str,
    proof: &'q str,
}

impl<'q> Handshake<'q> {
    /// Takes a request apart, or says why it is no handshake of this protocol.
    fn parse(query: &'q Pairs) -> Result<Self, &'static str> {
        if query.get("hs") != Some("true") {
            return Err("this is where scrobblers shake hands, with hs=true");
        }
        if !matches!(query.get("p"), Some("1.2" | "1.2.1")) {
            return Err("the protocol spoken here is 1.2.1");
        }
        let field = |name| query.get(name).ok_or("user, time or authentication token is missing");
        Ok(Self { user: field("u")?, second: field("t")?, proof: field("a")? })
    }

    /// The session of whoever proves to have a key for the user. Without keys every program of this
    /// machine may do everything, and the user says for whom.
    async fn session(&self, app: &App) -> ApiResult<Option<ScrobblerSession>> {
        if !app.keys.is_required() {
            let known = known_listener(app, self.user).await?;
            return Ok(known.map(|listener| ScrobblerSession { listener, key: None }));
        }
        let listener = ListenerId::new(self.user);
        let proved =
            app.keys.proved(&listener, self.proof, |md5| md5_of(&format!("{md5}{}", self.second)));
        Ok(proved.map(|key| ScrobblerSession { listener, key: Some(key) }))
    }

    fn is_in_time(&self) -> bool {
        let second = self.second.parse::<i64>().ok();
        second.is_some_and(|second| second.abs_diff(Timestamp::now().as_second()) <= MOST_OFF_S)
    }
}

/// Begins a session.
pub(super) async fn shake(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: Pairs,
) -> ApiResult<SubmissionAnswer> {
    let handshake = match Handshake::parse(&query) {
        Ok(handshake) => handshake,
        Err(why) => return Ok(SubmissionAnswer::Failed(why.to_owned())),
    };
    let Some(session) = handshake.session(&app).await? else {
        return Ok(SubmissionAnswer::BadAuth);
    };
    if !handshake.is_in_time() {
        return Ok(SubmissionAnswer::BadTime);
    }
    let Some(address) = address(&headers) else {
        return Ok(SubmissionAnswer::Failed("the request names no host".to_owned()));
    };
    let id = app.scrobblers.begin(session);
    let below = |name: &str| format!("{address}{PLACE}{name}");
    Ok(SubmissionAnswer::Done(vec![id, below("nowplaying"), below("submissions")]))
}

/// How the client got here. What a proxy or the client itself says of it goes into the answer to
/// that client and nowhere else.
fn address(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST.as_str())?;
    let scheme = text("x-forwarded-proto").filter(|scheme| *scheme == "https").unwrap_or("http");
    Some(format!("{scheme}://{host}"))
}
