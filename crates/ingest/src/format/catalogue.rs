//! A catalogue: tracks and how they sound, under Spotify's names, as CSV or JSON
//! ([`table`](crate::table) knows the columns).
//!
//! Rows that repeat a track are reported as they are: the store decides which one counts.
//! Spotify's own answer to "audio features of several tracks" is such a catalogue.
//!
//! A row that lists an identifier and nothing else is dropped as empty.
//!
//! Where a person says what it means that a file lists a track (`--mark liked`), any table that
//! names tracks is read, without a word on how they sound.

use std::io::BufRead;

use segue_core::{Feedback, FeedbackTarget, Record, Source, Timestamp, Track};

use super::{Format, Head};
use crate::input::read_error;
use crate::table::{
    DateForm, Delimited, FlatObject, TableLayout, TableOptions, TableRow, Unusable, header_layout,
    is_json, keys_in, read_dated_objects, read_objects,
};
use crate::{Context, DropReason, IngestError};

/// The format of a table of tracks.
#[derive(Default)]
pub(crate) struct CatalogueTable {
    /// How to read them.
    pub(crate) options: TableOptions,
}

impl Format for CatalogueTable {
    fn source(&self) -> Source {
        Source::Catalogue
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        self.understands(&match head.begins_with(['[', '{']) {
            true => TableLayout::from_names(keys_in(head.text), None),
            false => header_layout(head.text, None),
        })
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        if is_json(input.fill_buf().map_err(|error| read_error(error, context.path(), 1))?) {
            return self.read_json(input, context);
        }
        let opened = Delimited::open_at_header(input, None, context)?;
        let Some((mut table, layout)) = opened else { return Ok(()) };
        let dates = match self.has_use_of_dates() {
            true => table.date_form(&layout, context)?,
            false => DateForm::default(),
        };
        while let Some(cells) = table.next(context)? {
            self.take(TableRow::new(&layout, dates, cells), context)?;
        }
        Ok(())
    }
}

impl CatalogueTable {
    fn read_json(
        &self,
        input: &mut dyn BufRead,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        let take = |object: &FlatObject, dates, context: &mut Context<'_>| {
            context.columns(object.readings());
            self.take(object.row(dates), context)
        };
        match self.has_use_of_dates() {
            true => read_dated_objects(input, None, context, take),
            false => read_objects(input, context, |object, context| {
                take(object, DateForm::default(), context)
            }),
        }
    }

    /// Whether a table with these columns is a catalogue: it names tracks and says how they sound,
    /// or a person said what its listing them means.
    pub(crate) fn understands(&self, layout: &TableLayout) -> bool {
        layout.names_tracks() && layout.feature_count() > 0
            || self.options.mark.is_some() && layout.identifies_tracks()
    }

    /// Whether it matters when a track was added: only what the listener thinks of it has a time.
    pub(crate) fn has_use_of_dates(&self) -> bool {
        self.options.mark.is_some()
    }

    /// Announces one row.
    pub(crate) fn take(
        &self,
        row: TableRow<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        let mut unusable = Unusable::default();
        let track = row.track(&mut context.namer, &mut unusable);
        match track.and_then(|track| {
            let is_useful = says_something(&track) || self.options.mark.is_some();
            if is_useful { Ok(track) } else { Err(DropReason::Empty) }
        }) {
            Ok(track) => {
                unusable.report(context);
                context.keep(self.record(track, row.added(), context))
            }
            Err(reason) => {
                context.drop_row(reason);
                Ok(())
            }
        }
    }

    fn record(&self, track: Track, at: Option<Timestamp>, context: &Context<'_>) -> Record {
        match self.options.mark {
            None => Record::Track(track),
            Some(kind) => Record::Feedback {
                feedback: Feedback {
                    listener: context.listener().clone(),
                    target: FeedbackTarget::Track(track.id.clone()),
                    kind,
                    at,
                    source: Source::Catalogue,
                },
                track: Some(track),
            },
        }
    }
}

fn says_something(track: &Track) -> bool {
    !track.title.is_empty() || !track.features.is_silent() || track.duration_ms().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{fixture, read, real_text, recognises, try_read};
    use proptest::prelude::*;
    use segue_core::{AudioFeature, FeedbackKind};

    fn catalogue() -> CatalogueTable {
        CatalogueTable::default()
    }

    #[test]
    fn a_row_gives_all_that_is_known_of_its_track() {
        let (report, records) = read(&catalogue(), &fixture("catalogue.csv"));
        let first = records.tracks()[0];
        assert_eq!(first.id.as_str(), "spotify:track:4uLU6hMCjMI75M1A2tKUQC");
        assert_eq!(first.title, "First, Song");
        assert_eq!(first.artists, ["Anna Ash", "Ben Birch"]);
        assert_eq!(first.album.as_deref(), Some("Leaves"));
        assert_eq!(first.year, Some(2019));
        assert_eq!(first.popularity, Some(0.66));
        assert_eq!(first.genre.as_deref(), Some("folk"));
        assert_eq!(first.isrc.as_deref(), Some("GBAYE0601498"));
        assert!(
            AudioFeature::ALL.iter().all(|&f| first.features.get(f).is_some()),
            "{:?}",
            first.features
        );
        assert_eq!(first.features.get(AudioFeature::Tempo), Some(120.5));
        assert_eq!((report.rows_read, report.tracks), (9, 4));
    }

    #[test]
    fn missing_values_are_missing_and_impossible_ones_are_counted() {
        let (report, records) = read(&catalogue(), &fixture("catalogue.csv"));
        let [_, second, third, unnamed] = records.tracks()[..] else {
            panic!("{records:?}", records = records.0)
        };
        let known = |track: &Track| {
            AudioFeature::ALL.iter().filter(|&&f| track.features.get(f).is_some()).count()
        };
        assert_eq!(known(second), 5);
        assert_eq!(
            (second.popularity, second.genre.as_deref(), second.year),
            (None, None, Some(2012))
        );
        assert_eq!(known(third), 10);
        assert_eq!(third.artists, ["Anna Ash", "Dee's"]);
        assert_eq!(third.genre.as_deref(), Some("rock"));
        assert!(third.id.as_str().starts_with("name:"), "{}", third.id);
        assert_eq!(
            (unnamed.id.as_str(), unnamed.work.as_str(), unnamed.title.as_str()),
            ("item:42", "item:42", "")
        );
        let unusable: Vec<_> = report.unusable_values.into_iter().collect();
        let expected = [
            ("danceability", 1),
            ("energy", 1),
            ("key", 1),
            ("popularity", 1),
            ("tempo", 1),
            ("time_signature", 1),
        ];
        assert_eq!(unusable, expected);
    }

    #[test]
    fn rows_that_name_nothing_or_are_torn_are_dropped_with_their_reason() {
        let (report, _) = read(&catalogue(), &fixture("catalogue.csv"));
        let dropped: Vec<_> = report.dropped.into_iter().collect();
        let expected = [
            (DropReason::NoTrack, 1),
            (DropReason::NoTitle, 1),
            (DropReason::Empty, 1),
            (DropReason::Malformed, 2),
        ];
        assert_eq!(dropped, expected);
    }

    #[test]
    fn json_is_read_like_csv() {
        let (report, records) = read(&catalogue(), &fixture("catalogue.json"));
        let first = records.tracks()[0];
        assert_eq!(first.artists, ["Anna Ash", "Ben; Birch"]);
        assert_eq!(first.album.as_deref(), Some("Leaves"));
        assert_eq!((first.year, first.popularity), (Some(2019), Some(0.66)));
        assert_eq!(first.isrc.as_deref(), Some("GBAYE0601498"));
        assert_eq!(first.duration_ms(), Some(201_000));
        assert_eq!(records.tracks()[2].id.as_str(), "item:7");
        assert_eq!(
            (report.rows_read, report.tracks, report.dropped[&DropReason::Malformed]),
            (4, 3, 1)
        );
        assert_eq!(report.unusable_values["tempo"], 1);
    }

    #[test]
    fn a_mark_turns_listed_tracks_into_what_the_listener_said() {
        let liked = CatalogueTable {
            options: TableOptions { mark: Some(FeedbackKind::Like), ..Default::default() },
        };
        let (report, records) = read(&liked, &fixture("catalogue.json"));
        assert_eq!((report.feedback, report.tracks), (3, 0));
        assert!(
            records
                .feedback()
                .iter()
                .all(|said| said.kind == FeedbackKind::Like && said.at.is_none())
        );
        assert_eq!(records.tracks().len(), 3);
    }

    #[test]
    fn tables_without_sound_or_without_names_are_not_catalogues() {
        assert!(recognises(&catalogue(), &fixture("catalogue.csv")));
        assert!(recognises(&catalogue(), &fixture("catalogue.json")));
        assert!(recognises(&catalogue(), "{\"id\":\"x\",\"energy\":1}\n"));
        for text in [
            "artist,album,track\n",
            "energy,tempo\n",
            "",
            "[]",
            "[1]",
            "{",
            "Some prose, with track and artist.\n",
        ] {
            assert!(!recognises(&catalogue(), text), "{text}");
        }
    }

    #[test]
    fn a_record_without_end_is_an_error_and_not_an_allocation() {
        let open_quote = format!("id,energy\n\"{}", "x".repeat(3 << 20));
        let open_object = format!("[{{\"id\":\"{}", "x".repeat(3 << 20));
        let long_header = "x".repeat(3 << 20);
        for text in [open_quote, open_object, long_header] {
            let (result, _) = try_read(&catalogue(), &text);
            assert!(matches!(result, Err(IngestError::TooLarge { .. })), "{result:?}");
        }
    }

    #[test]
    fn truncated_json_is_an_error_that_names_the_line() {
        let (result, records) = try_read(&catalogue(), "[{\"id\":\"x\",\"energy\":1},\n{\"id\"");
        assert!(matches!(result, Err(IngestError::Malformed { line: 2, .. })), "{result:?}");
        assert_eq!(records.0.len(), 1);
    }

    #[test]
    fn deep_json_is_an_error() {
        let (result, _) =
            try_read(&catalogue(), &format!("[{}{}]", "[".repeat(9999), "]".repeat(9999)));
        assert!(matches!(result, Err(IngestError::TooLarge { .. })), "{result:?}");
    }

    #[test]
    fn the_tidytuesday_songs_are_all_there() {
        let Some(text) = real_text("tidytuesday_spotify_songs/spotify_songs.csv") else { return };
        assert!(recognises(&catalogue(), &text));
        let (report, records) = read(&catalogue(), &text);
        assert_eq!((report.rows_read, report.tracks), (32_833, 32_833));
        let tracks = records.tracks();
        let ids: std::collections::BTreeSet<_> = tracks.iter().map(|track| &track.id).collect();
        assert_eq!(ids.len(), 28_356);
        assert_eq!(tracks.iter().filter(|track| track.title.is_empty()).count(), 5);
        assert_eq!(report.unusable_values.into_iter().collect::<Vec<_>>(), [("tempo", 1)]);
        let sum =
            |value: &dyn Fn(&Track) -> f64| tracks.iter().map(|track| value(track)).sum::<f64>();
        let energy = sum(&|track| f64::from(track.features.get(AudioFeature::Energy).unwrap()));
        assert!((energy - 22_937.766_5).abs() < 1e-3, "{energy}");
        assert_eq!(sum(&|track| f64::from(track.year.unwrap())), 66_031_670.0);
        let popularity = sum(&|track| f64::from(track.popularity.unwrap()));
        assert!((popularity - 13_946.50).abs() < 1e-3, "{popularity}");
    }

    #[test]
    fn the_songs_of_six_decades_are_all_there() {
        let mut ids = std::collections::BTreeSet::new();
        for (decade, rows) in
            [("60", 8642), ("70", 7766), ("80", 6908), ("90", 5520), ("00", 5872), ("10", 6398)]
        {
            let Some(text) = real_text(&format!("spotify_hits_decades/dataset-of-{decade}s.csv"))
            else {
                return;
            };
            let (report, records) = read(&catalogue(), &text);
            assert_eq!((report.rows_read, report.tracks), (rows, rows));
            assert!(report.unusable_values.values().sum::<u64>() <= 2);
            ids.extend(records.tracks().into_iter().map(|track| track.id.clone()));
            assert!(
                records
                    .tracks()
                    .iter()
                    .all(|t| t.id.as_str().len() == 36 && !t.title.is_empty() && t.year.is_some())
            );
        }
        assert_eq!(ids.len(), 40_560);
    }

    #[test]
    fn spotifys_own_answer_is_a_catalogue() {
        for (name, rows) in [("good", 100), ("dislike", 95)] {
            let Some(text) = real_text(&format!("spotify_liked_195/{name}.json")) else { return };
            assert!(recognises(&catalogue(), &text));
            let (report, records) = read(&catalogue(), &text);
            assert_eq!((report.rows_read, report.tracks), (rows, rows));
            assert!(
                records
                    .tracks()
                    .iter()
                    .all(|t| AudioFeature::ALL.iter().all(|&f| t.features.get(f).is_some()))
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_adds_up(
            text in "(id|title|artists|year|decade|popularity|energy|key|isrc)\
                     (,(id|name|tempo|artists|year)){0,6}\n\
                     ([\\PC\",;\n\\[\\]{}:]{0,20},?){0,40}",
        ) {
            let _ = recognises(&catalogue(), &text);
            let _ = try_read(&catalogue(), &text);
            let _ = try_read(&catalogue(), text.trim_start_matches(|c| c != '{' && c != '['));
        }

        #[test]
        fn numbers_survive_the_way_through_text(
            energy in 0.0f32..=1.0,
            tempo in 20.0f32..=400.0,
            key in 0u8..12,
        ) {
            let text = format!("id,energy,tempo,key\nx,{energy},{tempo:e},{key}.0\n");
            let (_, records) = read(&catalogue(), &text);
            let features = records.tracks()[0].features;
            prop_assert_eq!(features.get(AudioFeature::Energy), Some(energy));
            prop_assert_eq!(features.get(AudioFeature::Tempo), Some(tempo));
            prop_assert_eq!(features.get(AudioFeature::Key), Some(f32::from(key)));
        }
    }
}
