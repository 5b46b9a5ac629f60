//! A text as words: lower case, without accents and punctuation, each with the place that it has in
//! the text.

use std::ops::Range;

use crate::search::folded;

/// Longer prompts are cut to so many bytes.
pub(super) const LONGEST: usize = 500;

/// A word, a number, or a mark that ends what was said before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// The word as it is compared; a mark is itself, such as `,`.
    pub(super) text: String,
    /// Where it stands in the text, in bytes.
    pub(super) place: Range<usize>,
}

impl Token {
    /// Whether it ends what was said before.
    pub(super) fn is_mark(&self) -> bool {
        self.text == ","
    }
}

/// Takes a text apart. A dash between numbers stays, as in `1990-1995`; other punctuation that is
/// not the end of a clause parts words.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut word = 0..0;
    for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
        let end = at + character.len_utf8();
        if character.is_alphanumeric() || is_within(character) {
            word = if word.is_empty() { at..end } else { word.start..end };
            continue;
        }
        push_word(&mut tokens, text, std::mem::take(&mut word));
        if at < text.len() {
            push_mark(&mut tokens, character, at..end);
        }
    }
    drop_loose_dashes(tokens)
}

/// Apostrophes are no part of a word and part none: `90's` is `90s`.
fn is_within(character: char) -> bool {
    matches!(character, '\'' | '’' | '`')
}

fn push_word(tokens: &mut Vec<Token>, text: &str, place: Range<usize>) {
    let letters: String = folded(&text[place.clone()]);
    let letters: String = letters.chars().filter(|character| !is_within(*character)).collect();
    let letters = if letters == "n" { "and".to_owned() } else { letters };
    // `120bpm` is a number and its unit, `90s` a word.
    let digits = letters.bytes().take_while(u8::is_ascii_digit).count();
    let unit = &letters[digits..];
    if digits > 0 && matches!(unit, "bpm" | "min" | "mins" | "h" | "hr" | "hrs" | "tracks") {
        tokens.push(Token { text: letters[..digits].to_owned(), place: place.clone() });
        tokens.push(Token { text: unit.to_owned(), place });
    } else if !letters.is_empty() {
        tokens.push(Token { text: letters, place });
    }
}

fn push_mark(tokens: &mut Vec<Token>, character: char, place: Range<usize>) {
    let text = match character {
        ',' | ';' | ':' | '.' | '!' | '?' | '\n' | '|' => ",",
        '&' | '+' => "and",
        '-' | '–' | '—' => "-",
        '#' | '♯' => "sharp",
        '♭' => "flat",
        _ => return,
    };
    tokens.push(Token { text: text.to_owned(), place });
}

/// Leaves dashes between numbers only.
fn drop_loose_dashes(tokens: Vec<Token>) -> Vec<Token> {
    let is_number = |at: usize| {
        tokens.get(at).is_some_and(|token| token.text.starts_with(|c: char| c.is_ascii_digit()))
    };
    let stays =
        |at: usize| tokens[at].text != "-" || (at > 0 && is_number(at - 1) && is_number(at + 1));
    (0..tokens.len()).filter(|&at| stays(at)).map(|at| tokens[at].clone()).collect()
}

/// Words as one string without spaces, so that "hip hop", "hip-hop" and "hiphop" are the same.
pub(super) fn squeezed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().collect()
}

/// The words of a name, as a prompt has them.
pub(super) fn words(name: &str) -> Vec<String> {
    let words = tokens(name).into_iter().filter(|token| !token.is_mark());
    words.map(|token| token.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_are_folded_and_marks_end_what_was_said() {
        assert_eq!(texts("Mellow, 90's Hip-Hop!"), ["mellow", ",", "90s", "hip", "hop", ","]);
        assert_eq!(texts("Sigur Rós & R&B"), ["sigur", "ros", "and", "r", "and", "b"]);
        assert_eq!(
            texts("1990-1995, 120bpm, C#"),
            ["1990", "-", "1995", ",", "120", "bpm", ",", "c", "sharp"]
        );
        assert!(texts(" \t\u{200b}--''").is_empty());
    }

    #[test]
    fn a_word_knows_its_place() {
        let text = "très Björk’s";
        let places: Vec<&str> =
            tokens(text).iter().map(|token| &text[token.place.clone()]).collect();
        assert_eq!(places, ["très", "Björk’s"]);
    }
}
