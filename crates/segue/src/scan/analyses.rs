//! Files are decoded and measured: what is heard in them is kept with their tracks.
//!
//! A sound is measured once, wherever its file is and whatever its tags say: files are told apart
//! by a hash of their encoded sound. What was measured is taken in every few seconds, so that a
//! scan that is cut off loses no more than that.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use segue_audio::decode::sound_hash;
use segue_audio::{Analyser, AudioError, VERSION};
use segue_store::{AnalysedFile, KnownSoundFile, SoundHash};

use super::{ScanProgress, ScanReport, ScanStage};
use crate::{Library, Result};

/// What was measured is taken in so often.
const TAKEN_IN: Duration = Duration::from_secs(3);

/// What one file gave.
enum Outcome {
    /// It was measured.
    Measured(Box<AnalysedFile>),
    /// It could not be, and why; a file that cannot be opened at all may be there another time.
    Failed { path: String, why: String, is_there: bool },
    /// Its sound is known by its hash.
    Known(String, SoundHash),
}

/// Files to be measured, by whoever comes next.
struct Queue<'a> {
    files: &'a [KnownSoundFile],
    next: AtomicUsize,
    /// Hashes of sounds that were measured before.
    known: &'a [SoundHash],
}

impl Library {
    /// Measures the files among `is_within` of whose sound nothing is known yet, or what an older
    /// version measured; those that could not be decoded are tried again once they have changed.
    /// Says whether more is known afterwards.
    pub(super) fn analyse(
        &mut self,
        threads: usize,
        is_within: impl Fn(&str) -> bool,
        report: &mut ScanReport,
        observer: &mut dyn FnMut(ScanProgress),
    ) -> Result<bool> {
        let mut files = self.store().sound_files()?;
        files.retain(|known| is_within(&known.file.path));
        let all = files.len() as u64;
        files.retain(|known| ![known.analysed, known.undecodable].contains(&Some(VERSION)));
        let mut progress =
            ScanProgress { stage: ScanStage::Sound, done: all - files.len() as u64, files: all };
        observer(progress);
        if files.is_empty() {
            return Ok(false);
        }
        let known = self.store().analysed_sounds(VERSION)?;
        let queue = Queue { files: &files, next: AtomicUsize::new(0), known: &known };
        let analyser = Analyser::new();
        std::thread::scope(|scope| {
            let (sender, receiver) = channel();
            for _ in 0..threads.clamp(1, files.len()) {
                let (sender, queue, analyser) = (sender.clone(), &queue, &analyser);
                scope.spawn(move || queue.work(analyser, &sender));
            }
            drop(sender);
            self.take_in_all(&receiver, report, &mut || {
                progress.done += 1;
                observer(progress);
            })
        })
    }

    fn take_in_all(
        &mut self,
        outcomes: &Receiver<Outcome>,
        report: &mut ScanReport,
        observer: &mut dyn FnMut(),
    ) -> Result<bool> {
        let (mut measured, mut undecodable, mut since) = (Vec::new(), Vec::new(), Instant::now());
        let mut any = false;
        for outcome in outcomes {
            match outcome {
                Outcome::Measured(file) => {
                    report.analysed += 1;
                    measured.push(*file);
                }
                Outcome::Known(path, sound) => {
                    if let Some((analysis, print)) = self.store().analysis_of_sound(&sound)? {
                        measured.push(AnalysedFile { path, sound, analysis, print });
                    }
                }
                Outcome::Failed { path, why, is_there } => {
                    report.name(Path::new(&path), why);
                    undecodable.extend(is_there.then_some(path));
                }
            }
            any |= !measured.is_empty();
            if since.elapsed() >= TAKEN_IN {
                self.take_in_outcomes(&mut measured, &mut undecodable)?;
                since = Instant::now();
            }
            observer();
        }
        self.take_in_outcomes(&mut measured, &mut undecodable)?;
        Ok(any)
    }

    /// Writes down what was measured and what could not be, and empties both.
    fn take_in_outcomes(
        &mut self,
        measured: &mut Vec<AnalysedFile>,
        undecodable: &mut Vec<String>,
    ) -> Result<()> {
        if !measured.is_empty() {
            self.store_mut().take_in_analyses(measured)?;
            measured.clear();
        }
        if !undecodable.is_empty() {
            self.store_mut().note_undecodable(undecodable, VERSION)?;
            undecodable.clear();
        }
        Ok(())
    }
}

impl Queue<'_> {
    /// Takes one file after another until there is none, or nobody hears.
    fn work(&self, analyser: &Analyser, outcomes: &Sender<Outcome>) {
        while let Some(file) = self.files.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if outcomes.send(self.outcome(analyser, &file.file.path)).is_err() {
                return;
            }
        }
    }

    fn outcome(&self, analyser: &Analyser, path: &str) -> Outcome {
        let failed = |error: AudioError| Outcome::Failed {
            path: path.to_owned(),
            why: error.to_string(),
            is_there: !matches!(error, AudioError::Io { .. }),
        };
        let sound = match sound_hash(Path::new(path)) {
            Ok(sound) => sound,
            Err(error) => return failed(error),
        };
        if self.known.binary_search(&sound).is_ok() {
            return Outcome::Known(path.to_owned(), sound);
        }
        match analyser.analyse(Path::new(path)) {
            Ok(found) => Outcome::Measured(Box::new(AnalysedFile {
                path: path.to_owned(),
                sound,
                analysis: found.summary(),
                print: found.print.items,
            })),
            Err(error) => failed(error),
        }
    }
}
