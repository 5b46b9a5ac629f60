//! Lists: made once a day or week, kept, opened by their listener alone, on the page too.

use segue_core::{ListenerId, Timestamp};
use segue_server::ListSchedule;
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

#[tokio::test]
async fn lists_are_made_in_the_morning_of_whoever_opens_some() {
    let world = World::new().await;
    let ada = ListenerId::new("ada");
    world.store().set_time_zone(&ada, Some("Asia/Tokyo")).unwrap();
    let mut schedule = ListSchedule::default();
    let mut at = async |time: &str| {
        let now: Timestamp = time.parse().unwrap();
        schedule.catch_up(&world.app, now).await.unwrap()
    };
    assert_eq!(at("2040-11-30T12:00:00Z").await, 0, "nobody has opened one");
    let first = refreshed(&world).await;
    let today = first.iter().find(|list| list["kind"] == "today").unwrap();
    let number = segue_store::ListId(today["list"]["id"].as_i64().unwrap());
    let opened: Timestamp = "2040-11-29T12:00:00Z".parse().unwrap();
    world.store().open_list(&ada, number, opened).unwrap();

    assert_eq!(at("2040-12-05T18:59:00Z").await, 0, "3:59 in Tokyo");
    assert!(at("2040-12-05T19:00:00Z").await >= 1, "today's at least");
    assert_eq!(at("2040-12-05T19:05:00Z").await, 0, "once a day");
    let lists = world.store().lists(&ada).unwrap();
    assert_eq!(lists[0].name.edition, "2040-12-06", "the day that it is in Tokyo");
    assert!(!lists[0].is_opened, "nobody has seen it");
    assert!(at("2040-12-06T19:00:00Z").await >= 1);
    assert_eq!(at("2041-02-01T12:00:00Z").await, 0, "nobody has opened one for weeks");
}

#[tokio::test]
async fn lists_of_somebody_who_is_forgotten_while_they_are_made_bring_nobody_back() {
    let ada = ListenerId::new("ada");
    let world = World::during_scoring(|library| {
        let mut store = segue_store::Store::open(library).unwrap();
        assert!(store.forget(&ListenerId::new("ada")).unwrap().found);
    })
    .await;
    assert!(world.store().listener(&ada).unwrap().is_some(), "nothing was scored yet");
    let refused = world.post(&format!("{LISTS}/refresh"), &json!({})).await;
    assert_eq!(refused.error(), (409, "forgotten_meanwhile".to_owned()));
    let store = world.store();
    assert_eq!(store.listener(&ada).unwrap(), None, "she stays forgotten");
    assert_eq!(store.lists(&ada).unwrap(), []);
}
