//! Query strings as foreign APIs write them: names may come twice, numbers may be nonsense, and
//! what is not known is nobody's business.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::error::{ApiError, ApiResult};
use crate::page::urls::pairs;

/// The names and values behind the `?`, decoded, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Takes a query string apart.
    pub(crate) fn from_query(query: &str) -> Self {
        Self(pairs(query).map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// The first value of that name that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of that name that is not empty.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |(found, value)| found == name && !value.is_empty());
        named.map(|(_, value)| value.as_str())
    }

    /// A number, where there is one.
    pub(crate) fn number(&self, name: &str) -> ApiResult<Option<usize>> {
        let parse = |text: &str| {
            text.parse().map_err(|_| {
                ApiError::bad_request(
                    "bad_query",
                    format!("`{name}` is a whole number, not `{text}`"),
                )
            })
        };
        self.get(name).map(parse).transpose()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Pairs {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::from_query(parts.uri.query().unwrap_or_default()))
    }
}
