//! Playlists: those of the user, and those that are put there.

use std::collections::HashSet;

use super::Subsonic;
use super::answer::{list, number, text};
use crate::{ConnectError, Result};

/// What the comment of a playlist begins with that Segue made.
const COMMENT: &str = "Made by Segue";

/// A playlist on a server, without its songs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPlaylist {
    /// What the server calls it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How many songs are on it.
    pub songs: u64,
    /// Whether its comment says that Segue made it, from this library or from another one.
    pub is_ours: bool,
}

impl Subsonic {
    /// The user's own playlists. Those that others share are left out.
    ///
    /// # Errors
    /// Why the server could not be asked.
    pub fn playlists(&self) -> Result<Vec<ServerPlaylist>> {
        let answer = self.ask("getPlaylists", &[])?;
        let playlists = list(&answer["playlists"], "playlist").iter();
        let is_own = |owner: String| owner.eq_ignore_ascii_case(self.user());
        let own = playlists.filter(|one| text(one, "owner").is_none_or(is_own));
        let playlist = |one: &serde_json::Value| {
            let songs = number(one, "songCount").unwrap_or_default() as u64;
            let name = text(one, "name").unwrap_or_default();
            let is_ours = text(one, "comment").is_some_and(|said| said.starts_with(COMMENT));
            Some(ServerPlaylist { id: text(one, "id")?, name, songs, is_ours })
        };
        Ok(own.filter_map(playlist).collect())
    }

    /// The ids of the songs on a playlist, in order.
    ///
    /// # Errors
    /// [`ConnectError::NotFound`], or why the server could not be asked.
    pub fn playlist_songs(&self, id: &str) -> Result<Vec<String>> {
        let answer = self.ask("getPlaylist", &[("id", id)])?;
        Ok(list(&answer["playlist"], "entry").iter().filter_map(|one| text(one, "id")).collect())
    }

    /// Makes a playlist of songs and returns its id. One of the same name that is there stays as it
    /// is. Its comment says who made it, on servers that keep one, so that no library takes what
    /// was put there for what the user chose.
    ///
    /// # Errors
    /// Why the server could not be asked, or did not make it.
    pub fn create_playlist(&self, name: &str, songs: &[String]) -> Result<String> {
        let before: HashSet<String> = self.playlists()?.into_iter().map(|one| one.id).collect();
        let mut fields = vec![("name", name)];
        fields.extend(songs.iter().map(|id| ("songId", id.as_str())));
        let answer = self.ask("createPlaylist", &fields)?;
        let id = match text(&answer["playlist"], "id") {
            Some(id) => id,
            None => self.made_since(&before)?,
        };
        match self.ask("updatePlaylist", &[("playlistId", &id), ("comment", COMMENT)]) {
            // It is there, if without a comment.
            Ok(_)
            | Err(
                ConnectError::Refused { .. }
                | ConnectError::NotFound { .. }
                | ConnectError::Status { .. },
            ) => Ok(id),
            Err(error) => Err(error),
        }
    }

    /// The playlist that was not there before: older servers do not say which they made.
    fn made_since(&self, before: &HashSet<String>) -> Result<String> {
        let made = self.playlists()?.into_iter().find(|one| !before.contains(&one.id));
        made.map(|one| one.id).ok_or_else(|| ConnectError::Unreadable {
            address: self.address.join("rest/createPlaylist.view"),
            problem: "the playlist that it says it made is not there".to_owned(),
        })
    }

    /// Removes a playlist.
    ///
    /// # Errors
    /// [`ConnectError::NotFound`], or why the server could not be asked.
    pub fn remove_playlist(&self, id: &str) -> Result<()> {
        self.ask("deletePlaylist", &[("id", id)]).map(drop)
    }

    /// Puts other songs on a playlist, in place of all that are on it. Its id and name stay.
    ///
    /// # Errors
    /// [`ConnectError::NotFound`], or why the server could not be asked.
    pub fn replace_playlist(&self, id: &str, songs: &[String]) -> Result<()> {
        let mut fields = vec![("playlistId", id)];
        fields.extend(songs.iter().map(|id| ("songId", id.as_str())));
        self.ask("createPlaylist", &fields).map(drop)
    }
}
