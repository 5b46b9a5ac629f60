//! Which names find which recording: names as MusicBrainz has them, written as services, taggers
//! and uploads write them. What differs as a recording must never be found in its place.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use segue_world::World;
use segue_world::build::{BuildConfig, build};
use segue_world::dump::Mbid;

use crate::people::{Played, factors, played, write};

/// Credit, title, and how many artists the credit names.
type Canonical = (String, String, usize);

const ARTISTS: &str = "canonical_musicbrainz_data.csv";
const REDIRECTS: &str = "canonical_recording_redirect.csv";

/// A world in which five people played each of these once.
fn world_of(folder: &Path, recordings: &[Canonical]) -> World {
    let mut names =
        "id,artist_credit_id,artist_mbids,artist_credit_name,release_mbid,release_name,\
                     recording_mbid,recording_name,combined_lookup,score\n"
            .to_owned();
    let mut listens: Vec<Played> = Vec::new();
    for (number, (artist, title, artists)) in (1_u128..).zip(recordings) {
        let mbid = Mbid(number.to_be_bytes());
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let artists = vec![mbid.to_string(); *artists].join(",");
        let [artists, credit, name] = [&artists, artist, title].map(|text| quoted(text));
        writeln!(names, "{number},1,{artists},{credit},{mbid},R,{mbid},{name},x,{number}").unwrap();
        listens.extend((0..5).map(|user| {
            let listen = played(user, number as i64 * 1_000, artist, title);
            Played { mbid: Some(mbid.to_string()), ..listen }
        }));
    }
    let canonical = folder.join("canonical");
    fs::create_dir(&canonical).unwrap();
    fs::write(canonical.join(ARTISTS), names).unwrap();
    let header = "recording_mbid,canonical_recording_mbid,canonical_release_mbid\n";
    fs::write(canonical.join(REDIRECTS), header).unwrap();
    let dump = folder.join("listens.jsonl");
    write(&dump, &listens);
    let config =
        BuildConfig { listens: vec![dump], canonical: Some(canonical), ..BuildConfig::default() };
    let out = folder.join("names.world");
    let report = build(&config, &out, &mut factors, &mut |_| {}).unwrap();
    assert!(report.adds_up(), "{report:?}");
    World::open(&out).unwrap()
}

fn found<'w>(world: &'w World, artist: &str, title: &str) -> Option<(&'w str, &'w str)> {
    world.find(artist, title).map(|row| world.names(row))
}

fn by_hand(rows: &[(&str, &str, usize)]) -> Vec<Canonical> {
    rows.iter().map(|&(artist, title, count)| (artist.into(), title.into(), count)).collect()
}

#[test]
fn names_as_services_write_them_find_the_recording_that_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        ("The Beatles", "Hey Jude", 1),
        ("Simon & Garfunkel", "The Sound of Silence", 1),
        ("Earth, Wind & Fire", "September", 1),
        ("Tyler, the Creator", "See You Again", 1),
        ("Rihanna feat. JAY‐Z", "Umbrella", 2),
        ("Queen & David Bowie", "Under Pressure", 2),
        ("Santana feat. Rob Thomas", "Smooth", 2),
        ("Кино", "Группа крови", 1),
        ("宇多田ヒカル", "光", 1),
        ("Γιάννης Χαρούλης", "Χειμωνανθός", 1),
        ("Motörhead", "Ace of Spades", 1),
        ("Guns N’ Roses", "Sweet Child o’ Mine", 1),
        ("Beyoncé", "Déjà Vu", 1),
        ("Bad Company", "Bad Company", 1),
    ];
    let world = world_of(folder.path(), &by_hand(&rows));
    for (asked, row) in [
        (("the beatles", "HEY JUDE"), 0),
        (("Beatles", "Hey Jude"), 0),
        (("Beatles, The", "Hey Jude"), 0),
        (("The Beatles", "Hey Jude - Remastered 2015"), 0),
        (("The Beatles", "Hey Jude (2015 Remaster)"), 0),
        (("The Beatles", "The Beatles - Hey Jude"), 0),
        (("The Beatles", "Hey Jude (Official Video)"), 0),
        (("Simon and Garfunkel", "The Sound of Silence"), 1),
        (("Simon & Garfunkel", "The Sound of Silence - Remastered"), 1),
        (("Simon, Garfunkel", "The Sound Of Silence"), 1),
        (("Earth Wind and Fire", "September"), 2),
        (("Tyler, The Creator", "See You Again (feat. Kali Uchis)"), 3),
        (("Rihanna", "Umbrella (feat. JAY-Z)"), 4),
        (("Rihanna", "Umbrella"), 4),
        (("Rihanna ft. Jay-Z", "Umbrella [Explicit]"), 4),
        (("Queen", "Under Pressure (with David Bowie)"), 5),
        (("Queen", "Under Pressure - Remastered 2011"), 5),
        (("Queen; David Bowie", "Under Pressure"), 5),
        (("Santana", "Smooth (feat. Rob Thomas)"), 6),
        (("Kino", "Gruppa krovi"), 7),
        (("КИНО", "Группа Крови (Remastered)"), 7),
        (("宇多田ヒカル", "光 - 2014 Remaster"), 8),
        (("ΓΙΆΝΝΗΣ ΧΑΡΟΎΛΗΣ", "Χειμωνανθός"), 9),
        (("Motorhead", "Ace Of Spades"), 10),
        (("Guns N' Roses", "Sweet Child O' Mine"), 11),
        (("Beyonce", "Deja Vu (feat. Jay-Z)"), 12),
        (("Bad Company", "Bad Company - Remastered"), 13),
    ] {
        let expected = (rows[row].0, rows[row].1);
        assert_eq!(found(&world, asked.0, asked.1), Some(expected), "{asked:?}");
    }
}

#[test]
fn another_recording_is_never_taken_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        ("Taylor Swift", "Love Story", 1),
        ("The Beatles", "Help!", 1),
        ("Eminem feat. Dido", "Stan", 2),
        ("Eminem feat. Rihanna", "Love the Way You Lie", 2),
        ("Earth, Wind & Fire", "September", 1),
        ("A‐ha", "Take On Me", 1),
        ("Bad Company", "Bad Company", 1),
        ("Queen & David Bowie", "Under Pressure", 2),
    ];
    let world = world_of(folder.path(), &by_hand(&rows));
    for (artist, title) in [
        ("Taylor Swift", "Love Story (Taylor's Version)"),
        ("Taylor Swift", "Love Story (Live)"),
        ("Taylor Swift", "Love Story - Acoustic"),
        ("Taylor Swift", "Love Story (Stripped Mix) [Remastered]"),
        ("Taylor Swift", "Love Story - Demo"),
        ("Taylor Swift", "Love Story (Karaoke Version)"),
        ("Taylor Swift", "Love Story - Re-recorded"),
        ("Taylor Swift", "Love Story (Part 2)"),
        ("The Beatles", "Help! - Mono / Remastered 2009"),
        ("The Beatles", "Help! - Live / Remastered"),
        ("The Beatles", "Help! - 2018 Mix"),
        ("Eminem", "Stan (feat. Elton John)"),
        ("Eminem feat. Elton John", "Stan"),
        ("Eminem", "Love the Way You Lie (Part II)"),
        ("Earth", "September"),
        ("Fire", "September"),
        ("Aha Gazelle", "Take On Me"),
        ("Bad Company", "Bad Company - Live"),
        ("Queen", "Under Pressure - Rah Mix"),
        ("Queen feat. Annie Lennox", "Under Pressure"),
        ("David Bowie", "Under Pressure - Live"),
        ("Various Artists", "Under Pressure"),
    ] {
        assert_eq!(found(&world, artist, title), None, "{artist} – {title}");
    }
}

/// How a kind of change fared.
#[derive(Default)]
struct Tally {
    right: usize,
    wrong: usize,
    missed: usize,
}

type Change = fn(&str, &str) -> (String, String);

/// Changes that leave a recording what it is.
const SAME: [(&str, Change); 18] = [
    ("as it is", |a, t| (a.into(), t.into())),
    ("upper case", |a, t| (a.to_uppercase(), t.to_uppercase())),
    ("Remastered 2011", |a, t| (a.into(), format!("{t} - Remastered 2011"))),
    ("(2019 Remaster)", |a, t| (a.into(), format!("{t} (2019 Remaster)"))),
    ("2009 Digital Remaster", |a, t| (a.into(), format!("{t} - 2009 Digital Remaster"))),
    ("(feat. Zq)", |a, t| (a.into(), format!("{t} (feat. Zq)"))),
    ("[ft. Zq]", |a, t| (a.into(), format!("{t} [ft. Zq]"))),
    ("(with Zq)", |a, t| (a.into(), format!("{t} (with Zq)"))),
    ("A feat. Zq", |a, t| (format!("{a} feat. Zq"), t.into())),
    ("A ft. Zq", |a, t| (format!("{a} ft. Zq"), t.into())),
    ("[Explicit]", |a, t| (a.into(), format!("{t} [Explicit]"))),
    ("Album Version", |a, t| (a.into(), format!("{t} - Album Version"))),
    ("typographic", |a, t| (a.replace('\'', "’"), t.replace('\'', "’").replace('-', "‐"))),
    ("no punctuation", |a, t| (a.replace(['.', '\'', ','], ""), t.replace(['.', '\'', '!'], ""))),
    ("and for &", |a, t| (a.replace('&', "and"), t.replace('&', "and"))),
    ("The A", |a, t| (a.strip_prefix("The ").unwrap_or(a).into(), t.into())),
    ("A, The", |a, t| {
        (a.strip_prefix("The ").map_or(a.into(), |rest| format!("{rest}, The")), t.into())
    }),
    ("A - Song", |a, t| (a.into(), format!("{a} - {t}"))),
];

/// Changes that make it another.
const OTHER: [(&str, Change); 12] = [
    ("Live", |a, t| (a.into(), format!("{t} - Live"))),
    ("(Live at Zq)", |a, t| (a.into(), format!("{t} (Live at Zq)"))),
    ("Acoustic", |a, t| (a.into(), format!("{t} - Acoustic"))),
    ("Remix", |a, t| (a.into(), format!("{t} - Zq Remix"))),
    ("Radio Edit", |a, t| (a.into(), format!("{t} - Radio Edit"))),
    ("Instrumental", |a, t| (a.into(), format!("{t} (Instrumental)"))),
    ("Demo", |a, t| (a.into(), format!("{t} - Demo"))),
    ("Mono / Remastered", |a, t| (a.into(), format!("{t} - Mono / Remastered"))),
    ("Re-Recorded", |a, t| (a.into(), format!("{t} (Re-Recorded)"))),
    ("Live / Remastered", |a, t| (a.into(), format!("{t} - Live / 2011 Remaster"))),
    ("Pt. 99", |a, t| (a.into(), format!("{t}, Pt. 99"))),
    ("another artist", |_, t| ("Zq Nobody".into(), t.into())),
];

fn tally(world: &World, rows: &[Canonical], change: Change) -> Tally {
    let mut tally = Tally::default();
    for (artist, title, _) in rows {
        let (changed_artist, changed_title) = change(artist, title);
        match found(world, &changed_artist, &changed_title) {
            None => tally.missed += 1,
            Some(names) if names == (artist, title) => tally.right += 1,
            Some(_) => tally.wrong += 1,
        }
    }
    tally
}

#[test]
fn real_names_are_found_however_they_are_written_and_nothing_else_is() {
    let Some(rows) = real_names() else { return };
    let folder = tempfile::tempdir().unwrap();
    let world = world_of(folder.path(), &rows);
    // Of several that mean the same, one is in the world.
    let in_world = |(artist, title, _): &Canonical| {
        found(&world, artist, title) == Some((artist.as_str(), title.as_str()))
    };
    let rows: Vec<Canonical> = rows.into_iter().filter(in_world).step_by(10).collect();
    println!("{} names; right, wrong, missed", rows.len());
    for (kind, change) in SAME {
        let Tally { right, wrong, missed } = tally(&world, &rows, change);
        println!("{kind:24} {right:6} {wrong:4} {missed:6}");
        assert!(wrong * 1_000 <= rows.len(), "{kind}: {wrong} wrong");
        assert!(right * 100 >= rows.len() * 95, "{kind}: {right} right of {}", rows.len());
    }
    for (kind, change) in OTHER {
        let Tally { right, wrong, missed } = tally(&world, &rows, change);
        println!("{kind:24} {right:6} {wrong:4} {missed:6}  (another recording)");
        assert!((right + wrong) * 1_000 <= rows.len(), "{kind}: {right} + {wrong}");
    }
}

/// Artists and titles that carry no qualifiers, out of two sets of data; `None` where they are not.
fn real_names() -> Option<Vec<Canonical>> {
    let shared = std::env::var_os("SEGUE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let decades = ["60s", "70s", "80s", "90s", "00s", "10s"]
        .map(|decade| format!("spotify_hits_decades/dataset-of-{decade}.csv"));
    let songs = "tidytuesday_spotify_songs/spotify_songs.csv".to_owned();
    let mut names = BTreeSet::new();
    for file in decades.into_iter().chain([songs]) {
        let path = shared.join(file);
        let Ok(mut table) = csv::Reader::from_path(&path) else {
            println!("skipped: `{}` is not there", path.display());
            return None;
        };
        let header = table.headers().unwrap().clone();
        let column = |names: [&str; 2]| header.iter().position(|cell| names.contains(&cell));
        let artist = column(["artist", "track_artist"]).unwrap();
        let title = column(["track", "track_name"]).unwrap();
        names.extend(table.records().filter_map(|row| {
            let row = row.ok()?;
            Some((row.get(artist)?.to_owned(), row.get(title)?.to_owned()))
        }));
    }
    let is_plain = |text: &str| !text.contains(['(', '[', '*', '/', ';']) && !text.contains(" - ");
    let is_usable = |(artist, title): &(String, String)| {
        let joined = format!("{artist} {title}").to_lowercase();
        is_plain(artist)
            && is_plain(title)
            && !["feat", "ft.", "featuring"].iter().any(|word| joined.contains(word))
    };
    Some(names.into_iter().filter(is_usable).map(|(a, t)| (a, t, 1)).collect())
}
