//! Why a build on a cluster came to nothing.

use std::path::PathBuf;

/// Why no world was built on a cluster. Whatever it is, none was written, and the same command
/// begins anew.
#[derive(Debug, thiserror::Error)]
pub enum SparkError {
    /// The address is none, or asks for what is not done here. It is not repeated: there may be a
    /// token in it.
    #[error("the address of Spark: {0}")]
    Address(&'static str),
    /// The server does not answer, or no longer.
    #[error(
        "the Spark server at `{server}` cannot be reached while {step}, or went away: {reason}; no \
         world was written, and the same command begins anew"
    )]
    Lost {
        /// Host and port.
        server: String,
        /// What was being done.
        step: &'static str,
        /// What the connection says.
        reason: String,
    },
    /// The server could not do what it was asked to.
    #[error(
        "Spark failed while {step}: {reason}; no world was written, and the server's log says more"
    )]
    Failed {
        /// What was being done.
        step: &'static str,
        /// What Spark says, as far as a line takes it.
        reason: String,
    },
    /// The server is of another version than this was written for.
    #[error("the server is Spark {found}, and builds need Spark 4")]
    Version {
        /// What it says it is.
        found: String,
    },
    /// Sums that are two ways to the same number are not.
    #[error(
        "what Spark counted does not balance: {what}: {expected} one way and {found} the other; no \
         world was written"
    )]
    Unbalanced {
        /// What was counted, both ways.
        what: String,
        /// The number as it follows from what was counted before.
        expected: u64,
        /// The number as Spark has it.
        found: u64,
    },
    /// A row that Spark counted cannot be.
    #[error("what Spark counted cannot be: {reason}; no world was written")]
    Impossible {
        /// What is wrong with it.
        reason: String,
    },
    /// A table that Spark wrote is not whole.
    #[error(
        "`{}` is not what Spark should have written: {reason}; no world was written",
        path.display()
    )]
    Incomplete {
        /// The table, or a file of it.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A dump in a form that Spark does not read.
    #[error(
        "`{}` is no Parquet: a cluster reads members by themselves, so unpack the tar first with \
         `tar -xf LISTENS.tar -C FOLDER` and give `--listens FOLDER`; dumps of JSON lines are read \
         without `--spark` alone",
        path.display()
    )]
    NotParquet {
        /// The file.
        path: PathBuf,
    },
    /// A path that would not mean the same to Spark.
    #[error(
        "`{}` cannot be named to Spark: of a path that it is to read only letters of English, \
         digits, `.`, `_` and `-` are taken, since others are patterns to it",
        path.display()
    )]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// Parts are not there to be kept.
    #[error("a build on a cluster keeps no parts: `--keep` is for builds on this machine")]
    KeepsNoParts,
}
