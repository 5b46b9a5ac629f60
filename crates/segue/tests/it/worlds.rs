//! Somebody who brings nothing but a history, and a world.

use std::fs;
use std::path::{Path, PathBuf};

use segue::world::build::BuildConfig;
use segue::world::{World, WorldError};
use segue::{
    Error, ImportOptions, Library, ListenerId, MixRequest, PolicyKind, Reason, Start, Timestamp,
    TrainOptions, build_world,
};

/// A world of two camps of people, who play thirty songs each, by as many artists.
fn world(folder: &Path, name: &str) -> PathBuf {
    let mut lines = String::new();
    for user in 0..40_i64 {
        for evening in 0..3_i64 {
            for song in 0..20_i64 {
                let number = (song + user + 7 * evening) % 30 + 30 * (user % 2);
                let listen = serde_json::json!({
                    "user_id": user, "user_name": "somebody",
                    "timestamp": 1_700_000_000 + evening * 86_400 + song * 200,
                    "track_metadata": {
                        "artist_name": format!("Artist {number}"),
                        "track_name": format!("Song {number}"),
                        "additional_info": {
                            "recording_mbid":
                                format!("b1a9c0e9-d987-4042-ae91-78d6a32{number:05}"),
                        },
                    },
                });
                lines.push_str(&format!("{listen}\n"));
            }
        }
    }
    let dump = folder.join("listens.jsonl");
    fs::write(&dump, lines).unwrap();
    let out = folder.join(name);
    let config = BuildConfig { listens: vec![dump], ..BuildConfig::default() };
    let report = build_world(&config, &out, &mut |_| {}).unwrap();
    assert!(report.adds_up() && report.recordings == 60, "{report:?}");
    out
}

/// A library of somebody who scrobbled a dozen songs of the second camp for months.
fn alone(folder: &Path) -> (Library, ListenerId) {
    let ann = ListenerId::new("ann");
    let table = folder.join("scrobbles.csv");
    let mut rows = "artist_name,track_name,timestamp\n".to_owned();
    for play in 0..120 {
        // A song more every ten days.
        let number = 30 + (play * 7) % (1 + play / 10);
        let at = 1_720_000_000 + play * 86_400;
        rows.push_str(&format!("ARTIST {number},Song {number} - Remastered 2011,{at}\n"));
    }
    fs::write(&table, rows).unwrap();
    let mut library = Library::open(folder.join("library")).unwrap();
    library.import(&[table], &ImportOptions::new(ann.clone()), &mut ()).unwrap();
    (library, ann)
}

#[test]
fn an_export_and_a_world_give_new_music_that_people_with_the_same_songs_play() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path(), "people.world");
    let (mut library, ann) = alone(folder.path());
    let found = library.use_world(&world).unwrap();
    assert_eq!((found.works, found.matched, found.plays_matched), (12, 12, 120));
    library.train(&TrainOptions::default(), &mut |_| {}).unwrap();

    // What was drawn is in the library, once, under the identifier that the world has.
    let tracks = library.store().tracks().unwrap();
    assert_eq!(tracks.len(), 12 + 48);
    let drawn = tracks.iter().find(|track| track.title == "Song 59").unwrap();
    assert_eq!(drawn.id.as_str(), "mbid:b1a9c0e9-d987-4042-ae91-78d6a3200059");

    let snapshot = library.snapshot().unwrap();
    let request = MixRequest {
        length: 10,
        explore: 1.0,
        policy: PolicyKind::Greedy,
        ..MixRequest::new(Timestamp::from_second(1_731_000_000).unwrap())
    };
    let mix = library.mix(&snapshot, &ann, &request).unwrap().outcome;
    let number = |title: &str| title.strip_prefix("Song ").unwrap().parse::<u32>().unwrap();
    let picks = &mix.slate.picks;
    let titles: Vec<String> = picks
        .iter()
        .map(|pick| library.store().track(&pick.track).unwrap().unwrap().title)
        .collect();
    let of_camp = titles.iter().filter(|title| number(title) >= 42).count();
    assert!(picks.iter().all(|pick| pick.new_to_listener), "{titles:?}");
    assert!(of_camp >= 9, "{of_camp} of ten are new songs of the camp: {titles:?}");
    // Alone in a library, nobody likes two songs together; people of the world play them in a
    // sitting.
    let song = snapshot.catalogue.find(&drawn.id).unwrap();
    let similar = snapshot.similar(song, 5);
    let title = |row| &snapshot.catalogue.track(row).title;
    let alike: Vec<&String> = similar.iter().map(|found| title(found.track)).collect();
    let is_of_camp = |title: &&String| number(title.split(" - ").next().unwrap()) >= 30;
    assert!(alike.len() == 5 && alike.iter().all(is_of_camp), "{alike:?}");
    let says_why = picks.iter().filter(|pick| matches!(pick.reason, Reason::PlayedWith { .. }));
    assert!(
        says_why.count() >= 5,
        "{:?}",
        picks.iter().map(|pick| &pick.reason).collect::<Vec<_>>()
    );

    // Training again draws nothing twice, and goes on without the world only from nothing.
    library.train(&TrainOptions::default(), &mut |_| {}).unwrap();
    assert_eq!(library.store().tracks().unwrap().len(), 60);
    library.drop_world().unwrap();
    let on = TrainOptions { start: Start::Continue, ..TrainOptions::default() };
    assert!(matches!(library.train(&on, &mut |_| {}), Err(Error::Training(_))));
    let trained = library.train(&TrainOptions::default(), &mut |_| {}).unwrap();
    assert!(trained.card.members.iter().all(|one| !one.member.name().starts_with("world")));
}

#[test]
fn a_world_that_is_gone_or_another_one_stops_a_training_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = world(folder.path(), "people.world");
    let (mut library, _) = alone(folder.path());
    library.use_world(&path).unwrap();
    let open = World::open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let gone = library.train(&TrainOptions::default(), &mut |_| {}).unwrap_err();
    let Error::LostWorld(WorldError::Io { path: named, .. }) = &gone else { panic!("{gone}") };
    assert!(named.ends_with("people.world") && gone.to_string().contains("segue world drop"));

    // A part of it under its name is not it.
    open.export(20, &path).unwrap();
    let other = library.train(&TrainOptions::default(), &mut |_| {}).unwrap_err();
    assert!(matches!(&other, Error::OtherWorld { .. }), "{other}");
    assert!(other.to_string().contains("segue world use"), "{other}");
    let missing = library.use_world(folder.path().join("nowhere")).unwrap_err();
    assert!(missing.to_string().contains("nowhere"), "{missing}");
}

/// A world of a year: forty people play the same sixty songs all along; "New Song 3" and its like
/// come up after 250 days, "Late Song 4" in the last month. It begins at `begin_s`.
fn world_of_a_year(folder: &Path, begin_s: i64) -> PathBuf {
    let mut lines = String::new();
    let mut play = |user: i64, day: i64, place: i64, artist: i64, title: String| {
        let listen = serde_json::json!({
            "user_id": user, "user_name": "somebody",
            "timestamp": begin_s + day * 86_400 + place * 200,
            "track_metadata": {"artist_name": format!("Artist {artist}"), "track_name": title},
        });
        lines.push_str(&format!("{listen}\n"));
    };
    for user in 0..40 {
        for month in 0..12 {
            for place in 0..10 {
                let song = (place + user + 5 * month) % 60;
                play(user, 30 * month, place, song, format!("Song {song}"));
            }
        }
        for artist in 0..30 {
            play(user, 250, artist, artist, format!("New Song {artist}"));
            play(user, 350, artist, artist + 30, format!("Late Song {}", artist + 30));
        }
    }
    fs::create_dir_all(folder).unwrap();
    let dump = folder.join("year.jsonl");
    fs::write(&dump, lines).unwrap();
    let out = folder.join("year.world");
    let config = BuildConfig { listens: vec![dump], ..BuildConfig::default() };
    build_world(&config, &out, &mut |_| {}).unwrap();
    out
}

#[test]
fn what_came_out_lately_arrives_and_it_is_known_what_came_out_since() {
    let folder = tempfile::tempdir().unwrap();
    let begin_s = Timestamp::now().as_second() / 86_400 * 86_400 - 370 * 86_400;
    let world = world_of_a_year(folder.path(), begin_s);
    let (mut library, ann) = alone(folder.path());
    library.use_world(&world).unwrap();
    library.train(&TrainOptions::default(), &mut |_| {}).unwrap();
    let snapshot = library.snapshot().unwrap();
    let title = |track: &segue_core::TrackId| snapshot.track(track).unwrap().title.clone();
    let arrived: Vec<String> = snapshot.arrivals.iter().map(title).collect();
    assert!(!arrived.is_empty());
    assert!(arrived.iter().all(|title| title.starts_with("Late Song")), "{arrived:?}");

    // A year before which nothing is known says of no song that it is old or new.
    let known: Vec<_> = library.store().releases().unwrap();
    let of = |release: &segue_core::Release| title(&release.track);
    assert!(known.iter().all(|one| !of(one).starts_with("Song")), "{known:?}");
    assert!(known.iter().filter(|one| of(one).starts_with("New Song")).all(|one| !one.is_late));
    let then = Timestamp::from_second(begin_s + 250 * 86_400).unwrap();
    let day = then.to_zoned(jiff::tz::TimeZone::UTC).date();
    assert!(known.iter().any(|one| one.day == day), "{known:?}");

    // Whoever asks for new music hears of it, and why.
    let request = MixRequest {
        length: 20,
        explore: 1.0,
        policy: PolicyKind::Greedy,
        ..MixRequest::new(Timestamp::from_second(1_731_000_000).unwrap())
    };
    let mix = library.mix(&snapshot, &ann, &snapshot.completed(request)).unwrap().outcome;
    let new_from =
        mix.slate.picks.iter().filter(|pick| matches!(pick.reason, Reason::NewFrom { .. }));
    assert!(new_from.count() >= 1, "{:?}", mix.slate.picks);

    // What an old world tells of is new no more, and without one nothing is told.
    let old = world_of_a_year(&folder.path().join("old"), begin_s - 2 * 365 * 86_400);
    library.use_world(&old).unwrap();
    library.train(&TrainOptions::default(), &mut |_| {}).unwrap();
    assert!(library.store().releases().unwrap().iter().any(|one| one.is_late));
    assert_eq!(library.snapshot().unwrap().arrivals, []);
    library.drop_world().unwrap();
    library.train(&TrainOptions::default(), &mut |_| {}).unwrap();
    assert_eq!(library.store().releases().unwrap(), []);
}
