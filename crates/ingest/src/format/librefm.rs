//! Libre.fm's CSV: comment lines, then a header with at least `Artist`, `Track` and `Time` in any case and order, then one
//! row a play, seconds since 1970.
//!
//! Where the comments begin with `+ACM-`, the export was written as UTF-7, in which that is `#`; cells are then decoded.

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

    /// A table that knows more than Libre.fm does is not of Libre.fm.
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
        let mut headers = head_records(head.text).take(MOST_COMMENTS).map(|record| Header::new(&record));
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
        Err(context
            .malformed(table.line(), "expected a header with `artist`, `track` and `time`, found none"))
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
    let artist = header.cell(row, &["artist"]);
    let reason = match (header.cell(row, &["track"]), header.cell(row, &["time"]).and_then(moment)) {
        (Some(title), Some(at)) => {
            let recording_mbid = header.cell(row, &["trackmbid", "track mbid"]).and_then(mbid);
            let id = recording_mbid.as_deref().map(mbid_id);
            let mut track = named_track(id, artist.map(str::to_owned).into_iter().collect(), title);
            track.album = header.cell(row, &["album"]).map(str::to_owned);
            track.recording_mbid = recording_mbid;
            let listen = Listen::new(context.listener().clone(), track.id.clone(), at, Source::LibreFm);
            return context.keep(Record::Listen { listen, track });
        }
        (None, _) if artist.is_some() => DropReason::NoTitle,
        (None, _) => DropReason::NoTrack,
        (Some(_), None) => DropReason::BadTime,
    };
    context.drop_row(reason);
    Ok(())
}

/// Decodes UTF-7 (RFC 2152): `+…-` holds UTF-16 in base64, `+-` is a plus. What is no valid sequence stays as it is.
fn decode_utf7(text: &str) -> Cow<'_, str> {
    if !text.contains('+') {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('+') {
        decoded.push_str(before);
        let (sequence, behind) = after.split_once('-').unwrap_or((after, ""));
        match decode_utf16(sequence) {
            Some(characters) if after.len() > sequence.len() => {
                decoded.push_str(if sequence.is_empty() { "+" } else { &characters });
                rest = behind;
            }
            _ => {
                decoded.push('+');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// The text of a base64 sequence of UTF-16 units; `None` where it is not one.
fn decode_utf16(sequence: &str) -> Option<String> {
    let mut units = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for byte in sequence.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push((bits >> count) as u16);
            bits &= (1 << count) - 1;
        }
    }
    (bits == 0 && count < 6).then(|| String::from_utf16(&units).ok())?
}
