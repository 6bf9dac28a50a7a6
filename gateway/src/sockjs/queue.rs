//! One way of a session: messages in order, bounded by bytes. The writer waits for room, the
//! reader for messages.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use super::locked;
use super::service::{Gone, Message};

/// What a message costs beside its bytes, so that empty ones are bounded too.
const MESSAGE_COST_BYTES: usize = 64;

pub(super) struct Queue {
    inner: Mutex<Inner>,
    bytes_max: usize,
}

#[derive(Default)]
struct Inner {
    messages: VecDeque<Message>,
    bytes: usize,
    /// Nothing more comes in.
    ended: bool,
    readers: Vec<Waker>,
    writers: Vec<Waker>,
}

impl Queue {
    /// `bytes_max`: from there on writers wait. What is put in at once may go beyond it.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { inner: Mutex::default(), bytes_max }
    }

    pub(super) fn poll_room(&self, context: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        let mut inner = locked(&self.inner);
        if inner.ended {
            return Poll::Ready(Err(Gone));
        }
        if inner.bytes < self.bytes_max {
            return Poll::Ready(Ok(()));
        }
        remember(&mut inner.writers, context);
        Poll::Pending
    }

    /// Puts the messages in, all of them, whether there is room or not.
    pub(super) fn put(&self, messages: impl IntoIterator<Item = Message>) -> Result<(), Gone> {
        let mut inner = locked(&self.inner);
        if inner.ended {
            return Err(Gone);
        }
        for message in messages {
            inner.bytes += cost(&message);
            inner.messages.push_back(message);
        }
        wake(inner);
        Ok(())
    }

    /// Puts the messages in once there is room; leaves `messages` empty.
    pub(super) fn poll_put(
        &self,
        context: &mut Context<'_>,
        messages: &mut Vec<Message>,
    ) -> Poll<Result<(), Gone>> {
        // Two writers that see the same room go beyond the bound by one of them.
        self.poll_room(context)?.map(|()| self.put(messages.drain(..)))
    }

    /// None: it has ended and is empty.
    pub(super) fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<Message>> {
        let mut inner = locked(&self.inner);
        match inner.pop() {
            Some(message) => {
                wake(inner);
                Poll::Ready(Some(message))
            }
            None if inner.ended => Poll::Ready(None),
            None => {
                remember(&mut inner.readers, context);
                let writers = std::mem::take(&mut inner.writers);
                drop(inner);
                writers.into_iter().for_each(Waker::wake);
                Poll::Pending
            }
        }
    }

    /// Ready once the reader has read everything and waits for more, or never will.
    pub(super) fn poll_heard(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = locked(&self.inner);
        let is_heard = inner.messages.is_empty() && !inner.readers.is_empty();
        if is_heard || inner.ended {
            return Poll::Ready(());
        }
        remember(&mut inner.writers, context);
        Poll::Pending
    }

    /// Everything that waits, up to about `bytes_max` and at least one message. Empty: it has
    /// ended.
    pub(super) fn poll_all(
        &self,
        context: &mut Context<'_>,
        bytes_max: usize,
    ) -> Poll<Vec<Message>> {
        let mut inner = locked(&self.inner);
        let mut taken = Vec::new();
        let mut bytes = 0;
        while bytes < bytes_max
            && let Some(message) = inner.pop()
        {
            bytes += cost(&message);
            taken.push(message);
        }
        if taken.is_empty() && !inner.ended {
            remember(&mut inner.readers, context);
            return Poll::Pending;
        }
        wake(inner);
        Poll::Ready(taken)
    }

    /// Nothing more comes in; what is there can still be read.
    pub(super) fn end(&self) {
        let mut inner = locked(&self.inner);
        inner.ended = true;
        wake(inner);
    }

    /// Ends, and forgets what is there.
    pub(super) fn clear(&self) {
        let mut inner = locked(&self.inner);
        inner.ended = true;
        inner.bytes = 0;
        let forgotten = std::mem::take(&mut inner.messages);
        wake(inner);
        drop(forgotten);
    }

    /// It has ended, and all was read.
    pub(super) fn is_spent(&self) -> bool {
        let inner = locked(&self.inner);
        inner.ended && inner.messages.is_empty()
    }
}

impl Inner {
    fn pop(&mut self) -> Option<Message> {
        let message = self.messages.pop_front()?;
        self.bytes -= cost(&message);
        Some(message)
    }
}

fn cost(message: &Message) -> usize {
    message.bytes() + MESSAGE_COST_BYTES
}

fn remember(wakers: &mut Vec<Waker>, context: &mut Context<'_>) {
    if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
        wakers.push(context.waker().clone());
    }
}

/// Wakes both sides, after the lock is gone. A side that did not wait is not there to be woken.
fn wake(mut inner: std::sync::MutexGuard<'_, Inner>) {
    let readers = std::mem::take(&mut inner.readers);
    let writers = std::mem::take(&mut inner.writers);
    drop(inner);
    readers.into_iter().chain(writers).for_each(Waker::wake);
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;

    use super::*;

    fn text(text: &str) -> Message {
        Message::Text(text.into())
    }

    fn poll<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn messages_come_out_in_order_and_the_end_comes_last() {
        let queue = Queue::new(1 << 10);
        assert!(poll(|c| queue.poll_next(c)).is_pending());
        queue.put(["a", "b", "c"].map(text)).unwrap();
        assert_eq!(poll(|c| queue.poll_next(c)), Poll::Ready(Some(text("a"))));
        queue.end();
        assert_eq!(queue.put([text("d")]), Err(Gone));
        assert!(!queue.is_spent());
        assert_eq!(poll(|c| queue.poll_all(c, 1 << 10)), Poll::Ready(vec![text("b"), text("c")]));
        assert!(queue.is_spent());
        assert_eq!(poll(|c| queue.poll_next(c)), Poll::Ready(None));
        assert_eq!(poll(|c| queue.poll_all(c, 1 << 10)), Poll::Ready(vec![]));
    }

    #[test]
    fn a_writer_waits_from_the_bound_on_and_one_message_always_fits() {
        let queue = Queue::new(100);
        let large = text(&"x".repeat(1000));
        assert_eq!(poll(|c| queue.poll_room(c)), Poll::Ready(Ok(())));
        queue.put([large.clone()]).unwrap();
        assert_eq!(poll(|c| queue.poll_room(c)), Poll::Pending);
        let mut more = vec![text("y"), text("z")];
        assert_eq!(poll(|c| queue.poll_put(c, &mut more)), Poll::Pending);
        assert_eq!(more.len(), 2, "nothing is put in by halves");
        assert_eq!(poll(|c| queue.poll_all(c, 1)), Poll::Ready(vec![large]));
        assert_eq!(poll(|c| queue.poll_put(c, &mut more)), Poll::Ready(Ok(())));
        assert_eq!(poll(|c| queue.poll_all(c, 1)), Poll::Ready(vec![text("y")]), "one by one");
    }

    #[test]
    fn it_is_heard_once_its_reader_waits_for_more() {
        let queue = Queue::new(100);
        queue.put(["a", "b"].map(text)).unwrap();
        assert!(poll(|c| queue.poll_heard(c)).is_pending());
        for _ in 0..2 {
            assert!(poll(|c| queue.poll_next(c)).is_ready());
            assert!(poll(|c| queue.poll_heard(c)).is_pending(), "it may be at work on it");
        }
        assert!(poll(|c| queue.poll_next(c)).is_pending());
        assert!(poll(|c| queue.poll_heard(c)).is_ready());
        queue.put([text("c")]).unwrap();
        assert!(poll(|c| queue.poll_heard(c)).is_pending());
        queue.clear();
        assert!(poll(|c| queue.poll_heard(c)).is_ready());
    }

    #[test]
    fn what_is_cleared_is_gone_for_both_sides() {
        let queue = Queue::new(100);
        queue.put([text("a")]).unwrap();
        queue.clear();
        assert_eq!(poll(|c| queue.poll_next(c)), Poll::Ready(None));
        assert_eq!(poll(|c| queue.poll_room(c)), Poll::Ready(Err(Gone)));
    }

    #[tokio::test]
    async fn both_sides_are_woken() {
        let queue = Arc::new(Queue::new(1));
        let writer = Arc::clone(&queue);
        let writing = tokio::spawn(async move {
            for index in 0..100 {
                poll_fn(|c| writer.poll_room(c)).await.unwrap();
                writer.put([text(&index.to_string())]).unwrap();
            }
            writer.end();
        });
        let mut read = Vec::new();
        while let Some(Message::Text(text)) = poll_fn(|c| queue.poll_next(c)).await {
            read.push(text.as_str().parse::<u32>().unwrap());
        }
        writing.await.unwrap();
        assert_eq!(read, (0..100).collect::<Vec<_>>());
    }
}
