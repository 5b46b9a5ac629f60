//! How long a search takes in catalogues of any size, and tables of made-up tracks to find out.
//!
//! ```sh
//! cargo run --release -p segue-lab --example search -- tracks 1000000 > tracks.csv
//! segue --home home import tracks.csv
//! cargo run --release -p segue-lab --example search -- measure home
//! ```
//!
//! Words are drawn by Zipf's law from a vocabulary that grows with the catalogue, an artist has
//! some ten tracks, a title in thirty is written in Japanese. Same number, same table.

#![allow(clippy::print_stdout)] // what it measures is its output

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Zipf};
use segue::{Library, Snapshot};

/// How many words there are to draw from; most are never drawn.
const VOCABULARY: f64 = 3e6;
const TRACKS_OF_AN_ARTIST: usize = 10;
/// Titles of tracks and albums hold these more often than any other words.
const COMMON: [&str; 12] =
    ["the", "love", "of", "you", "a", "me", "in", "night", "i", "my", "don't", "café"];
const SYLLABLES: [&str; 40] = [
    "ba", "ri", "son", "ne", "tu", "lo", "mer", "da", "vi", "ka", "shi", "po", "ren", "ma", "te",
    "bo", "hem", "go", "lu", "sa", "fi", "dor", "we", "jan", "que", "li", "to", "pra", "mu", "he",
    "ster", "no", "ce", "gra", "win", "ya", "or", "ex", "ul", "in",
];
const KANA: [char; 20] = [
    '桜', '夜', '空', '恋', '花', '夢', '海', '風', 'の', 'に', 'を', 'か', 'ラ', 'イ', 'ト', 'ン',
    'ス', 'ル', '君', '歌',
];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tracks", count] => write_tracks(count.parse()?),
        ["measure", home] => measure(Path::new(home)),
        _ => anyhow::bail!("say `tracks COUNT` or `measure HOME`"),
    }
}

fn write_tracks(count: usize) -> anyhow::Result<()> {
    let rng = &mut ChaCha8Rng::seed_from_u64(17);
    let zipf = Zipf::new(VOCABULARY, 1.05)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(out, "track_id,track_name,artist_name,album,popularity,tempo")?;
    let (mut artist, mut album) = (String::new(), String::new());
    for track in 0..count {
        if track % TRACKS_OF_AN_ARTIST == 0 {
            artist = words(rng, &zipf, 1..3);
            album = words(rng, &zipf, 1..4);
        }
        let title = match rng.random_range(0..30) {
            0 => {
                (0..rng.random_range(2..9)).map(|_| KANA[rng.random_range(0..KANA.len())]).collect()
            }
            _ => words(rng, &zipf, 1..5),
        };
        let popularity = 100.0 * rng.random::<f32>().powi(4);
        writeln!(out, "t{track},{title},{artist} {},{album},{popularity:.3},100", track / 10)?;
    }
    Ok(out.flush()?)
}

fn words(rng: &mut impl Rng, zipf: &Zipf<f64>, count: std::ops::Range<usize>) -> String {
    let count = rng.random_range(count);
    (0..count).map(|_| word(zipf.sample(rng) as usize - 1)).collect::<Vec<_>>().join(" ")
}

/// The word of a rank.
fn word(rank: usize) -> String {
    if let Some(word) = COMMON.get(rank) {
        return (*word).to_owned();
    }
    let mut left = rank - COMMON.len() + SYLLABLES.len();
    let mut word = String::new();
    while left > 0 {
        word.push_str(SYLLABLES[left % SYLLABLES.len()]);
        left /= SYLLABLES.len();
    }
    word
}

fn measure(home: &Path) -> anyhow::Result<()> {
    let library = Library::open(home)?;
    let (snapshot, seconds) = spent(|| library.snapshot());
    let snapshot = snapshot?;
    let tracks = snapshot.catalogue.len();
    println!("{tracks} tracks, opened in {seconds:.2} CPU-s, {} resident", resident()?);
    let (_, seconds) = spent(|| snapshot.search("the", 1));
    println!("first search {seconds:.3} CPU-s, {} resident", resident()?);
    for (what, words) in QUERIES {
        report(&snapshot, what, words);
    }
    Ok(())
}

const QUERIES: [(&str, &str); 12] = [
    ("common word", "love"),
    ("rare word", "mermerbo"),
    ("a common and a rare word", "the mermerbo"),
    ("three words", "the love night"),
    ("four words as one types", "the love of n"),
    ("beginning of one letter", "s"),
    ("beginning of two letters", "bo"),
    ("two beginnings of one letter", "s m"),
    ("within a Japanese title", "夜空"),
    ("a letter wrong", "mermerbx"),
    ("two letters wrong", "stremersan"),
    ("nothing", "zzzzqqqqxx"),
];

/// The clock of a thread ticks every few milliseconds: so many searches are timed together that
/// this does not count.
fn report(snapshot: &Snapshot, what: &str, words: &str) {
    let (begin, mut searches) = (cpu_s(), 0);
    let mut found = segue::Found::default();
    while searches < 3 || cpu_s() - begin < 0.4 {
        found = snapshot.search(words, 50);
        searches += 1;
    }
    let ms = 1e3 * (cpu_s() - begin) / f64::from(searches);
    let (tracks, artists) = (found.total, found.artists.len());
    let read_as = found.read_as.map(|words| format!(", read as `{words}`")).unwrap_or_default();
    println!("{what:<28} {words:<14} {ms:9.3} ms, {tracks} tracks, {artists} artists{read_as}");
}

/// What a call returns, with the processor time of this thread.
fn spent<T>(call: impl FnOnce() -> T) -> (T, f64) {
    let before = cpu_s();
    let outcome = call();
    (outcome, cpu_s() - before)
}

fn cpu_s() -> f64 {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ns = spent.split(' ').next().and_then(|ns| ns.parse::<f64>().ok());
    ns.unwrap_or(f64::NAN) / 1e9
}

/// Memory of this process: what is its own, and what is pages of files.
fn resident() -> anyhow::Result<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = |name: &str| -> anyhow::Result<u64> {
        let line = status.lines().find(|line| line.starts_with(name));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(number.context("no such line")?.parse::<u64>()? / 1024)
    };
    let [own, of_files, peak] = [line("RssAnon:")?, line("RssFile:")?, line("VmHWM:")?];
    Ok(format!("{own} MB of its own, {of_files} MB of files, {peak} MB at most,"))
}
