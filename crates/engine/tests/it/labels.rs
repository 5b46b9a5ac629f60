use segue_core::{EndReason, Listen, ListenerId, Source, Timestamp, TrackId};
use segue_engine::dataset::labels::{Label, PlayOutcome, outcome, work_label};
use segue_engine::{Interaction, Stance, TrackIdx, WorkIdx};

fn play(ms_played: Option<u32>, end_reason: EndReason) -> Listen {
    let listen = Listen::new(
        ListenerId::new("ann"),
        TrackId::new("t"),
        Timestamp::UNIX_EPOCH,
        Source::SpotifyExtended,
    );
    Listen { ms_played, end_reason, ..listen }
}

/// A row without a date, as tables of totals have them.
fn total(ms_played: u32) -> Listen {
    Listen { at: None, ..play(Some(ms_played), EndReason::Unknown) }
}

const LIKED: PlayOutcome = PlayOutcome::Liked { weight: 1.0, plays: 1 };
const HALF_LIKED: PlayOutcome = PlayOutcome::Liked { weight: 0.5, plays: 1 };
const DISLIKED: PlayOutcome = PlayOutcome::Disliked { weight: 1.0 };
const HALF_DISLIKED: PlayOutcome = PlayOutcome::Disliked { weight: 0.5 };

#[test]
fn every_row_of_the_policy_table_holds() {
    use EndReason::*;
    let length = Some(200_000);
    let table = [
        (play(Some(200_000), Finished), length, LIKED),
        (play(Some(170_000), Logout), length, LIKED),
        (play(Some(600_000), Unknown), length, PlayOutcome::Liked { weight: 3.0, plays: 3 }),
        // A total of many plays, one that cannot be, and no total.
        (total(40_000_000), length, PlayOutcome::Liked { weight: 200.0, plays: 200 }),
        (total(4_000_000_000), length, PlayOutcome::Liked { weight: 10_000.0, plays: 10_000 }),
        (play(Some(40_000_000), Unknown), length, PlayOutcome::Liked { weight: 50.0, plays: 50 }),
        (play(Some(0), SkippedForward), length, PlayOutcome::Censored),
        (play(Some(100_000), Logout), length, PlayOutcome::Censored),
        (play(Some(5_000), Crashed), length, PlayOutcome::Censored),
        (play(Some(5_000), Stopped), length, PlayOutcome::Censored),
        (Listen { skipped: Some(true), ..play(Some(1_603), Stopped) }, length, DISLIKED),
        (Listen { skipped: Some(false), ..play(Some(7_244), SkippedForward) }, length, DISLIKED),
        (play(Some(60_000), SkippedForward), length, HALF_DISLIKED),
        (play(Some(60_000), SkippedForward), None, PlayOutcome::Censored),
        (play(Some(120_000), ChoseAnother), length, PlayOutcome::Censored),
        (play(Some(12_000), Unknown), None, HALF_DISLIKED),
        (play(Some(45_000), Unknown), None, HALF_LIKED),
        (play(Some(120_000), Unknown), length, HALF_LIKED),
        (play(Some(45_000), Unknown), length, PlayOutcome::Censored),
        (play(None, Unknown), length, HALF_LIKED),
        (Listen { skipped: Some(true), ..play(None, Unknown) }, length, DISLIKED),
        (play(Some(200_000), Failed), length, PlayOutcome::Excluded),
        (
            Listen { private_session: true, ..play(Some(200_000), Finished) },
            length,
            PlayOutcome::Excluded,
        ),
    ];
    for (listen, duration_ms, expected) in table {
        assert_eq!(outcome(&listen, duration_ms), expected, "{listen:?} of {duration_ms:?} ms");
    }
}

fn interaction(liked_weight: f32, disliked_weight: f32) -> Interaction {
    Interaction {
        plays: 1,
        liked_weight,
        disliked_weight,
        ..Interaction::new(TrackIdx(0), WorkIdx(0))
    }
}

#[test]
fn repeats_raise_the_weight_and_never_past_one() {
    let weight = |liked| work_label(&interaction(liked, 0.0)).unwrap().weight;
    assert_eq!(weight(1.0), 0.5);
    assert!(weight(2.0) > weight(1.0) && weight(40.0) <= 1.0);
}

#[test]
fn plays_that_balance_say_nothing() {
    assert_eq!(work_label(&interaction(2.0, 2.0)), None);
}

#[test]
fn what_was_said_outright_overrides_what_was_played() {
    let banned = Interaction { stance: Stance::Ban, ..interaction(9.0, 0.0) };
    assert_eq!(work_label(&banned), Some(Label { liked: false, weight: 2.0 }));
}

#[test]
fn a_saved_track_is_liked_even_unplayed() {
    let saved = Interaction { saved: true, plays: 0, ..interaction(0.0, 0.0) };
    assert!(work_label(&saved).unwrap().liked);
}
