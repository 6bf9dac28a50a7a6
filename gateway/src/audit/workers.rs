//! The threads that replay for whoever asks: one a question, of the lowest priority, so that
//! neither the road nor the sockets wait for one. At most so many at once; one more is told to
//! come again. Who leaves before the answer gets none; its thread goes on to the end.

use std::sync::Arc;
use std::thread;

use replay::priority;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::language::Message;
use crate::xtrader::problem::Problem;

/// Questions that are worked on at once: each holds a state of the exchange of its own.
pub(crate) const QUESTIONS_MAX: usize = 2;

pub(crate) struct Workers {
    free: Arc<Semaphore>,
}

impl Default for Workers {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(QUESTIONS_MAX)) }
    }
}

impl Workers {
    /// What the work comes to. An error: as many as may be are working already.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let place = self.place()?;
        let (send, receive) = oneshot::channel();
        let spawned = thread::Builder::new().name("audit".to_owned()).spawn(move || {
            priority::lower();
            let done = work();
            drop(place);
            // Whoever asked may have left.
            _ = send.send(done);
        });
        spawned.map_err(|_| busy())?;
        // It ends without an answer only by a panic.
        receive.await.map_err(|_| Problem::internal())
    }

    /// Room for one more.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.free).try_acquire_owned().map_err(|_| busy())
    }
}

fn busy() -> Problem {
    let english = format!("{QUESTIONS_MAX} questions are being worked on: ask again");
    let korean = format!("감사 요청 {QUESTIONS_MAX}개를 처리 중입니다: 다시 시도하십시오");
    Problem::new(503, "AUDIT_BUSY", Message::ours(english, korean))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_question_too_many_is_refused_until_another_is_answered() {
        let workers = Arc::new(Workers::default());
        let (mut goes, mut under_way) = (Vec::new(), Vec::new());
        for number in 0..QUESTIONS_MAX {
            let ((go, wait), (say_begun, begun)) = (channel::<()>(), oneshot::channel());
            let asked = Arc::clone(&workers);
            under_way.push(tokio::spawn(async move {
                let work = move || {
                    say_begun.send(()).unwrap();
                    wait.recv().unwrap();
                    number
                };
                asked.run(work).await
            }));
            begun.await.unwrap();
            goes.push(go);
        }
        let problem = workers.run(|| ()).await.unwrap_err();
        assert_eq!((problem.status, problem.code), (503, "AUDIT_BUSY"));
        goes[0].send(()).unwrap();
        assert_eq!(under_way.remove(0).await.unwrap().unwrap(), 0);
        assert_eq!(workers.run(|| "next").await.unwrap(), "next");
        goes[1].send(()).unwrap();
        assert_eq!(under_way.remove(0).await.unwrap().unwrap(), 1);
        let panicked = workers.run(|| -> () { panic!("asked for by a test") }).await;
        assert_eq!(panicked.unwrap_err().status, 500);
        workers.run(|| ()).await.expect("a panic gives its place back");
    }
}
