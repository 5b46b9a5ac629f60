//! Plays, what plays now, and loves. A play that cannot be kept is told as ignored, with the number
//! that Last.fm has for the reason, and takes none with it.

use segue_core::{FeedbackKind, ListenerId, Record, Timestamp};

use super::answer::{LfmElement, LfmNode};
use super::failure::LfmFailure;
use super::login::listener_of;
use crate::app::App;
use crate::limits::MOST_SCROBBLES;
use crate::scrobbling::{
    FormFields, OutOfTime, ReportedTrack, TrackFields, keep, moment, opinion, play,
};

/// Why a play is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ignored {
    NoArtist = 1,
    NoTitle = 2,
    TooOld = 3,
    TooNew = 4,
}

impl Ignored {
    fn in_words(self) -> &'static str {
        match self {
            Self::NoArtist => "there is no artist, or a name is too long",
            Self::NoTitle => "there is no title",
            Self::TooOld => "the time is before October 2002",
            Self::TooNew => "the time is in the future",
        }
    }
}

/// Takes plays, which are on disk when this answers and count in the next mix.
pub(super) async fn scrobble(app: &App, fields: &FormFields) -> Result<LfmNode, LfmFailure> {
    let listener = listener_of(app, fields).await?;
    let numbers = fields.numbers(&["artist", "track", "timestamp"]);
    if numbers.len() > MOST_SCROBBLES {
        let message = format!("{MOST_SCROBBLES} plays are the most");
        return Err(LfmFailure::bad_parameter(message));
    }
    let numbers: Vec<Option<usize>> =
        if numbers.is_empty() { vec![None] } else { numbers.into_iter().map(Some).collect() };
    let now = Timestamp::now();
    let (mut records, mut told, mut accepted) = (Vec::new(), Vec::new(), 0);
    for number in &numbers {
        let record = read(&listener, fields, *number, now)?;
        told.push(element(fields, *number, record.as_ref().err().copied()));
        accepted += usize::from(record.is_ok());
        records.extend(record);
    }
    keep(app, records).await?;
    let scrobbles = LfmElement::of("scrobbles", told)
        .with("accepted", accepted)
        .with("ignored", numbers.len() - accepted);
    Ok(LfmNode::ok(vec![scrobbles]))
}

/// What a play means, or why it is ignored. A time that is no number is the fault of the call.
fn read(
    listener: &ListenerId,
    fields: &FormFields,
    number: Option<usize>,
    now: Timestamp,
) -> Result<Result<Record, Ignored>, LfmFailure> {
    let second = fields.of_play("timestamp", number).and_then(|text| text.trim().parse().ok());
    let second = second.ok_or_else(|| {
        LfmFailure::bad_parameter("`timestamp` is the second since 1970 at which the play began")
    })?;
    let Some(track) = ReportedTrack::of(fields, &TrackFields::LAST_FM, number) else {
        return Ok(Err(missing(fields, number)));
    };
    Ok(match moment(second, now) {
        Ok(at) => play(listener, &track, at, false).ok_or(Ignored::NoArtist),
        Err(OutOfTime::TooEarly) => Err(Ignored::TooOld),
        Err(OutOfTime::TooLate) => Err(Ignored::TooNew),
    })
}

fn missing(fields: &FormFields, number: Option<usize>) -> Ignored {
    let has_artist = fields.of_play("artist", number).is_some_and(|name| !name.trim().is_empty());
    if has_artist { Ignored::NoTitle } else { Ignored::NoArtist }
}

/// A play as it is told back: nothing is corrected.
fn element(fields: &FormFields, number: Option<usize>, ignored: Option<Ignored>) -> LfmElement {
    let mut elements = named(fields, number);
    let second = fields.of_play("timestamp", number).unwrap_or_default();
    elements.push(LfmElement::text("timestamp", second));
    elements.push(ignored_message(ignored));
    LfmElement::of("scrobble", elements)
}

/// The names of a play, as they were sent.
fn named(fields: &FormFields, number: Option<usize>) -> Vec<LfmElement> {
    let name = |name| {
        let sent = fields.of_play(name, number).unwrap_or_default();
        LfmElement::text(name, sent).with("corrected", "0")
    };
    ["track", "artist", "album", "albumArtist"].map(name).into()
}

fn ignored_message(ignored: Option<Ignored>) -> LfmElement {
    let (code, words) = ignored.map_or((0, ""), |why| (why as u8, why.in_words()));
    LfmElement::text("ignoredMessage", words).with("code", code.to_string())
}

/// Takes note of what a listener plays just now.
pub(super) async fn now_playing(app: &App, fields: &FormFields) -> Result<LfmNode, LfmFailure> {
    let listener = listener_of(app, fields).await?;
    let reported = reported(fields)?;
    let record = play(&listener, &reported, Timestamp::now(), false);
    let ignored = record.is_none().then_some(Ignored::NoArtist);
    if let Some(Record::Listen { track, .. }) = record {
        app.playing.start(listener, track);
    }
    let mut elements = named(fields, None);
    elements.push(ignored_message(ignored));
    Ok(LfmNode::ok(vec![LfmElement::of("nowplaying", elements)]))
}

/// Takes what a listener says of a track, which counts in the next mix.
pub(super) async fn say(
    app: &App,
    fields: &FormFields,
    kind: FeedbackKind,
) -> Result<LfmNode, LfmFailure> {
    let listener = listener_of(app, fields).await?;
    let said = opinion(&listener, &reported(fields)?, Timestamp::now(), kind);
    let said = said.ok_or_else(|| LfmFailure::bad_parameter("a name is too long"))?;
    keep(app, vec![said]).await?;
    Ok(LfmNode::ok(Vec::new()))
}

fn reported(fields: &FormFields) -> Result<ReportedTrack, LfmFailure> {
    let track = ReportedTrack::of(fields, &TrackFields::LAST_FM, None);
    track.ok_or_else(|| LfmFailure::bad_parameter("`artist` and `track` say what it is about"))
}
