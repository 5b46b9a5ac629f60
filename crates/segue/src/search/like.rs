//! The word that somebody meant who typed one that is nowhere.
//!
//! Letters wrong, missing, too many, and two in the wrong order count one each (optimal string
//! alignment). The words of a table are in order, so that the rows of the distance matrix for the
//! letters that a word shares with the one before need not be worked out again, and all words are
//! passed over that begin with what is too far off already.

use std::cmp::Reverse;

use super::table::Table;

/// Words that are shorter are taken as they are.
const SHORTEST_CORRECTED: usize = 4;
/// In words of this length and more, two letters may be wrong.
const TWO_WRONG_FROM: usize = 8;

/// The word of fewest letters changed, and of those the one that most documents hold, and then the
/// first in order.
pub(super) fn most_like(typed: &str, table: Table<'_>, documents: usize) -> Option<String> {
    let typed: Vec<char> = typed.chars().collect();
    let mut most = match typed.len() {
        ..SHORTEST_CORRECTED => return None,
        SHORTEST_CORRECTED..TWO_WRONG_FROM => 1,
        _ => 2,
    };
    let mut rows = Rows::new(typed);
    let mut too_far = usize::MAX;
    let mut best = None;
    for (at, &shared) in table.shared().iter().enumerate() {
        if usize::from(shared) >= too_far {
            continue;
        }
        let Ok(word) = std::str::from_utf8(table.word(at)) else { continue };
        let wrong = rows.distance(word, usize::from(shared), most);
        too_far = wrong.map_or_else(|length| length, |_| usize::MAX);
        let Ok(wrong) = wrong else { continue };
        if wrong <= most {
            let likeness = (Reverse(wrong), table.count(at, documents), Reverse(at));
            best = best.max(Some(likeness));
            most = wrong;
        }
    }
    let (_, _, Reverse(at)) = best?;
    std::str::from_utf8(table.word(at)).ok().map(str::to_owned)
}

/// The distances between the beginnings of what was typed and those of one word after another.
struct Rows {
    typed: Vec<char>,
    letters: Vec<char>,
    /// A row for each letter and one before them, `typed.len() + 1` wide.
    rows: Vec<u8>,
    /// The least of each row.
    least: Vec<u8>,
}

impl Rows {
    fn new(typed: Vec<char>) -> Self {
        let rows = (0..=typed.len() as u8).collect();
        Self { typed, letters: Vec::new(), rows, least: vec![0] }
    }

    /// The distance of a word that shares letters with the one before; where it and all words that
    /// begin like it are farther off than `most`, how many letters say so. No distance of a longer
    /// beginning is less than the least of a row.
    fn distance(&mut self, word: &str, shared: usize, most: u8) -> Result<u8, usize> {
        self.letters.truncate(shared);
        for letter in word.chars().skip(self.letters.len()) {
            if self.least[self.letters.len()] > most {
                return Err(self.letters.len());
            }
            self.add(letter);
        }
        Ok(self.rows[(self.letters.len() + 1) * (self.typed.len() + 1) - 1])
    }

    fn add(&mut self, letter: char) {
        let width = self.typed.len() + 1;
        let begin = (self.letters.len() + 1) * width;
        self.rows.truncate(begin);
        self.rows.resize(begin + width, 0);
        let (before, now) = self.rows.split_at_mut(begin);
        let last = &before[begin - width..];
        now[0] = last[0].saturating_add(1);
        let mut least = now[0];
        for (at, &typed) in self.typed.iter().enumerate() {
            let changed = last[at] + u8::from(typed != letter);
            let mut wrong = changed.min(last[at + 1] + 1).min(now[at] + 1);
            let is_swapped =
                at > 0 && self.typed[at - 1] == letter && self.letters.last() == Some(&typed);
            if is_swapped {
                wrong = wrong.min(before[begin - 2 * width + at - 1] + 1);
            }
            now[at + 1] = wrong;
            least = least.min(wrong);
        }
        self.letters.push(letter);
        self.least.truncate(self.letters.len());
        self.least.push(least);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::search::postings::Postings;
    use crate::search::table::TableParts;

    fn like(typed: &str, words: &[(&str, usize)]) -> Option<String> {
        let mut words: Vec<(&str, usize)> = words.to_vec();
        words.sort_unstable();
        words.dedup_by_key(|(word, _)| *word);
        let postings = |count: usize| {
            let mut list = Postings::default();
            (0..count).for_each(|document| list.push(document));
            list
        };
        let words = words.iter().map(|&(word, count)| (Box::from(word), postings(count)));
        most_like(typed, TableParts::of(words, 100).table(), 100)
    }

    /// The obvious way: all words, one by one.
    fn slowly_like(typed: &str, words: &[&str]) -> Option<String> {
        let length = typed.chars().count();
        let most = if length < TWO_WRONG_FROM { 1 } else { 2 };
        let wrong = words.iter().map(|&word| (strsim::osa_distance(typed, word), word));
        let near = wrong.filter(|(wrong, _)| *wrong <= most && length >= SHORTEST_CORRECTED).min();
        near.map(|(_, word)| word.to_owned())
    }

    #[test]
    fn a_word_with_a_letter_wrong_is_read_as_the_nearest_and_then_the_most_frequent() {
        let known = [("rhapsody", 1), ("rapsodie", 9), ("love", 3), ("live", 5)];
        assert_eq!(like("rapsody", &known).as_deref(), Some("rhapsody"));
        assert_eq!(like("lvoe", &known).as_deref(), Some("love"), "two letters in the wrong order");
        assert_eq!(like("lave", &known).as_deref(), Some("live"));
        assert_eq!(like("zebra", &known), None);
        assert_eq!(like("lov", &known), None, "too short");
    }

    proptest! {
        #[test]
        fn the_nearest_word_is_that_of_all_words_one_by_one(
            typed in "[abcé]{3,10}",
            words in prop::collection::btree_set("[abcé]{1,11}", 1..60),
        ) {
            let counted: Vec<(&str, usize)> = words.iter().map(|word| (word.as_str(), 1)).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            prop_assert_eq!(like(&typed, &counted), slowly_like(&typed, &words));
        }
    }
}
