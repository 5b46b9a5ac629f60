//! What the terminal says of the part that a mix has in the experiment that is running.

use anyhow::Context as _;
use segue::ExperimentMix;
use segue_engine::experiment::{Design, Part};
use segue_store::ExperimentEntry;

use crate::terminal::say;

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

/// Names the arms that could not make their shadow; the others went on.
pub(crate) fn report_failed(made: &ExperimentMix<'_>) {
    for (arm, error) in &made.failed {
        say(&format!("arm `{}` has no shadow of this mix: {error:#}", arm.name));
    }
}
