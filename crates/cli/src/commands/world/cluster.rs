//! Where `segue world build` does the heavy steps: on this machine, or, where Segue was built for
//! it, on a cluster of Apache Spark.

use std::path::Path;

use clap::Args;
use segue::world::build::{BuildConfig, BuildReport, BuildStage};

/// A cluster that builds.
#[derive(Debug, Args)]
pub(super) struct Cluster {
    /// Let a cluster of Apache Spark 4 do the heavy steps, through Spark Connect. The world is the
    /// same, byte for byte. `--listens` are folders of Parquet members (unpack a tar first), under
    /// the same path here and on the cluster. Example: segue world build --spark
    /// sc://localhost:15002 --spark-folder /shared --listens /shared/listens --canonical
    /// canonical.tar.zst all.world
    #[cfg(feature = "spark")]
    #[arg(long, value_name = "sc://HOST:PORT")]
    spark: Option<ServerText>,
    /// A folder that this program and the cluster see under the same path, for tables on their way;
    /// they tell who played what, and go when the world is built [default: beside OUT].
    #[cfg(feature = "spark")]
    #[arg(long, value_name = "DIR", requires = "spark")]
    spark_folder: Option<std::path::PathBuf>,
}

impl Cluster {
    #[cfg(not(feature = "spark"))]
    pub(super) fn build(
        self,
        config: &BuildConfig,
        out: &Path,
        progress: &mut dyn FnMut(BuildStage),
    ) -> anyhow::Result<BuildReport> {
        let Self {} = self;
        Ok(segue::build_world(config, out, progress)?)
    }

    #[cfg(feature = "spark")]
    pub(super) fn build(
        self,
        config: &BuildConfig,
        out: &Path,
        progress: &mut dyn FnMut(BuildStage),
    ) -> anyhow::Result<BuildReport> {
        let Some(ServerText(address)) = self.spark else {
            return Ok(segue::build_world(config, out, progress)?);
        };
        let spark = segue::world::build::spark::SparkConfig {
            address: address.parse().map_err(segue::world::WorldError::from)?,
            folder: self.spark_folder,
        };
        Ok(segue::build_world_on(&spark, config, out, progress)?)
    }
}

/// An address before it is understood. There may be a token in it: it is not shown, and no error
/// repeats it as it would if it were parsed with the other arguments.
#[cfg(feature = "spark")]
#[derive(Clone)]
struct ServerText(String);

#[cfg(feature = "spark")]
impl From<String> for ServerText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[cfg(feature = "spark")]
impl std::fmt::Debug for ServerText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerText")
    }
}
