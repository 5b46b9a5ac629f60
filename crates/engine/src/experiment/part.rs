//! The part that a mix has in the experiment that is running, if any.

use segue_core::{Enrolment, Exposure, Impression, ListenerId, Slate, Timestamp};

use super::assignment::arm_of;
use super::{Arm, Design, Mode, Settings};
use crate::pipeline::MixRequest;

/// What the running experiment, if there is one, does to one mix of one listener: what to make,
/// what to make beside it, and what to log.
#[derive(Clone, Debug)]
pub enum Part<'d> {
    /// No experiment is running: the mix is made as it was asked for.
    None,
    /// An experiment is running, but the request itself fixes a setting that it varies. The mix is
    /// made as asked for and is no part of it.
    Refused {
        /// The running experiment that the mix is no part of.
        design: &'d Design,
        /// Names of the varied settings that the request fixes, as in [`Settings::NAMES`].
        settings: Vec<&'static str>,
    },
    /// The mix is part of the experiment, made by the settings of an arm and logged under its name.
    Enrolled {
        /// The running experiment that the mix is part of.
        design: &'d Design,
        /// The arm that makes the mix that is shown; in shadow mode it is the control.
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

    /// The request to make: with the settings of the listener's arm if the mix is enrolled, else
    /// the one that was asked for.
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

    /// The impressions to log for a mix: first the one shown, then its shadows, all at the same
    /// moment. Each names its arm if the mix is enrolled; the others are plain.
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

    /// What the log says of the mix that is shown: the experiment, the arm, and that it was seen.
    /// `None` if the mix is not enrolled.
    pub fn enrolment(&self) -> Option<Enrolment> {
        let Self::Enrolled { design, arm } = self else { return None };
        let (experiment, arm) = (design.name().to_owned(), arm.name.clone());
        Some(Enrolment { experiment, arm, exposure: Exposure::Shown })
    }
}
