//! What may still be picked: artist and album caps, how many picks are to be new to the listener,
//! how many of those by artists that are new to them too, and how many new to the catalogue.
//!
//! # Why a full mix always comes out, with exactly the share of new tracks that was promised
//! Caps on albums, on the artists that hold them and on the whole are a *laminar matroid*: every
//! set that respects the caps can be extended to the largest size possible, whatever was picked
//! first. Its rank (the most tracks that can be picked from a set) is a sum: `r = Σ_artist min(cap,
//! Σ_album min(cap, tracks))`.
//!
//! "So many of each class" is a second (partition) matroid, and picks respecting both exist if and
//! only if every set of classes has room for its picks, `r(∪ S) ≥ Σ_{c ∈ S} n_c` (Rado 1942). The
//! numbers `(n_c)` with which a mix of full length `L` is possible are the bases of a polymatroid,
//! so that once some of them are fixed, those of one more class are an interval (Frank & Tardos
//! 1988): with `Z` running over the sets of fixed classes and `ρ = min(r, L)`,
//!
//! ```text
//! max_Z  L - ρ(all without c and Z) - n(Z)   ≤   n_c   ≤   min_Z  ρ(c ∪ Z) - n(Z)
//! ```
//!
//! Wishes are clamped one after another, what matters most first: length, new tracks, those by new
//! artists, arrivals. A track is eligible if and only if the conditions still hold for the rest
//! once it is taken, and only sets of *other* classes can break: when they have just enough and
//! this track uses up an artist or album that they need. The policy can therefore never paint
//! itself into a corner. The ends of the interval of familiar picks do not move and those of the
//! picks by new artists rise with the number of new ones, so that neither the number of new picks
//! nor that of picks by new artists ever falls when the dial rises.

use rustc_hash::FxHashMap;

use crate::candidate::Class;
use crate::{AlbumIdx, ArtistIdx, Catalogue, TrackIdx};

/// Most picks by one artist and from one album. Tracks without an artist or album are not capped by
/// it. Caps come before length: a mix is rather shorter than over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Most picks by one main artist, at least 1; `u32::MAX` for as many as there are.
    pub artist: u32,
    /// Most picks from one album, at least 1; `u32::MAX` for as many as there are.
    pub album: u32,
}

/// The album that a track belongs to, and the artist group that holds it; a track without artist is
/// in none, one without album is an album of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) album: usize,
    pub(super) artist: Option<usize>,
}

/// Numbers the artists and albums met so far.
#[derive(Debug, Default)]
pub(super) struct Groups {
    artists: FxHashMap<ArtistIdx, usize>,
    albums: FxHashMap<AlbumIdx, usize>,
    artist_of_album: Vec<Option<usize>>,
}

impl Groups {
    pub(super) fn of(&mut self, catalogue: &Catalogue, track: TrackIdx) -> Group {
        let artist = catalogue.artist(track);
        let fresh = self.artist_of_album.len();
        let album = match catalogue.album(track) {
            Some(album) => *self.albums.entry(album).or_insert(fresh),
            None => fresh,
        };
        if album == fresh {
            let next = self.artists.len();
            self.artist_of_album
                .push(artist.map(|artist| *self.artists.entry(artist).or_insert(next)));
        }
        Group { album, artist: self.artist_of_album[album] }
    }
}

/// The bit of a class in a set of classes.
fn bit(class: Class) -> u8 {
    1 << class as u8
}

/// What a mix is to hold, before it is known what the tracks at hand allow: see [`Quota::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape<'a> {
    /// How many tracks in all; fewer come out only where caps and tracks allow no more.
    pub length: u32,
    /// How many of them are new to the listener, arrivals included; at most `length`.
    pub new_slots: u32,
    /// How many of the new ones are by [artists new to the listener](Class::NewArtist), arrivals
    /// not counted; at most `new_slots`.
    pub new_artist_slots: u32,
    /// How many of the new ones are [arrivals](Class::Arrival); at most `new_slots`.
    pub arrival_slots: u32,
    /// Most picks by one artist and from one album; they are never broken.
    pub caps: Caps,
    /// Tracks that stay beside the mix: each uses up a place of its artist and album, and none of
    /// the slots above. Smaller caps for some artists are a laminar matroid as well.
    pub beside: &'a [TrackIdx],
}

impl Shape<'_> {
    /// The same with the numbers of picks of each class that turned out to be possible.
    pub(super) fn settled(
        self,
        [familiar, tracks, artists, arrivals]: [u32; Class::COUNT],
    ) -> Self {
        let new_slots = tracks + artists + arrivals;
        Self {
            length: familiar + new_slots,
            new_slots,
            new_artist_slots: artists,
            arrival_slots: arrivals,
            ..self
        }
    }
}

/// What may still be picked from a list of tracks, known by their positions in it.
///
/// What is eligible only ever shrinks: a track that cannot be picked now cannot be picked after
/// another. Pick eligible tracks until none is left, and the mix is as long, and as new, as it can
/// be.
///
/// # Examples
/// ```
/// use segue_core::{Track, TrackId, WorkId};
/// use segue_engine::Catalogue;
/// use segue_engine::candidate::Class;
/// use segue_engine::mix::quota::{Caps, Quota, Shape};
///
/// let track = |id: &str, artist: &str| Track {
///     artists: vec![artist.to_owned()],
///     ..Track::new(TrackId::new(id), WorkId::new(id), id)
/// };
/// let catalogue = Catalogue::from_tracks(vec![track("a", "X"), track("b", "X"), track("c", "Y")]);
/// let classes = [Class::Familiar, Class::NewTrack, Class::NewTrack];
/// let caps = Caps { artist: 1, album: 2 };
/// let (length, beside) = (2, &[]);
/// let shape =
///     Shape { length, new_slots: 1, new_artist_slots: 0, arrival_slots: 0, caps, beside };
/// let mut quota = Quota::new(&catalogue, catalogue.rows().zip(classes), shape);
///
/// // "b" would use up artist X, of whom the familiar pick has to come.
/// assert_eq!(quota.eligible(), [0, 2]);
/// quota.take(0);
/// assert_eq!(quota.eligible(), [2]);
/// quota.take(2);
/// assert!(quota.eligible().is_empty(), "the mix is full");
/// ```
#[derive(Clone, Debug)]
pub struct Quota {
    seats: Vec<Seat>,
    album_left: Vec<u32>,
    artist_left: Vec<u32>,
    artist_of_album: Vec<Option<usize>>,
    /// Where the tracks belong that stay beside the mix.
    beside: Vec<Group>,
    /// Picks still to be made of each class.
    left: [u32; Class::COUNT],
    /// One for every set of classes that there are tracks of.
    spans: Vec<Span>,
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    group: Group,
    class: Class,
    is_taken: bool,
}

/// How much of some classes of tracks can still be picked, kept up to date with every pick.
#[derive(Clone, Debug, PartialEq)]
struct Span {
    classes: u8,
    rank: u32,
    /// Tracks left in each album.
    in_album: Vec<u32>,
    /// Of each artist, how many tracks the caps on albums leave.
    by_artist: Vec<u32>,
}

/// Every class, as a set of classes.
const ALL: u8 = (1 << Class::COUNT) - 1;

impl Quota {
    /// A mix of that shape, from tracks given with their classes. Its numbers are brought to what
    /// the tracks and caps allow: length goes before the share of new ones, that before the share
    /// of new artists, and that before the share of arrivals.
    pub fn new(
        catalogue: &Catalogue,
        tracks: impl IntoIterator<Item = (TrackIdx, Class)>,
        shape: Shape<'_>,
    ) -> Self {
        let mut quota = Self::unlimited(catalogue, tracks, shape);
        let length = shape.length.min(quota.rank(ALL));
        let mut left = [0; Class::COUNT];
        let mut fixed = 0;
        let mut settle = |class: Class, wish: u32| {
            let number = quota.nearest_possible(class, wish, length, (fixed, &left));
            left[class as usize] = number;
            fixed |= bit(class);
            number
        };
        let new = length - settle(Class::Familiar, length.saturating_sub(shape.new_slots));
        // Where there are too few tracks by known artists, new artists make up for them rather than
        // arrivals.
        let lacking = new.saturating_sub(quota.rank(bit(Class::NewTrack)) + shape.arrival_slots);
        settle(Class::NewArtist, shape.new_artist_slots.max(lacking));
        settle(Class::Arrival, shape.arrival_slots);
        // What is not fixed by then is left to the one class that is.
        left[Class::NewTrack as usize] = length - left.iter().sum::<u32>();
        quota.left = left;
        quota
    }

    /// The number of picks of a class nearest to `wish` with which a mix of `length` is possible,
    /// once those of the `fixed` classes are settled. The interval is that of the module's proof.
    fn nearest_possible(
        &self,
        class: Class,
        wish: u32,
        length: u32,
        (fixed, numbers): (u8, &[u32; Class::COUNT]),
    ) -> u32 {
        let rank = |classes: u8| self.rank(classes).min(length);
        let (mut fewest, mut most) = (0, length);
        for settled in (0..=fixed).filter(|settled| settled & !fixed == 0) {
            let with = settled | bit(class);
            let number: u32 = Class::ALL
                .iter()
                .filter(|&&other| settled & bit(other) != 0)
                .map(|&other| numbers[other as usize])
                .sum();
            fewest = fewest.max((length - rank(ALL & !with)).saturating_sub(number));
            most = most.min(rank(with).saturating_sub(number));
        }
        wish.min(most).max(fewest)
    }

    /// As many tracks of each class as the caps allow.
    fn unlimited(
        catalogue: &Catalogue,
        tracks: impl IntoIterator<Item = (TrackIdx, Class)>,
        shape: Shape<'_>,
    ) -> Self {
        let mut groups = Groups::default();
        let seat =
            |(track, class)| Seat { group: groups.of(catalogue, track), class, is_taken: false };
        let seats = tracks.into_iter().map(seat).collect();
        let beside = shape.beside.iter().map(|&track| groups.of(catalogue, track)).collect();
        let Groups { artists, artist_of_album, .. } = groups;
        Self::seated(seats, beside, (artist_of_album, artists.len()), shape.caps)
    }

    fn seated(
        seats: Vec<Seat>,
        beside: Vec<Group>,
        (artist_of_album, artists): (Vec<Option<usize>>, usize),
        caps: Caps,
    ) -> Self {
        let mut quota = Self {
            seats,
            album_left: vec![caps.album; artist_of_album.len()],
            artist_left: vec![caps.artist; artists],
            artist_of_album,
            beside,
            left: [u32::MAX; Class::COUNT],
            spans: Vec::new(),
        };
        for &Group { album, artist } in &quota.beside {
            quota.album_left[album] = quota.album_left[album].saturating_sub(1);
            if let Some(artist) = artist {
                quota.artist_left[artist] = quota.artist_left[artist].saturating_sub(1);
            }
        }
        let present = quota.seats.iter().fold(0, |classes, seat| classes | bit(seat.class));
        let sets = (1..=ALL).filter(|set| set & !present == 0);
        quota.spans = sets.map(|set| quota.span(set)).collect();
        quota
    }

    /// The same tracks, none of them taken, under other caps and with other numbers.
    pub(super) fn again(&self, caps: Caps, left: [u32; Class::COUNT]) -> Self {
        let seats = self.seats.iter().map(|seat| Seat { is_taken: false, ..*seat }).collect();
        let groups = (self.artist_of_album.clone(), self.artist_left.len());
        Self { left, ..Self::seated(seats, self.beside.clone(), groups, caps) }
    }

    /// Bytes of memory beside its own size.
    pub(crate) fn bytes(&self) -> usize {
        let (albums, artists) = (self.album_left.len(), self.artist_left.len());
        let span = size_of::<Span>() + (albums + artists) * size_of::<u32>();
        self.seats.len() * size_of::<Seat>()
            + self.beside.len() * size_of::<Group>()
            + (albums + artists) * size_of::<u32>()
            + albums * size_of::<Option<usize>>()
            + self.spans.len() * span
    }

    /// How many tracks of each class, in the order of [`Class::ALL`], are still to be picked; all 0
    /// when the mix is full.
    pub fn left(&self) -> [u32; Class::COUNT] {
        self.left
    }

    /// Positions of the tracks that may be picked next, in order; empty when the mix is full.
    pub fn eligible(&self) -> Vec<usize> {
        let tight: Vec<&Span> = self.tight().collect();
        let may_be_picked = |position: &usize| {
            self.is_under_caps(*position) && {
                let seat = &self.seats[*position];
                !tight.iter().any(|span| self.is_needed(span, seat))
            }
        };
        (0..self.seats.len()).filter(may_be_picked).collect()
    }

    /// Whether the track at `position` may be picked next; as [`Self::eligible`], for one track and
    /// without a list.
    pub fn is_eligible(&self, position: usize) -> bool {
        self.is_under_caps(position)
            && !self.tight().any(|span| self.is_needed(span, &self.seats[position]))
    }

    /// Whether a track may be picked if no other class is short.
    fn is_under_caps(&self, position: usize) -> bool {
        let Seat { group: Group { album, artist }, class, is_taken } = self.seats[position];
        !is_taken
            && self.left[class as usize] > 0
            && self.album_left[album] > 0
            && artist.is_none_or(|artist| self.artist_left[artist] > 0)
    }

    /// Whether a span, which has just enough tracks, needs the place in the album or of the artist
    /// that a track would take.
    fn is_needed(&self, span: &Span, seat: &Seat) -> bool {
        let Group { album, artist } = seat.group;
        let is_full = |artist: usize| span.by_artist[artist] >= self.artist_left[artist];
        span.classes & bit(seat.class) == 0
            && (span.in_album[album] >= self.album_left[album] || artist.is_some_and(is_full))
    }

    /// The sets of classes that have just enough tracks for the picks still to be made of them.
    fn tight(&self) -> impl Iterator<Item = &Span> {
        let needed = |classes: u8| {
            let of_set = Class::ALL.iter().filter(|&&class| classes & bit(class) != 0);
            of_set.fold(0_u32, |sum, &class| sum.saturating_add(self.left[class as usize]))
        };
        self.spans.iter().filter(move |span| span.rank == needed(span.classes))
    }

    /// Takes the track at `position`: caps and numbers go down, and what is eligible shrinks.
    ///
    /// # Panics
    /// If it was taken before, or the caps or the numbers left do not allow it.
    pub fn take(&mut self, position: usize) {
        let seat = &mut self.seats[position];
        assert!(!seat.is_taken, "a track is picked once");
        seat.is_taken = true;
        let Seat { group: Group { album, artist }, class, .. } = *seat;
        let (album_left, artist_left) =
            (self.album_left[album], artist.map(|artist| self.artist_left[artist]));
        for span in &mut self.spans {
            span.take(class, (album, album_left), artist.zip(artist_left));
        }
        let take_one =
            |left: &mut u32| *left = left.checked_sub(1).expect("only eligible tracks are taken");
        take_one(&mut self.left[class as usize]);
        take_one(&mut self.album_left[album]);
        if let Some(artist) = artist {
            take_one(&mut self.artist_left[artist]);
        }
    }

    /// The most tracks of some classes that can still be picked.
    fn rank(&self, classes: u8) -> u32 {
        let present = self.spans.iter().fold(0, |all, span| all | span.classes);
        let span = self.spans.iter().find(|span| span.classes == classes & present);
        span.map_or(0, |span| span.rank)
    }

    fn span(&self, classes: u8) -> Span {
        let mut in_album = vec![0; self.album_left.len()];
        let includes = |seat: &&Seat| !seat.is_taken && classes & bit(seat.class) != 0;
        for seat in self.seats.iter().filter(includes) {
            in_album[seat.group.album] += 1;
        }
        let mut rank = 0;
        let mut by_artist = vec![0_u32; self.artist_left.len()];
        for ((count, left), artist) in
            in_album.iter().zip(&self.album_left).zip(&self.artist_of_album)
        {
            match artist {
                Some(artist) => by_artist[*artist] += count.min(left),
                None => rank += count.min(left),
            }
        }
        rank += by_artist
            .iter()
            .zip(&self.artist_left)
            .map(|(count, left)| count.min(left))
            .sum::<u32>();
        Span { classes, rank, in_album, by_artist }
    }
}

impl Span {
    /// Counts what is left once a track of a class, an album and an artist is taken; both are given
    /// with what their caps left before.
    fn take(
        &mut self,
        class: Class,
        (album, album_left): (usize, u32),
        artist: Option<(usize, u32)>,
    ) {
        let in_album = &mut self.in_album[album];
        let before = (*in_album).min(album_left);
        if self.classes & bit(class) != 0 {
            *in_album -= 1;
        }
        let fewer = before - (*in_album).min(album_left.saturating_sub(1));
        let Some((artist, artist_left)) = artist else {
            self.rank -= fewer;
            return;
        };
        let by_artist = &mut self.by_artist[artist];
        let before = (*by_artist).min(artist_left);
        *by_artist -= fewer;
        self.rank -= before - (*by_artist).min(artist_left.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use rand::seq::IndexedRandom;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use segue_core::{Track, TrackId, WorkId};

    use super::*;

    #[test]
    fn counts_kept_up_to_date_are_those_counted_anew_and_what_is_eligible_only_shrinks() {
        for seed in 0..100 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let tracks = (0..rng.random_range(1..80)).map(|i| {
                let mut track =
                    Track::new(TrackId::new(format!("{i:03}")), WorkId::new(format!("{i}")), "");
                if rng.random_bool(0.9) {
                    track.artists = vec![format!("{}", rng.random_range(0..9))];
                }
                track.album = rng.random_bool(0.7).then(|| format!("{}", rng.random_range(0..3)));
                track
            });
            let catalogue = Catalogue::from_tracks(tracks.collect());
            let caps = Caps { artist: rng.random_range(1..5), album: rng.random_range(1..4) };
            let beside: Vec<TrackIdx> = catalogue.rows().filter(|_| rng.random_bool(0.1)).collect();
            let shape = Shape {
                length: 40,
                new_slots: 20,
                new_artist_slots: 9,
                arrival_slots: 7,
                caps,
                beside: &beside,
            };
            let any = |row| (row, Class::ALL[rng.random_range(0..Class::COUNT)]);
            let tracks: Vec<(TrackIdx, Class)> = catalogue.rows().map(any).collect();
            let mut quota = Quota::new(&catalogue, tracks, shape);
            let mut eligible = quota.eligible();
            while let Some(&next) = eligible.choose(&mut rng) {
                quota.take(next);
                let anew: Vec<Span> =
                    quota.spans.iter().map(|span| quota.span(span.classes)).collect();
                assert_eq!(quota.spans, anew, "seed {seed}");
                let after = quota.eligible();
                assert!(after.iter().all(|position| eligible.contains(position)), "seed {seed}");
                let one_by_one =
                    (0..catalogue.len()).filter(|&position| quota.is_eligible(position));
                assert!(after.iter().copied().eq(one_by_one), "seed {seed}");
                eligible = after;
            }
            assert_eq!(quota.left(), [0; Class::COUNT], "seed {seed}");
        }
    }
}
