//! Mends the small breakages of single rows that real exports hold: unpaired surrogates, control
//! characters in text, numbers that fit no type.

/// A copy of a row in which what a strict reader refuses is replaced: unpaired surrogate escapes by
/// U+FFFD, raw control characters in text by spaces, numbers beyond all range by `null`.
pub(super) fn repair(row: &[u8]) -> Vec<u8> {
    let mut mended = Vec::with_capacity(row.len());
    let mut at = 0;
    while at < row.len() {
        at = match row[at] {
            b'"' => repair_string(row, at, &mut mended),
            b'-' | b'0'..=b'9' => repair_number(row, at, &mut mended),
            byte => {
                mended.push(byte);
                at + 1
            }
        };
    }
    mended
}

fn repair_number(row: &[u8], start: usize, mended: &mut Vec<u8>) -> usize {
    let part_of_number =
        |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
    let length = row[start..].iter().take_while(|byte| part_of_number(byte)).count();
    let text = &row[start..start + length];
    let finite = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse::<f64>().ok())
        .is_some_and(f64::is_finite);
    mended.extend_from_slice(if finite { text } else { b"null" });
    start + length
}

/// Copies the string that begins at `start` and returns the byte behind it.
fn repair_string(row: &[u8], start: usize, mended: &mut Vec<u8>) -> usize {
    mended.push(b'"');
    let mut at = start + 1;
    while at < row.len() {
        match row[at] {
            b'"' => {
                mended.push(b'"');
                return at + 1;
            }
            b'\\' => at = repair_escape(row, at, mended),
            byte => {
                mended.push(if byte < 0x20 { b' ' } else { byte });
                at += 1;
            }
        }
    }
    at
}

fn repair_escape(row: &[u8], at: usize, mended: &mut Vec<u8>) -> usize {
    let Some(unit) = unicode_escape(row, at) else {
        let end = (at + 2).min(row.len());
        mended.extend_from_slice(&row[at..end]);
        return end;
    };
    let low_follows =
        || unicode_escape(row, at + 6).is_some_and(|unit| (0xdc00..0xe000).contains(&unit));
    match unit {
        0xd800..=0xdbff if low_follows() => {
            mended.extend_from_slice(&row[at..at + 12]);
            at + 12
        }
        0xd800..=0xdfff => {
            mended.extend_from_slice(b"\\ufffd");
            at + 6
        }
        _ => {
            mended.extend_from_slice(&row[at..at + 6]);
            at + 6
        }
    }
}

fn unicode_escape(row: &[u8], at: usize) -> Option<u16> {
    let escape = row.get(at..at + 6)?;
    let hex = escape.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(text: &str) -> String {
        String::from_utf8(repair(text.as_bytes())).unwrap()
    }

    #[test]
    fn only_what_is_broken_changes() {
        let fine = r#"{"a":"\ud83d\ude00 \" \\","b":[-1.5e3,null]}"#;
        assert_eq!(mended(fine), fine);
    }

    #[test]
    fn breakages_are_mended() {
        assert_eq!(mended(r#"{"a":"\ud83d x \ude00"}"#), r#"{"a":"\ufffd x \ufffd"}"#);
        assert_eq!(mended("{\"a\":\"x\0\ny\"}"), r#"{"a":"x  y"}"#);
        assert_eq!(mended(r#"{"a":1e999,"b":-2}"#), r#"{"a":null,"b":-2}"#);
    }
}
