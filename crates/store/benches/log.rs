//! How fast the log takes rows and gives them back. One listen is one item.
//!
//! `cargo bench -p segue-store`; every iteration works in a folder of its own.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(clippy::print_stdout, reason = "divan tells neither processor time nor bytes")]

use divan::Bencher;
use divan::counter::ItemsCount;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::{
    AudioFeature, DeviceClass, EndReason, Feedback, FeedbackKind, FeedbackTarget, Impression,
    Listen, ListenerId, Moment, Parameters, Pick, PolicySpec, Reason, Record, Shortlisted, Slate,
    SlateConfig, Source, Sources, StartReason, Timestamp, Track, TrackId, WorkId,
};
use segue_store::{HistoriesReader, ImportedFile, Store};
use tempfile::TempDir;

const ROWS: usize = 200_000;
const MANY_ROWS: usize = 1_000_000;
const TRACKS: usize = 20_000;

fn main() {
    divan::main();
}

fn tracks() -> Vec<Track> {
    tracks_named(TRACKS)
}

fn tracks_named(count: usize) -> Vec<Track> {
    (0..count)
        .map(|i| Track {
            artists: vec![format!("Artist {}", i / 12)],
            album: Some(format!("Album {}", i / 10)),
            ..Track::new(
                TrackId::new(format!("spotify:track:{i:022}")),
                WorkId::new(format!("artist {}␟title {i}", i / 12)),
                format!("Title {i}"),
            )
        })
        .collect()
}

/// A history as a streaming service exports it: a few favourites, three minutes between plays.
fn history(listener: &ListenerId, tracks: &[Track], rows: usize) -> Vec<Record> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    (0..rows)
        .map(|row| {
            let skew: f64 = rng.random();
            let track = &tracks[(skew * skew * tracks.len() as f64) as usize];
            let second = 1_400_000_000 + row as i64 * 180 + rng.random_range(0..60);
            let at = Timestamp::from_second(second).unwrap();
            let listen = Listen {
                moment: Moment::Ended,
                ms_played: Some(rng.random_range(1_000..240_000)),
                start_reason: StartReason::PreviousFinished,
                end_reason: EndReason::Finished,
                skipped: Some(false),
                shuffle: Some(true),
                offline: Some(false),
                device: DeviceClass::Phone,
                ..Listen::new(listener.clone(), track.id.clone(), at, Source::SpotifyExtended)
            };
            Record::Listen { listen, track: track.clone() }
        })
        .collect()
}

fn import(store: &mut Store, fingerprint: &str, records: Vec<Record>) {
    let identity =
        ImportedFile { fingerprint: fingerprint.into(), name: fingerprint.into(), listener: None };
    let mut import = store.import_file(&identity).unwrap();
    for (row, record) in records.into_iter().enumerate() {
        import.accept(row as u64 + 1, record).unwrap();
    }
    import.finish().unwrap();
}

fn store() -> (TempDir, Store) {
    let library = tempfile::tempdir().unwrap();
    let store = Store::open(library.path()).unwrap();
    (library, store)
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn import_new(bencher: Bencher<'_, '_>) {
    let listener = ListenerId::new("ann");
    let tracks = tracks();
    bencher
        .counter(ItemsCount::new(ROWS))
        .with_inputs(|| (store(), history(&listener, &tracks, ROWS)))
        .bench_local_values(|((library, mut store), records)| {
            import(&mut store, "new", records);
            (library, store)
        });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn import_duplicates(bencher: Bencher<'_, '_>) {
    let listener = ListenerId::new("ann");
    let tracks = tracks();
    bencher
        .counter(ItemsCount::new(ROWS))
        .with_inputs(|| {
            let (library, mut store) = store();
            import(&mut store, "first", history(&listener, &tracks, ROWS));
            ((library, store), history(&listener, &tracks, ROWS))
        })
        .bench_local_values(|((library, mut store), records)| {
            import(&mut store, "second", records);
            (library, store)
        });
}

/// Events of 1,000 listeners in no order, each batch flushed to disk.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn append_batches_of_100(bencher: Bencher<'_, '_>) {
    let tracks = tracks();
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let events: Vec<Listen> = (0..100_000)
        .map(|row| {
            let listener = ListenerId::new(format!("listener {}", rng.random_range(0..1000)));
            let at = Timestamp::from_second(1_700_000_000 + row).unwrap();
            Listen::new(listener, tracks[rng.random_range(0..TRACKS)].id.clone(), at, Source::Segue)
        })
        .collect();
    bencher
        .counter(ItemsCount::new(events.len()))
        .with_inputs(|| {
            let (library, mut store) = store();
            store.add_tracks(&tracks).unwrap();
            (library, store)
        })
        .bench_local_values(|(library, mut store)| {
            for batch in events.chunks(100) {
                store.append_listens(batch).unwrap();
            }
            (library, store)
        });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn read_back_one_million(bencher: Bencher<'_, '_>) {
    let listener = ListenerId::new("ann");
    let (_library, mut store) = store();
    import(&mut store, "all", history(&listener, &tracks(), MANY_ROWS));
    bencher.counter(ItemsCount::new(MANY_ROWS)).bench_local(|| store.listens(&listener).unwrap());
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn read_70_000_tracks(bencher: Bencher<'_, '_>) {
    let (_library, mut store) = store();
    let tracks: Vec<Track> = (0..70_000)
        .map(|i| {
            let name = format!("track {i}");
            let mut track =
                Track::new(TrackId::new(name.as_str()), WorkId::new(name.as_str()), name);
            track.artists = vec![format!("Artist {}", i / 12)];
            for feature in segue_core::AudioFeature::ALL {
                track.features.set(feature, 1.0);
            }
            track
        })
        .collect();
    store.add_tracks(&tracks).unwrap();
    bencher.counter(ItemsCount::new(tracks.len())).bench_local(|| store.tracks().unwrap());
}

/// One piece of feedback, on disk when it returns.
#[divan::bench]
fn append_a_word(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let tracks = tracks();
    store.add_tracks(&tracks).unwrap();
    let said = Feedback {
        listener: ListenerId::new("ann"),
        target: FeedbackTarget::Track(tracks[7].id.clone()),
        kind: FeedbackKind::Like,
        at: Timestamp::from_second(1_700_000_000).ok(),
        source: Source::Segue,
    };
    bencher.bench_local(|| store.append_feedback(std::slice::from_ref(&said)).unwrap());
}

/// One piece of feedback, on disk when it returns, while another connection imports a million
/// plays.
#[divan::bench(sample_count = 100, sample_size = 1)]
fn append_a_word_during_an_import(bencher: Bencher<'_, '_>) {
    let (library, mut store) = store();
    let tracks = tracks();
    store.add_tracks(&tracks).unwrap();
    let said = Feedback {
        listener: ListenerId::new("bob"),
        target: FeedbackTarget::Track(tracks[7].id.clone()),
        kind: FeedbackKind::Like,
        at: Timestamp::from_second(1_700_000_000).ok(),
        source: Source::Segue,
    };
    let records = history(&ListenerId::new("ann"), &tracks, MANY_ROWS);
    std::thread::scope(|scope| {
        let importer =
            scope.spawn(|| import(&mut Store::open(library.path()).unwrap(), "all", records));
        bencher.bench_local(|| {
            store.append_feedback(std::slice::from_ref(&said)).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(5));
        });
        importer.join().unwrap();
    });
}

/// Processor time of this thread so far, in microseconds, where the system tells.
fn cpu_micros() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    told.split_whitespace().next().map_or(f64::NAN, |nanos| nanos.parse::<f64>().unwrap() / 1000.0)
}

/// Bytes that this process has handed to the disk so far, where the system tells.
fn written_bytes() -> u64 {
    let told = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    line.map_or(0, |bytes| bytes.parse().unwrap())
}

const MANY_TRACKS: usize = 100_000;
const MANY_LISTENERS: usize = 10_000;
const LOGGED: usize = 4_000;

/// Mixes of 30 from short-lists of 120 for any of 10,000 listeners.
fn impressions(tracks: &[Track], count: usize) -> Vec<Impression> {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    (0..count).map(|_| impression(&mut rng, tracks)).collect()
}

fn impression(rng: &mut ChaCha8Rng, tracks: &[Track]) -> Impression {
    let shortlist: Vec<Shortlisted> = (0..120)
        .map(|_| Shortlisted {
            track: tracks[rng.random_range(0..tracks.len())].id.clone(),
            score: rng.random(),
            new_to_listener: rng.random(),
            new_artist: false,
            arrival: false,
            factors: Vec::new(),
        })
        .collect();
    let picks = shortlist
        .iter()
        .take(30)
        .zip(0..)
        .map(|(listed, drawn)| pick(rng, listed, drawn))
        .collect();
    let parameters =
        Parameters::default().with("temperature", 0.1).with("epsilon", 0.05).with("optimism", 0.0);
    let config = SlateConfig {
        policy: PolicySpec { parameters, ..PolicySpec::new("plackett-luce", 2) },
        model: "likability-2026-11-25".into(),
        seed: rng.random(),
        explore: 0.3,
        new_slots: 9,
        new_artist_slots: 0,
        arrival_slots: 1,
        artist_cap: 3,
        album_cap: 2,
        beside: Vec::new(),
    };
    let listener = ListenerId::new(format!("listener {}", rng.random_range(0..MANY_LISTENERS)));
    Impression::new(
        Timestamp::from_second(1_700_000_000).unwrap(),
        Slate { listener, config, picks, shortlist },
    )
}

fn pick(rng: &mut ChaCha8Rng, listed: &Shortlisted, drawn: u32) -> Pick {
    let artist = format!("Artist {}", rng.random_range(0..2000));
    let features = vec![AudioFeature::Energy, AudioFeature::Tempo];
    Pick {
        track: listed.track.clone(),
        drawn,
        propensity: rng.random(),
        propensity_error: 0.0,
        likability: rng.random(),
        uncertainty: rng.random(),
        new_to_listener: listed.new_to_listener,
        new_artist: false,
        sources: Sources::default(),
        reason: match drawn % 3 {
            0 => Reason::Artist { artist, finished: 7 },
            1 => Reason::SoundsLike { anchor: format!("{artist} – Title {drawn}"), features },
            _ => Reason::Predicted,
        },
    }
}

fn database_bytes(library: &TempDir) -> u64 {
    std::fs::metadata(library.path().join(Store::DATABASE)).unwrap().len()
}

/// Mixes of 30 from short-lists of 120, so many flushed to disk at once, in a library with 100,000
/// tracks. One mix is one item.
#[divan::bench(args = [1, 8, 32], sample_count = 1, sample_size = 1)]
fn log_impressions(bencher: Bencher<'_, '_>, together: usize) {
    let tracks = tracks_named(MANY_TRACKS);
    let (library, mut store) = store();
    store.add_tracks(&tracks).unwrap();
    drop(store);
    let mut store = Store::open(library.path()).unwrap();
    let warm_up = impressions(&tracks, MANY_TRACKS / 40);
    store.log_impressions(&warm_up).unwrap();
    let logged = impressions(&tracks, LOGGED);
    let (bytes, written, cpu) = (database_bytes(&library), written_bytes(), cpu_micros());
    bencher.counter(ItemsCount::new(LOGGED)).bench_local(|| {
        for batch in logged.chunks(together) {
            store.log_impressions(batch).unwrap();
        }
    });
    let cpu = (cpu_micros() - cpu) / LOGGED as f64;
    let (bytes, written) = (
        (database_bytes(&library) - bytes) / LOGGED as u64,
        (written_bytes() - written) / LOGGED as u64,
    );
    println!(
        "  {cpu:.0} µs of processor time an impression, {bytes} bytes kept, {written} written"
    );
}

/// 10,000 listeners with 300 plays each, which came `together` at a time: as imports bring them, or
/// one by one in no order.
fn store_of_everybody(together: usize) -> (TempDir, Store) {
    let (library, mut store) = store();
    let tracks = tracks_named(MANY_TRACKS);
    store.add_tracks(&tracks).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(17);
    let listeners: Vec<ListenerId> =
        (0..MANY_LISTENERS).map(|i| ListenerId::new(format!("listener {i}"))).collect();
    let mut stretches: Vec<usize> =
        (0..MANY_LISTENERS).flat_map(|listener| vec![listener; 300 / together]).collect();
    stretches.shuffle(&mut rng);
    let mut second = 1_600_000_000;
    for batch in stretches.chunks(10_000 / together) {
        let listens: Vec<Listen> = batch
            .iter()
            .flat_map(|&listener| vec![listener; together])
            .map(|listener| {
                second += 20;
                let track = tracks[rng.random_range(0..MANY_TRACKS)].id.clone();
                let at = Timestamp::from_second(second).unwrap();
                Listen::new(listeners[listener].clone(), track, at, Source::Segue)
            })
            .collect();
        store.append_listens(&listens).unwrap();
    }
    (library, store)
}

/// Counts plays.
struct Count(usize);

impl HistoriesReader for Count {
    type Track = ();

    fn listener(&mut self, _: ListenerId) {}

    fn track(&mut self, _: &TrackId) {}

    fn listen(&mut self, _: usize, (): (), _: &Listen) {
        self.0 += 1;
    }

    fn feedback(&mut self, _: usize, _: Feedback) {}
}

/// Everything that 10,000 listeners played, which came so many plays of one at a time.
#[divan::bench(args = [1, 300], sample_count = 3, sample_size = 1)]
fn read_everybody(bencher: Bencher<'_, '_>, together: usize) {
    let (_library, store) = store_of_everybody(together);
    bencher.counter(ItemsCount::new(MANY_LISTENERS * 300)).bench_local(|| {
        let mut plays = Count(0);
        store.read_histories(&mut plays).unwrap();
        assert_eq!(plays.0, MANY_LISTENERS * 300);
    });
}

/// What one of 10,000 listeners played.
#[divan::bench(args = [1, 300], sample_count = 300, sample_size = 1)]
fn read_one_of_many(bencher: Bencher<'_, '_>, together: usize) {
    let (_library, store) = store_of_everybody(together);
    let mut rng = ChaCha8Rng::seed_from_u64(19);
    let any = move || ListenerId::new(format!("listener {}", rng.random_range(0..MANY_LISTENERS)));
    bencher
        .with_inputs(any)
        .counter(ItemsCount::new(300_usize))
        .bench_local_values(|listener| store.listens(&listener).unwrap());
}

/// The latest 50 plays of one of 10,000 listeners.
#[divan::bench(args = [1, 300], sample_count = 300, sample_size = 1)]
fn read_a_page(bencher: Bencher<'_, '_>, together: usize) {
    let (_library, store) = store_of_everybody(together);
    let mut rng = ChaCha8Rng::seed_from_u64(19);
    let any = move || ListenerId::new(format!("listener {}", rng.random_range(0..MANY_LISTENERS)));
    bencher
        .with_inputs(any)
        .bench_local_values(|listener| store.listens_page(&listener, None, 50).unwrap());
}

/// One of 10,000 listeners at a glance.
#[divan::bench(args = [1, 300], sample_count = 300, sample_size = 1)]
fn read_a_summary(bencher: Bencher<'_, '_>, together: usize) {
    let (_library, store) = store_of_everybody(together);
    let listener = ListenerId::new("listener 77");
    bencher.bench_local(|| store.listener(&listener).unwrap());
}
