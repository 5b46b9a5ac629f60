//! Bytes of a slate, written and read one after another, and the numbers that are held by half as
//! many.

use crate::keys::Key;

/// Steps of a score to 1, and of a share: powers of two, so that short forms are exact.
const SCORE_STEPS: f32 = 4_096.0;
const SHARE_STEPS: f32 = 65_536.0;

/// A score in two bytes, if they hold all of it.
pub(super) fn short_score(score: f32) -> Option<i16> {
    let short = (score * SCORE_STEPS) as i16;
    (score_of_short(short).to_bits() == score.to_bits()).then_some(short)
}

pub(super) fn score_of_short(short: i16) -> f32 {
    f32::from(short) / SCORE_STEPS
}

/// A number from 0 to 1 in two bytes, if they hold all of it.
pub(super) fn short_share(share: f32) -> Option<u16> {
    let short = (share * SHARE_STEPS) as u16;
    (share_of_short(short).to_bits() == share.to_bits()).then_some(short)
}

pub(super) fn share_of_short(short: u16) -> f32 {
    f32::from(short) / SHARE_STEPS
}

/// Whether single precision holds all of a number.
pub(super) fn is_single(number: f64) -> bool {
    f64::from(number as f32).to_bits() == number.to_bits()
}

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

    #[test]
    fn numbers_are_short_only_where_no_bit_is_lost() {
        for exact in [0.0, 1.0 / 4_096.0, -7.5, 7.999_756] {
            assert_eq!(short_score(exact).map(score_of_short), Some(exact));
        }
        for long in [0.1, -0.0, 8.0, f32::NAN, f32::INFINITY, f32::MIN_POSITIVE] {
            assert_eq!(short_score(long), None, "{long}");
        }
        assert_eq!(short_share(0.5).map(share_of_short), Some(0.5));
        for long in [1.0, 0.1, -0.5, -0.0, f32::NAN] {
            assert_eq!(short_share(long), None, "{long}");
        }
        assert!(is_single(0.5) && !is_single(0.1) && !is_single(f64::MIN_POSITIVE / 3.0));
    }
}
