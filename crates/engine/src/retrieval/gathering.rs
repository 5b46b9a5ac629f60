//! Gathering candidates within bounds: fewer tracks than the catalogue holds, chosen so that little
//! is lost.
//!
//! Works that the listener knows come first, each in the version they know. For what is new, three
//! sources name tracks in their own order, best first: songs by liked artists, one of each artist
//! after another; what sounds nearest to a like; what many play. They are asked in turn ([`TURN`])
//! until there are enough for the model to be asked about. Where all of them have less than half of
//! what is kept, as for somebody whose scrobbles have nothing in common with the tracks of a table,
//! tracks from all over the catalogue make it up. What the model says then decides which of them
//! are [kept](cut).

use rustc_hash::FxHashSet;

use super::limits::LEAST_OF_A_KIND;
use super::{Bounds, Named, artists, neighbours};
use crate::candidate::{Candidate, Sources};
use crate::ranker::Nomination;
use crate::utility::{trust, utility};
use crate::{Catalogue, Index, Interaction, Profile, Stance, TrackIdx, WorkIdx};

/// How many tracks each source names in its turn: artists, neighbours, what is popular.
const TURN: [usize; 3] = [1, 2, 1];

/// Names the tracks that the scorer is to be asked about. `nominated` are the new ones that models
/// name, which come before all but arrivals.
pub(crate) fn within_bounds(
    catalogue: &Catalogue,
    index: &Index,
    profile: &Profile,
    bounds: Bounds,
    nominated: &[Nomination],
) -> Vec<Named> {
    let mut gathering =
        Gathering { catalogue, profile, taken: FxHashSet::default(), found: Vec::new() };
    for &Nomination { track, sources } in nominated {
        gathering.add(track, sources);
    }
    let arrivals = |named: &&Named| named.sources.contains(Sources::ARRIVALS);
    let most = gathering.found.iter().filter(arrivals).count() + bounds.asked.max(bounds.new);
    gathering.add_in_turn(index, most);
    gathering.add_spread(bounds.new / 2);
    gathering.found
}

/// The works that the listener knows, in the version they know: liked ones first, those that say
/// most before others.
pub(crate) fn known(profile: &Profile) -> Vec<TrackIdx> {
    let mut known: Vec<&Interaction> =
        profile.interactions.iter().filter(|x| x.is_known()).collect();
    let weight = |interaction: &Interaction| {
        interaction
            .label
            .map_or(0.0, |label| if label.liked { label.weight } else { -label.weight })
    };
    known.sort_by(|a, b| {
        weight(b)
            .total_cmp(&weight(a))
            .then(b.finished.cmp(&a.finished))
            .then(a.track.cmp(&b.track))
    });
    known.into_iter().map(|interaction| interaction.track).collect()
}

/// New tracks while sources name them: one version of each work, none that the listener rejects.
struct Gathering<'a> {
    catalogue: &'a Catalogue,
    profile: &'a Profile,
    taken: FxHashSet<WorkIdx>,
    found: Vec<Named>,
}

impl Gathering<'_> {
    /// Adds the version that stands for the track's work, if it may be picked at all. Says whether
    /// it did.
    fn add(&mut self, track: TrackIdx, sources: Sources) -> bool {
        let work = self.catalogue.work(track);
        let interaction = self.profile.interaction(work);
        if interaction
            .is_some_and(|x| x.is_known() || matches!(x.stance, Stance::Dislike | Stance::Ban))
        {
            return false;
        }
        let track = self.catalogue.standing(work);
        let artist = self.catalogue.artist(track);
        if artist.is_some_and(|artist| self.profile.banned_artists.contains(&artist)) {
            return false;
        }
        let is_fresh = self.taken.insert(work);
        if is_fresh {
            self.found.push(Named { track, sources });
        }
        is_fresh
    }

    fn add_in_turn(&mut self, index: &Index, most: usize) {
        let room = most.saturating_sub(self.found.len());
        let by_artists = artists::in_turn(self.catalogue, index, self.profile);
        let neighbours = neighbours::nearest(index, self.profile, 2 * room);
        let popular = index.popularity.most_popular();
        let mut sources = [
            (Sources::ARTISTS, by_artists.iter()),
            (Sources::NEIGHBOURS, neighbours.iter()),
            (Sources::POPULAR, popular.iter()),
        ];
        let mut is_exhausted = false;
        while self.found.len() < most && !is_exhausted {
            is_exhausted = true;
            for ((source, tracks), turn) in sources.iter_mut().zip(TURN) {
                for _ in 0..turn {
                    for &track in tracks.by_ref() {
                        is_exhausted = false;
                        if self.add(track, *source) {
                            break;
                        }
                    }
                }
            }
        }
    }
}

impl Gathering<'_> {
    /// Adds tracks from all over the catalogue until there are so many, or none is left. Where it
    /// begins moves with what the listener does, so that another day brings other tracks.
    fn add_spread(&mut self, wanted: usize) {
        let rows = self.catalogue.len();
        let stride = spread_stride(rows);
        let mut row = self.profile.interactions.len() % rows.max(1);
        for _ in 0..rows {
            if self.found.len() >= wanted {
                return;
            }
            self.add(TrackIdx(row as u32), Sources::ALL);
            row = (row + stride) % rows;
        }
    }
}

/// Steps of this length, round and round, meet every row once, and any number of them lie evenly:
/// the golden section of the rows, or the next number above that shares no divisor with theirs.
fn spread_stride(rows: usize) -> usize {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    fn divisor(a: usize, b: usize) -> usize {
        if b == 0 { a } else { divisor(b, a % b) }
    }
    let first = (rows as f64 * GOLDEN) as usize;
    (first..).find(|&stride| divisor(stride, rows) == 1 || rows == 0).unwrap_or(1)
}

/// Cuts scored candidates to the bounds. Of known works and of arrivals the most useful are kept;
/// of what is new the most useful by turns, once when the dial gives nothing for uncertainty and
/// once when it gives most (see [`utility`](crate::utility)), with a least share for tracks by new
/// and by known artists. In row order.
pub(crate) fn cut(
    catalogue: &Catalogue,
    index: &Index,
    profile: &Profile,
    asked: Vec<Candidate>,
    bounds: Bounds,
) -> Vec<Candidate> {
    let is_known =
        |track| profile.interaction(catalogue.work(track)).is_some_and(Interaction::is_known);
    let (known, new): (Vec<Candidate>, Vec<Candidate>) =
        asked.into_iter().partition(|candidate| is_known(candidate.track));
    let (arrived, new): (Vec<Candidate>, Vec<Candidate>) =
        new.into_iter().partition(|candidate| candidate.sources.contains(Sources::ARRIVALS));
    let trust = trust(profile);
    let value = |candidate: &Candidate, bonus: f32| {
        let popularity = index.popularity.value(candidate.track);
        let utility = match candidate.relevance {
            Some(relevance) => relevance.score + bonus * relevance.uncertainty,
            None => utility(candidate.likability, bonus, popularity, trust),
        };
        if utility.is_finite() { utility } else { f32::NEG_INFINITY }
    };
    let mut kept = best(known, bounds.familiar, [|candidate: &Candidate| value(candidate, 0.0); 1]);
    kept.extend(best(arrived, bounds.arrivals, [|candidate: &Candidate| value(candidate, 1.0); 1]));
    let with_bonus = |bonus| move |candidate: &Candidate| value(candidate, bonus);
    let known_artists = profile.known_artists(catalogue);
    let is_by_known_artist = |candidate: &Candidate| {
        let artist = catalogue.artist(candidate.track);
        artist.is_some_and(|artist| known_artists.binary_search(&artist).is_ok())
    };
    let orders = [0.0, 1.0].map(with_bonus);
    kept.extend(best_of_both(new, bounds.new, is_by_known_artist, orders));
    kept.sort_unstable_by_key(|candidate| candidate.track);
    // They are held for as long as the listener is.
    kept.shrink_to_fit();
    kept
}

/// At most `most`, taken by turns from the top of each order, but of both kinds a least share.
fn best_of_both<const N: usize>(
    candidates: Vec<Candidate>,
    most: usize,
    kind: impl Fn(&Candidate) -> bool,
    orders: [impl Fn(&Candidate) -> f32 + Copy; N],
) -> Vec<Candidate> {
    let of_kind = |candidates: &[Candidate]| candidates.iter().filter(|x| kind(x)).count();
    let available = of_kind(&candidates);
    let least = |available: usize| available.min(most / LEAST_OF_A_KIND);
    let least = [least(available), least(candidates.len() - available)];
    let kept = best(candidates.clone(), most, orders);
    let found = of_kind(&kept);
    let wanted = found.clamp(least[0], kept.len().saturating_sub(least[1]).max(least[0]));
    if wanted == found {
        return kept;
    }
    let (of_kind, others): (Vec<Candidate>, Vec<Candidate>) =
        candidates.into_iter().partition(kind);
    let mut kept = best(of_kind, wanted, orders);
    kept.extend(best(others, most - wanted, orders));
    kept
}

/// At most `most`, taken by turns from the top of each order; of equals the first.
pub(crate) fn best<T: Copy, const N: usize>(
    candidates: Vec<T>,
    most: usize,
    orders: [impl Fn(&T) -> f32; N],
) -> Vec<T> {
    if candidates.len() <= most {
        return candidates;
    }
    let orders = orders.map(|value| {
        let values: Vec<f32> = candidates.iter().map(value).collect();
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
        order
    });
    let mut is_taken = vec![false; candidates.len()];
    let mut kept = Vec::with_capacity(most);
    for place in 0..candidates.len() {
        for order in &orders {
            if kept.len() < most && !std::mem::replace(&mut is_taken[order[place]], true) {
                kept.push(candidates[order[place]]);
            }
        }
    }
    kept
}
