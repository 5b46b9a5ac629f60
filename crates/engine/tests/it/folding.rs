//! Profiles that go on with what arrives, held to ones that go through every row again.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::{
    AudioFeature, EndReason, Feedback, FeedbackKind, FeedbackTarget, Listen, ListenerId, Source,
    Timestamp, Track, TrackId, WorkId,
};
use segue_engine::dataset::folding::Folding;
use segue_engine::dataset::labels::{PlayOutcome, work_label};
use segue_engine::dataset::play_memory::HALF_LIVES_DAYS;
use segue_engine::dataset::plays::Play;
use segue_engine::{Catalogue, Profile, Stance, TrackIdx, WorkIdx};

const TRACKS: usize = 30;

/// Some works have three versions, some two and some one.
fn catalogue() -> Catalogue {
    let track = |i: usize| {
        let work = if i < 6 { i / 3 } else { i / 2 };
        let id = TrackId::new(format!("t{i:02}"));
        let mut track = Track::new(id, WorkId::new(format!("w{work}")), "Song");
        track.artists = vec![format!("Artist {}", work % 4)];
        if i % 4 == 1 {
            track.features.set(AudioFeature::Energy, 0.5);
        }
        track
    };
    Catalogue::from_tracks((0..TRACKS).map(track).collect())
}

fn ann() -> ListenerId {
    ListenerId::new("ann")
}

/// Plays and words in the order of a log, some of them late.
fn log(seed: u64, rows: usize) -> (Vec<Listen>, Vec<Feedback>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let at = |rng: &mut ChaCha8Rng, row: usize| {
        let second = 1_600_000_000 + row as i64 * 40_000 - rng.random_range(0..90_000);
        (rng.random_range(0..8) > 0).then(|| Timestamp::from_second(second).unwrap())
    };
    let (mut listens, mut feedback) = (Vec::new(), Vec::new());
    for row in 0..rows {
        let track = TrackId::new(format!("t{:02}", rng.random_range(0..TRACKS + 1)));
        let ends = [EndReason::Finished, EndReason::SkippedForward, EndReason::Unknown];
        listens.push(Listen {
            end_reason: ends[rng.random_range(0..3)],
            ms_played: [None, Some(9_000), Some(200_000)][rng.random_range(0..3)],
            private_session: rng.random_range(0..9) == 0,
            ..Listen::new(ann(), track.clone(), at(&mut rng, row), Source::Segue)
        });
        if rng.random_range(0..4) == 0 {
            let kinds = [
                FeedbackKind::Like,
                FeedbackKind::Dislike,
                FeedbackKind::Ban,
                FeedbackKind::Saved,
                FeedbackKind::Cleared,
            ];
            let artist = FeedbackTarget::Artist(format!("artist {}", rng.random_range(0..4)));
            let target =
                if rng.random_range(0..3) == 0 { artist } else { FeedbackTarget::Track(track) };
            let kind = kinds[rng.random_range(0..5)];
            let (at, source) = (at(&mut rng, row), Source::SpotifyExtended);
            feedback.push(Feedback { listener: ann(), target, kind, at, source });
        }
    }
    (listens, feedback)
}

fn read(catalogue: &Catalogue, listen: &Listen) -> Option<Play> {
    let track = catalogue.find(&listen.track)?;
    Play::read(track, catalogue.track(track).duration_ms(), listen)
}

fn assert_same(one: &Profile, other: &Profile) {
    assert_eq!(one.interactions, other.interactions);
    assert_eq!(one.banned_artists, other.banned_artists);
    assert_eq!(one.last_played, other.last_played);
    assert_eq!(one.recent, other.recent);
    for interaction in &one.interactions {
        assert_eq!(other.interaction(interaction.work), Some(interaction), "it is found");
    }
}

proptest! {
    #[test]
    fn a_profile_that_goes_on_is_the_same_to_the_bit_as_one_folded_at_once(
        seed: u64, rows in 0_usize..400, pieces in 1_usize..6
    ) {
        let catalogue = catalogue();
        let (listens, feedback) = log(seed, rows);
        let whole = Profile::fold(&catalogue, ann(), &listens, &feedback);
        let mut profile = Profile::empty(ann());
        let share = |all: usize, piece: usize| all * piece / pieces..all * (piece + 1) / pieces;
        for piece in 0..pieces {
            let mut folding = Folding::going_on(&catalogue, profile);
            let plays = listens[share(listens.len(), piece)].iter();
            plays.filter_map(|listen| read(&catalogue, listen)).for_each(|x| folding.add_play(&x));
            let words = &feedback[share(feedback.len(), piece)];
            words.iter().for_each(|said| folding.add_feedback(said));
            profile = folding.finish();
        }
        assert_same(&profile, &whole);
    }

    #[test]
    fn folding_row_by_row_finds_what_a_look_at_all_rows_of_each_work_finds(
        seed: u64, rows in 0_usize..400
    ) {
        let catalogue = catalogue();
        let (listens, feedback) = log(seed, rows);
        let profile = Profile::fold(&catalogue, ann(), &listens, &feedback);
        let plays: Vec<Play> =
            listens.iter().filter_map(|listen| read(&catalogue, listen)).collect();
        let words = in_order(&feedback);
        let slow = slow(&catalogue, &plays, &words);
        assert_eq!(profile.interactions.len(), slow.len());
        for (interaction, (work, slow)) in profile.interactions.iter().zip(slow) {
            assert_eq!(interaction.work, work);
            assert_eq!(interaction.track, slow.track);
            assert_eq!((interaction.plays, interaction.last_played), (slow.plays, slow.last));
            assert_eq!((interaction.stance, interaction.saved), (slow.stance, slow.saved));
            assert_eq!(interaction.label, work_label(interaction));
            let now = Timestamp::from_second(1_700_000_000).unwrap();
            for (found, half_life) in interaction.memory.decayed(now).iter().zip(HALF_LIVES_DAYS) {
                let sum = slow.decayed(now, half_life);
                assert!((f64::from(*found) - sum).abs() <= 1e-4 * sum + 1e-30, "{found} {sum}");
            }
        }
        assert_eq!(profile.recent, slow_recent(&catalogue, plays));
    }
}

/// As the store hands feedback on: by time, what has none after the latest before it.
fn in_order(feedback: &[Feedback]) -> Vec<Feedback> {
    let (mut latest, mut said) = (None, feedback.to_vec());
    said.sort_by_cached_key(|one| {
        latest = latest.max(one.at);
        one.at.or(latest)
    });
    said
}

struct Slow {
    track: TrackIdx,
    plays: u32,
    last: Option<Timestamp>,
    heard: Vec<Timestamp>,
    stance: Stance,
    saved: bool,
}

impl Slow {
    fn decayed(&self, now: Timestamp, half_life: f32) -> f64 {
        let days = |at: &Timestamp| (now.as_second() - at.as_second()) as f64 / 86_400.0;
        self.heard.iter().map(|at| (-days(at) / f64::from(half_life)).exp2()).sum()
    }
}

fn is_heard(play: &Play) -> bool {
    !matches!(play.outcome, PlayOutcome::Disliked { .. })
}

fn slow(catalogue: &Catalogue, plays: &[Play], words: &[Feedback]) -> BTreeMap<WorkIdx, Slow> {
    let mut works = BTreeMap::new();
    for work in catalogue.works() {
        let plays: Vec<&Play> =
            plays.iter().filter(|play| catalogue.work(play.track) == work).collect();
        let is_about = |said: &&Feedback| match &said.target {
            FeedbackTarget::Track(id) => {
                catalogue.find(id).is_some_and(|track| catalogue.work(track) == work)
            }
            FeedbackTarget::Artist(_) => false,
        };
        let words: Vec<&Feedback> = words.iter().filter(is_about).collect();
        if plays.is_empty() && words.is_empty() {
            continue;
        }
        let count = |play: &&Play| match play.outcome {
            PlayOutcome::Liked { plays, .. } => plays,
            _ => 1,
        };
        let key = |track: &TrackIdx| {
            let own = plays.iter().copied().filter(|play| play.track == *track);
            let is_known = !catalogue.track(*track).features.is_silent();
            (is_known, own.map(|play| count(&play)).sum::<u32>(), Reverse(*track))
        };
        let stance = words.iter().rev().find_map(|said| match said.kind {
            FeedbackKind::Like => Some(Stance::Like),
            FeedbackKind::Dislike => Some(Stance::Dislike),
            FeedbackKind::Ban => Some(Stance::Ban),
            FeedbackKind::Cleared => Some(Stance::None),
            FeedbackKind::Saved => None,
        });
        let heard = plays.iter().filter(|play| is_heard(play)).filter_map(|play| play.at);
        let slow = Slow {
            track: *catalogue.versions(work).iter().max_by_key(|track| key(track)).unwrap(),
            plays: plays.iter().map(count).sum(),
            last: plays.iter().filter_map(|play| play.at).max(),
            heard: heard.collect(),
            stance: stance.unwrap_or_default(),
            saved: words.iter().any(|said| said.kind == FeedbackKind::Saved),
        };
        works.insert(work, slow);
    }
    works
}

fn slow_recent(catalogue: &Catalogue, plays: Vec<Play>) -> Vec<(WorkIdx, Timestamp)> {
    let dated = plays.iter().filter(|play| is_heard(play));
    let mut recent: Vec<_> =
        dated.filter_map(|play| Some((catalogue.work(play.track), play.at?))).collect();
    recent.sort_by_key(|(work, at)| (Reverse(*at), *work));
    recent.truncate(200);
    recent.sort_by_key(|(work, at)| (*at, *work));
    recent
}
