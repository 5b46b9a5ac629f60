//! What a file says of itself: names, numbers, identifiers, and whether it brings its cover.
//!
//! Tags are foreign text: control characters are taken out, lengths are bounded, and what does not
//! parse is absent. ID3, Vorbis comments, MP4 atoms, APE and RIFF are read by the crate `lofty`,
//! which goes by content and not by the name of the file.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::Path;

use lofty::config::ParseOptions;
use lofty::file::{AudioFile, TaggedFileExt};
use lofty::picture::PictureType;
use lofty::probe::Probe;
use lofty::tag::{ItemKey, Tag};
use serde::{Deserialize, Serialize};

use crate::AudioError;
use crate::decode::guarded;

/// A text is cut off behind so many characters.
const LONGEST_TEXT: usize = 500;
/// So many artists, genres or identifiers are read.
const MOST_VALUES: usize = 50;
/// A cover of more bytes is left where it is.
pub const LARGEST_COVER: usize = 8 << 20;

/// What a file says of itself. Everything may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tags {
    /// What the track is called.
    pub title: Option<String>,
    /// Whom it is by: one entry each where the file keeps them apart, otherwise one text.
    pub artists: Vec<String>,
    /// The album that it is on.
    pub album: Option<String>,
    /// Whom the album is by.
    pub album_artists: Vec<String>,
    /// The year of the first release, or of this one where only that is known.
    pub year: Option<i32>,
    /// Genres, as they are written there.
    pub genres: Vec<String>,
    /// The place on its disc, and how many there are.
    pub track_number: Option<u32>,
    /// How many tracks the disc has.
    pub track_total: Option<u32>,
    /// Which disc of the album.
    pub disc_number: Option<u32>,
    /// How many discs the album has.
    pub disc_total: Option<u32>,
    /// MusicBrainz identifier of the recording.
    pub recording_mbid: Option<String>,
    /// MusicBrainz identifier of the release.
    pub release_mbid: Option<String>,
    /// MusicBrainz identifier of the release group: the album whatever its edition.
    pub release_group_mbid: Option<String>,
    /// MusicBrainz identifiers of the artists.
    pub artist_mbids: Vec<String>,
    /// International Standard Recording Code: two letters, three letters or digits, seven digits.
    pub isrc: Option<String>,
    /// The picture in the file, if there is one that may be shown.
    pub cover: Option<Cover>,
}

/// What kind of picture some bytes are, by their first bytes: never by what a tag claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CoverKind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// GIF.
    Gif,
}

impl CoverKind {
    /// The kind of a picture; `None` of anything else, SVG among it, which may hold scripts.
    pub fn of(content: &[u8]) -> Option<Self> {
        match content {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'G', b'I', b'F', b'8', ..] => Some(Self::Gif),
            _ => None,
        }
    }

    /// The media type to serve it as.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
        }
    }
}

/// A picture in a file, of at most [`LARGEST_COVER`] bytes. [`read_cover`] brings it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cover {
    /// What it is.
    pub kind: CoverKind,
    /// How many bytes it has.
    pub bytes: usize,
}

/// Reads the tags of a file.
///
/// # Errors
/// If the file cannot be read, or no kind of tag is known for what it holds.
pub fn read_tags(path: &Path) -> Result<Tags, AudioError> {
    tags_of(&mut open(path)?)
}

/// The same of a file in memory.
///
/// # Errors
/// As [`read_tags`].
pub fn tags_from_bytes(content: &[u8]) -> Result<Tags, AudioError> {
    tags_of(&mut Cursor::new(content))
}

/// The front cover of a file, or any picture where none is marked so; `None` where there is none
/// that may be shown.
///
/// # Errors
/// As [`read_tags`].
pub fn read_cover(path: &Path) -> Result<Option<Vec<u8>>, AudioError> {
    Ok(picture(&all_tags(&mut open(path)?, true)?).map(<[u8]>::to_vec))
}

/// How long a file is by its headers, which takes no decoding; `None` where they do not say.
pub fn duration_ms(path: &Path) -> Option<u64> {
    let mut source = open(path).ok()?;
    let options = ParseOptions::new().read_cover_art(false);
    let read =
        guarded(|| Probe::new(&mut source).options(options).guess_file_type().ok()?.read().ok());
    let ms = read.flatten()?.properties().duration().as_millis();
    u64::try_from(ms).ok().filter(|ms| *ms > 0)
}

fn open(path: &Path) -> Result<BufReader<File>, AudioError> {
    let file = File::open(path);
    let file = file.map_err(|source| AudioError::Io { path: path.to_owned(), source })?;
    Ok(BufReader::new(file))
}

fn tags_of<R: Read + Seek>(source: &mut R) -> Result<Tags, AudioError> {
    let mut tags = merged(&all_tags(source, false)?);
    // A picture that is too large for the reader must not cost the names.
    tags.cover = all_tags(source, true).ok().as_deref().and_then(picture).and_then(|content| {
        CoverKind::of(content).map(|kind| Cover { kind, bytes: content.len() })
    });
    Ok(tags)
}

fn all_tags<R: Read + Seek>(source: &mut R, with_cover: bool) -> Result<Vec<Tag>, AudioError> {
    let failed = |reason: String| AudioError::Tags { reason };
    source.rewind().map_err(|error| failed(error.to_string()))?;
    let options = ParseOptions::new().read_properties(false).read_cover_art(with_cover);
    let read = guarded(|| {
        let probe = Probe::new(source).options(options).guess_file_type();
        let probe = probe.map_err(|error| failed(error.to_string()))?;
        probe.read().map_err(|error| failed(error.to_string()))
    });
    Ok(read.ok_or(AudioError::ReaderFailed)??.tags().to_vec())
}

/// The front cover, else the first picture, of those that may be shown.
fn picture(tags: &[Tag]) -> Option<&[u8]> {
    let all = || tags.iter().flat_map(Tag::pictures);
    let front = all().filter(|picture| picture.pic_type() == PictureType::CoverFront);
    front
        .chain(all())
        .map(|picture| picture.data())
        .find(|content| content.len() <= LARGEST_COVER && CoverKind::of(content).is_some())
}

/// The first of several tags that says something decides, entry by entry.
fn merged(tags: &[Tag]) -> Tags {
    let all = |key: ItemKey| tags.iter().map(|tag| texts(tag, key)).find(|texts| !texts.is_empty());
    let list = |keys: [ItemKey; 2]| keys.into_iter().find_map(all).unwrap_or_default();
    let text = |key: ItemKey| all(key).and_then(|texts| texts.into_iter().next());
    let number = |key: ItemKey, part: usize| text(key).and_then(|text| number(&text, part));
    let mbid = |key: ItemKey| text(key).and_then(|text| mbids(&text).next());
    let years =
        [ItemKey::OriginalReleaseDate, ItemKey::RecordingDate, ItemKey::Year, ItemKey::ReleaseDate];
    Tags {
        title: text(ItemKey::TrackTitle),
        artists: list([ItemKey::TrackArtists, ItemKey::TrackArtist]),
        album: text(ItemKey::AlbumTitle),
        album_artists: list([ItemKey::AlbumArtists, ItemKey::AlbumArtist]),
        year: years.into_iter().find_map(|key| text(key).and_then(|text| year(&text))),
        genres: list([ItemKey::Genre, ItemKey::Genre]),
        track_number: number(ItemKey::TrackNumber, 0),
        track_total: number(ItemKey::TrackTotal, 0).or(number(ItemKey::TrackNumber, 1)),
        disc_number: number(ItemKey::DiscNumber, 0),
        disc_total: number(ItemKey::DiscTotal, 0).or(number(ItemKey::DiscNumber, 1)),
        recording_mbid: mbid(ItemKey::MusicBrainzRecordingId),
        release_mbid: mbid(ItemKey::MusicBrainzReleaseId),
        release_group_mbid: mbid(ItemKey::MusicBrainzReleaseGroupId),
        artist_mbids: all(ItemKey::MusicBrainzArtistId)
            .map(|texts| texts.iter().flat_map(|text| mbids(text)).collect())
            .unwrap_or_default(),
        isrc: text(ItemKey::Isrc).and_then(|text| isrc(&text)),
        cover: None,
    }
}

/// Every value of an entry, cleaned, without repetitions.
fn texts(tag: &Tag, key: ItemKey) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for value in tag.get_strings(key).flat_map(|value| value.split('\0')) {
        let cleaned = cleaned(value);
        if !cleaned.is_empty() && !texts.contains(&cleaned) && texts.len() < MOST_VALUES {
            texts.push(cleaned);
        }
    }
    if texts.is_empty() && key == ItemKey::MusicBrainzRecordingId {
        let bytes = tag.get_binary(key, false).and_then(|bytes| std::str::from_utf8(bytes).ok());
        texts.extend(bytes.map(cleaned));
    }
    texts
}

/// A text on one line without characters that only steer a terminal or the direction of writing.
fn cleaned(text: &str) -> String {
    let is_kept = |c: &char| {
        !c.is_control()
            && !matches!(*c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let spaced = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let kept: String = spaced.filter(is_kept).take(LONGEST_TEXT).collect();
    kept.trim().to_owned()
}

/// The n-th number of a text such as `3/12`; 0 stands for nothing.
fn number(text: &str, part: usize) -> Option<u32> {
    let number = text.split('/').nth(part)?.trim().parse().ok()?;
    (1..=99_999).contains(&number).then_some(number)
}

/// The first four digits of a date.
fn year(text: &str) -> Option<i32> {
    let year = text.get(..4)?.parse().ok()?;
    (1_000..=9_999).contains(&year).then_some(year)
}

/// Identifiers of MusicBrainz in a text, which may list several.
fn mbids(text: &str) -> impl Iterator<Item = String> + '_ {
    let parts = text.split([';', ',', '/', ' ']).map(str::trim);
    let is_mbid = |part: &&str| {
        part.len() == 36
            && part.bytes().enumerate().all(|(i, byte)| match i {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
    };
    parts.filter(is_mbid).map(str::to_ascii_lowercase)
}

/// A code as it is registered, without hyphens.
fn isrc(text: &str) -> Option<String> {
    let code: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let code = code.to_ascii_uppercase();
    let fits = code.len() == 12
        && code.bytes().enumerate().all(|(i, byte)| match i {
            0 | 1 => byte.is_ascii_uppercase(),
            2..=4 => byte.is_ascii_alphanumeric(),
            _ => byte.is_ascii_digit(),
        });
    fits.then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_taken_out_of_texts() {
        assert_eq!(cleaned(" A\u{1b}[31m\u{7}\tB\r\nC\u{202e} "), "A[31m B  C");
        assert_eq!(cleaned(&"x".repeat(10_000)).len(), LONGEST_TEXT);
    }

    #[test]
    fn numbers_dates_and_codes_are_read_or_absent() {
        assert_eq!(
            (number("3/12", 0), number("3/12", 1), number("0", 0)),
            (Some(3), Some(12), None)
        );
        assert_eq!(
            (year("1997-05-21"), year("97"), year("\u{e9}\u{e9}\u{e9}")),
            (Some(1997), None, None)
        );
        assert_eq!(isrc("us-rc1-76-07839").as_deref(), Some("USRC17607839"));
        assert_eq!(isrc("nonsense"), None);
        let two = "0383DADF-2A4E-4D10-A46A-E9E041DA8EB3; 0383dadf-2a4e-4d10-a46a-e9e041da8eb4, x";
        assert_eq!(mbids(two).count(), 2);
    }
}
