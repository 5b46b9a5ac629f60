//! Making a mix for a listener: pool, experiment, pipeline, and the impression that is on disk before anybody sees the mix.

use std::sync::Arc;

use segue_core::{Enrolment, Impression, ListenerId, Timestamp};
use segue_engine::TrackIdx;
use segue_engine::experiment::{Part, Settings};
use segue_engine::pipeline::{Bounds, Breadth, MixError, MixOutcome, MixRequest, mix_from, survey};
use segue_store::{Appended, Entry, Event, ImpressionId};

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::listeners::{Listener, listener};

/// A mix that was made and is on disk.
pub(crate) struct Mixed {
    pub(crate) id: ImpressionId,
    pub(crate) at: Timestamp,
    pub(crate) outcome: MixOutcome,
    pub(crate) enrolment: Option<Enrolment>,
    /// For whom, with the edition it was made from.
    pub(crate) listener: Arc<Listener>,
}

/// Makes a mix and logs it. `given` are the settings that the client chose itself, of those that an experiment may vary.
pub(crate) async fn mix_and_log(
    app: &App,
    id: &ListenerId,
    asked: MixRequest,
    given: Settings,
) -> ApiResult<Mixed> {
    let listener = listener(app, id).await?;
    let asked = MixRequest { arrivals: listener.edition.arrivals.clone(), ..asked };
    let part = Part::of(listener.edition.experiment.as_ref(), id, given);
    let outcome = make(&listener, &part.request(asked.clone())).await?;
    let mut shadows = Vec::new();
    for (arm, request) in part.shadow_requests(&asked) {
        match make(&listener, &request).await {
            Ok(outcome) => shadows.push((arm, outcome.slate)),
            Err(error) => tracing::warn!(arm = arm.name, "no shadow of this mix: {}", error.message),
        }
    }
    let impressions = part.impressions(asked.now, &outcome.slate, shadows);
    let id = log(app, impressions).await?;
    let enrolment = part.enrolment();
    drop(part);
    Ok(Mixed { id, at: asked.now, outcome, enrolment, listener })
}

/// Makes a mix that nobody is shown.
pub(crate) async fn preview(
    app: &App,
    id: &ListenerId,
    asked: MixRequest,
) -> ApiResult<(MixOutcome, Arc<Listener>)> {
    let listener = listener(app, id).await?;
    let asked = MixRequest { arrivals: listener.edition.arrivals.clone(), ..asked };
    Ok((make(&listener, &asked).await?, listener))
}

/// Makes a mix from the pool. Where filters leave too little of it, the tracks that the request names are scored, or the whole catalogue.
pub(crate) async fn make(listener: &Arc<Listener>, request: &MixRequest) -> ApiResult<MixOutcome> {
    match from_pool(listener, request)? {
        Some(outcome) => Ok(outcome),
        None => {
            let (listener, request) = (Arc::clone(listener), request.clone());
            let made = tokio::task::spawn_blocking(move || from_catalogue(&listener, &request));
            Ok(made.await.map_err(|error| ApiError::internal(&error))??)
        }
    }
}

/// As [`make`], on a thread that may be kept busy.
pub(crate) fn make_now(listener: &Listener, request: &MixRequest) -> Result<MixOutcome, MixError> {
    match from_pool(listener, request)? {
        Some(outcome) => Ok(outcome),
        None => from_catalogue(listener, request),
    }
}

fn from_pool(listener: &Listener, request: &MixRequest) -> Result<Option<MixOutcome>, MixError> {
    let Listener { edition, profile, pool, .. } = listener;
    let scorer = listener.scorer();
    match mix_from(&edition.catalogue, &edition.index, profile, scorer, (pool, request)) {
        Err(MixError::Starved) => Ok(None),
        outcome => outcome.map(Some),
    }
}

fn from_catalogue(listener: &Listener, request: &MixRequest) -> Result<MixOutcome, MixError> {
    metrics::counter!("segue_wide_surveys_total").increment(1);
    let Listener { edition, profile, .. } = listener;
    let (catalogue, index, scorer) = (&edition.catalogue, &edition.index, listener.scorer());
    let named = request
        .within
        .as_ref()
        .map(|within| within.iter().filter_map(|track| catalogue.find(track)).collect::<Vec<TrackIdx>>());
    // Most of what a filter starves is found without scoring everything.
    let wider = Bounds { familiar: 20_000, new: 3_000, asked: 6_000, ..Bounds::default() };
    let breadths = match &named {
        Some(named) => vec![Breadth::Tracks(named)],
        None => vec![Breadth::Bounded(wider), Breadth::Whole],
    };
    let mut outcome = Err(MixError::Starved);
    for breadth in breadths {
        let pool = survey(catalogue, index, profile, scorer, (breadth, &[]))?;
        outcome = mix_from(catalogue, index, profile, scorer, (&pool, request));
        if outcome != Err(MixError::Starved) {
            break;
        }
    }
    outcome
}

/// Logs slates that belong together; the first is the one that is shown.
pub(crate) async fn log(app: &App, impressions: Vec<Impression>) -> ApiResult<ImpressionId> {
    let outcomes = app.writer.append(vec![Entry::from(Event::Impressions(impressions))]).await?;
    match outcomes.into_iter().next() {
        Some(Ok(Appended::Impressions(ids))) => Ok(ids[0]),
        Some(Err(error)) => Err(error),
        _ => unreachable!("impressions are answered by their names"),
    }
}
