//! The heavy steps of a build as SQL on a cluster of Apache Spark 4, through Spark Connect.
//!
//! ```text
//! here                                     Spark
//! footers of the members: rows      ─►     listens ─► names, with how many listens each has
//! names ─► recordings               ─►     plays ─► people, listens, first day of each
//! which are kept, and their order   ─►     plays of these ─► who heard what, sessions, pairs
//! sounds, neighbours, factors, the file
//! ```
//!
//! Each arrow is a table of Parquet in a folder that this program and the cluster share; through
//! the connection goes nothing but SQL and word that it is done. Names need Segue's own keys, which
//! SQL does not have, and ranking and the file are those of the local build: both ways differ in
//! where the numbers come from, and in nothing that comes of them. The same listens give the same
//! world, byte for byte.
//!
//! A cluster is many machines, and one may go in the middle. So nothing is taken for right because
//! it is there: each table is held to sums that follow from the ones before, from the rows that the
//! members' own footers declare on, and pairs to a count that needs no join. Where two ways to a
//! number differ, the build ends with [`SparkError::Unbalanced`], and no world is written.

mod address;
mod client;
mod error;
mod loading;
mod members;
mod messages;
mod names;
mod statements;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use super::pairs::{Edges, Neighbours};
use super::people::{Counted, Counters};
use super::recordings::{NONE, Recordings, resolve};
use super::sounds::sounds;
use super::{
    BuildConfig, BuildReport, BuildStage, FitFactors, Made, begin, fit_both, lock, remove,
};
use crate::{Result, WorldError};
use client::Session;
use members::Members;
use names::NameFiles;
use statements::Statement;
use tables::Tables;

pub use address::SparkAddress;
pub use error::SparkError;

/// Which cluster builds, and where its tables lie.
#[derive(Clone, Debug)]
pub struct SparkConfig {
    /// The server of Spark Connect.
    pub address: SparkAddress,
    /// A folder that this program and every machine of the cluster see under the same path, for
    /// tables that tell who played what; they go when the world is built. Without one it is the
    /// folder of work in progress beside the world.
    pub folder: Option<PathBuf>,
}

/// Builds a world as [`build`](super::build()) does, with the heavy steps on a cluster. Dumps of
/// listens are folders of Parquet members, or such members, under the same path for both.
///
/// Run again after an interruption, it begins anew.
///
/// # Errors
/// [`WorldError::Spark`], and those of [`build`](super::build()).
pub fn build(
    config: &BuildConfig,
    spark: &SparkConfig,
    out: &Path,
    fit: &mut FitFactors<'_>,
    progress: &mut dyn FnMut(BuildStage),
) -> Result<BuildReport> {
    if config.keep_parts {
        return Err(SparkError::KeepsNoParts.into());
    }
    let inputs = config.listens.iter().chain(&config.canonical);
    for path in inputs.chain(&config.features).chain(&spark.folder) {
        fs::metadata(path).map_err(|error| WorldError::io(path, error))?;
    }
    let members = Members::of(&config.listens)?;
    let session = Session::open(&spark.address)?;
    let (folder, _lock) = begin(config, out)?;
    let shared = shared_folder(spark, &folder, out);
    let _shared_lock = take(&shared)?;
    let tables = Tables::create(shared.join(session.id()))?;
    let mut run = Run { config, folder: &folder, session, tables };
    let made = run.make(members, fit, progress)?;
    let report = made.write(config, &folder, out, progress)?;
    drop(run);
    fs::remove_dir_all(&shared).map_err(|error| WorldError::io(&shared, error))?;
    remove(&folder)?;
    Ok(report)
}

fn shared_folder(spark: &SparkConfig, building: &Path, out: &Path) -> PathBuf {
    let Some(folder) = &spark.folder else { return building.join("spark") };
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".spark");
    folder.join(name)
}

/// Makes the folder of tables and holds it: worlds of one name in several folders share it. What a
/// run left that did not end goes. A server may still be writing there, so that not all of it has
/// to; no other run reads it.
fn take(shared: &Path) -> Result<fs::File> {
    let failed = |error| WorldError::io(shared, error);
    fs::create_dir_all(shared).map_err(failed)?;
    let lock = lock(shared)?;
    for entry in fs::read_dir(shared).map_err(failed)? {
        fs::remove_dir_all(entry.map_err(failed)?.path()).ok();
    }
    Ok(lock)
}

/// A build under way.
struct Run<'a> {
    config: &'a BuildConfig,
    /// Work in progress of this program alone.
    folder: &'a Path,
    session: Session,
    tables: Tables,
}

impl Run<'_> {
    fn make(
        &mut self,
        members: Members,
        fit: &mut FitFactors<'_>,
        progress: &mut dyn FnMut(BuildStage),
    ) -> Result<Made> {
        let members = self.read(members, progress)?;
        progress(BuildStage::Naming);
        let recordings = self.name(members.iter().map(|member| member.listens).sum())?;
        let mut counted = self.count(recordings, progress)?;
        let statements = statements::pairing(&self.tables);
        self.write_all(statements, &mut |done| progress(BuildStage::Pairing(0.9 * done)))?;
        // Not before the last statement: it may take longer than a server waits for the next one.
        let sounds = sounds(self.config, self.folder, &counted, progress)?;
        let neighbours = self.neighbours(&counted, progress)?;
        progress(BuildStage::Factoring);
        let mut people = 0;
        let heard = &mut |of, beside| {
            let heard = loading::heard(self.config, &self.tables, &counted, of, beside)?;
            people = heard.offsets.len() as u64 - 1;
            Ok(heard)
        };
        let [factors, artist_factors] = fit_both(self.config, &counted, &neighbours, fit, heard)?;
        counted.people = people;
        Ok(Made { members, counted, sounds, neighbours, factors, artist_factors })
    }

    /// Has listens and names read, and says what became of every member.
    fn read(
        &mut self,
        mut members: Members,
        progress: &mut dyn FnMut(BuildStage),
    ) -> Result<Vec<super::MemberOutcome>> {
        let of = members.outcomes.iter().map(|member| member.bytes).sum();
        let mut reading = |done| {
            let (member, bytes) = ("on the cluster".to_owned(), (of as f32 * done) as u64);
            progress(BuildStage::Reading { member, bytes, of });
        };
        if members.whole.is_empty() {
            return Err(WorldError::NothingKept { fewest: self.config.fewest_people });
        }
        for setting in statements::SETTINGS {
            self.session.run("setting up the session", format!("SET {setting}"))?;
        }
        let rows = statements::rows_of(&members.whole, members.has_identifiers);
        self.session.run("looking at the members", rows)?;
        self.write_all(statements::reading(&self.tables), &mut reading)?;
        loading::outcomes(&self.tables, &mut members)?;
        let Members { outcomes, broken, .. } = members;
        Ok(outcomes.into_iter().chain(broken).collect())
    }

    /// Tells which recording each name is, to this program and to Spark.
    fn name(&self, listens: u64) -> Result<Recordings> {
        let names = NameFiles::of(&self.tables)?;
        let recordings = resolve(self.config, self.folder, &names)?;
        let told = recordings.joined.values().sum::<u64>() + recordings.unnamed;
        balance("listens of all names", listens, told)?;
        let mut tokens = self.tables.write("tokens", &["token", "recording", "artist"])?;
        names.for_each(&mut |name| match recordings.of_token.get(&name.named.token) {
            None | Some(&NONE) => Ok(()),
            Some(&row) => {
                let artist = recordings.all[row as usize].artist_row;
                tokens.push([name.spark_token, row.into(), artist.into()])
            }
        })?;
        tokens.finish()?;
        Ok(recordings)
    }

    /// Has plays counted, and decides what is kept.
    fn count(
        &mut self,
        recordings: Recordings,
        progress: &mut dyn FnMut(BuildStage),
    ) -> Result<Counted> {
        let statements = statements::counting(&self.tables);
        self.write_all(statements, &mut |done| progress(BuildStage::Counting(done)))?;
        let counters = Counters::zeros(&recordings);
        loading::counters(&self.tables, &recordings, &counters)?;
        let (mut counted, before) = Counted::rank(self.config, recordings, &counters)?;
        let mut kept = self.tables.write("kept", &["recording", "row", "artist"])?;
        for ((&before, row), &artist) in before.iter().zip(0..).zip(&counted.artist_of) {
            kept.push([before as i64, row, artist.into()])?;
        }
        kept.finish()?;
        let statements = statements::keeping(&self.tables, counted.recent_from_s());
        self.write_all(statements, &mut |done| progress(BuildStage::Counting(done)))?;
        loading::recent(&self.tables, &mut counted)?;
        Ok(counted)
    }

    /// The best neighbours of each recording, by the pairs that were counted.
    fn neighbours(
        &self,
        counted: &Counted,
        progress: &mut dyn FnMut(BuildStage),
    ) -> Result<Neighbours> {
        let edges = Edges::create(self.config, self.folder, counted)?;
        let pairs = loading::pairs(&self.tables, counted, &edges)?;
        edges.neighbours(self.config, counted, pairs, progress)
    }

    /// Has tables written one after another.
    fn write_all(&mut self, all: Vec<Statement>, progress: &mut dyn FnMut(f32)) -> Result<()> {
        let count = all.len() as f32;
        for (done, Statement { step, table, query }) in (0u8..).zip(all) {
            progress(f32::from(done) / count);
            self.session.run(step, self.tables.insert(table, &query))?;
            self.tables.files(table)?;
        }
        progress(1.0);
        Ok(())
    }
}

/// Holds two ways to a number to each other.
fn balance(what: &str, expected: u64, found: u64) -> Result<()> {
    let what = what.to_owned();
    match expected == found {
        true => Ok(()),
        false => Err(SparkError::Unbalanced { what, expected, found }.into()),
    }
}
