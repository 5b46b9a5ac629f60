//! Errors in Last.fm's numbers, and with the statuses that it has for them.

use axum::http::StatusCode;

use super::answer::LfmNode;
use crate::error::ApiError;

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LfmFailure {
    code: u32,
    message: String,
    status: StatusCode,
}

impl LfmFailure {
    fn new(code: u32, message: impl Into<String>, status: StatusCode) -> Self {
        Self { code, message: message.into(), status }
    }

    /// There is no such method, or not in that way.
    pub(super) fn no_method(message: &str) -> Self {
        Self::new(3, message, StatusCode::BAD_REQUEST)
    }

    /// User and password do not belong together.
    pub(super) fn no_login() -> Self {
        let message =
            "no key for a listener of that name; `segue keys add NAME --listener WHO` makes one";
        Self::new(4, message, StatusCode::FORBIDDEN)
    }

    /// A parameter is missing or makes no sense.
    pub(super) fn bad_parameter(message: impl Into<String>) -> Self {
        Self::new(6, message, StatusCode::BAD_REQUEST)
    }

    /// The client has to log in again.
    pub(super) fn no_session() -> Self {
        let message = "no such session key, or its key was revoked: log in again";
        Self::new(9, message, StatusCode::FORBIDDEN)
    }

    /// The failure as an answer.
    pub(super) fn node(self) -> LfmNode {
        LfmNode::failed(self.code, self.message, self.status)
    }
}

impl From<ApiError> for LfmFailure {
    fn from(error: ApiError) -> Self {
        let code = match error.status {
            StatusCode::TOO_MANY_REQUESTS => 29,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE => 16,
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::BAD_REQUEST => 6,
            StatusCode::FORBIDDEN | StatusCode::MISDIRECTED_REQUEST => 4,
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_FOUND => 3,
            _ => 8,
        };
        Self::new(code, error.message, error.status)
    }
}
