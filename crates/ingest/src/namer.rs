//! Tracks from names, remembered: a history names the same songs again and again, and reading a
//! title costs more than looking it up.

use rustc_hash::FxHashMap;
use segue_core::{Track, TrackId, Version, WorkId};

use crate::identity::{credited, track_id_from_names, work_of};

/// Names remembered before all are forgotten, which bounds memory to some 20 MB.
const MOST_NAMES: usize = 50_000;
/// Longest name that is remembered, in bytes; longer ones are rare.
const LONGEST_NAME: usize = 300;

/// What the names of a track mean.
#[derive(Default)]
pub(crate) struct Namer {
    known: FxHashMap<String, (Vec<String>, WorkId, Version)>,
    ids: FxHashMap<String, TrackId>,
    key: String,
}

impl Namer {
    /// A track by `artists`, the main one first. Without an `id` it gets one made from its names.
    pub(crate) fn track<'t>(
        &mut self,
        id: Option<TrackId>,
        artists: impl IntoIterator<Item = &'t str>,
        title: &str,
    ) -> Track {
        let named: Vec<&str> = artists.into_iter().collect();
        self.key.clear();
        for artist in &named {
            self.key.push_str(artist);
            self.key.push('\n');
        }
        self.key.push_str(title);
        let (artists, work, version) = remember(&mut self.known, &self.key, || {
            let artists = credited(named);
            let (work, version) = work_of(artists.first().map(String::as_str), title);
            (artists, work, version)
        });
        let artist = artists.first().map(String::as_str);
        let id = id.unwrap_or_else(|| {
            remember(&mut self.ids, &self.key, || track_id_from_names(artist, title))
        });
        Track { artists, version, ..Track::new(id, work, title) }
    }
}

fn remember<T: Clone>(known: &mut FxHashMap<String, T>, key: &str, make: impl FnOnce() -> T) -> T {
    if key.len() > LONGEST_NAME {
        return make();
    }
    if let Some(value) = known.get(key) {
        return value.clone();
    }
    if known.len() >= MOST_NAMES {
        known.clear();
    }
    let value = make();
    known.insert(key.to_owned(), value.clone());
    value
}
