//! Where retrieval found what was picked.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Where retrieval found a track. Several sources may name the same one.
///
/// Picks are logged with them, so that it can be counted which source gave what was liked. As JSON
/// they are a list of names; names that this version does not know are passed over.
///
/// ```
/// use segue_core::Sources;
///
/// let sources = Sources::ARTISTS.with(Sources::POPULAR);
/// assert!(sources.contains(Sources::POPULAR));
/// assert_eq!(sources.names().collect::<Vec<_>>(), ["popular", "artists"]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources(u16);

impl Sources {
    /// The whole catalogue, tracks from all over it where no other source has any, or those that a
    /// request names: nothing was chosen, so no other source is marked.
    pub const ALL: Self = Self(1);
    /// Works that the listener knows: played, saved, or answered by feedback.
    pub const HISTORY: Self = Self(2);
    /// What many listeners play, the most popular first.
    pub const POPULAR: Self = Self(4);
    /// Other songs by artists whose works the listener likes, the best liked artists first.
    pub const ARTISTS: Self = Self(8);
    /// What sounds like something that the listener likes.
    pub const NEIGHBOURS: Self = Self(16);
    /// Tracks that came to the catalogue after the model was trained, so that no other source would
    /// find them.
    pub const ARRIVALS: Self = Self(32);
    /// What listeners of the same things play: item neighbours.
    pub const ITEM_KNN: Self = Self(64);
    /// The same by EASE, a linear autoencoder.
    pub const EASE: Self = Self(128);
    /// The same by the factors of implicit ALS.
    pub const IALS: Self = Self(256);
    /// What follows what was played last: a sequence model.
    pub const SASREC: Self = Self(512);
    /// What is played in one sitting with what was played last.
    pub const SESSIONS: Self = Self(1024);
    /// What many listeners play lately.
    pub const TRENDING: Self = Self(2048);
    /// What friends play, and what is played along with that.
    pub const FRIENDS: Self = Self(4096);
    /// What many people in the world play.
    pub const WORLD_POPULAR: Self = Self(8192);
    /// What people in the world play in one sitting with what the listener plays.
    pub const WORLD_NEIGHBOURS: Self = Self(16_384);
    /// What people in the world play who play the same things, by factors.
    pub const WORLD_IALS: Self = Self(32_768);

    /// Every source with the name under which logs and reports count it, in the order of reports.
    pub const NAMED: [(Self, &'static str); 16] = [
        (Self::ALL, "all"),
        (Self::HISTORY, "history"),
        (Self::POPULAR, "popular"),
        (Self::ARTISTS, "artists"),
        (Self::NEIGHBOURS, "neighbours"),
        (Self::ARRIVALS, "arrivals"),
        (Self::ITEM_KNN, "item-knn"),
        (Self::EASE, "ease"),
        (Self::IALS, "ials"),
        (Self::SASREC, "sasrec"),
        (Self::SESSIONS, "sessions"),
        (Self::TRENDING, "trending"),
        (Self::FRIENDS, "friends"),
        (Self::WORLD_POPULAR, "world-popular"),
        (Self::WORLD_NEIGHBOURS, "world-neighbours"),
        (Self::WORLD_IALS, "world-ials"),
    ];

    /// These as bits, one a source: how a store keeps them. No bit ever changes its meaning.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Reads what [`bits`](Self::bits) gave.
    pub fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// Whether no source is among these, as in logs from before they were kept.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These sources and those of `other`: for a track that one more source named.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are among these; true for an empty `other`.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of these, in the order of [`Self::NAMED`]; none for the default, which no source
    /// named.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMED
            .into_iter()
            .filter(move |(source, _)| self.contains(*source))
            .map(|(_, name)| name)
    }
}

impl Serialize for Sources {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        let is_named = |(_, name): &(Self, &str)| names.iter().any(|given| given == name);
        let sources = Self::NAMED.into_iter().filter(is_named).map(|(source, _)| source);
        Ok(sources.fold(Self::default(), Self::with))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_a_list_of_names_and_names_of_later_versions_are_passed_over() {
        let sources = Sources::EASE.with(Sources::HISTORY);
        let json = serde_json::to_string(&sources).unwrap();
        assert_eq!(json, r#"["history","ease"]"#);
        let read: Sources = serde_json::from_str(r#"["ease","tarot","history"]"#).unwrap();
        assert_eq!(read, sources);
        assert_eq!(Sources::from_bits(sources.bits()), sources);
    }
}
