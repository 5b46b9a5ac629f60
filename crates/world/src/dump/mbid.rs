//! Identifiers of MusicBrainz.

use std::fmt;
use std::str::FromStr;

/// A MusicBrainz identifier as its 16 bytes: of a recording, an artist or a release.
///
/// It is written as 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12. Either case is read, and
/// nothing else: no braces, no missing dashes, no spaces.
///
/// ```
/// use segue_world::dump::Mbid;
///
/// let halo: Mbid = "899A043D-67bc-420c-85ea-6fee705baeb3".parse()?;
/// assert_eq!(halo.to_string(), "899a043d-67bc-420c-85ea-6fee705baeb3");
/// assert!("899a043d67bc420c85ea6fee705baeb3".parse::<Mbid>().is_err());
/// # Ok::<(), segue_world::dump::MbidError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mbid(pub [u8; 16]);

/// A text that is no MusicBrainz identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no MusicBrainz identifier, which is written `8-4-4-4-12` in hexadecimal digits")]
pub struct MbidError;

/// How long an identifier is as text.
pub(super) const TEXT_LENGTH: usize = 36;
/// Where the first digit of each byte is.
const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const DASHES: [usize; 4] = [8, 13, 18, 23];

/// The value of each character as a hexadecimal digit, or 255.
const DIGITS: [u8; 256] = {
    let mut digits = [255; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value] as usize] = value as u8;
        digits[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    digits
};

impl Mbid {
    /// The identifier that these bytes spell; `None` for anything else.
    pub fn from_text(text: &[u8]) -> Option<Self> {
        let text: &[u8; TEXT_LENGTH] = text.try_into().ok()?;
        if DASHES.iter().any(|&at| text[at] != b'-') {
            return None;
        }
        let mut bytes = [0; 16];
        let mut wrong = 0;
        for (byte, at) in bytes.iter_mut().zip(PLACES) {
            let (high, low) = (DIGITS[text[at] as usize], DIGITS[text[at + 1] as usize]);
            wrong |= high | low;
            *byte = high << 4 | low & 15;
        }
        (wrong < 16).then_some(Self(bytes))
    }
}

impl FromStr for Mbid {
    type Err = MbidError;

    fn from_str(text: &str) -> Result<Self, MbidError> {
        Self::from_text(text.as_bytes()).ok_or(MbidError)
    }
}

impl fmt::Display for Mbid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [b'-'; TEXT_LENGTH];
        for (byte, at) in self.0.iter().zip(PLACES) {
            text[at] = b"0123456789abcdef"[usize::from(byte >> 4)];
            text[at + 1] = b"0123456789abcdef"[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&text).expect("digits and dashes are ASCII"))
    }
}

impl fmt::Debug for Mbid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mbid({self})")
    }
}
