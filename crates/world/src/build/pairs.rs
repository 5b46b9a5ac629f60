//! Last step: which recordings are played in one sitting.
//!
//! The recipe is the one that ListenBrainz publishes for its own similar recordings. A person's
//! listens in order make sessions, cut where the pause beyond the track's length exceeds five
//! minutes. A track is skipped where the next one begins over thirty seconds too early, and then
//! counts for nothing. Two recordings of one session by different artists are a pair; a person adds
//! at most five to it; pairs below ten are dropped. Dumps in Parquet have no lengths: three minutes
//! are assumed, as ListenBrainz does where it knows none.
//!
//! Which hundred neighbours a recording keeps is decided by the count over the root of both
//! popularities, since counts alone give everybody the same few hits; what is kept is the count.

use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use super::people::{Counted, Play, for_each_share, plays_of};
use super::spill::{Buckets, u32_at, u64_at};
use super::{BuildConfig, BuildStage, FEWEST_PEOPLE_OF_PAIR};
use crate::Result;
use crate::file::WorldWriter;

/// A pause that ends a session, beyond the length of a track.
pub(super) const SESSION_GAP_S: u32 = 300;
/// How long a track takes of which nothing is known.
pub(super) const USUAL_LENGTH_S: u32 = 180;
/// The next track may begin so much too early before this one counts as skipped.
pub(super) const SKIP_S: u32 = 30;
/// What a person adds to a pair at most.
pub(super) const MOST_OF_ONE: u32 = 5;
/// What a pair must come to.
pub(super) const FEWEST_COUNT: u32 = 10;
/// Neighbours that a recording keeps.
const MOST_NEIGHBOURS: usize = 100;
/// Longer sessions are a player that never stops: they are cut, so that a bot's million plays do
/// not make a billion pairs.
pub(super) const LONGEST_SESSION: usize = 500;
/// Added to both popularities: pairs of rare recordings count less.
const SHRINKAGE: f32 = 20.0;

const PAIR_BYTES: usize = 9;
const EDGE_BYTES: usize = 12;
/// Pairs of one listen, about, and bytes that a pair takes while its bucket is sorted.
const PAIRS_A_LISTEN: u64 = 20;
const BYTES_A_PAIR: u64 = 16;
/// Bytes that are gathered before they are written.
const BUFFER_BYTES: usize = 1 << 15;

/// The neighbours of every recording.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    offsets: Vec<u64>,
    rows: Vec<u32>,
    counts: Vec<u32>,
    /// Pairs that were counted, and those that were kept.
    pub(super) pairs: [u64; 2],
}

impl Neighbours {
    pub(super) fn write(&self, writer: &mut WorldWriter) -> Result<()> {
        writer.u64s("neighbour_offsets", &self.offsets)?;
        writer.u32s("neighbours", &self.rows)?;
        writer.u32s("neighbour_counts", &self.counts)
    }
}

/// A pair as one of its recordings sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: u32,
    to: u32,
    count: u32,
}

pub(super) fn neighbours(
    config: &BuildConfig,
    folder: &Path,
    counted: &Counted,
    progress: &mut dyn FnMut(BuildStage),
) -> Result<Neighbours> {
    let buckets = buckets_for(config, counted);
    let pairs = Buckets::create(folder, "pairs", buckets)?;
    for_each_share(
        progress,
        |done| BuildStage::Pairing(0.7 * done),
        |share| {
            let plays = plays_of(folder, share)?;
            pairs_of(&plays, &counted.artist_of, &pairs)
        },
    )?;
    pairs.flush()?;
    let edges = Edges::create(config, folder, counted)?;
    let mut all = [0; 2];
    for bucket in 0..buckets {
        progress(BuildStage::Pairing(0.7 + 0.2 * bucket as f32 / buckets as f32));
        let [counted, kept] = sum(pairs.take(bucket)?, &edges)?;
        all = [all[0] + counted, all[1] + kept];
    }
    edges.neighbours(counted, all, progress)
}

/// How many buckets keep one of them within memory.
fn buckets_for(config: &BuildConfig, counted: &Counted) -> usize {
    let bytes = counted.listens * PAIRS_A_LISTEN * BYTES_A_PAIR;
    let at_once = (config.memory_mb as u64) << 17;
    (bytes / at_once.max(1)).clamp(16, 1_000) as usize
}

/// Both sides of pairs, by ranges of recordings.
pub(super) struct Edges {
    buckets: Buckets,
    /// Recordings a bucket.
    width: usize,
}

/// Sides of pairs that are on their way to the buckets.
pub(super) struct EdgeBuffers<'e> {
    edges: &'e Edges,
    of: Vec<Vec<u8>>,
}

impl Edges {
    pub(super) fn create(config: &BuildConfig, folder: &Path, counted: &Counted) -> Result<Self> {
        let buckets = buckets_for(config, counted);
        let width = counted.recordings().div_ceil(buckets);
        Ok(Self { buckets: Buckets::create(folder, "edges", buckets)?, width })
    }

    pub(super) fn buffers(&self) -> EdgeBuffers<'_> {
        EdgeBuffers { edges: self, of: vec![Vec::new(); self.buckets.len()] }
    }

    /// The best neighbours of every recording, once both sides of all pairs are there.
    pub(super) fn neighbours(
        self,
        counted: &Counted,
        pairs: [u64; 2],
        progress: &mut dyn FnMut(BuildStage),
    ) -> Result<Neighbours> {
        let buckets = self.buckets.len();
        let mut found = Neighbours { offsets: vec![0], pairs, ..Neighbours::default() };
        self.buckets.flush()?;
        for bucket in 0..buckets {
            progress(BuildStage::Pairing(0.9 + 0.1 * bucket as f32 / buckets as f32));
            let from = (bucket * self.width).min(counted.recordings());
            let to = (from + self.width).min(counted.recordings());
            found.keep(self.buckets.take(bucket)?, from..to, &counted.people_of);
        }
        Ok(found)
    }
}

impl EdgeBuffers<'_> {
    /// Adds both sides of a pair.
    pub(super) fn add(&mut self, [a, b]: [u32; 2], count: u32) -> Result<()> {
        for (from, to) in [(a, b), (b, a)] {
            let bucket = from as usize / self.edges.width;
            let buffer = &mut self.of[bucket];
            [from, to, count].iter().for_each(|number| buffer.extend(number.to_le_bytes()));
            if buffer.len() >= BUFFER_BYTES {
                self.edges.buckets.append(bucket, buffer)?;
                buffer.clear();
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<()> {
        let mut all = self.of.iter().enumerate();
        all.try_for_each(|(bucket, buffer)| self.edges.buckets.append(bucket, buffer))
    }
}

impl Neighbours {
    /// Keeps the best neighbours of a range of recordings, which follows those before.
    fn keep(&mut self, bytes: Vec<u8>, rows: Range<usize>, people: &[u32]) {
        let edge = |record: &[u8]| {
            let [from, to, count] = [0, 4, 8].map(|place| u32_at(record, place));
            Edge { from, to, count }
        };
        let mut edges: Vec<Edge> = bytes.chunks_exact(EDGE_BYTES).map(edge).collect();
        edges.sort_unstable();
        let popularity = |row: u32| people[row as usize] as f32 + SHRINKAGE;
        let mut rest = &edges[..];
        for row in rows {
            let (mine, others) = rest.split_at(rest.partition_point(|e| e.from == row as u32));
            rest = others;
            let mut mine = mine.to_vec();
            let score = |edge: &Edge| edge.count as f32 / popularity(edge.to).sqrt();
            mine.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.to.cmp(&b.to)));
            mine.truncate(MOST_NEIGHBOURS);
            mine.sort_unstable();
            self.rows.extend(mine.iter().map(|edge| edge.to));
            self.counts.extend(mine.iter().map(|edge| edge.count));
            self.offsets.push(self.rows.len() as u64);
        }
    }
}

/// Writes the pairs of the people of a share.
fn pairs_of(plays: &[Play], artist_of: &[u32], buckets: &Buckets) -> Result<()> {
    let mut buffers: Vec<Vec<u8>> = vec![Vec::new(); buckets.len()];
    let mut pairs: Vec<u64> = Vec::new();
    for plays in plays.chunk_by(|a, b| a.user == b.user) {
        pairs.clear();
        sessions(plays, |session| pairs_in(session, artist_of, &mut pairs));
        pairs.sort_unstable();
        for same in pairs.chunk_by(|a, b| a == b) {
            // The smaller of the two rows decides the bucket.
            let bucket = (same[0] >> 32) as usize % buckets.len();
            let buffer = &mut buffers[bucket];
            buffer.extend(same[0].to_le_bytes());
            buffer.push(same.len().min(MOST_OF_ONE as usize) as u8);
            if buffer.len() >= BUFFER_BYTES {
                buckets.append(bucket, buffer)?;
                buffer.clear();
            }
        }
    }
    buffers.iter().enumerate().try_for_each(|(bucket, buffer)| buckets.append(bucket, buffer))
}

/// Cuts the plays of one person into sessions, without what was skipped.
fn sessions(plays: &[Play], mut each: impl FnMut(&[u32])) {
    let mut session: Vec<u32> = Vec::new();
    for (at, play) in plays.iter().enumerate() {
        let gap = plays.get(at + 1).map(|next| next.at - play.at);
        let is_skipped = gap.is_some_and(|gap| gap + SKIP_S < USUAL_LENGTH_S);
        if !is_skipped {
            session.push(play.recording);
        }
        let ends = gap.is_none_or(|gap| gap > USUAL_LENGTH_S + SESSION_GAP_S);
        if ends || session.len() == LONGEST_SESSION {
            each(&session);
            session.clear();
        }
    }
}

/// The pairs of a session: each two distinct recordings once, by different artists.
fn pairs_in(session: &[u32], artist_of: &[u32], pairs: &mut Vec<u64>) {
    let mut rows = session.to_vec();
    rows.sort_unstable();
    rows.dedup();
    for (at, &a) in rows.iter().enumerate() {
        for &b in &rows[at + 1..] {
            if artist_of[a as usize] != artist_of[b as usize] {
                pairs.push(u64::from(a) << 32 | u64::from(b));
            }
        }
    }
}

/// Sums the pairs of a bucket, and passes on both sides of those that enough people share. Returns
/// how many there were, and how many are passed on.
fn sum(bytes: Vec<u8>, edges: &Edges) -> Result<[u64; 2]> {
    let pair = |record: &[u8]| (u64_at(record, 0), record[8]);
    let mut pairs: Vec<(u64, u8)> = bytes.par_chunks_exact(PAIR_BYTES).map(pair).collect();
    drop(bytes);
    pairs.par_sort_unstable();
    let mut buffers = edges.buffers();
    let (mut counted, mut kept) = (0, 0);
    for same in pairs.chunk_by(|a, b| a.0 == b.0) {
        counted += 1;
        let count: u32 = same.iter().map(|&(_, count)| u32::from(count)).sum();
        if count < FEWEST_COUNT || (same.len() as u32) < FEWEST_PEOPLE_OF_PAIR {
            continue;
        }
        kept += 1;
        let (a, b) = ((same[0].0 >> 32) as u32, same[0].0 as u32);
        buffers.add([a, b], count)?;
    }
    buffers.finish()?;
    Ok([counted, kept])
}
