//! Worlds of whole dumps: the same file however it is read, and how its recordings sound.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use segue_lab::world_dumps::{
    FeatureTable, PlantedConfig, PlantedWorld, write_features, write_parquet_tar,
};
use segue_world::build::{BuildConfig, BuildReport, BuildStage, Factors, HeardRows, build, update};
use segue_world::dump::{FeatureRow, Mbid, read_features};
use segue_world::{RecordingIdx, RecordingKey, Result, Sound, World, WorldError};
use tempfile::TempDir;

use super::samples::sample;
use super::support::{canonical, packed, places};

fn planted() -> PlantedWorld {
    PlantedWorld::new(PlantedConfig {
        listens: 12_000,
        recordings: 300,
        people: 60,
        rows_a_member: 1_500,
        rows_a_group: 400,
        ..PlantedConfig::default()
    })
}

/// The dumps of a world in a folder: listens, names and features.
fn dumps(folder: &TempDir, planted: &PlantedWorld) -> BuildConfig {
    let path = |name: &str| folder.path().join(name);
    let mut tar = Vec::new();
    write_parquet_tar(planted, &mut tar).unwrap();
    fs::write(path("listens.tar"), tar).unwrap();
    fs::write(path("canonical.tar.zst"), canonical(planted)).unwrap();
    for (name, table) in TABLES {
        let mut dump = Vec::new();
        write_features(planted, table, &mut dump).unwrap();
        fs::write(path(name), dump).unwrap();
    }
    BuildConfig {
        listens: vec![path("listens.tar")],
        canonical: Some(path("canonical.tar.zst")),
        features: TABLES.map(|(name, _)| path(name)).to_vec(),
        ..BuildConfig::default()
    }
}

const TABLES: [(&str, FeatureTable); 3] = [
    ("lowlevel.tar.zst", FeatureTable::LowLevel),
    ("rhythm.tar.zst", FeatureTable::Rhythm),
    ("tonal.tar.zst", FeatureTable::Tonal),
];

fn factors(heard: HeardRows) -> Result<Factors> {
    let values = (0..heard.columns).flat_map(|row| [row as f32, 1.0]).collect();
    Ok(Factors { width: 2, values, settings: "{}".to_owned() })
}

fn built(config: &BuildConfig, out: &Path) -> (World, BuildReport) {
    let report = build(config, out, &mut factors, &mut |_| {}).unwrap();
    assert!(report.adds_up(), "{report:?}");
    let world = World::open(out).unwrap();
    world.verify(&mut |_| {}).unwrap();
    (world, report)
}

/// Does something with so many threads.
fn on<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn a_world_is_the_same_on_any_number_of_threads() {
    let folder = TempDir::new().unwrap();
    let mut config = dumps(&folder, &planted());
    // A member that is damaged in the middle, and one file by itself with several row groups.
    let mut tar = fs::read(&config.listens[0]).unwrap();
    let places = places(&tar);
    let (at, bytes) = places[3];
    tar[at + 512 + 4..at + 512 + bytes / 2].fill(0xa5);
    fs::write(&config.listens[0], &tar).unwrap();
    let (at, bytes) = places[1];
    let alone = folder.path().join("again.parquet");
    fs::write(&alone, &tar[at + 512..at + 512 + bytes]).unwrap();
    config.listens.push(alone);

    let path = |name: String| folder.path().join(name);
    let (_, report) = on(1, || built(&config, &path("1".to_owned())));
    let broken: Vec<_> = report.members.iter().filter(|m| m.broken.is_some()).collect();
    assert_eq!((broken.len(), report.members.len()), (1, 9), "{report:?}");
    assert!(report.duplicates >= 1_000, "a member came twice: {report:?}");
    let one = fs::read(path("1".to_owned())).unwrap();
    for (threads, memory_mb) in [(2, 4_000), (4, 4_000), (4, 500)] {
        let config = BuildConfig { memory_mb, ..config.clone() };
        let out = path(format!("{threads}-{memory_mb}"));
        on(threads, || built(&config, &out));
        assert!(fs::read(out).unwrap() == one, "{threads} threads, {memory_mb} MB");
    }
}

#[test]
fn a_build_that_was_killed_goes_on_behind_the_members_that_are_whole() {
    let folder = TempDir::new().unwrap();
    let config = dumps(&folder, &planted());
    let [whole, out] = ["whole", "out"].map(|name| folder.path().join(name));
    built(&config, &whole);
    let whole = fs::read(whole).unwrap();
    let journal = folder.path().join("out.building/journal");
    for (threads, lines) in [(1, 0), (2, 3), (4, 7)] {
        let fails = || {
            let mut fails = |_| Err(WorldError::Factors { reason: "a test".to_owned() });
            build(&config, &out, &mut fails, &mut |_| {})
        };
        assert!(matches!(on(threads, fails), Err(WorldError::Factors { .. })));
        // As if it had been killed: of what is behind these members only parts are left.
        let text = fs::read_to_string(&journal).unwrap();
        assert_eq!(text.lines().count(), 8);
        fs::write(&journal, text.split_inclusive('\n').take(lines).collect::<String>()).unwrap();
        let (mut begun, mut sounding) = (Vec::new(), Vec::new());
        build(&config, &out, &mut factors, &mut |stage| match stage {
            BuildStage::Reading { bytes, .. } => begun.push(bytes),
            BuildStage::Sounding { bytes, of } => sounding.push([bytes, of]),
            _ => {}
        })
        .unwrap();
        assert!(begun.is_sorted() && (lines == 0 || begun[0] > 0), "{begun:?}");
        assert!(sounding.is_sorted() && sounding.last().is_some_and(|[done, of]| done == of));
        assert!(fs::read(&out).unwrap() == whole, "{threads} threads, {lines} lines");
        fs::remove_file(&out).unwrap();
    }
}

/// What is measured of each recording, in the order of the rows.
fn measured(paths: &[PathBuf]) -> BTreeMap<Mbid, Vec<[Option<f32>; 4]>> {
    let mut found: BTreeMap<Mbid, Vec<[Option<f32>; 4]>> = BTreeMap::new();
    for path in paths {
        read_features(path, &Arc::default(), &mut |recording, row: FeatureRow<'_>| {
            let values = [row.bpm, row.danceability, row.average_loudness, row.onset_rate];
            found.entry(recording).or_default().push(values);
            Ok(())
        })
        .unwrap();
    }
    found
}

fn numbers(sound: &Sound) -> [Option<f32>; 4] {
    [sound.tempo_bpm, sound.danceability, sound.average_loudness, sound.onset_rate]
}

/// The lower median of each column.
fn medians(rows: &[[Option<f32>; 4]]) -> [Option<f32>; 4] {
    std::array::from_fn(|column| {
        let mut values: Vec<f32> = rows.iter().filter_map(|row| row[column]).collect();
        values.sort_by(f32::total_cmp);
        values.get(values.len().saturating_sub(1) / 2).copied()
    })
}

#[test]
fn recordings_sound_as_most_of_their_submissions_say() {
    let folder = TempDir::new().unwrap();
    let config = dumps(&folder, &planted());
    let out = folder.path().join("world");
    let (world, report) = built(&config, &out);
    let measured = measured(&config.features);
    let mut known = 0;
    for row in (0..world.len() as u32).map(RecordingIdx) {
        let sound = world.sound(row);
        let rows = measured.get(&world.mbid(row).unwrap());
        assert_eq!(sound.is_some(), rows.is_some(), "{row:?}");
        let (Some(sound), Some(rows)) = (sound, rows) else { continue };
        known += 1;
        assert_eq!(sound.submissions as usize * 3, rows.len());
        assert_eq!(numbers(&sound), medians(rows));
        assert!(sound.key.is_some() && sound.probability_happy.is_none());
    }
    assert!(known > 50 && known < world.len(), "{known}");
    let features = world.manifest().features.clone().unwrap();
    assert_eq!(
        (features.source.as_str(), features.licence.as_str()),
        ("AcousticBrainz", "CC0-1.0")
    );
    assert_eq!(features.dumps, TABLES.map(|(name, _)| name));
    assert_eq!((features.recordings, report.sounds), (known as u64, known as u64));
    let elsewhere = "of a recording that is not in the world";
    assert!(report.features.iter().all(|dump| dump.joined > 0 && dump.rows > dump.joined));
    assert!(report.features.iter().all(|dump| dump.dropped.contains_key(elsewhere)), "{report:?}");

    let small = folder.path().join("small");
    world.export(20, &small).unwrap();
    let part = World::open(&small).unwrap();
    part.verify(&mut |_| {}).unwrap();
    let of_part: Vec<_> = (0..20).map(|row| part.sound(RecordingIdx(row))).collect();
    let of_whole: Vec<_> = (0..20).map(|row| world.sound(RecordingIdx(row))).collect();
    assert_eq!(of_part, of_whole);
    let some = of_whole.iter().flatten().count() as u64;
    assert_eq!(part.manifest().features.as_ref().unwrap().recordings, some);
}

const RHYTHM: &str = "mbid,submission_offset,bpm,danceability,onset_rate\n";
const TONAL: &str = "mbid,submission_offset,key_key,key_scale\n";

#[test]
fn identifiers_that_lead_to_one_recording_are_one_and_what_is_missing_stays_so() {
    let folder = TempDir::new().unwrap();
    let planted = planted();
    let recording = (0..).map(|number| planted.recording(number)).find(|r| r.version.is_some());
    let recording = recording.unwrap();
    let (own, version) = (recording.mbid, recording.version.unwrap());
    let other = "00000000-0000-4000-8000-000000000000";
    let rhythm = format!(
        "{RHYTHM}{own},0,100,1.5,\n{version},0,50,0.5,\n{own},1,0,nan,\n{other},0,120,1,1\n\
         {own},2,99,,\n"
    );
    let tonal = format!(
        "{TONAL}{own},0,Bb,minor\n{version},0,A#,minor\n{own},1,C,major\nnone,0,C,major\n\
         {own},2,H,major\n"
    );
    let sounds = folder.path().join("sounds");
    fs::create_dir(&sounds).unwrap();
    fs::write(sounds.join("rhythm.csv"), rhythm).unwrap();
    fs::write(sounds.join("tonal.csv.zst"), packed(tonal.as_bytes())).unwrap();
    let config = BuildConfig { features: vec![sounds], ..dumps(&folder, &planted) };
    let (world, report) = built(&config, &folder.path().join("world"));
    let row = world.find(&recording.artist, &recording.title).unwrap();
    let sound = world.sound(row).unwrap();
    let expected = Sound {
        submissions: 3,
        // Of 50, 99 and 100; a tempo of 0 is none.
        tempo_bpm: Some(99.0),
        danceability: Some(0.5),
        key: Some(RecordingKey { tonic: 10, is_major: false }),
        ..Sound::default()
    };
    assert_eq!(sound, expected);
    assert_eq!(report.sounds, 1);
    let accounts: Vec<_> = report.features.iter().map(|d| (&*d.dump, d.rows, d.joined)).collect();
    assert_eq!(accounts, [("rhythm.csv", 5, 3), ("tonal.csv.zst", 5, 3)], "{report:?}");
    let dropped: Vec<&str> =
        report.features.iter().flat_map(|dump| dump.dropped.keys()).map(String::as_str).collect();
    let elsewhere = "of a recording that is not in the world";
    let nothing = "no value that a world keeps";
    assert_eq!(dropped, [nothing, elsewhere, "no identifier", nothing]);
}

#[test]
fn a_dump_of_features_that_is_damaged_is_named_and_left_out() {
    let folder = TempDir::new().unwrap();
    let config = dumps(&folder, &planted());
    let rhythm = &config.features[1];
    let whole = fs::read(rhythm).unwrap();
    fs::write(rhythm, &whole[..whole.len() / 2]).unwrap();
    let (world, report) = built(&config, &folder.path().join("world"));
    let broken: Vec<_> = report.features.iter().filter(|dump| dump.broken.is_some()).collect();
    assert_eq!((broken.len(), &*broken[0].dump), (1, "rhythm.tar.zst"));
    let why = broken[0].broken.as_deref().unwrap();
    assert!(why.contains("damaged or cut off"), "{why}");
    let features = world.manifest().features.clone().unwrap();
    assert_eq!(features.dumps, ["lowlevel.tar.zst", "tonal.tar.zst"]);
    let sounds: Vec<Sound> =
        (0..world.len() as u32).filter_map(|row| world.sound(RecordingIdx(row))).collect();
    assert!(sounds.len() > 50 && sounds.iter().all(|sound| sound.tempo_bpm.is_none()));
    assert!(sounds.iter().all(|sound| sound.average_loudness.is_some() && sound.key.is_some()));
}

#[test]
fn an_update_reads_features_again_and_keeps_nothing_but_parts() {
    let folder = TempDir::new().unwrap();
    let config = BuildConfig { keep_parts: true, ..dumps(&folder, &planted()) };
    let out = folder.path().join("world");
    let (world, _) = built(&config, &out);
    let sounds = |world: &World| -> Vec<Option<Sound>> {
        (0..world.len() as u32).map(|row| world.sound(RecordingIdx(row))).collect()
    };
    let before = (world.digest(), sounds(&world));
    drop(world);
    let report = update(&out, config.listens, 4_000, &mut factors, &mut |_| {}).unwrap();
    assert!(report.adds_up() && report.sounds > 0, "{report:?}");
    let world = World::open(&out).unwrap();
    assert_eq!((world.digest(), sounds(&world)), before, "nothing came that was not there");
    for entry in fs::read_dir(folder.path().join("world.parts")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_kept = name.starts_with("part-");
        assert!(is_kept || ["journal", "lock", "plan.json"].contains(&&*name), "{name} is left");
    }
}

#[test]
fn a_world_without_features_knows_of_no_sound() {
    let folder = TempDir::new().unwrap();
    let config = BuildConfig { features: Vec::new(), ..dumps(&folder, &planted()) };
    let (world, report) = built(&config, &folder.path().join("world"));
    assert_eq!((world.sound(RecordingIdx(0)), report.sounds), (None, 0));
    assert!(world.sections().iter().all(|section| section.name != "sound"));
    assert_eq!(world.manifest().features, None);
}

#[test]
fn documents_of_acousticbrainz_say_how_a_recording_sounds() {
    let Some(features) = sample("acousticbrainz") else { return };
    let [first, second] =
        ["0dad432b-16cc-4bf0-8961-fd31d124b01b", "e8afe383-1478-497e-90b1-7885c7f37f6e"];
    let folder = TempDir::new().unwrap();
    let mut lines = String::new();
    for (number, mbid) in [first, second].iter().enumerate() {
        for user in 0..5 {
            lines += &format!(
                "{{\"user_id\":{user},\"timestamp\":1700000000,\"track_metadata\":{{\
                 \"artist_name\":\"A\",\"track_name\":\"T{number}\",\
                 \"additional_info\":{{\"recording_mbid\":\"{mbid}\"}}}}}}\n"
            );
        }
    }
    let listens = folder.path().join("listens.jsonl");
    fs::write(&listens, lines).unwrap();
    let config =
        BuildConfig { listens: vec![listens], features: vec![features], ..BuildConfig::default() };
    let (world, report) = built(&config, &folder.path().join("world"));
    assert_eq!((report.sounds, report.features[0].rows, report.features[0].joined), (2, 3, 3));
    let sound = |title| world.sound(world.find("A", title).unwrap()).unwrap();
    let (one, other) = (sound("T0"), sound("T1"));
    assert_eq!((one.submissions, other.submissions), (1, 1));
    assert_eq!((one.tempo_bpm, other.tempo_bpm), (Some(139.925_87), Some(146.650_3)));
    assert_eq!((one.average_loudness, one.danceability), (Some(0.048_737_552), Some(0.812_176_5)));
    assert_eq!((one.onset_rate, one.dynamic_complexity), (Some(1.068_875_9), Some(6.212_062)));
    assert_eq!(one.key, Some(RecordingKey { tonic: 2, is_major: true }));
    let moods = [
        one.probability_danceable,
        one.probability_happy,
        one.probability_sad,
        one.probability_relaxed,
        one.probability_aggressive,
        one.probability_party,
        one.probability_acoustic,
        one.probability_electronic,
        one.probability_instrumental,
    ];
    let expected = [
        0.035_318_904,
        0.058_106_095,
        0.953_247_1,
        0.995_198_7,
        0.050_039_78,
        0.015_633_801,
        0.988_367_86,
        0.024_892_148,
        0.965_500_1,
    ];
    assert_eq!(moods, expected.map(Some));
    assert_eq!(other.probability_happy, None);
}
