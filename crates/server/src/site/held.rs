//! How files are understood, as the page tells it.

use std::collections::BTreeMap;

use segue_core::{FeedbackTarget, Moment, Record, Source, Timestamp, Track};
use segue_ingest::{ColumnReading, FileExplanation, UNREAD_COLUMNS};

use super::imports::in_words;
use crate::page::held::{HeldView, KindView, RowView, WorldCard};
use crate::worlds::FoundWorld;

/// Files of one format with the same columns, one after another or not.
type Kind<'e> = (Source, &'e [ColumnReading], Vec<&'e FileExplanation>);

pub(super) fn view_model(explained: &[FileExplanation], world: Option<FoundWorld>) -> HeldView {
    let world =
        world.map(|FoundWorld { file, recordings, people }| WorldCard { file, recordings, people });
    let mut held = HeldView { world, ..HeldView::default() };
    let mut kinds: Vec<Kind<'_>> = Vec::new();
    for file in explained {
        let report = &file.report;
        match report.source {
            Some(source) => {
                let same = |kind: &&mut Kind<'_>| kind.0 == source && kind.1 == report.columns;
                match kinds.iter_mut().find(same) {
                    Some((_, _, files)) => files.push(file),
                    None => kinds.push((source, &report.columns, vec![file])),
                }
            }
            None => {
                let why = report.note.clone().unwrap_or_default();
                let left = (report.path.display().to_string(), why);
                match report.path.components().nth(1) {
                    Some(_) => held.left_alone.push(left),
                    None => held.unreadable.push(left),
                }
            }
        }
    }
    held.kinds = kinds.iter().map(kind).collect();
    held
}

fn kind((source, columns, files): &Kind<'_>) -> KindView {
    let read = columns.iter().filter_map(|column| Some((column.name.clone(), column.meaning?)));
    let unread = columns.iter().filter(|column| column.meaning.is_none());
    let mut view = KindView {
        format: source.info().name.to_owned(),
        columns: read.map(|(name, meaning)| (name, meaning.to_owned())).collect(),
        unread_columns: unread.map(|column| column.name.clone()).collect(),
        ..KindView::default()
    };
    let mut dropped = BTreeMap::new();
    for file in files {
        view.files.push(name(file));
        view.rows += file.report.rows_read;
        view.goes_on |= file.goes_on;
        for (reason, rows) in &file.report.dropped {
            *dropped.entry(*reason).or_insert(0) += rows;
        }
        if view.first.is_empty() {
            view.first = file.records.iter().map(row).collect();
        }
        if let Some(note) = &file.report.note {
            let whose = if files.len() > 1 { format!("{}: ", name(file)) } else { String::new() };
            view.notes.push(format!("{whose}{note}"));
            view.misses_columns |= note.contains(UNREAD_COLUMNS);
        }
    }
    view.dropped =
        dropped.into_iter().map(|(reason, rows)| (in_words(reason).to_owned(), rows)).collect();
    view
}

fn name(file: &FileExplanation) -> String {
    let path = &file.report.path;
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn row(record: &Record) -> RowView {
    match record {
        Record::Listen { listen, track } => RowView {
            at: when(listen.at, listen.moment),
            played: listen.ms_played.map(minutes).unwrap_or_default(),
            ..row_of(track)
        },
        Record::Feedback { feedback, track } => {
            let said = format!("{:?}", feedback.kind).to_lowercase();
            let about = match &feedback.target {
                FeedbackTarget::Track(_) => RowView::default(),
                FeedbackTarget::Artist(artist) => {
                    RowView { artist: artist.to_string(), ..RowView::default() }
                }
            };
            let about = track.as_ref().map_or(about, row_of);
            RowView { what: said, at: when(feedback.at, Moment::Started), ..about }
        }
        Record::Track(track) => RowView { what: "track".to_owned(), ..row_of(track) },
        Record::Friendship { listener, friend } => RowView {
            what: "friends".to_owned(),
            title: format!("{listener} → {friend}"),
            ..RowView::default()
        },
        Record::ArtistTag(said) => RowView {
            what: format!("tagged {}", said.tag),
            artist: said.artist.clone(),
            ..RowView::default()
        },
    }
}

fn row_of(track: &Track) -> RowView {
    RowView { artist: track.artists.join(", "), title: track.title.clone(), ..RowView::default() }
}

fn when(at: Option<Timestamp>, moment: Moment) -> String {
    let form = if moment == Moment::Day { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M" };
    at.map(|at| at.strftime(form).to_string()).unwrap_or_default()
}

fn minutes(ms: u32) -> String {
    let seconds = ms / 1_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}
