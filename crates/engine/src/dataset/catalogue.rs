//! The vocabulary of one dataset: every track with a dense row, grouped into works and artists.
//!
//! Dense rows are assigned in the order of track ids, so that the same tracks give the same rows
//! wherever they came from.

use rustc_hash::FxHashMap;
use segue_core::{Track, TrackId, WorkId};

/// Row of a track in one [`Catalogue`]; meaningless in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackIdx(pub u32);

/// Row of a work in one [`Catalogue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkIdx(pub u32);

impl WorkIdx {
    /// As an index into columns by work.
    pub fn row(self) -> usize {
        self.0 as usize
    }
}

/// Row of a main artist in one [`Catalogue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtistIdx(pub u32);

/// Row of an album in one [`Catalogue`]. An album is told apart by main artist and title, so that
/// two artists' "Greatest Hits" are two albums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlbumIdx(pub u32);

/// All tracks that can be scored, picked or listened to.
#[derive(Debug, Default)]
pub struct Catalogue {
    tracks: Vec<Track>,
    by_id: FxHashMap<TrackId, TrackIdx>,
    works: Vec<WorkIdx>,
    versions: Vec<Vec<TrackIdx>>,
    artists: Vec<Option<ArtistIdx>>,
    albums: Vec<Option<AlbumIdx>>,
    artist_names: Vec<String>,
    by_artist_name: FxHashMap<String, ArtistIdx>,
}

impl Catalogue {
    /// Builds the vocabulary; of several tracks with the same id the first stays.
    pub fn from_tracks(mut tracks: Vec<Track>) -> Self {
        tracks.sort_by(|a, b| a.id.cmp(&b.id));
        tracks.dedup_by(|later, earlier| later.id == earlier.id);

        let mut catalogue = Self::default();
        let mut by_work = FxHashMap::default();
        let mut by_album = FxHashMap::default();
        for (row, track) in tracks.iter().enumerate() {
            let idx = TrackIdx(row as u32);
            catalogue.by_id.insert(track.id.clone(), idx);
            let work = *by_work.entry(track.work.clone()).or_insert_with(|| {
                catalogue.versions.push(Vec::new());
                WorkIdx(catalogue.versions.len() as u32 - 1)
            });
            catalogue.works.push(work);
            catalogue.versions[work.0 as usize].push(idx);
            let artist = track.artist().map(|name| catalogue.intern_artist(name));
            catalogue.artists.push(artist);
            let title = track.album.as_ref().map(|title| title.to_lowercase());
            let next = AlbumIdx(by_album.len() as u32);
            let album = title.map(|title| *by_album.entry((artist, title)).or_insert(next));
            catalogue.albums.push(album);
        }
        catalogue.tracks = tracks;
        catalogue
    }

    fn intern_artist(&mut self, name: &str) -> ArtistIdx {
        let key = name.to_lowercase();
        if let Some(&idx) = self.by_artist_name.get(&key) {
            return idx;
        }
        let idx = ArtistIdx(self.artist_names.len() as u32);
        self.artist_names.push(name.to_owned());
        self.by_artist_name.insert(key, idx);
        idx
    }

    /// Number of tracks.
    pub fn len(&self) -> usize {
        self.tracks.len()
    }

    /// Whether there is no track at all.
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// Number of works.
    pub fn work_count(&self) -> usize {
        self.versions.len()
    }

    /// Number of main artists.
    pub fn artist_count(&self) -> usize {
        self.artist_names.len()
    }

    /// Every row, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = TrackIdx> + Clone + use<> {
        (0..self.tracks.len() as u32).map(TrackIdx)
    }

    /// The track in a row.
    pub fn track(&self, idx: TrackIdx) -> &Track {
        &self.tracks[idx.0 as usize]
    }

    /// The row of a track, if it is in the catalogue.
    pub fn find(&self, id: &TrackId) -> Option<TrackIdx> {
        self.by_id.get(id).copied()
    }

    /// The work that a track is a version of.
    pub fn work(&self, idx: TrackIdx) -> WorkIdx {
        self.works[idx.0 as usize]
    }

    /// Every work, in the order of rows.
    pub fn works(&self) -> impl ExactSizeIterator<Item = WorkIdx> + Clone + use<> {
        (0..self.versions.len() as u32).map(WorkIdx)
    }

    /// The id of a work, which outlives the rows of one catalogue.
    pub fn work_id(&self, work: WorkIdx) -> &WorkId {
        &self.track(self.versions(work)[0]).work
    }

    /// All versions of a work, in row order.
    pub fn versions(&self, work: WorkIdx) -> &[TrackIdx] {
        &self.versions[work.0 as usize]
    }

    /// The version that stands for a work where nothing speaks for another: the original, else the
    /// nearest to it; among equals one whose sound is known, then the first row.
    pub fn standing(&self, work: WorkIdx) -> TrackIdx {
        let key = |idx: &TrackIdx| {
            let track = self.track(*idx);
            (track.version, track.features.is_silent(), *idx)
        };
        self.versions(work).iter().copied().min_by_key(key).expect("a work has a version")
    }

    /// The main artist of a track, if it has one.
    pub fn artist(&self, idx: TrackIdx) -> Option<ArtistIdx> {
        self.artists[idx.0 as usize]
    }

    /// The album that a track belongs to, if it names one; letter case is ignored.
    pub fn album(&self, idx: TrackIdx) -> Option<AlbumIdx> {
        self.albums[idx.0 as usize]
    }

    /// The name of an artist as first seen.
    pub fn artist_name(&self, idx: ArtistIdx) -> &str {
        &self.artist_names[idx.0 as usize]
    }

    /// The row of an artist; letter case is ignored.
    pub fn find_artist(&self, name: &str) -> Option<ArtistIdx> {
        self.by_artist_name.get(&name.to_lowercase()).copied()
    }
}
