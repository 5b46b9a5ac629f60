//! The design of an experiment, checked once: whoever holds a [`Design`] may trust it.

use std::collections::BTreeSet;

use segue_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::arm::{Arm, ArmError};
use crate::pipeline::MixRequest;

/// Shares of all arms together come to this at most: every unit costs a hash (see
/// [`super::assignment`]).
const MOST_SHARES: u32 = 10_000;
/// A listener is observed for at most this many days.
const MOST_DAYS: u32 = 366;

/// Whether listeners get to see different arms. Start in [`Mode::Shadow`] to learn what an arm
/// would change before anybody is shown it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Each listener gets the arm that they were assigned to, and the arms are compared by what
    /// listeners made of them.
    Live,
    /// Everybody gets the first arm. The others are computed beside it and logged, not shown, and
    /// compared by [`shadow`](super::shadow).
    Shadow,
}

/// What an experiment tries: its arms, whether they are shown, and for how long a listener is
/// observed. A `Design` has been checked, so whoever holds one may trust it. It serialises to what
/// the store keeps, and is checked again when it is read.
///
/// # Examples
/// ```
/// use segue_engine::experiment::{Design, DesignError, Mode};
///
/// let arms = vec!["control".parse()?, "bolder:explore=0.5".parse()?];
/// let design = Design::from_parts("how-far-out", arms.clone(), Mode::Live, 14)?;
/// assert_eq!(design.control().name, "control");
/// assert!(design.varied().contains("explore"));
///
/// let refused = Design::from_parts("how-far-out", arms, Mode::Live, 0);
/// assert_eq!(refused, Err(DesignError::Days { found: 0 }), "a day at least");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked", into = "Unchecked")]
pub struct Design {
    name: String,
    arms: Vec<Arm>,
    mode: Mode,
    days: u32,
}

#[derive(Serialize, Deserialize)]
struct Unchecked {
    name: String,
    arms: Vec<Arm>,
    mode: Mode,
    days: u32,
}

/// Why a design cannot be carried out. Each variant holds what was given, so that whoever wrote the
/// design can mend it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DesignError {
    /// The experiment or an arm has no usable name.
    #[error("`{found}` is no name: use 1 to 64 letters, digits, `-` and `_`")]
    Name {
        /// The name given.
        found: String,
    },
    /// There is nothing to compare.
    #[error("an experiment compares at least two arms, not {found}")]
    TooFewArms {
        /// How many there are.
        found: usize,
    },
    /// Two arms cannot be told apart.
    #[error("two arms are called `{found}`")]
    SameName {
        /// Their name.
        found: String,
    },
    /// Shares are whole numbers from 1.
    #[error("shares are whole numbers from 1 that come to {MOST_SHARES} at most")]
    Shares,
    /// The time for which a listener is observed is out of range.
    #[error("a listener is observed for 1 to {MOST_DAYS} days, not {found}")]
    Days {
        /// The number of days given.
        found: u32,
    },
    /// An arm cannot be understood, or no mix could be made by it.
    #[error("arm `{arm}`")]
    Arm {
        /// Its name.
        arm: String,
        /// Why.
        source: ArmError,
    },
}

impl Design {
    /// Checks a design. The first arm is the control: the others are compared with it. Each
    /// listener is observed for `days` from their first mix on.
    ///
    /// # Errors
    /// As [`DesignError`] says.
    pub fn from_parts(
        name: &str,
        arms: Vec<Arm>,
        mode: Mode,
        days: u32,
    ) -> Result<Self, DesignError> {
        Unchecked { name: name.to_owned(), arms, mode, days }.try_into()
    }

    /// Its name: 1 to 64 letters, digits, `-` and `_`. It decides who is in which arm, so a new
    /// name deals all listeners out anew.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arms, at least two, the control first. Observations and readouts refer to an arm by its
    /// place here.
    pub fn arms(&self) -> &[Arm] {
        &self.arms
    }

    /// The arm that the others are compared with: the first one, and the one that everybody sees in
    /// [`Mode::Shadow`].
    pub fn control(&self) -> &Arm {
        &self.arms[0]
    }

    /// Whether listeners see the arm that they were assigned to, or all of them the control.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// For how many days, 1 to 366, a listener is observed from their first mix of the experiment
    /// on. Only then do they count in a [`readout`](super::readout).
    pub fn days(&self) -> u32 {
        self.days
    }

    /// Names of the settings that any arm changes. A request that fixes one of them itself is none
    /// of the experiment's, in whichever arm its listener is: otherwise the arms would keep
    /// different requests.
    pub fn varied(&self) -> BTreeSet<&'static str> {
        self.arms.iter().flat_map(|arm| arm.settings.set()).collect()
    }
}

impl TryFrom<Unchecked> for Design {
    type Error = DesignError;

    fn try_from(Unchecked { name, arms, mode, days }: Unchecked) -> Result<Self, DesignError> {
        check_name(&name)?;
        if arms.len() < 2 {
            return Err(DesignError::TooFewArms { found: arms.len() });
        }
        for (position, arm) in arms.iter().enumerate() {
            check_name(&arm.name)?;
            check_settings(arm)?;
            if arms[..position].iter().any(|earlier| earlier.name == arm.name) {
                return Err(DesignError::SameName { found: arm.name.clone() });
            }
        }
        let total: u64 = arms.iter().map(|arm| u64::from(arm.share)).sum();
        if arms.iter().any(|arm| arm.share == 0) || total > u64::from(MOST_SHARES) {
            return Err(DesignError::Shares);
        }
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(DesignError::Days { found: days });
        }
        Ok(Self { name, arms, mode, days })
    }
}

impl From<Design> for Unchecked {
    fn from(Design { name, arms, mode, days }: Design) -> Self {
        Self { name, arms, mode, days }
    }
}

fn check_name(name: &str) -> Result<(), DesignError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if (1..=64).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(DesignError::Name { found: name.to_owned() })
}

/// A mix must be possible by these settings.
fn check_settings(arm: &Arm) -> Result<(), DesignError> {
    let request = arm.settings.apply(MixRequest::new(Timestamp::UNIX_EPOCH));
    let failed = |error: crate::pipeline::MixError| DesignError::Arm {
        arm: arm.name.clone(),
        source: error.into(),
    };
    request.check().map_err(failed)
}
