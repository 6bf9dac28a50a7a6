//! One thread of a simulated machine runs at a time, and the seed says which: a run is the same
//! each time. A thread gives way before each disk operation and wherever it would rest.

use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use journal::Turn;

use crate::disk::Random;

thread_local! {
    /// Which one of its machine this thread is.
    static SELF: Cell<Option<usize>> = const { Cell::new(None) };
}

pub(crate) struct Turns {
    state: Mutex<State>,
}

struct State {
    random: Random,
    threads: Vec<Known>,
    /// Whose turn it is.
    current: usize,
}

struct Known {
    name: &'static str,
    stands: Stands,
    /// It is its turn.
    wakes: Arc<Condvar>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    Ready,
    /// Until the thread of that number has ended.
    Awaits(usize),
    Ended,
}

impl Turns {
    /// The caller is the first thread, and it is its turn.
    pub(crate) fn new(random: Random) -> Self {
        SELF.set(Some(0));
        let threads = vec![Known::new("main")];
        Self { state: Mutex::new(State { random, threads, current: 0 }) }
    }

    /// Somebody else may go on, or the caller again.
    pub(crate) fn give(&self) {
        let Some(own) = SELF.get() else { return };
        let mut state = self.lock();
        state.draw();
        self.wait(own, state);
    }

    pub(crate) fn turn(&self, turn: Turn) {
        let mut state = self.lock();
        match turn {
            Turn::Starts(name) => state.threads.push(Known::new(name)),
            Turn::Begun(name) => {
                let own = state.last(name);
                SELF.set(Some(own));
                self.wait(own, state);
            }
            Turn::Ended(_) => {
                let own = SELF.get().expect("it has begun");
                state.threads[own].stands = Stands::Ended;
                for known in &mut state.threads {
                    if known.stands == Stands::Awaits(own) {
                        known.stands = Stands::Ready;
                    }
                }
                state.draw();
            }
            Turn::Awaits(name) => {
                let (own, other) = (SELF.get().expect("it has begun"), state.last(name));
                if state.threads[other].stands != Stands::Ended {
                    state.threads[own].stands = Stands::Awaits(other);
                    state.draw();
                    self.wait(own, state);
                }
            }
        }
    }

    fn wait(&self, own: usize, mut state: MutexGuard<'_, State>) {
        let wakes = Arc::clone(&state.threads[own].wakes);
        while state.current != own {
            state = wakes.wait(state).unwrap();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Known {
    fn new(name: &'static str) -> Self {
        Self { name, stands: Stands::Ready, wakes: Arc::default() }
    }
}

impl State {
    fn draw(&mut self) {
        let ready = |state: &Self, at: usize| state.threads[at].stands == Stands::Ready;
        let count = (0..self.threads.len()).filter(|&at| ready(self, at)).count();
        let nth = self.random.below(count as u64) as usize;
        let drawn = (0..self.threads.len()).filter(|&at| ready(self, at)).nth(nth);
        self.current = drawn.expect("the first thread ends last");
        self.threads[self.current].wakes.notify_one();
    }

    /// The one of this name that was started last.
    fn last(&self, name: &'static str) -> usize {
        let found = self.threads.iter().rposition(|known| known.name == name);
        found.expect("whoever starts a thread says so")
    }
}
