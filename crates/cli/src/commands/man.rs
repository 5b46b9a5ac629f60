//! `segue man`: the manual, one page a command.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};

use crate::terminal::say;

/// Write the manual into a folder, one page a command.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  segue man ~/.local/share/man/man1\n  \
    man segue-mix    once they are there")]
pub(crate) struct ManArgs {
    /// Folder to write to; it is made if there is none.
    folder: PathBuf,
}

pub(crate) fn run(args: &ManArgs) -> anyhow::Result<()> {
    let folder = &args.folder;
    let cannot = || format!("cannot write the manual to `{}`", folder.display());
    std::fs::create_dir_all(folder).with_context(cannot)?;
    clap_mangen::generate_to(crate::Cli::command(), folder).with_context(cannot)?;
    say(&format!("wrote the manual to `{}`", folder.display()));
    Ok(())
}
