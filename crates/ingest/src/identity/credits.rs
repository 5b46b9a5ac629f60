//! Artists out of the texts in which sources credit them.

use super::qualifier::guests_begin;
use super::shared::is_placeholder;

/// What parts artists and is in nobody's name. `\\` is how taggers join, one of them escaped.
const SEPARATORS: [&str; 5] = [" • ", ";", "\\", " / ", "\u{0}"];

/// The artists that a source credits, the main one first: a text that joins several is parted where
/// the joint is in nobody's name, guests follow, and what only stands for an artist is left out. A
/// source that lists several artists has parted them itself.
///
/// Commas, `&` and `x` are in names ("Tyler, The Creator"), so they part nothing here.
///
/// ```
/// use segue_ingest::identity::credited;
///
/// assert_eq!(credited(["A • B"]), ["A", "B"]);
/// assert_eq!(credited(["A feat. B"]), ["A", "B"]);
/// assert_eq!(credited(["Tyler, The Creator"]), ["Tyler, The Creator"]);
/// ```
pub fn credited<'t>(names: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let names: Vec<&str> = names.into_iter().collect();
    let parts = match names[..] {
        [name] => parted(name),
        _ => names,
    };
    let mut artists: Vec<String> = Vec::with_capacity(parts.len());
    for part in parts {
        if !part.is_empty() && !is_placeholder(part) && !artists.iter().any(|a| a == part) {
            artists.push(part.to_owned());
        }
    }
    artists
}

fn parted(name: &str) -> Vec<&str> {
    let mut parts = vec![name];
    for separator in SEPARATORS {
        if name.contains(separator) {
            parts = parts.into_iter().flat_map(|part| part.split(separator)).collect();
        }
    }
    parts.into_iter().flat_map(with_guests).map(str::trim).collect()
}

/// A main artist and the guests behind a word such as "feat.", in brackets or not.
fn with_guests(name: &str) -> Vec<&str> {
    let bracket = name.trim_end().strip_suffix([')', ']']).and_then(|open| {
        let (main, inside) = open.split_once(['(', '['])?;
        let (word, guests) = inside.split_once(' ')?;
        (is_feat(word) && !main.trim().is_empty()).then_some((main, guests))
    });
    if let Some((main, guests)) = bracket {
        return vec![main, guests];
    }
    let Some(at) = guests_begin(name) else { return vec![name] };
    let guests = name[at..].split_once(char::is_whitespace).map_or("", |(_, guests)| guests);
    vec![&name[..at], guests]
}

fn is_feat(word: &str) -> bool {
    let word = word.trim_end_matches('.');
    ["feat", "ft", "featuring"].iter().any(|feat| word.eq_ignore_ascii_case(feat))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joints_that_are_in_nobodys_name_part_artists() {
        for joined in [
            "Die Laternen • Mira Sol",
            "Die Laternen; Mira Sol",
            "Die Laternen;Mira Sol",
            "Die Laternen / Mira Sol",
            "Die Laternen\\\\Mira Sol",
            "Die Laternen feat. Mira Sol",
            "Die Laternen ft Mira Sol",
            "Die Laternen (feat. Mira Sol)",
            "Die Laternen [Featuring Mira Sol]",
            "Die Laternen • Mira Sol • Die Laternen",
        ] {
            assert_eq!(credited([joined]), ["Die Laternen", "Mira Sol"], "{joined}");
        }
        for name in [
            "Earth, Wind & Fire",
            "AC/DC",
            "Simon & Garfunkel",
            "Malcolm X",
            "Feat",
            "Sunn O)))",
            "(feat.)",
            "Sigur Rós",
        ] {
            assert_eq!(credited([name]), [name], "{name}");
        }
        assert_eq!(credited(["A", "B; C"]), ["A", "B; C"], "a list is parted already");
        assert_eq!(credited(["<unknown>", ""]), Vec::<String>::new());
    }
}
