//! Tags that people give to artists: tables of an artist and a tag a row, with how many people gave
//! it or with who did.
//!
//! - `artist, tag, count`: so many people gave it.
//! - `user, artist, tag`, such as `user_taggedartists.dat` of HetRec: a row is one person's, and
//!   people are counted here. Who gave which tag ends here: no record names anybody.
//!
//! A table is one of these if it has these columns and, at most, days: what else a table may name,
//! such as songs or friends, says that its rows are about something else. A table with neither
//! counts nor people may be what one person says, and is none.
//!
//! What one person alone gave to an artist would tell of that person and little of the artist; such
//! rows are dropped. HetRec's table has numbers for artists and tags, which `artists.dat` and
//! `tags.dat` beside it explain: these are read first, as what they are ([`TagNames`]).
//!
//! Rejected: handing every row on and counting in the store, which would have to keep who gave what
//! for as long as files are read.

use std::collections::HashSet;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use rustc_hash::FxHashMap;
use segue_core::{ArtistTag, Record, Source};

use super::{Format, Head};
use crate::context::is_usual_name;
use crate::identity::hash;
use crate::table::{Delimited, head_records, plain_name, values};
use crate::{Context, DropReason, IngestError};

/// A tag is kept that so many people gave to an artist.
const FEWEST_PEOPLE: usize = 2;
/// No tag is believed to be given by more.
const MOST_PEOPLE: f64 = 1e8;
/// Rows of a table that names people are held in memory until all are counted: sixteen bytes each.
const MOST_ROWS: usize = 4 << 20;
/// Different artists and tags that are held in memory, of at most
/// [`LONGEST_NAME`](crate::LONGEST_NAME) bytes each.
const MOST_NAMES: usize = 1 << 18;

/// Names of the columns, as [`plain_name`] has them, the best first.
const LISTENER: &[&str] = &["userid", "user", "listener", "listenerid", "username", "uid"];
const ARTIST: &[&str] = &["artist", "artistname", "artistid"];
const TAG: &[&str] = &["tag", "tagname", "tagvalue", "tagid"];
const PEOPLE: &[&str] = &["count", "people", "tagcount", "listeners", "taggers"];
/// Columns that may stand beside, and are not read.
const DAYS: &[&str] = &["day", "month", "year", "date", "time", "timestamp"];

/// A table of tags.
#[derive(Default)]
pub(crate) struct TaggedArtists {
    /// What the numbers of a table of numbers are.
    pub(crate) names: TagNames,
}

/// Which artists and which tags the numbers of tables stand for, by the folder of both.
#[derive(Default)]
pub(crate) struct TagNames {
    by_folder: FxHashMap<PathBuf, NamesOfNumbers>,
    /// The files that told it.
    pub(crate) files: HashSet<PathBuf>,
    /// Whether anything has numbers to be explained.
    pub(crate) are_wanted: bool,
}

/// Which artists and which tags numbers stand for.
#[derive(Default)]
struct NamesOfNumbers {
    artists: FxHashMap<u32, String>,
    tags: FxHashMap<u32, String>,
}

impl TagNames {
    /// What the name of a table of numbers holds, in lower case.
    pub(crate) const OF_NUMBERS: &str = "user_taggedartists";

    /// Whether a file of this name, in lower case, may tell what the numbers are.
    pub(crate) fn wants(&self, name: &str) -> bool {
        let name = name.strip_suffix(".gz").unwrap_or(name);
        self.are_wanted && matches!(name, "artists.dat" | "tags.dat")
    }

    /// Learns from a table of numbers and names; the context takes the account of that reading,
    /// which keeps no row. A table that has other columns is none, whatever it is called.
    ///
    /// # Errors
    /// As reading the file does.
    pub(crate) fn learn_from(
        &mut self,
        input: &mut dyn BufRead,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        let mut table = Delimited::open(input, context)?;
        let Some(header) = table.next(context)? else { return Ok(()) };
        let is_of = |known: &[&str]| header.iter().all(|cell| is_among(cell, &[known]));
        let artist = columns(header, [&["id"], &["name"]]);
        let artist = artist.filter(|_| is_of(&["id", "name", "url", "pictureurl"]));
        let tag = columns(header, [&["tagid"], TAG]).filter(|_| is_of(&["tagid", "tagvalue"]));
        let names = self.by_folder.entry(folder(context.path())).or_default();
        let (names, [number, name]) = match (artist, tag) {
            (Some(places), _) => (&mut names.artists, places),
            (None, Some(places)) => (&mut names.tags, places),
            (None, None) => return Ok(()),
        };
        while let Some(cells) = table.next(context)? {
            let number = cells.get(number).and_then(|number| number.trim().parse().ok());
            let name = cells.get(name).and_then(values::present);
            if let (Some(number), Some(name)) = (number, name.filter(|name| is_usual_name(name)))
                && names.len() < MOST_NAMES
            {
                names.insert(number, name.to_owned());
            }
        }
        self.files.insert(context.path().to_owned());
        Ok(())
    }

    /// What the numbers of a file mean, if files beside it told that of artists and of tags.
    fn beside(&self, path: &Path) -> Option<&NamesOfNumbers> {
        let names = self.by_folder.get(&folder(path))?;
        (!names.artists.is_empty() && !names.tags.is_empty()).then_some(names)
    }
}

fn folder(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_owned()
}

/// The places of two columns, if both are there.
fn columns(header: &StringRecord, names: [&[&str]; 2]) -> Option<[usize; 2]> {
    Some([place(header, names[0])?, place(header, names[1])?])
}

/// The place of the column with the first of some names.
fn place(header: &StringRecord, names: &[&str]) -> Option<usize> {
    names.iter().find_map(|name| header.iter().position(|cell| plain_name(cell.trim()) == *name))
}

/// Whether a column has one of some names.
fn is_among(cell: &str, names: &[&[&str]]) -> bool {
    let name = plain_name(cell.trim());
    names.iter().any(|names| names.contains(&name.as_str()))
}

/// What the columns of a table are.
struct TagColumns {
    artist: usize,
    tag: usize,
    by: CountedBy,
    /// Whether artists and tags are numbers that other files explain.
    are_numbers: bool,
}

/// What says how many people gave a tag.
enum CountedBy {
    /// A column with their number.
    Count(usize),
    /// A column with who it was: a row for each.
    Person(usize),
}

impl TagColumns {
    fn of(header: &StringRecord) -> Option<Self> {
        let [artist, tag] = columns(header, [ARTIST, TAG])?;
        let by = match (place(header, PEOPLE), place(header, LISTENER)) {
            (Some(count), None) => CountedBy::Count(count),
            (None, Some(person)) => CountedBy::Person(person),
            _ => return None,
        };
        let known = [LISTENER, ARTIST, TAG, PEOPLE, DAYS];
        let numbers = [(artist, "artistid"), (tag, "tagid")]
            .map(|(at, name)| is_among(&header[at], &[&[name]]));
        let is_of_tags = header.iter().all(|cell| is_among(cell, &known));
        (is_of_tags && numbers[0] == numbers[1]).then_some(Self {
            artist,
            tag,
            by,
            are_numbers: numbers[0],
        })
    }
}

impl Format for TaggedArtists {
    fn source(&self) -> Source {
        Source::ArtistTags
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        let header = head_records(head.text).next().unwrap_or_default();
        TagColumns::of(&header).is_some()
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        let mut table = Delimited::open(input, context)?;
        let Some(header) = table.next(context)? else { return Ok(()) };
        let (width, columns) = (header.len(), TagColumns::of(header));
        let Some(columns) = columns else {
            return Err(context.malformed(1, "no columns of an artist and of a tag"));
        };
        let names = self.names.beside(context.path());
        if columns.are_numbers && names.is_none() {
            let problem = "artists and tags are numbers here, and no `artists.dat` and `tags.dat` \
                           were given with it: name the folder that has all three";
            return Err(context.malformed(1, problem));
        }
        table.expect_width(width);
        let reading = Reading { columns: &columns, names };
        match columns.by {
            CountedBy::Person(person) => reading.count_people(&mut table, person, context),
            CountedBy::Count(count) => reading.take_counts(&mut table, count, context),
        }
    }
}

/// A table that is being read.
struct Reading<'a> {
    columns: &'a TagColumns,
    /// What its numbers mean, if it has numbers.
    names: Option<&'a NamesOfNumbers>,
}

impl Reading<'_> {
    /// Announces the rows of a table that counts for itself.
    fn take_counts(
        &self,
        table: &mut Delimited<'_>,
        count: usize,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        while let Some(cells) = table.next(context)? {
            let people = match cells.get(count).and_then(values::number) {
                Some(people) if people > MOST_PEOPLE => Err(DropReason::Empty),
                Some(people) if people >= FEWEST_PEOPLE as f64 => Ok(people as u32),
                Some(people) if people >= 1.0 => Err(DropReason::OnePerson),
                _ => Err(DropReason::Empty),
            };
            let said = self.said(cells).ok_or(DropReason::NoTag);
            match said.and_then(|said| Ok((said, people?))) {
                Ok(([artist, tag], people)) => context.keep(Record::ArtistTag(ArtistTag {
                    artist: artist.to_owned(),
                    tag: tag.to_lowercase(),
                    people,
                }))?,
                Err(reason) => context.drop_row(reason),
            }
        }
        Ok(())
    }

    /// Counts the people of a table that names them, and announces each tag of each artist.
    fn count_people(
        &self,
        table: &mut Delimited<'_>,
        person: usize,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        let mut taggings = Taggings::default();
        let ended = loop {
            let cells = match table.next(context) {
                Ok(Some(cells)) => cells,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            let person = cells.get(person).and_then(values::present);
            match (person, self.said(cells)) {
                (Some(_), Some(said)) if !said.iter().all(|name| is_usual_name(name)) => {
                    context.drop_row(DropReason::NameTooLong);
                }
                (Some(person), Some([artist, tag])) => taggings.add(artist, tag, person),
                (None, _) => context.drop_row(DropReason::NoListener),
                (_, None) => context.drop_row(DropReason::NoTag),
            }
            if let Some((what, limit)) = taggings.too_many() {
                break Err(context.too_large(table.line(), what, limit.to_string()));
            }
        };
        taggings.announce(context)?;
        ended
    }

    /// The artist and the tag of a row.
    fn said<'r>(&'r self, cells: &'r StringRecord) -> Option<[&'r str; 2]> {
        let columns = self.columns;
        let [artist, tag] = [columns.artist, columns.tag].map(|at| cells.get(at).unwrap_or(""));
        if !columns.are_numbers {
            return Some([values::present(artist)?, values::present(tag)?]);
        }
        let named = |names: &'r FxHashMap<u32, String>, number: &str| {
            names.get(&number.trim().parse().ok()?).map(String::as_str)
        };
        let names = self.names?;
        Some([named(&names.artists, artist)?, named(&names.tags, tag)?])
    }
}

/// Numbers for names, from 0, in the order in which they come.
#[derive(Default)]
struct Numbers {
    of_name: FxHashMap<String, u32>,
}

impl Numbers {
    fn of(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.of_name.get(name) {
            return number;
        }
        let number = self.of_name.len() as u32;
        self.of_name.insert(name.to_owned(), number);
        number
    }

    /// The names by their numbers.
    fn into_names(self) -> Vec<String> {
        let mut names: Vec<(u32, String)> =
            self.of_name.into_iter().map(|(name, number)| (number, name)).collect();
        names.sort_unstable();
        names.into_iter().map(|(_, name)| name).collect()
    }
}

/// Who tagged what as what, until it is counted.
#[derive(Default)]
struct Taggings {
    artists: Numbers,
    tags: Numbers,
    rows: Vec<Tagging>,
}

/// One row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Tagging {
    artist: u32,
    tag: u32,
    /// A hash of the name in lower case: two spellings of somebody are one person.
    person: u64,
}

impl Taggings {
    fn add(&mut self, artist: &str, tag: &str, person: &str) {
        let (artist, tag) = (self.artists.of(artist), self.tags.of(&tag.to_lowercase()));
        self.rows.push(Tagging { artist, tag, person: hash(&person.to_lowercase()) });
    }

    /// What is too much to be held in memory, with the limit.
    fn too_many(&self) -> Option<(&'static str, usize)> {
        let names = self.artists.of_name.len() + self.tags.of_name.len();
        if self.rows.len() > MOST_ROWS {
            return Some(("a table of who tagged whom", MOST_ROWS));
        }
        (names > MOST_NAMES).then_some(("the number of artists and tags of a table", MOST_NAMES))
    }

    fn announce(mut self, context: &mut Context<'_>) -> Result<(), IngestError> {
        self.rows.sort_unstable();
        let read = self.rows.len();
        self.rows.dedup();
        (self.rows.len()..read).for_each(|_| context.drop_row(DropReason::RepeatedRow));
        let (artists, tags) = (self.artists.into_names(), self.tags.into_names());
        let is_one = |a: &Tagging, b: &Tagging| (a.artist, a.tag) == (b.artist, b.tag);
        for people in self.rows.chunk_by(is_one) {
            if people.len() < FEWEST_PEOPLE {
                context.drop_row(DropReason::OnePerson);
                continue;
            }
            let said = ArtistTag {
                artist: artists[people[0].artist as usize].clone(),
                tag: tags[people[0].tag as usize].clone(),
                people: people.len() as u32,
            };
            context.keep_summed(Record::ArtistTag(said), people.len() as u64)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use segue_core::ListenerId;

    use super::*;
    use crate::LONGEST_NAME;
    use crate::format::testing::{KeptRecords, read, real_data, recognises, try_read};

    fn said(records: &KeptRecords) -> Vec<(&str, &str, u32)> {
        let mut said = Vec::new();
        for (_, record) in &records.0 {
            if let Record::ArtistTag(ArtistTag { artist, tag, people }) = record {
                said.push((artist.as_str(), tag.as_str(), *people));
            }
        }
        said
    }

    fn learn(names: &mut TagNames, file: &str, text: &str) {
        let mut nobody = KeptRecords::default();
        let (path, me) = (Path::new(file), ListenerId::new("me"));
        let mut context = Context::new(path, Source::ArtistTags, me, &mut nobody);
        names.learn_from(&mut text.as_bytes(), &mut context).unwrap();
        assert!(nobody.0.is_empty());
    }

    #[test]
    fn people_are_counted_and_what_one_alone_says_is_dropped() {
        let text = "user,artist,tag\nann,Slowdive,Shoegaze\nbob,Slowdive,shoegaze\n\
                    Ann,Slowdive,shoegaze\nann,Slowdive,my ex liked them\n\
                    ,Slowdive,rock\nann,,rock\n";
        assert!(recognises(&TaggedArtists::default(), text));
        let (report, records) = read(&TaggedArtists::default(), text);
        assert_eq!(said(&records), [("Slowdive", "shoegaze", 2)]);
        assert_eq!((report.rows_read, report.artist_tags), (6, 2));
        let dropped: Vec<_> = report.dropped.into_iter().collect();
        use DropReason::{NoListener, NoTag, OnePerson, RepeatedRow};
        assert_eq!(dropped, [(RepeatedRow, 1), (NoListener, 1), (OnePerson, 1), (NoTag, 1)]);
        assert!(records.0.iter().all(|(_, record)| !format!("{record:?}").contains("ann")));
    }

    #[test]
    fn a_table_may_count_for_itself() {
        let text = "Artist;Tag;Count\nBjörk;Trip Hop;15\nBjörk;odd;1\nBjörk;none;0\nBjörk;;4\n\
                    Björk;loud;1e300\n";
        let (report, records) = read(&TaggedArtists::default(), text);
        assert_eq!(said(&records), [("Björk", "trip hop", 15)]);
        assert_eq!((report.rows_read, report.artist_tags), (5, 1));
    }

    #[test]
    fn names_longer_than_anything_real_are_not_held() {
        let long = "x".repeat(LONGEST_NAME + 1);
        let text = format!("user,artist,tag\nann,{long},a\nbob,{long},a\nann,b,{long}\n");
        let (report, records) = read(&TaggedArtists::default(), &text);
        assert!(records.0.is_empty());
        assert_eq!(report.dropped[&DropReason::NameTooLong], 3);
    }

    #[test]
    fn numbers_take_the_tables_that_explain_them() {
        let text = "userID\tartistID\ttagID\tday\n\
                    2\t52\t13\t1\n3\t52\t13\t1\n3\t52\t14\t1\n3\t53\t13\t1\n";
        assert!(recognises(&TaggedArtists::default(), text));
        let (result, _) = try_read(&TaggedArtists::default(), text);
        let error = result.unwrap_err().to_string();
        assert!(error.contains("name the folder"), "{error}");
        let mut names = TagNames::default();
        learn(&mut names, "elsewhere/artists.dat", "id\tname\n52\tSomebody else\n");
        learn(&mut names, "artists.dat", "id\tname\turl\n52\tMorcheeba\thttp://x\n");
        learn(&mut names, "tags.dat", "tagID\ttagValue\n13\tChillout\n14\tx\n");
        learn(&mut names, "tags.dat", "id,name,artist,listener,date\n13,a play,b,c,d\n");
        let (report, records) = read(&TaggedArtists { names }, text);
        assert_eq!(said(&records), [("Morcheeba", "chillout", 2)]);
        assert_eq!(report.dropped[&DropReason::NoTag], 1, "artist 53 is nowhere");
    }

    #[test]
    fn a_table_that_may_be_of_something_else_is_none_of_tags_of_artists() {
        for header in [
            "artist,tag",
            "person,artist,tag",
            "artist,track,tag,count",
            "artistID,tag,count",
            "artist,title",
            "id,artist,tag,count",
            "user,artist,tag,count",
            "user,friend,artist,tag",
            "artist,tag,isrc,user,listened_at",
            "user,artist,album,tag",
            "user,artist,tag,tempo,energy",
        ] {
            assert!(!recognises(&TaggedArtists::default(), &format!("{header}\n")), "{header}");
        }
        for header in ["tag,artist,count", "userID\tartistID\ttagID\tday\tmonth\tyear"] {
            assert!(recognises(&TaggedArtists::default(), &format!("{header}\n")), "{header}");
        }
    }

    #[test]
    fn the_tags_of_hetrec_are_counted_to_the_last() {
        let Some(folder) = real_data("hetrec2011_lastfm_2k") else { return };
        let text = |name: &str| {
            String::from_utf8_lossy(&std::fs::read(folder.join(name)).unwrap()).into_owned()
        };
        let mut names = TagNames::default();
        learn(&mut names, "artists.dat", &text("artists.dat"));
        learn(&mut names, "tags.dat", text("tags.dat").trim_start_matches('\u{feff}'));
        let (report, records) = read(&TaggedArtists { names }, &text("user_taggedartists.dat"));
        assert_eq!(report.rows_read, 186_479);
        assert_eq!((report.artist_tags, records.0.len()), (99_757, 23_253));
        assert_eq!(report.dropped[&DropReason::NoTag], 1_538);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_adds_up(
            text in "((user,)?artist,tag(,count)?\n)?([a-c0-2]?[,;\t\"\n]){0,40}",
        ) {
            let _ = try_read(&TaggedArtists::default(), &text);
        }
    }
}
