//! What a client of gorse asks for, and what it gets.

use axum::http::{Method, Request, StatusCode, header};
use segue_core::{FeedbackKind, ListenerId};
use serde_json::{Value, json};

use crate::world::{Reply, World, request, track_id};

/// Feedback as clients send it.
fn told(kind: &str, user: &str, item: &str, at: &str) -> Value {
    json!({"FeedbackType": kind, "UserId": user, "ItemId": item, "Timestamp": at, "Value": 0})
}

async fn feedback(world: &World, user: &str, kind: &str) -> Vec<(String, String)> {
    let rows = world.get(&format!("/api/user/{user}/feedback/{kind}")).await.ok();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| (text(row, "FeedbackType"), text(row, "ItemId")))
        .collect()
}

fn error(reply: &Reply) -> (u16, String) {
    assert!(reply.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/plain"));
    (reply.status.as_u16(), reply.text())
}

#[tokio::test]
async fn a_user_comes_is_read_is_listed_and_is_forgotten() {
    let world = World::new().await;
    let user = json!({"UserId": "cleo", "Labels": ["woman"], "Comment": "secret"});
    assert_eq!(world.post("/api/user", &user).await.ok(), json!({"RowAffected": 1}));
    assert_eq!(
        world.get("/api/user/cleo").await.ok(),
        json!({"UserId": "cleo", "Labels": null, "Comment": ""})
    );
    let first = world.get("/api/users?n=2").await.ok();
    assert_eq!((first["Users"].as_array().unwrap().len(), &first["Cursor"]), (2, &json!("bob")));
    let second = world.get("/api/users?n=2&cursor=bob").await.ok();
    assert_eq!(second["Users"][0]["UserId"], "cleo");
    assert_eq!(second["Cursor"], "");
    assert_eq!(world.delete("/api/user/cleo").await.ok(), json!({"RowAffected": 1}));
    assert_eq!(error(&world.get("/api/user/cleo").await).0, 404);
    assert_eq!(world.delete("/api/user/cleo").await.ok(), json!({"RowAffected": 0}));
}

#[tokio::test]
async fn an_item_is_described_by_labels_and_read_back() {
    let world = World::new().await;
    let item = json!({
        "ItemId": "x:1", "IsHidden": false, "Categories": ["jazz"],
        "Timestamp": "2022-11-20T13:55:27Z",
        "Labels": ["title:Sinnerman", "artist:Nina Simone", "year:1965", "energy:0.5", "mood"],
        "Comment": "",
    });
    assert_eq!(world.post("/api/item", &item).await.ok(), json!({"RowAffected": 1}));
    let read = world.get("/api/item/x:1").await.ok();
    assert_eq!(read["Categories"], json!(["jazz"]));
    assert_eq!(read["Timestamp"], "1965-01-01T00:00:00Z");
    assert!(read["Labels"].as_array().unwrap().contains(&json!("artist:Nina Simone")));
    let more = json!({"Labels": ["album:Pastel Blues"]});
    let changed = world.send(request(Method::PATCH, "/api/item/x:1", Some(&more))).await.ok();
    assert_eq!(changed, json!({"RowAffected": 1}));
    let again = world.send(request(Method::PATCH, "/api/item/x:1", Some(&more))).await.ok();
    assert_eq!(
        again,
        json!({"RowAffected": 0}),
        "what is known is not overwritten, and the answer says so"
    );
    assert_eq!(error(&world.delete("/api/item/x:1").await).0, 501);
    let hidden = world.post("/api/item", &json!({"ItemId": "x:2", "IsHidden": true})).await;
    assert_eq!(error(&hidden).0, 501);
}

#[tokio::test]
async fn items_are_paged_without_loss_or_repetition() {
    let world = World::new().await;
    let (mut cursor, mut ids) = (String::new(), Vec::new());
    loop {
        let page = world.get(&format!("/api/items?n=7&cursor={cursor}")).await.ok();
        ids.extend(page["Items"].as_array().unwrap().iter().map(|item| item["ItemId"].to_string()));
        cursor = page["Cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(ids.len(), 60);
    assert!(ids.is_sorted_by(|a, b| a < b));
}

#[tokio::test]
async fn feedback_sent_twice_is_there_once_and_counts_for_the_listener() {
    let world = World::new().await;
    let rows = json!([
        told("star", "cleo", &track_id(0, 0), "2026-02-24"),
        told("play", "cleo", &track_id(0, 1), "2026-02-24T10:00:00Z"),
        told("skip", "cleo", &track_id(0, 2), "2026-02-24T10:05:00Z"),
        told("read", "cleo", &track_id(0, 3), "2026-02-24T10:06:00Z"),
        told("save", "cleo", &track_id(0, 4), ""),
    ]);
    for _ in 0..2 {
        assert_eq!(world.post("/api/feedback", &rows).await.ok(), json!({"RowAffected": 5}));
    }
    let cleo = ListenerId::new("cleo");
    let store = world.store();
    assert_eq!((store.feedback(&cleo).unwrap().len(), store.listens(&cleo).unwrap().len()), (2, 3));
    assert_eq!(feedback(&world, "cleo", "star").await, [("star".to_owned(), track_id(0, 0))]);
    assert_eq!(feedback(&world, "cleo", "like").await, [("like".to_owned(), track_id(0, 0))]);
    assert_eq!(world.get("/api/user/cleo/feedback").await.ok().as_array().unwrap().len(), 5);
    let one = world.get(&format!("/api/feedback/star/cleo/{}", track_id(0, 0))).await.ok();
    assert_eq!(one["Timestamp"], "2026-02-24T00:00:00Z");
    let between = world.get(&format!("/api/feedback/cleo/{}", track_id(0, 1))).await.ok();
    assert_eq!(between[0]["FeedbackType"], "play");
}

#[tokio::test]
async fn a_word_is_taken_back_and_can_be_said_again_at_the_same_time() {
    let world = World::new().await;
    let liked = json!([told("like", "cleo", &track_id(3, 0), "2026-02-24")]);
    let path = format!("/api/feedback/like/cleo/{}", track_id(3, 0));
    for _ in 0..2 {
        world.post("/api/feedback", &liked).await.ok();
        assert_eq!(feedback(&world, "cleo", "like").await.len(), 1);
        assert_eq!(world.delete(&path).await.ok(), json!({"RowAffected": 1}));
        assert_eq!(world.delete(&path).await.ok(), json!({"RowAffected": 0}));
        assert_eq!(feedback(&world, "cleo", "like").await, []);
    }
    let said = world.store().feedback(&ListenerId::new("cleo")).unwrap();
    assert_eq!(said.last().unwrap().kind, FeedbackKind::Cleared);
}

#[tokio::test]
async fn plays_are_not_deleted_one_by_one() {
    let world = World::new().await;
    let (status, text) =
        error(&world.delete(&format!("/api/feedback/play/ada/{}", track_id(0, 0))).await);
    assert_eq!(status, 501);
    assert!(text.contains("exclusions"), "{text}");
}

#[tokio::test]
async fn overwriting_moves_the_time_of_a_word_and_inserting_does_not() {
    let world = World::new().await;
    let path = format!("/api/feedback/like/cleo/{}", track_id(3, 0));
    let at = async || world.get(&path).await.ok()["Timestamp"].as_str().unwrap().to_owned();
    for (method, day, expected) in
        [("POST", "2026-02-24", "24"), ("POST", "2026-02-25", "24"), ("PUT", "2026-02-26", "26")]
    {
        let rows = json!([told("like", "cleo", &track_id(3, 0), day)]);
        world.send(request(method.parse().unwrap(), "/api/feedback", Some(&rows))).await.ok();
        assert_eq!(at().await, format!("2026-02-{expected}T00:00:00Z"), "{method} {day}");
    }
}

#[tokio::test]
async fn an_unknown_item_comes_with_its_feedback_and_an_unknown_type_is_refused() {
    let world = World::new().await;
    world
        .post("/api/feedback", &json!([told("like", "cleo", "vuejs:vue", "2022-02-24")]))
        .await
        .ok();
    assert_eq!(world.get("/api/item/vuejs:vue").await.ok()["Comment"], "vuejs:vue");
    let rows = json!([
        told("like", "dan", &track_id(0, 0), "2022-02-24"),
        told("wiggle", "dan", &track_id(0, 0), "2022-02-24")
    ]);
    let answer = world.post("/api/feedback", &rows).await.ok();
    assert_eq!(answer["RowAffected"], 1, "a bad row takes no other with it");
    assert_eq!(answer["Refused"], json!(["row 2: feedback type `wiggle` is not known here"]));
    assert_eq!(feedback(&world, "dan", "like").await.len(), 1);
    let alone = json!([told("wiggle", "dan", &track_id(0, 0), "2022-02-24")]);
    let (status, text) = error(&world.post("/api/feedback", &alone).await);
    assert_eq!(status, 400);
    assert!(text.contains("`wiggle`") && text.contains("like"), "{text}");
    let bad = world
        .post("/api/feedback", &json!([told("like", "dan", &track_id(0, 0), "yesterday")]))
        .await;
    assert_eq!(error(&bad).0, 400);
}

#[tokio::test]
async fn free_labels_long_comments_and_any_time_are_taken() {
    let world = World::new().await;
    let items = json!([
        {"ItemId": "l:1", "Labels": ["year:1990s", "tempo:fast", "popularity:66"],
            "Timestamp": "2022-02-22"},
        {"ItemId": "l:2", "Labels": [], "Comment": "A description. ".repeat(50)},
        {"itemId": "l:3", "labels": ["title:Tide"]},
        {"Labels": ["an item without id"]},
    ]);
    let answer = world.post("/api/items", &items).await.ok();
    assert_eq!(answer["RowAffected"], 3);
    assert!(answer["Refused"][0].as_str().unwrap().starts_with("row 4: "), "{answer}");
    assert_eq!(world.get("/api/item/l:2").await.ok()["Comment"], "l:2");
    assert_eq!(world.get("/api/item/l:3").await.ok()["Comment"], "Tide");
    for at in ["1645660800000", "2022-02-24 08:00:00 +0800 CST", "Feb 24, 2022", "02/24/2022"] {
        let user = format!("at {at}");
        let row = json!({"feedbackType": "like", "userId": user, "itemId": "l:3", "timestamp": at});
        world.post("/api/feedback", &json!([row])).await.ok();
        let user = user.replace(' ', "%20").replace('/', "%2F").replace('+', "%2B");
        let rows = world.get(&format!("/api/user/{user}/feedback/like")).await.ok();
        assert_eq!(rows[0]["Timestamp"], "2022-02-24T00:00:00Z", "{at}");
    }
    let session = json!([{"FeedbackType": "like", "ItemId": track_id(0, 0)}]);
    let like = world.post("/api/session/recommend?n=3", &session).await.ok();
    assert_eq!(like.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn all_feedback_is_paged_without_loss_or_repetition() {
    let world = World::new().await;
    for kind in ["", "/like"] {
        let whole = world.get(&format!("/api/feedback{kind}?n=1000")).await.ok();
        assert_eq!(whole["Cursor"], "");
        let (mut cursor, mut rows) = (String::new(), Vec::new());
        loop {
            let page = world.get(&format!("/api/feedback{kind}?n=4&cursor={cursor}")).await.ok();
            rows.extend(page["Feedback"].as_array().unwrap().clone());
            cursor = page["Cursor"].as_str().unwrap().to_owned();
            if cursor.is_empty() {
                break;
            }
        }
        assert_eq!(json!(rows), whole["Feedback"], "{kind}");
        assert!(rows.len() > 2);
    }
}

#[tokio::test]
async fn a_recommendation_is_on_disk_as_an_impression_before_it_is_answered() {
    let world = World::new().await;
    let ids = world.get("/api/recommend/ada?n=5").await.ok();
    let shown = world.store().impressions(&ListenerId::new("ada"), 1).unwrap();
    let picks: Vec<&str> = shown[0].1.slate.picks.iter().map(|pick| pick.track.as_str()).collect();
    assert_eq!(ids, json!(picks));
    assert_eq!(picks.len(), 5);
}

#[tokio::test]
async fn the_next_page_of_a_recommendation_repeats_nothing_and_version_2_has_scores() {
    let world = World::new().await;
    let first = world.get("/api/recommend/ada/?n=8").await.ok();
    let second = world.get("/api/recommend/ada/?n=8&offset=8").await.ok();
    let (first, second) = (first.as_array().unwrap(), second.as_array().unwrap());
    assert!(!second.is_empty() && second.iter().all(|id| !first.contains(id)));
    let scored = Request::get("/api/recommend/ada/?n=3").header("x-api-version", "2");
    let scored = world.send(scored.body(axum::body::Body::empty()).unwrap()).await.ok();
    let score = scored[0]["Score"].as_f64().unwrap();
    assert!(scored[0]["Id"].is_string() && (0.0..=1.0).contains(&score));
}

#[tokio::test]
async fn what_was_written_back_is_left_out_and_no_play_is_made_up() {
    let world = World::new().await;
    let path = "/api/recommend/ada?n=8&write-back-type=read";
    let first = world.get(path).await.ok();
    let second = world.get(path).await.ok();
    assert!(second.as_array().unwrap().iter().all(|id| !first.as_array().unwrap().contains(id)));
    assert_eq!(world.store().listens(&ListenerId::new("ada")).unwrap().len(), 40);
    let delayed =
        world.get("/api/recommend/ada?n=8&write-back-type=read&write-back-delay=1h0m0s").await;
    assert_eq!(delayed.ok().as_array().unwrap().len(), 8);
    assert_eq!(
        error(&world.get("/api/recommend/ada?write-back-type=read&write-back-delay=soon").await).0,
        400
    );
}

#[tokio::test]
async fn a_category_is_a_genre() {
    let world = World::new().await;
    for (number, genre) in [(0, "jazz"), (1, "jazz"), (2, "soul")] {
        let path = format!("/api/item/{}/category/{genre}", track_id(7, number));
        world.send(request(Method::PUT, &path, None)).await.ok();
    }
    world.app.build().await.unwrap();
    for path in ["/api/recommend/ada/jazz", "/api/recommend/ada?category=jazz&n=10"] {
        let mut ids: Vec<String> = serde_json::from_value(world.get(path).await.ok()).unwrap();
        ids.sort();
        assert_eq!(ids, [track_id(7, 0), track_id(7, 1)], "{path}");
    }
    assert_eq!(world.get("/api/recommend/ada/polka").await.ok(), json!([]));
    assert_eq!(world.get("/api/popular/jazz").await.ok().as_array().unwrap().len(), 2);
    let near = world.get(&format!("/api/item/{}/neighbors/soul", track_id(7, 0))).await.ok();
    assert!(near.as_array().unwrap().iter().all(|score| score["Id"] == track_id(7, 2)));
}

#[tokio::test]
async fn a_session_gets_what_is_like_it_and_leaves_no_trace() {
    let world = World::new().await;
    let rows = json!([
        told("like", "", &track_id(4, 0), "2026-02-24"),
        told("skip", "", &track_id(4, 1), "2026-02-24")
    ]);
    let before = world.store().status().unwrap();
    for path in ["/api/session/recommend?n=5", "/api/session/recommend/?n=5"] {
        let scores = world.post(path, &rows).await.ok();
        let scores = scores.as_array().unwrap();
        assert!(!scores.is_empty() && scores.len() <= 5);
        assert!(
            scores
                .iter()
                .all(|score| score["Id"] != track_id(4, 0) && score["Id"] != track_id(4, 1))
        );
        assert!(scores.is_sorted_by(|a, b| a["Score"].as_f64() >= b["Score"].as_f64()));
    }
    assert_eq!(before, world.store().status().unwrap());
}

#[tokio::test]
async fn lists_are_scored_cut_and_free_of_what_a_user_knows() {
    let world = World::new().await;
    let latest = world.get("/api/latest?n=3").await.ok();
    assert_eq!(latest[0]["Id"], track_id(11, 0), "released last");
    let popular = world.get("/api/popular/?n=1000").await.ok();
    let next = world.get("/api/popular/?n=2&offset=1").await.ok();
    assert_eq!((&popular[1], &popular[2]), (&next[0], &next[1]));
    let unread = world.get("/api/popular?n=1000&user-id=ada").await.ok();
    assert!(unread.as_array().unwrap().len() < popular.as_array().unwrap().len());
    let near = world.get(&format!("/api/item/{}/neighbors?n=4", track_id(0, 0))).await.ok();
    assert!(near[0]["Score"].is_number());
    assert_eq!(world.get("/api/item/nobody/neighbors").await.ok(), json!([]));
}

#[tokio::test]
async fn health_needs_no_key_and_the_rest_does_in_plain_text() {
    let (world, [read, write, admin]) = World::with_keys(|_| {}).await;
    let health = json!({"Ready": true, "DataStoreError": null, "CacheStoreError": null,
        "DataStoreConnected": true, "CacheStoreConnected": true});
    assert_eq!(world.get("/api/health/live").await.ok(), health);
    assert_eq!(world.get("/api/health/ready").await.ok(), health);
    assert_eq!(error(&world.get("/api/users").await).0, 401);
    let with = async |method: Method, path: &str, key: &str| {
        let mut request = request(method, path, None);
        request.headers_mut().insert("x-api-key", key.parse().unwrap());
        world.send(request).await
    };
    assert_eq!(with(Method::GET, "/api/users", &read).await.status, StatusCode::OK);
    let refused = with(Method::GET, "/api/recommend/ada", &read).await;
    assert_eq!(error(&refused).0, 403, "a recommendation writes an impression");
    assert_eq!(with(Method::GET, "/api/recommend/ada", &write).await.status, StatusCode::OK);
    assert_eq!(error(&with(Method::DELETE, "/api/user/ada", &write).await).0, 403);
    assert_eq!(with(Method::DELETE, "/api/user/ada", &admin).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_has_no_equal_is_refused_in_words() {
    let world = World::new().await;
    for path in [
        "/api/user/ada/neighbors",
        "/api/item/x/feedback/",
        "/api/item/x/feedback/like",
        "/api/measurements/x",
    ] {
        let (status, text) = error(&world.get(path).await);
        assert_eq!(status, 501, "{path}");
        assert!(text.len() > 20, "{path}: {text}");
    }
}
