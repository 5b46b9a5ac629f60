//! Addresses carry any text there and back.

use proptest::prelude::*;
use segue_engine::mix::filters::Familiarity;
use segue_server::page::urls::{self, MixSettings};

fn settings() -> impl Strategy<Value = MixSettings> {
    let known = prop::sample::select(vec![
        Familiarity::Any,
        Familiarity::Owned,
        Familiarity::Heard,
        Familiarity::New,
    ]);
    let tracks = || prop::collection::hash_set("\\PC{0,20}", 0..5);
    let named = (tracks(), tracks(), "(\\PC{0,38}[^\\pZ\\pC])?");
    (0.0f32..=1.0, 1u32..=200, known, 1u32..=200, 0u32..=3650, any::<Option<u64>>(), named)
        .prop_map(|(explore, length, familiarity, artist_cap, no_repeat_days, seed, named)| {
            MixSettings {
                explore,
                length,
                familiarity,
                artist_cap,
                no_repeat_days,
                seed,
                exclude: named.0.into_iter().collect(),
                after: named.1.into_iter().collect(),
                prompt: named.2.trim().to_owned(),
            }
        })
}

proptest! {
    #[test]
    fn settings_come_back_from_an_address_as_they_went_in(settings in settings()) {
        prop_assert_eq!(MixSettings::from_query(&settings.to_query()), settings);
    }

    #[test]
    fn any_query_gives_settings_that_can_be_used(query in "\\PC{0,80}") {
        let settings = MixSettings::from_query(&query);
        prop_assert!((0.0..=1.0).contains(&settings.explore));
        prop_assert!((1..=urls::LONGEST_MIX).contains(&settings.length));
        prop_assert!(settings.artist_cap >= 1);
    }

    #[test]
    fn an_encoded_name_is_one_segment(name in "\\PC{0,20}") {
        let encoded = urls::encoded(&name);
        prop_assert!(
            encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~%".contains(&byte))
        );
    }
}

#[test]
fn nonsense_in_an_address_gives_the_defaults() {
    for query in [
        "explore=NaN",
        "explore=2",
        "explore=-1&length=x",
        "familiarity=', DROP",
        "length=",
        "=&&=",
        "%ff=%00",
    ] {
        assert_eq!(MixSettings::from_query(query), MixSettings::default(), "{query}");
    }
    assert_eq!(
        MixSettings::from_query("length=4000000000").length,
        4_000_000_000u32.min(urls::LONGEST_MIX)
    );
    assert_eq!(
        MixSettings::from_query("explore=0.3&explore=0.7").explore,
        0.7,
        "a stop's button comes after the dial"
    );
}

#[test]
fn a_form_comes_back_to_this_server_only() {
    for elsewhere in [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "",
        "mix",
        "/\t/evil.example",
    ] {
        assert_eq!(urls::local(elsewhere), "/", "{elsewhere:?}");
    }
    assert_eq!(
        urls::leave_out("/mix?explore=0.4", "name:a\u{241f}b & c"),
        "/mix?explore=0.4&exclude=name%3Aa%E2%90%9Fb%20%26%20c"
    );
    assert_eq!(urls::leave_out("//evil.example", "x"), "/?exclude=x");
}

#[test]
fn sound_is_linked_from_this_server_only() {
    assert_eq!(urls::audio("/audio/spotify%3Atrack%3A1"), Some("/audio/spotify%3Atrack%3A1"));
    assert_eq!(urls::audio("file:///etc/passwd"), None);
    assert_eq!(urls::audio("//evil.example/a.mp3"), None);
}
