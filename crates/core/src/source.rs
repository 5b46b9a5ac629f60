//! The one table of formats: all that Segue knows of a format besides how to read it. Importers
//! take the parser's version and the names of files from it, and the store its codes. Pages and
//! messages take from it what to call the format and where to get it.
//!
//! A new format is an entry here and a file in the `format` folder of `segue-ingest`.

use serde::{Deserialize, Serialize};

/// What the rest of Segue must know of a format without reading it: its name, its code in
/// databases, and where its files come from. [`FORMATS`] has one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatInfo {
    /// The format as rows bear it, in [`crate::Listen::source`] and [`crate::Feedback::source`].
    pub source: Source,
    /// The integer that stands for it in a database. Once given it never changes its meaning. A
    /// format that is given up keeps its code: the next one takes the next free number.
    pub code: u8,
    /// What to call it in a report to people, such as "Spotify, extended history".
    pub name: &'static str,
    /// Version of its parser. Raise it whenever the parser finds other rows in the same content,
    /// reads more of a row, or numbers rows differently. Files that an older version finished are
    /// then read again, and the rule of duplicates folds what it had found.
    pub parser: u32,
    /// What the time stamps of its plays mark where [`crate::Listen::moment`] says no more than
    /// "began". Reports of one play by two formats are found by it.
    pub stamp: Stamp,
    /// Parts of the names of its files, in lower case. Only entries of an archive whose names
    /// contain one are opened, because exports hold private facts beside the history.
    pub file_hints: &'static [&'static str],
    /// How a listener comes by such a file, from which the import page builds its instructions.
    pub origin: Origin,
}

/// What the time stamps of a format mark. The same play is stamped with its beginning by one
/// program and with its end by another, and what collects the reports of many programs has both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// The play began then.
    Start,
    /// The play ended then.
    End,
    /// Either, or the middle of the play, as the player that reported it liked. Spotify's
    /// `played_at` is the end on most devices and the start on some; scrobblers pass on what they
    /// are told.
    Either,
}

/// Where the files of a format come from: a service to be asked, a program that writes them, or
/// neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A service hands the export over to whoever asks for their data.
    Request(Request),
    /// The program of this name writes the file by itself.
    Program(&'static str),
    /// It comes along with an export that another entry asks for, or people make it by hand.
    Elsewhere,
}

/// How to ask a service for one's listening history. All texts are shown to people as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Name of the service, such as "Last.fm", as people know it.
    pub service: &'static str,
    /// What to ask the service for, and which of the files it sends to hand to Segue.
    pub ask_for: &'static str,
    /// The way through the service's menus, its steps separated by `›`.
    pub at: &'static str,
    /// The page to begin with: an `https` address that can be opened in a browser.
    pub address: &'static str,
    /// How long the service takes until the export is there, in words such as "up to a week".
    pub wait: &'static str,
}

/// Declares [`Source`] and [`FORMATS`] from one list of entries.
macro_rules! formats {
    ($($source:ident { $($field:ident: $value:expr,)+ })+) => {
        /// The format that a row came in: one of [`FORMATS`], which says what each of them is. In
        /// JSON it is the name in snake case, such as `last_fm`.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(rename_all = "snake_case")]
        #[allow(missing_docs)] // the table says what each of them is
        pub enum Source {
            $($source,)+
        }

        /// Every format that Segue reads or writes, in the order in which they are listed to
        /// people. [`Source::info`] finds the entry of one.
        pub const FORMATS: [FormatInfo; [$(Source::$source),+].len()] =
            [$(FormatInfo { source: Source::$source, $($field: $value,)+ },)+];
    };
}

formats! {
    SpotifyExtended {
        code: 1,
        name: "Spotify, extended history",
        parser: 2,
        stamp: Stamp::End,
        file_hints: &["streaming_history", "endsong", "endvideo"],
        origin: Origin::Request(Request {
            service: "Spotify",
            ask_for: "“Extended streaming history”: my_spotify_data.zip. “Account data” works \
                      too, but knows the last year only",
            at: "Account › Privacy › Download your data",
            address: "https://www.spotify.com/account/privacy/",
            wait: "often days, 30 at most",
        }),
    }
    SpotifyAccount {
        code: 2,
        name: "Spotify, account data",
        parser: 2,
        stamp: Stamp::End,
        file_hints: &["streaminghistory", "yourlibrary", "playlist"],
        origin: Origin::Elsewhere,
    }
    SpotifyRecentlyPlayed {
        code: 3,
        name: "Spotify, recently played",
        parser: 2,
        stamp: Stamp::Either,
        file_hints: &["recentlyplayed", "recently_played"],
        origin: Origin::Elsewhere,
    }
    AppleMusic {
        code: 11,
        name: "Apple Music",
        parser: 2,
        stamp: Stamp::Start,
        file_hints: &[
            "play activity",
            "favorites",
            "likes and dislikes",
            "library tracks",
            "itunes",
            "library.xml",
            "play history",
        ],
        origin: Origin::Request(Request {
            service: "Apple Music",
            ask_for: "“Apple Media Services information”: the zip, or its Apple Music Play \
                      Activity.csv",
            at: "privacy.apple.com › Request a copy of your data",
            address: "https://privacy.apple.com/",
            wait: "up to a week",
        }),
    }
    YouTubeMusic {
        code: 12,
        name: "YouTube Music",
        parser: 2,
        stamp: Stamp::Start,
        file_hints: &["watch-history"],
        origin: Origin::Request(Request {
            service: "YouTube Music",
            ask_for: "Takeout of “YouTube and YouTube Music”, history as JSON: watch-history.json",
            at: "takeout.google.com",
            address: "https://takeout.google.com/",
            wait: "minutes to hours",
        }),
    }
    ListenBrainz {
        code: 4,
        name: "ListenBrainz",
        parser: 2,
        stamp: Stamp::Either,
        file_hints: &["listens", "feedback", "_lb-", "listenbrainz", "follow"],
        origin: Origin::Request(Request {
            service: "ListenBrainz",
            ask_for: "“Export your data”: the zip",
            at: "Settings › Export",
            address: "https://listenbrainz.org/settings/export/",
            wait: "minutes",
        }),
    }
    LastFm {
        code: 5,
        name: "Last.fm",
        parser: 3,
        stamp: Stamp::Either,
        file_hints: &["recenttracks", "lovedtracks", "loved_tracks", "lastfm", "scrobble"],
        origin: Origin::Request(Request {
            service: "Last.fm",
            ask_for: "It has no export of its own: the CSV of a tool such as lastfm-to-csv, or \
                      recent tracks as JSON",
            at: "lastfm-to-csv",
            address: "https://benjaminbenben.com/lastfm-to-csv/",
            wait: "minutes",
        }),
    }
    Maloja {
        code: 7,
        name: "Maloja",
        parser: 2,
        stamp: Stamp::Either,
        file_hints: &["maloja"],
        origin: Origin::Program("Maloja"),
    }
    Koito {
        code: 8,
        name: "Koito",
        parser: 2,
        stamp: Stamp::Either,
        file_hints: &["koito"],
        origin: Origin::Program("Koito"),
    }
    LibreFm {
        code: 6,
        name: "Libre.fm",
        parser: 3,
        stamp: Stamp::Either,
        file_hints: &["librefm", "libre.fm"],
        origin: Origin::Program("Libre.fm"),
    }
    PanoScrobbler {
        code: 9,
        name: "Pano Scrobbler",
        parser: 2,
        stamp: Stamp::Start,
        file_hints: &["scrobble"],
        origin: Origin::Program("Pano Scrobbler"),
    }
    Rockbox {
        code: 10,
        name: "Rockbox",
        parser: 3,
        stamp: Stamp::Start,
        file_hints: &["scrobbler.log"],
        origin: Origin::Program("Rockbox"),
    }
    Jellyfin {
        code: 17,
        name: "Jellyfin",
        parser: 2,
        stamp: Stamp::Either,
        file_hints: &["playback_report", "playbackreport", "playback-report"],
        origin: Origin::Program("Jellyfin’s Playback Reporting"),
    }
    Interactions {
        code: 13,
        name: "a table of plays",
        parser: 3,
        stamp: Stamp::Either,
        file_hints: &["interactions", "history"],
        origin: Origin::Elsewhere,
    }
    Catalogue {
        code: 14,
        name: "a table of tracks",
        parser: 3,
        stamp: Stamp::Either,
        file_hints: &["features", "catalog", "tracks"],
        origin: Origin::Elsewhere,
    }
    Friends {
        code: 16,
        name: "a table of friends",
        parser: 2,
        stamp: Stamp::Either,
        file_hints: &["friends"],
        origin: Origin::Elsewhere,
    }
    ArtistTags {
        code: 19,
        name: "a table of tags of artists",
        parser: 1,
        stamp: Stamp::Either,
        file_hints: &["taggedartists", "artist_tags", "artists.dat", "tags.dat"],
        origin: Origin::Elsewhere,
    }
    Subsonic {
        code: 18,
        name: "a Subsonic server",
        parser: 1,
        stamp: Stamp::Either,
        file_hints: &[],
        origin: Origin::Elsewhere,
    }
    Segue {
        code: 15,
        name: "Segue",
        parser: 3,
        stamp: Stamp::Start,
        file_hints: &["segue-export"],
        origin: Origin::Elsewhere,
    }
}

impl Source {
    /// What is known of the format: its entry in [`FORMATS`].
    ///
    /// ```
    /// use segue_core::Source;
    ///
    /// assert_eq!(Source::LastFm.info().name, "Last.fm");
    /// assert_eq!(Source::from_code(Source::LastFm.info().code), Some(Source::LastFm));
    /// ```
    pub fn info(self) -> &'static FormatInfo {
        const { &FORMATS }.get(self as usize).expect("every source has an entry")
    }

    /// The format that stands in a database as this integer. `None` for a code that this build does
    /// not know, which a newer one may have written.
    pub fn from_code(code: u8) -> Option<Self> {
        FORMATS.iter().find(|format| format.code == code).map(|format| format.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_in_databases_keep_their_meaning() {
        let mut codes: Vec<_> = FORMATS.iter().map(|format| (format.code, format.source)).collect();
        codes.sort_unstable();
        use Source::*;
        let released = [
            SpotifyExtended,
            SpotifyAccount,
            SpotifyRecentlyPlayed,
            ListenBrainz,
            LastFm,
            LibreFm,
            Maloja,
            Koito,
            PanoScrobbler,
            Rockbox,
            AppleMusic,
            YouTubeMusic,
            Interactions,
            Catalogue,
            Segue,
            Friends,
            Jellyfin,
            Subsonic,
            ArtistTags,
        ];
        for (code, source) in (1..).zip(released) {
            assert_eq!(Source::from_code(code), Some(source));
        }
        assert!(codes.windows(2).all(|pair| pair[0].0 < pair[1].0), "a code stands for one format");
        assert!(FORMATS.iter().all(|format| format.source.info() == format));
    }
}
