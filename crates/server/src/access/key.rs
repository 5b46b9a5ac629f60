//! Keys: 256 random bits behind a prefix by which they are recognised where they should not be.
//!
//! Only a BLAKE3 hash is kept. A slow hash, as passwords need, would protect nothing here, since
//! nobody can guess 256 bits, and would let anyone keep the server busy by sending wrong keys.
//!
//! Of a key that is for one listener the MD5 digest is kept as well. The protocols of Last.fm prove
//! a password by `md5(md5(password) + time)` and the like, which a server can check only if it has
//! that digest. MD5 is broken where somebody chooses what is digested; here it is 256 random bits,
//! which nobody finds from their digest. But the digest itself is as good as the key in these
//! protocols, and so whoever reads the database can send plays in the name of such a listener (and
//! nothing else) until the key is revoked, which removes the digest. Who reads the database knows
//! all plays already.

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

    /// What is kept as well of a key that is for one listener, so that players can prove to have it
    /// by Last.fm's protocols.
    pub fn md5(&self) -> [u8; 16] {
        md5::compute(&self.0).0
    }
}

/// The MD5 digest of a text as the protocols of Last.fm have it: in hexadecimal.
pub(crate) fn md5_of(text: &str) -> String {
    format!("{:x}", md5::compute(text))
}

/// What a client of Last.fm's API shows instead of the key once it has logged in. It is made of the
/// key's MD5 digest, so that it lasts as long as the key does, over restarts too, and is kept
/// nowhere. From it nobody finds that digest.
pub(super) fn session_key(md5: [u8; 16]) -> String {
    let derived = blake3::derive_key("segue 2026-11-29 session key of Last.fm's API", &md5);
    derived[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash of a text that may be a key. Two hashes are compared in constant time.
pub(crate) fn hash(text: &str) -> blake3::Hash {
    blake3::hash(text.as_bytes())
}
