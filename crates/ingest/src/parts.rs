//! Parts for readers of tables that are no listening history, as those of recommender research.
//!
//! [`import`](crate::import()) settles identities and keeps what can be kept of an export. Who only
//! wants rows of a foreign file needs less: text whatever its encoding ([`Utf8Reader`]), a first
//! look ([`read_head`]), the delimiter ([`delimiter_of`]), records that no quote left open swallows
//! ([`Records`]), input that cannot grow without bound ([`Allowance`]), and Parquet within bounds, whose damage is an error and no panic
//! ([`ParquetFile`]).

pub use crate::format::is_parquet;
pub use crate::input::{Utf8Reader, decode_head, read_error, read_head};
pub use crate::parquet_file::{ParquetFile, moment_of};
pub use crate::table::values::{epoch_second, moment, present};
pub use crate::table::{
    Allowance, Limited, MAX_RECORD_BYTES, RecordError, Records, TableLayout, delimiter_of,
    first_line, head_records, open_records, plain_name,
};
pub use crate::time::parse as parse_time;
