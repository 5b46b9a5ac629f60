//! Lists: made once a day or week, kept, opened by their listener alone, on the page too.

use segue_core::ListenerId;
use serde_json::{Value, json};

use crate::world::{World, ids};

const LISTS: &str = "/v1/listeners/ada/lists";

async fn refreshed(world: &World) -> Vec<Value> {
    let answer = world.post(&format!("{LISTS}/refresh"), &json!({})).await.ok();
    answer["lists"].as_array().unwrap().clone()
}

#[tokio::test]
async fn lists_are_made_once_and_count_as_shown_when_they_are_opened() {
    let world = World::new().await;
    let first = refreshed(&world).await;
    assert_eq!(first.len(), 3);
    let today = first.iter().find(|list| list["kind"] == "today").unwrap();
    assert_eq!((&today["is_new"], &today["list"]["is_opened"]), (&json!(true), &json!(false)));
    let again = refreshed(&world).await;
    assert!(again.iter().all(|list| list["is_new"] == false));
    let shown = || world.store().impressions(&ListenerId::new("ada"), 99).unwrap().len();
    assert_eq!(shown(), 0);

    let address = format!("{LISTS}/{}", today["list"]["id"]);
    let opened = world.get(&address).await.ok();
    assert_eq!((&opened["list"]["is_opened"], shown()), (&json!(true), 1));
    let tracks = ids(&opened["mix"]);
    assert!(!tracks.is_empty());
    assert_eq!(ids(&world.get(&address).await.ok()["mix"]), tracks, "it stays as it is");
    assert_eq!(shown(), 1);
    let export = format!("/v1/mixes/{}/playlist?format=jspf", opened["list"]["mix"]);
    assert_eq!(world.get(&export).await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_mix_is_kept_by_its_listener_alone_and_under_a_free_name() {
    let world = World::new().await;
    let mix = world.mix("ada", &json!({"length": 5})).await;
    let kept = world.post(LISTS, &json!({"name": "Friday", "mix": mix["id"]})).await;
    assert_eq!(kept.status.as_u16(), 201);
    let kept = kept.json();
    assert_eq!((&kept["kind"], &kept["name"]), (&json!("own"), &json!("Friday")));
    let other = world.mix("ada", &json!({"length": 5, "seed": 3})).await;
    for (name, mix, code) in [
        ("Friday", &other["id"], "bad_list_name"),
        ("  ", &other["id"], "bad_list_name"),
        ("Monday", &json!(99_999), "unknown_mix"),
    ] {
        let refused = world.post(LISTS, &json!({"name": name, "mix": mix})).await;
        assert_eq!(refused.json()["error"]["code"], code, "{name}");
    }
    let asked = json!({"name": "x", "mix": mix["id"]});
    let theirs = world.post("/v1/listeners/bob/lists", &asked).await;
    assert_eq!(theirs.json()["error"]["code"], "unknown_mix");
    let address = |who: &str| format!("/v1/listeners/{who}/lists/{}", kept["id"]);
    assert_eq!(world.get(&address("bob")).await.json()["error"]["code"], "unknown_list");
    assert_eq!(world.delete(&address("bob")).await.status.as_u16(), 404);
    assert_eq!(world.delete(&address("ada")).await.status.as_u16(), 204);
    assert_eq!(world.get(LISTS).await.ok()["lists"], json!([]));
}

#[tokio::test]
async fn a_time_zone_that_is_none_is_refused() {
    let world = World::new().await;
    let asked = json!({"time_zone": "Middle/Earth"});
    let refused = world.post(&format!("{LISTS}/refresh"), &asked).await;
    assert_eq!(refused.json()["error"]["code"], "bad_time_zone");
}
