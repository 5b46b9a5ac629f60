//! Servers that the library is connected to: whose each is, what is there, and which playlist there
//! holds which lists. Passwords and keys are kept apart, in [a file of their own](crate::secrets).
//!
//! A connection that is set up again under its name goes on where it was, as long as it leads to
//! the same user of the same server; else it begins anew, because the ids of one server mean
//! nothing on another.

use rusqlite::{Connection, OptionalExtension, Row, params};
use rustc_hash::FxHashSet;
use segue_core::{FeedbackKind, ListenerId, Record, Secret, Timestamp, Track, TrackId};
use serde::Serialize;

use crate::batch::WriteBatch;
use crate::codes::{Coded, from_micros, to_micros};
use crate::forget::{check_fence, remove_unmentioned};
use crate::import::{ImportedFile, checkpoint};
use crate::keys::{Key, key};
use crate::names::NameWriter;
use crate::settle::rows_changed;
use crate::{Appended, Entry, Event, Result, Store, StoreError, secrets};

/// Longest account of a failure that is kept, in characters.
const LONGEST_FAILURE: usize = 500;
/// Longest name of a connection, in bytes.
const LONGEST_NAME: usize = 64;

const COLUMNS: &str = "SELECT connections.name, service, address, user, access, listeners.name, \
     lists_within, counts_plays, read_at, pushed_at, \
     (SELECT COUNT(*) FROM remote_tracks WHERE connection = connections.id), failed_at, failure \
     FROM connections JOIN listeners ON listeners.id = connections.listener";

/// A server that the library is connected to, in the name of one of its users and for one listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerConnection {
    /// What the connection is called here, such as `home`.
    pub name: String,
    /// What the server speaks, such as `subsonic`.
    pub service: String,
    /// Where it is: an address with its scheme and without any secret.
    pub address: String,
    /// The user there.
    pub user: String,
    /// How the user is made known to the server, such as `token`.
    pub access: String,
    /// Whose account it is.
    pub listener: ListenerId,
    /// Whether the lists of the listener are to hold only what is there.
    pub lists_within: bool,
    /// Whether plays that the server counted are taken in.
    pub counts_plays: bool,
    /// When its library was read last; `None` before it was read to its end for the first time.
    pub read_at: Option<Timestamp>,
    /// When lists were sent there last.
    pub pushed_at: Option<Timestamp>,
    /// How many songs are there.
    pub songs: u64,
    /// Why it could not be read or sent to last; `None` where it could.
    pub failure: Option<ConnectionFailure>,
}

/// What kept a server from being read, or lists from being sent to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionFailure {
    /// When that was.
    pub at: Timestamp,
    /// What was said of it, in a line.
    pub message: String,
}

/// What the store knows of a song on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteTrack {
    /// What the server calls it.
    pub remote: String,
    /// Its track in the catalogue.
    pub track: TrackId,
    /// What the user said of it there when it was read last.
    pub opinion: Option<FeedbackKind>,
    /// How many of the plays that the server counts have been taken in.
    pub plays: u32,
}

/// A song of a server that is to be taken in, with what follows from it.
#[derive(Clone, Debug)]
pub struct RemoteEntry {
    /// What the store is to know of it from now on; the track is that of `described`.
    pub remote: RemoteTrack,
    /// What the server says of the track.
    pub described: Track,
    /// What the log is to be told, such as an opinion that is new.
    pub events: Vec<Event>,
}

/// A playlist on a server that holds lists of one name, one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemotePlaylist {
    /// What makes the lists, as in [`ListName::kind`](crate::ListName::kind).
    pub kind: String,
    /// What they are called.
    pub name: String,
    /// What the server calls the playlist.
    pub remote: String,
}

impl Store {
    /// Sets up a connection, or changes the one of that name, and keeps what opens it.
    ///
    /// When it was read and pushed is the store's to know: those fields are not looked at.
    ///
    /// # Errors
    /// [`StoreError::BadConnectionName`], [`StoreError::NeedsFolder`] in memory,
    /// [`StoreError::Busy`], [`StoreError::Database`] or [`StoreError::Io`].
    pub fn connect(&mut self, connection: &ServerConnection, secret: &Secret) -> Result<()> {
        let name = &connection.name;
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_plain) {
            return Err(StoreError::BadConnectionName(name.clone()));
        }
        let folder = self.library("passwords")?.to_owned();
        self.write(|database, cache| {
            let listener =
                NameWriter::new(database)?.listener(&mut cache.listeners, &connection.listener)?;
            let ServerConnection { service, address, user, access, .. } = connection;
            let sql = "DELETE FROM connections WHERE name = ?1 \
                       AND (service, address, user, listener) <> (?2, ?3, ?4, ?5)";
            database.execute(sql, params![name, service, address, user, listener])?;
            let sql = "INSERT INTO connections (name, service, address, user, access, listener, \
                       lists_within, counts_plays) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
                       ON CONFLICT (name) DO UPDATE \
                       SET access = ?5, lists_within = ?7, counts_plays = ?8";
            let ServerConnection { lists_within, counts_plays, .. } = connection;
            let values =
                params![name, service, address, user, access, listener, lists_within, counts_plays];
            database.execute(sql, values)?;
            Ok(())
        })?;
        secrets::keep(&folder, name, &connection.listener, secret)
    }

    /// All connections, by name.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn connections(&self) -> Result<Vec<ServerConnection>> {
        let sql = format!("{COLUMNS} ORDER BY connections.name");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        let mut connections = Vec::new();
        while let Some(row) = rows.next()? {
            connections.push(from_row(row)?);
        }
        Ok(connections)
    }

    /// What opens a connection; `None` where it is not kept, as in a library that was restored from
    /// a backup.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Io`].
    pub fn secret(&self, connection: &str) -> Result<Option<Secret>> {
        self.folder().map_or(Ok(None), |library| secrets::find(library, connection))
    }

    /// Removes a connection with what opens it, and the tracks that only it brought. What the user
    /// said and played there stays in the log. Returns whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Database`] or [`StoreError::Io`].
    pub fn disconnect(&mut self, name: &str) -> Result<bool> {
        if let Some(library) = self.folder() {
            secrets::remove(library, name)?;
        }
        let removed = self.write(|connection, _| {
            let Some(id) = find(connection, name)? else { return Ok(false) };
            let brought = brought_by(connection, "connections.id = ?1", id)?;
            connection.execute("DELETE FROM connections WHERE id = ?1", [id])?;
            remove_unmentioned(connection, &brought)?;
            Ok(true)
        })?;
        // Rows of the catalogue may be gone.
        self.forget_cache();
        Ok(removed)
    }

    /// Everything that is known of the songs on a server.
    ///
    /// # Errors
    /// [`StoreError::UnknownConnection`], [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn remote_tracks(&self, connection: &str) -> Result<Vec<RemoteTrack>> {
        let id = required(&self.connection, connection)?;
        let sql = "SELECT remote, tracks.name, opinion, plays FROM remote_tracks \
                   JOIN tracks ON tracks.id = track WHERE connection = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([id])?;
        let mut tracks = Vec::new();
        while let Some(row) = rows.next()? {
            tracks.push(RemoteTrack {
                remote: row.get(0)?,
                track: TrackId::new(row.get::<_, String>(1)?),
                opinion: row.get::<_, Option<i64>>(2)?.map(Coded::from_code).transpose()?,
                plays: row.get(3)?,
            });
        }
        Ok(tracks)
    }

    /// Takes in songs of a server in one transaction: the tracks, where they are, and what the log
    /// is told. Returns how many of the events were new to the log.
    ///
    /// `forgotten` is what [`Marks::forgotten`](crate::Marks::forgotten) was when the reading
    /// began.
    ///
    /// # Errors
    /// [`StoreError::UnknownConnection`], [`StoreError::ForgottenSince`], [`StoreError::Busy`] or
    /// [`StoreError::Database`]; then nothing was taken in.
    pub fn take_in_remote(
        &mut self,
        connection: &str,
        entries: &[RemoteEntry],
        forgotten: i64,
    ) -> Result<u64> {
        self.write(|database, cache| {
            check_fence(database, forgotten)?;
            let id = required(database, connection)?;
            let mut batch = WriteBatch::new(database, cache)?;
            let mut added = 0;
            for entry in entries {
                let track = batch.describe_remote(&entry.described)?;
                put_track(database, id, track, &entry.remote)?;
                for event in &entry.events {
                    let appended = batch.append(&Entry::from(event.clone()))?;
                    added += u64::from(appended == Appended::New);
                }
            }
            note_rows(database, connection, entries.len() as u64)?;
            Ok(added)
        })
    }

    /// Takes in plays that a server has of the listener, in one transaction, and notes that all up
    /// to a time are here. Each is judged as a row of an import is: one that the log has counts
    /// once. Returns how many were new to the log.
    ///
    /// # Errors
    /// [`StoreError::UnknownConnection`] where it was removed meanwhile, [`StoreError::Busy`] or
    /// [`StoreError::Database`]; then nothing was taken in.
    pub fn take_in_listens(
        &mut self,
        connection: &str,
        listens: &[Record],
        upto: Option<Timestamp>,
    ) -> Result<u64> {
        self.write(|database, cache| {
            let id = required(database, connection)?;
            let mut batch = WriteBatch::new(database, cache)?;
            let (mut added, mut completed) = (0, false);
            for listen in listens {
                let appended = batch.append(&Entry::from(Event::Record(listen.clone())))?;
                added += u64::from(appended == Appended::New);
                completed |= appended == Appended::Completed;
            }
            if completed {
                rows_changed(database)?;
            }
            let sql = "UPDATE connections SET pulled_to = MAX(COALESCE(pulled_to, ?1), ?1) \
                       WHERE id = ?2";
            if let Some(upto) = upto {
                database.execute(sql, params![to_micros(upto), id])?;
            }
            Ok(added)
        })
    }

    /// Up to which time the plays that a server has of the listener are here.
    ///
    /// # Errors
    /// [`StoreError::UnknownConnection`], [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn pulled_to(&self, connection: &str) -> Result<Option<Timestamp>> {
        let id = required(&self.connection, connection)?;
        let sql = "SELECT pulled_to FROM connections WHERE id = ?1";
        let at: Option<i64> = self.connection.query_row(sql, [id], |row| row.get(0))?;
        at.map(from_micros).transpose()
    }

    /// Ends a reading: songs that are `gone` from the server are no longer there, and it was read
    /// at this time.
    ///
    /// # Errors
    /// As [`Self::take_in_remote`].
    pub fn finish_reading(
        &mut self,
        connection: &str,
        gone: &[String],
        at: Timestamp,
    ) -> Result<()> {
        self.write(|database, _| {
            let id = required(database, connection)?;
            let sql = "DELETE FROM remote_tracks WHERE connection = ?1 AND remote = ?2";
            let mut delete = database.prepare_cached(sql)?;
            for remote in gone {
                delete.execute(params![id, remote])?;
            }
            let sql = "UPDATE connections SET read_at = ?1 WHERE id = ?2";
            database.execute(sql, params![to_micros(at), id])?;
            note_rows(database, connection, gone.len() as u64)
        })
    }

    /// The tracks of which some version is on a server.
    ///
    /// # Errors
    /// [`StoreError::UnknownConnection`] or [`StoreError::Database`].
    pub fn tracks_on(&self, connection: &str) -> Result<Vec<TrackId>> {
        let id = required(&self.connection, connection)?;
        versions_there(&self.connection, "connections.id = ?1", id)
    }

    /// The tracks that lists of a listener are made of: those of which some version is on a server
    /// whose connection asks for that. `None` where no connection does, or none was read yet.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn lists_within(&self, listener: &ListenerId) -> Result<Option<Vec<TrackId>>> {
        let asks = "connections.id IN (SELECT connections.id FROM connections \
                    JOIN listeners ON listeners.id = listener WHERE listeners.name = ?1 \
                    AND lists_within AND read_at IS NOT NULL)";
        let sql = format!("SELECT EXISTS (SELECT 1 FROM connections WHERE {asks})");
        let is_asked: bool =
            self.connection.query_row(&sql, [listener.as_str()], |row| row.get(0))?;
        if !is_asked {
            return Ok(None);
        }
        versions_there(&self.connection, asks, listener.as_str()).map(Some)
    }

    /// How many songs the listener of a connection has played, and how many of those are on its
    /// server in some version. It reads all their plays.
    ///
    /// # Errors
    /// [`StoreError::UnknownConnection`] or [`StoreError::Database`].
    pub fn played_there(&self, connection: &str) -> Result<(u64, u64)> {
        let id = required(&self.connection, connection)?;
        let sql = "WITH played AS (SELECT DISTINCT work FROM tracks WHERE id IN \
                   (SELECT track FROM listens WHERE listener = \
                   (SELECT listener FROM connections WHERE id = ?1))) \
                   SELECT COUNT(*), COUNT(*) FILTER (WHERE work IN (SELECT work FROM remote_tracks \
                   JOIN tracks ON tracks.id = track WHERE connection = ?1)) FROM played";
        Ok(self.connection.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// Which playlists on a server are ours, and what each holds.
    ///
    /// # Errors
    /// [`StoreError::UnknownConnection`] or [`StoreError::Database`].
    pub fn remote_playlists(&self, connection: &str) -> Result<Vec<RemotePlaylist>> {
        let id = required(&self.connection, connection)?;
        let sql = "SELECT kind, name, remote FROM remote_playlists WHERE connection = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([id], |row| {
            Ok(RemotePlaylist { kind: row.get(0)?, name: row.get(1)?, remote: row.get(2)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Notes which playlist on a server holds lists of a name.
    ///
    /// # Errors
    /// [`StoreError::UnknownConnection`], [`StoreError::Busy`] or [`StoreError::Database`].
    pub fn note_playlist(&mut self, connection: &str, playlist: &RemotePlaylist) -> Result<()> {
        self.write(|database, _| {
            let id = required(database, connection)?;
            let RemotePlaylist { kind, name, remote } = playlist;
            let sql = "INSERT OR REPLACE INTO remote_playlists VALUES (?1, ?2, ?3, ?4)";
            database.execute(sql, params![id, kind, name, remote])?;
            Ok(())
        })
    }

    /// Notes why a server could not be read or sent to, or that it could. The message holds no
    /// secret, which is for the caller to see to; of a long one the beginning is kept.
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::Database`].
    pub fn note_failure(
        &mut self,
        connection: &str,
        failure: Option<&ConnectionFailure>,
    ) -> Result<()> {
        let at = failure.map(|failure| to_micros(failure.at));
        let message = failure
            .map(|failure| failure.message.chars().take(LONGEST_FAILURE).collect::<String>());
        self.write(|database, _| {
            let sql = "UPDATE connections SET failed_at = ?1, failure = ?2 WHERE name = ?3";
            database.execute(sql, params![at, message, connection])?;
            Ok(())
        })
    }

    /// Notes when lists were sent to a server.
    ///
    /// # Errors
    /// As [`Self::note_playlist`].
    pub fn note_pushed(&mut self, connection: &str, at: Timestamp) -> Result<()> {
        self.write(|database, _| {
            let id = required(database, connection)?;
            let sql = "UPDATE connections SET pushed_at = ?1 WHERE id = ?2";
            database.execute(sql, params![to_micros(at), id])?;
            Ok(())
        })
    }
}

/// Removes the connections of a listener. Returns how many there were.
pub(crate) fn remove_of(connection: &Connection, listener: Key) -> Result<u64> {
    Ok(connection.execute("DELETE FROM connections WHERE listener = ?1", [listener])? as u64)
}

/// The tracks that the connections of a listener brought.
pub(crate) fn brought_for(connection: &Connection, listener: Key) -> Result<FxHashSet<Key>> {
    brought_by(connection, "connections.listener = ?1", i64::from(listener))
}

fn brought_by(connection: &Connection, which: &str, value: i64) -> Result<FxHashSet<Key>> {
    let sql = format!(
        "SELECT DISTINCT track FROM remote_tracks \
         JOIN connections ON connections.id = connection WHERE {which}"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([value])?;
    let mut tracks = FxHashSet::default();
    while let Some(row) = rows.next()? {
        tracks.insert(key(row.get(0)?)?);
    }
    Ok(tracks)
}

fn versions_there(
    connection: &Connection,
    which: &str,
    value: impl rusqlite::ToSql,
) -> Result<Vec<TrackId>> {
    let sql = format!(
        "SELECT name FROM tracks WHERE work IN (SELECT there.work FROM remote_tracks \
         JOIN tracks AS there ON there.id = remote_tracks.track \
         JOIN connections ON connections.id = connection WHERE {which}) ORDER BY id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let names = statement.query_map([value], |row| row.get::<_, String>(0))?;
    names.map(|name| Ok(TrackId::new(name?))).collect()
}

fn find(connection: &Connection, name: &str) -> Result<Option<i64>> {
    let sql = "SELECT id FROM connections WHERE name = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([name], |row| row.get(0)).optional()?)
}

fn required(connection: &Connection, name: &str) -> Result<i64> {
    find(connection, name)?.ok_or_else(|| StoreError::UnknownConnection(name.to_owned()))
}

fn put_track(connection: &Connection, id: i64, track: Key, remote: &RemoteTrack) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO remote_tracks VALUES (?1, ?2, ?3, ?4, ?5)";
    let opinion = remote.opinion.map(FeedbackKind::code);
    let values = params![id, remote.remote, track, opinion, remote.plays];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Notes that so many rows came, as an import does, so that what was derived from the catalogue is
/// known to be out of date.
fn note_rows(connection: &Connection, name: &str, rows: u64) -> Result<()> {
    let sql = "SELECT listeners.id, listeners.name FROM connections \
               JOIN listeners ON listeners.id = listener WHERE connections.name = ?1";
    let found = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, String>(1)?));
    let (listener, whose) = connection.query_row(sql, [name], found)?;
    let file = ImportedFile {
        fingerprint: format!("connection/{name}"),
        name: name.to_owned(),
        listener: Some(ListenerId::new(whose)),
    };
    let sql = "SELECT COALESCE(SUM(rows), 0) FROM imports WHERE fingerprint = ?1";
    let before: u64 = connection.query_row(sql, [&file.fingerprint], |row| row.get(0))?;
    checkpoint(connection, &file, before + rows, true, &[key(listener)?].into_iter().collect())
}

fn failure(at: Option<Timestamp>, message: Option<String>) -> Option<ConnectionFailure> {
    let (at, message) = at.zip(message)?;
    Some(ConnectionFailure { at, message })
}

fn from_row(row: &Row<'_>) -> Result<ServerConnection> {
    let moment = |micros: Option<i64>| micros.map(from_micros).transpose();
    Ok(ServerConnection {
        name: row.get(0)?,
        service: row.get(1)?,
        address: row.get(2)?,
        user: row.get(3)?,
        access: row.get(4)?,
        listener: ListenerId::new(row.get::<_, String>(5)?),
        lists_within: row.get(6)?,
        counts_plays: row.get(7)?,
        read_at: moment(row.get(8)?)?,
        pushed_at: moment(row.get(9)?)?,
        songs: row.get(10)?,
        failure: failure(moment(row.get(11)?)?, row.get(12)?),
    })
}
