//! Rules that every view keeps.

use std::collections::BTreeSet;

use segue_server::page::card::card;
use segue_server::page::sketch;

use super::hostile;
use super::markup::{Tag, says, tags};
use crate::made_up;

/// Every page, of pleasant and of hostile data, as tags.
fn all() -> impl Iterator<Item = (&'static str, Vec<Tag>)> {
    made_up::pages()
        .into_iter()
        .chain(hostile::pages())
        .map(|(name, markup)| (name, tags(&markup.into_string())))
}

#[test]
fn no_attribute_holds_style_or_script() {
    for (page, tags) in all() {
        for tag in tags {
            for (name, _) in &tag.attributes {
                assert!(
                    !name.starts_with("on") && name != "style",
                    "{page}: `{name}` on `{}`",
                    tag.name
                );
            }
            assert!(tag.name != "style", "{page}: a style element");
            assert!(
                tag.name != "script" || tag.closes || tag.has("src"),
                "{page}: an inline script"
            );
        }
    }
}

#[test]
fn everything_that_can_be_used_has_a_name() {
    for (page, tags) in all() {
        let labelled: BTreeSet<&str> = tags
            .iter()
            .filter(|tag| tag.name == "label")
            .filter_map(|tag| tag.get("for"))
            .collect();
        let mut labels_open = 0i32;
        for (position, tag) in tags.iter().enumerate() {
            if tag.name == "label" {
                labels_open += if tag.closes { -1 } else { 1 };
            }
            if tag.closes {
                continue;
            }
            let named = match tag.name.as_str() {
                "button" | "a" | "summary" | "label" | "legend" | "h1" | "h2" | "h3" => {
                    !says(&tags, position).is_empty()
                }
                "input" if tag.get("type") == Some("hidden") => true,
                "input" | "select" => {
                    labels_open > 0 || tag.get("id").is_some_and(|id| labelled.contains(id))
                }
                "meter" | "progress" => tag.has("aria-label"),
                "svg" => {
                    tag.has("aria-hidden")
                        || (tag.get("role") == Some("img")
                            && (!says(&tags, position + 1).is_empty()
                                || tag.get("aria-label").is_some_and(|label| !label.is_empty())))
                }
                _ => true,
            };
            assert!(named, "{page}: `{tag:?}` has no name");
        }
    }
}

#[test]
fn ids_are_unique_and_what_refers_to_them_exists() {
    for (page, tags) in all() {
        let ids: Vec<&str> = tags.iter().filter_map(|tag| tag.get("id")).collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{page}: an id occurs twice");
        for tag in &tags {
            let named = ["for", "list", "aria-labelledby", "aria-describedby", "data-opens"]
                .into_iter()
                .filter_map(|name| tag.get(name));
            let linked = tag.get("href").and_then(|address| address.strip_prefix('#'));
            for id in named.chain(linked) {
                assert!(unique.contains(id), "{page}: nothing is called `{id}`");
            }
        }
    }
}

#[test]
fn each_page_has_one_main_heading_and_no_level_is_left_out() {
    for (page, tags) in all() {
        let levels: Vec<u32> = tags
            .iter()
            .filter(|tag| !tag.closes)
            .filter_map(|tag| tag.name.strip_prefix('h').and_then(|level| level.parse().ok()))
            .collect();
        assert_eq!(levels.iter().filter(|&&level| level == 1).count(), 1, "{page}: {levels:?}");
        assert_eq!(levels.first(), Some(&1), "{page}");
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{page}: {levels:?}");
    }
}

#[test]
fn every_form_works_without_scripts() {
    for (page, tags) in all() {
        for (position, tag) in
            tags.iter().enumerate().filter(|(_, tag)| tag.name == "form" && !tag.closes)
        {
            let inside =
                tags[position..].iter().take_while(|other| !(other.name == "form" && other.closes));
            let button = inside
                .into_iter()
                .any(|other| other.name == "button" && other.get("type") == Some("submit"));
            assert!(button, "{page}: a form without a button");
            assert!(tag.get("method") == Some("dialog") || tag.has("action"), "{page}: {tag:?}");
        }
    }
}

#[test]
fn links_that_leave_this_machine_tell_it_nothing() {
    for (page, tags) in all() {
        for tag in
            tags.iter().filter(|tag| tag.get("href").is_some_and(|address| address.contains("://")))
        {
            let rel = tag.get("rel").unwrap_or_default();
            assert!(rel.contains("noopener") && rel.contains("noreferrer"), "{page}: {tag:?}");
        }
    }
}

#[test]
fn a_card_reads_as_before() {
    let frame = made_up::frame(segue_server::page::layout::Section::Listen, "/mix?explore=0.3");
    let place = segue_server::page::mix::place(&frame, "mix");
    let html = card(&place, &made_up::a_card(2)).into_string().replace("><", ">\n<");
    insta::assert_snapshot!(html);
}

#[test]
fn a_sketch_says_in_words_what_it_draws() {
    let [glowing, fierce, tender, dusky] = sketch::samples();
    assert_eq!(
        sketch::describe(&glowing),
        "Sound: energetic, bright, danceable, 122 beats a minute, major"
    );
    assert_eq!(
        sketch::describe(&dusky),
        "Sound: calm, dark, not for dancing, acoustic, instrumental, 64 beats a minute, minor"
    );
    assert_eq!(sketch::describe(&segue_core::AudioFeatures::MISSING), "Sound: not known");
    let moods = [glowing, fierce, tender, dusky].map(|sound| sketch::mood(&sound).class());
    assert_eq!(moods, ["glowing", "fierce", "tender", "dusky"]);
}

#[test]
fn a_sketch_draws_only_what_is_known() {
    let unknown = sketch::sketch(&segue_core::AudioFeatures::MISSING).into_string();
    assert!(!unknown.contains("petal") && unknown.contains("ring silent"), "{unknown}");
    let known = sketch::sketch(&sketch::samples()[0]).into_string();
    assert_eq!(known.matches("class=\"petal").count(), 6);
}
