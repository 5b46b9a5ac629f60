//! `spotify:track:` URIs, one a line. Pasted into a playlist of Spotify's desktop application they
//! become its tracks; no programming interface and no account of ours is involved. Tracks without
//! such a URI are left out and counted.

use super::content::{Playlist, Rendered};
use super::place::spotify_uri;

pub(super) fn render(playlist: &Playlist<'_>) -> Rendered {
    let uris: Vec<&str> =
        playlist.entries.iter().filter_map(|entry| spotify_uri(entry.track)).collect();
    let left_out = playlist.entries.len() - uris.len();
    let text = uris.into_iter().flat_map(|uri| [uri, "\n"]).collect();
    Rendered { text, left_out, by_name: 0 }
}
