//! `kill -9` at any moment: what was acknowledged is there, and an import goes on as if nothing had
//! happened.
//!
//! The test binary starts itself as the process to kill: [`child`] is that process, and does
//! nothing unless told to.

use std::env;
use std::fs;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::{
    Enrolment, Exposure, Feedback, FeedbackKind, FeedbackTarget, Impression, Listen, Record,
    Source, Track, TrackId,
};
use segue_store::{Appended, ClientId, Entry, Event, ImpressionId, Status, Store};

use crate::append::live;
use crate::fixtures::{at, file, import, listener, played, stream, track};
use crate::histories::{Histories, History};
use crate::impressions::impression;
use crate::models::register;

const JOB: &str = "SEGUE_STORE_TEST_JOB";
const HOME: &str = "SEGUE_STORE_TEST_HOME";
const EXPERIMENT: &str = "bolder";
const BATCH: usize = 25;
const ROWS_PER_MODEL: usize = 100;

#[test]
#[ignore = "the process that the other tests here kill"]
fn child() {
    let (Ok(job), Ok(library)) = (env::var(JOB), env::var(HOME)) else { return };
    let mut store = Store::open(Path::new(&library)).unwrap();
    match job.as_str() {
        "append" => append_for_ever(&mut store),
        "group" => group_for_ever(&mut store),
        "import" => import_all(&mut store, acknowledge),
        "forget" => {
            acknowledge(0);
            store.forget(&listener("ann")).unwrap();
            acknowledge(1);
        }
        job => panic!("there is no job {job}"),
    }
}

/// Tells the parent that something is on disk.
fn acknowledge(count: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nacknowledged {count}").unwrap();
    out.flush().unwrap();
}

fn row(number: usize, song: &Track) -> Listen {
    stream("ann", song, number as i64 * 300, 200)
}

fn append_for_ever(store: &mut Store) {
    let song = track("song");
    store.add_tracks(std::slice::from_ref(&song)).unwrap();
    let mut written = store.all_listens(&listener("ann")).unwrap().len();
    loop {
        let version = format!("v{written}");
        if written.is_multiple_of(ROWS_PER_MODEL) && store.model_files(&version).is_err() {
            register(store, &version, &[]).unwrap();
        }
        let batch: Vec<Listen> =
            (written..written + BATCH).map(|number| row(number, &song)).collect();
        store.append_listens(&batch).unwrap();
        written += BATCH;
        acknowledge(written as u64);
    }
}

/// The batch of events so numbered: plays and words under their names, a track of its own, a slate
/// with its shadow, and an event that is refused.
fn group(number: u64) -> Vec<Entry> {
    let who = |i: u64| format!("listener {}", (number * 7 + i) % 20);
    let own = format!("track {number}");
    let slate = impression(
        &who(0),
        &[TrackId::new("song"), TrackId::new(own.as_str())],
        2,
        at(number as i64),
    );
    let mut shadow = slate.clone();
    let enrolment = |arm: &str, exposure| {
        Some(Enrolment { experiment: EXPERIMENT.into(), arm: arm.into(), exposure })
    };
    shadow.enrolment = enrolment("bold", Exposure::Shadow);
    let shown = Impression { enrolment: enrolment("control", Exposure::Shown), ..slate };
    let mut entries =
        vec![Event::Track(track(&own)).into(), Event::Impressions(vec![shown, shadow]).into()];
    for i in 0..number % 30 {
        let client_id = Some(ClientId::new(format!("{number}/{i}")));
        let event = match i % 5 {
            0 => Event::Feedback(Feedback {
                listener: listener(&who(i)),
                target: FeedbackTarget::Track(TrackId::new(own.as_str())),
                kind: FeedbackKind::Like,
                at: Some(at(number as i64)),
                source: Source::Segue,
            }),
            _ => Event::Listen(live(&who(i), &own, i as i64)),
        };
        entries.push(Entry { client_id, event });
    }
    entries.push(Event::Listen(live("nobody", "unknown", 0)).into());
    entries
}

/// Appends group after group and says which were written, like a server that answers many clients
/// at once.
fn group_for_ever(store: &mut Store) {
    store.add_tracks(&[track("song")]).unwrap();
    if store.running_experiment().unwrap().is_none() {
        store.start_experiment(EXPERIMENT, "{}", at(0)).unwrap();
    }
    for number in store.status().unwrap().shadows.. {
        let outcomes = store.append(&group(number)).unwrap();
        let (refused, taken) = outcomes.split_last().unwrap();
        assert!(refused.is_err() && taken.iter().all(Result::is_ok));
        acknowledge(number + 1);
    }
}

/// 45,000 rows of two listeners with duplicates, statements and catalogue rows among them.
fn export() -> Vec<Record> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let songs: Vec<Track> = (0..500).map(|i| track(&format!("song {i}"))).collect();
    (0..45_000)
        .map(|i| {
            let song = &songs[rng.random_range(0..songs.len())];
            let who = ["ann", "bob"][rng.random_range(0..2)];
            match rng.random_range(0..50) {
                0 => Record::Track(song.clone()),
                _ => played(stream(who, song, i / 2 * 10, 5 + rng.random_range(0..3)), song),
            }
        })
        .collect()
}

fn import_all(store: &mut Store, acknowledge: impl Fn(u64)) {
    let mut import = store.import_file(&file("export")).unwrap();
    let mut committed = import.committed_rows();
    for (row, record) in export().into_iter().enumerate() {
        import.accept(row as u64 + 1, record).unwrap();
        if import.committed_rows() != committed {
            committed = import.committed_rows();
            acknowledge(committed);
        }
    }
    import.finish().unwrap();
}

fn start(job: &str, library: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--ignored", "--nocapture"])
        .env(JOB, job)
        .env(HOME, library)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the child some moments after its nth acknowledgement and returns the last one it gave.
fn kill_after(mut child: Child, acknowledgements: usize, moments: u64) -> Option<u64> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged =
        lines.filter_map(|line| line.ok()?.strip_prefix("acknowledged ")?.parse().ok());
    let last = acknowledged.by_ref().take(acknowledgements).last();
    for moment in 0..moments {
        black_box(moment);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged.last().or(last)
}

#[test]
fn no_acknowledged_row_or_model_is_lost() {
    let library = tempfile::tempdir().unwrap();
    let song = track("song");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..8 {
        let child = start("append", library.path());
        let acknowledged =
            kill_after(child, rng.random_range(1..40), rng.random_range(0..3_000_000));
        let acknowledged = acknowledged.expect("the child wrote something") as usize;

        let store = Store::open(library.path()).unwrap();
        let kept = store.all_listens(&listener("ann")).unwrap();
        assert!(kept.len() >= acknowledged, "{} of {acknowledged} rows are left", kept.len());
        assert_eq!(kept.len() % BATCH, 0, "a batch is there in full or not at all");
        assert_eq!(kept, (0..kept.len()).map(|number| row(number, &song)).collect::<Vec<_>>());
        check_models(&store, library.path(), acknowledged);
    }
}

#[test]
fn no_acknowledged_group_of_events_is_lost_and_none_is_there_in_part() {
    let library = tempfile::tempdir().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for _ in 0..10 {
        let child = start("group", library.path());
        let acknowledged =
            kill_after(child, rng.random_range(1..60), rng.random_range(0..3_000_000));
        let acknowledged = acknowledged.expect("the child wrote something");

        let mut store = Store::open(library.path()).unwrap();
        let groups = store.status().unwrap().shadows;
        assert!(groups >= acknowledged, "{groups} of {acknowledged} groups are left");
        assert_eq!(rows(&store), rows(&store_of_groups(groups)));
        // What the client may tell again, having got no answer, is known; what was never written is
        // not.
        for entry in group(groups - 1).iter().filter(|entry| entry.client_id.is_some()) {
            let told = store.append(std::slice::from_ref(entry)).unwrap().remove(0);
            assert_eq!(told.unwrap(), Appended::Repeated);
        }
    }
}

/// A store to which so many groups were appended and nothing happened.
fn store_of_groups(groups: u64) -> Store {
    let mut store = Store::open_in_memory().unwrap();
    store.add_tracks(&[track("song")]).unwrap();
    store.start_experiment(EXPERIMENT, "{}", at(0)).unwrap();
    let entries: Vec<Entry> = (0..groups).flat_map(group).collect();
    store.append(&entries).unwrap();
    store
}

type Slates = Vec<(ImpressionId, Impression)>;

/// Everything that groups write.
fn rows(store: &Store) -> (Vec<History>, Vec<Track>, Slates, Status) {
    let status = Status { database_bytes: 0, ..store.status().unwrap() };
    let histories = Histories::read(store);
    (histories, store.tracks().unwrap(), store.experiment_impressions(EXPERIMENT).unwrap(), status)
}

/// Every acknowledged model is registered, and files and rows agree.
fn check_models(store: &Store, library: &Path, acknowledged: usize) {
    let models = store.models().unwrap();
    assert!(models.len() >= acknowledged.div_ceil(ROWS_PER_MODEL));
    assert_eq!(store.active_model().unwrap().as_ref(), models.last());
    for model in &models {
        let weights = store.model_files(&model.version).unwrap().weights;
        assert_eq!(fs::read_to_string(weights).unwrap(), format!("weights of {}", model.version));
    }
    store.remove_orphans().unwrap();
    if let Ok(folders) = fs::read_dir(library.join("models")) {
        assert_eq!(folders.count(), models.len());
    }
}

#[test]
fn an_import_killed_again_and_again_ends_where_an_uninterrupted_one_does() {
    let (library, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut acknowledged = 0;
    for _ in 0..5 {
        let child = start("import", library.path());
        let last = kill_after(child, rng.random_range(0..2), rng.random_range(0..60_000_000));
        acknowledged = acknowledged.max(last.unwrap_or(0));
        let mut store = Store::open(library.path()).unwrap();
        assert!(store.import_file(&file("export")).unwrap().committed_rows() >= acknowledged);
    }
    let mut killed = Store::open(library.path()).unwrap();
    import_all(&mut killed, |_| ());
    let mut whole = Store::open(other.path()).unwrap();
    import_all(&mut whole, |_| ());

    assert_eq!(killed.tracks().unwrap(), whole.tracks().unwrap());
    assert_eq!(killed.listeners().unwrap(), whole.listeners().unwrap());
    for summary in whole.listeners().unwrap() {
        assert_eq!(
            killed.all_listens(&summary.id).unwrap(),
            whole.all_listens(&summary.id).unwrap()
        );
    }
    let counts = |store: &Store| {
        let status = store.status().unwrap();
        (status.listens, status.works, status.tracks, status.imports, status.unfinished_imports)
    };
    assert_eq!(counts(&killed), counts(&whole));
    assert_eq!(counts(&whole).4, 0);
}

/// A library of Ann and Bob, with a model that learnt from both and an upload of Ann's.
fn of_two(library: &Path) -> Vec<Listen> {
    let mut store = Store::open(library).unwrap();
    let songs: Vec<Track> = (0..3_000).map(|i| track(&format!("song {i}"))).collect();
    for who in ["ann", "bob"] {
        let rows = songs.iter().enumerate();
        let rows: Vec<Record> =
            rows.map(|(i, song)| played(stream(who, song, i as i64 * 300, 200), song)).collect();
        import(&mut store, who, &rows);
    }
    register(&mut store, "of-both", &[listener("ann"), listener("bob")]).unwrap();
    let uploads = library.join("uploads");
    fs::create_dir_all(uploads.join("hers.upload")).unwrap();
    fs::write(uploads.join("hers.upload/plays.csv"), "rows").unwrap();
    fs::write(uploads.join("hers.json"), r#"{"listener": "ann", "name": "plays.csv"}"#).unwrap();
    store.all_listens(&listener("bob")).unwrap()
}

#[test]
fn a_forgetting_killed_at_any_moment_happened_or_did_not_and_the_next_one_completes_it() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for _ in 0..12 {
        let library = tempfile::tempdir().unwrap();
        let of_bob = of_two(library.path());
        let child = start("forget", library.path());
        let told = kill_after(child, 1, rng.random_range(0..60_000_000));
        let upload = library.path().join("uploads/hers.upload");

        let mut store = Store::open(library.path()).unwrap();
        let left = store.all_listens(&listener("ann")).unwrap().len();
        let is_known = store.listener(&listener("ann")).unwrap().is_some();
        assert_eq!(
            (left, store.models().unwrap().len()),
            if is_known { (3_000, 1) } else { (0, 0) }
        );
        assert!(is_known || !upload.exists(), "nothing is left to bring her back from");
        assert!(told != Some(1) || !is_known, "what was acknowledged happened");

        store.forget(&listener("ann")).unwrap();
        assert_eq!(store.listener(&listener("ann")).unwrap(), None);
        assert!(!upload.exists() && !library.path().join("models/of-both").exists());
        assert_eq!(store.all_listens(&listener("bob")).unwrap(), of_bob);
    }
}
