//! Tags that people give to artists: tables of an artist and a tag a row, with how many people gave
//! it or with who did.
//!
//! - `artist, tag, count`: so many people gave it. Where the table does not count, each row is one.
//! - `user, artist, tag`, such as `user_taggedartists.dat` of HetRec: a row is one person's, and
//!   people are counted here. Who gave which tag ends here: no record names anybody.
//!
//! What one person alone gave to an artist would tell of that person and little of the artist; such
//! rows are dropped. HetRec's table has numbers for artists and tags, which `artists.dat` and
//! `tags.dat` beside it explain: these are read first, as what they are ([`TagNames`]).
//!
//! Rejected: handing every row on and counting in the store, which would have to keep who gave what
//! for as long as files are read.

use std::collections::HashSet;
use std::io::BufRead;
use std::path::PathBuf;

use csv::StringRecord;
use rustc_hash::FxHashMap;
use segue_core::{ArtistTag, Record, Source};

use super::{Format, Head};
use crate::table::{Delimited, TableLayout, head_records, plain_name, values};
use crate::{Context, DropReason, IngestError};

/// A tag is kept that so many people gave to an artist.
const FEWEST_PEOPLE: usize = 2;
/// Rows of a table that names people are held in memory until all are counted: twelve bytes each.
const MOST_ROWS: usize = 16 << 20;

/// Names of the columns, as [`plain_name`] has them, the best first.
const LISTENER: &[&str] = &["userid", "user", "listener", "listenerid", "username", "uid"];
const ARTIST: &[&str] = &["artist", "artistname", "artistid"];
const TAG: &[&str] = &["tag", "tagname", "tagvalue", "tagid"];
const PEOPLE: &[&str] = &["count", "people", "tagcount", "listeners", "taggers"];

/// A table of tags.
#[derive(Default)]
pub(crate) struct TaggedArtists {
    /// What the numbers of a table of numbers are.
    pub(crate) names: TagNames,
}

/// Which artists and which tags the numbers of a table stand for.
#[derive(Default)]
pub(crate) struct TagNames {
    artists: FxHashMap<u32, String>,
    tags: FxHashMap<u32, String>,
    /// The files that told it.
    pub(crate) files: HashSet<PathBuf>,
}

impl TagNames {
    /// Whether a file of this name, in lower case, may tell what the numbers are.
    pub(crate) fn wants(name: &str) -> bool {
        let name = name.strip_suffix(".gz").unwrap_or(name);
        matches!(name, "artists.dat" | "tags.dat")
    }

    /// Learns from a table of numbers and names; the context takes the account of that reading,
    /// which keeps no row.
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
        let (artist, tag) =
            (columns(header, [&["id"], &["name"]]), columns(header, [&["tagid"], TAG]));
        let (names, [number, name]) = match (artist, tag) {
            (Some(places), _) => (&mut self.artists, places),
            (None, Some(places)) => (&mut self.tags, places),
            (None, None) => return Ok(()),
        };
        while let Some(cells) = table.next(context)? {
            let number = cells.get(number).and_then(|number| number.trim().parse().ok());
            let name = cells.get(name).and_then(values::present);
            if let (Some(number), Some(name)) = (number, name) {
                names.insert(number, name.to_owned());
            }
        }
        self.files.insert(context.path().to_owned());
        Ok(())
    }

    fn has_all(&self) -> bool {
        !self.artists.is_empty() && !self.tags.is_empty()
    }
}

/// The places of two columns, if both are there.
fn columns(header: &StringRecord, names: [&[&str]; 2]) -> Option<[usize; 2]> {
    Some([place(header, names[0])?, place(header, names[1])?])
}

/// The place of the column with the first of some names.
fn place(header: &StringRecord, names: &[&str]) -> Option<usize> {
    names.iter().find_map(|name| header.iter().position(|cell| plain_name(cell.trim()) == *name))
}

/// What the columns of a table are.
struct TagColumns {
    artist: usize,
    tag: usize,
    listener: Option<usize>,
    people: Option<usize>,
    /// Whether artists and tags are numbers that other files explain.
    are_numbers: bool,
}

impl TagColumns {
    fn of(header: &StringRecord) -> Option<Self> {
        let [artist, tag] = columns(header, [ARTIST, TAG])?;
        let is = |at: usize, name: &str| header.get(at).map(plain_name).as_deref() == Some(name);
        let numbers = [is(artist, "artistid"), is(tag, "tagid")];
        let names_tracks = TableLayout::from_names(header.iter(), None).names_tracks();
        (!names_tracks && numbers[0] == numbers[1]).then(|| Self {
            artist,
            tag,
            listener: place(header, LISTENER),
            people: place(header, PEOPLE),
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
        if columns.are_numbers && !self.names.has_all() {
            let problem = "artists and tags are numbers here, and no `artists.dat` and `tags.dat` \
                           were given with it: name the folder that has all three";
            return Err(context.malformed(1, problem));
        }
        table.expect_width(width);
        match columns.listener {
            Some(listener) => self.count_people(&mut table, &columns, listener, context),
            None => self.take_counts(&mut table, &columns, context),
        }
    }
}

impl TaggedArtists {
    /// Announces the rows of a table that counts for itself.
    fn take_counts(
        &self,
        table: &mut Delimited<'_>,
        columns: &TagColumns,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        while let Some(cells) = table.next(context)? {
            let people = match columns.people.map(|at| cells.get(at).and_then(values::number)) {
                None => Ok(1),
                Some(Some(people)) if people >= FEWEST_PEOPLE as f64 => Ok(people as u32),
                Some(Some(people)) if people >= 1.0 => Err(DropReason::OnePerson),
                Some(_) => Err(DropReason::Empty),
            };
            let said = self.said(cells, columns).ok_or(DropReason::NoTag);
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
        columns: &TagColumns,
        listener: usize,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        let mut taggings = Taggings::default();
        let mut people = Numbers::default();
        let ended = loop {
            let cells = match table.next(context) {
                Ok(Some(cells)) => cells,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            let person = cells.get(listener).and_then(values::present);
            match (person, self.said(cells, columns)) {
                (Some(person), Some([artist, tag])) => {
                    taggings.add(artist, &tag.to_lowercase(), people.of(person));
                }
                (None, _) => context.drop_row(DropReason::NoListener),
                (_, None) => context.drop_row(DropReason::NoTag),
            }
            if taggings.rows.len() > MOST_ROWS {
                let limit = MOST_ROWS.to_string();
                break Err(context.too_large(table.line(), "a table of who tagged whom", limit));
            }
        };
        drop(people);
        taggings.announce(context)?;
        ended
    }

    /// The artist and the tag of a row.
    fn said<'r>(&'r self, cells: &'r StringRecord, columns: &TagColumns) -> Option<[&'r str; 2]> {
        let [artist, tag] = [columns.artist, columns.tag].map(|at| cells.get(at).unwrap_or(""));
        if !columns.are_numbers {
            return Some([values::present(artist)?, values::present(tag)?]);
        }
        let named = |names: &'r FxHashMap<u32, String>, number: &str| {
            names.get(&number.trim().parse().ok()?).map(String::as_str)
        };
        Some([named(&self.names.artists, artist)?, named(&self.names.tags, tag)?])
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
    person: u32,
}

impl Taggings {
    fn add(&mut self, artist: &str, tag: &str, person: u32) {
        let (artist, tag) = (self.artists.of(artist), self.tags.of(tag));
        self.rows.push(Tagging { artist, tag, person });
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
                    ann,Slowdive,shoegaze\nann,Slowdive,my ex liked them\n,Slowdive,rock\nann,,rock\n";
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
    fn a_table_may_count_for_itself_or_not_at_all() {
        let text = "Artist;Tag;Count\nBjörk;Trip Hop;15\nBjörk;odd;1\nBjörk;none;0\nBjörk;;4\n";
        let (report, records) = read(&TaggedArtists::default(), text);
        assert_eq!(said(&records), [("Björk", "trip hop", 15)]);
        assert_eq!((report.rows_read, report.artist_tags), (4, 1));
        let (report, records) = read(&TaggedArtists::default(), "artist_name\ttag\nBjörk\tcold\n");
        assert_eq!((said(&records), report.artist_tags), (vec![("Björk", "cold", 1)], 1));
    }

    #[test]
    fn numbers_take_the_tables_that_explain_them() {
        let text = "userID\tartistID\ttagID\tday\n2\t52\t13\t1\n3\t52\t13\t1\n3\t52\t14\t1\n3\t53\t13\t1\n";
        assert!(recognises(&TaggedArtists::default(), text));
        let (result, _) = try_read(&TaggedArtists::default(), text);
        let error = result.unwrap_err().to_string();
        assert!(error.contains("name the folder"), "{error}");
        let mut names = TagNames::default();
        learn(&mut names, "artists.dat", "id\tname\turl\n52\tMorcheeba\thttp://x\n");
        learn(&mut names, "tags.dat", "tagID\ttagValue\n13\tChillout\n14\tx\n");
        let (report, records) = read(&TaggedArtists { names }, text);
        assert_eq!(said(&records), [("Morcheeba", "chillout", 2)]);
        assert_eq!(report.dropped[&DropReason::NoTag], 1, "artist 53 is nowhere");
    }

    #[test]
    fn a_table_that_names_tracks_is_none_of_tags_of_artists() {
        for header in ["artist,track,tag\n", "artistID,tag\n", "artist,title\n", "id,artist,tag\n"]
        {
            assert!(!recognises(&TaggedArtists::default(), header), "{header}");
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
