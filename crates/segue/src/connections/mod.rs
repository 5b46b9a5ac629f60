//! Servers that a listener already has: what is there becomes tracks and feedback, and lists become
//! playlists there. Nothing here talks to anybody: whoever does hands in what a server said, and
//! takes out what it is to be told.

mod pushing;
mod reading;

pub use pushing::ListToPush;
pub use reading::{RemoteReading, TakenIn};

use segue_core::{Secret, TrackId};
use segue_store::ServerConnection;

use crate::library::most_like;
use crate::{Error, Library, Result};

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

    /// The tracks of which some version is on the server of a connection: what a mix for that server
    /// is to be made [within](crate::MixRequest::within).
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
