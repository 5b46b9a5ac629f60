//! Servers that a listener already has: what is there becomes tracks and feedback, and lists become
//! playlists there. Nothing here talks to anybody: whoever does hands in what a server said, and
//! takes out what it is to be told.

mod pushing;
mod reading;

pub use pushing::ListToPush;
pub use reading::{RemoteReading, TakenIn};

use segue_core::{Record, Secret, Timestamp, TrackId};
use segue_store::ServerConnection;

use crate::library::most_like;
use crate::sink::settle;
use crate::{Error, Library, Result};

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// OpenSubsonic: it has songs and playlists.
    Subsonic,
    /// The API of ListenBrainz: it has plays, and playlists of MusicBrainz recordings.
    ListenBrainz,
}

impl Service {
    /// A name for machines that does not change between versions.
    pub fn key(self) -> &'static str {
        match self {
            Self::Subsonic => "subsonic",
            Self::ListenBrainz => "listenbrainz",
        }
    }

    /// The service of a connection.
    ///
    /// # Errors
    /// [`Error::NewerConnection`] for one that this version does not know.
    pub fn of(connection: &ServerConnection) -> Result<Self> {
        let mut all = [Self::Subsonic, Self::ListenBrainz].into_iter();
        let newer = || Error::NewerConnection { name: connection.name.clone() };
        all.find(|one| one.key() == connection.service).ok_or_else(newer)
    }
}

impl Library {
    /// The connection of a name.
    ///
    /// # Errors
    /// [`Error::NoConnection`] where there is none at all, [`Error::UnknownConnection`] where none
    /// has the name.
    pub fn connection(&self, name: &str) -> Result<ServerConnection> {
        let mut connections = self.store().connections()?;
        if let Some(found) = connections.iter().position(|one| one.name == name) {
            return Ok(connections.swap_remove(found));
        }
        if connections.is_empty() {
            return Err(Error::NoConnection);
        }
        let like = most_like(name, connections.iter().map(|one| one.name.as_str()));
        Err(Error::UnknownConnection { name: name.to_owned(), like })
    }

    /// The tracks of which some version is on the server of a connection: what a mix for that
    /// server is to be made [within](crate::MixRequest::within).
    ///
    /// # Errors
    /// As [`Self::connection`].
    pub fn tracks_on(&self, name: &str) -> Result<Vec<TrackId>> {
        let name = self.connection(name)?.name;
        Ok(self.store().tracks_on(&name)?)
    }

    /// What opens a connection.
    ///
    /// # Errors
    /// [`Error::NoSecret`] where it is not kept here, as after a backup was restored.
    pub fn secret(&self, connection: &ServerConnection) -> Result<Secret> {
        let secret = self.store().secret(&connection.name)?;
        secret.ok_or_else(|| Error::NoSecret { name: connection.name.clone() })
    }

    /// Sets up a connection, or changes the one of that name. What opens it is kept in a file that
    /// only the owner of the library can read, and in no backup.
    ///
    /// # Errors
    /// When the name cannot be one, or the store cannot be written.
    pub fn connect(&mut self, connection: &ServerConnection, secret: &Secret) -> Result<()> {
        Ok(self.store_mut().connect(connection, secret)?)
    }

    /// Takes in plays that a server has of its listener, and notes that all up to a time are here.
    /// A play that is here already, from whichever source, is not counted again. Returns how many
    /// were new.
    ///
    /// # Errors
    /// When the store cannot be written, or the connection was removed meanwhile.
    pub fn take_in_listens(
        &mut self,
        connection: &ServerConnection,
        listens: &[Record],
        upto: Option<Timestamp>,
    ) -> Result<u64> {
        Ok(self.store_mut().take_in_listens(&connection.name, listens, upto)?)
    }

    /// Ends the pulling of plays: now that all are here, names that several artists share are
    /// parted.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn finish_pulling(&mut self, connection: &ServerConnection, at: Timestamp) -> Result<()> {
        self.store_mut().finish_reading(&connection.name, &[], at)?;
        settle(self.store_mut())?;
        Ok(())
    }

    /// Removes a connection, with what opens it and the tracks that only it brought. Playlists on
    /// the server stay, as does what was said and played there.
    ///
    /// # Errors
    /// As [`Self::connection`], and when the store cannot be written.
    pub fn disconnect(&mut self, name: &str) -> Result<()> {
        let name = self.connection(name)?.name;
        self.store_mut().disconnect(&name)?;
        Ok(())
    }
}
