//! What is known of one listener, folded per work: plays, completions, skips, what was said, and
//! the label that follows.

use rustc_hash::{FxHashMap, FxHashSet};
use segue_core::{
    Feedback, FeedbackKind, FeedbackTarget, Listen, ListenerId, Showing, Source, Timestamp,
};

use super::friends::FriendPlays;
use super::interaction::{Interaction, Label, Stance};
use super::labels::{Outcome, work_label};
use super::play_memory::PlayMemory;
use super::plays::{Play, Plays};
use super::shown::Shown;
use crate::{ArtistIdx, Catalogue, TrackIdx, WorkIdx};

/// So many of the latest plays are kept in their order, for what follows what.
const MOST_RECENT: usize = 200;
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
    by_work: FxHashMap<WorkIdx, u32>,
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
        }
    }

    /// Folds a listener's rows, as the store holds them, into one interaction for each work. Rows
    /// of tracks outside the catalogue are left out. The order of `listens` does not matter; that
    /// of `feedback` is the order in which it was given, and the latest on a target counts.
    pub fn fold<'a>(
        catalogue: &Catalogue,
        listener: ListenerId,
        listens: impl IntoIterator<Item = &'a Listen>,
        feedback: impl IntoIterator<Item = &'a Feedback>,
    ) -> Self {
        Self::from_plays(catalogue, &Plays::read(catalogue, listener, listens, feedback))
    }

    /// As [`Self::fold`], from plays that were read before.
    pub fn from_plays(catalogue: &Catalogue, plays: &Plays) -> Self {
        let mut works: FxHashMap<WorkIdx, Folding> = FxHashMap::default();
        for play in &plays.plays {
            works.entry(catalogue.work(play.track)).or_default().add_play(play);
        }
        let mut banned_artists = FxHashSet::default();
        for said in &plays.feedback {
            match &said.target {
                FeedbackTarget::Track(id) => {
                    if let Some(track) = catalogue.find(id) {
                        works.entry(catalogue.work(track)).or_default().add_feedback(track, said);
                    }
                }
                FeedbackTarget::Artist(name) => {
                    if let Some(artist) = catalogue.find_artist(name) {
                        match said.kind {
                            FeedbackKind::Ban => banned_artists.insert(artist),
                            _ => banned_artists.remove(&artist),
                        };
                    }
                }
            }
        }
        let interactions =
            works.into_iter().map(|(work, folding)| folding.finish(catalogue, work)).collect();
        Self {
            banned_artists,
            recent: recent(catalogue, &plays.plays),
            ..Self::from_interactions(plays.listener.clone(), interactions)
        }
    }

    /// The profile with what the listener was shown, `feedback` being what they said, whenever it
    /// was: showings from before an answer are forgotten.
    #[must_use]
    pub fn with_showings<'a>(
        self,
        catalogue: &Catalogue,
        feedback: impl IntoIterator<Item = &'a Feedback>,
        showings: &[Showing],
    ) -> Self {
        let shown = Shown::from_showings(catalogue, &self.interactions, feedback, showings);
        Self { shown, ..self }
    }

    /// The profile with what the listener's friends play, which speaks where little is known of the
    /// listener.
    #[must_use]
    pub fn with_friends(self, friends: FriendPlays) -> Self {
        Self { friends, ..self }
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

/// Whether a play is one that the listener let go on.
fn is_heard(play: &Play) -> bool {
    !matches!(play.outcome, Outcome::Disliked { .. } | Outcome::Excluded)
}

/// The latest dated plays that were not skipped, oldest first.
fn recent(catalogue: &Catalogue, plays: &[Play]) -> Vec<(WorkIdx, Timestamp)> {
    let dated = |play: &Play| Some((catalogue.work(play.track), play.at?));
    let mut recent: Vec<_> = plays.iter().filter(|play| is_heard(play)).filter_map(dated).collect();
    if recent.len() > MOST_RECENT {
        recent.select_nth_unstable_by_key(MOST_RECENT - 1, |(work, at)| {
            (std::cmp::Reverse(*at), *work)
        });
        recent.truncate(MOST_RECENT);
    }
    recent.sort_by_key(|(work, at)| (*at, *work));
    recent
}

/// The rows of one work while they are being folded.
#[derive(Default)]
struct Folding {
    plays_by_version: FxHashMap<TrackIdx, u32>,
    plays: u32,
    finished: u32,
    skipped: u32,
    liked_weight: f32,
    disliked_weight: f32,
    last_played: Option<Timestamp>,
    /// When it was played and not skipped.
    heard_at: Vec<Timestamp>,
    stance: Stance,
    saved: bool,
    answered: bool,
}

impl Folding {
    fn add_play(&mut self, play: &Play) {
        let plays = match play.outcome {
            Outcome::Excluded => return,
            Outcome::Censored => 1,
            Outcome::Liked { weight, plays } => {
                self.finished += plays;
                self.liked_weight += weight;
                plays
            }
            Outcome::Disliked { weight } => {
                self.skipped += 1;
                self.disliked_weight += weight;
                1
            }
        };
        self.plays += plays;
        self.answered |= play.answered;
        *self.plays_by_version.entry(play.track).or_default() += plays;
        self.last_played = self.last_played.max(play.at);
        self.heard_at.extend(play.at.filter(|_| is_heard(play)));
    }

    fn add_feedback(&mut self, track: TrackIdx, said: &Feedback) {
        self.plays_by_version.entry(track).or_default();
        self.answered |= said.source == Source::Segue;
        match said.kind {
            FeedbackKind::Like => self.stance = Stance::Like,
            FeedbackKind::Dislike => self.stance = Stance::Dislike,
            FeedbackKind::Ban => self.stance = Stance::Ban,
            FeedbackKind::Saved => self.saved = true,
            FeedbackKind::Cleared => self.stance = Stance::None,
        }
    }

    fn finish(mut self, catalogue: &Catalogue, work: WorkIdx) -> Interaction {
        let known = |track: TrackIdx| !catalogue.track(track).features.is_silent();
        let most_played = |track: &TrackIdx| {
            let plays = self.plays_by_version.get(track).copied().unwrap_or(0);
            (known(*track), plays, std::cmp::Reverse(*track))
        };
        let versions = catalogue.versions(work);
        let track = versions.iter().copied().max_by_key(most_played).expect("a work has a version");
        let mut interaction = Interaction {
            track,
            work,
            plays: self.plays,
            finished: self.finished,
            skipped: self.skipped,
            liked_weight: self.liked_weight,
            disliked_weight: self.disliked_weight,
            last_played: self.last_played,
            stance: self.stance,
            saved: self.saved,
            answered: self.answered,
            memory: PlayMemory::of(&mut self.heard_at),
            label: None,
        };
        interaction.label = work_label(&interaction);
        interaction
    }
}

/// A profile of someone who said that they like these tracks and nothing else.
///
/// What a study or a test knows of a listener who only named favourites: no plays, no times. Give
/// one track a work; of one that comes twice the first stays.
pub fn liking(catalogue: &Catalogue, listener: ListenerId, tracks: &[TrackIdx]) -> Profile {
    let interactions = tracks.iter().map(|&track| {
        let mut interaction = Interaction {
            track,
            work: catalogue.work(track),
            plays: 0,
            finished: 0,
            skipped: 0,
            liked_weight: 0.0,
            disliked_weight: 0.0,
            last_played: None,
            stance: Stance::Like,
            saved: false,
            answered: false,
            memory: PlayMemory::default(),
            label: None,
        };
        interaction.label = work_label(&interaction);
        interaction
    });
    Profile::from_interactions(listener, interactions.collect())
}
