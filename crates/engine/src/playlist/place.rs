//! Where a track can be played and what identifies it, as legal URIs (RFC 3986) or as a path.

use percent_encoding::percent_encode_byte;
use segue_core::Track;

const RECORDING: &str = "https://musicbrainz.org/recording/";
const SPOTIFY_TRACK: &str = "spotify:track:";

/// The `spotify:track:` URI of a track, if it has one.
pub(super) fn spotify_uri(track: &Track) -> Option<&str> {
    let named = [Some(track.id.as_str()), track.location.as_deref()];
    named.into_iter().flatten().find(|name| {
        let id = name.strip_prefix(SPOTIFY_TRACK);
        id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    })
}

/// The URI of a track's MusicBrainz recording, if it is known and well-formed.
pub(super) fn recording_uri(track: &Track) -> Option<String> {
    let mbid =
        track.recording_mbid.as_deref().or_else(|| track.id.as_str().strip_prefix("mbid:"))?;
    is_uuid(mbid).then(|| format!("{RECORDING}{}", mbid.to_ascii_lowercase()))
}

/// Where the track can be played, as a legal URI; a path becomes a `file:` URI or a relative
/// reference.
pub(super) fn location_uri(track: &Track) -> Option<String> {
    match track.location.as_deref().filter(|location| !location.is_empty()) {
        Some(location) if is_uri(location) => Some(legal_uri(location)),
        Some(path) => Some(path_uri(path)),
        None => id_uri(track),
    }
}

/// Where the track can be played, as a line of an M3U8 file: players read paths as they are. A path
/// with control characters cannot be written there.
pub(super) fn location_line(track: &Track) -> Option<String> {
    match track.location.as_deref().filter(|location| !location.is_empty()) {
        Some(location) if is_uri(location) => Some(legal_uri(location)),
        Some(path)
            if path.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) =>
        {
            None
        }
        // A line that starts with `#` is a comment, and players trim white space.
        Some(path) if path.starts_with(|c: char| c == '#' || c.is_whitespace()) => {
            Some(format!("./{path}"))
        }
        Some(path) => Some(path.to_owned()),
        None => id_uri(track),
    }
}

/// The track's id, where that is a URI.
pub(super) fn id_uri(track: &Track) -> Option<String> {
    is_uri(track.id.as_str()).then(|| legal_uri(track.id.as_str()))
}

/// `scheme://…`, or one of Spotify's. Other things with a colon are paths: `C:\Music`, `AC:
/// DC/Thunder.mp3`.
fn is_uri(text: &str) -> bool {
    let has_scheme = text.split_once("://").is_some_and(|(scheme, rest)| {
        let is_scheme_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        !rest.is_empty()
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(is_scheme_byte)
    });
    has_scheme || text.starts_with("spotify:")
}

/// Percent-encodes whatever may not stand in a URI; what is encoded already stays. Brackets are
/// legal around the host's address only, and `#` once.
fn legal_uri(uri: &str) -> String {
    let path_start = uri.find("://").map_or(0, |scheme_end| {
        let authority = scheme_end + 3;
        uri[authority..].find(['/', '?', '#']).map_or(uri.len(), |length| authority + length)
    });
    let fragment_start = uri.find('#');
    let mut legal = String::with_capacity(uri.len());
    for (position, byte) in uri.bytes().enumerate() {
        let may_stand = match byte {
            b'%' => {
                let digits = uri.as_bytes().get(position + 1..position + 3);
                digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            }
            b'#' => Some(position) == fragment_start,
            b'[' | b']' => position < path_start,
            _ => byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=".contains(&byte),
        };
        push_byte(&mut legal, byte, may_stand);
    }
    legal
}

/// An absolute path as a `file:` URI, a relative one as a relative reference. Windows' separators
/// become slashes where the path starts with a drive letter or `\\`.
fn path_uri(path: &str) -> String {
    let bytes = path.as_bytes();
    let has_drive = bytes.len() > 2
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && b"\\/".contains(&bytes[2]);
    if has_drive {
        let rest = encoded_path(&path[2..].replace('\\', "/"));
        return format!("file:///{}:{rest}", &path[..1]);
    }
    if let Some(share) = path.strip_prefix("\\\\") {
        return format!("file://{}", encoded_path(&share.replace('\\', "/")));
    }
    // Two leading slashes would name a host.
    match path.strip_prefix('/') {
        Some(rest) => format!("file:///{}", encoded_path(rest.trim_start_matches('/'))),
        None => encoded_path(path),
    }
}

fn encoded_path(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        push_byte(&mut encoded, byte, byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte));
    }
    encoded
}

fn push_byte(text: &mut String, byte: u8, as_it_is: bool) {
    if as_it_is {
        text.push(char::from(byte));
    } else {
        text.push_str(percent_encode_byte(byte));
    }
}

fn is_uuid(text: &str) -> bool {
    let is_in_place = |(position, byte): (usize, u8)| match position {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_in_place)
}
