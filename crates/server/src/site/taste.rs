//! The taste page: what was found, from which history, and what the listener put right.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::tz::TimeZone;
use segue_core::{
    AudioFeatures, DeviceClass, Feedback, FeedbackKind, FeedbackTarget, Listen, ListenerId,
    Timestamp, TrackId,
};
use segue_engine::taste::{Course, Tastes};
use segue_engine::{Catalogue, TrackIdx};
use segue_store::{Exclusion, ExclusionId, HistoryReader};

use super::frame::{self, Asked, answer, frame};
use crate::api::taste_of;
use crate::app::App;
use crate::error::ApiResult;
use crate::page::charts;
use crate::page::layout::Section;
use crate::page::taste::{self as view, Example, Given, OneTaste, TasteView, TrendView};
use crate::page::words::{self, Words};

/// Most feedback and contexts that are listed.
const MOST_LISTED: usize = 200;

/// The page.
pub(super) async fn show(State(app): State<Arc<App>>, asked: Asked) -> ApiResult<Response> {
    let frame = frame(&app, &asked, Section::Taste).await?;
    let Some(id) = frame::listener(&frame) else { return Ok(Redirect::to("/").into_response()) };
    let zone = frame::time_zone(&frame);
    let found = taste_of(&app, id.clone()).await?;
    let record = record(&app, id.clone()).await?;
    let snapshot = app.snapshot.load();
    let catalogue = &snapshot.catalogue;
    let taste = TasteView {
        listener: id.to_string(),
        drawn_from: record.drawn_from(&frame.words, &zone),
        tastes: tastes(&app, &frame.words, catalogue, &found),
        feedback: given(catalogue, &record.feedback, &zone),
        exclusions: record
            .exclusions
            .iter()
            .map(|(id, exclusion)| excluded(&frame.words, (*id, exclusion), &zone))
            .collect(),
        devices: record
            .plays
            .devices
            .iter()
            .map(|device| (device.clone(), device.clone()))
            .collect(),
        contexts: record.contexts.iter().take(MOST_LISTED).cloned().collect(),
    };
    Ok(answer(&frame, view::view(&frame, &taste)))
}

/// What is on record of a listener.
struct Record {
    feedback: Vec<Feedback>,
    exclusions: Vec<(ExclusionId, Exclusion)>,
    contexts: BTreeSet<String>,
    plays: PlayRecord,
}

/// What is told of all plays of a listener, read one by one.
#[derive(Default)]
struct PlayRecord {
    plays: usize,
    songs: usize,
    first: Option<Timestamp>,
    devices: BTreeSet<String>,
    /// The device of the latest row: most have that of the row before.
    device: DeviceClass,
}

impl HistoryReader for PlayRecord {
    type Track = ();

    fn track(&mut self, _: &TrackId) {
        self.songs += 1;
    }

    fn listen(&mut self, (): (), listen: &Listen) {
        self.plays += 1;
        self.first = self.first.into_iter().chain(listen.started_at()).min();
        if listen.device != self.device {
            self.device = listen.device;
            self.devices.insert(device_name(listen.device));
        }
    }

    fn feedback(&mut self, _: &Feedback) {}
}

async fn record(app: &App, listener: ListenerId) -> ApiResult<Record> {
    let read = app.readers.run(move |store| {
        let mut plays = PlayRecord::default();
        store.read_all_plays(&listener, &mut plays)?;
        plays.devices.remove(&device_name(DeviceClass::Unknown));
        let (feedback, exclusions) = (store.feedback(&listener)?, store.exclusions(&listener)?);
        Ok(Record { feedback, exclusions, contexts: store.contexts(&listener)?, plays })
    });
    read.await
}

impl Record {
    fn drawn_from(&self, words: &Words, zone: &TimeZone) -> String {
        let PlayRecord { plays, songs, first, .. } = self.plays;
        if plays == 0 && self.feedback.is_empty() {
            return "Nothing has been heard yet.".to_owned();
        }
        let plays = words.count(plays as u64, "play", "plays");
        let songs = words.count(songs as u64, "track", "tracks");
        let since =
            first.map(|first| format!(" since {}", words.month(zone.to_datetime(first).date())));
        format!("From {plays} of {songs}{}.", since.unwrap_or_default())
    }
}

fn device_name(device: DeviceClass) -> String {
    serde_json::to_value(device)
        .ok()
        .and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn tastes(app: &App, words: &Words, catalogue: &Catalogue, found: &Tastes) -> Vec<OneTaste> {
    let one = |taste: &segue_engine::taste::Taste| {
        let rows = taste.examples.iter().filter_map(|id| catalogue.find(id));
        let mut sound = AudioFeatures::MISSING;
        for standing in &taste.features {
            sound.set(standing.feature, standing.value);
        }
        OneTaste {
            name: taste.name.clone(),
            share: taste.share as f32,
            artists: taste.artists.iter().map(|artist| artist.name.clone()).collect(),
            examples: rows.map(|row| example(app, catalogue, row)).collect(),
            sound,
            features: charts::features(taste),
            trend: match taste.trend.course {
                Course::Grows => TrendView::Grows,
                Course::Fades => TrendView::Fades,
                Course::Steady | Course::Unknown => TrendView::Steady,
            },
            remarks: remarks(words, taste),
        }
    };
    found.tastes.iter().map(one).collect()
}

fn example(app: &App, catalogue: &Catalogue, row: TrackIdx) -> Example {
    let track = catalogue.track(row);
    Example {
        track: track.id.to_string(),
        title: track.display_title().into_owned(),
        artists: track.artists.clone(),
        has_cover: app.may_have_cover(catalogue, row),
    }
}

fn remarks(words: &Words, taste: &segue_engine::taste::Taste) -> Vec<String> {
    let genres: Vec<String> = taste.genres.iter().map(|genre| genre.name.clone()).collect();
    let genres = (!genres.is_empty()).then(|| format!("Mostly {}.", words::list(&genres)));
    let last = taste
        .last_played
        .map(|at| format!("Last played in {}.", words.month(TimeZone::UTC.to_datetime(at).date())));
    genres.into_iter().chain(last).collect()
}

/// Feedback that still counts, newest first.
fn given(catalogue: &Catalogue, feedback: &[Feedback], zone: &TimeZone) -> Vec<Given> {
    let mut seen = std::collections::HashSet::new();
    let latest = feedback.iter().rev().filter(|given| seen.insert(&given.target));
    let last: Vec<&Feedback> =
        latest.filter(|given| given.kind != FeedbackKind::Cleared).take(MOST_LISTED).collect();
    let shape = |given: &Feedback| {
        let (of, track, artist) = match &given.target {
            FeedbackTarget::Track(id) => {
                let row = catalogue.find(id).map(|row| catalogue.track(row));
                let name = row.map_or(id.to_string(), |track| match track.artist() {
                    Some(artist) => format!("{} by {artist}", track.display_title()),
                    None => track.display_title().into_owned(),
                });
                (name, Some(id.to_string()), None)
            }
            FeedbackTarget::Artist(name) => (name.clone(), None, Some(name.clone())),
        };
        let what = match given.kind {
            FeedbackKind::Like => "Liked",
            FeedbackKind::Dislike => "Not for me",
            FeedbackKind::Ban => "Never",
            FeedbackKind::Saved => "Kept",
            FeedbackKind::Cleared => "Taken back",
        };
        let when = given.at.map(|at| zone.to_datetime(at).date());
        Given { what: what.to_owned(), of, when, track, artist }
    };
    last.into_iter().map(shape).collect()
}

fn excluded(
    words: &Words,
    (id, exclusion): (ExclusionId, &Exclusion),
    zone: &TimeZone,
) -> view::ExclusionView {
    view::ExclusionView { id: id.0, what: in_words(words, exclusion, zone), plays: None }
}

/// An exclusion in words, its days as they were where the listener is.
pub(super) fn in_words(words: &Words, exclusion: &Exclusion, zone: &TimeZone) -> String {
    match exclusion {
        Exclusion::Period { from, to } => {
            let last = to.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(*to);
            let day = |at: Timestamp| words.day(zone.to_datetime(at).date());
            format!("{} to {}", day(*from), day(last))
        }
        Exclusion::Device(device) => format!("everything on the {}", device_name(*device)),
        Exclusion::Context(name) => format!("everything from “{name}”"),
        Exclusion::Track(id) => format!("the track {id}"),
        Exclusion::Work(work) => format!("the song {}", work.as_str().replace('\u{1f}', " – ")),
        Exclusion::Artist(name) => format!("everything by {name}"),
        Exclusion::Play { track, at } => {
            let track = track.as_str().replace('\u{241f}', " – ");
            let track = track.strip_prefix("name:").unwrap_or(&track);
            let at = zone.to_datetime(*at);
            format!("the play of {track} on {} at {}", words.day(at.date()), words.time(at.time()))
        }
    }
}
