//! The one folder that holds everything: event log, catalogue, models.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use segue::Library;

/// Where Segue keeps its state.
#[derive(Clone, Debug, Args)]
pub(crate) struct Home {
    /// Folder that holds the store and the models [default: the platform's data folder for
    /// `segue`].
    #[arg(
        long = "home",
        env = "SEGUE_HOME",
        global = true,
        value_name = "FOLDER",
        hide_env_values = true
    )]
    path: Option<PathBuf>,
}

impl Home {
    /// The folder, which need not exist yet.
    pub(crate) fn path(&self) -> anyhow::Result<PathBuf> {
        if let Some(path) = &self.path {
            return Ok(path.clone());
        }
        let folders = directories::ProjectDirs::from("", "", "segue")
            .context("this system names no home folder for the user; pass `--home FOLDER`")?;
        Ok(folders.data_dir().to_owned())
    }
}

/// Opens the library of a home folder, to change it.
pub(crate) fn open_library(home: &Home) -> anyhow::Result<Library> {
    let path = home.path()?;
    Library::open(&path).with_context(|| format!("cannot open the library in `{}`", path.display()))
}

/// Opens the library of a home folder for a command that only reads: it changes nothing there.
pub(crate) fn read_library(home: &Home) -> anyhow::Result<Library> {
    let path = home.path()?;
    Library::open_to_read(&path)
        .with_context(|| format!("cannot read the library in `{}`", path.display()))
}
