//! Likes as a table: a row is a track and who likes it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Seek};
use std::path::Path;

use anyhow::{Context, Result, bail};
use segue_core::{AudioFeature, Track, TrackId};
use segue_ingest::identity::named_track;
use segue_ingest::parts::{RecordError, Utf8Reader, open_records, read_head};

/// The tracks of each listener, by name.
pub(super) type Groups = BTreeMap<String, Vec<TrackId>>;

/// Reads the tracks of a table, and the tracks of each of its listeners.
pub(super) fn read(path: &Path, listener: &str) -> Result<(Vec<Track>, Groups)> {
    let open = || -> io::Result<_> {
        let mut file = File::open(path)?;
        let head = read_head(&mut file)?;
        file.rewind()?;
        Ok(Utf8Reader::new(&head, BufReader::new(file)))
    };
    let ended = |error: RecordError| error.in_file(path);
    let text = open().with_context(|| format!("cannot open `{}`", path.display()))?;
    let mut records = open_records(text).map_err(ended)?;
    let header = records.read_next().map_err(ended)?.cloned().unwrap_or_default();
    records.expect_width(header.len());
    let headers: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
    let find = |names: &[&str]| {
        names.iter().find_map(|name| headers.iter().position(|header| header == name))
    };
    let Some(listener_column) = find(&[&listener.to_lowercase()]) else {
        bail!("`{}` has no column `{listener}`; it has {}", path.display(), headers.join(", "));
    };
    let columns = Columns {
        id: find(&["track_id", "id", "uri"]),
        title: find(&["track_name", "title", "name", "track"]),
        artist: find(&["track_artist", "artist", "artist_name", "artistname", "artists"]),
        album: find(&["track_album_name", "album", "album_name"]),
        year: find(&["year", "track_album_release_date", "release_date"]),
        popularity: find(&["track_popularity", "popularity"]),
        features: AudioFeature::ALL.map(|feature| find(&[feature.name()])),
    };
    let mut tracks = Vec::new();
    let mut groups = Groups::new();
    while let Some(row) = records.read_next().map_err(ended)? {
        if row.len() != headers.len() {
            let (found, width, path) = (row.len(), headers.len(), path.display());
            bail!("`{path}`, line {}: {found} cells under a header of {width}", records.line());
        }
        let Some(track) = columns.track(row) else { continue };
        let name = row.get(listener_column).unwrap_or("").trim();
        if !name.is_empty() {
            groups.entry(name.to_owned()).or_default().push(track.id.clone());
            tracks.push(track);
        }
    }
    Ok((tracks, groups))
}

/// Where a table keeps what is known of a track.
struct Columns {
    id: Option<usize>,
    title: Option<usize>,
    artist: Option<usize>,
    album: Option<usize>,
    year: Option<usize>,
    popularity: Option<usize>,
    features: [Option<usize>; AudioFeature::COUNT],
}

impl Columns {
    fn track(&self, row: &csv::StringRecord) -> Option<Track> {
        let text = |column: Option<usize>| {
            row.get(column?).map(str::trim).filter(|text| !text.is_empty() && *text != "NA")
        };
        let id = text(self.id).map(TrackId::new);
        let title = text(self.title);
        if id.is_none() && title.is_none() {
            return None;
        }
        let artists = text(self.artist).map(str::to_owned).into_iter().collect();
        let mut track = named_track(id, artists, title.unwrap_or(""));
        track.album = text(self.album).map(str::to_owned);
        track.year = text(self.year).and_then(|date| date.get(..4)?.parse().ok());
        track.popularity = text(self.popularity)
            .and_then(|value| value.parse().ok())
            .map(|percent: f32| percent / 100.0);
        for (feature, column) in AudioFeature::ALL.into_iter().zip(self.features) {
            if let Some(value) = text(column).and_then(|value| value.parse().ok()) {
                track.features.set(feature, value);
            }
        }
        Some(track)
    }
}
