//! Retrieval for a pool that is kept: fewer tracks than a mix looks at, chosen so that little is
//! lost.
//!
//! Works that the listener knows come first, each in the version they know. For what is new the
//! sources name tracks in their own order, best first, and are asked in turn ([`TURN`]) until
//! enough are found for the model to be asked about: songs by liked artists, one of each artist
//! after another; what sounds nearest to a like; what many play. The model's word then decides
//! which are [kept](cut).

use rustc_hash::FxHashSet;

use super::{Candidate, Index, Sources, artists, neighbours};
use crate::mix::ranking::trust;
use crate::pipeline::{Bounds, Surveyed};
use crate::{Catalogue, Interaction, Likability, Profile, Stance, TrackIdx, WorkIdx};

/// How many tracks each source names in its turn: artists, neighbours, what is popular.
const TURN: [usize; 3] = [1, 2, 1];
/// Works of a long history that the model is asked about, for each that is kept.
const KNOWN_ASKED: usize = 2;

/// Candidates, in row order.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) candidates: Vec<Candidate>,
    /// How many works the listener knows.
    pub(crate) known: usize,
}

/// Finds the candidates of a bounded pool, those that the model is to be asked about.
pub(crate) fn find(
    catalogue: &Catalogue,
    index: &Index,
    profile: &Profile,
    bounds: Bounds,
    arrivals: &[TrackIdx],
) -> Found {
    let known = known(profile);
    let mut candidates: Vec<Candidate> = known
        .iter()
        .take(KNOWN_ASKED * bounds.familiar)
        .map(|&track| Candidate { track, sources: Sources::HISTORY })
        .collect();
    let mut gathering =
        Gathering { catalogue, profile, taken: FxHashSet::default(), found: Vec::new() };
    for &track in arrivals {
        gathering.add(track, Sources::ARRIVALS);
    }
    let most = gathering.found.len() + bounds.asked.max(bounds.new);
    gathering.add_in_turn(index, most);
    candidates.append(&mut gathering.found);
    candidates.sort_unstable_by_key(|candidate| candidate.track);
    Found { candidates, known: known.len() }
}

/// The works that the listener knows, in the version they know: liked ones first, those that say
/// most before others.
fn known(profile: &Profile) -> Vec<TrackIdx> {
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
    found: Vec<Candidate>,
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
            self.found.push(Candidate { track, sources });
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

/// Cuts what was surveyed to the bounds: of the known works and of arrivals those with the highest
/// likability, of what is new by turns the most useful when the dial gives nothing for doubt and
/// when it gives most (see [`crate::mix::ranking`]). In row order.
pub(crate) fn cut(
    catalogue: &Catalogue,
    index: &Index,
    profile: &Profile,
    (surveyed, arrivals): (Vec<Surveyed>, &[TrackIdx]),
    bounds: Bounds,
) -> Vec<Surveyed> {
    let arrivals: FxHashSet<TrackIdx> = arrivals.iter().copied().collect();
    let is_known =
        |track| profile.interaction(catalogue.work(track)).is_some_and(Interaction::is_known);
    let (known, new): (Vec<Surveyed>, Vec<Surveyed>) =
        surveyed.into_iter().partition(|surveyed| is_known(surveyed.track));
    let (arrived, new): (Vec<Surveyed>, Vec<Surveyed>) =
        new.into_iter().partition(|surveyed| arrivals.contains(&surveyed.track));
    let trust = trust(profile);
    let utility = |surveyed: &Surveyed, bonus: f32| {
        let Likability { mean, uncertainty } = surveyed.likability;
        let utility = trust * (mean + bonus * uncertainty);
        let utility = utility + (1.0 - trust) * index.popularity.value(surveyed.track);
        if utility.is_finite() { utility } else { f32::NEG_INFINITY }
    };
    let mut kept = best(known, bounds.familiar, [|surveyed: &Surveyed| utility(surveyed, 0.0); 1]);
    kept.extend(best(arrived, bounds.arrivals, [|surveyed: &Surveyed| utility(surveyed, 1.0); 1]));
    kept.extend(best(
        new,
        bounds.new,
        [0.0, 1.0].map(|bonus| move |surveyed: &Surveyed| utility(surveyed, bonus)),
    ));
    kept.sort_unstable_by_key(|surveyed| surveyed.track);
    // It is held for as long as the listener is.
    kept.shrink_to_fit();
    kept
}

/// At most `most`, taken by turns from the top of each order.
fn best<const N: usize>(
    surveyed: Vec<Surveyed>,
    most: usize,
    orders: [impl Fn(&Surveyed) -> f32; N],
) -> Vec<Surveyed> {
    if surveyed.len() <= most {
        return surveyed;
    }
    let orders = orders.map(|value| {
        let mut order: Vec<usize> = (0..surveyed.len()).collect();
        order.sort_by(|&a, &b| value(&surveyed[b]).total_cmp(&value(&surveyed[a])).then(a.cmp(&b)));
        order
    });
    let mut is_taken = vec![false; surveyed.len()];
    let mut kept = Vec::with_capacity(most);
    for place in 0..surveyed.len() {
        for order in &orders {
            if kept.len() < most && !std::mem::replace(&mut is_taken[order[place]], true) {
                kept.push(surveyed[order[place]]);
            }
        }
    }
    kept
}
