//! What may still be picked: artist and album caps, how many picks are to be new to the listener, and how many of those new to
//! the catalogue as well.
//!
//! # Why a full mix always comes out, with exactly the share of new tracks that was promised
//! Caps on albums, on the artists that hold them and on the whole are a *laminar matroid*: every set that respects the
//! caps can be extended to the largest size possible, whatever was picked first. Its rank (the most tracks that can
//! be picked from a set) is a sum: `r = Σ_artist min(cap, Σ_album min(cap, tracks))`.
//!
//! "So many of each class" is a second (partition) matroid, and picks respecting both exist if and only if every set of
//! classes has room for its picks, `r(∪ S) ≥ Σ_{c ∈ S} n_c` (Rado 1942). So the numbers of new picks with which a mix of
//! full length is possible are an interval, and so are, given that, the numbers of arrivals among them; each wish is clamped
//! into its interval. A track is eligible if and only if the conditions still hold for the rest once it is taken, and
//! only sets of *other* classes can break: when they have just enough and this track uses up an artist or album that they
//! need. The policy can therefore never paint itself into a corner, and the number of new picks never falls when the dial rises.

use rustc_hash::FxHashMap;

use crate::{ArtistIdx, Catalogue, TrackIdx};

/// Most picks by one artist and from one album. Tracks without an artist or album are not capped by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// By one artist, at least 1.
    pub artist: u32,
    /// From one album, at least 1.
    pub album: u32,
}

/// The album that a track belongs to, and the artist group that holds it; a track without artist is in none, one without
/// album is an album of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) album: usize,
    pub(super) artist: Option<usize>,
}

/// Numbers the artists and albums met so far. An album is told apart by artist and title, so that two artists' "Greatest
/// Hits" are two albums.
#[derive(Debug, Default)]
pub(super) struct Groups {
    artists: FxHashMap<ArtistIdx, usize>,
    albums: FxHashMap<(Option<ArtistIdx>, String), usize>,
    artist_of_album: Vec<Option<usize>>,
}

impl Groups {
    pub(super) fn of(&mut self, catalogue: &Catalogue, track: TrackIdx) -> Group {
        let artist = catalogue.artist(track);
        let fresh = self.artist_of_album.len();
        let album = match &catalogue.track(track).album {
            Some(title) => *self.albums.entry((artist, title.to_lowercase())).or_insert(fresh),
            None => fresh,
        };
        if album == fresh {
            let next = self.artists.len();
            self.artist_of_album.push(artist.map(|artist| *self.artists.entry(artist).or_insert(next)));
        }
        Group { album, artist: self.artist_of_album[album] }
    }
}

/// What a track is to the listener, which decides whose slots it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The listener knows the work.
    Familiar,
    /// The listener does not know it.
    New,
    /// Neither the listener knows it nor, so far, the model: it came to the catalogue lately, and few have answered.
    Arrival,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Familiar, Self::New, Self::Arrival];

    /// Whether the listener does not know the work.
    pub fn is_new(self) -> bool {
        self != Self::Familiar
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What a mix may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How many tracks.
    pub length: u32,
    /// How many of them new to the listener.
    pub new_slots: u32,
    /// How many of those [arrivals](Class::Arrival).
    pub arrival_slots: u32,
    /// Caps.
    pub caps: Caps,
}

/// What may still be picked from a list of tracks.
#[derive(Clone, Debug)]
pub struct Quota {
    seats: Vec<Seat>,
    album_left: Vec<u32>,
    artist_left: Vec<u32>,
    artist_of_album: Vec<Option<usize>>,
    /// Picks still to be made of each class.
    left: [u32; 3],
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    group: Group,
    class: Class,
    is_taken: bool,
}

/// How much of some classes of tracks can still be picked, and which albums and artists that would fill.
struct Span {
    classes: u8,
    rank: u32,
    album_is_full: Vec<bool>,
    artist_is_full: Vec<bool>,
}

const FAMILIAR: u8 = 1;
const NEW: u8 = 2;
const ARRIVAL: u8 = 4;

impl Quota {
    /// A mix of that shape, from tracks given with their classes. Its numbers are brought to what the tracks and caps allow:
    /// length goes before the share of new ones, that before the share of arrivals.
    pub fn new(
        catalogue: &Catalogue,
        tracks: impl IntoIterator<Item = (TrackIdx, Class)>,
        shape: Shape,
    ) -> Self {
        let mut quota = Self::unlimited(catalogue, tracks, shape.caps);
        let rank = |classes: u8| quota.span(classes).rank;
        let length = shape.length.min(rank(FAMILIAR | NEW | ARRIVAL));
        let most_new = rank(NEW | ARRIVAL).min(length);
        let most_familiar = rank(FAMILIAR).min(length);
        let new = shape.new_slots.clamp(length - most_familiar, most_new);
        let familiar = length - new;
        let fewest = new.saturating_sub(rank(NEW)).max(length.saturating_sub(rank(FAMILIAR | NEW)));
        let most = new.min(rank(ARRIVAL)).min(rank(FAMILIAR | ARRIVAL).saturating_sub(familiar));
        let arrivals = shape.arrival_slots.min(most).max(fewest);
        quota.left = [familiar, new - arrivals, arrivals];
        quota
    }

    /// As many tracks of each class as the caps allow.
    pub(super) fn unlimited(
        catalogue: &Catalogue,
        tracks: impl IntoIterator<Item = (TrackIdx, Class)>,
        caps: Caps,
    ) -> Self {
        let mut groups = Groups::default();
        let seat = |(track, class)| Seat { group: groups.of(catalogue, track), class, is_taken: false };
        Self {
            seats: tracks.into_iter().map(seat).collect(),
            album_left: vec![caps.album; groups.artist_of_album.len()],
            artist_left: vec![caps.artist; groups.artists.len()],
            artist_of_album: groups.artist_of_album,
            left: [u32::MAX; 3],
        }
    }

    /// Limits how many tracks of each class are still to be picked.
    pub(super) fn limited(self, left: [u32; 3]) -> Self {
        Self { left, ..self }
    }

    /// How many tracks of each class, in the order of [`Class::ALL`], are still to be picked.
    pub fn left(&self) -> [u32; 3] {
        self.left
    }

    /// Positions of the tracks that may be picked next, in order; empty when the mix is full.
    pub fn eligible(&self) -> Vec<usize> {
        let tight = self.tight();
        let may_be_picked = |seat: &Seat| {
            let Group { album, artist } = seat.group;
            let under_caps =
                self.album_left[album] > 0 && artist.is_none_or(|artist| self.artist_left[artist] > 0);
            let is_needed = |span: &Span| {
                span.classes & seat.class.bit() == 0
                    && (span.album_is_full[album] || artist.is_some_and(|artist| span.artist_is_full[artist]))
            };
            self.left[seat.class as usize] > 0 && under_caps && !tight.iter().any(is_needed)
        };
        let seats = self.seats.iter().enumerate();
        seats.filter(|(_, seat)| !seat.is_taken && may_be_picked(seat)).map(|(i, _)| i).collect()
    }

    /// The sets of classes that have just enough tracks for the picks still to be made of them.
    fn tight(&self) -> Vec<Span> {
        let present = self.seats.iter().fold(0, |classes, seat| classes | seat.class.bit());
        let sets = [FAMILIAR, NEW, ARRIVAL, FAMILIAR | NEW, FAMILIAR | ARRIVAL, NEW | ARRIVAL];
        let needed = |classes: u8| {
            let of_set = Class::ALL.iter().filter(|class| classes & class.bit() != 0);
            of_set.fold(0_u32, |sum, &class| sum.saturating_add(self.left[class as usize]))
        };
        let spans = sets.into_iter().filter(|set| set & !present == 0).map(|set| self.span(set));
        spans.filter(|span| span.rank == needed(span.classes)).collect()
    }

    /// Takes a track.
    ///
    /// # Panics
    /// If it was taken before, or the caps or the numbers left do not allow it.
    pub fn take(&mut self, position: usize) {
        let seat = &mut self.seats[position];
        assert!(!seat.is_taken, "a track is picked once");
        seat.is_taken = true;
        let take_one = |left: &mut u32| *left = left.checked_sub(1).expect("only eligible tracks are taken");
        take_one(&mut self.left[seat.class as usize]);
        take_one(&mut self.album_left[seat.group.album]);
        if let Some(artist) = seat.group.artist {
            take_one(&mut self.artist_left[artist]);
        }
    }

    fn span(&self, classes: u8) -> Span {
        let mut in_album = vec![0; self.album_left.len()];
        let includes = |seat: &&Seat| !seat.is_taken && classes & seat.class.bit() != 0;
        for seat in self.seats.iter().filter(includes) {
            in_album[seat.group.album] += 1;
        }
        let mut rank = 0;
        let mut by_artist = vec![0_u32; self.artist_left.len()];
        for ((count, left), artist) in in_album.iter().zip(&self.album_left).zip(&self.artist_of_album) {
            match artist {
                Some(artist) => by_artist[*artist] += count.min(left),
                None => rank += count.min(left),
            }
        }
        rank += by_artist.iter().zip(&self.artist_left).map(|(count, left)| count.min(left)).sum::<u32>();
        let is_full = |(count, left): (&u32, &u32)| count >= left;
        Span {
            classes,
            rank,
            album_is_full: in_album.iter().zip(&self.album_left).map(is_full).collect(),
            artist_is_full: by_artist.iter().zip(&self.artist_left).map(is_full).collect(),
        }
    }
}
