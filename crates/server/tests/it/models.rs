//! Models: listed, swapped, rolled back, trained, and refused when they cannot be read.

use segue_core::Timestamp;
use segue_store::{NewModel, WorldInUse};
use serde_json::json;

use crate::world::{Socket, World, register};

#[tokio::test]
async fn a_model_is_activated_and_rolled_back() {
    let world = World::new().await;
    register(&mut world.store(), "formula-2");
    let models = world.get("/v1/models").await.ok();
    let listed: Vec<_> = models["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| (&model["version"], &model["active"]))
        .collect();
    assert_eq!(listed, [(&json!("formula-1"), &json!(false)), (&json!("formula-2"), &json!(true))]);
    assert_eq!(models["models"][0]["card"]["formula"], "a hash");
    assert_eq!(world.post("/v1/models/rollback", &json!({})).await.ok()["version"], "formula-1");
    assert_eq!(world.mix("ada", &json!({})).await["model"], "formula-1");
    assert_eq!(
        world.post("/v1/models/rollback", &json!({})).await.error(),
        (409, "no_earlier_model".to_owned())
    );
    assert_eq!(
        world.post("/v1/models/formula-2/activate", &json!({})).await.ok()["version"],
        "formula-2"
    );
    assert_eq!(world.mix("ada", &json!({})).await["model"], "formula-2");
    assert_eq!(
        world.post("/v1/models/formula-9/activate", &json!({})).await.error(),
        (404, "unknown_model".to_owned())
    );
}

#[tokio::test]
async fn a_model_that_cannot_be_read_is_refused_and_the_one_before_goes_on() {
    let world = World::new().await;
    register(&mut world.store(), "broken-1");
    world.post("/v1/models/formula-1/activate", &json!({})).await.ok();
    let refused = world.post("/v1/models/broken-1/activate", &json!({})).await;
    assert_eq!(refused.error(), (409, "bad_model".to_owned()));
    assert_eq!(world.mix("ada", &json!({})).await["model"], "formula-1");
    let active = world.store().active_model().unwrap().unwrap();
    assert_eq!(active.version, "formula-1", "on disk too, for the next start");
}

#[tokio::test]
async fn a_model_of_a_kind_that_serves_no_mixes_is_listed_and_refused() {
    let world = World::new().await;
    let old = NewModel {
        version: "next-track-1",
        kind: "next-track",
        created_at: Timestamp::UNIX_EPOCH,
        card: "{}",
        weights: b"none",
        listeners: &[],
        log_end: 0,
        forgotten: 0,
    };
    world.store().register_model(&old).unwrap();
    world.post("/v1/models/formula-1/activate", &json!({})).await.ok();
    assert_eq!(world.get("/v1/models").await.ok()["models"].as_array().unwrap().len(), 2);
    let refused = world.post("/v1/models/next-track-1/activate", &json!({})).await;
    assert_eq!(refused.error(), (409, "bad_model".to_owned()));
    let rolled_back = world.post("/v1/models/rollback", &json!({})).await;
    assert_eq!(rolled_back.error(), (409, "no_earlier_model".to_owned()));
    assert_eq!(world.store().active_model().unwrap().unwrap().version, "formula-1");
}

#[tokio::test]
async fn a_model_in_use_that_cannot_be_read_is_replaced_by_the_last_good_one() {
    let world = World::new().await;
    register(&mut world.store(), "formula-2");
    register(&mut world.store(), "broken-1");
    world.app.build().await.unwrap();
    assert_eq!(world.mix("ada", &json!({})).await["model"], "formula-2");
    let ready = world.get("/readyz").await;
    assert_eq!(ready.status.as_u16(), 200);
    assert!(ready.text().contains("`broken-1` has no weights"), "{}", ready.text());
    assert!(ready.text().contains("mixes are made with `formula-2`"), "{}", ready.text());
    world.post("/v1/models/formula-2/activate", &json!({})).await.ok();
    assert_eq!(world.get("/readyz").await.text(), "ready\n");
}

#[tokio::test]
async fn where_no_model_can_be_read_everything_else_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = segue_store::Store::open(folder.path()).unwrap();
    crate::world::furnish(&mut store);
    store.forget(&segue_core::ListenerId::new("ada")).unwrap();
    register(&mut store, "broken-1");
    register(&mut store, "broken-2");
    let world = World::on(folder, |_| {}).await;
    for path in ["/v1/listeners", "/v1/models", "/metrics", "/v1/tracks?query=song", "/readyz"] {
        assert_eq!(world.get(path).await.status.as_u16(), 200, "{path}");
    }
    assert_eq!(world.mix("ada", &json!({})).await["model"], "popularity");
    assert_eq!(world.post("/v1/models/train", &json!({})).await.ok()["version"], "formula-3");
    assert_eq!(world.mix("ada", &json!({})).await["model"], "formula-3");
    assert_eq!(world.get("/readyz").await.text(), "ready\n");
}

#[tokio::test]
async fn forgetting_somebody_stops_no_mix_and_a_model_without_them_is_trained() {
    let world = World::new().await;
    let socket = Socket::of(&world.app).await;
    let listeners = world.get("/v1/listeners").await.ok()["listeners"].clone();
    let other = listeners.as_array().unwrap().iter().find(|who| who["id"] != "ada").unwrap();
    let other = other["id"].as_str().unwrap();
    world.delete(&format!("/v1/listeners/{other}")).await.ok();
    assert_eq!(world.mix("ada", &json!({})).await["model"], "popularity");
    let ready = world.get("/readyz").await.text();
    assert!(ready.contains("went with somebody who was forgotten"), "{ready}");
    let mut tries = 0;
    while world.mix("ada", &json!({"length": 2})).await["model"] == "popularity" {
        tries += 1;
        assert!(tries < 200, "nothing was trained");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(world.get("/readyz").await.text(), "ready\n");
    socket.stopped().await;
}

#[tokio::test]
async fn training_puts_the_new_model_in_use() {
    let world = World::new().await;
    assert_eq!(world.post("/v1/models/train", &json!({})).await.ok()["version"], "formula-2");
    assert_eq!(world.mix("ada", &json!({})).await["model"], "formula-2");
    let nothing = World::empty().await.post("/v1/models/train", &json!({})).await;
    assert_eq!(nothing.error(), (409, "cannot_train".to_owned()));
}

#[tokio::test]
async fn what_a_command_beside_the_server_did_is_followed() {
    let world = World::new().await;
    let socket = Socket::of(&world.app).await;
    assert_eq!(world.mix("ada", &json!({})).await["model"], "formula-1");
    register(&mut world.store(), "formula-2");
    let mut tries = 0;
    while world.mix("ada", &json!({"length": 2})).await["model"] != "formula-2" {
        tries += 1;
        assert!(tries < 200, "it never noticed");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    socket.stopped().await;
}

#[tokio::test]
async fn the_world_in_use_is_told_of_by_the_name_of_its_file() {
    let world = World::new().await;
    assert_eq!(world.get("/v1/models").await.ok()["world"], json!(null));
    let file = WorldInUse { path: "/nowhere/a.world".into(), digest: "1".to_owned() };
    world.store().use_world(Some(&file)).unwrap();
    let told = json!({"file": "a.world", "digest": "1", "state": "gone", "recordings": null});
    assert_eq!(world.get("/v1/models").await.ok()["world"], told);
}

#[tokio::test]
async fn the_page_of_models_says_what_members_of_a_world_know() {
    let world = World::new().await;
    assert!(!world.get("/model").await.text().contains("elsewhere"));
    let of_world = NewModel {
        version: "formula-2",
        kind: "formula",
        created_at: Timestamp::UNIX_EPOCH,
        card: r#"{"members": [{"member": "ease"}, {"member": "world-ials"}], "likability": null}"#,
        weights: b"none",
        listeners: &[],
        log_end: 0,
        forgotten: 0,
    };
    world.store().register_model(&of_world).unwrap();
    let text = world.get("/model").await.text();
    assert!(text.contains("people alike, elsewhere") && !text.contains("world-ials"), "{text}");
    assert!(!text.contains("popular elsewhere"), "it has no such member");
}
