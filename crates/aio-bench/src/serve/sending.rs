//! Answers on their way to a client: a request counts until the system has taken its whole answer.

use super::places::Busy;
use axum::body::Body;
use hyper::body::{Bytes, Frame, SizeHint};
use std::io::{self, IoSlice};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Requests of one connection whose answers hyper has taken whole and not written yet. It takes a large answer as one piece.
#[derive(Clone, Default)]
pub(super) struct Unwritten(Arc<Mutex<Vec<Busy>>>);

impl Unwritten {
    /// The body of an answer to a request.
    pub(super) fn body(&self, body: Body, mut request: Busy) -> AnswerBody {
        request.answered();
        AnswerBody { body, request: Some(request), unwritten: self.clone() }
    }

    /// Ends the requests.
    fn end(&self) {
        // They lock the list of connections when they are dropped.
        drop(mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)));
    }
}

/// A body that keeps its request among the unwritten ones once it is read to its end.
pub(super) struct AnswerBody {
    body: Body,
    request: Option<Busy>,
    unwritten: Unwritten,
}

impl hyper::body::Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        let mut unwritten = self.unwritten.0.lock().unwrap_or_else(PoisonError::into_inner);
        unwritten.extend(self.request.take());
    }
}

/// A connection to a client, which has to take its answers.
pub(super) struct Socket<S> {
    stream: S,
    unwritten: Unwritten,
    /// How long the client may take nothing.
    limit: Duration,
    /// Runs since the client last took something, while there is more for it.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Socket<S> {
    pub(super) fn new(stream: S, unwritten: Unwritten, limit: Duration) -> Self {
        Self { stream, unwritten, limit, waiting: None }
    }

    /// What was written, or an error if that was nothing for too long.
    fn in_time(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(waiting.as_mut().poll(context));
        let problem = format!("the client took nothing of its answer for {limit:?}");
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, problem)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.in_time(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.in_time(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper calls it when it has written all that it holds.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.unwritten.end();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
