//! What `GET /v1/listeners/{listener}/export` writes: a line each of `{"listen", "track"}`,
//! `{"feedback", "track"}`, `{"exclusion"}`, `{"settings"}` and `{"weekly_list"}`. A track is
//! described where it is mentioned first, and again after some thousand lines, so that no more of
//! them need be remembered.
//!
//! Rows keep the source that they had, by which the store tells what it has already. Exclusions,
//! settings and weekly lists are no history: they are not taken over.
//!
//! A file can be written by anybody, so that no more is believed than of other exports: the work
//! and the version of a track are read from its names, times and popularity have bounds, and where
//! a sound file lies on the machine that wrote the file is left out.

use std::collections::{HashMap, VecDeque};
use std::io::BufRead;

use segue_core::{
    Feedback, FeedbackTarget, Listen, Record, Source, Track, TrackId, Version, WorkId,
};
use serde::Deserialize;

use super::{Format, Head};
use crate::identity::named_track;
use crate::json::{JsonRows, read_lines};
use crate::time::plausible;
use crate::{Context, DropReason, IngestError};

/// Descriptions that are remembered: twice as many as an export leaves between two of one track.
const MOST_DESCRIPTIONS: usize = 10_000;

/// The format.
pub(crate) struct SegueExport;

impl Format for SegueExport {
    fn source(&self) -> Source {
        Source::Segue
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        let has_plays = head.has_row_key("listen") && head.has_keys(&["start_reason", "moment"]);
        let has_words = head.has_row_key("feedback") && head.has_keys(&["target", "kind"]);
        let has_settings =
            head.has_row_key("settings") && head.has_keys(&["time_zone", "date_language"]);
        let has_more = has_settings
            || head.has_row_key("exclusion")
            || head.has_row_key("weekly_list") && head.has_key("prompt");
        head.begins_with(['{']) && (has_plays || has_words || has_more)
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        read_lines(input, context, &mut ExportRows::remembering(MOST_DESCRIPTIONS))
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

/// The tracks of the last descriptions.
struct ExportRows {
    most: usize,
    /// How many descriptions there were.
    descriptions: u64,
    tracks: HashMap<TrackId, Described>,
    /// The tracks of the last descriptions, as often as they were described.
    order: VecDeque<TrackId>,
}

struct Described {
    track: Track,
    /// The number of its last description, from 1.
    number: u64,
}

impl ExportRows {
    fn remembering(most: usize) -> Self {
        Self { most, descriptions: 0, tracks: HashMap::new(), order: VecDeque::new() }
    }

    fn remember(&mut self, track: Track) {
        if self.order.len() >= self.most
            && let Some(oldest) = self.order.pop_front()
        {
            let number = self.descriptions + 1 - self.most as u64;
            if self.tracks.get(&oldest).is_some_and(|described| described.number == number) {
                self.tracks.remove(&oldest);
            }
        }
        self.descriptions += 1;
        self.order.push_back(track.id.clone());
        let described = Described { number: self.descriptions, track: believed(track) };
        self.tracks.insert(described.track.id.clone(), described);
    }

    fn track(&self, id: &TrackId) -> Option<Track> {
        self.tracks.get(id).map(|described| described.track.clone())
    }

    fn with_track(&self, feedback: Feedback) -> Option<Record> {
        let track = match &feedback.target {
            FeedbackTarget::Track(track) => Some(self.track(track)?),
            FeedbackTarget::Artist(_) => None,
        };
        Some(Record::Feedback { feedback, track })
    }
}

/// What is believed of the description of a track.
fn believed(track: Track) -> Track {
    let (work, version) = match track.title.as_str() {
        "" => (WorkId::new(track.id.as_str()), Version::Original),
        title => {
            let named = named_track(Some(track.id.clone()), track.artists.clone(), title);
            (named.work, named.version)
        }
    };
    let popularity = track.popularity.filter(|popularity| (0.0..=1.0).contains(popularity));
    Track { work, version, popularity, location: None, ..track }
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
            (Some(Listen { at: Some(at), .. }), _) if plausible(at).is_none() => {
                context.drop_time(Some(&at.to_string()));
                return Ok(());
            }
            (Some(listen), _) => self
                .track(&listen.track)
                .map(|track| Record::Listen { listen: Listen { listener, ..listen }, track }),
            (None, Some(feedback)) => {
                let at = feedback.at.and_then(plausible);
                self.with_track(Feedback { listener, at, ..feedback })
            }
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use segue_core::{FeedbackKind, ListenerId};
    use serde_json::{Value, json};

    use super::*;
    use crate::FileReport;
    use crate::format::testing::KeptRecords;

    fn read(lines: &[Value], most: usize) -> (FileReport, Vec<Record>) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut kept = KeptRecords::default();
        let listener = ListenerId::new("ann");
        let mut context = Context::new(Path::new("export"), Source::Segue, listener, &mut kept);
        let mut rows = ExportRows::remembering(most);
        read_lines(&mut text.as_bytes(), &mut context, &mut rows).unwrap();
        (context.finish(), kept.0.into_iter().map(|(_, record)| record).collect())
    }

    fn song(name: &str) -> Track {
        named_track(Some(TrackId::new(name)), vec!["Anna Ash".to_owned()], name)
    }

    fn play(song: &Track, second: i64) -> Listen {
        let at = segue_core::Timestamp::from_second(second).unwrap();
        Listen::new(ListenerId::new("ann"), song.id.clone(), at, Source::Segue)
    }

    #[test]
    fn a_track_that_is_described_again_is_remembered_from_then_on() {
        let described = |song: &Track| json!({"listen": play(song, 1_700_000_000), "track": song});
        let [a, b, c, d] = ["A", "B", "C", "D"].map(song);
        let mut lines: Vec<_> = [&a, &b, &a, &c].map(described).into();
        // Three descriptions are remembered: B is the first of them, and D takes its place.
        lines.push(json!({"listen": play(&b, 1_700_000_300)}));
        lines.push(described(&d));
        lines.push(json!({"listen": play(&a, 1_700_000_600)}));
        lines.push(json!({"listen": play(&b, 1_700_000_900)}));
        let (report, kept) = read(&lines, 3);
        assert_eq!(kept.len(), 7, "{report:?}");
        assert_eq!(report.dropped, [(DropReason::NoTrack, 1)].into(), "of B, at the end");
    }

    #[test]
    fn no_more_is_believed_of_a_track_than_its_names_bear_out() {
        let told = Track {
            work: WorkId::new("somebody else␟hit"),
            version: Version::Demo,
            popularity: Some(40.0),
            location: Some("/home/ann/music/a.flac".to_owned()),
            ..song("Song (Live)")
        };
        let (_, kept) = read(&[json!({"listen": play(&told, 1_700_000_000), "track": told})], 9);
        let [Record::Listen { track, .. }] = &kept[..] else { panic!("{kept:?}") };
        assert_eq!(*track, song("Song (Live)"));
    }

    #[test]
    fn times_at_which_nobody_can_have_listened_are_none() {
        let song = song("A");
        let feedback = Feedback {
            listener: ListenerId::new("ann"),
            target: FeedbackTarget::Track(song.id.clone()),
            kind: FeedbackKind::Like,
            at: Some(segue_core::Timestamp::UNIX_EPOCH),
            source: Source::Segue,
        };
        let lines = [
            json!({"listen": play(&song, 0), "track": song}),
            json!({"listen": play(&song, 4_200_000_000)}),
            json!({"feedback": feedback}),
        ];
        let (report, kept) = read(&lines, 9);
        assert_eq!(report.dropped, [(DropReason::BadTime, 2)].into());
        let [Record::Feedback { feedback, .. }] = &kept[..] else { panic!("{kept:?}") };
        assert_eq!(feedback.at, None);
    }
}
