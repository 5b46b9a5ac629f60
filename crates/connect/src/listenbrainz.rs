//! The API of ListenBrainz, which other servers offer too: <https://listenbrainz.readthedocs.io>.
//!
//! Plays are pulled from the oldest on, so that it is enough to know the latest that was taken in
//! to go on. Playlists are JSPF of MusicBrainz recordings. A playlist is replaced by putting the
//! new songs behind the old ones and then removing those, so that it is never empty.

use std::path::Path;

use segue_core::{ListenerId, Record, Secret, Source, Timestamp};
use segue_ingest::{Context, FileReport, Sink, SinkError, read_listenbrainz};
use serde_json::{Value, json};

use crate::http::{HttpAnswer, Question, plain};
use crate::{ConnectError, Http, Result, ServerAddress};

/// Plays asked for at once: what ListenBrainz gives at most.
const PAGE: &str = "1000";
/// Songs put on a playlist at once: what ListenBrainz takes at most.
const MOST_ADDED: usize = 100;

/// A server with the API of ListenBrainz, in the name of one of its users.
pub struct ListenBrainz {
    http: Http,
    address: ServerAddress,
    user: String,
    token: Secret,
}

/// Some plays of a user, the next after those before.
#[derive(Debug)]
pub struct ListensPage {
    /// The plays, each with its track, as an importer reads them from an export.
    pub listens: Vec<Record>,
    /// What became of each row.
    pub report: FileReport,
    /// Where to go on: the plays after this moment. `None` at the end.
    pub next: Option<Timestamp>,
}

impl ListenBrainz {
    /// A client for a user and their token. Nothing is asked yet.
    pub fn new(http: Http, address: ServerAddress, user: String, token: Secret) -> Self {
        Self { http, address, user, token }
    }

    /// Asks whether the token is that of the user.
    ///
    /// # Errors
    /// [`ConnectError::NotAccepted`], or why the server could not be asked.
    pub fn validate(&self) -> Result<()> {
        let address = self.address.join("1/validate-token");
        let said = self.ask(&address, &Question::Get(&[]))?;
        let whose = said["user_name"].as_str().unwrap_or_default();
        let message = match said["valid"] == true {
            true if whose.eq_ignore_ascii_case(&self.user) => return Ok(()),
            true => format!("the token is that of `{}`", plain(whose)),
            false => "the token is not valid".to_owned(),
        };
        Err(ConnectError::NotAccepted { address, message })
    }

    /// Reads some plays that were after a moment, the oldest first; all from the first one on for
    /// `None`. Plays at the very second of the last one that is known come again, because a page
    /// may have ended between two of them.
    ///
    /// # Errors
    /// Why the server could not be asked.
    pub fn listens_after(
        &self,
        listener: &ListenerId,
        after: Option<Timestamp>,
    ) -> Result<ListensPage> {
        let address = self.address.join(&format!("1/user/{}/listens", escaped(&self.user)));
        // 0 means "the latest" to servers.
        let from = after.map_or(1, |after| after.as_second().max(1));
        let said =
            self.ask(&address, &Question::Get(&[("min_ts", &from.to_string()), ("count", PAGE)]))?;
        let rows = &said["payload"]["listens"];
        let Value::Array(listens) = rows else {
            let problem = "it holds no listens".to_owned();
            return Err(ConnectError::Unreadable { address, problem });
        };
        let seconds = || listens.iter().filter_map(|row| row["listened_at"].as_i64());
        let next = match (seconds().min(), seconds().max()) {
            // All of it at one second: there is no other way on.
            (Some(first), Some(last)) if first == last => Some(last),
            (_, last) => last.map(|last| last - 1),
        };
        let (listens, report) = self.read(listener, &rows.to_string())?;
        let next = next.filter(|next| *next > from).and_then(|at| Timestamp::from_second(at).ok());
        Ok(ListensPage { listens, report, next })
    }

    fn read(&self, listener: &ListenerId, rows: &str) -> Result<(Vec<Record>, FileReport)> {
        let mut kept = KeptRecords(Vec::new());
        let place = self.address.to_string();
        let source = Source::ListenBrainz;
        let mut context = Context::new(Path::new(&place), source, listener.clone(), &mut kept);
        read_listenbrainz(&mut rows.as_bytes(), &mut context)
            .map_err(|error| ConnectError::Sink(error.into()))?;
        let report = context.finish();
        Ok((kept.0, report))
    }

    /// How many songs are on a playlist; `None` where there is no such playlist any more.
    ///
    /// # Errors
    /// Why the server could not be asked.
    pub fn playlist_length(&self, id: &str) -> Result<Option<u64>> {
        let address = self.address.join(&format!("1/playlist/{}", escaped(id)));
        match self.ask(&address, &Question::Get(&[("fetch_metadata", "false")])) {
            Err(ConnectError::NotFound { .. }) => Ok(None),
            said => Ok(Some(said?["playlist"]["track"].as_array().map_or(0, Vec::len) as u64)),
        }
    }

    /// Makes a playlist that only the user sees, of MusicBrainz recording ids, and returns its id.
    ///
    /// # Errors
    /// Why the server could not be asked, or did not make it.
    pub fn create_playlist(&self, name: &str, recordings: &[String]) -> Result<String> {
        let first = &recordings[..recordings.len().min(MOST_ADDED)];
        let mut playlist = tracks(first);
        playlist["title"] = json!(name);
        playlist["extension"] = json!({
            "https://musicbrainz.org/doc/jspf#playlist": {"public": false},
        });
        let address = self.address.join("1/playlist/create");
        let said = self.ask(&address, &Question::Post(json!({"playlist": playlist})))?;
        let problem = "it names no playlist".to_owned();
        let id = said["playlist_mbid"].as_str().map(plain);
        let id = id.ok_or(ConnectError::Unreadable { address, problem })?;
        self.add(&id, &recordings[first.len()..])?;
        Ok(id)
    }

    /// Puts other songs on a playlist, in place of the `length` songs that are on it.
    ///
    /// # Errors
    /// Why the server could not be asked. What was put there by then stays behind what was there.
    pub fn replace_playlist(&self, id: &str, length: u64, recordings: &[String]) -> Result<()> {
        self.add(id, recordings)?;
        if length == 0 {
            return Ok(());
        }
        let address = self.address.join(&format!("1/playlist/{}/item/delete", escaped(id)));
        self.ask(&address, &Question::Post(json!({"index": 0, "count": length}))).map(drop)
    }

    /// Removes a playlist.
    ///
    /// # Errors
    /// [`ConnectError::NotFound`], or why the server could not be asked.
    pub fn remove_playlist(&self, id: &str) -> Result<()> {
        let address = self.address.join(&format!("1/playlist/{}/delete", escaped(id)));
        self.ask(&address, &Question::Post(json!({}))).map(drop)
    }

    fn add(&self, id: &str, recordings: &[String]) -> Result<()> {
        let address = self.address.join(&format!("1/playlist/{}/item/add", escaped(id)));
        for some in recordings.chunks(MOST_ADDED) {
            self.ask(&address, &Question::Post(json!({"playlist": tracks(some)})))?;
        }
        Ok(())
    }

    fn ask(&self, address: &str, what: &Question<'_>) -> Result<Value> {
        let HttpAnswer { status, body, .. } = self.http.patiently(address, &self.token, what)?;
        let said: Option<Value> = serde_json::from_slice(&body).ok();
        let address = address.to_owned();
        let message = || {
            let said = said.as_ref().and_then(|said| said["error"].as_str()).unwrap_or_default();
            plain(&said.replace(self.token.reveal(), "•••"))
        };
        match (status, &said) {
            (200..=299, Some(_)) => Ok(said.unwrap_or_default()),
            (200..=299, None) if body.trim_ascii_start().starts_with(b"<") => {
                Err(ConnectError::WebPage { address })
            }
            (200..=299, None) => {
                let problem = "it is not JSON".to_owned();
                Err(ConnectError::Unreadable { address, problem })
            }
            (401 | 403, _) => Err(ConnectError::NotAccepted { address, message: message() }),
            (404, _) => Err(ConnectError::NotFound { address, message: message() }),
            (400, Some(_)) => Err(ConnectError::Refused { address, code: 400, message: message() }),
            _ => Err(ConnectError::Status { address, status }),
        }
    }
}

/// Keeps what an importer hands on.
struct KeptRecords(Vec<Record>);

impl Sink for KeptRecords {
    fn accept(&mut self, _: u64, record: Record) -> std::result::Result<(), SinkError> {
        self.0.push(record);
        Ok(())
    }
}

/// Recordings as the tracks of a playlist.
fn tracks(recordings: &[String]) -> Value {
    let track =
        |id: &String| json!({"identifier": [format!("https://musicbrainz.org/recording/{id}")]});
    json!({"track": recordings.iter().map(track).collect::<Vec<Value>>()})
}

/// A name as a part of a path.
fn escaped(name: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    name.bytes().map(byte).collect()
}
