//! Errors as a client sees them: a stable code to act on, a message that says what happened, and
//! where there is one a hint that says what to do about it.
//!
//! What the client can mend is a 4xx, what it can only wait out a 503 with `Retry-After`, and the
//! rest a 500 of which the log knows more than the answer.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use segue_engine::pipeline::MixError;
use segue_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

/// Short for results of handlers.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

/// Why a request was not fulfilled, and how that is answered: status, code, message, hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The status of the answer: 4xx for what the client can mend, 503 for what it can wait out,
    /// 500 for the rest.
    pub status: StatusCode,
    /// Names the kind of error for programs, such as `unknown_track`; it never changes its meaning.
    pub code: &'static str,
    /// What happened, in a sentence for people; programs must not read it, since its words may
    /// change.
    pub message: String,
    /// What to do about it, in a sentence; `None` where nothing is known to help.
    pub hint: Option<String>,
    /// After how many seconds it is worth trying again, sent as `Retry-After`; `None` where it
    /// never is.
    pub retry_after: Option<u32>,
}

/// The body of every answer that is an error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// Names the kind of error; it never changes its meaning.
    #[schema(example = "unknown_track")]
    pub code: String,
    /// What happened.
    #[schema(example = "track `spotify:track:1` is not in the catalogue; describe it first")]
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl ApiError {
    /// An error without a hint.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), hint: None, retry_after: None }
    }

    /// The request cannot be understood.
    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// What the request is about is not there.
    pub fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// The request does not fit the state that things are in.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// There is too much to do just now.
    pub fn overloaded(code: &'static str, message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message);
        Self { retry_after: Some(1), ..error }
    }

    /// A fault of ours; what is known about it goes to the log.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = %chain(error), "internal error");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong on the server",
        )
        .hint("the log has the details under the id in the `x-request-id` header")
    }

    /// There is no room on the disk.
    pub(crate) fn disk_full(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = %chain(error), "the disk is full");
        let message = "the disk is full, and nothing can be written";
        Self::new(StatusCode::INSUFFICIENT_STORAGE, DISK_FULL, message)
            .hint("make room; it goes on by itself")
    }

    /// The same error with a hint.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The error as it is written into a body.
    pub fn body(&self) -> ErrorBody {
        let (code, message, hint) = (self.code.to_owned(), self.message.clone(), self.hint.clone());
        ErrorBody { error: ErrorDetail { code, message, hint } }
    }
}

/// An error and everything behind it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // Pages turn it into a page.
        response.extensions_mut().insert(self);
        response
    }
}

/// The code of what found no room on the disk.
pub(crate) const DISK_FULL: &str = "disk_full";
/// The code where there is too little to learn from, or nothing to go on from.
pub(crate) const CANNOT_TRAIN: &str = "cannot_train";

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Busy => Self::overloaded("store_busy", message),
            StoreError::UnknownTrack(_) => Self::bad_request("unknown_track", message)
                .hint("`POST /v1/tracks` describes tracks; `GET /v1/tracks?query=` finds them"),
            StoreError::UnknownModel(_) => {
                Self::not_found("unknown_model", message).hint("`GET /v1/models` lists them")
            }
            StoreError::ClientIdReused { .. } => Self::conflict("client_id_reused", message),
            StoreError::KeyExists(_) => Self::conflict("key_exists", message),
            StoreError::UnknownExperiment(_) => Self::not_found("unknown_experiment", message),
            StoreError::UnknownConnection(_) => Self::not_found("unknown_connection", message),
            error if error.is_disk_full() => Self::disk_full(&error),
            error if error.is_read_only() => {
                tracing::error!(error = %chain(&error), "the store cannot be written");
                Self::overloaded("read_only", "the store cannot be written: it is read-only")
            }
            error => Self::internal(&error),
        }
    }
}

impl From<segue::Error> for ApiError {
    fn from(error: segue::Error) -> Self {
        let message = error.to_string();
        match error {
            segue::Error::Store(error) => error.into(),
            segue::Error::Mix(error) => error.into(),
            segue::Error::UnknownTrack(_) => Self::not_found("unknown_track", message)
                .hint("`GET /v1/tracks?query=` finds tracks by title and artist"),
            segue::Error::NothingImported => {
                Self::conflict("no_model", "no model has been trained yet")
                    .hint("import a history first: `POST /v1/imports` or `segue import`")
            }
            segue::Error::NoModel => Self::conflict("no_model", "no model has been trained yet")
                .hint("train one: `POST /v1/models/train` or `segue train`"),
            segue::Error::Prompt(_) => Self::bad_request("bad_prompt", message)
                .hint("docs/prompts.md has all words that are understood"),
            segue::Error::TooManyWeekly => Self::conflict("too_many_lists", message),
            segue::Error::BadListName { .. } => Self::bad_request("bad_list_name", message),
            segue::Error::CannotServe { .. } => Self::conflict("bad_model", message),
            segue::Error::UnusableModel { .. } => Self::conflict("bad_model", chain(&error)),
            segue::Error::NoSet | segue::Error::Training(_) => {
                Self::conflict(CANNOT_TRAIN, chain(&error))
            }
            error => Self::internal(&error),
        }
    }
}

impl From<MixError> for ApiError {
    fn from(error: MixError) -> Self {
        let message = error.to_string();
        match error {
            MixError::Length { .. }
            | MixError::Explore { .. }
            | MixError::ArrivalShare { .. }
            | MixError::Cap => Self::bad_request("bad_mix", message),
            MixError::NoUncertainty { .. } => Self::bad_request("bad_policy", message),
            MixError::EmptyCatalogue => Self::conflict("empty_catalogue", message)
                .hint("import a history or a table of tracks first: `POST /v1/imports`"),
            MixError::NothingEligible { left_out, .. } => {
                let steps: Vec<String> = left_out
                    .iter()
                    .map(|step| format!("{}: {}", step.step.name(), step.count))
                    .collect();
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "nothing_eligible", message)
                    .hint(format!("loosen a filter; left out were {}", steps.join(", ")))
            }
            MixError::Insufficient | MixError::Predictions { .. } => Self::internal(&error),
        }
    }
}
