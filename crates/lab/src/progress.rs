//! How far a study is, for whoever waits for it.

/// Hears how far a study is. Studies work on several threads, and call from any of them.
///
/// Every method does nothing unless it is implemented, so that a test passes [`Silent`] and a
/// command line draws a bar.
pub trait Progress: Sync {
    /// A stretch of work begins: so many steps, or rows whose number is not known beforehand.
    fn begin(&self, _steps: Option<u64>, _what: &str) {}

    /// So many more steps are done.
    fn advance(&self, _steps: u64) {}

    /// What is being done at the moment.
    fn message(&self, _what: &str) {}

    /// The stretch of work is over.
    fn end(&self) {}

    /// Something the person should know that is no figure: rows left out, a model that failed.
    fn say(&self, _line: &str) {}
}

/// Progress that nobody hears of: for tests and for callers that show nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}
