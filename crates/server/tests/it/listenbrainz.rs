//! The API of ListenBrainz, as its clients use it.

use axum::body::Body;
use axum::http::{Method, Request};
use segue_core::{
    FeedbackKind, FeedbackTarget, Listen, ListenerId, Source, Timestamp, Track, TrackId, WorkId,
};
use serde_json::{Value, json};

use crate::world::{Reply, World, ids, request, track_id};

/// A time at which nobody of the world plays anything.
const EVENING: i64 = 1_780_000_000;
const MBID: &str = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae";

/// A request with a token, which names no type of its content, as clients do not.
fn with_token(method: Method, path: &str, token: &str, body: Option<&Value>) -> Request<Body> {
    let mut request = request(method, path, body);
    request.headers_mut().remove("content-type");
    request.headers_mut().insert("authorization", format!("Token {token}").parse().unwrap());
    request
}

async fn get(world: &World, token: &str, path: &str) -> Reply {
    world.send(with_token(Method::GET, path, token, None)).await
}

async fn post(world: &World, token: &str, path: &str, body: &Value) -> Reply {
    world.send(with_token(Method::POST, path, token, Some(body))).await
}

async fn submit(world: &World, token: &str, kind: &str, payload: &[Value]) -> Reply {
    let body = json!({"listen_type": kind, "payload": payload});
    post(world, token, "/1/submit-listens", &body).await
}

fn listen(at: i64, artist: &str, title: &str) -> Value {
    let metadata = json!({"artist_name": artist, "track_name": title});
    json!({"listened_at": at, "track_metadata": metadata})
}

fn plays(world: &World, who: &str) -> Vec<Listen> {
    world.store().all_listens(&ListenerId::new(who)).unwrap()
}

/// Status and text of an error, which is of ListenBrainz's shape.
fn error(reply: &Reply) -> (u16, String) {
    let json = reply.json();
    let (code, status) = (&json["code"], reply.status.as_u16());
    assert_eq!(code, status, "{json}");
    assert_eq!(json.as_object().unwrap().len(), 2, "{json}");
    (status, json["error"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_scrobble_is_on_disk_brings_its_track_and_counts_once() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    let scrobble = json!({"listened_at": EVENING, "track_metadata": {
        "artist_name": "Nina Simone", "track_name": "Sinnerman", "release_name": "Pastel Blues",
        "additional_info": {"recording_mbid": MBID, "duration_ms": 622_000, "isrc": "USPR36507262",
            "submission_client": "a player", "ip_address": "203.0.113.9"}}});
    for _ in 0..2 {
        let reply = submit(&world, &ann, "single", std::slice::from_ref(&scrobble)).await;
        assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({"status": "ok"})));
    }
    let played = plays(&world, "ann");
    assert_eq!(played.len(), 1, "{played:?}");
    assert_eq!(played[0].source, Source::ListenBrainz);
    assert_eq!(played[0].at.map(Timestamp::as_second), Some(EVENING));
    let track = world.store().track(&played[0].track).unwrap().unwrap();
    assert_eq!(
        (track.title.as_str(), &*track.artists),
        ("Sinnerman", &["Nina Simone".to_owned()][..])
    );
    assert_eq!((track.recording_mbid.as_deref(), track.duration_ms()), (Some(MBID), Some(622_000)));
    let bytes = std::fs::read(world.library().join("segue.db-wal")).unwrap();
    for secret in ["a player", "203.0.113.9"] {
        assert!(!bytes.windows(secret.len()).any(|found| found == secret.as_bytes()), "{secret}");
    }
}

#[tokio::test]
async fn an_export_of_the_same_plays_adds_none_before_or_after() {
    let export: String = (0..40)
        .map(|play| {
            let mut row = listen(EVENING + 300 * play, "Artist", &format!("Song {}", play % 7));
            row["user_name"] = json!("ann");
            format!("{row}\n")
        })
        .collect();
    let submitted: Vec<Value> = (0..40)
        .map(|play| listen(EVENING + 300 * play, "Artist", &format!("Song {}", play % 7)))
        .collect();
    for is_imported_first in [true, false] {
        let world = World::new().await;
        let told = async || {
            let reply = submit(&world, "me", "import", &submitted).await;
            assert_eq!(reply.status.as_u16(), 200, "{}", reply.text());
        };
        let imported = async || {
            let import = world.import("?listener=me", export.clone()).await;
            assert_eq!(import["state"], "done", "{import}");
        };
        if is_imported_first {
            imported().await;
            told().await;
        } else {
            told().await;
            imported().await;
        }
        told().await;
        assert_eq!(plays(&world, "me").len(), 40, "imported first: {is_imported_first}");
    }
}

#[tokio::test]
async fn a_scrobble_of_what_the_player_told_is_no_other_play() {
    let world = World::new().await;
    let at = Timestamp::from_second(EVENING + 180).unwrap();
    let told = json!({"track": track_id(3, 2), "end": "finished", "ms_played": 180_000, "at": at});
    world.post("/v1/listeners/ada/listens", &told).await.ok();
    let before = plays(&world, "ada").len();
    for at in [EVENING, EVENING + 2] {
        let scrobble = [listen(at, "Artist 03", "Song 03.2")];
        assert_eq!(submit(&world, "ada", "single", &scrobble).await.status.as_u16(), 200);
    }
    assert_eq!(plays(&world, "ada").len(), before);
    submit(&world, "ada", "single", &[listen(EVENING + 200, "Artist 03", "Song 03.2")]).await.ok();
    assert_eq!(plays(&world, "ada").len(), before + 1, "played again");
}

#[tokio::test]
async fn a_submission_that_listenbrainz_refuses_is_refused_as_a_whole() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    let good = || listen(EVENING, "Artist", "Song");
    let with = |path: &str, value: Value| {
        let mut changed = good();
        changed["track_metadata"]["additional_info"] = json!({});
        *changed.pointer_mut(path.rsplit_once('/').unwrap().0).unwrap() = {
            let mut holder = changed.pointer(path.rsplit_once('/').unwrap().0).unwrap().clone();
            holder[path.rsplit_once('/').unwrap().1] = value;
            holder
        };
        changed
    };
    let info =
        |name: &str, value: Value| with(&format!("/track_metadata/additional_info/{name}"), value);
    let bad = [
        json!({"track_metadata": {"artist_name": "A", "track_name": "S"}}),
        with("/listened_at", json!("yesterday")),
        with("/listened_at", json!(1_000_000_000)),
        with("/listened_at", json!(Timestamp::now().as_second() + 7_200)),
        with("/listened_at", json!(i64::MAX)),
        with("/inserted_at", json!(EVENING)),
        with("/track_metadata/track_name", json!(" ")),
        with("/track_metadata/track_name", json!(["S"])),
        with("/track_metadata/artist_name", Value::Null),
        with("/track_metadata/artist_name", json!("A\u{0}B")),
        with("/track_metadata/release_name", json!(7)),
        info("recording_mbid", json!("no mbid")),
        info("artist_mbids", json!([MBID, "no mbid"])),
        info("duration_ms", json!(0)),
        info("duration", json!("long")),
        info("tags", json!(vec!["tag"; 51])),
        info("tags", json!(["t".repeat(65)])),
        json!(7),
        json!([EVENING, {"artist_name": "A", "track_name": "S"}]),
    ];
    for bad in bad {
        let reply = submit(&world, &ann, "import", &[good(), bad.clone()]).await;
        assert_eq!(error(&reply).0, 400, "{bad}");
    }
    let many = vec![good(); 1_001];
    for (kind, payload) in [
        ("single", &many[..0]),
        ("single", &many[..2]),
        ("import", &many[..]),
        ("loved", &many[..1]),
    ] {
        assert_eq!(error(&submit(&world, &ann, kind, payload).await).0, 400, "{kind}");
    }
    let now = submit(&world, &ann, "playing_now", &[good()]).await;
    assert_eq!(error(&now).0, 400, "it has a time");
    let fat = with("/track_metadata/artist_name", json!("A".repeat(11_000)));
    assert_eq!(error(&submit(&world, &ann, "single", &[fat]).await).0, 400);
    let cut = Request::post("/1/submit-listens").header("authorization", format!("token {ann}"));
    let reply = world.send(cut.body(Body::from("{\"listen_type\": \"sin")).unwrap()).await;
    assert_eq!(error(&reply).0, 400);
    let huge = Request::post("/1/submit-listens").header("authorization", format!("Token {ann}"));
    let reply = world.send(huge.body(Body::from(vec![b' '; 10_240_001])).unwrap()).await;
    assert_eq!(error(&reply).0, 413);
    assert!(plays(&world, "ann").is_empty());
}

#[tokio::test]
async fn what_listenbrainz_takes_is_taken_in_every_spelling() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    let odd = json!({"listened_at": (EVENING + 300).to_string(), "track_metadata": {
        "artist_name": "Artist", "track_name": "Song", "release_name": null,
        "additional_info": {"recording_mbid": "", "artist_mbids": [null, MBID], "tags": [],
            "duration_ms": "200000", "work_mbids": null, "anything": {"else": [1]}}}});
    let long = listen(EVENING + 600, &"A".repeat(600), "Song");
    let payload = [listen(EVENING, "Artist", "Song"), odd, long];
    let reply = submit(&world, &ann, "import", &payload).await.ok();
    assert_eq!(reply, json!({"status": "ok", "left_out": {"name_too_long": 1}}));
    assert_eq!(
        plays(&world, "ann").len(),
        2,
        "a name longer than anything real takes none with it"
    );
    let full = vec![listen(EVENING, "Artist", "Song"); 1_000];
    assert_eq!(submit(&world, &ann, "import", &full).await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_token_is_a_key_for_one_listener_and_no_other_key_is() {
    let (world, [ann, bob]) = World::with_tokens(["ann", "bob"]).await;
    let keeper = world.add_key("keeper", segue_server::Scope::Admin);
    let wrong = format!("segue_{}", "e".repeat(64));
    let valid = |reply: Reply| {
        let json = reply.ok();
        assert_eq!(json["code"], 200);
        (json["valid"].as_bool().unwrap(), json["user_name"].as_str().map(str::to_owned))
    };
    let open = crate::world::Socket::of(&world.app).await;
    while get(&world, &keeper, "/1/user/ada/listen-count").await.status.as_u16() == 401 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    for (token, whose) in
        [(&ann, Some("ann")), (&bob, Some("bob")), (&keeper, None), (&wrong, None)]
    {
        let whose = whose.map(str::to_owned);
        let expected = (whose.is_some(), whose);
        assert_eq!(valid(get(&world, token, "/1/validate-token").await), expected);
        let in_address = world.get(&format!("/1/validate-token?token={token}")).await;
        assert_eq!(valid(in_address), expected, "as older clients send it");
        let reply = submit(&world, token, "single", &[listen(EVENING, "Artist", "Song")]).await;
        assert_eq!(reply.status.as_u16(), if expected.0 { 200 } else { 401 }, "{}", reply.text());
        let in_address = json!({"listen_type": "single", "payload": [listen(EVENING, "A", "S")]});
        let reply = world.post(&format!("/1/submit-listens?token={token}"), &in_address).await;
        assert_eq!(error(&reply).0, 401, "nothing else takes a token from an address");
    }
    assert_eq!(error(&world.get("/1/validate-token").await).0, 400);
    for (token, status) in [(&ann, 200), (&bob, 403), (&keeper, 200), (&wrong, 401)] {
        for path in [
            "/1/user/ann/listens",
            "/1/user/ann/listen-count",
            "/1/user/ann/playing-now",
            "/1/latest-import?user_name=ann",
            "/1/feedback/user/ann/get-feedback",
        ] {
            let reply = get(&world, token, path).await;
            assert_eq!(reply.status.as_u16(), status, "{path}: {}", reply.text());
            if status != 200 {
                error(&reply);
            }
        }
    }
    assert_eq!(
        error(&world.get("/1/user/ann/listens").await).0,
        401,
        "nobody is told without a key"
    );
    assert_eq!(error(&get(&world, &keeper, "/1/user/nobody/listens").await).0, 404);
    open.stopped().await;
}

#[tokio::test]
async fn without_keys_a_token_names_a_listener_who_is_known() {
    let world = World::new().await;
    for (token, status) in [("ada", 200), ("me", 200), ("adda", 401), (MBID, 401)] {
        let reply = submit(&world, token, "single", &[listen(EVENING, "Artist", "Song")]).await;
        assert_eq!(reply.status.as_u16(), status, "{token}: {}", reply.text());
        let told = get(&world, token, "/1/validate-token").await.ok();
        assert_eq!(told["valid"], status == 200, "{token}");
    }
    let known: Vec<String> =
        world.store().listeners().unwrap().iter().map(|known| known.id.to_string()).collect();
    assert_eq!(known, ["ada", "bob", "me"], "a slip made no listener");
    let bare = json!({"listen_type": "single", "payload": [listen(EVENING, "A", "S")]});
    assert_eq!(error(&world.post("/1/submit-listens", &bare).await).0, 401);
}

#[tokio::test]
async fn listens_come_latest_first_and_between_the_seconds_that_are_asked_for() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    assert_eq!(get(&world, &ann, "/1/user/ann/listens").await.ok()["payload"]["count"], 0);
    let payload: Vec<Value> = (0..60)
        .map(|play| listen(EVENING + 300 * play, "Artist", &format!("Song {play}")))
        .collect();
    submit(&world, &ann, "import", &payload).await.ok();
    let shown = async |query: &str| {
        let page = get(&world, &ann, &format!("/1/user/ann/listens{query}")).await.ok();
        let payload = &page["payload"];
        assert_eq!(
            (&payload["user_id"], payload["latest_listen_ts"].as_i64()),
            (&json!("ann"), Some(EVENING + 300 * 59))
        );
        assert_eq!(payload["oldest_listen_ts"], EVENING);
        let listens = payload["listens"].as_array().unwrap();
        assert_eq!(payload["count"], listens.len());
        let number = |listen: &Value| (listen["listened_at"].as_i64().unwrap() - EVENING) / 300;
        listens.iter().map(number).collect::<Vec<i64>>()
    };
    let down = |from: i64, to: i64| (to..=from).rev().collect::<Vec<i64>>();
    assert_eq!(shown("").await, down(59, 35));
    assert_eq!(shown("?count=1000").await, down(59, 0));
    assert!(shown("?count=0").await.is_empty());
    let (tenth, fifteenth) = (EVENING + 300 * 10, EVENING + 300 * 15);
    assert_eq!(
        shown(&format!("?max_ts={tenth}&count=3")).await,
        down(9, 7),
        "that second excluded"
    );
    assert_eq!(shown(&format!("?min_ts={tenth}&count=3")).await, down(13, 11), "those next to it");
    assert_eq!(shown(&format!("?min_ts={tenth}&max_ts={fifteenth}")).await, down(14, 11));
    for query in ["?max_ts=5&min_ts=9", "?count=many", "?max_ts=tomorrow"] {
        assert_eq!(error(&get(&world, &ann, &format!("/1/user/ann/listens{query}")).await).0, 400);
    }
    assert_eq!(
        get(&world, &ann, "/1/user/ann/listen-count").await.ok(),
        json!({"payload": {"count": 60}})
    );
}

#[tokio::test]
async fn what_is_shown_can_be_submitted_again_and_is_the_same() {
    let (world, [ann, ben]) = World::with_tokens(["ann", "ben"]).await;
    let info = json!({
        "recording_mbid": MBID, "artist_names": ["A", "B"], "duration": 200,
        "spotify_id": "https://open.spotify.com/track/1rrgWMXGCGHru5bIRxGFV0",
        "isrc": "USPR36507262",
    });
    let mut full = listen(EVENING, "A feat. B", "Song");
    full["track_metadata"]["additional_info"] = info;
    full["track_metadata"]["release_name"] = json!("Album");
    submit(&world, &ann, "import", &[full, listen(EVENING + 900, "C", "Tune")]).await.ok();
    let shown = get(&world, &ann, "/1/user/ann/listens").await.ok()["payload"]["listens"].clone();
    let again: Vec<Value> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            json!({"listened_at": row["listened_at"], "track_metadata": row["track_metadata"]})
        })
        .collect();
    for token in [&ann, &ben] {
        submit(&world, token, "import", &again).await.ok();
    }
    assert_eq!(plays(&world, "ann").len(), 2);
    let tracks = |who| {
        plays(&world, who)
            .into_iter()
            .map(|play| play.track)
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(tracks("ann"), tracks("ben"));
}

#[tokio::test]
async fn what_plays_now_is_told_and_in_no_log() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    let path = "/1/user/ann/playing-now";
    assert_eq!(get(&world, &ann, path).await.ok()["payload"]["count"], 0);
    let mut now = listen(0, "Artist", "Song");
    now.as_object_mut().unwrap().remove("listened_at");
    submit(&world, &ann, "playing_now", &[now]).await.ok();
    let told = get(&world, &ann, path).await.ok()["payload"].clone();
    assert_eq!((&told["count"], &told["playing_now"]), (&json!(1), &json!(true)));
    assert_eq!(told["listens"][0]["track_metadata"]["track_name"], "Song");
    assert!(told["listens"][0].get("listened_at").is_none());
    assert!(plays(&world, "ann").is_empty() && world.store().listeners().unwrap().len() == 2);
}

#[tokio::test]
async fn a_love_and_a_hate_count_in_the_next_mix_and_can_be_taken_back() {
    let (world, [ada]) = World::with_tokens(["ada"]).await;
    let path = "/1/feedback/recording-feedback";
    let keeper = world.add_key("keeper", segue_server::Scope::Admin);
    let open = crate::world::Socket::of(&world.app).await;
    let mix = async || loop {
        let mut asked = request(
            Method::POST,
            "/v1/listeners/ada/mixes",
            Some(&json!({"length": 10, "explore": 0.0})),
        );
        asked.headers_mut().insert("x-api-key", keeper.parse().unwrap());
        let reply = world.send(asked).await;
        if reply.status.as_u16() != 401 {
            return ids(&reply.ok());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    let hated = mix().await.remove(0);
    let title = world.store().track(&TrackId::new(hated.as_str())).unwrap().unwrap().title;
    let shown = get(&world, &ada, "/1/user/ada/listens?count=1000").await.ok();
    let listens = shown["payload"]["listens"].as_array().unwrap();
    let named = |listen: &&Value| listen["track_metadata"]["track_name"] == *title;
    let song = listens.iter().find(named).unwrap()["recording_msid"].clone();
    let song = song.as_str().unwrap();
    let before = get(&world, &ada, "/1/feedback/user/ada/get-feedback").await.ok();
    let stood = before["total_count"].as_u64().unwrap();
    for score in [1, -1] {
        post(&world, &ada, path, &json!({"recording_msid": song, "score": score})).await.ok();
        let all = get(&world, &ada, "/1/feedback/user/ada/get-feedback?metadata=true").await.ok();
        assert!(all["total_count"].as_u64().unwrap() <= stood + 1);
        assert_eq!(
            (&all["feedback"][0]["recording_msid"], &all["feedback"][0]["score"]),
            (&json!(song), &json!(score))
        );
        assert_eq!(all["feedback"][0]["track_metadata"]["track_name"], *title);
    }
    assert!(!mix().await.contains(&hated), "at once");
    let hates = get(&world, &ada, "/1/feedback/user/ada/get-feedback?score=-1&count=1").await.ok();
    assert_eq!((&hates["count"], &hates["total_count"]), (&json!(1), &json!(2)));
    let asked = format!(
        "/1/feedback/user/ada/get-feedback-for-recordings?recording_msids={song}\
         &recording_mbids={MBID}"
    );
    let told = get(&world, &ada, &asked).await.ok();
    let scores: Vec<_> =
        told["feedback"].as_array().unwrap().iter().map(|each| &each["score"]).collect();
    assert_eq!(scores, [0, -1]);
    post(&world, &ada, path, &json!({"recording_msid": song, "score": 0})).await.ok();
    let after = get(&world, &ada, "/1/feedback/user/ada/get-feedback").await.ok();
    let standing = after["feedback"].as_array().unwrap();
    assert!(standing.iter().all(|each| each["recording_msid"] != *song), "{standing:?}");
    open.stopped().await;
}

#[tokio::test]
async fn feedback_finds_what_was_just_played_and_nothing_that_was_not() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    let path = "/1/feedback/recording-feedback";
    let love = json!({"recording_mbid": MBID.to_uppercase(), "score": 1});
    assert_eq!(error(&post(&world, &ann, path, &love).await).0, 404);
    assert!(world.store().listener(&ListenerId::new("ann")).unwrap().is_none());
    let mut scrobble = listen(EVENING, "Artist", "Song");
    scrobble["track_metadata"]["additional_info"] = json!({"recording_mbid": MBID});
    submit(&world, &ann, "single", &[scrobble]).await.ok();
    assert_eq!(post(&world, &ann, path, &love).await.ok(), json!({"status": "ok"}));
    let said = world.store().feedback(&ListenerId::new("ann")).unwrap();
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].kind, FeedbackKind::Like);
    assert!(matches!(
        &said[0].target,
        FeedbackTarget::Track(track) if track.as_str() == format!("mbid:{MBID}")
    ));
    for bad in [
        json!({"score": 1}),
        json!({"recording_mbid": MBID}),
        json!({"recording_mbid": MBID, "score": 2}),
        json!({"recording_mbid": "no mbid", "score": 1}),
        json!({"recording_mbid": MBID, "score": 1, "user": "bob"}),
        json!([]),
    ] {
        assert_eq!(error(&post(&world, &ann, path, &bad).await).0, 400, "{bad}");
    }
}

#[tokio::test]
async fn how_far_a_client_has_copied_is_kept_for_it() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    let path = "/1/latest-import";
    let shown = async |query: &str| {
        let reply = get(&world, &ann, &format!("{path}?user_name=ann{query}")).await.ok();
        assert_eq!(reply["musicbrainz_id"], "ann");
        reply["latest_import"].as_i64().unwrap()
    };
    assert_eq!(shown("").await, 0);
    for (told, kept) in [(EVENING, EVENING), (5, EVENING), (EVENING + 9, EVENING + 9)] {
        post(&world, &ann, path, &json!({"ts": told})).await.ok();
        assert_eq!((shown("").await, shown("&service=lastfm").await), (kept, kept));
    }
    assert_eq!(shown("&service=librefm").await, 0);
    assert_eq!(error(&post(&world, &ann, path, &json!({"ts": "soon"})).await).0, 400);
}

#[tokio::test]
async fn what_is_not_spoken_says_so_in_listenbrainz_s_words() {
    let world = World::new().await;
    for (method, path, status) in [
        (Method::GET, "/1/stats/user/ada/artists", 501),
        (Method::GET, "/1/submit-listens", 405),
        (Method::GET, "/1/user/nobody/listens", 404),
        (Method::GET, "/1/latest-import", 404),
    ] {
        let reply = world.send(request(method, path, None)).await;
        assert_eq!(error(&reply).0, status, "{path}");
    }
    let limited = World::with(|config| config.limits.rate = std::num::NonZeroU32::new(1)).await;
    let mut last = limited.get("/1/user/ada/listen-count").await;
    while last.status.as_u16() == 200 {
        last = limited.get("/1/user/ada/listen-count").await;
    }
    assert_eq!(error(&last).0, 429);
    assert_eq!(last.headers["x-ratelimit-remaining"], "0");
    assert_eq!(last.headers["x-ratelimit-reset-in"], last.headers["retry-after"]);
}

#[tokio::test]
async fn the_key_of_a_forgotten_listener_opens_nothing_and_brings_nobody_back() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    let keeper = world.add_key("keeper", segue_server::Scope::Admin);
    let open = crate::world::Socket::of(&world.app).await;
    submit(&world, &ann, "single", &[listen(EVENING, "Artist", "Song")]).await.ok();
    let mut status = 401;
    while status == 401 {
        let mut forget = request(Method::DELETE, "/v1/listeners/ann", None);
        forget.headers_mut().insert("x-api-key", keeper.parse().unwrap());
        status = world.send(forget).await.status.as_u16();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(status, 200);
    let reply = submit(&world, &ann, "single", &[listen(EVENING, "Artist", "Song")]).await;
    assert_eq!(error(&reply).0, 401, "at once, and not when the keys are read the next time");
    assert!(world.store().listener(&ListenerId::new("ann")).unwrap().is_none());
    open.stopped().await;
}

#[tokio::test]
async fn a_deleted_listen_is_gone_teaches_nothing_and_does_not_come_back() {
    let (world, [ann, ben]) = World::with_tokens(["ann", "ben"]).await;
    let song = |play: i64| listen(EVENING + 300 * play, "Artist", &format!("Song {}", play % 2));
    let payload: Vec<Value> = (0..6).map(song).collect();
    for token in [&ann, &ben] {
        submit(&world, token, "import", &payload).await.ok();
    }
    let shown = async || {
        let page = get(&world, &ann, "/1/user/ann/listens").await.ok();
        let listens = page["payload"]["listens"].as_array().unwrap().clone();
        let count = get(&world, &ann, "/1/user/ann/listen-count").await.ok();
        assert_eq!(count["payload"]["count"], listens.len());
        listens
    };
    let third = shown().await[3].clone();
    assert_eq!(third["listened_at"], EVENING + 600);
    let body =
        json!({"listened_at": third["listened_at"], "recording_msid": third["recording_msid"]});
    let mut as_text = body.clone();
    as_text["listened_at"] = json!((EVENING + 600).to_string());
    for body in [body, as_text] {
        let reply = post(&world, &ann, "/1/delete-listen", &body).await;
        assert_eq!(reply.ok(), json!({"status": "ok"}));
    }
    let left: Vec<_> = shown().await.iter().map(|play| play["listened_at"].clone()).collect();
    assert_eq!(left, [5, 4, 3, 1, 0].map(|play| json!(EVENING + 300 * play)));
    let after = format!("/1/user/ann/listens?min_ts={}&count=2", EVENING + 300);
    let next = get(&world, &ann, &after).await.ok()["payload"]["listens"].clone();
    assert_eq!(next[1]["listened_at"], EVENING + 900);
    let taught = world.store().listens(&ListenerId::new("ann")).unwrap().len();
    assert_eq!((taught, plays(&world, "ann").len()), (5, 6), "the log keeps its row");
    submit(&world, &ann, "import", &payload).await.ok();
    assert_eq!((shown().await.len(), plays(&world, "ann").len()), (5, 6), "sent again");
    assert_eq!(get(&world, &ben, "/1/user/ben/listen-count").await.ok()["payload"]["count"], 6);

    let listed = get(&world, &ann, "/v1/listeners/ann/exclusions").await.ok();
    let at = Timestamp::from_second(EVENING + 600).unwrap();
    assert_eq!(listed["exclusions"][0]["exclusion"]["play"]["at"], json!(at));
    let number = world.store().exclusions(&ListenerId::new("ann")).unwrap()[0].0;
    world.store().include_again(number).unwrap();
    assert_eq!(shown().await.len(), 6, "it is brought back where it was excluded");
}

#[tokio::test]
async fn only_a_listen_that_is_there_is_deleted() {
    let (world, [ann, bob]) = World::with_tokens(["ann", "bob"]).await;
    submit(&world, &ann, "single", &[listen(EVENING, "Artist", "Song")]).await.ok();
    let shown = get(&world, &ann, "/1/user/ann/listens").await.ok();
    let msid = shown["payload"]["listens"][0]["recording_msid"].clone();
    for (token, body, status) in [
        (&ann, json!({"listened_at": EVENING + 1, "recording_msid": msid}), 404),
        (&ann, json!({"listened_at": EVENING - 1, "recording_msid": msid}), 404),
        (&ann, json!({"listened_at": EVENING, "recording_msid": MBID}), 404),
        (&bob, json!({"listened_at": EVENING, "recording_msid": msid}), 404),
        (&ann, json!({"listened_at": i64::MAX, "recording_msid": msid}), 400),
        (&ann, json!({"listened_at": EVENING, "recording_msid": "song"}), 400),
        (&ann, json!({"recording_msid": msid}), 400),
        (&ann, json!({"listened_at": "then", "recording_msid": msid}), 400),
    ] {
        let reply = post(&world, token, "/1/delete-listen", &body).await;
        assert_eq!(error(&reply).0, status, "{body}");
    }
    let bare = json!({"listened_at": EVENING, "recording_msid": msid});
    assert_eq!(error(&world.post("/1/delete-listen", &bare).await).0, 401);
    assert!(world.store().exclusions(&ListenerId::new("ann")).unwrap().is_empty());
}

#[tokio::test]
async fn feedback_finds_what_the_catalogue_has_though_nobody_played_it() {
    let world = World::new().await;
    let file = |id: &str, title: &str, mbid: Option<&str>| Track {
        recording_mbid: mbid.map(str::to_owned),
        artists: vec!["Artist".to_owned()],
        ..Track::new(TrackId::new(id), WorkId::new("a song"), title)
    };
    let files = [file("a-copy", "Song", None), file("a-file", "Song - Live", Some(MBID))];
    world.store().add_tracks(&files).unwrap();
    world.app.build().await.unwrap();
    let love = json!({"recording_mbid": MBID, "score": 1});
    post(&world, "me", "/1/feedback/recording-feedback", &love).await.ok();
    let said = world.store().feedback(&ListenerId::new("me")).unwrap();
    assert_eq!(said[0].target, FeedbackTarget::Track(TrackId::new("a-file")));
    let other = json!({"recording_mbid": MBID.replace('8', "9"), "score": 1});
    assert_eq!(error(&post(&world, "me", "/1/feedback/recording-feedback", &other).await).0, 404);
}

/// What a browser asks on behalf of a page of another origin, or sends for it.
fn from_elsewhere(mut request: Request<Body>) -> Request<Body> {
    let headers = request.headers_mut();
    headers.insert("origin", "chrome-extension://abcdef".parse().unwrap());
    headers.insert("sec-fetch-site", "cross-site".parse().unwrap());
    request
}

#[tokio::test]
async fn clients_in_a_browser_read_what_their_token_opens_and_nothing_by_a_session() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    let asks = |path: &str| {
        let mut asks = from_elsewhere(request(Method::OPTIONS, path, None));
        let headers = asks.headers_mut();
        headers.insert("access-control-request-method", "POST".parse().unwrap());
        headers.insert("access-control-request-headers", "authorization".parse().unwrap());
        headers.insert("access-control-request-private-network", "true".parse().unwrap());
        asks
    };
    let told = world.send(asks("/1/submit-listens")).await;
    assert_eq!(told.status.as_u16(), 204);
    assert_eq!(told.headers["access-control-allow-origin"], "*");
    assert_eq!(told.headers["access-control-allow-headers"], "Authorization, Content-Type");
    for name in ["credentials", "private-network"] {
        assert!(!told.headers.contains_key(format!("access-control-allow-{name}")), "{name}");
    }
    for path in ["/v1/listeners/ann/listens", "/2.0/", "/audioscrobbler/", "/", "/rest/ping"] {
        let told = world.send(asks(path)).await;
        assert!(!told.headers.contains_key("access-control-allow-origin"), "{path}");
    }
    let body = json!({"listen_type": "single", "payload": [listen(EVENING, "Artist", "Song")]});
    let sent = with_token(Method::POST, "/1/submit-listens", &ann, Some(&body));
    let reply = world.send(from_elsewhere(sent)).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.headers["access-control-allow-origin"]),
        (200, &"*".parse().unwrap())
    );
    let wrong = with_token(Method::POST, "/1/submit-listens", "wrong", Some(&body));
    let reply = world.send(from_elsewhere(wrong)).await;
    assert_eq!(
        (error(&reply).0, &reply.headers["access-control-allow-origin"]),
        (401, &"*".parse().unwrap())
    );
    let mut by_cookie = request(Method::GET, "/1/user/ann/listens", None);
    by_cookie.headers_mut().insert("cookie", "segue_session=whatever".parse().unwrap());
    let reply = world.send(from_elsewhere(by_cookie)).await;
    assert!(
        reply.status.as_u16() == 403 && !reply.headers.contains_key("access-control-allow-origin")
    );
}

#[tokio::test]
async fn without_keys_no_page_of_another_site_is_given_permission() {
    let world = World::new().await;
    let mut asks = from_elsewhere(request(Method::OPTIONS, "/1/submit-listens", None));
    asks.headers_mut().insert("access-control-request-method", "POST".parse().unwrap());
    let told = world.send(asks).await;
    assert!(!told.headers.contains_key("access-control-allow-origin"), "{:?}", told.headers);
    let sent = with_token(Method::GET, "/1/user/ada/listens", "ada", None);
    let reply = world.send(from_elsewhere(sent)).await;
    assert!(
        reply.status.as_u16() == 403 && !reply.headers.contains_key("access-control-allow-origin")
    );
}
