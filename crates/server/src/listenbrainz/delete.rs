//! Deleting a play. The log keeps its row: a play that was removed from there would come back with
//! the next export that has it, or from a scrobbler that sends it again. So the play is excluded
//! instead. It is shown to no client of this API any more, it teaches nothing from the next mix on,
//! whatever comes again of it is folded into its row, and `segue exclude` brings it back.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use segue_core::{ListenerId, Timestamp, TrackId};
use segue_store::{Exclusion, ListenCursor, Store};
use serde::Deserialize;
use serde_json::Value;

use super::caller::Caller;
use super::done;
use super::msid::Recording;
use super::submit::integer;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::Raw;

/// How many plays are looked through at a time.
const PAGE: usize = 100;

/// What a client sends.
#[derive(Deserialize)]
struct Deletion {
    listened_at: Value,
    recording_msid: String,
}

/// Excludes the plays of a recording that bear a stamp of this second.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Caller(listener): Caller,
    Raw(body): Raw,
) -> ApiResult<Json<Value>> {
    let bad = |message: String| ApiError::bad_request("bad_body", message);
    let deletion: Deletion =
        serde_json::from_slice(&body).map_err(|error| bad(error.to_string()))?;
    let recording = Recording::of_msid(&deletion.recording_msid)?;
    let at = integer(&deletion.listened_at)
        .and_then(|second| Timestamp::from_second(second).ok())
        .ok_or_else(|| bad(format!("`{}` is no time", deletion.listened_at)))?;
    let whose = listener.clone();
    let found = app.readers.run(move |store| find(store, &whose, &recording, at)).await?;
    let track = found.ok_or_else(|| {
        ApiError::not_found("unknown_play", "no play of this recording is known at that second")
    })?;
    let (whose, what) = (listener.clone(), Exclusion::Play { track, at });
    app.writer.run(move |store| store.exclude(&whose, &what)).await?;
    app.listeners.changed(&listener);
    Ok(done())
}

/// The track of the recording that was played in a second.
fn find(
    store: &Store,
    listener: &ListenerId,
    recording: &Recording,
    second: Timestamp,
) -> ApiResult<Option<TrackId>> {
    let behind = Timestamp::from_second(second.as_second() + 1).ok();
    // Rows are counted from 1, so none of that second is before it.
    let mut before = behind.map(|at| ListenCursor { at, row: 0 });
    loop {
        let page = store.listens_page(listener, before, PAGE)?;
        for (cursor, listen) in &page {
            if cursor.at < second {
                return Ok(None);
            }
            if listen.at.is_some() && recording.is_id_of(&listen.track) {
                return Ok(Some(listen.track.clone()));
            }
        }
        before = page.last().map(|(cursor, _)| *cursor);
        if page.len() < PAGE {
            return Ok(None);
        }
    }
}
