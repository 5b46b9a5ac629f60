//! What forms send: feedback on cards, exclusions, the wish to be forgotten. Each comes back to
//! where it came from.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::tz::TimeZone;
use segue::{PlayDetails, Reaction, opinion};
use segue_core::{DeviceClass, FeedbackKind, FeedbackTarget, ListenerId, Timestamp, TrackId};
use segue_store::{Entry, Event, Exclusion, ExclusionId};
use serde::Deserialize;

use crate::access::Admin;
use crate::api::{self, append_entries, check_name};
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::Submitted;
use crate::history::time_zone_of;
use crate::page::layout::{Flash, Undo};
use crate::page::urls;
use crate::page::words::Words;

/// Feedback on a card.
#[derive(Deserialize)]
pub(super) struct FeedbackForm {
    #[serde(default)]
    track: String,
    #[serde(default)]
    artist: String,
    kind: FeedbackKind,
    #[serde(default)]
    back: String,
}

/// Like, "not for me", "never this artist", or taking one of them back.
pub(super) async fn give(
    State(app): State<Arc<App>>,
    Path(listener): Path<String>,
    Submitted(form): Submitted<FeedbackForm>,
) -> ApiResult<Response> {
    check_name("a listener", &listener)?;
    let of_artist =
        !form.artist.is_empty() && (form.track.is_empty() || form.kind == FeedbackKind::Ban);
    let (name, target) = if of_artist {
        check_name("an artist", &form.artist)?;
        (form.artist.clone(), FeedbackTarget::Artist(form.artist.clone()))
    } else {
        check_name("a track", &form.track)?;
        (title(&app, &form.track), FeedbackTarget::Track(TrackId::new(form.track.as_str())))
    };
    let who = ListenerId::new(listener.as_str());
    let feedback = opinion(who, target, form.kind, Timestamp::now());
    append(&app, Event::Feedback(feedback)).await?;
    let message = match form.kind {
        FeedbackKind::Like => format!("Liked: {name}."),
        FeedbackKind::Dislike => format!("Not for you: {name}."),
        FeedbackKind::Ban => format!("Never again: {name}."),
        FeedbackKind::Saved => format!("Kept: {name}."),
        FeedbackKind::Cleared => format!("Taken back: {name}."),
    };
    let field = if of_artist { ("artist", form.artist) } else { ("track", form.track) };
    let fields = [("kind", "cleared".to_owned()), field]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
    let undo = Undo { action: urls::feedback(&listener), fields };
    let undo = (form.kind != FeedbackKind::Cleared).then_some(undo);
    Ok(back(&form.back, Some(Flash { message, undo })))
}

/// A track that is passed over.
#[derive(Deserialize)]
pub(super) struct Skipped {
    track: String,
    #[serde(default)]
    back: String,
}

/// "Not now".
pub(super) async fn skip(
    State(app): State<Arc<App>>,
    Path(listener): Path<String>,
    Submitted(skipped): Submitted<Skipped>,
) -> ApiResult<Response> {
    check_name("a listener", &listener)?;
    check_name("a track", &skipped.track)?;
    let (who, track) = (ListenerId::new(listener), TrackId::new(skipped.track.as_str()));
    let skip = Reaction::SKIPPED.about(who, track, Timestamp::now(), PlayDetails::default());
    append(&app, skip).await?;
    let message = format!("Not now: {}.", title(&app, &skipped.track));
    let to = urls::leave_out(&skipped.back, &skipped.track);
    Ok(back(&to, Some(Flash { message, undo: None })))
}

/// What is to be left out of the taste.
#[derive(Deserialize)]
pub(super) struct LeaveOut {
    kind: String,
    #[serde(default)]
    value: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    back: String,
}

/// Leaves plays out of the taste.
pub(super) async fn exclude(
    State(app): State<Arc<App>>,
    Path(listener): Path<String>,
    Submitted(asked): Submitted<LeaveOut>,
) -> ApiResult<Response> {
    check_name("a listener", &listener)?;
    let id = ListenerId::new(listener.as_str());
    let zone = time_zone_of(&app, &id, None).await?;
    let exclusion = asked.exclusion(&app, &zone)?;
    let (whose, what) = (id.clone(), exclusion.clone());
    let number = app.writer.run(move |store| store.exclude(&whose, &what)).await?;
    app.listeners.changed(&id);
    let undo = Undo { action: urls::include_again(&listener, number.0), fields: Vec::new() };
    let whose = id.clone();
    let language = app.readers.run(move |store| Ok(store.date_language(&whose)?)).await?;
    let words = Words::of(language.as_deref());
    let message = format!("Left out: {}.", super::taste::in_words(&words, &exclusion, &zone));
    Ok(back(&asked.back, Some(Flash { message, undo: Some(undo) })))
}

impl LeaveOut {
    fn exclusion(&self, app: &App, zone: &TimeZone) -> ApiResult<Exclusion> {
        let named = |what: &str| {
            check_name(what, &self.value)?;
            Ok::<_, ApiError>(self.value.trim().to_owned())
        };
        match self.kind.as_str() {
            "period" => {
                let (from, to) = (day(&self.from, 0, zone)?, day(&self.to, 1, zone)?);
                if from >= to {
                    return Err(ApiError::bad_request(
                        "bad_period",
                        "the period ends before it begins",
                    ));
                }
                Ok(Exclusion::Period { from, to })
            }
            "device" => {
                let device = serde_json::from_value::<DeviceClass>(serde_json::json!(self.value));
                device.map(Exclusion::Device).map_err(|_| {
                    ApiError::bad_request(
                        "bad_device",
                        format!("`{}` is no kind of device", self.value),
                    )
                })
            }
            "context" => named("a context").map(Exclusion::Context),
            "play" => {
                let track = TrackId::new(named("a track")?);
                let at = self.from.parse().map_err(|_| {
                    ApiError::bad_request("bad_exclusion", format!("`{}` is no time", self.from))
                })?;
                Ok(Exclusion::Play { track, at })
            }
            "artist" => named("an artist").map(Exclusion::Artist),
            "track" => {
                let snapshot = app.snapshot.load();
                Ok(Exclusion::Work(
                    snapshot.catalogue.track(snapshot.find(&self.value)?).work.clone(),
                ))
            }
            other => {
                Err(ApiError::bad_request("bad_exclusion", format!("`{other}` cannot be left out")))
            }
        }
    }
}

/// The first moment of a day where the listener is, or of one some days after it.
fn day(text: &str, after: i64, zone: &TimeZone) -> ApiResult<Timestamp> {
    let date: Result<jiff::civil::Date, _> = text.parse();
    let date = date.and_then(|date| date.checked_add(jiff::Span::new().days(after)));
    let at = date.and_then(|date| date.to_zoned(zone.clone()));
    at.map(|at| at.timestamp()).map_err(|_| {
        ApiError::bad_request("bad_period", format!("`{text}` is no day such as 2025-12-24"))
    })
}

/// Where to go back to.
#[derive(Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    pub(super) back: String,
}

/// Takes an exclusion back.
pub(super) async fn include_again(
    State(app): State<Arc<App>>,
    Path((listener, exclusion)): Path<(String, i64)>,
    Submitted(Back { back: to }): Submitted<Back>,
) -> ApiResult<Response> {
    let removed =
        api::include_again(&app, &ListenerId::new(listener), ExclusionId(exclusion)).await?;
    let message = if removed { "Counts again." } else { "That was taken back before." };
    let to = if to.is_empty() { "/taste".to_owned() } else { to };
    Ok(back(&to, Some(Flash { message: message.to_owned(), undo: None })))
}

/// The name of whoever is to be forgotten, typed once more.
#[derive(Deserialize)]
pub(super) struct Confirmed {
    confirm: String,
}

/// Forgets a listener.
pub(super) async fn forget(
    _: Admin,
    State(app): State<Arc<App>>,
    Path(listener): Path<String>,
    Submitted(Confirmed { confirm }): Submitted<Confirmed>,
) -> ApiResult<Response> {
    if confirm != listener {
        let message = format!("to be forgotten, type the name `{listener}`");
        return Err(ApiError::bad_request("not_confirmed", message));
    }
    let forgotten = crate::api::forget_listener(&app, &listener).await?;
    let models =
        if forgotten.models.is_empty() { "" } else { ", and the models that learned from them" };
    let message = format!(
        "{listener} is forgotten: {} plays, {} words{models}.",
        forgotten.listens, forgotten.feedback
    );
    Ok(back("/", Some(Flash { message, undo: None })))
}

async fn append(app: &App, event: Event) -> ApiResult<()> {
    let outcomes = append_entries(app, vec![Entry::from(event)]).await?;
    outcomes.into_iter().try_for_each(|outcome| outcome.map(drop))
}

fn title(app: &App, track: &str) -> String {
    let snapshot = app.snapshot.load();
    let row = snapshot.catalogue.find(&TrackId::new(track));
    row.map_or(track.to_owned(), |row| snapshot.catalogue.track(row).display_title().into_owned())
}

/// Goes back, with a message about what was done.
pub(super) fn back(to: &str, flash: Option<Flash>) -> Response {
    let mut response = Redirect::to(urls::local(to)).into_response();
    if let Some(flash) = flash {
        super::flash::set(response.headers_mut(), &flash);
    }
    response
}
