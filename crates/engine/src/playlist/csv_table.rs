//! A table with a header and a row per track (RFC 4180), for spreadsheets and scripts.
//!
//! A spreadsheet runs a cell that starts with `=`, `+`, `-` or `@` as a formula, and titles come
//! from the world: such text gets an apostrophe in front, as OWASP recommends. That changes a few
//! real titles ("+1"), which the apostrophe shows; a song that opens a browser when a table is
//! opened is the worse fault. Numbers are ours and stay as they are.

use super::content::{Playlist, PlaylistEntry, Rendered, credit, one_line};
use super::place::location_uri;
use crate::mix::sentence::sentence;

const HEADER: [&str; 11] = [
    "position",
    "title",
    "artists",
    "album",
    "location",
    "isrc",
    "recording_mbid",
    "duration_ms",
    "new_to_listener",
    "likability",
    "reason",
];

pub(super) fn render(playlist: &Playlist<'_>) -> Rendered {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).expect("writing to memory cannot fail");
    for (position, entry) in playlist.entries.iter().enumerate() {
        writer.write_record(row(position + 1, entry)).expect("every row has the header's columns");
    }
    let bytes = writer.into_inner().expect("writing to memory cannot fail");
    let text = String::from_utf8(bytes).expect("only text was written");
    let is_by_name = |entry: &&PlaylistEntry<'_>| location_uri(entry.track).is_none();
    Rendered { text, left_out: 0, by_name: playlist.entries.iter().filter(is_by_name).count() }
}

fn row(position: usize, entry: &PlaylistEntry<'_>) -> [String; HEADER.len()] {
    let track = entry.track;
    let cell = |text: Option<&str>| text.map(|text| defused(one_line(text))).unwrap_or_default();
    [
        position.to_string(),
        cell(Some(&track.display_title())),
        cell(credit(track).as_deref()),
        cell(track.album.as_deref()),
        cell(location_uri(track).as_deref()),
        cell(track.isrc.as_deref()),
        cell(track.recording_mbid.as_deref()),
        track.duration_ms().map(|ms| ms.to_string()).unwrap_or_default(),
        entry.pick.new_to_listener.to_string(),
        format!("{:.4}", entry.pick.likability),
        cell(Some(&sentence(&entry.pick.reason))),
    ]
}

/// Full-width forms are formulas too where a spreadsheet folds them, and leading white space may be
/// trimmed.
fn defused(text: String) -> String {
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if is_formula { format!("'{text}") } else { text }
}
