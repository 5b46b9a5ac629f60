//! Reads the HTML that the views write, as far as the tests need it: maud closes what it opens and
//! quotes every attribute.

/// A tag with its attributes, decoded.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// Whether it closes an element.
    pub(super) closes: bool,
    /// The text up to the next tag.
    pub(super) text: String,
}

impl Tag {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

const VOID: &[&str] = &["meta", "link", "input", "br", "img"];

/// All tags in order. Panics where a browser would have to guess: an unquoted value, an element
/// left open.
pub(super) fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(begin) = rest.find('<') {
        let (tag, after) = tag(&rest[begin + 1..]);
        rest = after;
        let text = decoded(&rest[..rest.find('<').unwrap_or(rest.len())]);
        let Some((name, attributes, closes)) = tag else { continue };
        if closes {
            assert_eq!(open.pop().as_ref(), Some(&name), "`</{name}>` closes another element");
        } else if !VOID.contains(&name.as_str()) {
            open.push(name.clone());
        }
        tags.push(Tag { name, attributes, closes, text });
    }
    assert!(open.is_empty(), "left open: {open:?}");
    tags
}

type Read = (String, Vec<(String, String)>, bool);

/// The tag at the beginning of `text`, and what follows it; `None` is the doctype.
fn tag(text: &str) -> (Option<Read>, &str) {
    let name_end = text.find(|c: char| c.is_whitespace() || c == '>').expect("a tag ends");
    let name = &text[..name_end];
    let mut attributes = Vec::new();
    let mut rest = text[name_end..].trim_start();
    if name == "!DOCTYPE" {
        return (None, rest.split_once('>').expect("a tag ends").1);
    }
    while !rest.starts_with('>') {
        let end = rest.find(['=', ' ', '>']).expect("an attribute ends");
        let attribute = rest[..end].to_owned();
        rest = &rest[end..];
        let mut value = "";
        if let Some(quoted) = rest.strip_prefix('=') {
            (value, rest) = quoted
                .strip_prefix('"')
                .expect("a value is quoted")
                .split_once('"')
                .expect("a quote ends");
        }
        attributes.push((attribute, decoded(value)));
        rest = rest.trim_start();
    }
    let closes = name.starts_with('/');
    (Some((name.trim_start_matches('/').to_owned(), attributes, closes)), &rest[1..])
}

fn decoded(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// What an element at `position` says: all text in it.
pub(super) fn says(tags: &[Tag], position: usize) -> String {
    let mut depth = 0usize;
    let mut said = String::new();
    for tag in &tags[position..] {
        let void = VOID.contains(&tag.name.as_str());
        match (tag.closes, void) {
            (true, _) => depth -= 1,
            (false, false) => depth += 1,
            (false, true) => {}
        }
        if depth == 0 {
            break;
        }
        said.push_str(&tag.text);
    }
    said.trim().to_owned()
}
