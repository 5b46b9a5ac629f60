//! The statements that do the heavy work, one a table.
//!
//! ```text
//! members ─► listens ─┬───────────────► plays ─► of_recordings, of_artists, of_days, sums
//!         └► names ─► tokens (local) ┘        └► kept_plays ─┬► recent, heard
//!                          kept (local) ──────────────┘      └► sessions ─► all_pairs ─► pairs, …
//! ```
//!
//! They are written for what the local steps do, `piece`, `people` and `pairs`, and use the same
//! constants. Where several rows are equally good, as of two plays in one second, they decide as
//! the local steps do, so that the same listens give the same world. `_metadata` tells the file and
//! row that a listen comes from. One cell is read otherwise: an INT96 whose time of day is beyond
//! the day, which no writer makes, is no moment to the local reader and one of the next day to
//! Spark.

use super::super::pairs::{
    FEWEST_COUNT, LONGEST_SESSION, MOST_OF_ONE, SESSION_GAP_S, SKIP_S, USUAL_LENGTH_S,
};
use super::super::people::SECONDS_A_DAY;
use super::super::piece::{EARLIEST_S, LONG_NAME, LONGEST_NAME, STRANGE_TIME, STRANGE_USER};
use super::super::{FEWEST_PEOPLE_OF_PAIR, SHARES};
use super::members::WholeMember;
use super::tables::Tables;
use crate::dump::{DumpDropReason, LONGEST_CELL};

/// Settings of the session that results depend on: a server may be set up in any way.
pub(super) const SETTINGS: [&str; 16] = [
    "spark.sql.ansi.enabled=true",
    "spark.sql.ansi.enforceReservedKeywords=false",
    "spark.sql.session.timeZone=UTC",
    "spark.sql.parser.escapedStringLiterals=false",
    "spark.sql.files.ignoreCorruptFiles=false",
    "spark.sql.files.ignoreMissingFiles=false",
    "spark.sql.parquet.mergeSchema=true",
    "spark.sql.parquet.binaryAsString=true",
    "spark.sql.parquet.inferTimestampNTZ.enabled=false",
    "spark.sql.parquet.int96TimestampConversion=false",
    "spark.sql.parquet.int96RebaseModeInRead=CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead=CORRECTED",
    "spark.sql.parquet.compression.codec=zstd",
    "parquet.writer.version=v1",
    "mapreduce.fileoutputcommitter.algorithm.version=1",
    "mapreduce.fileoutputcommitter.marksuccessfuljobs=true",
];

/// What [`str::trim`] takes away, for SQL.
const WHITE_SPACE: &str = concat!(
    r"\u0009\u000A\u000B\u000C\u000D\u0020\u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004",
    r"\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000",
);
const MBID: &str = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
/// More rows than a member has.
const ROWS_A_MEMBER: u64 = 1 << 40;

/// The rows of all members, as a view: what each says, what it is dropped for, and where it stands
/// among all.
pub(super) fn rows_of(members: &[WholeMember], has_identifiers: bool) -> String {
    let numbered = members.iter().enumerate();
    let numbers: Vec<String> =
        numbered.map(|(number, member)| format!("({number}L, '{}')", member.path)).collect();
    let paths: Vec<&str> = members.iter().map(|member| &*member.path).collect();
    // Braces around a single path would be part of it.
    let paths =
        if let [one] = paths[..] { one.to_owned() } else { format!("/{{{}}}", join(&paths)) };
    let identifier = if has_identifiers { "recording_mbid" } else { "CAST(NULL AS STRING)" };
    let reason = reason();
    format!(
        "CREATE OR REPLACE TEMPORARY VIEW rows AS
        WITH cells AS (
            SELECT CAST(user_id AS BIGINT) AS person,
                unix_seconds(CAST(listened_at AS TIMESTAMP)) AS at,
                CAST(artist_name AS STRING) AS whole_artist,
                CAST(recording_name AS STRING) AS whole_title,
                CASE WHEN octet_length({identifier}) = 36 AND {identifier} RLIKE '{MBID}'
                    THEN lower({identifier}) END AS mbid,
                regexp_replace(_metadata.file_path, '^file:/+', '/') AS path,
                _metadata.row_index AS row_index
            FROM parquet.`file://{paths}`
        ), named AS (
            SELECT *, trim(BOTH '{WHITE_SPACE}' FROM whole_artist) AS artist,
                trim(BOTH '{WHITE_SPACE}' FROM whole_title) AS title
            FROM cells
        )
        SELECT person, at, artist, title, mbid, member,
            member * {ROWS_A_MEMBER} + row_index AS place,
            CASE WHEN mbid IS NOT NULL THEN xxhash64(mbid) | 1L
                ELSE xxhash64(artist, title) & ~1L END AS token,
            CASE WHEN mbid IS NOT NULL THEN hash(mbid) ELSE hash(artist, title) END AS second_hash,
            {reason} AS reason
        FROM named JOIN (SELECT * FROM VALUES {} AS members(member, path)) USING (path)",
        numbers.join(", ")
    )
}

/// Paths without the first `/`, for a pattern that has one before its braces.
fn join(paths: &[&str]) -> String {
    paths.iter().map(|path| path.trim_start_matches('/')).collect::<Vec<_>>().join(",")
}

/// Why a row is no listen, as a place among [`reasons`] from 1 on; 0 where it is one.
fn reason() -> String {
    let mut cases = String::from("CASE");
    for (number, (condition, _)) in (1..).zip(reasons()) {
        cases.push_str(&format!(" WHEN {condition} THEN {number}L"));
    }
    cases + " ELSE 0L END"
}

/// What a row is dropped for, in the order in which the local reader asks, and how the report calls
/// it.
pub(super) fn reasons() -> Vec<(String, String)> {
    let mut all = vec![
        ("person IS NULL".to_owned(), DumpDropReason::NoUser.to_string()),
        ("at IS NULL".to_owned(), DumpDropReason::NoTime.to_string()),
    ];
    for (name, missing) in
        [("artist", DumpDropReason::NoArtist), ("title", DumpDropReason::NoTitle)]
    {
        all.extend([
            (format!("whole_{name} IS NULL"), missing.to_string()),
            (
                format!("octet_length(whole_{name}) > {LONGEST_CELL}"),
                DumpDropReason::TooLong.to_string(),
            ),
            (format!("NOT is_valid_utf8(whole_{name})"), DumpDropReason::NotText.to_string()),
            (format!("octet_length({name}) = 0"), missing.to_string()),
        ]);
    }
    let latest = u32::MAX;
    all.extend([
        (format!("person NOT BETWEEN 0 AND {latest}L"), STRANGE_USER.to_owned()),
        (format!("at NOT BETWEEN {EARLIEST_S}L AND {latest}L"), STRANGE_TIME.to_owned()),
        (
            format!(
                "octet_length(artist) > {LONGEST_NAME} OR octet_length(title) > {LONGEST_NAME}"
            ),
            LONG_NAME.to_owned(),
        ),
    ]);
    all
}

/// A statement that writes a table.
pub(super) struct Statement {
    /// What is said to be done meanwhile.
    pub(super) step: &'static str,
    pub(super) table: &'static str,
    pub(super) query: String,
}

/// Listens without names, how many there are of each kind, and the distinct names.
pub(super) fn reading(tables: &Tables) -> Vec<Statement> {
    let listens = tables.sql("listens");
    let all = [
        ("listens", "SELECT member, reason, person, at, token FROM rows".to_owned()),
        (
            "of_members",
            format!("SELECT member, reason, count(*) AS rows FROM {listens} GROUP BY ALL"),
        ),
        (
            // Names differ among the listens of an identifier: those of the first count.
            "names",
            "SELECT token, min(mbid) AS mbid, min_by(artist, place) AS artist,
                min_by(title, place) AS title, count(*) AS listens,
                CAST(max(second_hash) <> min(second_hash) AS BIGINT) AS is_shared
            FROM rows WHERE reason = 0 GROUP BY token"
                .to_owned(),
        ),
    ];
    statements("reading listens", all)
}

/// Plays by recording, and sums of them.
pub(super) fn counting(tables: &Tables) -> Vec<Statement> {
    let [listens, tokens, plays] = ["listens", "tokens", "plays"].map(|name| tables.sql(name));
    let all = [
        (
            "plays",
            format!(
                "SELECT person, at, recording, artist, count(*) AS times
                FROM {listens} JOIN {tokens} USING (token) WHERE reason = 0 GROUP BY ALL"
            ),
        ),
        (
            "sums",
            format!("SELECT count(*) AS plays, coalesce(sum(times), 0) AS times FROM {plays}"),
        ),
        (
            "of_recordings",
            format!(
                "SELECT recording, count(*) AS listens, count(DISTINCT person) AS people,
                    min(at) AS first_at
                FROM {plays} GROUP BY recording"
            ),
        ),
        (
            "of_artists",
            format!("SELECT artist, count(DISTINCT person) AS people FROM {plays} GROUP BY artist"),
        ),
        (
            "of_days",
            format!(
                "SELECT at div {SECONDS_A_DAY} AS day, count(*) AS listens FROM {plays} GROUP BY 1"
            ),
        ),
    ];
    statements("counting plays", all)
}

/// Plays of what is kept, and who heard what of it.
pub(super) fn keeping(tables: &Tables, recent_from_s: u32) -> Vec<Statement> {
    let [plays, kept, kept_plays] = ["plays", "kept", "kept_plays"].map(|name| tables.sql(name));
    let all = [
        (
            "kept_plays",
            format!(
                "SELECT person, at, recording, kept.row, kept.artist
                FROM {plays} JOIN {kept} AS kept USING (recording)"
            ),
        ),
        (
            "of_rows",
            format!(
                "SELECT row, count(*) AS listens, count_if(at >= {recent_from_s}) AS recent
                FROM {kept_plays} GROUP BY row"
            ),
        ),
        (
            "heard",
            format!(
                "SELECT DISTINCT person % {SHARES} AS share, person, row FROM {kept_plays}
                ORDER BY share, person, row"
            ),
        ),
    ];
    statements("gathering what people heard", all)
}

/// Sessions, and the pairs in them, by the recipe of the local step.
pub(super) fn pairing(tables: &Tables) -> Vec<Statement> {
    let [plays, sessions, pairs] =
        ["kept_plays", "sessions", "all_pairs"].map(|name| tables.sql(name));
    let enough = format!("count >= {FEWEST_COUNT} AND people >= {FEWEST_PEOPLE_OF_PAIR}");
    let all = [
        ("sessions", sessions_of(&plays)),
        (
            "all_pairs",
            format!(
                "SELECT one, other, sum(least(times, {MOST_OF_ONE})) AS count, count(*) AS people,
                    sum(times) AS times
                FROM (
                    SELECT a.person, a.row AS one, b.row AS other, count(*) AS times
                    FROM {sessions} a JOIN {sessions} b
                        ON a.person = b.person AND a.session = b.session AND a.part = b.part
                            AND a.row < b.row AND a.artist <> b.artist
                    WHERE a.part >= 0 AND b.part >= 0
                    GROUP BY ALL
                ) GROUP BY one, other"
            ),
        ),
        ("pairs", format!("SELECT one, other, count, people FROM {pairs} WHERE {enough}")),
        (
            "pair_sums",
            format!(
                "SELECT count(*) AS pairs, coalesce(sum(times), 0) AS times,
                    count_if({enough}) AS kept, coalesce(sum(CASE WHEN {enough} THEN count END), 0)
                        AS kept_count
                FROM {pairs}"
            ),
        ),
        ("session_sums", session_sums(&sessions)),
    ];
    statements("counting pairs", all)
}

/// The recordings of each session. What was skipped is part -1, so that no play goes unnoticed;
/// sessions that are too long are cut into parts.
fn sessions_of(plays: &str) -> String {
    let pause = USUAL_LENGTH_S + SESSION_GAP_S;
    format!(
        "WITH gaps AS (
            SELECT *, lead(at) OVER (PARTITION BY person ORDER BY at, recording) - at AS gap
            FROM {plays}
        ), cut AS (
            SELECT *, coalesce(gap + {SKIP_S} < {USUAL_LENGTH_S}, false) AS is_skipped,
                coalesce(sum(CAST(gap > {pause} AS BIGINT)) OVER (
                    PARTITION BY person ORDER BY at, recording
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS session
            FROM gaps
        ), parted AS (
            SELECT *, CASE WHEN is_skipped THEN -1L ELSE (row_number() OVER (
                PARTITION BY person, session, is_skipped ORDER BY at, recording) - 1)
                div {LONGEST_SESSION} END AS part
            FROM cut
        )
        SELECT person, session, part, row, artist, count(*) AS times FROM parted GROUP BY ALL"
    )
}

/// How many plays sessions have, and how many times two recordings by different artists meet in
/// one: of n recordings, of which an artist has n_a, (n² - Σ n_a²) / 2 do. That is another way to
/// the number than joining them.
fn session_sums(sessions: &str) -> String {
    format!(
        "SELECT (SELECT coalesce(sum(times), 0) FROM {sessions}) AS plays,
            coalesce(sum(n * n - of_artists), 0) div 2 AS meetings
        FROM (
            SELECT sum(n) AS n, sum(n * n) AS of_artists FROM (
                SELECT person, session, part, artist, count(*) AS n
                FROM {sessions} WHERE part >= 0 GROUP BY ALL
            ) GROUP BY person, session, part
        )"
    )
}

fn statements<const N: usize>(
    step: &'static str,
    all: [(&'static str, String); N],
) -> Vec<Statement> {
    all.into_iter().map(|(table, query)| Statement { step, table, query }).collect()
}
