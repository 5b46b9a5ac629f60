//! What became of a mix: which of its picks the listener then played, skipped or spoke of.
//!
//! A play or a word is credited to *one* mix: the last shown before it that has the song in any
//! version, provided that it came within the [`Credit`] given. So no play counts twice, and a mix
//! is not credited for what came of its successor. What a listener's plays and words together say
//! of a pick is what they would say in a profile: the label policy ([`super::labels`]) decides,
//! here as everywhere.
//!
//! A pick that the listener did not touch is not disliked. Whether it counts as a miss is the
//! business of whoever asks.

use rustc_hash::FxHashMap;
use segue_core::{Feedback, FeedbackTarget, Impression, Listen, Timestamp, TrackId};

use super::interaction::Stance;
use super::profile::Profile;
use crate::{Catalogue, WorkIdx};

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// For how long after it was shown a mix is credited with what the listener does: `days` from its
/// showing, and never from `before` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Days from the moment at which the mix was shown, of 24 hours each; 0 credits nothing.
    pub days: u32,
    /// Nothing from this moment on counts, whatever the days: the end of the period that is read.
    pub before: Timestamp,
}

impl Credit {
    fn covers(&self, shown: Timestamp, done: Timestamp) -> bool {
        let passed = done.as_microsecond() - shown.as_microsecond();
        (shown..self.before).contains(&done) && passed < i64::from(self.days) * MICROSECONDS_PER_DAY
    }
}

/// What the listener thought of a pick, as far as plays and feedback show it. Only the first two
/// are answers; the others say nothing of liking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Played to its end, or liked by feedback.
    Liked,
    /// Skipped, or rejected by feedback on the track or a ban of its artist.
    Disliked,
    /// Played, and what was done says neither.
    Undecided,
    /// Neither played nor spoken of.
    Untouched,
}

/// What became of one pick: its plays after the mix was shown, and what they say together with
/// feedback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PickOutcome {
    /// How often the pick, in any version, was played after the mix was shown; private and failed
    /// plays do not count.
    pub plays: u32,
    /// What the plays and the listener's feedback say together, by the [label
    /// policy](super::labels).
    pub verdict: Verdict,
}

/// What became of the picks of a listener's mixes, in the order of the mixes and of their picks.
///
/// `shown` is everything that the listener was shown in this time, oldest first: a mix left out
/// would leave its plays to an earlier one. Shadows are credited with nothing.
pub fn pick_outcomes(
    catalogue: &Catalogue,
    shown: &[Impression],
    listens: &[Listen],
    feedback: &[Feedback],
    credit: Credit,
) -> Vec<Vec<PickOutcome>> {
    let mixes = Mixes::new(catalogue, shown, credit);
    let mut listens_of = vec![Vec::new(); shown.len()];
    for listen in listens {
        let Some(start) = listen.started_at() else { continue };
        let work = catalogue.find(&listen.track).map(|track| catalogue.work(track));
        if let Some(mix) = work.and_then(|work| mixes.credited(work, start)) {
            listens_of[mix].push(listen);
        }
    }
    let mut feedback_of = vec![Vec::new(); shown.len()];
    for said in feedback {
        for mix in mixes.spoken_of(said) {
            feedback_of[mix].push(said);
        }
    }
    let answered =
        |(impression, (listens, feedback)): (&Impression, (Vec<&Listen>, Vec<&Feedback>))| {
            let listener = impression.slate.listener.clone();
            let profile = Profile::fold(catalogue, listener, listens, feedback);
            impression
                .slate
                .picks
                .iter()
                .map(|pick| outcome(catalogue, &profile, &pick.track))
                .collect()
        };
    shown.iter().zip(listens_of.into_iter().zip(feedback_of)).map(answered).collect()
}

fn outcome(catalogue: &Catalogue, profile: &Profile, track: &TrackId) -> PickOutcome {
    const UNTOUCHED: PickOutcome = PickOutcome { plays: 0, verdict: Verdict::Untouched };
    let Some(track) = catalogue.find(track) else { return UNTOUCHED };
    let interaction = profile.interaction(catalogue.work(track));
    let plays = interaction.map_or(0, |interaction| interaction.plays);
    let is_praised = interaction.is_some_and(|interaction| interaction.stance == Stance::Like);
    let is_banned =
        catalogue.artist(track).is_some_and(|artist| profile.banned_artists.contains(&artist));
    if is_banned && !is_praised {
        return PickOutcome { plays, verdict: Verdict::Disliked };
    }
    let Some(interaction) = interaction.filter(|interaction| interaction.is_known()) else {
        return UNTOUCHED;
    };
    let verdict = match interaction.label {
        Some(label) if label.liked => Verdict::Liked,
        Some(_) => Verdict::Disliked,
        None => Verdict::Undecided,
    };
    PickOutcome { plays, verdict }
}

/// Which mixes have which songs.
struct Mixes<'a> {
    catalogue: &'a Catalogue,
    shown: &'a [Impression],
    credit: Credit,
    /// Positions of the mixes that have a song, oldest first.
    by_work: FxHashMap<WorkIdx, Vec<usize>>,
}

impl<'a> Mixes<'a> {
    fn new(catalogue: &'a Catalogue, shown: &'a [Impression], credit: Credit) -> Self {
        let mut by_work: FxHashMap<WorkIdx, Vec<usize>> = FxHashMap::default();
        for (mix, impression) in
            shown.iter().enumerate().filter(|(_, impression)| impression.was_shown())
        {
            for track in
                impression.slate.picks.iter().filter_map(|pick| catalogue.find(&pick.track))
            {
                by_work.entry(catalogue.work(track)).or_default().push(mix);
            }
        }
        Self { catalogue, shown, credit, by_work }
    }

    /// The mix that something done to a song counts for.
    fn credited(&self, work: WorkIdx, done: Timestamp) -> Option<usize> {
        let mixes = self.by_work.get(&work)?;
        let last = mixes.iter().rev().copied().find(|&mix| self.shown[mix].at <= done)?;
        self.credit.covers(self.shown[last].at, done).then_some(last)
    }

    /// The mixes that a word counts for: one for a song; for an artist each in which a song of
    /// theirs was last shown.
    fn spoken_of(&self, said: &Feedback) -> Vec<usize> {
        let Some(at) = said.at else { return Vec::new() };
        let mut mixes: Vec<usize> = match &said.target {
            FeedbackTarget::Track(track) => {
                let work = self.catalogue.find(track).map(|track| self.catalogue.work(track));
                work.and_then(|work| self.credited(work, at)).into_iter().collect()
            }
            FeedbackTarget::Artist(name) => {
                let Some(artist) = self.catalogue.find_artist(name) else { return Vec::new() };
                let is_theirs = |work: &WorkIdx| {
                    self.catalogue
                        .versions(*work)
                        .iter()
                        .any(|&track| self.catalogue.artist(track) == Some(artist))
                };
                self.by_work
                    .keys()
                    .copied()
                    .filter(is_theirs)
                    .filter_map(|work| self.credited(work, at))
                    .collect()
            }
        };
        mixes.sort_unstable();
        mixes.dedup();
        mixes
    }
}
