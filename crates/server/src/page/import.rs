//! `/import` takes files, `/import/{id}` shows how they are understood, once that is found right
//! how far they are, then the truthful report.
//!
//! The form posts `multipart/form-data` with `listener` and `files` to `/import`, which answers 303
//! to `/import/{id}`. There forms post to `/import/{id}/start` or `/import/{id}/discard`
//! ([`held`]). Once it began, scripts poll `GET /v1/imports/{id}` and fetch the fragment `GET
//! /fragments/import/{id}` ([`fragment`], in place of `#import`) when its `state` changes; without
//! scripts the page reloads itself while work goes on.

use maud::{Markup, html};

use super::card::sentence;
use super::held::{self, HeldView};
use super::icons::icon;
use super::layout::{Frame, page};
use super::urls;
use super::words::Words;

/// How far an import is, as the page tells it. An upload that waits for its turn is shown as
/// reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImportStateView {
    /// Files were received and looked at, and wait for a word; the page shows how they are
    /// understood.
    Held,
    /// Files are being read, or wait for those before them; the page shows a bar of bytes.
    #[default]
    Reading,
    /// All rows are read and on disk; a model is learning from them.
    Training,
    /// The rows are in and the model, where one could be trained, serves.
    Done,
    /// It ended early; what was read until then is kept and can be sent again.
    Failed,
}

impl ImportStateView {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            ImportStateView::Held => "held",
            ImportStateView::Reading => "reading",
            ImportStateView::Training => "training",
            ImportStateView::Done => "done",
            ImportStateView::Failed => "failed",
        }
    }

    fn is_under_way(self) -> bool {
        matches!(self, ImportStateView::Reading | ImportStateView::Training)
    }
}

/// One upload, from the first byte to the report, as `/import/{id}` shows it.
#[derive(Clone, Debug, Default)]
pub struct ImportView {
    /// Its id, which is the last segment of the address of its page.
    pub id: String,
    /// How far it is, which decides what the page shows of it.
    pub state: ImportStateView,
    /// Bytes read so far; never more than [`bytes_total`](Self::bytes_total).
    pub bytes_read: u64,
    /// Bytes of the upload in all, against which the progress bar is drawn.
    pub bytes_total: u64,
    /// The name of the uploaded file, shown beside the bar; `None` shows nothing.
    pub file: Option<String>,
    /// How its files are understood, while it is held.
    pub held: Option<HeldView>,
    /// The world among its files, once it was taken into use.
    pub world: Option<WorldTaken>,
    /// What became of every row; `None` until all of them are read.
    pub report: Option<RowsReport>,
    /// Why it failed; for an import that is done, why nothing was learned from it.
    pub error: Option<String>,
    /// That mixes will have nothing new, and what to do, as a sentence without a full stop; `None`
    /// where that is not so.
    pub only_played: Option<String>,
}

/// A world that an import brought.
#[derive(Clone, Debug, Default)]
pub struct WorldTaken {
    /// The name of its file.
    pub file: String,
    /// Songs of the library that somebody played, saved or answered.
    pub songs: u64,
    /// Those of them that it knows.
    pub known: u64,
}

/// What became of the rows of an import. Every row that was read is accounted for.
#[derive(Clone, Debug, Default)]
pub struct RowsReport {
    /// The sums over all files; its name is empty and it has no note.
    pub total: FileRow,
    /// The same counts file by file, entries of archives included, in the order of reading.
    pub files: Vec<FileRow>,
}

/// What became of the rows of one file. Rows = plays + signals + tracks + friends + tags +
/// already there + dropped.
#[derive(Clone, Debug, Default)]
pub struct FileRow {
    /// Its path as uploaded; for an entry of an archive, the archive and the path inside it.
    pub file: String,
    /// The name of the format it was read as; `None` for a file that was left alone.
    pub format: Option<String>,
    /// Rows found in it, whatever became of them; 0 for a file that was left alone.
    pub rows: u64,
    /// Rows kept as plays, those known before included.
    pub plays: u64,
    /// Rows kept as explicit signals such as likes and bans, those known before included.
    pub signals: u64,
    /// Rows kept as descriptions of tracks, as in a table of audio features.
    pub tracks: u64,
    /// Rows kept as friendships, each from one listener to another, those known before included.
    pub friendships: u64,
    /// Rows kept as tags of artists, those known before included.
    pub artist_tags: u64,
    /// Rows that an earlier import of the same file dealt with, whether it was cut off or finished.
    pub already_imported: u64,
    /// How many of the rows kept say what the store knew before; they count once.
    pub duplicates: u64,
    /// Rows that were not kept, as reasons in words with their counts.
    pub dropped: Vec<(String, u64)>,
    /// Why the file was left alone, what ended it early or what was odd; `None` where nothing was.
    pub note: Option<String>,
}

impl FileRow {
    fn dropped_rows(&self) -> u64 {
        self.dropped.iter().map(|(_, rows)| rows).sum()
    }
}

/// The page that takes files. `listener` is the name that the field starts with.
pub fn view(frame: &Frame, listener: &str) -> Markup {
    let main = html! {
        div.page-head {
            h1 { "Add to your history" }
            p.lead { "Files you gave before add nothing twice, so a newer export can simply be \
                dropped on top." }
        }
        @if frame.only_looks { p.note { "With a key that only looks, nothing can be added." } }
        @else { (drop_zone(frame, listener)) }
    };
    page(frame, "Import", &main)
}

/// The page of one import.
pub fn view_import(frame: &Frame, import: &ImportView) -> Markup {
    let words = &frame.words;
    let reload_seconds = import.state.is_under_way().then_some(3);
    let main = html! { div.wide { h1 { (heading(import.state)) } (fragment(words, import)) } };
    page(&Frame { reload_seconds, ..frame.clone() }, heading(import.state), &main)
}

fn heading(state: ImportStateView) -> &'static str {
    match state {
        ImportStateView::Held => "Before it goes in",
        ImportStateView::Reading => "Reading your history",
        ImportStateView::Training => "Listening to it all",
        ImportStateView::Done => "That went in",
        ImportStateView::Failed => "That did not work",
    }
}

/// Where files are dropped or chosen. Whoever came in as one listener brings what is theirs.
pub fn drop_zone(frame: &Frame, listener: &str) -> Markup {
    html! {
        form #drop .drop-zone method="post" action="/import" enctype="multipart/form-data" {
            label.well for="files" {
                (icon("drop"))
                strong { "Drop your export here" }
                span {
                    "or choose files: zip, JSON, CSV, " @if !frame.is_own { "a world, " }
                    "several at once"
                }
            }
            input #files type="file" name="files" multiple required aria-describedby="drop-said";
            div.drop-foot {
                @if frame.is_own { (own(listener)) } @else {
                    label.field {
                        span { "Whose history is it?" }
                        input type="text" name="listener" value=(listener) required maxlength="100"
                            autocomplete="nickname";
                    }
                }
                button.primary type="submit" { "Read it" }
            }
            progress #drop-progress max="1" value="0" aria-label="Sent so far" hidden {}
            p #drop-said .small role="status" { "Network addresses, countries and user names in \
                it are never read." }
        }
    }
}

/// For whom the files of somebody are who was invited: nobody else.
fn own(listener: &str) -> Markup {
    html! {
        input type="hidden" name="listener" value=(listener);
        p.small {
            "It becomes the history of " strong { (listener) } ". What a file says of anybody else \
             is left out, and counted."
        }
    }
}

/// How far it is, or what became of it.
pub fn fragment(words: &Words, import: &ImportView) -> Markup {
    html! {
        section #import .import data-import=(import.id) data-state=(import.state.name())
            data-heading=(heading(import.state)) aria-label="Import"
        {
            @match import.state {
                ImportStateView::Held => @if let Some(held) = &import.held {
                    (held::view(words, &import.id, held))
                },
                ImportStateView::Reading => (reading(words, import)),
                ImportStateView::Training => (training()),
                ImportStateView::Done => {
                    @if import.report.is_some() { p.lead { "Here is what became of every row." } }
                    @if let Some(world) = &import.world {
                        (world_taken(words, world, import.error.is_none()))
                    }
                    @if let Some(error) = &import.error { (unlearned(error)) }
                    @if let Some(only_played) = &import.only_played {
                        p.note { (sentence(only_played)) }
                    }
                },
                ImportStateView::Failed => p.wrong role="alert" {
                    (import.error.as_deref().unwrap_or("the import ended early"))
                },
            }
            @if let Some(report) = &import.report { (table(words, report)) }
            @if import.state == ImportStateView::Done {
                p {
                    @if import.error.is_none() {
                        a.button.primary href="/" { "Listen" }
                    } @else {
                        a.button.primary href="/import" { "Add more" }
                    }
                    " " a href="/taste" { "See your taste" }
                }
            }
            @if import.state == ImportStateView::Failed {
                p {
                    a.button href="/import" { "Try again" }
                    @if import.bytes_read > 0 { " What was read before it ended is kept." }
                }
            }
        }
    }
}

/// What a world gives to the songs that are here.
fn world_taken(words: &Words, world: &WorldTaken, is_learned: bool) -> Markup {
    let WorldTaken { file, songs, known } = world;
    html! {
        p {
            strong { (file) } " is the world in use. "
            @if *songs == 0 { "There is no history yet that it could add to: add one." }
            @else if *known == 0 { "It knows none of the songs here, so all it can offer is what \
                most people play." }
            @else {
                "It knows " (words.grouped(*known)) " of the "
                (words.count(*songs, "song", "songs")) " here"
                @if is_learned { ", and what is near to them can be in your mixes from now on" } "."
            }
        }
    }
}

/// All was read, but nothing could be learned from it.
fn unlearned(error: &str) -> Markup {
    html! {
        div.note role="status" {
            p { strong { "Nothing could be learned from it yet." } " What was read is kept, and \
                counts as soon as that is mended." }
            p.small { (error) }
        }
    }
}

fn reading(words: &Words, import: &ImportView) -> Markup {
    let (read, total) = (import.bytes_read, import.bytes_total.max(1));
    html! {
        progress max=(total) value=(read.min(total)) data-progress="" aria-label="Read so far" {}
        p.lead role="status" {
            span data-progress-bytes="" { (words.bytes(read)) } " of "
            (words.bytes(import.bytes_total))
            " · " span data-progress-file="" { (import.file.as_deref().unwrap_or("")) }
        }
    }
}

fn training() -> Markup {
    html! {
        progress aria-label="Learning" {}
        p.lead role="status" { "Learning what you like from it. This takes seconds to a few \
            minutes; you may leave this page." }
    }
}

fn table(words: &Words, report: &RowsReport) -> Markup {
    let total = &report.total;
    let kept = [
        (total.plays, "plays"),
        (total.signals, "likes and other signals"),
        (total.tracks, "tracks"),
        (total.friendships, "friendships"),
        (total.artist_tags, "tags of artists"),
        (total.already_imported, "read before"),
    ];
    html! {
        p.tally {
            strong { (words.grouped(total.rows)) } " rows = "
            // What there was none of is not listed, except what was left out: that there was
            // nothing is worth knowing.
            @for (number, what) in kept.into_iter().filter(|(number, _)| *number > 0) {
                strong { (words.grouped(number)) } " " (what) " + "
            }
            strong { (words.grouped(total.dropped_rows())) } " left out."
            @if total.duplicates > 0 {
                " " (words.count(total.duplicates, "row was", "rows were"))
                " known already and count once."
            }
        }
        @if !total.dropped.is_empty() {
            h2 { "Left out, and why" }
            ul.reasons {
                @for (reason, rows) in &total.dropped {
                    li { strong { (words.grouped(*rows)) } " " (reason) }
                }
            }
        }
        h2 { "File by file" }
        div.scroll tabindex="0" role="region" aria-label="File by file" {
            table {
                thead { tr {
                    th scope="col" { "File" } th scope="col" { "Read as" }
                    @for name in NUMBERS { th.number scope="col" { (name) } }
                } }
                tbody { @for file in &report.files { (row(words, file)) } }
            }
        }
    }
}

/// What is counted of each file, as columns.
const NUMBERS: [&str; 8] =
    ["Rows", "Plays", "Signals", "Tracks", "Friends", "Tags", "Read before", "Left out"];

fn row(words: &Words, file: &FileRow) -> Markup {
    let numbers = [
        file.rows,
        file.plays,
        file.signals,
        file.tracks,
        file.friendships,
        file.artist_tags,
        file.already_imported,
        file.dropped_rows(),
    ];
    html! {
        tr {
            th scope="row" { (file.file) @if let Some(note) = &file.note { p.small { (note) } } }
            td { (file.format.as_deref().unwrap_or("left alone")) }
            @for number in numbers { td.number { (words.grouped(number)) } }
        }
    }
}

/// Where the page of an import is.
pub fn address(import: &ImportView) -> String {
    urls::import(&import.id)
}
