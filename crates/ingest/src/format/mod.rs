//! The formats, one file each, and how content tells them apart.

mod apple_music;
mod artist_tags;
mod catalogue;
mod friends;
mod interactions;
mod jellyfin;
mod koito;
mod lastfm_csv;
mod lastfm_json;
mod librefm;
mod listenbrainz;
mod maloja;
mod pano_scrobbler;
pub(crate) mod parquet;
mod rockbox;
mod segue_export;
mod spotify_account;
mod spotify_extended;
mod spotify_recent;
#[cfg(test)]
mod testing;
mod youtube_music;

pub(crate) use apple_music::Artists as AppleArtists;
pub(crate) use artist_tags::TagNames;
pub use listenbrainz::read_listenbrainz;
pub(crate) use parquet::ParquetTable;
pub use parquet::is_parquet;

use std::collections::HashSet;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use segue_core::Source;

use crate::{Context, IngestError, TableOptions};

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

    /// Whether a row has this key: a JSON object that is in no other object. Clients put keys of
    /// any name into objects within rows.
    pub(crate) fn has_row_key(&self, key: &str) -> bool {
        let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
        for (at, byte) in self.text.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_text => escaped = true,
                b'"' if in_text => in_text = false,
                b'"' => {
                    in_text = true;
                    let rest = self.text[at + 1..].strip_prefix(key);
                    let rest = rest.and_then(|rest| rest.strip_prefix('"'));
                    if depth == 1 && rest.is_some_and(|rest| rest.trim_start().starts_with(':')) {
                        return true;
                    }
                }
                b'{' if !in_text => depth += 1,
                b'}' if !in_text => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        false
    }

    /// Whether rows have all these keys, see [`Self::has_row_key`].
    pub(crate) fn has_row_keys(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.has_row_key(key))
    }

    /// Whether JSON objects in the text have all these keys.
    pub(crate) fn has_keys(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.has_key(key))
    }
}

/// One foreign format. Input arrives as UTF-8 without a byte-order mark; Parquet is the exception
/// and reads files itself.
pub(crate) trait Format: Sync {
    /// The source that its records bear.
    fn source(&self) -> Source;

    /// Whether this content is of this format. Formats are asked in order, and the first that
    /// recognises the content reads it.
    fn recognises(&self, head: &Head<'_>) -> bool;

    /// Reads to the end, announcing every row to the context exactly once.
    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError>;
}

/// What files of an import tell that others of it need, learnt before any is read for its rows.
#[derive(Default)]
pub(crate) struct Companions {
    /// Whose titles are whose, in an export of Apple's.
    pub(crate) artists: AppleArtists,
    /// Which artists and tags the numbers of HetRec's tables are.
    pub(crate) tags: TagNames,
}

/// All formats, the most specific ones first.
pub(crate) struct Formats {
    all: Vec<Box<dyn Format>>,
    /// Files that were read for what others need, and have no rows of their own.
    explaining: HashSet<PathBuf>,
}

impl Formats {
    /// The formats: tables read with these options, and with what other files tell.
    pub(crate) fn new(tables: &TableOptions, Companions { artists, tags }: Companions) -> Self {
        let explaining = tags.files.clone();
        let all: Vec<Box<dyn Format>> = vec![
            Box::new(spotify_extended::SpotifyExtended),
            Box::new(spotify_account::AccountHistory),
            Box::new(spotify_account::AccountLibrary),
            Box::new(spotify_account::Playlists),
            Box::new(spotify_recent::RecentlyPlayed),
            Box::new(listenbrainz::ListenBrainzListens),
            Box::new(listenbrainz::ListenBrainzFeedback),
            Box::new(friends::ListenBrainzFollows),
            Box::new(segue_export::SegueExport),
            Box::new(maloja::Maloja),
            Box::new(koito::Koito),
            Box::new(lastfm_json::LastFmStats),
            Box::new(lastfm_json::LastFmJson),
            Box::new(pano_scrobbler::PanoScrobbler),
            Box::new(youtube_music::YouTubeMusic),
            Box::new(apple_music::LibraryTracks),
            Box::new(apple_music::DailyTracks { beside_activity: artists.beside_activity }),
            Box::new(apple_music::PlayActivity { artists }),
            Box::new(apple_music::Favorites),
            Box::new(apple_music::ITunesLibrary),
            Box::new(rockbox::Rockbox),
            Box::new(librefm::LibreFm),
            Box::new(jellyfin::PlaybackReport),
            Box::new(lastfm_csv::LastFmCsv),
            Box::new(artist_tags::TaggedArtists { names: tags }),
            Box::new(friends::FriendTable { options: tables.clone() }),
            Box::new(interactions::InteractionTable { options: tables.clone() }),
            Box::new(catalogue::CatalogueTable { options: tables.clone() }),
        ];
        Self { all, explaining }
    }

    /// All of them, in the order in which they are asked.
    pub(crate) fn all(&self) -> impl Iterator<Item = &dyn Format> {
        self.all.iter().map(Box::as_ref)
    }

    /// Whether a file was read for what others need.
    pub(crate) fn explains(&self, path: &Path) -> bool {
        self.explaining.contains(path)
    }

    /// The format of a file, by its beginning.
    pub(crate) fn detect(&self, head: &Head<'_>) -> Option<&dyn Format> {
        self.all().find(|format| format.recognises(head))
    }
}
