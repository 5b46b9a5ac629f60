//! `Apple Music - Play History Daily Tracks.csv`: what was played on a day, with the hours in which
//! it was, the time played over all of them, and the reason that the last play ended.
//!
//! These are the plays that the play activity has one by one. If an export holds both files, only
//! the play activity is kept, because each play would count twice otherwise.

use std::io::BufRead;

use csv::StringRecord;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use segue_core::{EndReason, Listen, Record, Source, Timestamp, Track};

use super::{artist_and_title, end_reason, skipped};
use crate::format::{Format, Head};
use crate::identity::named_track;
use crate::table::values;
use crate::table::{Delimited, Header, Unusable, head_records};
use crate::time::plausible;
use crate::{Context, DropReason, IngestError};

/// The column that names artist and title.
pub(super) const DESCRIPTION: &str = "track description";

/// Plays of a day.
#[derive(Default)]
pub(crate) struct DailyTracks {
    /// Whether the play activity of the same export is read as well.
    pub(crate) beside_activity: bool,
}

impl Format for DailyTracks {
    fn source(&self) -> Source {
        Source::AppleMusic
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        let header = head_records(head.text).next().map(|names| Header::new(&names));
        header.is_some_and(|header| header.has(&["date played", DESCRIPTION]))
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        let mut table = Delimited::open(input, context)?;
        let Some(header) = table.next(context)?.map(Header::new) else { return Ok(()) };
        table.expect_width(header.width());
        while let Some(row) = table.next(context)? {
            if self.beside_activity {
                context.drop_row(DropReason::ElsewhereInExport);
                continue;
            }
            let mut unusable = Unusable::default();
            match day(&header, row, context, &mut unusable) {
                Ok((listen, track)) => {
                    unusable.report(context);
                    context.keep(Record::Listen { listen, track })?;
                }
                Err(reason) => context.drop_row(reason),
            }
        }
        Ok(())
    }
}

fn day(
    header: &Header,
    row: &StringRecord,
    context: &Context<'_>,
    unusable: &mut Unusable,
) -> Result<(Listen, Track), DropReason> {
    let cell = |name| header.cell(row, &[name]);
    let (artist, title) = artist_and_title(cell(DESCRIPTION).ok_or(DropReason::NoTrack)?);
    let at = cell("date played")
        .and_then(|date| time(date, cell("hours")))
        .ok_or(DropReason::BadTime)?;
    let track = named_track(None, artist.map(str::to_owned).into_iter().collect(), title);
    let ms_played = cell("play duration milliseconds").map(values::milliseconds);
    if ms_played == Some(None) {
        unusable.push("play_duration");
    }
    let end_reason = cell("end reason type").map_or(EndReason::Unknown, end_reason);
    let listen = Listen::new(context.listener().clone(), track.id.clone(), at, Source::AppleMusic);
    let listen = Listen {
        ms_played: ms_played.flatten(),
        end_reason,
        skipped: skipped(end_reason),
        private_session: cell("ignore for recommendations")
            .and_then(values::truth)
            .unwrap_or(false),
        device: cell("source type").map(values::device_class).unwrap_or_default(),
        ..listen
    };
    Ok((listen, track))
}

/// `20240315` and `20, 21`: the beginning of the first hour. The zone is not said; UTC is assumed
/// as in the play activity.
fn time(date: &str, hours: Option<&str>) -> Option<Timestamp> {
    let date = match date.len() {
        8 => Date::strptime("%Y%m%d", date).ok()?,
        _ => date.parse::<Date>().ok()?,
    };
    let hour = hours.and_then(|hours| hours.split(',').next()?.trim().parse::<i8>().ok());
    let hour = hour.filter(|hour| (0..24).contains(hour)).unwrap_or(0);
    plausible(date.at(hour, 0, 0, 0).to_zoned(TimeZone::UTC).ok()?.timestamp())
}
