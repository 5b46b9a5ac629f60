//! Plays as delimited text.

use super::{Play, Stamp, formatted, mbid};

/// Delimited text; cells that need quotes get them.
fn delimited(
    header: &str,
    plays: &[Play],
    by: char,
    cells: impl Fn(&Play) -> Vec<String>,
) -> Vec<u8> {
    let quoted = |cell: String| match cell.contains([by, '"']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    };
    let row = |play: &Play| {
        let cells: Vec<_> = cells(play).into_iter().map(quoted).collect();
        cells.join(&by.to_string()) + "\n"
    };
    (header.to_owned() + &plays.iter().map(row).collect::<String>()).into_bytes()
}

pub(crate) fn apple_activity(plays: &[Play]) -> Vec<u8> {
    let header = "Artist Name,Container Type,End Reason Type,Event End Timestamp,Event Start \
                  Timestamp,Event Type,Media Duration In Milliseconds,Play Duration \
                  Milliseconds,Song Name,Album Name\n";
    delimited(header, plays, ',', |play| {
        vec![
            play.artist.to_owned(),
            "ALBUM".to_owned(),
            "NATURAL_END_OF_TRACK".to_owned(),
            play.ended().to_string(),
            play.started().to_string(),
            "PLAY_END".to_owned(),
            play.length_ms().to_string(),
            play.heard_ms().to_string(),
            play.title.to_owned(),
            play.album(),
        ]
    })
}

pub(crate) fn apple_days(plays: &[Play]) -> Vec<u8> {
    let header = "Track Identifier,Date Played,Hours,Play Duration Milliseconds,Play Count,Track \
                  Description\n";
    delimited(header, plays, ',', |play| {
        vec![
            play.song.to_string(),
            formatted(play.started(), "%Y%m%d"),
            formatted(play.started(), "%H"),
            play.heard_ms().to_string(),
            "1".to_owned(),
            format!("{} - {}", play.artist, play.title),
        ]
    })
}

pub(crate) fn lastfm_ghan(plays: &[Play]) -> Vec<u8> {
    let header = "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n";
    delimited(header, plays, ',', |play| {
        vec![
            play.started().as_second().to_string(),
            formatted(play.started(), "%d %b %Y, %H:%M"),
            play.artist.to_owned(),
            String::new(),
            play.album(),
            String::new(),
            play.title.to_owned(),
            mbid(play),
        ]
    })
}

pub(crate) fn lastfm_to_csv(plays: &[Play]) -> Vec<u8> {
    delimited("", plays, ',', |play| {
        let at = formatted(play.started(), "%d %b %Y %H:%M");
        vec![play.artist.to_owned(), play.album(), play.title.to_owned(), at]
    })
}

pub(crate) fn lastfmstats_csv(plays: &[Play]) -> Vec<u8> {
    delimited("Artist;Album;AlbumId;Track;Date#me\n", plays, ';', |play| {
        let at = play.started().as_millisecond().to_string();
        vec![play.artist.to_owned(), play.album(), String::new(), play.title.to_owned(), at]
    })
}

pub(crate) fn librefm(plays: &[Play]) -> Vec<u8> {
    let header = "# Data export from Libre.fm,,,\nTime,Artist,Track,Album\n";
    delimited(header, plays, ',', |play| {
        let at = play.started().as_second().to_string();
        vec![at, play.artist.to_owned(), play.title.to_owned(), play.album()]
    })
}

pub(crate) fn rockbox(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        let (artist, album, title) = (play.artist, play.album(), play.title);
        let (length_s, at) = (play.length_s, play.started().as_second());
        format!("{artist}\t{album}\t{title}\t1\t{length_s}\tL\t{at}\t\n")
    };
    let header = "#AUDIOSCROBBLER/1.1\n#TZ/UTC\n#CLIENT/Rockbox\n".to_owned();
    (header + &plays.iter().map(row).collect::<String>()).into_bytes()
}

pub(crate) fn jellyfin(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        let at = formatted(Stamp::TwentySecondsIn.of(play), "%Y-%m-%d %H:%M:%S.0000000");
        let (artist, title, album, heard_s) = (play.artist, play.title, play.album(), play.heard_s);
        let (user, item) = ("a".repeat(32), format!("{:032x}", play.song));
        format!(
            "{at}\t{user}\t{item}\tAudio\t{artist} - {title} ({album})\tDirectPlay\tWeb\tx\t\
             {heard_s}\n"
        )
    };
    plays.iter().map(row).collect::<String>().into_bytes()
}

pub(crate) fn table(plays: &[Play], by: char) -> Vec<u8> {
    let header = "artist_name,track_name,album_name,played_at,ms_played\n";
    delimited(&header.replace(',', &by.to_string()), plays, by, |play| {
        vec![
            play.artist.to_owned(),
            play.title.to_owned(),
            play.album(),
            play.started().to_string(),
            play.heard_ms().to_string(),
        ]
    })
}

pub(crate) fn days(plays: &[Play]) -> Vec<u8> {
    delimited("artist,title,date\n", plays, ',', |play| {
        let day = formatted(play.started(), "%Y-%m-%d");
        vec![play.artist.to_owned(), play.title.to_owned(), day]
    })
}
