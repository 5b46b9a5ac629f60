//! A history that is read on from where it was read to, held to one that is read whole.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::{
    DeviceClass, Feedback, FeedbackKind, FeedbackTarget, Listen, Source, Track, TrackId,
};
use segue_store::{Appended, Event, Exclusion, HistoryMark, HistoryReader, Store};

use crate::fixtures::{at, import, listener, played, scrobble, stream, track};

/// Everything that was handed on, in order.
#[derive(Clone, Debug, Default, PartialEq)]
struct Rows {
    names: Vec<TrackId>,
    plays: Vec<(TrackId, Listen)>,
    said: Vec<Feedback>,
}

impl HistoryReader for Rows {
    type Track = usize;

    fn track(&mut self, id: &TrackId) -> usize {
        self.names.push(id.clone());
        self.names.len() - 1
    }

    fn listen(&mut self, track: usize, listen: &Listen) {
        self.plays.push((self.names[track].clone(), listen.clone()));
    }

    fn feedback(&mut self, said: &Feedback) {
        self.said.push(said.clone());
    }
}

fn whole(store: &Store) -> (Rows, HistoryMark) {
    let mut rows = Rows::default();
    let mark = store.read_history(&listener("ann"), &mut rows).unwrap();
    rows.names.clear();
    (rows, mark)
}

/// What came since, added to what was known; read anew where that does not do.
fn on(store: &Store, known: &Rows, mark: &HistoryMark) -> (Rows, HistoryMark) {
    let mut rows = known.clone();
    match store.read_news(&listener("ann"), mark, &mut rows).unwrap() {
        Some(mark) => {
            rows.names.clear();
            (rows, mark)
        }
        None => {
            assert_eq!(rows, *known, "nothing is handed on where all has to be read");
            whole(store)
        }
    }
}

/// Something that changes a history, of ann's or of somebody else's.
fn happen(store: &mut Store, songs: &[Track], rng: &mut ChaCha8Rng, step: i64) {
    let song = &songs[rng.random_range(0..songs.len())];
    let who = if rng.random_range(0..3) == 0 { "bob" } else { "ann" };
    let device = if rng.random_range(0..3) == 0 { DeviceClass::Car } else { DeviceClass::Phone };
    let play = Listen { device, ..scrobble(who, song, step * 700 - rng.random_range(0..2_000)) };
    match rng.random_range(0..14) {
        0..6 => store.append_listens(&[play.clone(), play]).unwrap(),
        6..8 => {
            let said = Feedback {
                listener: listener(who),
                target: FeedbackTarget::Track(song.id.clone()),
                kind: FeedbackKind::Like,
                at: (rng.random_range(0..2) == 0).then(|| at(step)),
                source: Source::Segue,
            };
            store.append_feedback(&[said]).unwrap();
        }
        8 => drop(store.exclude(&listener(who), &Exclusion::Device(DeviceClass::Car)).unwrap()),
        9 => drop(store.exclude(&listener(who), &Exclusion::Track(song.id.clone())).unwrap()),
        10 => {
            if let Some((id, _)) = store.exclusions(&listener(who)).unwrap().first() {
                store.include_again(*id).unwrap();
            }
        }
        11 => {
            let rows = [played(stream(who, song, step * 700, 200), song)];
            import(store, &format!("file {step}"), &rows);
        }
        12 => drop(store.forget(&listener("bob")).unwrap()),
        _ => {
            let many: Vec<Listen> = (0..60).map(|i| scrobble("bob", song, step + i)).collect();
            store.append_listens(&many).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn reading_on_finds_what_reading_all_of_it_finds(seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let songs: Vec<Track> = (0..5).map(|i| track(&format!("song {i}"))).collect();
        let mut store = Store::open_in_memory().unwrap();
        store.add_tracks(&songs).unwrap();
        let (mut known, mut mark) = whole(&store);
        for step in 0..60 {
            happen(&mut store, &songs, &mut rng, step);
            if rng.random_range(0..3) == 0 {
                (known, mark) = on(&store, &known, &mark);
                prop_assert_eq!(&(known.clone(), mark), &whole(&store));
                let listens = store.listens(&listener("ann")).unwrap();
                let named = known
                    .plays
                    .iter()
                    .map(|(track, play)| Listen { track: track.clone(), ..play.clone() });
                prop_assert_eq!(named.collect::<Vec<_>>(), listens);
            }
        }
    }
}

#[test]
fn a_track_is_looked_up_once_and_excluded_plays_are_left_out() {
    let (one, other) = (track("one"), track("other"));
    let mut store = Store::open_in_memory().unwrap();
    store.add_tracks(&[one.clone(), other.clone()]).unwrap();
    let play = |song, second| scrobble("ann", song, second);
    store.append_listens(&[play(&one, 0), play(&other, 300), play(&one, 600)]).unwrap();
    let mut rows = Rows::default();
    store.read_history(&listener("ann"), &mut rows).unwrap();
    assert_eq!((rows.names.len(), rows.plays.len()), (2, 3));
    store.exclude(&listener("ann"), &Exclusion::Track(one.id.clone())).unwrap();
    assert_eq!(whole(&store).0.plays.len(), 1);
    let mut all = Rows::default();
    store.read_all_plays(&listener("ann"), &mut all).unwrap();
    assert_eq!(all.plays.len(), 3, "they were played all the same");
}

#[test]
fn plays_of_a_context_are_excluded_by_its_name_and_contexts_are_named_in_order() {
    let song = track("song");
    let mut store = Store::open_in_memory().unwrap();
    store.add_tracks(std::slice::from_ref(&song)).unwrap();
    let from = |context: &str, second| Listen {
        context: Some(context.into()),
        ..scrobble("ann", &song, second)
    };
    store.append_listens(&[from("sleep", 0), from("gym", 300), from("sleep", 600)]).unwrap();
    let contexts: Vec<String> = store.contexts(&listener("ann")).unwrap().into_iter().collect();
    assert_eq!(contexts, ["gym", "sleep"]);
    store.exclude(&listener("ann"), &Exclusion::Context("sleep".into())).unwrap();
    assert_eq!(whole(&store).0.plays.len(), 1);
    assert_eq!(store.listens(&listener("ann")).unwrap().len(), 1);
}

#[test]
fn a_play_that_completes_a_row_says_so_and_one_that_knows_no_more_does_not() {
    let song = track("song");
    let mut store = Store::open_in_memory().unwrap();
    let mut tell = |event: Event| store.append(&[event.into()]).unwrap().remove(0).unwrap();
    let reported = || Event::Record(played(scrobble("ann", &song, 0), &song));
    assert_eq!(tell(reported()), Appended::New);
    assert_eq!(tell(reported()), Appended::Repeated);
    let seen = Listen { source: Source::Segue, ..stream("ann", &song, 0, 200) };
    assert_eq!(tell(Event::Listen(seen.clone())), Appended::Completed, "how long it lasted");
    assert_eq!(tell(Event::Listen(seen)), Appended::Repeated);
}
