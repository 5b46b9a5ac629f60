//! Third step: plays by people, and what is counted of them.
//!
//! One share of the people after another is gathered from all parts, so that memory is that of a
//! share. Sums over people do not depend on the order in which shares are done.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use rustc_hash::FxHashMap;

use super::memory::{Room, in_rounds};
use super::parts::{Parts, Row, rows_of};
use super::recordings::{NONE, Recording, Recordings};
use super::spill::{read, u32_at};
use super::{BuildConfig, BuildStage, SHARES, require_memory};
use crate::file::WorldWriter;
use crate::{Result, WorldError};

pub(super) const SECONDS_A_DAY: u32 = 86_400;
/// Days of the dump's end in which plays count as recent.
const RECENT_DAYS: u32 = 28;
const PLAY_BYTES: usize = 12;
/// Bytes that a listen takes while its share is gathered, first as a row and then as a play.
const BYTES_A_LISTEN: usize = size_of::<Row>() + size_of::<Play>();
/// Bytes that a recording takes in counters.
const BYTES_A_COUNTED: usize = 32;
/// Bytes that a play takes while a share is read again, first as it lies in the file.
pub(super) const BYTES_A_PLAY: usize = PLAY_BYTES + size_of::<Play>();
/// Bytes that a recording that somebody heard takes while factors are fitted: by people and by
/// recordings, and what tables grow by.
const BYTES_A_HEARD: usize = 32;
/// Bytes that a row of factors takes, about.
const BYTES_A_FACTOR_ROW: usize = 512;

/// A play of a recording that is in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Play {
    pub(super) user: u32,
    pub(super) at: u32,
    pub(super) recording: u32,
}

/// What is known of recordings once plays are counted; rows are those of the world, the most
/// popular first.
#[derive(Debug, Default)]
pub(super) struct Counted {
    recordings: Vec<Recording>,
    artists: Vec<String>,
    /// People and plays of each recording.
    pub(super) people_of: Vec<u32>,
    pub(super) listens_of: Vec<u32>,
    pub(super) recent_of: Vec<u32>,
    first_day_of: Vec<u32>,
    people_of_artist: Vec<u32>,
    /// The artist of each recording.
    pub(super) artist_of: Vec<u32>,
    pub(super) joined: BTreeMap<String, u64>,
    pub(super) unnamed: u64,
    pub(super) duplicates: u64,
    pub(super) by_too_few: u64,
    pub(super) listens: u64,
    pub(super) people: u64,
    pub(super) days: [u32; 2],
}

/// Who heard what, as rows of people: what factors are fitted to.
#[derive(Debug, Default)]
pub struct HeardRows {
    /// Recordings, or artists, that there are.
    pub columns: usize,
    /// Where the row of each person begins, and the end of the last.
    pub offsets: Vec<usize>,
    /// What they heard, however often, in rising order within a row.
    pub items: Vec<u32>,
}

/// What people heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Recordings,
    Artists,
}

impl HeardRows {
    pub(super) fn none_of(columns: usize) -> Self {
        Self { columns, offsets: vec![0], items: Vec::new() }
    }

    /// Adds a person, by the rows of their plays.
    pub(super) fn push(&mut self, mut rows: Vec<u32>) {
        rows.sort_unstable();
        rows.dedup();
        self.items.extend(rows);
        self.offsets.push(self.items.len());
    }

    /// Refuses more than memory may hold while factors are fitted beside so many bytes, as
    /// [`require_memory`].
    pub(super) fn require_memory(
        &self,
        config: &BuildConfig,
        beside: usize,
        done_of: [usize; 2],
    ) -> Result<()> {
        let rows = self.columns + self.offsets.len();
        let bytes = self.items.len() * BYTES_A_HEARD + rows * BYTES_A_FACTOR_ROW;
        require_memory(config, [beside, bytes], done_of)
    }
}

/// Counters that all threads add to, by recordings and artists as [`Recordings`] has them.
pub(super) struct Counters {
    pub(super) listens: Vec<AtomicU32>,
    pub(super) people: Vec<AtomicU32>,
    pub(super) first_at: Vec<AtomicU32>,
    pub(super) artists: Vec<AtomicU32>,
    pub(super) duplicates: AtomicU64,
    /// Listens by days since 1970.
    pub(super) days: Vec<AtomicU64>,
}

impl Counters {
    pub(super) fn zeros(recordings: &Recordings) -> Self {
        Self {
            listens: zeros(recordings.all.len()),
            people: zeros(recordings.all.len()),
            first_at: (0..recordings.all.len()).map(|_| AtomicU32::new(u32::MAX)).collect(),
            artists: zeros(recordings.artists.len()),
            duplicates: AtomicU64::new(0),
            days: (0..=u32::MAX / SECONDS_A_DAY).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

fn zeros(count: usize) -> Vec<AtomicU32> {
    (0..count).map(|_| AtomicU32::new(0)).collect()
}

pub(super) fn count(
    config: &BuildConfig,
    folder: &Path,
    parts: &Parts,
    recordings: Recordings,
    progress: &mut dyn FnMut(BuildStage),
) -> Result<Counted> {
    let counters = Counters::zeros(&recordings);
    let most = parts.shares.into_iter().max().unwrap_or(0);
    let beside =
        recordings.bytes() + recordings.all.len() * (BYTES_A_COUNTED + size_of::<Recording>());
    let at_once = Room::beside(config, beside).at_once(most * BYTES_A_LISTEN)?;
    let shares = [SHARES, at_once];
    in_rounds(shares, progress, BuildStage::Counting, |share| {
        gather(folder, parts, share, &recordings, &counters)
    })?;
    let (mut counted, before) = Counted::rank(config, recordings, &counters)?;
    let mut rows = vec![NONE; counters.people.len()];
    before.iter().zip(0..).for_each(|(&before, row)| rows[before] = row);
    let recent_from = counted.recent_from_s();
    let recent = zeros(counted.recordings.len());
    let kept = AtomicU64::new(0);
    let people = AtomicU64::new(0);
    in_rounds(shares, progress, BuildStage::Counting, |share| {
        let mut plays = plays_of(folder, share)?;
        plays.retain_mut(|play| {
            play.recording = rows[play.recording as usize];
            play.recording != NONE
        });
        for play in plays.iter().filter(|play| play.at >= recent_from) {
            recent[play.recording as usize].fetch_add(1, Relaxed);
        }
        kept.fetch_add(plays.len() as u64, Relaxed);
        people.fetch_add(plays.chunk_by(|a, b| a.user == b.user).count() as u64, Relaxed);
        write_plays(folder, share, &plays)
    })?;
    counted.recent_of = recent.into_iter().map(AtomicU32::into_inner).collect();
    (counted.listens, counted.people) = (kept.into_inner(), people.into_inner());
    Ok(counted)
}

/// Gathers the plays of a share of the people and counts them.
fn gather(
    folder: &Path,
    parts: &Parts,
    share: usize,
    recordings: &Recordings,
    counters: &Counters,
) -> Result<()> {
    let mut rows: Vec<Row> = Vec::with_capacity(parts.shares[share]);
    for part in &parts.files {
        rows_of(part, share, &mut rows)?;
    }
    let of_token = |token| recordings.of_token.get(&token).copied().unwrap_or(NONE);
    let named = |row: &Row| {
        let recording = of_token(row.token);
        (recording != NONE).then_some(Play { user: row.user, at: row.at, recording })
    };
    let mut plays: Vec<Play> = Vec::with_capacity(rows.len());
    plays.extend(rows.iter().filter_map(named));
    drop(rows);
    let read = plays.len();
    plays.sort_unstable();
    plays.dedup();
    counters.duplicates.fetch_add((read - plays.len()) as u64, Relaxed);
    for play in &plays {
        counters.listens[play.recording as usize].fetch_add(1, Relaxed);
        counters.first_at[play.recording as usize].fetch_min(play.at, Relaxed);
        counters.days[(play.at / SECONDS_A_DAY) as usize].fetch_add(1, Relaxed);
    }
    for plays in plays.chunk_by(|a, b| a.user == b.user) {
        let mut heard: Vec<u32> = plays.iter().map(|play| play.recording).collect();
        let artist = |&row: &u32| recordings.all[row as usize].artist_row;
        count_each(&mut heard, &counters.people);
        let mut artists: Vec<u32> = heard.iter().map(artist).collect();
        count_each(&mut artists, &counters.artists);
    }
    write_plays(folder, share, &plays)
}

/// Adds one for each distinct row.
fn count_each(rows: &mut Vec<u32>, counts: &[AtomicU32]) {
    rows.sort_unstable();
    rows.dedup();
    for &row in rows.iter() {
        counts[row as usize].fetch_add(1, Relaxed);
    }
}

fn share_path(folder: &Path, share: usize) -> PathBuf {
    folder.join(format!("plays-{share}"))
}

fn write_plays(folder: &Path, share: usize, plays: &[Play]) -> Result<()> {
    // A build that goes on counts anew, so that nothing is lost with it.
    let path = share_path(folder, share);
    let failed = |error| WorldError::io(&path, error);
    let mut file = BufWriter::with_capacity(1 << 16, File::create(&path).map_err(failed)?);
    for play in plays {
        for number in [play.user, play.at, play.recording] {
            file.write_all(&number.to_le_bytes()).map_err(failed)?;
        }
    }
    file.flush().map_err(failed)
}

/// Removes the plays of all shares.
pub(super) fn remove(folder: &Path) -> Result<()> {
    (0..SHARES).try_for_each(|share| {
        let path = share_path(folder, share);
        fs::remove_file(&path).map_err(|error| WorldError::io(&path, error))
    })
}

/// Plays of the largest share.
pub(super) fn largest_share(folder: &Path) -> Result<usize> {
    let mut sizes = (0..SHARES).map(|share| {
        let path = share_path(folder, share);
        let bytes = fs::metadata(&path).map_err(|error| WorldError::io(&path, error))?.len();
        Ok(bytes as usize / PLAY_BYTES)
    });
    sizes.try_fold(0, |most, size: Result<usize>| Ok(most.max(size?)))
}

/// The plays of a share, by people and in the order of time.
pub(super) fn plays_of(folder: &Path, share: usize) -> Result<Vec<Play>> {
    let bytes = read(&share_path(folder, share))?;
    let play = |record: &[u8]| {
        let [user, at, recording] = [0, 4, 8].map(|place| u32_at(record, place));
        Play { user, at, recording }
    };
    Ok(bytes.chunks_exact(PLAY_BYTES).map(play).collect())
}

impl Counted {
    /// What was counted of the recordings that enough people played, the most popular first, and
    /// the row that each had before.
    pub(super) fn rank(
        config: &BuildConfig,
        recordings: Recordings,
        counters: &Counters,
    ) -> Result<(Self, Vec<usize>)> {
        let (mut counted, before) = Self::of(config, recordings, counters);
        if counted.recordings.is_empty() {
            return Err(WorldError::NothingKept { fewest: config.fewest_people });
        }
        counted.number_artists(counters);
        Ok((counted, before))
    }

    /// The second from which on plays are recent.
    pub(super) fn recent_from_s(&self) -> u32 {
        (self.days[1] + 1).saturating_sub(RECENT_DAYS) * SECONDS_A_DAY
    }

    fn of(config: &BuildConfig, recordings: Recordings, counters: &Counters) -> (Self, Vec<usize>) {
        let Recordings { all, artists, joined, unnamed, .. } = recordings;
        let people = |row: usize| counters.people[row].load(Relaxed);
        let too_few = |row: &usize| people(*row) < config.fewest_people;
        let listens = |row: usize| u64::from(counters.listens[row].load(Relaxed));
        let by_too_few = (0..all.len()).filter(too_few).map(listens).sum();
        let enough = |(row, _): &(usize, Recording)| !too_few(row);
        let mut kept: Vec<(usize, Recording)> =
            all.into_iter().enumerate().filter(enough).collect();
        kept.sort_unstable_by_key(|(row, one)| (std::cmp::Reverse(people(*row)), one.key));
        let counts =
            |of: &[AtomicU32]| kept.iter().map(|(row, _)| of[*row].load(Relaxed)).collect();
        let before = kept.iter().map(|(row, _)| *row).collect();
        let counted = Self {
            people_of: counts(&counters.people),
            listens_of: counts(&counters.listens),
            first_day_of: kept
                .iter()
                .map(|(row, _)| counters.first_at[*row].load(Relaxed) / SECONDS_A_DAY)
                .collect(),
            recordings: kept.into_iter().map(|(_, recording)| recording).collect(),
            artists,
            joined,
            unnamed,
            duplicates: counters.duplicates.load(Relaxed),
            by_too_few,
            days: days(&counters.days),
            ..Self::default()
        };
        (counted, before)
    }

    /// Numbers the artists of what is kept, the most popular first.
    fn number_artists(&mut self, counters: &Counters) {
        let mut artists: Vec<u32> = self.recordings.iter().map(|one| one.artist_row).collect();
        artists.sort_unstable();
        artists.dedup();
        let people = |artist: &u32| counters.artists[*artist as usize].load(Relaxed);
        artists.sort_by_key(|artist| std::cmp::Reverse(people(artist)));
        let places: FxHashMap<u32, u32> =
            artists.iter().zip(0..).map(|(&artist, row)| (artist, row)).collect();
        self.artist_of = self.recordings.iter().map(|one| places[&one.artist_row]).collect();
        self.people_of_artist = artists.iter().map(people).collect();
        let name = |&artist: &u32| std::mem::take(&mut self.artists[artist as usize]);
        self.artists = artists.iter().map(name).collect();
    }

    /// Memory that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        let recordings = self.recordings.iter().map(Recording::bytes).sum::<usize>();
        let artists = self.artists.iter().map(|artist| artist.len() + 40).sum::<usize>();
        recordings + artists + self.recordings.len() * BYTES_A_COUNTED
    }

    /// The key of each recording, with its row.
    pub(super) fn keys(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        self.recordings.iter().map(|one| one.key).zip(0..)
    }

    /// Where so many ranges of recordings end that have about as many people each.
    pub(super) fn ranges(&self, count: usize) -> Vec<u32> {
        let all: u64 = self.people_of.iter().map(|&people| u64::from(people)).sum();
        let mut ends = Vec::with_capacity(count);
        let mut before = 0;
        for (row, &people) in (0..).zip(&self.people_of) {
            while before >= all * (ends.len() as u64 + 1) / count as u64 {
                ends.push(row);
            }
            before += u64::from(people);
        }
        ends.resize(count, self.recordings.len() as u32);
        ends
    }

    pub(super) fn recordings(&self) -> usize {
        self.recordings.len()
    }

    pub(super) fn artists(&self) -> usize {
        self.artists.len()
    }

    /// How many there are of what factors are fitted to.
    pub(super) fn columns(&self, of: Of) -> usize {
        match of {
            Of::Recordings => self.recordings(),
            Of::Artists => self.artists(),
        }
    }

    /// Which of them a recording is.
    pub(super) fn column(&self, of: Of, recording: u32) -> u32 {
        match of {
            Of::Recordings => recording,
            Of::Artists => self.artist_of[recording as usize],
        }
    }

    /// Writes all that is known but for neighbours and factors.
    pub(super) fn write(&self, writer: &mut WorldWriter) -> Result<()> {
        writer.texts("artists", self.recordings.iter().map(|one| one.artist.as_str()))?;
        writer.texts("titles", self.recordings.iter().map(|one| one.title.as_str()))?;
        writer.texts("artist_names", self.artists.iter().map(String::as_str))?;
        let mbids = self.recordings.iter().flat_map(|one| one.mbid.map_or([0; 16], |mbid| mbid.0));
        writer.bytes("mbids", &mbids.collect::<Vec<u8>>())?;
        writer.u32s("artist_of", &self.artist_of)?;
        writer.u32s("people", &self.people_of)?;
        writer.u32s("listens", &self.listens_of)?;
        writer.u32s("recent", &self.recent_of)?;
        writer.u32s("first_day", &self.first_day_of)?;
        writer.u32s("artist_people", &self.people_of_artist)?;
        let others =
            self.recordings.iter().zip(0..).flat_map(|(one, row)| {
                one.other_keys.into_iter().flatten().map(move |key| (key, row))
            });
        writer.keys(self.keys(), others)?;
        writer.by_artist(&self.artist_of, self.artists())
    }
}

/// First and last day that have listens enough to be no broken clock: a hundredth of what a day
/// has on the median.
fn days(counts: &[AtomicU64]) -> [u32; 2] {
    let counts: Vec<u64> = counts.iter().map(|count| count.load(Relaxed)).collect();
    let mut some: Vec<u64> = counts.iter().copied().filter(|&count| count > 0).collect();
    some.sort_unstable();
    let enough = some.get(some.len() / 2).map_or(1, |median| (median / 100).max(1));
    let first = counts.iter().position(|&count| count >= enough).unwrap_or(0);
    let last = counts.iter().rposition(|&count| count >= enough).unwrap_or(0);
    [first as u32, last as u32]
}

/// Who heard what of the world, beside so many bytes that stay in memory.
pub(super) fn heard(
    config: &BuildConfig,
    folder: &Path,
    counted: &Counted,
    of: Of,
    beside: usize,
) -> Result<HeardRows> {
    let mut heard = HeardRows::none_of(counted.columns(of));
    for share in 0..SHARES {
        heard.require_memory(config, beside, [share, SHARES])?;
        for plays in plays_of(folder, share)?.chunk_by(|a, b| a.user == b.user) {
            let columns = plays.iter().map(|play| counted.column(of, play.recording));
            heard.push(columns.collect());
        }
    }
    Ok(heard)
}
