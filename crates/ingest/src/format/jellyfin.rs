//! Jellyfin and Emby: what their plugin "Playback Reporting" saves as a backup, tab-separated and
//! without a header, or gives as the answer to a query, with commas and one.
//!
//! The columns are the time (20 seconds into the play), the ids of the user and the item, the kind
//! of item, its name, the method, client and device, and the seconds played. The name of a piece of
//! music is `artists - title (album)`, with `Not Known` for what is missing.
//!
//! A server has several users. The one whose rows come first is taken for the listener whose import
//! it is. The others go by their ids, and the report says so.

use std::collections::BTreeSet;
use std::io::BufRead;

use csv::StringRecord;
use segue_core::{Listen, ListenerId, Record, Source};

use super::{Format, Head};
use crate::identity::named_track;
use crate::input::read_error;
use crate::table::values::{self, moment};
use crate::table::{Delimited, first_line, head_records, not_blank};
use crate::{Context, DropReason, IngestError};

const COLUMNS: usize = 9;
/// What the plugin writes for an artist or an album that it does not know.
const UNKNOWN: &str = "Not Known";

/// The backup of Playback Reporting.
pub(crate) struct PlaybackReport;

impl Format for PlaybackReport {
    fn source(&self) -> Source {
        Source::Jellyfin
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        let Some(first) = head_records(head.text).next() else { return false };
        let cell = |position| first.get(position).unwrap_or("");
        let is_id =
            |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        first.len() == COLUMNS
            && (is_header(&first) || moment(cell(0)).is_some() && is_id(cell(1)) && is_id(cell(2)))
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        let beginning = input.fill_buf().map_err(|error| read_error(error, context.path(), 1))?;
        let is_backup = first_line(&String::from_utf8_lossy(beginning)).contains('\t');
        let mut table = match is_backup {
            true => Delimited::unquoted(input, b'\t'),
            false => Delimited::open(input, context)?,
        };
        let mut users = Users::default();
        while let Some(row) = table.next(context)? {
            if is_header(row) {
                continue;
            }
            match users.play(row, context) {
                Ok(record) => context.keep(record)?,
                Err(reason) => context.drop_row(reason),
            }
        }
        users.note_others(context);
        Ok(())
    }
}

fn is_header(row: &StringRecord) -> bool {
    row.get(0) == Some("DateCreated") && row.get(4) == Some("ItemName")
}

/// Whose rows there are.
#[derive(Default)]
struct Users {
    first: Option<String>,
    others: BTreeSet<String>,
}

impl Users {
    fn play(&mut self, row: &StringRecord, context: &Context<'_>) -> Result<Record, DropReason> {
        if row.len() != COLUMNS {
            return Err(DropReason::Malformed);
        }
        let cell = |position: usize| row.get(position).and_then(not_blank);
        match cell(3) {
            Some("Audio") => {}
            Some("AudioBook") => return Err(DropReason::Audiobook),
            Some("Movie" | "Episode" | "Video" | "MusicVideo" | "Trailer") => {
                return Err(DropReason::Video);
            }
            _ => return Err(DropReason::NotAPlay),
        }
        let at = cell(0).and_then(moment).ok_or(DropReason::BadTime)?;
        let ItemName { artist, title, album } = named(cell(4).ok_or(DropReason::NoTrack)?);
        let mut track = named_track(None, artist.map(str::to_owned).into_iter().collect(), title);
        track.album = album.map(str::to_owned);
        let listener = self.listener(cell(1).unwrap_or(""), context);
        let listen = Listen {
            ms_played: cell(8).and_then(values::seconds),
            device: cell(7).map(values::device_class).unwrap_or_default(),
            ..Listen::new(listener, track.id.clone(), at, Source::Jellyfin)
        };
        Ok(Record::Listen { listen, track })
    }

    fn listener(&mut self, user: &str, context: &Context<'_>) -> ListenerId {
        if self.first.get_or_insert_with(|| user.to_owned()) == user {
            return context.listener().clone();
        }
        if !self.others.contains(user) {
            self.others.insert(user.to_owned());
        }
        ListenerId::new(user)
    }

    fn note_others(&self, context: &mut Context<'_>) {
        let (Some(first), others @ 1..) = (&self.first, self.others.len()) else { return };
        let others = match others {
            1 => "1 other goes by its id".to_owned(),
            others => format!("{others} others go by their ids"),
        };
        let listener = context.listener().to_string();
        context.note(format!("user `{first}` is taken for `{listener}`; {others}"));
    }
}

/// What the name of a piece of music says.
#[derive(Debug, PartialEq)]
struct ItemName<'n> {
    artist: Option<&'n str>,
    title: &'n str,
    album: Option<&'n str>,
}

/// Takes `artists - title (album)` apart. Artists have fewer dashes than titles, and albums have
/// parentheses of their own.
fn named(name: &str) -> ItemName<'_> {
    let known = |text: &str| text != UNKNOWN;
    let (artist, rest) = match name.split_once(" - ") {
        Some((artist, rest)) => (not_blank(artist), rest),
        None => (None, name),
    };
    let (title, album) = match album_begins(rest) {
        Some(at) => (&rest[..at], not_blank(&rest[at + 1..rest.len() - 1])),
        None => (rest, None),
    };
    let artist = artist.filter(|artist| known(artist));
    ItemName { artist, title: title.trim(), album: album.filter(|album| known(album)) }
}

/// Where the parenthesis opens that closes at the end; `None` for a name that would have no title.
fn album_begins(name: &str) -> Option<usize> {
    name.strip_suffix(')')?;
    let mut open = 0_u32;
    for (at, character) in name.char_indices().rev() {
        match character {
            ')' => open += 1,
            '(' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return (!name[..at].trim().is_empty()).then_some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{read, recognises, try_read};
    use proptest::prelude::*;

    const ANN: &str = "0123456789abcdef0123456789abcdef";
    const BOB: &str = "fedcba9876543210fedcba9876543210";

    fn row(at: &str, user: &str, kind: &str, name: &str) -> String {
        let item = "00112233445566778899aabbccddeeff";
        format!("{at}\t{user}\t{item}\t{kind}\t{name}\tDirectPlay\tWeb\tFirefox\t187\n")
    }

    #[test]
    fn a_backup_names_its_music_in_one_cell() {
        let text =
            row(
                "2024-06-13 13:19:12.7350000",
                ANN,
                "Audio",
                "Vera - \"Tide (Live) (Harbour (2019))",
            ) + &row("2024-06-13 13:30:00.0000000", ANN, "Audio", "Not Known - Ebb (Not Known)")
                + &row("2024-06-13 14:00:00.0000000", ANN, "Movie", "A Film")
                + &row("someday", ANN, "Audio", "Vera - Ebb (Harbour)");
        assert!(recognises(&PlaybackReport, &text));
        let (report, records) = read(&PlaybackReport, &text);
        let dropped: Vec<_> = report.dropped.into_iter().collect();
        assert_eq!(dropped, [(DropReason::Video, 1), (DropReason::BadTime, 1)]);
        assert_eq!(report.note, None);
        let listen = records.listens()[0];
        let [first, second] = records.tracks()[..] else { panic!("{:?}", records.0) };
        assert_eq!(listen.at.unwrap().to_string(), "2024-06-13T13:19:12.735Z");
        assert_eq!((listen.listener.as_str(), listen.ms_played), ("me", Some(187_000)));
        assert_eq!(
            (first.artist(), first.title.as_str(), first.album.as_deref()),
            (Some("Vera"), "\"Tide (Live)", Some("Harbour (2019)"))
        );
        assert_eq!(
            (second.artist(), second.title.as_str(), second.album.as_deref()),
            (None, "Ebb", None)
        );
    }

    #[test]
    fn users_stay_apart() {
        let name = "Vera - Tide (Harbour)";
        let rows: String = [ANN, BOB, ANN]
            .iter()
            .zip(["10:00", "11:00", "12:00"])
            .map(|(user, time)| row(&format!("2024-06-13 {time}:00.0000000"), user, "Audio", name))
            .collect();
        let (report, records) = read(&PlaybackReport, &rows);
        let whose: Vec<_> = records.listens().iter().map(|l| l.listener.to_string()).collect();
        assert_eq!(whose, ["me", BOB, "me"]);
        let note = report.note.unwrap();
        assert!(note.contains(ANN) && note.contains("; 1 other goes by its id"), "{note}");
    }

    #[test]
    fn the_answer_to_a_query_is_read_too() {
        let text = "DateCreated,UserId,ItemId,ItemType,ItemName,PlaybackMethod,ClientName,\
                    DeviceName,PlayDuration\n2024-06-13 13:19:12,u,i,Audio,\"Vera, Tom - Tide \
                    (Harbour)\",DirectPlay,Web,Firefox,187\n";
        assert!(recognises(&PlaybackReport, text));
        let (report, records) = read(&PlaybackReport, text);
        assert_eq!((report.rows_read, report.listens), (1, 1));
        assert_eq!(records.tracks()[0].title, "Tide");
        for other in ["a,b,c,d,e,f,g,h,i\n", "2024-06-13\tb\tc\td\te\tf\tg\th\ti\n", ""] {
            assert!(!recognises(&PlaybackReport, other), "{other}");
        }
    }

    #[test]
    fn names_without_an_artist_or_an_album_are_titles() {
        let apart = |name| {
            let ItemName { artist, title, album } = named(name);
            (artist, title, album)
        };
        assert_eq!(apart("Tide"), (None, "Tide", None));
        assert_eq!(apart("Vera - Tide"), (Some("Vera"), "Tide", None));
        assert_eq!(apart("Vera - (Tide)"), (Some("Vera"), "(Tide)", None));
        assert_eq!(apart("V - T - Live (A)"), (Some("V"), "T - Live", Some("A")));
        assert_eq!(apart("V - T) (A)"), (Some("V"), "T)", Some("A")));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_adds_up(
            text in "(DateCreated\t)?([\\PC()\"]{0,8}\t?| - |Audio\t|2024-06-13\t|\n){0,80}",
        ) {
            let _ = try_read(&PlaybackReport, &text);
        }
    }
}
