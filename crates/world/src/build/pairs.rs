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

use super::memory::{Room, in_rounds};
use super::people::{BYTES_A_PLAY, Counted, Play, largest_share, plays_of};
use super::spill::{BUFFER_BYTES, BucketBuffers, Buckets, for_each_record, u32_at, u64_at};
use super::{BuildConfig, BuildStage, FEWEST_PEOPLE_OF_PAIR, SHARES};
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
/// Pairs of one person that are held at a time: of a player that never stops there may be a
/// thousand million, and they are counted in several passes.
const MOST_PAIRS: usize = 1 << 20;

/// Files of pairs, and as many of edges, that are open at once: a process may have a thousand.
const MOST_BUCKETS: u64 = 400;

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
    // The files of pairs and of edges; and on each thread buffers, which grow twice as long.
    let writing = buckets * 2 * BUFFER_BYTES;
    let room = Room::beside(config, counted.bytes() + writing);
    let share = largest_share(folder)? * BYTES_A_PLAY + MOST_PAIRS * size_of::<u64>();
    let pairs = Buckets::create(folder, "pairs", buckets)?;
    let stage = |done| BuildStage::Pairing(0.7 * done);
    in_rounds([SHARES, room.at_once(share + writing)?], progress, stage, |share| {
        pairs_of(&plays_of(folder, share)?, &counted.artist_of, &pairs)
    })?;
    pairs.flush()?;
    let edges = Edges::create(config, folder, counted)?;
    let pairs = sum_all(&pairs, &edges, room, progress)?;
    edges.neighbours(config, counted, pairs, progress)
}

/// How many buckets keep one of them within memory.
fn buckets_for(config: &BuildConfig, counted: &Counted) -> usize {
    let bytes = counted.listens * PAIRS_A_LISTEN * BYTES_A_PAIR;
    let in_one = (config.memory_mb as u64) << 17;
    (bytes / in_one.max(1)).clamp(16, MOST_BUCKETS) as usize
}

/// Sums the pairs of all buckets, and writes both sides of those that are kept. Returns how many
/// there were, and how many are kept.
fn sum_all(
    pairs: &Buckets,
    edges: &Edges,
    room: Room,
    progress: &mut dyn FnMut(BuildStage),
) -> Result<[u64; 2]> {
    // Beside the pairs that are summed are those that are kept, a third at most, on both sides.
    let largest = pairs.largest()? / PAIR_BYTES * (size_of::<(u64, u8)>() + EDGE_BYTES);
    let passes = room.passes(largest)?;
    let at_once = room.at_once(largest.div_ceil(passes))?;
    let stage = |done| BuildStage::Pairing(0.7 + 0.2 * done);
    let summed = in_rounds([pairs.len(), at_once], progress, stage, |bucket| {
        let sums: Result<Vec<[u64; 2]>> =
            (0..passes).map(|pass| sum(pairs, bucket, [pass, passes], edges)).collect();
        pairs.remove(bucket)?;
        sums
    })?;
    let sums = summed.into_iter().flatten();
    Ok(sums.fold([0, 0], |all, one| [all[0] + one[0], all[1] + one[1]]))
}

/// Both sides of pairs, by ranges of recordings.
pub(super) struct Edges {
    buckets: Buckets,
    /// Where the range of each bucket ends.
    ends: Vec<u32>,
}

impl Edges {
    pub(super) fn create(config: &BuildConfig, folder: &Path, counted: &Counted) -> Result<Self> {
        let buckets = buckets_for(config, counted);
        let ends = counted.ranges(buckets);
        Ok(Self { buckets: Buckets::create(folder, "edges", buckets)?, ends })
    }

    pub(super) fn buffers(&self) -> EdgeBuffers<'_> {
        EdgeBuffers { edges: self, buffers: self.buckets.buffers() }
    }

    /// The best neighbours of every recording, once both sides of all pairs are there. Each keeps a
    /// hundred at most; they are gathered by ranges and then joined.
    pub(super) fn neighbours(
        self,
        config: &BuildConfig,
        counted: &Counted,
        pairs: [u64; 2],
        progress: &mut dyn FnMut(BuildStage),
    ) -> Result<Neighbours> {
        self.buckets.flush()?;
        let most = (2 * pairs[1] as usize).min(counted.recordings() * MOST_NEIGHBOURS);
        let room = Room::beside(config, counted.bytes() + 2 * most * size_of::<[u32; 2]>());
        let largest = self.buckets.largest()? / EDGE_BYTES * (EDGE_BYTES + size_of::<Edge>());
        let rounds = [self.buckets.len(), room.at_once(largest)?];
        let stage = |done| BuildStage::Pairing(0.9 + 0.1 * done);
        let kept = in_rounds(rounds, progress, stage, |bucket| {
            let rows = self.rows(bucket);
            Ok(Neighbours::best(self.buckets.take(bucket)?, rows, &counted.people_of))
        })?;
        let edges = kept.iter().map(|behind| behind.rows.len()).sum();
        let (rows, counts) = (Vec::with_capacity(edges), Vec::with_capacity(edges));
        let mut found = Neighbours { offsets: vec![0], rows, counts, pairs };
        kept.into_iter().for_each(|behind| found.add(behind));
        Ok(found)
    }

    fn rows(&self, bucket: usize) -> Range<usize> {
        let from = bucket.checked_sub(1).map_or(0, |before| self.ends[before]);
        from as usize..self.ends[bucket] as usize
    }

    fn bucket_of(&self, row: u32) -> usize {
        self.ends.partition_point(|&end| end <= row)
    }
}

/// Sides of pairs that are on their way to the buckets.
pub(super) struct EdgeBuffers<'e> {
    edges: &'e Edges,
    buffers: BucketBuffers<'e>,
}

impl EdgeBuffers<'_> {
    /// Adds both sides of a pair.
    pub(super) fn add(&mut self, [a, b]: [u32; 2], count: u32) -> Result<()> {
        for (from, to) in [(a, b), (b, a)] {
            let record = [from, to, count].map(u32::to_le_bytes);
            self.buffers.add(self.edges.bucket_of(from), record.as_flattened())?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<()> {
        self.buffers.finish()
    }
}

impl Neighbours {
    /// Memory that they take.
    pub(super) fn bytes(&self) -> usize {
        (self.rows.capacity() + self.counts.capacity()) * size_of::<u32>() + self.offsets.len() * 8
    }

    /// Adds those of the recordings behind these.
    fn add(&mut self, behind: Self) {
        let before = self.rows.len() as u64;
        self.offsets.extend(behind.offsets.iter().map(|end| before + end));
        self.rows.extend(behind.rows);
        self.counts.extend(behind.counts);
    }

    /// The best neighbours of a range of recordings.
    fn best(bytes: Vec<u8>, rows: Range<usize>, people: &[u32]) -> Self {
        let mut found = Self::default();
        let edge = |record: &[u8]| {
            let [from, to, count] = [0, 4, 8].map(|place| u32_at(record, place));
            Edge { from, to, count }
        };
        let mut edges: Vec<Edge> = bytes.chunks_exact(EDGE_BYTES).map(edge).collect();
        drop(bytes);
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
            found.rows.extend(mine.iter().map(|edge| edge.to));
            found.counts.extend(mine.iter().map(|edge| edge.count));
            found.offsets.push(found.rows.len() as u64);
        }
        found.rows.shrink_to_fit();
        found.counts.shrink_to_fit();
        found
    }
}

/// Writes the pairs of the people of a share.
fn pairs_of(plays: &[Play], artist_of: &[u32], buckets: &Buckets) -> Result<()> {
    let mut buffers = buckets.buffers();
    let mut pairs: Vec<u64> = Vec::new();
    for plays in plays.chunk_by(|a, b| a.user == b.user) {
        let mut most = 0;
        sessions(plays, |session| most += session.len() * session.len() / 2);
        let passes = (most as u64).div_ceil(MOST_PAIRS as u64).max(1);
        for pass in 0..passes {
            pairs.clear();
            sessions(plays, |session| {
                pairs_in(session, artist_of, &mut |pair| {
                    if pair % passes == pass {
                        pairs.push(pair);
                    }
                });
            });
            pairs.sort_unstable();
            for same in pairs.chunk_by(|a, b| a == b) {
                // The smaller of the two rows decides the bucket.
                let bucket = (same[0] >> 32) as usize % buckets.len();
                let mut record = [0; PAIR_BYTES];
                record[..8].copy_from_slice(&same[0].to_le_bytes());
                record[8] = same.len().min(MOST_OF_ONE as usize) as u8;
                buffers.add(bucket, &record)?;
            }
        }
    }
    buffers.finish()
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
fn pairs_in(session: &[u32], artist_of: &[u32], each: &mut impl FnMut(u64)) {
    let mut rows = session.to_vec();
    rows.sort_unstable();
    rows.dedup();
    for (at, &a) in rows.iter().enumerate() {
        for &b in &rows[at + 1..] {
            if artist_of[a as usize] != artist_of[b as usize] {
                each(u64::from(a) << 32 | u64::from(b));
            }
        }
    }
}

/// Sums the pairs of a bucket that one of several passes takes, and hands on both sides of those
/// that enough people share. Returns how many there were, and how many are handed on.
fn sum(
    bucketed: &Buckets,
    bucket: usize,
    [pass, passes]: [usize; 2],
    edges: &Edges,
) -> Result<[u64; 2]> {
    let mut pairs: Vec<(u64, u8)> =
        Vec::with_capacity(bucketed.bytes(bucket)? / PAIR_BYTES / passes);
    for_each_record(&bucketed.path(bucket), |record: &[u8; PAIR_BYTES]| {
        let pair = u64_at(record, 0);
        if pair % passes as u64 == pass as u64 {
            pairs.push((pair, record[8]));
        }
    })?;
    pairs.sort_unstable();
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums made-up pairs in so many passes: how many there are and are kept, and both sides of
    /// those that are.
    fn summed(passes: usize) -> ([u64; 2], Vec<Vec<u8>>) {
        let folder = tempfile::tempdir().unwrap();
        let pairs = Buckets::create(folder.path(), "pairs", 1).unwrap();
        for number in 0..3_000_u64 {
            let (a, b) = (number * number % 13, 20 + number % 17);
            let mut record = (a << 32 | b).to_le_bytes().to_vec();
            record.push(1 + (number % 5) as u8);
            pairs.append(0, &record).unwrap();
        }
        pairs.flush().unwrap();
        let buckets = Buckets::create(folder.path(), "edges", 2).unwrap();
        let edges = Edges { buckets, ends: vec![10, 40] };
        let sums = (0..passes).map(|pass| sum(&pairs, 0, [pass, passes], &edges).unwrap());
        let sums = sums.fold([0, 0], |all, one| [all[0] + one[0], all[1] + one[1]]);
        edges.buckets.flush().unwrap();
        let sides = (0..2).flat_map(|bucket| {
            let bytes = edges.buckets.take(bucket).unwrap();
            let mut records: Vec<Vec<u8>> =
                bytes.chunks_exact(EDGE_BYTES).map(<[u8]>::to_vec).collect();
            records.sort();
            records
        });
        (sums, sides.collect())
    }

    #[test]
    fn pairs_are_summed_alike_in_one_pass_or_many() {
        let once = summed(1);
        assert!(once.0[1] > 50 && once.1.len() as u64 == 2 * once.0[1], "{:?}", once.0);
        for passes in [2, 3, 7] {
            assert_eq!(summed(passes), once);
        }
    }

    #[test]
    fn ranges_of_edges_are_found_by_their_rows() {
        let folder = tempfile::tempdir().unwrap();
        let buckets = Buckets::create(folder.path(), "edges", 4).unwrap();
        let edges = Edges { buckets, ends: vec![1, 1, 5, 9] };
        for bucket in 0..4 {
            assert!(edges.rows(bucket).all(|row| edges.bucket_of(row as u32) == bucket));
        }
        assert_eq!((0..4).map(|bucket| edges.rows(bucket).len()).sum::<usize>(), 9);
    }
}
