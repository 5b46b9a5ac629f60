//! What a music player asks for, and what it gets.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::world::{Reply, World, artist, track_id};

/// The inside of an answer in JSON.
async fn asked(world: &World, method_and_query: &str) -> Value {
    let between = if method_and_query.contains('?') { '&' } else { '?' };
    let reply =
        world.get(&format!("/rest/{method_and_query}{between}f=json&v=1.16.1&c=test")).await;
    inside(&reply)
}

fn inside(reply: &Reply) -> Value {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    let inside = reply.json()["subsonic-response"].clone();
    assert_eq!(inside["version"], "1.16.1");
    assert_eq!(inside["openSubsonic"], true);
    assert_eq!(inside["type"], "segue");
    inside
}

fn code(inside: &Value) -> i64 {
    assert_eq!(inside["status"], "failed", "{inside}");
    inside["error"]["code"].as_i64().unwrap()
}

#[tokio::test]
async fn ping_is_answered_in_both_formats_with_and_without_view() {
    let world = World::new().await;
    for method in ["ping", "ping.view"] {
        assert_eq!(asked(&world, method).await["status"], "ok");
        let reply = world.get(&format!("/rest/{method}")).await;
        assert_eq!(reply.headers[header::CONTENT_TYPE], "application/xml");
        assert!(reply.text().contains(r#"status="ok""#), "{}", reply.text());
    }
}

#[tokio::test]
async fn extensions_are_listed_without_a_key() {
    let (world, _) = World::with_keys(|_| {}).await;
    let extensions = asked(&world, "getOpenSubsonicExtensions").await;
    let names: Vec<&str> = extensions["openSubsonicExtensions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|extension| extension["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["apiKeyAuthentication", "formPost", "sonicSimilarity"]);
}

#[tokio::test]
async fn sonic_matches_stand_directly_in_the_envelope_with_a_nested_entry() {
    let world = World::new().await;
    let found =
        asked(&world, &format!("getSonicSimilarTracks?id={}&count=5", track_id(0, 0))).await;
    let matches = found["sonicMatch"].as_array().unwrap();
    assert_eq!(matches.len(), 5);
    assert!(
        matches
            .iter()
            .all(|each| each["entry"]["id"].is_string() && each["entry"]["id"] != track_id(0, 0))
    );
    let similarities: Vec<f64> =
        matches.iter().map(|each| each["similarity"].as_f64().unwrap()).collect();
    assert!(similarities.is_sorted_by(|a, b| a >= b));
    assert!(similarities.iter().all(|similarity| (0.0..=1.0).contains(similarity)));
    assert_eq!(matches[0]["entry"]["isDir"], false);
    let xml = world.get(&format!("/rest/getSonicSimilarTracks?id={}", track_id(0, 0))).await.text();
    assert!(xml.contains("<sonicMatch similarity=\"") && xml.contains("<entry "), "{xml}");
}

#[tokio::test]
async fn a_sonic_path_includes_both_ends() {
    let world = World::new().await;
    let (from, to) = (track_id(0, 0), track_id(9, 3));
    let found =
        asked(&world, &format!("findSonicPath?startSongId={from}&endSongId={to}&count=6")).await;
    let path = found["sonicMatch"].as_array().unwrap();
    assert_eq!(
        (&path[0]["entry"]["id"], &path[path.len() - 1]["entry"]["id"]),
        (&json!(from), &json!(to))
    );
    assert_eq!(path[0]["similarity"], 1.0);
    assert!((2..=6).contains(&path.len()));
}

#[tokio::test]
async fn similar_songs_are_found_for_a_song_and_for_an_artist() {
    let world = World::new().await;
    let song = asked(&world, &format!("getSimilarSongs?id={}&count=4", track_id(0, 0))).await;
    let songs = song["similarSongs"]["song"].as_array().unwrap();
    assert!(!songs.is_empty() && songs.len() <= 4);
    let artist_id = songs[0]["artistId"].as_str().unwrap().replace(' ', "%20");
    for id in [artist_id.as_str(), &artist(3).replace(' ', "+")] {
        let found = asked(&world, &format!("getSimilarSongs2?id={id}&count=12")).await;
        let songs = found["similarSongs2"]["song"].as_array().unwrap();
        let ids: std::collections::HashSet<_> =
            songs.iter().map(|song| song["id"].as_str().unwrap()).collect();
        assert!(
            ids.len() == songs.len() && songs.len() <= 12 && songs.len() >= 5,
            "{id}: {}",
            songs.len()
        );
    }
    let none = asked(&world, &format!("getSimilarSongs2?id={}&count=0", track_id(0, 0))).await;
    assert_eq!(none["similarSongs2"]["song"], json!([]));
}

#[tokio::test]
async fn errors_have_their_number_and_the_status_200() {
    let world = World::new().await;
    assert_eq!(code(&asked(&world, "getSimilarSongs2").await), 10);
    assert_eq!(code(&asked(&world, "getSonicSimilarTracks?id=nobody").await), 70);
    assert_eq!(
        code(&asked(&world, &format!("findSonicPath?startSongId={}", track_id(0, 0))).await),
        10
    );
    assert_eq!(code(&asked(&world, "getSimilarSongs?id=t00-0&count=many").await), 0);
    assert_eq!(code(&asked(&world, "getAlbumList2").await), 0);
    assert_eq!(code(&asked(&world, "ping?apiKey=x&u=ann").await), 43);
    let jsonp = world.get("/rest/ping?f=jsonp&callback=steal").await;
    assert!(jsonp.text().contains("failed") && !jsonp.text().contains("steal"));
}

#[tokio::test]
async fn a_key_is_asked_for_by_number() {
    let (world, [read, ..]) = World::with_keys(|_| {}).await;
    assert_eq!(asked(&world, &format!("ping?apiKey={read}")).await["status"], "ok");
    assert_eq!(code(&asked(&world, "ping?apiKey=wrong").await), 44);
    assert_eq!(code(&asked(&world, "ping").await), 10);
    assert_eq!(code(&asked(&world, "ping?u=ann&p=secret").await), 42);
    assert_eq!(code(&asked(&world, "ping?u=ann&t=0f&s=salt").await), 41);
}

#[tokio::test]
async fn a_form_is_taken_as_a_query_and_reads_only() {
    let (world, [read, ..]) = World::with_keys(|_| {}).await;
    let post = async |body: String| {
        let request = Request::post("/rest/getSonicSimilarTracks.view")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body));
        world.send(request.unwrap()).await
    };
    let found = inside(&post(format!("f=json&apiKey={read}&id={}&count=2", track_id(0, 0))).await);
    assert_eq!(found["sonicMatch"].as_array().unwrap().len(), 2, "{found}");
    let large = post("x=".to_owned() + &"y".repeat(100_000)).await;
    assert!(large.status == StatusCode::OK && large.text().contains("failed"));
    let crooked = post("f=json&id=\u{0}<>".to_owned()).await;
    assert!(crooked.status == StatusCode::OK && crooked.text().contains("failed"));
}
