//! How a session is heard: so many messages as fast as they come, what is beyond them slowly, so
//! that a flood waits in its own socket and not before others' orders, and none beyond the bucket.
//! What is done with a session that sends more, its protocol says.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep_until};

use crate::bucket::{Bucket, Empty, Rate};

/// Messages of one session.
pub(crate) const MESSAGES: Rate = Rate::new(1_000, Duration::from_millis(5));
/// As many are heard as fast as they come.
const PROMPT_MAX: u32 = 100;
/// Beyond them so many, then a rest: some 1,000 a second.
const SLOWLY: u32 = 16;
const REST: Duration = Duration::from_millis(16);

#[derive(Default)]
pub(crate) struct Hearing {
    messages: Bucket,
    /// Heard since the last rest.
    slowly: u32,
    rests_until: Option<Instant>,
    rest: Option<Pin<Box<Sleep>>>,
}

impl Hearing {
    /// A message came.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Empty> {
        let standing = self.messages.take(MESSAGES, 1, now)?;
        let taken = standing.limit.saturating_sub(standing.remaining);
        if taken <= PROMPT_MAX {
            self.slowly = 0;
            return Ok(());
        }
        self.slowly += 1;
        if self.slowly == SLOWLY {
            self.slowly = 0;
            self.rests_until = Some(now + REST);
        }
        Ok(())
    }

    /// A message came that was good for something.
    pub(crate) fn refund(&mut self) {
        self.messages.refund(MESSAGES);
    }

    /// Ready once the next message may be heard.
    pub(crate) fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(until) = self.rests_until.take() {
            self.rest = Some(Box::pin(sleep_until(until.into())));
        }
        if let Some(rest) = &mut self.rest {
            ready!(rest.as_mut().poll(context));
            self.rest = None;
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// On the clock of tokio, which stands still but for what is waited for.
    #[tokio::test(start_paused = true)]
    async fn a_hundred_are_heard_at_once_and_the_rest_slowly_until_there_are_too_many() {
        let mut hearing = Hearing::default();
        let begun = tokio::time::Instant::now();
        let mut hear = async || {
            poll_fn(|context| hearing.poll_ready(context)).await;
            hearing.take(tokio::time::Instant::now().into()).is_ok()
        };
        for _ in 0..100 {
            assert!(hear().await);
        }
        assert_eq!(begun.elapsed(), Duration::ZERO);
        let mut heard = 100;
        while hear().await {
            heard += 1;
        }
        // What the bucket held, and what came into it meanwhile.
        let millis = begun.elapsed().as_millis();
        assert!((1_000..=1_400).contains(&millis), "{millis}");
        assert!((1_200..=1_300).contains(&heard), "{heard}");
        tokio::time::advance(Duration::from_secs(5)).await;
        let rested = tokio::time::Instant::now();
        for _ in 0..100 {
            assert!(hear().await);
        }
        assert_eq!(rested.elapsed(), Duration::ZERO, "once silent, heard as at first");
    }
}
