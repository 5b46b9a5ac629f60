//! What a listener played, by week, month and year, where they are: for the API and the page.

use jiff::tz::TimeZone;
use segue_core::{ListenerId, Timestamp};
use segue_engine::history::{Period, Review, ReviewRequest};

use crate::api::listeners::unknown;
use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// What somebody wants to look at, as they wrote it.
#[derive(Clone, Debug, Default)]
pub(crate) struct HistoryQuery {
    /// A period such as `2026-11`; all time if left out.
    pub(crate) period: Option<String>,
    /// A time zone; the listener's own if left out.
    pub(crate) time_zone: Option<String>,
    /// How many are named in each list.
    pub(crate) named: usize,
}

/// A period of a history, and in which time zone its days begin.
pub(crate) struct ReviewInZone {
    pub(crate) review: Review,
    pub(crate) time_zone: TimeZone,
}

/// Looks at a period of a listener's history.
pub(crate) async fn review(
    app: &App,
    listener: ListenerId,
    query: HistoryQuery,
) -> ApiResult<ReviewInZone> {
    let asked = query.time_zone.as_deref().map(zone).transpose()?;
    let snapshot = app.snapshot.load_full();
    let read = app.readers.run(move |store| {
        let time_zone = match asked {
            Some(zone) => zone,
            None => segue::time_zone(store, &listener)?,
        };
        let today = Timestamp::now().to_zoned(time_zone.clone()).date();
        let period = query.period.as_deref().map_or(Ok(Period::All), |period| {
            Period::parse(period, today)
                .map_err(|error| ApiError::bad_request("unknown_period", error.to_string()))
        })?;
        let request = ReviewRequest { period, today, named: query.named };
        let catalogue = &snapshot.catalogue;
        let review = segue::review(store, catalogue, &listener, &time_zone, request)?;
        Ok(ReviewInZone { review, time_zone })
    });
    read.await
}

/// The time zone that goes with a request: the one that it names, else the listener's.
pub(crate) async fn time_zone_of(
    app: &App,
    listener: &ListenerId,
    named: Option<&str>,
) -> ApiResult<TimeZone> {
    if let Some(named) = named {
        return zone(named);
    }
    let listener = listener.clone();
    app.readers.run(move |store| Ok(segue::time_zone(store, &listener)?)).await
}

/// Keeps where a listener is.
pub(crate) async fn keep_time_zone(
    app: &App,
    listener: &ListenerId,
    time_zone: Option<String>,
) -> ApiResult<()> {
    let named = |name: String| {
        let found = zone(name.trim())?;
        // As the table of time zones spells it; one that is in no table is a place nowhere.
        found.iana_name().map(str::to_owned).ok_or_else(|| no_zone(&name))
    };
    let (time_zone, whose) = (time_zone.map(named).transpose()?, listener.clone());
    let kept = app.writer.run(move |store| store.set_time_zone(&whose, time_zone.as_deref()));
    if kept.await? { Ok(()) } else { Err(unknown(listener.as_str())) }
}

/// A time zone by its name.
fn zone(name: &str) -> ApiResult<TimeZone> {
    TimeZone::get(name).map_err(|_| no_zone(name))
}

fn no_zone(name: &str) -> ApiError {
    ApiError::bad_request("bad_time_zone", format!("`{name}` is no time zone"))
        .hint("they are named by place, such as `Europe/Paris`")
}

/// What a time zone is called.
pub(crate) fn zone_name(zone: &TimeZone) -> String {
    // Such as `UTC+00`: a machine may know no more of where it is.
    let offset = || format!("UTC{}", zone.to_offset(Timestamp::now()));
    zone.iana_name().map_or_else(offset, str::to_owned)
}
