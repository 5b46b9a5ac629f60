//! Plays and words: counted once, refused with a reason, and in effect in the very next mix.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::world::{ARTISTS, TRACKS, World, artist, ids, track_id};

const ALL: &str = "/v1/listeners/ada/feedback";

async fn everything(world: &World, listener: &str, seed: u64) -> Vec<String> {
    let asked = json!({
        "length": ARTISTS * TRACKS, "seed": seed, "explore": 0.5, "artist_cap": 99,
        "album_cap": 99, "no_repeat_days": 0,
    });
    ids(&world.mix(listener, &asked).await)
}

#[tokio::test]
async fn what_is_told_again_under_the_same_id_counts_once() {
    let world = World::new().await;
    let play = json!({
        "client_id": "p1", "track": track_id(3, 0), "end": "finished",
        "at": "2026-06-01T10:00:00Z",
    });
    let first = world.post("/v1/listeners/ada/listens", &play).await.ok();
    assert_eq!(
        (&first["appended"], &first["repeated"], &first["refused"]),
        (&json!(1), &json!(0), &json!(0))
    );
    let again = world.post("/v1/listeners/ada/listens", &play).await.ok();
    assert_eq!((&again["appended"], &again["repeated"]), (&json!(0), &json!(1)));
    let listens = world.get("/v1/listeners/ada/listens?limit=1000").await.ok();
    let plays = listens["listens"].as_array().unwrap();
    let same = plays.iter().filter(|listen| listen["at"] == "2026-06-01T10:00:00Z").count();
    assert_eq!((same, plays.len()), (1, 41));
}

#[tokio::test]
async fn an_undated_event_told_again_later_counts_once() {
    let world = World::new().await;
    let said = json!({"client_id": "w1", "track": track_id(3, 0), "kind": "like"});
    assert_eq!(world.post(ALL, &said).await.ok()["appended"], 1);
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    assert_eq!(world.post(ALL, &said).await.ok()["repeated"], 1);
}

#[tokio::test]
async fn an_id_used_for_something_else_is_refused_and_the_first_event_stays() {
    let world = World::new().await;
    let said = |kind: &str| {
        json!({
            "client_id": "w1", "track": track_id(3, 0), "kind": kind, "at": "2026-06-01T10:00:00Z",
        })
    };
    world.post(ALL, &said("like")).await.ok();
    assert_eq!(world.post(ALL, &said("ban")).await.error(), (409, "client_id_reused".to_owned()));
    let bulk = world.post(ALL, &json!([said("ban"), said("like")])).await.ok();
    assert_eq!(bulk["outcomes"][0]["status"], "refused");
    assert_eq!(bulk["outcomes"][0]["error"]["code"], "client_id_reused");
    assert_eq!(bulk["outcomes"][1]["status"], "repeated");
    let words = world.get(ALL).await.ok();
    let about: Vec<&Value> = words["feedback"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|word| word["target"]["track"] == track_id(3, 0))
        .collect();
    assert_eq!(about.len(), 1, "{words}");
    assert_eq!(about[0]["kind"], "like");
}

#[tokio::test]
async fn the_ids_of_two_listeners_are_their_own() {
    let world = World::new().await;
    let said = |kind: &str| json!({"client_id": "w1", "track": track_id(3, 0), "kind": kind});
    assert_eq!(world.post(ALL, &said("like")).await.ok()["appended"], 1);
    assert_eq!(world.post("/v1/listeners/bob/feedback", &said("ban")).await.ok()["appended"], 1);
}

#[tokio::test]
async fn of_many_events_each_stands_for_itself() {
    let world = World::new().await;
    let events = json!([
        {"listener": "ada",
            "listen": {"client_id": "a", "track": track_id(4, 0), "end": "finished"}},
        {"listener": "bob",
            "feedback": {"client_id": "b", "track": "no such track", "kind": "like"}},
        {"listener": "bob", "feedback": {"client_id": "c", "artist": artist(5), "kind": "ban"}},
        {"listener": "bob"},
        {"listener": " ", "feedback": {"artist": artist(5), "kind": "ban"}},
        {"listener": "ada",
            "listen": {"client_id": "a", "track": track_id(4, 0), "end": "finished"}},
    ]);
    let answer = world.post("/v1/events", &events).await.ok();
    let outcomes = answer["outcomes"].as_array().unwrap();
    let statuses: Vec<&str> =
        outcomes.iter().map(|outcome| outcome["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["appended", "refused", "appended", "refused", "refused", "repeated"]);
    let codes: Vec<&str> =
        outcomes.iter().filter_map(|outcome| outcome["error"]["code"].as_str()).collect();
    assert_eq!(codes, ["unknown_track", "bad_event", "bad_name"]);
    assert_eq!(
        (&answer["appended"], &answer["repeated"], &answer["refused"]),
        (&json!(2), &json!(1), &json!(3))
    );
    assert_eq!(outcomes[2]["client_id"], "c");
}

#[tokio::test]
async fn a_single_event_that_is_refused_fails_the_request() {
    let world = World::new().await;
    for (body, expected) in [
        (json!({"track": "nowhere", "kind": "like"}), (400, "unknown_track")),
        (json!({"kind": "like"}), (400, "bad_feedback")),
        (
            json!({"track": track_id(0, 0), "artist": artist(0), "kind": "like"}),
            (400, "bad_feedback"),
        ),
        (json!({"artist": "", "kind": "like"}), (400, "bad_name")),
        (json!({"artist": "x".repeat(513), "kind": "like"}), (400, "bad_name")),
        (json!({"track": track_id(0, 0), "kind": "adore"}), (422, "bad_body")),
        (json!({"track": track_id(0, 0), "kind": "like", "more": 1}), (422, "bad_body")),
        (json!({"track": track_id(0, 0), "kind": "like", "at": "yesterday"}), (422, "bad_body")),
        (json!("like"), (422, "bad_body")),
        (json!(null), (422, "bad_body")),
    ] {
        let reply = world.post(ALL, &body).await;
        assert_eq!(reply.error(), (expected.0, expected.1.to_owned()), "{body}");
    }
    let told = world.post(ALL, &json!({"track": 5, "kind": "like"})).await.text();
    assert!(told.contains("track"), "the message says which field: {told}");
}

#[tokio::test]
async fn a_request_takes_a_thousand_events_and_an_empty_one_is_no_error() {
    let world = World::new().await;
    let play = json!({"track": track_id(1, 0), "end": "finished"});
    let answer =
        world.post("/v1/listeners/eve/listens", &json!(vec![play.clone(); 1_000])).await.ok();
    assert_eq!(answer["appended"], 1_000);
    let too_many = world.post("/v1/listeners/eve/listens", &json!(vec![play; 1_001])).await;
    assert_eq!(too_many.error(), (400, "too_many_events".to_owned()));
    assert_eq!(world.post("/v1/events", &json!([])).await.ok()["appended"], 0);
}

#[tokio::test]
async fn a_banned_artist_is_gone_from_the_very_next_mix_and_back_when_it_is_taken_back() {
    let world = World::new().await;
    let of_artist = |ids: &[String]| ids.iter().filter(|id| id.starts_with("t06-")).count();
    assert!(of_artist(&everything(&world, "ada", 1).await) > 0);
    world.post(ALL, &json!({"artist": artist(6), "kind": "ban"})).await.ok();
    assert_eq!(of_artist(&everything(&world, "ada", 1).await), 0);
    world.post(ALL, &json!({"artist": artist(6), "kind": "cleared"})).await.ok();
    assert!(of_artist(&everything(&world, "ada", 1).await) > 0);
}

#[tokio::test]
async fn a_short_mix_is_what_it_was_before_a_ban_that_is_taken_back() {
    let world = World::new().await;
    let asked = json!({"length": 5, "seed": 1, "explore": 0.9, "no_repeat_days": 0});
    let before = ids(&world.mix("ada", &asked).await);
    // Ada knows the songs of the others, and what is known is in every pool.
    let song = before.iter().find(|id| id.as_str() >= "t08").unwrap();
    let artist = artist(song[1..3].parse().unwrap());
    for (target, kind) in [("artist", "ban"), ("track", "ban"), ("track", "dislike")] {
        let named = if target == "artist" { &artist } else { song };
        let say = async |kind: &str| {
            world.post(ALL, &json!({target: named, "kind": kind})).await.ok();
            ids(&world.mix("ada", &asked).await)
        };
        assert!(!say(kind).await.contains(song), "{target} {kind}");
        // So that the pool is one that was gathered under the ban.
        world.app.build().await.unwrap();
        assert!(!ids(&world.mix("ada", &asked).await).contains(song), "{target} {kind}");
        assert_eq!(say("cleared").await, before, "{target} {kind}");
    }
}

#[tokio::test]
async fn a_song_that_nobody_else_has_is_in_the_mix_once_it_is_saved() {
    let world = World::new().await;
    let song = json!([{"id": "rare", "title": "Rare", "artists": ["Nobody Knows"]}]);
    world.post("/v1/tracks", &song).await.ok();
    // It is no arrival any more, and no source names it.
    world.post("/v1/models/train", &json!({})).await.ok();
    let asked = json!({
        "length": 1, "familiarity": "owned", "no_repeat_days": 0, "artist_cap": 9, "album_cap": 9,
    });
    world.post(ALL, &json!({"track": track_id(5, 0), "kind": "saved"})).await.ok();
    assert_eq!(ids(&world.mix("ada", &asked).await), [track_id(5, 0)]);
    world.post(ALL, &json!({"track": "rare", "kind": "saved"})).await.ok();
    let both = json!({"length": 2, "familiarity": "owned", "no_repeat_days": 0});
    assert!(ids(&world.mix("ada", &both).await).contains(&"rare".to_owned()));
}

#[tokio::test]
async fn a_disliked_track_and_a_skipped_one_are_gone_from_the_very_next_mix() {
    let world = World::new().await;
    for (path, body) in [
        (ALL, json!({"track": track_id(7, 1), "kind": "dislike"})),
        (ALL, json!({"track": track_id(7, 2), "kind": "ban"})),
    ] {
        let track = body["track"].as_str().unwrap().to_owned();
        assert!(everything(&world, "ada", 1).await.contains(&track), "{track} before");
        world.post(path, &body).await.ok();
        assert!(!everything(&world, "ada", 1).await.contains(&track), "{track} after");
    }
    let asked = json!({
        "length": 60, "seed": 1, "explore": 0.5, "artist_cap": 99, "album_cap": 99,
        "no_repeat_days": 1,
    });
    let skipped = track_id(9, 3);
    assert!(ids(&world.mix("ada", &asked).await).contains(&skipped));
    world
        .post(
            "/v1/listeners/ada/listens",
            &json!({"track": skipped, "end": "skipped", "ms_played": 900}),
        )
        .await
        .ok();
    assert!(!ids(&world.mix("ada", &asked).await).contains(&skipped));
}

#[tokio::test]
async fn a_word_counts_even_if_its_client_hangs_up_before_the_answer() {
    let world = World::new().await;
    let track = track_id(7, 1);
    assert!(everything(&world, "ada", 1).await.contains(&track));
    let said = json!({"track": track, "kind": "ban"});
    {
        let reply = world.post(ALL, &said);
        let mut reply = std::pin::pin!(reply);
        // Polled once, then dropped, as is what a closed connection had asked for.
        let is_answered =
            std::future::poll_fn(|cx| std::task::Poll::Ready(reply.as_mut().poll(cx).is_ready()))
                .await;
        assert!(!is_answered, "it was answered before the disk had it");
    }
    let store = world.store();
    for _ in 0..200 {
        if store.feedback(&segue_core::ListenerId::new("ada")).unwrap().len() == 4 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert!(!everything(&world, "ada", 1).await.contains(&track));
}

#[tokio::test]
async fn a_history_is_paged_without_loss_or_repetition() {
    let world = World::new().await;
    let whole = world.get("/v1/listeners/ada/listens?limit=1000").await.ok();
    let (mut paged, mut path) = (Vec::new(), "/v1/listeners/ada/listens?limit=7".to_owned());
    loop {
        let page = world.get(&path).await.ok();
        let plays = page["listens"].as_array().unwrap();
        assert!(plays.len() <= 7);
        paged.extend(plays.iter().cloned());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/listeners/ada/listens?limit=7&before={}", next.replace('+', "%2B"));
    }
    assert_eq!(&paged, whole["listens"].as_array().unwrap());
    assert_eq!(paged.len(), 40);
    for (query, code) in [
        ("limit=0", "bad_limit"),
        ("limit=1001", "bad_limit"),
        ("limit=x", "bad_query"),
        ("before=x", "bad_cursor"),
    ] {
        let reply = world.get(&format!("/v1/listeners/ada/listens?{query}")).await;
        assert_eq!(reply.error(), (400, code.to_owned()), "{query}");
    }
}

#[tokio::test]
async fn listeners_are_paged_in_the_order_of_their_ids() {
    let world = World::new().await;
    world
        .post("/v1/listeners/cleo/feedback", &json!({"artist": artist(0), "kind": "like"}))
        .await
        .ok();
    let (mut found, mut path) = (Vec::new(), "/v1/listeners?limit=1".to_owned());
    loop {
        let page = world.get(&path).await.ok();
        found.extend(
            page["listeners"]
                .as_array()
                .unwrap()
                .iter()
                .map(|who| who["id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/listeners?limit=1&after={next}");
    }
    assert_eq!(found, ["ada", "bob", "cleo"]);
    let ada = world.get("/v1/listeners/ada").await.ok();
    assert_eq!((&ada["listens"], &ada["feedback"]), (&json!(40), &json!(3)));
    assert_eq!(
        world.get("/v1/listeners/nobody").await.error(),
        (404, "unknown_listener".to_owned())
    );
}

#[tokio::test]
async fn a_name_may_hold_anything_but_nothing() {
    let world = World::new().await;
    for name in [
        "'; DROP TABLE listens; --",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "a/b",
        "名前",
        "a\u{0}b",
        "%",
        "\u{202e}x",
    ] {
        let encoded =
            percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC)
                .to_string();
        let said = json!({"artist": name, "kind": "like"});
        let reply = world.post(&format!("/v1/listeners/{encoded}/feedback"), &said).await;
        assert_eq!(reply.status, StatusCode::OK, "{name:?}: {}", reply.text());
        let words = world.get(&format!("/v1/listeners/{encoded}/feedback")).await.ok();
        assert_eq!(words["feedback"][0]["listener"], name);
        assert_eq!(words["feedback"][0]["target"]["artist"], name);
    }
    assert_eq!(world.get("/v1/listeners/ada").await.ok()["listens"], 40, "nothing was dropped");
}
