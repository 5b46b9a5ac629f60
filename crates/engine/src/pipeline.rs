//! A mix, from request to slate: retrieval, filters, ranking, short-list, policy, arrangement, reasons.
//!
//! Serving, simulation and evaluation all run this one function. It depends on nothing but its arguments: same
//! inputs and seed, same slate, on one thread or many.

use std::cmp::Reverse;
use std::fmt;

use segue_core::{Pick, Shortlisted, Slate, SlateConfig, Timestamp, TrackId};

use crate::mix::arrange::{Stop, arrange};
use crate::mix::dial::Dial;
use crate::mix::filters::{Familiarity, FilterContext, LeftOut, filter};
use crate::mix::probe::Probe;
use crate::mix::quota::{Caps, Class, Quota, Shape};
use crate::mix::ranking::{Scored, WrongCount, rank, trust};
use crate::mix::reasons::Taste;
use crate::mix::shortlist::{Offer, shortlist};
use crate::policy::draw::{Drawn, draw, generator};
use crate::policy::{Belief, Doubt, PolicyKind, PolicySettings, label};
use crate::retrieval::{EXACT_LIMIT, Index, retrieve};
use crate::{Catalogue, Interaction, Profile, Scorer, TrackIdx};

/// A mix has at most this many tracks.
pub const LONGEST_MIX: u32 = 1_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct MixRequest {
    /// How many tracks, 1 to [`LONGEST_MIX`].
    pub length: u32,
    /// The dial: the share of tracks that are new to the listener, 0 to 1.
    pub explore: f32,
    /// Seed of the policy's generator.
    pub seed: u64,
    /// Which works may be picked.
    pub familiarity: Familiarity,
    /// Works played within this many days before `now` are left out; 0 for none.
    pub no_repeat_days: u32,
    /// Most tracks by one artist, at least 1.
    pub artist_cap: u32,
    /// Most tracks from one album, at least 1.
    pub album_cap: u32,
    /// Who picks.
    pub policy: PolicyKind,
    /// The moment for which the mix is made.
    pub now: Timestamp,
    /// Tracks to choose from, such as what can be played; `None` for the whole catalogue.
    pub within: Option<Vec<TrackId>>,
    /// Tracks to leave out, such as those of the last mix.
    pub exclude_tracks: Vec<TrackId>,
    /// Artists to leave out.
    pub exclude_artists: Vec<String>,
    /// Tracks that came to the catalogue lately and that few have answered; see [`Class::Arrival`].
    pub arrivals: Vec<TrackId>,
    /// The share of the new tracks that is given to arrivals, 0 to 1: no less, so that they get to be known, and no more, as long
    /// as there are others.
    pub arrival_share: f32,
}

impl MixRequest {
    /// Thirty tracks, three in ten of them new, at most three by an artist and two from an album, none played since
    /// yesterday.
    pub fn new(now: Timestamp) -> Self {
        Self {
            length: 30,
            explore: 0.3,
            seed: 0,
            familiarity: Familiarity::Any,
            no_repeat_days: 1,
            artist_cap: 3,
            album_cap: 2,
            policy: PolicyKind::default(),
            now,
            within: None,
            exclude_tracks: Vec::new(),
            exclude_artists: Vec::new(),
            arrivals: Vec::new(),
            arrival_share: 0.1,
        }
    }

    pub(crate) fn check(&self) -> Result<(), MixError> {
        if !(1..=LONGEST_MIX).contains(&self.length) {
            return Err(MixError::Length { found: self.length });
        }
        if !(0.0..=1.0).contains(&self.explore) {
            return Err(MixError::Explore { found: self.explore });
        }
        if !(0.0..=1.0).contains(&self.arrival_share) {
            return Err(MixError::ArrivalShare { found: self.arrival_share });
        }
        if self.artist_cap == 0 || self.album_cap == 0 {
            return Err(MixError::Cap);
        }
        Ok(())
    }
}

/// No mix can be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MixError {
    /// The length asked for is out of range.
    #[error("a mix has 1 to {LONGEST_MIX} tracks, not {found}")]
    Length {
        /// The length asked for.
        found: u32,
    },
    /// The dial is out of range.
    #[error("`explore` goes from 0 to 1, not to {found}")]
    Explore {
        /// What was asked for.
        found: f32,
    },
    /// The share of arrivals is out of range.
    #[error("the share of arrivals goes from 0 to 1, not to {found}")]
    ArrivalShare {
        /// What was asked for.
        found: f32,
    },
    /// A cap of 0 would leave nothing.
    #[error("artist and album caps are at least 1")]
    Cap,
    /// There is no track at all.
    #[error("the catalogue is empty")]
    EmptyCatalogue,
    /// Every candidate was left out.
    #[error("none of {candidates} tracks may be picked: every one was left out by a filter")]
    NothingEligible {
        /// How many candidates there were.
        candidates: usize,
        /// Which step left out how many.
        left_out: Vec<LeftOut>,
    },
    /// The model did not give one prediction per track. A fault of the model.
    #[error("the model gave {found} predictions for {expected} tracks")]
    Predictions {
        /// How many tracks it was given.
        expected: usize,
        /// How many predictions it gave.
        found: usize,
    },
    /// The model states no doubt of the kind that the policy explores by.
    #[error("model `{model}` does not say what `{policy}` explores by; choose another policy or train again")]
    NoDoubt {
        /// The policy asked for.
        policy: &'static str,
        /// The version of the model.
        model: String,
    },
}

impl From<WrongCount> for MixError {
    fn from(WrongCount { expected, found }: WrongCount) -> Self {
        Self::Predictions { expected, found }
    }
}

/// Something that the listener should know about a mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// It is shorter than asked for.
    Shorter {
        /// Length asked for.
        asked: u32,
        /// Length of the mix.
        found: u32,
    },
    /// The share of new tracks is not that of the dial, because there are too few of one kind.
    OtherShare {
        /// New tracks asked for.
        asked: u32,
        /// New tracks in the mix.
        found: u32,
    },
    /// Predictions that were not finite; their tracks were ranked last.
    NotFinite {
        /// How many.
        count: usize,
    },
    /// Nothing is known of the listener yet, so that popularity and diversity speak for them.
    NewListener,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shorter { asked, found } => {
                write!(f, "{found} tracks instead of {asked}: no more are left under the filters and caps")
            }
            Self::OtherShare { asked, found } if found < asked => {
                write!(
                    f,
                    "{found} new tracks instead of {asked}: no more are left under the filters and caps"
                )
            }
            Self::OtherShare { asked, found } => {
                write!(f, "{found} new tracks instead of {asked}: too few that you know are left")
            }
            Self::NotFinite { count } => write!(f, "{count} predictions were not numbers; ranked last"),
            Self::NewListener => {
                write!(f, "nothing is known of this listener yet: popular and varied tracks")
            }
        }
    }
}

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
/// A request out of range, an empty catalogue or filters that leave nothing are the caller's to mend; a wrong number of
/// predictions is the model's fault.
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
    let candidate_count = candidates.len();
    let left_out = filter(&filter_context(catalogue, profile, request), &mut candidates);
    if candidates.is_empty() {
        return Err(MixError::NothingEligible { candidates: candidate_count, left_out });
    }
    let dial = Dial::new(request.explore, request.length);
    // A policy that explores by the belief gets scores without a bonus for doubt: it would count twice.
    let bonus = if request.policy.doubt() == Doubt::None { dial.uncertainty_weight } else { 0.0 };
    let arrivals = request.arrivals.iter().filter_map(|id| catalogue.find(id)).collect();
    let ranking = rank(catalogue, index, profile, (scorer, bonus), &candidates, &arrivals)?;
    let caps = Caps { artist: request.artist_cap, album: request.album_cap };
    let arrival_slots = (request.arrival_share * dial.new_slots as f32).round() as u32;
    let shape = Shape { length: request.length, new_slots: dial.new_slots, arrival_slots, caps };
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
    let taste = Taste::from_profile(catalogue, index, profile, request.now);
    let slate = Slate {
        listener: profile.listener.clone(),
        config,
        picks: playing_order(catalogue, &offers, &drawn, &taste),
        shortlist: (0..offers.len()).map(|i| shortlisted(catalogue, &offers[i], belief.factors(i))).collect(),
    };
    let not_finite = ranking.iter().filter(|scored| !scored.is_finite).count();
    let mut notes = share_notes(profile, request, dial.new_slots, [new_slots, familiar_slots]);
    if not_finite > 0 {
        notes.push(Note::NotFinite { count: not_finite });
    }
    Ok(MixOutcome { slate, candidates: candidate_count, left_out, notes })
}

/// What is not as asked in length and share of new tracks. That all tracks are new to a new listener, or to one who asked
/// for new tracks only, goes without saying.
fn share_notes(profile: &Profile, request: &MixRequest, asked_new: u32, found: [u32; 2]) -> Vec<Note> {
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

fn filter_context<'a>(
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

/// What the policy goes by: the scores of the short-list and, where it explores by them, the doubts about them on the same
/// scale.
fn belief(
    scorer: &dyn Scorer,
    profile: &Profile,
    offers: &[Offer],
    policy: PolicyKind,
) -> Result<Belief, MixError> {
    let scores: Vec<f32> = offers.iter().map(|offer| offer.score).collect();
    if policy.doubt() == Doubt::None {
        return Ok(Belief::certain(scores));
    }
    let tracks: Vec<TrackIdx> = offers.iter().map(|offer| offer.scored.track).collect();
    let mut factors = scorer.factors(profile, &tracks, policy.doubt());
    if factors.is_empty() || !factors.len().is_multiple_of(offers.len()) {
        return Err(MixError::NoDoubt { policy: policy.name(), model: scorer.version().to_owned() });
    }
    let width = factors.len() / offers.len();
    let trust = trust(profile);
    for (factors, offer) in factors.chunks_exact_mut(width).zip(offers) {
        let scale = |factor: f32| if factor.is_finite() { factor * trust * offer.slope } else { 0.0 };
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
fn playing_order(catalogue: &Catalogue, offers: &[Offer], drawn: &[Drawn], taste: &Taste<'_>) -> Vec<Pick> {
    let scored = |drawn: &Drawn| &offers[drawn.position].scored;
    let stop = |drawn: &Drawn| {
        let track = scored(drawn).track;
        Stop { features: &catalogue.track(track).features, artist: catalogue.artist(track) }
    };
    let stops: Vec<Stop<'_>> = drawn.iter().map(stop).collect();
    let mut openers: Vec<usize> = (0..drawn.len()).collect();
    openers.sort_by(|&a, &b| {
        let (a, b) = (scored(&drawn[a]), scored(&drawn[b]));
        let mean = |likability: f32| Reverse(ordered(likability));
        (a.class, mean(a.likability.mean), a.track).cmp(&(b.class, mean(b.likability.mean), b.track))
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
            reason: taste.reason(scored),
        }
    };
    arrange(&stops, &openers).into_iter().map(pick).collect()
}

/// A key that orders numbers in 0..1 as `total_cmp` does.
fn ordered(likability: f32) -> u32 {
    likability.max(0.0).to_bits()
}
