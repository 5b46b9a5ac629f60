//! What can go wrong with a library, split by who can mend it.

use std::path::PathBuf;

use segue_core::TrackId;
use segue_engine::pipeline::MixError;
use segue_ingest::IngestError;
use segue_models::ModelError;
use segue_store::StoreError;
use segue_world::WorldError;

use crate::PromptProblem;

/// Why something asked of a [`Library`](crate::Library) or a [`Snapshot`](crate::Snapshot) cannot
/// be done.
///
/// [`Self::is_for_the_user`] tells what whoever asked can mend from what is a fault of Segue, of
/// the disk or of a model. Messages are written for the user of the program `segue` and name its
/// commands; a program of your own matches on the variant and says what to do in its own words.
///
/// # Examples
/// ```
/// use segue::{Error, TrackId};
///
/// let error = Error::UnknownTrack(TrackId::new("t9"));
/// assert_eq!(error.to_string(), "there is no track `t9`");
/// assert!(error.is_for_the_user(), "an address that is not found, not a fault of the service");
/// ```
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store cannot be read or written: a full disk, a damaged file, or a library of a newer
    /// version of Segue.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be imported at all. Rows that cannot be understood are no error: the report of
    /// the import counts them.
    #[error(transparent)]
    Import(#[from] IngestError),
    /// A world cannot be built, opened or read.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The file of the world in use is gone, or cannot be read.
    #[error(
        "the world in use cannot be opened: `segue world use FILE` takes one, `segue world drop` \
         goes on without"
    )]
    LostWorld(#[source] WorldError),
    /// The file of the world in use is another one than was taken into use.
    #[error(
        "`{}` is not the world that was taken into use: `segue world use {}` takes this one, \
         `segue world drop` goes on without one",
        path.display(),
        path.display()
    )]
    OtherWorld {
        /// The file.
        path: PathBuf,
    },
    /// No mix can be made: the request is out of range, or its filters leave nothing.
    #[error(transparent)]
    Mix(#[from] MixError),
    /// No mix can be made by a prompt: nothing of it is understood, or no track here fits it.
    #[error(transparent)]
    Prompt(#[from] Box<PromptProblem>),
    /// There is too little to learn from, such as plays of which none was skipped, or training
    /// failed.
    #[error(transparent)]
    Training(#[from] ModelError),
    /// A registered model cannot be read: its file is gone or damaged, or of another version of
    /// Segue. Training again makes a new one.
    #[error("model `{version}` cannot be used; `segue train` makes a new one")]
    UnusableModel {
        /// The version of the model, as the registry has it.
        version: String,
        /// Why not: what the disk or the reader of the model reported.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The library holds no track: import a history or a table of tracks first.
    #[error(
        "nothing has been imported yet; `segue import PATH` reads exports and tables of audio \
         features"
    )]
    NothingImported,
    /// The catalogue of this snapshot has no such track. A later snapshot may.
    #[error("there is no track `{0}`")]
    UnknownTrack(TrackId),
    /// Nothing was trained so far, or the model was removed with a listener that it had learned
    /// from: call [`Library::train`](crate::Library::train).
    #[error("no model has been trained yet; run `segue train`")]
    NoModel,
    /// A registered model is of a kind that serves no mixes, such as those that earlier versions
    /// trained for `segue next`.
    #[error("model `{version}` is of the kind `{kind}`, which serves no mixes")]
    CannotServe {
        /// The version of the model.
        version: String,
        /// Its kind, as it is registered.
        kind: String,
    },
    /// No set of models is in use that a training could go on from: train from nothing.
    #[error("there is no set of models to go on from; run `segue train` without `--continue`")]
    NoSet,
    /// What was named as a folder of music is none, or has a name that cannot be kept as text.
    #[error("`{}` is no folder that can be read", .0.display())]
    NoMusicFolder(PathBuf),
    /// No listener was named and there is none.
    #[error("no listener has been imported yet; `segue import PATH` reads a history")]
    NoListener,
    /// No listener was named and there are several.
    #[error("there are {count} listeners ({some}); say which with `--listener NAME`")]
    SeveralListeners {
        /// How many listeners there are; at most the first eight are named.
        count: usize,
        /// The first of them, as a list to be read.
        some: String,
    },
    /// No listener has the name that was given.
    #[error("there is no listener `{name}`; {}", instead_of(name, like.as_deref()))]
    UnknownListener {
        /// The name as it was given.
        name: String,
        /// The listener who may have been meant.
        like: Option<String>,
    },
    /// The library is connected to no server.
    #[error(
        "nothing is connected yet; `segue connect subsonic URL --user NAME` connects a server that \
         you have"
    )]
    NoConnection,
    /// No connection has the name that was given.
    #[error(
        "there is no connection `{name}`; {}",
        like.as_ref().map_or_else(
            || "`segue connect` lists them".to_owned(),
            |like| format!("did you mean `{like}`?")
        )
    )]
    UnknownConnection {
        /// The name as it was given.
        name: String,
        /// The connection that may have been meant.
        like: Option<String>,
    },
    /// What opens a connection is not kept here: a backup that was restored does not hold it.
    #[error("the password of connection `{name}` is not here; connect it again under that name")]
    NoSecret {
        /// The connection.
        name: String,
    },
    /// The connection is of a kind that this version of Segue does not know.
    #[error("connection `{name}` was set up by a newer segue")]
    NewerConnection {
        /// The connection.
        name: String,
    },
    /// A list cannot have that name.
    #[error("`{name}` {problem}: give the list another name")]
    BadListName {
        /// The name as it was given.
        name: String,
        /// What is wrong with it, as the end of a sentence.
        problem: &'static str,
    },
    /// A listener has as many lists that are made anew every week as there may be.
    #[error("twenty lists are made every week already; end one of them first: `segue lists stop`")]
    TooManyWeekly,
    /// The design of the running experiment is not one that this version understands. Mixes made
    /// regardless would be neither part of it nor free of it.
    #[error("experiment `{name}` was started by another version of segue")]
    ForeignExperiment {
        /// The name of the experiment, by which it can be stopped.
        name: String,
    },
}

impl Error {
    /// Whether whoever asked can mend it: by importing, training, naming a listener or asking for
    /// something else.
    pub fn is_for_the_user(&self) -> bool {
        match self {
            Self::Mix(error) => {
                !matches!(error, MixError::Predictions { .. } | MixError::Insufficient)
            }
            Self::Store(_) | Self::UnusableModel { .. } | Self::ForeignExperiment { .. } => false,
            _ => true,
        }
    }
}

/// What to do about a name that no listener has.
fn instead_of(name: &str, like: Option<&str>) -> String {
    match like {
        Some(like) => format!("did you mean `{like}`?"),
        None => format!(
            "`segue status` lists them, and `segue import PATH --listener {name}` makes one"
        ),
    }
}

/// A result of this crate: what its verbs return, with [`Error`] for why not.
pub type Result<T> = std::result::Result<T, Error>;
