//! The part that a mix has in the experiment that is running, if any.

use anyhow::Context as _;
use segue_core::{Enrolment, Exposure, Impression, ListenerId, Slate, Timestamp};
use segue_engine::experiment::assignment::arm_of;
use segue_engine::experiment::{Arm, Design, Mode, Settings};
use segue_engine::pipeline::{MixOutcome, MixRequest};
use segue_store::{ExperimentEntry, Store};

use crate::terminal::say;

/// What an experiment does to a mix.
pub(crate) enum Part {
    /// None is running.
    None,
    /// One is, but the listener set for themselves what it varies.
    Refused {
        /// Its name.
        experiment: String,
        /// What they set.
        settings: Vec<&'static str>,
    },
    /// The mix is part of one.
    Enrolled {
        /// Which.
        design: Design,
        /// Who makes the mix that is shown.
        arm: Arm,
    },
}

impl Part {
    /// Looks for a running experiment. A mix is part of it unless a setting that it varies was `given`, whatever the arm.
    pub(crate) fn find(store: &Store, listener: &ListenerId, given: Settings) -> anyhow::Result<Self> {
        let Some(running) = store.running_experiment()? else { return Ok(Self::None) };
        let design = design_of(&running)?;
        let varied = design.varied();
        let settings: Vec<_> = given.set().filter(|setting| varied.contains(setting)).collect();
        if !settings.is_empty() {
            return Ok(Self::Refused { experiment: running.name, settings });
        }
        let arm = match design.mode() {
            Mode::Live => arm_of(&design, listener),
            Mode::Shadow => design.control(),
        };
        Ok(Self::Enrolled { arm: arm.clone(), design })
    }

    /// What to make for what was asked.
    pub(crate) fn request(&self, asked: MixRequest) -> MixRequest {
        match self {
            Self::None | Self::Refused { .. } => asked,
            Self::Enrolled { arm, .. } => arm.settings.apply(asked),
        }
    }

    /// What the other arms would have shown, in shadow mode. An arm that cannot make the mix is named, and the others go on.
    pub(crate) fn shadows(
        &self,
        asked: &MixRequest,
        make: impl Fn(&MixRequest) -> anyhow::Result<MixOutcome>,
    ) -> Vec<(&Arm, Slate)> {
        let Self::Enrolled { design, arm } = self else { return Vec::new() };
        if design.mode() == Mode::Live {
            return Vec::new();
        }
        let others = design.arms().iter().filter(|other| other.name != arm.name);
        let shadow = |other: &Arm| make(&other.settings.apply(asked.clone()));
        let made = others.filter_map(|other| match shadow(other) {
            Ok(outcome) => Some((other, outcome.slate)),
            Err(error) => {
                say(&format!("arm `{}` has no shadow of this mix: {error:#}", other.name));
                None
            }
        });
        made.collect()
    }

    /// The mix that is shown and its shadows, as they are logged.
    pub(crate) fn impressions(
        &self,
        at: Timestamp,
        outcome: &MixOutcome,
        shadows: Vec<(&Arm, Slate)>,
    ) -> Vec<Impression> {
        let shown = Impression { at, slate: outcome.slate.clone(), enrolment: self.enrolment() };
        let shadow = |(arm, slate): (&Arm, Slate)| Impression {
            at,
            slate,
            enrolment: self.enrolment().map(|shown| Enrolment {
                arm: arm.name.clone(),
                exposure: Exposure::Shadow,
                ..shown
            }),
        };
        std::iter::once(shown).chain(shadows.into_iter().map(shadow)).collect()
    }

    /// The place of the mix that is shown.
    pub(crate) fn enrolment(&self) -> Option<Enrolment> {
        let Self::Enrolled { design, arm } = self else { return None };
        let (experiment, arm) = (design.name().to_owned(), arm.name.clone());
        Some(Enrolment { experiment, arm, exposure: Exposure::Shown })
    }

    /// An error of the mix, with the arm that may be to blame for it.
    pub(crate) fn blame(&self, error: anyhow::Error) -> anyhow::Error {
        let Self::Enrolled { design, arm } = self else { return error };
        error.context(format!(
            "arm `{}` cannot make this mix; `segue experiment stop {}` ends the experiment",
            arm.name,
            design.name()
        ))
    }

    /// Says what the experiment does to this mix.
    pub(crate) fn announce(&self) {
        match self {
            Self::None => {}
            Self::Refused { experiment, settings } => {
                let flags: Vec<String> = settings.iter().map(|setting| format!("`--{setting}`")).collect();
                say(&format!(
                    "experiment `{experiment}` decides {}; given here, so that this mix is not part of it",
                    flags.join(", ")
                ));
            }
            Self::Enrolled { design, arm } => {
                say(&format!("experiment `{}`, arm `{}`: {}", design.name(), arm.name, arm.settings));
            }
        }
    }
}

/// The design of an experiment that the store keeps.
pub(crate) fn design_of(entry: &ExperimentEntry) -> anyhow::Result<Design> {
    serde_json::from_str(&entry.design)
        .with_context(|| format!("experiment `{}` was started by another version of segue", entry.name))
}
