//! A listener's plays, reduced to what learning needs: a tenth of the memory of the rows in the
//! store, and cheap to cut at a moment.
//!
//! A [`Profile`] is what mixes read; it holds no single play. Whoever has to know what a profile
//! was at an earlier moment, such as training, which asks what a listener turned to next, keeps
//! these instead and folds them as of then.

use rustc_hash::FxHashSet;
use segue_core::{Feedback, FeedbackTarget, Listen, ListenerId, Source, StartReason, Timestamp};

use super::labels::{PlayOutcome, outcome};
use crate::{Catalogue, Profile, TrackIdx, WorkIdx};

/// One play as the [label policy](super::labels) reads it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Play {
    /// The version that was played: a row of the catalogue that the plays were read with.
    pub track: TrackIdx,
    /// When it began; `None` where the source gives no time.
    pub at: Option<Timestamp>,
    /// What it says about liking the track.
    pub outcome: PlayOutcome,
    /// Whether it answers Segue: a play that Segue began and the listener did not choose.
    pub answered: bool,
}

impl Play {
    /// Reads a row of the store, of a track that was found already, with its length if that is
    /// known: `listen` need not name it. `None` for what must teach nothing, a private session or a
    /// play that failed.
    pub fn read(track: TrackIdx, duration_ms: Option<u32>, listen: &Listen) -> Option<Self> {
        let outcome = outcome(listen, duration_ms);
        let answered = listen.source == Source::Segue && listen.start_reason != StartReason::Chosen;
        (outcome != PlayOutcome::Excluded).then(|| Self {
            track,
            at: listen.started_at(),
            outcome,
            answered,
        })
    }
}

/// All plays and feedback of one listener, in the order in which they were read, and who their
/// friends are.
///
/// # Examples
/// ```
/// use segue_core::{Listen, ListenerId, Source, Timestamp, Track, TrackId, WorkId};
/// use segue_engine::dataset::plays::Plays;
/// use segue_engine::{Catalogue, WorkIdx};
///
/// let track = |id: &str| Track::new(TrackId::new(id), WorkId::new(id), id);
/// let catalogue = Catalogue::from_tracks(vec![track("a"), track("b")]);
/// let ann = ListenerId::new("ann");
/// let play = |id: &str, second| {
///     let at = Timestamp::from_second(second).expect("a time in range");
///     Listen::new(ann.clone(), TrackId::new(id), at, Source::Segue)
/// };
/// let plays = Plays::read(&catalogue, ann.clone(), &[play("a", 100), play("b", 200)], &[]);
///
/// // What was known before the second play.
/// let earlier = plays.before(Timestamp::from_second(200)?).profile(&catalogue);
/// assert!(earlier.knows(WorkIdx(0)) && !earlier.knows(WorkIdx(1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Plays {
    /// Whose they are.
    pub listener: ListenerId,
    /// Plays of tracks in the catalogue, without those that must teach nothing.
    pub plays: Vec<Play>,
    /// What the listener stated; what carries no time right after what was stated before it.
    pub feedback: Vec<Feedback>,
    /// Whose plays the listener is to hear of. They need not be known.
    pub friends: Vec<ListenerId>,
}

impl Plays {
    /// Reads rows of the store. Tracks outside the catalogue are left out, and so are private
    /// sessions and plays that failed.
    pub fn read<'a>(
        catalogue: &Catalogue,
        listener: ListenerId,
        listens: impl IntoIterator<Item = &'a Listen>,
        feedback: impl IntoIterator<Item = &'a Feedback>,
    ) -> Self {
        let read = |listen: &'a Listen| {
            let track = catalogue.find(&listen.track)?;
            Play::read(track, catalogue.track(track).duration_ms(), listen)
        };
        let plays = listens.into_iter().filter_map(read).collect();
        let feedback = feedback.into_iter().cloned().collect();
        Self { listener, plays, feedback, friends: Vec::new() }
    }

    /// Plays of which nothing is known but what was heard and when, as in data of research: each
    /// counts as a scrobble does.
    pub fn heard(
        listener: ListenerId,
        heard: impl IntoIterator<Item = (TrackIdx, Option<Timestamp>)>,
    ) -> Self {
        let outcome = PlayOutcome::Liked { weight: 0.5, plays: 1 };
        let play = |(track, at)| Play { track, at, outcome, answered: false };
        let plays = heard.into_iter().map(play).collect();
        Self { listener, plays, feedback: Vec::new(), friends: Vec::new() }
    }

    /// What is known of the listener from all of these.
    pub fn profile(&self, catalogue: &Catalogue) -> Profile {
        Profile::from_plays(catalogue, self)
    }

    /// Only what came before a moment. What carries no time is kept.
    pub fn before(&self, moment: Timestamp) -> Self {
        let is_before = |at: Option<Timestamp>| at.is_none_or(|at| at < moment);
        Self {
            listener: self.listener.clone(),
            plays: self.plays.iter().filter(|play| is_before(play.at)).copied().collect(),
            feedback: self.feedback.iter().filter(|said| is_before(said.at)).cloned().collect(),
            friends: self.friends.clone(),
        }
    }

    /// Without anything about some works: what a listener would be known by if they had never met
    /// them.
    pub fn without(&self, catalogue: &Catalogue, works: &FxHashSet<WorkIdx>) -> Self {
        let is_kept = |track: TrackIdx| !works.contains(&catalogue.work(track));
        let is_kept_feedback = |said: &&Feedback| match &said.target {
            FeedbackTarget::Track(id) => catalogue.find(id).is_none_or(is_kept),
            FeedbackTarget::Artist(_) => true,
        };
        Self {
            listener: self.listener.clone(),
            plays: self.plays.iter().filter(|play| is_kept(play.track)).copied().collect(),
            feedback: self.feedback.iter().filter(is_kept_feedback).cloned().collect(),
            friends: self.friends.clone(),
        }
    }
}
