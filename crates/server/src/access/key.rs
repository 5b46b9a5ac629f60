//! Keys: 256 random bits behind a prefix by which they are recognised where they should not be.
//!
//! Only a BLAKE3 hash is kept. A slow hash, as passwords need, would protect nothing here, since
//! nobody can guess 256 bits, and would let anyone keep the server busy by sending wrong keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a key lets its bearer do; each includes those before it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Look.
    Read,
    /// Ask for mixes and say what became of them, import.
    Write,
    /// Train, swap models, forget listeners.
    Admin,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        })
    }
}

/// No scope has that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no scope: expected read, write or admin")]
pub struct UnknownScope(String);

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        match text {
            "read" => Ok(Self::Read),
            "write" => Ok(Self::Write),
            "admin" => Ok(Self::Admin),
            _ => Err(UnknownScope(text.to_owned())),
        }
    }
}

const PREFIX: &str = "segue_";

/// A key as its bearer knows it. It is shown once, when it is made, and only its hash is kept.
pub struct ApiKey(String);

impl ApiKey {
    /// Makes a key that nobody has.
    pub fn generate(rng: &mut impl rand::CryptoRng) -> Self {
        let mut secret = [0; 32];
        rng.fill_bytes(&mut secret);
        let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        Self(format!("{PREFIX}{digits}"))
    }

    /// The text to hand out, once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> [u8; 32] {
        *hash(&self.0).as_bytes()
    }
}

/// The hash of a text that may be a key. Two hashes are compared in constant time.
pub(crate) fn hash(text: &str) -> blake3::Hash {
    blake3::hash(text.as_bytes())
}
