//! Writing rows: one transaction's worth of statements and caches, used by live appends and imports
//! alike.

use std::collections::BTreeMap;

use rusqlite::Connection;
use segue_core::{ArtistTag, Feedback, Impression, Listen, ListenerId, Record, Track};

use crate::artist_tags::ArtistTagWriter;
use crate::cache::{TrackRow, WriteCache};
use crate::client_ids::{ClientIdWriter, NamedEvent};
use crate::dedup::{PlayVerdict, ReportedPlay};
use crate::feedback::{FeedbackWriter, target_track};
use crate::friendships::{Befriended, FriendshipWriter};
use crate::import::ImportCounts;
use crate::impressions::ImpressionWriter;
use crate::keys::Key;
use crate::listens::{ListenWriter, RowKeys};
use crate::names::NameWriter;
use crate::reported::ReportedWriter;
use crate::tracks::{Described, DescribedTrack, Mention, TrackMention, TrackWriter};
use crate::{Appended, ClientId, Entry, Event, ImpressionId, Result, StoreError, runs};

/// Stands for the file whose rows are all that is reported live; no digest is as short.
const REPORTED_LIVE: &str = "live";

/// Whom and what a play of an import names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NamedListen {
    pub(crate) listener: Key,
    track: TrackRow,
}

/// Statements and caches for one transaction.
pub(crate) struct WriteBatch<'c> {
    connection: &'c Connection,
    cache: &'c mut WriteCache,
    names: NameWriter<'c>,
    tracks: TrackWriter<'c>,
    listens: ListenWriter<'c>,
    feedback: FeedbackWriter<'c>,
    client_ids: ClientIdWriter<'c>,
    impressions: ImpressionWriter<'c>,
    friendships: FriendshipWriter<'c>,
    artist_tags: ArtistTagWriter<'c>,
    reported: ReportedWriter<'c>,
}

impl<'c> WriteBatch<'c> {
    pub(crate) fn new(connection: &'c Connection, cache: &'c mut WriteCache) -> Result<Self> {
        Ok(Self {
            connection,
            cache,
            names: NameWriter::new(connection)?,
            tracks: TrackWriter::new(connection)?,
            listens: ListenWriter::new(connection)?,
            feedback: FeedbackWriter::new(connection)?,
            client_ids: ClientIdWriter::new(connection)?,
            impressions: ImpressionWriter::new(connection)?,
            friendships: FriendshipWriter::new(connection)?,
            artist_tags: ArtistTagWriter::new(connection)?,
            reported: ReportedWriter::new(connection)?,
        })
    }

    /// Appends an event. A refusal leaves no trace; after any other error the transaction must be
    /// rolled back.
    pub(crate) fn append(&mut self, entry: &Entry) -> Result<Appended> {
        let client_id = entry.client_id.as_ref();
        match &entry.event {
            Event::Listen(listen) => self.append_listen(listen, client_id),
            Event::Feedback(feedback) => self.append_feedback(feedback, client_id),
            Event::Record(record) => self.append_record(record),
            Event::Listener(listener) => self.append_listener(listener),
            Event::Track(track) => Ok(match self.import_track(track)? {
                Described::New | Described::Filled => Appended::New,
                Described::Known => Appended::Repeated,
            }),
            Event::Impressions(impressions) => {
                self.log_impressions(impressions).map(Appended::Impressions)
            }
        }
    }

    /// Appends a play that just happened.
    pub(crate) fn append_listen(
        &mut self,
        listen: &Listen,
        client_id: Option<&ClientId>,
    ) -> Result<Appended> {
        let track = self.tracks.require(&mut self.cache.tracks, &listen.track)?;
        let named = client_id.map(|client_id| NamedEvent::listen(client_id, listen));
        if self.is_repeated(&listen.listener, named.as_ref())? {
            return Ok(Appended::Repeated);
        }
        let listener = self.note(&listen.listener, named.as_ref())?;
        let keys = RowKeys { listener, track: track.track, context: self.context(listen)? };
        if self.reported.is_known(listener)?
            && let Some(known) = self.was_reported(keys, track.work, listen)?
        {
            return Ok(known);
        }
        let row = self.listens.append(keys, listen)?;
        if self.cache.seen.knows(listener) {
            let told = self.reported(listener, track.work, listen, None)?;
            self.cache.seen.note(told, row)?;
        }
        self.cache.bound_names();
        Ok(Appended::New)
    }

    /// What becomes of a play that another program has reported already: the row learns what it
    /// lacks. `None` for one that nobody has.
    fn was_reported(
        &mut self,
        keys: RowKeys,
        work: Key,
        listen: &Listen,
    ) -> Result<Option<Appended>> {
        self.load_seen(&listen.listener, keys.listener)?;
        let told = self.reported(keys.listener, work, listen, None)?;
        match self.cache.seen.judge_told(told)? {
            PlayVerdict::New => Ok(None),
            PlayVerdict::Duplicate { completes: Some((row, missing)), .. } => {
                self.listens.complete(row, missing, keys, listen)?;
                Ok(Some(Appended::Completed))
            }
            PlayVerdict::Duplicate { completes: None, .. } => Ok(Some(Appended::Repeated)),
        }
    }

    /// Makes sure that all plays that a listener has in the log are among those seen.
    fn load_seen(&mut self, listener: &ListenerId, key: Key) -> Result<()> {
        let WriteCache { seen, songs, .. } = &mut *self.cache;
        seen.load(self.connection, songs, listener, key)
    }

    /// A play as the rule of duplicates takes it.
    fn reported<'l>(
        &mut self,
        listener: Key,
        work: Key,
        listen: &'l Listen,
        duration_ms: Option<u32>,
    ) -> Result<ReportedPlay<'l>> {
        let song = self.cache.songs.of(self.connection, work, listen)?;
        Ok(ReportedPlay { listener, song, listen, duration_ms })
    }

    /// Appends feedback that was just given.
    pub(crate) fn append_feedback(
        &mut self,
        feedback: &Feedback,
        client_id: Option<&ClientId>,
    ) -> Result<Appended> {
        let track = self.target(feedback)?;
        let named = client_id.map(|client_id| NamedEvent::feedback(client_id, feedback));
        if self.is_repeated(&feedback.listener, named.as_ref())? {
            return Ok(Appended::Repeated);
        }
        let listener = self.note(&feedback.listener, named.as_ref())?;
        self.cache.bound_names();
        self.feedback.append(listener, track, feedback)?;
        Ok(Appended::New)
    }

    /// Takes in what another program reports as it happens.
    fn append_record(&mut self, record: &Record) -> Result<Appended> {
        self.cache.begin_file(REPORTED_LIVE);
        let (counts, about) = ImportCounts::of(self, record)?;
        if let Record::Listen { .. } = record {
            about.into_iter().try_for_each(|listener| self.reported.note(listener))?;
        }
        Ok(match counts.added() {
            0 if counts.completed > 0 => Appended::Completed,
            0 => Appended::Repeated,
            _ => Appended::New,
        })
    }

    fn append_listener(&mut self, listener: &ListenerId) -> Result<Appended> {
        let known = self.names.find_listener(&mut self.cache.listeners, listener)?.is_some();
        self.names.listener(&mut self.cache.listeners, listener)?;
        self.cache.bound_names();
        Ok(if known { Appended::Repeated } else { Appended::New })
    }

    /// Logs slates that belong together.
    pub(crate) fn log_impressions(
        &mut self,
        impressions: &[Impression],
    ) -> Result<Vec<ImpressionId>> {
        let Self { cache, names, tracks, impressions: writer, .. } = self;
        let mut require = |id: &_| tracks.require(&mut cache.tracks, id).map(|row| row.track);
        let mut text_of = |text: &_| names.text(&mut cache.texts, text);
        // All are checked before the first is written.
        let encoded = impressions.iter().map(|one| writer.encode(one, &mut require, &mut text_of));
        let encoded = encoded.collect::<Result<Vec<_>>>()?;
        let mut logged = Vec::with_capacity(impressions.len());
        for (impression, encoded) in impressions.iter().zip(&encoded) {
            let listener = names.listener(&mut cache.listeners, &impression.slate.listener)?;
            logged.push(writer.append(listener, impression, encoded)?);
        }
        cache.bound_names();
        Ok(logged)
    }

    /// Whether an event was sent before. An event without a name never counts as repeated.
    fn is_repeated(
        &mut self,
        listener: &ListenerId,
        event: Option<&NamedEvent<'_>>,
    ) -> Result<bool> {
        let Some(event) = event else { return Ok(false) };
        match self.names.find_listener(&mut self.cache.listeners, listener)? {
            Some(listener) => self.client_ids.is_repeated(listener, event),
            None => Ok(false),
        }
    }

    /// Notes that a listener exists and that an event was sent, and returns the listener's key.
    fn note(&mut self, listener: &ListenerId, event: Option<&NamedEvent<'_>>) -> Result<Key> {
        let listener = self.names.listener(&mut self.cache.listeners, listener)?;
        if let Some(event) = event {
            self.client_ids.note(listener, event)?;
        }
        Ok(listener)
    }

    /// The track that feedback is about; `None` for feedback on an artist.
    fn target(&mut self, feedback: &Feedback) -> Result<Option<Key>> {
        let track = target_track(feedback);
        let row = track.map(|id| self.tracks.require(&mut self.cache.tracks, id)).transpose()?;
        Ok(row.map(|row| row.track))
    }

    /// Imports a play by the rule of [`crate::dedup`].
    pub(crate) fn import_listen(
        &mut self,
        listen: &Listen,
        track: &Track,
    ) -> Result<(Key, PlayVerdict)> {
        let row = self.describe(TrackMention { track, by: Mention::History })?.row;
        let named = self.name_listen(listen, track, row)?;
        Ok((named.listener, self.import_named(named, listen, track)?))
    }

    /// Takes in what the rows of a batch say about tracks, in their order.
    pub(crate) fn describe_all(
        &mut self,
        mentions: &[TrackMention<'_>],
    ) -> Result<Vec<DescribedTrack>> {
        let described = self.tracks.describe_all(&mut self.cache.tracks, mentions)?;
        self.cache.bound_names();
        Ok(described)
    }

    fn describe(&mut self, mention: TrackMention<'_>) -> Result<DescribedTrack> {
        let described = self.tracks.describe(&mut self.cache.tracks, mention)?;
        self.cache.bound_names();
        Ok(described)
    }

    /// Takes in whom and what a play names; `row` is that of the track it describes.
    pub(crate) fn name_listen(
        &mut self,
        listen: &Listen,
        track: &Track,
        row: TrackRow,
    ) -> Result<NamedListen> {
        let listener = self.import_listener(&listen.listener)?;
        let track = if listen.track == track.id {
            row
        } else {
            self.tracks.require(&mut self.cache.tracks, &listen.track)?
        };
        self.cache.bound_names();
        Ok(NamedListen { listener, track })
    }

    /// The key of a listener of an import. Of one who is new, nothing has to be loaded.
    fn import_listener(&mut self, listener: &ListenerId) -> Result<Key> {
        if let Some(key) = self.names.find_listener(&mut self.cache.listeners, listener)? {
            return Ok(key);
        }
        let key = self.names.listener(&mut self.cache.listeners, listener)?;
        self.cache.seen.meet(key);
        Ok(key)
    }

    /// Imports a play whose names were taken in.
    pub(crate) fn import_named(
        &mut self,
        named: NamedListen,
        listen: &Listen,
        track: &Track,
    ) -> Result<PlayVerdict> {
        let NamedListen { listener, track: row } = named;
        let verdict = self.judge(named, listen, track.duration_ms())?;
        if verdict == PlayVerdict::New {
            let keys = RowKeys { listener, track: row.track, context: self.context(listen)? };
            let appended = self.listens.append(keys, listen)?;
            let told = self.reported(listener, row.work, listen, track.duration_ms())?;
            self.cache.seen.note_imported(told, appended)?;
            self.cache.bound_names();
        }
        Ok(verdict)
    }

    /// Whom and what a play names that an earlier import of the file kept; `None` where one of them
    /// is no longer there.
    pub(crate) fn find_named(&mut self, listen: &Listen) -> Result<Option<NamedListen>> {
        let listener = self.names.find_listener(&mut self.cache.listeners, &listen.listener)?;
        let Some(listener) = listener else { return Ok(None) };
        let named = match self.tracks.require(&mut self.cache.tracks, &listen.track) {
            Ok(track) => Some(NamedListen { listener, track }),
            Err(StoreError::UnknownTrack(_)) => None,
            Err(error) => return Err(error),
        };
        self.cache.bound_names();
        Ok(named)
    }

    /// Finds out which row of the log a play took when an earlier import of the file kept it, so
    /// that no other play of the file takes it. A play that is no longer there stays away.
    pub(crate) fn rejudge(
        &mut self,
        named: NamedListen,
        listen: &Listen,
        track: &Track,
    ) -> Result<()> {
        self.judge(named, listen, track.duration_ms())?;
        self.cache.bound_names();
        Ok(())
    }

    /// What a play of the file is, given what is in the log. The row that it is the same as takes
    /// what it lacks.
    fn judge(
        &mut self,
        named: NamedListen,
        listen: &Listen,
        duration_ms: Option<u32>,
    ) -> Result<PlayVerdict> {
        let NamedListen { listener, track } = named;
        self.load_seen(&listen.listener, listener)?;
        let told = self.reported(listener, track.work, listen, duration_ms)?;
        self.cache.seen.read_file(self.cache.files);
        let verdict = self.cache.seen.judge(told)?;
        if let PlayVerdict::Duplicate { completes: Some((row, missing)), .. } = verdict {
            let keys = RowKeys { listener, track: track.track, context: self.context(listen)? };
            self.listens.complete(row, missing, keys, listen)?;
        }
        Ok(verdict)
    }

    /// Loads what listeners have in the log before rows of theirs are imported. A tail of the log
    /// that is not folded would be read through for each of them.
    pub(crate) fn load_listeners<'l>(
        &mut self,
        listeners: impl Iterator<Item = (Key, &'l ListenerId)>,
    ) -> Result<()> {
        let seen = &self.cache.seen;
        let unknown: BTreeMap<Key, &ListenerId> =
            listeners.filter(|(key, _)| !seen.knows(*key)).collect();
        if unknown.len() > 1 {
            runs::fold(self.connection)?;
        }
        unknown.into_iter().try_for_each(|(key, listener)| self.load_seen(listener, key))
    }

    /// Imports feedback and returns whether it was new.
    pub(crate) fn import_feedback(
        &mut self,
        feedback: &Feedback,
        track: Option<&Track>,
    ) -> Result<(Key, bool)> {
        if let Some(track) = track {
            self.describe(TrackMention { track, by: Mention::History })?;
        }
        // A refusal leaves no listener behind.
        let track = self.target(feedback)?;
        let listener = self.names.listener(&mut self.cache.listeners, &feedback.listener)?;
        self.cache.bound_names();
        if self.feedback.is_repeated(listener, track, feedback)? {
            return Ok((listener, false));
        }
        self.feedback.append(listener, track, feedback)?;
        Ok((listener, true))
    }

    /// Imports a row of a catalogue.
    pub(crate) fn import_track(&mut self, track: &Track) -> Result<Described> {
        Ok(self.describe(TrackMention { track, by: Mention::Catalogue })?.how)
    }

    /// Imports that a listener has a friend, neither of whom becomes a listener of the store by it.
    pub(crate) fn import_friendship(
        &mut self,
        listener: &ListenerId,
        friend: &ListenerId,
    ) -> Result<Befriended> {
        self.friendships.add(listener, friend)
    }

    /// Imports how many people gave a tag to an artist, and says whether that was new.
    pub(crate) fn import_artist_tag(&mut self, said: &ArtistTag) -> Result<bool> {
        self.artist_tags.add(said)
    }

    /// Takes in what a server says of a track. Like what a history mentions, it is in the catalogue
    /// for as long as something refers to it.
    pub(crate) fn describe_remote(&mut self, track: &Track) -> Result<Key> {
        Ok(self.describe(TrackMention { track, by: Mention::History })?.row.track)
    }

    fn context(&mut self, listen: &Listen) -> Result<Option<Key>> {
        let context = listen.context.as_deref();
        context.map(|context| self.names.context(&mut self.cache.contexts, context)).transpose()
    }
}
