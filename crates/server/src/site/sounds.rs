//! How a track sounds, in words: by what was measured in its file, and by the word of a world.

use segue::world::{RecordingKey, Sound};
use segue_core::{AudioAnalysis, AudioFeature, Descriptor};
use segue_engine::sound::estimates;
use segue_engine::sound::origin::FeatureOrigin;
use segue_engine::{Catalogue, TrackIdx};

use crate::page::words;

/// From this probability on a mood is told of.
const SURE: f32 = 0.8;
/// A tempo or key that says less of itself is not told of.
const LEAST_CONFIDENCE: f32 = 0.1;
const TONICS: [&str; 12] = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];

/// What is known, in sentences that say who says so; `None` where that is nothing.
pub(super) fn in_words(sound: &Sound) -> Option<String> {
    let tempo = sound.tempo_bpm.map(|tempo| format!("about {tempo:.0} beats a minute"));
    let key = sound.key.map(key);
    let moods = [
        (sound.probability_danceable, "to dance to"),
        (sound.probability_happy, "happy"),
        (sound.probability_sad, "sad"),
        (sound.probability_relaxed, "relaxed"),
        (sound.probability_aggressive, "aggressive"),
        (sound.probability_party, "for a party"),
        (sound.probability_acoustic, "acoustic"),
        (sound.probability_electronic, "electronic"),
        (sound.probability_instrumental, "without a voice"),
    ];
    let sure = moods.into_iter().filter(|(likely, _)| likely.is_some_and(|likely| likely >= SURE));
    let moods: Vec<String> = sure.map(|(_, mood)| mood.to_owned()).collect();
    let moods = (!moods.is_empty()).then(|| words::list(&moods));
    let parts: Vec<String> = [tempo, key, moods].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| {
        let analyses = match sound.submissions {
            1 => "1 analysis".to_owned(),
            many => format!("{many} analyses"),
        };
        let mut told = format!("{}.", parts.join(", "));
        told[..1].make_ascii_uppercase();
        format!("{told} By {analyses} in AcousticBrainz; tempos may be half or double.")
    })
}

/// What was measured in a file, in sentences that say what is a guess; `None` where that is
/// nothing.
pub(super) fn measured(analysis: &AudioAnalysis) -> Option<String> {
    let sure = |descriptor| {
        let found = analysis.measurement(descriptor)?;
        (found.confidence >= LEAST_CONFIDENCE).then_some(found.value)
    };
    let tempo = sure(Descriptor::Tempo).map(|tempo| format!("{tempo:.0} beats a minute"));
    let key = sure(Descriptor::Key).map(|number| {
        let number = number as u8;
        key(RecordingKey { tonic: number % 12, is_major: number < 12 })
    });
    let loudness = analysis.value(Descriptor::Loudness).map(|lufs| format!("{lufs:.0} LUFS"));
    let parts: Vec<String> = [tempo, key, loudness].into_iter().flatten().collect();
    let measured = (!parts.is_empty()).then(|| {
        format!("Measured in the file: {}; tempos may be half or double.", parts.join(", "))
    });
    let tags: Vec<String> =
        estimates::fitting_tags(analysis).into_iter().map(str::to_owned).collect();
    let tags = (!tags.is_empty())
        .then(|| format!("A network would call it {}, as a guess.", words::list(&tags)));
    let told: Vec<String> = [measured, tags].into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join(" "))
}

/// What somebody set by hand.
pub(super) fn set_by_hand(catalogue: &Catalogue, row: TrackIdx) -> Option<String> {
    let is_set = |feature: &AudioFeature| {
        catalogue.feature_origin(row, *feature) == Some(FeatureOrigin::Set)
    };
    let part = |feature: AudioFeature| {
        let value = catalogue.track(row).features.get(feature)?;
        Some(format!("{} {value}", feature.name().replace('_', " ")))
    };
    let features = AudioFeature::ALL.into_iter().filter(is_set);
    let parts: Vec<String> = features.filter_map(part).collect();
    (!parts.is_empty()).then(|| format!("Set by hand: {}.", words::list(&parts)))
}

/// What a map that was learned from songs of the library says, and how far off it is as a rule.
pub(super) fn learned(catalogue: &Catalogue, row: TrackIdx) -> Option<String> {
    let by_map = catalogue.learned_features()?;
    let is_learned = |feature: &AudioFeature| {
        catalogue.feature_origin(row, *feature) == Some(FeatureOrigin::Learned)
    };
    let part = |feature: AudioFeature| {
        let value = catalogue.feature(row, feature)?;
        let (name, error) = (feature.name(), by_map.fit(feature)?.error);
        Some(match feature {
            AudioFeature::Tempo => format!("{name} {value:.0} ({error:.0})"),
            AudioFeature::Loudness => format!("{name} {value:.0} dB ({error:.1})"),
            _ => format!("{name} {value:.2} ({error:.2})"),
        })
    };
    let features = AudioFeature::ALL.into_iter().filter(is_learned);
    let parts: Vec<String> = features.filter_map(part).collect();
    (!parts.is_empty()).then(|| {
        let (songs, parts) = (by_map.songs, words::list(&parts));
        format!(
            "Estimated by a map learned from {songs} songs here, with typical errors in brackets: \
             {parts}."
        )
    })
}

fn key(key: RecordingKey) -> String {
    let scale = if key.is_major { "major" } else { "minor" };
    format!("in {} {scale}", TONICS[usize::from(key.tonic) % TONICS.len()])
}

#[cfg(test)]
mod tests {
    use segue_core::{EMBEDDING, Measurement, SOUND_TAGS};

    use super::*;

    #[test]
    fn what_was_measured_is_told_and_guesses_are_called_so() {
        let mut analysis = AudioAnalysis::new(1);
        assert_eq!(measured(&analysis), None);
        let set = |analysis: &mut AudioAnalysis, descriptor, value, confidence| {
            analysis.set(descriptor, Measurement { value, confidence });
        };
        set(&mut analysis, Descriptor::Tempo, 91.6, 0.7);
        set(&mut analysis, Descriptor::Key, 21.0, 0.05);
        set(&mut analysis, Descriptor::Loudness, -14.2, 1.0);
        let likely = |tag: &str| if ["jazz", "instrumental"].contains(&tag) { 0.6 } else { 0.01 };
        analysis.set_embedding(&[0.0; EMBEDDING], &SOUND_TAGS.map(likely));
        assert_eq!(
            measured(&analysis).unwrap(),
            "Measured in the file: 92 beats a minute, -14 LUFS; tempos may be half or double. \
             A network would call it jazz and instrumental, as a guess."
        );
    }

    #[test]
    fn what_is_known_of_a_sound_is_told_and_what_is_not_is_not() {
        let sound = Sound {
            submissions: 14,
            tempo_bpm: Some(119.7),
            key: Some(RecordingKey { tonic: 9, is_major: false }),
            probability_happy: Some(0.93),
            probability_sad: Some(0.1),
            probability_instrumental: Some(0.85),
            ..Sound::default()
        };
        assert_eq!(
            in_words(&sound).unwrap(),
            "About 120 beats a minute, in A minor, happy and without a voice. By 14 analyses \
             in AcousticBrainz; tempos may be half or double."
        );
        let key = Some(RecordingKey { tonic: 3, is_major: true });
        let sound = Sound { submissions: 1, key, ..Sound::default() };
        assert!(in_words(&sound).unwrap().starts_with("In E♭ major. By 1 analysis in"));
        assert_eq!(in_words(&Sound::default()), None);
    }
}
