//! Names that say nothing: what programs write for an artist whom they do not know, and titles that
//! half of all albums have. A work is not told by them.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;
use segue_core::{Track, TrackId, WorkId};

use super::normalise::normalise;
use super::title::Title;

/// Longest part of an id that is made of an album.
const LONGEST_MARK: usize = 120;
/// Lengths of one recording differ by less than this between sources, as a rule.
const LENGTH_STEP_MS: u32 = 10_000;

/// Whether a name stands for an artist who is not known, or for many: `<unknown>`, `Various
/// Artists`, and what they are called in the languages of players.
///
/// ```
/// use segue_ingest::identity::is_placeholder;
///
/// assert!(is_placeholder("<unknown>") && is_placeholder("Verschiedene Interpreten"));
/// assert!(!is_placeholder("The Unknowns"));
/// ```
pub fn is_placeholder(artist: &str) -> bool {
    // The longest of them has 30 characters.
    static NAMES: LazyLock<FxHashSet<&str>> =
        LazyLock::new(|| PLACEHOLDERS.iter().copied().collect());
    artist.len() <= 80 && NAMES.contains(normalise(artist).as_str())
}

/// Normalised, one line a language or so.
#[rustfmt::skip]
const PLACEHOLDERS: &[&str] = &[
    "unknown", "unknown artist", "unknown artists", "unknown performer", "untagged",
    "no artist", "artist unknown", "unknown interpret", "undefined", "null", "not available",
    "various", "various artists", "various artist", "va", "v a", "various interprets",
    "various performers", "multiple artists", "release", "varios", "unbekannt",
    "unbekannter interpret", "unbekannter kunstler", "unbekannte interpreten",
    "unbekannte kunstler", "verschiedene", "verschiedene interpreten", "verschiedene kunstler",
    "diverse", "diverse interpreten", "diverse kunstler", "artiste inconnu",
    "interprete inconnu", "inconnu", "artistes inconnus", "artistes divers", "artistes varies",
    "divers", "divers artistes", "multi interpretes", "compilation", "artista desconocido",
    "interprete desconocido", "desconocido", "varios artistas", "varios interpretes",
    "artistas varios", "artistas diversos", "interpretes varios", "artista desconhecido",
    "desconhecido", "artistas desconhecidos", "artista sconosciuto", "sconosciuto",
    "autore sconosciuto", "interprete sconosciuto", "artisti vari", "vari artisti", "aavv",
    "aa vv", "autori vari", "artista desconegut", "diversos artistes", "artistes diversos",
    "onbekend", "onbekende artiest", "diverse artiesten", "verschillende artiesten", "okand",
    "okand artist", "blandade artister", "diverse artister", "flera artister", "ukendt",
    "ukendt kunstner", "diverse kunstnere", "forskellige kunstnere", "ukjent", "ukjent artist",
    "tuntematon", "tuntematon esittaja", "tuntematon artisti", "eri esittajia", "eri artisteja",
    "useita artisteja", "nieznany", "nieznany wykonawca", "nieznany artysta", "rozni wykonawcy",
    "rozni artysci", "neznamy", "neznamy interpret", "neznamy umelec", "ruzni interpreti",
    "ruzni umelci", "rozni interpreti", "rozni umelci", "ismeretlen", "ismeretlen eloado",
    "kulonbozo eloadok", "tobb eloado", "vegyes eloadok", "artist necunoscut", "necunoscut",
    "diversi artisti", "artisti diversi", "nepoznati izvodac", "nepoznat izvodac",
    "razni izvodaci", "neznan izvajalec", "razlicni izvajalci", "неизвестно", "неизвестен",
    "неизвестныи", "неизвестныи исполнитель", "неизвестныи артист", "разные исполнители",
    "различные исполнители", "разные артисты", "сборник", "невідомии", "невідомии виконавець",
    "різні виконавці", "неизвестен изпълнител", "разни изпълнители", "различни изпълнители",
    "непознати извођач", "разни извођачи", "αγνωστο", "αγνωστοσ", "αγνωστοσ καλλιτεχνησ",
    "διαφοροι καλλιτεχνεσ", "διαφοροι", "bilinmeyen", "bilinmeyen sanatci",
    "cesitli sanatcilar", "cesitli", "nghe si khong xac dinh", "khong ro nghe si",
    "nhieu nghe si", "artis tidak dikenal", "artis tidak diketahui", "berbagai artis",
    "pelbagai artis", "不明", "不明なアーティスト", "アーティスト不明", "ヴァリアスアーティスト", "ヴァリアス アーティスト",
    "ヴァリアス アーティスツ", "バリアス アーティスト", "オムニバス", "未知", "未知艺术家", "未知藝術家", "未知歌手", "未知艺人", "未知藝人",
    "群星", "多位艺术家", "各种艺人", "各種藝人", "合辑", "合輯", "华语群星", "알 수 없음", "알 수 없는 아티스트", "알 수 없는 음악가",
    "여러 아티스트", "다양한 아티스트", "فنان غير معروف", "غير معروف", "فنانون متنوعون", "فنانين متنوعين",
    "هنرمند ناشناس", "אמן לא ידוע", "לא ידוע", "אמנים שונים", "अज्ञात कलाकार", "विभिन्न कलाकार",
    "ศิลปินที่ไม่รู้จัก", "ไม่ทราบชื่อศิลปิน", "ศิลปินหลายคน",
];

/// Titles that many albums of one artist have, without what numbers them; normalised.
#[rustfmt::skip]
const GENERIC_TITLES: &[&str] = &[
    "intro", "introduction", "introduccion", "introduzione", "introducao", "introduktion",
    "einleitung", "outro", "interlude", "interludio", "interludium", "intermezzo",
    "intermission", "skit", "prelude", "preludio", "preludium", "praludium", "prologue",
    "prologo", "prolog", "epilogue", "epilogo", "epilog", "vorspiel", "zwischenspiel",
    "nachspiel", "overture", "ouverture", "obertura", "opening", "ending", "finale", "encore",
    "reprise", "theme", "main theme", "main title", "main titles", "end title", "end titles",
    "end credits", "untitled", "untitled track", "no title", "ohne titel", "sans titre",
    "sin titulo", "senza titolo", "sem titulo", "hidden track", "bonus track", "bonus",
    "ghost track", "silence", "track", "audio track", "audiotrack", "title", "titel", "piste",
    "pista", "traccia", "faixa", "nummer", "spor", "spar", "raita", "utwor", "stopa", "skladba",
    "sciezka", "parca", "piesa", "unknown", "unknown track", "unknown title", "unknown song",
    "unbekannt", "unbekannter titel", "titre inconnu", "titulo desconocido",
    "titolo sconosciuto", "brano sconosciuto", "allegro", "allegretto", "andante", "andantino",
    "adagio", "largo", "larghetto", "presto", "vivace", "moderato", "menuetto", "menuet",
    "minuet", "scherzo", "rondo", "aria", "recitativo", "интро", "аутро", "вступление",
    "интерлюдия", "скит", "пролог", "эпилог", "трек", "дорожка", "без названия", "неизвестно",
    "εισαγωγη", "イントロ", "アウトロ", "インタールード", "序曲", "前奏", "間奏", "無題", "トラック", "曲目", "前奏曲", "인트로",
    "아웃트로", "트랙", "无题", "曲", "音轨",
];

/// Tells tracks apart whose names are shared: by album, or by length where no album is known. It
/// is for tracks whose work was made of their names. Returns the id that the track had if it has
/// another one now.
pub(crate) fn tell_apart(track: &mut Track) -> Option<TrackId> {
    let (artist, title) = track.work.as_str().split_once(WorkId::SEPARATOR)?;
    if !artist.is_empty() && !is_generic(title) {
        return None;
    }
    let mark = mark(track)?;
    let marked = |id: &str| format!("{id}{}{mark}", WorkId::SEPARATOR);
    track.work = WorkId::new(marked(track.work.song()));
    if !track.id.as_str().starts_with("name:") {
        return None;
    }
    let id = TrackId::new(marked(track.id.as_str()));
    Some(std::mem::replace(&mut track.id, id))
}

fn mark(track: &Track) -> Option<String> {
    let album = track.album.as_deref().filter(|album| !is_placeholder_album(album));
    let mut mark = match (album, track.duration_ms()) {
        (Some(album), _) => Title::parse(album).core(),
        (None, Some(ms)) => format!("{} s", (ms + LENGTH_STEP_MS / 2) / LENGTH_STEP_MS * 10),
        (None, None) => return None,
    };
    while mark.len() > LONGEST_MARK {
        mark.pop();
    }
    Some(mark)
}

fn is_placeholder_album(album: &str) -> bool {
    matches!(
        normalise(album).as_str(),
        "" | "unknown"
            | "unknown album"
            | "untagged"
            | "unbekannt"
            | "unbekanntes album"
            | "album inconnu"
            | "album desconocido"
            | "album sconosciuto"
            | "album desconhecido"
            | "неизвестныи альбом"
            | "不明なアルバム"
            | "未知专辑"
            | "null"
    )
}

/// Whether a normalised title is one of many, whatever its number: `track 01`, `skit 2`,
/// `interlude iii`.
pub(super) fn is_generic(title: &str) -> bool {
    static TITLES: LazyLock<FxHashSet<&str>> =
        LazyLock::new(|| GENERIC_TITLES.iter().copied().collect());
    if title.len() > 40 {
        return false;
    }
    let is_number = |word: &str| {
        word.bytes().all(|b| b.is_ascii_digit())
            || word.len() <= 4 && word.bytes().all(|b| matches!(b, b'i' | b'v' | b'x'))
    };
    let mut named = title.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
    while let Some((before, last)) = named.rsplit_once(' ')
        && (is_number(last) || last == "no")
    {
        named = before;
    }
    if let Some((first, rest)) = named.split_once(' ')
        && is_number(first)
    {
        named = rest;
    }
    TITLES.contains(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_and_generic_title_is_written_as_it_is_compared() {
        for name in PLACEHOLDERS.iter().chain(GENERIC_TITLES) {
            assert_eq!(normalise(name), *name);
        }
    }

    #[test]
    fn artists_nobody_knows_are_none() {
        for name in [
            "<unknown>",
            "[unknown]",
            "Unknown Artist",
            "UNKNOWN ARTIST",
            "<Untagged>",
            "Various Artists",
            "V.A.",
            "Unbekannter Künstler",
            "Artiste inconnu",
            "Artista sconosciuto",
            "Různí interpreti",
            "Różni wykonawcy",
            "Неизвестный исполнитель",
            "Διάφοροι Καλλιτέχνες",
            "Çeşitli Sanatçılar",
            "ヴァリアス・アーティスト",
            "알 수 없는 아티스트",
        ] {
            assert!(is_placeholder(name), "{name}");
        }
        for name in ["Unknown Mortal Orchestra", "Various Production", "The Unknown", "Vae Solis"] {
            assert!(!is_placeholder(name), "{name}");
        }
    }

    fn told_apart(artist: &str, title: &str, album: Option<&str>, seconds: f32) -> Track {
        let mut track = super::super::named_track(None, vec![artist.to_owned()], title);
        track.album = album.map(str::to_owned);
        track.features.set(segue_core::AudioFeature::DurationMs, seconds * 1000.0);
        tell_apart(&mut track);
        track
    }

    #[test]
    fn names_that_many_share_are_told_apart_by_album_or_else_by_length() {
        let ids = |tracks: &[Track]| {
            let ids = tracks.iter().map(|track| (track.id.clone(), track.work.clone()));
            ids.collect::<std::collections::BTreeSet<_>>().len()
        };
        let unknown = [
            told_apart("<unknown>", "Track 01", Some("Mixtape"), 181.0),
            told_apart("<unknown>", "Track 01", Some("Kammermusik"), 612.0),
            told_apart("[unknown]", "Track 01", None, 45.0),
            told_apart("Various Artists", "Glas", Some("Mixtape"), 200.0),
            told_apart("Various Artists", "Glas", Some("Sommer"), 200.0),
        ];
        assert_eq!(ids(&unknown), 5);
        assert!(unknown.iter().all(|track| track.artists.is_empty()));
        let intros = [
            told_apart("Die Laternen", "Intro", Some("Erstes"), 62.0),
            told_apart("Die Laternen", "INTRO", Some("Erstes (Deluxe Edition)"), 62.0),
            told_apart("Die Laternen", "Intro", Some("Zweites"), 62.0),
            told_apart("Die Laternen", "Intro (Live)", Some("Zweites"), 62.0),
        ];
        let works: Vec<&str> = intros.iter().map(|track| track.work.as_str()).collect();
        let [first, second] = ["erstes", "zweites"].map(|a| format!("die laternen␟intro␟{a}"));
        assert_eq!(works, [&first, &first, &second, &second]);
        assert!(intros.iter().all(|track| track.work.song() == "die laternen␟intro"));
        let songs = [
            told_apart("Die Laternen", "Kupferblau", Some("Erstes"), 200.0),
            told_apart("Die Laternen", "Kupferblau", Some("Zweites"), 200.0),
        ];
        assert_eq!(ids(&songs), 1, "a song stays one wherever it is");
        assert_eq!(songs[0].work.as_str(), "die laternen␟kupferblau");
    }

    #[test]
    fn numbers_do_not_make_a_title_special() {
        for title in ["intro", "track 01", "track01", "skit 2", "interlude iii", "01 intro"] {
            assert!(is_generic(title), "{title}");
        }
        for title in ["1979", "22", "track of my tears", "intro to a song", "iv", "xxx", "no 1"] {
            assert!(!is_generic(title), "{title}");
        }
    }
}
