//! What a listener likes: several tastes; and all that is known, to take along.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::body::Body as ResponseBody;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use segue_core::{FeedbackTarget, ListenerId, Timestamp, Track, TrackId};
use segue_engine::taste::Tastes;
use segue_store::Store;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::shapes::check_name;
use crate::app::App;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::InPath;

/// What a listener likes.
#[derive(Serialize, ToSchema)]
pub(crate) struct TasteAnswer {
    /// Several tastes, not one average.
    #[schema(value_type = Object)]
    tastes: Tastes,
}

/// What a listener likes: several tastes, each with how it sounds and whether it grows.
#[utoipa::path(get, path = "/v1/listeners/{listener}/taste", tag = "listeners",
    params(("listener" = String, Path, description = "Whose.")),
    responses((status = 200, body = TasteAnswer), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn taste(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
) -> ApiResult<Json<TasteAnswer>> {
    check_name("a listener", &listener)?;
    let tastes = taste_of(&app, ListenerId::new(listener)).await?;
    Ok(Json(TasteAnswer { tastes }))
}

/// Finds the tastes.
pub(crate) async fn taste_of(app: &App, listener: ListenerId) -> ApiResult<Tastes> {
    let snapshot = app.snapshot.load_full();
    let found = app.readers.run(move |store| {
        let (catalogue, index) = (&snapshot.catalogue, &snapshot.index);
        Ok(segue::tastes(store, catalogue, index, listener, Timestamp::now())?)
    });
    found.await
}

/// Plays written at once.
const PAGE: usize = 5_000;

/// Everything that is known of a listener, one JSON object a line: feedback, exclusions, settings,
/// lists made every week by words, plays latest first, each track described where it is mentioned
/// first. Imported elsewhere it brings plays and feedback back.
#[utoipa::path(get, path = "/v1/listeners/{listener}/export", tag = "listeners",
    params(("listener" = String, Path, description = "Whose.")),
    responses((status = 200, body = String, content_type = "application/x-ndjson"),
        (status = "4XX", body = ErrorBody)))]
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
) -> ApiResult<Response> {
    check_name("a listener", &listener)?;
    let id = ListenerId::new(listener.as_str());
    let known = {
        let id = id.clone();
        app.readers.run(move |store| Ok(store.listener(&id)?)).await?
    };
    known.ok_or_else(|| {
        ApiError::not_found(
            "unknown_listener",
            format!("nothing is known of a listener `{listener}`"),
        )
    })?;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<String, std::io::Error>>(4);
    tokio::spawn(async move {
        if let Err(error) = write_export(&app, id, &sender).await {
            // The answer has begun: all that is left is to break it off.
            let _ = sender.send(Err(std::io::Error::other(error.message))).await;
        }
    });
    let body = ResponseBody::from_stream(tokio_stream::wrappers::ReceiverStream::new(receiver));
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"segue-export.ndjson\""),
    ];
    Ok((headers, body).into_response())
}

async fn write_export(
    app: &App,
    listener: ListenerId,
    sender: &tokio::sync::mpsc::Sender<Result<String, std::io::Error>>,
) -> ApiResult<()> {
    let id = listener.clone();
    let read = app.readers.run(move |store| said_of(store, &id));
    let mut block = read.await?;
    let mut before = None;
    loop {
        if sender.send(Ok(block)).await.is_err() {
            return Ok(());
        }
        let id = listener.clone();
        let read = app.readers.run(move |store| {
            let page = store.listens_page(&id, before, PAGE)?;
            let mut lines = ExportLines::default();
            for (_, listen) in &page {
                let track = lines.describe(store, &listen.track)?;
                lines.write(json!({"listen": listen}), track);
            }
            Ok((page.last().map(|(last, _)| *last), lines.text))
        });
        let (last, lines) = read.await?;
        let Some(last) = last else { return Ok(()) };
        (before, block) = (Some(last), lines);
    }
}

/// The lines of an export before the plays.
fn said_of(store: &Store, listener: &ListenerId) -> ApiResult<String> {
    let mut lines = ExportLines::default();
    for (row, feedback) in store.feedback(listener)?.into_iter().enumerate() {
        // Who reads an export remembers so many descriptions and no more.
        if row % PAGE == 0 {
            lines.described.clear();
        }
        let track = match &feedback.target {
            FeedbackTarget::Track(track) => Some(track),
            FeedbackTarget::Artist(_) => None,
        };
        let track = track.map_or(Ok(None), |track| lines.describe(store, track))?;
        lines.write(json!({"feedback": feedback}), track);
    }
    for (_, exclusion) in store.exclusions(listener)? {
        lines.write(json!({"exclusion": exclusion}), None);
    }
    let (zone, language) = (store.time_zone(listener)?, store.date_language(listener)?);
    if zone.is_some() || language.is_some() {
        let settings = json!({"time_zone": zone, "date_language": language});
        lines.write(json!({"settings": settings}), None);
    }
    for list in store.weekly_lists(listener)? {
        lines.write(json!({"weekly_list": list}), None);
    }
    Ok(lines.text)
}

/// Lines of an export, of which the first that mentions a track describes it, so that another
/// library can read them. Where its sound lies on this machine is nobody else's business.
#[derive(Default)]
struct ExportLines {
    described: HashSet<TrackId>,
    text: String,
}

impl ExportLines {
    fn describe(&mut self, store: &Store, track: &TrackId) -> ApiResult<Option<Track>> {
        match self.described.insert(track.clone()) {
            true => Ok(store.track(track)?.map(|track| Track { location: None, ..track })),
            false => Ok(None),
        }
    }

    fn write(&mut self, mut line: Value, track: Option<Track>) {
        if let Some(track) = track {
            line["track"] = json!(track);
        }
        self.text += &format!("{line}\n");
    }
}
