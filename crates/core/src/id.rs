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
            /// Wraps a name as it is. Nothing is checked or normalised: two spellings are two ids.
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }

            /// The name as text, exactly as it was given to [`Self::new`].
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
    /// The outside world's name of one version of a song: `spotify:track:…`, `mbid:…`, `isrc:…`,
    /// or `name:artist␟title` where the source gave no identifier (with the album or the length
    /// behind it where those names are shared by several songs). Importers make these ids; the
    /// store's catalogue describes what each stands for.
    TrackId
}
id! {
    /// A song, whatever its version: what the [`TrackId`]s of several URIs, spellings and remasters
    /// have in common. Novelty and feedback are decided by work and not by track.
    WorkId
}

impl WorkId {
    /// Separates the parts of an id that was made of names. It is a symbol, so normalised names
    /// never contain it.
    pub const SEPARATOR: char = '\u{241f}';

    /// What artist and title alone say: the id without what follows a second separator, where names
    /// are shared by several works. Two reports of a play may differ in whether they know more, so
    /// duplicates are looked for among all works of a song.
    ///
    /// ```
    /// use segue_core::WorkId;
    ///
    /// assert_eq!(WorkId::new("artist␟intro␟first album").song(), "artist␟intro");
    /// assert_eq!(WorkId::new("artist␟song").song(), "artist␟song");
    /// ```
    pub fn song(&self) -> &str {
        let id = self.as_str();
        id.match_indices(Self::SEPARATOR).nth(1).map_or(id, |(end, _)| &id[..end])
    }
}

id! {
    /// A listener, under any name that the caller gives: a login, a number, a pseudonym. Segue
    /// keeps no other fact about the person.
    ListenerId
}
