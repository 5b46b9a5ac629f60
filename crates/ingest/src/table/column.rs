//! What a column means, recognised by its name.
//!
//! Names are compared without case, spaces, parentheses, dots, underscores and hyphens, so that
//! `msPlayed`, `ms_played` and `Ms Played` are one. Where several columns of a table mean the same,
//! the first name of the list below wins, not the first column.

use segue_core::AudioFeature;

use super::Dates;
use crate::ColumnReading;

/// What a column means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum TableColumn {
    /// The listener whose row it is.
    Listener,
    /// Another listener, whom the first one follows or is a friend of.
    Friend,
    /// An identifier of the track: URI, base62, MBID or anything else.
    TrackId,
    /// `track`, which may be a title or an identifier: [`TableLayout::from_names`] decides, so no
    /// layout has this column.
    TitleOrId,
    Title,
    /// One artist.
    Artist,
    /// Several artists in one cell.
    Artists,
    /// Identifiers of the artists, which tell how many there are.
    ArtistIds,
    Album,
    Genre,
    /// Several genres in one cell.
    Genres,
    /// A year, or a date that begins with one.
    Year,
    Decade,
    /// 0 to 100.
    Popularity,
    Isrc,
    RecordingMbid,
    /// When the play began, or when it happened.
    Time,
    /// When the play ended.
    EndTime,
    /// When the track was saved or liked.
    AddedTime,
    MsPlayed,
    SecondsPlayed,
    Rating,
    Liked,
    Skipped,
    StartReason,
    EndReason,
    Shuffle,
    Offline,
    Private,
    Context,
    Device,
    Playlist,
}

const NAMES: &[(TableColumn, &[&str])] = &[
    (TableColumn::Listener, &["listener", "listenerid", "userid", "user", "uid"]),
    (TableColumn::Friend, &["friend", "friendid", "friendname", "follows", "following"]),
    (
        TableColumn::TrackId,
        &[
            "trackuri",
            "spotifytrackuri",
            "uri",
            "trackid",
            "spotifyid",
            "spotifytrackid",
            "spotifyurl",
            "trackurl",
            "itemid",
            "item",
            "id",
            "songid",
        ],
    ),
    (TableColumn::TitleOrId, &["track"]),
    (
        TableColumn::Title,
        &["trackname", "tracktitle", "title", "songtitle", "songname", "song", "name"],
    ),
    (TableColumn::Artist, &["artistname", "trackartist", "artist", "mainartist"]),
    (TableColumn::Artists, &["artists", "artistnames", "trackartists", "artistsname"]),
    (TableColumn::ArtistIds, &["artistids", "artisturis", "artistsids", "artistsuris"]),
    (
        TableColumn::Album,
        &["albumname", "trackalbumname", "album", "albumtitle", "release", "releasename"],
    ),
    (TableColumn::Genre, &["genre", "trackgenre", "playlistgenre"]),
    (TableColumn::Genres, &["genres", "artistgenres", "trackgenres"]),
    (
        TableColumn::Year,
        &[
            "year",
            "releaseyear",
            "releaseddate",
            "releasedate",
            "trackalbumreleasedate",
            "albumreleasedate",
            "releasedyear",
        ],
    ),
    (TableColumn::Decade, &["decade"]),
    (TableColumn::Popularity, &["popularity", "trackpopularity"]),
    (TableColumn::Isrc, &["isrc"]),
    (TableColumn::RecordingMbid, &["recordingmbid", "trackmbid"]),
    (
        TableColumn::Time,
        &[
            "playedat",
            "listenedat",
            "startedat",
            "starttime",
            "timestamp",
            "time",
            "datetime",
            "uts",
            "ts",
            "rawdatetime",
            "playtimestamp",
            "scrobbletime",
            "scrobbledat",
            "utctime",
            "dateplayed",
            "playdate",
            "playeddate",
            "listendate",
            "entrydate",
            "eventdate",
            "date",
            "day",
        ],
    ),
    (TableColumn::EndTime, &["endedat", "endtime"]),
    (
        TableColumn::AddedTime,
        &["addedat", "dateadded", "addeddate", "likedat", "savedat", "tagtime"],
    ),
    (
        TableColumn::MsPlayed,
        &[
            "msplayed",
            "playedms",
            "playtimems",
            "durationplayedms",
            "listenedms",
            "durationplayed",
            "playtime",
            "streamdurationms",
        ],
    ),
    (
        TableColumn::SecondsPlayed,
        &[
            "secondsplayed",
            "playedseconds",
            "playtimeseconds",
            "playtimes",
            "playeds",
            "listenedseconds",
            "listeningtime",
            "consumptiondurationinseconds",
        ],
    ),
    (TableColumn::Rating, &["rating", "userrating"]),
    (TableColumn::Liked, &["liked", "isliked", "loved"]),
    (TableColumn::Skipped, &["skipped", "isskipped", "skip"]),
    (TableColumn::StartReason, &["reasonstart", "startreason"]),
    (TableColumn::EndReason, &["reasonend", "endreason"]),
    (TableColumn::Shuffle, &["shuffle"]),
    (TableColumn::Offline, &["offline"]),
    (TableColumn::Private, &["incognitomode", "incognito", "privatesession"]),
    (TableColumn::Context, &["context"]),
    (TableColumn::Device, &["device", "devicetype", "platform", "platformname"]),
    (TableColumn::Playlist, &["playlistid", "playlistname", "playlist"]),
];

/// Names of columns that hold a date beside a time of day.
const DATES: [&str; 9] =
    ["date", "day", "playdate", "dateplayed", "playeddate", "datum", "fecha", "data", "listendate"];

/// Names that mean seconds since 1970, so that numbers under them are no days of a spreadsheet.
const SECONDS: [&str; 4] = ["ts", "uts", "timestamp", "playtimestamp"];

impl TableColumn {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::Playlist as usize + 1;

    /// What it holds, in words.
    fn meaning(self) -> &'static str {
        match self {
            Self::Listener => "listener",
            Self::Friend => "friend",
            Self::TrackId => "identifier of the track",
            Self::TitleOrId => "title or identifier",
            Self::Title => "title",
            Self::Artist => "artist",
            Self::Artists => "artists",
            Self::ArtistIds => "how many artists there are",
            Self::Album => "album",
            Self::Genre => "genre",
            Self::Genres => "genres, of which the first is kept",
            Self::Year => "year",
            Self::Decade => "decade",
            Self::Popularity => "popularity",
            Self::Isrc => "ISRC",
            Self::RecordingMbid => "MusicBrainz id of the recording",
            Self::Time => "time of the play",
            Self::EndTime => "end of the play",
            Self::AddedTime => "time when the track was saved",
            Self::MsPlayed => "play time in milliseconds",
            Self::SecondsPlayed => "play time in seconds",
            Self::Rating => "rating",
            Self::Liked => "liked or not",
            Self::Skipped => "skipped or not",
            Self::StartReason => "how the play began",
            Self::EndReason => "how the play ended",
            Self::Shuffle => "shuffled or not",
            Self::Offline => "offline or not",
            Self::Private => "private or not",
            Self::Context => "what it was played from",
            Self::Device => "device",
            Self::Playlist => "playlist",
        }
    }

    /// The meaning of a name, with its rank among the names of that meaning (0 is best).
    fn from_name(name: &str) -> Option<(Self, usize)> {
        let plain = plain_name(name);
        let known = |plain: &str| {
            let mut known = NAMES.iter();
            known.find_map(|(column, names)| {
                Some((*column, names.iter().position(|name| *name == plain)?))
            })
        };
        known(&plain).or_else(|| known(plain.strip_suffix("utc")?))
    }
}

/// A column's name in lower case without spaces, underscores, hyphens, dots and parentheses, so
/// that `Track Name`, `track_name` and `trackName` are the same.
pub fn plain_name(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-' | '.' | '(' | ')'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Which column of a table holds what, read from its header. Unknown columns are ignored, so tables
/// of many origins share one reader.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableLayout {
    columns: [Option<u32>; TableColumn::COUNT],
    features: [Option<u32>; AudioFeature::COUNT],
    /// Whether the time column is Spotify's `ts`, which stamps the end of a play.
    stamps_end: bool,
    /// The column of the date, where [`TableColumn::Time`] may hold the time of day alone.
    date: Option<u32>,
    /// Whether the name of the time column means seconds since 1970.
    counts_seconds: bool,
    width: usize,
}

impl TableLayout {
    /// Reads a header. Where several names mean the same, the best known one is taken. `label`
    /// names a column that holds the liked label under a name of its own.
    pub fn from_names<'n>(names: impl IntoIterator<Item = &'n str>, label: Option<&str>) -> Self {
        let mut layout = Self::default();
        let mut ranks = [usize::MAX; TableColumn::COUNT];
        let mut time_name = String::new();
        for (position, name) in names.into_iter().enumerate() {
            layout.width = position + 1;
            let name = name.trim();
            if DATES.contains(&plain_name(name).as_str()) {
                layout.date.get_or_insert(position as u32);
            }
            let found = match label {
                Some(label) if name.eq_ignore_ascii_case(label) => Some((TableColumn::Liked, 0)),
                _ => TableColumn::from_name(name),
            };
            if let Some(feature) = feature_from_name(name) {
                layout.features[feature as usize].get_or_insert(position as u32);
            } else if let Some((column, rank)) = found
                && rank < ranks[column as usize]
            {
                ranks[column as usize] = rank;
                layout.columns[column as usize] = Some(position as u32);
                if column == TableColumn::Time {
                    time_name = plain_name(name);
                }
            }
        }
        layout.settle_track_column();
        layout.date =
            layout.date.filter(|&date| layout.position(TableColumn::Time) != Some(date as usize));
        layout.stamps_end = layout.has(TableColumn::EndTime) && !layout.has(TableColumn::Time)
            || time_name == "ts" && layout.has(TableColumn::MsPlayed);
        layout.counts_seconds = SECONDS.contains(&time_name.as_str());
        layout
    }

    /// `track` is the title where an identifier has a column of its own or an artist is named
    /// beside it; else it is the identifier.
    fn settle_track_column(&mut self) {
        let Some(position) = self.columns[TableColumn::TitleOrId as usize].take() else { return };
        let named = self.has(TableColumn::Artist) || self.has(TableColumn::Artists);
        let meaning = match (self.has(TableColumn::TrackId), self.has(TableColumn::Title)) {
            (_, false) if named => TableColumn::Title,
            (true, false) => TableColumn::Title,
            (false, _) => TableColumn::TrackId,
            (true, true) => return,
        };
        self.columns[meaning as usize] = Some(position);
    }

    pub(crate) fn position(&self, column: TableColumn) -> Option<usize> {
        self.columns[column as usize].map(|position| position as usize)
    }

    /// The position, from 0, of the column that holds an audio feature; `None` where the table
    /// lacks it.
    pub fn feature_position(&self, feature: AudioFeature) -> Option<usize> {
        self.features[feature as usize].map(|position| position as usize)
    }

    pub(crate) fn has(&self, column: TableColumn) -> bool {
        self.columns[column as usize].is_some()
    }

    /// Whether a row of this table can name a track.
    pub(crate) fn names_tracks(&self) -> bool {
        self.has(TableColumn::TrackId) || self.has(TableColumn::Title)
    }

    /// Whether a row of this table says which track it is so that others know it: by an
    /// identifier, or by title and artist.
    pub(crate) fn identifies_tracks(&self) -> bool {
        self.has(TableColumn::TrackId)
            || self.has(TableColumn::Isrc)
            || self.has(TableColumn::RecordingMbid)
            || self.names_songs()
    }

    /// Whether a row has a title and an artist.
    pub(crate) fn names_songs(&self) -> bool {
        let is_by_someone = self.has(TableColumn::Artist) || self.has(TableColumn::Artists);
        self.has(TableColumn::Title) && is_by_someone
    }

    /// Whether any column means something.
    pub(crate) fn knows_anything(&self) -> bool {
        self.feature_count() > 0 || self.columns.iter().any(Option::is_some)
    }

    /// How many columns mean something.
    pub(crate) fn known_columns(&self) -> usize {
        self.feature_count() + self.columns.iter().flatten().count()
    }

    /// How many audio features have a column: 0 to 13. A table with some is likely to be a
    /// catalogue.
    pub fn feature_count(&self) -> usize {
        self.features.iter().flatten().count()
    }

    /// Whether the time stamped is that of the end of a play.
    pub(crate) fn stamps_end(&self) -> bool {
        self.stamps_end
    }

    /// Where the date stands, if the column of the time may hold the time of day alone.
    pub(crate) fn date_position(&self) -> Option<usize> {
        self.date.map(|position| position as usize)
    }

    /// Where dates stand: beside a time of day, or with it.
    pub(crate) fn dates_position(&self) -> Option<usize> {
        let alone = [TableColumn::Time, TableColumn::EndTime, TableColumn::AddedTime];
        self.date_position().or_else(|| alone.into_iter().find_map(|column| self.position(column)))
    }

    /// What is known of the dates at [`Self::dates_position`] before any of them is seen.
    pub(crate) fn dates(&self) -> Dates {
        let are_seconds =
            self.counts_seconds && self.dates_position() == self.position(TableColumn::Time);
        if are_seconds { Dates::default() } else { Dates::maybe_days() }
    }

    /// What the columns of these names are read as.
    pub(crate) fn readings<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
    ) -> impl Iterator<Item = ColumnReading> {
        const LONGEST_NAME: usize = 40;
        let shown = |name: &str| -> String {
            name.trim().chars().take(LONGEST_NAME).flat_map(char::escape_debug).collect()
        };
        names.enumerate().map(move |(position, name)| ColumnReading {
            name: shown(name),
            meaning: self.meaning(position),
        })
    }

    /// What the column at a position is read as, in words; `None` for one that is not read.
    fn meaning(&self, position: usize) -> Option<&'static str> {
        let is_there = |column: &Option<u32>| column.is_some_and(|at| at as usize == position);
        let mut columns = NAMES.iter().map(|(column, _)| *column);
        let column = columns.find(|&column| is_there(&self.columns[column as usize]));
        let feature =
            || AudioFeature::ALL.into_iter().find(|&f| self.feature_position(f) == Some(position));
        column
            .map(TableColumn::meaning)
            .or_else(|| feature().map(AudioFeature::name))
            .or_else(|| is_there(&self.date).then_some("date of the play"))
    }

    /// Number of columns, known or not.
    pub(crate) fn width(&self) -> usize {
        self.width
    }
}

/// Whether the name of a column that means nothing here sounds as if it told of plays, tracks or
/// opinions.
pub(crate) fn sounds_useful(name: &str) -> bool {
    const TELLING: [&str; 14] = [
        "title", "song", "artist", "played", "duration", "seconds", "date", "time", "rating",
        "liked", "loved", "skip", "reason", "genre",
    ];
    let plain = plain_name(name);
    TELLING.iter().any(|word| plain.contains(word)) && feature_from_name(name).is_none()
}

/// `duration` alone is the length in most catalogues, but seconds in some: only the name with its
/// unit counts.
fn feature_from_name(name: &str) -> Option<AudioFeature> {
    let plain = plain_name(name);
    let plain = if plain == "trackdurationms" { "durationms" } else { &plain };
    AudioFeature::ALL.into_iter().find(|feature| plain_name(feature.name()) == plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(header: &str) -> TableLayout {
        TableLayout::from_names(header.split(','), None)
    }

    #[test]
    fn names_are_found_whatever_their_case_and_spelling() {
        for header in ["msPlayed,Track ID", "MS_PLAYED,track-id", "ms played,TrackId"] {
            let layout = layout(header);
            assert_eq!(layout.position(TableColumn::MsPlayed), Some(0), "{header}");
            assert_eq!(layout.position(TableColumn::TrackId), Some(1), "{header}");
        }
    }

    #[test]
    fn the_better_name_wins_over_the_earlier_column() {
        assert_eq!(layout("id,track_uri").position(TableColumn::TrackId), Some(1));
        assert_eq!(layout("name,track_name").position(TableColumn::Title), Some(1));
    }

    #[test]
    fn track_is_a_title_beside_an_artist_or_an_id_and_an_id_alone() {
        assert_eq!(layout("track,artist,uri").position(TableColumn::Title), Some(0));
        assert_eq!(layout("artist,track,ts").position(TableColumn::Title), Some(1));
        assert_eq!(layout("user,track,ts").position(TableColumn::TrackId), Some(1));
        assert_eq!(layout("track,title,ts").position(TableColumn::TrackId), Some(0));
    }

    #[test]
    fn spotifys_ts_stamps_the_end_and_a_timestamp_the_start() {
        assert!(layout("ts,ms_played,track_id").stamps_end());
        assert!(!layout("timestamp,ms_played,track_id").stamps_end());
        assert!(layout("endTime,msPlayed,track_id").stamps_end());
    }

    #[test]
    fn a_label_column_can_be_named() {
        let layout = TableLayout::from_names(["energy", "target"], Some("Target"));
        assert_eq!(layout.position(TableColumn::Liked), Some(1));
    }
}
