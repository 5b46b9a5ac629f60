//! Shapes and times as gorse writes them.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, OptionalFromRequestParts, Path};
use axum::http::request::Parts;
use jiff::civil;
use jiff::tz::TimeZone;
use segue_core::Timestamp;
use serde::Serialize;

use crate::error::{ApiError, ApiResult};
use crate::limits::{FURTHEST_OFFSET, MOST_GORSE_ROWS, MOST_PER_PAGE};
use crate::query::Pairs;

/// Returned where nothing else is asked for.
const USUAL_COUNT: usize = 10;
/// Go's zero time: what gorse writes where it knows none.
pub(super) const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

/// How much a request changed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Success {
    pub(super) row_affected: usize,
}

/// An item with a score.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Score {
    pub(super) id: String,
    pub(super) score: f64,
}

/// The categories asked for, in the path or as parameters.
pub(super) struct Categories(pub(super) Vec<String>);

impl<S: Send + Sync> FromRequestParts<S> for Categories {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let query = Pairs::from_query(parts.uri.query().unwrap_or_default());
        let in_query: Vec<String> = query.all("category").map(str::to_owned).collect();
        let in_path = path_parameter(parts, state, "category").await?;
        Ok(Self(if in_query.is_empty() { in_path.into_iter().collect() } else { in_query }))
    }
}

/// What stands in the path under a name, where the route has it.
pub(super) async fn path_parameter<S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
    name: &str,
) -> ApiResult<Option<String>> {
    let found = <Path<HashMap<String, String>> as OptionalFromRequestParts<S>>::from_request_parts(
        parts, state,
    )
    .await?;
    Ok(found.and_then(|Path(mut found)| found.remove(name)))
}

/// `n` and `offset`.
pub(super) fn stretch(query: &Pairs) -> ApiResult<(usize, usize)> {
    let n = query.number("n")?.unwrap_or(USUAL_COUNT).min(MOST_PER_PAGE as usize);
    Ok((n, query.number("offset")?.unwrap_or(0).min(FURTHEST_OFFSET)))
}

/// `n` and the cursor. The JavaScript client sends it in upper case.
pub(super) fn page(query: &Pairs) -> ApiResult<(usize, Option<&str>)> {
    let n = query.number("n")?.unwrap_or(USUAL_COUNT).clamp(1, MOST_PER_PAGE as usize);
    Ok((n, query.get("cursor").or_else(|| query.get("Cursor"))))
}

/// Refuses a request that brings too much.
pub(super) fn check_count(count: usize) -> ApiResult<()> {
    if count <= MOST_GORSE_ROWS {
        return Ok(());
    }
    let message = format!("{count} rows; a request takes {MOST_GORSE_ROWS} at most");
    Err(ApiError::bad_request("too_many_rows", message))
}

/// A time in any of the ways that clients write it: RFC 3339, a date, a date and a time of UTC,
/// seconds since 1970. Empty text and Go's zero time say nothing.
pub(super) fn time(text: &str) -> ApiResult<Option<Timestamp>> {
    let text = text.trim();
    if text.is_empty() || text.starts_with("0001-01-01") {
        return Ok(None);
    }
    let in_utc =
        |at: civil::DateTime| at.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let dashed = text.replace('/', "-");
    let found = text.parse::<Timestamp>().ok();
    let found = found.or_else(|| in_utc(dashed.parse::<civil::DateTime>().ok()?));
    let found = found.or_else(|| {
        in_utc(dashed.parse::<civil::Date>().ok()?.to_datetime(civil::Time::midnight()))
    });
    let found = found.or_else(|| Timestamp::from_second(text.parse().ok()?).ok());
    let unread =
        || ApiError::bad_request("bad_timestamp", format!("`{text}` is no time; write RFC 3339"));
    found.map(Some).ok_or_else(unread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_clients_write_them() {
        let expected: Timestamp = "2022-02-24T00:00:00Z".parse().unwrap();
        for text in [
            "2022-02-24",
            "2022/02/24",
            "2022-02-24T00:00:00.000Z",
            "2022-02-24 00:00:00",
            "1645660800",
            "2022-02-24T02:00:00+02:00",
        ] {
            assert_eq!(time(text).unwrap(), Some(expected), "{text}");
        }
        assert_eq!(time("").unwrap(), None);
        assert_eq!(time(ZERO_TIME).unwrap(), None);
        assert_eq!(time("yesterday").unwrap_err().code, "bad_timestamp");
    }
}
