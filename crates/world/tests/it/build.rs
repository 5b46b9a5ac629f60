//! Building a world: what is joined, counted, left out, and that an interruption changes nothing.

use std::collections::BTreeMap;
use std::fs;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_world::build::{BuildConfig, build, update};
use segue_world::{RecordingIdx, World, WorldError};

use crate::people::{Played, factors, played, two_camps, world, write};

fn row(world: &World, artist: &str, title: &str) -> RecordingIdx {
    world.find(artist, title).unwrap_or_else(|| panic!("{artist} – {title} is there"))
}

#[test]
fn recordings_come_with_people_listens_and_what_is_played_in_one_sitting() {
    let folder = tempfile::tempdir().unwrap();
    let (world, _, report) = world(folder.path(), &two_camps());
    assert_eq!((world.len(), world.artists()), (20, 20));
    assert_eq!((report.people, report.listens, report.recordings), (12, 360, 20));
    let song = row(&world, "artist 3", "SONG 3");
    assert_eq!((world.people(song), world.listens(song)), (6, 18));
    assert_eq!(world.names(song), ("Artist 3", "Song 3"));
    assert_eq!(world.recordings_of(world.artist(song)).collect::<Vec<_>>(), [song]);
    let near: Vec<(&str, u32)> =
        world.neighbours(song).map(|(near, count)| (world.names(near).1, count)).collect();
    assert_eq!(near.len(), 9, "the other songs of the camp: {near:?}");
    // Six people, three evenings each.
    assert!(near.iter().all(|&(title, count)| title < "Song 9x" && count == 18), "{near:?}");
}

#[test]
fn what_few_people_played_is_in_no_world_nor_what_few_played_together() {
    let folder = tempfile::tempdir().unwrap();
    let mut listens = two_camps();
    for user in 0..4 {
        listens.push(played(user, 900_000, "Rare", "Known to Four"));
    }
    for user in 0..5 {
        listens.push(played(user, 950_000, "Rare", "Known to Five"));
    }
    // Two people play these together, again and again; others play them apart.
    for user in 0..6 {
        for evening in 0..9 {
            let at = 1_000_000 + evening * 86_400;
            listens.push(played(user, at, "Left", "One"));
            let apart = if user < 2 { 200 } else { 40_000 };
            listens.push(played(user, at + apart, "Right", "Other"));
        }
    }
    let (world, _, report) = world(folder.path(), &listens);
    assert!(world.find("Rare", "Known to Four").is_none());
    assert!(world.find("Rare", "Known to Five").is_some());
    assert_eq!(report.by_too_few, 4);
    let one = row(&world, "Left", "One");
    assert_eq!(world.neighbours(one).count(), 0, "two people are too few for a pair");
}

#[test]
fn names_join_as_written_and_without_guests_and_packaging_and_live_stays_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mbid = "b1a9c0e9-d987-4042-ae91-78d6a3267d69";
    let spellings = [
        ("Sigur Rós", "Hoppípolla", Some(mbid)),
        ("sigur ros", "hoppipolla", None),
        ("SIGUR RÓS", "Hoppípolla!", None),
        ("Sigur Rós", "Hoppípolla - Remastered 2019", None),
        ("Sigur Rós", "Hoppípolla (feat. Amiina)", None),
        ("Sigur Rós", "Hoppípolla", Some(mbid)),
    ];
    let mut listens = Vec::new();
    for (user, (artist, title, mbid)) in (0..).zip(spellings) {
        let listen = played(user, 1_000, artist, title);
        listens.push(Played { mbid: mbid.map(str::to_owned), ..listen });
        listens.push(played(user, 9_000, "Sigur Rós", "Hoppípolla (live)"));
        listens.push(played(user, 19_000, "Various Artists", "Hoppípolla"));
    }
    let (world, _, report) = world(folder.path(), &listens);
    assert_eq!(world.len(), 2);
    let song = row(&world, "Sigur Rós", "Hoppípolla");
    assert_eq!(world.people(song), 6);
    assert_eq!(world.mbid(song).unwrap().to_string(), mbid);
    assert_ne!(row(&world, "Sigur Rós", "Hoppípolla (Live)"), song);
    let joined: Vec<(&str, u64)> =
        report.joined.iter().map(|(rule, count)| (rule.as_str(), *count)).collect();
    let expected = [
        ("identifier", 2),
        ("names", 2),
        ("names that nobody else has", 6),
        ("names without guests and packaging", 2),
    ];
    assert_eq!((joined, report.unnamed), (expected.to_vec(), 6));
}

/// The published recipe, person by person, with nothing but maps.
fn pairs_slowly(listens: &[Played]) -> BTreeMap<[String; 2], u32> {
    let mut people: BTreeMap<u32, Vec<&Played>> = BTreeMap::new();
    listens.iter().for_each(|one| people.entry(one.user).or_default().push(one));
    let mut sums: BTreeMap<[String; 2], (u32, u32)> = BTreeMap::new();
    for plays in people.values_mut() {
        plays.sort_by_key(|one| one.at);
        let mut sessions: Vec<Vec<&Played>> = vec![Vec::new()];
        for (at, play) in plays.iter().enumerate() {
            let gap = plays.get(at + 1).map_or(i64::MAX, |next| next.at - play.at);
            if gap >= 150 {
                sessions.last_mut().unwrap().push(play);
            }
            if gap > 480 {
                sessions.push(Vec::new());
            }
        }
        let mut own: BTreeMap<[String; 2], u32> = BTreeMap::new();
        for session in sessions {
            let mut songs: Vec<(&str, &str)> =
                session.iter().map(|one| (one.title.as_str(), one.artist.as_str())).collect();
            songs.sort_unstable();
            songs.dedup();
            for (at, (a, of_a)) in songs.iter().enumerate() {
                for (b, _) in songs[at + 1..].iter().filter(|(_, of_b)| of_b != of_a) {
                    *own.entry([(*a).to_owned(), (*b).to_owned()]).or_default() += 1;
                }
            }
        }
        for (pair, count) in own {
            let sum = sums.entry(pair).or_default();
            *sum = (sum.0 + count.min(5), sum.1 + 1);
        }
    }
    let enough = |(pair, (count, people)): ([String; 2], (u32, u32))| {
        (count >= 10 && people >= 3).then_some((pair, count))
    };
    sums.into_iter().filter_map(enough).collect()
}

/// People who play at random, with pauses and skips.
fn at_random(seed: u64, people: u32) -> Vec<Played> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut listens = Vec::new();
    for user in 0..people {
        let mut at = rng.random_range(0..86_400);
        for _ in 0..150 {
            let song = (rng.random::<f64>().powi(2) * 30.0) as u32;
            let (artist, title) = (format!("Artist {}", song / 2), format!("Song {song:02}"));
            listens.push(played(user, at, &artist, &title));
            at += [40, 149, 150, 200, 300, 480, 481, 20_000][rng.random_range(0..8)];
        }
    }
    listens
}

#[test]
fn pairs_are_those_of_the_slow_recipe() {
    let folder = tempfile::tempdir().unwrap();
    let listens = at_random(1, 40);
    let (world, _, report) = world(folder.path(), &listens);
    let slow = pairs_slowly(&listens);
    assert!(slow.len() > 50, "{}", slow.len());
    let mut fast = BTreeMap::new();
    for row in (0..world.len() as u32).map(RecordingIdx) {
        for (near, count) in world.neighbours(row) {
            let mut pair = [row, near].map(|row| world.names(row).1.to_owned());
            pair.sort();
            let before = fast.insert(pair, count);
            assert!(before.is_none_or(|before| before == count), "both sides agree");
        }
    }
    assert_eq!(fast, slow);
    assert_eq!(report.pairs[1], slow.len() as u64);
}

#[test]
fn an_interrupted_build_goes_on_and_gives_the_same_file_as_one_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["a", "b"].map(|name| folder.path().join(format!("{name}.jsonl")));
    let listens = at_random(2, 20);
    write(&first, &listens[..1_000]);
    write(&second, &listens[1_000..]);
    let config = BuildConfig { listens: vec![first.clone(), second.clone()], ..Default::default() };
    let [whole, resumed] = ["whole", "resumed"].map(|name| folder.path().join(name));
    build(&config, &whole, &mut factors, &mut |_| {}).unwrap();

    // The second file is cut short while it is read, and is whole when the build is run again.
    let mut fails = |_| Err(WorldError::Factors { reason: "out of memory".to_owned() });
    assert!(build(&config, &resumed, &mut fails, &mut |_| {}).is_err());
    assert!(!resumed.exists(), "nothing half built has the name of a world");
    let mut read = Vec::new();
    let report = build(&config, &resumed, &mut factors, &mut |stage| read.push(stage)).unwrap();
    assert!(report.adds_up() && report.listens > 0);
    assert_eq!(fs::read(&whole).unwrap(), fs::read(&resumed).unwrap());
    assert!(!folder.path().join("resumed.building").exists());

    // Work in progress of other dumps is not gone on from.
    assert!(build(&config, &folder.path().join("third"), &mut fails, &mut |_| {}).is_err());
    let other = BuildConfig { listens: vec![first], ..BuildConfig::default() };
    let refused = build(&other, &folder.path().join("third"), &mut factors, &mut |_| {});
    assert!(matches!(refused, Err(WorldError::OtherBuild { .. })), "{refused:?}");
    // A slip in a path leaves nothing behind that a right one would stumble over.
    let slip = BuildConfig { listens: vec![folder.path().join("nowhere")], ..Default::default() };
    let fourth = folder.path().join("fourth");
    let missing = build(&slip, &fourth, &mut factors, &mut |_| {});
    assert!(matches!(missing, Err(WorldError::Io { .. })), "{missing:?}");
    build(&config, &fourth, &mut factors, &mut |_| {}).unwrap();
    let twice = build(&config, &whole, &mut factors, &mut |_| {});
    assert!(matches!(twice, Err(WorldError::Exists { .. })), "{twice:?}");
}

#[test]
fn the_order_of_dumps_changes_no_sum() {
    let folder = tempfile::tempdir().unwrap();
    let listens = at_random(3, 20);
    let [one, two] = ["one", "two"].map(|name| folder.path().join(format!("{name}.jsonl")));
    write(&one, &listens[..1_500]);
    write(&two, &listens[1_500..]);
    let built = |order: [&std::path::PathBuf; 2], name: &str| {
        let listens = order.map(Clone::clone).to_vec();
        let config = BuildConfig { listens, ..BuildConfig::default() };
        let out = folder.path().join(name);
        build(&config, &out, &mut factors, &mut |_| {}).unwrap();
        World::open(&out).unwrap()
    };
    assert_eq!(built([&one, &two], "ab").digest(), built([&two, &one], "ba").digest());
}

#[test]
fn an_update_is_the_world_of_all_dumps_and_counts_twice_told_listens_once() {
    let folder = tempfile::tempdir().unwrap();
    let listens = at_random(4, 20);
    let [first, since] = ["first", "since"].map(|name| folder.path().join(format!("{name}.jsonl")));
    write(&first, &listens[..2_000]);
    // The daily dump tells some of it again.
    write(&since, &listens[1_900..]);
    let path = |name: &str| folder.path().join(name);
    let config = |listens: &[&std::path::PathBuf], keep_parts| BuildConfig {
        listens: listens.iter().map(|&path| path.clone()).collect(),
        keep_parts,
        ..BuildConfig::default()
    };
    build(&config(&[&first, &since], false), &path("all"), &mut factors, &mut |_| {}).unwrap();
    build(&config(&[&first], true), &path("kept"), &mut factors, &mut |_| {}).unwrap();
    fs::remove_file(&first).unwrap();
    let before = World::open(&path("kept")).unwrap().digest();
    let report =
        update(&path("kept"), vec![since.clone()], 4_000, &mut factors, &mut |_| {}).unwrap();
    assert!(report.adds_up() && report.duplicates >= 100, "{report:?}");
    let digest = |name| World::open(&path(name)).unwrap().digest();
    assert_ne!(digest("kept"), before);
    assert_eq!(digest("kept"), digest("all"));
    let refused = update(&path("all"), vec![since], 4_000, &mut factors, &mut |_| {});
    assert!(matches!(refused, Err(WorldError::NoParts { .. })), "{refused:?}");
}
