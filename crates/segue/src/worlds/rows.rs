//! Which recording each work of a library is, and what models are told of those that are near.

use rustc_hash::{FxHashMap, FxHashSet};
use segue_core::{Release, Track, TrackId};
use segue_engine::dataset::plays::Plays;
use segue_engine::{Catalogue, WorkIdx};
use segue_ingest::identity::named_track;
use segue_models::recommenders::FoldIn;
use segue_models::set::{OpenWorld, WorldRows};
use segue_world::ivf::Ivf;
use segue_world::{RecordingIdx, World};

use super::draw::{Bag, near};
use super::releases::release;

/// Works of a catalogue and recordings of a world, by their names.
pub(super) struct Recordings {
    /// The best known recording of each work.
    of_work: Vec<Option<RecordingIdx>>,
    /// The work of each recording that some track is.
    works: FxHashMap<RecordingIdx, WorkIdx>,
}

impl Recordings {
    pub(super) fn of_work(&self, work: WorkIdx) -> Option<RecordingIdx> {
        self.of_work[work.row()]
    }
}

/// Looks for every track of a catalogue.
pub(super) fn recordings(world: &World, catalogue: &Catalogue) -> Recordings {
    let mut of_work: Vec<Option<RecordingIdx>> = vec![None; catalogue.work_count()];
    let mut works = FxHashMap::default();
    for track in catalogue.rows() {
        let Some(found) = find(world, catalogue.track(track)) else { continue };
        let work = catalogue.work(track);
        works.insert(found, work);
        let best = &mut of_work[work.row()];
        // The lower the row the better known.
        *best = Some(best.map_or(found, |best| best.min(found)));
    }
    Recordings { of_work, works }
}

/// The recording of a track: by all artists as credited, else by the first.
pub(super) fn find(world: &World, track: &Track) -> Option<RecordingIdx> {
    let first = track.artist()?;
    let joined = (track.artists.len() > 1).then(|| track.artists.join(", "));
    let by = |artist: &str| world.find(artist, &track.title);
    joined.as_deref().and_then(by).or_else(|| by(first))
}

/// Whether a work has names to look for.
pub(super) fn is_named(catalogue: &Catalogue, work: WorkIdx) -> bool {
    let track = catalogue.track(catalogue.standing(work));
    track.artist().is_some() && !track.title.is_empty()
}

/// What a library draws from a world.
#[derive(Clone, Debug, Default)]
pub struct DrawnRows {
    /// Works that are in the catalogue already.
    pub works: Vec<WorkIdx>,
    /// Tracks of which the catalogue has no version.
    pub missing: Vec<Track>,
}

impl DrawnRows {
    /// How many songs these are.
    pub fn len(&self) -> usize {
        self.works.len() + self.missing.len()
    }

    /// Whether nothing is near.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A world as a library sees it: what of it is near to what listeners play, and what models are
/// told of that ([`OpenWorld`]). A training makes one by itself; studies make one of a library as
/// it was.
pub struct WorldView<'a> {
    world: &'a World,
    catalogue: &'a Catalogue,
    recordings: Recordings,
}

impl<'a> WorldView<'a> {
    /// Looks for every track of a catalogue in a world.
    pub fn new(world: &'a World, catalogue: &'a Catalogue) -> Self {
        Self { world, catalogue, recordings: recordings(world, catalogue) }
    }

    /// What is near to what listeners play and that none of them plays.
    pub fn draw(&self, listeners: &[Plays]) -> DrawnRows {
        let bags = self.bags(listeners);
        let played: FxHashSet<RecordingIdx> = bags.iter().flatten().map(|(row, _)| *row).collect();
        let mut drawn = DrawnRows::default();
        for row in near(self.world, &bags) {
            match self.recordings.works.get(&row) {
                _ if played.contains(&row) => {}
                Some(&work) => drawn.works.push(work),
                None => drawn.missing.push(self.track(row)),
            }
        }
        drawn
    }

    /// Whether the world has a recording of a work.
    pub fn has(&self, work: WorkIdx) -> bool {
        self.recordings.of_work(work).is_some()
    }

    /// When the songs of the library came out, as far as the world tells.
    pub(crate) fn releases(&self) -> Vec<Release> {
        let mut releases: Vec<Release> = Vec::new();
        for work in self.catalogue.works() {
            let Some(recording) = self.recordings.of_work(work) else { continue };
            let track = self.catalogue.track(self.catalogue.standing(work)).id.clone();
            releases.extend(release(self.world, recording, track));
        }
        releases
    }

    fn track(&self, recording: RecordingIdx) -> Track {
        let (artist, title) = self.world.names(recording);
        let mbid = self.world.mbid(recording).map(|mbid| mbid.to_string());
        let id = mbid.as_ref().map(|mbid| TrackId::new(format!("mbid:{mbid}")));
        Track { recording_mbid: mbid, ..named_track(id, vec![artist.to_owned()], title) }
    }

    /// What each listener plays of the world.
    fn bags(&self, listeners: &[Plays]) -> Vec<Bag> {
        let bag = |one: &Plays| {
            let profile = one.profile(self.catalogue);
            let liked = profile.interactions.iter().filter(|x| x.is_positive());
            let mut bag: Bag = liked
                .filter_map(|x| {
                    let recording = self.recordings.of_work(x.work)?;
                    Some((recording, (x.finished.max(1) as f32).ln_1p()))
                })
                .collect();
            bag.sort_unstable_by_key(|entry| entry.0);
            bag
        };
        listeners.iter().map(bag).filter(|bag| !bag.is_empty()).collect()
    }
}

impl OpenWorld for WorldView<'_> {
    fn near(&self, listeners: &[Plays]) -> Option<WorldRows> {
        let bags = self.bags(listeners);
        let played: FxHashSet<WorkIdx> =
            bags.iter().flatten().map(|(row, _)| self.recordings.works[row]).collect();
        let near = near(self.world, &bags);
        let drawn = near.iter().filter_map(|row| self.recordings.works.get(row).copied());
        let mut works: Vec<WorkIdx> = played.into_iter().chain(drawn).collect();
        works.sort_unstable();
        works.dedup();
        let settings = &self.world.manifest().factors.settings;
        let fold_in: FoldIn = serde_json::from_str(settings).ok()?;
        let factors = self.world.factors().ok().filter(|_| !works.is_empty())?;
        Some(self.rows(&works, &factors, fold_in))
    }
}

impl WorldView<'_> {
    fn rows(&self, works: &[WorkIdx], factors: &Ivf<'_>, fold_in: FoldIn) -> WorldRows {
        let row_of: FxHashMap<WorkIdx, u32> = works.iter().copied().zip(0..).collect();
        let recording = |work: &WorkIdx| self.recordings.of_work(*work).expect("it was matched");
        let neighbours = |work: &WorkIdx| {
            let mut near: FxHashMap<u32, f32> = FxHashMap::default();
            for (other, count) in self.world.neighbours(recording(work)) {
                let other = self.recordings.works.get(&other).filter(|other| *other != work);
                if let Some(row) = other.and_then(|other| row_of.get(other)) {
                    *near.entry(*row).or_default() += count as f32;
                }
            }
            let mut near: Vec<(u32, f32)> = near.into_iter().collect();
            near.sort_unstable_by_key(|entry| entry.0);
            near
        };
        WorldRows {
            works: works.iter().map(|&work| self.catalogue.work_id(work).clone()).collect(),
            people: works.iter().map(|work| self.world.people(recording(work)) as f32).collect(),
            neighbours: works.iter().map(neighbours).collect(),
            factors: works.iter().flat_map(|work| factors.to_f32(recording(work).0)).collect(),
            fold_in,
        }
    }
}
