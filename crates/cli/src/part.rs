//! What the terminal says of the part that a mix has in the experiment that is running.

use anyhow::Context as _;
use segue_core::Slate;
use segue_engine::experiment::{Arm, Design, Part};
use segue_engine::pipeline::{MixOutcome, MixRequest};
use segue_store::{ExperimentEntry, Store};

use crate::terminal::say;

/// The design of the experiment that is running, if one is.
pub(crate) fn running_design(store: &Store) -> anyhow::Result<Option<Design>> {
    store.running_experiment()?.as_ref().map(design_of).transpose()
}

/// The design of an experiment that the store keeps.
pub(crate) fn design_of(entry: &ExperimentEntry) -> anyhow::Result<Design> {
    serde_json::from_str(&entry.design).with_context(|| {
        format!("experiment `{}` was started by another version of segue", entry.name)
    })
}

/// Says what the experiment does to this mix.
pub(crate) fn announce(part: &Part<'_>) {
    match part {
        Part::None => {}
        Part::Refused { design, settings } => {
            let flags: Vec<String> =
                settings.iter().map(|setting| format!("`--{setting}`")).collect();
            say(&format!(
                "experiment `{}` decides {}; given here, so that this mix is not part of it",
                design.name(),
                flags.join(", ")
            ));
        }
        Part::Enrolled { design, arm } => {
            say(&format!("experiment `{}`, arm `{}`: {}", design.name(), arm.name, arm.settings));
        }
    }
}

/// An error of the mix, with the arm that may be to blame for it.
pub(crate) fn blame(part: &Part<'_>, error: anyhow::Error) -> anyhow::Error {
    let Part::Enrolled { design, arm } = part else { return error };
    error.context(format!(
        "arm `{}` cannot make this mix; `segue experiment stop {}` ends the experiment",
        arm.name,
        design.name()
    ))
}

/// The shadows of a mix; an arm that cannot make it is named, and the others go on.
pub(crate) fn shadows<'d>(
    part: &Part<'d>,
    asked: &MixRequest,
    make: impl Fn(&MixRequest) -> anyhow::Result<MixOutcome>,
) -> Vec<(&'d Arm, Slate)> {
    let made =
        part.shadow_requests(asked).into_iter().filter_map(|(arm, request)| match make(&request) {
            Ok(outcome) => Some((arm, outcome.slate)),
            Err(error) => {
                say(&format!("arm `{}` has no shadow of this mix: {error:#}", arm.name));
                None
            }
        });
    made.collect()
}
