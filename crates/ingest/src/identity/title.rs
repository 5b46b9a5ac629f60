//! A title, cut into its core and its qualifiers.

use segue_core::Version;

use super::normalise::normalise;
use super::qualifier::{Qualifier, classify, guests_begin, is_year_alone};

/// A title in pieces, in the order in which they were written.
pub(super) struct Title<'a> {
    whole: &'a str,
    pieces: Vec<(Qualifier, String)>,
}

impl<'a> Title<'a> {
    /// Cuts a title at brackets and at dashes between spaces.
    pub(super) fn parse(title: &'a str) -> Self {
        let title = without_decoration(title);
        let mut pieces = Vec::new();
        if title.bytes().any(is_cut_hint) {
            for (i, segment) in segments(title).into_iter().enumerate() {
                cut_brackets(segment, i == 0, &mut pieces);
            }
            take_out_years(&mut pieces);
        } else {
            push_core(title, &mut pieces);
        }
        Self { whole: title, pieces }
    }

    /// The words that every version shares. Where nothing but qualifiers is left, the whole title
    /// is the core.
    pub(super) fn core(&self) -> String {
        self.joined(|qualifier| qualifier == Qualifier::Core)
    }

    /// Everything but the guests.
    pub(super) fn without_guests(&self) -> String {
        self.joined(|qualifier| qualifier != Qualifier::Guests)
    }

    /// The version that the qualifiers name; of several the one that changes the sound most.
    pub(super) fn version(&self) -> Version {
        if !self.has_core() {
            return Version::Original;
        }
        let versions = self.pieces.iter().filter_map(|(qualifier, _)| match qualifier {
            Qualifier::Version(version) => Some(*version),
            _ => None,
        });
        versions.max_by_key(|&version| strength(version)).unwrap_or_default()
    }

    fn has_core(&self) -> bool {
        self.pieces.iter().any(|(qualifier, _)| *qualifier == Qualifier::Core)
    }

    fn joined(&self, wanted: impl Fn(Qualifier) -> bool) -> String {
        if !self.has_core() {
            return normalise(self.whole);
        }
        let mut joined = String::with_capacity(self.whole.len());
        for (_, text) in self.pieces.iter().filter(|(qualifier, _)| wanted(*qualifier)) {
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(text);
        }
        joined
    }
}

/// A year beside a version belongs to it: "Song - 2011 - Remaster".
fn take_out_years(pieces: &mut [(Qualifier, String)]) {
    if pieces.iter().any(|(qualifier, _)| matches!(qualifier, Qualifier::Version(_))) {
        for (qualifier, _) in pieces.iter_mut().skip(1).filter(|(_, text)| is_year_alone(text)) {
            *qualifier = Qualifier::Packaging;
        }
    }
}

/// A title without what files and uploads put behind it: `.mp3`, `**NEW**`.
fn without_decoration(title: &str) -> &str {
    const ENDINGS: [&str; 9] =
        [".mp3", ".flac", ".m4a", ".wav", ".ogg", ".opus", ".wma", ".aac", ".mp4"];
    let bare = title.trim_end();
    // Few titles have a dot where an ending has it.
    let dot_at = |from_end: usize| bare.as_bytes().iter().nth_back(from_end) == Some(&b'.');
    let endings = if dot_at(3) || dot_at(4) { &ENDINGS[..] } else { &[] };
    let ending = |ending: &&str| {
        let at = bare.len().checked_sub(ending.len()).filter(|at| *at > 0)?;
        bare.get(at..).filter(|end| end.eq_ignore_ascii_case(ending)).map(|_| &bare[..at])
    };
    let bare = endings.iter().find_map(ending).unwrap_or(title);
    let Some(starred) = bare.trim_end().strip_suffix('*') else { return bare };
    match starred.trim_end_matches('*').rsplit_once(" *") {
        Some((before, inside)) if !before.trim().is_empty() && is_decoration(inside) => {
            before.trim_end_matches([' ', '*'])
        }
        _ => bare,
    }
}

fn is_decoration(starred: &str) -> bool {
    let inside = starred.trim_matches('*');
    normalise(inside) == "new" || classify(inside).0 == Qualifier::Packaging
}

fn strength(version: Version) -> u8 {
    match version {
        Version::Original => 0,
        Version::Remaster => 1,
        Version::Edit => 2,
        Version::Demo => 3,
        Version::Instrumental => 4,
        Version::Acoustic => 5,
        Version::Live => 6,
        Version::Remix => 7,
    }
}

/// Bytes of which a title must contain one to be cut at all: ASCII brackets, dashes and bars, and
/// the lead bytes of their wide forms.
fn is_cut_hint(byte: u8) -> bool {
    matches!(byte, b'(' | b'[' | b'{' | b'-' | b'|' | 0xe2 | 0xe3 | 0xef)
}

/// Splits at dashes and bars that stand between spaces and outside brackets, and at ` -…-` around
/// the end.
fn segments(title: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    let ends_in_dash = title.trim_end().ends_with(['-', '~', '～']);
    let (mut start, mut depth, mut after_space) = (0, 0_u32, false);
    for (i, c) in title.char_indices() {
        let rest = &title[i + c.len_utf8()..];
        if closing(c).is_some() {
            depth += 1;
        } else if is_closing(c) {
            depth = depth.saturating_sub(1);
        } else if depth == 0
            && after_space
            && is_dash(c)
            && (rest.starts_with(' ') || (ends_in_dash && !rest.is_empty()))
        {
            segments.push(&title[start..i]);
            start = i + c.len_utf8();
        }
        after_space = c == ' ';
    }
    segments.push(&title[start..]);
    segments
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '–' | '—' | '−' | '‐' | '|' | '~' | '～')
}

fn closing(c: char) -> Option<char> {
    Some(match c {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        '（' => '）',
        '［' => '］',
        '【' => '】',
        _ => return None,
    })
}

fn is_closing(c: char) -> bool {
    matches!(c, ')' | ']' | '}' | '）' | '］' | '】')
}

/// Takes the brackets out of a segment. A bracket that opens the title belongs to its core.
fn cut_brackets(segment: &str, first: bool, pieces: &mut Vec<(Qualifier, String)>) {
    let mut rest = segment;
    loop {
        let Some((open, inside, after)) = next_bracket(rest) else {
            return push_plain(rest, first, pieces);
        };
        push_plain(&rest[..open], first, pieces);
        push_unless_core(inside, pieces);
        rest = after;
    }
}

/// Where the next bracket opens, what it holds and what comes behind it; an unclosed one runs to
/// the end.
fn next_bracket(text: &str) -> Option<(usize, &str, &str)> {
    let (open, c) = text.char_indices().find(|&(_, c)| closing(c).is_some())?;
    let close = closing(c)?;
    let inside = &text[open + c.len_utf8()..];
    let mut depth = 1_u32;
    for (i, inner) in inside.char_indices() {
        if inner == c {
            depth += 1;
        } else if inner == close {
            depth -= 1;
            if depth == 0 {
                return Some((open, &inside[..i], &inside[i + inner.len_utf8()..]));
            }
        }
    }
    Some((open, inside, ""))
}

/// Text outside brackets: the core in the first segment, perhaps a qualifier in those behind a
/// dash.
fn push_plain(text: &str, first: bool, pieces: &mut Vec<(Qualifier, String)>) {
    if text.trim().is_empty() {
        return;
    }
    match first {
        true => push_core(text, pieces),
        false => push_unless_core(text, pieces),
    }
}

/// A qualifier, or core text where it means nothing else or nothing stands before it.
fn push_unless_core(text: &str, pieces: &mut Vec<(Qualifier, String)>) {
    if pieces.is_empty() {
        return push_core(text, pieces);
    }
    match classify(text) {
        (Qualifier::Core, _) => push_core(text, pieces),
        (qualifier, normalised) => pieces.push((qualifier, normalised)),
    }
}

/// Core text, less the guests that are named in it without brackets.
fn push_core(text: &str, pieces: &mut Vec<(Qualifier, String)>) {
    let (core, guests) = match guests_begin(text) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    for (qualifier, part) in [(Qualifier::Core, core), (Qualifier::Guests, guests)] {
        let part = normalise(part);
        if !part.is_empty() {
            pieces.push((qualifier, part));
        }
    }
}
