//! A mix, from request to slate: retrieval, filters, ranking, short-list, policy, arrangement,
//! reasons.
//!
//! Serving, simulation and evaluation all run this one way. It depends on nothing but its
//! arguments: same inputs and seed, same slate, on one thread or many. [`mix`] goes all of it; a
//! server, which has many requests of one listener, keeps what the first half gives in a [`Pool`]
//! and runs the second half alone ([`mix_from`]).

mod pool;
mod request;

use std::cmp::Reverse;

use segue_core::{Pick, Shortlisted, Slate, SlateConfig, Timestamp, TrackId};

pub use pool::{Bounds, Breadth, Pool, Surveyed, survey};
pub use request::{LONGEST_MIX, MixError, MixRequest, Note};

use crate::mix::arrange::{ArrangedTrack, arrange};
use crate::mix::dial::Dial;
use crate::mix::filters::{Familiarity, FilterContext, LeftOut, filter};
use crate::mix::probe::Probe;
use crate::mix::quota::{Caps, Class, Quota, Shape};
use crate::mix::ranking::{Scored, Terms, rank, trust};
use crate::mix::reasons::{Likes, Reasons};
use crate::mix::shortlist::{Offer, shortlist};
use crate::policy::draw::{Drawn, draw, generator};
use crate::policy::{Belief, PolicyKind, PolicySettings, UncertaintySource, label};
use crate::retrieval::{Candidate, EXACT_LIMIT, Index, Sources, retrieve};
use crate::{Catalogue, Interaction, Profile, Scorer, TrackIdx};

use pool::{Lacks, surveyed};

/// At most this many arrivals that a pool does not hold are scored for a request.
pub const MOST_LATE: usize = 60;
const SECONDS_PER_DAY: i64 = 86_400;

/// A mix and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct MixOutcome {
    /// The mix.
    pub slate: Slate,
    /// How many candidates retrieval gave.
    pub candidates: usize,
    /// How many of them each filter left out; the rest were scored.
    pub left_out: Vec<LeftOut>,
    /// What is not as asked.
    pub notes: Vec<Note>,
}

impl MixOutcome {
    /// How much of the mix is new, such as "11 of 30 new to you".
    pub fn headline(&self) -> String {
        format!("{} of {} new to you", self.slate.new_count(), self.slate.picks.len())
    }
}

/// Makes a mix.
///
/// `index` must have been built from this catalogue.
///
/// # Errors
/// A request out of range, an empty catalogue or filters that leave nothing are the caller's to
/// mend; a wrong number of predictions is the model's fault.
pub fn mix(
    catalogue: &Catalogue,
    index: &Index,
    profile: &Profile,
    scorer: &dyn Scorer,
    request: &MixRequest,
) -> Result<MixOutcome, MixError> {
    request.check()?;
    if catalogue.is_empty() {
        return Err(MixError::EmptyCatalogue);
    }
    let mut candidates = retrieve(catalogue, index, profile, EXACT_LIMIT);
    let found = candidates.len();
    let context = filter_context(catalogue, profile, request);
    let left_out = filter(&context, &mut candidates, |candidate| candidate.track);
    // Filters come before predictions here, because a look at the profile costs less.
    let surveyed = surveyed(profile, scorer, &candidates)?;
    let likes = Likes::from_profile(catalogue, index, profile);
    Mixing { catalogue, index, profile, scorer, likes: &likes, request }
        .mix(&surveyed, found, left_out)
}

/// Makes a mix from a pool that was surveyed before, without a prediction: the same mix as [`mix`]
/// makes, if the pool is whole and of this profile and model.
///
/// Arrivals of the request that a bounded pool has too few of are scored now, at most
/// [`MOST_LATE`].
///
/// # Errors
/// As [`mix`]; [`MixError::Starved`] if a bounded pool has too little for the request where the
/// catalogue may have more.
pub fn mix_from(
    catalogue: &Catalogue,
    index: &Index,
    profile: &Profile,
    scorer: &dyn Scorer,
    (pool, request): (&Pool, &MixRequest),
) -> Result<MixOutcome, MixError> {
    request.check()?;
    let lacks = pool.lacks();
    if request.within.is_some() && (lacks.familiar || lacks.new) {
        return Err(MixError::Starved);
    }
    let mut surveyed = pool.surveyed().to_vec();
    if lacks.new {
        add_late(catalogue, index, profile, scorer, (request, &mut surveyed))?;
    }
    let found = surveyed.len();
    let context = filter_context(catalogue, profile, request);
    let left_out = filter(&context, &mut surveyed, |surveyed| surveyed.track);
    let likes = pool.likes();
    let mixing = Mixing { catalogue, index, profile, scorer, likes, request };
    let outcome = mixing.mix(&surveyed, found, left_out);
    match outcome {
        Ok(outcome) if is_starved(lacks, request, &outcome.slate) => Err(MixError::Starved),
        Err(MixError::NothingEligible { .. }) if lacks.familiar || lacks.new => {
            Err(MixError::Starved)
        }
        outcome => outcome,
    }
}

/// Whether a slate has fewer tracks of a kind than asked for, of which the pool lacks some that
/// filters would let pass.
fn is_starved(lacks: Lacks, request: &MixRequest, slate: &Slate) -> bool {
    let asked_new = Dial::new(request.explore, request.length).new_slots;
    let new = slate.new_count() as u32;
    let familiar = slate.picks.len() as u32 - new;
    let is_short = new + familiar < request.length;
    let may_be_familiar = request.familiarity != Familiarity::New;
    let may_be_new = matches!(request.familiarity, Familiarity::Any | Familiarity::New);
    lacks.familiar && may_be_familiar && (is_short || familiar < request.length - asked_new)
        || lacks.new && may_be_new && (is_short || new < asked_new)
}

/// Scores arrivals that a pool has none of, where it has fewer than a short-list has room for.
fn add_late(
    catalogue: &Catalogue,
    index: &Index,
    profile: &Profile,
    scorer: &dyn Scorer,
    (request, surveyed): (&MixRequest, &mut Vec<Surveyed>),
) -> Result<(), MixError> {
    let mut late: Vec<TrackIdx> =
        request.arrivals.iter().filter_map(|id| catalogue.find(id)).collect();
    late.sort_unstable();
    late.dedup();
    let asked = late.len();
    late.retain(|track| surveyed.binary_search_by_key(track, |surveyed| surveyed.track).is_err());
    if asked - late.len() >= (request.length as usize).min(MOST_LATE) {
        return Ok(());
    }
    late.sort_by(|&a, &b| {
        let popularity = |track| index.popularity.value(track);
        popularity(b).total_cmp(&popularity(a)).then(a.cmp(&b))
    });
    late.truncate(MOST_LATE);
    let candidate = |&track: &TrackIdx| Candidate { track, sources: Sources::ARRIVALS };
    let candidates: Vec<Candidate> = late.iter().map(candidate).collect();
    surveyed.extend(pool::surveyed(profile, scorer, &candidates)?);
    surveyed.sort_unstable_by_key(|surveyed| surveyed.track);
    Ok(())
}

/// All that a mix is made from, beside its candidates.
struct Mixing<'a> {
    catalogue: &'a Catalogue,
    index: &'a Index,
    profile: &'a Profile,
    scorer: &'a dyn Scorer,
    likes: &'a Likes,
    request: &'a MixRequest,
}

impl Mixing<'_> {
    /// From candidates that passed the filters, scored, to the slate.
    fn mix(
        &self,
        surveyed: &[Surveyed],
        candidates: usize,
        left_out: Vec<LeftOut>,
    ) -> Result<MixOutcome, MixError> {
        let Self { catalogue, index, profile, scorer, likes, request } = *self;
        if surveyed.is_empty() {
            return Err(MixError::NothingEligible { candidates, left_out });
        }
        let dial = Dial::new(request.explore, request.length);
        // A policy that explores by the belief gets scores without a bonus for doubt: it would
        // count twice.
        let bonus = if request.policy.uncertainty_source() == UncertaintySource::None {
            dial.uncertainty_weight
        } else {
            0.0
        };
        let arrivals = request.arrivals.iter().filter_map(|id| catalogue.find(id)).collect();
        let trust = trust(profile);
        let ranking = rank(catalogue, index, profile, surveyed, &Terms { trust, bonus, arrivals });
        let caps = Caps { artist: request.artist_cap, album: request.album_cap };
        let arrival_slots = (request.arrival_share * dial.new_slots as f32).round() as u32;
        let shape =
            Shape { length: request.length, new_slots: dial.new_slots, arrival_slots, caps };
        let probe = |pool: &[Scored]| Probe::new(scorer, profile, pool);
        let offers = shortlist(catalogue, &index.sound, &ranking, shape, probe);

        let tracks = offers.iter().map(|offer| (offer.scored.track, offer.scored.class));
        let quota = Quota::new(catalogue, tracks, shape);
        let [familiar_slots, new_slots, arrival_slots] = quota.left();
        let new_slots = new_slots + arrival_slots;
        let belief = belief(scorer, profile, &offers, request.policy)?;
        let settings = PolicySettings {
            temperature: dial.temperature,
            epsilon: dial.epsilon,
            optimism: dial.uncertainty_weight,
        };
        let policy = request.policy.build(settings);
        let drawn = draw(&belief, quota, policy.as_ref(), &mut generator(request.seed));

        let config = SlateConfig {
            policy: label(policy.as_ref()),
            model: scorer.version().to_owned(),
            seed: request.seed,
            explore: request.explore,
            new_slots,
            arrival_slots,
            artist_cap: caps.artist,
            album_cap: caps.album,
            temperature: settings.temperature,
            epsilon: settings.epsilon,
            optimism: settings.optimism,
        };
        let reasons = Reasons { catalogue, index, profile, likes, now: request.now };
        let slate = Slate {
            listener: profile.listener.clone(),
            config,
            picks: playing_order(catalogue, &offers, &drawn, &reasons),
            shortlist: (0..offers.len())
                .map(|i| shortlisted(catalogue, &offers[i], belief.factors(i)))
                .collect(),
        };
        let not_finite = ranking.iter().filter(|scored| !scored.is_finite).count();
        let mut notes = share_notes(profile, request, dial.new_slots, [new_slots, familiar_slots]);
        if not_finite > 0 {
            notes.push(Note::NotFinite { count: not_finite });
        }
        Ok(MixOutcome { slate, candidates, left_out, notes })
    }
}

/// What is not as asked in length and share of new tracks. That all tracks are new to a new
/// listener, or to one who asked for new tracks only, goes without saying.
fn share_notes(
    profile: &Profile,
    request: &MixRequest,
    asked_new: u32,
    found: [u32; 2],
) -> Vec<Note> {
    let [new_slots, familiar_slots] = found;
    let is_new_listener = !profile.interactions.iter().any(Interaction::is_known);
    let mut notes = Vec::new();
    if is_new_listener {
        notes.push(Note::NewListener);
    }
    if new_slots + familiar_slots < request.length {
        notes.push(Note::Shorter { asked: request.length, found: new_slots + familiar_slots });
    }
    if new_slots != asked_new && !is_new_listener && request.familiarity == Familiarity::Any {
        notes.push(Note::OtherShare { asked: asked_new, found: new_slots });
    }
    notes
}

/// What the filters of a request test.
pub(crate) fn filter_context<'a>(
    catalogue: &'a Catalogue,
    profile: &'a Profile,
    request: &MixRequest,
) -> FilterContext<'a> {
    let rows = |ids: &[TrackId]| ids.iter().filter_map(|id| catalogue.find(id)).collect();
    let window = i64::from(request.no_repeat_days) * SECONDS_PER_DAY;
    let window_start = Timestamp::from_second(request.now.as_second().saturating_sub(window));
    FilterContext {
        catalogue,
        profile,
        familiarity: request.familiarity,
        played_after: (window > 0).then(|| window_start.unwrap_or(Timestamp::MIN)),
        within: request.within.as_deref().map(rows),
        excluded_tracks: rows(&request.exclude_tracks),
        excluded_artists: request
            .exclude_artists
            .iter()
            .filter_map(|name| catalogue.find_artist(name))
            .collect(),
    }
}

/// What the policy goes by: the scores of the short-list and, where it explores by them, the doubts
/// about them on the same scale.
fn belief(
    scorer: &dyn Scorer,
    profile: &Profile,
    offers: &[Offer],
    policy: PolicyKind,
) -> Result<Belief, MixError> {
    let scores: Vec<f32> = offers.iter().map(|offer| offer.score).collect();
    if policy.uncertainty_source() == UncertaintySource::None {
        return Ok(Belief::certain(scores));
    }
    let tracks: Vec<TrackIdx> = offers.iter().map(|offer| offer.scored.track).collect();
    let mut factors = scorer.factors(profile, &tracks, policy.uncertainty_source());
    if factors.is_empty() || !factors.len().is_multiple_of(offers.len()) {
        return Err(MixError::NoUncertainty {
            policy: policy.name(),
            model: scorer.version().to_owned(),
        });
    }
    let width = factors.len() / offers.len();
    let trust = trust(profile);
    for (factors, offer) in factors.chunks_exact_mut(width).zip(offers) {
        let scale =
            |factor: f32| if factor.is_finite() { factor * trust * offer.slope } else { 0.0 };
        factors.iter_mut().for_each(|factor| *factor = scale(*factor));
    }
    Ok(Belief::new(scores, factors))
}

fn shortlisted(catalogue: &Catalogue, offer: &Offer, factors: &[f32]) -> Shortlisted {
    Shortlisted {
        track: catalogue.track(offer.scored.track).id.clone(),
        score: offer.score,
        new_to_listener: offer.scored.class.is_new(),
        arrival: offer.scored.class == Class::Arrival,
        factors: factors.to_vec(),
    }
}

/// The picks in playing order, with their reasons. The surest familiar track opens the mix.
fn playing_order(
    catalogue: &Catalogue,
    offers: &[Offer],
    drawn: &[Drawn],
    reasons: &Reasons<'_>,
) -> Vec<Pick> {
    let scored = |drawn: &Drawn| &offers[drawn.position].scored;
    let arranged = |drawn: &Drawn| {
        let track = scored(drawn).track;
        ArrangedTrack {
            features: &catalogue.track(track).features,
            artist: catalogue.artist(track),
        }
    };
    let tracks: Vec<ArrangedTrack<'_>> = drawn.iter().map(arranged).collect();
    let mut openers: Vec<usize> = (0..drawn.len()).collect();
    openers.sort_by(|&a, &b| {
        let (a, b) = (scored(&drawn[a]), scored(&drawn[b]));
        let mean = |likability: f32| Reverse(ordered(likability));
        (a.class, mean(a.likability.mean), a.track).cmp(&(
            b.class,
            mean(b.likability.mean),
            b.track,
        ))
    });
    let pick = |position: usize| {
        let scored = scored(&drawn[position]);
        Pick {
            track: catalogue.track(scored.track).id.clone(),
            drawn: position as u32,
            propensity: drawn[position].propensity,
            propensity_error: drawn[position].propensity_error,
            likability: scored.likability.mean,
            uncertainty: scored.likability.uncertainty,
            new_to_listener: scored.class.is_new(),
            reason: reasons.reason(scored.track),
        }
    };
    arrange(&tracks, &openers).into_iter().map(pick).collect()
}

/// A key that orders numbers in 0..1 as `total_cmp` does.
fn ordered(likability: f32) -> u32 {
    likability.max(0.0).to_bits()
}
