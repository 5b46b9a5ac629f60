//! Listens as JSON, one object a line.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::listens::{ListenPiece, Row};
use super::report::{DumpDropReason, DumpMemberReport};
use super::unpack::read_failed;
use crate::Result;

/// Longest line that is read. A listen with everything that players send has some 4 KiB.
const LONGEST_LINE: usize = 1 << 20;

/// Reads listens line by line. Returns why the member is broken, if it is: where the input breaks
/// off, or holds bytes that no text has. `path` names the file in errors of the system.
pub(super) fn read_lines(
    path: &Path,
    input: &mut dyn BufRead,
    piece: &mut dyn ListenPiece,
    report: &mut DumpMemberReport,
) -> Result<Option<String>> {
    let mut line = Vec::new();
    let mut number = 0u64;
    loop {
        number += 1;
        let end = match read_line(input, &mut line) {
            Ok(None) => return Ok(None),
            Ok(Some(end)) => end,
            Err(error) => return read_failed(path, error).map(|why| Some(at(number, &why))),
        };
        if line.contains(&0) {
            return Ok(Some(at(number, "it holds zeros, which no text does: it is damaged")));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        if end == LineEnd::TooLong {
            report.drop_row(DumpDropReason::TooLong);
            continue;
        }
        match serde_json::from_slice::<Line<'_>>(&line) {
            Ok(found) => found.row().take(piece, report)?,
            Err(_) if end == LineEnd::OfInput => {
                return Ok(Some(at(number, "it ends in the middle of a line: it is cut off")));
            }
            Err(_) => report.drop_row(DumpDropReason::Unreadable),
        }
    }
}

fn at(line: u64, why: &str) -> String {
    format!("line {line}: {why}")
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnd {
    Newline,
    OfInput,
    /// What is beyond the limit was passed over.
    TooLong,
}

/// Reads a line without its end into `line`; `None` at the end of the input.
fn read_line(input: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Option<LineEnd>> {
    line.clear();
    let read = input.take(LONGEST_LINE as u64 + 1).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(LineEnd::Newline));
    }
    if read <= LONGEST_LINE {
        return Ok((read > 0).then_some(LineEnd::OfInput));
    }
    input.skip_until(b'\n')?;
    Ok(Some(LineEnd::TooLong))
}

/// A line as far as it is read.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    user_id: Loose<'a>,
    #[serde(borrow, default)]
    timestamp: Loose<'a>,
    #[serde(borrow, default)]
    track_metadata: Option<TrackMetadata<'a>>,
}

#[derive(Default, Deserialize)]
struct TrackMetadata<'a> {
    #[serde(borrow, default)]
    artist_name: Loose<'a>,
    #[serde(borrow, default)]
    track_name: Loose<'a>,
    #[serde(borrow, default)]
    additional_info: Option<AdditionalInfo<'a>>,
}

/// What players add, each as it likes.
#[derive(Default, Deserialize)]
struct AdditionalInfo<'a> {
    #[serde(borrow, default)]
    recording_mbid: Loose<'a>,
    #[serde(borrow, default)]
    duration_ms: Loose<'a>,
    /// The same in seconds.
    #[serde(borrow, default)]
    duration: Loose<'a>,
}

impl Line<'_> {
    fn row(&self) -> Row<'_> {
        let track = self.track_metadata.as_ref();
        let more = track.and_then(|track| track.additional_info.as_ref());
        Row {
            user: self.user_id.integer(),
            at_s: self.timestamp.integer(),
            recording: more.and_then(|more| more.recording_mbid.text()),
            artist: track.and_then(|track| track.artist_name.text()),
            title: track.and_then(|track| track.track_name.text()),
            duration_ms: more.and_then(AdditionalInfo::milliseconds),
        }
    }
}

impl AdditionalInfo<'_> {
    fn milliseconds(&self) -> Option<u32> {
        let seconds = || Some(self.duration.number()? * 1000.0);
        let milliseconds = self.duration_ms.number().or_else(seconds)?;
        (milliseconds >= 1.0 && milliseconds <= f64::from(u32::MAX)).then_some(milliseconds as u32)
    }
}

/// A value that should be a text or a number, and is anything in some of a thousand million lines.
#[derive(Debug, Default, PartialEq)]
enum Loose<'a> {
    Text(Cow<'a, str>),
    Integer(i64),
    Number(f64),
    #[default]
    Other,
}

impl Loose<'_> {
    fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::Integer(number) => Some(*number as f64),
            Self::Number(number) => Some(*number),
            Self::Other => None,
        }
    }

    /// A whole number, or the one below: times may have a fraction.
    fn integer(&self) -> Option<i64> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self {
            Self::Integer(number) => Some(*number),
            _ => self.number().filter(|n| n.abs() <= EXACT).map(|n| n.floor() as i64),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> std::result::Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_i64<E>(self, number: i64) -> std::result::Result<Self::Value, E> {
        Ok(Loose::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> std::result::Result<Self::Value, E> {
        Ok(i64::try_from(number).map_or(Loose::Other, Loose::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> std::result::Result<Self::Value, E> {
        Ok(Loose::Number(number))
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<Self::Value, E> {
        Ok(Loose::Other)
    }

    fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
        Ok(Loose::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut items: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::Other)
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut items: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        while items.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose::Other)
    }
}
