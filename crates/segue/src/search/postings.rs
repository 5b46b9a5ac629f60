//! Which documents hold a word: ascending numbers as the differences between them, seven bits a
//! byte, or a bit for each document where that is shorter.

/// A set of documents, one bit each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
    documents: usize,
}

impl Bits {
    pub(super) fn none(documents: usize) -> Self {
        Self { words: vec![0; documents.div_ceil(64)], documents }
    }

    pub(super) fn all(documents: usize) -> Self {
        let mut bits = Self::none(documents);
        bits.words.fill(u64::MAX);
        bits.end_with_the_last();
        bits
    }

    pub(super) fn add(&mut self, document: usize) {
        if document < self.documents {
            self.words[document / 64] |= 1 << (document % 64);
        }
    }

    /// Adds all documents of a [`Postings`]; what is no document is left out.
    pub(super) fn add_postings(&mut self, bytes: &[u8]) {
        if bytes.len() != bitmap_bytes(self.documents) {
            return self.add_list(bytes);
        }
        for (word, bytes) in self.words.iter_mut().zip(bytes.chunks(8)) {
            let mut eight = [0; 8];
            eight[..bytes.len()].copy_from_slice(bytes);
            *word |= u64::from_le_bytes(eight);
        }
        self.end_with_the_last();
    }

    fn add_list(&mut self, bytes: &[u8]) {
        let (mut next, mut gap, mut shift) = (0_usize, 0_usize, 0_u32);
        for &byte in bytes {
            gap |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                next += gap;
                self.add(next);
                next += 1;
                (gap, shift) = (0, 0);
            } else {
                shift = (shift + 7).min(28);
            }
        }
    }

    /// No bit is set beyond the last document.
    fn end_with_the_last(&mut self) {
        if let (Some(last), rest @ 1..) = (self.words.last_mut(), self.documents % 64) {
            *last &= (1 << rest) - 1;
        }
    }

    /// Keeps what is in another set of the same documents as well.
    pub(super) fn keep(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    pub(super) fn clear(&mut self) {
        self.words.fill(0);
    }

    pub(super) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The documents, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            std::iter::successors((word != 0).then_some(word), |word| {
                let rest = word & (word - 1);
                (rest != 0).then_some(rest)
            })
            .map(move |word| at * 64 + word.trailing_zeros() as usize)
        })
    }

    /// The same as bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut list = Postings::default();
        for document in self.iter() {
            list.push(document);
            if list.bytes.len() >= bitmap_bytes(self.documents) {
                return self.to_bitmap();
            }
        }
        list.bytes
    }

    fn to_bitmap(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.truncate(bitmap_bytes(self.documents));
        bytes
    }
}

/// How many documents bytes name.
pub(super) fn count(bytes: &[u8], documents: usize) -> usize {
    match bytes.len() == bitmap_bytes(documents) {
        true => bytes.iter().map(|byte| byte.count_ones() as usize).sum(),
        false => bytes.iter().filter(|&&byte| byte < 0x80).count(),
    }
}

fn bitmap_bytes(documents: usize) -> usize {
    documents.div_ceil(8)
}

/// A list of documents that grows, as differences whatever its length.
#[derive(Clone, Debug, Default)]
pub(super) struct Postings {
    bytes: Vec<u8>,
    /// One more than the last document; 0 if there is none.
    end: u32,
}

impl Postings {
    /// Appends a document; the last one once more changes nothing.
    pub(super) fn push(&mut self, document: usize) {
        if document < self.end as usize {
            return;
        }
        let mut gap = document - self.end as usize;
        while gap >= 0x80 {
            self.bytes.push(gap as u8 | 0x80);
            gap >>= 7;
        }
        self.bytes.push(gap as u8);
        self.end = document as u32 + 1;
    }

    /// The list, or a bit for each document where that is not longer.
    pub(super) fn into_bytes(self, documents: usize) -> Vec<u8> {
        if self.bytes.len() < bitmap_bytes(documents) {
            return self.bytes;
        }
        let mut bits = Bits::none(documents);
        bits.add_list(&self.bytes);
        bits.to_bitmap()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn documents_are_the_same_as_bytes_and_as_bits(
            documents in 1_usize..3_000,
            every in 1_usize..200,
            drawn in prop::collection::btree_set(0_usize..3_000, 0..400),
        ) {
            let few = drawn.into_iter().filter(|&document| document < documents);
            let many = (0..documents).step_by(every);
            for held in [few.collect::<Vec<_>>(), many.collect()] {
                let mut list = Postings::default();
                held.iter().for_each(|&document| list.push(document));
                let bytes = list.into_bytes(documents);
                prop_assert!(bytes.len() <= bitmap_bytes(documents));
                prop_assert_eq!(count(&bytes, documents), held.len());
                let mut bits = Bits::none(documents);
                bits.add_postings(&bytes);
                prop_assert_eq!(bits.count(), held.len());
                prop_assert_eq!(bits.to_bytes(), bytes);
                prop_assert_eq!(bits.iter().collect::<Vec<_>>(), held);
            }
        }

        #[test]
        fn any_bytes_name_documents_that_there_are(
            bytes in prop::collection::vec(any::<u8>(), 0..40),
            documents in 0_usize..300,
        ) {
            let mut bits = Bits::none(documents);
            bits.add_postings(&bytes);
            prop_assert!(bits.iter().all(|document| document < documents));
            prop_assert_eq!(bits.iter().count(), bits.count());
        }
    }
}
