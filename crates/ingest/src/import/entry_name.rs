//! Which files may be opened, judged by their names alone. Exports hold addresses, payments and
//! searches beside the listening history. Files with such names are never opened, in whatever
//! language; of the others those that hold no history are closed again after a look at their
//! beginning, of which nothing is shown.

use std::path::Path;

use segue_core::FORMATS;
use unicode_normalization::UnicodeNormalization;

/// What to do with a file, judged by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameVerdict {
    /// It may hold listening history or a catalogue.
    Open,
    /// Its name says nothing: its content decides, and has to be unmistakable.
    Look,
    /// An archive.
    Archive,
    /// Not opened, and the report says why.
    LeaveAlone(&'static str),
    /// Not opened and not reported: pictures, documents, the operating system's leftovers.
    Ignore,
}

/// Extensions that data comes in.
const DATA: [&str; 12] = [
    "json", "jsonl", "csv", "tsv", "txt", "log", "parquet", "listens", "ndjson", "xlsx", "xml",
    "dat",
];

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

/// Beginnings of the words, in the languages of exports, for what is nobody's business: searches,
/// comments, subscriptions, messages, payments, addresses, reviews, votes.
const PRIVATE_WORDS: [&[&str]; 8] = [
    &[
        "search",
        "such",
        "recherche",
        "busca",
        "búsq",
        "busq",
        "cerca",
        "ricerc",
        "pesquis",
        "zoek",
        "sök",
        "søg",
        "søk",
        "haku",
        "hae",
        "поиск",
        "пошук",
        "търс",
        "szuk",
        "wyszuk",
        "hled",
        "vyhled",
        "hľad",
        "keres",
        "căut",
        "caut",
        "aram",
        "axtar",
        "検索",
        "搜索",
        "搜尋",
        "搜寻",
        "검색",
        "tìm",
        "penelusur",
        "pencari",
        "telusur",
        "carian",
        "paghahanap",
        "ค้นหา",
        "بحث",
        "البحث",
        "جستجو",
        "جستجوی",
        "تلاش",
        "חיפוש",
        "खोज",
        "অনুসন্ধান",
        "αναζήτησ",
        "pretra",
        "iskan",
        "otsi",
        "paieš",
        "meklē",
        "claraq",
    ],
    &[
        "comment",
        "komment",
        "coment",
        "comentari",
        "commenti",
        "reacti",
        "opmerking",
        "коммент",
        "комент",
        "koment",
        "yorum",
        "şərh",
        "コメント",
        "评论",
        "評論",
        "留言",
        "댓글",
        "bình",
        "komentář",
        "σχόλι",
        "تعليق",
        "نظرات",
        "تبصر",
        "תגוב",
        "टिप्पणि",
        "মন্তব্য",
        "ความคิดเห็น",
    ],
    &[
        "subscri",
        "abo",
        "abos",
        "abonn",
        "abbon",
        "iscrizion",
        "suscrip",
        "inscriç",
        "inscric",
        "assinatur",
        "подпис",
        "підпис",
        "абонам",
        "subskr",
        "odběr",
        "odber",
        "feliratk",
        "prenumerat",
        "tilauk",
        "登録",
        "订阅",
        "訂閱",
        "구독",
        "đăng",
        "langgan",
        "συνδρομ",
        "اشتراك",
        "اشتراکات",
        "מינוי",
        "सदस्यता",
        "pretplat",
    ],
    &[
        "chat",
        "чат",
        "チャット",
        "聊天",
        "채팅",
        "sohbet",
        "messag",
        "nachricht",
        "mensaj",
        "mensag",
        "messagg",
        "сообщ",
        "повідом",
        "wiadomo",
        "zpráv",
        "mesaj",
        "bericht",
        "meddeland",
        "beskede",
        "melding",
        "viesti",
        "μήνυμα",
        "μηνύματ",
        "メッセージ",
        "消息",
        "訊息",
        "메시지",
        "inbox",
        "mail",
        "email",
        "posteingang",
        "رسائل",
        "הודע",
    ],
    &[
        "payment",
        "zahlung",
        "paiement",
        "pago",
        "pagament",
        "pagos",
        "betaling",
        "betalning",
        "platb",
        "płatno",
        "ödeme",
        "плат",
        "支払",
        "付款",
        "결제",
        "maksu",
        "purchase",
        "einkäuf",
        "achat",
        "compra",
        "acquist",
        "purchas",
        "receipt",
        "rechnung",
        "invoice",
        "billing",
    ],
    &[
        "address",
        "adress",
        "adresse",
        "direcci",
        "indirizz",
        "endereç",
        "адрес",
        "contact",
        "kontakt",
        "contatt",
        "контакт",
        "password",
        "passwort",
        "login",
        "device",
        "gerät",
        "profile",
        "profil",
        "perfil",
        "identit",
        "location",
        "standort",
        "ubicaci",
    ],
    &["review", "rezension", "bewertung", "reseñ", "recension"],
    &["vote", "poll", "umfrag", "abstimm"],
];

/// Whether a name has a word that begins like one of the private ones. Scripts without spaces have
/// no beginnings of words.
pub(super) fn is_private(name: &str) -> bool {
    let mut words = name.split(|c: char| !c.is_alphanumeric() && !is_combining(c));
    let begins = |word: &str| {
        PRIVATE_WORDS.iter().flat_map(|words| words.iter()).any(|private| {
            let is_east_asian = private.chars().any(|c| c >= '\u{2e80}');
            match private.len() {
                _ if is_east_asian => word.contains(private),
                // Short stems have to be the word but for an ending, or much would begin with them.
                ..=3 => word.strip_prefix(private).is_some_and(|end| end.len() <= 1),
                _ => word.starts_with(private),
            }
        })
    };
    words.any(begins)
}

/// Marks that belong to the letter before, as Indic vowels do.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{65f}' | '\u{900}'..='\u{e7f}')
}

/// Whether the name of a file contains `part`, which is lower case.
pub(super) fn is_named(path: &Path, part: &str) -> bool {
    name_in_lower_case(path).contains(part)
}

/// The name of a file without its folders; empty where a path has none.
pub(super) fn name_in_lower_case(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Judges a file in a folder that the user named: all data files but private ones.
pub(super) fn judge_file(path: &str) -> NameVerdict {
    judge(path, |_| true)
}

/// Judges an entry of an archive: names that promise history are opened, and others looked at.
pub(super) fn judge_entry(path: &str) -> NameVerdict {
    judge(path, |path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let mut hints = FORMATS.iter().flat_map(|format| format.file_hints);
        hints.any(|hint| name.contains(hint)) || path.contains("listens/")
    })
}

fn judge(path: &str, wanted: impl Fn(&str) -> bool) -> NameVerdict {
    let path = path.replace('\\', "/").to_lowercase();
    let path = path.strip_suffix(".gz").unwrap_or(&path);
    let name = path.rsplit('/').next().unwrap_or(path);
    if name.is_empty()
        || (name.starts_with('.') && name != ".scrobbler.log")
        || path.split('/').any(|part| part == "__macosx")
    {
        return NameVerdict::Ignore;
    }
    // Lower case splits some letters in two: composed they are as the list has them.
    let composed: String = path.nfc().collect();
    let mut composed = composed.rsplit('/');
    let named = [composed.next().unwrap_or(""), composed.next().unwrap_or("")];
    if PRIVATE.iter().any(|private| name.starts_with(private))
        || named.into_iter().any(is_private)
        || path.contains("youtube") && name.ends_with(".csv")
    {
        return NameVerdict::LeaveAlone("private: never opened");
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "zip" => NameVerdict::Archive,
        "html" if path.contains("youtube") => {
            NameVerdict::LeaveAlone("web pages are not read: ask Takeout for JSON instead of HTML")
        }
        _ if !DATA.contains(&extension) => NameVerdict::Ignore,
        _ if wanted(path) => NameVerdict::Open,
        _ => NameVerdict::Look,
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
            "lastfm/scrobbles.csv.gz",
            "listens/2025/6.jsonl",
            "feedback.jsonl",
            "Apple Music Activity/Apple Music Play Activity.csv",
            "lb/.scrobbler.log",
        ] {
            assert_eq!(judge_entry(name), NameVerdict::Open, "{name}");
        }
        for name in [
            "Takeout/YouTube と YouTube Music/履歴/再生履歴.json",
            "Takeout/YouTube und YouTube Music/Verlauf/Wiedergabeverlauf.json",
            "Verlauf/Wiedergabeverlauf.json",
            "geschiedenis/kijkgeschiedenis.json",
            "记录/观看记录.json",
            "historique/watch-historique.json",
            "spotify/2014-2018.json",
            "letters.json",
            "about.json",
        ] {
            assert_eq!(judge_entry(name), NameVerdict::Look, "{name}");
        }
        for name in [
            "Spotify Account Data/Userdata.json",
            "Spotify Account Data/Payments.json",
            "Spotify Account Data/SearchQueries.json",
            "Takeout/YouTube and YouTube Music/history/search-history.json",
            "user.json",
            "Takeout/YouTube und YouTube Music/Verlauf/Suchverlauf.json",
            "Verlauf/Suchverlauf.json",
            "geschiedenis/zoekgeschiedenis.json",
            "historial/historial-de-búsqueda.json",
            "historial/historial-de-bu\u{301}squeda.json",
            "histórico/histórico-de-pesquisa.json",
            "historique/historique-des-recherches.json",
            "履歴/検索履歴.json",
            "история/история поиска.json",
            "Kommentare/Kommentare.csv",
            "commentaires/commentaires.csv",
            "Takeout/YouTube und YouTube Music/Abos/Abos.csv",
            "abonnements/abonnements.csv",
            "Live-Chats/Live-Chats.csv",
            "Takeout/YouTube en YouTube Music/wat dan ook/onbekend.csv",
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
