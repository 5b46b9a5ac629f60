//! What became of a mix: every play and word is credited to the mix that it answers, and to no
//! other.

use segue_core::{
    EndReason, Enrolment, Exposure, Feedback, FeedbackKind, FeedbackTarget, Impression, Listen,
    ListenerId, Pick, PolicySpec, Reason, Slate, SlateConfig, Source, Sources, Timestamp, Track,
    TrackId, WorkId,
};
use segue_engine::Catalogue;
use segue_engine::dataset::pick_outcomes::{Credit, PickOutcome, Verdict, pick_outcomes};

const HOUR: i64 = 3_600;

pub(crate) fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + hours * HOUR).unwrap()
}

/// Songs `s0`… by two artists in turn, and a live version of `s0`.
pub(crate) fn catalogue(songs: usize) -> Catalogue {
    let song = |i: usize| {
        let mut track = Track::new(
            TrackId::new(format!("s{i}")),
            WorkId::new(format!("w{i}")),
            format!("S {i}"),
        );
        track.artists = vec![format!("Artist {}", i % 2)];
        track
    };
    let live = Track::new(TrackId::new("s0 live"), WorkId::new("w0"), "S 0");
    Catalogue::from_tracks((0..songs).map(song).chain([live]).collect())
}

/// A mix of songs, the odd ones new.
pub(crate) fn mix(who: &str, songs: &[usize], hours: i64) -> Impression {
    let pick = |(drawn, &song): (usize, &usize)| Pick {
        track: TrackId::new(format!("s{song}")),
        drawn: drawn as u32,
        propensity: 0.5,
        propensity_error: 0.0,
        likability: 0.5,
        uncertainty: 0.1,
        new_to_listener: song % 2 == 1,
        new_artist: false,
        sources: Sources::default(),
        reason: Reason::Predicted,
    };
    let config = SlateConfig {
        policy: PolicySpec::new("greedy", 1),
        model: "m".into(),
        seed: 0,
        explore: 0.3,
        new_slots: 0,
        new_artist_slots: 0,
        arrival_slots: 0,
        artist_cap: 9,
        album_cap: 9,
        beside: Vec::new(),
    };
    let picks = songs.iter().enumerate().map(pick).collect();
    Impression::new(
        at(hours),
        Slate { listener: ListenerId::new(who), config, picks, shortlist: Vec::new() },
    )
}

pub(crate) fn play(who: &str, track: &str, hours: i64, finished: bool) -> Listen {
    let listen =
        Listen::new(ListenerId::new(who), TrackId::new(track), at(hours), Source::SpotifyExtended);
    let (ms_played, end_reason) =
        if finished { (200_000, EndReason::Finished) } else { (5_000, EndReason::SkippedForward) };
    Listen { ms_played: Some(ms_played), end_reason, ..listen }
}

fn said(target: FeedbackTarget, kind: FeedbackKind, hours: i64) -> Feedback {
    Feedback {
        listener: ListenerId::new("ann"),
        target,
        kind,
        at: Some(at(hours)),
        source: Source::Segue,
    }
}

fn track(name: &str) -> FeedbackTarget {
    FeedbackTarget::Track(TrackId::new(name))
}

fn week() -> Credit {
    Credit { days: 7, before: at(1_000) }
}

fn verdicts(
    shown: &[Impression],
    listens: &[Listen],
    feedback: &[Feedback],
    credit: Credit,
) -> Vec<Vec<Verdict>> {
    let answers = pick_outcomes(&catalogue(8), shown, listens, feedback, credit);
    answers.iter().map(|mix| mix.iter().map(|answer| answer.verdict).collect()).collect()
}

use Verdict::{Disliked, Liked, Undecided, Untouched};

#[test]
fn plays_after_a_mix_answer_it_as_the_label_policy_reads_them() {
    let shown = [mix("ann", &[0, 1, 2, 3, 4], 0)];
    let stopped = Listen { end_reason: EndReason::Stopped, ..play("ann", "s3", 1, false) };
    let private = Listen { private_session: true, ..play("ann", "s4", 1, true) };
    let listens = [
        play("ann", "s0 live", 1, true),
        play("ann", "s1", 2, false),
        play("ann", "s2", 2, false),
        play("ann", "s2", 3, true),
        play("ann", "s2", 4, true),
        stopped,
        private,
    ];
    let found = pick_outcomes(&catalogue(8), &shown, &listens, &[], week());
    let answer = |plays, verdict| PickOutcome { plays, verdict };
    let expected = [
        answer(1, Liked),
        answer(1, Disliked),
        answer(3, Liked),
        answer(1, Undecided),
        answer(0, Untouched),
    ];
    assert_eq!(found, [expected]);
}

#[test]
fn what_came_before_a_mix_or_too_late_is_no_answer() {
    let shown = [mix("ann", &[0], 10)];
    let one = |hours: i64| verdicts(&shown, &[play("ann", "s0", hours, true)], &[], week())[0][0];
    assert_eq!(
        (one(9), one(10), one(10 + 7 * 24 - 1), one(10 + 7 * 24)),
        (Untouched, Liked, Liked, Untouched)
    );
    let closed = Credit { days: 7, before: at(12) };
    assert_eq!(verdicts(&shown, &[play("ann", "s0", 12, true)], &[], closed)[0][0], Untouched);
    // A play that had begun before and ended after it was no answer to it.
    let running = Listen { moment: segue_core::Moment::Ended, ..play("ann", "s0", 10, true) };
    assert_eq!(verdicts(&shown, &[running], &[], week())[0][0], Untouched);
    let undated = Listen { at: None, ..play("ann", "s0", 10, true) };
    assert_eq!(verdicts(&shown, &[undated], &[], week())[0][0], Untouched);
}

#[test]
fn a_song_shown_twice_is_credited_to_the_last_mix_before_the_play() {
    let shown = [mix("ann", &[0, 1], 0), mix("ann", &[0, 2], 5)];
    let listens = [play("ann", "s0", 6, true), play("ann", "s1", 6, true)];
    assert_eq!(verdicts(&shown, &listens, &[], week()), [[Untouched, Liked], [Liked, Untouched]]);
    assert_eq!(
        verdicts(&shown, &[play("ann", "s0", 3, false)], &[], week())[0],
        [Disliked, Untouched]
    );
}

#[test]
fn a_shadow_is_credited_with_nothing_and_takes_nothing_from_what_was_shown() {
    let mut shadow = mix("ann", &[0, 1], 5);
    shadow.enrolment =
        Some(Enrolment { experiment: "e".into(), arm: "bold".into(), exposure: Exposure::Shadow });
    let shown = [mix("ann", &[0], 0), shadow];
    let found =
        verdicts(&shown, &[play("ann", "s0", 6, true), play("ann", "s1", 6, true)], &[], week());
    assert_eq!(found, [vec![Liked], vec![Untouched, Untouched]]);
}

#[test]
fn words_override_plays_and_a_banned_artist_is_disliked_in_every_song() {
    let shown = [mix("ann", &[0, 1, 2, 3], 0)];
    let feedback = [
        said(track("s0"), FeedbackKind::Like, 2),
        said(track("s1"), FeedbackKind::Like, 1),
        said(track("s1"), FeedbackKind::Cleared, 2),
        said(FeedbackTarget::Artist("Artist 0".into()), FeedbackKind::Ban, 3),
    ];
    let listens = [play("ann", "s0", 1, false), play("ann", "s2", 1, true)];
    assert_eq!(
        verdicts(&shown, &listens, &feedback, week()),
        [[Liked, Untouched, Disliked, Untouched]]
    );
    let undated = Feedback { at: None, ..said(track("s3"), FeedbackKind::Like, 0) };
    assert_eq!(
        verdicts(&shown, &[], &[undated], week())[0][3],
        Untouched,
        "nobody knows what it answers"
    );
}
