//! Which names mean the same recording: the key that MusicBrainz calls `combined_lookup`.
//!
//! Artist and title in lower case, transliterated to ASCII, without anything but letters, digits
//! and underscores. It is computed on both sides, from names as they are, and never taken from a
//! file, so that two versions of a transliteration cannot disagree. Names that have nothing left,
//! such as "???" by "!!!", have no key.

use deunicode::AsciiChars;
use segue_core::{Version, WorkId};
use segue_ingest::identity::{is_placeholder, track_id_from_names, work_of};

/// The key of a recording by its names, as a number; `None` where nothing of them is left, or the
/// artist is a name for nobody ("Various Artists").
///
/// ```
/// use segue_world::recording_key;
///
/// let key = recording_key("Sigur Rós", "Hoppípolla");
/// assert!(key.is_some());
/// assert_eq!(key, recording_key("SIGUR ROS", "Hoppipolla!"));
/// assert_ne!(key, recording_key("Sigur Rós", "Hoppípolla (live)"));
/// assert_eq!(recording_key("Various Artists", "Hoppípolla"), None);
/// ```
pub fn recording_key(artist: &str, title: &str) -> Option<u64> {
    if is_placeholder(artist) {
        return None;
    }
    let mut letters = String::with_capacity(artist.len() + title.len());
    push_letters(artist, &mut letters);
    let of_artist = letters.len();
    push_letters(title, &mut letters);
    (of_artist > 0 && letters.len() > of_artist).then(|| number_of(letters.as_bytes()))
}

/// The key of the names without guests and packaging, "(feat. …)" and "- Remastered 2011"; words
/// that name another recording, such as "live", stay. For names of which the plain key is not
/// found: asked first it would lose more than it finds.
pub fn stripped_key(artist: &str, title: &str) -> Option<u64> {
    let (work, version) = work_of(Some(artist), title);
    let is_recording = matches!(version, Version::Original | Version::Remaster);
    let id = track_id_from_names(Some(artist), title);
    let names = if is_recording { work.song() } else { id.as_str().strip_prefix("name:")? };
    let (artist, title) = names.split_once(WorkId::SEPARATOR)?;
    recording_key(artist, title)
}

/// The key that a recording has besides its own, if guests are part of how its artists are
/// credited: MusicBrainz has "A feat. B – Song" where a service has "A – Song (feat. B)".
pub(crate) fn key_without_guests(artist: &str, title: &str) -> Option<u64> {
    let has_guests = artist.to_lowercase().contains("feat");
    has_guests.then(|| stripped_key(artist, title)).flatten()
}

/// The key of an artist's name.
pub fn artist_key(artist: &str) -> Option<u64> {
    let mut letters = String::with_capacity(artist.len());
    push_letters(artist, &mut letters);
    (!letters.is_empty()).then(|| number_of(letters.as_bytes()))
}

fn push_letters(text: &str, into: &mut String) {
    for part in text.to_lowercase().ascii_chars() {
        // A character that nobody can transliterate stands for itself in no key.
        let letters = part.unwrap_or_default().chars();
        let letters = letters.filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_');
        into.extend(letters.map(|letter| letter.to_ascii_lowercase()));
    }
}

/// The first eight bytes of a digest: two of a hundred million names share one in a chance of a
/// few in ten thousand.
pub(crate) fn number_of(bytes: &[u8]) -> u64 {
    let digest = blake3::hash(bytes);
    u64::from_le_bytes(digest.as_bytes()[..8].try_into().expect("a digest has 32 bytes"))
}
