use segue_core::{
    AudioFeature, EndReason, Feedback, FeedbackKind, FeedbackTarget, Listen, ListenerId, Source,
    StartReason, Timestamp, Track, TrackId, WorkId,
};
use segue_engine::dataset::profile::SITTING_GAP_S;
use segue_engine::pipeline::MixRequest;
use segue_engine::{Catalogue, Profile, Stance};

fn track(id: &str, work: &str, artist: &str) -> Track {
    Track { artists: vec![artist.into()], ..Track::new(TrackId::new(id), WorkId::new(work), work) }
}

fn ann() -> ListenerId {
    ListenerId::new("ann")
}

fn finished(id: &str, second: i64) -> Listen {
    let at = Timestamp::from_second(second).unwrap();
    let listen = Listen::new(ann(), TrackId::new(id), at, Source::SpotifyExtended);
    Listen { ms_played: Some(180_000), end_reason: EndReason::Finished, ..listen }
}

fn said(target: FeedbackTarget, kind: FeedbackKind) -> Feedback {
    Feedback { listener: ann(), target, kind, at: None, source: Source::Segue }
}

#[test]
fn versions_of_a_work_are_one_interaction() {
    let mut live = track("b", "song", "Ann");
    live.features.set(AudioFeature::Energy, 0.9);
    let catalogue =
        Catalogue::from_tracks(vec![track("a", "song", "Ann"), live, track("c", "other", "Ann")]);
    let listens = [finished("a", 1), finished("a", 2), finished("b", 3)];
    let profile = Profile::fold(&catalogue, ann(), &listens, []);
    let [interaction] = &profile.interactions[..] else {
        panic!("one work was played: {profile:?}")
    };
    assert_eq!((interaction.plays, interaction.finished), (3, 3));
    assert_eq!(
        catalogue.track(interaction.track).id.as_str(),
        "b",
        "the version whose sound is known stands for it"
    );
}

#[test]
fn a_sitting_is_what_was_played_since_the_last_long_break_and_a_mix_goes_on_from_its_end() {
    let names: Vec<String> = (0..15).map(|i| format!("t{i:02}")).collect();
    let catalogue = Catalogue::from_tracks(names.iter().map(|id| track(id, id, "x")).collect());
    let second = |i: i64| i * 240 + if i < 3 { 0 } else { SITTING_GAP_S };
    let listens: Vec<Listen> =
        names.iter().zip(0..).map(|(id, i)| finished(id, second(i))).collect();
    let profile = Profile::fold(&catalogue, ann(), &listens, []);
    assert_eq!(profile.sitting().len(), 12);
    let now = Timestamp::from_second(second(20)).unwrap();
    let request = MixRequest::going_on(&catalogue, &profile, now);
    let after: Vec<&str> = request.after.iter().map(TrackId::as_str).collect();
    assert_eq!(after, &names[5..]);
    let nobody = Profile::empty(ann());
    assert!(MixRequest::going_on(&catalogue, &nobody, now).after.is_empty());
}

#[test]
fn unplayed_tracks_are_not_negatives() {
    let catalogue = Catalogue::from_tracks(vec![track("a", "a", "x"), track("b", "b", "x")]);
    let profile = Profile::fold(&catalogue, ann(), &[finished("a", 1)], []);
    assert_eq!(profile.labelled().count(), 1);
}

#[test]
fn the_last_word_counts() {
    let catalogue = Catalogue::from_tracks(vec![track("a", "a", "x")]);
    let target = || FeedbackTarget::Track(TrackId::new("a"));
    let feedback = [said(target(), FeedbackKind::Like), said(target(), FeedbackKind::Ban)];
    let profile = Profile::fold(&catalogue, ann(), [], &feedback);
    assert_eq!(profile.interactions[0].stance, Stance::Ban);
    let taken_back =
        [feedback[0].clone(), feedback[1].clone(), said(target(), FeedbackKind::Cleared)];
    let profile = Profile::fold(&catalogue, ann(), [], &taken_back);
    assert_eq!(profile.interactions[0].stance, Stance::None);
    assert_eq!(profile.interactions[0].label, None);
}

#[test]
fn a_banned_artist_is_found_whatever_the_letter_case_and_can_come_back() {
    let catalogue = Catalogue::from_tracks(vec![track("a", "a", "Xénia")]);
    let ban = said(FeedbackTarget::Artist("XÉNIA".into()), FeedbackKind::Ban);
    let cleared = said(FeedbackTarget::Artist("xénia".into()), FeedbackKind::Cleared);
    assert_eq!(Profile::fold(&catalogue, ann(), [], [&ban]).banned_artists.len(), 1);
    assert!(Profile::fold(&catalogue, ann(), [], [&ban, &cleared]).banned_artists.is_empty());
}

#[test]
fn the_same_tracks_get_the_same_rows_in_any_order() {
    let tracks = vec![track("b", "b", "x"), track("a", "a", "y"), track("c", "c", "x")];
    let reversed = tracks.iter().rev().cloned().collect();
    let (one, other) = (Catalogue::from_tracks(tracks), Catalogue::from_tracks(reversed));
    for row in one.rows() {
        assert_eq!(one.track(row), other.track(row));
        assert_eq!(one.artist(row), other.artist(row));
    }
}

#[test]
fn what_a_listener_chose_themselves_is_no_answer_to_segue() {
    let catalogue =
        Catalogue::from_tracks(["a", "b", "c", "d"].map(|id| track(id, id, "x")).to_vec());
    let in_segue =
        |id: &str, start_reason| Listen { source: Source::Segue, start_reason, ..finished(id, 1) };
    let listens = [
        finished("a", 1),
        in_segue("b", StartReason::Chosen),
        in_segue("c", StartReason::PreviousFinished),
    ];
    let word = said(FeedbackTarget::Track(TrackId::new("d")), FeedbackKind::Like);
    let profile = Profile::fold(&catalogue, ann(), &listens, [&word]);
    let answered = |id: &str| {
        let work = catalogue.work(catalogue.find(&TrackId::new(id)).unwrap());
        profile.interaction(work).unwrap().answered
    };
    assert_eq!(["a", "b", "c", "d"].map(answered), [false, false, true, true]);
}
