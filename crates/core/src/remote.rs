//! What a server that keeps music says of a song in its library, such as one that speaks
//! OpenSubsonic. Clients of such servers make these, and the library takes them in.

use std::fmt;

use crate::{FeedbackKind, Timestamp, Track};

/// A song in the library of a server, with what one of its users has done with it there.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteSong {
    /// What the server calls it. It means something on that server alone, and may change when its
    /// library is scanned anew.
    pub id: String,
    /// The song in Segue's terms, with an id that is made as importers make theirs, so that plays
    /// of it that came from elsewhere are plays of the same work.
    pub track: Track,
    /// What the user says of it there by a star or a rating; `None` where they say nothing.
    pub opinion: Option<RemoteOpinion>,
    /// Whether it is in one of the user's own playlists, other than those that Segue put there.
    pub is_saved: bool,
    /// How often the server has counted a play of it by the user.
    pub plays: u32,
    /// When it was played last, where the server tells.
    pub last_played: Option<Timestamp>,
}

/// What a star or a rating on a server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteOpinion {
    /// [`FeedbackKind::Like`] or [`FeedbackKind::Dislike`].
    pub kind: FeedbackKind,
    /// When it was given. Stars bear a date, ratings do not.
    pub at: Option<Timestamp>,
}

/// A password or a key. Nothing prints it by accident: it shows as dots, and has to be
/// [revealed](Self::reveal) to be sent or kept.
///
/// ```
/// use segue_core::Secret;
///
/// let secret = Secret::new("sesame");
/// assert_eq!((format!("{secret:?}").as_str(), secret.reveal()), ("•••", "sesame"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a password as it was typed. Nothing is trimmed: blanks may be part of it.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The password itself. Do not print it, nor put it into an address or an error.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}
