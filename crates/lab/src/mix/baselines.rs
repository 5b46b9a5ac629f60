//! Rules that need no model, and the members of a set alone: what a mix is compared with.
//!
//! Repeats are ranked by how often something was played, by the same with every play counting half
//! after two weeks, and by ACT-R (Anderson & Schooler 1991): `Σ_j t_j^(-d)` over the ages of plays
//! with `d = .5`. All lists obey the rules of the mix (its length, caps, pause and bans), as a rule
//! that may put ten songs of an album in a row answers another question.

use rustc_hash::FxHashMap;
use segue_core::Timestamp;
use segue_engine::dataset::labels::PlayOutcome;
use segue_engine::pipeline::MixRequest;
use segue_engine::{AlbumIdx, ArtistIdx, Catalogue, Profile, Stance, TrackIdx, WorkIdx};

use super::cut::MixCase;

const HALF_LIFE_DAYS: f64 = 14.0;
const ACT_R_DECAY: f64 = 0.5;
/// Plays are taken to be at least a minute ago: a power of an age of nothing has no bound.
const LEAST_AGE_DAYS: f64 = 1.0 / 1_440.0;
const SECONDS_PER_DAY: f64 = 86_400.0;

/// How what is known is ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RepeatRule {
    /// What was played most.
    PersonalTop,
    /// What was played most lately.
    Decayed,
    /// The activation of a memory.
    ActR,
}

impl RepeatRule {
    pub(super) const ALL: [Self; 3] = [Self::PersonalTop, Self::Decayed, Self::ActR];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PersonalTop => "most played",
            Self::Decayed => "decayed, 14 days",
            Self::ActR => "ACT-R, d = .5",
        }
    }

    /// What a play of some age counts; an undated one counts only where ages do not.
    fn weight(self, age_days: Option<f64>) -> f64 {
        match (self, age_days) {
            (Self::PersonalTop, _) => 1.0,
            (_, None) => 0.0,
            (Self::Decayed, Some(age)) => (-age / HALF_LIFE_DAYS).exp2(),
            (Self::ActR, Some(age)) => age.max(LEAST_AGE_DAYS).powf(-ACT_R_DECAY),
        }
    }

    /// What the listener knows, the best first.
    pub(super) fn ranked(self, catalogue: &Catalogue, case: &MixCase) -> Vec<TrackIdx> {
        let mut sums: FxHashMap<WorkIdx, f64> = FxHashMap::default();
        for play in &case.past.plays {
            let count = match play.outcome {
                PlayOutcome::Liked { plays, .. } => f64::from(plays),
                PlayOutcome::Censored => 1.0,
                PlayOutcome::Disliked { .. } | PlayOutcome::Excluded => continue,
            };
            let age_days = play.at.map(|at| days_between(at, case.now));
            *sums.entry(catalogue.work(play.track)).or_default() += count * self.weight(age_days);
        }
        let mut ranked: Vec<(WorkIdx, f64)> = sums.into_iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let track = |(work, _)| case.profile.interaction(work).map(|known| known.track);
        ranked.into_iter().filter_map(track).collect()
    }
}

fn days_between(earlier: Timestamp, later: Timestamp) -> f64 {
    (later.as_second() - earlier.as_second()).max(0) as f64 / SECONDS_PER_DAY
}

/// The first of a ranking that the rules of a mix let through, as many as a mix has.
pub(super) fn under_rules(
    catalogue: &Catalogue,
    profile: &Profile,
    request: &MixRequest,
    ranked: impl IntoIterator<Item = TrackIdx>,
) -> Vec<TrackIdx> {
    let pause_s = i64::from(request.no_repeat_days) * SECONDS_PER_DAY as i64;
    let rests_from = request.now.as_second().saturating_sub(pause_s);
    let mut artists: FxHashMap<ArtistIdx, u32> = FxHashMap::default();
    let mut albums: FxHashMap<AlbumIdx, u32> = FxHashMap::default();
    let mut list = Vec::new();
    for track in ranked {
        if list.len() == request.length as usize {
            break;
        }
        let known = profile.interaction(catalogue.work(track));
        let is_banned = known.is_some_and(|known| known.stance == Stance::Ban)
            || catalogue.artist(track).is_some_and(|who| profile.banned_artists.contains(&who));
        let last_played = known.and_then(|known| known.last_played);
        let has_rested = pause_s == 0 || last_played.is_none_or(|at| at.as_second() <= rests_from);
        let count = |of: Option<u32>| of.unwrap_or(0);
        let of_artist = count(catalogue.artist(track).and_then(|who| artists.get(&who).copied()));
        let of_album = count(catalogue.album(track).and_then(|album| albums.get(&album).copied()));
        let has_room = of_artist < request.artist_cap && of_album < request.album_cap;
        if is_banned || !has_rested || !has_room {
            continue;
        }
        list.push(track);
        if let Some(artist) = catalogue.artist(track) {
            artists.insert(artist, of_artist + 1);
        }
        if let Some(album) = catalogue.album(track) {
            albums.insert(album, of_album + 1);
        }
    }
    list
}
