//! From words to what they mean: the longest phrase that is understood, from left to right.
//!
//! At every word each rule says how many words it would take: numbers, phrases of the [table of
//! words](super::words), genres, artists. The longest wins, ties by that order. What no rule takes
//! is a filler or is not understood; a word with a letter wrong is read as the nearest one.

use std::ops::Range;

use segue_core::AudioFeature;
use segue_engine::mix::filters::Familiarity;
use segue_engine::{ArtistIdx, Catalogue, TrackIdx};

use super::numbers::{self, Number, YEARS, begins};
use super::tokens::{Token, squeezed, tokens};
use super::vocabulary::{LONGEST_NAME, Vocabulary, nearest, spelled};
use super::words::{FILLERS, GENRES, Side, Sound, WORDS, Word};
use super::{Condition, Meaning, Property, Setting};

/// "Recent" is this year and so many before it.
const RECENT_YEARS: u16 = 1;
/// "Old" is so many years ago and more.
const OLD_YEARS: u16 = 25;
/// So many parts are read of a prompt; what is behind them is not understood.
const MOST_PARTS: usize = 16;
/// So many names with a letter wrong are looked for in a prompt.
const MOST_CORRECTED: usize = 3;
/// Phrases of the table have at most so many words.
const LONGEST_PHRASE: usize = 4;

/// Words that negate what follows or make it stronger, the longer ones first.
const MODIFIERS: &[(&[&str], Modifier)] = &[
    (&["not", "too"], Modifier::NotVery),
    (&["not", "very"], Modifier::NotVery),
    (&["not", "so"], Modifier::NotVery),
    (&["not", "that"], Modifier::NotVery),
    (&["dont", "want"], Modifier::Not),
    (&["no", "more"], Modifier::Not),
    (&["less"], Modifier::NotVery),
    (&["not"], Modifier::Not),
    (&["no"], Modifier::Not),
    (&["nothing"], Modifier::Not),
    (&["without"], Modifier::Not),
    (&["except"], Modifier::Not),
    (&["excluding"], Modifier::Not),
    (&["avoid"], Modifier::Not),
    (&["never"], Modifier::Not),
    (&["dont"], Modifier::Not),
    (&["very"], Modifier::Very),
    (&["extremely"], Modifier::Very),
    (&["super"], Modifier::Very),
    (&["really"], Modifier::Very),
];

/// Words before a name that others are to be like.
const LIKENESS: &[&[&str]] = &[
    &["in", "the", "style", "of"],
    &["in", "the", "vein", "of"],
    &["reminds", "me", "of"],
    &["more", "like"],
    &["similar", "to"],
    &["such", "as"],
    &["close", "to"],
    &["a", "la"],
    &["like"],
];

/// How a word before others changes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Modifier {
    Plain,
    Very,
    Not,
    NotVery,
}

impl Modifier {
    fn is_negative(self) -> bool {
        matches!(self, Self::Not | Self::NotVery)
    }
}

/// A stretch of a text with what it means; nothing where it is not understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    /// Where it stands, in bytes.
    pub(super) place: Range<usize>,
    /// What it was read as, where a letter was wrong.
    pub(super) read_as: Option<String>,
    pub(super) meanings: Vec<Meaning>,
}

/// Reads a text. `year` is the present one.
pub(super) fn read(
    catalogue: &Catalogue,
    vocabulary: Vocabulary<'_>,
    text: &str,
    year: u16,
) -> Vec<Part> {
    let tokens = tokens(text);
    let mut reader = Reader {
        catalogue,
        vocabulary,
        tokens,
        year,
        at: 0,
        modifier: Modifier::Plain,
        corrected: 0,
        parts: Vec::new(),
    };
    reader.read();
    reader.parts
}

struct Reader<'a> {
    catalogue: &'a Catalogue,
    vocabulary: Vocabulary<'a>,
    tokens: Vec<Token>,
    year: u16,
    at: usize,
    modifier: Modifier,
    /// How many names were compared with those of all artists.
    corrected: usize,
    parts: Vec<Part>,
}

/// What a rule takes: how many words, and what they mean.
struct Taken {
    words: usize,
    meanings: Vec<Meaning>,
    read_as: Option<String>,
}

impl Taken {
    fn one(words: usize, meaning: Meaning) -> Self {
        Self { words, meanings: vec![meaning], read_as: None }
    }
}

impl Reader<'_> {
    fn read(&mut self) {
        // Where words that change others begin: they are quoted with those.
        let mut begun = None;
        while let Some(token) = self.tokens.get(self.at) {
            if self.parts.len() == MOST_PARTS {
                let place = token.place.start..self.tokens[self.tokens.len() - 1].place.end;
                self.parts.push(Part { place, read_as: None, meanings: Vec::new() });
                return;
            }
            if token.is_mark() {
                (self.modifier, begun) = (Modifier::Plain, None);
                self.at += 1;
                continue;
            }
            let taken = self.longest();
            let modified = self.modifier_here();
            if let Some((words, modifier)) = modified
                && taken.as_ref().is_none_or(|taken| taken.words <= words)
            {
                begun.get_or_insert(self.at);
                self.modifier = modifier;
                self.at += words;
                continue;
            }
            match taken {
                Some(taken) => self.take(taken, begun.take()),
                None if self.correct_or_leave_name(begun) => begun = None,
                None if FILLERS.contains(&self.tokens[self.at].text.as_str()) => self.at += 1,
                None => self.correct_or_leave(begun.take()),
            }
        }
    }

    fn modifier_here(&self) -> Option<(usize, Modifier)> {
        let found = MODIFIERS.iter().find(|(words, _)| begins(self.rest(), words));
        found.map(|(words, modifier)| (words.len(), *modifier))
    }

    fn rest(&self) -> &[Token] {
        &self.tokens[self.at..]
    }

    /// Keeps what was taken. "No" reaches over "or", and over "and" to more of the same kind.
    fn take(&mut self, taken: Taken, begun: Option<usize>) {
        let from = begun.unwrap_or(self.at);
        let end = self.at + taken.words;
        let place = self.tokens[from].place.start..self.tokens[end - 1].place.end;
        let kind = taken.meanings.first().map(Meaning::kind);
        let Taken { meanings, read_as, .. } = taken;
        self.parts.push(Part { place, read_as, meanings });
        self.at = end;
        let joined = self.tokens.get(end).map(|token| token.text.as_str());
        let reaches = self.modifier.is_negative()
            && match joined {
                Some("or") => true,
                Some("and") => {
                    self.at = end + 1;
                    let next = self.longest();
                    self.at = end;
                    next.and_then(|next| next.meanings.first().map(Meaning::kind)) == kind
                }
                _ => false,
            };
        if !reaches {
            self.modifier = Modifier::Plain;
        }
    }

    /// The rule that takes most words at this place.
    fn longest(&self) -> Option<Taken> {
        let rules = [Self::number, Self::by, Self::like, Self::phrase, Self::genre, Self::named];
        let taken = rules.iter().filter_map(|rule| rule(self));
        // The first of equals stays.
        taken.reduce(|best, other| if other.words > best.words { other } else { best })
    }

    fn number(&self) -> Option<Taken> {
        let (words, number) = numbers::number(self.rest())?;
        let feature =
            |feature, least, most| Property::Sound { feature, least, most, is_soft: false };
        let wanted = !self.modifier.is_negative();
        let condition = |property| Meaning::Condition(Condition { property, wanted });
        let meanings = match number {
            Number::Released { first, last } => {
                vec![condition(Property::Released { first, last })]
            }
            Number::Tempo { least, most } => {
                vec![condition(feature(AudioFeature::Tempo, least, most))]
            }
            Number::Duration { least, most } => {
                vec![condition(feature(AudioFeature::DurationMs, least, most))]
            }
            Number::Key { pitch, is_major } => {
                let (pitch, mode) = (f32::from(pitch), f32::from(u8::from(is_major)));
                vec![
                    condition(feature(AudioFeature::Key, pitch, pitch)),
                    condition(feature(AudioFeature::Mode, mode, mode)),
                ]
            }
            Number::Minutes(minutes) => vec![Meaning::Setting(Setting::Minutes(minutes))],
            Number::Tracks(tracks) => vec![Meaning::Setting(Setting::Tracks(tracks))],
        };
        Some(Taken { words, meanings, read_as: None })
    }

    /// "By" an artist.
    fn by(&self) -> Option<Taken> {
        let before = ["by", "from"].into_iter().position(|word| begins(self.rest(), &[word]))?;
        let (words, artist) = self.artist(self.at + 1)?;
        // "From" is also said of years and places.
        (before == 0 || words > 1 || !self.is_word(self.at + 1)).then(|| {
            let condition =
                Condition { property: Property::By(artist), wanted: !self.modifier.is_negative() };
            Taken::one(1 + words, Meaning::Condition(condition))
        })
    }

    /// "Like" an artist or a track.
    fn like(&self) -> Option<Taken> {
        let before = LIKENESS.iter().find(|words| begins(self.rest(), words))?.len();
        let from = self.at + before;
        let (words, property) = self.likeness(from)?;
        let wanted = !self.modifier.is_negative();
        Some(Taken::one(before + words, Meaning::Condition(Condition { property, wanted })))
    }

    fn likeness(&self, from: usize) -> Option<(usize, Property)> {
        let artist = self.artist(from);
        let title = self.title(from);
        if let Some((words, row)) = title
            && artist.is_none_or(|(of_artist, _)| words > of_artist)
        {
            return Some((words, Property::LikeTrack(row)));
        }
        artist.map(|(words, artist)| (words, Property::LikeArtist(artist)))
    }

    /// The artist whose name is most like what stands from a place on. Every name of the catalogue
    /// is compared, so that it is done a few times at most.
    fn artist_like(&mut self, from: usize) -> Option<(usize, ArtistIdx)> {
        self.corrected += 1;
        if self.corrected > MOST_CORRECTED {
            return None;
        }
        self.runs(from).find_map(|(words, name)| Some((words, self.vocabulary.artist_like(&name)?)))
    }

    /// The artist whose name takes most words from a place on.
    fn artist(&self, from: usize) -> Option<(usize, ArtistIdx)> {
        self.runs(from).find_map(|(words, name)| Some((words, self.vocabulary.artist(&name)?)))
    }

    /// The track whose title takes most words from a place on, with "by" and its artist behind it.
    fn title(&self, from: usize) -> Option<(usize, TrackIdx)> {
        self.runs(from).find_map(|(words, name)| {
            let mut rows = self.vocabulary.titled(&name);
            let first = rows.clone().next()?;
            let by = self.tokens.get(from + words).is_some_and(|token| token.text == "by");
            let credited = by.then(|| self.artist(from + words + 1)).flatten();
            let Some((of_artist, artist)) = credited else { return Some((words, first)) };
            let theirs = |row: &TrackIdx| self.catalogue.artist(*row) == Some(artist);
            Some((words + 1 + of_artist, rows.find(theirs)?))
        })
    }

    /// Runs of words from a place on, the longest first, in squeezed form.
    fn runs(&self, from: usize) -> impl Iterator<Item = (usize, String)> {
        let rest = self.tokens.get(from..).unwrap_or_default();
        let run = |length: usize| {
            let run = &rest[..length];
            let ends = [run.first()?, run.last()?];
            let words = run.iter().filter(|token| !token.is_mark());
            (!ends.iter().any(|token| token.is_mark()))
                .then(|| (length, squeezed(words.map(|token| token.text.as_str()))))
        };
        (1..=rest.len().min(LONGEST_NAME)).rev().filter_map(run)
    }

    fn phrase(&self) -> Option<Taken> {
        let longest = self.rest().len().min(LONGEST_PHRASE);
        let words = (1..=longest).rev();
        words.into_iter().find_map(|words| {
            let texts: Vec<&str> =
                self.rest()[..words].iter().map(|token| token.text.as_str()).collect();
            let word = word(&texts.join(" "))?;
            Some(Taken { words, meanings: self.meanings(word)?, read_as: None })
        })
    }

    /// What a word of the table means here; `None` where it cannot be turned into its opposite.
    fn meanings(&self, word: Word) -> Option<Vec<Meaning>> {
        let is_negative = self.modifier.is_negative();
        let condition = |property, wanted| Meaning::Condition(Condition { property, wanted });
        let setting = |setting| Some(vec![Meaning::Setting(setting)]);
        let released =
            |first, last| Some(vec![condition(Property::Released { first, last }, !is_negative)]);
        match word {
            Word::Sounds([sound]) => Some(vec![condition(self.bounded(*sound), true)]),
            Word::Sounds(_) if is_negative => None,
            Word::Sounds(sounds) => {
                Some(sounds.iter().map(|sound| condition(self.bounded(*sound), true)).collect())
            }
            Word::Tagged(tags) => Some(vec![condition(Property::Tagged { tags }, !is_negative)]),
            Word::Is(feature, value) => {
                let property =
                    Property::Sound { feature, least: value, most: value, is_soft: false };
                Some(vec![condition(property, !is_negative)])
            }
            Word::Version(version) => {
                Some(vec![condition(Property::Version(version), !is_negative)])
            }
            Word::Popular(is_popular) => {
                Some(vec![condition(Property::Popular, is_popular != is_negative)])
            }
            Word::Recent => released(self.year - RECENT_YEARS, *YEARS.end()),
            Word::Old => released(*YEARS.start(), self.year - OLD_YEARS),
            Word::Explore(explore) if is_negative => setting(Setting::Explore(1.0 - explore)),
            Word::Explore(explore) => setting(Setting::Explore(explore)),
            Word::Familiarity(familiarity) => {
                setting(Setting::Familiarity(match (familiarity, is_negative) {
                    (familiarity, false) => familiarity,
                    (Familiarity::New, true) => Familiarity::Heard,
                    (_, true) => Familiarity::New,
                }))
            }
        }
    }

    /// What a word says of the sound, with the words before it.
    fn bounded(&self, Sound { feature, side, usual, extreme }: Sound) -> Property {
        let bound = match self.modifier {
            Modifier::Plain | Modifier::Not => usual,
            Modifier::Very | Modifier::NotVery => extreme,
        };
        let is_upper = (side == Side::Low) != self.modifier.is_negative();
        let (least, most) =
            if is_upper { (f32::NEG_INFINITY, bound) } else { (bound, f32::INFINITY) };
        Property::Sound { feature, least, most, is_soft: true }
    }

    fn genre(&self) -> Option<Taken> {
        self.runs(self.at).filter(|(words, _)| *words <= LONGEST_PHRASE).find_map(
            |(words, name)| {
                let is_filler = words == 1 && self.is_word(self.at);
                let genre = self.vocabulary.genre(&name).filter(|_| !is_filler);
                let genre = genre.or_else(|| is_genre(&name).then(|| spelled(&name).to_owned()))?;
                let texts = self.rest()[..words].iter().map(|token| token.text.as_str());
                let said = texts.collect::<Vec<_>>().join(" ");
                let property = Property::Genre { squeezed: genre, said };
                let wanted = !self.modifier.is_negative();
                Some(Taken::one(words, Meaning::Condition(Condition { property, wanted })))
            },
        )
    }

    /// An artist by name alone: others are to be like them, or theirs are left out. After "by" and
    /// another artist it is one more of those.
    fn named(&self) -> Option<Taken> {
        let (words, artist) = self.artist(self.at)?;
        let is_short = words == 1 && (self.is_word(self.at) || self.rest()[0].text.len() < 3);
        if is_short {
            return None;
        }
        let is_joined = |at: usize| matches!(self.tokens[at].text.as_str(), "and" | "or");
        let last = self.parts.last().and_then(|part| part.meanings.first());
        let is_one_more = self.at > 0
            && is_joined(self.at - 1)
            && last.is_some_and(|last| last.kind() == super::Kind::By);
        let property = match self.modifier.is_negative() || is_one_more {
            true => Property::By(artist),
            false => Property::LikeArtist(artist),
        };
        let condition = Condition { property, wanted: !self.modifier.is_negative() };
        Some(Taken::one(words, Meaning::Condition(condition)))
    }

    /// Whether a word says nothing by itself, or changes others.
    fn is_word(&self, at: usize) -> bool {
        let Some(token) = self.tokens.get(at) else { return true };
        FILLERS.contains(&token.text.as_str())
            || MODIFIERS.iter().any(|(words, _)| words == &[token.text.as_str()])
    }

    /// Reads a word as the one that was meant, or leaves it as not understood.
    fn correct_or_leave(&mut self, begun: Option<usize>) {
        let typed = self.tokens[self.at].text.clone();
        let known = WORDS.iter().flat_map(|(phrases, _)| phrases.iter().copied());
        let known = known.chain(GENRES.iter().copied()).chain(self.vocabulary.genre_names());
        let meant =
            nearest(&typed, known.filter(|phrase| !phrase.contains(' '))).map(str::to_owned);
        if let Some(meant) = meant {
            self.tokens[self.at].text.clone_from(&meant);
            if let Some(taken) = self.longest() {
                self.take(Taken { read_as: Some(meant), ..taken }, begun);
                return;
            }
            self.tokens[self.at].text = typed;
        }
        self.leave(begun);
    }

    /// Where others are to be like what is not here, the name is read as the one that it is most
    /// like, or is not understood as a whole. Says whether it was so.
    fn correct_or_leave_name(&mut self, begun: Option<usize>) -> bool {
        let likeness = LIKENESS.iter().find(|words| begins(self.rest(), words));
        let Some(before) = likeness.map(|words| words.len()) else { return false };
        let rest = self.rest()[before..].iter();
        let words = rest.take_while(|token| !token.is_mark()).count();
        if words == 0 {
            return false;
        }
        if let Some((words, artist)) = self.artist_like(self.at + before) {
            let condition = Condition {
                property: Property::LikeArtist(artist),
                wanted: !self.modifier.is_negative(),
            };
            let read_as = Some(self.catalogue.artist_name(artist).to_owned());
            let taken = Taken::one(before + words, Meaning::Condition(condition));
            self.take(Taken { read_as, ..taken }, begun);
            return true;
        }
        if self.is_word(self.at + before) {
            return false;
        }
        let end = self.at + before + words;
        let from = begun.unwrap_or(self.at);
        let place = self.tokens[from].place.start..self.tokens[end - 1].place.end;
        self.parts.push(Part { place, read_as: None, meanings: Vec::new() });
        (self.modifier, self.at) = (Modifier::Plain, end);
        true
    }

    /// Words that follow each other and are not understood are one part.
    fn leave(&mut self, begun: Option<usize>) {
        let from = begun.unwrap_or(self.at);
        let place = self.tokens[from].place.start..self.tokens[self.at].place.end;
        let is_next = |last: &Part| {
            let before = self.tokens.get(from.wrapping_sub(1));
            last.meanings.is_empty()
                && before.is_some_and(|token| token.place.end == last.place.end)
        };
        match self.parts.last_mut().filter(|last| is_next(last)) {
            Some(last) => last.place.end = place.end,
            None => self.parts.push(Part { place, read_as: None, meanings: Vec::new() }),
        }
        self.modifier = Modifier::Plain;
        self.at += 1;
    }
}

fn word(phrase: &str) -> Option<Word> {
    WORDS.iter().find(|(phrases, _)| phrases.contains(&phrase)).map(|(_, word)| *word)
}

fn is_genre(name: &str) -> bool {
    GENRES.iter().any(|genre| squeezed(genre.split(' ')) == spelled(name))
}
