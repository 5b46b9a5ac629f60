//! `segue simulate community`, as small as it can be.

use std::fs;

use serde_json::Value;

use crate::segue::Segue;

const TINY: [&str; 14] = [
    "simulate",
    "community",
    "--listeners",
    "3",
    "--artists",
    "12",
    "--days",
    "6",
    "--history-days",
    "12",
    "--seeds",
    "1",
    "--model-refit-days",
    "3",
];

fn simulate(segue: &Segue, options: &[&str]) -> Value {
    segue.json(&[&TINY[..], &["--json"], options].concat())
}

#[test]
fn every_setting_is_measured_in_both_models_of_listeners() {
    let segue = Segue::new();
    let page = segue.folder().join("dial.html");
    let report =
        simulate(&segue, &["--explore", "1,0,0.5", "--report", &page.display().to_string()]);
    let models = report["models"].as_array().unwrap();
    let names: Vec<&str> =
        models.iter().map(|model| model["listener_model"].as_str().unwrap()).collect();
    assert_eq!(names, ["taste-points", "latent-factors"]);
    for model in models {
        let settings = model["settings"].as_array().unwrap();
        let dial: Vec<f64> =
            settings.iter().map(|setting| setting["explore"].as_f64().unwrap()).collect();
        assert_eq!(dial, [0.0, 0.5, 1.0]);
        for setting in settings {
            let satisfaction =
                setting["measures"]["satisfaction"]["value"]["mean"].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&satisfaction), "{setting}");
            assert_eq!(setting["satisfaction"].as_array().unwrap().len(), 6);
        }
        assert!(settings[0]["measures"]["satisfaction"]["difference"].is_null());
        let gain = &settings[2]["measures"]["satisfaction"]["difference"];
        assert!(gain["low"].as_f64() <= gain["high"].as_f64());
    }
    let page = fs::read_to_string(page).unwrap();
    assert!(
        page.matches("<svg").count() >= 16 && page.contains("taste-points"),
        "plots of both models"
    );
    assert!(
        !page.contains("#000000") && page.ends_with("</html>\n"),
        "plots take the page's colour"
    );
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let segue = Segue::new();
    let on = |threads: &str| {
        let options = ["--explore", "0,0.4", "--listener-model", "latent-factors", "--json"];
        let arguments = [&TINY[..], &options].concat();
        let output = segue.command(&arguments).env("RAYON_NUM_THREADS", threads).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(on("1"), on("2"));
}

#[test]
fn tables_end_with_the_answer() {
    let segue = Segue::new();
    let arguments =
        [&TINY[..], &["--explore", "0,0.4", "--listener-model", "taste-points"]].concat();
    let shown = segue.run(&arguments);
    assert!(
        shown.contains("Are they better off?") && shown.contains("What do they hear?"),
        "{shown}"
    );
    assert!(shown.trim_end().lines().last().unwrap().starts_with("Against dial 0"), "{shown}");
}

#[test]
fn a_dial_out_of_range_is_refused() {
    let segue = Segue::new();
    assert!(
        segue.fail(&["simulate", "community", "--explore", "0,1.5"], 1).contains("from 0 to 1")
    );
    assert!(
        segue
            .fail(&["simulate", "community", "--listener-model", "robots"], 2)
            .contains("latent-factors")
    );
}
