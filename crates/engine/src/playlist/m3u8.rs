//! Extended M3U in UTF-8: `#EXTM3U`, then per track `#EXTINF:seconds,Artist - Title` and the line
//! to play.
//!
//! There is no standard; this is what players agree on. Seconds are whole, -1 where unknown. A
//! track without a place to play it from is left out and counted: an `#EXTINF` without a line to
//! play would name the next track.

use std::fmt::Write;

use super::content::{Playlist, Rendered, credit, one_line};
use super::place::location_line;

pub(super) fn render(playlist: &Playlist<'_>) -> Rendered {
    let mut text = format!("#EXTM3U\n#PLAYLIST:{}\n", playlist.title);
    let mut left_out = 0;
    for entry in &playlist.entries {
        let Some(line) = location_line(entry.track) else {
            left_out += 1;
            continue;
        };
        let seconds = entry.track.duration_ms().map_or(-1, |ms| (i64::from(ms) + 500) / 1_000);
        let title = one_line(&entry.track.display_title());
        let name = match credit(entry.track) {
            Some(artists) => format!("{artists} - {title}"),
            None => title,
        };
        writeln!(text, "#EXTINF:{seconds},{name}\n{line}")
            .expect("writing to a string cannot fail");
    }
    Rendered { text, left_out, by_name: 0 }
}
