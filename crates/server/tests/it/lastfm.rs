//! Last.fm's API 2.0, as its clients use it to scrobble.

use axum::body::Body;
use axum::http::{Method, Request};
use segue_core::{FeedbackKind, Listen, ListenerId, Source, Timestamp};
use serde_json::{Value, json};

use crate::world::{Reply, Socket, World, request};

/// A time at which nobody of the world plays anything.
const EVENING: i64 = 1_780_000_000;
const MBID: &str = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae";

fn md5(text: &str) -> String {
    format!("{:x}", md5::compute(text))
}

/// Calls a method with further parameters, in the body, as clients do.
async fn call(world: &World, method: &str, parameters: &str) -> Reply {
    let form = format!("method={method}&api_key=some&api_sig=any&{parameters}");
    let request = Request::post("/2.0/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form));
    world.send(request.unwrap()).await
}

async fn in_json(world: &World, method: &str, parameters: &str) -> Value {
    call(world, method, &format!("{parameters}&format=json")).await.ok()
}

/// Status and number of an error.
fn error(reply: &Reply) -> (u16, u64) {
    let json = reply.json();
    assert!(!json["message"].as_str().unwrap().is_empty() && json.as_object().unwrap().len() == 2);
    (reply.status.as_u16(), json["error"].as_u64().unwrap())
}

async fn failure(world: &World, method: &str, parameters: &str) -> (u16, u64) {
    error(&call(world, method, &format!("{parameters}&format=json")).await)
}

async fn log_in(world: &World, user: &str, key: &str) -> String {
    let login = format!("username={user}&password={key}");
    let answer = in_json(world, "auth.getMobileSession", &login).await;
    assert_eq!(
        (&answer["session"]["name"], &answer["session"]["subscriber"]),
        (&json!(user), &json!(0))
    );
    answer["session"]["key"].as_str().unwrap().to_owned()
}

fn plays(world: &World, who: &str) -> Vec<Listen> {
    world.store().all_listens(&ListenerId::new(who)).unwrap()
}

#[tokio::test]
async fn a_scrobble_is_on_disk_brings_its_track_and_counts_once() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    let sk = log_in(&world, "ann", &ann).await;
    let scrobble = format!(
        "sk={sk}&artist=Nina+Simone&track=Sinnerman&timestamp={EVENING}&album=Pastel%20Blues&\
         duration=622&mbid={MBID}&context=secret&chosenByUser=0&trackNumber=10&albumArtist=Nina"
    );
    for _ in 0..2 {
        let told = in_json(&world, "track.scrobble", &scrobble).await;
        let expected = json!({"scrobbles": {
            "@attr": {"accepted": 1, "ignored": 0},
            "scrobble": {
                "track": {"corrected": "0", "#text": "Sinnerman"},
                "artist": {"corrected": "0", "#text": "Nina Simone"},
                "album": {"corrected": "0", "#text": "Pastel Blues"},
                "albumArtist": {"corrected": "0", "#text": "Nina"},
                "timestamp": EVENING.to_string(),
                "ignoredMessage": {"code": "0", "#text": ""},
            },
        }});
        assert_eq!(told, expected);
    }
    let played = plays(&world, "ann");
    assert_eq!(played.len(), 1, "{played:?}");
    assert_eq!(
        (played[0].source, played[0].at.map(Timestamp::as_second)),
        (Source::LastFm, Some(EVENING))
    );
    let track = world.store().track(&played[0].track).unwrap().unwrap();
    assert_eq!((track.recording_mbid.as_deref(), track.duration_ms()), (Some(MBID), Some(622_000)));
    assert_eq!(track.album.as_deref(), Some("Pastel Blues"));
    let bytes = std::fs::read(world.library().join("segue.db-wal")).unwrap();
    assert!(!bytes.windows(6).any(|found| found == b"secret"));
}

#[tokio::test]
async fn fifty_plays_come_at_once_and_one_that_cannot_be_kept_is_ignored_by_its_number() {
    let world = World::new().await;
    let batch = |count: usize| -> String {
        let play = |n: usize| {
            let at = EVENING + 300 * n as i64;
            format!("&artist[{n}]=A&track%5B{n}%5D=Song+{n}&timestamp[{n}]={at}")
        };
        (0..count).map(play).collect()
    };
    assert_eq!(failure(&world, "track.scrobble", &format!("sk=me{}", batch(51))).await, (400, 6));
    let told = in_json(&world, "track.scrobble", &format!("sk=me{}", batch(50))).await;
    assert_eq!(told["scrobbles"]["@attr"], json!({"accepted": 50, "ignored": 0}));
    assert_eq!(told["scrobbles"]["scrobble"][49]["track"]["#text"], "Song 49");
    assert_eq!(plays(&world, "me").len(), 50);
    let late = Timestamp::now().as_second() + 86_400;
    let long = "x".repeat(600);
    let mixed = format!(
        "sk=me&track[0]=S&timestamp[0]=1780100000&artist[1]=A&timestamp[1]=1780100000&\
         artist[2]=A&track[2]=S&timestamp[2]=7&artist[3]=A&track[3]=S&timestamp[3]={late}&\
         artist[4]={long}&track[4]=S&timestamp[4]=1780100000&\
         artist[5]=A&track[5]=S&timestamp[5]=1780100000&mbid[5]=none&duration[5]=long"
    );
    let told = in_json(&world, "track.scrobble", &mixed).await;
    let why: Vec<_> = (0..6)
        .map(|n| told["scrobbles"]["scrobble"][n]["ignoredMessage"]["code"].as_str().unwrap())
        .collect();
    assert_eq!(why, ["1", "2", "3", "4", "1", "0"]);
    assert_eq!(told["scrobbles"]["@attr"], json!({"accepted": 1, "ignored": 5}));
    assert_eq!(plays(&world, "me").len(), 51);
    for bad in ["sk=me&artist=A&track=S", "sk=me&artist=A&track=S&timestamp=noon", "sk=me"] {
        assert_eq!(failure(&world, "track.scrobble", bad).await, (400, 6), "{bad}");
    }
}

#[tokio::test]
async fn a_play_that_comes_by_three_protocols_counts_once() {
    let world = World::new().await;
    let second = EVENING + 60_007;
    let scrobble = format!("sk=me&artist=A&track=Song&timestamp={second}");
    in_json(&world, "track.scrobble", &scrobble).await;
    let metadata = json!({"artist_name": "A", "track_name": "Song"});
    let body = json!({"listen_type": "single",
        "payload": [{"listened_at": second, "track_metadata": metadata}]});
    let mut told = request(Method::POST, "/1/submit-listens", Some(&body));
    told.headers_mut().insert("authorization", "Token me".parse().unwrap());
    world.send(told).await.ok();
    let now = Timestamp::now().as_second();
    let hands = world.get(&format!("/?hs=true&p=1.2&u=me&t={now}&a=x")).await.text();
    let id = hands.lines().nth(1).unwrap().to_owned();
    let form = format!("s={id}&a[0]=A&t[0]=Song&i[0]={second}&o[0]=P");
    let submission = Request::post("/audioscrobbler/submissions").body(Body::from(form));
    assert_eq!(world.send(submission.unwrap()).await.text(), "OK\n");
    assert_eq!(plays(&world, "me").len(), 1);
}

#[tokio::test]
async fn a_key_logs_in_by_itself_or_by_its_digest_and_the_session_lasts_as_long_as_it() {
    let (world, [ann, bob]) = World::with_tokens(["ann", "bob"]).await;
    let sk = log_in(&world, "ann", &ann).await;
    assert!(sk.len() == 32 && sk != md5(&ann) && sk != log_in(&world, "bob", &bob).await);
    let proof = md5(&format!("ann{}", md5(&ann)));
    let by_digest = format!("username=ann&authToken={proof}");
    for login in [by_digest.clone(), format!("{by_digest}&password={}", md5(&ann))] {
        let answer = in_json(&world, "auth.getMobileSession", &login).await;
        assert_eq!(answer["session"]["key"], sk.as_str());
    }
    for wrong in [
        format!("username=bob&password={ann}"),
        format!("username=ann&password={}", md5(&ann)),
        format!("username=ann&password={sk}"),
        format!("username=bob&authToken={proof}"),
        "username=ann&authToken=0".to_owned(),
        "username=ann&password=ann".to_owned(),
    ] {
        assert_eq!(failure(&world, "auth.getMobileSession", &wrong).await, (403, 4), "{wrong}");
    }
    for missing in ["username=ann", "password=x"] {
        assert_eq!(failure(&world, "auth.getMobileSession", missing).await, (400, 6));
    }
    let in_address =
        format!("/2.0/?method=auth.getMobileSession&username=ann&password={ann}&format=json");
    assert_eq!(error(&world.get(&in_address).await), (400, 3), "addresses get into logs");
    for none in ["", "sk=", "sk=ann", &format!("sk={ann}"), &format!("sk={}", md5(&ann))] {
        let scrobble = format!("{none}&artist=A&track=S&timestamp={EVENING}");
        assert_eq!(failure(&world, "track.scrobble", &scrobble).await, (403, 9), "{none}");
    }
    let again = World::on(world.into_folder(), |_| {}).await;
    let scrobble = format!("sk={sk}&artist=A&track=S&timestamp={EVENING}");
    in_json(&again, "track.scrobble", &scrobble).await;
    let open = Socket::of(&again.app).await;
    again.store().revoke_key("ann's", Timestamp::now()).unwrap();
    while call(&again, "track.scrobble", &scrobble).await.status.is_success() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let json = format!("{scrobble}&format=json");
    assert_eq!(error(&call(&again, "track.scrobble", &json).await), (403, 9));
    open.stopped().await;
}

#[tokio::test]
async fn without_keys_a_session_is_the_name_of_a_listener_who_is_known() {
    let world = World::new().await;
    assert_eq!(log_in(&world, "ada", "whatever").await, "ada");
    assert_eq!(log_in(&world, "me", "").await, "me");
    let slip = "username=adda&password=x";
    assert_eq!(failure(&world, "auth.getMobileSession", slip).await, (403, 4));
    let scrobble = format!("sk=adda&artist=A&track=S&timestamp={EVENING}");
    assert_eq!(failure(&world, "track.scrobble", &scrobble).await, (403, 9));
    assert!(world.store().listener(&ListenerId::new("adda")).unwrap().is_none());
}

#[tokio::test]
async fn loves_are_likes_that_can_be_taken_back_and_need_no_play() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    let sk = log_in(&world, "ann", &ann).await;
    let song = format!("sk={sk}&artist=Some+%C3%98ne&track=Never+Played");
    assert_eq!(in_json(&world, "track.love", &song).await, json!({}));
    assert!(call(&world, "track.unlove", &song).await.text().contains("<lfm status=\"ok\"></lfm>"));
    in_json(&world, "track.love", &song).await;
    let said = world.store().feedback(&ListenerId::new("ann")).unwrap();
    let kinds: Vec<_> = said.iter().map(|said| said.kind).collect();
    assert_eq!(kinds, [FeedbackKind::Like, FeedbackKind::Cleared, FeedbackKind::Like]);
    assert!(plays(&world, "ann").is_empty());
    assert_eq!(failure(&world, "track.love", &format!("sk={sk}&artist=A")).await, (400, 6));
    assert_eq!(failure(&world, "track.love", "artist=A&track=S").await, (403, 9));
}

#[tokio::test]
async fn what_plays_now_is_told_and_in_no_log() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    let sk = log_in(&world, "ann", &ann).await;
    let song = format!("sk={sk}&artist=Artist&track=Song&duration=200");
    let told = in_json(&world, "track.updateNowPlaying", &song).await;
    assert_eq!(told["nowplaying"]["track"]["#text"], "Song");
    assert_eq!(told["nowplaying"]["ignoredMessage"]["code"], "0");
    let mut asked = request(Method::GET, "/1/user/ann/playing-now", None);
    asked.headers_mut().insert("authorization", format!("Token {ann}").parse().unwrap());
    assert_eq!(world.send(asked).await.ok()["payload"]["count"], 1);
    assert!(plays(&world, "ann").is_empty());
}

#[tokio::test]
async fn a_session_tells_of_its_own_user() {
    let (world, [ada]) = World::with_tokens(["ada"]).await;
    let sk = log_in(&world, "ada", &ada).await;
    let count = plays(&world, "ada").len().to_string();
    for parameters in [format!("sk={sk}"), format!("sk={sk}&user=ada")] {
        let told = in_json(&world, "user.getInfo", &parameters).await;
        assert_eq!(
            (&told["user"]["name"], &told["user"]["playcount"]),
            (&json!("ada"), &json!(count))
        );
    }
    let read = format!("/2.0?method=user.getinfo&sk={sk}&format=json");
    assert_eq!(world.get(&read).await.ok()["user"]["name"], "ada");
    let xml = call(&world, "user.getInfo", &format!("sk={sk}")).await;
    assert!(xml.text().contains(&format!("<playcount>{count}</playcount>")), "{}", xml.text());
    assert_eq!(xml.headers["content-type"], "application/xml; charset=utf-8");
    assert_eq!(failure(&world, "user.getInfo", &format!("sk={sk}&user=bob")).await, (400, 6));
    assert_eq!(failure(&world, "user.getInfo", "user=ada").await, (403, 9));
}

#[tokio::test]
async fn what_fails_has_last_fm_s_numbers_in_both_formats() {
    let world = World::new().await;
    assert_eq!(failure(&world, "artist.getSimilar", "artist=A").await, (400, 3));
    let xml = call(&world, "", "").await;
    assert!(xml.text().starts_with("<?xml") && xml.text().contains("<error code=\"3\">"));
    assert!(xml.text().contains("<lfm status=\"failed\">"), "{}", xml.text());
    let form = |query: &str, body: String| {
        Request::post(format!("/2.0/{query}")).body(Body::from(body)).unwrap()
    };
    let large = world.send(form("?format=json", "x".repeat(300 << 10))).await;
    assert_eq!(error(&large), (413, 6));
    let mut elsewhere =
        form("?format=json", "method=track.love&sk=ada&artist=A&track=S".to_owned());
    elsewhere.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    assert_eq!(error(&world.send(elsewhere).await), (403, 4), "no page of another site");
    let limited = World::with(|config| config.limits.rate = std::num::NonZeroU32::new(1)).await;
    let path = "/2.0/?method=user.getInfo&sk=ada&format=json";
    let mut last = limited.get(path).await;
    while last.status.as_u16() == 200 {
        last = limited.get(path).await;
    }
    assert_eq!(error(&last), (429, 29));
    assert!(last.headers.contains_key("retry-after"));
}
