//! Documents as streams: cut into pieces, endless, or made of random plays.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use proptest::prelude::*;
use segue_core::{Listen, ListenerId, Moment, Record, Source, Timestamp};

use super::{JsonRows, JsonText, Step, read_document};
use crate::{Context, DropReason, FileReport, IngestError, Sink, SinkError};

#[derive(Default)]
struct Records(Vec<Record>);

impl Sink for Records {
    fn accept(&mut self, _: u64, record: Record) -> Result<(), SinkError> {
        self.0.push(record);
        Ok(())
    }
}

/// Counts rows and remembers their names.
#[derive(Default)]
struct Names(Vec<String>);

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    name: JsonText<'a>,
}

impl JsonRows for Names {
    type Row<'de> = Named<'de>;

    fn row(&mut self, row: Named<'_>, _: u8, context: &mut Context<'_>) -> Result<(), IngestError> {
        self.0.extend(row.name.get().map(str::to_owned));
        context.drop_row(DropReason::NotAPlay);
        Ok(())
    }
}

fn names(input: &mut dyn BufRead) -> (Result<(), IngestError>, Vec<String>, FileReport) {
    let mut records = Records::default();
    let mut context =
        Context::new(Path::new("test.json"), Source::LastFm, ListenerId::new("me"), &mut records);
    let mut names = Names::default();
    let result = read_document(input, &mut context, &mut names, |path| match path {
        "" | "/page" | "/page/*" => Step::Enter,
        "/page/*/rows" => Step::Rows(0),
        _ => Step::Skip,
    });
    (result, names.0, context.finish())
}

/// `prefix`, and then `filler` without end; counts what was taken of it.
struct Endless {
    prefix: Cursor<Vec<u8>>,
    filler: u8,
    taken: u64,
}

impl Endless {
    fn new(prefix: &str, filler: u8) -> BufReader<Self> {
        BufReader::new(Self { prefix: Cursor::new(prefix.into()), filler, taken: 0 })
    }
}

impl Read for Endless {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let count = self.prefix.read(target)?;
        if count > 0 {
            return Ok(count);
        }
        target.fill(self.filler);
        self.taken += target.len() as u64;
        assert!(self.taken < 10 << 30, "ten gigabytes read");
        Ok(target.len())
    }
}

#[test]
fn lines_without_end_stop_at_their_limits() {
    let begun = r#"{"page":[{"rows":[{"name":"a"},"#;
    for (prefix, filler, what, most) in [
        (format!("{begun}{{\"name\":\""), b'x', "a row", 2 << 20),
        (format!("{begun}{{\"other\":\""), b'x', "a row", 2 << 20),
        (format!("{begun}{{\"name\":"), b'7', "a row", 2 << 20),
        (begun.to_owned(), b' ', "white space", 2 << 20),
        (begun.to_owned(), b'[', "nesting", 1 << 20),
        (begun.to_owned(), b'9', "a value", 65 << 20),
        (format!("{begun}{{}}],\""), b'k', "a key", 1 << 20),
        (format!("{begun}{{}}],\"skipped\":\""), b's', "a value", 65 << 20),
    ] {
        let mut input = Endless::new(&prefix, filler);
        let (result, names, report) = names(&mut input);
        let error = result.unwrap_err();
        let IngestError::TooLarge { what: found, line: 1, .. } = error else { panic!("{error}") };
        assert_eq!(found, what);
        assert_eq!(names, ["a"]);
        assert!(report.adds_up());
        assert!(input.get_ref().taken < most, "{what}: {}", input.get_ref().taken);
    }
}

#[test]
fn documents_that_break_off_or_go_on_say_where() {
    for (text, line, problem) in [
        ("{\"page\":[\n{\"rows\":[\n{\"name\":\"a\"", 3, "ends in the middle of a row"),
        ("{\"page\":[\n{\"rows\":[\n{\"name\":\"a\"}", 3, "ends where"),
        ("{\"page\"", 1, "ends where"),
        ("{\"page\":[]}\n{}", 2, "expected the end of the document"),
        ("{\"page\":[]\n\"x\":1}", 2, "expected `,` or `}`, found `\\\"`"),
        ("{\"page\":[}]}", 1, "expected a value, found `}`"),
        ("{page:1}", 1, "expected a key, found `p`"),
        ("\n\n{\"x\":\"y", 3, "ends in the middle of a value"),
    ] {
        let (result, ..) = names(&mut text.as_bytes());
        let message = result.unwrap_err().to_string();
        assert!(message.contains(&format!("test.json`, line {line}: ")), "{text}: {message}");
        assert!(message.contains(problem), "{text}: {message}");
    }
}

#[test]
fn empty_documents_and_stray_commas_do_no_harm() {
    for text in
        ["", " \n", "{}", "[]", "{\"page\":null}", "{\"page\":[{\"rows\":[{\"name\":\"a\"},]},]}"]
    {
        let (result, ..) = names(&mut text.as_bytes());
        assert!(result.is_ok(), "{text}: {result:?}");
    }
}

fn plays() -> impl Strategy<Value = Vec<(i64, String, String, u32, bool)>> {
    let play =
        (800_000_000_i64..4_000_000_000, "\\PC{1,12}", "\\PC{1,12}", any::<u32>(), any::<bool>());
    prop::collection::vec(play, 0..40)
}

fn read_history(input: &mut dyn BufRead) -> Vec<Listen> {
    let mut records = Records::default();
    let mut context = Context::new(
        Path::new("x.json"),
        Source::SpotifyExtended,
        ListenerId::new("me"),
        &mut records,
    );
    let formats = crate::format::Formats::new(&Default::default(), Default::default());
    let format = formats.all().find(|format| format.source() == Source::SpotifyExtended).unwrap();
    format.read(input, &mut context).unwrap();
    assert!(context.finish().adds_up());
    records
        .0
        .into_iter()
        .filter_map(|r| if let Record::Listen { listen, .. } = r { Some(listen) } else { None })
        .collect()
}

proptest! {
    #[test]
    fn plays_survive_the_way_through_json(
        plays in plays(),
        pretty in any::<bool>(),
        piece in 1_usize..200,
    ) {
        let titled = |(_, title, ..): &(_, String, _, _, _)| !title.trim().is_empty();
        let plays: Vec<_> = plays.into_iter().filter(titled).collect();
        let rows: Vec<_> = plays
            .iter()
            .map(|(second, title, artist, ms, flag)| {
                serde_json::json!({
                    "ts": Timestamp::from_second(*second).unwrap().to_string(),
                    "ms_played": ms,
                    "shuffle": flag,
                    "master_metadata_track_name": title,
                    "master_metadata_album_artist_name": artist,
                    "ip_addr": "x",
                })
            })
            .collect();
        let text = match pretty {
            true => serde_json::to_string_pretty(&rows),
            false => serde_json::to_string(&rows),
        };
        let text = text.unwrap();
        let mut input = BufReader::with_capacity(piece, text.as_bytes());
        let listens = read_history(&mut input);
        prop_assert_eq!(listens.len(), plays.len());
        for (listen, (second, _, _, ms, flag)) in listens.iter().zip(&plays) {
            prop_assert_eq!(listen.at.unwrap().as_second(), *second);
            prop_assert_eq!(listen.ms_played, Some(*ms));
            prop_assert_eq!(listen.shuffle, Some(*flag));
            prop_assert_eq!(listen.moment, Moment::Ended);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic_or_lose_count(
        text in r#"([\[\]{},:" a-c\\\n]|"page"|"rows"|"name"){0,60}"#,
    ) {
        let (_, _, report) = names(&mut text.as_bytes());
        prop_assert!(report.adds_up());
    }
}
