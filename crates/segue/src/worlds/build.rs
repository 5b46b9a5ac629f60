//! Building a world with the factors that Segue's own model gives.

use std::path::{Path, PathBuf};

use segue_models::recommenders::{Ials, IalsConfig};
use segue_world::WorldError;
use segue_world::build::{BuildConfig, BuildReport, BuildStage, Factors, HeardRows, build, update};

use crate::Result;

/// Seed of the factors that are begun with: equal dumps give an equal world.
const SEED: u64 = 1;

/// Builds a world out of dumps, into a file that is not there yet; goes on where it was
/// interrupted. `progress` is told how far it is.
///
/// # Errors
/// [`Error::World`](crate::Error::World), as [`segue_world::build::build`] has it.
pub fn build_world(
    config: &BuildConfig,
    out: &Path,
    progress: &mut dyn FnMut(BuildStage),
) -> Result<BuildReport> {
    Ok(build(config, out, &mut factors, progress)?)
}

/// Builds a world as [`build_world`] does, with the heavy steps on a cluster of Apache Spark.
///
/// # Errors
/// [`Error::World`](crate::Error::World), as [`segue_world::build::spark::build`] has it.
#[cfg(feature = "spark")]
pub fn build_world_on(
    spark: &segue_world::build::spark::SparkConfig,
    config: &BuildConfig,
    out: &Path,
    progress: &mut dyn FnMut(BuildStage),
) -> Result<BuildReport> {
    Ok(segue_world::build::spark::build(config, spark, out, &mut factors, progress)?)
}

/// Builds a world again with listens that came since, in place of the one that is there.
///
/// # Errors
/// [`Error::World`](crate::Error::World), as [`segue_world::build::update`] has it.
pub fn update_world(
    out: &Path,
    listens: Vec<PathBuf>,
    memory_mb: usize,
    progress: &mut dyn FnMut(BuildStage),
) -> Result<BuildReport> {
    Ok(update(out, listens, memory_mb, &mut factors, progress)?)
}

/// Factors of whatever people heard.
fn factors(heard: HeardRows) -> segue_world::Result<Factors> {
    let failed =
        |error: segue_models::ModelError| WorldError::Factors { reason: error.to_string() };
    let config = IalsConfig::default();
    let HeardRows { columns, offsets, items } = heard;
    let fitted = Ials::factorise(columns, offsets, items, &config, SEED);
    let (values, fold_in) = fitted.map_err(failed)?;
    let settings = serde_json::to_string(&fold_in).expect("settings are plain data");
    Ok(Factors { width: config.factors, values, settings })
}
