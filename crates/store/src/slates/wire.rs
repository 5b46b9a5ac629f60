//! Bytes of a slate, written and read one after another.

use crate::keys::Key;

/// Bytes that grow.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// Begins with a first byte.
    pub(super) fn new(first: u8) -> Self {
        let mut bytes = Vec::with_capacity(1_536);
        bytes.push(first);
        Self(bytes)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// Bytes as they are.
    pub(super) fn whole(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// An integer in as few bytes as hold it.
    pub(super) fn integer(&mut self, mut integer: u64) {
        while integer >= 0x80 {
            self.0.push(integer as u8 | 0x80);
            integer >>= 7;
        }
        self.0.push(integer as u8);
    }

    /// How many there are, and each.
    pub(super) fn counted<T>(&mut self, all: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.integer(all.len() as u64);
        all.iter().for_each(|one| write(self, one));
    }
}

/// Bytes that are left to read. `None` where they end too early or are none that a [`Writer`]
/// wrote.
pub(super) struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn whole<const BYTES: usize>(&mut self) -> Option<[u8; BYTES]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn integer(&mut self) -> Option<u64> {
        let mut integer = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            integer |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(integer);
            }
        }
        None
    }

    pub(super) fn key(&mut self) -> Option<Key> {
        Key::try_from(self.integer()?).ok()
    }

    /// What [`Writer::counted`] wrote.
    pub(super) fn counted<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = usize::try_from(self.integer()?).ok()?;
        // Each takes a byte at least, so that no count of a damaged row asks for much memory.
        let mut all = Vec::with_capacity(count.min(self.0.len()));
        for _ in 0..count {
            all.push(read(self)?);
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_every_size_come_back() {
        let all: Vec<u64> = (0..64).flat_map(|bits| [1 << bits, (1 << bits) - 1]).collect();
        let mut writer = Writer::new(0);
        writer.counted(&all, |writer, &integer| writer.integer(integer));
        writer.integer(u64::MAX);
        let bytes = writer.into_bytes();
        let mut reader = Reader::new(&bytes[1..]);
        assert_eq!(reader.counted(Reader::integer), Some(all));
        assert_eq!(reader.integer(), Some(u64::MAX));
        assert!(reader.is_at_end());
        assert_eq!(Reader::new(&[0xff; 40]).integer(), None);
    }
}
