//! Uploads that are looked at before they are imported: what is told of them, and that nothing is
//! kept until it is said.

use std::io::Write as _;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use segue_core::ListenerId;
use serde_json::{Value, json};

use crate::world::{Reply, World, request};

const TABLE: &str = "\
user_id,track_name,artist_name,played_at,ms_played,mood_time
dora,First Song,Anna Ash,2024-01-01T00:00:00Z,201000,1
emil,Second Song,Anna Ash,2024-01-01T01:00:00Z,201000,2
dora,,,2024-01-01T03:00:00Z,1000,3
";
const PLAY: &str = r#"{"ts": "2024-01-05T10:00:00Z", "ms_played": 9000, "ip_addr": "192.0.2.7",
"master_metadata_track_name": "Tide", "master_metadata_album_artist_name": "Vera"}"#;

/// An export of two histories, and of what is nobody's business.
fn export() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let many = vec![PLAY; 20_000].join(",");
    for (name, content) in [
        ("Streaming_History_Audio_2023_0.json", format!("[{PLAY},{PLAY}]")),
        ("Streaming_History_Audio_2024_1.json", format!("[{many}]")),
        ("Userdata.json", "{\"email\": \"dora@example.org\"}".to_owned()),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

async fn hold(world: &World, query: &str, content: impl Into<Body>) -> Value {
    let upload = Request::post(format!("/v1/imports?hold=true&listener=dora{query}"));
    let held = world.send(upload.body(content.into()).unwrap()).await.ok();
    assert_eq!(held["state"], "held", "{held}");
    held
}

fn address(held: &Value) -> String {
    format!("/v1/imports/{}", held["id"].as_str().unwrap())
}

fn left(world: &World) -> usize {
    std::fs::read_dir(world.library().join("uploads")).unwrap().count()
}

#[tokio::test]
async fn what_is_held_is_explained_and_imported_when_that_is_said() {
    let world = World::empty().await;
    let held = hold(&world, "&name=history.csv", TABLE).await;
    let file = &held["explanation"][0];
    assert_eq!(file["report"]["path"], "history.csv");
    assert_eq!(file["report"]["columns"][1], json!({"name": "track_name", "meaning": "title"}));
    let note = file["report"]["note"].as_str().unwrap();
    assert!(note.contains("columns not read: `mood_time`"), "{note}");
    assert_eq!((&file["report"]["rows_read"], &file["goes_on"]), (&json!(3), &json!(false)));
    assert_eq!(file["records"][0]["listen"]["track"]["title"], "First Song");
    assert_eq!(file["records"].as_array().unwrap().len(), 2);
    assert_eq!(world.get(&address(&held)).await.ok(), held);
    let listed = world.get("/v1/imports").await.ok();
    assert_eq!(listed["imports"][0].get("explanation"), None, "a list is short");
    assert!(world.store().listeners().unwrap().is_empty(), "nothing is kept yet");

    let begun = world.post(&format!("{}/start", address(&held)), &json!({})).await;
    assert_eq!(begun.status.as_u16(), 202, "{}", begun.text());
    let done = world.ended(&address(&held)).await;
    assert_eq!((&done["state"], done.get("explanation")), (&json!("done"), None), "{done}");
    assert_eq!(world.store().listens(&ListenerId::new("dora")).unwrap().len(), 1);
    assert_eq!(left(&world), 0);
    let again = world.post(&format!("{}/start", address(&held)), &json!({})).await;
    assert_eq!(again.error(), (409, "not_held".to_owned()));
    let unknown = world.post("/v1/imports/1234/start", &json!({})).await;
    assert_eq!(unknown.error(), (404, "unknown_import".to_owned()));
}

#[tokio::test]
async fn of_an_archive_the_beginning_of_each_file_is_told_and_nothing_private() {
    let world = World::empty().await;
    let held = hold(&world, "&name=my_data.zip", export()).await;
    let files = held["explanation"].as_array().unwrap();
    let find = |name: &str| {
        let is_named = |file: &&Value| file["report"]["path"].as_str().unwrap().ends_with(name);
        files.iter().find(is_named).unwrap()
    };
    let (short, long) = (find("2023_0.json"), find("2024_1.json"));
    assert_eq!((&short["report"]["listens"], &short["goes_on"]), (&json!(2), &json!(false)));
    assert_eq!((&long["report"]["listens"], &long["goes_on"]), (&json!(2_000), &json!(true)));
    assert_eq!(long["report"]["path"], "my_data.zip/Streaming_History_Audio_2024_1.json");
    assert_eq!(find("Userdata.json")["report"]["source"], Value::Null);
    assert!(!held.to_string().contains("192.0.2.7"), "addresses are not even looked at");
    assert!(!held.to_string().contains("dora@example.org"));
    world.post(&format!("{}/start", address(&held)), &json!({})).await.ok();
    let done = world.ended(&address(&held)).await;
    assert_eq!(done["report"]["total"]["listens"], 20_002, "all of it is imported");
}

#[tokio::test]
async fn what_is_discarded_or_held_for_too_long_is_gone() {
    let world = World::with(|config| config.limits.held_time = Duration::from_millis(300)).await;
    let held = hold(&world, "", TABLE).await;
    let discarded = world.delete(&address(&held)).await.ok();
    assert_eq!(
        (&discarded["state"], &discarded["problem"]),
        (&json!("failed"), &json!("cancelled"))
    );
    assert_eq!((discarded.get("explanation"), left(&world)), (None, 0));
    let late = world.post(&format!("{}/start", address(&held)), &json!({})).await;
    assert_eq!(late.error(), (409, "not_held".to_owned()));

    let forgotten = hold(&world, "", TABLE).await;
    let expired = world.ended(&address(&forgotten)).await;
    assert!(expired["problem"].as_str().unwrap().contains("not begun in time"), "{expired}");
    while left(&world) > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_file_of_no_known_format_is_told_of_and_keeps_no_other_from_being_read() {
    let world = World::empty().await;
    let held = hold(&world, "&name=notes.txt", "milk, bread, jam").await;
    let report = &held["explanation"][0]["report"];
    assert_eq!(report["source"], Value::Null);
    let note = report["note"].as_str().unwrap();
    assert!(note.contains("`notes.txt` is in no format that segue knows"), "{note}");

    let sent = form(&world, &[("notes.txt", "milk, bread, jam"), ("plays.csv", TABLE)]).await;
    let place = sent.headers["location"].to_str().unwrap().to_owned();
    let page = world.get(&place).await.text();
    for part in [
        "Before it goes in",
        "notes.txt",
        "<td>First Song</td>",
        "columns not read: `mood_time`",
        "name it after what it holds",
        "2024-01-01 00:00",
        "<td>3:21</td>",
    ] {
        assert!(page.contains(part), "no `{part}` in {page}");
    }
    assert!(!page.contains("http-equiv=\"refresh\""), "it waits for a word, not for work");
    let begun = world.send(request(Method::POST, &format!("{place}/start"), None)).await;
    assert_eq!(
        (begun.status.as_u16(), begun.headers["location"].to_str().unwrap()),
        (303, &*place)
    );
    let done = world.ended(&format!("/v1/imports{}", place.strip_prefix("/import").unwrap())).await;
    let total = &done["report"]["total"];
    assert_eq!((&done["state"], &total["listens"]), (&json!("done"), &json!(2)), "{done}");
    let again = world.send(request(Method::POST, &format!("{place}/start"), None)).await;
    assert_eq!(again.status.as_u16(), 303, "whoever presses twice sees how far it is");
}

#[tokio::test]
async fn the_page_discards_what_is_not_wanted() {
    let world = World::empty().await;
    let sent = form(&world, &[("notes.txt", "milk, bread, jam")]).await;
    let place = sent.headers["location"].to_str().unwrap().to_owned();
    let page = world.get(&place).await.text();
    assert!(page.contains("nothing in it that it can read") && !page.contains("/start"), "{page}");
    let discarded = world.send(request(Method::POST, &format!("{place}/discard"), None)).await;
    assert_eq!(discarded.headers["location"], "/import");
    assert_eq!(left(&world), 0);
}

/// Sends files as the page does.
async fn form(world: &World, files: &[(&str, &str)]) -> Reply {
    let mut body =
        "--b\r\ncontent-disposition: form-data; name=\"listener\"\r\n\r\ndora".to_owned();
    for (name, content) in files {
        body += &format!(
            "\r\n--b\r\ncontent-disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\r\n\
            {content}"
        );
    }
    body += "\r\n--b--\r\n";
    let sent = Request::post("/import").header("content-type", "multipart/form-data; boundary=b");
    let sent = world.send(sent.body(body.into()).unwrap()).await;
    assert_eq!(sent.status.as_u16(), 303, "{}", sent.text());
    sent
}

#[tokio::test]
async fn forgetting_reaches_what_is_held() {
    let world = World::new().await;
    let of_dora = hold(&world, "", TABLE).await;
    let upload = Request::post("/v1/imports?hold=true&listener=bob").body(TABLE.into()).unwrap();
    let of_bob = world.send(upload).await.ok();
    world.import("?listener=dora", TABLE).await;
    world.delete("/v1/listeners/dora").await.ok();
    assert_eq!(world.get(&address(&of_dora)).await.error(), (404, "unknown_import".to_owned()));
    assert_eq!(left(&world), 2, "of the other one there are files and a label");
    let held = world.get(&address(&of_bob)).await.ok();
    assert_eq!(held["explanation"][0]["records"].as_array().unwrap().len(), 1);
    assert!(!held["explanation"][0]["records"].to_string().contains("dora"));
    world.post(&format!("{}/start", address(&of_bob)), &json!({})).await.ok();
    world.ended(&address(&of_bob)).await;
    assert_eq!(world.store().listener(&ListenerId::new("dora")).unwrap(), None);
}

#[tokio::test]
async fn what_is_held_counts_among_the_imports_that_may_wait() {
    let world = World::empty().await;
    for _ in 0..20 {
        hold(&world, "", TABLE).await;
    }
    let one_more = Request::post("/v1/imports").body(TABLE.into()).unwrap();
    assert_eq!(world.send(one_more).await.error(), (503, "too_many_imports".to_owned()));
}

#[tokio::test]
async fn a_key_for_a_listener_holds_what_is_theirs_and_opens_no_page() {
    let (world, [dora]) = World::with_tokens(["dora"]).await;
    for (method, path) in [
        (Method::POST, "/v1/imports?hold=true&listener=emil"),
        (Method::GET, "/import"),
        (Method::POST, "/import/1234/start"),
        (Method::POST, "/import/1234/discard"),
    ] {
        let mut asked = request(method, path, None);
        asked.headers_mut().insert("x-api-key", dora.parse().unwrap());
        assert_eq!(world.send(asked).await.error(), (403, "other_listener".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_restart_clears_away_what_is_held() {
    let world = World::new().await;
    let uploads = world.library().join("uploads");
    std::fs::create_dir_all(uploads.join("held.part")).unwrap();
    std::fs::write(uploads.join("held.part/history.csv"), TABLE).unwrap();
    std::fs::write(uploads.join("held.json"), r#"{"listener": "dora", "name": "a.csv"}"#).unwrap();
    let socket = crate::world::Socket::of(&world.app).await;
    while left(&world) > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(world.get("/v1/imports").await.ok(), json!({"imports": []}));
    socket.stopped().await;
}
