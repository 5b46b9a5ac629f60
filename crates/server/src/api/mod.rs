//! The native API under `/v1`, one file a resource, and the OpenAPI document that is generated from
//! it.

pub(crate) mod events;
mod exclusions;
mod history;
mod imports;
pub(crate) mod listeners;
mod lists;
mod mixes;
mod models;
mod overrides;
mod records;
pub(crate) mod shapes;
pub(crate) mod similar;
mod taste;
pub(crate) mod tracks;

pub(crate) use events::{append_entries, listen_cursor, next_listens};
pub(crate) use exclusions::include_again;
pub(crate) use imports::{Upload, cancel_import, find_import, usual_listener};
pub(crate) use listeners::forget_listener;
pub(crate) use models::{go_on_without_world, use_model};
pub(crate) use shapes::check_name;
pub(crate) use taste::taste_of;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, Ref, ResponseBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::ErrorBody;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Segue",
        description = "Mixes that balance what a listener loves and what they might, with a \
            reason for each pick and the probability with which it was made.\n\n\
            Whatever is shown is on disk before it is answered, and so is whatever is \
            acknowledged. Errors have a stable `code`, a `message` and often a `hint`. \
            `503` and `429` carry `Retry-After`."
    ),
    components(schemas(ErrorBody)),
    modifiers(&Keys),
    security(("bearer" = []), ("api_key" = [])),
)]
struct Document;

/// How keys are sent.
struct Keys;

impl utoipa::Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let header = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key")));
        components.add_security_scheme("bearer", bearer);
        components.add_security_scheme("api_key", header);
    }
}

fn timed() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(listeners::list))
        .routes(routes!(listeners::show, listeners::change))
        .routes(routes!(tracks::search, tracks::describe))
        .routes(routes!(tracks::show))
        .routes(routes!(overrides::override_features))
        .routes(routes!(tracks::cover))
        .routes(routes!(events::listens, events::add_listens))
        .routes(routes!(events::feedback, events::add_feedback))
        .routes(routes!(events::add_events))
        .routes(routes!(mixes::make))
        .routes(routes!(mixes::preview))
        .routes(routes!(mixes::show))
        .routes(routes!(mixes::playlist))
        .routes(routes!(similar::similar))
        .routes(routes!(similar::path))
        .routes(routes!(similar::explanation))
        .routes(routes!(taste::taste))
        .routes(routes!(history::history))
        .routes(routes!(history::picture))
        .routes(routes!(exclusions::list, exclusions::add))
        .routes(routes!(exclusions::remove))
        .routes(routes!(lists::list, lists::keep))
        .routes(routes!(lists::refresh))
        .routes(routes!(lists::end_weekly))
        .routes(routes!(lists::show, lists::remove))
        .routes(routes!(imports::list))
        .routes(routes!(imports::show))
        .routes(routes!(imports::start))
        .routes(routes!(imports::cancel))
        .routes(routes!(models::list))
        .routes(routes!(models::activate))
        .routes(routes!(models::rollback))
        .routes(routes!(models::drop_world))
}

/// What may take longer than requests usually may.
fn long() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(listeners::forget))
        .routes(routes!(models::train))
        .routes(routes!(taste::export))
        .routes(routes!(tracks::audio))
}

/// What is sent for as long as it takes.
fn uploads() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(imports::upload))
}

/// The routes that are answered within a time limit, and the document.
pub(crate) fn routes(app: &Arc<App>) -> Router {
    let document = openapi();
    let (router, _) = timed().split_for_parts();
    router
        .route("/v1/openapi.json", get(async move || axum::Json(document.clone())))
        .with_state(Arc::clone(app))
}

/// The routes that may take longer.
pub(crate) fn long_routes(app: &Arc<App>) -> Router {
    long().split_for_parts().0.with_state(Arc::clone(app))
}

/// Uploads, which bound themselves.
pub(crate) fn upload_routes(app: &Arc<App>) -> Router {
    uploads().split_for_parts().0.layer(DefaultBodyLimit::disable()).with_state(Arc::clone(app))
}

/// The OpenAPI document of everything under `/v1`.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = timed().into_openapi();
    document.merge(long().into_openapi());
    document.merge(uploads().into_openapi());
    document.paths.paths.values_mut().for_each(every_operation_may_fail);
    document
}

/// Any request may be refused before it reaches its handler, and any may be shed.
fn every_operation_may_fail(item: &mut PathItem) {
    let operations =
        [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
    for operation in operations.into_iter().flatten() {
        // Generated from names of functions, of which several resources have the same.
        let resource = operation.tags.iter().flatten().next().map_or("segue", String::as_str);
        let name = operation.operation_id.as_deref().unwrap_or_default();
        operation.operation_id = Some(format!("{resource}_{name}"));
        let answer = |description| {
            let content = Content::new(Some(Ref::from_schema_name("ErrorBody")));
            ResponseBuilder::new()
                .description(description)
                .content("application/json", content)
                .build()
        };
        let responses = &mut operation.responses.responses;
        responses
            .entry("4XX".to_owned())
            .or_insert_with(|| answer("The request is at fault.").into());
        let shed =
            answer("There is too much to do just now: `Retry-After` says when to come again.");
        responses.insert("503".to_owned(), shed.into());
    }
}
