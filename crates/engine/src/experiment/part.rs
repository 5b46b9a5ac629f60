//! The part that a mix has in the experiment that is running, if any.

use segue_core::{Enrolment, Exposure, Impression, ListenerId, Slate, Timestamp};

use super::assignment::arm_of;
use super::{Arm, Design, Mode, Settings};
use crate::pipeline::MixRequest;

/// What an experiment does to a mix.
#[derive(Clone, Debug)]
pub enum Part<'d> {
    /// None is running.
    None,
    /// One is, but the listener set for themselves what it varies.
    Refused {
        /// Which.
        design: &'d Design,
        /// What they set.
        settings: Vec<&'static str>,
    },
    /// The mix is part of one.
    Enrolled {
        /// Which.
        design: &'d Design,
        /// Who makes the mix that is shown.
        arm: &'d Arm,
    },
}

impl<'d> Part<'d> {
    /// The part of a listener's mix in the experiment that is `running`. It has one unless a
    /// setting that the experiment varies was `given`, whatever the arm.
    pub fn of(running: Option<&'d Design>, listener: &ListenerId, given: Settings) -> Self {
        let Some(design) = running else { return Self::None };
        let varied = design.varied();
        let settings: Vec<_> = given.set().filter(|setting| varied.contains(setting)).collect();
        if !settings.is_empty() {
            return Self::Refused { design, settings };
        }
        let arm = match design.mode() {
            Mode::Live => arm_of(design, listener),
            Mode::Shadow => design.control(),
        };
        Self::Enrolled { arm, design }
    }

    /// What to make for what was asked.
    pub fn request(&self, asked: MixRequest) -> MixRequest {
        match self {
            Self::None | Self::Refused { .. } => asked,
            Self::Enrolled { arm, .. } => arm.settings.apply(asked),
        }
    }

    /// What to make beside the mix that is shown: what each of the other arms would have made of
    /// it, in shadow mode.
    pub fn shadow_requests(&self, asked: &MixRequest) -> Vec<(&'d Arm, MixRequest)> {
        let Self::Enrolled { design, arm } = self else { return Vec::new() };
        if design.mode() == Mode::Live {
            return Vec::new();
        }
        let others = design.arms().iter().filter(|other| other.name != arm.name);
        others.map(|other| (other, other.settings.apply(asked.clone()))).collect()
    }

    /// The mix that is shown and its shadows, as they are logged.
    pub fn impressions<'a>(
        &self,
        at: Timestamp,
        shown: &Slate,
        shadows: impl IntoIterator<Item = (&'a Arm, Slate)>,
    ) -> Vec<Impression> {
        let shown = Impression { at, slate: shown.clone(), enrolment: self.enrolment() };
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
    pub fn enrolment(&self) -> Option<Enrolment> {
        let Self::Enrolled { design, arm } = self else { return None };
        let (experiment, arm) = (design.name().to_owned(), arm.name.clone());
        Some(Enrolment { experiment, arm, exposure: Exposure::Shown })
    }
}
