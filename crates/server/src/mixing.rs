//! Making a mix for a listener: pool, experiment, pipeline, and the impression that is on disk before anybody sees the mix.

use std::sync::Arc;

use segue_core::{Enrolment, Impression, ListenerId, Timestamp};
use segue_engine::experiment::{Part, Settings};
use segue_engine::pipeline::{Breadth, MixError, MixOutcome, MixRequest, mix_from, survey};
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

/// Makes a mix from the pool, or, where filters leave too little of it, from the whole catalogue.
pub(crate) async fn make(listener: &Arc<Listener>, request: &MixRequest) -> ApiResult<MixOutcome> {
    let Listener { edition, profile, pool, .. } = listener.as_ref();
    let scorer = edition.model()?.scorer.as_ref();
    match mix_from(&edition.catalogue, &edition.index, profile, scorer, (pool, request)) {
        Err(MixError::Starved) => {}
        outcome => return Ok(outcome?),
    }
    metrics::counter!("segue_whole_surveys_total").increment(1);
    let (listener, request) = (Arc::clone(listener), request.clone());
    let whole = tokio::task::spawn_blocking(move || {
        let Listener { edition, profile, .. } = listener.as_ref();
        let (catalogue, index) = (&edition.catalogue, &edition.index);
        let scorer = edition.model()?.scorer.as_ref();
        let pool = survey(catalogue, index, profile, scorer, (Breadth::Whole, &[]))?;
        Ok(mix_from(catalogue, index, profile, scorer, (&pool, &request))?)
    });
    whole.await.map_err(|error| ApiError::internal(&error))?
}

/// Logs slates that belong together; the first is the one that is shown.
async fn log(app: &App, impressions: Vec<Impression>) -> ApiResult<ImpressionId> {
    let outcomes = app.writer.append(vec![Entry::from(Event::Impressions(impressions))]).await?;
    match outcomes.into_iter().next() {
        Some(Ok(Appended::Impressions(ids))) => Ok(ids[0]),
        Some(Err(error)) => Err(error),
        _ => unreachable!("impressions are answered by their names"),
    }
}
