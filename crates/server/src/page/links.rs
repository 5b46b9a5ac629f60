//! Where a song opens: the addresses of services that people listen with.
//!
//! A service opens the very track where one of its ids is known, such as that of a Spotify export;
//! elsewhere the link leads to a search by names. Nothing is requested by the server: a link is
//! followed by whoever clicks it.

use std::str::FromStr;

use super::urls::encoded;

/// A service that a song can be opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListeningService {
    /// Spotify.
    Spotify,
    /// YouTube Music.
    YouTubeMusic,
    /// YouTube.
    YouTube,
    /// Apple Music.
    AppleMusic,
    /// Deezer.
    Deezer,
    /// Tidal.
    Tidal,
    /// Bandcamp.
    Bandcamp,
    /// MusicBrainz, which plays nothing and knows everything about a recording.
    MusicBrainz,
}

/// A service is not known by that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownService;

impl ListeningService {
    /// All of them, in the order of menus.
    pub const ALL: [Self; 8] = [
        Self::Spotify,
        Self::YouTubeMusic,
        Self::YouTube,
        Self::AppleMusic,
        Self::Deezer,
        Self::Tidal,
        Self::Bandcamp,
        Self::MusicBrainz,
    ];

    /// The name that people know.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spotify => "Spotify",
            Self::YouTubeMusic => "YouTube Music",
            Self::YouTube => "YouTube",
            Self::AppleMusic => "Apple Music",
            Self::Deezer => "Deezer",
            Self::Tidal => "Tidal",
            Self::Bandcamp => "Bandcamp",
            Self::MusicBrainz => "MusicBrainz",
        }
    }

    /// The name in forms and cookies.
    pub fn key(self) -> &'static str {
        match self {
            Self::Spotify => "spotify",
            Self::YouTubeMusic => "youtube-music",
            Self::YouTube => "youtube",
            Self::AppleMusic => "apple-music",
            Self::Deezer => "deezer",
            Self::Tidal => "tidal",
            Self::Bandcamp => "bandcamp",
            Self::MusicBrainz => "musicbrainz",
        }
    }

    /// The page of a track, where its id is one of this service.
    fn exact(self, id: &str) -> Option<String> {
        let (scheme, page) = match self {
            Self::Spotify => ("spotify:track:", "https://open.spotify.com/track/"),
            Self::YouTubeMusic => ("youtube:", "https://music.youtube.com/watch?v="),
            Self::YouTube => ("youtube:", "https://www.youtube.com/watch?v="),
            Self::MusicBrainz => ("mbid:", "https://musicbrainz.org/recording/"),
            Self::AppleMusic | Self::Deezer | Self::Tidal | Self::Bandcamp => return None,
        };
        let id = id.strip_prefix(scheme).filter(|id| !id.is_empty())?;
        Some(format!("{page}{}", encoded(id)))
    }

    /// What a search for some words answers.
    fn search(self, words: &str, is_artist: bool) -> String {
        let words = encoded(words);
        match self {
            Self::Spotify => format!("https://open.spotify.com/search/{words}"),
            Self::YouTubeMusic => format!("https://music.youtube.com/search?q={words}"),
            Self::YouTube => format!("https://www.youtube.com/results?search_query={words}"),
            Self::AppleMusic => format!("https://music.apple.com/search?term={words}"),
            Self::Deezer => format!("https://www.deezer.com/search/{words}"),
            Self::Tidal => format!("https://tidal.com/search?q={words}"),
            Self::Bandcamp => format!("https://bandcamp.com/search?q={words}"),
            Self::MusicBrainz => {
                let kind = if is_artist { "artist" } else { "recording" };
                format!("https://musicbrainz.org/search?query={words}&type={kind}")
            }
        }
    }
}

impl FromStr for ListeningService {
    type Err = UnknownService;

    fn from_str(key: &str) -> Result<Self, UnknownService> {
        Self::ALL.into_iter().find(|service| service.key() == key).ok_or(UnknownService)
    }
}

/// A way to a track or an artist at a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The service that it leads to.
    pub service: ListeningService,
    /// The address.
    pub address: String,
    /// Whether it leads to the very track, and not to a search for it.
    pub is_exact: bool,
}

/// The way to a track at a service. `ids` are those of all versions of the song, the track's own
/// first.
///
/// # Examples
/// ```
/// use segue_server::page::links::{ListeningService, of_track};
///
/// let ids = ["mbid:9f", "spotify:track:4uLU6hMCjMI75M1A2tKUQC"].map(str::to_owned);
/// let link = of_track(ListeningService::Spotify, &ids, "Never Gonna", &["Rick".to_owned()]);
/// assert_eq!(link.address, "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC");
/// let link = of_track(ListeningService::Deezer, &ids, "Never Gonna", &["Rick".to_owned()]);
/// assert_eq!(link.address, "https://www.deezer.com/search/Rick%20Never%20Gonna");
/// ```
pub fn of_track(
    service: ListeningService,
    ids: &[String],
    title: &str,
    artists: &[String],
) -> Link {
    let exact = ids.iter().find_map(|id| service.exact(id));
    let is_exact = exact.is_some();
    let names: Vec<&str> = artists.iter().take(1).map(String::as_str).chain([title]).collect();
    let address = exact.unwrap_or_else(|| service.search(&names.join(" "), false));
    Link { service, address, is_exact }
}

/// The way to a track that is offered first: at the service that somebody chose; else at the first
/// one that knows the very track; else at YouTube, which asks for no account.
pub fn first(
    chosen: Option<ListeningService>,
    ids: &[String],
    title: &str,
    artists: &[String],
) -> Link {
    let at = |service| of_track(service, ids, title, artists);
    let listens = |service: &ListeningService| *service != ListeningService::MusicBrainz;
    let exact =
        || ListeningService::ALL.into_iter().filter(listens).map(at).find(|link| link.is_exact);
    chosen.map(at).or_else(exact).unwrap_or_else(|| at(ListeningService::YouTube))
}

/// The way to an artist at a service: a search by name.
pub fn of_artist(service: ListeningService, name: &str) -> Link {
    Link { service, address: service.search(name, true), is_exact: false }
}
