//! A socket that can be told to stop: after so many bytes, in the middle of a body, or at once.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How much of an answer goes out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    Everything,
    /// So many bytes more.
    Bytes(usize),
    /// The whole head, then so many bytes. The second number counts how much of the head's end
    /// (`\r\n\r\n`) has gone by.
    HeadAnd(usize, usize),
    /// Not a byte. True: with a reset.
    Nothing(bool),
}

/// The handle by which a handler cuts its own connection.
#[derive(Clone)]
pub(super) struct Scissors(Arc<Mutex<Limit>>);

impl Scissors {
    fn set(&self, limit: Limit) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = limit;
    }

    fn get(&self) -> Limit {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes without a byte.
    pub fn close(&self) {
        self.set(Limit::Nothing(false));
    }

    /// Resets without a byte.
    pub fn reset(&self) {
        self.set(Limit::Nothing(true));
    }

    /// Closes after so many bytes of the answer, its head included.
    pub fn after(&self, bytes: usize) {
        self.set(Limit::Bytes(bytes));
    }

    /// Closes after the head and so many bytes of the body.
    pub fn after_head(&self, bytes: usize) {
        self.set(Limit::HeadAnd(bytes, 0));
    }
}

/// The socket itself.
pub(super) struct Wire {
    stream: TcpStream,
    scissors: Scissors,
}

impl Wire {
    pub fn new(stream: TcpStream) -> (Wire, Scissors) {
        let scissors = Scissors(Arc::new(Mutex::new(Limit::Everything)));
        (Wire { stream, scissors: scissors.clone() }, scissors)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.scissors.get() == Limit::Nothing(true) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "cut on purpose")
}

/// How many of these bytes may go out, and the limit if the head's end is still to come.
fn allowed(limit: Limit, bytes: &[u8]) -> (usize, Limit) {
    match limit {
        Limit::Everything => (bytes.len(), limit),
        Limit::Bytes(left) => (left.min(bytes.len()), limit),
        Limit::Nothing(_) => (0, limit),
        Limit::HeadAnd(more, mut seen) => {
            for (at, byte) in bytes.iter().enumerate() {
                seen = match (seen, byte) {
                    (0 | 2, b'\r') | (1 | 3, b'\n') => seen + 1,
                    (_, b'\r') => 1,
                    _ => 0,
                };
                if seen == 4 {
                    let end = at + 1;
                    let body = more.min(bytes.len() - end);
                    // What is written counts against the body from here on.
                    return (end + body, Limit::Bytes(end + more));
                }
            }
            (bytes.len(), Limit::HeadAnd(more, seen))
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let (may, limit) = allowed(self.scissors.get(), bytes);
        if may == 0 {
            return Poll::Ready(Err(cut()));
        }
        let wrote = Pin::new(&mut self.stream).poll_write(cx, &bytes[..may])?;
        if let Poll::Ready(count) = wrote {
            match limit {
                Limit::Bytes(left) => self.scissors.set(Limit::Bytes(left - count)),
                // A short write: count the head's end again from what really went out.
                Limit::HeadAnd(..) => self.scissors.set(allowed(self.scissors.get(), &bytes[..count]).1),
                other => self.scissors.set(other),
            }
        }
        wrote.map(Ok)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.scissors.get() == Limit::Nothing(true) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}
