//! Lists of a listener as playlists of a server: which songs there they are.

use std::collections::BTreeMap;

use jiff::Zoned;
use rustc_hash::FxHashMap;
use segue_core::TrackId;
use segue_engine::{Catalogue, TrackIdx};
use segue_store::{ListName, RemotePlaylist, SavedList, ServerConnection};
use serde::Serialize;

use super::Service;
use crate::{Library, Result, Snapshot};

/// A list, in terms of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListToPush {
    /// What makes it, such as `today`.
    pub kind: String,
    /// What it is called, here and there.
    pub name: String,
    /// The playlist there that holds it, or an earlier edition; `None` where there is none yet.
    pub playlist: Option<String>,
    /// The songs there, in playing order.
    pub songs: Vec<String>,
    /// How many tracks of the list are not there in any version.
    pub missing: u64,
    /// Why there is no such list, as half a sentence in English.
    pub left_out: Option<String>,
}

impl Library {
    /// Makes the lists that are due, and tells which songs of a server they and the listener's own
    /// lists are. A track that is there in another version only is that version there.
    ///
    /// # Errors
    /// As [`Self::refresh_lists`].
    pub fn lists_to_push(
        &mut self,
        snapshot: &Snapshot,
        connection: &ServerConnection,
        when: &Zoned,
    ) -> Result<Vec<ListToPush>> {
        let refreshed = self.refresh_lists(snapshot, &connection.listener, when)?;
        let there = OnServer::new(self, snapshot, connection)?;
        let mut lists = Vec::new();
        for one in refreshed {
            lists.push(match one.list {
                Some(list) => there.list(self, &list)?,
                None => ListToPush {
                    left_out: one.left_out,
                    ..there.empty(&one.name.kind, &one.name.name)
                },
            });
        }
        let own = self.store().lists(&connection.listener)?.into_iter();
        for list in own.filter(|list| list.name.kind == ListName::OWN) {
            lists.push(there.list(self, &list)?);
        }
        Ok(lists)
    }

    /// Notes which playlist of a server holds lists of a name.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn note_playlist(
        &mut self,
        connection: &ServerConnection,
        list: &ListToPush,
        playlist: &str,
    ) -> Result<()> {
        let (kind, name) = (list.kind.clone(), list.name.clone());
        let playlist = RemotePlaylist { kind, name, remote: playlist.to_owned() };
        Ok(self.store_mut().note_playlist(&connection.name, &playlist)?)
    }
}

/// The tracks that are known to be MusicBrainz recordings, with their ids.
fn recordings(catalogue: &Catalogue) -> impl Iterator<Item = (TrackId, String)> {
    let tracks = (0..catalogue.len() as u32).map(|row| catalogue.track(TrackIdx(row)));
    tracks.filter_map(|track| Some((track.id.clone(), track.recording_mbid.clone()?)))
}

/// What is on a server.
struct OnServer<'s> {
    catalogue: &'s Catalogue,
    /// The song of each track; the first by its id where there are several.
    songs: FxHashMap<TrackId, String>,
    playlists: BTreeMap<(String, String), String>,
}

impl<'s> OnServer<'s> {
    fn new(
        library: &Library,
        snapshot: &'s Snapshot,
        connection: &ServerConnection,
    ) -> Result<Self> {
        let (store, name) = (library.store(), &connection.name);
        let mut songs = FxHashMap::default();
        match Service::of(connection)? {
            // They come in the order of their ids.
            Service::Subsonic => store.remote_tracks(name)?.into_iter().for_each(|song| {
                songs.entry(song.track).or_insert(song.remote);
            }),
            Service::ListenBrainz => songs.extend(recordings(&snapshot.catalogue)),
        }
        let ours = store.remote_playlists(name)?.into_iter();
        let playlists = ours.map(|one| ((one.kind, one.name), one.remote)).collect();
        Ok(Self { catalogue: &snapshot.catalogue, songs, playlists })
    }

    fn list(&self, library: &Library, list: &SavedList) -> Result<ListToPush> {
        let mix = library.store().impression(list.impression)?;
        let picks = mix.map(|mix| mix.slate.picks).unwrap_or_default();
        let songs: Vec<String> =
            picks.iter().filter_map(|pick| self.song(&pick.track)).cloned().collect();
        let missing = (picks.len() - songs.len()) as u64;
        let empty = self.empty(&list.name.kind, &list.name.name);
        Ok(ListToPush { songs, missing, ..empty })
    }

    fn empty(&self, kind: &str, name: &str) -> ListToPush {
        let (kind, name) = (kind.to_owned(), name.to_owned());
        let playlist = self.playlists.get(&(kind.clone(), name.clone())).cloned();
        ListToPush { kind, name, playlist, songs: Vec::new(), missing: 0, left_out: None }
    }

    /// The song that a track is, or another version of it.
    fn song(&self, track: &TrackId) -> Option<&String> {
        if let Some(song) = self.songs.get(track) {
            return Some(song);
        }
        let row = self.catalogue.find(track)?;
        let wanted = self.catalogue.track(row).version;
        let difference = |row: &TrackIdx| {
            let version = self.catalogue.track(*row).version;
            (version != wanted, version, *row)
        };
        let mut versions = self.catalogue.versions(self.catalogue.work(row)).to_vec();
        versions.sort_by_key(difference);
        versions.iter().find_map(|row| self.songs.get(&self.catalogue.track(*row).id))
    }
}
