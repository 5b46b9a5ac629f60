//! Somebody who was invited brings their own history: nothing of anybody else comes in with it, and
//! they see nothing of what others bring.

use axum::body::Body;
use axum::http::{Method, Request, header};
use segue_core::ListenerId;
use segue_server::Scope;
use serde_json::{Value, json};

use crate::access::{by_browser, session};
use crate::world::{Reply, Socket, World};

/// A table that names two listeners, one of them twice.
const TABLE: &str = "\
user_id,track_name,artist_name,played_at,ms_played
ada,Her Own Song,Anna Ash,2024-01-01T00:00:00Z,201000
bob,His Song,Ben Birch,2024-01-01T01:00:00Z,201000
bob,His Other Song,Ben Birch,2024-01-01T02:00:00Z,201000
";

async fn upload(world: &World, key: &str, query: &str) -> Reply {
    let request = Request::post(format!("/v1/imports{query}")).header("x-api-key", key);
    world.send(request.body(Body::from(TABLE)).unwrap()).await
}

async fn ask(world: &World, key: &str, method: Method, path: &str) -> Reply {
    let request = Request::builder().method(method).uri(path).header("x-api-key", key);
    world.send(request.body(Body::empty()).unwrap()).await
}

/// Waits for an import to end.
async fn ended(world: &World, key: &str, id: &str) -> Value {
    loop {
        let import = ask(world, key, Method::GET, &format!("/v1/imports/{id}")).await.ok();
        if ["done", "failed"].contains(&import["state"].as_str().unwrap()) {
            return import;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

fn plays(world: &World, of: &str) -> usize {
    world.store().listens(&ListenerId::new(of)).unwrap().len()
}

#[tokio::test]
async fn a_person_brings_their_own_history_and_rows_about_others_are_refused_and_counted() {
    let (world, [ada, _, keeper]) = World::household().await;
    let before = (plays(&world, "ada"), plays(&world, "bob"));
    let begun = upload(&world, &ada, "?name=plays.csv").await.ok();
    let import = ended(&world, &ada, begun["id"].as_str().unwrap()).await;
    assert_eq!(import["state"], "done", "{import}");
    let total = &import["report"]["total"];
    assert_eq!((&total["rows_read"], &total["listens"]), (&json!(3), &json!(1)));
    assert_eq!(total["dropped"], json!({"other_listener": 2}));
    assert_eq!((plays(&world, "ada"), plays(&world, "bob")), (before.0 + 1, before.1));

    let other = upload(&world, &ada, "?listener=bob").await;
    assert_eq!(other.error(), (403, "other_listener".to_owned()));
    assert_eq!(std::fs::read_dir(world.library().join("uploads")).unwrap().count(), 0);

    // Whoever may bring everybody's rows brings the same file whole.
    let begun = upload(&world, &keeper, "?listener=ada&name=plays.csv").await.ok();
    let whole = ended(&world, &keeper, begun["id"].as_str().unwrap()).await;
    assert_eq!(whole["report"]["total"]["listens"], 3, "{whole}");
    assert_eq!((plays(&world, "ada"), plays(&world, "bob")), (before.0 + 1, before.1 + 2));
}

#[tokio::test]
async fn nobody_who_was_invited_sees_or_stops_what_others_bring() {
    let keys = [(Scope::Write, Some("ada")), (Scope::Write, Some("bob")), (Scope::Admin, None)];
    let (world, [ada, bob, keeper]) = World::opened_by(tempfile::tempdir().unwrap(), keys).await;
    let of = async |key: &str, query: &str| {
        upload(&world, key, query).await.ok()["id"].as_str().unwrap().to_owned()
    };
    // The keeper's is for her, and names him.
    let theirs = [of(&keeper, "?listener=ada&hold=true").await, of(&bob, "?hold=true").await];
    let hers = of(&ada, "?hold=true").await;
    let as_ada = session(&world, &ada).await;
    for id in &theirs {
        for (method, path) in [
            (Method::GET, format!("/v1/imports/{id}")),
            (Method::DELETE, format!("/v1/imports/{id}")),
            (Method::POST, format!("/v1/imports/{id}/start")),
            (Method::GET, format!("/import/{id}")),
            (Method::GET, format!("/fragments/import/{id}")),
            (Method::POST, format!("/import/{id}/start")),
            (Method::POST, format!("/import/{id}/discard")),
        ] {
            let reply = world.send(by_browser(&as_ada, method.clone(), &path, "")).await;
            assert_eq!(reply.status.as_u16(), 404, "{method} {path}");
            assert!(!reply.text().contains("His Song"), "{method} {path}");
            if path.starts_with("/v1/") {
                let reply = ask(&world, &ada, method, &path).await;
                assert_eq!(reply.error(), (404, "unknown_import".to_owned()), "{path}");
            }
        }
    }
    let ids = |answer: Value| -> Vec<String> {
        let imports = answer["imports"].as_array().unwrap().clone();
        imports.iter().map(|import| import["id"].as_str().unwrap().to_owned()).collect()
    };
    let listed = ids(ask(&world, &ada, Method::GET, "/v1/imports").await.ok());
    assert_eq!(listed, std::slice::from_ref(&hers));
    let all = ids(ask(&world, &keeper, Method::GET, "/v1/imports").await.ok());
    assert_eq!(all.len(), 3, "whoever runs it sees all");

    // And hers shows what would be kept, of her alone.
    let page = world.send(by_browser(&as_ada, Method::GET, &format!("/import/{hers}"), "")).await;
    let text = page.text();
    assert!(text.contains("Her Own Song") && !text.contains("His Song"), "{text}");
    assert!(text.contains("2 about somebody else"), "{text}");
}

#[tokio::test]
async fn a_person_follows_their_import_on_the_page_and_lets_go_of_it() {
    let (world, [ada, ..]) = World::household().await;
    let session = session(&world, &ada).await;
    let send = async |method, path: &str| world.send(by_browser(&session, method, path, "")).await;
    let form = send(Method::GET, "/import").await.text();
    assert!(form.contains("type=\"file\"") && !form.contains("Whose history"), "{form}");
    let bring = async |listener: &str| {
        let body = format!(
            "--b\r\ncontent-disposition: form-data; name=\"listener\"\r\n\r\n{listener}\r\n--b\r\n\
             content-disposition: form-data; name=\"files\"; filename=\"plays.csv\"\r\n\r\n\
             {TABLE}\r\n--b--\r\n"
        );
        let mut request = by_browser(&session, Method::POST, "/import", &body);
        let kind = "multipart/form-data; boundary=b".parse().unwrap();
        request.headers_mut().insert(header::CONTENT_TYPE, kind);
        world.send(request).await
    };
    assert_eq!(bring("bob").await.status.as_u16(), 403, "nobody else's");
    let held = bring("ada").await.headers["location"].to_str().unwrap().to_owned();
    assert!(send(Method::GET, &held).await.text().contains("Before it goes in"));
    assert_eq!(send(Method::POST, &format!("{held}/discard")).await.status.as_u16(), 303);
    let held = bring("ada").await.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(send(Method::POST, &format!("{held}/start")).await.status.as_u16(), 303);
    ended(&world, &ada, held.strip_prefix("/import/").unwrap()).await;
    let report = send(Method::GET, &held).await.text();
    assert!(report.contains("about somebody else") && !report.contains("bob"), "{report}");
}

#[tokio::test]
async fn what_was_sent_by_one_person_stays_theirs_over_a_restart() {
    let (world, [_, _, keeper]) = World::household().await;
    let before = plays(&world, "bob");
    let folder = world.library().join("uploads");
    std::fs::create_dir_all(folder.join("hers.upload")).unwrap();
    std::fs::write(folder.join("hers.upload/plays.csv"), TABLE).unwrap();
    let label = json!({"listener": "ada", "name": "plays.csv", "sender": "ada"});
    std::fs::write(folder.join("hers.json"), label.to_string()).unwrap();
    let socket = Socket::of(&world.app).await;
    while ask(&world, &keeper, Method::GET, "/v1/imports/hers").await.status.as_u16() != 200 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let import = ended(&world, &keeper, "hers").await;
    socket.stopped().await;
    assert_eq!(import["report"]["total"]["dropped"], json!({"other_listener": 2}), "{import}");
    assert_eq!(plays(&world, "bob"), before);
}

#[tokio::test]
async fn one_person_leaves_room_for_the_uploads_of_others() {
    let (world, [ada, _, keeper]) = World::household().await;
    for _ in 0..3 {
        upload(&world, &ada, "?hold=true").await.ok();
    }
    let fourth = upload(&world, &ada, "?hold=true").await;
    assert_eq!(fourth.error(), (503, "too_many_imports".to_owned()));
    upload(&world, &keeper, "?hold=true").await.ok();
}

#[tokio::test]
async fn whoever_is_invited_to_an_empty_library_is_asked_for_their_history() {
    let keys = [(Scope::Write, Some("tom")), (Scope::Read, Some("tom"))];
    let (world, [tom, kiosk]) = World::opened_by(tempfile::tempdir().unwrap(), keys).await;
    let session_of_tom = session(&world, &tom).await;
    let home = world.send(by_browser(&session_of_tom, Method::GET, "/", "")).await;
    let text = home.text();
    assert!(text.contains("type=\"file\"") && text.contains("the history of"), "{text}");
    let kiosk = session(&world, &kiosk).await;
    let home = world.send(by_browser(&kiosk, Method::GET, "/", "")).await;
    assert_eq!(home.headers["location"], "/history");
}
