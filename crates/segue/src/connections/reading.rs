//! Taking in the library of a server: its songs become tracks, stars and ratings become opinions.
//!
//! A reading is compared with the one before: only what has changed there since is told to the log.
//! So reading twice adds nothing, and what a listener says here is not overruled by a star of years
//! ago. A star that is gone takes back what it said, unless something was said here since.
//!
//! Plays that a server counts have no date. Those that the listener's player also reports to
//! Segue, or that an export holds, cannot be told from them and would count twice. So they are left
//! where they are unless the connection asks for them; then only what a count has grown by is taken
//! in.

use std::iter::repeat_n;

use rustc_hash::{FxHashMap, FxHashSet};
use segue_core::{
    Feedback, FeedbackKind, FeedbackTarget, Listen, ListenerId, Record, RemoteOpinion, RemoteSong,
    Source, Timestamp, Track, TrackId, WorkId,
};
use segue_store::{Event, RemoteEntry, RemoteTrack, ServerConnection, Store};
use serde::Serialize;

use crate::sink::settle;
use crate::{Library, Result};

/// Plays of a song that are taken in at once. Nobody plays a song every day for thirty years.
const MOST_PLAYS: u32 = 10_000;

/// What a reading came to. Its report tells what became of each song; this tells what was new.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TakenIn {
    /// Songs that are there.
    pub songs: u64,
    /// Songs that were not there when it was read last.
    pub new_songs: u64,
    /// Songs that were there when it was read last, and are no longer.
    pub gone: u64,
    /// Stars and ratings that are there.
    pub opinions: u64,
    /// What the log was told: opinions, opinions taken back, songs on playlists, plays.
    pub added: u64,
    /// Opinions that were taken back, because a star or a rating is gone.
    pub taken_back: u64,
    /// Plays that the server counts, and that were not taken in.
    pub plays_left: u64,
    /// Songs that the listener has played, wherever that was.
    pub played: u64,
    /// Of those, how many are there in some version.
    pub played_there: u64,
}

/// A reading under way. Songs are on disk when [`Self::take`] returns; a reading that is dropped
/// before [`Self::finish`] leaves what it took, and takes nothing for gone.
pub struct RemoteReading<'l> {
    store: &'l mut Store,
    connection: ServerConnection,
    /// How often somebody had been forgotten when it began.
    forgotten: i64,
    /// What the reading before left, by the id on the server. What is seen again is taken out.
    before: FxHashMap<String, RemoteTrack>,
    /// Which of those is a track. One that is taken out above may be left here.
    before_by_track: FxHashMap<TrackId, String>,
    /// Of what the listener said of works, where the last of it came from.
    said: FxHashMap<WorkId, Source>,
    /// Tracks that an opinion is held of on the server now.
    liked_there: FxHashSet<TrackId>,
    /// Songs whose opinion is gone.
    withdrawn: Vec<(RemoteTrack, Track)>,
    taken: TakenIn,
}

impl Library {
    /// Begins to take in what is on a server.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn read_remote(&mut self, connection: &ServerConnection) -> Result<RemoteReading<'_>> {
        let store = self.store_mut();
        let forgotten = store.marks()?.forgotten;
        settle(store)?;
        let before = store.remote_tracks(&connection.name)?;
        let said = said(store, &connection.listener)?;
        let by_track = before.iter().map(|one| (one.track.clone(), one.remote.clone()));
        Ok(RemoteReading {
            before_by_track: by_track.collect(),
            before: before.into_iter().map(|one| (one.remote.clone(), one)).collect(),
            connection: connection.clone(),
            forgotten,
            said,
            liked_there: FxHashSet::default(),
            withdrawn: Vec::new(),
            taken: TakenIn::default(),
            store,
        })
    }
}

impl RemoteReading<'_> {
    /// Takes songs in, some hundred at a time.
    ///
    /// # Errors
    /// When the store cannot be written, or the listener was forgotten meanwhile.
    pub fn take(&mut self, songs: Vec<RemoteSong>) -> Result<()> {
        let entries: Vec<RemoteEntry> =
            songs.into_iter().map(|song| self.entry(song)).collect::<Result<_>>()?;
        self.taken.added +=
            self.store.take_in_remote(&self.connection.name, &entries, self.forgotten)?;
        Ok(())
    }

    /// Ends the reading, which has seen all that is there: what it has not seen is gone.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn finish(mut self, at: Timestamp) -> Result<TakenIn> {
        self.take_back()?;
        let name = &self.connection.name;
        let mut gone: Vec<String> = self.before.into_keys().collect();
        gone.sort_unstable();
        self.store.finish_reading(name, &gone, at)?;
        settle(self.store)?;
        let (played, played_there) = self.store.played_there(name)?;
        let gone = gone.len() as u64;
        Ok(TakenIn { gone, played, played_there, ..self.taken })
    }

    fn entry(&mut self, song: RemoteSong) -> Result<RemoteEntry> {
        let before = self.known_before(&song);
        let known = before.as_ref();
        self.taken.songs += 1;
        self.taken.new_songs += u64::from(known.is_none());
        let mut events = self.plays(&song, known.map_or(0, |known| known.plays));
        if song.is_saved {
            let saved = RemoteOpinion { kind: FeedbackKind::Saved, at: None };
            let feedback = self.feedback(&song.track.id, saved);
            events.push(Event::Record(Record::Feedback { feedback, track: None }));
        }
        let opinion = self.opinion(&song, before.as_ref(), &mut events)?;
        let remote = RemoteTrack {
            plays: if self.connection.counts_plays { song.plays } else { 0 },
            remote: song.id,
            track: song.track.id.clone(),
            opinion,
        };
        Ok(RemoteEntry { remote, described: song.track, events })
    }

    /// What the reading before knew of a song. Servers give new ids where files were moved: then it
    /// is what was known of the same track under an id that is not seen any more, as far as that
    /// can be told by now.
    fn known_before(&mut self, song: &RemoteSong) -> Option<RemoteTrack> {
        if let Some(known) = self.before.remove(&song.id) {
            return Some(known);
        }
        let moved = self.before_by_track.remove(&song.track.id)?;
        self.before.remove(&moved)
    }

    /// Notes what is said of a song there and is new; returns what the next reading is to be
    /// compared with.
    fn opinion(
        &mut self,
        song: &RemoteSong,
        before: Option<&RemoteTrack>,
        events: &mut Vec<Event>,
    ) -> Result<Option<FeedbackKind>> {
        let known = before.and_then(|before| before.opinion);
        let Some(opinion) = song.opinion else {
            if let (Some(_), Some(before)) = (known, before) {
                self.withdrawn.push((before.clone(), song.track.clone()));
            }
            return Ok(known);
        };
        self.taken.opinions += 1;
        self.liked_there.insert(song.track.id.clone());
        if known == Some(opinion.kind) {
            return Ok(known);
        }
        let work = self.work(&song.track)?;
        // What has no date may be older than what was said here.
        let is_late = before.is_some() || opinion.at.is_some();
        if is_late || !self.said.contains_key(&work) {
            let feedback = self.feedback(&song.track.id, opinion);
            events.push(match before {
                Some(_) => Event::Feedback(feedback),
                // It may be in the log by a connection that was dropped.
                None => Event::Record(Record::Feedback { feedback, track: None }),
            });
            self.said.insert(work, Source::Subsonic);
        }
        Ok(Some(opinion.kind))
    }

    /// Takes back opinions that are no longer held there, where they are the last that was said.
    fn take_back(&mut self) -> Result<()> {
        let mut entries = Vec::new();
        for (before, track) in std::mem::take(&mut self.withdrawn) {
            let is_ours = self.said.get(&self.work(&track)?) == Some(&Source::Subsonic);
            let mut events = Vec::new();
            if is_ours && !self.liked_there.contains(&track.id) {
                let cleared = RemoteOpinion { kind: FeedbackKind::Cleared, at: None };
                events.push(Event::Feedback(self.feedback(&track.id, cleared)));
                self.taken.taken_back += 1;
            }
            let remote = RemoteTrack { opinion: None, ..before };
            entries.push(RemoteEntry { remote, described: track, events });
        }
        self.taken.added +=
            self.store.take_in_remote(&self.connection.name, &entries, self.forgotten)?;
        Ok(())
    }

    /// The plays that a song has got since the last reading. The latest has a date, where the
    /// server tells it.
    fn plays(&mut self, song: &RemoteSong, known: u32) -> Vec<Event> {
        if !self.connection.counts_plays {
            self.taken.plays_left += u64::from(song.plays);
            return Vec::new();
        }
        let grown = song.plays.saturating_sub(known).min(MOST_PLAYS);
        let play = |at| {
            let (listener, track) = (self.connection.listener.clone(), song.track.id.clone());
            Listen::new(listener, track, at, Source::Subsonic)
        };
        let latest = song.last_played.filter(|_| grown > 0).map(|at| {
            Event::Record(Record::Listen { listen: play(Some(at)), track: song.track.clone() })
        });
        let undated = grown - u32::from(latest.is_some());
        let undated = repeat_n(self.undated(play(None), &song.track, known), undated as usize);
        latest.into_iter().chain(undated).collect()
    }

    /// A play without a date. Those of a song whose count is taken in for the first time are judged
    /// as rows of an import, which are one with plays without a date that the log has, of another
    /// table or of a connection that was dropped. What a count has grown by is new.
    fn undated(&self, listen: Listen, track: &Track, known: u32) -> Event {
        match known {
            0 => Event::Record(Record::Listen { listen, track: track.clone() }),
            _ => Event::Listen(listen),
        }
    }

    fn feedback(&self, track: &TrackId, opinion: RemoteOpinion) -> Feedback {
        Feedback {
            listener: self.connection.listener.clone(),
            target: FeedbackTarget::Track(track.clone()),
            kind: opinion.kind,
            at: opinion.at,
            source: Source::Subsonic,
        }
    }

    /// The work that the catalogue holds a track to be a version of.
    fn work(&self, track: &Track) -> Result<WorkId> {
        let known = self.store.track(&track.id)?;
        Ok(known.map_or_else(|| track.work.clone(), |known| known.work))
    }
}

/// Where the last came from that a listener said of each work.
fn said(store: &Store, listener: &ListenerId) -> Result<FxHashMap<WorkId, Source>> {
    let mut said = FxHashMap::default();
    for feedback in store.feedback(listener)? {
        let FeedbackTarget::Track(track) = feedback.target else { continue };
        if feedback.kind == FeedbackKind::Saved {
            continue;
        }
        if let Some(track) = store.track(&track)? {
            said.insert(track.work, feedback.source);
        }
    }
    Ok(said)
}
