//! Text that is to stand in XML.

/// A text without the characters that XML cannot hold, however they are written.
pub(crate) fn fit_for_xml(text: &str) -> String {
    text.chars().filter(|&character| is_allowed(character)).collect()
}

/// Characters of XML 1.0, section 2.2.
fn is_allowed(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..
    )
}
