//! What is known of one listener, folded per work: plays, completions, skips, what was said, and
//! the label that follows.

use rustc_hash::{FxHashMap, FxHashSet};
use segue_core::{Feedback, Listen, ListenerId, Showing, Timestamp};

use super::folding::{Folding, PlayedTrack, Said};
use super::friends::FriendPlays;
use super::interaction::{Interaction, Label, Stance};
use super::labels::work_label;
use super::plays::Plays;
use super::shown::Shown;
use crate::{ArtistIdx, Catalogue, TrackIdx, WorkIdx};

/// With a break of more than this between the starts of two plays, in seconds, a new sitting
/// begins.
pub const SITTING_GAP_S: i64 = 30 * 60;

/// What is known of one listener. Interactions are ordered by work, at most one each. Scorers and
/// mixes read nothing else of a listener, so that a profile folded afresh counts at once.
///
/// # Examples
/// ```
/// use segue_core::{EndReason, Listen, ListenerId, Source, Timestamp, Track, TrackId, WorkId};
/// use segue_engine::{Catalogue, Profile, WorkIdx};
///
/// let track = Track::new(TrackId::new("t1"), WorkId::new("w1"), "Song");
/// let catalogue = Catalogue::from_tracks(vec![track]);
/// let ann = ListenerId::new("ann");
/// let play = Listen {
///     end_reason: EndReason::Finished,
///     ms_played: Some(200_000),
///     ..Listen::new(ann.clone(), TrackId::new("t1"), Timestamp::UNIX_EPOCH, Source::Segue)
/// };
/// let profile = Profile::fold(&catalogue, ann, [&play], []);
///
/// let interaction = profile.interaction(WorkIdx(0)).unwrap();
/// assert_eq!((interaction.plays, interaction.finished), (1, 1));
/// assert!(interaction.label.unwrap().liked);
/// ```
#[derive(Clone, Debug)]
pub struct Profile {
    /// The listener that all of this is about, by the id that slates and logs carry.
    pub listener: ListenerId,
    /// What they did, one entry for each work they touched, in the order of works. Change it only
    /// by making a new profile: look-ups by work go by positions in it.
    pub interactions: Vec<Interaction>,
    /// Artists they never want to hear again: every track of theirs is filtered out, until later
    /// feedback on the artist lifts the ban.
    pub banned_artists: FxHashSet<ArtistIdx>,
    /// Start of the latest play of all, from which "away since" is counted; `None` if no play is
    /// dated.
    pub last_played: Option<Timestamp>,
    /// The latest dated plays that were not skipped, oldest first: what a session goes on from. At
    /// most two hundred.
    pub recent: Vec<(WorkIdx, Timestamp)>,
    /// What they were shown and have not answered, by which tracks [tire](crate::mix::fatigue).
    /// Only [`Self::with_showings`] fills it: no model learns from it.
    pub shown: Shown,
    /// What their friends play. Only [`Self::with_friends`] fills it, since it is no row of theirs.
    pub friends: FriendPlays,
    pub(super) by_work: FxHashMap<WorkIdx, u32>,
    /// Plays of each version, of works that have several: which of them stands for its work.
    pub(super) plays_by_version: FxHashMap<TrackIdx, u32>,
    /// When what was said.
    pub(super) said: Said,
}

impl Profile {
    /// A listener of whom nothing is known: every scorer answers with its prior, and mixes lean on
    /// popularity and diversity.
    pub fn empty(listener: ListenerId) -> Self {
        Self::from_interactions(listener, Vec::new())
    }

    /// A profile from interactions already folded, in any order; of several for one work the first
    /// stays. Nobody is banned, and `last_played` is the latest among them.
    pub fn from_interactions(listener: ListenerId, mut interactions: Vec<Interaction>) -> Self {
        interactions.sort_by_key(|interaction| interaction.work);
        interactions.dedup_by_key(|interaction| interaction.work);
        let by_work = interactions.iter().enumerate().map(|(i, x)| (x.work, i as u32)).collect();
        let last_played = interactions.iter().filter_map(|x| x.last_played).max();
        Self {
            listener,
            interactions,
            banned_artists: FxHashSet::default(),
            last_played,
            recent: Vec::new(),
            shown: Shown::default(),
            friends: FriendPlays::default(),
            by_work,
            plays_by_version: FxHashMap::default(),
            said: Said::default(),
        }
    }

    /// Folds a listener's rows, as the store holds them, into one interaction for each work. Rows
    /// of tracks outside the catalogue are left out. The order of `listens` does not matter, but
    /// for the last bits of sums; of `feedback` the latest on a target counts. [`Folding`] does the
    /// same row by row, and goes on from a profile.
    pub fn fold<'a>(
        catalogue: &Catalogue,
        listener: ListenerId,
        listens: impl IntoIterator<Item = &'a Listen>,
        feedback: impl IntoIterator<Item = &'a Feedback>,
    ) -> Self {
        let mut folding = Folding::new(catalogue, listener);
        for listen in listens {
            if let Some(row) = catalogue.find(&listen.track) {
                let track = folding.track(PlayedTrack::new(catalogue, row));
                folding.add_listen(track, listen);
            }
        }
        feedback.into_iter().for_each(|said| folding.add_feedback(said));
        folding.finish()
    }

    /// As [`Self::fold`], from plays that were read before.
    pub fn from_plays(catalogue: &Catalogue, plays: &Plays) -> Self {
        let mut folding = Folding::new(catalogue, plays.listener.clone());
        plays.plays.iter().for_each(|play| folding.add_play(play));
        plays.feedback.iter().for_each(|said| folding.add_feedback(said));
        folding.finish()
    }

    /// The profile with what the listener was shown. Showings from before an answer are forgotten,
    /// be it a play or a word.
    #[must_use]
    pub fn with_showings(self, catalogue: &Catalogue, showings: &[Showing]) -> Self {
        Self { shown: Shown::from_showings(catalogue, &self, showings), ..self }
    }

    /// The profile with what the listener's friends play, which speaks where little is known of the
    /// listener.
    #[must_use]
    pub fn with_friends(self, friends: FriendPlays) -> Self {
        Self { friends, ..self }
    }

    /// Bytes of memory that it takes up, so that a server can bound what it keeps of all listeners.
    /// They grow with the works that a listener knows, not with how often they were played.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.interactions.capacity() * size_of::<Interaction>()
            + self.recent.capacity() * size_of::<(WorkIdx, Timestamp)>()
            // A table is at least half full; each place has a byte of its own.
            + self.by_work.capacity() * (size_of::<(WorkIdx, u32)>() + 1)
            + self.plays_by_version.capacity() * (size_of::<(TrackIdx, u32)>() + 1)
            + self.banned_artists.capacity() * (size_of::<ArtistIdx>() + 1)
            + self.said.bytes()
            + self.shown.bytes()
            + self.friends.bytes()
    }

    /// What the listener did with a work, in any of its versions; `None` if nothing at all.
    pub fn interaction(&self, work: WorkIdx) -> Option<&Interaction> {
        self.by_work.get(&work).map(|&i| &self.interactions[i as usize])
    }

    /// Whether the listener ever played the work, in any version; an unplayed track that was saved
    /// or liked does not count.
    pub fn has_heard(&self, work: WorkIdx) -> bool {
        self.interaction(work).is_some_and(|interaction| interaction.plays > 0)
    }

    /// Whether anything shows that the listener knows the work: a play, feedback, or that it is in
    /// their library. What is not known is new to them, which the dial of a mix counts.
    pub fn knows(&self, work: WorkIdx) -> bool {
        self.interaction(work).is_some_and(Interaction::is_known)
    }

    /// How many works of the catalogue the listener does not know: where there is none, nothing can
    /// be new to them.
    pub fn unknown_works(&self, catalogue: &Catalogue) -> usize {
        let known = self.interactions.iter().filter(|interaction| interaction.is_known());
        catalogue.work_count().saturating_sub(known.count())
    }

    /// Main artists of whom the listener knows a work, in order and once each. A track by any other
    /// is by an artist new to them. Costs a pass over the interactions.
    pub fn known_artists(&self, catalogue: &Catalogue) -> Vec<ArtistIdx> {
        let known = self.interactions.iter().filter(|interaction| interaction.is_known());
        let mut artists: Vec<ArtistIdx> =
            known.filter_map(|interaction| catalogue.artist(interaction.track)).collect();
        artists.sort_unstable();
        artists.dedup();
        artists
    }

    /// The plays of the latest sitting, oldest first: the end of [`Self::recent`], up to the first
    /// break of more than [`SITTING_GAP_S`]. Empty where no play is dated.
    pub fn sitting(&self) -> &[(WorkIdx, Timestamp)] {
        let is_break = |pair: &[(WorkIdx, Timestamp)]| {
            pair[1].1.as_second() - pair[0].1.as_second() > SITTING_GAP_S
        };
        let from = self.recent.windows(2).rposition(is_break).map_or(0, |at| at + 1);
        &self.recent[from..]
    }

    /// Works that models learn from, with the version that stands for each and its label, in the
    /// order of works. Their number decides how much a model is trusted over popularity.
    pub fn labelled(&self) -> impl Iterator<Item = (TrackIdx, Label)> + '_ {
        self.interactions
            .iter()
            .filter_map(|interaction| Some((interaction.track, interaction.label?)))
    }
}

/// A profile of someone who said that they like these tracks and nothing else.
///
/// What a study or a test knows of a listener who only named favourites: no plays, no times. Give
/// one track a work; of one that comes twice the first stays.
pub fn liking(catalogue: &Catalogue, listener: ListenerId, tracks: &[TrackIdx]) -> Profile {
    let interactions = tracks.iter().map(|&track| {
        let mut interaction =
            Interaction { stance: Stance::Like, ..Interaction::new(track, catalogue.work(track)) };
        interaction.label = work_label(&interaction);
        interaction
    });
    Profile::from_interactions(listener, interactions.collect())
}
