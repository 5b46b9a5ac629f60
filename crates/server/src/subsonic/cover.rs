//! `getCoverArt`: the cover of a song, in the envelope of nothing: a picture stands for itself.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use segue_audio::covers::CoverSize;

use super::required;
use crate::app::App;
use crate::covers::AskedCover;
use crate::error::ApiResult;
use crate::music::{files_of_song, on_disk};
use crate::query::Pairs;

/// The cover of the song with this id, the largest there is if no size is asked for.
pub(super) async fn cover(
    State(app): State<Arc<App>>,
    query: Pairs,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let snapshot = app.snapshot.load_full();
    let row = snapshot.find(required(&query, "id")?)?;
    let side = query.number("size")?.map(|side| u32::try_from(side).unwrap_or(u32::MAX));
    let size = side.map_or(CoverSize::Large, CoverSize::for_side);
    let asked = on_disk(|| {
        AskedCover::of(files_of_song(&app.music(), &snapshot.catalogue, row), size, &headers)
    });
    app.covers.answer(asked).await
}
