//! What `GET /v1/listeners/{listener}/export` writes: a line each of `{"listen", "track"}`,
//! `{"feedback", "track"}` and `{"exclusion"}`. A track is described where it is mentioned first, and
//! again after some thousand lines, so that no more of them need be remembered.
//!
//! Rows keep the source that they had, by which the store tells what it has already. Exclusions are
//! settings and no history: they are not taken over.

use std::collections::{HashMap, VecDeque};
use std::io::BufRead;

use segue_core::{Feedback, FeedbackTarget, Listen, Record, Source, Track, TrackId};
use serde::Deserialize;

use super::{Format, Head};
use crate::json::{JsonRows, read_lines};
use crate::{Context, DropReason, IngestError};

/// Descriptions that are remembered: twice as many as an export leaves between two of one track.
const MOST_TRACKS: usize = 10_000;

/// The format.
pub(crate) struct SegueExport;

impl Format for SegueExport {
    fn source(&self) -> Source {
        Source::Segue
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        let has_plays = head.has_row_key("listen") && head.has_keys(&["start_reason", "moment"]);
        let has_words = head.has_row_key("feedback") && head.has_keys(&["target", "kind"]);
        head.begins_with(['{']) && (has_plays || has_words || head.has_row_key("exclusion"))
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        read_lines(input, context, &mut ExportRows::default())
    }
}

/// A line, of which one of the first three is there.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ExportRow {
    listen: Option<Listen>,
    feedback: Option<Feedback>,
    exclusion: Option<serde::de::IgnoredAny>,
    track: Option<Track>,
}

/// The tracks that were described last.
#[derive(Default)]
struct ExportRows {
    tracks: HashMap<TrackId, Track>,
    order: VecDeque<TrackId>,
}

impl ExportRows {
    fn remember(&mut self, track: Track) {
        if self.order.len() >= MOST_TRACKS
            && let Some(oldest) = self.order.pop_front()
        {
            self.tracks.remove(&oldest);
        }
        let id = track.id.clone();
        if self.tracks.insert(id.clone(), track).is_none() {
            self.order.push_back(id);
        }
    }

    fn with_track(&self, feedback: Feedback) -> Option<Record> {
        let track = match &feedback.target {
            FeedbackTarget::Track(track) => Some(self.tracks.get(track)?.clone()),
            FeedbackTarget::Artist(_) => None,
        };
        Some(Record::Feedback { feedback, track })
    }
}

impl JsonRows for ExportRows {
    type Row<'de> = ExportRow;

    fn row(
        &mut self,
        line: ExportRow,
        _: u8,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        line.track.into_iter().for_each(|track| self.remember(track));
        let listener = context.listener().clone();
        let record = match (line.listen, line.feedback) {
            (Some(listen), _) => self.tracks.get(&listen.track).map(|track| Record::Listen {
                listen: Listen { listener, ..listen },
                track: track.clone(),
            }),
            (None, Some(feedback)) => self.with_track(Feedback { listener, ..feedback }),
            (None, None) => {
                if line.exclusion.is_some() {
                    context.note("exclusions are not taken over: `segue exclude` sets them");
                }
                context.drop_row(DropReason::NotAPlay);
                return Ok(());
            }
        };
        match record {
            Some(record) => context.keep(record),
            // As exports were before they described tracks.
            None => {
                context.drop_row(DropReason::NoTrack);
                Ok(())
            }
        }
    }
}
