//! `getSimilarSongs` and `getSimilarSongs2`: songs like a song, or like what an artist is best
//! known for.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use rand::seq::SliceRandom as _;
use segue_engine::TrackIdx;
use serde_json::{Value, json};

use super::child::{artist_name, child};
use super::envelope::Answer;
use super::required;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::limits::MOST_SUBSONIC_SONGS;
use crate::query::Pairs;
use segue::Snapshot;

/// How many songs, if nothing else is asked for.
const USUAL: usize = 50;
/// Songs of an artist that others are compared with, the most popular.
const BEST_KNOWN: usize = 10;

pub(super) async fn songs(State(app): State<Arc<App>>, query: Pairs) -> ApiResult<Answer> {
    found(&app, &query).await.map(|songs| Answer::of("similarSongs", songs))
}

pub(super) async fn songs2(State(app): State<Arc<App>>, query: Pairs) -> ApiResult<Answer> {
    found(&app, &query).await.map(|songs| Answer::of("similarSongs2", songs))
}

async fn found(app: &Arc<App>, query: &Pairs) -> ApiResult<Value> {
    let id = required(query, "id")?.to_owned();
    let count = count(query, USUAL)?;
    let (songs_of, snapshot) = (Arc::clone(app), app.snapshot.load_full());
    let found = app.heavy(move || {
        let rows = match snapshot.find(&id) {
            Ok(song) => like_a_song(&snapshot, song, count),
            Err(unknown) => like_an_artist(&snapshot, &id, count).ok_or(unknown)?,
        };
        let songs = rows.into_iter().map(|row| child(&songs_of, &snapshot.catalogue, row));
        Ok::<_, ApiError>(json!({"song": songs.collect::<Vec<_>>()}))
    });
    found.await?
}

/// How many are asked for, no more than there may be.
pub(super) fn count(query: &Pairs, usual: usize) -> ApiResult<usize> {
    Ok(query.number("count")?.unwrap_or(usual).min(MOST_SUBSONIC_SONGS))
}

/// The most alike first.
fn like_a_song(snapshot: &Snapshot, song: TrackIdx, count: usize) -> Vec<TrackIdx> {
    let similar = snapshot.similar(song, count);
    similar.into_iter().map(|similar| similar.track).collect()
}

/// Songs by the artist and like theirs, in an order that is another every time, as the
/// specification has it: players make a radio of them.
fn like_an_artist(snapshot: &Snapshot, id: &str, count: usize) -> Option<Vec<TrackIdx>> {
    let artist = snapshot.catalogue.find_artist(artist_name(id).unwrap_or(id))?;
    let mut own = snapshot.index.tracks_by(artist).to_vec();
    let popularity = |row: &TrackIdx| snapshot.index.popularity.value(*row);
    own.sort_by(|a, b| popularity(b).total_cmp(&popularity(a)).then(a.cmp(b)));
    own.truncate(BEST_KNOWN.min(count));
    let mut scores: BTreeMap<TrackIdx, f32> = BTreeMap::new();
    for song in &own {
        for similar in snapshot.similar(*song, count) {
            *scores.entry(similar.track).or_default() += similar.similarity;
        }
    }
    let mut others: Vec<(TrackIdx, f32)> =
        scores.into_iter().filter(|(row, _)| !own.contains(row)).collect();
    others.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    others.truncate(count - own.len());
    let mut songs: Vec<TrackIdx> =
        own.into_iter().chain(others.into_iter().map(|(row, _)| row)).collect();
    songs.shuffle(&mut rand::rng());
    Some(songs)
}
