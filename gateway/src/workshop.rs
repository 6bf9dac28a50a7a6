//! Where figures that take long are computed: on threads of its own that give way to all others,
//! a few at once for the whole process, so that no order waits for one. Whoever asks has copied
//! what the figure follows from out of the views before; what it is, is not known here.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::{io, thread};

use crossbeam::channel::{Receiver, Sender, unbounded};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Figures under way and waiting, over all sessions; one more is refused as busy.
pub const FIGURES_MAX: usize = 32;
/// One thread for so many processors, but at most so many.
const PROCESSORS_PER_THREAD: usize = 4;
const THREADS_MAX: usize = 4;
/// How much the threads give way to those that orders pass through.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

type Task = Box<dyn FnOnce() + Send>;

pub struct Workshop {
    places: Arc<Semaphore>,
    /// Bounded by the places: a task holds one. The threads end with the last sender.
    tasks: Sender<Task>,
}

/// Nothing was begun: `FIGURES_MAX` are under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("too many figures are being computed")]
pub struct Crowded;

/// The figure was begun and did not come to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the computation broke off")]
pub struct BrokeOff;

/// The right to one figure.
pub struct Bench {
    permit: OwnedSemaphorePermit,
    tasks: Sender<Task>,
}

impl Workshop {
    pub fn start() -> io::Result<Self> {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let (tasks, waiting) = unbounded::<Task>();
        for number in 0..(processors / PROCESSORS_PER_THREAD).clamp(1, THREADS_MAX) {
            let waiting = waiting.clone();
            let name = format!("figures-{number}");
            thread::Builder::new().name(name).spawn(move || work(&waiting))?;
        }
        Ok(Self { places: Arc::new(Semaphore::new(FIGURES_MAX)), tasks })
    }

    pub fn bench(&self) -> Result<Bench, Crowded> {
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Crowded)?;
        Ok(Bench { permit, tasks: self.tasks.clone() })
    }
}

impl Bench {
    /// Begins at once; what is dropped before its turn is not computed.
    pub fn compute<T: Send + 'static>(
        self,
        figure: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, BrokeOff>> + Send + 'static {
        let Self { permit, tasks } = self;
        let (asker, answer) = oneshot::channel();
        let task = move || {
            let _until_done = permit;
            if !asker.is_closed() {
                // Whoever has left meanwhile does not hear it.
                let _heard = asker.send(figure());
            }
        };
        // Without a thread the task is dropped, and its asker with it.
        let _begun = tasks.send(Box::new(task));
        async move { answer.await.map_err(|_| BrokeOff) }
    }
}

fn work(waiting: &Receiver<Task>) {
    give_way();
    for task in waiting {
        if std::panic::catch_unwind(AssertUnwindSafe(task)).is_err() {
            tracing::error!("a figure panicked; whoever asked for it is told");
        }
    }
}

/// On Linux a thread has a priority of its own.
#[cfg(target_os = "linux")]
fn give_way() {
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%error, "figures are computed at the priority of all else");
    }
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn so_many_figures_are_under_way_and_one_more_is_refused() {
        let workshop = Workshop::start().unwrap();
        let (release, held) = unbounded::<()>();
        let mut figures = Vec::new();
        for number in 0..FIGURES_MAX {
            let held = held.clone();
            let bench = workshop.bench().unwrap();
            figures.push(bench.compute(move || held.recv().map(|()| number)));
        }
        assert_eq!(workshop.bench().err(), Some(Crowded));
        for _ in 0..FIGURES_MAX {
            release.send(()).unwrap();
        }
        for (number, figure) in figures.into_iter().enumerate() {
            assert_eq!(figure.await, Ok(Ok(number)));
        }
        assert!(workshop.places.acquire_many(FIGURES_MAX as u32).await.is_ok(), "given back");
    }

    #[tokio::test]
    async fn a_panic_is_its_askers_alone() {
        let workshop = Workshop::start().unwrap();
        let broken = workshop.bench().unwrap().compute(|| panic!("asked for by a test"));
        assert_eq!(broken.await, Err::<(), _>(BrokeOff));
        assert_eq!(workshop.bench().unwrap().compute(|| 1).await, Ok(1));
    }
}
