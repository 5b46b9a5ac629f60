//! Parts for readers of tables that are no listening history, as those of recommender research.
//!
//! [`import`](crate::import()) settles identities and keeps what can be kept of an export. Who only
//! wants rows of a foreign file needs less: text whatever its encoding ([`Utf8Reader`]), a first
//! look ([`read_head`]), records that no quote left open swallows and that cannot grow without
//! bound ([`open_records`]), and Parquet within bounds, whose damage is an error and no panic
//! ([`ParquetFile`]).

use segue_core::Timestamp;

use crate::table::values::moment_in;
use crate::time::DateOrder;

pub use crate::format::is_parquet;
pub use crate::input::{Utf8Reader, decode_head, read_error, read_head};
pub use crate::parquet_file::{Batch, CellKind, ParquetFile, moment_of, written};
pub use crate::table::values::{epoch_second, moment, present};
pub use crate::table::{
    MAX_RECORD_BYTES, RecordError, Records, TableLayout, head_records, open_records, plain_name,
};
pub use crate::time::parse as parse_time;

/// A moment as people and programs write it, whatever way that is: seconds or milliseconds since
/// 1970, RFC 3339, `Feb 24, 2022 at 11:36 PM`, `Thu, 24 Feb 2022 00:00:00 GMT`. Where day and month
/// are numbers the month comes first; without a zone it is UTC. `None` for anything else.
///
/// ```
/// use segue_ingest::parts::written_time;
///
/// let moment = written_time("Feb 24, 2022 at 11:36 PM").map(|moment| moment.to_string());
/// assert_eq!(moment.as_deref(), Some("2022-02-24T23:36:00Z"));
/// assert_eq!(written_time("some day"), None);
/// ```
pub fn written_time(text: &str) -> Option<Timestamp> {
    moment_in(text, DateOrder::MonthFirst)
}
