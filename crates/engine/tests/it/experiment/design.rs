use segue_engine::experiment::arm::ArmError;
use segue_engine::experiment::{Arm, Design, DesignError, Mode};
use segue_engine::policy::PolicyKind;

use crate::world::request;

pub(super) fn arm(text: &str) -> Arm {
    text.parse().unwrap()
}

pub(super) fn design(name: &str, shares: &[(&str, u32)], mode: Mode) -> Design {
    let arms = shares.iter().map(|&(text, share)| Arm { share, ..arm(text) }).collect();
    Design::from_parts(name, arms, mode, 7).unwrap()
}

#[test]
fn an_arm_changes_what_it_names_and_nothing_else() {
    let bold =
        arm("bold:explore=0.6,policy=linear-thompson,artist-cap=2,album-cap=1,no-repeat-days=30");
    let asked = request(12, 0.25);
    let changed = bold.settings.apply(asked.clone());
    assert_eq!((changed.explore, changed.policy), (0.6, PolicyKind::LinearThompson));
    assert_eq!((changed.artist_cap, changed.album_cap, changed.no_repeat_days), (2, 1, 30));
    assert_eq!(changed.length, asked.length);
    assert_eq!(arm("control").settings.apply(asked.clone()), asked);
    assert_eq!(
        arm(&format!("bold:{}", bold.settings)),
        bold,
        "its settings are written as they are read"
    );
}

#[test]
fn an_arm_that_cannot_be_understood_says_what_is_wrong() {
    let error = |text: &str| text.parse::<Arm>().unwrap_err();
    assert_eq!(error("bold:volume=11"), ArmError::Setting { found: "volume".into() });
    assert!(matches!(error("bold:explore=much"), ArmError::Value { found, .. } if found == "much"));
    assert_eq!(error("bold:explore"), ArmError::Form { found: "explore".into() });
    assert!(error("bold:policy=dice").to_string().contains("`dice`"));
}

#[test]
fn a_design_that_cannot_be_carried_out_is_refused() {
    let refused = |name: &str, arms: &[Arm], days: u32| {
        Design::from_parts(name, arms.to_vec(), Mode::Live, days).unwrap_err()
    };
    let (control, bold) = (arm("control"), arm("bold:explore=0.6"));
    let two = [control.clone(), bold.clone()];
    assert!(matches!(refused("two words", &two, 7), DesignError::Name { .. }));
    assert!(matches!(refused("e", &two[..1], 7), DesignError::TooFewArms { found: 1 }));
    assert!(matches!(refused("e", &[bold.clone(), bold.clone()], 7), DesignError::SameName { .. }));
    assert!(matches!(refused("e", &two, 0), DesignError::Days { found: 0 }));
    let share = |share: u32| [Arm { share, ..control.clone() }, bold.clone()];
    assert_eq!(refused("e", &share(0), 7), DesignError::Shares);
    assert_eq!(refused("e", &share(u32::MAX), 7), DesignError::Shares);
    let impossible = [control.clone(), arm("bold:explore=1.5")];
    assert!(matches!(refused("e", &impossible, 7), DesignError::Arm { arm, .. } if arm == "bold"));
}

#[test]
fn a_design_is_kept_and_checked_again_when_it_is_read() {
    let kept = design("e", &[("control", 3), ("bold:explore=0.6,policy=greedy", 1)], Mode::Shadow);
    let json = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Design>(&json).unwrap(), kept);
    assert_eq!(kept.varied().into_iter().collect::<Vec<_>>(), ["explore", "policy"]);
    for broken in [
        json.replace("0.6", "6.0"),
        json.replace("greedy", "dice"),
        json.replace("bold", "control"),
    ] {
        assert!(serde_json::from_str::<Design>(&broken).is_err(), "{broken}");
    }
}
