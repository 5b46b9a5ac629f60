//! What somebody played, as ListenBrainz shows it: latest first, each with what is known of its
//! track. Plays without a date have no place in it, private sessions are nobody's business, and
//! what was deleted is gone.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use segue_core::{Listen, ListenerId, Timestamp, Track, WorkId};
use segue_store::{DeletedPlays, ListenCursor, Store};
use serde_json::{Map, Value, json};

use super::caller::User;
use super::msid::{mbid_of, msid};
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::limits::MOST_LISTENS_SHOWN;
use crate::query::Pairs;

/// How many plays are shown where a client does not say.
const USUAL_COUNT: usize = 25;

/// How many plays there are.
pub(super) async fn count(State(app): State<Arc<App>>, User(user): User) -> ApiResult<Json<Value>> {
    let count = app.readers.run(move |store| listen_count(store, &user));
    Ok(Json(json!({"payload": {"count": count.await?}})))
}

/// How many plays of a listener there are, without those that they deleted.
pub(crate) fn listen_count(store: &Store, user: &ListenerId) -> ApiResult<u64> {
    let all = store.listener(user)?.map_or(0, |summary| summary.listens);
    let deleted = store.deleted_plays(user)?;
    if deleted.is_empty() {
        return Ok(all);
    }
    let rows = store.all_listens(user)?;
    Ok(all - rows.iter().filter(|row| deleted.has(row)).count() as u64)
}

/// Which plays are asked for.
struct Asked {
    /// Those before this second.
    before: Option<Timestamp>,
    /// Those after this second.
    after: Option<Timestamp>,
    count: usize,
}

impl Asked {
    fn parse(query: &Pairs) -> ApiResult<Self> {
        let before = second(query, "max_ts")?;
        let after = second(query, "min_ts")?;
        if before.zip(after).is_some_and(|(before, after)| before <= after) {
            let message = "`min_ts` has to be less than `max_ts`";
            return Err(ApiError::bad_request("bad_query", message));
        }
        let count = query.number("count")?.unwrap_or(USUAL_COUNT);
        Ok(Self { before, after, count: count.min(MOST_LISTENS_SHOWN) })
    }

    /// The plays, latest first: the latest of all, or those next to `after` if only that is given.
    fn read(&self, store: &Store, user: &ListenerId) -> ApiResult<Vec<Listen>> {
        let deleted = store.deleted_plays(user)?;
        match (self.before, self.after) {
            (None, Some(after)) => self.next_after(store, user, after, &deleted),
            (before, after) => {
                let mut latest = self.latest(store, user, before, &deleted)?;
                latest.retain(|listen| after.is_none_or(|after| is_after(listen, after)));
                Ok(latest)
            }
        }
    }

    fn latest(
        &self,
        store: &Store,
        user: &ListenerId,
        before: Option<Timestamp>,
        deleted: &DeletedPlays,
    ) -> ApiResult<Vec<Listen>> {
        // Rows are counted from 1, so none of that second is before it.
        let mut before = before.map(|at| ListenCursor { at, row: 0 });
        let mut latest = Vec::new();
        while latest.len() < self.count {
            let missing = self.count - latest.len();
            let page = store.listens_page(user, before, missing)?;
            before = page.last().map(|(cursor, _)| *cursor);
            let is_last = page.len() < missing;
            let page = page.into_iter().map(|(_, listen)| listen);
            latest.extend(page.filter(|listen| is_shown(listen, deleted)));
            if is_last {
                break;
            }
        }
        Ok(latest)
    }

    fn next_after(
        &self,
        store: &Store,
        user: &ListenerId,
        after: Timestamp,
        deleted: &DeletedPlays,
    ) -> ApiResult<Vec<Listen>> {
        let mut found = store.all_listens(user)?;
        found.retain(|listen| is_shown(listen, deleted) && is_after(listen, after));
        found.sort_by_key(|listen| listen.at);
        found.truncate(self.count);
        found.reverse();
        Ok(found)
    }
}

/// A second since 1970 that a client names. 0 is none, as for ListenBrainz.
fn second(query: &Pairs, name: &str) -> ApiResult<Option<Timestamp>> {
    let Some(second) = query.number(name)?.filter(|second| *second > 0) else { return Ok(None) };
    let at = i64::try_from(second).ok().and_then(|second| Timestamp::from_second(second).ok());
    let message = || format!("`{name}` is no time: `{second}`");
    at.map(Some).ok_or_else(|| ApiError::bad_request("bad_query", message()))
}

fn is_shown(listen: &Listen, deleted: &DeletedPlays) -> bool {
    listen.at.is_some() && !listen.private_session && !deleted.has(listen)
}

/// Whether a play was in a later second.
fn is_after(listen: &Listen, second: Timestamp) -> bool {
    listen.at.is_some_and(|at| at.as_second() > second.as_second())
}

/// What somebody played.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    User(user): User,
    query: Pairs,
) -> ApiResult<Json<Value>> {
    let asked = Asked::parse(&query)?;
    let payload = app.readers.run(move |store| {
        let listens = asked.read(store, &user)?;
        let shown: Vec<Value> =
            listens.iter().map(|play| listen(store, &user, play)).collect::<ApiResult<_>>()?;
        let bound = |at: Option<Timestamp>| at.map_or(0, Timestamp::as_second);
        let [oldest, latest] = ends(store, &user)?;
        Ok(json!({
            "user_id": user,
            "count": shown.len(),
            "listens": shown,
            "latest_listen_ts": bound(latest),
            "oldest_listen_ts": bound(oldest),
        }))
    });
    Ok(Json(json!({"payload": payload.await?})))
}

/// The stamps of the first and of the latest play that is there still.
fn ends(store: &Store, user: &ListenerId) -> ApiResult<[Option<Timestamp>; 2]> {
    let deleted = store.deleted_plays(user)?;
    if deleted.is_empty() {
        let summary = store.listener(user)?;
        return Ok(summary.map_or([None; 2], |summary| [summary.first, summary.last]));
    }
    let rows = store.all_listens(user)?;
    let stamps = || rows.iter().filter(|row| !deleted.has(row)).filter_map(|row| row.at);
    Ok([stamps().min(), stamps().max()])
}

fn listen(store: &Store, user: &ListenerId, play: &Listen) -> ApiResult<Value> {
    let known = store.track(&play.track)?;
    let track = known
        .unwrap_or_else(|| Track::new(play.track.clone(), WorkId::new(play.track.as_str()), ""));
    let second = play.at.map_or(0, Timestamp::as_second);
    Ok(json!({
        "user_name": user,
        "listened_at": second,
        "inserted_at": second,
        "recording_msid": msid(&play.track),
        "track_metadata": metadata(&track),
    }))
}

/// What is known of a track, so that whoever submits it again means the same one.
pub(super) fn metadata(track: &Track) -> Value {
    let known = [
        ("artist_names", (!track.artists.is_empty()).then(|| json!(track.artists))),
        ("recording_mbid", mbid_of(track).map(Value::from)),
        ("recording_msid", Some(Value::from(msid(&track.id)))),
        ("isrc", track.isrc.as_deref().map(Value::from)),
        ("spotify_id", spotify_address(track).map(Value::from)),
        ("duration_ms", track.duration_ms().filter(|ms| *ms > 0).map(Value::from)),
    ];
    let info: Map<String, Value> =
        known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let mut metadata = json!({
        "artist_name": track.artists.join(", "),
        "track_name": track.display_title(),
        "additional_info": info,
    });
    if let Some(album) = &track.album {
        metadata["release_name"] = json!(album);
    }
    metadata
}

fn spotify_address(track: &Track) -> Option<String> {
    let location = track.location.as_deref();
    let mut places = [Some(track.id.as_str()), location].into_iter().flatten();
    let id = places.find_map(|place| place.strip_prefix("spotify:track:"))?;
    Some(format!("https://open.spotify.com/track/{id}"))
}
