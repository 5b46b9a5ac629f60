//! Files coming in through the page.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Multipart, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::Markup;
use segue_ingest::{DropReason, FileReport};

use super::feedback::back;
use super::frame::{Asked, answer, frame};
use super::held;
use super::session::set_listener;
use crate::access::Access;
use crate::api::{Upload, cancel_import, check_name, find_import, usual_listener};
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::holding;
use crate::imports::{ImportState, ImportStatus};
use crate::limits::LONGEST_NAME;
use crate::page::import::{self, FileRow, ImportView, RowsReport, WorldTaken};
use crate::page::layout::{Flash, Section};
use crate::page::urls;
use crate::worlds::KeptWorld;

/// The page that takes files.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    asked: Asked,
) -> ApiResult<Response> {
    let frame = frame(&app, &asked, Section::Import).await?;
    let listener = frame.listener.clone().unwrap_or_else(|| usual_listener(&access));
    Ok(answer(&frame, import::view(&frame, &listener)))
}

/// Takes files as the form sends them, and shows how they are understood.
pub(super) async fn receive(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    mut form: Multipart,
) -> ApiResult<Response> {
    let broken = |error: axum::extract::multipart::MultipartError| {
        ApiError::new(error.status(), "upload_broke_off", error.body_text())
    };
    let mut upload = Upload::begin(&app, access).await?;
    let mut listener = String::new();
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        match field.name() {
            Some("listener") => {
                let mut name = Vec::new();
                while let Some(chunk) = field.chunk().await.map_err(broken)? {
                    // One byte too many is enough to know that it is too long.
                    name.extend(chunk.into_iter().take(LONGEST_NAME + 1 - name.len()));
                }
                listener = String::from_utf8_lossy(&name).into_owned();
            }
            Some("files") => {
                let name = field.file_name().unwrap_or("upload").to_owned();
                let mut file = upload.file(&name).await?;
                while let Some(chunk) = field.chunk().await.map_err(broken)? {
                    file.write(&chunk).await?;
                }
                file.finish().await?;
            }
            _ => {}
        }
    }
    let listener = listener.trim();
    check_name("a listener", listener)?;
    let id = upload.hold(listener).await?;
    let mut response = Redirect::to(&urls::import(&id)).into_response();
    set_listener(response.headers_mut(), listener);
    Ok(response)
}

/// Begins to read what is held. Whoever presses twice sees how far it is.
pub(super) async fn start(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> ApiResult<Redirect> {
    if find_import(&app, &access, &id)?.state == ImportState::Held {
        holding::begin(&app, &id)?;
    }
    Ok(Redirect::to(&urls::import(&id)))
}

/// Lets go of what is held.
pub(super) async fn discard(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    if find_import(&app, &access, &id)?.state != ImportState::Held {
        return Ok(Redirect::to(&urls::import(&id)).into_response());
    }
    cancel_import(&app, &access, &id)?;
    let message = "Discarded: nothing of it was kept.".to_owned();
    Ok(back("/import", Some(Flash { message, undo: None })))
}

/// How far an import is, and its report.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    asked: Asked,
) -> ApiResult<Response> {
    let import = view_model(find_import(&app, &access, &id)?);
    let frame = frame(&app, &asked, Section::Import).await?;
    Ok(answer(&frame, import::view_import(&frame, &import)))
}

/// The same without the page around it.
pub(super) async fn fragment(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    asked: Asked,
) -> ApiResult<Markup> {
    let frame = frame(&app, &asked, Section::Import).await?;
    Ok(import::fragment(&frame.words, &view_model(find_import(&app, &access, &id)?)))
}

fn view_model(status: ImportStatus) -> ImportView {
    let report = status.report.as_ref().map(|report| RowsReport {
        total: row(&report.total()),
        files: report.files.iter().map(row).collect(),
    });
    ImportView {
        id: status.id,
        held: status
            .explanation
            .as_deref()
            .map(|explained| held::view_model(explained, status.found_world)),
        world: status.kept_world.map(|KeptWorld { file, songs, known }| WorldTaken {
            file,
            songs: songs as u64,
            known: known as u64,
        }),
        state: match status.state {
            ImportState::Held => import::ImportStateView::Held,
            ImportState::Waiting | ImportState::Reading => import::ImportStateView::Reading,
            ImportState::Training => import::ImportStateView::Training,
            ImportState::Done => import::ImportStateView::Done,
            ImportState::Failed => import::ImportStateView::Failed,
        },
        bytes_read: status.bytes_read,
        bytes_total: status.bytes_total,
        file: Some(status.file),
        report,
        error: status.problem,
        only_played: status.only_played.map(|only_played| only_played.to_string()),
    }
}

fn row(file: &FileReport) -> FileRow {
    FileRow {
        file: file.path.display().to_string(),
        format: file.source.map(|source| source.info().name.to_owned()),
        rows: file.rows_read,
        plays: file.listens,
        signals: file.feedback,
        tracks: file.tracks,
        friendships: file.friendships,
        artist_tags: file.artist_tags,
        already_imported: file.already_imported,
        duplicates: file.duplicates,
        dropped: file
            .dropped
            .iter()
            .map(|(reason, count)| (in_words(*reason).to_owned(), *count))
            .collect(),
        note: file.note.clone(),
    }
}

/// Why rows were left out.
pub(super) fn in_words(reason: DropReason) -> &'static str {
    match reason {
        DropReason::Podcast => "podcast episodes",
        DropReason::Audiobook => "audiobook chapters",
        DropReason::Video => "videos that are not music",
        DropReason::NoTrack => "without a track",
        DropReason::NoTitle => "without a title",
        DropReason::BadTime => "without a time that can be read",
        DropReason::NowPlaying => "playing when the file was written",
        DropReason::NotAPlay => "not plays: pauses, seeks and the like",
        DropReason::Empty => "with nothing of use in them",
        DropReason::Malformed => "not shaped as the format asks",
        DropReason::ElsewhereInExport => "told in more detail by another file of the export",
        DropReason::NoListener => "without one of the two listeners",
        DropReason::OwnFriend => "somebody as their own friend",
        DropReason::RepeatedRow => "the same as a row before",
        DropReason::NameTooLong => "with a name longer than anything real",
        DropReason::OtherListener => "about somebody else than the one whose history this is",
        DropReason::OnePerson => "tags that one person alone gave",
        DropReason::NoTag => "without an artist or a tag",
        DropReason::ForEverybody => {
            "about songs or friends, which whoever runs this Segue brings for everybody"
        }
    }
}
