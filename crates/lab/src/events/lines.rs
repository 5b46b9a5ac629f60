//! Events without a header, a line at a time.

use std::io::{BufRead, Read};

use super::{Account, EventRow, parse_second, parse_weight};
use segue_ingest::IngestError;
use segue_ingest::parts::read_error;

/// Longest line: a listener with millions of events.
const MAX_LINE_BYTES: u64 = 64 << 20;

/// `listener item [rating] [timestamp]`: a third field alone is a time if it is as large as one,
/// else a weight.
pub(super) fn read_pairs(
    text: &mut impl BufRead,
    account: &mut Account<'_>,
) -> Result<(), IngestError> {
    for_each_line(text, account, |line, number, account| match pair(line) {
        Some(event) => account.accept(event),
        None => {
            account.drop_row(number);
            Ok(())
        }
    })
}

/// A number this large is a time: the third of September 1973, or any rating nobody gives.
const SMALLEST_TIME: i64 = 100_000_000;

/// What stands between tabs, or between blanks in a line without tabs.
pub(super) fn fields(line: &str) -> impl Iterator<Item = &str> {
    let tabs = line.contains('\t');
    let between = move |c: char| if tabs { c == '\t' } else { c.is_ascii_whitespace() };
    line.split(between).map(str::trim).filter(move |field| tabs || !field.is_empty())
}

fn pair(line: &str) -> Option<EventRow<'_>> {
    let mut fields: [&str; 4] = [""; 4];
    let mut found = 0;
    for field in self::fields(line) {
        *fields.get_mut(found)? = field;
        found += 1;
    }
    let [listener, item, third, fourth] = fields;
    let event = EventRow { listener, item, second: None, weight: None };
    match found {
        2 => Some(event),
        3 => match parse_second(third)? {
            second if second >= SMALLEST_TIME => Some(EventRow { second: Some(second), ..event }),
            _ => Some(EventRow { weight: Some(parse_weight(third)?), ..event }),
        },
        4 => Some(EventRow {
            weight: Some(parse_weight(third)?),
            second: Some(parse_second(fourth)?),
            ..event
        }),
        _ => None,
    }
    .filter(|event| !event.listener.is_empty() && !event.item.is_empty())
}

/// A listener and their items.
pub(super) fn read_sequences(
    text: &mut impl BufRead,
    account: &mut Account<'_>,
) -> Result<(), IngestError> {
    for_each_line(text, account, |line, number, account| {
        let mut fields = fields(line).filter(|field| !field.is_empty());
        let listener = fields.next().expect("blank lines are skipped");
        let mut items = fields.peekable();
        if items.peek().is_none() {
            account.drop_row(number);
        }
        items.try_for_each(|item| {
            account.accept(EventRow { listener, item, second: None, weight: None })
        })
    })
}

/// Hands on every line that is not blank, with its number.
fn for_each_line(
    text: &mut impl BufRead,
    account: &mut Account<'_>,
    mut each: impl FnMut(&str, u64, &mut Account<'_>) -> Result<(), IngestError>,
) -> Result<(), IngestError> {
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        let read = (&mut *text)
            .take(MAX_LINE_BYTES)
            .read_line(&mut line)
            .map_err(|error| read_error(error, account.path, number))?;
        if read == 0 {
            break;
        }
        if read as u64 == MAX_LINE_BYTES {
            return Err(IngestError::TooLarge {
                path: account.path.to_owned(),
                line: number,
                what: "one line",
                limit: format!("{} MiB", MAX_LINE_BYTES >> 20),
            });
        }
        if !line.trim().is_empty() {
            each(line.trim_end_matches(['\n', '\r']), number, account)?;
        }
    }
    Ok(())
}
