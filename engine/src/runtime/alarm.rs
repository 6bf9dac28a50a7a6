//! The one place that says why the exchange acknowledges nothing any more.
//! It must not know what failed. In: the first stage that fails raises it. Out: the reason, and
//! a call to whoever has to end the process.

use std::sync::{Mutex, OnceLock, PoisonError};

type Listener = Box<dyn FnOnce(&str) + Send>;

#[derive(Default)]
pub(super) struct Alarm {
    reason: OnceLock<String>,
    listeners: Mutex<Vec<Listener>>,
}

impl Alarm {
    #[inline]
    pub(super) fn is_raised(&self) -> bool {
        self.reason.get().is_some()
    }

    pub(super) fn reason(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }

    /// The first reason stands; later ones are its consequences.
    #[cold]
    pub(super) fn raise(&self, reason: String) {
        if self.reason.set(reason).is_ok() {
            let listeners = std::mem::take(&mut *self.lock());
            self.tell(listeners);
        }
    }

    /// Called once, on the thread that raises the alarm; at once if that has happened already.
    pub(super) fn listen(&self, listener: Listener) {
        self.lock().push(listener);
        if self.is_raised() {
            let listeners = std::mem::take(&mut *self.lock());
            self.tell(listeners);
        }
    }

    fn tell(&self, listeners: Vec<Listener>) {
        let reason = self.reason.get().expect("an alarm is told of once it is raised");
        listeners.into_iter().for_each(|listener| listener(reason));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Listener>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn every_listener_hears_the_first_reason_once_whenever_it_came() {
        let alarm = Alarm::default();
        let (told, heard) = mpsc::channel();
        let listener = |name: &'static str| {
            let told = told.clone();
            Box::new(move |reason: &str| told.send(format!("{name}: {reason}")).unwrap())
        };
        alarm.listen(listener("before"));
        assert!(!alarm.is_raised());
        alarm.raise("the disk".to_string());
        alarm.raise("the consequence".to_string());
        alarm.listen(listener("after"));
        drop(told);
        assert_eq!(heard.iter().collect::<Vec<_>>(), ["before: the disk", "after: the disk"]);
        assert_eq!(alarm.reason(), Some("the disk"));
    }
}
