//! A history folded into a profile row by row: from nothing, or going on from what was folded
//! before.
//!
//! A row changes the interaction of its work and a few sums, and nothing else. So what a play costs
//! that has just arrived does not depend on how many there are, and a profile that goes on is the
//! same, to the last bit, as one folded from all rows: both go through the rows in the order of the
//! log. What has to be remembered for that is in the profile, and grows with works and words, not
//! with plays.
//!
//! What cannot be gone on from is a row that changed or left: then the rest is folded from nothing.

use rustc_hash::FxHashMap;
use segue_core::{Feedback, FeedbackKind, FeedbackTarget, Listen, ListenerId, Source, Timestamp};

use super::interaction::{Interaction, Stance};
use super::labels::{PlayOutcome, work_label};
use super::plays::Play;
use crate::{ArtistIdx, Catalogue, Profile, TrackIdx, WorkIdx};

/// So many of the latest plays are kept in their order, for what follows what.
const MOST_RECENT: usize = 200;

/// When a listener said something, as far as words that are yet to come are weighed by it.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// The latest time of all.
    latest: Option<Timestamp>,
    of_works: FxHashMap<WorkIdx, SaidOfWork>,
    /// The place of the word that counts.
    of_artists: FxHashMap<ArtistIdx, Option<Timestamp>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct SaidOfWork {
    /// The place of the word that the stance is.
    stance: Option<Timestamp>,
    /// The latest word of any kind.
    latest: Option<Timestamp>,
}

impl Said {
    /// When something was last said about a work.
    pub(super) fn last(&self, work: WorkIdx) -> Option<Timestamp> {
        self.of_works.get(&work)?.latest
    }

    /// Bytes of memory beside its own size.
    pub(super) fn bytes(&self) -> usize {
        self.of_works.capacity() * (size_of::<(WorkIdx, SaidOfWork)>() + 1)
            + self.of_artists.capacity() * (size_of::<(ArtistIdx, Option<Timestamp>)>() + 1)
    }
}

/// What of a track and its work is asked at every play, whoever played it. It is looked up once:
/// what is known of a track lies anywhere in memory.
#[derive(Clone, Copy, Debug)]
pub struct PlayedTrack {
    row: TrackIdx,
    work: WorkIdx,
    duration_ms: Option<u32>,
    /// Whether its work has other versions.
    has_versions: bool,
}

impl PlayedTrack {
    /// Looks a row of a catalogue up.
    pub fn new(catalogue: &Catalogue, row: TrackIdx) -> Self {
        let work = catalogue.work(row);
        let has_versions = catalogue.versions(work).len() > 1;
        Self { row, work, duration_ms: catalogue.track(row).duration_ms(), has_versions }
    }

    /// A row of the store that says this track was played: `listen` need not name it. `None` for
    /// what must teach nothing.
    pub fn play(&self, listen: &Listen) -> Option<Play> {
        Play::read(self.row, self.duration_ms, listen)
    }
}

/// A track as a [`Folding`] knows it, and that one alone.
#[derive(Clone, Copy, Debug)]
pub struct FoldedTrack {
    track: PlayedTrack,
    /// Where the interaction with its work is.
    place: u32,
}

/// Rows on their way into a profile.
///
/// # Examples
/// A profile goes on with a play as if it had been folded with it.
/// ```
/// use segue_core::{ListenerId, Timestamp, Track, TrackId, WorkId};
/// use segue_engine::dataset::folding::Folding;
/// use segue_engine::dataset::plays::Plays;
/// use segue_engine::{Catalogue, TrackIdx};
///
/// let track = Track::new(TrackId::new("t1"), WorkId::new("w1"), "Song");
/// let catalogue = Catalogue::from_tracks(vec![track]);
/// let heard = [1, 2].map(|second| (TrackIdx(0), Timestamp::from_second(second).ok()));
/// let plays = Plays::heard(ListenerId::new("ann"), heard);
///
/// let mut folding = Folding::new(&catalogue, plays.listener.clone());
/// folding.add_play(&plays.plays[0]);
/// let mut folding = Folding::going_on(&catalogue, folding.finish());
/// folding.add_play(&plays.plays[1]);
/// assert_eq!(folding.finish().interactions, plays.profile(&catalogue).interactions);
/// ```
pub struct Folding<'c> {
    catalogue: &'c Catalogue,
    profile: Profile,
    /// So many interactions are in the order of works; those that came since are behind them.
    in_order: usize,
}

impl<'c> Folding<'c> {
    /// Begins with nothing.
    pub fn new(catalogue: &'c Catalogue, listener: ListenerId) -> Self {
        Self::going_on(catalogue, Profile::empty(listener))
    }

    /// Goes on from a profile that was folded with the same catalogue. What the profile knows of
    /// showings and friends stays as it is.
    pub fn going_on(catalogue: &'c Catalogue, profile: Profile) -> Self {
        let in_order = profile.interactions.len();
        Self { catalogue, profile, in_order }
    }

    /// Finds the place of a track, for [`Self::add_listen`]: once for all its plays.
    pub fn track(&mut self, track: PlayedTrack) -> FoldedTrack {
        FoldedTrack { track, place: self.place(track.work) as u32 }
    }

    /// Folds in a row of the store, of a track that was looked up: `listen` need not name it. What
    /// must teach nothing is left out.
    pub fn add_listen(&mut self, track: FoldedTrack, listen: &Listen) {
        if let Some(play) = track.track.play(listen) {
            self.add(track, &play);
        }
    }

    /// Folds in one play. Plays may come in any order; that of the log gives the same bits every
    /// time.
    pub fn add_play(&mut self, play: &Play) {
        if play.outcome != PlayOutcome::Excluded {
            let track = self.track(PlayedTrack::new(self.catalogue, play.track));
            self.add(track, play);
        }
    }

    fn add(&mut self, track: FoldedTrack, play: &Play) {
        let at = track.place as usize;
        let interaction = &mut self.profile.interactions[at];
        let plays = add(interaction, play);
        interaction.label = work_label(interaction);
        let work = interaction.work;
        if track.track.has_versions {
            self.count_version(at, track.track.row, plays);
        }
        self.profile.last_played = self.profile.last_played.max(play.at);
        if let Some(at) = play.at.filter(|_| is_heard(play)) {
            self.note_recent(work, at);
        }
    }

    /// Folds in a word. Of several on one target the latest counts; one without a time was said
    /// right after the latest that came before it.
    pub fn add_feedback(&mut self, said: &Feedback) {
        let place = said.at.or(self.profile.said.latest);
        self.profile.said.latest = self.profile.said.latest.max(said.at);
        match &said.target {
            FeedbackTarget::Track(id) => {
                if let Some(track) = self.catalogue.find(id) {
                    self.say_of_work(self.catalogue.work(track), said, place);
                }
            }
            FeedbackTarget::Artist(name) => {
                if let Some(artist) = self.catalogue.find_artist(name) {
                    self.say_of_artist(artist, said.kind, place);
                }
            }
        }
    }

    /// The profile.
    pub fn finish(self) -> Profile {
        let Self { mut profile, in_order, .. } = self;
        keep_latest(&mut profile.recent);
        if profile.interactions.len() > in_order {
            // Some were looked up and nothing came of it.
            let said = &profile.said;
            profile.interactions.retain(|x| x.plays > 0 || said.of_works.contains_key(&x.work));
            profile.interactions.sort_by_key(|interaction| interaction.work);
            profile.interactions.shrink_to_fit();
            let places = profile.interactions.iter().zip(0..);
            profile.by_work = places.map(|(interaction, at)| (interaction.work, at)).collect();
        }
        profile
    }

    /// Where the interaction with a work is, a new one if there was none.
    fn place(&mut self, work: WorkIdx) -> usize {
        let Profile { interactions, by_work, .. } = &mut self.profile;
        let at = *by_work.entry(work).or_insert(interactions.len() as u32) as usize;
        if at == interactions.len() {
            let of_none = |track: &TrackIdx| (self.is_known(*track), std::cmp::Reverse(*track));
            let track = match self.catalogue.versions(work) {
                [only] => *only,
                several => several.iter().copied().max_by_key(of_none).expect("there is a version"),
            };
            self.profile.interactions.push(Interaction::new(track, work));
        }
        at
    }

    /// Whether it is known how a track sounds.
    fn is_known(&self, track: TrackIdx) -> bool {
        !self.catalogue.track(track).features.is_silent()
    }

    /// Lets the version stand for its work that is played most, of those whose sound is known if
    /// there are any.
    fn count_version(&mut self, at: usize, track: TrackIdx, plays: u32) {
        let standing = self.profile.interactions[at].track;
        *self.profile.plays_by_version.entry(track).or_default() += plays;
        let counts = &self.profile.plays_by_version;
        let value = |track: TrackIdx| {
            let plays = counts.get(&track).copied().unwrap_or(0);
            (self.is_known(track), plays, std::cmp::Reverse(track))
        };
        if value(track) > value(standing) {
            self.profile.interactions[at].track = track;
        }
    }

    /// Keeps the latest plays, in the order of time and works, and some more: taking one out for
    /// each that comes would move all of them each time.
    fn note_recent(&mut self, work: WorkIdx, at: Timestamp) {
        let recent = &mut self.profile.recent;
        if recent.len() >= MOST_RECENT && at < recent[recent.len() - MOST_RECENT].1 {
            return;
        }
        let is_before = |entry: &(WorkIdx, Timestamp)| (entry.1, entry.0) <= (at, work);
        let after = match recent.last().is_none_or(is_before) {
            true => recent.len(),
            false => recent.partition_point(is_before),
        };
        recent.insert(after, (work, at));
        if recent.len() >= 2 * MOST_RECENT {
            keep_latest(recent);
        }
    }

    fn say_of_work(&mut self, work: WorkIdx, said: &Feedback, place: Option<Timestamp>) {
        let at = self.place(work);
        let interaction = &mut self.profile.interactions[at];
        let words = self.profile.said.of_works.entry(work).or_default();
        interaction.answered |= said.source == Source::Segue;
        words.latest = words.latest.max(said.at);
        match stance(said.kind) {
            None => interaction.saved = true,
            Some(stance) if place >= words.stance => {
                (interaction.stance, words.stance) = (stance, place);
            }
            Some(_) => {}
        }
        interaction.label = work_label(interaction);
    }

    fn say_of_artist(&mut self, artist: ArtistIdx, kind: FeedbackKind, place: Option<Timestamp>) {
        let counts = self.profile.said.of_artists.entry(artist).or_default();
        if place < *counts {
            return;
        }
        *counts = place;
        match kind {
            FeedbackKind::Ban => self.profile.banned_artists.insert(artist),
            _ => self.profile.banned_artists.remove(&artist),
        };
    }
}

/// The stance that a word is; `None` for one that is none.
fn stance(kind: FeedbackKind) -> Option<Stance> {
    match kind {
        FeedbackKind::Like => Some(Stance::Like),
        FeedbackKind::Dislike => Some(Stance::Dislike),
        FeedbackKind::Ban => Some(Stance::Ban),
        FeedbackKind::Cleared => Some(Stance::None),
        FeedbackKind::Saved => None,
    }
}

/// Keeps the latest plays; of those at the earliest moment that is kept, the first works.
fn keep_latest(recent: &mut Vec<(WorkIdx, Timestamp)>) {
    let Some(too_many) = recent.len().checked_sub(MOST_RECENT).filter(|&many| many > 0) else {
        return;
    };
    let earliest = recent[too_many].1;
    let from = recent.partition_point(|(_, at)| *at < earliest);
    let until = recent.partition_point(|(_, at)| *at <= earliest);
    recent.drain(until - (too_many - from)..until);
    recent.drain(..from);
}

/// Whether a play is one that the listener let go on.
fn is_heard(play: &Play) -> bool {
    !matches!(play.outcome, PlayOutcome::Disliked { .. } | PlayOutcome::Excluded)
}

/// Adds a play to an interaction, but for its label, and says how many plays the row stands for.
fn add(interaction: &mut Interaction, play: &Play) -> u32 {
    let plays = match play.outcome {
        PlayOutcome::Excluded => return 0,
        PlayOutcome::Censored => 1,
        PlayOutcome::Liked { weight, plays } => {
            interaction.finished += plays;
            interaction.liked_weight += weight;
            plays
        }
        PlayOutcome::Disliked { weight } => {
            interaction.skipped += 1;
            interaction.disliked_weight += weight;
            1
        }
    };
    interaction.plays += plays;
    interaction.answered |= play.answered;
    interaction.last_played = interaction.last_played.max(play.at);
    if let Some(at) = play.at.filter(|_| is_heard(play)) {
        interaction.memory.add(at);
    }
    plays
}
