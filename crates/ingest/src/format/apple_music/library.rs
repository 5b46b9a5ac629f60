//! `Apple Music Library Tracks.json`: the tracks of the listener's library. Each is saved; those
//! that the listener likes, dislikes or has as a favourite say so instead.

use std::io::BufRead;

use segue_core::{FeedbackKind, ListenerId, Record, Source};

use super::favorites::preference;
use super::owned::{OwnedTrack, said};
use crate::format::{Format, Head};
use crate::table::values;
use crate::table::{FlatObject, Unusable, read_objects};
use crate::{Context, DropReason, IngestError};

pub(super) const ARTIST: &str = "Artist";
pub(super) const TITLE: &str = "Title";

/// The library.
pub(crate) struct LibraryTracks;

impl Format for LibraryTracks {
    fn source(&self) -> Source {
        Source::AppleMusic
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        head.begins_with(['['])
            && head.has_keys(&[TITLE, "Track Identifier"])
            && (head.has_key("Date Added To Library") || head.has_key("Track Play Count"))
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        read_objects(input, context, |object, context| {
            let mut unusable = Unusable::default();
            match saved(object, context.listener(), &mut unusable) {
                Ok(record) => {
                    unusable.report(context);
                    context.keep(record)
                }
                Err(reason) => {
                    context.drop_row(reason);
                    Ok(())
                }
            }
        })
    }
}

fn saved(
    row: &FlatObject,
    listener: &ListenerId,
    unusable: &mut Unusable,
) -> Result<Record, DropReason> {
    match row.cell("Content Type") {
        None | Some("Song") => {}
        Some("Music Video") => return Err(DropReason::Video),
        Some("Podcast" | "Podcast Episode") => return Err(DropReason::Podcast),
        Some("Audiobook" | "Book") => return Err(DropReason::Audiobook),
        Some(_) => return Err(DropReason::NotAPlay),
    }
    let owned = OwnedTrack {
        artist: row.cell(ARTIST).or(row.cell("Album Artist")),
        title: row.cell(TITLE),
        album: row.cell("Album"),
        genre: row.cell("Genre"),
        year: row.cell("Track Year").or(row.cell("Release Date")),
        length: row.cell("Track Duration"),
    };
    let track = owned.track("track_duration", unusable)?;
    let (kind, at) = opinion(row);
    let feedback = said(listener, &track, kind, at);
    Ok(Record::Feedback { feedback, track: Some(track) })
}

/// What the listener says of the track, and when.
fn opinion(row: &FlatObject) -> (FeedbackKind, Option<&str>) {
    if let Some(kind) = row.cell("Track Like Rating").and_then(preference) {
        return (kind, row.cell("Favorite Date - Track"));
    }
    match row.cell("Favorite Status - Track").and_then(values::truth) {
        Some(true) => (FeedbackKind::Like, row.cell("Favorite Date - Track")),
        _ => (FeedbackKind::Saved, row.cell("Date Added To Library")),
    }
}
