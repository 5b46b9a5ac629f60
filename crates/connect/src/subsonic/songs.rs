//! Reading a whole library.
//!
//! OpenSubsonic promises every song for an empty search, page by page: two requests for a thousand
//! songs. Other servers answer such a search with nothing, or with some: there the albums are
//! walked, one request each. Either way it ends with the first page that brings nothing new, since
//! servers cap the length of a page as they like.

use std::cell::RefCell;
use std::collections::HashSet;
use std::error::Error;
use std::path::Path;

use segue_core::{ListenerId, Record, RemoteSong, Source, Track};
use segue_ingest::{Context, DropReason, FileReport, IngestError, Sink, SinkError};
use serde_json::Value;

use super::answer::{self, list, text};
use super::{Subsonic, song};
use crate::http::HttpAnswer;
use crate::{ConnectError, Result};

/// Songs or albums asked for at once. Servers give 500 at most.
const PAGE: usize = 500;
/// Songs that are read of one server at most.
const MOST_SONGS: usize = 5_000_000;

/// Takes songs as they are read.
pub type TakeSongs<'t> =
    dyn FnMut(Vec<RemoteSong>) -> std::result::Result<(), Box<dyn Error + Send + Sync>> + 't;

impl Subsonic {
    /// Reads every song, some hundred at a time, and returns the account: each song that the server
    /// gave is kept, or dropped for a reason. `saved` are the ids of songs in the user's playlists.
    ///
    /// # Errors
    /// Why the server could not be asked, or [`ConnectError::Sink`] for what `take` ends with. What
    /// was taken before stays taken.
    pub fn read_songs(
        &self,
        listener: &ListenerId,
        saved: &HashSet<String>,
        take: &mut TakeSongs<'_>,
    ) -> Result<FileReport> {
        let latest = RefCell::new(None);
        let mut sink = LatestTrack(&latest);
        let place = self.address.to_string();
        let context =
            Context::new(Path::new(&place), Source::Subsonic, listener.clone(), &mut sink);
        let mut reading = SongReading {
            context,
            latest: &latest,
            saved,
            seen: HashSet::new(),
            songs: Vec::new(),
        };
        if !(self.is_open && self.search_for_all(&mut reading, take)?) {
            self.walk_albums(&mut reading, take)?;
        }
        reading.hand_on(take)?;
        Ok(reading.context.finish())
    }

    /// Reads what an empty search finds. Returns whether it found anything.
    fn search_for_all(
        &self,
        reading: &mut SongReading<'_>,
        take: &mut TakeSongs<'_>,
    ) -> Result<bool> {
        let mut offset = 0;
        loop {
            let (count, from) = (PAGE.to_string(), offset.to_string());
            let fields = [
                ("query", ""),
                ("artistCount", "0"),
                ("albumCount", "0"),
                ("songCount", &count),
                ("songOffset", &from),
            ];
            let answer = match self.ask("search3", &fields) {
                Err(ConnectError::Refused { .. }) if offset == 0 => return Ok(false),
                answer => answer?,
            };
            let page = list(&answer["searchResult3"], "song");
            if !reading.read(page, take)? {
                return Ok(offset > 0);
            }
            offset += page.len();
        }
    }

    /// Reads album after album.
    fn walk_albums(&self, reading: &mut SongReading<'_>, take: &mut TakeSongs<'_>) -> Result<()> {
        let (mut seen, mut offset) = (HashSet::new(), 0);
        loop {
            let (size, from) = (PAGE.to_string(), offset.to_string());
            let fields = [("type", "alphabeticalByName"), ("size", &size), ("offset", &from)];
            let answer = self.ask("getAlbumList2", &fields)?;
            let page = list(&answer["albumList2"], "album");
            let albums: Vec<String> = page.iter().filter_map(|album| text(album, "id")).collect();
            let new: Vec<String> =
                albums.into_iter().filter(|id| seen.insert(id.clone())).collect();
            if new.is_empty() {
                return Ok(());
            }
            for id in new {
                match self.ask("getAlbum", &[("id", &id)]) {
                    // It was there a moment ago.
                    Err(ConnectError::NotFound { .. }) => {}
                    answer => {
                        reading.read(list(&answer?["album"], "song"), take)?;
                    }
                }
            }
            offset += page.len();
        }
    }
}

/// Reads any bytes as an answer with a page of songs; a door for the fuzz target.
pub(crate) fn read_page(answer: &HttpAnswer) -> Result<FileReport> {
    let said = answer::read("http://fuzz", answer, &["secret"])?;
    let (latest, saved) = (RefCell::new(None), HashSet::new());
    let mut sink = LatestTrack(&latest);
    let listener = ListenerId::new("fuzz");
    let context = Context::new(Path::new("fuzz"), Source::Subsonic, listener, &mut sink);
    let (seen, songs) = (HashSet::new(), Vec::new());
    let mut reading = SongReading { context, latest: &latest, saved: &saved, seen, songs };
    reading.read(list(&said["searchResult3"], "song"), &mut |_| Ok(()))?;
    Ok(reading.context.finish())
}

/// The last track that an importer would have kept, told apart from others of its names.
struct LatestTrack<'l>(&'l RefCell<Option<Track>>);

impl Sink for LatestTrack<'_> {
    fn accept(&mut self, _: u64, record: Record) -> std::result::Result<(), SinkError> {
        if let Record::Track(track) = record {
            self.0.replace(Some(track));
        }
        Ok(())
    }
}

struct SongReading<'r> {
    context: Context<'r>,
    latest: &'r RefCell<Option<Track>>,
    saved: &'r HashSet<String>,
    /// Ids of all songs so far: pages shift while a library is scanned.
    seen: HashSet<String>,
    songs: Vec<RemoteSong>,
}

impl SongReading<'_> {
    /// Reads a page, and hands on what there is once it is worth it. Returns whether any song of it
    /// was new.
    fn read(&mut self, page: &[Value], take: &mut TakeSongs<'_>) -> Result<bool> {
        let before = self.seen.len();
        for one in page {
            self.song(one).map_err(|error| ConnectError::Sink(error.into()))?;
        }
        if self.songs.len() >= PAGE {
            self.hand_on(take)?;
        }
        Ok(self.seen.len() > before && self.seen.len() < MOST_SONGS)
    }

    fn song(&mut self, one: &Value) -> std::result::Result<(), IngestError> {
        let Some(id) = text(one, "id") else {
            self.context.drop_row(DropReason::Malformed);
            return Ok(());
        };
        if !self.seen.insert(id.clone()) {
            self.context.drop_row(DropReason::RepeatedRow);
            return Ok(());
        }
        match song::track(one, &mut self.context) {
            Ok(track) => self.context.keep(Record::Track(track))?,
            Err(reason) => self.context.drop_row(reason),
        }
        let Some(track) = self.latest.take() else { return Ok(()) };
        let (plays, last_played) = song::plays(one);
        let (opinion, is_saved) = (song::opinion(one), self.saved.contains(&id));
        self.songs.push(RemoteSong { id, track, opinion, is_saved, plays, last_played });
        Ok(())
    }

    fn hand_on(&mut self, take: &mut TakeSongs<'_>) -> Result<()> {
        match self.songs.is_empty() {
            true => Ok(()),
            false => take(std::mem::take(&mut self.songs)).map_err(ConnectError::Sink),
        }
    }
}
