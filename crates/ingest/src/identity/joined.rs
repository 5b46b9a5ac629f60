//! Artists whom one text joins ("A, B", "A & B", "A x B"), or whom a source leaves out.
//!
//! Nothing in a text that joins tells whether it names two artists or a band: "Simon & Garfunkel",
//! "Tyler, The Creator", "Earth, Wind & Fire". A library often does: it has the same song by one of
//! the two alone, or other songs by each.
//!
//! A text is parted at its joints (commas, `&`, `+`, `/`, `x`, "and", "with", "vs", and what these
//! are called in other languages)
//!
//! 1. if the library has *the same song* by one of the parts. That part becomes the main artist, so
//!    that both are one work;
//! 2. or if the library has other songs by *every* part, and by each of them at least as many as by
//!    the text as a whole: a band has more songs than its namesakes have, a collaboration has
//!    fewer. Where only commas and `x` join, the number does not matter: these join lists of
//!    artists, and few names. Where a part begins with an article, each needs three songs: "Gabriel
//!    and the Angels" is what bands are called, whoever else is called Gabriel.
//!
//! Each part is the longest that the library knows, so that "A, Simon & Garfunkel" has two, and
//! what it does not know is parted at commas and `x` alone.
//!
//! A track without an artist, as it comes from a channel of a label or a file without tags, is by
//! whoever alone has a song of that title in the library, unless titles like it are on half of all
//! albums.

use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};
use segue_core::WorkId;

use super::artist_key;
use super::shared::is_generic;

/// Most parts that a text is taken to have; more of them are one.
const MOST_PARTS: usize = 16;
/// Fewest songs by each part where one of them begins with an article.
const LEAST_BESIDE_ARTICLES: u32 = 3;
/// Words that join artists.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "&", "+", "and", "with", "w/", "meets", "presents", "pres.", "und", "mit", "et", "avec", "y",
    "con", "e", "com", "och", "med", "og", "en", "met", "ja", "i", "és", "ve", "и", "і", "και",
];
/// Words that join artists and are in few names.
const LIST_WORDS: &[&str] = &["x", "×", "vs", "vs."];
/// What follows a comma in the name of one person.
const SUFFIXES: [&str; 12] =
    ["jr", "jr.", "sr", "sr.", "ii", "iii", "iv", "esq.", "inc.", "ltd.", "md", "ph.d."];
const ARTICLES: [&str; 10] = ["the", "his", "her", "la", "el", "los", "les", "die", "der", "das"];

/// Whom the tracks of a library credit: what tells which texts join several artists. Every track is
/// to be [observed](Self::observe) before the first text is [parted](Self::part).
///
/// ```
/// use segue_core::WorkId;
/// use segue_ingest::identity::KnownArtists;
///
/// let texts = |artist: &str| [artist.to_owned()];
/// let mut known = KnownArtists::default();
/// known.observe(&texts("Mira Sol"), &WorkId::new("mira sol␟rain"));
/// known.observe(&texts("Mira Sol, Die Laternen"), &WorkId::new("mira sol die laternen␟rain"));
///
/// let part = |artist| known.part(&texts(artist), &WorkId::new("␟rain"));
/// assert_eq!(part("Mira Sol, Die Laternen").unwrap(), ["Mira Sol", "Die Laternen"]);
/// assert_eq!(part("Earth, Wind & Fire"), None, "nobody has heard of Earth");
/// ```
#[derive(Default)]
pub struct KnownArtists {
    /// The number of each name, under every spelling that was observed.
    spellings: FxHashMap<String, usize>,
    numbers: FxHashMap<String, usize>,
    names: Vec<NameCount>,
    /// Hashes of the songs that are credited to names without a joint.
    songs: FxHashSet<u64>,
    /// Hashes of their titles, each with the number of the one name that has it; `None` where
    /// several have.
    titles: FxHashMap<u64, Option<usize>>,
}

/// How many tracks credit a name.
struct NameCount {
    /// The best of its spellings, whichever came first.
    spelling: String,
    /// By itself, or in a list that a source has parted.
    plain: u32,
    /// As a text with a joint in it.
    joined: u32,
}

impl KnownArtists {
    /// Takes in whom a source credits with a track of a work. Returns whether that is worth
    /// [parting](Self::part): whether a text among them may join several artists, or none is named.
    pub fn observe(&mut self, credited: &[String], work: &WorkId) -> bool {
        let Some(first) = credited.first() else { return true };
        if !may_join(first) {
            let number = self.number(first);
            self.songs.insert(hash(work.song()));
            if let Some(title) = title_of(work) {
                let owner = self.titles.entry(hash(title)).or_insert(Some(number));
                *owner = owner.filter(|owner| *owner == number);
            }
        }
        for name in credited {
            let (number, may_join) = (self.number(name), may_join(name));
            let count = &mut self.names[number];
            *(if may_join { &mut count.joined } else { &mut count.plain }) += 1;
        }
        credited.iter().any(|name| may_join(name))
    }

    /// The artists of a track, the main one first and guests last; `None` if what is credited is to
    /// stay as it is.
    pub fn part(&self, credited: &[String], work: &WorkId) -> Option<Vec<String>> {
        let Some((first, guests)) = credited.split_first() else {
            return self.only_one_with(work).map(|artist| vec![artist.to_owned()]);
        };
        let mut artists = title_of(work)
            .and_then(|title| self.by_song(&JoinedText::cut(first), title))
            .unwrap_or_else(|| self.by_names(first));
        artists.extend(guests.iter().flat_map(|guest| self.by_names(guest)));
        if artists.len() == credited.len() {
            return None;
        }
        let mut named = FxHashSet::default();
        artists.retain(|artist| named.insert(artist_key(Some(artist))));
        Some(artists.into_iter().map(str::to_owned).collect())
    }

    /// The only artist who has a song of the title.
    fn only_one_with(&self, work: &WorkId) -> Option<&str> {
        let title = title_of(work).filter(|title| !is_generic(title))?;
        let number = (*self.titles.get(&hash(title))?)?;
        Some(&self.names[number].spelling)
    }

    /// The artists if one of them has the song by themselves, that one first.
    fn by_song<'t>(&self, text: &JoinedText<'t>, title: &str) -> Option<Vec<&'t str>> {
        let all = text.parts.len();
        let stretches = (0..all).flat_map(|from| (from + 1..=all).rev().map(move |to| from..to));
        let main = stretches.filter(|stretch| stretch.len() < all).find(|stretch| {
            let artist = artist_key(Some(text.name(stretch.clone())));
            self.songs.contains(&hash(&format!("{artist}{}{title}", WorkId::SEPARATOR)))
        })?;
        let mut others = self.longest_known(text, 0..main.start);
        others.extend(self.longest_known(text, main.end..all));
        let others = others.into_iter().flat_map(|name| self.by_names(name));
        Some([text.name(main)].into_iter().chain(others).collect())
    }

    /// The artists if all of them have songs by themselves, or else the name as it is.
    fn by_names<'t>(&self, name: &'t str) -> Vec<&'t str> {
        let text = JoinedText::cut(name);
        let artists = self.longest_known(&text, 0..text.parts.len());
        if artists.len() < 2 {
            return vec![name];
        }
        let whole = self.find(name).map_or(0, |count| count.joined);
        let least = match (text.has_articles(), text.is_list()) {
            (true, _) => whole.max(LEAST_BESIDE_ARTICLES),
            (false, true) => 1,
            (false, false) => whole.max(1),
        };
        let is_known = |name: &&str| self.find(name).is_some_and(|count| count.all() >= least);
        if !artists.iter().all(is_known) {
            return vec![name];
        }
        artists.into_iter().flat_map(|artist| self.by_names(artist)).collect()
    }

    /// The names within some parts: from the left always the longest that is known, or else what
    /// stands before the next comma. The whole text is no name within itself.
    fn longest_known<'t>(&self, text: &JoinedText<'t>, parts: Range<usize>) -> Vec<&'t str> {
        let mut names = Vec::new();
        let mut from = parts.start;
        while from < parts.end {
            let is_known = |&to: &usize| {
                to - from < text.parts.len() && self.find(text.name(from..to)).is_some()
            };
            let known = (from + 1..=parts.end).rev().find(is_known);
            let to = known.unwrap_or_else(|| text.end_of_entry(from).min(parts.end));
            names.push(text.name(from..to));
            from = to;
        }
        names
    }

    fn find(&self, name: &str) -> Option<&NameCount> {
        let number = match self.spellings.get(name) {
            Some(number) => *number,
            None => *self.numbers.get(&artist_key(Some(name)))?,
        };
        Some(&self.names[number])
    }

    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.spellings.get(name) {
            return *number;
        }
        let next = self.names.len();
        let number = *self.numbers.entry(artist_key(Some(name))).or_insert(next);
        self.spellings.insert(name.to_owned(), number);
        if number == next {
            self.names.push(NameCount { spelling: name.to_owned(), plain: 0, joined: 0 });
        } else if looks(name) > looks(&self.names[number].spelling) {
            name.clone_into(&mut self.names[number].spelling);
        }
        number
    }
}

/// How good a spelling looks: one that is not all of one letter case first, then by the alphabet.
fn looks(name: &str) -> (bool, &str) {
    let is_mixed = name.contains(char::is_lowercase) && name.contains(char::is_uppercase);
    (is_mixed, name)
}

/// The title that the id of a work holds, where names made it.
fn title_of(work: &WorkId) -> Option<&str> {
    work.song().split_once(WorkId::SEPARATOR).map(|(_, title)| title)
}

impl NameCount {
    fn all(&self) -> u32 {
        self.plain + self.joined
    }
}

/// A text that may join several artists, cut at its joints.
struct JoinedText<'t> {
    whole: &'t str,
    parts: Vec<Part>,
}

/// One of the parts, without the joints beside it.
struct Part {
    at: Range<usize>,
    /// Whether what joins it to the next one joins lists, and few names.
    ends_entry: bool,
}

impl<'t> JoinedText<'t> {
    fn cut(whole: &'t str) -> Self {
        let mut text = Self { whole, parts: Vec::new() };
        let mut is_open = false;
        let mut at = 0;
        for word in whole.split_inclusive(char::is_whitespace) {
            let bare = word.trim_end();
            if let Some(ends_entry) = word_joint(bare) {
                text.join(ends_entry);
                is_open = false;
            } else {
                let mut from = at;
                for piece in bare.split_inclusive(is_sign) {
                    let name = piece.trim_end_matches(is_sign);
                    text.add(from..from + name.len(), is_open);
                    is_open |= !name.is_empty();
                    if name.len() < piece.len() {
                        text.join(!piece.ends_with('&'));
                        is_open = false;
                    }
                    from += piece.len();
                }
            }
            at += word.len();
        }
        if text.parts.len() > MOST_PARTS {
            text.parts = vec![Part { at: 0..whole.len(), ends_entry: false }];
        }
        text
    }

    /// Adds a piece of a word to the last part if that is open, or as a new one.
    fn add(&mut self, piece: Range<usize>, is_open: bool) {
        if piece.is_empty() {
            return;
        }
        match self.parts.last_mut() {
            Some(last) if is_open || is_suffix(&self.whole[piece.clone()]) => {
                last.at.end = piece.end;
                last.ends_entry = false;
            }
            _ => self.parts.push(Part { at: piece, ends_entry: false }),
        }
    }

    /// Ends a part; of several joints in a row one that joins lists says what they are.
    fn join(&mut self, ends_entry: bool) {
        if let Some(last) = self.parts.last_mut() {
            last.ends_entry |= ends_entry;
        }
    }

    /// What stands in the text from the first of some parts to the last.
    fn name(&self, parts: Range<usize>) -> &'t str {
        match &self.parts[parts] {
            [] => "",
            [first, .., last] => &self.whole[first.at.start..last.at.end],
            [only] => &self.whole[only.at.clone()],
        }
    }

    /// The part behind the entry of a list in which a part stands.
    fn end_of_entry(&self, part: usize) -> usize {
        let rest = self.parts[part..].iter().position(|part| part.ends_entry);
        rest.map_or(self.parts.len(), |last| part + last + 1)
    }

    /// Whether nothing but the joints of lists joins the parts.
    fn is_list(&self) -> bool {
        self.parts.iter().rev().skip(1).all(|part| part.ends_entry)
    }

    fn has_articles(&self) -> bool {
        self.parts.iter().any(|part| {
            let word = self.whole[part.at.clone()].split(' ').next().unwrap_or_default();
            ARTICLES.iter().any(|article| article.eq_ignore_ascii_case(word))
        })
    }
}

/// Whether a word joins artists, and if so, whether it joins lists.
fn word_joint(word: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|joint| joint.eq_ignore_ascii_case(word));
    if is(LIST_WORDS) { Some(true) } else { is(WORDS).then_some(false) }
}

fn is_suffix(word: &str) -> bool {
    SUFFIXES.iter().any(|suffix| suffix.eq_ignore_ascii_case(word))
}

fn is_sign(c: char) -> bool {
    matches!(c, ',' | '，' | '、' | '/' | '&' | '·')
}

/// Whether a text has something like a joint in it, told without cutting it.
fn may_join(text: &str) -> bool {
    text.contains(is_sign) || text.split(' ').any(|word| word_joint(word).is_some())
}

/// The first eight bytes of a digest: what a text is told from others by without keeping it.
pub(crate) fn hash(text: &str) -> u64 {
    let digest = blake3::hash(text.as_bytes());
    u64::from_le_bytes(*digest.as_bytes().first_chunk().expect("a digest has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::named_track;

    /// What is observed of tracks, each an artist's text and a title.
    fn library(tracks: &[(&str, &str)]) -> KnownArtists {
        let mut known = KnownArtists::default();
        for (artist, title) in tracks {
            let track = named_track(None, vec![(*artist).to_owned()], title);
            known.observe(&track.artists, &track.work);
        }
        known
    }

    fn parted(known: &KnownArtists, artist: &str, title: &str) -> Vec<String> {
        let track = named_track(None, vec![artist.to_owned()], title);
        known.part(&track.artists, &track.work).unwrap_or(track.artists)
    }

    #[test]
    fn a_text_is_parted_where_a_part_has_the_song_alone() {
        let known = library(&[("Die Laternen", "Rain"), ("Mira Sol feat. Ada", "Snow")]);
        for joint in
            [", ", " & ", " x ", " X ", " × ", " and ", " w/ ", " mit ", "/", ",", "、", " vs. "]
        {
            let artist = format!("Die Laternen{joint}Mira Sol");
            assert_eq!(parted(&known, &artist, "Rain"), ["Die Laternen", "Mira Sol"], "{artist}");
            assert_eq!(parted(&known, &artist, "RAIN - Live"), ["Die Laternen", "Mira Sol"]);
        }
        assert_eq!(
            parted(&known, "Ole, die laternen", "Rain"),
            ["die laternen", "Ole"],
            "the one whose song it is comes first"
        );
        assert_eq!(parted(&known, "Ole & Die Laternen feat. Ada", "Rain")[1..], ["Ole", "Ada"]);
        assert_eq!(parted(&known, "Ole & Die Laternen", "Sun"), ["Ole & Die Laternen"]);
    }

    #[test]
    fn a_text_is_parted_where_all_parts_have_songs_of_their_own() {
        let known = library(&[("Ada", "a"), ("Bo & Co", "b"), ("Ole", "c"), ("X, Ada", "d")]);
        assert_eq!(parted(&known, "Ada & Ole", "new"), ["Ada", "Ole"]);
        assert_eq!(parted(&known, "Ole, Ada, ADA", "new"), ["Ole", "Ada"]);
        assert_eq!(parted(&known, "Ada, Bo", "new"), ["Ada, Bo"]);
        assert_eq!(parted(&known, "Ada & Bo & Co", "new"), ["Ada", "Bo & Co"]);
        assert_eq!(parted(&known, "Zed feat. Ada & Ole", "new"), ["Zed", "Ada", "Ole"]);
        assert_eq!(parted(&known, "X & Ada", "new"), ["X & Ada"], "nobody is called X");
    }

    #[test]
    fn a_band_has_more_songs_than_its_namesakes() {
        let band = |times| vec![("Earth, Wind & Fire", "September"); times];
        let namesakes = [("Earth", "x"), ("Wind", "y"), ("Fire", "z")];
        let mut tracks = band(3);
        tracks.extend(namesakes);
        assert_eq!(parted(&library(&tracks), "Earth, Wind & Fire", "new").len(), 1);
        tracks = band(1);
        tracks.extend(namesakes);
        assert_eq!(parted(&library(&tracks), "Earth, Wind & Fire", "new").len(), 3);

        let mut creators = library(&[("Tyler", "x"), ("The Creator", "y")]);
        for _ in 0..2 {
            creators.observe(&["Tyler, The Creator".to_owned()], &WorkId::new("a\u{241f}b"));
        }
        assert_eq!(parted(&creators, "Tyler, The Creator", "new"), ["Tyler, The Creator"]);

        let mut songs = vec![("Drake", "x"); 3];
        songs.extend([("The Weeknd", "y"); 3]);
        songs.extend([("Gabriel", "v"), ("The Angels", "w")]);
        let known = library(&songs);
        assert_eq!(parted(&known, "Drake & The Weeknd", "new").len(), 2);
        assert_eq!(parted(&known, "Gabriel And The Angels", "new").len(), 1);
        assert_eq!(parted(&known, "Gabriel And The Angels", "v").len(), 2, "one has the song");
    }

    #[test]
    fn the_longest_known_name_is_one_artist_and_unknown_ones_are_parted_at_commas_alone() {
        let mut known = library(&[("Ada", "song")]);
        known.observe(&["Ada", "Simon & Garfunkel"].map(str::to_owned), &WorkId::new("a\u{241f}b"));
        for (artist, artists) in [
            ("Ada, Simon & Garfunkel", vec!["Ada", "Simon & Garfunkel"]),
            ("Simon & Garfunkel & Ada", vec!["Ada", "Simon & Garfunkel"]),
            ("Ada & The E Street Band", vec!["Ada", "The E Street Band"]),
            ("Ada, Hall & Oates", vec!["Ada", "Hall & Oates"]),
            ("Hall & Oates, Ole x Ada", vec!["Ada", "Hall & Oates", "Ole"]),
        ] {
            assert_eq!(parted(&known, artist, "song"), artists, "{artist}");
        }
    }

    #[test]
    fn names_that_only_look_joined_stay_whole() {
        let known = library(&[("Ada", "song"), ("Malcolm", "song"), ("AC", "other")]);
        for name in [
            "Ada, Jr.",
            "Ada II",
            "Malcolm, Sr",
            "Malcolm X",
            "AC/DC",
            "10,000 Maniacs",
            "&",
            ",",
            "x",
            "E",
            "+/-",
            "Ada,",
        ] {
            assert_eq!(parted(&known, name, "song"), [name], "{name}");
        }
        let many = vec!["Ada"; 2 * MOST_PARTS].join(", ");
        assert_eq!(parted(&known, &many, "song"), [many.as_str()]);
    }

    #[test]
    fn a_track_without_an_artist_is_by_the_only_one_who_has_its_title() {
        let known = library(&[
            ("ADA", "Rain (Live)"),
            ("Ada", "Rain"),
            ("Ada", "Snow"),
            ("Ole", "Snow"),
            ("Ole & Bo", "Fog"),
            ("Ole", "Intro"),
        ]);
        let by = |title| known.part(&[], &WorkId::new(format!("\u{241f}{title}")));
        assert_eq!(by("rain"), Some(vec!["Ada".to_owned()]), "spelled the same in every order");
        for unknown in ["snow", "fog", "intro", "hail"] {
            assert_eq!(by(unknown), None, "{unknown}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_parted(artist in "(\\PC|[ ,&/x]|Ada){0,24}", title in "[a-c]{0,2}") {
            let known = library(&[("Ada", "a"), ("x", "b")]);
            let track = named_track(None, vec![artist.clone()], &title);
            for part in known.part(&track.artists, &track.work).unwrap_or_default() {
                let is_told = artist.contains(&part) || track.artists.is_empty();
                proptest::prop_assert!(is_told, "{part}");
            }
        }
    }
}
