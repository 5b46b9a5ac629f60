//! Which names mean the same recording: the key that MusicBrainz calls `combined_lookup`.
//!
//! Artist and title in lower case, transliterated to ASCII, without anything but letters, digits
//! and underscores. It is computed on both sides, from names as they are, and never taken from a
//! file, so that two versions of a transliteration cannot disagree. Names that have nothing left,
//! such as "???" by "!!!", have no key.

use deunicode::AsciiChars;
use segue_core::{Version, WorkId};
use segue_ingest::identity::{is_placeholder, normalise, track_id_from_names, work_of};

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

/// The key of the names without guests, packaging ("- Remastered 2011"), articles before the
/// artist, what joins words ("&", "and"), and the artist before the title; words that name another
/// recording, such as "live" or "mono", stay. For names of which the plain key is not found: asked
/// first it would lose more than it finds. Equal keys do not mean that guests agree.
///
/// ```
/// use segue_world::stripped_key;
///
/// let key = stripped_key("The Beatles", "Hey Jude");
/// assert_eq!(key, stripped_key("Beatles, The", "Hey Jude - Remastered 2015"));
/// assert_ne!(key, stripped_key("The Beatles", "Hey Jude - Mono / Remastered"));
/// ```
pub fn stripped_key(artist: &str, title: &str) -> Option<u64> {
    if is_placeholder(artist) {
        return None;
    }
    let title = without_artist(artist, title);
    let (work, version) = work_of(Some(artist), title);
    let id = track_id_from_names(Some(artist), title);
    let names = match is_same_recording(version, title, &work) {
        true => work.song(),
        false => id.as_str().strip_prefix("name:")?,
    };
    let (artist, title) = names.split_once(WorkId::SEPARATOR)?;
    recording_key(&without_joints(artist), &without_joints(title))
}

/// Whether a version is the recording that its title without qualifiers names. New recordings and
/// mixes by the same hand are none, though a library counts them with remasters.
fn is_same_recording(version: Version, title: &str, work: &WorkId) -> bool {
    const OTHERS: [&str; 7] =
        ["mix", "mono", "stereo", "taylors", "rerecorded", "recorded", "recording"];
    let core = work.song().rsplit(WorkId::SEPARATOR).next().unwrap_or_default();
    match version {
        Version::Original => true,
        Version::Remaster => {
            let qualifiers = words_beyond(&normalise(title), core);
            qualifiers.iter().any(|word| word.contains("master") || !word.is_ascii())
                && !qualifiers.iter().any(|word| OTHERS.contains(&word.as_str()))
        }
        _ => false,
    }
}

/// A title without the artist before it: "A - Song" by A. Where nothing but a qualifier follows,
/// the song has the artist's name.
fn without_artist<'t>(artist: &str, title: &'t str) -> &'t str {
    let Some((before, rest)) = title.split_once(" - ") else { return title };
    if artist_key(before).is_none() || artist_key(before) != artist_key(artist) {
        return title;
    }
    let (work, _) = work_of(None, title);
    let is_qualifier = work.song().trim_start_matches(WorkId::SEPARATOR) == normalise(before);
    if is_qualifier { title } else { rest.trim() }
}

fn without_joints(name: &str) -> String {
    let words: Vec<&str> = name.split(' ').filter(|word| *word != "and").collect();
    // Somebody may be called that.
    if words.is_empty() { name.to_owned() } else { words.join(" ") }
}

/// Words of a text beyond those of another, each as often as it is.
fn words_beyond(text: &str, other: &str) -> Vec<String> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    for word in other.split([' ', WorkId::SEPARATOR]) {
        if let Some(at) = words.iter().position(|other| *other == word) {
            words.remove(at);
        }
    }
    words.into_iter().map(str::to_owned).collect()
}

/// Whether names that were found by a [stripped key](stripped_key) may be those that were asked
/// for: not if both name guests and these are others.
pub(crate) fn guests_agree(asked: [&str; 2], found: [&str; 2]) -> bool {
    let guests = guests(asked);
    if guests.is_empty() {
        return true;
    }
    let [asked, found] = [asked, found].map(|names| normalise(&names.join(" ")));
    let without_guests = words_beyond(&asked, &guests.join(" ")).join(" ");
    let others = without_fillers(words_beyond(&found, &without_guests));
    others.is_empty() || others.iter().any(|word| guests.contains(word))
}

/// Words of the names of guests.
pub(crate) fn guests([artist, title]: [&str; 2]) -> Vec<String> {
    let id = track_id_from_names(Some(artist), title);
    let main = id.as_str().strip_prefix("name:").unwrap_or_default();
    let all = [artist, title].map(normalise).join(" ");
    without_fillers(words_beyond(&all, main))
}

fn without_fillers(mut words: Vec<String>) -> Vec<String> {
    const FILLERS: [&str; 13] = [
        "the",
        "and",
        "feat",
        "ft",
        "featuring",
        "with",
        "w",
        "duet",
        "prod",
        "by",
        "con",
        "avec",
        "mit",
    ];
    words.retain(|word| !FILLERS.contains(&word.as_str()));
    words
}

/// The keys that a recording has besides its own: that without guests and packaging, since
/// MusicBrainz has "A feat. B – Song" where a service has "A – Song (feat. B)", and, where several
/// artists are credited, that by the first alone, whom an album is by. `artists` is how many there
/// are: nothing in "Earth, Wind & Fire" tells that it is one.
pub(crate) fn other_keys(artist: &str, title: &str, artists: usize) -> [Option<u64>; 2] {
    let plain = recording_key(artist, title);
    let stripped = stripped_key(artist, title);
    let by_first = first_of(artist, artists).and_then(|first| stripped_key(first, title));
    let first = stripped.filter(|_| stripped != plain);
    [first, by_first.filter(|_| by_first != stripped && by_first != plain)]
}

/// The first artist of a credit, if it parts into as many as there are.
fn first_of(credit: &str, artists: usize) -> Option<&str> {
    const JOINTS: [&str; 13] = [
        ", ", "; ", " & ", " + ", " x ", " X ", " × ", " / ", " and ", " feat. ", " ft. ",
        " with ", " vs. ",
    ];
    if artists < 2 {
        return None;
    }
    let mut parts = vec![credit];
    for joint in JOINTS {
        parts = parts.into_iter().flat_map(|part| part.split(joint)).collect();
    }
    (parts.len() == artists).then(|| parts[0].trim())
}

/// The key of an artist's name.
pub(crate) fn artist_key(artist: &str) -> Option<u64> {
    let mut letters = String::with_capacity(artist.len());
    push_letters(artist, &mut letters);
    (!letters.is_empty()).then(|| number_of(letters.as_bytes()))
}

fn push_letters(text: &str, into: &mut String) {
    if text.is_ascii() {
        let letters = text.bytes().filter(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        into.extend(letters.map(|byte| char::from(byte.to_ascii_lowercase())));
        return;
    }
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
