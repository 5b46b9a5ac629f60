//! As much of Thrift's compact protocol as it takes to see what a Parquet file is about to cost,
//! before the Parquet reader makes room for it.
//!
//! The reader trusts what a file declares: it takes memory for pages, dictionaries and levels of a
//! schema before it has seen a byte of them. Two structures tell all of that, the footer and the
//! header of each page, and both are walked here in constant memory. Where a field has another type
//! than the format gives it, reading ends: the reader might take it for something else.
//! <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>

use std::io::{self, Read};

/// Deepest nesting of values that are skipped; the reader's own limit.
const MOST_NESTED: u8 = 64;
/// Deepest schema that is read: the Parquet reader recurses into it.
const DEEPEST_SCHEMA: usize = 64;

/// The type of a field, by its number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind(u8);

impl Kind {
    const STOP: Self = Self(0);
    const TRUE: Self = Self(1);
    const FALSE: Self = Self(2);
    const I32: Self = Self(5);
    const I64: Self = Self(6);
    const BINARY: Self = Self(8);
    const LIST: Self = Self(9);
    const STRUCT: Self = Self(12);

    fn is(self, other: Self) -> bool {
        self == other || (self == Self::FALSE && other == Self::TRUE)
    }
}

/// What the header of a page declares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PageHeader {
    /// Bytes that the header takes.
    pub(super) header_bytes: u64,
    /// Bytes that follow it.
    pub(super) packed_bytes: u64,
    /// Bytes that the page unpacks to.
    pub(super) unpacked_bytes: u64,
    /// Values in a page of data, those that are null included.
    pub(super) values: u64,
    /// Values in a dictionary.
    pub(super) dictionary_values: u64,
    /// Bytes at the beginning of the page that are not packed.
    pub(super) levels_bytes: u64,
}

impl PageHeader {
    /// Reads the header that `input` begins with.
    pub(super) fn read(input: impl Read) -> io::Result<Self> {
        const DATA: [Kind; 5] = [Kind::I32, Kind::I32, Kind::I32, Kind::I32, Kind::STRUCT];
        const DICTIONARY: [Kind; 3] = [Kind::I32, Kind::I32, Kind::TRUE];
        const DATA_2: [Kind; 8] = [
            Kind::I32,
            Kind::I32,
            Kind::I32,
            Kind::I32,
            Kind::I32,
            Kind::I32,
            Kind::TRUE,
            Kind::STRUCT,
        ];
        const PAGE: [Kind; 8] = [
            Kind::I32,
            Kind::I32,
            Kind::I32,
            Kind::I32,
            Kind::STRUCT,
            Kind::STRUCT,
            Kind::STRUCT,
            Kind::STRUCT,
        ];
        let mut compact = Compact { input, read: 0 };
        let mut page = Self::default();
        let most = |found: &mut u64, value| *found = (*found).max(value);
        compact.fields(&PAGE, &mut |compact, field, kind| {
            let inner: (&[Kind], &mut u64) = match field {
                2 => return compact.count().map(|bytes| page.unpacked_bytes = bytes),
                3 => return compact.count().map(|bytes| page.packed_bytes = bytes),
                5 => (&DATA, &mut page.values),
                7 => (&DICTIONARY, &mut page.dictionary_values),
                8 => (&DATA_2, &mut page.values),
                _ => return compact.skip(kind, MOST_NESTED),
            };
            let (kinds, values) = inner;
            let has_levels = field == 8;
            compact.fields(kinds, &mut |compact, field, kind| match field {
                1 => compact.count().map(|count| most(values, count)),
                5 | 6 if has_levels => compact.count().map(|bytes| page.levels_bytes += bytes),
                _ => compact.skip(kind, MOST_NESTED),
            })
        })?;
        page.header_bytes = compact.read;
        Ok(page)
    }
}

/// Fails where the schema in a footer is deeper than [`DEEPEST_SCHEMA`].
pub(super) fn check_schema(footer: &[u8]) -> io::Result<()> {
    const FOOTER: [Kind; 4] = [Kind::I32, Kind::LIST, Kind::I64, Kind::LIST];
    let mut compact = Compact { input: footer, read: 0 };
    compact.fields(&FOOTER, &mut |compact, field, kind| match field {
        2 => check_depth(compact),
        _ => compact.skip(kind, MOST_NESTED),
    })
}

/// The list is the tree depth first: each element says how many children follow it.
fn check_depth(compact: &mut Compact<&[u8]>) -> io::Result<()> {
    const ELEMENT: [Kind; 10] = [
        Kind::I32,
        Kind::I32,
        Kind::I32,
        Kind::BINARY,
        Kind::I32,
        Kind::I32,
        Kind::I32,
        Kind::I32,
        Kind::I32,
        Kind::STRUCT,
    ];
    let (elements, _) = compact.list()?;
    let mut open: Vec<u64> = Vec::new();
    for _ in 0..elements {
        let mut children = 0;
        compact.fields(&ELEMENT, &mut |compact, field, kind| match field {
            5 => compact.count().map(|count| children = count),
            _ => compact.skip(kind, MOST_NESTED),
        })?;
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        if children > 0 {
            open.push(children);
        }
        while open.last() == Some(&0) {
            open.pop();
        }
        if open.len() > DEEPEST_SCHEMA {
            return Err(bad("its schema is nested too deeply"));
        }
    }
    Ok(())
}

fn bad(problem: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

struct Compact<R> {
    input: R,
    read: u64,
}

type Visit<'v, R> = dyn FnMut(&mut Compact<R>, i16, Kind) -> io::Result<()> + 'v;

impl<R: Read> Compact<R> {
    /// Hands each field of a structure to `visit`, which must read its value. Fields from 1 on have
    /// the types of `kinds`, as far as that goes.
    fn fields(&mut self, kinds: &[Kind], visit: &mut Visit<'_, R>) -> io::Result<()> {
        let mut field = 0i16;
        loop {
            let head = self.byte()?;
            let kind = Kind(head & 0x0f);
            if kind == Kind::STOP {
                return Ok(());
            }
            field = match head >> 4 {
                0 => self.zigzag()? as i16,
                step => field.wrapping_add(i16::from(step)),
            };
            let expected = usize::try_from(field).ok().and_then(|at| kinds.get(at.checked_sub(1)?));
            if expected.is_some_and(|expected| !kind.is(*expected)) {
                return Err(bad("a field has another type than the format gives it"));
            }
            visit(self, field, kind)?;
        }
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.input.read_exact(&mut byte)?;
        self.read += 1;
        Ok(byte[0])
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(bad("a number has no end"))
    }

    fn zigzag(&mut self) -> io::Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A number of 32 bits that counts something.
    fn count(&mut self) -> io::Result<u64> {
        let value = self.zigzag()?;
        i32::try_from(value)
            .ok()
            .and_then(|value| u64::try_from(value).ok())
            .ok_or_else(|| bad("a count is out of range"))
    }

    fn list(&mut self) -> io::Result<(u64, Kind)> {
        let head = self.byte()?;
        let items = match head >> 4 {
            15 => self.varint()?,
            items => u64::from(items),
        };
        Ok((items, Kind(head & 0x0f)))
    }

    fn skip_bytes(&mut self, bytes: u64) -> io::Result<()> {
        let skipped = io::copy(&mut (&mut self.input).take(bytes), &mut io::sink())?;
        self.read += skipped;
        if skipped == bytes { Ok(()) } else { Err(bad("it ends too early")) }
    }

    fn skip(&mut self, kind: Kind, levels: u8) -> io::Result<()> {
        let levels = levels.checked_sub(1).ok_or_else(|| bad("it is nested too deeply"))?;
        match kind.0 {
            1 | 2 => Ok(()),
            3 => self.skip_bytes(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.skip_bytes(8),
            8 => {
                let bytes = self.varint()?;
                self.skip_bytes(bytes)
            }
            9 | 10 => {
                let (items, kind) = self.list()?;
                (0..items).try_for_each(|_| self.skip_item(kind, levels))
            }
            12 => self.fields(&[], &mut |compact, _, kind| compact.skip(kind, levels)),
            13 => self.skip_bytes(16),
            _ => Err(bad("a field has a type that the format lacks")),
        }
    }

    /// In a list, unlike in a field, truth takes a byte.
    fn skip_item(&mut self, kind: Kind, levels: u8) -> io::Result<()> {
        match kind.0 {
            1 | 2 => self.skip_bytes(1),
            _ => self.skip(kind, levels),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_declares_what_its_page_costs() {
        // type 0, unpacked 1000, packed 20, data header with 7 values.
        let bytes = [0x15, 0, 0x15, 0xd0, 0x0f, 0x15, 40, 0x2c, 0x15, 14, 0, 0, 99];
        let page = PageHeader::read(&bytes[..]).unwrap();
        assert_eq!((page.unpacked_bytes, page.packed_bytes, page.values), (1000, 20, 7));
        assert_eq!(page.header_bytes, bytes.len() as u64 - 1);
    }

    #[test]
    fn a_field_of_another_type_ends_the_reading() {
        // The unpacked size as a binary of one byte.
        assert!(PageHeader::read(&[0x15, 0, 0x18, 1, 7, 0][..]).is_err());
    }

    #[test]
    fn a_schema_that_would_overflow_the_stack_is_refused() {
        let schema = |elements: usize| {
            let mut footer = vec![0x15, 2, 0x19, 0xfc];
            let mut count = elements;
            while count >= 0x80 {
                footer.push(count as u8 | 0x80);
                count >>= 7;
            }
            footer.push(count as u8);
            // Each has a name of one letter and one child.
            footer.extend([0x48, 1, b'a', 0x15, 2, 0].repeat(elements));
            footer.push(0);
            footer
        };
        assert!(check_schema(&schema(20)).is_ok());
        let error = check_schema(&schema(100_000)).unwrap_err();
        assert!(error.to_string().contains("nested too deeply"), "{error}");
    }
}
