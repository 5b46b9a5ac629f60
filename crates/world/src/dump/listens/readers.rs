//! Members of Parquet, read on several threads and told of in their order.
//!
//! Members [wait](Readers::wait) until something else has to be told of, and are then read
//! together. One thread oversees: it alone speaks to the sink, begins no more pieces than there are
//! readers, and ends members in the order in which they lie. So a sink hears the same on any number
//! of threads. Where there are fewer members than readers, each reads a share of the row groups.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::super::parquet::ParquetPlace;
use super::{DumpMemberReport, ListenPiece, ListenSink, Member};
use crate::Result;

/// A member of Parquet that is to be read.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) member: Member,
    pub(super) place: ParquetPlace,
}

/// Reads members for a sink.
pub(super) struct Readers<'s, S: ListenSink> {
    sink: &'s mut S,
    threads: usize,
    waiting: Vec<Waiting>,
    has_begun: bool,
}

/// A piece of a member that is to be read, or was.
struct Job<P> {
    place: ParquetPlace,
    /// Number of its member among those that wait, and which share of how many it is.
    of: usize,
    share: [usize; 2],
    piece: P,
    report: DumpMemberReport,
    outcome: Result<()>,
}

impl<P: ListenPiece> Job<P> {
    fn read(mut self) -> Self {
        let read = self.place.read(self.share, &mut self.piece, &mut self.report);
        self.outcome = read.and_then(|broken| {
            self.report.broken = broken;
            if self.report.broken.is_none() { self.piece.finish() } else { Ok(()) }
        });
        self
    }
}

/// What the threads send back: a job, or with what they panicked.
type Done<P> = thread::Result<Job<P>>;

impl<'s, S: ListenSink> Readers<'s, S> {
    pub(super) fn new(sink: &'s mut S, threads: usize) -> Self {
        Self { sink, threads: threads.max(1), waiting: Vec::new(), has_begun: false }
    }

    /// Whether the sink has heard of any member.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Lets a member wait until what waits is read.
    pub(super) fn wait(&mut self, waiting: Waiting) {
        self.waiting.push(waiting);
    }

    /// Tells of a member of which nothing can be read.
    pub(super) fn broken(&mut self, member: &Member, reason: &str) -> Result<()> {
        self.has_begun = true;
        if self.sink.begin(member)? {
            self.sink.end(member, Vec::new(), &DumpMemberReport::broken(reason))?;
        }
        Ok(())
    }

    /// Reads a member on this thread. What `read` returns is why it is broken; whether it is not
    /// comes back.
    pub(super) fn read_here(
        &mut self,
        member: &Member,
        read: impl FnOnce(&mut dyn ListenPiece, &mut DumpMemberReport) -> Result<Option<String>>,
    ) -> Result<bool> {
        self.has_begun = true;
        if !self.sink.begin(member)? {
            return Ok(true);
        }
        let mut piece = self.sink.piece();
        let mut report = DumpMemberReport::default();
        report.broken = read(&mut piece, &mut report)?;
        if report.broken.is_none() {
            piece.finish()?;
        }
        self.sink.end(member, vec![piece], &report)?;
        Ok(report.broken.is_none())
    }

    /// Reads what waits, up to the first member of an archive that is broken, which is returned:
    /// what lies behind it is not what its archive says. Broken files by themselves do not end it.
    pub(super) fn read_waiting(&mut self) -> Result<Option<Waiting>> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(None);
        }
        self.has_begun = true;
        let (work, todo) = channel::<Job<S::Piece>>();
        let (done, finished) = channel::<Done<S::Piece>>();
        let todo = Mutex::new(todo);
        thread::scope(|scope| {
            for _ in 0..self.threads {
                let (todo, done) = (&todo, done.clone());
                scope.spawn(move || serve(todo, &done));
            }
            let mut overseer = Overseer::new(self.sink, self.threads, waiting);
            // The threads end once nobody is left to send them work.
            overseer.read(work, finished)
        })
    }
}

/// What each thread does: one piece after another, as long as there are any.
fn serve<P: ListenPiece>(todo: &Mutex<Receiver<Job<P>>>, done: &Sender<Done<P>>) {
    loop {
        let job = todo.lock().expect("no thread panics while it waits for work").recv();
        let Ok(job) = job else { return };
        if done.send(catch_unwind(AssertUnwindSafe(|| job.read()))).is_err() {
            return;
        }
    }
}

/// What of a member is read already, piece by piece.
struct Open<P> {
    of: usize,
    pieces: Vec<Option<(P, DumpMemberReport)>>,
}

/// Begins members and ends them, in their order.
struct Overseer<'r, S: ListenSink> {
    sink: &'r mut S,
    threads: usize,
    waiting: Vec<Waiting>,
    next: usize,
    ready: VecDeque<Job<S::Piece>>,
    open: VecDeque<Open<S::Piece>>,
    running: usize,
}

impl<'r, S: ListenSink> Overseer<'r, S> {
    fn new(sink: &'r mut S, threads: usize, waiting: Vec<Waiting>) -> Self {
        let (ready, open) = Default::default();
        Self { sink, threads, waiting, next: 0, ready, open, running: 0 }
    }

    fn read(
        &mut self,
        work: Sender<Job<S::Piece>>,
        finished: Receiver<Done<S::Piece>>,
    ) -> Result<Option<Waiting>> {
        loop {
            while self.running < self.threads {
                let Some(job) = self.job()? else { break };
                self.running += 1;
                work.send(job).expect("the threads wait for work");
            }
            if self.running == 0 {
                return Ok(None);
            }
            let done = finished.recv().expect("the threads send back what they take");
            self.running -= 1;
            let Job { of, share, piece, report, outcome, .. } =
                done.unwrap_or_else(|panic| resume_unwind(panic));
            outcome?;
            let open = self.open.iter_mut().find(|open| open.of == of);
            open.expect("it was begun").pieces[share[0]] = Some((piece, report));
            if let Some(broken) = self.end()? {
                return Ok(Some(broken));
            }
        }
    }

    /// The next piece to read, if need be of a member that begins with it.
    fn job(&mut self) -> Result<Option<Job<S::Piece>>> {
        while self.ready.is_empty() && self.next < self.waiting.len() {
            let of = self.next;
            self.next += 1;
            let Waiting { member, place } = &self.waiting[of];
            if !self.sink.begin(member)? {
                continue;
            }
            let is_shared = self.waiting.len() < self.threads;
            let shares = if is_shared { place.row_groups().min(self.threads) } else { 1 };
            for share in 0..shares {
                self.ready.push_back(Job {
                    place: place.clone(),
                    of,
                    share: [share, shares],
                    piece: self.sink.piece(),
                    report: DumpMemberReport::default(),
                    outcome: Ok(()),
                });
            }
            self.open.push_back(Open { of, pieces: (0..shares).map(|_| None).collect() });
        }
        Ok(self.ready.pop_front())
    }

    /// Ends members that are read, up to one of an archive that is broken.
    fn end(&mut self) -> Result<Option<Waiting>> {
        let is_read = |open: &mut Open<S::Piece>| open.pieces.iter().all(Option::is_some);
        while let Some(open) = self.open.pop_front_if(is_read) {
            let Waiting { member, place } = &self.waiting[open.of];
            let mut report = DumpMemberReport::default();
            let mut pieces = Vec::new();
            for (piece, of_piece) in open.pieces.into_iter().flatten() {
                // As one thread would have it: nothing of what lies behind damage.
                if report.broken.is_none() {
                    report.add(of_piece);
                    pieces.push(piece);
                }
            }
            self.sink.end(member, pieces, &report)?;
            if report.broken.is_some() && place.part.is_some() {
                return Ok(Some(self.waiting[open.of].clone()));
            }
        }
        Ok(None)
    }
}
