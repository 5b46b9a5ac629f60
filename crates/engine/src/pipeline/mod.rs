//! A mix, from request to slate: retrieval, filters, ranking, short-list, policy, arrangement,
//! reasons.
//!
//! Serving, simulation and evaluation all run this one way, and it is always the same two steps:
//! [`Mixer::retrieve`] gathers candidates into a [`Pool`], and [`Mixer::mix_from`] makes a mix of
//! them. [`Mixer::mix`] does both; a server, which has many requests of one listener, keeps the
//! pool. If the pool has too little for a request, [`Mixer::mix_wider`] looks at more of the
//! catalogue. The result depends on nothing but the arguments: same inputs and seed, same slate, on
//! one thread or many.

mod pool;
mod request;

use segue_core::{Pick, Shortlisted, Slate, SlateConfig, Timestamp, TrackId};

pub use crate::retrieval::{Bounds, Breadth, EXACT_LIMIT};
pub use pool::Pool;
pub use request::{LONGEST_MIX, MixError, MixRequest, NewFrom, Note};

use crate::UncertaintySource;
use crate::candidate::{Candidate, Class, Ranked, Sources};
use crate::mix::arrange::{ArrangedTrack, arrange};
use crate::mix::dial::Dial;
use crate::mix::filters::{Familiarity, LeftOut, filter};
use crate::mix::information_gain::InformationGain;
use crate::mix::quota::{Caps, Quota, Shape};
use crate::mix::ranking::{Terms, rank};
use crate::mix::reasons::{Likes, Reasons};
use crate::mix::shortlist::{Offer, shortlist};
use crate::policy::draw::{Drawn, draw, generator};
use crate::policy::{Belief, spec};
use crate::retrieval::Named;
use crate::utility::trust;
use crate::{Catalogue, Index, Interaction, MixContext, Profile, Scorer, TrackIdx};

use pool::Truncated;

/// At most this many arrivals that a pool does not hold are scored for a request, the most popular
/// first: a bound on what a request costs.
pub const MOST_LATE: usize = 60;

/// A mix and how it came about: the slate to play and log, with counts that explain it.
#[derive(Clone, Debug, PartialEq)]
pub struct MixOutcome {
    /// The mix: picks in playing order with reasons, and the short-list with the propensities to
    /// log.
    pub slate: Slate,
    /// How many candidates there were before any filter, late arrivals included.
    pub candidates: usize,
    /// How many candidates and picks each source of retrieval named; sources that named none are
    /// left out.
    pub sources: Vec<SourceCount>,
    /// How many candidates each filter left out, in the order of the filters; the rest were ranked.
    pub left_out: Vec<LeftOut>,
    /// What is not as asked, such as fewer new tracks, for the listener to read; empty where all
    /// is.
    pub notes: Vec<Note>,
}

/// What one source of retrieval gave to a mix. A track that several sources named counts for each,
/// so that the sums can exceed the mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceCount {
    /// The source's name, one of [`Sources::NAMED`], by which reports and JSON list it.
    pub source: &'static str,
    /// Candidates that it named, before filters; at least 1 in a finished outcome.
    pub candidates: usize,
    /// Picks of the mix that it named; 0 if it only named what was not picked.
    pub picks: usize,
}

impl MixOutcome {
    /// How much of the mix is new, in a few words, such as "15 of 30 new to you, 7 by artists you
    /// have never heard". Of a listener of whom nothing is known it does not say that all artists
    /// are new to them.
    pub fn headline(&self) -> String {
        let (new, artists) = (self.slate.new_count(), self.slate.new_artist_count());
        let headline = format!("{new} of {} new to you", self.slate.picks.len());
        match artists {
            _ if self.notes.iter().any(Note::is_new_listener) => headline,
            0 => headline,
            1 => format!("{headline}, 1 by an artist you have never heard"),
            artists => format!("{headline}, {artists} by artists you have never heard"),
        }
    }
}

/// Makes mixes for one listener: all that every mix of theirs reads, besides the request.
///
/// It borrows everything and costs nothing to make. `index` and `profile` must have been built from
/// `catalogue`, and `scorer` must score its rows. [`Scorer`] shows one from catalogue to mix.
#[derive(Clone, Copy)]
pub struct Mixer<'a> {
    /// Every track that may be picked, with its work, artist and album; `index` and `profile` use
    /// its rows.
    pub catalogue: &'a Catalogue,
    /// Popularity, sound and the tracks of each artist, by which retrieval names candidates.
    pub index: &'a Index,
    /// The listener, as of this moment: feedback given since the last mix counts in the next one.
    pub profile: &'a Profile,
    /// The model that predicts what they like, and how sure it is of that.
    pub scorer: &'a dyn Scorer,
}

impl Mixer<'_> {
    /// Makes a mix: gathers candidates and mixes from them, wider if they do not suffice.
    ///
    /// Who makes many mixes for a listener keeps the result of [`Self::retrieve`] and calls
    /// [`Self::mix_from`].
    ///
    /// # Errors
    /// A request out of range, an empty catalogue or filters that leave nothing are the caller's to
    /// mend; a wrong number of predictions is the model's fault.
    pub fn mix(&self, request: &MixRequest) -> Result<MixOutcome, MixError> {
        request.check()?;
        if request.looks_elsewhere() {
            return self.mix_wider(request);
        }
        let pool = self.usual_pool(request)?;
        match self.mix_from(&pool, request) {
            Err(MixError::Insufficient) => self.mix_wider(request),
            outcome => outcome,
        }
    }

    /// Makes a mix from candidates that were gathered before, without a prediction.
    ///
    /// Arrivals of the request that a bounded pool has too few of are scored now, at most
    /// [`MOST_LATE`].
    ///
    /// # Errors
    /// As [`Self::mix`]; [`MixError::Insufficient`] if the pool has too little for the request
    /// where the catalogue may have more.
    pub fn mix_from(&self, pool: &Pool, request: &MixRequest) -> Result<MixOutcome, MixError> {
        request.check()?;
        let truncated = pool.truncated();
        let is_truncated = truncated.familiar || truncated.new;
        let is_other = is_truncated && request.looks_elsewhere();
        if is_other || !pool.is_after(&request.after_rows(self.catalogue)) {
            return Err(MixError::Insufficient);
        }
        let mut candidates = pool.candidates().to_vec();
        if truncated.new {
            self.add_late(request, &mut candidates)?;
        }
        let found = candidates.len();
        let context = request.filters(self.catalogue, self.profile);
        let mut sources = count_sources(&candidates);
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
        let made = self.drawn(&candidates, pool.likes(), request)?;
        if is_insufficient(truncated, request, &made) {
            return Err(MixError::Insufficient);
        }
        for picked in made.picked {
            let of_pick = sources.iter_mut().zip(Sources::NAMED);
            of_pick.for_each(|(count, (source, _))| {
                count.picks += usize::from(picked.contains(source));
            });
        }
        sources.retain(|count| count.candidates > 0);
        let (slate, notes) = (made.slate, made.notes);
        Ok(MixOutcome { slate, candidates: found, sources, left_out, notes })
    }

    /// Makes a mix for which the usual candidates do not suffice: from the tracks that the request
    /// names, of very many the most promising, from the whole catalogue if it asks for
    /// [exactness](MixRequest::exact), else from
    /// [wider bounds](Bounds::WIDE) and, up to [`EXACT_LIMIT`] tracks, from the whole catalogue.
    ///
    /// # Errors
    /// As [`Self::mix`].
    pub fn mix_wider(&self, request: &MixRequest) -> Result<MixOutcome, MixError> {
        request.check()?;
        let after = request.after_rows(self.catalogue);
        let context = MixContext { now: request.now, after: &after };
        if let Some(within) = request.within.as_ref().filter(|_| !request.exact) {
            let rows: Vec<TrackIdx> =
                within.iter().filter_map(|id| self.catalogue.find(id)).collect();
            return self.mix_from(&self.retrieve(Breadth::Tracks(&rows), &[], context)?, request);
        }
        let exact = || self.mix_from(&self.retrieve(Breadth::Exact, &[], context)?, request);
        if request.exact {
            return exact();
        }
        if !after.is_empty() {
            // The pool at hand was gathered to go on from something else.
            match self.mix_from(&self.usual_pool(request)?, request) {
                Err(MixError::Insufficient) => {}
                outcome => return outcome,
            }
        }
        let arrivals = request.arrival_rows(self.catalogue);
        let wide = self.retrieve(Breadth::Bounded(Bounds::WIDE), &arrivals, context)?;
        if self.catalogue.len() > EXACT_LIMIT {
            return self.mix_from(&wide.final_one(), request);
        }
        match self.mix_from(&wide, request) {
            Err(MixError::Insufficient) => exact(),
            outcome => outcome,
        }
    }

    /// The candidates that most mixes of the listener are made from.
    fn usual_pool(&self, request: &MixRequest) -> Result<Pool, MixError> {
        let breadth = Breadth::Bounded(Bounds::of(self.profile, self.scorer));
        let after = request.after_rows(self.catalogue);
        let context = MixContext { now: request.now, after: &after };
        self.retrieve(breadth, &request.arrival_rows(self.catalogue), context)
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

    /// From candidates that passed the filters to the slate.
    fn drawn(
        &self,
        candidates: &[Candidate],
        likes: &Likes,
        request: &MixRequest,
    ) -> Result<Made, MixError> {
        let Self { catalogue, index, profile, scorer } = *self;
        let beside = request.beside_rows(catalogue);
        let dial = Dial::new(request.explore, request.length + beside.len() as u32);
        // A policy that explores by the belief gets scores without a bonus for uncertainty: it
        // would count twice.
        let bonus = if request.policy.uncertainty_source() == UncertaintySource::None {
            dial.uncertainty_weight
        } else {
            0.0
        };
        let arrivals = request.arrival_rows(catalogue).into_iter().collect();
        let terms = Terms { trust: trust(profile), bonus, arrivals, likes, now: request.now };
        let ranking = rank(catalogue, index, profile, candidates, &terms);
        let caps = Caps { artist: request.artist_cap, album: request.album_cap };
        let classes = beside.iter().map(|&track| terms.class(catalogue, profile, track));
        let slots = slots(&dial, request, classes);
        let shape = Shape { caps, beside: &beside, ..slots };
        let gain = |pool: &[Ranked]| InformationGain::new(scorer, profile, pool);
        let (offers, settled) = shortlist(catalogue, &index.sound, &ranking, shape, gain);

        let tracks = offers.iter().map(|offer| (offer.ranked.track, offer.ranked.class));
        let quota = Quota::new(catalogue, tracks, settled);
        let [familiar_slots, new_track_slots, new_artist_slots, arrival_slots] = quota.left();
        let new_slots = new_track_slots + new_artist_slots + arrival_slots;
        let belief = self.belief(&offers, request)?;
        let tuning = dial.tuning();
        let policy = request.policy.build(&tuning);
        let drawn = draw(&belief, quota, policy.as_ref(), &mut generator(request.seed));

        let config = SlateConfig {
            policy: spec(policy.as_ref(), tuning),
            model: scorer.version().to_owned(),
            seed: request.seed,
            explore: request.explore,
            new_slots,
            new_artist_slots,
            arrival_slots,
            artist_cap: caps.artist,
            album_cap: caps.album,
            beside: ids(catalogue, &beside),
        };
        let evidence = scorer.ranker().map(|ranker| ranker.evidence(profile));
        let reasons = Reasons { catalogue, index, profile, likes, evidence, now: request.now };
        let slate = Slate {
            listener: profile.listener.clone(),
            config,
            picks: playing_order(&offers, &drawn, &reasons),
            shortlist: (0..offers.len())
                .map(|i| shortlisted(&reasons, &offers[i], belief.factors(i)))
                .collect(),
        };
        let not_finite = ranking.iter().filter(|ranked| !ranked.is_finite).count();
        let found = [new_slots, familiar_slots];
        let mut notes = share_notes(catalogue, profile, request, shape.new_slots, found);
        if not_finite > 0 {
            notes.push(Note::NotFinite { count: not_finite });
        }
        let picked = drawn.iter().map(|drawn| offers[drawn.position].ranked.sources).collect();
        Ok(Made { slate, asked_new: shape.new_slots, notes, picked })
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

/// A slate that was drawn.
struct Made {
    slate: Slate,
    /// How many of its picks were to be new.
    asked_new: u32,
    notes: Vec<Note>,
    /// Which sources named each pick.
    picked: Vec<Sources>,
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
fn is_insufficient(truncated: Truncated, request: &MixRequest, made: &Made) -> bool {
    let (asked_new, new) = (made.asked_new, made.slate.new_count() as u32);
    let familiar = made.slate.picks.len() as u32 - new;
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
    found: [u32; 2],
) -> Vec<Note> {
    let [new_slots, familiar_slots] = found;
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

fn shortlisted(reasons: &Reasons<'_>, offer: &Offer, factors: &[f32]) -> Shortlisted {
    Shortlisted {
        track: reasons.catalogue.track(offer.ranked.track).id.clone(),
        score: offer.score,
        new_to_listener: offer.ranked.class.is_new(),
        new_artist: is_by_stranger(reasons, &offer.ranked),
        arrival: offer.ranked.class == Class::Arrival,
        factors: factors.to_vec(),
    }
}

/// Whether a track is new and not by an artist that the listener knows, arrivals included, which
/// are a class of their own whoever made them.
fn is_by_stranger(reasons: &Reasons<'_>, ranked: &Ranked) -> bool {
    ranked.class.is_new() && !reasons.likes.knows_artist(reasons.catalogue, ranked.track)
}

/// The picks in playing order, with their reasons. The surest familiar track opens the mix.
fn playing_order(offers: &[Offer], drawn: &[Drawn], reasons: &Reasons<'_>) -> Vec<Pick> {
    let catalogue = reasons.catalogue;
    let ranked = |drawn: &Drawn| &offers[drawn.position].ranked;
    let arranged = |drawn: &Drawn| {
        let track = ranked(drawn).track;
        ArrangedTrack {
            features: &catalogue.track(track).features,
            is_estimated: catalogue.is_estimated(track),
            artist: catalogue.artist(track),
        }
    };
    let tracks: Vec<ArrangedTrack<'_>> = drawn.iter().map(arranged).collect();
    let mut openers: Vec<usize> = (0..drawn.len()).collect();
    openers.sort_by(|&a, &b| {
        let (a, b) = (ranked(&drawn[a]), ranked(&drawn[b]));
        a.class.cmp(&b.class).then(b.utility.total_cmp(&a.utility)).then(a.track.cmp(&b.track))
    });
    let decided_by = |ranked: &Ranked| match ranked.class {
        Class::Arrival => Sources::ARRIVALS,
        _ => ranked.decided_by,
    };
    let decided: Vec<(TrackIdx, Sources)> =
        drawn.iter().map(ranked).map(|ranked| (ranked.track, decided_by(ranked))).collect();
    let varied = reasons.varied(&decided);
    let pick = |position: usize| {
        let ranked = ranked(&drawn[position]);
        Pick {
            track: catalogue.track(ranked.track).id.clone(),
            drawn: position as u32,
            propensity: drawn[position].propensity,
            propensity_error: drawn[position].propensity_error,
            likability: ranked.likability.mean,
            uncertainty: ranked.likability.uncertainty,
            new_to_listener: ranked.class.is_new(),
            new_artist: is_by_stranger(reasons, ranked) && catalogue.artist(ranked.track).is_some(),
            sources: ranked.sources,
            reason: varied[position].clone(),
        }
    };
    arrange(&tracks, &openers).into_iter().map(pick).collect()
}
