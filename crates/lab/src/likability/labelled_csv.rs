//! Reads a table of liked and disliked songs from any CSV that has audio features.
//!
//! Recognised columns, letter case ignored: the thirteen audio features, and where present artist,
//! genre, year (or a release date) and popularity. All else (ids, titles, an unnamed index) is
//! ignored. Missing cells are fine; text where a number belongs is an error that names file and
//! line. A row whose label is empty says nothing and is left out.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail, ensure};
use segue_core::{AudioFeature, AudioFeatures};
use segue_engine::folds::join_groups;
use segue_engine::{Table, Values};
use segue_ingest::parts::{RecordError, Utf8Reader, open_records};

use super::LabelledTable;

const ARTIST: &[&str] = &["artist", "artists", "artist_name", "artist_names", "track_artist"];
const GENRE: &[&str] = &["genre", "genres", "track_genre", "artist_genre", "artist_genres"];
const YEAR: &[&str] =
    &["year", "release_year", "release_date", "album_release_date", "track_album_release_date"];
const POPULARITY: &[&str] = &["popularity", "track_popularity"];
const MISSING: &[&str] = &["", "na", "n/a", "nan", "null", "none", "-"];
const LIKED: &[&str] = &["1", "1.0", "true", "t", "yes", "y", "like", "liked"];
const DISLIKED: &[&str] = &["0", "0.0", "false", "f", "no", "n", "dislike", "disliked"];
const PITCH_CLASSES: &[&str] = &["c", "c#", "d", "d#", "e", "f", "f#", "g", "g#", "a", "a#", "b"];

/// A name gets a code of its own if it occurs this often, and among the most frequent.
const LEAST_ROWS_OF_A_NAME: usize = 5;
const MOST_NAMES: usize = 48;

/// Which file of labelled songs to read, and what its columns mean: the one with the label, the one
/// with the group, and those that are inputs.
#[derive(Clone, Debug)]
pub struct TableRequest {
    /// CSV with one song per row and audio features under Spotify's names.
    pub path: PathBuf,
    /// The column that says whether a song is liked: 0/1, true/false, liked/disliked, yes/no.
    pub label: String,
    /// The column whose equal values stay on one side of a split, for instance the artist.
    pub group: Option<String>,
    /// Which columns become inputs.
    pub inputs: Inputs,
}

/// Which of the recognised columns a model may learn from. A comparison with another program is
/// fair only where both see the same columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// All of them; the column of groups never.
    All,
    /// The thirteen audio features.
    AudioOnly,
}

/// What was read.
pub(crate) struct LabelledCsv {
    pub(crate) data: LabelledTable,
    /// Rows left out because their label is empty.
    pub(crate) unlabelled: usize,
    /// Cells whose value lies outside the range of their feature, and count as missing.
    pub(crate) out_of_range: usize,
    /// For each row of the table, its line in the file.
    pub(crate) lines: Vec<u64>,
}

/// Reads the file.
pub(crate) fn read(request: &TableRequest) -> anyhow::Result<LabelledCsv> {
    let path = &request.path;
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let ended = |error: RecordError| error.in_file(path);
    let mut records = open_records(Utf8Reader::new(&bytes, &bytes[..])).map_err(ended)?;
    let headers = records.read_next().map_err(ended)?.cloned().unwrap_or_default();
    let headers: Vec<String> = headers.iter().map(|name| name.trim().to_owned()).collect();
    let columns = Columns::find(&headers, request)?;
    records.expect_width(headers.len());
    let mut rows = Rows::default();
    while let Some(record) = records.read_next().map_err(ended)?.cloned() {
        let place = Place { path, line: records.line() };
        let (found, width) = (record.len(), headers.len());
        ensure!(found == width, "{place}: {found} cells under a header of {width}");
        rows.push(&columns, &record, &place)?;
    }
    ensure!(!rows.labels.is_empty(), "`{}` has no labelled row", path.display());
    Ok(rows.finish(&columns))
}

/// Where in the file something was found.
struct Place<'a> {
    path: &'a Path,
    line: u64,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)
    }
}

/// Where the recognised columns are.
struct Columns {
    names: Vec<String>,
    label: usize,
    group: Option<usize>,
    features: Vec<(AudioFeature, usize)>,
    artist: Option<usize>,
    genre: Option<usize>,
    year: Option<usize>,
    popularity: Option<usize>,
}

impl Columns {
    fn find(headers: &[String], request: &TableRequest) -> anyhow::Result<Self> {
        let file = || request.path.display().to_string();
        let position = |name: &str| {
            let exact = headers.iter().position(|header| header == name);
            exact.or_else(|| headers.iter().position(|header| header.eq_ignore_ascii_case(name)))
        };
        let required = |name: &str| {
            let found = position(name);
            found.ok_or_else(|| {
                anyhow!("`{}` has no column `{name}`; it has: {}", file(), headers.join(", "))
            })
        };
        let label = required(&request.label)?;
        let group = request.group.as_deref().map(required).transpose()?;
        let usable = |i: &usize| *i != label && Some(*i) != group;
        let features: Vec<(AudioFeature, usize)> = AudioFeature::ALL
            .into_iter()
            .filter_map(|feature| Some((feature, position(feature.name()).filter(usable)?)))
            .collect();
        if features.is_empty() {
            let expected: Vec<&str> =
                AudioFeature::ALL.into_iter().map(AudioFeature::name).collect();
            bail!(
                "`{}` has no audio feature column; expected some of: {}",
                file(),
                expected.join(", ")
            );
        }
        let first = |names: &[&str]| match request.inputs {
            Inputs::All => names.iter().find_map(|name| position(name).filter(usable)),
            Inputs::AudioOnly => None,
        };
        Ok(Self {
            names: headers.to_vec(),
            label,
            group,
            features,
            artist: first(ARTIST),
            genre: first(GENRE),
            year: first(YEAR),
            popularity: first(POPULARITY),
        })
    }
}

/// Rows as far as they were read.
#[derive(Default)]
struct Rows {
    features: Vec<AudioFeatures>,
    labels: Vec<bool>,
    groups: Vec<String>,
    artists: Vec<String>,
    genres: Vec<String>,
    years: Vec<f32>,
    popularities: Vec<f32>,
    lines: Vec<u64>,
    unlabelled: usize,
    out_of_range: usize,
}

impl Rows {
    fn push(
        &mut self,
        columns: &Columns,
        record: &csv::StringRecord,
        place: &Place<'_>,
    ) -> anyhow::Result<()> {
        let text = |i: usize| record.get(i).unwrap_or_default().trim().to_owned();
        let wrong = |i: usize, expected: &str| {
            anyhow!(
                "{place}: column `{}` holds `{}`, expected {expected}",
                columns.names[i],
                text(i)
            )
        };
        let number = |i: usize| -> anyhow::Result<Option<f32>> {
            let cell = text(i);
            if is_missing(&cell) {
                return Ok(None);
            }
            cell.parse().map(Some).map_err(|_| wrong(i, "a number"))
        };
        let label = text(columns.label).to_ascii_lowercase();
        if is_missing(&label) {
            self.unlabelled += 1;
            return Ok(());
        }
        let liked = LIKED.contains(&label.as_str());
        if !liked && !DISLIKED.contains(&label.as_str()) {
            return Err(wrong(
                columns.label,
                "a label such as 0/1, true/false, liked/disliked or yes/no",
            ));
        }
        let mut features = AudioFeatures::MISSING;
        for &(feature, i) in &columns.features {
            let value = match named_value(feature, &text(i)) {
                Some(value) => Some(value),
                None => number(i)?,
            };
            if let Some(value) = value
                && !features.set(feature, value)
            {
                self.out_of_range += 1;
            }
        }
        let optional = |column: Option<usize>| column.map(number).transpose().map(Option::flatten);
        let name =
            |column: Option<usize>| column.map_or_else(String::new, |i| first_name(&text(i)));
        self.features.push(features);
        self.labels.push(liked);
        self.groups.extend(columns.group.map(text));
        self.artists.push(name(columns.artist));
        self.genres.push(name(columns.genre));
        self.years.push(columns.year.and_then(|i| year(&text(i))).unwrap_or(f32::NAN));
        self.popularities.push(optional(columns.popularity)?.unwrap_or(f32::NAN));
        self.lines.push(place.line);
        Ok(())
    }

    fn finish(self, columns: &Columns) -> LabelledCsv {
        let audio = Table::from_audio(&self.features);
        let duplicates = audio.duplicate_groups();
        let mut table = Table::new(audio.rows());
        for column in audio.columns().iter().filter(|column| !all_missing(&column.values)) {
            table.push(column.name.clone(), column.values.clone());
        }
        for (name, found, values) in [
            ("year", columns.year, self.years),
            ("popularity", columns.popularity, self.popularities),
        ] {
            let values = Values::Numeric(values);
            if found.is_some() && !all_missing(&values) {
                table.push(name, values);
            }
        }
        for (name, found, values) in
            [("artist", columns.artist, &self.artists), ("genre", columns.genre, &self.genres)]
        {
            let codes = frequent_names(values);
            if found.is_some() && !all_missing(&codes) {
                table.push(name, codes);
            }
        }
        let groups = match columns.group {
            Some(_) => join_groups(&numbered(&self.groups), &duplicates),
            None => duplicates,
        };
        LabelledCsv {
            data: LabelledTable { table, labels: self.labels, groups },
            unlabelled: self.unlabelled,
            out_of_range: self.out_of_range,
            lines: self.lines,
        }
    }
}

fn is_missing(cell: &str) -> bool {
    MISSING.iter().any(|missing| cell.eq_ignore_ascii_case(missing))
}

fn all_missing(values: &Values) -> bool {
    match values {
        Values::Numeric(values) | Values::Circular { values, .. } => {
            values.iter().all(|v| v.is_nan())
        }
        Values::Categorical { codes, .. } => codes.iter().all(|code| *code == 0),
    }
}

/// Key and mode written as words: `C#`, `Minor`.
fn named_value(feature: AudioFeature, cell: &str) -> Option<f32> {
    let cell = cell.to_ascii_lowercase();
    match (feature, cell.as_str()) {
        (AudioFeature::Mode, "major") => Some(1.0),
        (AudioFeature::Mode, "minor") => Some(0.0),
        (AudioFeature::Key, _) => {
            PITCH_CLASSES.iter().position(|name| *name == cell).map(|key| key as f32)
        }
        _ => None,
    }
}

/// The first of several names in one cell: `['rock', 'pop']`, `rock; pop`.
fn first_name(cell: &str) -> String {
    let inner = cell.trim_matches(|c: char| "[]'\" ".contains(c));
    let first = inner.split([';', ',']).next().unwrap_or_default();
    first.trim_matches(|c: char| "'\" ".contains(c)).to_lowercase()
}

/// The year of `1999`, `1999.0` or `1999-12-31`.
fn year(cell: &str) -> Option<f32> {
    let digits = cell.get(..4)?;
    digits.parse::<u16>().ok().filter(|year| (1000..3000).contains(year)).map(f32::from)
}

/// Codes of frequent names in alphabetic order; what is rare counts as missing, since a model could
/// only memorise it.
fn frequent_names(names: &[String]) -> Values {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names.iter().filter(|name| !is_missing(name)) {
        *counts.entry(name).or_default() += 1;
    }
    let mut kept: Vec<(&str, usize)> =
        counts.into_iter().filter(|(_, rows)| *rows >= LEAST_ROWS_OF_A_NAME).collect();
    kept.sort_by_key(|&(_, rows)| std::cmp::Reverse(rows));
    kept.truncate(MOST_NAMES);
    let mut kept: Vec<&str> = kept.into_iter().map(|(name, _)| name).collect();
    kept.sort_unstable();
    let code = |name: &String| kept.binary_search(&name.as_str()).map_or(0, |i| i as u32 + 1);
    Values::Categorical {
        cardinality: kept.len() as u32 + 1,
        codes: names.iter().map(code).collect(),
    }
}

/// A number per text. Empty cells do not form a group: each gets a number of its own.
fn numbered(names: &[String]) -> Vec<u32> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let key = |row: usize, name: &String| {
        if name.is_empty() { format!("\0{row}") } else { name.to_lowercase() }
    };
    let number = |(row, name): (usize, &String)| {
        let next = seen.len() as u32;
        *seen.entry(key(row, name)).or_insert(next)
    };
    names.iter().enumerate().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> anyhow::Result<LabelledCsv> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("songs.csv");
        std::fs::write(&path, text)?;
        read(&TableRequest { path, label: "liked".to_owned(), group: None, inputs: Inputs::All })
    }

    #[test]
    fn open_quotes_swallow_no_song() {
        let row = |i: usize| {
            let quote = if [20, 60].contains(&i) { "\"" } else { "" };
            format!("{quote}tide {i},0.{i},{}\n", i % 2)
        };
        let rows: String = (10..100).map(row).collect();
        let read = read_text(&format!("title,energy,liked\n{rows}")).unwrap();
        assert_eq!(read.data.labels.len(), 90);
        assert_eq!(read.lines, (2..92).collect::<Vec<_>>());
    }

    #[test]
    fn a_torn_row_is_an_error_that_names_its_line() {
        let error = read_text("title;energy;liked\ntide;0.5;1\nebb;0.5\n").err().unwrap();
        assert!(error.to_string().ends_with("songs.csv:3: 2 cells under a header of 3"), "{error}");
    }
}
