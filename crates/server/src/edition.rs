//! What requests are answered from: a snapshot of the library, replaced as a whole.

pub(crate) use segue::Snapshot as Edition;
