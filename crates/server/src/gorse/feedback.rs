//! Feedback: opinions and plays, read back as gorse's rows, one for a type, user and item.

use std::collections::hash_map::Entry as HashEntry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use segue::{PlayDetails, Reaction};
use segue_core::{FeedbackKind, FeedbackTarget, ListenerId, Timestamp, Track, TrackId, WorkId};
use segue_store::{Entry, Event, Store};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kinds::Kind;
use super::not_supported;
use super::shapes::{Success, ZERO_TIME, check_count, page, path_parameter, time, understood};
use crate::api::events::append_entries;
use crate::api::shapes::check_name;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Body, InPath};
use crate::query::Pairs;

/// Feedback as clients send it; what else they send with it is left aside, `Value` too. A session
/// needs no user.
#[derive(Debug, Deserialize)]
pub(super) struct FeedbackIn {
    #[serde(rename = "feedbacktype")]
    feedback_type: String,
    #[serde(rename = "userid", default)]
    user_id: String,
    #[serde(rename = "itemid")]
    item_id: String,
    #[serde(default)]
    timestamp: Value,
}

/// Feedback, understood.
pub(super) struct ItemFeedback {
    pub(super) kind: Kind,
    pub(super) user: ListenerId,
    pub(super) item: TrackId,
    pub(super) at: Option<Timestamp>,
}

impl FeedbackIn {
    /// Feedback that is to be kept, which needs a user.
    fn parse_of_user(self) -> ApiResult<ItemFeedback> {
        check_name("a user", &self.user_id)?;
        self.parse()
    }

    pub(super) fn parse(self) -> ApiResult<ItemFeedback> {
        check_name("an item", &self.item_id)?;
        Ok(ItemFeedback {
            kind: Kind::of(&self.feedback_type)?,
            user: ListenerId::new(self.user_id),
            item: TrackId::new(self.item_id),
            at: match &self.timestamp {
                Value::Null => None,
                Value::String(text) => time(text)?,
                other => time(&other.to_string())?,
            },
        })
    }
}

/// A row as gorse answers it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Row {
    feedback_type: String,
    user_id: String,
    item_id: String,
    value: f64,
    timestamp: String,
    comment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Rows {
    cursor: String,
    feedback: Vec<Row>,
}

/// All feedback of a listener, the latest for each item and kind.
#[derive(Default)]
struct Standing(BTreeMap<(TrackId, Kind), Option<Timestamp>>);

impl Standing {
    /// Reads opinions and plays. Of like, dislike and ban the last one stands.
    fn read(store: &Store, user: &ListenerId) -> ApiResult<Self> {
        let mut standing = Self::opinions(store, user)?;
        for listen in store.listens(user)?.iter().filter(|listen| !listen.private_session) {
            let at = standing.0.entry((listen.track.clone(), Kind::of_play(listen))).or_default();
            *at = (*at).max(listen.at);
        }
        Ok(standing)
    }

    fn opinions(store: &Store, user: &ListenerId) -> ApiResult<Self> {
        let mut standing = Self::default();
        for feedback in store.feedback(user)? {
            let FeedbackTarget::Track(item) = feedback.target else { continue };
            standing.take(item, feedback.kind, feedback.at);
        }
        Ok(standing)
    }

    /// Takes in an opinion that is given after all others.
    fn take(&mut self, item: TrackId, opinion: FeedbackKind, at: Option<Timestamp>) {
        if opinion != FeedbackKind::Saved {
            for kind in [Kind::Like, Kind::Dislike, Kind::Ban] {
                self.0.remove(&(item.clone(), kind));
            }
        }
        if let Some(kind) = Kind::of_opinion(opinion) {
            self.0.insert((item, kind), at);
        }
    }

    /// The opinion that would be taken back: like, dislike or ban.
    fn stance(&self, item: &TrackId) -> Option<(Kind, Option<Timestamp>)> {
        let kinds = [Kind::Like, Kind::Dislike, Kind::Ban].into_iter();
        kinds.filter_map(|kind| Some((kind, *self.0.get(&(item.clone(), kind))?))).next()
    }

    /// Rows in the order of items, those of one kind if one is asked for, under the name by which
    /// it was asked for.
    fn rows(self, user: &ListenerId, asked: &KindFilter) -> Vec<Row> {
        let rows = self
            .0
            .into_iter()
            .filter(|((_, kind), _)| asked.kind.is_none_or(|asked| asked == *kind));
        let row = |((item, kind), at): ((TrackId, Kind), Option<Timestamp>)| Row {
            feedback_type: asked.name.clone().unwrap_or_else(|| kind.name().to_owned()),
            user_id: user.to_string(),
            item_id: item.to_string(),
            value: 0.0,
            timestamp: at.map_or_else(|| ZERO_TIME.to_owned(), |at| at.to_string()),
            comment: String::new(),
        };
        rows.map(row).collect()
    }
}

/// The type that was asked for, if one was.
#[derive(Clone, Default)]
pub(super) struct KindFilter {
    kind: Option<Kind>,
    name: Option<String>,
}

impl KindFilter {
    fn parse(name: Option<String>) -> ApiResult<Self> {
        Ok(Self { kind: name.as_deref().map(Kind::of).transpose()?, name })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for KindFilter {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        Self::parse(path_parameter(parts, state, "kind").await?)
    }
}

/// Writes feedback; an opinion that stands is not repeated.
pub(super) async fn insert(
    State(app): State<Arc<App>>,
    Body(feedback): Body<Vec<Value>>,
) -> ApiResult<Json<Success>> {
    write(&app, feedback, false).await.map(Json)
}

/// Writes feedback; an opinion that stands is repeated if it has another time.
pub(super) async fn overwrite(
    State(app): State<Arc<App>>,
    Body(feedback): Body<Vec<Value>>,
) -> ApiResult<Json<Success>> {
    write(&app, feedback, true).await.map(Json)
}

async fn write(app: &App, feedback: Vec<Value>, is_overwriting: bool) -> ApiResult<Success> {
    check_count(feedback.len())?;
    let (given, refused) = understood(feedback, FeedbackIn::parse_of_user)?;
    let row_affected = given.len();
    let prepared = app.readers.run(move |store| prepare(store, &given, is_overwriting));
    let (unknown, entries) = prepared.await?;
    let has_unknown = !unknown.is_empty();
    let outcomes = append_entries(app, unknown.into_iter().chain(entries).collect()).await?;
    outcomes.into_iter().collect::<ApiResult<Vec<_>>>()?;
    if has_unknown {
        app.rebuild_soon();
    }
    Ok(Success { row_affected, refused })
}

/// What is to be written: items that nobody described yet, and the feedback.
fn prepare(
    store: &Store,
    given: &[ItemFeedback],
    is_overwriting: bool,
) -> ApiResult<(Vec<Entry>, Vec<Entry>)> {
    let mut unknown = Vec::new();
    let items: HashSet<&TrackId> = given.iter().map(|given| &given.item).collect();
    for item in items {
        if store.track(item)?.is_none() {
            let track = Track::new(item.clone(), WorkId::new(item.as_str()), "");
            unknown.push(Entry::from(Event::Track(track)));
        }
    }
    let mut standing: HashMap<&ListenerId, Standing> = HashMap::new();
    let mut entries = Vec::new();
    let now = Timestamp::now();
    for given in given {
        if let Some(opinion) = given.kind.opinion() {
            let opinions = match standing.entry(&given.user) {
                HashEntry::Occupied(opinions) => opinions.into_mut(),
                HashEntry::Vacant(place) => place.insert(Standing::opinions(store, &given.user)?),
            };
            let stood = opinions.0.get(&(given.item.clone(), given.kind));
            if stood.is_some_and(|at| !is_overwriting || given.at.is_none() || *at == given.at) {
                continue;
            }
            // What comes after it in the same request has to do with it too.
            opinions.take(given.item.clone(), opinion, given.at.or(Some(now)));
        }
        entries.push(given.kind.entry(&given.user, &given.item, given.at, now));
    }
    Ok((unknown, entries))
}

/// What stands in the paths of feedback.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    user: String,
    #[serde(default)]
    item: Option<String>,
}

pub(super) async fn of_user(
    State(app): State<Arc<App>>,
    InPath(which): InPath<Which>,
    asked: KindFilter,
) -> ApiResult<Json<Vec<Row>>> {
    rows(&app, which, asked).await.map(Json)
}

pub(super) async fn between(
    State(app): State<Arc<App>>,
    InPath(which): InPath<Which>,
    asked: KindFilter,
) -> ApiResult<Json<Vec<Row>>> {
    rows(&app, which, asked).await.map(Json)
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    InPath(which): InPath<Which>,
    asked: KindFilter,
) -> ApiResult<Json<Row>> {
    let row = rows(&app, which, asked).await?.into_iter().next();
    row.map(Json)
        .ok_or_else(|| ApiError::not_found("unknown_feedback", "there is no such feedback"))
}

async fn rows(app: &App, which: Which, asked: KindFilter) -> ApiResult<Vec<Row>> {
    let found = app.readers.run(move |store| {
        let user = ListenerId::new(which.user);
        let mut rows = Standing::read(store, &user)?.rows(&user, &asked);
        rows.retain(|row| which.item.as_ref().is_none_or(|item| row.item_id == *item));
        Ok(rows)
    });
    found.await
}

pub(super) async fn of_item() -> ApiError {
    not_supported("feedback is not looked up by item here")
        .hint("ask for that of a user, or for all of it")
}

/// Takes back a like, dislike or ban. A play was played, and what was saved was saved: neither is
/// deleted one by one.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    InPath(which): InPath<Which>,
    asked: KindFilter,
) -> ApiResult<Json<Success>> {
    if let Some(kind) = asked.kind.filter(|kind| kind.opinion().is_none() || *kind == Kind::Save) {
        let message = format!("feedback of type `{}` is not deleted one by one", kind.name());
        return Err(not_supported(message)
            .hint("`POST /v1/listeners/{listener}/exclusions` leaves a track out of learning"));
    }
    let user = ListenerId::new(which.user);
    let item = TrackId::new(which.item.unwrap_or_default());
    let stood = {
        let (user, item) = (user.clone(), item.clone());
        app.readers.run(move |store| Ok(Standing::opinions(store, &user)?.stance(&item))).await?
    };
    let Some((_, at)) = stood.filter(|(kind, _)| asked.kind.is_none_or(|asked| asked == *kind))
    else {
        return Ok(Json(Success::of(0)));
    };
    // At the time of the opinion that it takes back: one given later still counts, and the same one
    // can be given again.
    let at = at.unwrap_or_else(Timestamp::now);
    let cleared = Reaction::CLEARED.about(user, item, at, PlayDetails::default());
    let outcomes = append_entries(&app, vec![Entry::from(cleared)]).await?;
    outcomes.into_iter().collect::<ApiResult<Vec<_>>>()?;
    Ok(Json(Success::of(1)))
}

/// Everybody's feedback, in the order of users and items. The cursor is the place of a row: how
/// many of its user's came before.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    asked: KindFilter,
    query: Pairs,
) -> ApiResult<Json<Rows>> {
    let (n, cursor) = page(&query)?;
    let place = match cursor {
        Some(cursor) => Some(
            cursor
                .split_once('~')
                .and_then(|(row, user)| Some((row.parse().ok()?, ListenerId::new(user))))
                .ok_or_else(|| {
                    ApiError::bad_request("bad_cursor", "`cursor` is the `Cursor` of another page")
                })?,
        ),
        None => None,
    };
    app.readers.run(move |store| read_page(store, n, place, &asked)).await.map(Json)
}

/// Listeners looked up at a time.
const LISTENERS: usize = 100;

fn read_page(
    store: &Store,
    n: usize,
    place: Option<(usize, ListenerId)>,
    asked: &KindFilter,
) -> ApiResult<Rows> {
    let (mut skipped, mut after) = match &place {
        Some((row, user)) => (*row, Some(user.clone())),
        None => (0, None),
    };
    let mut users: Vec<ListenerId> = after.clone().into_iter().collect();
    let mut feedback = Vec::new();
    loop {
        for user in std::mem::take(&mut users) {
            let rows = Standing::read(store, &user)?.rows(&user, asked);
            let (total, left) = (rows.len(), n - feedback.len());
            feedback.extend(rows.into_iter().skip(skipped).take(left));
            if total.saturating_sub(skipped) > left {
                return Ok(Rows { cursor: format!("{}~{user}", skipped + left), feedback });
            }
            skipped = 0;
            after = Some(user);
        }
        users = store
            .listeners_page(after.as_ref(), LISTENERS)?
            .into_iter()
            .map(|summary| summary.id)
            .collect();
        if users.is_empty() {
            return Ok(Rows { cursor: String::new(), feedback });
        }
    }
}
