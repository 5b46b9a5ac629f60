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

pub use content::{Entry, Playlist, Rendered, UnknownTrack};

/// The formats that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaylistFormat {
    /// Extended M3U in UTF-8, for players.
    M3u8,
    /// XML Shareable Playlist Format, version 1.
    Xspf,
    /// XSPF in JSON, with what ListenBrainz asks for.
    Jspf,
    /// A table with a row per track.
    Csv,
    /// A `spotify:track:` URI per line, to paste into Spotify.
    Uris,
}

impl PlaylistFormat {
    /// All formats, in the order in which help lists them.
    pub const ALL: [Self; 5] = [Self::M3u8, Self::Xspf, Self::Jspf, Self::Csv, Self::Uris];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::M3u8 => "m3u8",
            Self::Xspf => "xspf",
            Self::Jspf => "jspf",
            Self::Csv => "csv",
            Self::Uris => "uris",
        }
    }

    /// The ending of its files, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Uris => "txt",
            _ => self.name(),
        }
    }

    /// Writes a playlist in this format and counts what the format could not hold.
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

/// No format has that name.
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
