//! Rockbox and other players without a network: `.scrobbler.log`, tab-separated, with the headers
//! `#AUDIOSCROBBLER/1.1` and `#TZ/UTC` or `#TZ/UNKNOWN`.
//!
//! The columns are artist, album, title, track number, length in seconds, rating, time and, since
//! 1.1, MusicBrainz id. The rating is `L` for a track that was listened to and `S` for one that was
//! skipped before its half.
//!
//! With `#TZ/UNKNOWN` times are those of the device's own clock. Nothing in the file says where it
//! was, so they are taken for UTC; a wrong guess moves a whole history by the same hours and leaves
//! its order.

use std::io::BufRead;

use csv::StringRecord;
use segue_core::{AudioFeature, Listen, Record, Source, Track};

use super::{Format, Head};
use crate::identity::named_track;
use crate::table::values::{self, mbid};
use crate::table::{Delimited, Unusable, mbid_id, not_blank};
use crate::{Context, DropReason, IngestError};

/// What players write for files without tags.
const UNTAGGED: &str = "<Untagged>";

/// `.scrobbler.log`.
pub(crate) struct Rockbox;

impl Format for Rockbox {
    fn source(&self) -> Source {
        Source::Rockbox
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        head.text.trim_start().starts_with("#AUDIOSCROBBLER/")
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        let mut table = Delimited::unquoted(input, b'\t');
        while let Some(row) = table.next(context)? {
            if !is_header(row) {
                take(row, context)?;
            }
        }
        Ok(())
    }
}

/// Headers stand alone in their line, but for the one that names the columns; an artist may begin
/// with `#` too.
fn is_header(row: &StringRecord) -> bool {
    let first = row.get(0).unwrap_or("");
    first.starts_with('#') && (row.len() < 7 || first.eq_ignore_ascii_case("#ARTIST"))
}

fn take(row: &StringRecord, context: &mut Context<'_>) -> Result<(), IngestError> {
    let mut unusable = Unusable::default();
    match read_row(row, context, &mut unusable) {
        Ok((listen, track)) => {
            unusable.report(context);
            context.keep(Record::Listen { listen, track })
        }
        Err(reason) => {
            context.drop_row(reason);
            Ok(())
        }
    }
}

fn read_row(
    row: &StringRecord,
    context: &Context<'_>,
    unusable: &mut Unusable,
) -> Result<(Listen, Track), DropReason> {
    if !(7..=8).contains(&row.len()) {
        return Err(DropReason::Malformed);
    }
    let cell =
        |position: usize| row.get(position).and_then(not_blank).filter(|&text| text != UNTAGGED);
    let artist = cell(0);
    let title =
        cell(2).ok_or(if artist.is_some() { DropReason::NoTitle } else { DropReason::NoTrack })?;
    let at = cell(6).and_then(values::moment).ok_or(DropReason::BadTime)?;
    let rating = cell(5).map(|rating| match rating {
        "L" => Some(false),
        "S" => Some(true),
        _ => None,
    });
    let mbid = cell(7).map(mbid);
    let id = mbid.iter().flatten().next().map(|mbid| mbid_id(mbid));
    let mut track = named_track(id, artist.map(str::to_owned).into_iter().collect(), title);
    track.album = cell(1).map(str::to_owned);
    let has_length = cell(4)
        .map(|length| values::seconds(length).is_some_and(|ms| set_duration(&mut track, ms)));
    for (field, is_usable) in [
        ("length", has_length),
        ("rating", rating.map(|r| r.is_some())),
        ("mbid", mbid.as_ref().map(Option::is_some)),
    ] {
        if is_usable == Some(false) {
            unusable.push(field);
        }
    }
    track.recording_mbid = mbid.flatten();
    let skipped = rating.flatten();
    let listen = Listen::new(context.listener().clone(), track.id.clone(), at, Source::Rockbox);
    Ok((Listen { skipped, ..listen }, track))
}

fn set_duration(track: &mut Track, ms: u32) -> bool {
    track.features.set(AudioFeature::DurationMs, ms as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{fixture, read, real_text, recognises, try_read};
    use proptest::prelude::*;

    #[test]
    fn ratings_say_what_was_skipped() {
        assert!(recognises(&Rockbox, &fixture("scrobbler.log")));
        let (report, records) = read(&Rockbox, &fixture("scrobbler.log"));
        let skipped: Vec<_> = records.listens().iter().map(|listen| listen.skipped).collect();
        assert_eq!(skipped, [Some(false), Some(true), None]);
        let [first, second, third] = records.tracks()[..] else { panic!("{:?}", records.0) };
        assert_eq!((first.title.as_str(), first.duration_ms()), ("First \"Song", Some(201_000)));
        assert_eq!(first.id.as_str(), "mbid:d5e4fb56-e457-4684-aa31-63ce70ee5a8c");
        assert_eq!(second.artist(), Some("#1 Dads"), "an artist may begin like a header");
        assert_eq!((third.artist(), third.title.as_str()), (None, "file.mp3"));
        let unusable: Vec<_> =
            report.unusable_values.iter().map(|(field, count)| (*field, *count)).collect();
        assert_eq!(unusable, [("length", 1), ("mbid", 1), ("rating", 1)]);
        let dropped: Vec<_> = report.dropped.into_iter().collect();
        assert_eq!(
            dropped,
            [(DropReason::NoTitle, 1), (DropReason::BadTime, 1), (DropReason::Malformed, 1)]
        );
    }

    #[test]
    fn the_real_log_is_read_whole() {
        let Some(text) = real_text("export_fixtures/listenbrainz/.scrobbler.log") else { return };
        assert!(recognises(&Rockbox, &text));
        let (report, records) = read(&Rockbox, &text);
        assert_eq!((report.rows_read, report.listens), (4, 4));
        let at: Vec<_> =
            records.listens().iter().map(|listen| listen.at.unwrap().as_second()).collect();
        assert_eq!(at, [1_577_836_800, 1_577_840_400, 1_577_844_000, 1_260_358_094]);
        let last = records.listens()[3];
        assert_eq!(last.skipped, Some(true));
        assert_eq!(report.unusable_values["mbid"], 1);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_adds_up(
            text in "(#AUDIOSCROBBLER/1.1\n)?([\\PC#\"]{0,8}\t?|[LS\n0-9]){0,80}",
        ) {
            let _ = try_read(&Rockbox, &text);
        }
    }
}
