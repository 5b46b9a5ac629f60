//! Appending what just happened: many events of many clients in one transaction, flushed to disk
//! once.
//!
//! A flush costs as much as hundreds of rows. A server therefore gathers what arrives during one
//! flush and hands it over together (group commit). Each event is still accepted or refused by
//! itself. Nothing is rolled back for a refusal, because an event is checked before its first row
//! is written.

use segue_core::{Feedback, Impression, Listen, Track};

use crate::batch::WriteBatch;
use crate::{Appended, Entry, ImpressionId, Result, Store};

impl Store {
    /// Appends events in their order and returns one outcome for each. When this returns `Ok`, all
    /// that was not refused is on disk.
    ///
    /// ```
    /// use segue_core::{Feedback, FeedbackKind, FeedbackTarget, ListenerId, Source, TrackId};
    /// use segue_store::{Appended, Event, Store, StoreError};
    ///
    /// let mut store = Store::open_in_memory()?;
    /// let like = Feedback {
    ///     listener: ListenerId::new("ann"),
    ///     target: FeedbackTarget::Track(TrackId::new("nowhere")),
    ///     kind: FeedbackKind::Like,
    ///     at: None,
    ///     source: Source::Segue,
    /// };
    /// let events = [Event::Listener(ListenerId::new("ann")), Event::Feedback(like)];
    /// let outcomes = store.append(&events.map(Into::into))?;
    /// assert!(matches!(outcomes[0], Ok(Appended::New)));
    /// assert!(matches!(outcomes[1], Err(StoreError::UnknownTrack(_))), "refused on its own");
    /// # Ok::<(), StoreError>(())
    /// ```
    ///
    /// # Errors
    /// The outer error is the store's ([`StoreError::Busy`](crate::StoreError::Busy),
    /// [`StoreError::Database`](crate::StoreError::Database)): nothing of any event was written. An
    /// inner one refuses an event of which nothing was written:
    /// [`StoreError::UnknownTrack`](crate::StoreError::UnknownTrack),
    /// [`StoreError::UnknownExperiment`](crate::StoreError::UnknownExperiment) or
    /// [`StoreError::ClientIdReused`](crate::StoreError::ClientIdReused).
    pub fn append(&mut self, entries: &[Entry]) -> Result<Vec<Result<Appended>>> {
        self.write(|connection, cache| {
            let mut batch = WriteBatch::new(connection, cache)?;
            let outcomes = entries.iter().map(|entry| match batch.append(entry) {
                Err(error) if !error.is_refusal() => Err(error),
                outcome => Ok(outcome),
            });
            outcomes.collect()
        })
    }

    /// Appends plays that just happened, of tracks that are in the catalogue. They are compared
    /// with nothing but what other programs reported live. They are on disk when this returns.
    ///
    /// # Errors
    /// [`crate::StoreError::UnknownTrack`], [`crate::StoreError::Busy`] or
    /// [`crate::StoreError::Database`]; then none was appended.
    pub fn append_listens(&mut self, listens: &[Listen]) -> Result<()> {
        self.write(|connection, cache| {
            let mut batch = WriteBatch::new(connection, cache)?;
            listens.iter().try_for_each(|listen| batch.append_listen(listen, None).map(drop))
        })
    }

    /// Appends feedback that was just given, on tracks that are in the catalogue or on artists. It
    /// is on disk when this returns.
    ///
    /// # Errors
    /// As for [`Self::append_listens`].
    pub fn append_feedback(&mut self, feedback: &[Feedback]) -> Result<()> {
        self.write(|connection, cache| {
            let mut batch = WriteBatch::new(connection, cache)?;
            feedback.iter().try_for_each(|said| batch.append_feedback(said, None).map(drop))
        })
    }

    /// Logs a slate that is about to be shown, of tracks that are in the catalogue, and returns the
    /// name of the log entry. It is on disk when this returns.
    ///
    /// # Errors
    /// [`crate::StoreError::UnknownTrack`], [`crate::StoreError::UnknownExperiment`],
    /// [`crate::StoreError::Busy`] or [`crate::StoreError::Database`]; then nothing was logged.
    pub fn log_impression(&mut self, impression: &Impression) -> Result<ImpressionId> {
        let logged = self.log_impressions(std::slice::from_ref(impression))?;
        Ok(logged[0])
    }

    /// Logs slates that belong together, such as one and its shadows: all of them, or none. The
    /// names come back in the same order.
    ///
    /// # Errors
    /// As [`Self::log_impression`].
    pub fn log_impressions(&mut self, impressions: &[Impression]) -> Result<Vec<ImpressionId>> {
        self.write(|connection, cache| {
            WriteBatch::new(connection, cache)?.log_impressions(impressions)
        })
    }

    /// Takes tracks into the catalogue. New ones are added; of known ones, what was missing is
    /// filled in and what was known stays.
    ///
    /// # Errors
    /// [`crate::StoreError::Busy`] or [`crate::StoreError::Database`]; then none was taken in.
    pub fn add_tracks(&mut self, tracks: &[Track]) -> Result<()> {
        self.write(|connection, cache| {
            let mut batch = WriteBatch::new(connection, cache)?;
            tracks.iter().try_for_each(|track| batch.import_track(track).map(drop))
        })
    }
}
