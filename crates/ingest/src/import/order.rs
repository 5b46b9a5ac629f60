//! The order in which files are read: as a person would sort them, and Spotify's parts by their
//! index.

use std::cmp::Ordering;
use std::path::Path;

use super::entry_name::name_in_lower_case;

/// Compares paths so that `9.jsonl` comes before `10.jsonl`. The parts of Spotify's histories carry
/// an index over all years behind the years, `Streaming_History_Audio_2020-2021_4.json` before
/// `…_2020_5.json`, and that index decides.
pub(super) fn by_name(a: &Path, b: &Path) -> Ordering {
    let key = |path: &Path| {
        let folder =
            path.parent().map(|folder| folder.to_string_lossy().to_lowercase()).unwrap_or_default();
        let name = name_in_lower_case(path);
        (pieces(&folder), part_index(&name), pieces(&name))
    };
    key(a).cmp(&key(b)).then_with(|| a.cmp(b))
}

/// Family and index of a part of a Spotify history.
fn part_index(name: &str) -> Option<(&'static str, u64)> {
    const FAMILIES: [&str; 4] =
        ["streaming_history_audio", "streaming_history_video", "endsong", "streaminghistory"];
    let family = FAMILIES.into_iter().find(|family| name.starts_with(family))?;
    let stem = name.strip_suffix(".json")?;
    let index = stem.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    Some((family, index))
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Number(u64, String),
    Text(String),
}

/// Runs of digits and runs of others.
fn pieces(name: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
        let (run, behind) = rest.split_at(end);
        pieces.push(match run.parse() {
            Ok(number) if digits => Piece::Number(number, run.to_owned()),
            _ => Piece::Text(run.to_owned()),
        });
        rest = behind;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_their_index_and_months_their_number() {
        let mut names = [
            "x/Streaming_History_Audio_2021-2022_6.json",
            "x/Streaming_History_Audio_2020_3.json",
            "x/Streaming_History_Audio_2021_5.json",
            "x/Streaming_History_Audio_2020-2021_4.json",
            "x/listens/2025/10.jsonl",
            "x/listens/2025/9.jsonl",
        ];
        names.sort_by(|a, b| by_name(Path::new(a), Path::new(b)));
        let indices: Vec<_> =
            names.iter().map(|name| name.rsplit(['_', '/']).next().unwrap()).collect();
        assert_eq!(indices, ["3.json", "4.json", "5.json", "6.json", "9.jsonl", "10.jsonl"]);
    }
}
