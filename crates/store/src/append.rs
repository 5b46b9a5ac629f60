//! Writing rows: one transaction's worth of statements and caches, used by live appends and imports alike.

use rusqlite::Connection;
use segue_core::{Feedback, Listen, Track};

use crate::cache::{Key, WriteCache};
use crate::dedup::{SeenPlays, Verdict};
use crate::feedback::{FeedbackWriter, target_track};
use crate::listens::{ListenWriter, RowKeys};
use crate::names::NameWriter;
use crate::tracks::{Described, Mention, TrackWriter};
use crate::{Result, Store};

impl Store {
    /// Appends plays that just happened, of tracks that are in the catalogue. None is taken for a duplicate. They are on disk
    /// when this returns.
    ///
    /// # Errors
    /// [`crate::StoreError::UnknownTrack`], [`crate::StoreError::Busy`] or [`crate::StoreError::Database`]; then none was appended.
    pub fn append_listens(&mut self, listens: &[Listen]) -> Result<()> {
        self.write(|connection, cache| {
            let mut batch = Batch::new(connection, cache)?;
            listens.iter().try_for_each(|listen| batch.append_listen(listen))
        })
    }

    /// Appends what was just said, of tracks that are in the catalogue. It is on disk when this returns.
    ///
    /// # Errors
    /// As for [`Self::append_listens`].
    pub fn append_feedback(&mut self, feedback: &[Feedback]) -> Result<()> {
        self.write(|connection, cache| {
            let mut batch = Batch::new(connection, cache)?;
            feedback.iter().try_for_each(|said| batch.append_feedback(said))
        })
    }
}

/// Statements and caches for one transaction.
pub(crate) struct Batch<'c> {
    connection: &'c Connection,
    cache: &'c mut WriteCache,
    names: NameWriter<'c>,
    tracks: TrackWriter<'c>,
    listens: ListenWriter<'c>,
    feedback: FeedbackWriter<'c>,
}

impl<'c> Batch<'c> {
    pub(crate) fn new(connection: &'c Connection, cache: &'c mut WriteCache) -> Result<Self> {
        Ok(Self {
            connection,
            cache,
            names: NameWriter::new(connection)?,
            tracks: TrackWriter::new(connection)?,
            listens: ListenWriter::new(connection)?,
            feedback: FeedbackWriter::new(connection)?,
        })
    }

    fn append_listen(&mut self, listen: &Listen) -> Result<()> {
        let keys = RowKeys {
            listener: self.names.listener(&mut self.cache.listeners, &listen.listener)?,
            track: 0,
            context: self.context(listen)?,
        };
        let track = self.tracks.require(&mut self.cache.tracks, &listen.track)?;
        let row = self.listens.append(RowKeys { track: track.track, ..keys }, listen)?;
        if let Some(seen) = self.cache.seen.get_mut(&keys.listener) {
            seen.note(track.work, listen, row);
        }
        self.cache.bound_names();
        Ok(())
    }

    fn append_feedback(&mut self, feedback: &Feedback) -> Result<()> {
        let listener = self.names.listener(&mut self.cache.listeners, &feedback.listener)?;
        let track = target_track(feedback)
            .map(|id| self.tracks.require(&mut self.cache.tracks, id))
            .transpose()?
            .map(|row| row.track);
        self.cache.bound_names();
        self.feedback.append(listener, track, feedback)
    }

    /// Imports a play by the rule of [`crate::dedup`].
    pub(crate) fn import_listen(&mut self, listen: &Listen, track: &Track) -> Result<(Key, Verdict)> {
        let listener = self.names.listener(&mut self.cache.listeners, &listen.listener)?;
        let (row, _) = self.tracks.describe(&mut self.cache.tracks, track, Mention::History)?;
        let track = if listen.track == track.id {
            row
        } else {
            self.tracks.require(&mut self.cache.tracks, &listen.track)?
        };
        if !self.cache.seen.contains_key(&listener) {
            self.cache.bound_plays();
            let seen = SeenPlays::load(self.connection, &listen.listener, listener)?;
            self.cache.seen.insert(listener, seen);
        }
        let seen = self.cache.seen.get_mut(&listener).expect("it was loaded above");
        let verdict = seen.judge(track.work, listen);
        match verdict {
            Verdict::New => {
                let keys = RowKeys { listener, track: track.track, context: self.context(listen)? };
                let row = self.listens.append(keys, listen)?;
                let seen = self.cache.seen.get_mut(&listener).expect("it was loaded above");
                seen.note(track.work, listen, row);
            }
            Verdict::Duplicate { completes: Some((row, missing)), .. } => {
                let keys = RowKeys { listener, track: track.track, context: self.context(listen)? };
                self.listens.complete(row, missing, keys, listen)?;
            }
            Verdict::Duplicate { completes: None, .. } => {}
        }
        self.cache.bound_names();
        Ok((listener, verdict))
    }

    /// Imports a statement and says whether it was new.
    pub(crate) fn import_feedback(
        &mut self,
        feedback: &Feedback,
        track: Option<&Track>,
    ) -> Result<(Key, bool)> {
        let listener = self.names.listener(&mut self.cache.listeners, &feedback.listener)?;
        if let Some(track) = track {
            self.tracks.describe(&mut self.cache.tracks, track, Mention::History)?;
        }
        let track = target_track(feedback)
            .map(|id| self.tracks.require(&mut self.cache.tracks, id))
            .transpose()?
            .map(|row| row.track);
        self.cache.bound_names();
        if self.feedback.is_repeated(listener, track, feedback)? {
            return Ok((listener, false));
        }
        self.feedback.append(listener, track, feedback)?;
        Ok((listener, true))
    }

    /// Imports a row of a catalogue.
    pub(crate) fn import_track(&mut self, track: &Track) -> Result<Described> {
        let (_, described) = self.tracks.describe(&mut self.cache.tracks, track, Mention::Catalogue)?;
        self.cache.bound_names();
        Ok(described)
    }

    fn context(&mut self, listen: &Listen) -> Result<Option<Key>> {
        let context = listen.context.as_deref();
        context.map(|context| self.names.context(&mut self.cache.contexts, context)).transpose()
    }
}
