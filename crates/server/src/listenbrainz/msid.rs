//! Ids of recordings, as ListenBrainz has them.
//!
//! ListenBrainz gives every recording that was ever submitted an id of its own. Here it is made
//! from the id of the track, as a UUID of version 8, so that the same track always has the same one
//! and none has to be kept. From such an id the track is found by looking at all.

use segue_core::{Track, TrackId};

use crate::error::{ApiError, ApiResult};

/// A recording as a client names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recording {
    /// By MusicBrainz's id, in lower case with hyphens.
    Mbid(String),
    /// By ListenBrainz's own id.
    Msid(u128),
}

impl Recording {
    pub(super) fn of_mbid(text: &str) -> ApiResult<Self> {
        uuid(text).map(|bits| Self::Mbid(written(bits)))
    }

    pub(super) fn of_msid(text: &str) -> ApiResult<Self> {
        uuid(text).map(Self::Msid)
    }

    /// Whether this is the recording that ListenBrainz's own id names for the track of that id.
    pub(super) fn is_id_of(&self, track: &TrackId) -> bool {
        matches!(self, Self::Msid(msid) if bits(track) == *msid)
    }

    /// Whether a track is this recording.
    pub(super) fn is(&self, track: &Track) -> bool {
        match self {
            Self::Mbid(mbid) => mbid_of(track).is_some_and(|known| known == mbid),
            Self::Msid(_) => self.is_id_of(&track.id),
        }
    }
}

/// MusicBrainz's id of a track, where it is known.
pub(super) fn mbid_of(track: &Track) -> Option<&str> {
    track.recording_mbid.as_deref().or_else(|| track.id.as_str().strip_prefix("mbid:"))
}

/// ListenBrainz's id of a track.
pub(super) fn msid(track: &TrackId) -> String {
    written(bits(track))
}

fn bits(track: &TrackId) -> u128 {
    let digest = blake3::hash(track.as_str().as_bytes());
    let first = digest.as_bytes().first_chunk().expect("a digest has 32 bytes");
    let random = u128::from_be_bytes(*first);
    // Version 8, which is anybody's own making, and the variant of RFC 9562.
    random & !(0xf << 76 | 0b11 << 62) | 8 << 76 | 0b10 << 62
}

fn written(bits: u128) -> String {
    let digits = format!("{bits:032x}");
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    parts.join("-")
}

/// A UUID in any of the ways in which ListenBrainz takes them.
pub(super) fn uuid(text: &str) -> ApiResult<u128> {
    let bare = text.trim_start_matches("urn:").trim_start_matches("uuid:");
    let digits: String = bare.chars().filter(|letter| !matches!(letter, '{' | '}' | '-')).collect();
    let is_fit = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let parsed = u128::from_str_radix(&digits, 16).ok().filter(|_| is_fit);
    parsed.ok_or_else(|| ApiError::bad_request("bad_recording", format!("`{text}` is no UUID")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_that_finds_its_track_again() {
        let id = TrackId::new("name:a\u{1f}song");
        let written = msid(&id);
        assert_eq!(
            (written.len(), written.as_bytes()[14], written.matches('-').count()),
            (36, b'8', 4)
        );
        assert!(["8", "9", "a", "b"].contains(&&written[19..20]), "{written}");
        let track = Track::new(id, segue_core::WorkId::new("w"), "Song");
        assert!(Recording::of_msid(&written).unwrap().is(&track));
        assert_ne!(written, msid(&TrackId::new("another")));
    }

    #[test]
    fn uuids_are_read_in_every_spelling_and_nothing_else_is() {
        let plain = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae";
        for text in [
            plain.to_uppercase(),
            plain.replace('-', ""),
            format!("urn:uuid:{plain}"),
            format!("{{{plain}}}"),
        ] {
            assert_eq!(uuid(&text), uuid(plain), "{text}");
            assert_eq!(Recording::of_mbid(&text).unwrap(), Recording::Mbid(plain.to_owned()));
        }
        for text in
            ["", "8f3471b5", "+f3471b57e6a48da86a9c1c07a0f47ae", "not a uuid, but 32 letters long!"]
        {
            assert!(uuid(text).is_err(), "{text}");
        }
    }
}
