//! Which files may be opened, judged by their names alone. Exports hold addresses, payments and
//! searches beside the listening history. Files with other names are never opened.

use std::path::Path;

use segue_core::FORMATS;

/// What to do with a file, judged by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameVerdict {
    /// It may hold listening history or a catalogue.
    Open,
    /// An archive.
    Archive,
    /// Not opened, and the report says why.
    LeaveAlone(&'static str),
    /// Not opened and not reported: pictures, documents, the operating system's leftovers.
    Ignore,
}

/// Extensions that data comes in.
const DATA: [&str; 9] =
    ["json", "jsonl", "csv", "tsv", "txt", "log", "parquet", "listens", "ndjson"];

/// Beginnings of the names of files that hold only private facts.
const PRIVATE: [&str; 19] = [
    "userdata",
    "userprofile",
    "userprompt",
    "userattribute",
    "useraddress",
    "user.json",
    "payment",
    "identity",
    "identifier",
    "inferences",
    "follow",
    "searchqueries",
    "search-history",
    "customerservice",
    "marquee",
    "duonewfamily",
    "subscriptions",
    "comments",
    "pinned_recording",
];

/// Whether the name of a file contains `part`, which is lower case.
pub(super) fn is_named(path: &Path, part: &str) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().to_lowercase().contains(part))
}

/// Judges a file in a folder that the user named: all data files but private ones.
pub(super) fn judge_file(path: &str) -> NameVerdict {
    judge(path, |_| true)
}

/// Judges an entry of an archive: only names that promise history.
pub(super) fn judge_entry(path: &str) -> NameVerdict {
    judge(path, |path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        // Takeout translates the names of its files and folders, and only "YouTube" stays in place.
        let mut hints = FORMATS.iter().flat_map(|format| format.file_hints);
        hints.any(|hint| name.contains(hint))
            || path.contains("listens/")
            || path.contains("youtube")
    })
}

fn judge(path: &str, wanted: impl Fn(&str) -> bool) -> NameVerdict {
    let path = path.replace('\\', "/").to_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    if name.is_empty()
        || (name.starts_with('.') && name != ".scrobbler.log")
        || path.split('/').any(|part| part == "__macosx")
    {
        return NameVerdict::Ignore;
    }
    if PRIVATE.iter().any(|private| name.starts_with(private)) {
        return NameVerdict::LeaveAlone("private: never opened");
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "zip" => NameVerdict::Archive,
        "html" if path.contains("youtube") => {
            NameVerdict::LeaveAlone("web pages are not read: ask Takeout for JSON instead of HTML")
        }
        "xlsx" => NameVerdict::LeaveAlone("spreadsheets are not read"),
        _ if !DATA.contains(&extension) => NameVerdict::Ignore,
        _ if wanted(&path) => NameVerdict::Open,
        _ => NameVerdict::LeaveAlone("its name promises no listening history"),
    }
}

/// Whether an entry's name would lead outside the folder that it is unpacked to.
pub(super) fn escapes(name: &str) -> bool {
    let name = name.replace('\\', "/");
    name.starts_with('/')
        || name.split('/').any(|part| part == "..")
        || name.contains('\0')
        || name.get(1..2) == Some(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_history_is_opened_in_archives() {
        for name in [
            "Spotify Extended Streaming History/Streaming_History_Audio_2020_3.json",
            "MyData/endsong_0.json",
            "Spotify Account Data/YourLibrary.json",
            "listens/2025/6.jsonl",
            "feedback.jsonl",
            "Apple Music Activity/Apple Music Play Activity.csv",
            "Takeout/YouTube と YouTube Music/履歴/再生履歴.json",
            "lb/.scrobbler.log",
        ] {
            assert_eq!(judge_entry(name), NameVerdict::Open, "{name}");
        }
        for name in [
            "Spotify Account Data/Userdata.json",
            "Spotify Account Data/Payments.json",
            "Spotify Account Data/SearchQueries.json",
            "Takeout/YouTube and YouTube Music/history/search-history.json",
            "user.json",
            "letters.json",
        ] {
            assert!(matches!(judge_entry(name), NameVerdict::LeaveAlone(_)), "{name}");
        }
        for name in [
            "__MACOSX/MyData/._endsong_0.json",
            "MyData/._endsong_0.json",
            "ReadMeFirst.pdf",
            "listens/",
        ] {
            assert_eq!(judge_entry(name), NameVerdict::Ignore, "{name}");
        }
    }

    #[test]
    fn names_that_lead_outside_are_known() {
        for name in [
            "../endsong_0.json",
            "a/../../b.json",
            "/etc/endsong.json",
            "C:\\endsong.json",
            "..\\endsong.json",
        ] {
            assert!(escapes(name), "{name}");
        }
        assert!(!escapes("MyData/endsong..0.json"));
    }
}
