//! What goes into a playlist file and what comes out, whatever the format.

use segue_core::{Pick, Slate, Timestamp, Track, TrackId};

use crate::Catalogue;

/// A track of a playlist with the pick that put it there: some formats write the reason and the
/// likability beside the track.
#[derive(Clone, Debug)]
pub struct PlaylistEntry<'a> {
    /// The track as the catalogue describes it: names, album, duration, and where it can be played.
    pub track: &'a Track,
    /// How it was picked. Its reason becomes the annotation of the track in formats that have one.
    pub pick: &'a Pick,
}

/// A named list of tracks in playing order, ready to be written by
/// [`PlaylistFormat::render`](super::PlaylistFormat::render). [`Playlist::from_slate`] makes it of
/// a mix.
///
/// # Examples
/// ```
/// use segue_core::{Pick, Reason, Sources, Timestamp, Track, TrackId, WorkId};
/// use segue_engine::playlist::{PlaylistEntry, Playlist, PlaylistFormat};
///
/// let mut track = Track::new(TrackId::new("t"), WorkId::new("w"), "Song");
/// track.artists = vec!["Ann".to_owned()];
/// let pick = Pick {
///     track: track.id.clone(),
///     drawn: 0,
///     propensity: 0.5,
///     propensity_error: 0.0,
///     likability: 0.8,
///     uncertainty: 0.1,
///     new_to_listener: false,
///     new_artist: false,
///     sources: Sources::default(),
///     reason: Reason::Liked,
/// };
/// let entry = |track| PlaylistEntry { track, pick: &pick };
/// let playlist = |track| Playlist {
///     title: "Evening".to_owned(),
///     created: Timestamp::UNIX_EPOCH,
///     entries: vec![entry(track)],
/// };
///
/// // Nothing says where to play the song: a player's list has to leave it out.
/// let rendered = PlaylistFormat::M3u8.render(&playlist(&track));
/// assert_eq!((rendered.text.as_str(), rendered.left_out), ("#EXTM3U\n#PLAYLIST:Evening\n", 1));
/// assert_eq!(PlaylistFormat::Xspf.render(&playlist(&track)).by_name, 1);
///
/// let placed = Track { location: Some("ann/song.flac".to_owned()), ..track.clone() };
/// let rendered = PlaylistFormat::M3u8.render(&playlist(&placed));
/// assert!(rendered.text.ends_with("#EXTINF:-1,Ann - Song\nann/song.flac\n"));
/// ```
#[derive(Clone, Debug)]
pub struct Playlist<'a> {
    /// The name of the playlist. It must be one line of text, because some formats write it into a
    /// line of its own.
    pub title: String,
    /// When it was made, for formats that write a date; the engine has no clock, so the caller
    /// says.
    pub created: Timestamp,
    /// The tracks in playing order. A playlist may be empty: every format can write that.
    pub entries: Vec<PlaylistEntry<'a>>,
}

/// A pick of the slate is a track that the catalogue does not hold, for example after it was
/// deleted. It holds the id of the track.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("track `{0}` of the slate is not in the catalogue")]
pub struct UnknownTrack(pub TrackId);

impl<'a> Playlist<'a> {
    /// Looks up the picks of a slate. An empty title becomes "Segue mix", because some formats
    /// insist on one.
    ///
    /// # Errors
    /// Every pick must be in the catalogue.
    pub fn from_slate(
        catalogue: &'a Catalogue,
        slate: &'a Slate,
        title: &str,
        created: Timestamp,
    ) -> Result<Self, UnknownTrack> {
        let entry = |pick: &'a Pick| {
            let idx =
                catalogue.find(&pick.track).ok_or_else(|| UnknownTrack(pick.track.clone()))?;
            Ok(PlaylistEntry { track: catalogue.track(idx), pick })
        };
        let title = one_line(title);
        Ok(Self {
            title: if title.trim().is_empty() { "Segue mix".to_owned() } else { title },
            created,
            entries: slate.picks.iter().map(entry).collect::<Result<_, _>>()?,
        })
    }
}

/// A playlist file as text, with how far it holds the mix: a file that silently lacks tracks would
/// be worse than none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The file's content, to be written as UTF-8 without a byte order mark. It ends with a line
    /// break where it has a line.
    pub text: String,
    /// Tracks that the format has no way to name, and that are therefore not in the file. Tell the
    /// user.
    pub left_out: usize,
    /// Tracks in the file that its reader must look up by title and artist, because nothing says
    /// where to play them.
    pub by_name: usize,
}

/// Text without line breaks and other characters that are no text: controls, the two Unicode
/// separators, and the two non-characters that XML forbids.
pub(super) fn one_line(text: &str) -> String {
    let is_text = |c: char| {
        !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
    };
    text.chars().map(|c| if is_text(c) { c } else { ' ' }).collect()
}

/// All artists as one credit.
pub(super) fn credit(track: &Track) -> Option<String> {
    (!track.artists.is_empty()).then(|| one_line(&track.artists.join(", ")))
}
