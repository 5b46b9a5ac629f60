//! Which members there are, and how many rows each has by its own footer: where the sums begin that
//! what Spark reads is held to.

use std::path::{Component, Path, absolute};

use super::super::MemberOutcome;
use super::SparkError;
use crate::Result;
use crate::dump::parquet_members;

/// A member that looks whole.
pub(super) struct WholeMember {
    /// As Spark is told.
    pub(super) path: String,
    pub(super) rows: u64,
}

/// The members of all dumps.
#[derive(Default)]
pub(super) struct Members {
    pub(super) whole: Vec<WholeMember>,
    /// What is known of these so far.
    pub(super) outcomes: Vec<MemberOutcome>,
    /// Members that are left out.
    pub(super) broken: Vec<MemberOutcome>,
    /// Whether any member tells identifiers.
    pub(super) has_identifiers: bool,
}

impl Members {
    pub(super) fn of(listens: &[std::path::PathBuf]) -> Result<Self> {
        let mut all = Self::default();
        for member in
            listens.iter().map(|path| parquet_members(path)).collect::<Result<Vec<_>>>()?
        {
            for found in member {
                let (member, bytes) = (found.member.name, found.member.bytes);
                let is_same = |one: &MemberOutcome| (&one.member, one.bytes) == (&member, bytes);
                if all.outcomes.iter().any(is_same) {
                    continue;
                }
                match found.footer {
                    Ok(footer) => {
                        let path = spark_path(&found.path)?;
                        all.whole.push(WholeMember { path, rows: footer.rows });
                        all.has_identifiers |= footer.has_identifiers;
                        let rows = footer.rows;
                        let outcome = MemberOutcome { member, bytes, rows, ..Default::default() };
                        all.outcomes.push(outcome);
                    }
                    Err(why) => {
                        let broken = Some(why);
                        let outcome = MemberOutcome { member, bytes, broken, ..Default::default() };
                        all.broken.push(outcome);
                    }
                }
            }
        }
        Ok(all)
    }
}

/// A path as Spark is told: from the root on, and without what is a pattern or a quote to it.
pub(super) fn spark_path(path: &Path) -> Result<String> {
    let refused = || SparkError::Path { path: path.to_owned() };
    let path = absolute(path).map_err(|error| crate::WorldError::io(path, error))?;
    let is_safe = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let mut told = String::new();
    for component in path.components() {
        match component {
            Component::RootDir => {}
            Component::Normal(name) if name.as_encoded_bytes().iter().all(|&b| is_safe(b)) => {
                told.push('/');
                told.push_str(&name.to_string_lossy());
            }
            _ => return Err(refused().into()),
        }
    }
    Ok(told)
}
