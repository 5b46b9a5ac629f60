//! A mix as a playlist file: M3U8, XSPF, JSPF, CSV or plain track URIs; one file per format.
//!
//! A format writes what it can hold and says what it could not ([`Rendered`]): a file that silently
//! lacks a third of the mix is worse than none. Titles come from the world and are not trusted:
//! line breaks and other control characters become spaces in every format, because in line-based
//! ones they would start a line of their own.

mod content;
mod csv_table;
mod jspf;
mod m3u8;
mod place;
mod uris;
mod xspf;

use std::str::FromStr;

pub use content::{Playlist, PlaylistEntry, Rendered, UnknownTrack};

/// The playlist formats that a mix can be written in. Which to use depends on who reads the file: a
/// player, another service, or a spreadsheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaylistFormat {
    /// Extended M3U in UTF-8, for players. A track without a place to play it from is left out.
    M3u8,
    /// XML Shareable Playlist Format, version 1. It can hold every track, those without a location
    /// by name.
    Xspf,
    /// XSPF in JSON, with what ListenBrainz asks for. ListenBrainz takes it only if `by_name` is 0.
    Jspf,
    /// A table with a header and a row per track, for spreadsheets and scripts. It holds every
    /// track.
    Csv,
    /// A `spotify:track:` URI per line, to paste into Spotify. Tracks without one are left out.
    Uris,
}

impl PlaylistFormat {
    /// All formats, in the order in which help lists them.
    ///
    /// # Examples
    /// ```
    /// use segue_engine::playlist::PlaylistFormat;
    ///
    /// for format in PlaylistFormat::ALL {
    ///     assert_eq!(format.name().parse(), Ok(format));
    /// }
    /// assert_eq!(PlaylistFormat::Uris.extension(), "txt");
    /// ```
    pub const ALL: [Self; 5] = [Self::M3u8, Self::Xspf, Self::Jspf, Self::Csv, Self::Uris];

    /// Its name on the command line, in lower case, such as `m3u8`. Parsing it gives the format
    /// back.
    pub fn name(self) -> &'static str {
        match self {
            Self::M3u8 => "m3u8",
            Self::Xspf => "xspf",
            Self::Jspf => "jspf",
            Self::Csv => "csv",
            Self::Uris => "uris",
        }
    }

    /// The ending of its files without the dot: its name, but `txt` for a list of URIs.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Uris => "txt",
            _ => self.name(),
        }
    }

    /// Writes a playlist in this format, and counts in [`Rendered`] what the format could not hold.
    /// It cannot fail, and an empty playlist is written too.
    pub fn render(self, playlist: &Playlist<'_>) -> Rendered {
        match self {
            Self::M3u8 => m3u8::render(playlist),
            Self::Xspf => xspf::render(playlist),
            Self::Jspf => jspf::render(playlist),
            Self::Csv => csv_table::render(playlist),
            Self::Uris => uris::render(playlist),
        }
    }
}

/// No playlist format has that name. It holds the name that was given; letter case does not matter
/// in names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown playlist format `{0}`: expected `m3u8`, `xspf`, `jspf`, `csv` or `uris`")]
pub struct UnknownFormat(pub String);

impl FromStr for PlaylistFormat {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let is_named = |format: &Self| format.name().eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(is_named).ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}
