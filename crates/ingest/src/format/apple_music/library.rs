//! `Apple Music Library Tracks.json`: the tracks of the listener's library. Each is saved; those
//! that the listener likes, dislikes or has as a favourite say so instead.

use std::io::BufRead;

use segue_core::{AudioFeature, Feedback, FeedbackKind, FeedbackTarget, Record, Source};

use super::favorites::preference;
use crate::format::{Format, Head};
use crate::identity::named_track;
use crate::table::values::{self, moment};
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
            match saved(object, context, &mut unusable) {
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
    context: &Context<'_>,
    unusable: &mut Unusable,
) -> Result<Record, DropReason> {
    match row.cell("Content Type") {
        None | Some("Song") => {}
        Some("Music Video") => return Err(DropReason::Video),
        Some("Podcast" | "Podcast Episode") => return Err(DropReason::Podcast),
        Some("Audiobook" | "Book") => return Err(DropReason::Audiobook),
        Some(_) => return Err(DropReason::NotAPlay),
    }
    let artist = row.cell(ARTIST).or(row.cell("Album Artist"));
    let nameless = if artist.is_some() { DropReason::NoTitle } else { DropReason::NoTrack };
    let title = row.cell(TITLE).ok_or(nameless)?;
    let mut track = named_track(None, artist.map(str::to_owned).into_iter().collect(), title);
    track.album = row.cell("Album").map(str::to_owned);
    track.genre = row.cell("Genre").map(str::to_owned);
    track.year = row.cell("Track Year").or(row.cell("Release Date")).and_then(values::year);
    let duration = row.cell("Track Duration").map(values::milliseconds);
    if duration.is_some_and(|ms| {
        !ms.is_some_and(|ms| track.features.set(AudioFeature::DurationMs, ms as f32))
    }) {
        unusable.push("track_duration");
    }
    let (kind, at) = opinion(row);
    let feedback = Feedback {
        listener: context.listener().clone(),
        target: FeedbackTarget::Track(track.id.clone()),
        kind,
        at: at.and_then(moment),
        source: Source::AppleMusic,
    };
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
