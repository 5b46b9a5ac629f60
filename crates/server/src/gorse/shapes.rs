//! Shapes and times as gorse writes them.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, OptionalFromRequestParts, Path};
use axum::http::request::Parts;
use jiff::civil;
use jiff::tz::TimeZone;
use segue_core::Timestamp;
use segue_ingest::parts::written_time;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::error::{ApiError, ApiResult};
use crate::limits::{FURTHEST_OFFSET, MOST_GORSE_ROWS, MOST_PER_PAGE};
use crate::query::Pairs;

/// Returned where nothing else is asked for.
const USUAL_COUNT: usize = 10;
/// Go's zero time: what gorse writes where it knows none.
pub(super) const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

/// How much a request changed.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Success {
    pub(super) row_affected: usize,
    /// Rows that were not taken, by their numbers from 1, and why. gorse has no such field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) refused: Vec<String>,
}

impl Success {
    pub(super) fn of(row_affected: usize) -> Self {
        Self { row_affected, refused: Vec::new() }
    }
}

/// A row as clients send it. Go takes keys in any letter case, so all are folded.
#[derive(Debug)]
pub(super) struct Folded<T>(pub(super) T);

impl<T: DeserializeOwned> TryFrom<Value> for Folded<T> {
    type Error = String;

    fn try_from(row: Value) -> Result<Self, String> {
        let Value::Object(fields) = row else { return Err("a row is an object".to_owned()) };
        let fields = fields.into_iter().map(|(name, value)| (name.to_lowercase(), value));
        let folded = Value::Object(fields.collect());
        serde_json::from_value(folded).map(Self).map_err(|error| error.to_string())
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Folded<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Understands the rows that can be understood. The others are named with their reasons.
///
/// # Errors
/// The first reason where no row can be understood.
pub(super) fn understood<T: DeserializeOwned, U>(
    rows: Vec<Value>,
    parse: impl Fn(T) -> ApiResult<U>,
) -> ApiResult<(Vec<U>, Vec<String>)> {
    let (mut good, mut refused, mut first) = (Vec::with_capacity(rows.len()), Vec::new(), None);
    let is_batch = rows.len() > 1;
    for (row, number) in rows.into_iter().zip(1_usize..) {
        let folded =
            Folded::try_from(row).map_err(|problem| ApiError::bad_request("bad_row", problem));
        match folded.and_then(|Folded(row)| parse(row)) {
            Ok(row) => good.push(row),
            Err(error) => {
                let named = format!("row {number}: {}", error.message);
                let message = if is_batch { named.clone() } else { error.message.clone() };
                first.get_or_insert(ApiError { message, ..error });
                refused.push(named);
            }
        }
    }
    match first {
        Some(error) if good.is_empty() => Err(error),
        _ => Ok((good, refused)),
    }
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

/// A time in any of the ways that clients write it and gorse reads it: RFC 3339, dates and times as
/// people and programs write them (the month before the day where both are numbers), seconds or
/// milliseconds since 1970. Without a zone it is UTC. Empty text and Go's zero time say nothing.
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
    let found = found.or_else(|| written_time(text));
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
            "1645660800000",
            "2022-02-24 08:00:00 +0800 CST",
            "2022-02-24 00:00:00 +0000 UTC",
            "Thu, 24 Feb 2022 00:00:00 GMT",
            "Feb 24, 2022",
            "24 Feb 2022 12:00 AM",
            "02/24/2022",
            "2022-2-24",
        ] {
            assert_eq!(time(text).unwrap(), Some(expected), "{text}");
        }
        let ambiguous: Timestamp = "2022-02-03T00:00:00Z".parse().unwrap();
        assert_eq!(time("02/03/2022").unwrap(), Some(ambiguous));
        assert_eq!(time("").unwrap(), None);
        assert_eq!(time(ZERO_TIME).unwrap(), None);
        assert_eq!(time("yesterday").unwrap_err().code, "bad_timestamp");
    }
}
