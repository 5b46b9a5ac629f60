//! The sentence that says that something was watched, in whatever language an export is: "Watched
//! X", "X angesehen", "Je hebt X bekeken".
//!
//! All rows of a file share it, so it is learned from them. Sentences that are known beforehand
//! serve files of few rows, and files whose titles share more than the sentence.

use rustc_hash::FxHashMap;

/// Different titles that are needed to learn from.
const FEWEST_TITLES: usize = 3;
/// Titles that are learned from.
const MOST_TITLES: usize = 400;
/// Characters of the longest beginning or end of a sentence.
const LONGEST_AFFIX: usize = 64;

/// What "watched" is before a title and behind it.
const KNOWN: [(&str, &str); 41] = [
    ("Watched ", ""),
    ("Has visto ", ""),
    ("Vous avez regardé ", ""),
    ("Hai guardato ", ""),
    ("Você assistiu ao vídeo ", ""),
    ("Você assistiu a ", ""),
    ("Assistiu a ", ""),
    ("Viu ", ""),
    ("Bekeken: ", ""),
    ("Je hebt gekeken naar ", ""),
    ("Je hebt ", " bekeken"),
    ("", " bekeken"),
    ("Просмотрено видео ", ""),
    ("Просмотрено: ", ""),
    ("Вы посмотрели видео ", ""),
    ("Obejrzano: ", ""),
    ("Obejrzano film ", ""),
    ("Tittade på ", ""),
    ("Du har sett ", ""),
    ("Du så ", ""),
    ("Så på ", ""),
    ("Så ", ""),
    ("Katsoit videon ", ""),
    ("", " katsottiin"),
    ("已观看 ", ""),
    ("", " angesehen"),
    ("", " を視聴しました"),
    ("", " 을(를) 시청했습니다."),
    ("", " 을(를) 시청했습니다"),
    ("", "을(를) 시청함"),
    ("", " adlı videoyu izlediniz"),
    ("", " izlendi"),
    ("", " izlənildi"),
    ("", " megtekintve"),
    ("Гледахте ", ""),
    ("Zhlédli jste video ", ""),
    ("Παρακολουθήσατε το βίντεο ", ""),
    ("", " দেখা হয়েছে"),
    ("", " دیکھی"),
    ("را تماشا کردید ", ""),
    ("Ați vizionat ", ""),
];

/// What stands before a title and behind it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sentence {
    before: String,
    after: String,
}

impl Sentence {
    /// The sentence that most of the titles share, of an export of which the beginning is at hand.
    /// `None` where they share nothing.
    pub(super) fn of(beginning: &str) -> Option<Self> {
        let mut titles: Vec<String> = titles_in(beginning).take(MOST_TITLES).collect();
        titles.sort_unstable();
        titles.dedup();
        let is_of_most = |count: usize| count * 5 >= titles.len() * 3;
        let known = KNOWN.iter().filter(|(before, after)| {
            let fits = |title: &&String| title.starts_with(before) && title.ends_with(after);
            is_of_most(titles.iter().filter(fits).count())
        });
        let length = |(before, after): &&(&str, &str)| before.len() + after.len();
        if let Some(&(before, after)) = known.max_by_key(length).filter(|_| !titles.is_empty()) {
            return Some(Self { before: before.to_owned(), after: after.to_owned() });
        }
        if titles.len() < FEWEST_TITLES {
            return None;
        }
        let before = shared(titles.iter().map(|title| beginnings(title)), is_of_most);
        let after = shared(titles.iter().map(|title| ends(title)), is_of_most);
        let found = Self { before: before.to_owned(), after: after.to_owned() };
        (found != Self::default()).then_some(found)
    }

    /// Whether it is one that nobody wrote down beforehand.
    pub(super) fn is_learned(&self) -> bool {
        !KNOWN.contains(&(self.before.as_str(), self.after.as_str()))
    }

    /// The title in a sentence like this.
    fn title<'t>(&self, sentence: &'t str) -> Option<&'t str> {
        inside(sentence, &self.before, &self.after)
    }
}

impl std::fmt::Display for Sentence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}…{}", self.before, self.after)
    }
}

fn inside<'t>(sentence: &'t str, before: &str, after: &str) -> Option<&'t str> {
    sentence.strip_prefix(before)?.strip_suffix(after)
}

/// The title in a sentence that says that it was watched: in the one of the file, else in one that
/// is known.
pub(super) fn bare_title<'t>(sentence: &'t str, of_file: Option<&Sentence>) -> &'t str {
    let of_file = of_file.and_then(|of_file| of_file.title(sentence));
    let known = || KNOWN.iter().find_map(|(before, after)| inside(sentence, before, after));
    let title = of_file.or_else(known).unwrap_or(sentence).trim();
    let quotes = [('„', '“'), ('“', '”'), ('"', '"'), ('«', '»'), ('「', '」'), ('”', '”')];
    let unquoted =
        quotes.iter().find_map(|&(open, close)| title.strip_prefix(open)?.strip_suffix(close));
    unquoted.unwrap_or(title).trim()
}

/// The values of the key `title` in a text that may be cut off.
fn titles_in(text: &str) -> impl Iterator<Item = String> {
    text.match_indices("\"title\"").filter_map(|(at, key)| {
        let value = text[at + key.len()..].trim_start().strip_prefix(':')?.trim_start();
        let mut values = serde_json::Deserializer::from_str(value).into_iter::<String>();
        values.next()?.ok()
    })
}

/// The longest of the affixes that most titles have.
fn shared<'t>(
    affixes: impl Iterator<Item = impl Iterator<Item = &'t str>>,
    is_of_most: impl Fn(usize) -> bool,
) -> &'t str {
    let mut counts = FxHashMap::default();
    for affix in affixes.flatten() {
        *counts.entry(affix).or_insert(0) += 1;
    }
    let shared = counts.into_iter().filter(|&(_, count)| is_of_most(count));
    shared.map(|(affix, _)| affix).max_by_key(|affix| affix.len()).unwrap_or("")
}

/// Beginnings that end where a word may end.
fn beginnings(title: &str) -> impl Iterator<Item = &str> {
    let ends = title.char_indices().take(LONGEST_AFFIX);
    ends.filter(|&(_, c)| parts_words(c)).map(|(at, c)| &title[..at + c.len_utf8()])
}

/// Ends that begin where a word may begin.
fn ends(title: &str) -> impl Iterator<Item = &str> {
    let begins = title.char_indices().rev().take(LONGEST_AFFIX);
    begins.filter(|&(_, c)| parts_words(c)).map(|(at, _)| &title[at..])
}

/// Whether a word may begin or end at this character: it is no letter, or of a script that is
/// written without spaces.
fn parts_words(c: char) -> bool {
    const FIRST_EAST_ASIAN: char = '\u{2e80}';
    let is_mark = matches!(c, '\u{900}'..='\u{dff}' | '\u{64b}'..='\u{65f}');
    !is_mark && (!c.is_alphanumeric() || c >= FIRST_EAST_ASIAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn export(titles: &[&str]) -> String {
        let row = |title: &&str| serde_json::json!({"header": "YouTube Music", "title": title});
        serde_json::to_string_pretty(&titles.iter().map(row).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn titles_come_out_of_their_sentences() {
        for sentence in [
            "Watched Song",
            "„Song“ angesehen",
            "Song angesehen",
            "Vous avez regardé Song",
            "Song を視聴しました",
            "Je hebt Song bekeken",
            "Song",
        ] {
            assert_eq!(bare_title(sentence, None), "Song", "{sentence}");
        }
    }

    #[test]
    fn a_sentence_nobody_wrote_down_is_learned() {
        for (before, after) in [
            ("Ndashikiye ", ""),
            ("", " ikusi da"),
            ("Tá ", " feicthe agat"),
            ("תצוגה: ", ""),
            ("「", "」見ました"),
            ("", "を見た"),
            ("شاهدت \u{201c}", "\u{201d}"),
        ] {
            let sentence = |title: &str| format!("{before}{title}{after}");
            let titles = ["Tide", "Sand, and more", "Harbour", "The Tide (Live)", "Ebbe"];
            let mut rows: Vec<String> = titles.iter().map(|title| sentence(title)).collect();
            rows.push("Something else altogether".to_owned());
            let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
            let learned = Sentence::of(&export(&rows));
            for (row, title) in rows.iter().zip(titles) {
                assert_eq!(bare_title(row, learned.as_ref()), title);
            }
            let backwards: Vec<&str> = rows.iter().rev().copied().collect();
            assert_eq!(Sentence::of(&export(&backwards)), learned);
        }
    }

    #[test]
    fn what_titles_share_is_no_part_of_a_known_sentence() {
        let rows = ["Watched Tide 1", "Watched Tide 2", "Watched Tide 3", "Watched Tide 4"];
        let sentence = Sentence::of(&export(&rows));
        assert_eq!(bare_title(rows[0], sentence.as_ref()), "Tide 1");
        assert_eq!(Sentence::of(&export(&["Tide", "Sand", "Ebbe", "Glas"])), None);
        assert_eq!(Sentence::of(&export(&["Ndashikiye Tide"])), None);
    }

    proptest! {
        #[test]
        fn any_text_is_learned_from_without_panic(text in "(\"title\" ?: ?\"\\PC{0,9}\",?){0,9}") {
            let learned = Sentence::of(&text);
            for title in titles_in(&text) {
                let _ = bare_title(&title, learned.as_ref());
            }
        }
    }
}
