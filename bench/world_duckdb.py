"""`segue world build` against the same joins and counts as SQL in DuckDB: time, memory, and whether
the counts agree.

Both read the same dump of listens (a tar of Parquet) and the same canonical names, with two threads
and 4 GB. SQL reads the members and the tables from files, which are extracted beforehand and not
timed. What it computes: identifiers replaced by their redirects, joined with the canonical names;
one recording a key of artist and title; plays, people and recordings that enough people played;
sessions, skips, and pairs by the recipe in `crates/world/src/build/pairs.rs`.

What it does not: names without identifiers (SQL has no transliteration), so listens without one are
left out, and it gives neither factors nor a file of names. So counts are compared on listens with
identifiers alone: `--identifiers-only` writes such a dump for both. The keys of canonical names are
those of the column `combined_lookup` where the names are ASCII, which generated dumps are.
"""

import argparse
import json
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

FEWEST_PEOPLE = 5
GAP_S, LENGTH_S, SKIP_S, LONGEST_SESSION = 300, 180, 30, 500
THREADS, MEMORY_MB = 2, 4000

RECORDINGS = """
CREATE TABLE names AS
    SELECT recording_mbid AS mbid, score,
        regexp_replace(lower(artist_credit_name), '[^a-z0-9_]', '', 'g') || regexp_replace(lower(recording_name), '[^a-z0-9_]', '', 'g')
            AS key,
        regexp_replace(lower(regexp_replace(artist_credit_name, '(?i) (feat\\.|ft\\.|featuring) .*', '')), '[^a-z0-9_]', '', 'g')
            AS artist
    FROM read_csv('{canonical}', all_varchar = true);
CREATE TABLE replaced AS
    SELECT recording_mbid AS mbid, any_value(canonical_recording_mbid) AS into_mbid
    FROM read_csv('{redirect}', all_varchar = true) GROUP BY 1;
CREATE TABLE keys AS
    SELECT mbid, any_value(key) AS key FROM names GROUP BY 1;
CREATE TABLE artists AS
    SELECT key, arg_min(artist, CAST(score AS BIGINT)) AS artist FROM names GROUP BY 1;
CREATE TABLE numbers AS
    SELECT key, row_number() OVER () AS recording,
        dense_rank() OVER (ORDER BY artist) AS artist FROM artists;
CREATE TABLE by_mbid AS
    SELECT mbid, recording FROM keys JOIN numbers USING (key);
CREATE TABLE of_token AS
    SELECT mbid, recording FROM by_mbid WHERE mbid NOT IN (SELECT mbid FROM replaced)
    UNION ALL
    SELECT replaced.mbid, recording FROM replaced JOIN by_mbid ON by_mbid.mbid = into_mbid;
CREATE TABLE plays AS
    SELECT DISTINCT user_id AS person, CAST(epoch(listened_at) AS BIGINT) AS at_s, recording
    FROM read_parquet('{members}') listens JOIN of_token ON of_token.mbid = listens.recording_mbid;
CREATE TABLE kept AS
    SELECT recording, count(*) AS listens, count(DISTINCT person) AS people FROM plays GROUP BY 1
    HAVING people >= {fewest};
"""

PAIRS = """
CREATE TABLE ordered AS
    SELECT person, at_s, recording,
        lead(at_s) OVER w - at_s AS gap, at_s - lag(at_s) OVER w AS before
    FROM plays SEMI JOIN kept USING (recording)
    WINDOW w AS (PARTITION BY person ORDER BY at_s, recording);
CREATE TABLE sessions AS
    SELECT DISTINCT person, session, recording FROM (
        SELECT *, sum(CASE WHEN before IS NULL OR before > {length} + {gap} THEN 1 ELSE 0 END)
            OVER (PARTITION BY person ORDER BY at_s, recording ROWS UNBOUNDED PRECEDING) AS session FROM ordered)
    WHERE gap IS NULL OR gap + {skip} >= {length};
CREATE TABLE own AS
    SELECT a.recording AS one, b.recording AS other, a.person, least(count(*), 5) AS times
    FROM (SELECT * FROM sessions JOIN numbers USING (recording)) a
    JOIN (SELECT * FROM sessions JOIN numbers USING (recording)) b
        ON a.person = b.person AND a.session = b.session AND a.recording < b.recording AND a.artist <> b.artist
    GROUP BY 1, 2, 3;
CREATE TABLE pairs AS
    SELECT one, other, sum(times) AS times, count(*) AS people FROM own GROUP BY 1, 2;
"""


def extract(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Members of the dump and the two tables of names as files."""
    import zstandard

    members = folder / "members"
    members.mkdir()
    with tarfile.open(arguments.listens) as archive:
        for member in archive:
            member.name = Path(member.name).name
            if member.name.endswith(".parquet"):
                archive.extract(member, members, filter="data")
    with (
        zstandard.open(arguments.canonical) as packed,
        tarfile.open(fileobj=packed, mode="r|") as archive,
    ):
        for member in archive:
            member.name = Path(member.name).name
            if member.name.endswith(".csv"):
                archive.extract(member, folder, filter="data")
    return {
        "members": f"{members}/*.parquet",
        "canonical": folder / "canonical_musicbrainz_data.csv",
        "redirect": folder / "canonical_recording_redirect.csv",
        "fewest": FEWEST_PEOPLE,
        "gap": GAP_S,
        "length": LENGTH_S,
        "skip": SKIP_S,
    }


def connect(folder: Path) -> Any:
    """A database on disk that keeps to the limits."""
    import duckdb

    database = duckdb.connect(folder / "work.duckdb")
    database.execute(
        f"SET threads = {THREADS}; SET memory_limit = '{MEMORY_MB}MB'; "
        f"SET temp_directory = '{folder}'"
    )
    return database


def keep_identified(folder: Path, listens: Path, paths: dict[str, Any]) -> None:
    """Writes the listens whose identifier the names have, as the dump that both are to read."""
    database = connect(folder)
    known = f"SELECT recording_mbid FROM read_csv('{paths['canonical']}', all_varchar = true)"
    replaced = f"SELECT recording_mbid FROM read_csv('{paths['redirect']}', all_varchar = true)"
    listens.mkdir()
    for member in sorted(Path(paths["members"]).parent.iterdir()):
        # Moments as INT96, which the reader of dumps also takes as microseconds.
        database.execute(
            f"COPY (SELECT * FROM read_parquet('{member}') "
            f"WHERE recording_mbid IN ({known} UNION ALL {replaced})) "
            f"TO '{listens / member.name}' (FORMAT parquet)"
        )
        member.unlink()
    database.close()
    (folder / "work.duckdb").unlink()
    paths["members"] = f"{listens}/*.parquet"


def duckdb_run(folder: Path, paths: dict[str, Any]) -> dict[str, float]:
    """All counts in SQL, in this process."""
    database = connect(folder)
    begun = time.perf_counter()
    database.execute(RECORDINGS.format(**paths))
    named = time.perf_counter()
    database.execute(PAIRS.format(**paths))
    ended = time.perf_counter()
    one = lambda query: database.execute(query).fetchone()  # noqa: E731
    listens, recordings = one("SELECT sum(listens), count(*) FROM kept")
    pairs = one("SELECT count(*), count(*) FILTER (times >= 10 AND people >= 3) FROM pairs")
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "listens": int(listens),
        "recordings": recordings,
        "pairs": pairs[0],
        "pairs kept": pairs[1],
        "joins s": named - begun,
        "pairs s": ended - named,
        "wall s": ended - begun,
        "CPU s": usage.ru_utime + usage.ru_stime,
        "memory MB": usage.ru_maxrss / 1024,
    }


def segue_run(segue: Path, folder: Path, listens: Path, canonical: Path) -> dict[str, float]:
    """A whole build, factors and file included."""
    command = [segue, "world", "build", "--json", "--memory", str(MEMORY_MB), "--listens", listens]
    begun = time.perf_counter()
    report = json.loads(
        subprocess.run(
            [*command, "--canonical", canonical, folder / "out.world"],
            check=True,
            stdout=subprocess.PIPE,
            env={"RAYON_NUM_THREADS": str(THREADS)},
        ).stdout
    )
    wall = time.perf_counter() - begun
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "listens": report["listens"],
        "recordings": report["recordings"],
        "pairs": report["pairs"][0],
        "pairs kept": report["pairs"][1],
        "wall s": wall,
        "CPU s": usage.ru_utime + usage.ru_stime,
        "memory MB": usage.ru_maxrss / 1024,
    }


def main() -> None:
    """Runs both and prints a table; fails where counts that should agree do not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segue", type=Path, default=Path("target/release/segue"))
    parser.add_argument("--listens", type=Path, required=True)
    parser.add_argument("--canonical", type=Path, required=True)
    parser.add_argument(
        "--identifiers-only", action="store_true", help="compare on a dump of identified listens"
    )
    parser.add_argument("--folder", type=Path, help="for temporary files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        paths = extract(arguments, folder)
        listens = arguments.listens
        if arguments.identifiers_only:
            listens = folder / "identified"
            keep_identified(folder, listens, paths)
        ours = segue_run(arguments.segue, folder, listens, arguments.canonical)
        theirs = duckdb_run(folder, paths)
    print(f"{'':12} {'segue':>14} {'DuckDB':>14}")
    for figure in theirs:
        value = f"{ours[figure]:14,.1f}" if figure in ours else f"{'':14}"
        print(f"{figure:12} {value} {theirs[figure]:14,.1f}")
    # Which of two plays of one second comes first is the one thing that both decide as they like.
    tolerance = {"listens": 0.0, "recordings": 0.0, "pairs": 1e-3, "pairs kept": 1e-3}
    differs = lambda count: abs(ours[count] / theirs[count] - 1) > tolerance[count]  # noqa: E731
    if arguments.identifiers_only and any(map(differs, tolerance)):
        sys.exit("the counts differ")


if __name__ == "__main__":
    main()
