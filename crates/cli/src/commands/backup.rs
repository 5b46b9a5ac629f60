//! `segue backup`: a copy of everything, made while Segue is in use.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::home::{Home, read_library};
use crate::terminal::say;

/// Copy the store and the models to another folder, even while something writes to them.
///
/// The copy is a home folder of its own: `segue --home COPY status` opens it. Passwords of
/// connected servers are not in it: connect them again after a restore.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  segue backup /mnt/disk/segue-2026-11-22")]
pub(crate) struct BackupArgs {
    /// Folder to create.
    to: PathBuf,
}

pub(crate) fn run(args: BackupArgs, home: &Home) -> anyhow::Result<()> {
    let library = read_library(home)?;
    library
        .backup(&args.to)
        .with_context(|| format!("cannot back up to `{}`", args.to.display()))?;
    say(&format!("backed up to `{}`", args.to.display()));
    Ok(())
}
