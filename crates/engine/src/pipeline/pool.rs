//! What a server keeps of a listener between two requests: the candidates with their likabilities,
//! so that a mix costs no prediction.
//!
//! ```text
//! survey: retrieval ─► likabilities ─► Pool          milliseconds, once per listener and model
//! mix_from: Pool ─► filters ─► ranking ─► … ─► slate     a fraction of one, for every request
//! ```
//!
//! A *whole* pool holds every candidate that a [mix](super::mix) looks at, and gives the same
//! slates. A *bounded* one holds the works that the listener knows and the best of what is new, as
//! far as [`Bounds`] go. It can fall short of what filters ask for; [`mix_from`](super::mix_from)
//! says so instead of giving less ([`MixError::Starved`]).
//!
//! Stance, plays and bans are read from the profile at every request and never from the pool: what
//! a listener says counts at once. Likabilities are those of the survey until [`Pool::rescored`].

use crate::mix::ranking::{WrongCount, predict};
use crate::mix::reasons::Likes;
use crate::retrieval::bounded::{self, Found};
use crate::retrieval::{Candidate, EXACT_LIMIT, Index, Sources, retrieve};
use crate::{Catalogue, Likability, Profile, Scorer, TrackIdx};

use super::MixError;

/// How much of the catalogue a survey looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth<'a> {
    /// All that a mix looks at.
    Whole,
    /// These tracks, for a request that names what to choose from.
    Tracks(&'a [TrackIdx]),
    /// What the sources name first, cut to the best.
    Bounded(Bounds),
}

/// How large a bounded pool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Works that the listener knows, at most.
    pub familiar: usize,
    /// Tracks new to the listener, at most, those lately come to the catalogue apart.
    pub new: usize,
    /// Tracks new to the listener that the model is asked about, at least `new`.
    pub asked: usize,
    /// Tracks that came to the catalogue lately, at most.
    pub arrivals: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { familiar: 500, new: 600, asked: 2_000, arrivals: 60 }
    }
}

/// A candidate with what the model says of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surveyed {
    /// The track.
    pub track: TrackIdx,
    /// Who named it.
    pub sources: Sources,
    /// What the model says, which may be no number.
    pub likability: Likability,
}

/// Candidates for one listener, scored by one model, in row order.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    model: String,
    surveyed: Vec<Surveyed>,
    likes: Likes,
    /// Whether works that the listener knows were left out for want of room, or tracks that are
    /// new.
    lacks: Lacks,
}

/// What was left out of a pool for want of room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lacks {
    pub(super) familiar: bool,
    pub(super) new: bool,
}

/// Retrieves and scores candidates for a listener. `arrivals` are tracks that came to the catalogue
/// lately; a bounded pool keeps the best of them beside the rest.
///
/// # Errors
/// An empty catalogue, or a wrong number of predictions.
pub fn survey(
    catalogue: &Catalogue,
    index: &Index,
    profile: &Profile,
    scorer: &dyn Scorer,
    (breadth, arrivals): (Breadth<'_>, &[TrackIdx]),
) -> Result<Pool, MixError> {
    if catalogue.is_empty() {
        return Err(MixError::EmptyCatalogue);
    }
    let likes = Likes::from_profile(catalogue, index, profile);
    let (surveyed, lacks) = match breadth {
        Breadth::Whole => {
            let candidates = retrieve(catalogue, index, profile, EXACT_LIMIT);
            (surveyed(profile, scorer, &candidates)?, Lacks::default())
        }
        Breadth::Tracks(tracks) => {
            let mut tracks = tracks.to_vec();
            tracks.sort_unstable();
            tracks.dedup();
            let named = |track| Candidate { track, sources: Sources::EXACT };
            let candidates: Vec<Candidate> = tracks.into_iter().map(named).collect();
            (surveyed(profile, scorer, &candidates)?, Lacks::default())
        }
        Breadth::Bounded(bounds) => {
            let Found { candidates, known } =
                bounded::find(catalogue, index, profile, bounds, arrivals);
            let asked = surveyed(profile, scorer, &candidates)?;
            let kept = bounded::cut(catalogue, index, profile, (asked, arrivals), bounds);
            let new = kept.len() - known.min(bounds.familiar);
            let lacks = Lacks {
                familiar: known > bounds.familiar,
                new: new + known < catalogue.work_count(),
            };
            (kept, lacks)
        }
    };
    Ok(Pool { model: scorer.version().to_owned(), surveyed, likes, lacks })
}

pub(super) fn surveyed(
    profile: &Profile,
    scorer: &dyn Scorer,
    candidates: &[Candidate],
) -> Result<Vec<Surveyed>, WrongCount> {
    let tracks: Vec<TrackIdx> = candidates.iter().map(|candidate| candidate.track).collect();
    let predictions = predict(profile, scorer, &tracks)?;
    let join = |(candidate, likability): (&Candidate, Likability)| Surveyed {
        track: candidate.track,
        sources: candidate.sources,
        likability,
    };
    Ok(candidates.iter().zip(predictions).map(join).collect())
}

impl Pool {
    /// The same candidates, scored again for what the profile now holds: after an answer, or by
    /// another model.
    ///
    /// # Errors
    /// A wrong number of predictions.
    pub fn rescored(
        &self,
        catalogue: &Catalogue,
        index: &Index,
        profile: &Profile,
        scorer: &dyn Scorer,
    ) -> Result<Self, MixError> {
        let tracks: Vec<TrackIdx> = self.surveyed.iter().map(|surveyed| surveyed.track).collect();
        let predictions = predict(profile, scorer, &tracks)?;
        let again =
            |(surveyed, likability): (&Surveyed, Likability)| Surveyed { likability, ..*surveyed };
        Ok(Self {
            model: scorer.version().to_owned(),
            surveyed: self.surveyed.iter().zip(predictions).map(again).collect(),
            likes: Likes::from_profile(catalogue, index, profile),
            lacks: self.lacks,
        })
    }

    /// Version of the model that scored it.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The candidates in row order.
    pub fn surveyed(&self) -> &[Surveyed] {
        &self.surveyed
    }

    /// What the listener likes, summed up when the pool was made.
    pub fn likes(&self) -> &Likes {
        &self.likes
    }

    /// Bytes that it takes up.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.model.len()
            + self.surveyed.capacity() * size_of::<Surveyed>()
            + self.likes.bytes()
    }

    pub(super) fn lacks(&self) -> Lacks {
        self.lacks
    }
}
