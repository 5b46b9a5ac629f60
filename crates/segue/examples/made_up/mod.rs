//! Made-up listeners, written out as the files that a real one would bring: a Spotify extended
//! streaming history and a table of audio features.
//!
//! There are 16 artists with 5 songs each; every other artist is calm, the rest are loud. A
//! listener plays three songs of every artist: songs of the kind that they like to the end, again
//! and again, and skips the others after some seconds. The other two songs are there to be found.
#![allow(dead_code, reason = "each example and test uses its part")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use segue::{ImportOptions, Library, ListenerId, Timestamp};
use serde_json::json;

const SONGS: usize = 80;
const SONGS_OF_AN_ARTIST: usize = 5;
const DAY_S: i64 = 86_400;

/// What a listener likes.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Calm,
    Loud,
}

/// The kind of a song, by its number from 0.
pub(crate) fn kind(song: usize) -> Kind {
    if (song / SONGS_OF_AN_ARTIST).is_multiple_of(2) { Kind::Calm } else { Kind::Loud }
}

/// The identifier of a song, as Spotify writes it.
pub(crate) fn uri(song: usize) -> String {
    format!("spotify:track:{song:0>22}")
}

/// The number of the song of an identifier.
pub(crate) fn song(uri: &str) -> usize {
    uri.rsplit(':').next().and_then(|number| number.parse().ok()).expect("a made-up song")
}

fn title(song: usize) -> String {
    let mood = if kind(song) == Kind::Calm { "Slow" } else { "Fast" };
    format!("{mood} Song {song}")
}

fn artist(song: usize) -> String {
    format!("Artist {}", song / SONGS_OF_AN_ARTIST)
}

/// Writes the table of all songs, with their audio features.
pub(crate) fn write_tracks(folder: &Path) -> io::Result<PathBuf> {
    let mut table = "track_id,track_name,artist_name,danceability,energy,loudness,acousticness,\
                     valence,tempo,duration_ms\n"
        .to_owned();
    for song in 0..SONGS {
        let (energy, tempo) = if kind(song) == Kind::Calm { (0.2, 80) } else { (0.9, 150) };
        let vary = 0.01 * (song % 7) as f32;
        let (id, title, artist) = (uri(song), title(song), artist(song));
        let sound = [0.3 + energy / 2.0, energy - vary, energy * 20.0 - 25.0, 1.0 - energy, 0.5];
        write!(table, "{id},{title},{artist}").expect("text takes text");
        sound.iter().for_each(|value| {
            write!(table, ",{value:.3}").expect("text takes text");
        });
        writeln!(table, ",{},{}", tempo + song % 9, 200_000).expect("text takes text");
    }
    let path = folder.join("tracks.csv");
    fs::write(&path, table)?;
    Ok(path)
}

/// Writes the history of somebody who likes songs of a kind: about two months that end two days
/// before `now`.
pub(crate) fn write_history(folder: &Path, likes: Kind, now: Timestamp) -> io::Result<PathBuf> {
    let mut rows = Vec::new();
    for song in (0..SONGS).filter(|song| song % SONGS_OF_AN_ARTIST < 3) {
        let is_liked = kind(song) == likes;
        for time in 0..if is_liked { 5 } else { 2 } {
            let seconds = now.as_second() - (2 + 12 * time) * DAY_S - 400 * song as i64;
            let at = Timestamp::from_second(seconds).expect("a time of this century");
            rows.push(json!({
                "ts": at.to_string(),
                "ms_played": if is_liked { 200_000 } else { 6_000 },
                "master_metadata_track_name": title(song),
                "master_metadata_album_artist_name": artist(song),
                "master_metadata_album_album_name": format!("Album of {}", artist(song)),
                "spotify_track_uri": uri(song),
                "reason_start": "trackdone",
                "reason_end": if is_liked { "trackdone" } else { "fwdbtn" },
                "skipped": !is_liked,
                "incognito_mode": false,
            }));
        }
    }
    let path = folder.join("Streaming_History_Audio_2026_0.json");
    fs::write(&path, serde_json::to_vec(&rows)?)?;
    Ok(path)
}

/// A library with these listeners, not trained yet. The first likes calm songs, the second loud
/// ones, and so on.
pub(crate) fn library(
    folder: &Path,
    listeners: &[ListenerId],
    now: Timestamp,
) -> Result<Library, Box<dyn std::error::Error>> {
    let mut library = Library::open(folder.join("library"))?;
    let tracks = write_tracks(folder)?;
    for (number, listener) in listeners.iter().enumerate() {
        let likes = if number.is_multiple_of(2) { Kind::Calm } else { Kind::Loud };
        let own = folder.join(listener.as_str());
        fs::create_dir_all(&own)?;
        let history = write_history(&own, likes, now)?;
        let options = ImportOptions::new(listener.clone());
        library.import(&[&tracks, &history], &options, &mut ())?;
    }
    Ok(library)
}
