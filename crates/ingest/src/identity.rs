//! Which names mean the same track, and which tracks are versions of the same work.
//!
//! The same song arrives under several URIs, spellings and suffixes: `Hey Jude`, `HEY JUDE -
//! Remastered 2015`, `Hey Jude (Live)`. A title is therefore cut into its core and its qualifiers,
//! which are what stands in brackets or behind a dash. Qualifiers that name guests or packaging are
//! ignored, those that name a version decide [`Version`], and all others belong to the title. Words
//! of the core are never read as a version, so that `Live and Let Die` and `Demons` stay what they
//! are.
//!
//! Where the artist is not known, or the title is one that half of all albums have ("Intro"), names
//! tell nothing apart: there the album belongs to them, or else the length.
//!
//! Matching by sound or by an outside database was rejected: imports work offline, and names are
//! what every export has.

mod credits;
mod joined;
mod normalise;
mod qualifier;
mod shared;
mod title;

use segue_core::{Track, TrackId, Version, WorkId};

pub use credits::credited;
pub use joined::KnownArtists;
pub(crate) use joined::hash;
pub use normalise::normalise;
pub use shared::is_placeholder;
pub(crate) use shared::tell_apart;

use title::Title;

/// Which names mean the same, as a number: raised whenever other works come out of the same names,
/// so that a library knows to settle again the works of the tracks that it has.
pub const IDENTITY: u32 = 1;

const SEPARATOR: char = WorkId::SEPARATOR;

/// The id of a track of which a source gives names only: `name:artist␟title`, both normalised.
/// Guests are left out; words that name a version stay in.
///
/// ```
/// use segue_ingest::identity::track_id_from_names;
///
/// let id = track_id_from_names(Some("Artist"), "Song");
/// assert_eq!(id.as_str(), "name:artist␟song");
/// assert_eq!(id, track_id_from_names(Some("ARTIST"), "song"));
/// ```
pub fn track_id_from_names(artist: Option<&str>, title: &str) -> TrackId {
    Names::of(artist, title).track_id()
}

/// The id of a track of which a source gives the MusicBrainz recording id: `mbid:…`, in lower case.
/// `None` for what cannot be one.
///
/// ```
/// use segue_ingest::identity::track_id_from_recording;
///
/// let id = track_id_from_recording("B1A9C0E9-D987-4042-AE91-78D6A3267D69").unwrap();
/// assert_eq!(id.as_str(), "mbid:b1a9c0e9-d987-4042-ae91-78d6a3267d69");
/// assert_eq!(track_id_from_recording("7"), None);
/// ```
pub fn track_id_from_recording(mbid: &str) -> Option<TrackId> {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    let is_right = |(place, byte): (usize, u8)| match HYPHENS.contains(&place) {
        true => byte == b'-',
        false => byte.is_ascii_hexdigit(),
    };
    let is_one = mbid.len() == 36 && mbid.bytes().enumerate().all(is_right);
    is_one.then(|| TrackId::new(format!("mbid:{}", mbid.to_ascii_lowercase())))
}

/// The track that an International Standard Recording Code stands for; `None` if that is none.
///
/// ```
/// use segue_ingest::identity::track_id_from_isrc;
///
/// let id = track_id_from_isrc("gb-aye-06-01498").unwrap();
/// assert_eq!(id.as_str(), "isrc:GBAYE0601498");
/// assert_eq!(track_id_from_isrc("GBAYE060149"), None);
/// assert_eq!(track_id_from_isrc("12AYE0601498"), None);
/// ```
pub fn track_id_from_isrc(code: &str) -> Option<TrackId> {
    Some(TrackId::new(format!("isrc:{}", isrc(code)?)))
}

/// An ISRC in upper case without hyphens: two letters, three letters or digits, seven digits.
pub(crate) fn isrc(text: &str) -> Option<String> {
    let code: String =
        text.chars().filter(|&c| c != '-' && c != ' ').collect::<String>().to_ascii_uppercase();
    let shaped = code.len() == 12
        && code.bytes().enumerate().all(|(i, b)| match i {
            0..2 => b.is_ascii_uppercase(),
            2..5 => b.is_ascii_alphanumeric(),
            _ => b.is_ascii_digit(),
        });
    shaped.then_some(code)
}

/// The work that a title by an artist belongs to, and which version the title says it is. Works of
/// unnamed artists are told apart by their title alone.
///
/// ```
/// use segue_core::Version;
/// use segue_ingest::identity::work_of;
///
/// let (work, version) = work_of(Some("The Artist"), "Song - Live");
/// assert_eq!((work.as_str(), version), ("artist␟song", Version::Live));
/// assert_eq!(work, work_of(Some("the artist"), "Song").0, "one work, two versions");
/// ```
pub fn work_of(artist: Option<&str>, title: &str) -> (WorkId, Version) {
    let names = Names::of(artist, title);
    (names.work_id(), names.title.version())
}

/// A track from what a row names. Its id is `id` where the source has one, else one made from the
/// names with [`track_id_from_names`]; work and version come from [`work_of`]. The artists are
/// those that are [`credited`].
pub fn named_track(id: Option<TrackId>, artists: Vec<String>, title: &str) -> Track {
    let artists = credited(artists.iter().map(String::as_str));
    let names = Names::of(artists.first().map(String::as_str), title);
    let id = id.unwrap_or_else(|| names.track_id());
    Track { artists, version: names.title.version(), ..Track::new(id, names.work_id(), title) }
}

/// The names of a track as ids are made of them.
struct Names<'t> {
    /// As [`artist_key`] has it.
    artist: String,
    title: Title<'t>,
}

impl<'t> Names<'t> {
    fn of(artist: Option<&str>, title: &'t str) -> Self {
        Self { artist: artist_key(artist), title: Title::parse(title) }
    }

    fn track_id(&self) -> TrackId {
        TrackId::new(format!("name:{}{SEPARATOR}{}", self.artist, self.title.without_guests()))
    }

    fn work_id(&self) -> WorkId {
        WorkId::new(format!("{}{SEPARATOR}{}", self.artist, self.title.core()))
    }
}

/// Whether words from behind a dash are no title by themselves: "Live", "Official Video".
pub(crate) fn is_qualifier(text: &str) -> bool {
    qualifier::classify(text).0 != qualifier::Qualifier::Core
}

/// The work and the version of a track that is known already, by all that is known of it; `None`
/// where its work was not made of its names.
pub fn settle(track: &Track) -> Option<(WorkId, Version)> {
    if track.title.is_empty() || !track.work.as_str().contains(SEPARATOR) {
        return None;
    }
    let mut named = named_track(Some(track.id.clone()), track.artists.clone(), &track.title);
    named.album.clone_from(&track.album);
    named.features = track.features;
    tell_apart(&mut named);
    Some((named.work, named.version))
}

/// The main artist as ids spell it: normalised, without guests and without a leading or trailing
/// "the".
fn artist_key(artist: Option<&str>) -> String {
    let Some(artist) = artist else { return String::new() };
    let key = Title::parse(artist).without_guests();
    let bare = key
        .strip_prefix("the ")
        .or_else(|| artist.contains(',').then(|| key.strip_suffix(" the")).flatten());
    bare.map_or_else(|| key.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn work(artist: &str, title: &str) -> String {
        work_of(Some(artist), title).0.to_string()
    }

    fn version(title: &str) -> Version {
        work_of(Some("Artist"), title).1
    }

    #[test]
    fn one_song_under_many_names_is_one_work() {
        let spellings = [
            ("The Beatles", "Hey Jude"),
            ("Beatles, The", "HEY JUDE"),
            ("the beatles", "Hey Jude - Remastered 2015"),
            ("Beatles", "Hey Jude (2015 Remaster)"),
            ("The Beatles", "Hey Jude - Live at the Hollywood Bowl / 1964"),
            ("The Beatles feat. Billy Preston", "Hey Jude [feat. Billy Preston] - Mono"),
            ("The  Beatles", "Héy Jude (Take 2)"),
            ("Ｔｈｅ Ｂｅａｔｌｅｓ", "Hey Jude – Acoustic"),
        ];
        for (artist, title) in spellings {
            assert_eq!(work(artist, title), "beatles␟hey jude", "{artist}: {title}");
        }
    }

    #[test]
    fn versions_are_read_from_brackets_and_dashes() {
        use Version::*;
        let cases = [
            ("Song", Original),
            ("Song - 2011 Remaster", Remaster),
            ("Song - Remastered", Remaster),
            ("Song (Remastered 2009)", Remaster),
            ("Song - 2018 Mix", Remaster),
            ("Song - Mono Version", Remaster),
            ("Song (Taylor's Version)", Remaster),
            ("Song - Live", Live),
            ("Song (Live at Wembley '86)", Live),
            ("Song - Live in Paris / 2003 / 2011 Remaster", Live),
            ("Song - Recorded at Spotify Studios NYC", Live),
            ("Song (Ao Vivo)", Live),
            ("Song - BBC Session", Live),
            ("Song - Acoustic", Acoustic),
            ("Song (Acoustic Version)", Acoustic),
            ("Song - MTV Unplugged", Acoustic),
            ("Song (Piano Version)", Acoustic),
            ("Song - Demo", Demo),
            ("Song (1983 Demo)", Demo),
            ("Song - Take 3", Demo),
            ("Song - Remix", Remix),
            ("Song (Someone Remix) [Radio Edit]", Remix),
            ("Song - Junior's House Mix", Remix),
            ("Song - Dub", Remix),
            ("Song (sped up)", Remix),
            ("Song - Somebody Else Edit", Remix),
            ("Song (Instrumental)", Instrumental),
            ("Song - Karaoke Version", Instrumental),
            ("Song - Radio Edit", Edit),
            ("Song (Single Version)", Edit),
            ("Song - Extended Mix", Edit),
            ("Song (12\" Version)", Edit),
            ("Song -Live Ver.-", Live),
            ("Song（Live）", Live),
        ];
        for (title, expected) in cases {
            assert_eq!(version(title), expected, "{title}");
            assert_eq!(work("Artist", title), "artist␟song", "{title}");
        }
    }

    #[test]
    fn titles_that_only_look_like_versions_stay_whole() {
        let titles = [
            ("Live and Let Die", "live and let die"),
            ("Demons", "demons"),
            ("Demo", "demo"),
            ("Live", "live"),
            ("Remix to Ignition", "remix to ignition"),
            ("Song (Live Forever)", "song live forever"),
            ("Song - Long Live", "song long live"),
            ("(I Can't Get No) Satisfaction", "i cant get no satisfaction"),
            ("Another Brick in the Wall, Pt. 2", "another brick in the wall pt 2"),
            ("Song (Reprise)", "song reprise"),
            ("Song (German Version)", "song german version"),
            ("Alive - Olive", "alive olive"),
            ("Six Feet Deep 5 ft deep", "six feet deep 5 ft deep"),
        ];
        for (title, core) in titles {
            assert_eq!(work("Artist", title), format!("artist␟{core}"), "{title}");
            assert_eq!(version(title), Version::Original, "{title}");
        }
    }

    #[test]
    fn packaging_is_no_version() {
        for title in [
            "Song (Explicit)",
            "Song - Album Version",
            "Song (Original Mix)",
            "Song (Official Video)",
            "Song - From \"The Film\"",
        ] {
            assert_eq!(
                (work("Artist", title).as_str(), version(title)),
                ("artist␟song", Version::Original),
                "{title}"
            );
        }
    }

    #[test]
    fn what_uploads_and_players_put_behind_a_title_is_no_part_of_it() {
        for suffix in [
            " - 2011 - Remaster",
            " - Remastered - 2009",
            " (2009 Re-Mastered Digital Version)",
            " - Remasterisé en 2011",
            " - Remasterizado 2011",
            " - Live @ Moon",
            " (Live@KEXP)",
            " - Original Version 1978",
            " (Album Track)",
            " (Video)",
            " (Lyrics Video)",
            " (Letra/Lyrics)",
            " (Oficial)",
            " (Clip officiel)",
            " (Video ufficiale)",
            " (Videoclip Oficial)",
            " (Offizielles Video)",
            " (Официальный клип)",
            " [M/V]",
            " [4K Video]",
            " | Official Video",
            " (Visualizer)",
            " (avec Mira Sol)",
            " (mit Mira Sol)",
            " (w/ Mira Sol)",
            " (com Mira Sol)",
            " (prod. Mira Sol)",
            " [Produced by Mira Sol]",
            " - Spotify Singles",
            " (Album Version (Explicit))",
            " (Bonus Track)",
            " (feat. Mira Sol) [Official Video]",
            " **NEW**",
            " *Official Video*",
            ".mp3",
            " (Live).flac",
        ] {
            assert_eq!(work("Artist", &format!("Song{suffix}")), "artist␟song", "{suffix}");
        }
        for (title, core) in [
            ("Song (mit dir)", "song mit dir"),
            ("Song (with you)", "song with you"),
            ("Song - 2011", "song 2011"),
            ("Song (Stream of Thought)", "song stream of thought"),
            ("Song (The Video Game)", "song the video game"),
            ("Video", "video"),
            ("Song (New Version)", "song new version"),
            ("Song *Star*", "song star"),
            ("Mp3", "mp3"),
            (".mp3", "mp3"),
            ("The Producer", "the producer"),
        ] {
            assert_eq!(work("Artist", title), format!("artist␟{core}"), "{title}");
        }
    }

    #[test]
    fn guests_are_left_out_wherever_they_stand() {
        for title in [
            "Song (feat. Guest)",
            "Song [ft. Guest & Other]",
            "Song (with Guest)",
            "Song - feat. Guest",
            "Song feat. Guest",
            "Song Ft Guest",
            "Song featuring Guest",
        ] {
            assert_eq!(
                track_id_from_names(Some("Artist ft. Guest"), title).as_str(),
                "name:artist␟song",
                "{title}"
            );
        }
    }

    #[test]
    fn ids_from_names_keep_versions_apart() {
        let id = |title| track_id_from_names(Some("Artist"), title);
        assert_eq!(id("Song (Live)"), id("song - live"));
        assert_ne!(id("Song (Live)"), id("Song"));
    }

    #[test]
    fn names_of_punctuation_alone_are_still_names() {
        assert_eq!(work("!!!", "???"), "!!!␟???");
        assert_eq!(work("Ed Sheeran", "+"), "ed sheeran␟+");
        assert_eq!(work("A", "+\n$"), "a␟+ $");
        assert_eq!(work("Florence + The Machine", "x"), work("Florence & the Machine", "x"));
        assert_ne!(work("Ed Sheeran", "÷"), work("Ed Sheeran", "="));
        assert_eq!(work("The The", "This Is the Day"), "the␟this is the day");
    }

    #[test]
    fn scripts_without_diacritics_keep_their_marks() {
        assert_ne!(normalise("か"), normalise("が"));
        assert_eq!(normalise("ｶﾞ"), normalise("ガ"));
        assert_eq!(normalise("아이유"), "아이유");
    }

    const SUFFIXES: [&str; 10] = [
        " - Live",
        " (Remastered 2011)",
        " - 2011 Remaster",
        " (feat. Somebody)",
        " [Acoustic]",
        " - Radio Edit",
        " (Somebody Remix)",
        " - Demo",
        " (Instrumental)",
        " (with Somebody)",
    ];

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "(\\PC|[ \n+$!&'.\\-]){0,24}") {
            let once = normalise(&text);
            prop_assert_eq!(normalise(&once), once);
        }

        #[test]
        fn any_text_has_a_work_and_an_id(artist in "\\PC{0,24}", title in any::<String>()) {
            let (work, _) = work_of(Some(&artist), &title);
            prop_assert!(work.as_str().contains(SEPARATOR));
            prop_assert!(track_id_from_names(Some(&artist), &title).as_str().starts_with("name:"));
        }

        #[test]
        fn a_suffix_never_changes_the_work(
            title in "[A-Za-z]{2,8}( [A-Za-z]{2,8}){0,3}",
            suffixes in prop::collection::vec(0..SUFFIXES.len(), 0..3),
        ) {
            let mut longer = title.clone();
            for i in suffixes {
                longer.push_str(SUFFIXES[i]);
            }
            prop_assert_eq!(work("Artist", &longer), work("Artist", &title));
        }

        #[test]
        fn letter_case_never_matters(title in "[A-Za-zÀ-ÖØ-öø-ÿ (\\-)]{0,24}") {
            prop_assert_eq!(work_of(Some("A"), &title.to_lowercase()), work_of(Some("A"), &title));
        }
    }
}
