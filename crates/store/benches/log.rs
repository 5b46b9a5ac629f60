//! How fast the log takes rows and gives them back. One listen is one item.
//!
//! `cargo bench -p segue-store`; every iteration works in a folder of its own.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use divan::Bencher;
use divan::counter::ItemsCount;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::{
    DeviceClass, EndReason, Feedback, FeedbackKind, FeedbackTarget, Listen, ListenerId, Moment, Record,
    Source, StartReason, Timestamp, Track, TrackId, WorkId,
};
use segue_store::{FileIdentity, Store};
use tempfile::TempDir;

const ROWS: usize = 200_000;
const MANY_ROWS: usize = 1_000_000;
const TRACKS: usize = 20_000;

fn main() {
    divan::main();
}

fn tracks() -> Vec<Track> {
    (0..TRACKS)
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
    let identity = FileIdentity { fingerprint: fingerprint.into(), name: fingerprint.into(), listener: None };
    let mut import = store.import_file(&identity).unwrap();
    for (row, record) in records.into_iter().enumerate() {
        import.accept(row as u64 + 1, record).unwrap();
    }
    import.finish().unwrap();
}

fn store() -> (TempDir, Store) {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path()).unwrap();
    (home, store)
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn import_new(bencher: Bencher<'_, '_>) {
    let listener = ListenerId::new("ann");
    let tracks = tracks();
    bencher
        .counter(ItemsCount::new(ROWS))
        .with_inputs(|| (store(), history(&listener, &tracks, ROWS)))
        .bench_local_values(|((home, mut store), records)| {
            import(&mut store, "new", records);
            (home, store)
        });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn import_duplicates(bencher: Bencher<'_, '_>) {
    let listener = ListenerId::new("ann");
    let tracks = tracks();
    bencher
        .counter(ItemsCount::new(ROWS))
        .with_inputs(|| {
            let (home, mut store) = store();
            import(&mut store, "first", history(&listener, &tracks, ROWS));
            ((home, store), history(&listener, &tracks, ROWS))
        })
        .bench_local_values(|((home, mut store), records)| {
            import(&mut store, "second", records);
            (home, store)
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
            let (home, mut store) = store();
            store.add_tracks(&tracks).unwrap();
            (home, store)
        })
        .bench_local_values(|(home, mut store)| {
            for batch in events.chunks(100) {
                store.append_listens(batch).unwrap();
            }
            (home, store)
        });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn read_back_one_million(bencher: Bencher<'_, '_>) {
    let listener = ListenerId::new("ann");
    let (_home, mut store) = store();
    import(&mut store, "all", history(&listener, &tracks(), MANY_ROWS));
    bencher.counter(ItemsCount::new(MANY_ROWS)).bench_local(|| store.listens(&listener).unwrap());
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn read_70_000_tracks(bencher: Bencher<'_, '_>) {
    let (_home, mut store) = store();
    let tracks: Vec<Track> = (0..70_000)
        .map(|i| {
            let name = format!("track {i}");
            let mut track = Track::new(TrackId::new(name.as_str()), WorkId::new(name.as_str()), name);
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

/// One word of a listener, on disk when it returns.
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
