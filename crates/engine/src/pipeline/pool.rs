//! What is kept of a listener between two requests: the candidates with their likabilities, so that
//! a mix costs no prediction.
//!
//! ```text
//! retrieve: sources ─► scorer ─► Pool               milliseconds, once per listener and model
//! mix_from: Pool ─► filters ─► ranking ─► … ─► slate     a fraction of one, for every request
//! ```
//!
//! A pool within bounds holds the works that the listener knows and the best of what is new. It can
//! hold too little for what a request filters by; mixing from it says so instead of giving less
//! ([`MixError::Insufficient`]), and [`Mixer::mix_wider`](super::Mixer::mix_wider) looks further.
//!
//! Stance, plays and bans are read from the profile at every request and never from the pool: what
//! a listener says counts at once. Likabilities are those of the retrieval until
//! [`Pool::rescored`].

use rustc_hash::FxHashSet;
use segue_core::Timestamp;

use super::{MixError, Mixer};
use crate::candidate::{Candidate, Sources};
use crate::mix::reasons::Likes;
use crate::ranker::{Nomination, Reading};
use crate::retrieval::{
    ASKED_OF_KNOWN, Bounds, Breadth, NOMINATED, Named, all_of, best, cut, known, within_bounds,
};
use crate::{Catalogue, Likability, MixContext, TrackIdx, WorkIdx, WrongCount, predict};

/// Candidates for one listener, scored by one model, in row order: what a server keeps between two
/// requests. [`Mixer::retrieve`] makes one, [`Mixer::mix_from`] mixes from it.
///
/// # Examples
/// ```
/// use segue_core::{ListenerId, Timestamp, Track, TrackId, WorkId};
/// use segue_engine::pipeline::{Breadth, MixRequest, Mixer};
/// use segue_engine::{Catalogue, Index, Likability, MixContext, Profile, Scorer, TrackIdx};
///
/// struct Even;
///
/// impl Scorer for Even {
///     fn version(&self) -> &str {
///         "even-1"
///     }
///
///     fn score(&self, _: &Profile, tracks: &[TrackIdx]) -> Vec<Likability> {
///         vec![Likability { mean: 0.5, uncertainty: 0.1 }; tracks.len()]
///     }
/// }
///
/// let track = |id| Track::new(TrackId::new(id), WorkId::new(id), id);
/// let catalogue = Catalogue::from_tracks(["a", "b", "c", "d"].map(track).to_vec());
/// let profile = Profile::empty(ListenerId::new("ann"));
/// let index = Index::build(&catalogue, [&profile]);
/// let mixer = Mixer { catalogue: &catalogue, index: &index, profile: &profile, scorer: &Even };
///
/// // Once per listener and model: the only step that asks the model about candidates.
/// let now = MixContext::at(Timestamp::UNIX_EPOCH);
/// let pool = mixer.retrieve(Breadth::Exact, &[], now)?;
/// assert_eq!((pool.candidates().len(), pool.model()), (4, "even-1"));
///
/// // For every request: another mix from the same pool, which leaves out the last one.
/// let request = MixRequest { length: 2, ..MixRequest::new(Timestamp::UNIX_EPOCH) };
/// let first = mixer.mix_from(&pool, &request)?;
/// let exclude_tracks = first.slate.picks.iter().map(|pick| pick.track.clone()).collect();
/// let next = MixRequest { exclude_tracks, ..request };
/// let second = mixer.mix_from(&pool, &next)?;
/// assert!(second.slate.picks.iter().all(|pick| !next.exclude_tracks.contains(&pick.track)));
/// # Ok::<(), segue_engine::pipeline::MixError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    model: String,
    candidates: Vec<Candidate>,
    likes: Likes,
    truncated: Truncated,
    /// What its candidates go on from.
    after: Vec<TrackIdx>,
}

/// Of which tracks there are more in the catalogue than the pool had room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Truncated {
    /// Works that the listener knows.
    pub(super) familiar: bool,
    /// Tracks new to the listener.
    pub(super) new: bool,
}

impl Mixer<'_> {
    /// Gathers and scores candidates for a moment. `arrivals` are tracks that came to the catalogue
    /// after the model was trained; a pool within bounds keeps the best of them beside the rest,
    /// other pools hold them anyway if they are among their tracks.
    ///
    /// # Errors
    /// [`MixError::EmptyCatalogue`], or [`MixError::Predictions`] if the scorer gives another
    /// number of predictions than it was asked for.
    pub fn retrieve(
        &self,
        breadth: Breadth<'_>,
        arrivals: &[TrackIdx],
        context: MixContext<'_>,
    ) -> Result<Pool, MixError> {
        let Self { catalogue, index, profile, scorer } = *self;
        if catalogue.is_empty() {
            return Err(MixError::EmptyCatalogue);
        }
        let reading = self.read(context);
        let reading = reading.as_deref();
        let (candidates, truncated) = match breadth {
            Breadth::Exact => {
                (self.scored(&all_of(catalogue.rows()), reading)?, Truncated::default())
            }
            Breadth::Tracks(tracks) => {
                let promising = self.promising(all_of(tracks.iter().copied()), reading);
                (self.scored(&promising, reading)?, Truncated::default())
            }
            Breadth::Bounded(bounds) => {
                let known = known(profile).len();
                let named = self.named(bounds, arrivals, context, reading);
                let asked = self.scored(&named, reading)?;
                let kept = cut(catalogue, index, profile, asked, bounds);
                let new = kept.len() - known.min(bounds.familiar);
                let truncated = Truncated {
                    familiar: known > bounds.familiar,
                    new: new + known < catalogue.work_count(),
                };
                (kept, truncated)
            }
        };
        Ok(Pool {
            model: scorer.version().to_owned(),
            candidates,
            likes: Likes::from_profile(catalogue, index, profile),
            truncated,
            after: context.after.to_vec(),
        })
    }

    /// What the models behind the scorer say of the catalogue, if there are any.
    pub(super) fn read(&self, context: MixContext<'_>) -> Option<Box<dyn Reading + '_>> {
        Some(self.scorer.ranker()?.read(self.profile, context))
    }

    /// The tracks that the scorer is asked about, in row order.
    fn named(
        &self,
        bounds: Bounds,
        arrivals: &[TrackIdx],
        context: MixContext<'_>,
        reading: Option<&dyn Reading>,
    ) -> Vec<Named> {
        let Self { catalogue, index, profile, .. } = *self;
        let of_arrival = |&track: &TrackIdx| Nomination { track, sources: Sources::ARRIVALS };
        let mut nominated: Vec<Nomination> = arrivals.iter().map(of_arrival).collect();
        if let Some(reading) = reading {
            nominated.extend(reading.nominations((bounds.asked as f32 * NOMINATED) as usize));
        }
        let mut named = within_bounds(catalogue, index, profile, bounds, &nominated);
        let known = self.known_to_ask(bounds, context, reading);
        named.extend(known.into_iter().map(|track| Named { track, sources: Sources::HISTORY }));
        named.sort_unstable_by_key(|named| named.track);
        named
    }

    /// The works that the listener knows and the scorer is asked about: the likeliest to be played
    /// again, or without a ranker those that say most of the listener.
    fn known_to_ask(
        &self,
        bounds: Bounds,
        context: MixContext<'_>,
        reading: Option<&dyn Reading>,
    ) -> Vec<TrackIdx> {
        let mut known = known(self.profile);
        let Some((ranker, reading)) = self.scorer.ranker().zip(reading) else {
            known.truncate(ASKED_OF_KNOWN * bounds.familiar);
            return known;
        };
        let again = ranker.again(self.profile, context.now, &known);
        let score = |(track, again): (TrackIdx, f32)| {
            (reading.relevance(track, UNASKED).score + again, track)
        };
        let mut ranked: Vec<(f32, TrackIdx)> = known.into_iter().zip(again).map(score).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        ranked.truncate(bounds.familiar);
        ranked.into_iter().map(|(_, track)| track).collect()
    }

    /// Of more tracks than the scorer is to be asked about ([`Bounds::USUAL`] where models rank,
    /// else [`Bounds::WIDE`]), those that models rank first, or without models the most popular:
    /// half of them what the listener knows, as far as there is so much.
    fn promising(&self, tracks: Vec<Named>, reading: Option<&dyn Reading>) -> Vec<Named> {
        let most = match reading {
            Some(_) => Bounds::USUAL.asked,
            None => Bounds::WIDE.asked,
        };
        if tracks.len() <= most {
            return tracks;
        }
        let value = |named: &Named| match reading {
            Some(reading) => reading.relevance(named.track, UNASKED).score,
            None => self.index.popularity.value(named.track),
        };
        let is_known = |named: &Named| self.profile.knows(self.catalogue.work(named.track));
        let (known, new): (Vec<Named>, Vec<Named>) = tracks.into_iter().partition(is_known);
        let mut kept = best(known, most / 2, [value]);
        kept.extend(best(new, most - kept.len(), [value]));
        kept.sort_unstable_by_key(|named| named.track);
        kept
    }

    /// What the scorer and the models say of tracks that sources named.
    pub(super) fn scored(
        &self,
        named: &[Named],
        reading: Option<&dyn Reading>,
    ) -> Result<Vec<Candidate>, WrongCount> {
        let tracks: Vec<TrackIdx> = named.iter().map(|named| named.track).collect();
        let predictions = predict(self.profile, self.scorer, &tracks)?;
        let join = |(&Named { track, sources }, likability): (&Named, Likability)| Candidate {
            track,
            sources,
            likability,
            relevance: reading.map(|reading| reading.relevance(track, likability)),
        };
        Ok(named.iter().zip(predictions).map(join).collect())
    }
}

/// The likability of a track that the scorer was not asked about.
const UNASKED: Likability = Likability { mean: 0.5, uncertainty: 0.0 };

impl Pool {
    /// The same candidates, scored again for what the profile holds at a moment: after feedback, or
    /// by another model. Costs one prediction per candidate and no search.
    ///
    /// `met` are the tracks of works that the listener has come to know since, each in the version
    /// that they know: they are candidates as of now, whatever the pool held of them.
    ///
    /// # Errors
    /// [`MixError::Predictions`] if the scorer gives another number of predictions than it was
    /// asked for.
    pub fn rescored(
        &self,
        mixer: &Mixer<'_>,
        met: &[TrackIdx],
        now: Timestamp,
    ) -> Result<Self, MixError> {
        let named = self.named_with(mixer.catalogue, met);
        let reading = mixer.read(MixContext { now, after: &self.after });
        Ok(Self {
            model: mixer.scorer.version().to_owned(),
            candidates: mixer.scored(&named, reading.as_deref())?,
            likes: Likes::from_profile(mixer.catalogue, mixer.index, mixer.profile),
            truncated: self.truncated,
            after: self.after.clone(),
        })
    }

    /// The candidates and works that were met, in row order.
    fn named_with(&self, catalogue: &Catalogue, met: &[TrackIdx]) -> Vec<Named> {
        let works: FxHashSet<WorkIdx> = met.iter().map(|&track| catalogue.work(track)).collect();
        let stays = |candidate: &&Candidate| !works.contains(&catalogue.work(candidate.track));
        let named =
            |candidate: &Candidate| Named { track: candidate.track, sources: candidate.sources };
        let mut all: Vec<Named> = self.candidates.iter().filter(stays).map(named).collect();
        all.extend(met.iter().map(|&track| Named { track, sources: Sources::HISTORY }));
        all.sort_unstable_by_key(|named| named.track);
        all
    }

    /// Version of the model that scored it. A server that serves another version by now has the
    /// pool [rescored](Self::rescored).
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The candidates in row order, each track once, with the likabilities of the last scoring.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// What the listener likes, summed up when the pool was made or rescored; reasons are given by
    /// it.
    pub fn likes(&self) -> &Likes {
        &self.likes
    }

    /// Bytes of memory that it takes up, so that a server can bound what it keeps of all listeners.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.model.len()
            + self.candidates.capacity() * size_of::<Candidate>()
            + self.likes.bytes()
    }

    /// Whether its candidates were gathered to go on from these tracks.
    pub(super) fn is_after(&self, tracks: &[TrackIdx]) -> bool {
        self.after == tracks
    }

    pub(super) fn truncated(&self) -> Truncated {
        self.truncated
    }

    /// As if the catalogue held nothing else: there is no wider pool to go on to.
    pub(super) fn final_one(self) -> Self {
        Self { truncated: Truncated::default(), ..self }
    }
}
