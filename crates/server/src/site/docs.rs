//! The page to read the API by.

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use super::frame::{Asked, answer, frame};
use crate::api::openapi;
use crate::app::App;
use crate::error::ApiResult;
use crate::page::docs as view;
use crate::page::layout::Section;

/// The document, which does not change while the server runs.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::to_value(openapi()).expect("the document is made of text and numbers")
});

/// The page.
pub(super) async fn show(State(app): State<Arc<App>>, asked: Asked) -> ApiResult<Response> {
    let frame = frame(&app, &asked, Section::Elsewhere).await?;
    Ok(answer(&frame, view::view(&frame, &DOCUMENT)))
}
