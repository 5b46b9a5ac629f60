//! A mix, from request to slate: retrieval, filters, ranking, short-list, policy, arrangement,
//! reasons.
//!
//! Serving, simulation and evaluation all run this one way, and it is always the same two steps:
//! [`Mixer::retrieve`] gathers candidates into a [`Pool`], and [`Mixer::mix_from`] makes a mix of
//! them: a [`Shortlist`] by [`Mixer::shortlist_from`], and a draw from it by [`Mixer::draw_from`].
//! [`Mixer::mix`] does all of it; a server, which has many requests of one listener, keeps the
//! pool, and the short-list for who asks the same again. If the pool has too little for a request,
//! [`Mixer::mix_wider`] looks at more of the catalogue. The result depends on nothing but the
//! arguments: same inputs and seed, same slate, on one thread or many.

mod pool;
mod request;
mod shortlist;

use segue_core::{Pick, Shortlisted, Slate, SlateConfig};

pub use crate::retrieval::{Bounds, Breadth, EXACT_LIMIT};
pub use pool::Pool;
pub use request::{LONGEST_MIX, MixError, MixRequest, NewFrom, Note};
pub use shortlist::Shortlist;

use crate::candidate::{Class, Ranked, Sources};
use crate::mix::arrange::{ArrangedTrack, arrange};
use crate::mix::filters::LeftOut;
use crate::mix::reasons::Reasons;
use crate::mix::shortlist::Offer;
use crate::policy::draw::{Drawn, draw, generator};
use crate::{Catalogue, Index, MixContext, Profile, Scorer, TrackIdx};

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

    /// Makes a mix from candidates that were gathered before, without a prediction: the short-list
    /// of the request, and a draw from it.
    ///
    /// # Errors
    /// As [`Self::mix`]; [`MixError::Insufficient`] if the pool has too little for the request
    /// where the catalogue may have more.
    pub fn mix_from(&self, pool: &Pool, request: &MixRequest) -> Result<MixOutcome, MixError> {
        let shortlist = self.shortlist_from(pool, request)?;
        Ok(self.draw_from(pool, &shortlist, request.seed))
    }

    /// Draws a mix from the short-list of a request, which was made of this pool. The same seed
    /// gives the same mix, and each seed the one that [`Self::mix_from`] gives.
    pub fn draw_from(&self, pool: &Pool, shortlist: &Shortlist, seed: u64) -> MixOutcome {
        let Self { catalogue, index, profile, scorer } = *self;
        let Shortlist { asked, offers, belief, config, .. } = shortlist;
        let policy = asked.policy.build(&config.policy.parameters);
        let drawn = draw(belief, shortlist.quota.clone(), policy.as_ref(), &mut generator(seed));
        let mut sources = shortlist.sources.clone();
        for picked in drawn.iter().map(|drawn| offers[drawn.position].ranked.sources) {
            let of_pick = sources.iter_mut().zip(Sources::NAMED);
            of_pick.for_each(|(count, (source, _))| {
                count.picks += usize::from(picked.contains(source));
            });
        }
        sources.retain(|count| count.candidates > 0);
        let evidence = scorer.ranker().map(|ranker| ranker.evidence(profile));
        let likes = pool.likes();
        let reasons = Reasons { catalogue, index, profile, likes, evidence, now: asked.now };
        let slate = Slate {
            listener: profile.listener.clone(),
            config: SlateConfig { seed, ..config.clone() },
            picks: playing_order(offers, &drawn, &reasons),
            shortlist: (0..offers.len())
                .map(|i| offered(&reasons, &offers[i], belief.factors(i)))
                .collect(),
        };
        MixOutcome {
            slate,
            candidates: shortlist.candidates,
            sources,
            left_out: shortlist.left_out.clone(),
            notes: shortlist.notes.clone(),
        }
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
}

fn offered(reasons: &Reasons<'_>, offer: &Offer, factors: &[f32]) -> Shortlisted {
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
