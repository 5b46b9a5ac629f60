//! `segue models`: what was trained, and which of it is in use.

use clap::{Args, Subcommand};

use crate::home::{Home, open_library, read_library};
use crate::terminal::{print_json, print_line, say, table};

/// List models, or go back to an earlier one.
///
/// What a training made is one version, that is put in use and left again as a whole. Models of a
/// kind that serves no mixes any more, from earlier versions of segue, are listed and stay unused.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  segue models list\n  segue models show\n  segue models activate \
        set-3f2a9c01b2d4"
)]
pub(crate) struct ModelsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Every model, oldest first.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// The card of a model: data, split, configuration, metrics.
    Show {
        /// Which one [default: the one in use].
        version: Option<String>,
    },
    /// Use this one from now on, whole, instead of the one in use.
    Activate {
        /// Which one.
        version: String,
    },
}

pub(crate) fn run(args: ModelsArgs, home: &Home) -> anyhow::Result<()> {
    let mut library = match args.action {
        Action::List { .. } | Action::Show { .. } => read_library(home)?,
        Action::Activate { .. } => open_library(home)?,
    };
    let store = library.store();
    match args.action {
        Action::List { json: true } => print_json(&store.models()?),
        Action::List { json: false } => {
            let mut rows = table(&["", "version", "kind", "trained"]);
            for model in store.models()? {
                let mark = if model.active { "in use" } else { "" };
                rows.add_row([
                    mark.to_owned(),
                    model.version,
                    model.kind,
                    model.created_at.to_string(),
                ]);
            }
            print_line(&rows.to_string())
        }
        Action::Show { version } => {
            let models = store.models()?;
            let wanted = |model: &&segue_store::ModelEntry| match &version {
                Some(version) => &model.version == version,
                None => model.active,
            };
            let model = models.iter().find(wanted);
            let model = model.ok_or_else(|| match &version {
                Some(version) => {
                    anyhow::anyhow!("there is no model `{version}`; `segue models list` names them")
                }
                None => anyhow::anyhow!("no model has been trained yet; run `segue train`"),
            })?;
            print_line(&model.card)
        }
        Action::Activate { version } => {
            library.activate(&version)?;
            say(&format!("`{version}` is in use"));
            Ok(())
        }
    }
}
