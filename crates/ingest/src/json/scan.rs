//! Finds where a JSON value ends without building it.

use memchr::memchr2;

use super::MAX_DEPTH;

/// The state of a scan, which can be fed piece by piece.
#[derive(Debug, Default)]
pub(super) struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
    in_scalar: bool,
}

/// What was found in a piece of input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ScanOutcome {
    /// The value ends before this byte.
    Ended(usize),
    /// The piece ended first.
    More,
    /// The value nests deeper than the limit.
    TooDeep(usize),
}

impl Scan {
    /// Reads on; the first piece begins with the first byte of the value.
    pub(super) fn feed(&mut self, piece: &[u8]) -> ScanOutcome {
        let mut at = 0;
        while at < piece.len() {
            if self.in_string {
                match self.string_end(piece, at) {
                    Some(end) => at = end,
                    None => return ScanOutcome::More,
                }
                if self.depth == 0 {
                    return ScanOutcome::Ended(at);
                }
                continue;
            }
            match piece[at] {
                b'"' if self.in_scalar => return ScanOutcome::Ended(at),
                b'"' => self.in_string = true,
                b'{' | b'[' if self.in_scalar => return ScanOutcome::Ended(at),
                b'{' | b'[' => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return ScanOutcome::TooDeep(at);
                    }
                }
                b'}' | b']' if self.depth == 0 => return ScanOutcome::Ended(at),
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return ScanOutcome::Ended(at + 1);
                    }
                }
                b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' if self.depth == 0 => {
                    return ScanOutcome::Ended(at);
                }
                _ if self.depth == 0 => self.in_scalar = true,
                _ => {}
            }
            at += 1;
        }
        ScanOutcome::More
    }

    /// The byte behind the closing quote of the string that `at` is in.
    fn string_end(&mut self, piece: &[u8], mut at: usize) -> Option<usize> {
        if self.escaped {
            self.escaped = false;
            at += 1;
        }
        loop {
            at += memchr2(b'"', b'\\', piece.get(at..)?)?;
            if piece[at] == b'"' {
                self.in_string = false;
                return Some(at + 1);
            }
            if at + 1 == piece.len() {
                self.escaped = true;
                return None;
            }
            at += 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn end(text: &str) -> ScanOutcome {
        Scan::default().feed(text.as_bytes())
    }

    #[test]
    fn values_end_where_they_should() {
        assert_eq!(end(r#"{"a":"}\"]"} ,"#), ScanOutcome::Ended(12));
        assert_eq!(end(r#""a\\" "#), ScanOutcome::Ended(5));
        assert_eq!(end("12.5,"), ScanOutcome::Ended(4));
        assert_eq!(end("[[],[{}]]x"), ScanOutcome::Ended(9));
        assert_eq!(end(r#"{"a":"#), ScanOutcome::More);
        assert_eq!(end(&"[".repeat(MAX_DEPTH + 1)), ScanOutcome::TooDeep(MAX_DEPTH));
    }

    proptest! {
        #[test]
        fn pieces_find_the_same_end_as_the_whole(
            text in r#"\{("[a-c\\\\"]{0,4}"|[\[\]{},:1 ]){0,12}\} ?"#,
            cut in 0_usize..40,
        ) {
            let bytes = text.as_bytes();
            let whole = Scan::default().feed(bytes);
            let cut = cut.min(bytes.len());
            let mut scan = Scan::default();
            let pieces = match scan.feed(&bytes[..cut]) {
                ScanOutcome::More => match scan.feed(&bytes[cut..]) {
                    ScanOutcome::Ended(at) => ScanOutcome::Ended(at + cut),
                    ScanOutcome::TooDeep(at) => ScanOutcome::TooDeep(at + cut),
                    ScanOutcome::More => ScanOutcome::More,
                },
                done => done,
            };
            prop_assert_eq!(pieces, whole);
        }
    }
}
