//! Mixes: made, logged as answered, made again by seed, and following what was said a moment ago.

use std::collections::HashSet;

use axum::http::{Method, StatusCode};
use segue_store::ImpressionId;
use serde_json::{Value, json};

use crate::world::{ARTISTS, FIRST, TRACKS, World, artist, ids, register, request, track_id};

#[tokio::test]
async fn a_mix_is_logged_with_the_propensities_that_were_answered() {
    let world = World::new().await;
    let mix = world.mix("ada", &json!({"length": 10, "explore": 0.5, "seed": 7})).await;
    assert_eq!(mix["picks"].as_array().unwrap().len(), 10);
    assert_eq!((&mix["model"], &mix["seed"], &mix["listener"]), (&json!(FIRST), &json!("7"), &json!("ada")));
    let logged = world.store().impression(ImpressionId(mix["id"].as_i64().unwrap())).unwrap().unwrap();
    assert!(logged.was_shown());
    assert_eq!(logged.slate.config.model, FIRST);
    let answered: Vec<(String, f64)> = mix["picks"].as_array().unwrap().iter().map(pick).collect();
    let on_disk: Vec<(String, f64)> =
        logged.slate.picks.iter().map(|pick| (pick.track.to_string(), pick.propensity)).collect();
    assert_eq!(answered, on_disk);
    assert!(on_disk.iter().all(|(_, propensity)| *propensity > 0.0 && *propensity <= 1.0));
    let shown_again = world.get(&format!("/v1/mixes/{}", mix["id"])).await.ok();
    assert_eq!((&shown_again["picks"], &shown_again["at"]), (&mix["picks"], &mix["at"]));
}

fn pick(pick: &Value) -> (String, f64) {
    (pick["track"]["id"].as_str().unwrap().to_owned(), pick["propensity"].as_f64().unwrap())
}
