//! What everybody's mixes go by of each listener, read from the log, or from a file where most of
//! it is known already.
//!
//! ```text
//! seal, with a digest of what histories are read by               80 bytes
//! marks: forgotten, settled, exclusions, plays, words, completed   8 each
//! how many listeners, and for each: length of the name, name, how many works, works of 13 bytes
//! ```
//!
//! All numbers are little-endian. Reading two million plays takes 2 seconds of a processor, this
//! file some hundredths. Whoever played, said or had a play completed since it was written is read
//! anew, and everybody is where somebody was forgotten, plays were excluded, or songs are other
//! works by now. A file that is damaged, or of another version, is as good as none.

use std::io::{self, Write};
use std::path::Path;

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use segue_core::ListenerId;
use segue_engine::dataset::folding::Folding;
use segue_engine::dataset::labels::{LABEL_POLICY_VERSION, Label};
use segue_engine::dataset::listener_works::{ListenerWorks, WorkSummary};
use segue_engine::{Catalogue, WorkIdx};
use segue_store::{Marks, Result, Store};

use crate::dataset::{Foldings, ReadProfile};
use crate::sealed::{Digest, Digester, Seal};

/// The name of the file.
pub(crate) const FILE: &str = "listeners.works";
const MAGIC: [u8; 8] = *b"seguehrd";
/// Goes up whenever the layout changes, or what a history is folded to, the label policy apart.
const VERSION: u64 = 1;
/// Plays and words from which on the file is kept: fewer are read in a tenth of a second.
const KEPT_FROM: u64 = 100_000;
/// Of more than one in so many listeners everybody is read, in the order of the log.
const READ_ALONE: usize = 4;
/// The file is written anew when one in so many listeners was read anew.
const WRITTEN_AFTER: usize = 100;

const LIKED: u8 = 1;
const LABELLED: u8 = 2;
const PLAYED: u8 = 4;
const POSITIVE: u8 = 8;

/// The works of everybody, in the order of their ids. `marks` are of before the catalogue was read.
///
/// # Errors
/// What reading the store reports.
pub(crate) fn listener_works(
    store: &Store,
    catalogue: &Catalogue,
    marks: &Marks,
) -> Result<Vec<ListenerWorks>> {
    match marks.log_end() < KEPT_FROM {
        true => read_all(store, catalogue),
        false => read_on(store, catalogue, marks),
    }
}

fn read_all(store: &Store, catalogue: &Catalogue) -> Result<Vec<ListenerWorks>> {
    let foldings = Foldings::read(store, catalogue)?;
    let works = |folding: Folding<'_>| ListenerWorks::from(&folding.finish());
    Ok(foldings.into_par_iter().map(works).collect())
}

fn read_on(store: &Store, catalogue: &Catalogue, marks: &Marks) -> Result<Vec<ListenerWorks>> {
    let made_from = made_from(catalogue);
    let files = store.derived(marks.forgotten);
    let open = || Kept::open(&files.as_ref()?.path(FILE), &made_from);
    let known = open().filter(|kept| rewritten(&kept.marks) == rewritten(marks));
    let (heard, is_to_write) = match known {
        Some(known) => known.brought_up_to_date(store, catalogue)?,
        None => (read_all(store, catalogue)?, true),
    };
    if let Some(files) = files.filter(|_| is_to_write) {
        // A disk that is full or not to be written is no reason not to go on.
        let _ = files.keep(FILE, |file| write(file, &made_from, marks, &heard));
    }
    Ok(heard)
}

/// What histories are read by: the label policy, and of a catalogue names and works of tracks and
/// how long they last.
fn made_from(catalogue: &Catalogue) -> Digest {
    let mut digest = Digester::default();
    digest.bytes(&LABEL_POLICY_VERSION.to_le_bytes());
    for row in catalogue.rows() {
        let track = catalogue.track(row);
        digest.text(track.id.as_str());
        digest.bytes(&catalogue.work(row).0.to_le_bytes());
        digest.bytes(&track.duration_ms().unwrap_or(u32::MAX).to_le_bytes());
    }
    digest.finish()
}

/// What changes where everybody has to be read anew.
fn rewritten(marks: &Marks) -> [i64; 3] {
    [marks.forgotten, marks.settled, marks.exclusions]
}

/// What a file holds.
struct Kept {
    /// How far the log was.
    marks: Marks,
    heard: Vec<ListenerWorks>,
}

impl Kept {
    /// Reads a file; `None` where there is none that is sound, of this version and made from the
    /// same.
    fn open(path: &Path, made_from: &Digest) -> Option<Self> {
        let file = std::fs::read(path).ok()?;
        Self::read(seal(made_from).body(&file)?)
    }

    fn read(mut body: &[u8]) -> Option<Self> {
        let body = &mut body;
        let mut mark = || Some(i64::from_le_bytes(*take::<8>(body)?));
        let marks = Marks {
            forgotten: mark()?,
            settled: mark()?,
            exclusions: mark()?,
            listens: mark()?,
            feedback: mark()?,
            completed: mark()?,
            ..Marks::default()
        };
        let listeners = u64::from_le_bytes(*take::<8>(body)?);
        let heard = (0..listeners).map(|_| listener(body)).collect::<Option<_>>()?;
        body.is_empty().then_some(Self { marks, heard })
    }

    /// The works of everybody as they are now, and whether it is time to write them.
    fn brought_up_to_date(
        self,
        store: &Store,
        catalogue: &Catalogue,
    ) -> Result<(Vec<ListenerWorks>, bool)> {
        let ids = store.listener_ids()?;
        let since: FxHashSet<ListenerId> =
            store.heard_from_since(&self.marks)?.into_iter().collect();
        if since.len() * READ_ALONE > ids.len() {
            return Ok((read_all(store, catalogue)?, true));
        }
        let mut before = self.heard.into_iter().peekable();
        let (mut heard, mut anew) = (Vec::with_capacity(ids.len()), 0);
        for id in ids {
            // Both are in the order of ids.
            while before.next_if(|kept| kept.listener < id).is_some() {}
            let kept = before.next_if(|kept| kept.listener == id);
            match kept.filter(|_| !since.contains(&id)) {
                Some(kept) => heard.push(kept),
                None => {
                    let read = ReadProfile::read(store, catalogue, id)?;
                    heard.push(ListenerWorks::from(&read.profile));
                    anew += 1;
                }
            }
        }
        let is_to_write = anew > 0 && anew * WRITTEN_AFTER >= heard.len();
        Ok((heard, is_to_write))
    }
}

fn seal(made_from: &Digest) -> Seal<'_> {
    Seal { magic: MAGIC, version: VERSION, made_from }
}

fn take<'b, const N: usize>(body: &mut &'b [u8]) -> Option<&'b [u8; N]> {
    let (taken, rest) = body.split_first_chunk()?;
    *body = rest;
    Some(taken)
}

fn listener(body: &mut &[u8]) -> Option<ListenerWorks> {
    let length = u32::from_le_bytes(*take::<4>(body)?) as usize;
    let (name, rest) = body.split_at_checked(length)?;
    *body = rest;
    let listener = ListenerId::new(std::str::from_utf8(name).ok()?);
    let count = u32::from_le_bytes(*take::<4>(body)?) as usize;
    let (works, rest) = body.split_at_checked(count.checked_mul(WORK)?)?;
    *body = rest;
    Some(ListenerWorks { listener, works: works.as_chunks().0.iter().map(from_bytes).collect() })
}

/// Bytes of a work.
const WORK: usize = 13;

fn from_bytes(bytes: &[u8; WORK]) -> WorkSummary {
    let number = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| bytes[at + byte]));
    let is = |sign: u8| bytes[12] & sign != 0;
    WorkSummary {
        work: WorkIdx(number(0)),
        finished: number(4),
        label: is(LABELLED).then(|| Label { liked: is(LIKED), weight: f32::from_bits(number(8)) }),
        is_played: is(PLAYED),
        is_positive: is(POSITIVE),
    }
}

fn to_bytes(heard: &WorkSummary) -> [u8; WORK] {
    let sign = |holds: bool, sign: u8| if holds { sign } else { 0 };
    let mut bytes = [0; WORK];
    bytes[..4].copy_from_slice(&heard.work.0.to_le_bytes());
    bytes[4..8].copy_from_slice(&heard.finished.to_le_bytes());
    bytes[12] = sign(heard.is_played, PLAYED) | sign(heard.is_positive, POSITIVE);
    if let Some(label) = heard.label {
        bytes[8..12].copy_from_slice(&label.weight.to_le_bytes());
        bytes[12] |= LABELLED | sign(label.liked, LIKED);
    }
    bytes
}

fn write(
    file: &mut dyn Write,
    made_from: &Digest,
    marks: &Marks,
    heard: &[ListenerWorks],
) -> io::Result<()> {
    let works: usize = heard.iter().map(|one| one.works.len()).sum();
    let mut body = Vec::with_capacity(works * WORK + heard.len() * 32);
    let [forgotten, settled, exclusions] = rewritten(marks);
    let marks = [forgotten, settled, exclusions, marks.listens, marks.feedback, marks.completed];
    marks.iter().for_each(|mark| body.extend_from_slice(&mark.to_le_bytes()));
    body.extend_from_slice(&(heard.len() as u64).to_le_bytes());
    for one in heard {
        let name = one.listener.as_str();
        body.extend_from_slice(&(name.len() as u32).to_le_bytes());
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(&(one.works.len() as u32).to_le_bytes());
        one.works.iter().for_each(|work| body.extend_from_slice(&to_bytes(work)));
    }
    file.write_all(&seal(made_from).before(&body))?;
    file.write_all(&body)
}

#[cfg(test)]
mod tests;
