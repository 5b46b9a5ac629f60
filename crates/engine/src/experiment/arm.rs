//! An arm: a name and the few settings of a mix that it changes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::pipeline::{MixError, MixRequest};
use crate::policy::{PolicyKind, UnknownPolicy};

/// What an arm changes in a request; what is `None` stays as it was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Replaces [`MixRequest::explore`] in every mix of the arm, whatever was asked for; `None`
    /// leaves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explore: Option<f32>,
    /// Replaces [`MixRequest::policy`] in every mix of the arm, whatever was asked for; `None`
    /// leaves it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "policy_name")]
    pub policy: Option<PolicyKind>,
    /// Replaces [`MixRequest::artist_cap`] in every mix of the arm, whatever was asked for; `None`
    /// leaves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artist_cap: Option<u32>,
    /// Replaces [`MixRequest::album_cap`] in every mix of the arm, whatever was asked for; `None`
    /// leaves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album_cap: Option<u32>,
    /// Replaces [`MixRequest::no_repeat_days`] in every mix of the arm, whatever was asked for;
    /// `None` leaves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_repeat_days: Option<u32>,
}

impl Settings {
    /// Every setting that an arm can change, by the name used in `name:setting=value`.
    /// [`Settings::set`] gives names of this list, in this order.
    pub const NAMES: [&str; 5] = ["explore", "policy", "artist-cap", "album-cap", "no-repeat-days"];

    /// The request with these settings in place of its own. Settings that are `None`, and
    /// everything that an arm cannot change, stay as they were asked for.
    pub fn apply(&self, request: MixRequest) -> MixRequest {
        MixRequest {
            explore: self.explore.unwrap_or(request.explore),
            policy: self.policy.unwrap_or(request.policy),
            artist_cap: self.artist_cap.unwrap_or(request.artist_cap),
            album_cap: self.album_cap.unwrap_or(request.album_cap),
            no_repeat_days: self.no_repeat_days.unwrap_or(request.no_repeat_days),
            ..request
        }
    }

    /// The names of the settings that are not `None`, in the order of [`Settings::NAMES`]. It is
    /// empty for a plain control.
    pub fn set(&self) -> impl Iterator<Item = &'static str> {
        let set = [
            self.explore.is_some(),
            self.policy.is_some(),
            self.artist_cap.is_some(),
            self.album_cap.is_some(),
            self.no_repeat_days.is_some(),
        ];
        Self::NAMES.into_iter().zip(set).filter_map(|(name, is_set)| is_set.then_some(name))
    }

    fn put(&mut self, name: &str, value: &str) -> Result<(), ArmError> {
        let bad = || ArmError::Value { setting: name.to_owned(), found: value.to_owned() };
        let whole = || value.parse().map_err(|_| bad());
        match name {
            "explore" => self.explore = Some(value.parse().map_err(|_| bad())?),
            "policy" => self.policy = Some(value.parse()?),
            "artist-cap" => self.artist_cap = Some(whole()?),
            "album-cap" => self.album_cap = Some(whole()?),
            "no-repeat-days" => self.no_repeat_days = Some(whole()?),
            _ => return Err(ArmError::Setting { found: name.to_owned() }),
        }
        Ok(())
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = [
            self.explore.map(|value| format!("explore={value}")),
            self.policy.map(|value| format!("policy={}", value.name())),
            self.artist_cap.map(|value| format!("artist-cap={value}")),
            self.album_cap.map(|value| format!("album-cap={value}")),
            self.no_repeat_days.map(|value| format!("no-repeat-days={value}")),
        ];
        let texts: Vec<String> = texts.into_iter().flatten().collect();
        f.write_str(if texts.is_empty() { "as usual".to_owned() } else { texts.join(",") }.as_str())
    }
}

/// One of the configurations that an experiment compares: a name, its part of the listeners and the
/// settings that it changes. The first arm of a [`Design`](super::Design) is the control.
///
/// # Examples
/// ```
/// use segue_engine::experiment::Arm;
/// use segue_engine::policy::PolicyKind;
///
/// let arm: Arm = "bolder:explore=0.5,policy=greedy".parse()?;
/// assert_eq!((arm.name.as_str(), arm.share), ("bolder", 1));
/// assert_eq!(arm.settings.explore, Some(0.5));
/// assert_eq!(arm.settings.policy, Some(PolicyKind::Greedy));
/// assert!("bolder:volume=11".parse::<Arm>().is_err(), "an arm has no such setting");
/// # Ok::<(), segue_engine::experiment::arm::ArmError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Its name, unique within the experiment; it is part of what decides who is in the arm.
    pub name: String,
    /// Its part of the listeners, a whole number from 1 in relation to the other shares: with
    /// shares 1 and 3 the second arm has three quarters of them.
    pub share: u32,
    /// What the arm changes in a request for a mix. The default changes nothing, which is what a
    /// plain control does.
    pub settings: Settings,
}

/// The text of an arm cannot be read, or no mix could be made by its settings. Each variant holds
/// what was given, for the message.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ArmError {
    /// No setting has that name.
    #[error(
        "an arm has no setting `{found}`; it has {}",
        Settings::NAMES.map(|name| format!("`{name}`")).join(", ")
    )]
    Setting {
        /// The name given.
        found: String,
    },
    /// The value is none for that setting.
    #[error("`{found}` is no value for `{setting}`")]
    Value {
        /// The setting.
        setting: String,
        /// The value given.
        found: String,
    },
    /// A setting without a value.
    #[error("`{found}` should read `setting=value`")]
    Form {
        /// What was given.
        found: String,
    },
    /// No policy has that name.
    #[error(transparent)]
    Policy(#[from] UnknownPolicy),
    /// No mix could be made by it.
    #[error(transparent)]
    Mix(#[from] MixError),
}

/// Reads `name` or `name:setting=value,setting=value`; the share is 1.
impl FromStr for Arm {
    type Err = ArmError;

    fn from_str(text: &str) -> Result<Self, ArmError> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let mut settings = Settings::default();
        for setting in rest.split(',').filter(|setting| !setting.is_empty()) {
            let (name, value) = setting
                .split_once('=')
                .ok_or_else(|| ArmError::Form { found: setting.to_owned() })?;
            settings.put(name.trim(), value.trim())?;
        }
        Ok(Self { name: name.trim().to_owned(), share: 1, settings })
    }
}

/// A policy is kept by its name.
mod policy_name {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use crate::policy::PolicyKind;

    pub(super) fn serialize<S: Serializer>(
        policy: &Option<PolicyKind>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        policy.map(PolicyKind::name).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<PolicyKind>, D::Error> {
        let name = Option::<String>::deserialize(from)?;
        name.map(|name| name.parse().map_err(D::Error::custom)).transpose()
    }
}
