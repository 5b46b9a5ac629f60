//! Worlds that are dropped on the page like an export.

use std::fs;
use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use segue::build_world;
use segue::world::build::BuildConfig;
use serde_json::{Value, json};

use crate::world::{Reply, World};

/// The bytes of a world of six people, whose songs are those of a name.
fn world_of(name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("listens.jsonl");
    let mut lines = String::new();
    for (user, song) in (0..6).flat_map(|user| (0..12).map(move |song| (user, song))) {
        let listen = json!({
            "user_id": user, "user_name": "somebody", "timestamp": 1_700_000_000 + song * 200,
            "track_metadata":
                {"artist_name": format!("Artist {song}"), "track_name": format!("{name} {song}")},
        });
        lines.push_str(&format!("{listen}\n"));
    }
    fs::write(&dump, lines).unwrap();
    let out = folder.path().join("a.world");
    let config = BuildConfig { listens: vec![dump], ..BuildConfig::default() };
    build_world(&config, &out, &mut |_| {}).unwrap();
    fs::read(out).unwrap()
}

/// Twelve plays, of which a world of "Song" knows eleven.
fn history() -> String {
    let play = |song: i32| format!("ann,Song {song},Artist {song},2024-01-01T{song:02}:00:00Z\n");
    "user_id,track_name,artist_name,played_at\n".to_owned() + &(1..13).map(play).collect::<String>()
}

fn kept(library: &Path) -> Vec<String> {
    let entries = fs::read_dir(library.join("worlds")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

async fn ended(world: &World, sent: &Value) -> Value {
    world.ended(&format!("/v1/imports/{}", sent["id"].as_str().unwrap())).await
}

/// A file as a form sends it.
fn part(name: &str, content: &[u8]) -> Vec<u8> {
    let head = "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"";
    [head.as_bytes(), name.as_bytes(), b"\"\r\n\r\n", content, b"\r\n"].concat()
}

async fn send(world: &World, files: &[Vec<u8>]) -> Reply {
    let listener = b"--b\r\nContent-Disposition: form-data; name=\"listener\"\r\n\r\nann\r\n";
    let body = [listener, &files.concat()[..], b"--b--\r\n"].concat();
    let form = Request::post("/import").header("content-type", "multipart/form-data; boundary=b");
    world.send(form.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a_world_that_is_dropped_is_looked_at_and_taken_into_use_when_that_is_said() {
    let world = World::empty().await;
    world.import("?listener=ann", history()).await;
    let upload = Request::post("/v1/imports?hold=true&name=2026.world");
    let held = world.send(upload.body(world_of("Song").into()).unwrap()).await.ok();
    assert_eq!(held["found_world"], json!({"file": "2026.world", "recordings": 12, "people": 6}));
    assert_eq!(world.get("/v1/models").await.ok()["world"], Value::Null, "nothing is said yet");
    let page = format!("/import/{}", held["id"].as_str().unwrap());
    let shown = world.get(&page).await.text().to_owned();
    assert!(shown.contains("12 songs, played by 6 people"), "{shown}");
    assert!(shown.contains(">Import</button>"), "{shown}");

    let address = format!("/v1/imports/{}/start", held["id"].as_str().unwrap());
    world.post(&address, &json!({})).await.ok();
    let done = ended(&world, &held).await;
    assert_eq!(done["world"], json!({"file": "2026.world", "songs": 12, "known": 11}));
    assert_eq!(done["state"], "done");
    let in_use = world.get("/v1/models").await.ok()["world"].clone();
    assert_eq!((&in_use["state"], &in_use["recordings"]), (&json!("there"), &json!(12)));
    assert_eq!(kept(world.library()).len(), 1);
    let shown = world.get(&page).await.text().to_owned();
    assert!(shown.contains("It knows 11 of the 12 songs here"), "{shown}");
    assert!(world.get("/model").await.text().contains("The world in use knows 12 songs."));
}

#[tokio::test]
async fn a_newer_world_takes_the_place_of_the_one_before_and_one_can_be_let_go() {
    let world = World::empty().await;
    world.import("?listener=ann", history()).await;
    world.import("?name=first.world", world_of("Song")).await;
    let first = kept(world.library());
    let second = world.import("?name=second.world", world_of("Other")).await;
    assert_eq!(second["world"]["known"], 0);
    let second = kept(world.library());
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_ne!(first, second);
    assert_eq!(world.delete("/v1/world").await.status.as_u16(), 204);
    assert_eq!(world.get("/v1/models").await.ok()["world"], Value::Null);
    assert_eq!(kept(world.library()), [""; 0], "nobody needs its file");
}

#[tokio::test]
async fn a_damaged_world_is_refused_and_the_one_in_use_stays() {
    let world = World::empty().await;
    world.import("?listener=ann", history()).await;
    world.import("?name=good.world", world_of("Song")).await;
    let before = kept(world.library());
    let mut changed = world_of("Other");
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let cut = world_of("Other")[..middle].to_vec();
    for damaged in [changed, cut] {
        let sent = Request::post("/v1/imports?name=bad.world").body(Body::from(damaged)).unwrap();
        let sent = world.send(sent).await.ok();
        let failed = ended(&world, &sent).await;
        assert_eq!(failed["state"], "failed");
        assert!(failed["problem"].as_str().unwrap().contains("bad.world"), "{failed}");
        assert!(!failed["problem"].as_str().unwrap().contains("uploads"), "{failed}");
    }
    assert_eq!(kept(world.library()), before);
    assert_eq!(world.get("/v1/models").await.ok()["world"]["state"], "there");
}

#[tokio::test]
async fn a_history_beside_a_damaged_world_is_not_imported_either() {
    let world = World::empty().await;
    let mut changed = world_of("Song");
    // In the first section, which is not looked at when a file is opened.
    changed[64] ^= 1;
    let files = [part("plays.csv", history().as_bytes()), part("a.world", &changed)];
    let sent = send(&world, &files).await;
    let import = format!(
        "/v1{}",
        sent.headers["location"].to_str().unwrap().replace("/import/", "/imports/")
    );
    world.post(&format!("{import}/start"), &json!({})).await.ok();
    let failed = world.ended(&import).await;
    assert_eq!(failed["state"], "failed", "{failed}");
    assert!(world.store().listeners().unwrap().is_empty(), "all of it can be sent again");
}

#[tokio::test]
async fn it_takes_a_key_of_scope_admin_to_bring_a_world() {
    let (world, [_, writer, keeper]) = World::with_keys(|_| {}).await;
    for (query, key, status) in [
        ("?name=a.world", &writer, 403),
        ("?name=a.world&hold=true", &writer, 403),
        ("?name=a.world&hold=true", &keeper, 202),
    ] {
        let upload = Request::post(format!("/v1/imports{query}")).header("x-api-key", key);
        let reply = world.send(upload.body(world_of("Song").into()).unwrap()).await;
        assert_eq!(reply.status.as_u16(), status, "{query}: {}", reply.text());
    }
    let left = fs::read_dir(world.library().join("uploads")).unwrap().count();
    assert_eq!(left, 2, "of the last one alone: its files and a label");
}

#[tokio::test]
async fn an_export_and_a_world_come_together_and_two_worlds_do_not() {
    let world = World::empty().await;
    let plays = part("plays.csv", history().as_bytes());
    let one = part("one.world", &world_of("Song"));
    let two = send(&world, &[one.clone(), part("two.world", &world_of("Other"))]).await;
    assert_eq!(two.error(), (400, "several_worlds".to_owned()));

    let sent = send(&world, &[plays, one]).await;
    let page = sent.headers["location"].to_str().unwrap().to_owned();
    world.post(&format!("/v1/imports/{}/start", &page["/import/".len()..]), &json!({})).await.ok();
    let done = world.ended(&format!("/v1/imports/{}", &page["/import/".len()..])).await;
    assert_eq!(done["report"]["total"]["listens"], 12, "{done}");
    assert_eq!(done["world"]["known"], 11, "the history was read before");
}
