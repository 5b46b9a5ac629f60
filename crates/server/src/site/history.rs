//! What was played: a week, a month, a year or ever, and every play.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use segue_core::{Listen, ListenerId, Moment, TrackId};
use segue_engine::Catalogue;
use segue_engine::history::{PeriodKind, Review, is_heard};
use segue_store::ListenCursor;
use serde::Deserialize;

use super::feedback::back;
use super::frame::{self, Asked, answer, frame};
use crate::api::{listen_cursor, next_listens};
use crate::app::App;
use crate::date_language::DateLanguage;
use crate::error::{ApiError, ApiResult};
use crate::extract::Submitted;
use crate::history::{self, HistoryQuery, ReviewInZone, review, zone_name};
use crate::music::on_disk;
use crate::page::history::{self as view, DayOfPlays, HistoryView, OnePlay, PlaysView};
use crate::page::layout::{Flash, Section};

/// How many are named in each list.
const NAMED: usize = 50;
/// So many plays stand below a period.
const LATEST: usize = 12;
/// So many plays are a page.
const PLAYS: usize = 100;

/// `/history`.
pub(super) async fn show(State(app): State<Arc<App>>, asked: Asked) -> ApiResult<Response> {
    let frame = frame(&app, &asked, Section::History).await?;
    let Some(id) = frame::listener(&frame) else { return Ok(Redirect::to("/").into_response()) };
    let period = asked.param("period").unwrap_or_else(|| PeriodKind::Month.key().to_owned());
    let query = HistoryQuery { period: Some(period), time_zone: None, named: NAMED };
    let ReviewInZone { review, time_zone } = review(&app, id.clone(), query).await?;
    let latest = latest_plays(&app, id, None, LATEST).await?;
    let snapshot = app.snapshot.load_full();
    let catalogue = &snapshot.catalogue;
    let history = HistoryView {
        with_covers: on_disk(|| with_covers(&app, catalogue, &review)),
        review,
        today: Timestamp::now().to_zoned(time_zone.clone()).date(),
        latest: on_disk(|| by_day(&app, catalogue, &latest, &time_zone)),
        time_zone: zone_name(&time_zone),
    };
    Ok(answer(&frame, view::view(&frame, &history)))
}

/// `/history/plays`.
pub(super) async fn plays(State(app): State<Arc<App>>, asked: Asked) -> ApiResult<Response> {
    let frame = frame(&app, &asked, Section::History).await?;
    let Some(id) = frame::listener(&frame) else { return Ok(Redirect::to("/").into_response()) };
    let before = asked.param("before");
    let from = before.as_deref().map(listen_cursor).transpose()?;
    let read = latest_plays(&app, id, from, PLAYS).await?;
    let plays = PlaysView {
        days: on_disk(|| {
            by_day(&app, &app.snapshot.load().catalogue, &read, &frame::time_zone(&frame))
        }),
        next: next_listens(&read, PLAYS),
        is_first: before.is_none(),
    };
    Ok(answer(&frame, view::view_plays(&frame, &plays)))
}

/// The latest plays before a place, `limit` of those that were not deleted.
async fn latest_plays(
    app: &App,
    listener: ListenerId,
    mut before: Option<ListenCursor>,
    limit: usize,
) -> ApiResult<Vec<(ListenCursor, Listen)>> {
    let read = app.readers.run(move |store| {
        let deleted = store.deleted_plays(&listener)?;
        let mut plays = Vec::new();
        while plays.len() < limit {
            let page = store.listens_page(&listener, before, limit)?;
            before = page.last().map(|(cursor, _)| *cursor);
            let is_last = page.len() < limit;
            plays.extend(page.into_iter().filter(|(_, listen)| !deleted.has(listen)));
            if is_last {
                break;
            }
        }
        plays.truncate(limit);
        Ok(plays)
    });
    read.await
}

/// Plays under the days on which they began.
fn by_day(
    app: &App,
    catalogue: &Catalogue,
    plays: &[(ListenCursor, Listen)],
    zone: &TimeZone,
) -> Vec<DayOfPlays> {
    let mut days: Vec<DayOfPlays> = Vec::new();
    for (_, listen) in plays {
        let zone = if listen.moment == Moment::Day { &TimeZone::UTC } else { zone };
        let local = listen.started_at().map(|at| zone.to_datetime(at));
        let day = local.map(jiff::civil::DateTime::date);
        let time = local.filter(|_| listen.moment != Moment::Day).map(jiff::civil::DateTime::time);
        if days.last().is_none_or(|last| last.day != day) {
            days.push(DayOfPlays { day, plays: Vec::new() });
        }
        days.last_mut().expect("one was put there").plays.push(one(app, catalogue, listen, time));
    }
    days
}

fn one(app: &App, catalogue: &Catalogue, listen: &Listen, time: Option<Time>) -> OnePlay {
    let found = catalogue.find(&listen.track).map(|row| catalogue.track(row));
    let duration_ms = found.and_then(segue_core::Track::duration_ms);
    let remark = match listen.ms_played {
        _ if listen.private_session => Some("in private".to_owned()),
        _ if is_heard(listen, duration_ms) => None,
        Some(ms) => Some(format!("skipped after {} s", ms / 1_000)),
        None => Some("skipped".to_owned()),
    };
    OnePlay {
        time,
        track: listen.track.to_string(),
        title: found.map_or(listen.track.to_string(), |track| track.display_title().into_owned()),
        artists: found.map(|track| track.artists.clone()).unwrap_or_default(),
        has_cover: has_cover(app, catalogue, &listen.track),
        remark,
        stamp: listen.at.map(|at| at.to_string()),
    }
}

/// Of the tracks that lists of the most played name those that may have covers.
fn with_covers(app: &App, catalogue: &Catalogue, review: &Review) -> HashSet<TrackId> {
    let songs = review.top.tracks.iter().map(|top| &top.track);
    let named = songs.chain(review.top.albums.iter().map(|top| &top.track));
    named.filter(|track| has_cover(app, catalogue, track)).cloned().collect()
}

/// Whether a track is in the catalogue and may have a cover.
fn has_cover(app: &App, catalogue: &Catalogue, track: &TrackId) -> bool {
    catalogue.find(track).is_some_and(|row| app.may_have_cover(catalogue, row))
}

/// Where a listener is.
#[derive(Deserialize)]
pub(super) struct Zone {
    time_zone: String,
    #[serde(default)]
    back: String,
}

/// Keeps where a listener is, as they typed it or as their browser knows it.
pub(super) async fn keep_time_zone(
    State(app): State<Arc<App>>,
    Path(listener): Path<String>,
    Submitted(Zone { time_zone, back: to }): Submitted<Zone>,
) -> ApiResult<Response> {
    if time_zone.trim().is_empty() {
        return Err(ApiError::bad_request("bad_time_zone", "no time zone was named"));
    }
    // As it is typed: `America/New York`.
    let named = time_zone.trim().replace(' ', "_");
    history::keep_time_zone(&app, &ListenerId::new(listener), Some(named.clone())).await?;
    let message = format!("Days and hours are those of {named} now.");
    Ok(back(&to, Some(Flash { message, undo: None })))
}

/// How dates are written for a listener.
#[derive(Deserialize)]
pub(super) struct Language {
    date_language: String,
    #[serde(default)]
    back: String,
}

/// Keeps how dates are written for a listener.
pub(super) async fn keep_date_language(
    State(app): State<Arc<App>>,
    Path(listener): Path<String>,
    Submitted(Language { date_language, back: to }): Submitted<Language>,
) -> ApiResult<Response> {
    let language = DateLanguage::said(Some(date_language))?;
    let today = Timestamp::now().to_zoned(TimeZone::system()).date();
    let message = format!("Dates are written as {} now.", language.words().day(today));
    language.keep(&app, &ListenerId::new(listener)).await?;
    Ok(back(&to, Some(Flash { message, undo: None })))
}
