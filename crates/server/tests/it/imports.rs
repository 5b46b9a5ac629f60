//! Imports by upload, from the bytes to the report, through crashes and refusals.

use axum::body::Body;
use axum::http::Request;
use segue_core::{ListenerId, Track};
use segue_store::{WeeklyList, WorldInUse};
use serde_json::{Value, json};

use crate::world::{Socket, World};

/// A table of plays: six rows, of which one has no track and one repeats another.
const TABLE: &str = "\
user_id,track_uri,track_name,artist_name,played_at,ms_played
dora,spotify:track:1111111111111111111111,First Song,Anna Ash,2024-01-01T00:00:00Z,201000
dora,spotify:track:2222222222222222222222,Second Song,Anna Ash,2024-01-01T01:00:00Z,201000
dora,spotify:track:3333333333333333333333,Third Song,Ben Birch,2024-01-01T02:00:00Z,4000
dora,spotify:track:3333333333333333333333,Third Song,Ben Birch,2024-01-01T02:00:00Z,4000
dora,,,,2024-01-01T03:00:00Z,1000
emil,spotify:track:1111111111111111111111,First Song,Anna Ash,2024-01-01T04:00:00Z,201000
";

fn uploads(world: &World) -> Vec<String> {
    let entries = std::fs::read_dir(world.library().join("uploads")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn an_upload_is_read_reported_and_trained_from() {
    let world = World::empty().await;
    let import = world.import("?listener=dora&name=history.csv", TABLE).await;
    assert_eq!(import["state"], "done", "{import}");
    assert_eq!(import.get("problem"), None);
    let file = &import["report"]["files"][0];
    assert_eq!(file["path"], "history.csv", "the report speaks of the file as its owner does");
    assert_eq!(file["columns"][0], json!({"name": "user_id", "meaning": "listener"}));
    let total = &import["report"]["total"];
    assert_eq!(counts(total), counts(file), "one file is all there is");
    assert_eq!(
        (&total["rows_read"], &total["listens"], &total["duplicates"]),
        (&json!(6), &json!(5), &json!(1))
    );
    assert_eq!(total["dropped"], json!({"no_track": 1}));
    let listens = world.get("/v1/listeners/dora/listens").await.ok();
    assert_eq!(listens["listens"].as_array().unwrap().len(), 3);
    assert_eq!(world.get("/v1/listeners/emil").await.ok()["listens"], 1);
    let models = world.get("/v1/models").await.ok();
    assert_eq!(
        (&models["models"][0]["version"], &models["models"][0]["active"]),
        (&json!("formula-1"), &json!(true))
    );
    assert_eq!(
        world.mix("dora", &json!({"length": 2, "no_repeat_days": 0})).await["model"],
        "formula-1"
    );
    assert!(uploads(&world).is_empty(), "nothing is left of it");
    assert_eq!(world.get("/v1/imports").await.ok()["imports"], json!([import]));
}

#[tokio::test]
async fn one_listener_with_one_export_reads_where_new_tracks_come_from() {
    const ALONE: &str = "\
track_name,artist_name,played_at
First Song,Anna Ash,2024-01-01T00:00:00Z
Second Song,Ben Birch,2024-01-01T01:00:00Z
";
    const HINT: &str = "segue world --help";
    let world = World::empty().await;
    let import = world.import("?listener=dora&name=history.csv", ALONE).await;
    let report = format!("/import/{}", import["id"].as_str().unwrap());
    for page in
        [report.as_str(), "/?explore=0.5", "/mix?explore=1", "/mix?familiarity=new", "/lists"]
    {
        let text = world.get(page).await.text();
        assert!(text.contains(HINT), "{page}: {text}");
    }
    assert!(!world.get("/mix?explore=0").await.text().contains(HINT), "nothing new was asked for");

    let file = WorldInUse { path: "/nowhere/a.world".into(), digest: "1".to_owned() };
    world.store().use_world(Some(&file)).unwrap();
    world.app.build().await.unwrap();
    let text = world.get("/?explore=0.5").await.text();
    assert!(text.contains("Learn again now") && !text.contains(HINT), "{text}");

    let tracks = "track_id,track_name,artist_name,tempo\nt1,Third Song,Cleo Cane,80\n";
    let import = world.import("?listener=dora&name=tracks.csv", tracks).await;
    let report = format!("/import/{}", import["id"].as_str().unwrap());
    assert!(!world.get(&report).await.text().contains("known here"));
}

#[tokio::test]
async fn the_export_of_a_listener_is_read_by_another_library_and_adds_nothing_to_its_own() {
    let world = World::new().await;
    let export = world.get("/v1/listeners/ada/export").await.text();
    let elsewhere = World::empty().await;
    elsewhere.import("?listener=ada&name=segue-export.ndjson", export.clone()).await;
    let known = |world: &World| {
        let (store, ada) = (world.store(), ListenerId::new("ada"));
        let mut feedback = store.feedback(&ada).unwrap();
        feedback.sort_by_key(|said| format!("{said:?}"));
        let mut listens = store.all_listens(&ada).unwrap();
        listens.sort_by_key(|listen| format!("{listen:?}"));
        (listens, feedback)
    };
    assert_eq!(known(&elsewhere), known(&world));
    let track = known(&world).0[0].track.clone();
    let described = |world: &World| world.store().track(&track).unwrap().unwrap();
    assert_eq!(described(&elsewhere), described(&world));

    let before = known(&world);
    world.import("?listener=ada&name=segue-export.ndjson", export.clone()).await;
    assert_eq!(known(&world), before);
}

/// A report without what says which file it is about.
fn counts(report: &Value) -> Value {
    let mut counts = report.clone();
    let of_the_file = ["path", "source", "columns"];
    counts.as_object_mut().unwrap().retain(|name, _| !of_the_file.contains(&name.as_str()));
    counts
}

#[tokio::test]
async fn the_same_file_again_adds_nothing() {
    let world = World::empty().await;
    world.import("?name=a.csv", TABLE).await;
    let before = world.store().status().unwrap();
    let again = world.import("?name=b.csv", TABLE).await;
    assert_eq!(again["state"], "done");
    let after = world.store().status().unwrap();
    assert_eq!((before.listens, before.tracks), (after.listens, after.tracks));
}

#[tokio::test]
async fn what_is_no_export_fails_with_a_reason_and_leaves_nothing() {
    let world = World::new().await;
    for content in [
        "\u{0}\u{1}\u{2} no export",
        "PK\u{3}\u{4} no archive",
        "{\"a\":",
        "<script>alert(1)</script>",
    ] {
        let import = world.import("?name=odd.bin", content).await;
        assert_eq!(import["state"], "failed", "{import}");
        let problem = import["problem"].as_str().unwrap();
        assert!(
            !problem.contains(world.library().to_str().unwrap()),
            "where it lay here is nobody's business: {problem}"
        );
        assert!(uploads(&world).is_empty());
    }
    assert_eq!(world.mix("ada", &json!({"length": 3})).await["model"], "formula-1");
}

#[tokio::test]
async fn an_upload_that_cannot_be_taken_leaves_nothing() {
    let world = World::with(|config| config.limits.upload_bytes = 100).await;
    for (query, body, expected) in [
        ("", "", (400, "empty_upload")),
        ("?listener=%20", TABLE, (400, "bad_name")),
        ("?listener=dora", TABLE, (413, "body_too_large")),
    ] {
        let reply = world
            .send(Request::post(format!("/v1/imports{query}")).body(body.into()).unwrap())
            .await;
        assert_eq!(reply.error(), (expected.0, expected.1.to_owned()));
    }
    let chunks = [Ok("a,b\n"), Err(std::io::Error::other("the client went away"))];
    let body = Body::from_stream(tokio_stream::iter(chunks));
    let reply = world.send(Request::post("/v1/imports").body(body).unwrap()).await;
    assert_eq!(reply.error(), (400, "upload_broke_off".to_owned()));
    assert!(uploads(&world).is_empty());
    assert_eq!(world.get("/v1/imports/1234").await.error(), (404, "unknown_import".to_owned()));
    assert_eq!(
        world.get("/v1/imports/..%2F..%2Fstore").await.error(),
        (404, "unknown_import".to_owned())
    );
}

#[tokio::test]
async fn an_upload_stays_in_its_folder_whatever_it_is_called() {
    let world = World::new().await;
    for name in [
        "..%2F..%2Fescaped.csv",
        "%2Fetc%2Fpasswd",
        "..",
        ".",
        "a%00b.csv",
        "a%0Ab",
        "C%3A%5Cx.csv",
        "x%2F..%2F",
    ] {
        let import = world.import(&format!("?listener=dora&name={name}"), TABLE).await;
        assert_eq!(import["state"], "done", "{name}: {import}");
    }
    let long = "n".repeat(500);
    assert_eq!(world.import(&format!("?name={long}.csv"), TABLE).await["state"], "done");
    assert!(uploads(&world).is_empty());
    let mut around: Vec<_> = std::fs::read_dir(world.library())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    around.sort();
    assert!(!around.iter().any(|name| name.to_str().unwrap().contains("escaped")), "{around:?}");
}

#[tokio::test]
async fn what_a_crash_left_behind_is_read_or_cleared_away() {
    let world = World::new().await;
    let folder = world.library().join("uploads");
    let lay = |id: &str, ending: &str, label: Option<&str>| {
        std::fs::create_dir_all(folder.join(format!("{id}.{ending}"))).unwrap();
        std::fs::write(folder.join(format!("{id}.{ending}/history.csv")), TABLE).unwrap();
        if let Some(label) = label {
            std::fs::write(folder.join(format!("{id}.json")), label).unwrap();
        }
    };
    lay("received", "upload", Some(r#"{"listener": "dora", "name": "history.csv"}"#));
    lay("half", "part", Some("{}"));
    lay("nameless", "upload", None);
    lay("odd", "upload", Some("{"));
    std::fs::write(folder.join("orphan.json"), "{}").unwrap();
    let socket = Socket::of(&world.app).await;
    while world.get("/v1/imports").await.ok()["imports"].as_array().unwrap().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let import = world.ended("/v1/imports/received").await;
    assert_eq!(import["state"], "done", "{import}");
    assert_eq!(world.store().listens(&ListenerId::new("dora")).unwrap().len(), 3);
    let mut left = uploads(&world);
    left.sort();
    assert_eq!(
        left,
        ["nameless.upload", "odd.json", "odd.upload"],
        "what cannot be told is left for a person"
    );
    socket.stopped().await;
}

#[tokio::test]
async fn an_upload_that_took_the_server_down_is_set_aside_and_named() {
    let world = World::new().await;
    let folder = world.library().join("uploads");
    std::fs::create_dir_all(folder.join("bomb.upload")).unwrap();
    std::fs::write(folder.join("bomb.upload/history.csv"), TABLE).unwrap();
    std::fs::write(folder.join("bomb.json"), r#"{"listener": "dora", "name": "history.csv"}"#)
        .unwrap();
    std::fs::write(folder.join("bomb.begun"), "").unwrap();
    let socket = Socket::of(&world.app).await;
    while world.get("/v1/imports").await.ok()["imports"].as_array().unwrap().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let import = world.ended("/v1/imports/bomb").await;
    assert_eq!((&import["state"], &import["file"]), (&json!("failed"), &json!("history.csv")));
    let problem = import["problem"].as_str().unwrap();
    assert!(problem.contains("crashed or was killed while it was read"), "{problem}");
    socket.stopped().await;
    let mut left = uploads(&world);
    left.sort();
    assert_eq!(left, ["bomb.json", "bomb.quarantine"], "it is there to be looked at");
    assert_eq!(world.store().listens(&ListenerId::new("dora")).unwrap().len(), 0);
}

/// Lays an upload down as the server does once it has received it.
fn lay(world: &World, id: &str, listener: &str) {
    let folder = world.library().join("uploads");
    std::fs::create_dir_all(folder.join(format!("{id}.upload"))).unwrap();
    std::fs::write(folder.join(format!("{id}.upload/history.csv")), TABLE).unwrap();
    let label = json!({"listener": listener, "name": "history.csv"});
    std::fs::write(folder.join(format!("{id}.json")), label.to_string()).unwrap();
}

#[tokio::test]
async fn what_waits_to_be_read_does_not_bring_back_who_is_forgotten() {
    let world = World::new().await;
    lay(&world, "hers", "dora");
    lay(&world, "of-both", "emil");
    // By the command line, of which the server hears nothing.
    assert!(world.store().forget(&ListenerId::new("dora")).unwrap().found);
    let socket = Socket::of(&world.app).await;
    while world.get("/v1/imports").await.ok()["imports"].as_array().unwrap().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let import = world.ended("/v1/imports/of-both").await;
    assert_eq!(import["state"], "done", "{import}");
    let note = import["report"]["files"][0]["note"].as_str().unwrap();
    assert!(note.contains("only those of `emil` were kept"), "{note}");
    assert_eq!(import["report"]["total"]["dropped"]["other_listener"], 4, "{import}");
    socket.stopped().await;
    assert!(uploads(&world).is_empty());
    assert_eq!(world.store().listener(&ListenerId::new("dora")).unwrap(), None);
    assert_eq!(world.store().listens(&ListenerId::new("emil")).unwrap().len(), 1);
}

#[tokio::test]
async fn an_upload_during_which_somebody_is_forgotten_is_refused() {
    let world = World::new().await;
    let library = world.library().to_owned();
    let parts = [TABLE, ""].into_iter().map(move |part| {
        if part.is_empty() {
            segue_store::Store::open(&library).unwrap().forget(&ListenerId::new("dora")).unwrap();
        }
        Ok::<_, std::io::Error>(part)
    });
    let body = Body::from_stream(tokio_stream::iter(parts));
    let reply = world.send(Request::post("/v1/imports?listener=dora").body(body).unwrap()).await;
    assert_eq!(reply.error(), (409, "forgotten_meanwhile".to_owned()));
    assert!(uploads(&world).is_empty());
    assert_eq!(world.store().listener(&ListenerId::new("dora")).unwrap(), None);
}

#[tokio::test]
async fn an_import_is_cancelled_while_it_is_read() {
    let world = World::new().await;
    let mut table = TABLE.to_owned();
    for minute in 0..200_000 {
        let (day, hour, minute) = (1 + minute / 1440 % 28, minute / 60 % 24, minute % 60);
        table += &format!("dora,,Song {day},Cora,2025-01-{day:02}T{hour:02}:{minute:02}:00Z,9\n");
    }
    let upload = Request::post("/v1/imports?name=long.csv").body(table.into()).unwrap();
    let path = format!("/v1/imports/{}", world.send(upload).await.ok()["id"].as_str().unwrap());
    while world.get(&path).await.ok()["state"] == "waiting" {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let cancelled = world.delete(&path).await.ok();
    assert_eq!(
        (&cancelled["state"], &cancelled["problem"]),
        (&json!("failed"), &json!("cancelled"))
    );
    assert!(uploads(&world).is_empty());
    // The turn is free: another import is read at once, and the first comes to no other end.
    assert_eq!(world.import("?listener=emil&name=a.csv", TABLE).await["state"], "done");
    assert_eq!(world.get(&path).await.ok()["problem"], "cancelled");
    assert!(uploads(&world).is_empty());
    let unknown = world.delete("/v1/imports/1234").await;
    assert_eq!(unknown.error(), (404, "unknown_import".to_owned()));
}

#[tokio::test]
async fn a_second_server_on_a_library_is_refused_and_touches_nothing() {
    let world = World::new().await;
    let folder = world.library().join("uploads/half.part");
    std::fs::create_dir_all(&folder).unwrap();
    let config = segue_server::Config {
        library: world.library().to_owned(),
        keys_required: false,
        music: Vec::new(),
        trains_at_night: false,
        trusted_proxy: None,
        limits: segue_server::Limits::default(),
    };
    let second = segue_server::App::open(config, Box::new(crate::world::Formulas::default()));
    let Err(refused) = second else { panic!("there are two servers") };
    assert!(refused.to_string().contains("another server serves"), "{refused}");
    assert!(folder.exists(), "the upload that the first one receives is there");
}

#[tokio::test]
async fn an_export_tells_settings_and_weekly_lists_and_not_where_sound_lies() {
    let world = World::new().await;
    let (ada, place) = (ListenerId::new("ada"), "/srv/music/somewhere.flac");
    let mut store = world.store();
    let track = store.all_listens(&ada).unwrap()[0].track.clone();
    let described = store.track(&track).unwrap().unwrap();
    let located = Track { location: Some(place.to_owned()), ..described };
    store.add_tracks(&[located]).unwrap();
    assert_eq!(store.track(&track).unwrap().unwrap().location.as_deref(), Some(place));
    store.set_time_zone(&ada, Some("Europe/Berlin")).unwrap();
    let weekly = WeeklyList { name: "Calm".to_owned(), prompt: "mellow, 90s".to_owned() };
    store.add_weekly_list(&ada, &weekly).unwrap();
    let export = world.get("/v1/listeners/ada/export").await.text();
    assert!(!export.contains(place), "nobody else reads where it lies");
    let lines: Vec<Value> =
        export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |key: &str| lines.iter().find_map(|line| line.get(key)).cloned();
    let settings = json!({"time_zone": "Europe/Berlin", "date_language": null});
    assert_eq!(of("settings"), Some(settings));
    assert_eq!(of("weekly_list"), Some(json!({"name": "Calm", "prompt": "mellow, 90s"})));
}

#[tokio::test]
async fn nothing_is_left_of_somebody_who_is_forgotten() {
    let world = World::new().await;
    world.import("?listener=dora&name=doras-secret.csv", TABLE).await;
    let mix = world.mix("dora", &json!({"length": 3})).await;
    world.post("/v1/listeners/dora/exclusions", &json!({"device": "car"})).await.ok();
    let export = world.get("/v1/listeners/dora/export").await;
    assert_eq!(export.headers["content-type"], "application/x-ndjson");
    let lines: Vec<Value> =
        export.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().filter(|line| line.get("listen").is_some()).count(), 3);
    assert_eq!(lines.iter().filter(|line| line.get("exclusion").is_some()).count(), 1);
    let forgotten = world.delete("/v1/listeners/dora").await.ok();
    assert_eq!(
        (&forgotten["listens"], &forgotten["impressions"], &forgotten["exclusions"]),
        (&json!(3), &json!(1), &json!(1))
    );
    for path in ["/v1/listeners/dora", "/v1/listeners/dora/export"] {
        assert_eq!(world.get(path).await.error(), (404, "unknown_listener".to_owned()), "{path}");
    }
    assert_eq!(
        world.get(&format!("/v1/mixes/{}", mix["id"])).await.error(),
        (404, "unknown_mix".to_owned())
    );
    assert_eq!(world.get("/v1/listeners/dora/listens").await.ok(), json!({"listens": []}));
    assert_eq!(world.get("/v1/listeners/dora/exclusions").await.ok()["exclusions"], json!([]));
    assert!(
        !world.get("/v1/imports").await.text().contains("doras-secret"),
        "nor of the name of their file"
    );
    assert!(!world.get("/v1/models").await.text().contains("dora"));
    // Of the models, the one from before her time is left.
    assert_eq!(world.mix("ada", &json!({"length": 3})).await["model"], crate::world::FIRST);
    world.post("/v1/models/train", &json!({})).await.ok();
    let afresh = world.mix("dora", &json!({"length": 60, "artist_cap": 99, "album_cap": 99})).await;
    assert_eq!(
        afresh["new"],
        afresh["picks"].as_array().unwrap().len(),
        "nothing in memory knows what was played"
    );
    assert_eq!(
        world.delete("/v1/listeners/nobody").await.error(),
        (404, "unknown_listener".to_owned())
    );
}

#[tokio::test]
async fn events_are_taken_while_an_import_is_read() {
    let world = World::new().await;
    let mut table = TABLE.to_owned();
    for minute in 0..20_000 {
        let (day, hour, minute) = (1 + minute / 1440, minute / 60 % 24, minute % 60);
        table += &format!(
            "dora,,Song {minute},Cora,2025-01-{day:02}T{hour:02}:{minute:02}:00Z,200000\n"
        );
    }
    let upload =
        Request::post("/v1/imports?listener=dora&name=long.csv").body(table.into()).unwrap();
    let id = world.send(upload).await.ok()["id"].as_str().unwrap().to_owned();
    let mut taken = 0;
    loop {
        let state = world.get(&format!("/v1/imports/{id}")).await.ok()["state"].clone();
        let word = json!({"artist": "Cora", "kind": "like", "client_id": format!("w{taken}")});
        world.post("/v1/listeners/ada/feedback", &word).await.ok();
        taken += 1;
        if state == "done" {
            break;
        }
    }
    assert_eq!(world.store().feedback(&ListenerId::new("ada")).unwrap().len(), 3 + taken);
}
