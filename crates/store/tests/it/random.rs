//! Random operations, on the store and on plain vectors: both must always return the same.

use std::collections::BTreeMap;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::{
    ArtistTag, AudioFeature, DeviceClass, EndReason, Enrolment, Exposure, Feedback, FeedbackKind,
    FeedbackTarget, Listen, ListenerId, Moment, Record, Source, Track, TrackId,
};
use segue_store::{Exclusion, ExclusionId, ListenerSummary, Store, StoreError};
use tempfile::TempDir;

use crate::fixtures::{at, import, listener, version_of};
use crate::histories::{Histories, History, as_handed_on};
use crate::impressions::impression;
use crate::model::Model;
use crate::models::register;

const OPERATIONS: usize = 120;
const FILES: u64 = 12;
const EXPERIMENT: &str = "bolder";

/// The store, the vectors, and what both were asked to do so far.
struct Pair {
    library: TempDir,
    store: Store,
    model: Model,
    exclusions: Vec<ExclusionId>,
    versions: usize,
}

fn any<'a, T>(rng: &mut impl Rng, choices: &'a [T]) -> &'a T {
    &choices[rng.random_range(0..choices.len())]
}

fn any_listener(rng: &mut impl Rng) -> ListenerId {
    listener(["ann", "bob", "cleo"][rng.random_range(0..3)])
}

/// One of two versions of one of six songs, described more or less fully.
fn any_track(rng: &mut impl Rng) -> Track {
    let work = rng.random_range(0..6);
    let mut track = version_of(
        &format!("work {work}"),
        &format!("work {work}, version {}", rng.random_range(0..2)),
    );
    track.album = rng.random_bool(0.3).then(|| format!("album {}", rng.random_range(0..3)));
    track.genre = rng.random_bool(0.3).then(|| "folk".into());
    track.year = rng.random_bool(0.3).then(|| rng.random_range(1990..1993));
    if rng.random_bool(0.3) {
        // All but the length, by which duplicates are told: the model knows play times alone.
        track.features.set(*any(rng, &AudioFeature::ALL[..11]), 1.0);
    }
    track
}

fn any_listen(rng: &mut impl Rng, track: &Track) -> Listen {
    let source = *any(
        rng,
        &[Source::SpotifyExtended, Source::SpotifyAccount, Source::LastFm, Source::ListenBrainz],
    );
    let ended = matches!(source, Source::SpotifyExtended | Source::SpotifyAccount);
    Listen {
        moment: if ended { Moment::Ended } else { Moment::Started },
        ms_played: (rng.random_bool(if ended { 0.9 } else { 0.2 }))
            .then(|| *any(rng, &[0, 60_000, 200_000])),
        end_reason: *any(
            rng,
            &[EndReason::Unknown, EndReason::Finished, EndReason::SkippedForward],
        ),
        skipped: *any(rng, &[None, Some(true), Some(false)]),
        private_session: rng.random_bool(0.1),
        device: *any(rng, &[DeviceClass::Unknown, DeviceClass::Phone, DeviceClass::Car]),
        context: any(rng, &[None, Some("radio".to_owned()), Some("sleep".to_owned())]).clone(),
        ..Listen::new(any_listener(rng), track.id.clone(), at(rng.random_range(-100..1200)), source)
    }
}

fn any_feedback(rng: &mut impl Rng, track: &Track) -> Feedback {
    let target = match rng.random_range(0..4) {
        0 => FeedbackTarget::Artist(track.artists[0].clone()),
        _ => FeedbackTarget::Track(track.id.clone()),
    };
    Feedback {
        listener: any_listener(rng),
        target,
        kind: *any(rng, &[FeedbackKind::Like, FeedbackKind::Ban, FeedbackKind::Cleared]),
        at: rng.random_bool(0.6).then(|| at(rng.random_range(0..5))),
        source: Source::ListenBrainz,
    }
}

/// The same rows whenever the same file is read.
fn file(number: u64) -> Vec<Record> {
    let mut rng = ChaCha8Rng::seed_from_u64(1000 + number);
    // Every third file is about one listener alone.
    let only = number.is_multiple_of(3).then(|| any_listener(&mut rng));
    (0..60)
        .map(|_| {
            let track = any_track(&mut rng);
            match rng.random_range(0..10) {
                0 => Record::Track(track),
                1 => {
                    let mut feedback = any_feedback(&mut rng, &track);
                    feedback.listener = only.clone().unwrap_or(feedback.listener);
                    Record::Feedback { feedback, track: Some(track) }
                }
                2 => {
                    let listener = only.clone().unwrap_or_else(|| any_listener(&mut rng));
                    let stranger = ListenerId::new("stranger");
                    let friend =
                        if rng.random_bool(0.2) { stranger } else { any_listener(&mut rng) };
                    Record::Friendship { listener, friend }
                }
                3 => Record::ArtistTag(ArtistTag {
                    artist: ["Ann", "Ben"][rng.random_range(0..2)].to_owned(),
                    tag: ["folk", "live"][rng.random_range(0..2)].to_owned(),
                    people: rng.random_range(1..5),
                }),
                _ => {
                    let mut listen = any_listen(&mut rng, &track);
                    listen.listener = only.clone().unwrap_or(listen.listener);
                    Record::Listen { listen, track }
                }
            }
        })
        .collect()
}

impl Pair {
    fn new() -> Self {
        let library = tempfile::tempdir().unwrap();
        let mut store = Store::open(library.path()).unwrap();
        store.start_experiment(EXPERIMENT, "{}", at(0)).unwrap();
        Self { library, store, model: Model::default(), exclusions: Vec::new(), versions: 0 }
    }

    fn step(&mut self, rng: &mut impl Rng) {
        match rng.random_range(0..20) {
            0..5 => self.import(rng.random_range(0..FILES)),
            5..7 => self.append_listens(rng),
            7..9 => self.append_feedback(rng),
            9 => {
                let tracks: Vec<Track> = (0..5).map(|_| any_track(rng)).collect();
                self.store.add_tracks(&tracks).unwrap();
                tracks.iter().for_each(|track| {
                    self.model.describe(track, true);
                });
            }
            10..12 => self.exclude(rng),
            12 => self.include_again(rng),
            13..15 => self.log_impression(rng),
            15 => self.register(rng),
            16 => self.activate(rng),
            17 => {
                let stranger = ListenerId::new("stranger");
                let who = if rng.random_bool(0.1) { stranger } else { any_listener(rng) };
                assert_eq!(self.store.forget(&who).unwrap(), self.model.forget(&who));
            }
            18 => self.store = Store::open(self.library.path()).unwrap(),
            // Somebody else writes to the same folder, so that what this store remembers is out of
            // date.
            _ => {
                let mut other = Store::open(self.library.path()).unwrap();
                std::mem::swap(&mut self.store, &mut other);
                self.append_listens(rng);
                self.import(rng.random_range(0..FILES));
                std::mem::swap(&mut self.store, &mut other);
            }
        }
    }

    fn import(&mut self, number: u64) {
        let (name, records) = (format!("file {number}"), file(number));
        let counts = import(&mut self.store, &name, &records);
        assert_eq!(counts, self.model.import(&name, &records), "{name}");
        assert_eq!(counts.rows(), records.len() as u64);
    }

    fn append_listens(&mut self, rng: &mut impl Rng) {
        let listens: Vec<Listen> = (0..rng.random_range(1..10))
            .map(|_| {
                let track = any_track(rng);
                any_listen(rng, &track)
            })
            .collect();
        match self.store.append_listens(&listens) {
            Ok(()) => self.model.append_listens(&listens),
            Err(StoreError::UnknownTrack(track)) => assert!(!self.model.knows(&track)),
            Err(error) => panic!("{error}"),
        }
    }

    fn append_feedback(&mut self, rng: &mut impl Rng) {
        let track = any_track(rng);
        let said = [any_feedback(rng, &track), any_feedback(rng, &track)];
        match self.store.append_feedback(&said) {
            Ok(()) => self.model.append_feedback(&said),
            Err(StoreError::UnknownTrack(track)) => assert!(!self.model.knows(&track)),
            Err(error) => panic!("{error}"),
        }
    }

    fn exclude(&mut self, rng: &mut impl Rng) {
        let (who, track) = (any_listener(rng), any_track(rng));
        let exclusion = match rng.random_range(0..7) {
            0 => {
                let from = rng.random_range(0..1000);
                Exclusion::Period { from: at(from), to: at(from + 200) }
            }
            1 => Exclusion::Device(DeviceClass::Car),
            2 => Exclusion::Context("sleep".into()),
            3 => Exclusion::Track(track.id),
            4 => Exclusion::Work(track.work),
            5 => Exclusion::Play { track: track.id, at: at(rng.random_range(0..1000)) },
            _ => Exclusion::Artist(track.artists[0].to_uppercase()),
        };
        let id = self.store.exclude(&who, &exclusion).unwrap();
        self.exclusions.push(id);
        self.model.exclude(id, &who, exclusion);
    }

    fn include_again(&mut self, rng: &mut impl Rng) {
        if !self.exclusions.is_empty() {
            let id = self.exclusions.swap_remove(rng.random_range(0..self.exclusions.len()));
            assert_eq!(self.store.include_again(id).unwrap(), self.model.include_again(id));
        }
    }

    fn log_impression(&mut self, rng: &mut impl Rng) {
        let ids: Vec<TrackId> =
            self.model.tracks().iter().take(8).map(|track| track.id.clone()).collect();
        let picked = rng.random_range(0..=ids.len());
        let mut made =
            impression(any_listener(rng).as_str(), &ids, picked, at(rng.random_range(0..1000)));
        made.enrolment = rng.random_bool(0.5).then(|| Enrolment {
            experiment: EXPERIMENT.into(),
            arm: any(rng, &["control", "bold"]).to_string(),
            exposure: *any(rng, &[Exposure::Shown, Exposure::Shadow]),
        });
        self.store.log_impression(&made).unwrap();
        self.model.log_impression(made);
    }

    fn register(&mut self, rng: &mut impl Rng) {
        self.versions += 1;
        let version = format!("v{}", self.versions);
        let listeners: Vec<ListenerId> =
            (0..rng.random_range(0..2)).map(|_| any_listener(rng)).collect();
        register(&mut self.store, &version, &listeners).unwrap();
        self.model.register(&version, &listeners);
    }

    fn activate(&mut self, rng: &mut impl Rng) {
        let models = self.model.models();
        if !models.is_empty() {
            let (version, _) = any(rng, &models);
            self.store.activate(version).unwrap();
            self.model.activate(version);
        }
    }

    fn compare(&self) {
        let (store, model) = (&self.store, &self.model);
        let mut summaries = store.listeners().unwrap();
        assert_eq!(pages_of_listeners(store, 2), summaries);
        assert_eq!(Histories::read(store), histories(store, &summaries));
        let ids: Vec<ListenerId> = summaries.iter().map(|summary| summary.id.clone()).collect();
        assert_eq!(ids, model.listeners());
        assert_eq!(store.artist_tags().unwrap(), model.artist_tags());
        let all_friends = store.all_friends().unwrap();
        for who in ids.iter().chain([&ListenerId::new("stranger")]) {
            assert_eq!(store.friends(who).unwrap(), model.friends(who));
            assert_eq!(all_friends.get(who).cloned().unwrap_or_default(), model.friends(who));
        }
        for summary in summaries.drain(..) {
            let who = &summary.id;
            let listens = store.all_listens(who).unwrap();
            assert_eq!(listens, model.all_listens(who));
            assert_eq!(summary.listens, listens.len() as u64);
            assert_eq!(summary.first, listens.iter().filter_map(|listen| listen.at).min());
            assert_eq!(summary.last, listens.iter().filter_map(|listen| listen.at).max());
            assert_eq!(store.listens(who).unwrap(), model.listens(who));
            let mut said: BTreeMap<String, usize> = BTreeMap::new();
            for feedback in store.feedback(who).unwrap() {
                *said.entry(format!("{feedback:?}")).or_default() += 1;
            }
            assert_eq!(said, model.feedback(who));
            assert_eq!(summary.feedback, said.values().sum::<usize>() as u64);
            assert_eq!(store.exclusions(who).unwrap(), model.exclusions(who));
            assert_eq!(store.listener(who).unwrap().as_ref(), Some(&summary));
            assert_eq!(pages_of_listens(store, who, 7), latest_first(model.all_listens(who)));
            let shown: Vec<_> = store.impressions(who, usize::MAX).unwrap();
            for (id, shown) in &shown {
                assert_eq!(store.impression(*id).unwrap().as_ref(), Some(shown));
            }
            assert_eq!(
                shown.into_iter().map(|(_, shown)| shown).collect::<Vec<_>>(),
                model.impressions(who)
            );
        }
        let enrolled: Vec<_> = store.experiment_impressions(EXPERIMENT).unwrap();
        let enrolled: Vec<_> = enrolled.into_iter().map(|(_, made)| made).collect();
        assert_eq!(enrolled, model.enrolled());
        assert_eq!(store.tracks().unwrap(), model.tracks());
        let models = store.models().unwrap();
        assert_eq!(
            models.into_iter().map(|entry| (entry.version, entry.active)).collect::<Vec<_>>(),
            model.models()
        );
        let status = store.status().unwrap();
        let totals = [
            status.listeners,
            status.works,
            status.listens,
            status.feedback,
            status.exclusions,
            status.impressions,
            status.imports,
        ];
        assert_eq!(totals.map(|total| total as usize), model.totals());
    }
}

/// Everybody, so many at a time.
fn pages_of_listeners(store: &Store, limit: usize) -> Vec<ListenerSummary> {
    let mut listeners: Vec<ListenerSummary> = Vec::new();
    loop {
        let page = store.listeners_page(listeners.last().map(|last| &last.id), limit).unwrap();
        assert!(page.len() <= limit);
        if page.is_empty() {
            return listeners;
        }
        listeners.extend(page);
    }
}

/// Every play of a listener, so many at a time.
fn pages_of_listens(store: &Store, who: &ListenerId, limit: usize) -> Vec<Listen> {
    let mut listens = Vec::new();
    let mut before = None;
    loop {
        let page = store.listens_page(who, before, limit).unwrap();
        assert!(page.len() <= limit);
        let Some((cursor, _)) = page.last() else { return listens };
        before = Some(*cursor);
        listens.extend(page.into_iter().map(|(_, listen)| listen));
    }
}

fn latest_first(mut listens: Vec<Listen>) -> Vec<Listen> {
    listens.sort_by_key(|listen| listen.at);
    listens.reverse();
    listens
}

/// Everybody's history, read listener by listener.
fn histories(store: &Store, listeners: &[ListenerSummary]) -> Vec<History> {
    let of = |summary: &ListenerSummary| History {
        listener: summary.id.clone(),
        listens: store.listens(&summary.id).unwrap().into_iter().map(as_handed_on).collect(),
        feedback: store.feedback(&summary.id).unwrap(),
    };
    listeners.iter().map(of).collect()
}

#[test]
fn the_store_and_plain_vectors_never_disagree() {
    for seed in 0..6 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut pair = Pair::new();
        for _ in 0..OPERATIONS {
            pair.step(&mut rng);
            pair.compare();
        }
    }
}
