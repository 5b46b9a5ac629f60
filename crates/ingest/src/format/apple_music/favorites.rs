//! `Apple Music - Favorites.csv`, and before 2022 `Apple Music Likes and Dislikes.csv`: songs,
//! albums, artists and playlists that the listener likes or dislikes, described in a cell. Only
//! songs are read, whose description is `Artist - Title`: liking an artist or an album says little
//! of any one track.

use std::io::BufRead;

use csv::StringRecord;
use segue_core::{FeedbackKind, Record, Source};

use super::artist_and_title;
use super::owned::said;
use crate::format::{Format, Head};
use crate::identity::named_track;
use crate::table::{Delimited, Header, head_records};
use crate::{Context, DropReason, IngestError};

/// Likes and dislikes.
pub(crate) struct Favorites;

impl Format for Favorites {
    fn source(&self) -> Source {
        Source::AppleMusic
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        let header = head_records(head.text).next().map(|names| Header::new(&names));
        header.is_some_and(|header| header.has(&["item description", "preference"]))
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        let mut table = Delimited::open(input, context)?;
        let Some(header) = table.next(context)?.map(Header::new) else { return Ok(()) };
        table.expect_width(header.width());
        while let Some(row) = table.next(context)? {
            match opinion(&header, row, context) {
                Ok(record) => context.keep(record)?,
                Err(reason) => context.drop_row(reason),
            }
        }
        Ok(())
    }
}

fn opinion(
    header: &Header,
    row: &StringRecord,
    context: &Context<'_>,
) -> Result<Record, DropReason> {
    let cell = |names| header.cell(row, names);
    let is_song = cell(&["favorite type", "item type"]).is_none_or(|kind| {
        ["SONG", "TRACK", "SONGS"].contains(&kind.to_ascii_uppercase().as_str())
    });
    if !is_song {
        return Err(DropReason::NotAPlay);
    }
    let kind = cell(&["preference"]).and_then(preference).ok_or(DropReason::Empty)?;
    let (artist, title) = artist_and_title(cell(&["item description"]).ok_or(DropReason::NoTrack)?);
    let track = named_track(None, artist.map(str::to_owned).into_iter().collect(), title);
    let at = cell(&["last modified", "created"]);
    let feedback = said(context.listener(), &track, kind, at);
    Ok(Record::Feedback { feedback, track: Some(track) })
}

/// The feedback that a cell stands for, in the words of every version of the file.
pub(super) fn preference(text: &str) -> Option<FeedbackKind> {
    match text.to_ascii_lowercase().as_str() {
        "like" | "liked" | "love" | "loved" | "favorite" => Some(FeedbackKind::Like),
        "dislike" | "disliked" => Some(FeedbackKind::Dislike),
        _ => None,
    }
}
