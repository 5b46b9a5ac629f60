//! A connection whose other side has to take what it asked for.
//!
//! A client that asks and never reads costs a socket, an answer in memory and a place among the
//! connections, for as long as it likes. So the time that a connection waits for its client to read
//! is counted, and once it is too long for what was read meanwhile, the connection ends. Time
//! without anything to send does not count.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Least bytes that a client reads in the time that it is given: what any network carries.
const LEAST_BYTES: usize = 4 << 10;

/// A stream that fails with [`io::ErrorKind::TimedOut`] when too little of it is read.
pub(crate) struct Paced<S, F> {
    stream: S,
    /// Called whenever something was written.
    wrote: F,
    /// For how long it may wait before [`LEAST_BYTES`] have to be gone.
    patience: Duration,
    waited: Duration,
    taken: usize,
    /// Since when it waits, and what ends that.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<S: AsyncWrite + Unpin, F: Fn() + Unpin> Paced<S, F> {
    pub(crate) fn new(stream: S, patience: Duration, wrote: F) -> Self {
        Self { stream, wrote, patience, waited: Duration::ZERO, taken: 0, waiting: None }
    }

    fn account(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(outcome) = written {
            (self.wrote)();
            if let Some((since, _)) = self.waiting.take() {
                self.waited += since.elapsed();
            }
            self.taken += outcome.as_ref().copied().unwrap_or(0);
            if self.taken >= LEAST_BYTES {
                (self.waited, self.taken) = (Duration::ZERO, 0);
            }
            return Poll::Ready(outcome);
        }
        let left = self.patience.saturating_sub(self.waited);
        let (_, sleep) = self
            .waiting
            .get_or_insert_with(|| (Instant::now(), Box::pin(tokio::time::sleep(left))));
        ready!(sleep.as_mut().poll(context));
        metrics::counter!("segue_shed_total", "reason" => "unread").increment(1);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin, F: Fn() + Unpin> AsyncWrite for Paced<S, F> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.account(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.account(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + Unpin, F: Unpin> AsyncRead for Paced<S, F> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn what_nobody_reads_ends_and_what_is_read_slowly_goes_on() {
        let (server, client) = duplex(1 << 10);
        let mut paced = Paced::new(server, PATIENCE, || ());
        let error = paced.write_all(&[0; 64 << 10]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(client);

        let (server, mut client) = duplex(1 << 10);
        let mut paced = Paced::new(server, PATIENCE, || ());
        let reading = async {
            let mut buffer = vec![0; 4 << 10];
            for _ in 0..8 {
                tokio::time::sleep(PATIENCE / 4).await;
                client.read_exact(&mut buffer).await.unwrap();
            }
        };
        let bytes = [0; 32 << 10];
        let (written, ()) = tokio::join!(paced.write_all(&bytes), reading);
        written.unwrap();
    }

    #[tokio::test]
    async fn a_drip_that_keeps_the_door_open_is_too_little() {
        let (server, mut client) = duplex(1 << 10);
        let mut paced = Paced::new(server, PATIENCE, || ());
        let dripping = async {
            let mut byte = [0; 1];
            while client.read_exact(&mut byte).await.is_ok() {
                tokio::time::sleep(PATIENCE / 20).await;
            }
        };
        let writing = async move {
            let outcome = paced.write_all(&[0; 64 << 10]).await;
            drop(paced);
            outcome
        };
        let writing = tokio::time::timeout(PATIENCE * 20, writing);
        let dripping = tokio::time::timeout(PATIENCE * 30, dripping);
        let (written, _) = tokio::join!(writing, dripping);
        assert_eq!(written.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
