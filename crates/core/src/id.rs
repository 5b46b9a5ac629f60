//! Names that the outside world gives to things. A dense row in one trained vocabulary is another
//! type (`segue_engine::TrackIdx`), so that the two never convert silently.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a name as it is; nothing is normalised.
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &*self.0)
            }
        }
    };
}

id! {
    /// One version of a song as one service knows it: `spotify:track:…`, `mbid:…`, `isrc:…`, or
    /// `name:artist␟title` where the source gave no identifier.
    TrackId
}
id! {
    /// A song, whatever its version: what `TrackId`s of several URIs, spellings and remasters have
    /// in common.
    WorkId
}
id! {
    /// Whose history it is. Segue keeps no other fact about the person.
    ListenerId
}
