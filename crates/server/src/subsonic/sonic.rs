//! The extension `sonicSimilarity`: songs that sound like a song, and a way from one song to
//! another through sound. Only sound counts here: similarity is `exp(-d²)` of the distance in the
//! [space of sound](segue_engine::sound), 1 for the same sound. Who made a song and who likes it is
//! for `getSimilarSongs`; a song of which nothing is measured sounds like none.

use std::sync::Arc;

use axum::extract::State;
use segue_engine::TrackIdx;
use serde_json::{Value, json};

use super::child::child;
use super::envelope::Answer;
use super::required;
use super::similar::count;
use crate::api::similar::way;
use crate::app::App;
use crate::error::ApiResult;
use crate::limits::LONGEST_PATH;
use crate::query::Pairs;
use segue::Snapshot;

/// How many matches, if nothing else is asked for.
const USUAL: usize = 10;
/// How long a path is, if nothing else is asked for.
const USUAL_PATH: usize = 25;

/// Songs that sound like one, the most alike first, one version of each work.
pub(super) async fn similar(State(app): State<Arc<App>>, query: Pairs) -> ApiResult<Answer> {
    let snapshot = app.snapshot.load_full();
    let song = snapshot.find(required(&query, "id")?)?;
    let count = count(&query, USUAL)?;
    let songs_of = Arc::clone(&app);
    let found = app.heavy(move || {
        let alike = sounding_like(&snapshot, song, count).into_iter();
        let matches = alike.map(|(row, similarity)| matched(&songs_of, &snapshot, row, similarity));
        Answer::of("sonicMatch", matches.collect())
    });
    found.await
}

fn sounding_like(snapshot: &Snapshot, song: TrackIdx, count: usize) -> Vec<(TrackIdx, f32)> {
    let catalogue = &snapshot.catalogue;
    let others = catalogue.rows().filter(|row| catalogue.work(*row) != catalogue.work(song));
    let mut alike: Vec<(TrackIdx, f32)> =
        others.filter_map(|row| Some((row, similarity(snapshot, song, row)?))).collect();
    alike.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut works = std::collections::HashSet::new();
    alike.retain(|(row, _)| works.len() < count && works.insert(catalogue.work(*row)));
    alike
}

/// Songs from one to another, both included, each with its similarity to the first.
pub(super) async fn path(State(app): State<Arc<App>>, query: Pairs) -> ApiResult<Answer> {
    let snapshot = app.snapshot.load_full();
    let ends = [
        snapshot.find(required(&query, "startSongId")?)?,
        snapshot.find(required(&query, "endSongId")?)?,
    ];
    let count = count(&query, USUAL_PATH)?.clamp(2, LONGEST_PATH as usize);
    let rows = way(&app, Arc::clone(&snapshot), ends, count).await?;
    let similarity =
        |row| if row == ends[0] { Some(1.0) } else { similarity(&snapshot, ends[0], row) };
    let matches =
        rows.into_iter().map(|row| matched(&app, &snapshot, row, similarity(row).unwrap_or(-1.0)));
    Ok(Answer::of("sonicMatch", matches.collect()))
}

/// From 0 to 1; `None` where too little is measured.
fn similarity(snapshot: &Snapshot, a: TrackIdx, b: TrackIdx) -> Option<f32> {
    snapshot.index.sound.distance(a, b).map(|distance| (-distance).exp())
}

/// A match; a similarity of -1 says that there is none to tell.
fn matched(app: &App, snapshot: &Snapshot, row: TrackIdx, similarity: f32) -> Value {
    json!({"entry": child(app, &snapshot.catalogue, row), "similarity": similarity})
}
