use crate::segue::Segue;

/// Songs that are liked when they are loud, with some noise.
fn write_songs(segue: &Segue) {
    let mut table = String::from("danceability,energy,key,tempo,liked\n");
    for song in 0..120 {
        let energy = f64::from(song * 37 % 120) / 120.0;
        let liked = (energy > 0.5) != (song % 20 == 0);
        table += &format!(
            "{},{energy},{},{},{}\n",
            f64::from(song % 10) / 10.0,
            song % 12,
            80 + song,
            u8::from(liked)
        );
    }
    segue.write("songs.csv", &table);
}

#[test]
fn nested_cross_validation_reports_mean_and_deviation() {
    let segue = Segue::new();
    write_songs(&segue);
    let command =
        ["evaluate", "likability", "--data", "songs.csv", "--label", "liked", "--model", "mlp", "--json"];
    let result = segue.json(&command);
    for metric in ["accuracy", "auc", "log_loss", "ece"] {
        assert!(result[metric]["mean"].is_f64() && result[metric]["sd"].is_f64(), "{metric}: {result}");
    }
    assert!(result["auc"]["mean"].as_f64().unwrap() > 0.8, "{result}");
    assert_eq!(result, segue.json(&command), "the same seed gives the same figures");
}

#[test]
fn a_bad_value_is_named_with_its_file_and_line() {
    let segue = Segue::new();
    segue.write("songs.csv", "energy,liked\n0.5,1\n0.25,0\nloud,1\n");
    let message = segue.fail(&["evaluate", "likability", "--data", "songs.csv", "--label", "liked"], 1);
    assert!(message.contains("songs.csv") && message.contains('4') && message.contains("loud"), "{message}");
    let message = segue.fail(&["evaluate", "likability", "--data", "songs.csv", "--label", "loved"], 1);
    assert!(message.contains("loved"), "{message}");
}
