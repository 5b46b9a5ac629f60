//! Which policy drew a slate, as a log keeps it: enough for any later build to make the same policy
//! again, and open to policies that nobody has thought of yet.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The numbers that tune a policy, by name, such as `temperature`. Which names mean something is
/// decided by each policy, so a new one needs no new field anywhere; unknown names are ignored.
///
/// ```
/// use segue_core::Parameters;
///
/// let parameters = Parameters::default().with("temperature", 0.25);
/// assert_eq!(parameters.number("temperature"), Some(0.25));
/// assert_eq!(parameters.number("epsilon"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Parameters(BTreeMap<String, Value>);

impl Parameters {
    /// The same parameters with one more number, or with another value for one that is there. An
    /// `f32` comes back to the last bit; infinities and NaN have no form in JSON and become `null`.
    pub fn with(mut self, name: &str, value: f32) -> Self {
        self.0.insert(name.to_owned(), Value::from(value));
        self
    }

    /// The number of that name. `None` where it is missing or is no number; the policy then falls
    /// back on its own default.
    pub fn number(&self, name: &str) -> Option<f32> {
        self.0.get(name)?.as_f64().map(|value| value as f32)
    }
}

/// A policy by name and version, with the parameters that it was given. With the seed and the
/// short-list of a slate it is enough to draw the slate again.
///
/// In JSON it lies flat in the object that holds it, which keeps logs of before there were free
/// parameters readable: `policy` is the [label](fmt::Display), and every parameter is a field of
/// its own. So no parameter can be named like a field of [`SlateConfig`](crate::SlateConfig).
///
/// ```
/// use segue_core::{Parameters, PolicySpec};
///
/// let parameters = Parameters::default().with("temperature", 0.5);
/// let spec = PolicySpec { parameters, ..PolicySpec::new("plackett-luce", 1) };
/// let json = serde_json::json!({"policy": "plackett-luce/1", "temperature": 0.5});
/// assert_eq!(serde_json::to_value(&spec)?, json);
/// assert_eq!(serde_json::from_value::<PolicySpec>(json)?, spec);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PolicySpec {
    /// What the policy is called, such as `plackett-luce`. A registry of policies finds the code by
    /// it.
    pub name: String,
    /// Raised by the policy whenever the same slate would be drawn differently, so that a log is
    /// never replayed by code that means something else by the name.
    pub version: u32,
    /// The numbers that it was tuned with. They may hold more than the policy reads; what it does
    /// not know it ignores.
    pub parameters: Parameters,
}

impl PolicySpec {
    /// A policy without parameters, which uses its own defaults. Set [`Self::parameters`] with
    /// struct update syntax to tune it.
    pub fn new(name: impl Into<String>, version: u32) -> Self {
        Self { name: name.into(), version, parameters: Parameters::default() }
    }
}

/// The label: name and version, such as `plackett-luce/1`.
impl fmt::Display for PolicySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.version)
    }
}

/// The error of parsing a policy's label that is not of the form `name/version`, such as
/// `greedy/1`. It carries the text that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPolicyLabel(String);

impl fmt::Display for BadPolicyLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no policy: expected a name and a version, as in `greedy/1`", self.0)
    }
}

impl std::error::Error for BadPolicyLabel {}

/// Reads a label; it says nothing of parameters.
impl FromStr for PolicySpec {
    type Err = BadPolicyLabel;

    fn from_str(label: &str) -> Result<Self, BadPolicyLabel> {
        let parts = label.rsplit_once('/').and_then(|(name, v)| Some((name, v.parse().ok()?)));
        let (name, version) = parts.ok_or_else(|| BadPolicyLabel(label.to_owned()))?;
        Ok(Self::new(name, version))
    }
}

/// The name under which the label lies beside the parameters.
const LABEL: &str = "policy";

impl Serialize for PolicySpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let label = Value::from(self.to_string());
        let parameters = self.parameters.0.iter().map(|(name, value)| (name.as_str(), value));
        serializer.collect_map([(LABEL, &label)].into_iter().chain(parameters))
    }
}

impl<'de> Deserialize<'de> for PolicySpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = BTreeMap::<String, Value>::deserialize(deserializer)?;
        let label = fields.remove(LABEL).ok_or_else(|| D::Error::missing_field(LABEL))?;
        let label = label.as_str().ok_or_else(|| D::Error::custom("`policy` is no text"))?;
        let spec: Self = label.parse().map_err(D::Error::custom)?;
        Ok(Self { parameters: Parameters(fields), ..spec })
    }
}
