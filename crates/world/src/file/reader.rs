//! Opening a world, and what can be asked of it.

use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::writer::{Entry, Table};
use super::{HEAD_BYTES, MAGIC, Manifest, SOUND_BYTES, TAIL_BYTES, VERSION};
use crate::dump::Mbid;
use crate::ivf::Ivf;
use crate::names::{guests, guests_agree, recording_key, stripped_key};
use crate::{Result, WorldError};

/// Row of a recording in a world; 0 is the best known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingIdx(pub u32);

impl RecordingIdx {
    fn row(self) -> usize {
        self.0 as usize
    }
}

/// A part of a world file with its size and digest, as `segue world info` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldSection {
    /// What it holds.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
}

/// A world that is open: a file in the page cache, of which as much is in memory as is asked for.
pub struct World {
    path: PathBuf,
    map: Mmap,
    table: Table,
    places: Places,
}

/// Where the sections lie.
#[derive(Debug, Default)]
struct Places {
    artists: Texts,
    titles: Texts,
    artist_names: Texts,
    mbids: Range<usize>,
    artist_of: Range<usize>,
    people: Range<usize>,
    listens: Range<usize>,
    recent: Range<usize>,
    first_day: Range<usize>,
    artist_people: Range<usize>,
    keys: Keys,
    other_keys: Keys,
    artist_recordings_ends: Range<usize>,
    artist_recordings: Range<usize>,
    neighbour_offsets: Range<usize>,
    neighbours: Range<usize>,
    neighbour_counts: Range<usize>,
    sound: Option<Range<usize>>,
    factors: Range<usize>,
    artist_factors: Range<usize>,
}

/// Sorted keys, and the row that each names.
#[derive(Debug, Default)]
struct Keys {
    keys: Range<usize>,
    rows: Range<usize>,
}

#[derive(Debug, Default)]
struct Texts {
    bytes: Range<usize>,
    ends: Range<usize>,
}

impl World {
    /// Opens a file: its head, its table and the lengths of all sections are looked at, and nothing
    /// else of it is read. [`verify`](Self::verify) reads it all.
    ///
    /// # Errors
    /// [`WorldError::Io`], [`WorldError::Malformed`] where it is no world, or one that was cut off
    /// or changed, [`WorldError::Newer`].
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| WorldError::io(path, error))?;
        #[expect(unsafe_code, reason = "a mapping is the only way to open gigabytes in no time")]
        // SAFETY: whoever changes the file while it is mapped changes what is read. Everything read
        // is checked against the lengths of the mapping, and no reference to text or numbers of
        // which the type would forbid some value is made without a check.
        let map = unsafe { Mmap::map(&file) }.map_err(|error| WorldError::io(path, error))?;
        let malformed = |reason: &str| WorldError::malformed(path, reason);
        if map.len() < HEAD_BYTES + TAIL_BYTES || map[..8] != MAGIC {
            return Err(malformed("no world: it does not begin like one"));
        }
        let version = u32::from_le_bytes(map[8..12].try_into().expect("four bytes"));
        if version != VERSION {
            let (path, supported) = (path.to_owned(), VERSION);
            return Err(WorldError::Newer { path, found: version, supported });
        }
        let table = table(&map).ok_or_else(|| malformed("the file was cut off or changed"))?;
        let is_within = |entry: &Entry| {
            entry.from.checked_add(entry.bytes).is_some_and(|end| end <= map.len() as u64)
        };
        if let Some(entry) = table.sections.iter().find(|entry| !is_within(entry)) {
            return Err(malformed(&format!("the section `{}` ends beyond the file", entry.name)));
        }
        let mut world = Self { path: path.to_owned(), map, table, places: Places::default() };
        world.places = world.places()?;
        world.check_factors()?;
        Ok(world)
    }

    /// Whether a file begins like a world, of whatever version; `false` where it cannot be read.
    pub fn is_one(path: &Path) -> bool {
        let mut head = [0; MAGIC.len()];
        let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
        read.is_ok() && head == MAGIC
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it was made of, and how.
    pub fn manifest(&self) -> &Manifest {
        &self.table.manifest
    }

    /// Identifies the content: a digest of the digests of all sections.
    pub fn digest(&self) -> String {
        let mut digest = blake3::Hasher::new();
        for section in &self.table.sections {
            digest.update(section.digest.as_bytes());
        }
        digest.finalize().to_hex()[..16].to_owned()
    }

    /// The sections, in the order in which they lie.
    pub fn sections(&self) -> Vec<WorldSection> {
        let section = |entry: &Entry| WorldSection { name: entry.name.clone(), bytes: entry.bytes };
        self.table.sections.iter().map(section).collect()
    }

    /// Reads everything and compares it with the digests. `progress` is told the share that is
    /// done.
    ///
    /// # Errors
    /// [`WorldError::Malformed`] names the sections that are not what was written.
    pub fn verify(&self, progress: &mut dyn FnMut(f32)) -> Result<()> {
        let mut damaged = Vec::new();
        for entry in &self.table.sections {
            let range = self.range(entry);
            progress(range.start as f32 / self.map.len() as f32);
            if blake3::hash(&self.map[range]).to_hex().as_str() != entry.digest {
                damaged.push(format!("`{}`", entry.name));
            }
        }
        match &damaged[..] {
            [] => Ok(()),
            names => {
                let reason = format!("damaged: {} is not what was written", names.join(", "));
                Err(WorldError::malformed(&self.path, reason))
            }
        }
    }

    /// Number of recordings.
    pub fn len(&self) -> usize {
        self.places.people.len() / 4
    }

    /// Whether there is no recording, which no builder writes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row of a recording among those that say how recordings sound.
    pub(super) fn sound_bytes(&self, recording: RecordingIdx) -> Option<&[u8; SOUND_BYTES]> {
        self.map[self.places.sound.clone()?].as_chunks().0.get(recording.row())
    }

    /// Number of artists.
    pub fn artists(&self) -> usize {
        self.places.artist_people.len() / 4
    }

    /// Artist and title.
    pub fn names(&self, recording: RecordingIdx) -> (&str, &str) {
        let Places { artists, titles, .. } = &self.places;
        (self.text(artists, recording.row()), self.text(titles, recording.row()))
    }

    /// Its MusicBrainz identifier, if one is known.
    pub fn mbid(&self, recording: RecordingIdx) -> Option<Mbid> {
        let at = self.places.mbids.start + recording.row() * 16;
        let bytes: [u8; 16] = self.map[at..at + 16].try_into().expect("sixteen bytes");
        (bytes != [0; 16]).then_some(Mbid(bytes))
    }

    /// The row of its artist.
    pub fn artist(&self, recording: RecordingIdx) -> u32 {
        self.u32(&self.places.artist_of, recording.row()).min(self.artists() as u32 - 1)
    }

    /// The name of an artist.
    pub fn artist_name(&self, artist: u32) -> &str {
        self.text(&self.places.artist_names, artist as usize)
    }

    /// How many people played it.
    pub fn people(&self, recording: RecordingIdx) -> u32 {
        self.u32(&self.places.people, recording.row())
    }

    /// How often it was played.
    pub fn listens(&self, recording: RecordingIdx) -> u32 {
        self.u32(&self.places.listens, recording.row())
    }

    /// How often it was played in the last four weeks of the dump.
    pub fn recent(&self, recording: RecordingIdx) -> u32 {
        self.u32(&self.places.recent, recording.row())
    }

    /// The day of its first listen, counted from 1970.
    pub fn first_day(&self, recording: RecordingIdx) -> u32 {
        self.u32(&self.places.first_day, recording.row())
    }

    /// How many people played an artist.
    pub fn artist_people(&self, artist: u32) -> u32 {
        self.u32(&self.places.artist_people, artist as usize)
    }

    /// The recordings of an artist, the most popular first.
    pub fn recordings_of(&self, artist: u32) -> impl Iterator<Item = RecordingIdx> + '_ {
        let Places { artist_recordings_ends, artist_recordings, .. } = &self.places;
        let [from, to] =
            [0, 1].map(|next| self.u64(artist_recordings_ends, artist as usize + next));
        let to = (to as usize).min(self.len());
        let row = move |at| self.u32(artist_recordings, at);
        (from as usize..to).map(row).filter(|&row| (row as usize) < self.len()).map(RecordingIdx)
    }

    /// The recording that a [key](crate::recording_key) names.
    fn find_key(&self, keys: &Keys, key: u64) -> Option<RecordingIdx> {
        let (mut low, mut high) = (0, keys.keys.len() / 8);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.u64(&keys.keys, middle) {
                found if found < key => low = middle + 1,
                found if found > key => high = middle,
                _ => {
                    let row = self.u32(&keys.rows, middle);
                    return ((row as usize) < self.len()).then_some(RecordingIdx(row));
                }
            }
        }
        None
    }

    /// The recording that names mean: as they are, else without guests and packaging, on either
    /// side. Where both name guests, they have to be the same; where these names have some, a
    /// recording with guests is looked for first.
    pub fn find(&self, artist: &str, title: &str) -> Option<RecordingIdx> {
        let Places { keys, other_keys, .. } = &self.places;
        let plain = recording_key(artist, title);
        if let Some(found) = plain.and_then(|key| self.find_key(keys, key)) {
            return Some(found);
        }
        let stripped = stripped_key(artist, title)?;
        let mut tables = [keys, other_keys];
        if !guests([artist, title]).is_empty() {
            tables.reverse();
        }
        let agrees = |found: &RecordingIdx| {
            guests_agree([artist, title], <[&str; 2]>::from(self.names(*found)))
        };
        tables.into_iter().find_map(|table| self.find_key(table, stripped).filter(agrees))
    }

    /// All keys of recordings, then the other keys by which some are found, each with its row.
    pub(super) fn keys(&self) -> [impl Iterator<Item = (u64, u32)> + '_; 2] {
        let Places { keys, other_keys, .. } = &self.places;
        [keys, other_keys].map(|keys| {
            (0..keys.keys.len() / 8).map(|at| (self.u64(&keys.keys, at), self.u32(&keys.rows, at)))
        })
    }

    /// What is played in one sitting with it, by row, with how often: a person counts five at most.
    pub fn neighbours(
        &self,
        recording: RecordingIdx,
    ) -> impl Iterator<Item = (RecordingIdx, u32)> + '_ {
        let Places { neighbour_offsets, neighbours, neighbour_counts, .. } = &self.places;
        let [from, to] = [0, 1].map(|next| self.u64(neighbour_offsets, recording.row() + next));
        let to = (to as usize).min(neighbours.len() / 4);
        let recordings = self.len() as u32;
        (from as usize..to).filter_map(move |at| {
            let row = self.u32(neighbours, at);
            (row < recordings).then(|| (RecordingIdx(row), self.u32(neighbour_counts, at)))
        })
    }

    /// The factors of recordings, and an index that finds those that are near: rows are those of
    /// [`RecordingIdx`].
    ///
    /// # Errors
    /// [`WorldError::Malformed`], if the file has changed since it was opened.
    pub fn factors(&self) -> Result<Ivf<'_>> {
        Ivf::open(&self.path, &self.map[self.places.factors.clone()])
    }

    /// The same of artists.
    ///
    /// # Errors
    /// As [`factors`](Self::factors).
    pub fn artist_factors(&self) -> Result<Ivf<'_>> {
        Ivf::open(&self.path, &self.map[self.places.artist_factors.clone()])
    }

    fn text(&self, texts: &Texts, row: usize) -> &str {
        let [from, to] = [0, 1].map(|next| self.u64(&texts.ends, row + next) as usize);
        let bytes = &self.map[texts.bytes.clone()];
        bytes.get(from..to).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }

    fn u32(&self, section: &Range<usize>, at: usize) -> u32 {
        let from = section.start + at * 4;
        debug_assert!(from + 4 <= section.end);
        u32::from_le_bytes(self.map[from..from + 4].try_into().expect("four bytes"))
    }

    fn u64(&self, section: &Range<usize>, at: usize) -> u64 {
        let from = section.start + at * 8;
        debug_assert!(from + 8 <= section.end);
        u64::from_le_bytes(self.map[from..from + 8].try_into().expect("eight bytes"))
    }

    fn range(&self, entry: &Entry) -> Range<usize> {
        entry.from as usize..(entry.from + entry.bytes) as usize
    }

    /// Makes sure that there are factors for every row.
    fn check_factors(&self) -> Result<()> {
        let Manifest { factors, artist_factors, .. } = self.manifest();
        for (index, width, rows) in [
            (self.factors()?, factors.width, self.len()),
            (self.artist_factors()?, artist_factors.width, self.artists()),
        ] {
            if (index.dim(), index.len()) != (width, rows) {
                let reason = "there are not as many factors as rows";
                return Err(WorldError::malformed(&self.path, reason));
            }
        }
        Ok(())
    }

    /// Finds all sections and makes sure that their lengths fit together.
    fn places(&self) -> Result<Places> {
        let malformed = |reason: String| WorldError::malformed(&self.path, reason);
        let find = |name: &str, bytes: Option<usize>| -> Result<Range<usize>> {
            let entry = self.table.sections.iter().find(|entry| entry.name == name);
            let entry = entry.ok_or_else(|| malformed(format!("it has no section `{name}`")))?;
            let range = self.range(entry);
            if bytes.is_some_and(|bytes| bytes != range.len()) {
                return Err(malformed(format!("the section `{name}` has another length")));
            }
            Ok(range)
        };
        let count = find("people", None)?.len() / 4;
        let artists = find("artist_people", None)?.len() / 4;
        let pairs = find("neighbours", None)?.len() / 4;
        if count == 0 || artists == 0 {
            return Err(malformed("it holds no recordings".to_owned()));
        }
        let texts = |name: &str, rows: usize| -> Result<Texts> {
            let ends = find(&format!("{name}_ends"), Some((rows + 1) * 8))?;
            Ok(Texts { bytes: find(name, None)?, ends })
        };
        let numbers = |name: &str| find(name, Some(count * 4));
        let keys = |name: &str| -> Result<Keys> {
            let keys = find(name, None)?;
            let rows = find(&format!("{name}_rows"), Some(keys.len() / 8 * 4))?;
            Ok(Keys { keys, rows })
        };
        Ok(Places {
            artists: texts("artists", count)?,
            titles: texts("titles", count)?,
            artist_names: texts("artist_names", artists)?,
            mbids: find("mbids", Some(count * 16))?,
            artist_of: numbers("artist_of")?,
            people: numbers("people")?,
            listens: numbers("listens")?,
            recent: numbers("recent")?,
            first_day: numbers("first_day")?,
            artist_people: find("artist_people", Some(artists * 4))?,
            keys: keys("keys")?,
            other_keys: keys("other_keys")?,
            artist_recordings_ends: find("artist_recordings_ends", Some((artists + 1) * 8))?,
            artist_recordings: numbers("artist_recordings")?,
            neighbour_offsets: find("neighbour_offsets", Some((count + 1) * 8))?,
            neighbours: find("neighbours", Some(pairs * 4))?,
            neighbour_counts: find("neighbour_counts", Some(pairs * 4))?,
            sound: match self.table.sections.iter().any(|entry| entry.name == "sound") {
                true => Some(find("sound", Some(count * SOUND_BYTES))?),
                false => None,
            },
            factors: find("factors", None)?,
            artist_factors: find("artist_factors", None)?,
        })
    }
}

/// The table at the end of a file, if it is what was written.
fn table(map: &[u8]) -> Option<Table> {
    let tail = &map[map.len() - TAIL_BYTES..];
    if tail[TAIL_BYTES - 8..] != MAGIC {
        return None;
    }
    let number = |at: usize| u64::from_le_bytes(tail[at..at + 8].try_into().expect("eight bytes"));
    let (from, bytes) = (number(0) as usize, number(8) as usize);
    let table = map.get(from..from.checked_add(bytes)?)?;
    (blake3::hash(table).as_bytes()[..] == tail[16..48]).then_some(())?;
    serde_json::from_slice(table).ok()
}
