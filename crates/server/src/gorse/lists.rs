//! Lists that are the same for everybody: what is popular, what is new, what is like an item.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use segue_core::{ListenerId, TrackId};
use segue_engine::TrackIdx;
use serde::Deserialize;

use super::shapes::{Categories, Score, stretch};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::InPath;
use crate::query::Pairs;
use segue::Snapshot;

/// Seconds of a year in the Gregorian calendar, on average.
const YEAR_S: f64 = 31_556_952.0;

/// Whether a track is in one of the categories; in any if there are none.
pub(super) fn is_in(snapshot: &Snapshot, row: TrackIdx, categories: &[String]) -> bool {
    let genre = snapshot.catalogue.track(row).genre.as_deref().unwrap_or_default();
    categories.is_empty() || categories.iter().any(|category| category.eq_ignore_ascii_case(genre))
}

/// The most popular tracks.
pub(super) async fn popular(
    State(app): State<Arc<App>>,
    categories: Categories,
    query: Pairs,
) -> ApiResult<Json<Vec<Score>>> {
    let popular = |snapshot: &Snapshot| {
        let rows = snapshot.index.popularity.most_popular().iter();
        rows.map(|&row| (row, f64::from(snapshot.index.popularity.value(row)))).collect()
    };
    ranked(&app, popular, (categories, query)).await
}

/// The tracks released last, scored by the time of their release.
pub(super) async fn latest(
    State(app): State<Arc<App>>,
    categories: Categories,
    query: Pairs,
) -> ApiResult<Json<Vec<Score>>> {
    let latest = |snapshot: &Snapshot| {
        let dated = snapshot
            .catalogue
            .rows()
            .filter_map(|row| Some((row, snapshot.catalogue.track(row).year?)));
        let mut dated: Vec<(TrackIdx, u16)> = dated.collect();
        dated.sort_by_key(|(row, year)| (Reverse(*year), *row));
        let score = |year: u16| ((f64::from(year) - 1970.0) * YEAR_S).round();
        dated.into_iter().map(|(row, year)| (row, score(year))).collect()
    };
    ranked(&app, latest, (categories, query)).await
}

/// A stretch of a ranking, without what a user played or spoke of if one is named.
async fn ranked(
    app: &App,
    rank: impl FnOnce(&Snapshot) -> Vec<(TrackIdx, f64)> + Send + 'static,
    (Categories(categories), query): (Categories, Pairs),
) -> ApiResult<Json<Vec<Score>>> {
    let (n, offset) = stretch(&query)?;
    let user = query.get("user-id").map(ListenerId::new);
    let snapshot = app.snapshot.load_full();
    let scores = app.readers.run(move |store| {
        let profile =
            user.map(|user| segue::profile(store, &snapshot.catalogue, user)).transpose()?;
        let is_unread = |row: TrackIdx| {
            let work = snapshot.catalogue.work(row);
            profile.as_ref().is_none_or(|profile| profile.interaction(work).is_none())
        };
        let ranked = rank(&snapshot).into_iter();
        let ranked =
            ranked.filter(|(row, _)| is_in(&snapshot, *row, &categories) && is_unread(*row));
        Ok(ranked.skip(offset).take(n).map(|(row, score)| scored(&snapshot, row, score)).collect())
    });
    scores.await.map(Json)
}

pub(super) fn scored(snapshot: &Snapshot, row: TrackIdx, score: f64) -> Score {
    Score { id: snapshot.catalogue.track(row).id.to_string(), score }
}

/// An item; behind it there may be a category.
#[derive(Debug, Deserialize)]
pub(super) struct NeighbourPath {
    item: String,
}

/// What is like an item; nothing is like one that is not in the catalogue yet.
pub(super) async fn neighbours(
    State(app): State<Arc<App>>,
    InPath(path): InPath<NeighbourPath>,
    Categories(categories): Categories,
    query: Pairs,
) -> ApiResult<Json<Vec<Score>>> {
    let (n, offset) = stretch(&query)?;
    let snapshot = app.snapshot.load_full();
    let Some(row) = snapshot.catalogue.find(&TrackId::new(path.item)) else {
        return Ok(Json(Vec::new()));
    };
    let found = app.heavy(move || {
        // A category may leave out all but the last, so then everything is looked through.
        let most = if categories.is_empty() { n + offset } else { snapshot.catalogue.len() };
        let similar = snapshot.similar(row, most).into_iter();
        let similar = similar.filter(|similar| is_in(&snapshot, similar.track, &categories));
        let score = |similar: segue_engine::similar::Similar| {
            scored(&snapshot, similar.track, f64::from(similar.similarity))
        };
        similar.skip(offset).take(n).map(score).collect()
    });
    found.await.map(Json)
}
