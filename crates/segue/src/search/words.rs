//! Texts to the words by which they are found: letter case, accents and punctuation do not count.
//!
//! A word is a run of letters and digits. "Don't", "AC/DC" and "R.E.M." are found by their pieces
//! and by all of them as one word (`dont`, `acdc`, `rem`); what has neither letter nor digit, such
//! as "!!!", is a word as it is. Where a script sets no spaces between words, every letter begins
//! a word of at most [`WINDOW`] letters, so that any part of a text is the beginning of one.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words are cut off here, those that are looked for too.
pub(super) const LONGEST_WORD: usize = 64;
/// Letters of a word in a script without spaces.
const WINDOW: usize = 8;

/// Lower case without accents.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let plain = text.nfkd().filter(|character| !is_combining_mark(*character));
    plain.flat_map(char::to_lowercase).collect()
}

/// Hands over every word by which a folded text is found, some more than once.
pub(super) fn each_word(folded: &str, take: &mut impl FnMut(&str)) {
    for chunk in folded.split_whitespace() {
        let mut count = 0;
        let mut is_spaced = true;
        for piece in pieces(chunk) {
            count += 1;
            match is_spaceless(piece) {
                false => take(cut(piece, LONGEST_WORD)),
                true => {
                    is_spaced = false;
                    let begins = piece.char_indices().map(|(at, _)| &piece[at..]);
                    begins.for_each(|rest| take(cut(rest, WINDOW)));
                }
            }
        }
        match count {
            0 => take(cut(chunk, LONGEST_WORD)),
            1 => {}
            _ if is_spaced => take(cut(&joined(chunk), LONGEST_WORD)),
            _ => {}
        }
    }
}

/// A part of what somebody typed, between spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TypedWord {
    /// As it was typed, folded.
    pub(super) typed: String,
    /// The words that stand for it, all of which have to be there.
    pub(super) words: Vec<String>,
}

/// What somebody typed, each part once, `most` words at most. Pieces that punctuation keeps apart
/// are taken as one word where `is_known` says that some word begins so, else each by itself.
/// Punctuation by itself counts where there is nothing else.
pub(super) fn typed_words(
    text: &str,
    most: usize,
    is_known: impl Fn(&str) -> bool,
) -> Vec<TypedWord> {
    let text = folded(text);
    let has_letters = text.contains(char::is_alphanumeric);
    let mut parts: Vec<TypedWord> = Vec::new();
    let mut count = 0;
    for chunk in text.split_whitespace() {
        let is_noise = has_letters && !chunk.contains(char::is_alphanumeric);
        if is_noise || parts.iter().any(|part| part.typed == chunk) {
            continue;
        }
        let mut words = words_of_chunk(chunk, &is_known);
        words.truncate(most - count);
        count += words.len();
        parts.push(TypedWord { typed: chunk.to_owned(), words });
        if count == most {
            break;
        }
    }
    parts
}

fn words_of_chunk(chunk: &str, is_known: impl Fn(&str) -> bool) -> Vec<String> {
    let pieces: Vec<&str> = pieces(chunk).collect();
    if pieces.len() > 1 && !pieces.iter().any(|piece| is_spaceless(piece)) {
        let joined = joined(chunk);
        let joined = cut(&joined, LONGEST_WORD);
        if is_known(joined) {
            return vec![joined.to_owned()];
        }
    }
    let mut words: Vec<String> = match pieces.is_empty() {
        true => vec![cut(chunk, LONGEST_WORD).to_owned()],
        false => pieces.into_iter().flat_map(words_of_piece).collect(),
    };
    let mut known = Vec::new();
    words.retain(|word| {
        let is_new = !known.contains(word);
        known.push(word.clone());
        is_new
    });
    words
}

/// A piece as words; one of a script without spaces as windows that cover it.
fn words_of_piece(piece: &str) -> Vec<String> {
    if !is_spaceless(piece) {
        return vec![cut(piece, LONGEST_WORD).to_owned()];
    }
    let letters: Vec<char> = piece.chars().collect();
    if letters.len() <= WINDOW {
        return vec![piece.to_owned()];
    }
    let begins = (0..letters.len() - WINDOW).step_by(WINDOW).chain([letters.len() - WINDOW]);
    begins.map(|at| letters[at..at + WINDOW].iter().collect()).collect()
}

/// Runs of letters and digits, cut where a script without spaces begins or ends.
fn pieces(chunk: &str) -> impl Iterator<Item = &str> {
    let runs = chunk.split(|character: char| !character.is_alphanumeric());
    runs.flat_map(by_script).filter(|piece| !piece.is_empty())
}

/// A text cut where letters of scripts with and without spaces meet.
fn by_script(text: &str) -> Vec<&str> {
    let mut letters = text.char_indices();
    let mut pieces = Vec::new();
    let mut begin = 0;
    let mut before = letters.next().is_some_and(|(_, letter)| sets_no_spaces(letter));
    for (at, letter) in letters {
        if sets_no_spaces(letter) != before {
            pieces.push(&text[begin..at]);
            (begin, before) = (at, !before);
        }
    }
    pieces.push(&text[begin..]);
    pieces
}

fn is_spaceless(piece: &str) -> bool {
    piece.chars().next().is_some_and(sets_no_spaces)
}

/// Whether a letter is of a script that sets no spaces between words: Chinese, Japanese, Thai, Lao,
/// Burmese, Khmer.
fn sets_no_spaces(letter: char) -> bool {
    matches!(letter,
        '\u{0e00}'..='\u{0eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

fn joined(chunk: &str) -> String {
    chunk.chars().filter(|character| character.is_alphanumeric()).collect()
}

/// The beginning of a text, of at most `most` characters.
fn cut(text: &str, most: usize) -> &str {
    match text.len() > most {
        true => text.char_indices().nth(most).map_or(text, |(at, _)| &text[..at]),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        each_word(&folded(text), &mut |word| words.push(word.to_owned()));
        words
    }

    fn typed(text: &str, known: &[&str]) -> Vec<String> {
        let is_known = |word: &str| known.contains(&word);
        typed_words(text, 12, is_known).into_iter().flat_map(|part| part.words).collect()
    }

    #[test]
    fn words_have_no_case_and_no_accents_and_punctuation_makes_one_of_several() {
        assert_eq!(words("Sigur Rós"), ["sigur", "ros"]);
        assert_eq!(words("Don\u{2019}t (Live)"), ["don", "t", "dont", "live"]);
        assert_eq!(words("AC/DC !!!"), ["ac", "dc", "acdc", "!!!"]);
    }

    #[test]
    fn every_letter_begins_a_word_where_a_script_sets_no_spaces() {
        assert_eq!(words("千本桜feat"), ["千本桜", "本桜", "桜", "feat"]);
        assert_eq!(typed("本桜feat", &[]), ["本桜", "feat"]);
        let long = "一二三四五六七八九十";
        assert_eq!(words(long)[0], "一二三四五六七八");
        assert_eq!(typed(long, &[]), ["一二三四五六七八", "三四五六七八九十"]);
    }

    #[test]
    fn what_is_typed_is_one_word_where_some_word_begins_so_and_pieces_where_none_does() {
        assert_eq!(typed("AC/DC", &["acdc"]), ["acdc"]);
        assert_eq!(typed("Jay-Z", &[]), ["jay", "z"]);
        assert_eq!(typed("Queen - Bohemian Rhapsody", &[]), ["queen", "bohemian", "rhapsody"]);
        assert_eq!(typed("!!!", &[]), ["!!!"]);
        assert_eq!(typed("  Björk  ÁRMY björk of", &[]), ["bjork", "army", "of"]);
        assert_eq!(typed_words(&"a b c d ".repeat(9), 3, |_| false).len(), 3);
    }
}
