//! The short-list of a request: all of a mix but the draw.
//!
//! It is a function of the pool, the profile and the request without its seed, its moment
//! included. So a server that is asked the same again, by a page that is loaded anew or by a
//! listener who wants another mix, keeps the short-list and draws from it.

use segue_core::{SlateConfig, Timestamp, TrackId};

use super::pool::Truncated;
use super::{MOST_LATE, MixError, MixRequest, Mixer, Note, Pool, SourceCount};
use crate::UncertaintySource;
use crate::candidate::{Candidate, Class, Ranked, Sources};
use crate::mix::dial::Dial;
use crate::mix::filters::{Familiarity, LeftOut, filter};
use crate::mix::information_gain::InformationGain;
use crate::mix::quota::{Caps, Quota, Shape};
use crate::mix::ranking::{Terms, rank};
use crate::mix::reasons::Likes;
use crate::mix::shortlist::{Offer, shortlist};
use crate::policy::{Belief, spec};
use crate::retrieval::Named;
use crate::utility::trust;
use crate::{Catalogue, Interaction, MixContext, Profile, TrackIdx};

/// Bytes of an id or a name in a request.
const BYTES_OF_NAME: usize = 64;

/// What the policy may pick from for one request, with all that does not depend on chance.
///
/// [`Mixer::shortlist_from`] makes one and [`Mixer::draw_from`] a mix of it. It belongs to the pool
/// and the profile that it was made from, and goes when they do.
#[derive(Clone, Debug)]
pub struct Shortlist {
    /// What was asked, [without its seed](MixRequest::without_seed).
    pub(super) asked: MixRequest,
    pub(super) offers: Vec<Offer>,
    /// What may be picked, before the first pick.
    pub(super) quota: Quota,
    pub(super) belief: Belief,
    /// That of the slate, but for the seed.
    pub(super) config: SlateConfig,
    /// How many candidates there were before any filter.
    pub(super) candidates: usize,
    /// How many of them each source named; nothing of it is picked yet.
    pub(super) sources: Vec<SourceCount>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) notes: Vec<Note>,
}

impl Shortlist {
    /// Whether it is that of a request: for the same moment, and alike in all but the seed.
    pub fn serves(&self, request: &MixRequest) -> bool {
        // First what is cheap to tell: a request may name a whole library.
        self.asked.names() == request.names() && self.asked == request.without_seed()
    }

    /// Bytes of memory that it takes up, so that a server can bound what it keeps of all listeners.
    /// Ids that the request names count as if they were as long as is usual.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.asked.names() * BYTES_OF_NAME
            + self.asked.arrivals.capacity() * size_of::<TrackId>()
            + self.offers.capacity() * size_of::<Offer>()
            + self.quota.bytes()
            + self.belief.bytes()
            + self.sources.capacity() * size_of::<SourceCount>()
    }
}

impl Mixer<'_> {
    /// Makes the short-list of a request from candidates that were gathered before, without a
    /// prediction: filters, ranking, and the choice of what the policy may pick from. The seed of
    /// the request is not looked at.
    ///
    /// Arrivals of the request that a bounded pool has too few of are scored now, at most
    /// [`MOST_LATE`].
    ///
    /// # Errors
    /// As [`Self::mix_from`].
    pub fn shortlist_from(&self, pool: &Pool, request: &MixRequest) -> Result<Shortlist, MixError> {
        request.check()?;
        let request = request.without_seed();
        let truncated = pool.truncated();
        let is_truncated = truncated.familiar || truncated.new;
        let is_other = is_truncated && request.looks_elsewhere();
        if is_other || !pool.is_after(&request.after_rows(self.catalogue)) {
            return Err(MixError::Insufficient);
        }
        let mut candidates = pool.candidates().to_vec();
        if truncated.new {
            self.add_late(&request, &mut candidates)?;
        }
        let found = candidates.len();
        let context = request.filters(self.catalogue, self.profile);
        let sources = count_sources(&candidates);
        let left_out = filter(&context, &mut candidates, |candidate| candidate.track);
        if candidates.is_empty() {
            return Err(match is_truncated {
                true => MixError::Insufficient,
                false => MixError::NothingEligible { candidates: found, left_out },
            });
        }
        // What follows some tracks is another question than what is played again anyway.
        if request.after.is_empty() {
            self.add_again(&mut candidates, request.now);
        }
        let counts = (found, sources, left_out);
        self.cut_shortlist(&candidates, pool, counts, request)
    }

    /// Adds to the relevance of what the listener knows how likely it is played again now.
    fn add_again(&self, candidates: &mut [Candidate], now: Timestamp) {
        let Some(ranker) = self.scorer.ranker() else { return };
        let is_known =
            |candidate: &&mut Candidate| self.profile.knows(self.catalogue.work(candidate.track));
        let known: Vec<&mut Candidate> = candidates.iter_mut().filter(is_known).collect();
        let tracks: Vec<TrackIdx> = known.iter().map(|candidate| candidate.track).collect();
        let again = ranker.again(self.profile, now, &tracks);
        for (candidate, again) in known.into_iter().zip(again) {
            if let Some(relevance) = &mut candidate.relevance {
                relevance.score += again;
            }
        }
    }

    /// Scores arrivals that a pool does not hold, where it has fewer than a short-list has room
    /// for.
    fn add_late(
        &self,
        request: &MixRequest,
        candidates: &mut Vec<Candidate>,
    ) -> Result<(), MixError> {
        let mut late = request.arrival_rows(self.catalogue);
        late.sort_unstable();
        late.dedup();
        let asked = late.len();
        late.retain(|track| {
            candidates.binary_search_by_key(track, |candidate| candidate.track).is_err()
        });
        if asked - late.len() >= (request.length as usize).min(MOST_LATE) {
            return Ok(());
        }
        late.sort_by(|&a, &b| self.index.popularity.order(a, b));
        late.truncate(MOST_LATE);
        let named = |&track: &TrackIdx| Named { track, sources: Sources::ARRIVALS };
        let named: Vec<Named> = late.iter().map(named).collect();
        if named.is_empty() {
            return Ok(());
        }
        let after = request.after_rows(self.catalogue);
        let reading = self.read(MixContext { now: request.now, after: &after });
        candidates.extend(self.scored(&named, reading.as_deref())?);
        candidates.sort_unstable_by_key(|candidate| candidate.track);
        Ok(())
    }

    /// From candidates that passed the filters to the short-list. `counts` are the candidates
    /// before the filters, those of each source, and what the filters left out.
    fn cut_shortlist(
        &self,
        candidates: &[Candidate],
        pool: &Pool,
        counts: (usize, Vec<SourceCount>, Vec<LeftOut>),
        request: MixRequest,
    ) -> Result<Shortlist, MixError> {
        let Self { catalogue, index, profile, scorer } = *self;
        let beside = request.beside_rows(catalogue);
        let dial = Dial::new(request.explore, request.length + beside.len() as u32);
        let terms = self.terms(&dial, pool.likes(), &request);
        let ranking = rank(catalogue, index, profile, candidates, &terms);
        let caps = Caps { artist: request.artist_cap, album: request.album_cap };
        let classes = beside.iter().map(|&track| terms.class(catalogue, profile, track));
        let slots = slots(&dial, &request, classes);
        let shape = Shape { caps, beside: &beside, ..slots };
        let gain = |pool: &[Ranked]| InformationGain::new(scorer, profile, pool);
        let (offers, settled) = shortlist(catalogue, &index.sound, &ranking, shape, gain);

        let tracks = offers.iter().map(|offer| (offer.ranked.track, offer.ranked.class));
        let quota = Quota::new(catalogue, tracks, settled);
        if is_insufficient(pool.truncated(), &request, shape.new_slots, quota.left()) {
            return Err(MixError::Insufficient);
        }
        let belief = self.belief(&offers, &request)?;
        let config = config(scorer.version(), &request, &dial, quota.left());
        let config = SlateConfig { beside: ids(catalogue, &beside), ..config };
        let mut notes = share_notes(catalogue, profile, &request, shape.new_slots, quota.left());
        let not_finite = ranking.iter().filter(|ranked| !ranked.is_finite).count();
        if not_finite > 0 {
            notes.push(Note::NotFinite { count: not_finite });
        }
        let (candidates, sources, left_out) = counts;
        let asked = request;
        Ok(Shortlist { asked, offers, quota, belief, config, candidates, sources, left_out, notes })
    }

    /// What candidates are ranked by for a request.
    fn terms<'a>(&self, dial: &Dial, likes: &'a Likes, request: &MixRequest) -> Terms<'a> {
        // A policy that explores by the belief gets scores without a bonus for uncertainty: it
        // would count twice.
        let bonus = match request.policy.uncertainty_source() {
            UncertaintySource::None => dial.uncertainty_weight,
            _ => 0.0,
        };
        let arrivals = request.arrival_rows(self.catalogue).into_iter().collect();
        Terms { trust: trust(self.profile), bonus, arrivals, likes, now: request.now }
    }

    /// What the policy goes by: the scores of the short-list and, where it explores by them, the
    /// uncertainties of the scores on the same scale.
    fn belief(&self, offers: &[Offer], request: &MixRequest) -> Result<Belief, MixError> {
        let scores: Vec<f32> = offers.iter().map(|offer| offer.score).collect();
        let source = request.policy.uncertainty_source();
        if source == UncertaintySource::None {
            return Ok(Belief::certain(scores));
        }
        let mut factors = self.factors(offers, request, source);
        if factors.is_empty() || !factors.len().is_multiple_of(offers.len()) {
            return Err(MixError::NoUncertainty {
                policy: request.policy.name(),
                model: self.scorer.version().to_owned(),
            });
        }
        let width = factors.len() / offers.len();
        for (factors, offer) in factors.chunks_exact_mut(width).zip(offers) {
            let scale = |factor: f32| if factor.is_finite() { factor * offer.slope } else { 0.0 };
            factors.iter_mut().for_each(|factor| *factor = scale(*factor));
        }
        Ok(Belief::new(scores, factors))
    }

    /// How the utilities of a short-list may be wrong together.
    fn factors(
        &self,
        offers: &[Offer],
        request: &MixRequest,
        source: UncertaintySource,
    ) -> Vec<f32> {
        let Self { catalogue, profile, scorer, .. } = *self;
        if let Some(ranker) = scorer.ranker() {
            let after = request.after_rows(catalogue);
            let context = MixContext { now: request.now, after: &after };
            let scored = |offer: &Offer| (offer.ranked.track, offer.ranked.likability);
            let tracks: Vec<_> = offers.iter().map(scored).collect();
            return ranker.factors(profile, context, &tracks, source);
        }
        let tracks: Vec<TrackIdx> = offers.iter().map(|offer| offer.ranked.track).collect();
        let trust = trust(profile);
        let mut factors = scorer.factors(profile, &tracks, source);
        factors.iter_mut().for_each(|factor| *factor *= trust);
        factors
    }
}

/// What decides a slate, but for the seed and what stays beside it.
fn config(
    model: &str,
    request: &MixRequest,
    dial: &Dial,
    slots: [u32; Class::COUNT],
) -> SlateConfig {
    let [_, _, new_artist_slots, arrival_slots] = slots;
    let [_, new_slots] = familiar_and_new(slots);
    let tuning = dial.tuning();
    let policy = request.policy.build(&tuning);
    SlateConfig {
        policy: spec(policy.as_ref(), tuning),
        model: model.to_owned(),
        seed: request.seed,
        explore: request.explore,
        new_slots,
        new_artist_slots,
        arrival_slots,
        artist_cap: request.artist_cap,
        album_cap: request.album_cap,
        beside: Vec::new(),
    }
}

/// How many picks are to be of what the listener knows, and how many new.
fn familiar_and_new(slots: [u32; Class::COUNT]) -> [u32; 2] {
    let [familiar, tracks, artists, arrivals] = slots;
    [familiar, tracks + artists + arrivals]
}

/// What the dial leaves to a mix, given the classes of the tracks that stay beside it: what it asks
/// for all of them together, less what they have of it. Caps and tracks are the caller's.
fn slots(dial: &Dial, request: &MixRequest, beside: impl Iterator<Item = Class>) -> Shape<'static> {
    let arrival_slots = arrival_slots(dial, request);
    let dial = match request.familiarity {
        // All of it is new, whatever the dial says.
        Familiarity::New => Dial { new_slots: request.length, ..*dial },
        _ => *dial,
    };
    let dial = dial.besides(request.explore, arrival_slots);
    let mut there = [0; Class::COUNT];
    beside.for_each(|class| there[class as usize] += 1);
    let [_, tracks, artists, arrivals] = there;
    let left = |asked: u32, there: u32| asked.saturating_sub(there).min(request.length);
    Shape {
        length: request.length,
        new_slots: left(dial.new_slots, tracks + artists + arrivals),
        new_artist_slots: left(dial.new_artist_slots, artists),
        arrival_slots: left(arrival_slots, arrivals),
        caps: Caps { artist: u32::MAX, album: u32::MAX },
        beside: &[],
    }
}

fn ids(catalogue: &Catalogue, tracks: &[TrackIdx]) -> Vec<TrackId> {
    tracks.iter().map(|&track| catalogue.track(track).id.clone()).collect()
}

/// How many of the new tracks are to be arrivals, where there are any.
fn arrival_slots(dial: &Dial, request: &MixRequest) -> u32 {
    if request.arrivals.is_empty() {
        return 0;
    }
    (request.arrival_share * dial.new_slots as f32).round() as u32
}

/// How many candidates each source named, in the order of [`Sources::NAMED`].
fn count_sources(candidates: &[Candidate]) -> Vec<SourceCount> {
    let count = |(source, name)| {
        let named = candidates.iter().filter(|candidate| candidate.sources.contains(source));
        SourceCount { source: name, candidates: named.count(), picks: 0 }
    };
    Sources::NAMED.into_iter().map(count).collect()
}

/// Whether a slate has fewer tracks of a kind than asked for, of which the catalogue has more than
/// the pool and filters would let them pass.
fn is_insufficient(
    truncated: Truncated,
    request: &MixRequest,
    asked_new: u32,
    slots: [u32; Class::COUNT],
) -> bool {
    let [familiar, new] = familiar_and_new(slots);
    let is_short = new + familiar < request.length;
    let may_be_familiar = request.familiarity != Familiarity::New;
    let may_be_new = matches!(request.familiarity, Familiarity::Any | Familiarity::New);
    truncated.familiar && may_be_familiar && (is_short || familiar < request.length - asked_new)
        || truncated.new && may_be_new && (is_short || new < asked_new)
}

/// What is not as asked in length and share of new tracks. That all tracks are new to a new
/// listener, or to one who asked for new tracks only, goes without saying.
fn share_notes(
    catalogue: &Catalogue,
    profile: &Profile,
    request: &MixRequest,
    asked_new: u32,
    slots: [u32; Class::COUNT],
) -> Vec<Note> {
    let [familiar_slots, new_slots] = familiar_and_new(slots);
    let is_new_listener = !profile.interactions.iter().any(Interaction::is_known);
    let mut notes = Vec::new();
    if is_new_listener {
        notes.push(match profile.friends.works().is_empty() {
            true => Note::NewListener,
            false => Note::NewListenerWithFriends,
        });
    }
    let from = request.new_from;
    let unknown = profile.unknown_works(catalogue);
    let is_all_there_is = !is_new_listener && new_slots < asked_new && unknown < asked_new as usize;
    let few = Note::FewNew { asked: asked_new, found: new_slots, unknown, from };
    if is_all_there_is && request.familiarity == Familiarity::New {
        notes.push(few);
    } else if new_slots + familiar_slots < request.length {
        notes.push(Note::Shorter { asked: request.length, found: new_slots + familiar_slots });
    }
    if new_slots != asked_new && !is_new_listener && request.familiarity == Familiarity::Any {
        notes.push(match is_all_there_is {
            true if unknown == 0 => Note::NothingNew { from },
            true => few,
            false => Note::OtherShare { asked: asked_new, found: new_slots },
        });
    }
    notes
}
