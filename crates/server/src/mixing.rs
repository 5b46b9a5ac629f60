//! Making a mix for a listener: pool, experiment, pipeline, and the impression that is on disk
//! before anybody sees the mix.

use std::sync::Arc;
use std::time::Duration;

use segue::{Chosen, KeptListener, Prompted};
use segue_core::{Enrolment, Impression, ListenerId, Timestamp};
use segue_engine::experiment::{Part, Settings};
use segue_engine::pipeline::{MixOutcome, MixRequest};
use segue_store::{Appended, Entry, Event, ImpressionId};

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// Longer mixes are made on a thread that may be kept busy.
const AT_ONCE: u32 = 60;

/// A mix that was made and is on disk.
pub(crate) struct Mixed {
    pub(crate) id: ImpressionId,
    pub(crate) at: Timestamp,
    pub(crate) outcome: MixOutcome,
    pub(crate) enrolment: Option<Enrolment>,
    /// For whom, with the snapshot it was made from.
    pub(crate) listener: Arc<KeptListener>,
}

/// Makes a mix and logs it. An experiment may have a part in it if `given` says which of the
/// settings it varies the client chose itself; a mix that is no subject of experiments gives
/// `None`.
pub(crate) async fn mix_and_log(
    app: &App,
    id: &ListenerId,
    asked: MixRequest,
    given: Option<Settings>,
) -> ApiResult<Mixed> {
    for _ in 0..TRIES {
        match try_mix_and_log(app, id, asked.clone(), given).await {
            Err(error) if OUT_OF_DATE.contains(&error.code) => tokio::time::sleep(PAUSE).await,
            outcome => return outcome,
        }
    }
    try_mix_and_log(app, id, asked, given).await
}

/// How often a mix is made anew where somebody was forgotten while it was made.
const TRIES: usize = 20;
/// How long that waits for the snapshot without them.
const PAUSE: Duration = Duration::from_millis(100);
/// The codes of what was made from something that is no longer so.
const OUT_OF_DATE: [&str; 2] = ["forgetting", "catalogue_changed"];

async fn try_mix_and_log(
    app: &App,
    id: &ListenerId,
    asked: MixRequest,
    given: Option<Settings>,
) -> ApiResult<Mixed> {
    let forgotten = app.writer.forgotten();
    let listener = app.listeners.get(id).await?;
    // The log keeps microseconds, and the answer says what the log says.
    let at = Timestamp::from_microsecond(asked.now.as_microsecond()).unwrap_or(asked.now);
    let asked = listener.snapshot.completed(MixRequest { now: minute_of(at), ..asked });
    // The listener may be held with a snapshot from before the experiment was stopped.
    let current = app.snapshot.load_full();
    let part = given.map_or(Part::None, |given| Part::of(current.experiment.as_ref(), id, given));
    let outcome = make(app, &listener, &part.request(asked.clone())).await?;
    let mut shadows = Vec::new();
    for (arm, request) in part.shadow_requests(&asked) {
        match make(app, &listener, &request).await {
            Ok(outcome) => shadows.push((arm, outcome.slate)),
            Err(error) => {
                tracing::warn!(arm = arm.name, "no shadow of this mix: {}", error.message)
            }
        }
    }
    app.listeners.measure(&listener);
    let impressions = part.impressions(at, &outcome.slate, shadows);
    let id = log(app, vec![impressions], forgotten).await?[0];
    let enrolment = part.enrolment();
    Ok(Mixed { id, at, outcome, enrolment, listener })
}

/// The beginning of a moment's minute. A mix is made as of then, and logged as of the moment
/// itself: how lately something was played or shown counts in days, and whoever asks again within
/// the minute is answered from the same short-list.
fn minute_of(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(at)
}

/// Makes a mix, and logs it if it counts as shown: one that nobody asked for on purpose is in no
/// experiment either, and has no name.
pub(crate) async fn mix_for_page(
    app: &App,
    id: &ListenerId,
    asked: MixRequest,
    given: Option<Settings>,
    counts: CountsAs,
) -> ApiResult<(Option<ImpressionId>, MixOutcome, Arc<KeptListener>)> {
    match counts {
        CountsAs::Shown => {
            let mixed = mix_and_log(app, id, asked, given).await?;
            Ok((Some(mixed.id), mixed.outcome, mixed.listener))
        }
        CountsAs::Nothing => {
            let (outcome, listener) = preview(app, id, asked).await?;
            Ok((None, outcome, listener))
        }
    }
}

/// What the log makes of a mix that is on a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CountsAs {
    /// It was shown.
    Shown,
    /// Whether anybody saw it is not known.
    Nothing,
}

/// The request with what some words say.
pub(crate) async fn prompted(
    app: &App,
    words: &str,
    asked: MixRequest,
    chosen: Chosen,
) -> ApiResult<segue::Result<Prompted>> {
    let (snapshot, words) = (app.snapshot.load_full(), words.to_owned());
    app.heavy(move || snapshot.prompted(&words, asked, chosen)).await
}

/// Makes a mix that nobody is shown.
pub(crate) async fn preview(
    app: &App,
    id: &ListenerId,
    asked: MixRequest,
) -> ApiResult<(MixOutcome, Arc<KeptListener>)> {
    let listener = app.listeners.get(id).await?;
    let now = minute_of(asked.now);
    let asked = listener.snapshot.completed(MixRequest { now, ..asked });
    Ok((make(app, &listener, &asked).await?, listener))
}

/// Makes a mix from the pool. Where filters leave too little of it, the tracks that the request
/// names are scored, or the whole catalogue.
async fn make(
    app: &App,
    listener: &Arc<KeptListener>,
    request: &MixRequest,
) -> ApiResult<MixOutcome> {
    if request.length <= AT_ONCE {
        if let Some(outcome) = listener.mix_at_once(request)? {
            return Ok(outcome);
        }
        metrics::counter!("segue_wide_surveys_total").increment(1);
    }
    let (listener, request) = (Arc::clone(listener), request.clone());
    Ok(app.heavy(move || listener.mix(&request)).await??)
}

/// Logs mixes, each with its shadows: the first slate of each is the one that is shown. `forgotten`
/// is how often somebody had been forgotten when they were begun.
pub(crate) async fn log(
    app: &App,
    mixes: Vec<Vec<Impression>>,
    forgotten: i64,
) -> ApiResult<Vec<ImpressionId>> {
    let shown = mixes.iter().filter_map(|slates| slates.first());
    let shown: Vec<(ListenerId, Timestamp)> =
        shown.map(|shown| (shown.slate.listener.clone(), shown.at)).collect();
    let entries = mixes.into_iter().map(|slates| Entry::from(Event::Impressions(slates))).collect();
    let outcomes = app.writer.append_unless_forgotten(entries, forgotten).await?;
    let name = |outcome| match outcome {
        Ok(Appended::Impressions(ids)) => Ok(ids[0]),
        // A track went with somebody who was forgotten, and is in the catalogue that the mix was
        // made from still.
        Err(ApiError { code: "unknown_track", .. }) => Err(ApiError::overloaded(
            "catalogue_changed",
            "the catalogue changed while this was being made",
        )),
        Err(error) => Err(error),
        Ok(_) => unreachable!("impressions are answered by their names"),
    };
    shown.iter().for_each(|(listener, at)| app.listeners.shown(listener, *at));
    outcomes.into_iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixes_are_made_as_of_the_beginning_of_the_minute() {
        let of = |at: &str| minute_of(at.parse().unwrap()).to_string();
        assert_eq!(of("2026-03-01T10:59:59.999Z"), "2026-03-01T10:59:00Z");
        assert_eq!(of("2026-03-01T11:00:00Z"), "2026-03-01T11:00:00Z");
        assert_eq!(of("1969-12-31T23:59:30Z"), "1969-12-31T23:59:00Z");
    }
}
