//! Covers out of files and beside them: small, drawn anew, and never anything that is no picture.
//! All sounds and pictures are made here.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use axum::http::{Method, StatusCode, header};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};

use crate::access::session;
use crate::world::{Reply, World, request};

const RED: [u8; 3] = [200, 30, 30];
const GREEN: [u8; 3] = [30, 160, 30];
const BLUE: [u8; 3] = [30, 30, 200];

/// A picture of one colour.
fn picture(colour: [u8; 3], side: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgb8(RgbImage::from_pixel(side, side, Rgb(colour)));
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A FLAC file with no sound in it, and with a picture where there is one.
fn flac(picture: Option<&[u8]>) -> Vec<u8> {
    let mut file = b"fLaC".to_vec();
    let mut block = |kind: u8, is_last: bool, content: &[u8]| {
        file.push(kind | u8::from(is_last) << 7);
        file.extend(&(content.len() as u32).to_be_bytes()[1..]);
        file.extend(content);
    };
    let mut info = vec![16, 0, 16, 0, 0, 0, 0, 0, 0, 0];
    // 44,100 Hz, one channel, 16 bits, no samples known.
    info.extend([0x0a, 0xc4, 0x40, 0xf0, 0, 0, 0, 0]);
    info.extend([0; 16]);
    block(0, picture.is_none(), &info);
    if let Some(picture) = picture {
        let kind = b"image/png";
        let mut content = 3_u32.to_be_bytes().to_vec();
        content.extend((kind.len() as u32).to_be_bytes());
        content.extend(kind);
        content.extend([0; 20]);
        content.extend((picture.len() as u32).to_be_bytes());
        content.extend(picture);
        block(6, true, &content);
    }
    file
}

/// A world that plays from a folder.
struct Shelf {
    world: World,
    folder: tempfile::TempDir,
}

impl Shelf {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let music = folder.path().join("music");
        fs::create_dir(&music).unwrap();
        let world = World::with(move |config| config.music = vec![music]).await;
        Self { world, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("music").join(name)
    }

    fn put(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Makes tracks of files: of each the id, and which file it is.
    async fn describe(&self, tracks: &[(&str, &str)]) {
        let described: Vec<Value> = tracks
            .iter()
            .map(|(id, file)| json!({"id": id, "title": id, "artists": ["A"], "location": file}))
            .collect();
        self.world.post("/v1/tracks", &json!(described)).await.ok();
        self.world.app.build().await.unwrap();
    }

    async fn cover(&self, track: &str, size: u32) -> Reply {
        self.world.get(&format!("/v1/tracks/{track}/cover?size={size}")).await
    }

    async fn has_none(&self, track: &str) {
        let reply = self.cover(track, 96).await;
        assert_eq!(reply.error(), (404, "no_cover".to_owned()), "{track}");
    }
}

/// The picture of an answer, which has to be a JPEG.
fn seen(reply: &Reply) -> RgbImage {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    assert_eq!(reply.headers[header::CONTENT_TYPE], "image/jpeg");
    image::load_from_memory_with_format(&reply.body, ImageFormat::Jpeg).unwrap().to_rgb8()
}

/// Whether a picture is of a colour, as far as JPEG keeps it.
fn is_of(picture: &RgbImage, colour: [u8; 3]) -> bool {
    let pixel = picture.get_pixel(picture.width() / 2, picture.height() / 2);
    pixel.0.iter().zip(colour).all(|(seen, meant)| seen.abs_diff(meant) < 12)
}

#[tokio::test]
async fn the_picture_in_a_file_comes_first_and_then_the_likeliest_beside_it() {
    let shelf = Shelf::new().await;
    let png = |colour| picture(colour, 40, ImageFormat::Png);
    shelf.put("one/own.flac", &flac(Some(&png(RED))));
    shelf.put("one/plain.flac", &flac(None));
    shelf.put("one/FOLDER.JPG", &picture(GREEN, 40, ImageFormat::Jpeg));
    shelf.put("one/front.png", &png(BLUE));
    shelf.put("two/plain.flac", &flac(None));
    shelf.put("two/Cover.WebP", &picture(BLUE, 40, ImageFormat::WebP));
    shelf.put("two/broken.flac", &flac(Some(b"\x89PNG\r\n\x1a\n and no more")));
    shelf.put("none/plain.flac", &flac(None));
    let tracks = [
        ("own", "one/own.flac"),
        ("beside", "one/plain.flac"),
        ("webp", "two/plain.flac"),
        ("broken", "two/broken.flac"),
        ("none", "none/plain.flac"),
    ];
    shelf.describe(&tracks).await;
    for (track, colour) in [("own", RED), ("beside", GREEN), ("webp", BLUE), ("broken", BLUE)] {
        assert!(is_of(&seen(&shelf.cover(track, 96).await), colour), "{track}");
    }
    shelf.has_none("none").await;
    let unknown = shelf.cover("nowhere", 96).await;
    assert_eq!(unknown.error(), (404, "unknown_track".to_owned()));
    // A picture that comes to lie beside it is found.
    shelf.put("none/cover.gif", b"GIF89a");
    shelf.has_none("none").await;
    shelf.put("none/album.png", &png(RED));
    assert!(is_of(&seen(&shelf.cover("none", 96).await), RED));
}

#[tokio::test]
async fn a_cover_is_drawn_anew_and_small() {
    let shelf = Shelf::new().await;
    let mut large = picture(RED, 1_500, ImageFormat::Png);
    // Behind its end, where a browser that guesses would find it.
    large.extend(b"<script>alert(1)</script>");
    shelf.put("large.flac", &flac(Some(&large)));
    shelf.put("small/small.flac", &flac(None));
    shelf.put("small/cover.jpg", &picture(GREEN, 50, ImageFormat::Jpeg));
    shelf.put("wide.flac", &flac(Some(&wide())));
    let tracks = [("large", "large.flac"), ("small", "small/small.flac"), ("wide", "wide.flac")];
    shelf.describe(&tracks).await;
    for (asked, side) in [(0, 96), (60, 96), (97, 320), (640, 640), (9_999, 640)] {
        let reply = shelf.cover("large", asked).await;
        assert_eq!(seen(&reply).dimensions(), (side, side), "{asked}");
        assert!(!reply.text().contains("script"));
        for (name, value) in
            [("x-content-type-options", "nosniff"), ("cache-control", "private, max-age=3600")]
        {
            assert_eq!(reply.headers[name], value);
        }
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'self'"));
    }
    let usual = seen(&shelf.world.get("/v1/tracks/large/cover").await);
    assert_eq!(usual.dimensions(), (320, 320));
    assert_eq!(seen(&shelf.cover("small", 640).await).dimensions(), (50, 50));
    // What lets its ground through lies on white.
    let wide = seen(&shelf.cover("wide", 96).await);
    assert!(wide.dimensions() == (96, 24) && is_of(&wide, [255; 3]));
    for (size, status) in [("-1", 400), ("x", 400)] {
        let reply = shelf.world.get(&format!("/v1/tracks/large/cover?size={size}")).await;
        assert_eq!(reply.status.as_u16(), status, "{size}");
    }
}

/// A picture of four by one that is clear all over.
fn wide() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::new_rgba8(400, 100).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn a_cover_that_the_client_has_is_not_sent_again_until_it_changes() {
    let shelf = Shelf::new().await;
    shelf.put("a/song.flac", &flac(None));
    shelf.put("a/cover.png", &picture(RED, 40, ImageFormat::Png));
    shelf.describe(&[("song", "a/song.flac")]).await;
    let first = shelf.cover("song", 96).await;
    let tag = first.headers[header::ETAG].clone();
    let again = async |has: &str| {
        let mut asked = request(Method::GET, "/v1/tracks/song/cover?size=96", None);
        asked.headers_mut().insert(header::IF_NONE_MATCH, has.parse().unwrap());
        shelf.world.send(asked).await
    };
    let shown = tag.to_str().unwrap();
    for has in [shown.to_owned(), format!("\"other\", W/{shown}")] {
        let same = again(&has).await;
        assert_eq!((same.status, same.body.len()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!(same.headers[header::ETAG], tag);
    }
    assert_eq!(again("\"other\"").await.status, StatusCode::OK);
    assert_ne!(shelf.cover("song", 320).await.headers[header::ETAG], tag, "another size");
    shelf.put("a/cover.png", &picture(GREEN, 77, ImageFormat::Png));
    let changed = again(shown).await;
    assert!(is_of(&seen(&changed), GREEN) && changed.headers[header::ETAG] != tag);
    fs::remove_file(shelf.path("a/cover.png")).unwrap();
    shelf.has_none("song").await;
}

/// A PNG of one bit a pixel that unpacks to a thousand times its size.
fn bomb(side: u32) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    let row = vec![0; side as usize / 8 + 1];
    (0..side).for_each(|_| packed.write_all(&row).unwrap());
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let size = side.to_be_bytes();
    let head: Vec<u8> = [&size[..], &size, &[1, 0, 0, 0, 0]].concat();
    for (kind, content) in [(b"IHDR", head), (b"IDAT", packed.finish().unwrap()), (b"IEND", vec![])]
    {
        file.extend((content.len() as u32).to_be_bytes());
        let chunk = [&kind[..], &content].concat();
        let mut sum = flate2::Crc::new();
        sum.update(&chunk);
        file.extend(chunk);
        file.extend(sum.sum().to_be_bytes());
    }
    file
}

#[tokio::test]
async fn what_is_no_picture_or_too_much_of_one_is_no_cover() {
    let shelf = Shelf::new().await;
    let whole = picture(RED, 300, ImageFormat::Jpeg);
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let gif_of_script = b"GIF89a/*\x00\x00*/=1;alert(1)//".to_vec();
    let bomb = bomb(20_000);
    assert!(bomb.len() < 500 << 10, "{} bytes", bomb.len());
    let bad = [
        ("bomb", bomb),
        ("cut-off", whole[..whole.len() / 2].to_vec()),
        ("without-end", whole[..whole.len() - 2].to_vec()),
        ("svg", svg.to_vec()),
        ("html", b"<!doctype html><script>alert(1)</script>".to_vec()),
        ("script", gif_of_script),
        ("empty", Vec::new()),
        ("head", b"\xff\xd8\xff".to_vec()),
        ("webp", b"RIFF\xff\xff\xff\xffWEBPVP8L\xff\xff\xff\xff\x2f\xff\xff\xff\xff".to_vec()),
    ];
    let mut tracks: Vec<(String, String)> = Vec::new();
    for (name, content) in &bad {
        shelf.put(&format!("{name}/in.flac"), &flac(Some(content)));
        tracks.push((format!("{name}-in"), format!("{name}/in.flac")));
        shelf.put(&format!("{name}-beside/plain.flac"), &flac(None));
        shelf.put(&format!("{name}-beside/cover.png"), content);
        tracks.push((format!("{name}-beside"), format!("{name}-beside/plain.flac")));
    }
    // A hundred megabytes that begin as a picture does.
    shelf.put("huge/plain.flac", &flac(None));
    shelf.put("huge/cover.jpg", &whole);
    let huge = fs::File::options().write(true).open(shelf.path("huge/cover.jpg")).unwrap();
    huge.set_len(100 << 20).unwrap();
    tracks.push(("huge".to_owned(), "huge/plain.flac".to_owned()));
    let named: Vec<(&str, &str)> = tracks.iter().map(|(id, file)| (&id[..], &file[..])).collect();
    shelf.describe(&named).await;
    for (track, _) in &named {
        shelf.has_none(track).await;
        // It is remembered that there is none.
        shelf.has_none(track).await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_lead_to_no_picture_outside_of_the_folder_of_music() {
    use std::os::unix::fs::symlink;
    let shelf = Shelf::new().await;
    let outside = shelf.folder.path().join("private.jpg");
    fs::write(&outside, picture(RED, 40, ImageFormat::Jpeg)).unwrap();
    shelf.put("art/kept.jpg", &picture(GREEN, 40, ImageFormat::Jpeg));
    for album in ["out", "in", "folder"] {
        shelf.put(&format!("{album}/song.flac"), &flac(None));
    }
    symlink(&outside, shelf.path("out/cover.jpg")).unwrap();
    symlink(shelf.path("nowhere"), shelf.path("out/folder.jpg")).unwrap();
    symlink("../art/kept.jpg", shelf.path("in/cover.jpg")).unwrap();
    fs::create_dir(shelf.path("folder/cover.jpg")).unwrap();
    let tracks = [("out", "out/song.flac"), ("in", "in/song.flac"), ("folder", "folder/song.flac")];
    shelf.describe(&tracks).await;
    shelf.has_none("out").await;
    shelf.has_none("folder").await;
    assert!(is_of(&seen(&shelf.cover("in", 96).await), GREEN));
    // A track that is nowhere in the folders has none, whatever lies where it says it is.
    let elsewhere = shelf.folder.path().join("song.flac");
    fs::write(&elsewhere, flac(Some(&picture(RED, 40, ImageFormat::Png)))).unwrap();
    shelf.describe(&[("elsewhere", &elsewhere.display().to_string())]).await;
    shelf.has_none("elsewhere").await;
}

#[tokio::test]
async fn another_release_of_the_song_lends_its_cover() {
    let shelf = Shelf::new().await;
    shelf.put("single/song.flac", &flac(None));
    shelf.put("album/song.flac", &flac(Some(&picture(BLUE, 40, ImageFormat::Png))));
    let song = |id: &str, location: Option<&str>| {
        let mut song = json!({"id": id, "title": "Vapour Trail", "artists": ["Ride"]});
        if let Some(location) = location {
            song["location"] = json!(location);
        }
        song
    };
    let described = json!([
        song("single", Some("single/song.flac")),
        song("album", Some("album/song.flac")),
        song("streamed", None),
    ]);
    shelf.world.post("/v1/tracks", &described).await.ok();
    shelf.world.app.build().await.unwrap();
    for track in ["single", "album", "streamed"] {
        assert!(is_of(&seen(&shelf.cover(track, 96).await), BLUE), "{track}");
    }
}

#[tokio::test]
async fn only_tracks_with_a_file_ask_for_a_cover_on_the_page() {
    let shelf = Shelf::new().await;
    shelf.put("a/song.flac", &flac(None));
    shelf.put("b/song.flac", &flac(Some(&picture(BLUE, 40, ImageFormat::Png))));
    shelf.describe(&[("bare", "a/song.flac"), ("dressed", "b/song.flac")]).await;
    let page = async |path: &str| shelf.world.get(path).await.text();
    let asks = |page: &str, track: &str| page.contains(&format!("/v1/tracks/{track}/cover?size="));
    let bare = page("/tracks/bare").await;
    assert!(asks(&bare, "bare"), "nobody has looked yet");
    assert!(bare.contains("loading=\"lazy\"") && bare.contains("decoding=\"async\""));
    assert!(bare.contains("width=\"320\" height=\"320\"") && bare.contains("alt=\"\""));
    shelf.has_none("bare").await;
    assert!(!asks(&page("/tracks/bare").await, "bare"), "it is known that there is none");
    shelf.cover("dressed", 96).await;
    assert!(asks(&page("/tracks/dressed").await, "dressed"));
    let without_files = World::new().await;
    for path in ["/", "/mix", "/history", "/history/plays", "/taste", "/tracks/t00-0"] {
        assert!(!without_files.get(path).await.text().contains("/cover?"), "{path}");
    }
}

#[tokio::test]
async fn whoever_may_hear_a_track_may_see_its_cover() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.flac"), flac(Some(&picture(RED, 40, ImageFormat::Png))))
        .unwrap();
    let music = folder.path().to_owned();
    let (world, [read, write, _]) =
        World::with_keys(move |config| config.music = vec![music]).await;
    let as_key = async |method: Method, path: &str, key: &str, body: Option<&Value>| {
        let mut asked = request(method, path, body);
        asked.headers_mut().insert("x-api-key", key.parse().unwrap());
        world.send(asked).await
    };
    let described = json!([{"id": "a", "title": "a", "location": "a.flac"}]);
    as_key(Method::POST, "/v1/tracks", &write, Some(&described)).await.ok();
    world.app.build().await.unwrap();
    for path in ["/v1/tracks/a/cover", "/v1/tracks/a/audio"] {
        assert_eq!(world.get(path).await.error(), (401, "key_required".to_owned()), "{path}");
        let mut asked = request(Method::GET, path, None);
        let cookie = format!("segue_session={}", session(&world, &read).await);
        asked.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
        assert_eq!(world.send(asked).await.status, StatusCode::OK, "{path}");
        assert_eq!(as_key(Method::GET, path, &read, None).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn players_get_the_cover_of_a_song_and_are_told_which_have_one() {
    let shelf = Shelf::new().await;
    shelf.put("a/song.flac", &flac(Some(&picture(BLUE, 900, ImageFormat::Png))));
    shelf.put("b/song.flac", &flac(None));
    shelf.describe(&[("dressed", "a/song.flac"), ("bare", "b/song.flac")]).await;
    let art = async |query: &str| shelf.world.get(&format!("/rest/getCoverArt{query}")).await;
    assert_eq!(seen(&art("?id=dressed").await).width(), 640);
    assert_eq!(seen(&art(".view?id=dressed&size=64&f=json").await).width(), 96);
    for (query, code) in [("?id=bare", 70), ("?id=nowhere", 70), ("?size=64", 10)] {
        let reply = art(query).await;
        assert!(reply.text().contains(&format!("code=\"{code}\"")), "{}", reply.text());
    }
    let found = shelf.world.get("/rest/getSimilarSongs?id=t00-0&count=500&f=json").await.json();
    let songs = found["subsonic-response"]["similarSongs"]["song"].as_array().unwrap();
    assert!(songs.iter().all(|song| song["coverArt"].is_null()), "none of them has a file");
    let found = shelf.world.get("/rest/getSimilarSongs2?id=A&f=json").await.json();
    let songs = found["subsonic-response"]["similarSongs2"]["song"].as_array().unwrap();
    let cover =
        |id: &str| songs.iter().find(|song| song["id"] == id).map(|song| song["coverArt"].clone());
    assert_eq!(cover("dressed"), Some(json!("dressed")));
    assert_eq!(cover("bare"), Some(Value::Null), "it was asked for");
}

#[tokio::test]
async fn many_who_ask_at_once_get_it() {
    let shelf = Shelf::new().await;
    let cover = picture(RED, 1_000, ImageFormat::Png);
    let names: Vec<String> = (0..24).map(|number| format!("album/{number}.flac")).collect();
    names.iter().for_each(|name| shelf.put(name, &flac(Some(&cover))));
    let tracks: Vec<(&str, &str)> = names.iter().map(|name| (&name[6..], &name[..])).collect();
    shelf.describe(&tracks).await;
    let shelf = Arc::new(shelf);
    let asked = tracks.iter().map(|(id, _)| {
        let (shelf, id) = (Arc::clone(&shelf), (*id).to_owned());
        tokio::spawn(async move { shelf.cover(&id, 320).await })
    });
    for asked in asked.collect::<Vec<_>>() {
        assert!(is_of(&seen(&asked.await.unwrap()), RED));
    }
}
