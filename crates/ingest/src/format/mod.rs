//! The formats, one file each, and how content tells them apart.

mod listenbrainz;
mod spotify;
mod spotify_account;
mod spotify_extended;

use std::io::BufRead;

use segue_core::Source;

use crate::{Context, IngestError};

/// The beginning of a file, which decides its format; the name only breaks ties.
pub(crate) struct Head<'a> {
    /// The first bytes (64 KiB at most), decoded to UTF-8, byte-order mark removed.
    pub(crate) text: &'a str,
    /// File name without folders, lower case.
    pub(crate) name: &'a str,
}

impl Head<'_> {
    /// Whether the text begins, but for white space, with one of these characters.
    pub(crate) fn begins_with<const N: usize>(&self, any_of: [char; N]) -> bool {
        self.text.trim_start().starts_with(any_of)
    }

    /// Whether a JSON object in the text has this key.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        let quoted = format!("\"{key}\"");
        self.text
            .match_indices(&quoted)
            .any(|(at, _)| self.text[at + quoted.len()..].trim_start().starts_with(':'))
    }

    /// Whether JSON objects in the text have all these keys.
    pub(crate) fn has_keys(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.has_key(key))
    }
}

/// One foreign format. Input arrives as UTF-8 without a byte-order mark; Parquet is the exception and reads files itself.
pub(crate) trait Format: Sync {
    /// What its records are marked with.
    fn source(&self) -> Source;

    /// Whether this content is of this format. Formats are asked in order and the first to say yes reads.
    fn recognises(&self, head: &Head<'_>) -> bool;

    /// Reads to the end, announcing every row to the context exactly once.
    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError>;
}

/// All formats, the most particular ones first.
static FORMATS: [&dyn Format; 6] = [
    &spotify_extended::SpotifyExtended,
    &spotify_account::History,
    &spotify_account::Library,
    &spotify_account::Playlists,
    &listenbrainz::Listens,
    &listenbrainz::Feedback,
];

/// The format of a file, by its beginning.
pub(crate) fn detect(head: &Head<'_>) -> Option<&'static dyn Format> {
    FORMATS.into_iter().find(|format| format.recognises(head))
}
