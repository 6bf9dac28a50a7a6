//! The LOCK file: one process writes a journal at a time, and the second learns who the first is.
//! It must not know what is locked. In: a directory. Out: a guard, or the pid of the holder.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::FlockOperation;

const LOCK_NAME: &str = "LOCK";
const LOCKS_PATH: &str = "/proc/locks";

/// Holds the lock while it lives; the kernel lets go of it when the process ends, however.
pub(crate) struct Lock {
    file: File,
}

pub(crate) enum LockError {
    Held { pid: u32 },
    Io(io::Error),
}

impl Lock {
    pub(crate) fn take(directory: &Path) -> Result<Lock, LockError> {
        let path = directory.join(LOCK_NAME);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(LockError::Io)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(LockError::Held { pid: read_pid(&mut file) });
            }
            Err(errno) => return Err(LockError::Io(errno.into())),
        }
        write_pid(&mut file).map_err(LockError::Io)?;
        Ok(Lock { file })
    }
}

impl Drop for Lock {
    /// Said, not left to closing: a child that another thread is just starting has the file open
    /// too until its exec, and would hold the lock as long.
    fn drop(&mut self) {
        if let Err(errno) = rustix::fs::flock(&self.file, FlockOperation::Unlock) {
            tracing::warn!(%errno, "the LOCK file could not be unlocked, only closed");
        }
    }
}

/// The process that holds the lock of a journal. Nothing is locked to find out, for that could be
/// in the way of a start: the kernel lists who has what. None: nobody has it, or that cannot be
/// seen from here.
pub fn writer(directory: &Path) -> Option<u32> {
    let mut file = File::open(directory.join(LOCK_NAME)).ok()?;
    let inode = file.metadata().ok()?.ino();
    let pid = read_pid(&mut file);
    let locks = std::fs::read_to_string(LOCKS_PATH).ok()?;
    locks.lines().any(|line| is_held(line, pid, inode)).then_some(pid)
}

/// A line is `1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF`.
fn is_held(line: &str, pid: u32, inode: u64) -> bool {
    let mut words = line.split_ascii_whitespace().skip(1);
    let kind = words.next().zip(words.nth(1));
    let (holder, place) = (words.next(), words.next());
    let place = place.and_then(|place| place.rsplit(':').next());
    kind == Some(("FLOCK", "WRITE"))
        && holder.and_then(|text| text.parse().ok()) == Some(pid)
        && place.and_then(|text| text.parse().ok()) == Some(inode)
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.rewind()?;
    let text = format!("{}\n", std::process::id());
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)
}

/// The pid in the file; 0 if the holder has not written it yet.
fn read_pid(file: &mut File) -> u32 {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) => text.trim().parse().unwrap_or(0),
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_free_at_once_whoever_else_has_the_file_open() {
        let directory = tempfile::tempdir().unwrap();
        let lock = Lock::take(directory.path()).ok().unwrap();
        assert_eq!(writer(directory.path()), Some(std::process::id()));
        let held = Lock::take(directory.path());
        assert!(matches!(held, Err(LockError::Held { pid }) if pid == std::process::id()));
        let as_a_child_has_it = lock.file.try_clone().unwrap();
        drop(lock);
        assert!(Lock::take(directory.path()).is_ok());
        drop(as_a_child_has_it);
    }
}
