//! How the files of an upload are understood, before any of it is kept: one calm card for each kind
//! of file, and two buttons above them, so that whoever brought the usual export presses one.

use maud::{Markup, html};

use super::urls;
use super::words::{self, Words};

/// Names of files that a card lists; of more it says how many.
const MOST_NAMES: usize = 3;

/// An upload that waits for somebody to say whether it is to be read.
#[derive(Clone, Debug, Default)]
pub struct HeldView {
    /// The world among the files, if there is one.
    pub world: Option<WorldCard>,
    /// What would be read. Files of one format with the same columns are one kind, so that an
    /// export of twelve files is one card.
    pub kinds: Vec<KindView>,
    /// Files that cannot be read, by name, each with what was found instead: their owner brought
    /// them by name, and is told what to do.
    pub unreadable: Vec<(String, String)>,
    /// Entries of archives that are left alone, each with the reason. Exports are full of them, so
    /// they are folded away.
    pub left_alone: Vec<(String, String)>,
}

/// A world that would be taken into use.
#[derive(Clone, Debug, Default)]
pub struct WorldCard {
    /// The name of its file.
    pub file: String,
    /// Recordings that it knows.
    pub recordings: u64,
    /// People whose listens it sums up.
    pub people: u64,
}

/// Files that are understood in one way.
#[derive(Clone, Debug, Default)]
pub struct KindView {
    /// The name of their format.
    pub format: String,
    /// Their names without folders.
    pub files: Vec<String>,
    /// Rows seen, whatever would become of them.
    pub rows: u64,
    /// Whether there is more behind what was seen.
    pub goes_on: bool,
    /// Columns of a table that are read, each with what it is read as.
    pub columns: Vec<(String, String)>,
    /// Columns of a table that are not read.
    pub unread_columns: Vec<String>,
    /// The first rows as they are understood.
    pub first: Vec<RowView>,
    /// Rows among those seen that would be left out, as reasons in words with their counts.
    pub dropped: Vec<(String, u64)>,
    /// What is odd about them: columns that sound useful and are not read, damage.
    pub notes: Vec<String>,
    /// Whether there are columns that sound useful and are not read.
    pub misses_columns: bool,
}

impl KindView {
    /// What tells its tables from those of other kinds.
    fn first_file(&self) -> &str {
        self.files.first().map_or("", String::as_str)
    }
}

/// A row as it is understood. Empty texts are not shown.
#[derive(Clone, Debug, Default)]
pub struct RowView {
    /// What it is, where it is no play: a like, a track.
    pub what: String,
    /// When it was, in UTC; a day alone where no more is known.
    pub at: String,
    /// The artists.
    pub artist: String,
    /// The title of the track.
    pub title: String,
    /// For how long it was played, in minutes and seconds.
    pub played: String,
}

/// The cards, below what can be done with them.
pub(super) fn view(words: &Words, id: &str, held: &HeldView) -> Markup {
    html! {
        (summary(words, held))
        div.choice {
            @if !held.kinds.is_empty() || held.world.is_some() {
                form method="post" action=(urls::start_import(id)) {
                    button.primary type="submit" autofocus aria-describedby="held-said" { "Import" }
                }
            }
            form method="post" action=(urls::discard_import(id)) {
                button type="submit" { "Discard" }
            }
        }
        @if !held.unreadable.is_empty() { (unreadable(&held.unreadable)) }
        @if let Some(world) = &held.world { (world_card(words, world)) }
        @for kind in &held.kinds { (card(words, kind)) }
        @if !held.left_alone.is_empty() { (left_alone(words, held)) }
    }
}

fn summary(words: &Words, held: &HeldView) -> Markup {
    let mut formats: Vec<(&str, u64)> = Vec::new();
    for kind in &held.kinds {
        let files = kind.files.len() as u64;
        match formats.iter_mut().find(|(format, _)| *format == kind.format) {
            Some((_, more)) => *more += files,
            None => formats.push((&kind.format, files)),
        }
    }
    let told = |(format, files): &(&str, u64)| {
        format!("{format} ({})", words.count(*files, "file", "files"))
    };
    let world = held.world.iter().map(|_| "a world".to_owned());
    let kinds: Vec<String> = formats.iter().map(told).chain(world).collect();
    html! {
        p.lead #held-said {
            @if kinds.is_empty() { "Segue finds nothing in it that it can read." }
            @else { "Nothing is kept yet. Segue reads it as " (words::list(&kinds)) "." }
        }
    }
}

fn world_card(words: &Words, world: &WorldCard) -> Markup {
    html! {
        section.kind {
            h2 { "A world of what other people play" }
            p {
                (words.count(world.recordings, "song", "songs")) ", played by "
                (words.count(world.people, "person", "people"))
                span.small { " · " (world.file) }
            }
            p { "Mixes get new music from it: what people who play your songs play besides. It \
                takes the place of the world in use, if there is one, and holds nobody's history." }
        }
    }
}

fn unreadable(files: &[(String, String)]) -> Markup {
    html! {
        div.note {
            ul { @for (file, why) in files { li { (told(file, why)) } } }
            p { "Send files as the service gave them to you, or a table whose first line names \
                its columns: artist, title, and when it was played." }
        }
    }
}

/// What is said of a file, which may begin with its name.
fn told(file: &str, why: &str) -> Markup {
    match why.strip_prefix(&format!("`{file}` ")) {
        Some(rest) => html! { strong { (file) } " " (rest) },
        None => html! { strong { (file) } ": " (why) },
    }
}

fn card(words: &Words, kind: &KindView) -> Markup {
    let more = kind.files.len().saturating_sub(MOST_NAMES);
    let names = kind.files[..kind.files.len() - more].join(", ");
    html! {
        section.kind {
            h2 { (kind.format) }
            p {
                (words.count(kind.rows, "row", "rows"))
                @if kind.goes_on { " seen so far" }
                span.small { " · " (names) @if more > 0 { " and " (more) " more" } }
            }
            @for note in &kind.notes { p.note { (note) } }
            @if kind.misses_columns { p.note { "If such a column matters, name it after what it \
                holds (artist, title, played at, rating) and send the file again." } }
            @if kind.first.is_empty() { (nothing_kept(kind)) }
            div.kind-body {
                @if !kind.first.is_empty() { (first_rows(kind)) }
                @if !kind.columns.is_empty() { (columns(kind)) }
            }
            @if !kind.dropped.is_empty() {
                p.small { "Left out: " (dropped(words, kind)) "." }
            }
        }
    }
}

fn nothing_kept(kind: &KindView) -> Markup {
    let rows = if kind.goes_on { "No row seen so far" } else { "No row of it" };
    html! {
        p.note {
            strong { (rows) " would be kept." }
            @if !kind.columns.is_empty() { " Look whether the columns hold what their names say." }
        }
    }
}

fn dropped(words: &Words, kind: &KindView) -> String {
    let counted = |(reason, rows): &(String, u64)| format!("{} {reason}", words.grouped(*rows));
    words::list(&kind.dropped.iter().map(counted).collect::<Vec<_>>())
}

fn columns(kind: &KindView) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Columns of " (kind.first_file()) } {
            table {
                thead { tr { th scope="col" { "Column" } th scope="col" { "Read as" } } }
                tbody {
                    @for (name, meaning) in &kind.columns {
                        tr { th scope="row" { (name) } td { (meaning) } }
                    }
                }
            }
            @if !kind.unread_columns.is_empty() {
                p.small { "Not read: " (kind.unread_columns.join(", ")) }
            }
        }
    }
}

/// A heading with the text that rows have under it.
type Cell = (&'static str, fn(&RowView) -> &str);

fn first_rows(kind: &KindView) -> Markup {
    let cells: [Cell; 5] = [
        ("What", |row| &row.what),
        ("When (UTC)", |row| &row.at),
        ("Artist", |row| &row.artist),
        ("Title", |row| &row.title),
        ("Played", |row| &row.played),
    ];
    let said = |(_, text): &Cell| kind.first.iter().any(|row| !text(row).is_empty());
    let cells: Vec<Cell> = cells.into_iter().filter(said).collect();
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "First rows of " (kind.first_file()) } {
            table {
                thead { tr { @for (heading, _) in &cells { th scope="col" { (heading) } } } }
                tbody {
                    @for row in &kind.first {
                        tr { @for (_, text) in &cells { td { (text(row)) } } }
                    }
                }
            }
        }
    }
}

fn left_alone(words: &Words, held: &HeldView) -> Markup {
    let files = &held.left_alone;
    html! {
        details open[held.kinds.is_empty()] {
            summary { (words.count(files.len() as u64, "file is", "files are")) " left alone" }
            ul.small { @for (file, why) in files { li { (file) ": " (why) } } }
        }
    }
}
