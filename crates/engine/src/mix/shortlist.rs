//! From a ranking to a short-list: maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998).
//!
//! Tracks are taken one by one, each time the one with the most `MMR = λ × relevance - (1 - λ) ×
//! max_{t taken} similarity(track, t)`, relevance being the utility brought to 0..1 among the
//! tracks on its scale, λ higher for what the listener knows, and similarity `¾ exp(-d²) +
//! ¼ [same artist]` with `d²` the distance in the [space of sound](crate::sound). The value with
//! which a track was taken, standardised on that scale, is the score that the policy goes by:
//! diversity enters there, because after the policy's choice nothing may be dropped. New tracks by
//! known artists and by new ones share a scale: how many there are of each is the quota's, and
//! which of them come first is what the model expects of them. With a scale for each, the first
//! twenty of sixty new tracks found less than half of what they find now (playlists), and what was
//! drawn in all was the same. A determinantal point process was considered; its greedy inference
//! gives nearly the same lists here and its scores mean nothing to a policy. To the relevance is
//! added what an answer would tell, while little is known of the listener (see
//! [`InformationGain`]).
//!
//! Three cuts: the head of each class of the ranking; from the heads a core that fills
//! the mix under caps and dial, so that the short-list surely holds a full mix; then up to
//! [`PER_SLOT`] tracks per slot of each class.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::information_gain::InformationGain;
use super::quota::{Caps, Group, Groups, Quota, Shape};
use crate::candidate::{Class, Ranked};
use crate::sound::{Place, SoundSpace};
use crate::{ArtistIdx, Catalogue};

/// Tracks on the short-list for each slot of the mix: enough to choose from, few enough to log with
/// every impression.
pub const PER_SLOT: u32 = 4;
/// The short-list holds at least so many more tracks of a class than it has slots, where there are
/// any.
const SPARE: u32 = 8;
/// Tracks in the head for each slot of the mix.
const HEAD_PER_SLOT: usize = 8;
const SMALLEST_HEAD: usize = 240;
/// Head and short-list may hold so many times more tracks by an artist or from an album than a mix
/// may.
const SLACK: u32 = 3;
/// λ: the weight of relevance against diversity, among what is new and among what the listener
/// knows. What they come back to they mean as it is: five songs of one album are no fault there,
/// and caps bound them. Chosen on generated listeners, by what they played within the next week.
const RELEVANCE: f32 = 0.7;
const RELEVANCE_OF_KNOWN: f32 = 0.95;
const SAME_ARTIST: f32 = 0.25;
/// Similarity by sound of two tracks taken at random; assumed where the sound of one is unknown.
const AVERAGE_LIKENESS: f32 = 0.135;

/// A track that the policy may pick, with the score that it picks by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offer {
    /// The track with its likability, utility and class, as it stood in the ranking.
    pub ranked: Ranked,
    /// What the policy goes by: the value of relevance and diversity, at mean 0 and standard
    /// deviation 1 among the tracks on its scale; 0 where all are alike.
    pub score: f32,
    /// How much the score rises with the utility: it turns an uncertainty about the one into an
    /// uncertainty about the other. 0 where all utilities on a scale are alike.
    pub slope: f32,
}

/// Cuts a ranking, best first, to a short-list in row order, from which a mix of that shape can be
/// drawn whenever it can be drawn from the ranking. The shape comes back with the numbers that the
/// ranking allows, by which the mix is to be drawn: the short-list alone would not tell which
/// wishes could be met. `gain` makes the [`InformationGain`] of a pool, for listeners of whom
/// little is known; it is called once.
pub fn shortlist<'a>(
    catalogue: &Catalogue,
    sound: &SoundSpace,
    ranking: &[Ranked],
    shape: Shape<'a>,
    gain: impl FnOnce(&[Ranked]) -> Option<InformationGain>,
) -> (Vec<Offer>, Shape<'a>) {
    let head = |class: Class| {
        take_head(catalogue, ranking.iter().filter(move |ranked| ranked.class == class), shape)
    };
    let classes = [Class::NewTrack, Class::NewArtist, Class::Arrival, Class::Familiar];
    let pool = classes.map(head).concat();
    let tracks = pool.iter().map(|ranked| (ranked.track, ranked.class));
    let mut core = Quota::new(catalogue, tracks, shape);
    let settled = shape.settled(core.left());
    let mut spare = core.again(loosened(shape.caps), core.left().map(with_spares));

    let mut mmr = Mmr { gain: gain(&pool), ..Mmr::new(catalogue, sound, &pool) };
    let mut queue = mmr.queue();
    while let Some(next) = mmr.best(&mut queue, &core) {
        core.take(next);
        spare.take(next);
        mmr.take(next);
    }
    let mut queue = mmr.queue();
    while let Some(next) = mmr.best(&mut queue, &spare) {
        spare.take(next);
        mmr.take(next);
    }
    (mmr.into_offers(), settled)
}

fn loosened(caps: Caps) -> Caps {
    Caps { artist: caps.artist.saturating_mul(SLACK), album: caps.album.saturating_mul(SLACK) }
}

/// A class without a slot gets no place on the short-list: what could not be picked does not belong
/// there.
fn with_spares(slots: u32) -> u32 {
    if slots == 0 { 0 } else { slots.saturating_mul(PER_SLOT).max(slots.saturating_add(SPARE)) }
}

/// The best tracks of one class, best first: enough to fill the mix under the caps where that is
/// possible at all, and beyond that up to the head's size, an artist or album that is full several
/// times over left out.
fn take_head<'a>(
    catalogue: &Catalogue,
    ranking: impl Iterator<Item = &'a Ranked>,
    shape: Shape<'_>,
) -> Vec<Ranked> {
    let size = (shape.length as usize * HEAD_PER_SLOT).max(SMALLEST_HEAD);
    let mut groups = Groups::default();
    let (mut needed, mut kept) = (CapCount::new(shape.caps), CapCount::new(loosened(shape.caps)));
    for &track in shape.beside {
        let group = groups.of(catalogue, track);
        needed.count(group);
        kept.count(group);
    }
    let mut head = Vec::new();
    for ranked in ranking {
        if needed.total >= shape.length && head.len() >= size {
            break;
        }
        let group = groups.of(catalogue, ranked.track);
        let is_needed = needed.total < shape.length && needed.take(group);
        let has_room = kept.take(group) && head.len() < size;
        if is_needed || has_room {
            head.push(*ranked);
        }
    }
    head
}

/// Counts what was taken of each artist and album.
struct CapCount {
    caps: Caps,
    albums: Vec<u32>,
    artists: Vec<u32>,
    total: u32,
}

impl CapCount {
    fn new(caps: Caps) -> Self {
        Self { caps, albums: Vec::new(), artists: Vec::new(), total: 0 }
    }

    /// Counts a track that is there anyway, whatever the caps, and that takes none of the places.
    fn count(&mut self, group: Group) {
        *count_of(&mut self.albums, group.album) += 1;
        if let Some(artist) = group.artist {
            *count_of(&mut self.artists, artist) += 1;
        }
    }

    /// Counts a track if the caps allow it, and says whether they did.
    fn take(&mut self, group: Group) -> bool {
        let album = count_of(&mut self.albums, group.album);
        let mut uncapped = 0;
        let artist = match group.artist {
            Some(artist) => count_of(&mut self.artists, artist),
            None => &mut uncapped,
        };
        let has_room = *album < self.caps.album && *artist < self.caps.artist;
        if has_room {
            *album += 1;
            *artist += 1;
            self.total += 1;
        }
        has_room
    }
}

fn count_of(counts: &mut Vec<u32>, group: usize) -> &mut u32 {
    if counts.len() <= group {
        counts.resize(group + 1, 0);
    }
    &mut counts[group]
}

/// Tracks that are compared with one another: what the listener knows, what is new to them, and
/// what is new to the catalogue, of which little can be said yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Familiar,
    New,
    Arrival,
}

impl Scale {
    const ALL: [Self; 3] = [Self::Familiar, Self::New, Self::Arrival];

    fn of(class: Class) -> Self {
        match class {
            Class::Familiar => Self::Familiar,
            Class::NewTrack | Class::NewArtist => Self::New,
            Class::Arrival => Self::Arrival,
        }
    }
}

/// The state of the selection: how relevant each track of the pool is, and how like the nearest one
/// taken.
///
/// Values only ever fall as more is taken, and so does what is eligible. So the track on top of a
/// queue by values that may be out of date is the best one as soon as its own value is up to date
/// ("lazy greedy"; Minoux 1978), and most tracks are never compared with most of what is taken.
struct Mmr<'a> {
    pool: &'a [Ranked],
    places: Vec<(Place<'a>, Option<ArtistIdx>)>,
    /// Lowest and highest utility on each scale.
    bounds: [(f32, f32); Scale::ALL.len()],
    relevance: Vec<f32>,
    nearest: Vec<Nearest>,
    /// How many of the taken each was compared with.
    compared: Vec<usize>,
    gain: Option<InformationGain>,
    taken: Vec<(usize, f32)>,
}

/// Tracks by the value that they had at some time, the highest first, of equals the first.
type Queue = BinaryHeap<(Value, Reverse<usize>)>;

/// A value that is ordered as by `total_cmp`.
#[derive(Clone, Copy, Debug)]
struct Value(f32);

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Value {}

impl<'a> Mmr<'a> {
    fn new(catalogue: &'a Catalogue, sound: &'a SoundSpace, pool: &'a [Ranked]) -> Self {
        let bounds = Scale::ALL.map(|scale| utility_bounds(pool, scale));
        let relevance = |ranked: &Ranked| {
            let (lowest, highest) = bounds[Scale::of(ranked.class) as usize];
            if highest > lowest { (ranked.utility - lowest) / (highest - lowest) } else { 1.0 }
        };
        let place = |ranked: &Ranked| (sound.place(ranked.track), catalogue.artist(ranked.track));
        Self {
            pool,
            places: pool.iter().map(place).collect(),
            bounds,
            relevance: pool.iter().map(relevance).collect(),
            nearest: vec![Nearest::NOTHING; pool.len()],
            compared: vec![0; pool.len()],
            gain: None,
            taken: Vec::new(),
        }
    }

    fn value(&self, position: usize) -> f32 {
        let information = self.gain.as_ref().map_or(0.0, |gain| gain.value(position));
        let weight = relevance_weight(self.pool[position].class);
        let likeness = self.nearest[position].likeness;
        weight * (self.relevance[position] + information) - (1.0 - weight) * likeness
    }

    /// All tracks of the pool by what they are worth now.
    fn queue(&self) -> Queue {
        (0..self.pool.len())
            .map(|position| (Value(self.value(position)), Reverse(position)))
            .collect()
    }

    /// The track worth most of those that are eligible, of equals the first.
    fn best(&mut self, queue: &mut Queue, quota: &Quota) -> Option<usize> {
        while let Some((_, Reverse(position))) = queue.pop() {
            if !quota.is_eligible(position) {
                continue;
            }
            if self.compared[position] == self.taken.len() {
                return Some(position);
            }
            self.compare(position);
            queue.push((Value(self.value(position)), Reverse(position)));
        }
        None
    }

    fn take(&mut self, position: usize) {
        self.taken.push((position, self.value(position)));
        if let Some(gain) = &mut self.gain {
            gain.take(position);
        }
    }

    /// Compares a track with what was taken since it was last compared.
    fn compare(&mut self, position: usize) {
        let (place, artist) = self.places[position];
        for &(taken, _) in &self.taken[self.compared[position]..] {
            let (other, other_artist) = self.places[taken];
            let is_same_artist = artist.is_some() && artist == other_artist;
            self.nearest[position].meet(other.distance(&place), is_same_artist);
        }
        if let Some(gain) = &mut self.gain {
            gain.settle(position);
        }
        self.compared[position] = self.taken.len();
    }

    fn into_offers(self) -> Vec<Offer> {
        let moments = Scale::ALL.map(|scale| self.moments(scale));
        let offer = |&(position, value): &(usize, f32)| {
            let ranked = self.pool[position];
            let scale = Scale::of(ranked.class) as usize;
            let (mean, deviation) = moments[scale];
            let (lowest, highest) = self.bounds[scale];
            let is_spread = deviation > 1e-6 && highest > lowest;
            let weight = relevance_weight(ranked.class);
            let slope =
                if is_spread { weight / (highest - lowest) / deviation as f32 } else { 0.0 };
            let score =
                if deviation > 1e-6 { ((f64::from(value) - mean) / deviation) as f32 } else { 0.0 };
            Offer { ranked, score, slope }
        };
        let mut offers: Vec<Offer> = self.taken.iter().map(offer).collect();
        offers.sort_by_key(|offer| offer.ranked.track);
        offers
    }

    /// Mean and standard deviation of the values with which tracks on a scale were taken.
    fn moments(&self, scale: Scale) -> (f64, f64) {
        let values = || {
            self.taken
                .iter()
                .filter(|(i, _)| Scale::of(self.pool[*i].class) == scale)
                .map(|(_, v)| f64::from(*v))
        };
        let count = values().count().max(1) as f64;
        let mean = values().sum::<f64>() / count;
        (mean, (values().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt())
    }
}

/// What of all that was taken is most like a track: by another artist, and by its own.
#[derive(Clone, Copy, Debug)]
struct Nearest {
    likeness: f32,
    /// The least distance at which something by another artist lies, and by the same.
    distances: [f32; 2],
}

impl Nearest {
    const NOTHING: Self = Self { likeness: 0.0, distances: [f32::INFINITY; 2] };

    /// Takes account of one more track. The exponential is asked for only where it lies nearer than
    /// all before.
    fn meet(&mut self, distance: Option<f32>, is_same_artist: bool) {
        let nearest = &mut self.distances[usize::from(is_same_artist)];
        let by_sound = match distance {
            None => AVERAGE_LIKENESS,
            Some(distance) if distance < *nearest => {
                *nearest = distance;
                (-distance).exp()
            }
            Some(_) => return,
        };
        let by_artist = if is_same_artist { SAME_ARTIST } else { 0.0 };
        self.likeness = self.likeness.max((1.0 - SAME_ARTIST) * by_sound + by_artist);
    }
}

fn relevance_weight(class: Class) -> f32 {
    if class.is_new() { RELEVANCE } else { RELEVANCE_OF_KNOWN }
}

fn utility_bounds(pool: &[Ranked], scale: Scale) -> (f32, f32) {
    let on_scale = pool.iter().filter(|ranked| Scale::of(ranked.class) == scale);
    let utilities = on_scale.map(|ranked| ranked.utility);
    utilities.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), utility| {
        (low.min(utility), high.max(utility))
    })
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use segue_core::{AudioFeature, Track, TrackId, WorkId};

    use super::*;
    use crate::candidate::Sources;
    use crate::{Likability, TrackIdx};

    fn world(seed: u64) -> (Catalogue, Vec<Ranked>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let tracks = (0..rng.random_range(1..160)).map(|i| {
            let mut track =
                Track::new(TrackId::new(format!("{i:03}")), WorkId::new(format!("{i}")), "");
            track.artists = vec![format!("{}", rng.random_range(0..20))];
            track.album = Some(format!("{}", rng.random_range(0..3)));
            for feature in AudioFeature::ALL {
                if rng.random_bool(0.9) {
                    track.features.set(
                        feature,
                        if feature == AudioFeature::Tempo { 100.0 } else { rng.random() },
                    );
                }
            }
            track
        });
        let catalogue = Catalogue::from_tracks(tracks.collect());
        // Few different utilities, so that there are ties.
        let ranked = |track: TrackIdx| Ranked {
            track,
            sources: Sources::ALL,
            likability: Likability { mean: 0.5, uncertainty: 0.1 },
            is_finite: true,
            utility: rng.random_range(0..9) as f32 / 8.0,
            decided_by: Sources::default(),
            finished: 0,
            popularity: 0.0,
            class: Class::ALL[rng.random_range(0..Class::COUNT)],
        };
        let pool = catalogue.rows().map(ranked).collect();
        (catalogue, pool)
    }

    /// Compares every track with every one that is taken, at once.
    fn eager(mmr: &mut Mmr<'_>, quota: &Quota) -> Option<usize> {
        (0..mmr.pool.len()).for_each(|position| mmr.compare(position));
        let order = |&a: &usize, &b: &usize| mmr.value(a).total_cmp(&mmr.value(b));
        quota.eligible().into_iter().rev().max_by(order)
    }

    #[test]
    fn lazy_choice_takes_what_comparing_everything_takes() {
        for seed in 0..60 {
            let (catalogue, pool) = world(seed);
            let sound = SoundSpace::from_catalogue(&catalogue);
            let caps = Caps { artist: 3, album: 2 };
            let shape = Shape {
                length: 30,
                new_slots: 14,
                new_artist_slots: 6,
                arrival_slots: 5,
                caps,
                beside: &[],
            };
            let tracks = pool.iter().map(|ranked| (ranked.track, ranked.class));
            let quota = Quota::new(&catalogue, tracks, shape);
            let mut taken: [Vec<(usize, f32)>; 2] = Default::default();
            for (is_lazy, taken) in [true, false].into_iter().zip(&mut taken) {
                let mut quota = quota.clone();
                let mut mmr = Mmr::new(&catalogue, &sound, &pool);
                let mut queue = mmr.queue();
                while let Some(next) =
                    if is_lazy { mmr.best(&mut queue, &quota) } else { eager(&mut mmr, &quota) }
                {
                    quota.take(next);
                    mmr.take(next);
                }
                *taken = mmr.taken;
            }
            assert_eq!(taken[0], taken[1], "seed {seed}");
        }
    }
}
