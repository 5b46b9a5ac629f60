//! The catalogue: looked up, described, explained, compared, and heard only from the folders that
//! were named.

use axum::http::Method;
use serde_json::{Value, json};

use crate::world::{ARTISTS, TRACKS, World, artist, request, track_id};

#[tokio::test]
async fn tracks_are_found_by_every_word_and_shown() {
    let world = World::new().await;
    let found = world.get("/v1/tracks?query=artist%2003%20SONG").await.ok();
    assert_eq!(found["tracks"].as_array().unwrap().len(), TRACKS);
    assert_eq!(
        world.get("/v1/tracks?limit=1000").await.ok()["tracks"].as_array().unwrap().len(),
        ARTISTS * TRACKS
    );
    for nothing in ["%27%20OR%201%3D1%20--", "%25", "%3Cscript%3E", "%00"] {
        assert_eq!(
            world.get(&format!("/v1/tracks?query={nothing}")).await.ok()["tracks"],
            json!([]),
            "{nothing}"
        );
    }
    let track = world.get(&format!("/v1/tracks/{}", track_id(3, 2))).await.ok();
    assert_eq!((&track["title"], &track["artists"]), (&json!("Song 03.2"), &json!([artist(3)])));
    assert_eq!(world.get("/v1/tracks/nowhere").await.error(), (404, "unknown_track".to_owned()));
    assert_eq!(world.get("/v1/tracks?limit=0").await.error(), (400, "bad_limit".to_owned()));
}

#[tokio::test]
async fn a_described_track_joins_the_catalogue() {
    let world = World::new().await;
    let described = json!([
        {"title": "A new song", "artists": ["Nova <b>"], "features": {"energy": 0.5}},
        {"id": track_id(0, 0), "title": "Song 00.0", "artists": [artist(0)]},
    ]);
    let answer = world.post("/v1/tracks", &described).await.ok();
    assert_eq!(answer["changed"], 1, "{answer}");
    let id = answer["ids"][0].as_str().unwrap().to_owned();
    let socket = crate::world::Socket::of(&world.app).await;
    let path = format!(
        "/v1/tracks/{}",
        percent_encoding::utf8_percent_encode(&id, percent_encoding::NON_ALPHANUMERIC)
    );
    let mut tries = 0;
    while world.get(&path).await.status != 200 {
        tries += 1;
        assert!(tries < 200);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(world.get(&path).await.ok()["artists"], json!(["Nova <b>"]));
    let said =
        world.post("/v1/listeners/ada/feedback", &json!({"track": id, "kind": "like"})).await.ok();
    assert_eq!(said["appended"], 1);
    socket.stopped().await;
}

#[tokio::test]
async fn what_is_set_by_hand_counts_before_what_is_told_and_is_called_so() {
    let world = World::new().await;
    let path = format!("/v1/tracks/{}", track_id(0, 0));
    let overrides = format!("{path}/overrides");
    let put =
        |features: Value| request(Method::PUT, &overrides, Some(&json!({"features": features})));
    let before = world.get(&path).await.ok();
    assert!(before["features"].as_object().is_some_and(|features| !features.is_empty()));
    for (name, origin) in before["feature_origins"].as_object().unwrap() {
        assert_eq!((origin, before["features"][name].is_null()), (&json!("told"), false));
    }
    let socket = crate::world::Socket::of(&world.app).await;
    let set = json!({"valence": 0.25, "time_signature": 7.0});
    assert_eq!(world.send(put(set.clone())).await.ok(), json!({"features": set}));
    let until = async |energy: &Value| {
        for _ in 0..200 {
            let shown = world.get(&path).await.ok();
            if &shown["features"]["valence"] == energy {
                return shown;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the catalogue does not take it over");
    };
    let shown = until(&json!(0.25)).await;
    assert_eq!(shown["feature_origins"]["valence"], "set");
    assert_eq!(shown["features"]["energy"], before["features"]["energy"]);
    let page = world.get(&path.replace("/v1", "")).await.text();
    assert!(page.contains("Set by hand: valence 0.25 and time signature 7."), "{page}");
    world.send(put(json!({}))).await.ok();
    let after = until(&before["features"]["valence"]).await;
    assert_eq!(after, before);

    for (bad, expected) in [
        (json!({"charm": 1.0}), (400, "unknown_feature")),
        (json!({"energy": 2.0}), (400, "bad_feature")),
    ] {
        let reply = world.send(put(bad)).await;
        assert_eq!(reply.error(), (expected.0, expected.1.to_owned()));
    }
    let nowhere = json!({"features": {"energy": 0.5}});
    let nowhere = request(Method::PUT, "/v1/tracks/nowhere/overrides", Some(&nowhere));
    let (status, code) = world.send(nowhere).await.error();
    assert!((400..500).contains(&status) && code == "unknown_track", "{status} {code}");
    socket.stopped().await;
}

#[tokio::test]
async fn a_description_that_cannot_be_true_is_refused() {
    let world = World::new().await;
    for (bad, expected) in [
        (json!([{"title": ""}]), (400, "bad_name")),
        (json!([{"title": "x", "popularity": 1.5}]), (400, "bad_popularity")),
        (json!([{"title": "x", "features": {"charm": 1.0}}]), (400, "unknown_feature")),
        (json!([{"title": "x", "features": {"energy": 2.0}}]), (400, "bad_feature")),
        (json!([{"title": "x", "artists": vec!["a"; 65]}]), (400, "too_many_artists")),
        (json!([{"title": "x", "album": " "}]), (400, "bad_name")),
        (json!(vec![json!({"title": "x"}); 1_001]), (400, "too_many_tracks")),
        (json!([{"artists": ["a"]}]), (422, "bad_body")),
        (json!({"title": "x"}), (422, "bad_body")),
    ] {
        let reply = world.post("/v1/tracks", &bad).await;
        assert_eq!(reply.error(), (expected.0, expected.1.to_owned()), "{bad:.80}");
    }
    assert_eq!(world.post("/v1/tracks", &json!([])).await.ok()["changed"], 0);
    assert_eq!(world.store().status().unwrap().tracks, (ARTISTS * TRACKS) as u64);
}

#[tokio::test]
async fn similar_tracks_a_way_and_an_explanation() {
    let world = World::new().await;
    let similar = world.get(&format!("/v1/tracks/{}/similar?limit=5", track_id(3, 2))).await.ok();
    let found = similar["similar"].as_array().unwrap();
    assert!(!found.is_empty() && found.len() <= 5);
    assert!(found.iter().all(|one| one["track"]["id"] != track_id(3, 2)));
    let path = format!("/v1/path?from={}&to={}&count=5", track_id(0, 0), track_id(11, 4));
    let way = world.get(&path).await.ok();
    let ids: Vec<&Value> =
        way["tracks"].as_array().unwrap().iter().map(|track| &track["id"]).collect();
    assert_eq!((ids[0], ids[ids.len() - 1]), (&json!(track_id(0, 0)), &json!(track_id(11, 4))));
    let same = format!("/v1/path?from={0}&to={0}", track_id(0, 0));
    assert!(world.get(&same).await.status.is_success());
    for count in [0, 1, 101] {
        let reply = world
            .get(&format!("/v1/path?from={}&to={}&count={count}", track_id(0, 0), track_id(1, 1)))
            .await;
        assert_eq!(reply.error(), (400, "bad_count".to_owned()));
    }
    let explained =
        world.get(&format!("/v1/listeners/ada/explanation?track={}", track_id(0, 0))).await.ok();
    assert_eq!(
        (&explained["model"], &explained["new_to_listener"]),
        (&json!("formula-1"), &json!(false))
    );
    assert!(!explained["why"].as_str().unwrap().is_empty());
    let nowhere = world.get("/v1/listeners/ada/explanation?track=nowhere").await;
    assert_eq!(nowhere.error(), (404, "unknown_track".to_owned()));
}

#[tokio::test]
async fn a_taste_is_an_answer_also_for_somebody_unknown() {
    let world = World::new().await;
    for listener in ["ada", "nobody"] {
        let taste = world.get(&format!("/v1/listeners/{listener}/taste")).await.ok();
        assert!(taste["tastes"].is_object(), "{listener}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_sound_files_in_the_named_folders_are_played() {
    let folder = tempfile::tempdir().unwrap();
    let (music, elsewhere) = (folder.path().join("music"), folder.path().join("elsewhere"));
    std::fs::create_dir_all(music.join("sub")).unwrap();
    std::fs::create_dir_all(&elsewhere).unwrap();
    for file in [music.join("a song.mp3"), music.join("notes.txt"), elsewhere.join("secret.mp3")] {
        std::fs::write(file, "0123456789").unwrap();
    }
    std::os::unix::fs::symlink(elsewhere.join("secret.mp3"), music.join("link.mp3")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, music.join("way-out")).unwrap();
    std::os::unix::fs::symlink(music.join("notes.txt"), music.join("text.mp3")).unwrap();
    let named = music.clone();
    let world = World::with(move |config| config.music = vec![named]).await;
    let inside = music.join("a song.mp3").display().to_string();
    let locations = [
        ("good-1", "a song.mp3".to_owned(), 200),
        ("good-2", inside.clone(), 200),
        ("good-3", format!("file://{}", inside.replace(' ', "%20")), 200),
        ("good-4", "sub/../a song.mp3".to_owned(), 200),
        ("bad-1", "../elsewhere/secret.mp3".to_owned(), 404),
        ("bad-2", elsewhere.join("secret.mp3").display().to_string(), 404),
        ("bad-3", "..%2Felsewhere%2Fsecret.mp3".to_owned(), 404),
        ("bad-4", "link.mp3".to_owned(), 404),
        ("bad-5", "way-out/secret.mp3".to_owned(), 404),
        ("bad-6", "notes.txt".to_owned(), 404),
        ("bad-7", "text.mp3".to_owned(), 404),
        ("bad-8", "a song.mp3\u{0}.txt".to_owned(), 404),
        ("bad-9", "/etc/passwd".to_owned(), 404),
        ("bad-10", ".".to_owned(), 404),
        ("bad-11", "http://127.0.0.1/a.mp3".to_owned(), 404),
    ];
    let described: Vec<Value> = locations
        .iter()
        .map(|(id, location, _)| json!({"id": id, "title": id, "location": location}))
        .collect();
    world.post("/v1/tracks", &json!(described)).await.ok();
    world.app.build().await.unwrap();
    for (id, location, expected) in &locations {
        let reply = world.get(&format!("/v1/tracks/{id}/audio")).await;
        assert_eq!(reply.status.as_u16(), *expected, "{location}");
        if *expected == 404 {
            assert_eq!(reply.error(), (404, "no_sound".to_owned()), "{location}");
        }
    }
    for (range, status, body) in
        [("bytes=2-4", 206, "234"), ("bytes=-2", 206, "89"), ("bytes=99-", 416, "")]
    {
        let mut asked = request(Method::GET, "/v1/tracks/good-1/audio", None);
        asked.headers_mut().insert("range", range.parse().unwrap());
        let reply = world.send(asked).await;
        assert_eq!(reply.status.as_u16(), status, "{range}");
        if status == 206 {
            assert_eq!(reply.text(), body);
        } else {
            assert_eq!(reply.error(), (416, "bad_range".to_owned()));
        }
    }
    assert_eq!(world.get("/v1/tracks/good-1/audio").await.headers["content-type"], "audio/mpeg");
}
