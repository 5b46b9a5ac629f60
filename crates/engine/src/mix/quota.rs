//! What may still be picked: artist and album caps, and how many picks are to be new to the listener.
//!
//! # Why a full mix always comes out, with exactly the share of new tracks that was promised
//! Caps on albums, on the artists that hold them and on the whole are a *laminar matroid*: every set that respects the
//! caps can be extended to the largest size possible, whatever was picked first. Its rank (the most tracks that can
//! be picked from a set) is a sum: `r = Σ_artist min(cap, Σ_album min(cap, tracks))`.
//!
//! "j new and m familiar" is a second (partition) matroid, and j + m picks respecting both exist if and only if
//! `r(new) ≥ j`, `r(familiar) ≥ m` and `r(all) ≥ j + m` (matroid intersection with two classes). So the numbers of new
//! picks with which a mix of full length is possible are an interval, the dial's wish is clamped into it, and a track
//! is eligible if and only if the three conditions still hold for the rest once it is taken. For a new track only
//! the second can break: when familiar tracks are just enough and this one uses up an artist or album that they need; and
//! the other way round. The policy can therefore never paint itself into a corner, and the number of new picks never
//! falls when the dial rises.

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

/// What may still be picked from a list of tracks.
#[derive(Clone, Debug)]
pub struct Quota {
    seats: Vec<Seat>,
    album_left: Vec<u32>,
    artist_left: Vec<u32>,
    artist_of_album: Vec<Option<usize>>,
    new_left: u32,
    familiar_left: u32,
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    group: Group,
    is_new: bool,
    is_taken: bool,
}

/// How much of a class of tracks can still be picked, and which albums and artists that would fill.
struct Span {
    rank: u32,
    album_is_full: Vec<bool>,
    artist_is_full: Vec<bool>,
}

impl Quota {
    /// A mix of up to `length`, of which up to `new_slots` new, from tracks given with whether each is new. Both numbers
    /// are brought to what the tracks and caps allow; length goes before the share of new ones.
    pub fn new(
        catalogue: &Catalogue,
        tracks: impl IntoIterator<Item = (TrackIdx, bool)>,
        caps: Caps,
        length: u32,
        new_slots: u32,
    ) -> Self {
        let mut quota = Self::unlimited(catalogue, tracks, caps);
        let length = length.min(quota.span(|_| true).rank);
        let most_new = quota.span(|seat| seat.is_new).rank.min(length);
        let most_familiar = quota.span(|seat| !seat.is_new).rank.min(length);
        quota.new_left = new_slots.clamp(length - most_familiar, most_new);
        quota.familiar_left = length - quota.new_left;
        quota
    }

    /// As many tracks of each class as the caps allow.
    pub(super) fn unlimited(
        catalogue: &Catalogue,
        tracks: impl IntoIterator<Item = (TrackIdx, bool)>,
        caps: Caps,
    ) -> Self {
        let mut groups = Groups::default();
        let seat = |(track, is_new)| Seat { group: groups.of(catalogue, track), is_new, is_taken: false };
        Self {
            seats: tracks.into_iter().map(seat).collect(),
            album_left: vec![caps.album; groups.artist_of_album.len()],
            artist_left: vec![caps.artist; groups.artists.len()],
            artist_of_album: groups.artist_of_album,
            new_left: u32::MAX,
            familiar_left: u32::MAX,
        }
    }

    /// Limits how many tracks are still to be picked.
    pub(super) fn limited(self, new_left: u32, familiar_left: u32) -> Self {
        Self { new_left, familiar_left, ..self }
    }

    /// How many tracks, new and familiar, are still to be picked.
    pub fn left(&self) -> (u32, u32) {
        (self.new_left, self.familiar_left)
    }

    /// Positions of the tracks that may be picked next, in order; empty when the mix is full.
    pub fn eligible(&self) -> Vec<usize> {
        let new = self.span(|seat| seat.is_new);
        let familiar = self.span(|seat| !seat.is_new);
        let may_be_picked = |seat: &Seat| {
            let (own_left, other_left, other) = match seat.is_new {
                true => (self.new_left, self.familiar_left, &familiar),
                false => (self.familiar_left, self.new_left, &new),
            };
            let Group { album, artist } = seat.group;
            let under_caps =
                self.album_left[album] > 0 && artist.is_none_or(|artist| self.artist_left[artist] > 0);
            let takes_from_other =
                other.album_is_full[album] || artist.is_some_and(|artist| other.artist_is_full[artist]);
            own_left > 0 && under_caps && !(takes_from_other && other.rank == other_left)
        };
        let seats = self.seats.iter().enumerate();
        seats.filter(|(_, seat)| !seat.is_taken && may_be_picked(seat)).map(|(i, _)| i).collect()
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
        take_one(if seat.is_new { &mut self.new_left } else { &mut self.familiar_left });
        take_one(&mut self.album_left[seat.group.album]);
        if let Some(artist) = seat.group.artist {
            take_one(&mut self.artist_left[artist]);
        }
    }

    fn span(&self, includes: impl Fn(&Seat) -> bool) -> Span {
        let mut in_album = vec![0; self.album_left.len()];
        for seat in self.seats.iter().filter(|seat| !seat.is_taken && includes(seat)) {
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
            rank,
            album_is_full: in_album.iter().zip(&self.album_left).map(is_full).collect(),
            artist_is_full: by_artist.iter().zip(&self.artist_left).map(is_full).collect(),
        }
    }
}
