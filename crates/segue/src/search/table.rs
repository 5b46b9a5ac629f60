//! A table of words in order, each with the documents that hold it, as it lies in a file.
//!
//! Words stand one after another without anything between them. Beside them lie where each ends,
//! how many letters each shares with the one before, and the lists of documents. Nothing that is
//! read is trusted: a table that says nonsense finds nonsense.

use std::ops::Range;

use super::postings::{Bits, Postings, count};

/// How many parts a table has.
pub(super) const PARTS: usize = 5;

/// A table as it lies in a file, borrowed from it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'f> {
    texts: &'f [u8],
    text_ends: &'f [u8],
    shared: &'f [u8],
    lists: &'f [u8],
    list_ends: &'f [u8],
}

impl<'f> Table<'f> {
    /// The parts in the order in which [`TableParts`] has them.
    pub(super) fn new(parts: [&'f [u8]; PARTS]) -> Self {
        let [texts, text_ends, shared, lists, list_ends] = parts;
        Self { texts, text_ends, shared, lists, list_ends }
    }

    pub(super) fn len(&self) -> usize {
        self.shared.len()
    }

    /// The bytes of a word; none beyond the last, or where the table is damaged.
    pub(super) fn word(&self, at: usize) -> &'f [u8] {
        part(self.texts, self.text_ends, at..at + 1)
    }

    /// How many letters a word shares with the one before.
    pub(super) fn shared(&self) -> &'f [u8] {
        self.shared
    }

    /// How many documents hold a word.
    pub(super) fn count(&self, at: usize, documents: usize) -> usize {
        count(part(self.lists, self.list_ends, at..at + 1), documents)
    }

    /// The words that begin with a text.
    pub(super) fn beginning(&self, with: &str) -> Range<usize> {
        let with = with.as_bytes();
        let begin = self.first(|word| word >= with);
        let end = self.first(|word| &word[..word.len().min(with.len())] > with);
        begin..end.max(begin)
    }

    /// The word that is a text.
    pub(super) fn exactly(&self, text: &str) -> Option<usize> {
        let at = self.first(|word| word >= text.as_bytes());
        (at < self.len() && self.word(at) == text.as_bytes()).then_some(at)
    }

    /// Words that hold a text somewhere, ascending.
    pub(super) fn holding(&self, text: &str) -> Vec<usize> {
        let mut held: Vec<usize> = Vec::new();
        let finder = memchr::memmem::Finder::new(text);
        let mut from = 0;
        while let Some(found) = self.texts.get(from..).and_then(|rest| finder.find(rest)) {
            let at = from + found;
            let word = self.first_end_after(at);
            let end = number(self.text_ends, word);
            // What begins in one word and ends in the next may overlap what is within that one.
            from = at + 1;
            if end >= at + text.len() {
                held.push(word);
                from = from.max(end);
            }
        }
        held
    }

    /// Adds the documents of some words.
    pub(super) fn add_documents(&self, words: Range<usize>, to: &mut Bits) {
        let mut begin = begin_of(self.list_ends, words.start);
        for at in words {
            let end = number(self.list_ends, at);
            to.add_postings(self.lists.get(begin..end).unwrap_or_default());
            begin = end;
        }
    }

    /// The first word for which it is so, if it is for all that come after one for which it is.
    fn first(&self, is_so: impl Fn(&[u8]) -> bool) -> usize {
        first(self.len(), |at| is_so(self.word(at)))
    }

    fn first_end_after(&self, place: usize) -> usize {
        first(self.len(), |at| number(self.text_ends, at) > place)
    }
}

fn first(count: usize, is_so: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        match is_so(middle) {
            true => high = middle,
            false => low = middle + 1,
        }
    }
    low
}

/// What lies between the ends of neighbours.
fn part<'f>(bytes: &'f [u8], ends: &[u8], at: Range<usize>) -> &'f [u8] {
    bytes.get(begin_of(ends, at.start)..number(ends, at.end - 1)).unwrap_or_default()
}

fn begin_of(ends: &[u8], at: usize) -> usize {
    at.checked_sub(1).map_or(0, |before| number(ends, before))
}

fn number(numbers: &[u8], at: usize) -> usize {
    numbers.as_chunks().0.get(at).map_or(0, |bytes| u64::from_le_bytes(*bytes) as usize)
}

/// The parts of a table that is being written.
#[derive(Clone, Debug, Default)]
pub(super) struct TableParts {
    pub(super) parts: [Vec<u8>; PARTS],
    last: String,
}

impl TableParts {
    /// The table of words with their documents. The words have to ascend.
    pub(super) fn of(
        words: impl IntoIterator<Item = (Box<str>, Postings)>,
        documents: usize,
    ) -> Self {
        let mut table = Self::default();
        for (word, postings) in words {
            table.push(&word, &postings.into_bytes(documents));
        }
        table
    }

    /// Texts with which many words begin, with the documents of all these: what reading the lists
    /// of the words one by one would take too long for. A list of `heavy` bytes is read at once;
    /// to begin a list takes as long as reading eight bytes.
    pub(super) fn of_beginnings(of: Table<'_>, documents: usize, heavy: usize) -> Self {
        let mut table = Self::default();
        let mut bits = Bits::none(documents);
        let mut open: Vec<(usize, Range<usize>)> = vec![(0, 0..of.len())];
        while let Some((length, words)) = open.pop() {
            if words.len() < 2 || of.cost(&words) <= heavy {
                continue;
            }
            let first = String::from_utf8_lossy(of.word(words.start)).into_owned();
            if length > 0 {
                bits.clear();
                of.add_documents(words.clone(), &mut bits);
                let beginning: String = first.chars().take(length).collect();
                table.push(&beginning, &bits.to_bytes());
            }
            // The last one that is put here is the next one that is taken.
            open.extend(of.parts(length, words).into_iter().rev().map(|part| (length + 1, part)));
        }
        table
    }

    fn push(&mut self, word: &str, list: &[u8]) {
        debug_assert!(self.last.as_str() < word);
        let pairs = self.last.chars().zip(word.chars());
        let shared = pairs.take_while(|(before, now)| before == now).count().min(255) as u8;
        let [texts, text_ends, shares, lists, list_ends] = &mut self.parts;
        texts.extend_from_slice(word.as_bytes());
        text_ends.extend_from_slice(&(texts.len() as u64).to_le_bytes());
        shares.push(shared);
        lists.extend_from_slice(list);
        list_ends.extend_from_slice(&(lists.len() as u64).to_le_bytes());
        word.clone_into(&mut self.last);
    }

    pub(super) fn table(&self) -> Table<'_> {
        Table::new(self.parts.each_ref().map(Vec::as_slice))
    }
}

impl Table<'_> {
    /// What reading all documents of some words takes, in bytes.
    fn cost(&self, words: &Range<usize>) -> usize {
        let begin = begin_of(self.list_ends, words.start);
        number(self.list_ends, words.end - 1).saturating_sub(begin) + 8 * words.len()
    }

    /// Words that share so many letters, split by the letter after these; words that end there are
    /// left out.
    fn parts(&self, length: usize, words: Range<usize>) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let mut begin = words.start;
        for at in words.start + 1..=words.end {
            if at < words.end && usize::from(self.shared[at]) > length {
                continue;
            }
            let is_longer = String::from_utf8_lossy(self.word(begin)).chars().count() > length;
            if is_longer {
                parts.push(begin..at);
            }
            begin = at;
        }
        parts
    }
}
