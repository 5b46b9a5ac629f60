//! Interactions: who played, rated or liked what, as plain CSV, TSV or JSON under the usual column
//! names ([`table`](crate::table) knows them).
//!
//! What a row is follows from the columns of its table:
//!
//! - With a play time, a skip, or a time without a rating or like, it is a play. A rating or like
//!   in the same row is reported beside it.
//! - With a rating or like, whether or not there is a time, it is feedback given at that time.
//! - With neither, it is a play of which nothing else is known.
//!
//! A listener column overrides the listener of the import. A table may give *totals* per track,
//! play time without a time; such plays have no [`Listen::at`]. A table may also label
//! sounds without naming them (audio features and `liked`, no track column); its tracks are known
//! by a hash of their features.
//!
//! Play time without a unit in its name is milliseconds.

use std::io::BufRead;

use segue_core::{
    Feedback, FeedbackKind, FeedbackTarget, Listen, ListenerId, Moment, Record, Source, Timestamp,
    Track,
};

use super::{Format, Head};
use crate::input::read_error;
use crate::table::{
    Delimited, PlaylistUse, TableColumn, TableLayout, TableOptions, TableRow, Unusable, is_json,
    layout_in, read_dated_objects, values,
};
use crate::{Context, DropReason, IngestError, spotify};

/// The format of a table of interactions.
#[derive(Default)]
pub(crate) struct InteractionTable {
    /// How to read them.
    pub(crate) options: TableOptions,
}

impl Format for InteractionTable {
    fn source(&self) -> Source {
        Source::Interactions
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        self.understands(&layout_in(head.text, self.label()))
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        if is_json(input.fill_buf().map_err(|error| read_error(error, context.path(), 1))?) {
            return read_dated_objects(input, self.label(), context, |object, dates, context| {
                context.columns(object.readings());
                self.take(object.row(dates), context)
            });
        }
        let opened = Delimited::open_at_header(input, self.label(), context)?;
        let Some((mut table, layout)) = opened else { return Ok(()) };
        let dates = table.date_form(&layout, context)?;
        while let Some(cells) = table.next(context)? {
            self.take(TableRow::new(&layout, dates, cells), context)?;
        }
        Ok(())
    }
}

impl InteractionTable {
    /// The name of the column that says whether a track is liked, where it has one of its own.
    pub(crate) fn label(&self) -> Option<&str> {
        self.options.label_column.as_deref()
    }

    /// Whether a table with these columns holds interactions.
    pub(crate) fn understands(&self, layout: &TableLayout) -> bool {
        if layout.sounds_without_names() {
            return layout.has(TableColumn::Liked);
        }
        let playlists =
            self.options.playlists != PlaylistUse::Ignore && layout.has(TableColumn::Playlist);
        let interacts = holds_play_times(layout)
            || layout.has(TableColumn::Time)
            || holds_statements(layout)
            || layout.has(TableColumn::Listener);
        layout.names_tracks() && (interacts || playlists)
    }

    /// Announces one row.
    pub(crate) fn take(
        &self,
        row: TableRow<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        let mut unusable = Unusable::default();
        match self.interaction(row, context, &mut unusable) {
            Ok(interaction) => {
                unusable.report(context);
                interaction.announce(context)
            }
            Err(DropReason::BadTime) => {
                context.drop_time(written_time(row));
                Ok(())
            }
            Err(reason) => {
                context.drop_row(reason);
                Ok(())
            }
        }
    }

    fn interaction(
        &self,
        row: TableRow<'_>,
        context: &mut Context<'_>,
        unusable: &mut Unusable,
    ) -> Result<Interaction, DropReason> {
        let track = row.track(&mut context.namer, unusable)?;
        let listener = self.listener(row).unwrap_or_else(|| context.listener().clone());
        let time = row.moment();
        if time.is_none() && written_time(row).is_some() {
            unusable.push("time");
        }
        let said = |kind| Feedback {
            listener: listener.clone(),
            target: FeedbackTarget::Track(track.id.clone()),
            kind,
            at: time,
            source: Source::Interactions,
        };
        let stated = self.stated(row, unusable).map(said);
        match self.meaning(row.layout()) {
            Meaning::Play => match (play_time(row, time, unusable), stated) {
                (Ok((at, ms_played)), said) => {
                    let listen = Listen::new(listener, track.id.clone(), at, Source::Interactions);
                    let listen = Listen {
                        ms_played,
                        context: self.context(row),
                        ..describe(row, listen, unusable)
                    };
                    Ok(Interaction::Play { listen, track, said })
                }
                (Err(_), Some(said)) => Ok(Interaction::Said { said, track }),
                (Err(reason), None) => Err(reason),
            },
            Meaning::Statement => {
                stated.map(|said| Interaction::Said { said, track }).ok_or(DropReason::Empty)
            }
            Meaning::Listing => {
                let said = said(self.options.mark.unwrap_or(FeedbackKind::Saved));
                Ok(Interaction::Said { said, track })
            }
        }
    }

    fn meaning(&self, layout: &TableLayout) -> Meaning {
        let lists =
            self.options.playlists != PlaylistUse::Ignore && layout.has(TableColumn::Playlist);
        if holds_play_times(layout) || layout.has(TableColumn::Time) && !holds_statements(layout) {
            Meaning::Play
        } else if holds_statements(layout) {
            Meaning::Statement
        } else if lists {
            Meaning::Listing
        } else {
            Meaning::Play
        }
    }

    fn listener(&self, row: TableRow<'_>) -> Option<ListenerId> {
        let column = match self.options.playlists {
            PlaylistUse::Listener => TableColumn::Playlist,
            PlaylistUse::Context | PlaylistUse::Ignore => TableColumn::Listener,
        };
        row.text(column).map(ListenerId::new)
    }

    fn context(&self, row: TableRow<'_>) -> Option<String> {
        let playlist = match self.options.playlists {
            PlaylistUse::Context => row.text(TableColumn::Playlist),
            PlaylistUse::Listener | PlaylistUse::Ignore => None,
        };
        row.text(TableColumn::Context).or(playlist).map(str::to_owned)
    }

    fn stated(&self, row: TableRow<'_>, unusable: &mut Unusable) -> Option<FeedbackKind> {
        let liked = row.usable(TableColumn::Liked, "liked", stance, unusable);
        liked.or_else(|| {
            row.usable(TableColumn::Rating, "rating", |text| self.rated(text), unusable)?
        })
    }

    /// What a rating says, which may be nothing: 0 is "not rated" in every scale, and the middle is
    /// neither.
    fn rated(&self, text: &str) -> Option<Option<FeedbackKind>> {
        let Some(value) = values::number(text) else { return stance(text).map(Some) };
        match value as f32 / self.options.rating_scale {
            ..0.0 => Some(Some(FeedbackKind::Dislike)),
            0.0 => Some(None),
            ..=0.4 => Some(Some(FeedbackKind::Dislike)),
            ..0.8 => Some(None),
            ..=1.0 => Some(Some(FeedbackKind::Like)),
            _ => None,
        }
    }
}

/// What the rows of a table stand for.
enum Meaning {
    Play,
    Statement,
    /// A track in a playlist.
    Listing,
}

/// One row, understood.
enum Interaction {
    Play { listen: Listen, track: Track, said: Option<Feedback> },
    Said { said: Feedback, track: Track },
}

impl Interaction {
    fn announce(self, context: &mut Context<'_>) -> Result<(), IngestError> {
        match self {
            Self::Said { said, track } => {
                context.keep(Record::Feedback { feedback: said, track: Some(track) })
            }
            Self::Play { listen, track, said } => {
                context.keep(Record::Listen { listen, track })?;
                match said {
                    Some(feedback) => {
                        context.keep_beside(Record::Feedback { feedback, track: None })
                    }
                    None => Ok(()),
                }
            }
        }
    }
}

fn holds_play_times(layout: &TableLayout) -> bool {
    [TableColumn::MsPlayed, TableColumn::SecondsPlayed, TableColumn::Skipped, TableColumn::EndTime]
        .into_iter()
        .any(|c| layout.has(c))
}

fn holds_statements(layout: &TableLayout) -> bool {
    layout.has(TableColumn::Liked) || layout.has(TableColumn::Rating)
}

/// When a play was, and how long it lasted.
fn play_time(
    row: TableRow<'_>,
    time: Option<Timestamp>,
    unusable: &mut Unusable,
) -> Result<(Option<Timestamp>, Option<u32>), DropReason> {
    let is_dated = row.layout().has(TableColumn::Time) || row.layout().has(TableColumn::EndTime);
    let ms_played =
        row.usable(TableColumn::MsPlayed, "ms_played", values::milliseconds, unusable).or_else(
            || row.usable(TableColumn::SecondsPlayed, "seconds_played", values::seconds, unusable),
        );
    match time {
        Some(time) => Ok((Some(time), ms_played)),
        None if is_dated => Err(DropReason::BadTime),
        None if ms_played.is_none() && holds_play_times(row.layout()) => Err(DropReason::Empty),
        None => Ok((None, ms_played)),
    }
}

/// How a play came about and ended.
fn describe(row: TableRow<'_>, listen: Listen, unusable: &mut Unusable) -> Listen {
    Listen {
        moment: moment(row),
        start_reason: row
            .usable(TableColumn::StartReason, "start_reason", spotify::start_reason, unusable)
            .unwrap_or_default(),
        end_reason: row
            .usable(TableColumn::EndReason, "end_reason", spotify::end_reason, unusable)
            .unwrap_or_default(),
        skipped: row.usable(TableColumn::Skipped, "skipped", values::truth, unusable),
        shuffle: row.usable(TableColumn::Shuffle, "shuffle", values::truth, unusable),
        offline: row.usable(TableColumn::Offline, "offline", values::truth, unusable),
        private_session: row
            .usable(TableColumn::Private, "private", values::truth, unusable)
            .unwrap_or(false),
        device: row.text(TableColumn::Device).map(values::device_class).unwrap_or_default(),
        ..listen
    }
}

/// The time of a play as the table writes it.
fn written_time<'r>(row: TableRow<'r>) -> Option<&'r str> {
    row.text(TableColumn::Time).or(row.text(TableColumn::EndTime))
}

/// What the time of a play marks.
fn moment(row: TableRow<'_>) -> Moment {
    if row.is_day_alone() {
        Moment::Day
    } else if row.layout().stamps_end() {
        Moment::Ended
    } else {
        Moment::Started
    }
}

/// What a cell of a `liked` column says.
fn stance(text: &str) -> Option<FeedbackKind> {
    match text.to_ascii_lowercase().as_str() {
        "like" | "liked" | "love" | "loved" | "l" => Some(FeedbackKind::Like),
        "dislike" | "disliked" | "hate" | "hated" | "-1" => Some(FeedbackKind::Dislike),
        "ban" | "banned" => Some(FeedbackKind::Ban),
        text => values::truth(text)
            .map(|liked| if liked { FeedbackKind::Like } else { FeedbackKind::Dislike }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{fixture, read, real_text, recognises, try_read};
    use proptest::prelude::*;
    use segue_core::{AudioFeature, DeviceClass};

    fn interactions() -> InteractionTable {
        InteractionTable::default()
    }

    #[test]
    fn a_play_keeps_what_its_row_says() {
        let (_, records) = read(&interactions(), &fixture("interactions.csv"));
        let listen = records.listens()[0];
        assert_eq!(listen.listener.as_str(), "u1");
        assert_eq!(listen.track.as_str(), "spotify:track:4uLU6hMCjMI75M1A2tKUQC");
        assert_eq!(listen.at.unwrap().to_string(), "2024-01-01T00:00:00Z");
        assert_eq!((listen.ms_played, listen.skipped), (Some(201_000), Some(false)));
        assert_eq!(listen.context.as_deref(), Some("playlist:x"));
        assert_eq!((listen.device, listen.moment), (DeviceClass::Phone, Moment::Started));
        assert_eq!(records.tracks()[0].album.as_deref(), Some("Leaves"));
    }

    #[test]
    fn what_was_said_in_the_row_of_a_play_is_reported_beside_it() {
        let (report, records) = read(&interactions(), &fixture("interactions.csv"));
        let said: Vec<_> =
            records.feedback().iter().map(|said| (said.listener.as_str(), said.kind)).collect();
        let expected =
            [("u2", FeedbackKind::Dislike), ("me", FeedbackKind::Like), ("u1", FeedbackKind::Like)];
        assert_eq!(said, expected);
        assert_eq!(
            (report.rows_read, report.listens, report.feedback, report.beside),
            (9, 3, 1, 2)
        );
    }

    #[test]
    fn rows_that_cannot_be_used_are_dropped_with_their_reason() {
        let (report, _) = read(&interactions(), &fixture("interactions.csv"));
        let dropped: Vec<_> = report.dropped.into_iter().collect();
        let expected = [
            (DropReason::Podcast, 1),
            (DropReason::NoTrack, 1),
            (DropReason::NoTitle, 1),
            (DropReason::BadTime, 1),
            (DropReason::Malformed, 1),
        ];
        assert_eq!(dropped, expected);
        let unusable: Vec<_> = report.unusable_values.into_iter().collect();
        assert_eq!(unusable, [("ms_played", 1), ("skipped", 1)]);
    }

    #[test]
    fn the_row_names_the_listener_before_the_import_does() {
        let (_, records) = read(&interactions(), "user,track,ts\nu9,1,1704067200\n,1,1704067200\n");
        let listeners: Vec<_> =
            records.listens().iter().map(|listen| listen.listener.as_str()).collect();
        assert_eq!(listeners, ["u9", "me"]);
        assert_eq!(records.listens()[0].track.as_str(), "item:1");
    }

    #[test]
    fn a_total_without_a_time_is_undated() {
        let (_, records) =
            read(&interactions(), "track_id,msPlayed,energy\n1,600000,0.5\n2,,0.5\n");
        let listens = records.listens();
        assert_eq!(listens.len(), 1, "a row without time and play time says nothing");
        assert_eq!((listens[0].at, listens[0].ms_played), (None, Some(600_000)));
        assert_eq!(records.tracks()[0].features.get(AudioFeature::Energy), Some(0.5));
    }

    #[test]
    fn a_dated_rating_is_no_play() {
        let (report, records) = read(
            &interactions(),
            "userId\titemId\trating\ttimestamp\n1\t2\t5\t881250949\n1\t3\t3\t881250949\n\
             1\t4\t1\t881250949\n1\t5\t9\t881250949\n",
        );
        let said: Vec<_> =
            records.feedback().iter().map(|said| (said.kind, said.at.is_some())).collect();
        assert_eq!(said, [(FeedbackKind::Like, true), (FeedbackKind::Dislike, true)]);
        assert_eq!((report.listens, report.dropped[&DropReason::Empty]), (0, 2));
    }

    #[test]
    fn spotifys_own_columns_keep_their_meaning() {
        let header = "ts,platform,ms_played,spotify_track_uri,master_metadata_track_name,\
            reason_start,reason_end,shuffle,skipped,incognito_mode";
        let row = "2024-01-01T00:03:00Z,ios,180000,spotify:track:4uLU6hMCjMI75M1A2tKUQC,Song,\
            clickrow,trackdone,TRUE,FALSE,True";
        let (_, records) = read(&interactions(), &format!("{header}\n{row}\n"));
        let listen = records.listens()[0];
        assert_eq!(listen.started_at().unwrap().to_string(), "2024-01-01T00:00:00Z");
        assert_eq!((listen.shuffle, listen.private_session), (Some(true), true));
        assert_eq!(listen.end_reason, segue_core::EndReason::Finished);
    }

    #[test]
    fn playlists_are_listeners_only_when_asked() {
        let text = "track_id,track_name,track_artist,playlist_id,energy\n1,Song,Anna Ash,p1,0.5\n";
        assert!(!recognises(&interactions(), text));
        let as_listeners = InteractionTable {
            options: TableOptions { playlists: PlaylistUse::Listener, ..TableOptions::default() },
        };
        assert!(recognises(&as_listeners, text));
        let (_, records) = read(&as_listeners, text);
        let said = records.feedback()[0];
        assert_eq!((said.listener.as_str(), said.kind), ("p1", FeedbackKind::Saved));
    }

    #[test]
    fn ten_thousand_songs_give_plays_with_their_sound() {
        let Some(text) = real_text("spotify_song_attributes_10k/spotify_song_attributes.dedup.csv")
        else {
            return;
        };
        assert!(recognises(&interactions(), &text));
        let (report, records) = read(&interactions(), &text);
        assert_eq!((report.rows_read, report.listens), (5040, 4765));
        assert_eq!(report.dropped.into_iter().collect::<Vec<_>>(), [(DropReason::NoTitle, 275)]);
        assert_eq!(report.unusable_values.into_iter().collect::<Vec<_>>(), [("tempo", 2)]);
        let listens = records.listens();
        assert_eq!(
            listens.iter().map(|listen| u64::from(listen.ms_played.unwrap())).sum::<u64>(),
            7_275_618_960
        );
        let ids: std::collections::BTreeSet<_> =
            listens.iter().map(|listen| &listen.track).collect();
        assert_eq!(ids.len(), 4736);
        assert!(listens.iter().all(|listen| listen.at.is_none()));
        assert_eq!(records.tracks().iter().filter(|track| track.genre.is_some()).count(), 4290);
        assert!(records.tracks().iter().all(|track| !track.features.is_silent()));
    }

    #[test]
    fn labelled_songs_without_names_are_known_by_their_sound() {
        let Some(text) = real_text("spotify_liked_195/data.csv") else { return };
        assert!(recognises(&interactions(), &text));
        let (report, records) = read(&interactions(), &text);
        assert_eq!((report.rows_read, report.feedback), (195, 195));
        let likes =
            records.feedback().iter().filter(|said| said.kind == FeedbackKind::Like).count();
        assert_eq!(likes, 100);
        let ids: std::collections::BTreeSet<_> =
            records.tracks().iter().map(|track| track.id.clone()).collect();
        assert_eq!(ids.len(), 195);
        assert!(ids.iter().all(|id| id.as_str().starts_with("features:")));
    }

    #[test]
    fn tidytuesdays_playlists_can_be_listeners() {
        let Some(text) = real_text("tidytuesday_spotify_songs/spotify_songs.csv") else { return };
        let options = TableOptions {
            playlists: PlaylistUse::Listener,
            mark: Some(FeedbackKind::Like),
            ..TableOptions::default()
        };
        let (report, records) = read(&InteractionTable { options }, &text);
        assert_eq!((report.rows_read, report.feedback), (32_833, 32_833));
        let listeners: std::collections::BTreeSet<_> =
            records.feedback().iter().map(|said| said.listener.clone()).collect();
        assert_eq!(listeners.len(), 471);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_adds_up(
            text in "(user|track|title|ts|time|ms_played|rating|liked|skipped)\
                     (,(artist|uri|endTime|device|reason_end|playlist_id)){0,6}\n\
                     ([\\PC\",;\n]{0,20},?){0,40}",
        ) {
            let _ = recognises(&interactions(), &text);
            let _ = try_read(&interactions(), &text);
        }

        #[test]
        fn any_number_is_a_time_or_is_dropped(
            time in any::<f64>(),
            played in any::<f64>(),
            rating in any::<f32>(),
        ) {
            let text = format!("track_id,time,ms_played,rating\nx,{time},{played},{rating}\n");
            let _ = try_read(&interactions(), &text);
        }

        #[test]
        fn plausible_seconds_and_milliseconds_agree(second in 788_918_400i64..4_102_444_800) {
            let text = format!("track_id,time\nx,{second}\nx,{second}000\n");
            let (_, records) = read(&interactions(), &text);
            let listens = records.listens();
            prop_assert_eq!(listens[0].at, listens[1].at);
            prop_assert_eq!(listens[0].at.unwrap().as_second(), second);
        }
    }
}
