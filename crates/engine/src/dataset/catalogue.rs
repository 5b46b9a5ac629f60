//! The vocabulary of one dataset: every track with a dense row, grouped into works and artists.
//!
//! Dense rows are assigned in the order of track ids, so that the same tracks give the same rows
//! wherever they came from.

use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};
use segue_core::{AudioAnalysis, AudioFeature, AudioFeatures, Track, TrackId, WorkId};

use crate::sound::embedding::EmbeddingAxes;
use crate::sound::estimates::estimated;
use crate::sound::learned::{self, HeardAndTold, LearnedFeatures};
use crate::sound::origin::FeatureOrigin;

/// Dense row of a track in one [`Catalogue`], from 0 to [`Catalogue::len`] - 1: an index into every
/// column by track. It means nothing in another catalogue; what outlives a catalogue is the track's
/// id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackIdx(pub u32);

/// Dense row of a work in one [`Catalogue`]: the song, whose live takes, remasters and edits are
/// its versions. Labels, plays and bans are kept by work, so that they count for every version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkIdx(pub u32);

impl WorkIdx {
    /// The row as a `usize`, to index columns of one value per work: `0..catalogue.work_count()`.
    pub fn row(self) -> usize {
        self.0 as usize
    }
}

/// Dense row of a main artist in one [`Catalogue`]. Names that differ in letter case only share a
/// row; guests and further artists of a track have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtistIdx(pub u32);

/// Row of an album in one [`Catalogue`]. An album is told apart by main artist and title, so that
/// two artists' "Greatest Hits" are two albums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlbumIdx(pub u32);

/// All tracks that can be scored, picked or listened to, with a dense row for each track, work,
/// main artist and album.
///
/// It is immutable: a changed library makes a new catalogue, with new rows. Methods that take a row
/// panic on one that the catalogue does not have.
///
/// # Examples
/// ```
/// use segue_core::{Track, TrackId, WorkId};
/// use segue_engine::Catalogue;
///
/// let catalogue = Catalogue::from_tracks(vec![
///     Track::new(TrackId::new("b"), WorkId::new("w1"), "Song (live)"),
///     Track::new(TrackId::new("a"), WorkId::new("w1"), "Song"),
///     Track::new(TrackId::new("c"), WorkId::new("w2"), "Another song"),
/// ]);
///
/// // Rows follow the ids, whatever the order in which the tracks came.
/// let first = catalogue.find(&TrackId::new("a")).unwrap();
/// assert_eq!(first.0, 0);
/// assert_eq!(catalogue.track(first).title, "Song");
/// // Two versions of one work: what is learned of the one holds for the other.
/// assert_eq!((catalogue.len(), catalogue.work_count()), (3, 2));
/// assert_eq!(catalogue.versions(catalogue.work(first)).len(), 2);
/// ```
#[derive(Debug, Default)]
pub struct Catalogue {
    tracks: Vec<Track>,
    by_id: FxHashMap<TrackId, TrackIdx>,
    /// Tracks without a title, where most have one.
    untitled: FxHashSet<TrackIdx>,
    works: Vec<WorkIdx>,
    versions: Vec<Vec<TrackIdx>>,
    artists: Vec<Option<ArtistIdx>>,
    albums: Vec<Option<AlbumIdx>>,
    artist_names: Vec<String>,
    by_artist_name: FxHashMap<String, ArtistIdx>,
    analyses: FxHashMap<TrackIdx, Analysed>,
    /// Found when they are first asked for: whoever wants names only does not.
    embedding_axes: OnceLock<Option<EmbeddingAxes>>,
    learned: Option<LearnedFeatures>,
    overrides: FxHashMap<TrackIdx, AudioFeatures>,
}

/// A track in whose file something was measured.
#[derive(Debug)]
struct Analysed {
    analysis: AudioAnalysis,
    /// Whether the track's features are estimates by it.
    is_estimated: bool,
    /// Estimates for a track that services describe in part; what they leave out is taken from
    /// here. They stand beside what is told, so that no distance takes them for it.
    estimates: AudioFeatures,
}

impl Catalogue {
    /// Builds the vocabulary. Rows are given out in the order of track ids, so that the same tracks
    /// give the same rows in whatever order they come; of several tracks with the same id the first
    /// stays. No track at all makes an empty catalogue, which no mix can be made from.
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
        let without = tracks.iter().zip(0..).filter(|(track, _)| track.title.is_empty());
        let untitled: FxHashSet<TrackIdx> = without.map(|(_, row)| TrackIdx(row)).collect();
        if 2 * untitled.len() < tracks.len() {
            catalogue.untitled = untitled;
        }
        catalogue.tracks = tracks;
        catalogue
    }

    /// Whether a track has no title, in a catalogue where most tracks have one: nobody could look
    /// for it. Tables of audio features may have no titles at all; there no track lacks one.
    pub fn lacks_title(&self, row: TrackIdx) -> bool {
        self.untitled.contains(&row)
    }

    /// The same catalogue with what was measured in files of some tracks; of tracks that it does
    /// not have nothing is kept. A track of whose sound no service tells anything gets
    /// [estimates](crate::sound::estimates) for features, by a [map](crate::sound::learned) where
    /// enough tracks have both and it is better. Of one that services describe in part the rest is
    /// estimated; [`Self::feature`] tells both, [`Self::track`] what services tell.
    #[must_use]
    pub fn with_analyses(mut self, analyses: Vec<(TrackId, AudioAnalysis)>) -> Self {
        for (id, analysis) in analyses {
            let Some(row) = self.find(&id) else { continue };
            let is_estimated = self.track(row).features.is_silent();
            let estimates = AudioFeatures::MISSING;
            self.analyses.insert(row, Analysed { analysis, is_estimated, estimates });
        }
        self.learned = self.learn();
        for (row, analysed) in &mut self.analyses {
            let known = &mut self.tracks[row.0 as usize].features;
            if AudioFeature::ALL.into_iter().all(|feature| known.get(feature).is_some()) {
                continue;
            }
            let mut features = estimated(&analysed.analysis);
            if let Some(learned) = &self.learned {
                learned.improve(&analysed.analysis, &mut features);
            }
            match analysed.is_estimated {
                true => known.fill_from(&features),
                false => analysed.estimates = features,
            }
        }
        self
    }

    /// The same catalogue with features that somebody set by hand in the place of what is told or
    /// estimated. Set them last: estimates are learned from what services tell.
    #[must_use]
    pub fn with_overrides(mut self, overrides: &[(TrackId, AudioFeatures)]) -> Self {
        for (id, set) in overrides {
            let Some(row) = self.find(id) else { continue };
            let features = &mut self.tracks[row.0 as usize].features;
            let instead = std::mem::replace(features, *set);
            features.fill_from(&instead);
            self.overrides.insert(row, *set);
        }
        self
    }

    /// A map from what was measured to what services tell, by the tracks that have both.
    fn learn(&self) -> Option<LearnedFeatures> {
        let both = self.analyses.iter().filter(|(_, analysed)| !analysed.is_estimated);
        let mut both: Vec<(TrackIdx, &AudioAnalysis)> =
            both.map(|(&row, analysed)| (row, &analysed.analysis)).collect();
        both.sort_unstable_by_key(|(row, _)| *row);
        let song = |(row, analysis)| {
            let alone = || self.artist_names.len() as u32 + self.work(row).0;
            HeardAndTold {
                analysis,
                features: &self.track(row).features,
                group: self.artist(row).map_or_else(alone, |artist| artist.0),
            }
        };
        let songs: Vec<HeardAndTold<'_>> = both.into_iter().map(song).collect();
        // Axes cost more than the rest of a catalogue: none are looked for in vain.
        let axes = (songs.len() >= learned::FEWEST_SONGS).then(|| self.embedding_axes());
        LearnedFeatures::learn(&songs, axes.flatten())
    }

    /// The map by which features of tracks that only a file describes are estimated; `None` where
    /// fewer than [`FEWEST_SONGS`](learned::FEWEST_SONGS) tracks have both a file and
    /// features that services tell.
    pub fn learned_features(&self) -> Option<&LearnedFeatures> {
        self.learned.as_ref()
    }

    /// A feature of a track: as somebody set it, as services tell it, or an estimate by its file.
    /// Who compares tracks takes [`Self::track`]'s, which are of one origin but for what was set.
    pub fn feature(&self, idx: TrackIdx, feature: AudioFeature) -> Option<f32> {
        let known = self.track(idx).features.get(feature);
        known.or_else(|| self.analyses.get(&idx)?.estimates.get(feature))
    }

    /// All features of a track, each as [`Self::feature`] has it.
    pub fn features(&self, idx: TrackIdx) -> AudioFeatures {
        let mut features = self.track(idx).features;
        if let Some(analysed) = self.analyses.get(&idx) {
            features.fill_from(&analysed.estimates);
        }
        features
    }

    /// Which features of a track are estimates while services tell others; none where all are.
    pub fn filled_in(&self, idx: TrackIdx) -> impl Iterator<Item = AudioFeature> + '_ {
        let is_filled_in = move |feature: &AudioFeature| {
            let estimate = self.analyses.get(&idx).and_then(|found| found.estimates.get(*feature));
            estimate.is_some() && self.track(idx).features.get(*feature).is_none()
        };
        AudioFeature::ALL.into_iter().filter(is_filled_in)
    }

    /// Where a feature of a track comes from; `None` where it is not known.
    pub fn feature_origin(&self, idx: TrackIdx, feature: AudioFeature) -> Option<FeatureOrigin> {
        self.feature(idx, feature)?;
        if self.overrides.get(&idx).is_some_and(|set| set.get(feature).is_some()) {
            return Some(FeatureOrigin::Set);
        }
        let is_known = self.track(idx).features.get(feature).is_some();
        let is_told = is_known && !self.is_estimated(idx);
        let analysis = self.analysis(idx).filter(|_| !is_told);
        let Some(analysis) = analysis else { return Some(FeatureOrigin::Told) };
        let learned = self.learned.as_ref().filter(|_| LearnedFeatures::has_embedding(analysis));
        Some(FeatureOrigin::of_estimate(feature, learned))
    }

    /// What was measured in a file of a track; `None` if there was none.
    pub fn analysis(&self, idx: TrackIdx) -> Option<&AudioAnalysis> {
        self.analyses.get(&idx).map(|analysed| &analysed.analysis)
    }

    /// Whether the features of a track are estimates by what was measured in a file: no service
    /// tells any.
    pub fn is_estimated(&self, idx: TrackIdx) -> bool {
        self.analyses.get(&idx).is_some_and(|analysed| analysed.is_estimated)
    }

    /// The axes along which embeddings differ; `None` where fewer than two tracks have one.
    pub fn embedding_axes(&self) -> Option<&EmbeddingAxes> {
        let find = || {
            let in_order = self.rows().filter_map(|row| self.analysis(row));
            EmbeddingAxes::fit(&in_order.collect::<Vec<_>>())
        };
        self.embedding_axes.get_or_init(find).as_ref()
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

    /// Number of tracks, all versions of a work counted; rows go from 0 to one less.
    pub fn len(&self) -> usize {
        self.tracks.len()
    }

    /// Whether there is no track at all, as before the first import. A mix then fails with
    /// [`MixError::EmptyCatalogue`](crate::pipeline::MixError::EmptyCatalogue).
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// Number of works: how long a column of one value per work has to be.
    pub fn work_count(&self) -> usize {
        self.versions.len()
    }

    /// Number of main artists, which is the length of columns by artist. Tracks that name no artist
    /// add none.
    pub fn artist_count(&self) -> usize {
        self.artist_names.len()
    }

    /// Every track's row, ascending: the order in which the rest of the engine keeps columns and
    /// breaks ties.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = TrackIdx> + Clone + use<> {
        (0..self.tracks.len() as u32).map(TrackIdx)
    }

    /// The track in a row, with all that is known of it: names, length, sound, popularity.
    ///
    /// # Panics
    /// If the row is of another, larger catalogue.
    pub fn track(&self, idx: TrackIdx) -> &Track {
        &self.tracks[idx.0 as usize]
    }

    /// The row of a track; `None` if the catalogue does not hold it. This is the way from the
    /// world's ids, in logs and requests, to the engine's rows.
    pub fn find(&self, id: &TrackId) -> Option<TrackIdx> {
        self.by_id.get(id).copied()
    }

    /// The work that a track is a version of; every track has one, if only itself.
    pub fn work(&self, idx: TrackIdx) -> WorkIdx {
        self.works[idx.0 as usize]
    }

    /// Every work, in the order of rows: a work comes where its first track comes.
    pub fn works(&self) -> impl ExactSizeIterator<Item = WorkIdx> + Clone + use<> {
        (0..self.versions.len() as u32).map(WorkIdx)
    }

    /// The id of a work, which outlives the rows of one catalogue: store this, never the row.
    pub fn work_id(&self, work: WorkIdx) -> &WorkId {
        &self.track(self.versions(work)[0]).work
    }

    /// All versions of a work, in row order: at least one, and [`Self::standing`] is among them.
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

    /// The main artist of a track; `None` if it names none, so that no artist cap, ban or
    /// neighbourhood applies to it.
    pub fn artist(&self, idx: TrackIdx) -> Option<ArtistIdx> {
        self.artists[idx.0 as usize]
    }

    /// The album that a track belongs to, told apart by main artist and title; `None` if the track
    /// names no album. Letter case is ignored.
    pub fn album(&self, idx: TrackIdx) -> Option<AlbumIdx> {
        self.albums[idx.0 as usize]
    }

    /// The name of an artist, spelled as in the first track of theirs; other spellings differ in
    /// letter case only.
    pub fn artist_name(&self, idx: ArtistIdx) -> &str {
        &self.artist_names[idx.0 as usize]
    }

    /// The row of the artist of that name, letter case ignored; `None` if no track has them as main
    /// artist. Requests and feedback name artists this way.
    pub fn find_artist(&self, name: &str) -> Option<ArtistIdx> {
        self.by_artist_name.get(&name.to_lowercase()).copied()
    }
}
