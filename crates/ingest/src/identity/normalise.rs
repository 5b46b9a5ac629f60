//! One spelling for names that people write in many ways.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Folds compatibility forms, letter case, diacritics and punctuation, and writes "and" for `&`.
/// Words are separated by one space. Text without any letter or digit keeps its symbols, so that
/// `!!!` and `÷` remain names.
pub fn normalise(text: &str) -> String {
    let folded = if text.is_ascii() { text.to_ascii_lowercase() } else { fold(text) };
    let words = words(&folded);
    let normal = if words.is_empty() {
        folded.split_whitespace().collect::<Vec<_>>().join(" ")
    } else {
        words
    };
    // Composed only now: without the signs between them, marks may take another order.
    if normal.is_ascii() { normal } else { normal.nfc().collect() }
}

/// Compatibility decomposition without diacritics, lower case. Only marks of the Latin, Greek and
/// Cyrillic scripts go: in others, such as kana and Devanagari, a mark makes another letter.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let kept = text
        .chars()
        .filter(|&c| !is_ornament(c))
        .nfkd()
        .filter(|&c| !is_diacritic(c) && !is_ornament(c));
    for c in kept {
        match c {
            'ß' | 'ẞ' => folded.push_str("ss"),
            'æ' | 'Æ' => folded.push_str("ae"),
            'œ' | 'Œ' => folded.push_str("oe"),
            'þ' | 'Þ' => folded.push_str("th"),
            'ø' | 'Ø' => folded.push('o'),
            'ł' | 'Ł' => folded.push('l'),
            'đ' | 'Đ' | 'ð' | 'Ð' => folded.push('d'),
            'ı' => folded.push('i'),
            'ς' => folded.push('σ'),
            _ => folded.extend(c.to_lowercase()),
        }
    }
    folded
}

fn is_diacritic(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Signs that mean nothing: trade marks, variation selectors, invisible spaces.
fn is_ornament(c: char) -> bool {
    let is_mark = matches!(c, '™' | '®' | '©' | '℠' | '\u{ad}');
    is_mark
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

fn words(folded: &str) -> String {
    let mut words = String::with_capacity(folded.len());
    let mut previous = ' ';
    let mut rest = folded.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        match c {
            'a'..='z' | '0'..='9' => words.push(c),
            '\'' | '’' | '‘' | 'ʼ' | '`' | '´' | '.' => {}
            '&' => push_word(&mut words, "and"),
            '+' if !words.is_empty() && previous.is_whitespace() && next.is_whitespace() => {
                push_word(&mut words, "and")
            }
            '$' if previous.is_alphabetic() || next.is_alphabetic() => words.push('s'),
            '!' if previous.is_alphabetic() && next.is_alphabetic() => words.push('i'),
            // Asking the tables of Unicode of every space would take a third of the time.
            _ if c.is_ascii() => push_space(&mut words),
            _ if c.is_alphanumeric() || is_combining_mark(c) => words.push(c),
            _ => push_space(&mut words),
        }
        previous = c;
    }
    words.truncate(words.trim_end().len());
    if words.contains(" n ") { between_words(&words) } else { words }
}

/// Writes out the "n" of "rock 'n' roll".
fn between_words(words: &str) -> String {
    let count = words.split(' ').count();
    let spelled = |(i, word)| if word == "n" && i > 0 && i + 1 < count { "and" } else { word };
    words.split(' ').enumerate().map(spelled).collect::<Vec<_>>().join(" ")
}

fn push_word(words: &mut String, word: &str) {
    push_space(words);
    words.push_str(word);
    words.push(' ');
}

fn push_space(words: &mut String) {
    if !words.is_empty() && !words.ends_with(' ') {
        words.push(' ');
    }
}
