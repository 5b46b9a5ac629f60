//! Libre.fm's CSV: comment lines, then a header with at least `Artist`, `Track` and `Time` in any
//! case and order, then one row a play, seconds since 1970.
//!
//! Where the comments begin with `+ACM-`, the export was written as UTF-7, in which that is `#`;
//! cells are then decoded.

use std::borrow::Cow;
use std::io::BufRead;

use csv::StringRecord;
use segue_core::{Listen, Record, Source};

use super::{Format, Head};
use crate::identity::named_track;
use crate::table::values::{mbid, moment};
use crate::table::{Delimited, Header, head_records, mbid_id};
use crate::{Context, DropReason, IngestError};

/// Records looked at to find the header; real exports have three comment lines.
const MOST_COMMENTS: usize = 32;

/// Libre.fm's CSV.
pub(crate) struct LibreFm;

impl Format for LibreFm {
    fn source(&self) -> Source {
        Source::LibreFm
    }

    /// A table with columns that Libre.fm does not have comes from another program.
    fn recognises(&self, head: &Head<'_>) -> bool {
        let known = [
            "artist",
            "track",
            "album",
            "time",
            "trackmbid",
            "artistmbid",
            "albummbid",
            "track mbid",
            "artist mbid",
            "album mbid",
            "",
        ];
        let mut headers =
            head_records(head.text).take(MOST_COMMENTS).map(|record| Header::new(&record));
        headers.find(is_header).is_some_and(|header| header.has_only(&known))
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        let mut table = Delimited::open(input, context)?;
        let mut is_utf7 = false;
        for _ in 0..MOST_COMMENTS {
            let Some(record) = table.next(context)? else { break };
            let header = Header::new(record);
            if is_header(&header) {
                table.expect_width(header.width());
                return take_rows(table, &header, is_utf7, context);
            }
            is_utf7 |= record.get(0).is_some_and(|cell| cell.starts_with("+ACM-"));
        }
        Err(context.malformed(
            table.line(),
            "expected a header with `artist`, `track` and `time`, found none",
        ))
    }
}

fn is_header(header: &Header) -> bool {
    header.has(&["artist", "track", "time"])
}

fn take_rows(
    mut table: Delimited<'_>,
    header: &Header,
    is_utf7: bool,
    context: &mut Context<'_>,
) -> Result<(), IngestError> {
    while let Some(row) = table.next(context)? {
        match is_utf7 {
            true => take(header, &row.iter().map(decode_utf7).collect(), context)?,
            false => take(header, row, context)?,
        }
    }
    Ok(())
}

fn take(header: &Header, row: &StringRecord, context: &mut Context<'_>) -> Result<(), IngestError> {
    let artist = header.text(row, &["artist"]);
    let reason = match (header.text(row, &["track"]), header.cell(row, &["time"]).and_then(moment))
    {
        (Some(title), Some(at)) => {
            let recording_mbid = header.cell(row, &["trackmbid", "track mbid"]).and_then(mbid);
            let id = recording_mbid.as_deref().map(mbid_id);
            let mut track = named_track(id, artist.map(str::to_owned).into_iter().collect(), title);
            track.album = header.text(row, &["album"]).map(str::to_owned);
            track.recording_mbid = recording_mbid;
            let listen =
                Listen::new(context.listener().clone(), track.id.clone(), at, Source::LibreFm);
            return context.keep(Record::Listen { listen, track });
        }
        (None, _) if artist.is_some() => DropReason::NoTitle,
        (None, _) => DropReason::NoTrack,
        (Some(_), None) => DropReason::BadTime,
    };
    context.drop_row(reason);
    Ok(())
}

/// Decodes UTF-7 (RFC 2152): `+` and base64 hold UTF-16, up to the first other character, of which
/// a `-` is left out; `+-` is a plus. What is no valid sequence stays as it is.
fn decode_utf7(text: &str) -> Cow<'_, str> {
    if !text.contains('+') {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('+') {
        decoded.push_str(before);
        let end = after.find(|c| base64_value(c).is_none()).unwrap_or(after.len());
        let (sequence, behind) = after.split_at(end);
        let behind_hyphen = behind.strip_prefix('-');
        rest = match (decode_utf16(sequence), behind_hyphen) {
            (Some(text), _) if !text.is_empty() => {
                decoded.push_str(&text);
                behind_hyphen.unwrap_or(behind)
            }
            (Some(_), Some(behind)) => {
                decoded.push('+');
                behind
            }
            _ => {
                decoded.push('+');
                after
            }
        };
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// The text of a base64 sequence of UTF-16 units; `None` where it is not one.
fn decode_utf16(sequence: &str) -> Option<String> {
    let mut units = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for c in sequence.chars() {
        let value = base64_value(c)?;
        bits = (bits << 6) | value;
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push((bits >> count) as u16);
            bits &= (1 << count) - 1;
        }
    }
    (bits == 0 && count < 6).then(|| String::from_utf16(&units).ok())?
}

fn base64_value(c: char) -> Option<u32> {
    match c {
        'A'..='Z' => Some(c as u32 - 'A' as u32),
        'a'..='z' => Some(c as u32 - 'a' as u32 + 26),
        '0'..='9' => Some(c as u32 - '0' as u32 + 52),
        '+' => Some(62),
        '/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{fixture, read, real_text, recognises, try_read};
    use proptest::prelude::*;

    #[test]
    fn the_header_is_found_behind_comments_in_any_case_and_order() {
        assert!(recognises(&LibreFm, &fixture("librefm.csv")));
        let (report, records) = read(&LibreFm, &fixture("librefm.csv"));
        let tracks: Vec<_> = records
            .tracks()
            .iter()
            .map(|t| (t.artist(), t.title.as_str(), t.album.as_deref()))
            .collect();
        let expected = [
            (Some("Anna Ash"), "First Song", Some("Leaves")),
            (Some("Anna Ash"), "A + B", None),
            (None, "Somebody's Song", None),
        ];
        assert_eq!(tracks, expected);
        assert_eq!(records.listens()[0].at.unwrap().to_string(), "2024-01-01T00:00:00Z");
        assert_eq!(report.rows_read, 6, "comments and header are no rows");
        let dropped: Vec<_> = report.dropped.into_iter().collect();
        assert_eq!(
            dropped,
            [(DropReason::NoTitle, 1), (DropReason::BadTime, 1), (DropReason::Malformed, 1)]
        );
    }

    #[test]
    fn utf7_is_decoded_where_the_comments_are_in_it() {
        let (_, records) = read(&LibreFm, &fixture("librefm_utf7.csv"));
        let tracks: Vec<_> = records
            .tracks()
            .iter()
            .map(|t| (t.artist(), t.title.as_str(), t.album.as_deref()))
            .collect();
        let expected =
            [(Some("Beyoncé"), "Déjà Vu", Some("1+1")), (Some("Love + Hate"), "A+B-Sides", None)];
        assert_eq!(tracks, expected);
    }

    #[test]
    fn a_file_without_the_header_is_an_error() {
        let (result, _) = try_read(&LibreFm, "# a\n# b\n");
        assert!(matches!(result, Err(IngestError::Malformed { .. })), "{result:?}");
    }

    #[test]
    fn tables_that_know_more_are_not_of_librefm() {
        assert!(!recognises(&LibreFm, "artist,track,time,ms_played\n"));
        assert!(recognises(&LibreFm, "artist,track,time\n"));
    }

    #[test]
    fn the_real_export_is_read_whole() {
        let Some(text) = real_text("export_fixtures/listenbrainz/librefm.csv") else { return };
        assert!(recognises(&LibreFm, &text));
        let (report, records) = read(&LibreFm, &text);
        assert_eq!((report.rows_read, report.listens), (3, 3));
        let last = records.tracks()[2];
        assert_eq!(last.album.as_deref(), Some("(What's the Story) Morning Glory?"));
        assert_eq!(records.listens()[0].at.unwrap().as_second(), 1_690_347_960);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_adds_up(
            text in "(\\+ACM- x\n)?artist,track,album,time\n([\\PC\",;\n+A-]{0,20},?){0,40}",
        ) {
            let _ = try_read(&LibreFm, &text);
        }

        #[test]
        fn utf7_decodes_what_was_encoded(text in "[a-zäé +✓𝄞-]{0,12}") {
            let encoded = encode_utf7(&text);
            prop_assert_eq!(decode_utf7(&encoded), text.as_str());
        }
    }

    fn encode_utf7(text: &str) -> String {
        let mut encoded = String::new();
        for c in text.chars() {
            match c {
                '+' => encoded.push_str("+-"),
                c if c.is_ascii() => encoded.push(c),
                c => encoded.push_str(&format!("+{}-", base64(c))),
            }
        }
        encoded
    }

    fn base64(c: char) -> String {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let bits: String =
            c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("{unit:016b}")).collect();
        let sextets = bits
            .as_bytes()
            .chunks(6)
            .map(|chunk| format!("{:0<6}", std::str::from_utf8(chunk).unwrap()));
        sextets.map(|bits| char::from(LETTERS[usize::from_str_radix(&bits, 2).unwrap()])).collect()
    }
}
