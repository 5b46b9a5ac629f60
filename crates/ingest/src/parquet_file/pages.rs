//! A row group whose pages are known to fit in memory before the first is unpacked.

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use parquet::basic::{Compression, Encoding, Type as PhysicalType};
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::reader::RowGroupReader;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;

use super::thrift::PageHeader;
use super::{Input, too_large};

/// Most bytes that the pages take which are open at a time: of each column that is read, its
/// largest page and its dictionary. Writers close a page at about 1 MiB.
const MOST_OPEN_BYTES: u64 = 128 << 20;
/// Most values in a dictionary, each of which takes 32 bytes. Writers give up on a dictionary
/// beyond 1 MiB.
const MOST_DICTIONARY_VALUES: u64 = 2 << 20;
/// Most bytes that the items of lists may take between two rows, and the pages that are opened
/// between two batches.
const MOST_LIST_BYTES: u64 = 256 << 20;
/// What an item of a list takes beside its text.
const ITEM_BYTES: u64 = 64;

/// What the columns of a row group take of memory, shared among their readers.
#[derive(Clone, Default)]
pub(super) struct Allowance {
    open: Arc<AtomicU64>,
    listed: Arc<AtomicU64>,
}

impl Allowance {
    /// A row has ended: its lists are gone.
    pub(super) fn renew(&self) {
        self.listed.store(0, Ordering::Relaxed);
    }

    fn open(&self, bytes: u64) -> Result<(), ParquetError> {
        match self.open.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) {
            0..=MOST_OPEN_BYTES => Ok(()),
            _ => Err(too_large("what its pages unpack to", mebibytes(MOST_OPEN_BYTES))),
        }
    }

    fn hold(&self, bytes: u64, what: &'static str) -> Result<(), ParquetError> {
        match self.listed.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) {
            0..=MOST_LIST_BYTES => Ok(()),
            _ => Err(too_large(what, mebibytes(MOST_LIST_BYTES))),
        }
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// A row group that refuses columns beyond its allowance.
pub(super) struct BoundedGroup<'f> {
    pub(super) input: Arc<Input>,
    pub(super) metadata: &'f RowGroupMetaData,
    pub(super) allowance: Allowance,
    /// Whether values of several pages are held at a time, until the allowance is renewed.
    pub(super) is_batched: bool,
}

impl RowGroupReader for BoundedGroup<'_> {
    fn metadata(&self) -> &RowGroupMetaData {
        self.metadata
    }

    fn num_columns(&self) -> usize {
        self.metadata.num_columns()
    }

    fn get_column_page_reader(&self, i: usize) -> Result<Box<dyn PageReader>, ParquetError> {
        let column = self.metadata.column(i);
        let largest = largest_pages(&self.input, column)?;
        self.allowance.open(largest)?;
        let rows = usize::try_from(self.metadata.num_rows())?;
        let pages = SerializedPageReader::new(Arc::clone(&self.input), column, rows, None)?;
        Ok(Box::new(BoundedPages {
            pages,
            largest,
            is_text: column.column_type() == PhysicalType::BYTE_ARRAY,
            is_list: column.column_descr().max_rep_level() > 0,
            is_batched: self.is_batched,
            longest: 0,
            allowance: self.allowance.clone(),
        }))
    }

    fn get_column_bloom_filter(&self, _: usize) -> Option<&Sbbf> {
        None
    }

    fn get_row_iter(&self, projection: Option<Type>) -> Result<RowIter<'_>, ParquetError> {
        RowIter::from_row_group(projection, self)
    }
}

/// What the largest page of a column and its dictionary take, unpacked and packed, as the headers
/// of its pages declare it.
fn largest_pages(input: &Input, column: &ColumnChunkMetaData) -> Result<u64, ParquetError> {
    use parquet::file::reader::{ChunkReader, Length};

    let (start, length) = column.byte_range();
    let end = start.saturating_add(length);
    if end > input.len() {
        return Err(ParquetError::EOF("a column goes beyond the end of the file".to_owned()));
    }
    let (mut at, mut data, mut dictionaries) = (start, 0, 0);
    while at < end {
        let page = PageHeader::read(input.get_read(at)?)?;
        if page.dictionary_values > MOST_DICTIONARY_VALUES {
            return Err(too_large("a dictionary", format!("{MOST_DICTIONARY_VALUES} values")));
        }
        let bytes = page.unpacked_bytes + page.packed_bytes;
        if bytes > MOST_OPEN_BYTES {
            return Err(too_large("what its pages unpack to", mebibytes(MOST_OPEN_BYTES)));
        }
        check_packing(input, column.compression(), at, &page)?;
        match page.dictionary_values {
            0 => data = bytes.max(data),
            values => dictionaries += bytes + 32 * values,
        }
        at += page.header_bytes + page.packed_bytes;
    }
    Ok(data + dictionaries)
}

/// Unpacks a page and keeps nothing, where the codec does not stop at the size that the header
/// declares. What breaks off before that size breaks off again when it is read.
fn check_packing(
    input: &Input,
    codec: Compression,
    at: u64,
    page: &PageHeader,
) -> Result<(), ParquetError> {
    use parquet::file::reader::ChunkReader;

    let packed = || -> Result<_, ParquetError> {
        let begin = at.saturating_add(page.header_bytes).saturating_add(page.levels_bytes);
        let length = page.packed_bytes.saturating_sub(page.levels_bytes);
        Ok(BufReader::new(input.get_read(begin)?.take(length)))
    };
    let unpacked: Box<dyn Read> = match codec {
        Compression::GZIP(_) => Box::new(MultiGzDecoder::new(packed()?)),
        Compression::BROTLI(_) => Box::new(brotli::Decompressor::new(packed()?, 4096)),
        Compression::LZ4 => Box::new(lz4_flex::frame::FrameDecoder::new(packed()?)),
        _ => return Ok(()),
    };
    let unpacked = io::copy(&mut unpacked.take(page.unpacked_bytes + 1), &mut io::sink());
    match unpacked {
        Ok(bytes) if bytes > page.unpacked_bytes => {
            Err(ParquetError::General("a page is not what its header says".to_owned()))
        }
        _ => Ok(()),
    }
}

/// The pages of a column, each looked at before its values are.
struct BoundedPages {
    pages: SerializedPageReader<Input>,
    largest: u64,
    is_text: bool,
    is_list: bool,
    is_batched: bool,
    /// Bytes of the longest value in the dictionary.
    longest: u64,
    allowance: Allowance,
}

impl BoundedPages {
    fn check(&mut self, page: &Page) -> Result<(), ParquetError> {
        use Encoding::{DELTA_BYTE_ARRAY, DELTA_LENGTH_BYTE_ARRAY};

        let bytes = page.buffer().len() as u64;
        if bytes > self.largest {
            return Err(ParquetError::General("a page is not what its header says".to_owned()));
        }
        if matches!(page.encoding(), DELTA_BYTE_ARRAY | DELTA_LENGTH_BYTE_ARRAY) {
            return Err(ParquetError::NYI(
                "text in a delta encoding is not read here; write it plain or with a dictionary"
                    .to_owned(),
            ));
        }
        if page.is_dictionary_page() && self.is_text {
            self.longest = longest_value(page.buffer());
        }
        if page.is_data_page() && self.is_list {
            let values = u64::from(page.num_values());
            let bytes = bytes + values.saturating_mul(ITEM_BYTES + self.longest);
            self.allowance.hold(bytes, "a list in a row")?;
        } else if page.is_data_page() && self.is_batched {
            self.allowance.hold(bytes, "what some thousand rows unpack to")?;
        }
        Ok(())
    }
}

/// Of values that are each preceded by their length.
fn longest_value(mut values: &[u8]) -> u64 {
    let mut longest = 0;
    while let Some((length, rest)) = values.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length);
        longest = longest.max(u64::from(length));
        values = rest.get(length as usize..).unwrap_or_default();
    }
    longest
}

impl Iterator for BoundedPages {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for BoundedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let page = self.pages.get_next_page()?;
        if let Some(page) = &page {
            self.check(page)?;
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        self.pages.skip_next_page()
    }
}
