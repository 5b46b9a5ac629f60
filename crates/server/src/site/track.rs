//! The pages of a track and of an artist: all that is known of them and of the listener with them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use segue::{KeptListener, Snapshot};
use segue_core::{Feedback, Listen, Timestamp, TrackId};
use segue_engine::explain::Explanation;
use segue_engine::mix::filters::FilterStep;
use segue_engine::mix::sentence::sentence;
use segue_engine::pipeline::MixRequest;
use segue_engine::{ArtistIdx, Interaction, Profile, TrackIdx};
use segue_store::HistoryReader;

use super::cards::of_track;
use super::frame::{self, Asked, answer, frame};
use super::sounds;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::page::artist::{self as artist_view, ArtistHistory, ArtistView};
use crate::page::card::Card;
use crate::page::layout::{Frame, Section};
use crate::page::track::{self as track_view, SongHistory, TrackView};

/// Cards in a row.
const ROW: usize = 12;

/// Whom a page is for, with what they did: of one snapshot.
struct Visit {
    snapshot: Arc<Snapshot>,
    /// Where there is a model.
    kept: Option<Arc<KeptListener>>,
    /// Where there is none.
    read: Option<Profile>,
}

impl Visit {
    async fn of(app: &Arc<App>, frame: &Frame) -> ApiResult<Self> {
        let snapshot = app.snapshot.load_full();
        let Some(id) = frame::listener(frame) else {
            return Ok(Self { snapshot, kept: None, read: None });
        };
        if snapshot.model.is_some() {
            let kept = app.listeners.get(&id).await?;
            return Ok(Self { snapshot: Arc::clone(&kept.snapshot), kept: Some(kept), read: None });
        }
        let catalogue = Arc::clone(&snapshot);
        let read = app.readers.run(move |store| Ok(catalogue.profile(store, &id)));
        let profile = read.await??;
        Ok(Self { snapshot, kept: None, read: Some(profile) })
    }

    fn profile(&self) -> Option<&Profile> {
        self.kept.as_ref().map(|kept| &kept.profile).or(self.read.as_ref())
    }

    fn card(&self, app: &App, row: TrackIdx) -> Card {
        of_track(app, &self.snapshot.catalogue, self.profile(), row)
    }

    fn interaction(&self, row: TrackIdx) -> Option<&Interaction> {
        self.profile()?.interaction(self.snapshot.catalogue.work(row))
    }
}

/// `/tracks/{track}`.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(track): Path<String>,
    asked: Asked,
) -> ApiResult<Response> {
    let frame = frame(&app, &asked, Section::Elsewhere).await?;
    let visit = Visit::of(&app, &frame).await?;
    let row = visit.snapshot.find(&track)?;
    let known = visit.snapshot.catalogue.track(row);
    let similar = visit.snapshot.similar(row, ROW);
    let view = TrackView {
        card: visit.card(&app, row),
        year: known.year,
        genre: known.genre.clone(),
        sound: sound(&app, &visit.snapshot, row).await?,
        record: record(&app, &visit, row, frame::time_zone(&frame)).await?,
        similar: similar.iter().map(|one| visit.card(&app, one.track)).collect(),
        ..TrackView::default()
    };
    let view = match &visit.kept {
        Some(kept) => explained(&app, &visit, kept, row, view).await?,
        None => view,
    };
    Ok(answer(&frame, track_view::view(&frame, &view)))
}

/// How a track sounds, where its file was measured or the world in use tells of it.
async fn sound(app: &App, snapshot: &Snapshot, row: TrackIdx) -> ApiResult<Option<String>> {
    let measured = snapshot.catalogue.analysis(row).and_then(sounds::measured);
    let track = snapshot.catalogue.track(row).clone();
    let found = app.readers.run(move |store| Ok(segue::world_sound(store, &track)?)).await?;
    let told = found.as_ref().and_then(sounds::in_words);
    let by_hand = sounds::set_by_hand(&snapshot.catalogue, row);
    let learned = sounds::learned(&snapshot.catalogue, row);
    let all: Vec<String> = [by_hand, measured, learned, told].into_iter().flatten().collect();
    Ok((!all.is_empty()).then(|| all.join(" ")))
}

/// The same with what the model says of it.
async fn explained(
    app: &Arc<App>,
    visit: &Visit,
    kept: &Arc<KeptListener>,
    row: TrackIdx,
    view: TrackView,
) -> ApiResult<TrackView> {
    let asking = Arc::clone(kept);
    let found = app.heavy(move || {
        let request = MixRequest::new(Timestamp::now());
        asking.snapshot.explain(&asking.profile, asking.pool.likes(), row, &request)
    });
    let found: Explanation = found.await??;
    let is_rejected = found.left_out == Some(FilterStep::Rejected);
    let reason = if is_rejected { String::new() } else { sentence(&found.reason) };
    Ok(TrackView {
        card: Card { reason, ..view.card },
        left_out: found.left_out.and_then(in_words),
        near: found.near.iter().map(|near| visit.card(app, near.track)).collect(),
        ..view
    })
}

fn in_words(step: FilterStep) -> Option<&'static str> {
    match step {
        FilterStep::Rejected => Some("you did not want this, so no mix holds it"),
        FilterStep::PlayedRecently => {
            Some("you played it within the last day, so it rests for now")
        }
        FilterStep::Untitled => Some("nobody could look for a song without a title"),
        FilterStep::Twin => Some("mixes play another version of this song"),
        FilterStep::Outside | FilterStep::Excluded | FilterStep::Familiarity => None,
    }
}

/// What the listener did with a song, read from the history.
async fn record(
    app: &Arc<App>,
    visit: &Visit,
    row: TrackIdx,
    zone: TimeZone,
) -> ApiResult<Option<SongHistory>> {
    let Some(interaction) = visit.interaction(row) else { return Ok(None) };
    let Some(id) = visit.profile().map(|profile| profile.listener.clone()) else { return Ok(None) };
    let catalogue = &visit.snapshot.catalogue;
    let versions = catalogue.versions(catalogue.work(row)).iter();
    let versions: HashSet<TrackId> =
        versions.map(|version| catalogue.track(*version).id.clone()).collect();
    let read = app.readers.run(move |store| {
        let mut starts = Starts { versions, starts: Vec::new() };
        store.read_history(&id, &mut starts)?;
        Ok(starts.starts)
    });
    Ok(Some(track_record(interaction, &read.await?, &zone)))
}

/// When any version of a song was played.
struct Starts {
    versions: HashSet<TrackId>,
    starts: Vec<Timestamp>,
}

impl HistoryReader for Starts {
    type Track = bool;

    fn track(&mut self, id: &TrackId) -> bool {
        self.versions.contains(id)
    }

    fn listen(&mut self, is_version: bool, listen: &Listen) {
        self.starts.extend(listen.started_at().filter(|_| is_version));
    }

    fn feedback(&mut self, _: &Feedback) {}
}

fn track_record(interaction: &Interaction, starts: &[Timestamp], zone: &TimeZone) -> SongHistory {
    let mut by_year: BTreeMap<i16, u64> = BTreeMap::new();
    for start in starts {
        *by_year.entry(zone.to_datetime(*start).year()).or_default() += 1;
    }
    let ends = starts.iter().min().zip(starts.iter().max());
    SongHistory {
        plays: u64::from(interaction.plays),
        finished: u64::from(interaction.finished),
        skipped: u64::from(interaction.skipped),
        first_and_last: ends.map(|(first, last)| [*first, *last].map(|at| day(at, zone))),
        by_year: by_year.into_iter().rev().collect(),
    }
}

fn day(at: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(at).date()
}

/// `/artists/{artist}`.
pub(super) async fn artist(
    State(app): State<Arc<App>>,
    Path(artist): Path<String>,
    asked: Asked,
) -> ApiResult<Response> {
    let frame = frame(&app, &asked, Section::Elsewhere).await?;
    let visit = Visit::of(&app, &frame).await?;
    let unknown = || ApiError::not_found("unknown_artist", format!("nothing by {artist} is known"));
    let found = visit.snapshot.catalogue.find_artist(&artist).ok_or_else(unknown)?;
    let zone = frame::time_zone(&frame);
    Ok(answer(&frame, artist_view::view(&frame, &of_artist(&app, &visit, found, &zone))))
}

fn of_artist(app: &App, visit: &Visit, artist: ArtistIdx, zone: &TimeZone) -> ArtistView {
    let Snapshot { catalogue, index, .. } = visit.snapshot.as_ref();
    // Each song once, by the version that stands for it.
    let standing = |row: &TrackIdx| catalogue.standing(catalogue.work(*row)) == *row;
    let songs: Vec<TrackIdx> = index.tracks_by(artist).iter().copied().filter(standing).collect();
    let is_known = |row: &TrackIdx| visit.interaction(*row).is_some_and(Interaction::is_known);
    let (mut known, mut unheard): (Vec<TrackIdx>, Vec<TrackIdx>) =
        songs.iter().copied().partition(is_known);
    let plays = |row: TrackIdx| visit.interaction(row).map_or(0, |interaction| interaction.plays);
    known.sort_by_key(|&row| (std::cmp::Reverse(plays(row)), row));
    let popularity = |row: TrackIdx| index.popularity.value(row);
    unheard.sort_by(|&a, &b| popularity(b).total_cmp(&popularity(a)).then(a.cmp(&b)));
    let last = known.iter().filter_map(|&row| visit.interaction(row)?.last_played).max();
    let cards =
        |rows: &[TrackIdx]| rows.iter().take(ROW).map(|&row| visit.card(app, row)).collect();
    let banned = visit.profile().map(|profile| &profile.banned_artists);
    ArtistView {
        name: catalogue.artist_name(artist).to_owned(),
        songs: songs.len() as u64,
        record: ArtistHistory {
            known: known.len() as u64,
            plays: known.iter().map(|&row| u64::from(plays(row))).sum(),
            last: last.map(|at| day(at, zone)),
        },
        played: cards(&known),
        unheard: cards(&unheard),
        is_banned: banned.is_some_and(|banned| banned.contains(&artist)),
    }
}
