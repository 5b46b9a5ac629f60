//! What happened: plays, and feedback on tracks and artists. One or many in a request, each of
//! which can be sent again under the id that the client gave it without counting twice.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use segue::{Ending, PlayDetails, opinion};
use segue_core::{
    DeviceClass, Feedback, FeedbackKind, FeedbackTarget, Listen, ListenerId, Record, Timestamp,
    TrackId,
};
use segue_store::{Appended, ClientId, Entry, Event, ListenCursor};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::records::{LoggedFeedback, LoggedListen};
use super::shapes::{DeviceShape, check_name, limit};
use crate::app::App;
use crate::error::{ApiError, ApiResult, ErrorBody, ErrorDetail};
use crate::extract::{Body, InPath, Object, Params};
use crate::limits::MOST_EVENTS;

/// How a play ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// Played to its end.
    Finished,
    /// Left for the next one.
    Skipped,
    /// Stopped, or paused for good.
    Stopped,
    /// Nobody knows.
    Unknown,
}

/// Who chose what was played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Chosen)]
pub(crate) enum ChosenShape {
    /// Segue: the play answers a pick.
    #[default]
    BySegue,
    /// The listener.
    ByListener,
}

/// A play.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListenShape {
    /// What the client calls it. Sent again under the same id it counts once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// The track, which has to be in the catalogue.
    track: String,
    /// When it ended; now if left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// How long it played, as a player measured it; left out if nobody did. 0 says that nothing was
    /// heard, which teaches nothing.
    #[serde(default)]
    ms_played: Option<u32>,
    /// How it ended.
    end: End,
    /// Who chose it.
    #[serde(default)]
    chosen: ChosenShape,
    /// What it was played from, such as a playlist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    /// The kind of device: phone, tablet, computer, web, speaker, tv, car or console.
    #[serde(default)]
    #[schema(value_type = Option<DeviceShape>)]
    device: Option<DeviceClass>,
}

/// Feedback on a track or an artist: one of the two.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeedbackShape {
    /// What the client calls it. Sent again under the same id it counts once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// The track, which has to be in the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    track: Option<String>,
    /// The artist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    artist: Option<String>,
    /// like, dislike, ban, saved, or cleared, which takes feedback back.
    #[schema(value_type = FeedbackKindShape)]
    kind: FeedbackKind,
    /// When; now if left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// What feedback can be.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FeedbackKindShape {
    /// Liked.
    Like,
    /// Not for me.
    Dislike,
    /// Never again.
    Ban,
    /// Kept in the library.
    Saved,
    /// Takes feedback back.
    Cleared,
}

/// One, or an array of many.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)] // for the schema, which goes by it
pub(crate) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

/// By hand, since what serde makes of `untagged` says of every mistake only that no variant fits.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object, or an array of objects")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(OneOrMany::One)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                let many = Vec::<Object<T>>::deserialize(SeqAccessDeserializer::new(seq))?;
                Ok(OneOrMany::Many(many.into_iter().map(|Object(one)| one).collect()))
            }
        }
        deserializer.deserialize_any(Either(std::marker::PhantomData))
    }
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

/// Something that a listener did, as a service's event stream has it: a play or feedback.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventShape {
    /// Who.
    listener: String,
    /// A play.
    #[serde(default)]
    listen: Option<ListenShape>,
    /// Feedback.
    #[serde(default)]
    feedback: Option<FeedbackShape>,
}

/// What became of one event.
#[derive(Serialize, ToSchema)]
pub(crate) struct Outcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    status: OutcomeStatus,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDetail>,
}

/// What became of one event.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OutcomeStatus {
    /// It is in the log.
    Appended,
    /// It was in the log already.
    Repeated,
    /// It is not in the log.
    Refused,
}

/// What became of the events of a request, in their order.
#[derive(Serialize, ToSchema)]
pub(crate) struct Outcomes {
    appended: usize,
    repeated: usize,
    refused: usize,
    outcomes: Vec<Outcome>,
}

/// Appends plays of a listener: one, or an array of up to 1000. Those that are acknowledged are on
/// disk, and the next mix goes by them.
///
/// A single play that is refused fails the request; of many, each outcome stands for itself.
#[utoipa::path(post, path = "/v1/listeners/{listener}/listens", tag = "events",
    params(("listener" = String, Path, description = "Who.")),
    request_body = OneOrMany<ListenShape>,
    responses((status = 200, body = Outcomes), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn add_listens(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
    Body(listens): Body<OneOrMany<ListenShape>>,
) -> ApiResult<Json<Outcomes>> {
    let is_single = matches!(listens, OneOrMany::One(_));
    let listens = listens.into_vec().into_iter();
    let events = listens.map(|listen| EventShape {
        listener: listener.clone(),
        listen: Some(listen),
        feedback: None,
    });
    append(&app, events.collect(), is_single).await.map(Json)
}

/// Appends feedback of a listener on tracks and artists: one, or an array of up to 1000. As for
/// plays.
#[utoipa::path(post, path = "/v1/listeners/{listener}/feedback", tag = "events",
    params(("listener" = String, Path, description = "Who.")),
    request_body = OneOrMany<FeedbackShape>,
    responses((status = 200, body = Outcomes), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn add_feedback(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
    Body(feedback): Body<OneOrMany<FeedbackShape>>,
) -> ApiResult<Json<Outcomes>> {
    let is_single = matches!(feedback, OneOrMany::One(_));
    let feedback = feedback.into_vec().into_iter();
    let events = feedback.map(|feedback| EventShape {
        listener: listener.clone(),
        listen: None,
        feedback: Some(feedback),
    });
    append(&app, events.collect(), is_single).await.map(Json)
}

/// Appends plays and feedback of many listeners: up to 1000, each of which stands for itself.
#[utoipa::path(post, path = "/v1/events", tag = "events", request_body = Vec<EventShape>,
    responses((status = 200, body = Outcomes), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn add_events(
    State(app): State<Arc<App>>,
    Body(events): Body<Vec<Object<EventShape>>>,
) -> ApiResult<Json<Outcomes>> {
    append(&app, events.into_iter().map(|Object(event)| event).collect(), false).await.map(Json)
}

async fn append(app: &App, events: Vec<EventShape>, is_single: bool) -> ApiResult<Outcomes> {
    if events.len() > MOST_EVENTS {
        let message = format!("{} events; a request takes {MOST_EVENTS} at most", events.len());
        return Err(ApiError::bad_request("too_many_events", message));
    }
    let now = Timestamp::now();
    let client_ids: Vec<Option<String>> = events.iter().map(EventShape::client_id).collect();
    let checked: Vec<ApiResult<Entry>> = events.into_iter().map(|event| event.entry(now)).collect();
    let entries: Vec<Entry> =
        checked.iter().filter_map(|entry| entry.as_ref().ok().cloned()).collect();
    let mut written = append_entries(app, entries).await?.into_iter();
    let mut outcomes = Vec::with_capacity(checked.len());
    for (client_id, entry) in client_ids.into_iter().zip(checked) {
        let outcome = match entry {
            Ok(_) => written.next().expect("there is one outcome an entry"),
            Err(error) => Err(error),
        };
        if let (true, Err(error)) = (is_single, &outcome) {
            return Err(error.clone());
        }
        let status = match &outcome {
            Ok(Appended::Repeated | Appended::Completed) => OutcomeStatus::Repeated,
            Ok(_) => OutcomeStatus::Appended,
            Err(_) => OutcomeStatus::Refused,
        };
        outcomes.push(Outcome {
            client_id,
            status,
            error: outcome.err().map(|error| error.body().error),
        });
    }
    let count = |status| outcomes.iter().filter(|outcome| outcome.status == status).count();
    Ok(Outcomes {
        appended: count(OutcomeStatus::Appended),
        repeated: count(OutcomeStatus::Repeated),
        refused: count(OutcomeStatus::Refused),
        outcomes,
    })
}

/// Appends plays and feedback; the next mix of whoever they are about goes by them.
pub(crate) async fn append_entries(
    app: &App,
    entries: Vec<Entry>,
) -> ApiResult<Vec<ApiResult<Appended>>> {
    let about = |entry: &Entry| match &entry.event {
        Event::Listen(listen) => Some(listen.listener.clone()),
        Event::Feedback(feedback) => Some(feedback.listener.clone()),
        Event::Record(Record::Listen { listen, .. }) => Some(listen.listener.clone()),
        Event::Record(Record::Feedback { feedback, .. }) => Some(feedback.listener.clone()),
        _ => None,
    };
    let listeners: Vec<Option<ListenerId>> = entries.iter().map(about).collect();
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let outcomes = app.writer.append(entries).await?;
    let mut changed: Vec<ListenerId> = Vec::new();
    for (listener, outcome) in listeners.into_iter().zip(&outcomes) {
        let Some(listener) = listener else { continue };
        match outcome {
            Ok(Appended::Completed) => app.listeners.rewritten(&listener),
            _ => changed.push(listener),
        }
    }
    changed.sort();
    changed.dedup();
    changed.iter().for_each(|listener| app.listeners.changed(listener));
    Ok(outcomes)
}

impl EventShape {
    fn client_id(&self) -> Option<String> {
        let of_listen = self.listen.as_ref().and_then(|listen| listen.client_id.clone());
        of_listen.or_else(|| self.feedback.as_ref().and_then(|feedback| feedback.client_id.clone()))
    }

    fn entry(self, now: Timestamp) -> ApiResult<Entry> {
        check_name("a listener", &self.listener)?;
        let listener = ListenerId::new(self.listener);
        match (self.listen, self.feedback) {
            (Some(listen), None) => listen.entry(listener, now),
            (None, Some(feedback)) => feedback.entry(listener, now),
            _ => Err(ApiError::bad_request(
                "bad_event",
                "an event is either a `listen` or a `feedback`",
            )),
        }
    }
}

fn named(client_id: Option<String>, at: Option<Timestamp>) -> ApiResult<Option<ClientId>> {
    let Some(name) = client_id else { return Ok(None) };
    check_name("a client id", &name)?;
    Ok(Some(if at.is_some() { ClientId::new(name) } else { ClientId::of_undated(name) }))
}

impl ListenShape {
    fn entry(self, listener: ListenerId, now: Timestamp) -> ApiResult<Entry> {
        check_name("a track", &self.track)?;
        if let Some(context) = &self.context {
            check_name("a context", context)?;
        }
        let ending = match self.end {
            End::Finished => Ending::Finished,
            End::Skipped => Ending::Skipped,
            End::Stopped => Ending::Stopped,
            End::Unknown => Ending::Unknown,
        };
        let details = PlayDetails {
            played_ms: self.ms_played,
            was_chosen: Some(self.chosen == ChosenShape::ByListener),
            device: self.device.unwrap_or_default(),
            context: self.context,
        };
        let at = self.at.unwrap_or(now);
        let listen = ending.listen(listener, TrackId::new(self.track), at, details);
        Ok(Entry { client_id: named(self.client_id, self.at)?, event: Event::Listen(listen) })
    }
}

impl FeedbackShape {
    fn entry(self, listener: ListenerId, now: Timestamp) -> ApiResult<Entry> {
        let target = match (self.track, self.artist) {
            (Some(track), None) => {
                check_name("a track", &track)?;
                FeedbackTarget::Track(TrackId::new(track))
            }
            (None, Some(artist)) => {
                check_name("an artist", &artist)?;
                FeedbackTarget::Artist(artist)
            }
            _ => {
                let message = "feedback is about either a `track` or an `artist`";
                return Err(ApiError::bad_request("bad_feedback", message));
            }
        };
        let feedback = opinion(listener, target, self.kind, self.at.unwrap_or(now));
        Ok(Entry { client_id: named(self.client_id, self.at)?, event: Event::Feedback(feedback) })
    }
}

/// Which part of a history.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryPage {
    /// The `next` of the page before; left out for the latest plays.
    before: Option<String>,
    /// How many at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// A page of plays, latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Listens {
    #[schema(value_type = Vec<LoggedListen>)]
    listens: Vec<Listen>,
    /// What to send as `before` for the next page; left out on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// What a listener played, latest first, excluded plays too.
#[utoipa::path(get, path = "/v1/listeners/{listener}/listens", tag = "events",
    params(("listener" = String, Path, description = "Who."), HistoryPage),
    responses((status = 200, body = Listens), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn listens(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
    Params(page): Params<HistoryPage>,
) -> ApiResult<Json<Listens>> {
    let limit = limit(page.limit, 100)?;
    let before = page.before.as_deref().map(listen_cursor).transpose()?;
    let listener = ListenerId::new(listener);
    let rows =
        app.readers.run(move |store| Ok(store.listens_page(&listener, before, limit)?)).await?;
    let next = next_listens(&rows, limit);
    Ok(Json(Listens { listens: rows.into_iter().map(|(_, listen)| listen).collect(), next }))
}

/// What to send as `before` for the page after this one; `None` on the last.
pub(crate) fn next_listens(page: &[(ListenCursor, Listen)], limit: usize) -> Option<String> {
    let last = page.last().filter(|_| page.len() == limit)?;
    Some(format!("{}~{}", last.0.at, last.0.row))
}

/// Reads what [`next_listens`] wrote.
pub(crate) fn listen_cursor(text: &str) -> ApiResult<ListenCursor> {
    let parsed = text
        .split_once('~')
        .and_then(|(at, row)| Some(ListenCursor { at: at.parse().ok()?, row: row.parse().ok()? }));
    parsed.ok_or_else(|| {
        ApiError::bad_request("bad_cursor", "`before` is the `next` of another page")
    })
}

/// Feedback of a listener, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct FeedbackList {
    #[schema(value_type = Vec<LoggedFeedback>)]
    feedback: Vec<Feedback>,
}

/// Feedback of a listener on tracks and artists, oldest first; the last of a target counts.
#[utoipa::path(get, path = "/v1/listeners/{listener}/feedback", tag = "events",
    params(("listener" = String, Path, description = "Who.")),
    responses((status = 200, body = FeedbackList), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn feedback(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
) -> ApiResult<Json<FeedbackList>> {
    let listener = ListenerId::new(listener);
    let feedback = app.readers.run(move |store| Ok(store.feedback(&listener)?)).await?;
    Ok(Json(FeedbackList { feedback }))
}
