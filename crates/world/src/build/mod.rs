//! From dumps to a world, in five steps, each of which leaves files that the next one reads.
//!
//! ```text
//! listens ─► parts: who, when, which name ─┐
//! canonical names ─► recordings: names ────┴► plays by people ─► counts ─► pairs ─► neighbours
//!                       └► identifiers ─► features: sounds    └► factors (fitted by the caller)
//! ```
//!
//! 1. `parts`: every member of the dumps becomes a file of 16 bytes a listen and the distinct
//!    names in it. A build that was interrupted goes on after the last whole member.
//! 2. `recordings`: names become recordings, by MusicBrainz identifier, redirect and key.
//! 3. `people`: plays are gathered by people, a share of them at a time, and counted.
//! 4. `sounds`: medians of what people submitted of each recording, where there are dumps of it.
//! 5. `pairs`: what is played in one sitting, by the recipe that ListenBrainz publishes.
//!
//! What leaves the builder are sums over at least [`FEWEST_PEOPLE`] people: a recording that fewer
//! played is not in the world, nor a pair that fewer played together. Nobody stands out in a sum of
//! that many who chose to publish their listens; who played what is in none of them.

mod aliases;
mod catalogue;
mod memory;
mod pairs;
mod parts;
mod people;
mod piece;
mod recordings;
mod report;
mod sounds;
#[cfg(feature = "spark")]
pub mod spark;
mod spill;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::file::{Manifest, WorldWriter};
use crate::ivf::VectorRows;
use crate::{Result, WorldError};

pub use people::HeardRows;
pub use report::{BuildReport, FeatureOutcome, MemberOutcome};

/// A recording is in a world if at least so many people played it.
pub const FEWEST_PEOPLE: u32 = 5;
/// A pair of recordings is in a world if at least so many people played both in one sitting.
pub const FEWEST_PEOPLE_OF_PAIR: u32 = 3;
/// Shares of the people that are gathered one after another.
const SHARES: usize = 64;

/// What a world is built from, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BuildConfig {
    /// Dumps of listens.
    pub listens: Vec<PathBuf>,
    /// The dump of canonical names; without it names are taken as people's players wrote them.
    pub canonical: Option<PathBuf>,
    /// Dumps of AcousticBrainz: how recordings sound. Of a folder of archives or tables each of
    /// them is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<PathBuf>,
    /// A recording is kept if at least so many people played it: [`FEWEST_PEOPLE`] or more.
    pub fewest_people: u32,
    /// Memory that the build may take, in megabytes. It changes nothing of the result, so that an
    /// interrupted build goes on with more.
    #[serde(skip)]
    pub memory_mb: usize,
    /// Whether what was read stays beside the world, in the folder `OUT.parts`, for
    /// [`update`]: sixteen bytes a listen, and who played what is in them.
    pub keep_parts: bool,
}

impl Default for BuildConfig {
    fn default() -> Self {
        Self {
            listens: Vec::new(),
            canonical: None,
            features: Vec::new(),
            fewest_people: FEWEST_PEOPLE,
            memory_mb: 4_000,
            keep_parts: false,
        }
    }
}

/// Where a build has got to, for whoever shows progress. Each stage leaves a file, from which an
/// interrupted build goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum BuildStage {
    /// Listens of a member are being read; so many bytes of all dumps are done.
    Reading {
        /// The member.
        member: String,
        /// Bytes of members that are done.
        bytes: u64,
        /// Bytes of all dumps.
        of: u64,
    },
    /// Names become recordings.
    Naming,
    /// Plays are gathered and counted; the share that is done.
    Counting(f32),
    /// Features are read; so many bytes of all their dumps are done.
    Sounding {
        /// Bytes that are done.
        bytes: u64,
        /// Bytes of all dumps of features.
        of: u64,
    },
    /// Pairs are counted; the share that is done.
    Pairing(f32),
    /// Factors are being fitted.
    Factoring,
    /// The file is being written; the share of the index that is done.
    Writing(f32),
}

/// Numbers that say of each recording, or artist, who plays it: what a model made of who heard
/// what.
#[derive(Clone, Debug, PartialEq)]
pub struct Factors {
    /// Numbers a row.
    pub width: usize,
    /// Row after row.
    pub values: Vec<f32>,
    /// What the model knows besides, to place a listener among the rows, as JSON.
    pub settings: String,
}

/// Fits [`Factors`] to what people heard: a model, which this crate has none of.
pub type FitFactors<'f> = dyn FnMut(HeardRows) -> Result<Factors> + 'f;

/// Builds a world into the file `out`, which must not be there yet.
///
/// Work in progress lies in a folder beside it, `OUT.building`, which goes when the build is done;
/// run again after an interruption, the build goes on from there.
///
/// # Errors
/// [`WorldError::Exists`], [`WorldError::Io`], [`WorldError::OtherBuild`] where the folder is of a
/// build from other files or settings, [`WorldError::BeingBuilt`] where one is running there,
/// [`WorldError::Malformed`] where a packed dump is not what its checksum says,
/// [`WorldError::NeedsMemory`], [`WorldError::NothingKept`] where no recording has enough people.
pub fn build(
    config: &BuildConfig,
    out: &Path,
    fit: &mut FitFactors<'_>,
    progress: &mut dyn FnMut(BuildStage),
) -> Result<BuildReport> {
    let parts = beside(out, PARTS);
    if parts.exists() {
        return Err(WorldError::Exists { path: parts });
    }
    // A slip in a path must leave no work in progress that the next build would stumble over.
    for path in config.listens.iter().chain(&config.canonical).chain(&config.features) {
        fs::metadata(path).map_err(|error| WorldError::io(path, error))?;
    }
    let (folder, _lock) = begin(config, out)?;
    let report = build_in(config, &folder, out, fit, progress)?;
    match config.keep_parts {
        false => remove(&folder)?,
        true => fs::rename(&folder, &parts).map_err(|error| WorldError::io(&parts, error))?,
    }
    Ok(report)
}

/// Builds a world again with listens that came since, such as those of the daily dumps, in place of
/// the one that is there. What both have counts once; what was deleted since is still in what was
/// read before, and goes with the next [`build`] from a full dump.
///
/// # Errors
/// [`WorldError::NoParts`] where the world was built without keeping them, and as [`build`].
pub fn update(
    out: &Path,
    listens: Vec<PathBuf>,
    memory_mb: usize,
    fit: &mut FitFactors<'_>,
    progress: &mut dyn FnMut(BuildStage),
) -> Result<BuildReport> {
    let folder = beside(out, PARTS);
    let no_parts = || WorldError::NoParts { path: out.to_owned() };
    let plan = fs::read_to_string(folder.join(PLAN)).map_err(|_| no_parts())?;
    let plan: BuildConfig = serde_json::from_str(&plan).map_err(|_| no_parts())?;
    let _lock = lock(&folder)?;
    let config = BuildConfig { listens, memory_mb, ..plan };
    build_in(&config, &folder, out, fit, progress)
}

fn build_in(
    config: &BuildConfig,
    folder: &Path,
    out: &Path,
    fit: &mut FitFactors<'_>,
    progress: &mut dyn FnMut(BuildStage),
) -> Result<BuildReport> {
    let read = parts::read(config, folder, progress)?;
    progress(BuildStage::Naming);
    let recordings = recordings::resolve(config, folder, &read)?;
    let counted = people::count(config, folder, &read, recordings, progress)?;
    let sounds = sounds::sounds(config, folder, &counted, progress)?;
    let neighbours = pairs::neighbours(config, folder, &counted, progress)?;
    progress(BuildStage::Factoring);
    let heard = &mut |of, beside| people::heard(config, folder, &counted, of, beside);
    let [factors, artist_factors] = fit_both(config, &counted, &neighbours, fit, heard)?;
    people::remove(folder)?;
    let made = Made { members: read.members, counted, sounds, neighbours, factors, artist_factors };
    made.write(config, folder, out, progress)
}

/// Fits factors of recordings and of artists, to what people heard of them: `heard` gathers it
/// beside so many bytes that stay in memory.
fn fit_both(
    config: &BuildConfig,
    counted: &people::Counted,
    neighbours: &pairs::Neighbours,
    fit: &mut FitFactors<'_>,
    heard: &mut dyn FnMut(people::Of, usize) -> Result<HeardRows>,
) -> Result<[Factors; 2]> {
    let beside = memory::Room::beside(config, counted.bytes() + neighbours.bytes()).taken();
    let factors = fit(heard(people::Of::Recordings, beside)?)?;
    let beside = beside + factors.values.len() * size_of::<f32>();
    let artist_factors = fit(heard(people::Of::Artists, beside)?)?;
    Ok([factors, artist_factors])
}

/// All that a world is written of.
struct Made {
    members: Vec<MemberOutcome>,
    counted: people::Counted,
    sounds: sounds::Sounds,
    neighbours: pairs::Neighbours,
    factors: Factors,
    artist_factors: Factors,
}

impl Made {
    /// Writes the world in the folder of work in progress, and gives it its name once it is whole.
    fn write(
        &self,
        config: &BuildConfig,
        folder: &Path,
        out: &Path,
        progress: &mut dyn FnMut(BuildStage),
    ) -> Result<BuildReport> {
        progress(BuildStage::Writing(0.0));
        let report = report::report(self);
        let manifest = Manifest::of(config, &report, &self.factors, &self.artist_factors);
        let partial = folder.join("world");
        let mut writer = WorldWriter::create(&partial)?;
        self.counted.write(&mut writer)?;
        self.sounds.write(&mut writer)?;
        self.neighbours.write(&mut writer)?;
        let mut index = |name, factors: &Factors| {
            let rows = VectorRows::new(&factors.values, factors.width);
            writer.index(name, &rows, &mut |done| progress(BuildStage::Writing(done)))
        };
        index("factors", &self.factors)?;
        index("artist_factors", &self.artist_factors)?;
        writer.finish(&manifest)?;
        fs::rename(&partial, out).map_err(|error| WorldError::io(out, error))?;
        Ok(report)
    }
}

const PLAN: &str = "plan.json";
const PARTS: &str = "parts";

/// A path beside that of a world: its name with more behind it.
fn beside(out: &Path, what: &str) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    PathBuf::from(name)
}

/// Removes work in progress, first of all what says how far it is: if this is interrupted, what is
/// left must not be gone on from.
fn remove(folder: &Path) -> Result<()> {
    parts::remove_journal(folder)?;
    fs::remove_dir_all(folder).map_err(|error| WorldError::io(folder, error))
}

/// Refuses what takes more memory than it may: some bytes whatever is done, and others for `done`
/// of `all` parts.
fn require_memory(
    config: &BuildConfig,
    [fixed, growing]: [usize; 2],
    [done, all]: [usize; 2],
) -> Result<()> {
    if (fixed + growing).div_ceil(1 << 20) <= config.memory_mb {
        return Ok(());
    }
    let needed = fixed + (growing * all).checked_div(done).unwrap_or(growing);
    let needed_mb = needed.div_ceil(1 << 20);
    Err(WorldError::NeedsMemory { needed_mb, allowed_mb: config.memory_mb })
}

/// Makes the folder of a build, or finds that of an interrupted one, and holds it as long as the
/// file that is returned is open.
fn begin(config: &BuildConfig, out: &Path) -> Result<(PathBuf, File)> {
    require_absent(out)?;
    let folder = beside(out, "building");
    fs::create_dir_all(&folder).map_err(|error| WorldError::io(&folder, error))?;
    let lock = lock(&folder)?;
    // Another build may have ended since.
    if let Err(error) = require_absent(out) {
        remove(&folder)?;
        return Err(error);
    }
    let plan = serde_json::to_string(config).expect("a plan is plain data");
    let path = folder.join(PLAN);
    match fs::read_to_string(&path) {
        Ok(found) if found == plan => return Ok((folder, lock)),
        Ok(_) => return Err(WorldError::OtherBuild { path: folder }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(WorldError::io(&path, error)),
    }
    let mut file = spill::AtomicFile::create(&path)?;
    file.write(plan.as_bytes())?;
    file.finish()?;
    Ok((folder, lock))
}

fn require_absent(out: &Path) -> Result<()> {
    if out.exists() { Err(WorldError::Exists { path: out.to_owned() }) } else { Ok(()) }
}

/// How long a lock is asked for again that somebody has, and how often.
const LOCK_PAUSE: Duration = Duration::from_millis(50);
const LOCK_TRIES: u32 = 10;

/// Two builds in one folder would write over each other. The system lets go of the lock when a
/// build ends, however it does; but a program that this one starts at the very moment has it too
/// until it runs, so that the lock is asked for again for half a second.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let failed = |error| WorldError::io(&path, error);
    let file = File::create(&path).map_err(failed)?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    Err(WorldError::BeingBuilt { path: folder.to_owned() })
}
