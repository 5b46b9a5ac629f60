//! Builds on a cluster: the same world as on this machine, or none.
//!
//! They need a server of Spark Connect that sees the folder of temporary files; `.ci/spark` starts
//! one. `SEGUE_SPARK` holds its address.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type, Int96, Int96Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_world::build::spark::{self, SparkAddress, SparkConfig, SparkError};
use segue_world::build::{BuildConfig, BuildReport, Factors, HeardRows, build};
use segue_world::{Result, World, WorldError};

/// A row of a member; anything may be missing.
#[derive(Clone, Debug, Default)]
struct Listen {
    user: Option<i64>,
    at_s: Option<i64>,
    artist: Option<Vec<u8>>,
    title: Option<Vec<u8>>,
    mbid: Option<String>,
}

const SCHEMA: &str = "message schema {
    optional int96 listened_at;
    optional int64 user_id;
    optional binary artist_name (UTF8);
    optional binary recording_name (UTF8);
    optional binary recording_mbid (UTF8);
}";
const WITHOUT_MBID: &str = "message schema {
    optional int96 listened_at;
    optional int64 user_id;
    optional binary artist_name (UTF8);
    optional binary recording_name (UTF8);
}";

/// A member as ListenBrainz writes it; older ones have no identifiers.
fn member(listens: &[Listen], schema: &str) -> Vec<u8> {
    let schema_type = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut file = SerializedFileWriter::new(Vec::new(), schema_type, properties).unwrap();
    // Rows are numbered through all groups.
    for listens in listens.chunks(1_000) {
        let mut group = file.next_row_group().unwrap();
        column::<Int96Type>(&mut group, listens, |one| one.at_s.map(moment));
        column::<Int64Type>(&mut group, listens, |one| one.user);
        column::<ByteArrayType>(&mut group, listens, |one| one.artist.clone().map(Into::into));
        column::<ByteArrayType>(&mut group, listens, |one| one.title.clone().map(Into::into));
        if schema == SCHEMA {
            let mbid = |one: &Listen| one.mbid.as_ref().map(|mbid| ByteArray::from(mbid.as_str()));
            column::<ByteArrayType>(&mut group, listens, mbid);
        }
        group.close().unwrap();
    }
    file.into_inner().unwrap()
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    listens: &[Listen],
    cell: impl Fn(&Listen) -> Option<T::T>,
) {
    let cells: Vec<Option<T::T>> = listens.iter().map(cell).collect();
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<T>().write_batch(&values, Some(&levels), None).unwrap();
    column.close().unwrap();
}

/// Half a second past a second, as INT96.
fn moment(at_s: i64) -> Int96 {
    let nanoseconds = at_s.rem_euclid(86_400) * 1_000_000_000 + 500_000_000;
    let day = at_s.div_euclid(86_400) + 2_440_588;
    Int96::from(vec![nanoseconds as u32, (nanoseconds >> 32) as u32, day as u32])
}

fn mbid_of(song: u32) -> String {
    format!("{song:08x}-89ab-4cde-8f01-23456789{song:04x}")
}

/// One of the ways in which a song is written, and whether its identifier is told.
fn spelt(song: u32, rng: &mut ChaCha8Rng) -> (String, String, Option<String>) {
    let (artist, title) = (format!("Ártist {}", song / 2), format!("Söng {song:02}"));
    let mbid = mbid_of(song);
    match rng.random_range(0..12) {
        0 => (artist.to_uppercase(), title, None),
        1 => (artist, format!("{title} - Remastered 2011"), None),
        2 => (format!("\u{3000}{artist}\u{a0} "), format!("\t{title}\u{2003}"), None),
        3 => (artist, format!("{title} (live)"), None),
        4 => ("Various Artists".to_owned(), title, None),
        5 => (artist, title, Some("no identifier".to_owned())),
        6 => (artist, title, Some(mbid.to_uppercase())),
        // Names of an identifier differ, and the first that was read counts.
        7 => (format!("{artist} feat. Guest {}", rng.random_range(0..3)), title, Some(mbid)),
        _ => (artist, title, Some(mbid)),
    }
}

/// People who play at random, with pauses, skips, plays in one second, and plays told twice.
fn at_random(seed: u64) -> Vec<Listen> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut listens = Vec::new();
    for user in 0..40 {
        // Of the last, some plays are recent and some are not.
        let days_before = user % 4 * 9;
        let mut at_s = 1_700_000_000 - days_before * 86_400 + rng.random_range(0..86_400);
        for _ in 0..150 {
            let song = (rng.random::<f64>().powi(2) * 60.0) as u32;
            let (artist, title, mbid) = spelt(song, &mut rng);
            let listen = Listen {
                user: Some(user),
                at_s: Some(at_s),
                artist: Some(artist.into_bytes()),
                title: Some(title.into_bytes()),
                mbid,
            };
            listens.extend(rng.random_bool(0.05).then(|| listen.clone()));
            listens.push(listen);
            at_s += [0, 40, 149, 150, 200, 300, 480, 481, 20_000][rng.random_range(0..9)];
        }
    }
    listens.sort_by_key(|one| one.at_s);
    listens
}

/// Five people whose player does not stop for two days: their sessions are cut. Two recordings are
/// played next to each other, and the cut is between them.
fn without_end() -> Vec<Listen> {
    let play = |user: i64, day: i64, at: i64| {
        let name = match at {
            499 => "before the cut".to_owned(),
            500 => "behind the cut".to_owned(),
            _ => (at * 31 % 40).to_string(),
        };
        Listen {
            user: Some(u32::MAX as i64 - user),
            at_s: Some(1_600_000_000 + day * 1_000_000 + at * 200),
            artist: Some(format!("Endless {name}").into()),
            title: Some(format!("Loop {name}").into()),
            mbid: None,
        }
    };
    let days = (0..5).flat_map(|user| [(user, 0), (user, 1)]);
    days.flat_map(|(user, day)| (0..1_300).map(move |at| play(user, day, at))).collect()
}

/// Rows that are no listens, each for another reason, and some that just are.
fn dirty() -> Vec<Listen> {
    let whole = Listen {
        user: Some(3),
        at_s: Some(1_700_000_123),
        artist: Some(b"Dirty".to_vec()),
        title: Some(b"Row".to_vec()),
        mbid: None,
    };
    let with = |change: &dyn Fn(&mut Listen)| {
        let mut row = whole.clone();
        change(&mut row);
        row
    };
    vec![
        with(&|row| row.user = None),
        with(&|row| row.user = Some(-1)),
        with(&|row| row.user = Some(1 << 32)),
        with(&|row| row.at_s = None),
        with(&|row| row.at_s = Some(1_104_537_599)),
        with(&|row| row.at_s = Some(1_104_537_600)),
        with(&|row| row.at_s = Some(-5)),
        with(&|row| row.at_s = Some(1 << 32)),
        with(&|row| row.artist = None),
        with(&|row| row.title = None),
        with(&|row| row.artist = Some("\u{3000} \n".into())),
        with(&|row| row.title = Some(Vec::new())),
        with(&|row| row.title = Some(vec![b'a', 0xff])),
        with(&|row| row.artist = Some(vec![b'a'; 1_001])),
        with(&|row| row.artist = Some(vec![b'a'; 1_000])),
        with(&|row| row.title = Some(vec![b'a'; (16 << 10) + 1])),
        with(&|row| row.title = Some(b"nul\0inside 'quoted' \\ back".to_vec())),
        with(&|row| row.mbid = Some(format!("{}\n", mbid_of(1)))),
    ]
}

/// Members in a folder, some of them damaged, and one in a folder below.
fn write_members(folder: &Path) {
    fs::create_dir_all(folder.join("more")).unwrap();
    let listens = at_random(1);
    let (first, rest) = listens.split_at(3_000);
    let (second, last) = rest.split_at(2_000);
    fs::write(folder.join("2.parquet"), member(first, SCHEMA)).unwrap();
    fs::write(folder.join("10.parquet"), member(second, SCHEMA)).unwrap();
    fs::write(folder.join("more/0.parquet"), member(last, WITHOUT_MBID)).unwrap();
    fs::write(folder.join("11.parquet"), member(&without_end(), SCHEMA)).unwrap();
    fs::write(folder.join("12.parquet"), member(&dirty(), SCHEMA)).unwrap();
    let cut = member(last, SCHEMA);
    fs::write(folder.join("13.parquet"), &cut[..cut.len() / 2]).unwrap();
    fs::write(folder.join("14.parquet"), b"an error page").unwrap();
    fs::write(folder.join("README"), b"not of interest").unwrap();
}

/// Factors that tell who heard what, and in which order people came.
fn factors(heard: HeardRows) -> Result<Factors> {
    let mut values = vec![0.0; heard.columns * 2];
    for (person, ends) in heard.offsets.windows(2).enumerate() {
        for &item in &heard.items[ends[0]..ends[1]] {
            values[item as usize * 2] += 1.0 + (person % 7) as f32;
            values[item as usize * 2 + 1] += (person * person % 11) as f32;
        }
    }
    Ok(Factors { width: 2, values, settings: "{}".to_owned() })
}

/// The cluster to try with, if there is one.
fn cluster() -> Option<SparkConfig> {
    let Ok(address) = std::env::var("SEGUE_SPARK") else {
        println!("skipped: `SEGUE_SPARK` names no server; `.ci/spark` starts one");
        return None;
    };
    Some(SparkConfig { address: address.parse().unwrap(), folder: None })
}

fn on_cluster(cluster: &SparkConfig, config: &BuildConfig, out: &Path) -> Result<BuildReport> {
    spark::build(config, cluster, out, &mut factors, &mut |_| {})
}

fn canonical(folder: &Path) -> PathBuf {
    let canonical = folder.join("canonical");
    fs::create_dir(&canonical).unwrap();
    let mut names = "id,artist_credit_id,artist_mbids,artist_credit_name,release_mbid,\
                     release_name,recording_mbid,recording_name,combined_lookup,score\n"
        .to_owned();
    let mut redirects =
        "recording_mbid,canonical_recording_mbid,canonical_release_mbid\n".to_owned();
    for song in 0..30 {
        let mbid = mbid_of(song);
        let (artist, title) = (song / 2, format!("Söng {song:02}"));
        names += &format!("{song},1,{mbid},Ártist {artist},{mbid},R,{mbid},{title},x,{song}\n");
        redirects += &format!("{},{mbid},{mbid}\n", mbid_of(song + 30));
    }
    fs::write(canonical.join("canonical_musicbrainz_data.csv"), names).unwrap();
    fs::write(canonical.join("canonical_recording_redirect.csv"), redirects).unwrap();
    canonical
}

/// What people measured of songs, and of their other identifiers: a folder with one table.
fn features(folder: &Path) -> PathBuf {
    let features = folder.join("features");
    fs::create_dir(&features).unwrap();
    let mut rhythm = "mbid,submission_offset,bpm,danceability,onset_rate\n".to_owned();
    for number in 0..70 {
        rhythm += &format!("{},0,{}.5,1.25,\n", mbid_of(number), 60 + number);
    }
    fs::write(features.join("rhythm.csv"), rhythm).unwrap();
    features
}

#[test]
fn a_cluster_builds_the_same_world_byte_for_byte() {
    let Some(cluster) = cluster() else { return };
    let folder = tempfile::tempdir().unwrap();
    let listens = folder.path().join("listens");
    write_members(&listens);
    let plain = BuildConfig { listens: vec![listens], ..Default::default() };
    let whole = BuildConfig {
        canonical: Some(canonical(folder.path())),
        features: vec![features(folder.path())],
        ..plain.clone()
    };
    for (name, config) in [("plain", plain), ("whole", whole)] {
        let [here, there] =
            ["here", "there"].map(|way| folder.path().join(format!("{name}-{way}.world")));
        let local = build(&config, &here, &mut factors, &mut |_| {}).unwrap();
        let remote = on_cluster(&cluster, &config, &there).unwrap();
        assert!(remote.adds_up(), "{remote:?}");
        assert_eq!(local, remote, "{name}");
        assert_eq!(World::open(&here).unwrap().sections(), World::open(&there).unwrap().sections());
        assert!(fs::read(&here).unwrap() == fs::read(&there).unwrap(), "{name}");
        // What the comparison is worth: nothing that a build does is missing from these listens.
        assert_eq!(local.members.iter().filter(|one| one.broken.is_some()).count(), 2);
        let dropped: usize = local.members.iter().map(|one| one.dropped.len()).sum();
        assert_eq!(dropped, 9, "{local:?}");
        assert!(local.joined.len() >= 4 && local.unnamed > 0, "{local:?}");
        assert!(local.duplicates > 100 && local.by_too_few > 0, "{local:?}");
        assert!(local.pairs[1] > 100 && local.pairs[0] > local.pairs[1] + 100, "{local:?}");
        assert_eq!(local.sounds > 20, name == "whole", "{local:?}");
        assert!(!folder.path().join(format!("{name}-there.world.building")).exists());
    }
}

#[test]
fn a_member_whose_content_is_damaged_ends_the_build_and_writes_no_world() {
    let Some(cluster) = cluster() else { return };
    let folder = tempfile::tempdir().unwrap();
    let listens = folder.path().join("listens");
    write_members(&listens);
    let path = listens.join("2.parquet");
    let mut content = fs::read(&path).unwrap();
    // Behind the first magic number, and far from the footer.
    content[8..6_000].fill(0);
    fs::write(&path, content).unwrap();
    let config = BuildConfig { listens: vec![listens.clone()], ..Default::default() };
    let out = folder.path().join("out.world");
    let failed = on_cluster(&cluster, &config, &out).unwrap_err();
    println!("{failed}");
    assert!(matches!(failed, WorldError::Spark(SparkError::Failed { .. })), "{failed}");
    assert!(!out.exists());

    // Once the member is whole again the same command gives the world.
    write_members(&listens);
    let config = BuildConfig { listens: vec![listens], ..Default::default() };
    on_cluster(&cluster, &config, &out).unwrap();
    World::open(&out).unwrap().verify(&mut |_| {}).unwrap();
}

/// Every table, in the order in which they come to be.
const TABLES: [&str; 18] = [
    "listens",
    "of_members",
    "names",
    "tokens",
    "plays",
    "sums",
    "of_recordings",
    "of_artists",
    "of_days",
    "kept",
    "kept_plays",
    "of_rows",
    "heard",
    "sessions",
    "all_pairs",
    "pairs",
    "pair_sums",
    "session_sums",
];

/// Gives a table of a build that is under way the rows of one of its files twice, as somebody would
/// who still writes there.
fn double(table: &str, building: &Path) -> bool {
    let runs = fs::read_dir(building.join("spark")).into_iter().flatten();
    let folders = runs.map(|run| run.unwrap().path().join(table));
    for folder in folders.filter(|folder| folder.is_dir()) {
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let parts = files.filter(|path| path.extension().is_some_and(|end| end == "parquet"));
        let Some(largest) = parts.max_by_key(|path| path.metadata().unwrap().len()) else {
            continue;
        };
        fs::copy(largest, folder.join("part-zzz.parquet")).unwrap();
        return true;
    }
    false
}

#[test]
fn rows_that_do_not_belong_to_any_table_end_the_build_and_write_no_world() {
    let Some(cluster) = cluster() else { return };
    let folder = tempfile::tempdir().unwrap();
    let listens = folder.path().join("listens");
    fs::create_dir(&listens).unwrap();
    fs::write(listens.join("0.parquet"), member(&at_random(2), SCHEMA)).unwrap();
    let config = BuildConfig { listens: vec![listens], ..Default::default() };
    let out = folder.path().join("out.world");
    for table in TABLES {
        let mut is_done = false;
        let building = folder.path().join("out.world.building");
        let mut tamper = |_| is_done = is_done || double(table, &building);
        let result = spark::build(&config, &cluster, &out, &mut factors, &mut tamper);
        assert!(is_done, "{table} was never there");
        let Err(WorldError::Spark(error)) = result else { panic!("{table}: {result:?}") };
        println!("{table}: {error}");
        let is_told = matches!(
            error,
            SparkError::Unbalanced { .. }
                | SparkError::Incomplete { .. }
                | SparkError::Impossible { .. }
        );
        assert!(is_told && !out.exists(), "{table}: {error}");
    }
    on_cluster(&cluster, &config, &out).unwrap();
}

#[test]
fn archives_and_lines_and_paths_with_patterns_are_refused_before_a_server_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens there.
    let nowhere = SparkConfig { address: "sc://127.0.0.1:9".parse().unwrap(), folder: None };
    let refused = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        let config = BuildConfig { listens: vec![path], ..Default::default() };
        on_cluster(&nowhere, &config, &folder.path().join("out.world")).unwrap_err()
    };
    for (name, content) in
        [("a.tar", &[0; 1024][..]), ("b.jsonl", b"{}\n"), ("c.zst", b"(\xb5/\xfd")]
    {
        let error = refused(name, content);
        assert!(matches!(error, WorldError::Spark(SparkError::NotParquet { .. })), "{error}");
    }
    let sound = member(&at_random(1)[..10], SCHEMA);
    let error = refused("{a,b}.parquet", &sound);
    assert!(matches!(error, WorldError::Spark(SparkError::Path { .. })), "{error}");
    let elsewhere = SparkConfig { folder: Some(folder.path().join("nowhere")), ..nowhere.clone() };
    let config = BuildConfig { listens: vec![folder.path().to_owned()], ..Default::default() };
    let error = on_cluster(&elsewhere, &config, &folder.path().join("out.world")).unwrap_err();
    assert!(matches!(error, WorldError::Io { .. }), "{error}");
    let error = refused("sound.parquet", &sound);
    assert!(matches!(error, WorldError::Spark(SparkError::Lost { .. })), "{error}");
    assert!(!folder.path().join("out.world.building").exists());
}

#[test]
fn an_address_is_taken_apart_and_its_token_goes_nowhere_in_the_clear() {
    let server = |text: &str| text.parse::<SparkAddress>().map(|it| it.server().to_owned());
    for (text, expected) in [
        ("sc://cluster", "cluster:15002"),
        ("sc://cluster:99/", "cluster:99"),
        ("sc://[::1]:99/;user_id=me;token=s3cret", "[::1]:99"),
        ("sc://[::1]", "[::1]:15002"),
        ("sc://localhost/;token=s3cret;use_ssl=false;x-tenant=music%20lovers;", "localhost:15002"),
    ] {
        assert_eq!(server(text).unwrap(), expected);
        let shown = format!("{:?}", text.parse::<SparkAddress>().unwrap());
        assert!(!shown.contains("s3cret") && !shown.contains("lovers"), "{shown}");
    }
    for text in [
        "",
        "http://cluster:15002",
        "sc://",
        "sc://:15002",
        "sc://cluster:port",
        "sc://cluster:70000",
        "sc://s3cret@cluster",
        "sc://[cluster]:1",
        "sc://[::1",
        "sc://[::1]x:1",
        "sc://cluster;token=s3cret",
        "sc://cluster/;token=s3cret",
        "sc://10.0.0.1:15002/;token=s3cret",
        "sc://localhost/;use_ssl=true;token=s3cret",
        "sc://localhost/;token",
        "sc://localhost/;token=s3cret%0a",
        "sc://localhost/;to ken=s3cret",
        "sc://localhost/;session_id=1",
    ] {
        let refused = server(text).unwrap_err();
        assert!(matches!(refused, SparkError::Address(_)), "{text}");
        assert!(!refused.to_string().contains("s3cret"), "{refused}");
    }
}
