//! Reasons on hand-made listeners, and their sentences.

use segue_core::{AudioFeature, ListenerId, Reason, Track, TrackId, WorkId};
use segue_engine::candidate::Sources;
use segue_engine::dataset::labels::work_label;
use segue_engine::dataset::play_memory::PlayMemory;
use segue_engine::dataset::profile::liking;
use segue_engine::mix::reasons::{Likes, Reasons};
use segue_engine::mix::sentence::sentence;
use segue_engine::pipeline::MixRequest;
use segue_engine::policy::PolicyKind;
use segue_engine::ranker::Evidence;
use segue_engine::{Catalogue, Index, Interaction, Profile, Stance, TrackIdx};

use crate::world::{RowScorer, World, days_ago, now};

/// What the listener did with a track, in one of a few ways.
#[derive(Clone, Copy)]
enum Did {
    Nothing,
    Finished(u32, i64),
    LikedOutright,
    Saved,
}

fn track(name: &str, artist: &str, sound: [f32; 4]) -> Track {
    let mut track = Track::new(TrackId::new(name), WorkId::new(name), name);
    track.artists = vec![artist.to_owned()];
    let [energy, acousticness, valence, tempo] = sound;
    for (feature, value) in [
        (AudioFeature::Energy, energy),
        (AudioFeature::Acousticness, acousticness),
        (AudioFeature::Valence, valence),
        (AudioFeature::Tempo, tempo),
    ] {
        track.features.set(feature, value);
    }
    track
}

/// The sentence for each track when all are in the mix.
fn sentences(listened: &[(Track, Did)]) -> Vec<(String, String)> {
    let catalogue =
        Catalogue::from_tracks(listened.iter().map(|(track, _)| track.clone()).collect());
    let interaction = |(track, did): &(Track, Did)| {
        let idx = catalogue.find(&track.id).expect("it is in the catalogue");
        let (finished, last_played) = match did {
            Did::Nothing => return None,
            Did::Finished(times, days) => (*times, Some(days_ago(*days))),
            Did::LikedOutright | Did::Saved => (0, None),
        };
        let mut interaction = Interaction {
            track: idx,
            work: catalogue.work(idx),
            plays: finished,
            finished,
            skipped: 0,
            liked_weight: finished as f32,
            disliked_weight: 0.0,
            last_played,
            stance: if matches!(did, Did::LikedOutright) { Stance::Like } else { Stance::None },
            saved: matches!(did, Did::Saved),
            answered: false,
            memory: PlayMemory::default(),
            label: None,
        };
        interaction.label = work_label(&interaction);
        Some(interaction)
    };
    let interactions = listened.iter().filter_map(interaction).collect();
    let world =
        World::new(catalogue, Profile::from_interactions(ListenerId::new("someone"), interactions));
    let request = MixRequest {
        length: 100,
        artist_cap: 100,
        policy: PolicyKind::Greedy,
        ..MixRequest::new(now())
    };
    let outcome = world.mixer(&RowScorer(|_| 0.5)).mix(&request).expect("a mix");
    let mut all: Vec<(String, String)> = outcome
        .slate
        .picks
        .iter()
        .map(|pick| (pick.track.to_string(), sentence(&pick.reason)))
        .collect();
    all.sort();
    all
}

const LOUD: [f32; 4] = [0.9, 0.1, 0.8, 140.0];
const QUIET: [f32; 4] = [0.1, 0.9, 0.2, 70.0];

#[test]
fn every_kind_of_tie_is_named() {
    let found = sentences(&[
        (track("a", "One", LOUD), Did::Finished(14, 5)),
        (track("b", "Two", LOUD), Did::Finished(9, 93)),
        (track("c", "Three", LOUD), Did::LikedOutright),
        (track("d", "Four", LOUD), Did::Saved),
        (track("e", "Five", LOUD), Did::Finished(1, 5)),
        (track("f", "One", QUIET), Did::Nothing),
        (track("g", "Three", QUIET), Did::Nothing),
        (track("h", "Six", LOUD), Did::Nothing),
        (track("i", "Seven", QUIET), Did::Nothing),
    ]);
    let found: Vec<(&str, &str)> =
        found.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    assert_eq!(
        found,
        [
            ("a", "you played this to the end 14 times"),
            ("b", "back after 93 days"),
            ("c", "you liked this"),
            ("d", "from your library"),
            ("e", "you have played this once"),
            ("f", "you finished songs by One 14 times"),
            ("g", "you like a song by Three"),
            ("h", "close to One – a in energy and acoustic sound"),
            ("i", "a step outside: calmer and more acoustic than what you play"),
        ]
    );
}

#[test]
fn nothing_is_made_up_where_nothing_is_known() {
    let mut unknown = Track::new(TrackId::new("x"), WorkId::new("x"), "x");
    unknown.artists = vec!["Nobody".to_owned()];
    let found = sentences(&[(unknown, Did::Nothing)]);
    assert_eq!(
        found,
        [("x".to_owned(), "the model's choice: no single song or artist leads here".to_owned())]
    );
}

#[test]
fn numbers_are_said_as_people_say_them() {
    let back = |days| sentence(&Reason::BackAfter { days });
    assert_eq!([back(1), back(2)], ["back after a day", "back after 2 days"]);
    let long = [back(119), back(120), back(562), back(730), back(1_771)];
    let said = ["119 days", "4 months", "18 months", "2 years", "5 years"];
    assert_eq!(long, said.map(|time| format!("back after {time}")));
    let heard = |plays| sentence(&Reason::Heard { plays });
    assert_eq!(heard(2), "you have played this twice");
}

/// The first four songs speak for every track, the first of them most.
struct FourSpeak;

impl Evidence for FourSpeak {
    fn because(&self, _: TrackIdx, _: Sources, most: usize) -> Vec<TrackIdx> {
        (0..4).map(TrackIdx).take(most).collect()
    }
}

#[test]
fn what_is_played_alike_is_named_by_turns() {
    let named = |n: u32| track(&format!("{n}"), &format!("Artist {n}"), [f32::NAN; 4]);
    let catalogue = Catalogue::from_tracks((0..8).map(named).collect());
    let index = Index::build(&catalogue, []);
    let profile = Profile::empty(ListenerId::new("ann"));
    let likes = Likes::from_profile(&catalogue, &index, &profile);
    let reasons = Reasons {
        catalogue: &catalogue,
        index: &index,
        profile: &profile,
        likes: &likes,
        evidence: Some(Box::new(FourSpeak)),
        now: now(),
    };
    let tracks: Vec<_> = (4..7).map(|n| (TrackIdx(n), Sources::ITEM_KNN)).collect();
    let said: Vec<String> = reasons.varied(&tracks).iter().map(sentence).collect();
    assert_eq!(
        said,
        [
            "people who play Artist 0 and Artist 1 play this",
            "people who play Artist 2 and Artist 3 play this",
            "people who play Artist 0 and Artist 1 play this",
        ]
    );
    // Alone, a track is told by what speaks for it most.
    assert_eq!(sentence(&reasons.reason(TrackIdx(7), Sources::ITEM_KNN)), said[0]);
}

/// The first two songs speak for every track.
struct TwoSpeak;

impl Evidence for TwoSpeak {
    fn because(&self, _: TrackIdx, _: Sources, _: usize) -> Vec<TrackIdx> {
        vec![TrackIdx(0), TrackIdx(1)]
    }
}

#[test]
fn that_those_who_play_an_artist_play_the_artist_is_no_reason() {
    let by = |n: u32, artist: u32| track(&format!("{n}"), &format!("Artist {artist}"), [0.0; 4]);
    let tracks = vec![by(0, 0), by(1, 1), by(2, 0), by(3, 3), by(4, 4), by(5, 5), by(6, 6)];
    let catalogue = Catalogue::from_tracks(tracks);
    let profile = liking(&catalogue, ListenerId::new("ann"), &[TrackIdx(0), TrackIdx(1)]);
    let index = Index::build(&catalogue, [&profile]);
    let likes = Likes::from_profile(&catalogue, &index, &profile);
    let evidence: Option<Box<dyn Evidence>> = Some(Box::new(TwoSpeak));
    let (catalogue, index, profile, likes) = (&catalogue, &index, &profile, &likes);
    let reasons = Reasons { catalogue, index, profile, likes, evidence, now: now() };
    let all = |row| -> Vec<String> {
        reasons.all(TrackIdx(row), Sources::ITEM_KNN).iter().map(sentence).collect()
    };
    assert_eq!(all(2)[0], "people who play Artist 1 play this");
    assert_eq!(all(3)[0], "people who play Artist 0 and Artist 1 play this");

    // No sentence comes twice while another one that is true was not said.
    let tracks: Vec<_> = (3..7).map(|n| (TrackIdx(n), Sources::ITEM_KNN)).collect();
    let said: Vec<String> = reasons.varied(&tracks).iter().map(sentence).collect();
    assert_eq!(said[0], all(3)[0]);
    assert_ne!(said[1], said[0], "{said:?}");
}
