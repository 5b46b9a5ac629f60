//! What somebody plays just now, as ListenBrainz shows it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::caller::User;
use super::listens::metadata;
use crate::app::App;

/// What somebody plays just now.
pub(super) async fn show(State(app): State<Arc<App>>, User(user): User) -> Json<Value> {
    let listens: Vec<Value> = app
        .playing
        .of(&user)
        .map(|track| json!({"playing_now": true, "track_metadata": metadata(&track)}))
        .into_iter()
        .collect();
    let payload =
        json!({"count": listens.len(), "user_id": user, "playing_now": true, "listens": listens});
    Json(json!({"payload": payload}))
}
