//! Experiments are kept, one runs at a time, and what was only a shadow never counts as shown.

use segue_core::{Enrolment, Exposure, Impression, TrackId};
use segue_store::{Store, StoreError};

use crate::fixtures::{at, listener, track};
use crate::impressions::impression;

fn enrolled(who: &str, tracks: &[TrackId], arm: &str, exposure: Exposure) -> Impression {
    let enrolment = Enrolment { experiment: "bolder".into(), arm: arm.into(), exposure };
    Impression { enrolment: Some(enrolment), ..impression(who, tracks, 2, at(5)) }
}

#[test]
fn one_experiment_runs_at_a_time_and_no_name_is_used_twice() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    assert_eq!(store.running_experiment().unwrap(), None);
    store.start_experiment("first", "{\"arms\":[]}", at(0)).unwrap();
    let refused = store.start_experiment("second", "{}", at(1));
    assert!(matches!(refused, Err(StoreError::ExperimentRunning(name)) if name == "first"));
    store.stop_experiment("first", at(2)).unwrap();
    let refused = store.stop_experiment("first", at(3));
    assert!(matches!(refused, Err(StoreError::UnknownExperiment(name)) if name == "first"));
    let refused = store.start_experiment("first", "{}", at(4));
    assert!(matches!(refused, Err(StoreError::ExperimentExists(name)) if name == "first"));
    store.start_experiment("second", "{}", at(4)).unwrap();

    let store = Store::open(library.path()).unwrap();
    let kept = store.experiments().unwrap();
    assert_eq!(kept[0].design, "{\"arms\":[]}");
    assert_eq!((kept[0].started_at, kept[0].stopped_at), (at(0), Some(at(2))));
    assert_eq!(store.running_experiment().unwrap().as_ref(), kept.get(1));
}

#[test]
fn a_shadow_is_kept_and_never_counts_as_shown() {
    let mut store = Store::open_in_memory().unwrap();
    store.add_tracks(&[track("a"), track("b")]).unwrap();
    store.start_experiment("bolder", "{}", at(0)).unwrap();
    let ids = [TrackId::new("a"), TrackId::new("b")];
    let shown = enrolled("ann", &ids, "control", Exposure::Shown);
    let shadow = enrolled("ann", &ids, "bold", Exposure::Shadow);
    let logged = store.log_impressions(&[shown.clone(), shadow.clone()]).unwrap();
    assert_eq!(store.impressions(&listener("ann"), 9).unwrap(), [(logged[0], shown.clone())]);
    assert_eq!(
        store.experiment_impressions("bolder").unwrap(),
        [(logged[0], shown), (logged[1], shadow)]
    );
    let status = store.status().unwrap();
    assert_eq!((status.impressions, status.shadows, status.experiments), (1, 1, 1));
    assert_eq!(store.forget(&listener("ann")).unwrap().impressions, 2);
    assert_eq!(store.experiment_impressions("bolder").unwrap(), []);
}

#[test]
fn a_slate_and_its_shadows_are_logged_together_or_not_at_all() {
    let mut store = Store::open_in_memory().unwrap();
    store.add_tracks(&[track("a"), track("b")]).unwrap();
    store.start_experiment("bolder", "{}", at(0)).unwrap();
    let ids = [TrackId::new("a"), TrackId::new("b")];
    let mut stray = enrolled("ann", &ids, "bold", Exposure::Shadow);
    stray.enrolment.as_mut().unwrap().experiment = "no such".into();
    let refused =
        store.log_impressions(&[enrolled("ann", &ids, "control", Exposure::Shown), stray]);
    assert!(matches!(refused, Err(StoreError::UnknownExperiment(name)) if name == "no such"));
    assert_eq!(store.status().unwrap().impressions, 0);
}
