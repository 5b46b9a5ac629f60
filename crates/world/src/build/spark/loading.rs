//! What Spark counted, taken over by the structures of the local build, and held to what is known
//! already.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::super::BuildConfig;
use super::super::pairs::{Edges, MOST_OF_ONE};
use super::super::people::{Counted, Counters, HeardRows, Of};
use super::super::recordings::Recordings;
use super::super::{FEWEST_PEOPLE_OF_PAIR, SHARES};
use super::members::Members;
use super::statements::reasons;
use super::tables::Tables;
use super::{SparkError, balance};
use crate::Result;

/// What became of the rows of every member: none is lost.
pub(super) fn outcomes(tables: &Tables, members: &mut Members) -> Result<()> {
    let reasons = reasons();
    tables.numbers("of_members", ["member", "reason", "rows"], |[member, reason, rows]| {
        let member = place(member, members.outcomes.len(), "members")?;
        let outcome = &mut members.outcomes[member];
        match place(reason, reasons.len() + 1, "reasons")? {
            0 => outcome.listens += rows,
            reason => {
                *outcome.dropped.entry(reasons[reason - 1].1.clone()).or_default() += rows;
            }
        }
        Ok(())
    })?;
    for (outcome, member) in members.outcomes.iter().zip(&members.whole) {
        let found = outcome.listens + outcome.dropped.values().sum::<u64>();
        balance(&format!("rows of `{}`", outcome.member), member.rows, found)?;
    }
    Ok(())
}

/// Sums by recordings, artists and days.
pub(super) fn counters(
    tables: &Tables,
    recordings: &Recordings,
    counters: &Counters,
) -> Result<()> {
    let [plays, times] = tables.one("sums", ["plays", "times"])?;
    balance("listens with a recording", recordings.joined.values().sum(), times)?;
    counters.duplicates.store(times.saturating_sub(plays), Relaxed);
    let columns = ["recording", "listens", "people", "first_at"];
    let mut sum = 0;
    tables.numbers("of_recordings", columns, |[row, listens, people, first_at]| {
        let row = place(row, recordings.all.len(), "recordings")?;
        sum += listens;
        set(&counters.listens[row], listens)?;
        set(&counters.people[row], people)?;
        counters.first_at[row].store(number(first_at)?, Relaxed);
        Ok(())
    })?;
    balance("plays of all recordings", plays, sum)?;
    tables.numbers("of_artists", ["artist", "people"], |[artist, people]| {
        set(&counters.artists[place(artist, recordings.artists.len(), "artists")?], people)
    })?;
    check_artists(recordings, counters)?;
    let mut sum = 0;
    tables.numbers("of_days", ["day", "listens"], |[day, listens]| {
        sum += listens;
        counters.days[place(day, counters.days.len(), "days")?].store(listens, Relaxed);
        Ok(())
    })?;
    balance("plays of all days", plays, sum)
}

/// An artist has as many people at least as each of their recordings, and at most as all together.
fn check_artists(recordings: &Recordings, counters: &Counters) -> Result<()> {
    let (mut most, mut all) =
        (vec![0_u64; recordings.artists.len()], vec![0_u64; recordings.artists.len()]);
    for (one, people) in recordings.all.iter().zip(&counters.people) {
        let (artist, people) = (one.artist_row as usize, u64::from(people.load(Relaxed)));
        most[artist] = most[artist].max(people);
        all[artist] += people;
    }
    for (artist, people) in counters.artists.iter().enumerate() {
        let people = u64::from(people.load(Relaxed));
        let nearest = people.clamp(most[artist], all[artist]);
        balance(&format!("people of `{}`", recordings.artists[artist]), nearest, people)?;
    }
    Ok(())
}

/// Plays of what is kept, and which of them are recent.
pub(super) fn recent(tables: &Tables, counted: &mut Counted) -> Result<()> {
    let mut listens_of = vec![0; counted.recordings()];
    let mut recent_of = vec![0; counted.recordings()];
    tables.numbers("of_rows", ["row", "listens", "recent"], |[row, listens, recent]| {
        let row = place(row, listens_of.len(), "recordings")?;
        listens_of[row] += listens;
        recent_of[row] = number(recent)?;
        Ok(())
    })?;
    for (row, (&before, &found)) in counted.listens_of.iter().zip(&listens_of).enumerate() {
        balance(&format!("plays of recording {row} that is kept"), before.into(), found)?;
    }
    counted.listens = listens_of.iter().sum();
    counted.recent_of = recent_of;
    Ok(())
}

/// Who heard what, by people as the local build orders them, beside so many bytes that stay in
/// memory.
pub(super) fn heard(
    config: &BuildConfig,
    tables: &Tables,
    counted: &Counted,
    of: Of,
    beside: usize,
) -> Result<HeardRows> {
    let mut heard = HeardRows::none_of(counted.columns(of));
    let mut people_of = vec![0_u32; counted.recordings()];
    let (mut last, mut rows) = (None, Vec::new());
    tables.numbers("heard", ["share", "person", "row"], |[share, person, row]| {
        let row = place(row, people_of.len(), "recordings")?;
        if share != person % SHARES as u64 || last >= Some((share, person, row)) {
            return Err(impossible("people do not come in their order"));
        }
        if last.is_some_and(|(_, before, _)| before != person) {
            heard.push(std::mem::take(&mut rows));
            if heard.offsets.len().is_multiple_of(1 << 16) {
                heard.require_memory(config, beside, [1, 1])?;
            }
        }
        last = Some((share, person, row));
        people_of[row] += 1;
        rows.push(counted.column(of, row as u32));
        Ok(())
    })?;
    heard.push(rows);
    heard.require_memory(config, beside, [1, 1])?;
    for (row, (&before, &found)) in counted.people_of.iter().zip(&people_of).enumerate() {
        balance(&format!("people who heard recording {row}"), before.into(), found.into())?;
    }
    Ok(heard)
}

/// Passes on the pairs that are kept. Returns how many were counted and kept.
pub(super) fn pairs(tables: &Tables, counted: &Counted, edges: &Edges) -> Result<[u64; 2]> {
    let [plays, meetings] = tables.one("session_sums", ["plays", "meetings"])?;
    balance("plays in all sessions", counted.listens, plays)?;
    let [pairs, times, kept, kept_count] =
        tables.one("pair_sums", ["pairs", "times", "kept", "kept_count"])?;
    balance("meetings of two recordings", meetings, times)?;
    let (mut buffers, mut sums) = (edges.buffers(), [0, 0]);
    tables.numbers(
        "pairs",
        ["one", "other", "count", "people"],
        |[one, other, count, people]| {
            let rows = counted.recordings();
            let [one, other] = [place(one, rows, "recordings")?, place(other, rows, "recordings")?];
            let most = counted.people_of[one].min(counted.people_of[other]);
            let is_sound = one < other
                && (u64::from(FEWEST_PEOPLE_OF_PAIR)..=u64::from(most)).contains(&people)
                && count <= people * u64::from(MOST_OF_ONE);
            if !is_sound {
                return Err(impossible("a pair has more people than its recordings"));
            }
            sums = [sums[0] + 1, sums[1] + count];
            buffers.add([one as u32, other as u32], number(count)?)
        },
    )?;
    buffers.finish()?;
    balance("pairs that are kept", kept, sums[0])?;
    balance("counts of pairs that are kept", kept_count, sums[1])?;
    Ok([pairs, kept])
}

fn impossible(reason: &str) -> crate::WorldError {
    SparkError::Impossible { reason: reason.to_owned() }.into()
}

/// Sets a counter that nothing has set yet.
fn set(counter: &AtomicU32, value: u64) -> Result<()> {
    match counter.swap(number(value)?, Relaxed) {
        0 => Ok(()),
        _ => Err(impossible("a row is there twice")),
    }
}

fn number(value: u64) -> Result<u32> {
    u32::try_from(value).map_err(|_| impossible("a number is beyond measure"))
}

/// A place in a list.
fn place(value: u64, length: usize, of: &str) -> Result<usize> {
    match usize::try_from(value) {
        Ok(place) if place < length => Ok(place),
        _ => Err(impossible(&format!("there is no place {value} among {length} {of}"))),
    }
}
