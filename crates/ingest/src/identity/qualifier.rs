//! What the words in brackets or behind a dash mean: guests, packaging, a version, or a part of the
//! title itself.

use segue_core::Version;

use super::normalise::normalise;

/// What a piece of a title is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Qualifier {
    /// Words of the title.
    Core,
    /// The names of guests.
    Guests,
    /// Words that change nothing about the song: "explicit", "album version".
    Packaging,
    /// How this recording differs.
    Version(Version),
}

/// Qualifiers longer than this are prose and belong to the title, unless their first words already
/// decide.
const MOST_WORDS: usize = 6;

/// Reads a qualifier: what it means, and its normalised text.
pub(super) fn classify(text: &str) -> (Qualifier, String) {
    let normalised = normalise(text);
    let meaning = match spelled_out(text) {
        Some(spelled) => meaning_of(text, &normalise(&spelled)),
        None => meaning_of(text, &normalised),
    };
    (meaning, normalised)
}

/// A qualifier with words in the place of signs, where it has such signs.
fn spelled_out(text: &str) -> Option<String> {
    let guests = text.trim_start().strip_prefix("w/").map(|guests| format!("with {guests}"));
    guests.or_else(|| text.contains('@').then(|| text.replace('@', " at ")))
}

fn meaning_of(text: &str, normalised: &str) -> Qualifier {
    let mut words: Vec<&str> = normalised.split(' ').filter(|word| !word.is_empty()).collect();
    for word in &mut words {
        if *word == "ver" || *word == "vers" {
            *word = "version";
        }
    }
    if names_guests(&words) {
        return Qualifier::Guests;
    }
    if is_live(&words) {
        return Qualifier::Version(Version::Live);
    }
    if let Some(version) = version_in(&words) {
        return Qualifier::Version(version);
    }
    if is_packaging(&words, text) { Qualifier::Packaging } else { Qualifier::Core }
}

/// Where a list of guests begins in text without brackets, if it does: at a word such as "feat."
/// with words on both sides.
pub(super) fn guests_begin(text: &str) -> Option<usize> {
    if !text.contains(['f', 'F']) {
        return None;
    }
    let text = text.trim_end();
    let mut before: Option<&str> = None;
    for word in text.split_whitespace() {
        let at = word.as_ptr() as usize - text.as_ptr() as usize;
        let more = at + word.len() < text.len();
        if more
            && word.starts_with(['f', 'F'])
            && is_feat(word.trim_end_matches('.'))
            && before.is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_digit()))
        {
            return Some(at);
        }
        before = Some(word);
    }
    None
}

fn is_feat(word: &str) -> bool {
    ["feat", "ft", "featuring"].iter().any(|feat| word.eq_ignore_ascii_case(feat))
}

/// Guests, or who produced it.
fn names_guests(words: &[&str]) -> bool {
    match words {
        [] | [_] => false,
        ["duet" | "duetto" | "duo" | "duett", "with" | "con" | "avec" | "mit", ..] => true,
        ["prod" | "produced" | "produziert" | "produit" | "producido" | "prodby", ..] => true,
        ["with" | "con" | "avec" | "mit" | "com" | "med" | "met", second, ..] => {
            !PRONOUNS.contains(second)
        }
        ["при", "участии", _, ..] => true,
        [first, ..] => is_feat(first),
    }
}

/// Whom a song is sung to rather than with.
const PRONOUNS: [&str; 29] = [
    "me", "you", "us", "him", "her", "them", "or", "out", "moi", "toi", "nous", "vous", "lui",
    "elle", "mir", "dir", "ihm", "ihr", "uns", "euch", "ihnen", "mig", "dig", "mij", "jou", "voce",
    "mim", "migo", "tigo",
];

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}

fn is_remaster(word: &str) -> bool {
    word.starts_with("remaster")
        || word.starts_with("rimasterizzat")
        || word.starts_with("ремастер")
        || word.contains("リマスター")
        || word == "mastered"
}

/// "live" with nothing but a date or a kind before it and a place or a kind behind it, or the same
/// in other languages.
fn is_live(words: &[&str]) -> bool {
    if let ["recorded" | "recording" | "performed", "at" | "in" | "on" | "live" | "for", ..] = words
    {
        return true;
    }
    if words.windows(2).any(|pair| LIVE_PHRASES.contains(&(pair[0], pair[1])))
        && words.len() <= MOST_WORDS
    {
        return true;
    }
    if words.len() <= MOST_WORDS
        && matches!(words.last(), Some(&("session" | "sessions" | "ライブ")))
    {
        return true;
    }
    let Some(at) = words.iter().position(|&word| word == "live") else { return false };
    let before_fits = words[..at]
        .iter()
        .all(|word| is_number(word) || is_remaster(word) || LIVE_BEFORE.contains(word));
    let after_fits = words
        .get(at + 1)
        .is_none_or(|word| is_number(word) || is_remaster(word) || LIVE_AFTER.contains(word));
    before_fits && after_fits
}

const LIVE_PHRASES: [(&str, &str); 8] = [
    ("en", "direct"),
    ("na", "zywo"),
    ("ao", "vivo"),
    ("en", "vivo"),
    ("dal", "vivo"),
    ("en", "directo"),
    ("in", "concert"),
    ("en", "concert"),
];

const LIVE_BEFORE: [&str; 14] = [
    "acoustic",
    "recorded",
    "unplugged",
    "bbc",
    "mtv",
    "original",
    "version",
    "session",
    "mono",
    "stereo",
    "official",
    "medley",
    "radio",
    "bonus",
];

const LIVE_AFTER: [&str; 42] = [
    "at",
    "in",
    "from",
    "on",
    "version",
    "session",
    "sessions",
    "acoustic",
    "recording",
    "performance",
    "edit",
    "album",
    "medley",
    "bonus",
    "video",
    "studio",
    "lounge",
    "a",
    "en",
    "aus",
    "im",
    "bei",
    "dal",
    "unplugged",
    "concert",
    "mix",
    "take",
    "remix",
    "demo",
    "bbc",
    "mono",
    "stereo",
    "single",
    "for",
    "with",
    "auf",
    "bootleg",
    "to",
    "instrumental",
    "radio",
    "mtv",
    "outtake",
];

fn version_in(words: &[&str]) -> Option<Version> {
    if words.is_empty() || words.len() > MOST_WORDS {
        return None;
    }
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    let pair = |a: &str, b: &str| words.windows(2).any(|pair| pair == [a, b]);

    if has(&[
        "remix",
        "remixed",
        "remixes",
        "rmx",
        "rework",
        "reworked",
        "refix",
        "mashup",
        "nightcore",
    ]) {
        return Some(Version::Remix);
    }
    if pair("sped", "up") || pair("speed", "up") || has(&["slowed"]) {
        return Some(Version::Remix);
    }
    if has(&["instrumental", "karaoke"]) || pair("backing", "track") {
        return Some(Version::Instrumental);
    }
    if has(&[
        "acoustic",
        "unplugged",
        "acustico",
        "acustica",
        "akustik",
        "akustisch",
        "akustyczna",
        "acoustique",
        "акустика",
        "アコースティック",
    ]) || pair("piano", "version")
        || pair("stripped", "version")
        || words == ["stripped"]
    {
        return Some(Version::Acoustic);
    }
    if has(&["demo", "demos", "outtake", "rehearsal"])
        || pair("early", "version")
        || pair("rough", "mix")
        || pair("home", "recording")
        || matches!(words, ["alternate" | "alternative" | "alt", "take" | "version" | "mix", ..])
        || words
            .windows(2)
            .any(|pair| matches!(pair, ["take" | "early", n] if is_number(n) || *n == "take"))
    {
        return Some(Version::Demo);
    }
    last_word_version(words)
        .or_else(|| words.iter().any(|word| is_remaster(word)).then_some(Version::Remaster))
}

/// Versions that are decided by how the qualifier ends: "… mix", "… edit", "… version", "… dub".
fn last_word_version(words: &[&str]) -> Option<Version> {
    let (last, before) = words.split_last()?;
    let cut = before.iter().any(|word| {
        matches!(
            *word,
            "radio"
                | "single"
                | "extended"
                | "short"
                | "long"
                | "video"
                | "tv"
                | "inch"
                | "7"
                | "12"
                | "full"
                | "length"
                | "7inch"
                | "12inch"
        )
    });
    let same_hand = before.iter().any(|word| matches!(*word, "mono" | "stereo"))
        || matches!(before, [year] if year.len() == 4 && is_number(year));
    let original = matches!(before, ["original" | "main" | "album" | "final"]);
    match *last {
        "extended" if before.is_empty() => Some(Version::Edit),
        "edit"
            if before.is_empty()
                || cut
                || matches!(
                    before,
                    ["album" | "club" | "clean" | "explicit" | "original" | "vocal"]
                ) =>
        {
            Some(Version::Edit)
        }
        "edit" => Some(Version::Remix),
        "mix" | "version" if cut => Some(Version::Edit),
        "size" if matches!(before, ["tv" | "anime" | "movie" | "short"]) => Some(Version::Edit),
        "mix" | "version" if same_hand => Some(Version::Remaster),
        "mono" | "stereo" if before.is_empty() => Some(Version::Remaster),
        // The artist's own new recording, which is nearer to a remaster than to anything else that
        // there is a word for.
        "version" if matches!(before.last(), Some(&("taylors" | "rerecorded" | "recorded"))) => {
            Some(Version::Remaster)
        }
        "rerecorded" | "recorded" if before.len() <= 1 => Some(Version::Remaster),
        "version" if before.last() == Some(&"dub") => Some(Version::Remix),
        "mix" if !original && !before.is_empty() => Some(Version::Remix),
        "dub" | "bootleg" | "vip" => Some(Version::Remix),
        "flip" if !before.is_empty() => Some(Version::Remix),
        _ => None,
    }
}

fn is_packaging(words: &[&str], text: &str) -> bool {
    match words {
        ["official", ..] if words.len() <= 4 => true,
        ["original", "version", year] if is_year(year) => true,
        ["original" | "main", "mix" | "version"] => true,
        ["spotify", "singles"] | ["m", "v"] => true,
        ["from", "the", "vault"] => true,
        ["from", ..] => {
            text.contains(['"', '“', '”', '«', '「'])
                || words.iter().any(|word| {
                    matches!(
                        *word,
                        "soundtrack" | "motion" | "film" | "movie" | "series" | "musical"
                    )
                })
        }
        _ => {
            words.len() <= MOST_WORDS
                && words.iter().any(|word| PACKAGING.contains(word))
                && words.iter().all(|word| PACKAGING.contains(word) || BESIDE.contains(word))
        }
    }
}

/// Words about the file and not about the song, in the languages of uploads.
#[rustfmt::skip]
const PACKAGING: &[&str] = &[
    "explicit", "clean", "uncensored", "censored", "deluxe", "bonus", "audio", "hd", "hq", "uhd",
    "4k", "8k", "1080p", "720p", "60fps", "cover", "single", "original", "album", "lp", "studio",
    "standard", "premiere", "official", "oficial", "ufficiale", "officiel", "officielle",
    "offiziell", "offizielle", "offizieller", "offizielles", "officiell", "officieel", "officiele",
    "oficjalny", "oficjalne", "oficjalna", "oficialni", "resmi", "virallinen", "hivatalos",
    "официальныи", "официальное", "официальная", "офіціине", "επισημο", "公式", "video", "videos",
    "videoclip", "videoclipe", "videoklip", "musicvideo", "musikvideo", "clip", "klip", "teledysk",
    "клип", "видео", "видеоклип", "відео", "кліп", "mv", "pv", "lyric", "lyrics", "letra",
    "letras", "legendado", "testo", "paroles", "songtext", "tekst", "текст", "στιχοι", "歌詞",
    "stream", "streaming", "visualizer", "visualiser", "visualizador", "visual", "аудио", "aудио",
];

/// Words that stand beside those and mean nothing by themselves.
#[rustfmt::skip]
const BESIDE: &[&str] = &[
    "track", "song", "music", "musik", "musique", "musical", "musicale", "musica", "mix", "version",
    "versione", "versie", "edition", "full", "new", "the", "with", "con", "and", "y", "e", "et",
    "und", "de", "del", "da", "di", "in", "sub", "subtitulado", "quality", "high",
];

fn is_year(word: &str) -> bool {
    word.len() == 4 && is_number(word) && (word.starts_with("19") || word.starts_with("20"))
}

/// Whether a piece of a title is a year and nothing else.
pub(super) fn is_year_alone(text: &str) -> bool {
    is_year(&normalise(text))
}
