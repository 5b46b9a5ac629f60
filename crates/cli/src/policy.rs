//! Policies on the command line: the names that can be typed, and that help lists, are those of the
//! policies there are.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use segue_engine::policy::PolicyKind;

/// Reads the name of a policy that mixes can be drawn by.
pub(crate) fn policy_parser() -> impl TypedValueParser<Value = PolicyKind> {
    PossibleValuesParser::new(PolicyKind::ALL.map(PolicyKind::name))
        .map(|name| name.parse().expect("only names of policies are possible"))
}
