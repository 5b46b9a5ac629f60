//! What a library promises to whoever embeds it, on made-up listeners of a few hundred plays.
#![allow(
    clippy::unwrap_used,
    reason = "clippy exempts test functions but not the functions they share"
)]

#[path = "../../examples/made_up/mod.rs"]
mod made_up;
mod same_plays;

mod credits;
mod everybody;
mod lists;
mod prompt;
mod scan;
mod worlds;

use std::sync::OnceLock;

use segue::engine::policy::draw::redraw;
use segue::ingest::{ImportProgress, IngestError};
use segue::store::{StoreError, WorldInUse};
use segue::{
    Arm, Design, Error, ImportOptions, KeptListener, Library, ListenerId, MixOutcome, MixRequest,
    Mode, NewFrom, OnlyPlayed, Pick, PlayDetails, PolicyKind, Reaction, Settings, Timestamp,
    TrackId, TrainOptions, WorldState,
};
use tempfile::TempDir;

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn ann() -> ListenerId {
    ListenerId::new("ann")
}

fn bob() -> ListenerId {
    ListenerId::new("bob")
}

/// A library of Ann, who likes calm songs, and Bob, who likes loud ones, with a trained model. It
/// is trained once and copied for every test.
fn trained() -> (TempDir, Library) {
    static ORIGINAL: OnceLock<TempDir> = OnceLock::new();
    let original = ORIGINAL.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut library = made_up::library(folder.path(), &[ann(), bob()], now()).unwrap();
        library.train(&TrainOptions::default(), &mut |_| {}).unwrap();
        folder
    });
    let copy = tempfile::tempdir().unwrap();
    let to = copy.path().join("library");
    Library::open(original.path().join("library")).unwrap().backup(&to).unwrap();
    (copy, Library::open(to).unwrap())
}

fn request() -> MixRequest {
    MixRequest { length: 10, seed: 7, ..MixRequest::new(now()) }
}

fn tracks(outcome: &MixOutcome) -> Vec<TrackId> {
    outcome.slate.picks.iter().map(|pick| pick.track.clone()).collect()
}

fn react(library: &mut Library, reaction: Reaction, track: &TrackId) {
    let event = reaction.about(ann(), track.clone(), now(), PlayDetails::default());
    library.record([event]).unwrap();
}

#[test]
fn feedback_moves_the_next_mix_without_another_training() {
    let (_folder, mut library) = trained();
    let snapshot = library.snapshot().unwrap();
    let first = library.mix(&snapshot, &ann(), &request()).unwrap();
    let again = library.mix(&snapshot, &ann(), &request()).unwrap();
    assert_eq!(again.outcome, first.outcome, "same inputs and seed, same mix");
    assert_ne!(again.id, first.id, "it is logged as often as it is shown");

    let banned = tracks(&first.outcome)[0].clone();
    react(&mut library, Reaction::NEVER, &banned);
    let next = library.mix(&snapshot, &ann(), &request()).unwrap();
    assert!(!tracks(&next.outcome).contains(&banned));
    assert_ne!(next.outcome, first.outcome);
}

#[test]
fn a_listener_gets_more_of_what_they_like() {
    let (_folder, mut library) = trained();
    let snapshot = library.snapshot().unwrap();
    let calm = |outcome: &MixOutcome| {
        let calm = |id: &&TrackId| made_up::kind(made_up::song(id.as_str())) == made_up::Kind::Calm;
        tracks(outcome).iter().filter(calm).count()
    };
    let of_ann = library.mix(&snapshot, &ann(), &request()).unwrap().outcome;
    let of_bob = library.mix(&snapshot, &bob(), &request()).unwrap().outcome;
    assert!(calm(&of_ann) >= 8, "{} of 10 are calm", calm(&of_ann));
    assert!(calm(&of_bob) <= 2, "{} of 10 are calm", calm(&of_bob));
}

#[test]
fn a_logged_mix_is_read_back_as_it_was_shown_and_can_be_drawn_again() {
    let (_folder, mut library) = trained();
    let snapshot = library.snapshot().unwrap();
    let made = library.mix(&snapshot, &ann(), &request()).unwrap();
    let logged = library.store().impression(made.id).unwrap().unwrap();
    let shown = &made.outcome.slate;
    assert_eq!(logged.at, now());
    assert_eq!(logged.slate.picks, shown.picks);
    assert_eq!(logged.slate.shortlist, shown.shortlist);
    assert!(logged.was_shown());
    let mut drawn: Vec<_> = shown.picks.iter().map(|pick| (pick.drawn, pick)).collect();
    drawn.sort_by_key(|(order, _)| *order);
    let drawn: Vec<_> =
        drawn.into_iter().map(|(_, pick)| (pick.track.clone(), pick.propensity)).collect();
    assert_eq!(redraw(&snapshot.catalogue, &logged.slate).unwrap(), drawn);
}

#[test]
fn the_sources_of_every_pick_are_logged_and_what_each_gave_is_counted() {
    let (_folder, mut library) = trained();
    assert!(library.source_outcomes().unwrap().is_empty());
    let snapshot = library.snapshot().unwrap();
    let made = library.mix(&snapshot, &ann(), &request()).unwrap();
    let picks = &made.outcome.slate.picks;
    assert!(picks.iter().all(|pick| !pick.sources.is_empty()));
    react(&mut library, Reaction::LIKE, &picks[0].track);
    let counted = library.source_outcomes().unwrap();
    for of in &counted {
        let named = |pick: &&Pick| pick.sources.names().any(|name| name == of.source);
        assert_eq!(of.picks, picks.iter().filter(named).count());
        assert_eq!(of.liked, usize::from(named(&&picks[0])), "{}", of.source);
        assert_eq!((of.played, of.disliked), (0, 0));
    }
    assert_eq!(counted.iter().filter(|of| of.liked > 0).count(), picks[0].sources.names().count());
}

#[test]
fn a_training_during_which_somebody_is_forgotten_makes_no_model() {
    let (_folder, mut library) = trained();
    let folder = library.store().model_files(&library.store().models().unwrap()[0].version);
    let home = folder.unwrap().weights.ancestors().nth(3).unwrap().to_owned();
    let mut forgotten = false;
    let trained = library.train(&TrainOptions { seed: 2, ..TrainOptions::default() }, &mut |_| {
        if !std::mem::replace(&mut forgotten, true) {
            Library::open(&home).unwrap().forget(&ann()).unwrap();
        }
    });
    assert!(matches!(trained, Err(Error::Store(StoreError::ForgottenSince))), "{trained:?}");
    assert!(library.store().models().unwrap().is_empty());
    assert_eq!(library.store().listeners().unwrap().len(), 1, "she is not heard of again");
}

#[test]
fn an_import_during_which_somebody_is_forgotten_stops_and_can_be_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut library = made_up::library(folder.path(), &[bob()], now()).unwrap();
    let home = folder.path().join("library");
    made_up::library(&folder.path().join("other"), &[ann()], now()).unwrap();
    let files = [folder.path().join("other/ann")];
    let options = ImportOptions::new(ann());
    let mut forgotten = false;
    let imported = library.import(&files, &options, &mut |_: ImportProgress<'_>| {
        if !std::mem::replace(&mut forgotten, true) {
            Library::open(&home).unwrap().forget(&bob()).unwrap();
        }
    });
    assert!(matches!(imported, Err(Error::Import(IngestError::Sink { .. }))), "{imported:?}");
    assert!(library.store().listeners().unwrap().is_empty(), "no row of the file was kept");
    assert!(library.import(&files, &options, &mut ()).unwrap().counts.listens_added > 0);
}

#[test]
fn a_second_import_of_the_same_files_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut library = made_up::library(folder.path(), &[ann()], now()).unwrap();
    let before = library.store().status().unwrap();
    let files = [folder.path().join("tracks.csv"), folder.path().join("ann")];
    let options = ImportOptions::new(ann());
    let counts = library.import(&files, &options, &mut ()).unwrap().counts;
    assert_eq!((counts.listens_added, counts.tracks_added, counts.feedback_added), (0, 0, 0));
    let after = library.store().status().unwrap();
    assert_eq!((after.listens, after.tracks), (before.listens, before.tracks));
}

#[test]
fn what_comes_next_is_the_same_each_time_and_nothing_of_what_was_just_played() {
    let (_folder, library) = trained();
    let snapshot = library.snapshot().unwrap();
    let profile = snapshot.profile(library.store(), &ann()).unwrap();
    let request = MixRequest::going_on(&snapshot.catalogue, &profile, now());
    assert!(!request.after.is_empty());
    let next = snapshot.mix(&profile, &request).unwrap();
    assert_eq!(next, snapshot.mix(&profile, &request).unwrap());
    assert!(next.slate.picks.iter().all(|pick| pick.propensity == 1.0), "nothing by chance");
    assert!(next.slate.picks.iter().all(|pick| !request.after.contains(&pick.track)));
    let usual = MixRequest { policy: PolicyKind::Greedy, ..MixRequest::new(now()) };
    assert_ne!(next.slate.picks, snapshot.mix(&profile, &usual).unwrap().slate.picks);
}

#[test]
fn forgetting_removes_the_listener_and_the_model_that_learned_from_them() {
    let (_folder, mut library) = trained();
    let snapshot = library.snapshot().unwrap();
    library.mix(&snapshot, &ann(), &request()).unwrap();
    let report = library.forget(&ann()).unwrap();
    assert!(report.found && report.listens > 0 && report.impressions == 1);
    assert_eq!(report.models, [snapshot.model_version().unwrap()]);

    assert_eq!(library.store().listener(&ann()).unwrap(), None);
    assert!(library.store().impressions(&ann(), 10).unwrap().is_empty());
    assert_eq!(library.listener(None).unwrap(), bob(), "the other one stays");
    let without = library.snapshot().unwrap();
    let mix = library.mix(&without, &bob(), &request()).unwrap();
    assert_eq!(mix.outcome.slate.config.model, "popularity", "the others are served on");
    assert!(without.fallback.unwrap().contains("went with somebody who was forgotten"));
}

#[test]
fn a_model_file_that_was_changed_is_not_used() {
    let (_folder, mut library) = trained();
    let good = library.snapshot().unwrap().in_use.unwrap();
    let later = library
        .train(&TrainOptions { seed: 2, ..TrainOptions::default() }, &mut |_| {})
        .unwrap()
        .version;
    let weights = library.store().model_files(&later).unwrap().weights;
    let whole = std::fs::read(&weights).unwrap();
    for at in [whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&weights, bytes).unwrap();
        let snapshot = library.snapshot().unwrap();
        assert_eq!(snapshot.in_use.as_deref(), Some(later.as_str()));
        assert_eq!(snapshot.model_version(), Some(good.as_str()), "the last good one serves");
        assert!(snapshot.fallback.unwrap().contains(&later), "and it is said which one does not");
    }
    library.activate(&good).unwrap();
    let refused = library.activate(&later).unwrap_err();
    assert!(matches!(refused, Error::UnusableModel { .. }), "{refused}");
    assert!(library.snapshot().unwrap().fallback.is_none(), "and the good one stays in use");
}

#[test]
fn a_snapshot_stays_the_same_while_the_library_changes() {
    let (folder, mut library) = trained();
    let snapshot = library.snapshot().unwrap();
    let profile = snapshot.profile(library.store(), &ann()).unwrap();
    let before = snapshot.mix(&profile, &request()).unwrap();

    let table = folder.path().join("more.csv");
    std::fs::write(&table, "track_id,track_name,artist_name,tempo\nnew,Late,Later,100\n").unwrap();
    library.import(&[table], &ImportOptions::new(bob()), &mut ()).unwrap();
    react(&mut library, Reaction::NEVER, &tracks(&before)[0]);
    library.train(&TrainOptions { seed: 2, ..TrainOptions::default() }, &mut |_| {}).unwrap();

    assert_eq!(snapshot.mix(&profile, &request()).unwrap(), before);
    assert!(matches!(snapshot.find("item:new"), Err(Error::UnknownTrack(_))));
    let next = library.snapshot().unwrap();
    let late = next.track(&TrackId::new("item:new")).unwrap();
    assert_eq!((late.title.as_str(), late.artist()), ("Late", Some("Later")));
    assert_ne!(next.model_version(), snapshot.model_version());
}

#[test]
fn a_small_library_is_mixed_exactly_whichever_way_is_asked() {
    let (_folder, library) = trained();
    let snapshot = library.snapshot().unwrap();
    let profile = snapshot.profile(library.store(), &ann()).unwrap();
    let exact = MixRequest { exact: true, ..request() };
    let of_all = snapshot.mix(&profile, &exact).unwrap();
    assert_eq!(of_all.candidates, snapshot.catalogue.len());
    let wider = snapshot.mixer(&profile).unwrap().mix_wider(&exact).unwrap();
    assert_eq!(wider, of_all);
    let usual = snapshot.mix(&profile, &request()).unwrap();
    let drawn = |mix: &MixOutcome| -> Vec<(TrackId, f64)> {
        mix.slate.picks.iter().map(|pick| (pick.track.clone(), pick.propensity)).collect()
    };
    assert_eq!(drawn(&usual), drawn(&of_all), "eighty songs are within every bound");
}

#[test]
fn a_kept_listener_gets_the_mix_of_the_snapshot_and_hears_of_changes() {
    let (_folder, mut library) = trained();
    let snapshot = std::sync::Arc::new(library.snapshot().unwrap());
    let kept =
        KeptListener::gather(library.store(), snapshot.clone(), &ann(), 0, request().now).unwrap();
    let mix = kept.mix(&request()).unwrap();
    let profile = snapshot.profile(library.store(), &ann()).unwrap();
    assert_eq!(mix.slate, snapshot.mix(&profile, &request()).unwrap().slate);

    react(&mut library, Reaction::NEVER, &tracks(&mix)[0]);
    assert_eq!(kept.mix(&request()).unwrap(), mix, "it knows of nothing before it is refreshed");
    let refreshed = kept.refreshed(library.store(), 1, request().now).unwrap();
    assert!(!tracks(&refreshed.mix(&request()).unwrap()).contains(&tracks(&mix)[0]));
    assert!(!refreshed.is_due(1) && refreshed.is_due(20));
}

#[test]
fn the_shortlist_of_the_last_request_is_kept_unless_it_names_very_many_tracks() {
    let (_folder, library) = trained();
    let snapshot = std::sync::Arc::new(library.snapshot().unwrap());
    let kept = KeptListener::gather(library.store(), snapshot, &ann(), 0, request().now).unwrap();
    let before = kept.bytes();
    let many = MixRequest { exclude_tracks: vec![TrackId::new("x"); 1_001], ..request() };
    let far = kept.mix(&many).unwrap();
    assert_eq!(kept.bytes(), before, "it would take up as much as the request");
    let near = kept.mix(&request()).unwrap();
    assert!(kept.bytes() > before);
    let again = kept.mix(&MixRequest { seed: 77, ..request() }).unwrap();
    kept.let_go_of_shortlist();
    assert_eq!(kept.bytes(), before);
    assert_eq!(kept.mix(&MixRequest { seed: 77, ..request() }).unwrap(), again);
    assert_eq!(tracks(&far), tracks(&near), "no track of that name is there");
}

/// What mixes read of a kept listener.
fn assert_same(kept: &KeptListener, fresh: &KeptListener) {
    let (one, other) = (&kept.profile, &fresh.profile);
    assert_eq!(one.interactions, other.interactions);
    assert_eq!(one.banned_artists, other.banned_artists);
    assert_eq!((one.last_played, &one.recent), (other.last_played, &other.recent));
    assert_eq!(one.shown, other.shown);
}

#[test]
fn a_listener_who_was_refreshed_many_times_is_the_one_who_is_gathered_from_nothing() {
    let (_folder, mut library) = trained();
    let snapshot = std::sync::Arc::new(library.snapshot().unwrap());
    let gather = |library: &Library| {
        let (store, snapshot) = (library.store(), std::sync::Arc::clone(&snapshot));
        KeptListener::gather(store, snapshot, &ann(), 0, request().now).unwrap()
    };
    let mut kept = gather(&library);
    let reactions = [Reaction::FINISHED, Reaction::LIKE, Reaction::NEVER, Reaction::SKIPPED];
    for (changes, reaction) in (1..).zip(reactions.into_iter().cycle().take(12)) {
        let request = MixRequest { seed: changes, ..request() };
        let made = library.mix(&snapshot, &ann(), &request).unwrap();
        react(&mut library, reaction, &tracks(&made.outcome)[changes as usize % 5]);
        kept = match changes % 4 {
            0 => {
                let (store, snapshot) = (library.store(), std::sync::Arc::clone(&snapshot));
                kept.gathered_anew(store, snapshot, changes, request.now).unwrap()
            }
            _ => kept.refreshed(library.store(), changes, request.now).unwrap(),
        };
        assert_same(&kept, &gather(&library));
    }
    let track = tracks(&kept.mix(&request()).unwrap())[0].clone();
    library.store_mut().exclude(&ann(), &segue_store::Exclusion::Track(track)).unwrap();
    assert_same(&kept.refreshed(library.store(), 13, request().now).unwrap(), &gather(&library));
    assert_same(&kept.refolded(library.store(), 13, request().now).unwrap(), &gather(&library));
    assert!(kept.bytes() > kept.profile.bytes() + kept.pool.bytes());
}

#[test]
fn a_mix_of_a_shadow_experiment_is_logged_with_its_shadows() {
    let (_folder, mut library) = trained();
    let arm = |name: &str, explore| Arm {
        name: name.to_owned(),
        share: 1,
        settings: Settings { explore: Some(explore), ..Settings::default() },
    };
    let arms = vec![arm("near", 0.0), arm("far", 1.0)];
    let design = Design::from_parts("dial", arms, Mode::Shadow, 14).unwrap();
    let text = serde_json::to_string(&design).unwrap();
    library.store_mut().start_experiment("dial", &text, now()).unwrap();

    let snapshot = library.snapshot().unwrap();
    let made = library.mix(&snapshot, &ann(), &request()).unwrap();
    assert_eq!(made.outcome.slate.config.explore, 0.0, "the first arm is shown");
    assert!(made.failed_arms.is_empty());
    let logged = library.store().experiment_impressions("dial").unwrap();
    let arms: Vec<(&str, bool)> = logged
        .iter()
        .map(|(_, one)| (one.enrolment.as_ref().unwrap().arm.as_str(), one.was_shown()))
        .collect();
    assert_eq!(arms, [("near", true), ("far", false)]);
    assert_eq!(library.store().impressions(&ann(), 10).unwrap().len(), 1, "nobody saw the shadow");

    // Whoever sets the dial themselves is no part of it.
    let given = Settings { explore: Some(0.5), ..Settings::default() };
    assert!(snapshot.part(&ann(), given).unwrap().enrolment().is_none());
}

#[test]
fn a_library_without_plays_or_model_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let mut library = Library::open(folder.path().join("library")).unwrap();
    assert!(matches!(
        library.train(&TrainOptions::default(), &mut |_| {}),
        Err(Error::NothingImported)
    ));
    assert!(matches!(library.listener(None), Err(Error::NoListener)));
    let empty = library.snapshot().unwrap();
    assert!(matches!(library.mix(&empty, &ann(), &request()), Err(Error::NothingImported)));

    assert!(matches!(library.listener(Some("ann")), Err(Error::NoListener)));

    let library = made_up::library(folder.path(), &[ann(), bob()], now()).unwrap();
    assert!(matches!(library.listener(None), Err(Error::SeveralListeners { count: 2, .. })));
    assert!(matches!(library.snapshot().unwrap().model(), Err(Error::NoModel)));
}

#[test]
fn a_slip_in_the_name_of_a_listener_is_no_new_listener() {
    let folder = tempfile::tempdir().unwrap();
    let library = made_up::library(folder.path(), &[ann(), bob()], now()).unwrap();
    assert_eq!(library.listener(Some("bob")).unwrap(), bob());
    for (asked, says) in [
        ("an", "there is no listener `an`; did you mean `ann`?"),
        ("Ann", "there is no listener `Ann`; did you mean `ann`?"),
        ("nan", "there is no listener `nan`; did you mean `ann`?"),
        (
            "zoe",
            "there is no listener `zoe`; `segue status` lists them, and `segue import PATH \
             --listener zoe` makes one",
        ),
    ] {
        let error = library.listener(Some(asked)).unwrap_err();
        assert!(matches!(error, Error::UnknownListener { .. }));
        assert_eq!(error.to_string(), says);
    }
    assert_eq!(library.store().listeners().unwrap().len(), 2);
}

#[test]
fn a_library_says_that_only_what_was_played_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("plays.csv");
    let rows = "track_name,artist_name,played_at\nSlow,Dots,2026-01-01T10:00:00Z\n";
    std::fs::write(&export, rows).unwrap();
    let mut library = Library::open(folder.path().join("library")).unwrap();
    assert_eq!(library.only_played().unwrap(), None, "nothing is known at all");
    library.import(&[&export], &ImportOptions::new(ann()), &mut ()).unwrap();
    let found = library.only_played().unwrap();
    assert_eq!(found, Some(OnlyPlayed { from: NewFrom::Import }));

    let file = WorldInUse { path: folder.path().join("a.world"), digest: "1".to_owned() };
    library.store_mut().use_world(Some(&file)).unwrap();
    let found = library.only_played().unwrap();
    assert_eq!(found, Some(OnlyPlayed { from: NewFrom::Training }));
    let status = library.world_status().unwrap().unwrap();
    assert_eq!((status.state, status.recordings), (WorldState::Gone, None));
    std::fs::write(&file.path, "no world").unwrap();
    assert_eq!(library.world_status().unwrap().unwrap().state, WorldState::Unreadable);
    assert_eq!(library.check().unwrap().problems.len(), 1);
    library.drop_world().unwrap();

    let table = folder.path().join("tracks.csv");
    std::fs::write(&table, "track_id,track_name,artist_name,tempo\nt1,Fast,Dashes,80\n").unwrap();
    library.import(&[&table], &ImportOptions::new(ann()), &mut ()).unwrap();
    assert_eq!(library.only_played().unwrap(), None, "a track that nobody played is new");
}
