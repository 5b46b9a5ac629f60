//! Events are appended together and taken or refused one by one; an event sent twice is one event.

use std::collections::{BTreeMap, BTreeSet};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::{
    Enrolment, Exposure, Feedback, FeedbackKind, FeedbackTarget, Impression, Listen, ListenerId,
    Source, Track, TrackId,
};
use segue_store::{Appended, ClientId, Entry, Event, Result, Store, StoreError};

use crate::api_keys::key;
use crate::fixtures::{at, import, listener, played, scrobble, track};
use crate::impressions::impression;

pub(crate) fn live(who: &str, song: &str, second: i64) -> Listen {
    Listen::new(listener(who), TrackId::new(song), at(second), Source::Segue)
}

fn said(who: &str, song: &str, kind: FeedbackKind, second: Option<i64>) -> Feedback {
    let target = FeedbackTarget::Track(TrackId::new(song));
    Feedback { listener: listener(who), target, kind, at: second.map(at), source: Source::Segue }
}

fn named(client_id: impl Into<ClientId>, event: Event) -> Entry {
    Entry { client_id: Some(client_id.into()), event }
}

/// Outcomes that can be compared: a refusal as its message.
fn outcomes(outcomes: Vec<Result<Appended>>) -> Vec<std::result::Result<Appended, String>> {
    outcomes.into_iter().map(|outcome| outcome.map_err(|error| error.to_string())).collect()
}

fn store_with(songs: &[&str]) -> Store {
    let mut store = Store::open_in_memory().unwrap();
    store.add_tracks(&songs.iter().map(|song| track(song)).collect::<Vec<_>>()).unwrap();
    store
}

#[test]
fn a_refused_event_leaves_no_trace_and_its_neighbours_are_taken() {
    let mut store = store_with(&["known"]);
    let ids = ["known", "unknown"].map(TrackId::new);
    let enrolled = Impression {
        enrolment: Some(Enrolment {
            experiment: "no such".into(),
            arm: "bold".into(),
            exposure: Exposure::Shadow,
        }),
        ..impression("dan", &ids[..1], 1, at(0))
    };
    let entries = [
        Event::Listen(live("ann", "known", 0)).into(),
        named("a", Event::Listen(live("eve", "unknown", 0))),
        named("b", Event::Feedback(said("fay", "unknown", FeedbackKind::Like, None))),
        Event::Impressions(vec![
            impression("gus", &ids[..1], 1, at(0)),
            impression("gus", &ids, 1, at(0)),
        ])
        .into(),
        Event::Impressions(vec![impression("dan", &ids[..1], 1, at(0)), enrolled]).into(),
        Event::Feedback(said("bob", "known", FeedbackKind::Like, None)).into(),
    ];
    let taken = outcomes(store.append(&entries).unwrap());
    let unknown = || Err("track `unknown` is not in the catalogue; describe it first".to_owned());
    let no_experiment = Err("there is no experiment `no such`, or it is not running".to_owned());
    assert_eq!(
        taken,
        [Ok(Appended::New), unknown(), unknown(), unknown(), no_experiment, Ok(Appended::New)]
    );
    let status = store.status().unwrap();
    let counts =
        (status.listeners, status.listens, status.feedback, status.impressions, status.shadows);
    assert_eq!(counts, (2, 1, 1, 0, 0));

    // Described now, and under the name that was refused before.
    let again = [Event::Track(track("unknown")).into(), entries[1].clone(), entries[3].clone()];
    let taken = outcomes(store.append(&again).unwrap());
    assert_eq!(taken[..2], [Ok(Appended::New), Ok(Appended::New)]);
    let Ok(Appended::Impressions(logged)) = &taken[2] else { panic!("{:?}", taken[2]) };
    assert_eq!(store.impression(logged[1]).unwrap(), Some(impression("gus", &ids, 1, at(0))));
}

#[test]
fn an_event_told_again_is_the_same_event_even_after_an_import_completed_it() {
    let mut store = store_with(&["song"]);
    let entry = named("1", Event::Listen(live("ann", "song", 0)));
    assert_eq!(
        outcomes(store.append(&[entry.clone(), entry.clone()]).unwrap()),
        [Ok(Appended::New), Ok(Appended::Repeated)]
    );
    let richer = Listen { ms_played: Some(1000), ..scrobble("ann", &track("song"), 3) };
    assert_eq!(import(&mut store, "later", &[played(richer, &track("song"))]).completed, 1);
    assert_eq!(outcomes(store.append(&[entry]).unwrap()), [Ok(Appended::Repeated)]);
    assert_eq!(store.all_listens(&listener("ann")).unwrap().len(), 1);
}

#[test]
fn a_name_given_to_another_event_is_refused_and_belongs_to_one_listener_and_kind() {
    let mut store = store_with(&["song", "other"]);
    let entries = [
        named("1", Event::Listen(live("ann", "song", 0))),
        named("1", Event::Listen(live("ann", "other", 0))),
        named("1", Event::Listen(live("ann", "song", 1))),
        named("1", Event::Listen(live("bob", "other", 0))),
        named("1", Event::Feedback(said("ann", "other", FeedbackKind::Like, None))),
        named("1", Event::Feedback(said("ann", "other", FeedbackKind::Ban, None))),
    ];
    let taken = store.append(&entries).unwrap();
    let refused: Vec<bool> = taken
        .iter()
        .map(|outcome| matches!(outcome, Err(StoreError::ClientIdReused(name)) if name == "1"))
        .collect();
    assert_eq!(refused, [false, true, true, false, false, true]);
    let status = store.status().unwrap();
    assert_eq!((status.listens, status.feedback), (2, 1));
}

#[test]
fn an_event_stamped_on_arrival_is_the_same_with_a_later_stamp() {
    let mut store = store_with(&["song"]);
    let told =
        |second| named(ClientId::of_undated("1"), Event::Listen(live("ann", "song", second)));
    let word = |second| {
        let feedback = said("ann", "song", FeedbackKind::Like, Some(second));
        named(ClientId::of_undated("1"), Event::Feedback(feedback))
    };
    let taken = outcomes(store.append(&[told(0), told(9), word(0), word(9)]).unwrap());
    let (new, repeated) = (Ok(Appended::New), Ok(Appended::Repeated));
    assert_eq!(taken, [new.clone(), repeated.clone(), new, repeated]);
    assert_eq!(store.all_listens(&listener("ann")).unwrap(), [live("ann", "song", 0)]);
}

#[test]
fn a_listener_who_did_nothing_and_a_track_are_there_after_they_were_told() {
    let mut store = store_with(&[]);
    let entries: [Entry; 4] = [
        Event::Listener(listener("ann")).into(),
        Event::Listener(listener("ann")).into(),
        Event::Track(track("song")).into(),
        Event::Track(track("song")).into(),
    ];
    let (new, repeated) = (Ok(Appended::New), Ok(Appended::Repeated));
    assert_eq!(
        outcomes(store.append(&entries).unwrap()),
        [new.clone(), repeated.clone(), new, repeated]
    );
    let ann = store.listener(&listener("ann")).unwrap().unwrap();
    assert_eq!((ann.listens, ann.feedback), (0, 0));
    assert_eq!(store.listener(&listener("bob")).unwrap(), None);
    assert_eq!(store.tracks().unwrap(), [track("song")]);
}

/// What should be there, in plain maps.
#[derive(Default)]
struct Told {
    tracks: BTreeSet<String>,
    names: BTreeMap<(ListenerId, &'static str, String), String>,
    listens: Vec<Listen>,
    feedback: Vec<Feedback>,
}

impl Told {
    fn append(&mut self, entry: &Entry) -> std::result::Result<Appended, String> {
        let (listener, kind, song, content) = match &entry.event {
            Event::Listen(listen) => {
                (&listen.listener, "listen", listen.track.to_string(), format!("{listen:?}"))
            }
            Event::Feedback(feedback) => {
                let FeedbackTarget::Track(track) = &feedback.target else {
                    panic!("all are about tracks")
                };
                (&feedback.listener, "feedback", track.to_string(), format!("{feedback:?}"))
            }
            Event::Track(track) if self.tracks.insert(track.id.to_string()) => {
                return Ok(Appended::New);
            }
            Event::Track(_) => return Ok(Appended::Repeated),
            event => panic!("{event:?} is not among those drawn"),
        };
        if !self.tracks.contains(&song) {
            return Err(StoreError::UnknownTrack(TrackId::new(song)).to_string());
        }
        if let Some(client_id) = &entry.client_id {
            let name = client_id.name().to_owned();
            match self.names.get(&(listener.clone(), kind, name.clone())) {
                Some(told) if *told == content => return Ok(Appended::Repeated),
                Some(_) => return Err(StoreError::ClientIdReused(name).to_string()),
                None => self.names.insert((listener.clone(), kind, name), content),
            };
        }
        match &entry.event {
            Event::Listen(listen) => self.listens.push(listen.clone()),
            Event::Feedback(feedback) => self.feedback.push(feedback.clone()),
            _ => {}
        }
        Ok(Appended::New)
    }

    fn forget(&mut self, who: &ListenerId) {
        self.names.retain(|(listener, ..), _| listener != who);
        self.listens.retain(|listen| listen.listener != *who);
        self.feedback.retain(|feedback| feedback.listener != *who);
    }
}

fn any_entry(rng: &mut impl rand::Rng) -> Entry {
    let song = format!("song {}", rng.random_range(0..6));
    let who = ["ann", "bob"][rng.random_range(0..2)];
    let event = match rng.random_range(0..8) {
        0 => Event::Track(track(&song)),
        1..5 => Event::Listen(live(who, &song, rng.random_range(0..2))),
        _ => Event::Feedback(said(who, &song, FeedbackKind::Like, None)),
    };
    let named = rng.random_bool(0.8) && !matches!(event, Event::Track(_));
    Entry { client_id: named.then(|| ClientId::new(format!("{}", rng.random_range(0..30)))), event }
}

#[test]
fn whatever_is_told_again_the_store_holds_what_plain_maps_hold() {
    for seed in 0..8 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let library = tempfile::tempdir().unwrap();
        let mut stores =
            [Store::open(library.path()).unwrap(), Store::open(library.path()).unwrap()];
        let mut told = Told::default();
        for _ in 0..60 {
            let store = &mut stores[usize::from(rng.random_bool(0.2))];
            let batch: Vec<Entry> =
                (0..rng.random_range(1..12)).map(|_| any_entry(&mut rng)).collect();
            let expected: Vec<_> = batch.iter().map(|entry| told.append(entry)).collect();
            assert_eq!(outcomes(store.append(&batch).unwrap()), expected, "seed {seed}");
            match rng.random_range(0..12) {
                0 => *store = Store::open(library.path()).unwrap(),
                1 => {
                    let who = listener(["ann", "bob"][rng.random_range(0..2)]);
                    store.forget(&who).unwrap();
                    told.forget(&who);
                }
                _ => {}
            }
        }
        for who in ["ann", "bob"].map(listener) {
            let listens: Vec<Listen> =
                told.listens.iter().filter(|listen| listen.listener == who).cloned().collect();
            let feedback: Vec<Feedback> =
                told.feedback.iter().filter(|feedback| feedback.listener == who).cloned().collect();
            for store in &stores {
                assert_eq!(store.all_listens(&who).unwrap(), listens, "seed {seed}");
                assert_eq!(store.feedback(&who).unwrap(), feedback, "seed {seed}");
            }
        }
    }
}

#[test]
fn a_backup_knows_what_was_told() {
    let (library, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut store = Store::open(library.path()).unwrap();
    let song: Track = track("song");
    let entry = named("1", Event::Listen(live("ann", "song", 0)));
    store.append(&[Event::Track(song).into(), entry.clone()]).unwrap();
    store.add_key(&key("phone", "write", 3, 0, None)).unwrap();
    let copy = folder.path().join("copy");
    store.backup(&copy).unwrap();
    let mut copy = Store::open(&copy).unwrap();
    assert_eq!(outcomes(copy.append(&[entry]).unwrap()), [Ok(Appended::Repeated)]);
    assert_eq!(copy.keys().unwrap(), store.keys().unwrap());
}
