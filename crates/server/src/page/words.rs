//! Numbers, days and lists as a person would say them.

use jiff::civil::Date;

/// A count with its noun: "1 song", "12,345 songs".
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A number with its thousands set apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A share as a whole percentage: "71 %"; something is never "0 %" and less than all never "100 %".
pub fn percent(share: f64) -> String {
    let rounded = (share * 100.0).round();
    if share > 0.0 && rounded < 1.0 {
        return "under 1 %".to_owned();
    }
    if share < 1.0 && rounded >= 100.0 {
        return "over 99 %".to_owned();
    }
    format!("{rounded} %")
}

/// "a, b and c".
pub fn list(items: &[impl AsRef<str>]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

/// A day: "29 November 2026".
pub fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// A time played: "72 hours", "14 minutes"; the rest of an hour is left out.
pub fn duration(ms: u64) -> String {
    match ms / 60_000 {
        minutes @ 0..60 => count(minutes, "minute", "minutes"),
        minutes => count(minutes / 60, "hour", "hours"),
    }
}

/// A size in bytes, in the unit that suits it.
pub fn bytes(size: u64) -> String {
    match size {
        0..1_000 => count(size, "byte", "bytes"),
        1_000..1_000_000 => format!("{:.0} kB", size as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", size as f64 / 1e6),
        _ => format!("{:.1} GB", size as f64 / 1e9),
    }
}
