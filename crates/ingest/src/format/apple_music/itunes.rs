//! `Library.xml` (once `iTunes Music Library.xml`), which iTunes and Apple's Music app write: the
//! tracks of the listener's library, how often each was played, and when last.
//!
//! It is a property list: a dictionary whose `Tracks` hold a dictionary for each track, of keys
//! that are each followed by their value. Playlists come after it and are not read. A track is
//! saved, or liked or disliked where the listener says so. Of its plays the last one has a time,
//! which marks its end; the others are plays without a date.

use std::io::{self, BufRead, Read, Take};
use std::iter::repeat_n;
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;
use segue_core::{Feedback, FeedbackKind, Listen, ListenerId, Moment, Record, Source, Track};

use super::owned::{OwnedTrack, said};
use crate::format::{Format, Head};
use crate::input::read_error;
use crate::table::values::{self, moment};
use crate::table::{MAX_RECORD_BYTES, Unusable};
use crate::{Context, DropReason, IngestError};

/// Plays of a track that are kept. Nobody plays a song every day for thirty years.
const MOST_PLAYS: u32 = 10_000;

/// The library.
pub(crate) struct ITunesLibrary;

impl Format for ITunesLibrary {
    fn source(&self) -> Source {
        Source::AppleMusic
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        head.begins_with(['<'])
            && head.text.contains("<plist")
            && head.text.contains("<key>Tracks</key>")
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        let mut list = PropertyList::new(input);
        let mut undated = 0;
        while let Some(entry) = list.next_track(context)? {
            let mut unusable = Unusable::default();
            match understand(&entry, context.listener(), &mut unusable) {
                Ok(track) => {
                    unusable.report(context);
                    undated += track.announce(context)?;
                }
                Err(reason) => context.drop_row(reason),
            }
        }
        if undated > 0 {
            context.note(format!("{undated} plays are counted in it without a date"));
        }
        Ok(())
    }
}

/// The keys and values of one track, in the order of the file.
type Entry = Vec<(String, String)>;

/// Reads a property list up to the end of its tracks.
struct PropertyList<'i> {
    xml: Reader<Take<&'i mut dyn BufRead>>,
    buffer: Vec<u8>,
    line: u64,
    /// Dictionaries that are open.
    depth: u32,
    in_tracks: bool,
    text: String,
    key: String,
}

impl<'i> PropertyList<'i> {
    fn new(input: &'i mut dyn BufRead) -> Self {
        Self {
            xml: Reader::from_reader(Read::take(input, MAX_RECORD_BYTES)),
            buffer: Vec::new(),
            line: 1,
            depth: 0,
            in_tracks: false,
            text: String::new(),
            key: String::new(),
        }
    }

    /// The next track; `None` after the last.
    fn next_track(&mut self, context: &Context<'_>) -> Result<Option<Entry>, IngestError> {
        let mut entry = Entry::new();
        self.xml.get_mut().set_limit(MAX_RECORD_BYTES);
        loop {
            match self.next_piece(context)? {
                Piece::Begin => {
                    self.depth += 1;
                    entry.clear();
                }
                Piece::Key => self.in_tracks |= self.depth == 1 && self.key == "Tracks",
                Piece::Value(value) => entry.push((self.key.clone(), value)),
                Piece::End => {
                    self.depth = self.depth.saturating_sub(1);
                    match (self.in_tracks, self.depth) {
                        (true, 2) => return Ok(Some(entry)),
                        (true, 0 | 1) => return Ok(None),
                        _ => {}
                    }
                }
            }
        }
    }

    fn next_piece(&mut self, context: &Context<'_>) -> Result<Piece, IngestError> {
        loop {
            self.buffer.clear();
            let event = self.xml.read_event_into(&mut self.buffer);
            let event = event.map_err(|error| unreadable(error, context, self.line))?;
            self.line += event.bytes().filter(|&byte| byte == b'\n').count() as u64;
            match event {
                Event::Start(tag) if tag.name().as_ref() == "dict" => return Ok(Piece::Begin),
                Event::Start(_) => self.text.clear(),
                Event::Text(text) => self.text.push_str(&text.xml10_content()),
                Event::CData(text) => self.text.push_str(&text.xml10_content()),
                Event::GeneralRef(name) => {
                    let character = format!("&{};", &*name);
                    self.text.push_str(&unescape(&character).unwrap_or_default());
                }
                Event::Empty(tag) => return Ok(Piece::Value(tag.name().as_ref().to_owned())),
                Event::End(tag) if tag.name().as_ref() == "dict" => return Ok(Piece::End),
                Event::End(tag) if tag.name().as_ref() == "key" => {
                    self.key = std::mem::take(&mut self.text);
                    return Ok(Piece::Key);
                }
                Event::End(_) => return Ok(Piece::Value(std::mem::take(&mut self.text))),
                Event::Eof => return Err(self.early_end(context)),
                _ => {}
            }
        }
    }

    fn early_end(&self, context: &Context<'_>) -> IngestError {
        if self.xml.get_ref().limit() == 0 {
            let limit = format!("{} KiB", MAX_RECORD_BYTES >> 10);
            return context.too_large(self.line, "a track", limit);
        }
        context.malformed(self.line, "the file ends before its tracks do")
    }
}

/// A part of a property list. A key is held by the list that is read.
enum Piece {
    /// A dictionary begins.
    Begin,
    Key,
    Value(String),
    /// A dictionary ends.
    End,
}

fn unreadable(error: quick_xml::Error, context: &Context<'_>, line: u64) -> IngestError {
    match error {
        quick_xml::Error::Io(error) => {
            let error = Arc::try_unwrap(error)
                .unwrap_or_else(|error| io::Error::new(error.kind(), error.to_string()));
            read_error(error, context.path(), line)
        }
        error => context.malformed(line, error.to_string()),
    }
}

/// What a track of the library says.
struct LibraryTrack {
    said: Feedback,
    track: Track,
    plays: u32,
    last_play: Option<Listen>,
}

fn understand(
    entry: &Entry,
    listener: &ListenerId,
    unusable: &mut Unusable,
) -> Result<LibraryTrack, DropReason> {
    let cell = |key: &str| {
        let value = entry.iter().find(|(name, _)| name == key);
        value.and_then(|(_, value)| values::present(value))
    };
    let is = |key: &str| cell(key).and_then(values::truth) == Some(true);
    if is("Podcast") {
        return Err(DropReason::Podcast);
    }
    if ["Movie", "TV Show", "Music Video", "Has Video"].into_iter().any(is) {
        return Err(DropReason::Video);
    }
    let is_spoken = |text: &str| text.to_lowercase().contains("audiobook");
    if is("Audiobook") || [cell("Genre"), cell("Kind")].into_iter().flatten().any(is_spoken) {
        return Err(DropReason::Audiobook);
    }
    let owned = OwnedTrack {
        artist: cell("Artist").or(cell("Album Artist")),
        title: cell("Name"),
        album: cell("Album"),
        genre: cell("Genre"),
        year: cell("Year"),
        length: cell("Total Time"),
    };
    let track = owned.track("total_time", unusable)?;
    let rating = cell("Rating").filter(|_| !is("Rating Computed")).and_then(values::number);
    let (kind, at) = match rating {
        _ if is("Loved") || is("Favorited") => (FeedbackKind::Like, None),
        _ if is("Disliked") => (FeedbackKind::Dislike, None),
        Some(80.0..) => (FeedbackKind::Like, None),
        Some(stars) if (1.0..=40.0).contains(&stars) => (FeedbackKind::Dislike, None),
        _ => (FeedbackKind::Saved, cell("Date Added")),
    };
    let said = said(listener, &track, kind, at);
    let plays = cell("Play Count").and_then(values::number).unwrap_or_default() as u32;
    let last_play = cell("Play Date UTC").and_then(moment).filter(|_| plays > 0).map(|at| Listen {
        moment: Moment::Ended,
        ..Listen::new(listener.clone(), track.id.clone(), at, Source::AppleMusic)
    });
    Ok(LibraryTrack { said, track, plays: plays.min(MOST_PLAYS), last_play })
}

impl LibraryTrack {
    /// Announces the row; how many of its plays have no date.
    fn announce(self, context: &mut Context<'_>) -> Result<u32, IngestError> {
        let Self { said, track, plays, last_play } = self;
        let undated = plays - u32::from(last_play.is_some());
        let counted =
            Listen::new(said.listener.clone(), track.id.clone(), None, Source::AppleMusic);
        let listens = last_play.into_iter().chain(repeat_n(counted, undated as usize));
        let mut is_counted = false;
        for listen in listens {
            let record = Record::Listen { listen, track: track.clone() };
            match std::mem::replace(&mut is_counted, true) {
                false => context.keep(record)?,
                true => context.keep_beside(record)?,
            }
        }
        let said = Record::Feedback { feedback: said, track: Some(track) };
        match is_counted {
            false => context.keep(said)?,
            true => context.keep_beside(said)?,
        }
        Ok(undated)
    }
}
