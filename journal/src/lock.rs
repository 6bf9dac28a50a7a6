//! One process writes a journal at a time, and the second learns who the first is. What is locked
//! is the directory itself, which no removal of a file in it can undo; the LOCK file says the pid,
//! and is locked too, as by builds that knew no other lock.
//! It must not know what is locked. In: a directory. Out: a guard, or the pid of the holder.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::FlockOperation;

use crate::error::OpenError;

const LOCK_NAME: &str = "LOCK";
const LOCKS_PATH: &str = "/proc/locks";

/// Holds the lock while it lives; the kernel lets go of it when the process ends, however.
pub(crate) struct Lock {
    /// In the order in which they are let go of.
    files: [File; 2],
}

enum LockError {
    /// None: the LOCK file is gone, or does not say it.
    Held {
        pid: Option<u32>,
    },
    Io(io::Error),
}

impl Lock {
    fn take(directory: &Path) -> Result<Lock, LockError> {
        let path = directory.join(LOCK_NAME);
        let folder = File::open(directory).map_err(LockError::Io)?;
        if !try_lock(&folder)? {
            // Looked at only: who is refused leaves nothing behind.
            return Err(LockError::Held { pid: File::open(path).ok().and_then(read_pid) });
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(LockError::Io)?;
        if !try_lock(&file)? {
            return Err(LockError::Held { pid: read_pid(file) });
        }
        write_pid(&mut file).map_err(LockError::Io)?;
        Ok(Lock { files: [file, folder] })
    }
}

pub(crate) fn take<E>(directory: &Path) -> Result<Lock, OpenError<E>> {
    let path = directory.to_owned();
    Lock::take(directory).map_err(|error| match error {
        LockError::Held { pid } => OpenError::Locked { path, pid },
        LockError::Io(source) => OpenError::Lock { path, source },
    })
}

/// False: somebody else holds it.
fn try_lock(file: &File) -> Result<bool, LockError> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(LockError::Io(errno.into())),
    }
}

impl Drop for Lock {
    /// Said, not left to closing: a child that another thread is just starting has the files open
    /// too until its exec, and would hold the lock as long.
    fn drop(&mut self) {
        for file in &self.files {
            if let Err(errno) = rustix::fs::flock(file, FlockOperation::Unlock) {
                tracing::warn!(%errno, "the journal could not be unlocked, only closed");
            }
        }
    }
}

/// The process that holds the lock of a journal. Nothing is locked to find out, for that could be
/// in the way of a start: the kernel lists who has what. None: nobody has it, or that cannot be
/// seen from here.
pub fn writer(directory: &Path) -> Option<u32> {
    let known = std::fs::metadata(directory).ok()?;
    let (device, inode) = (known.dev(), known.ino());
    let locks = std::fs::read_to_string(LOCKS_PATH).ok()?;
    locks.lines().find_map(|line| holder(line, device, inode))
}

/// A line is `1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF`, the device in hexadecimal.
fn holder(line: &str, device: u64, inode: u64) -> Option<u32> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let kind = words.next().zip(words.nth(1));
    let (holder, place) = (words.next()?, words.next()?);
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let is_held =
        kind == Some(("FLOCK", "WRITE")) && place == format!("{major:02x}:{minor:02x}:{inode}");
    if is_held { holder.parse().ok() } else { None }
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.rewind()?;
    let text = format!("{}\n", std::process::id());
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)
}

/// The pid in the file, if the holder has written it yet.
fn read_pid(mut file: File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_free_at_once_whoever_else_has_the_files_open() {
        let directory = tempfile::tempdir().unwrap();
        let lock = Lock::take(directory.path()).ok().unwrap();
        assert_eq!(writer(directory.path()), Some(std::process::id()));
        let held = Lock::take(directory.path());
        let own = Some(std::process::id());
        assert!(matches!(held, Err(LockError::Held { pid }) if pid == own));
        let as_a_child_has_them = lock.files.each_ref().map(|file| file.try_clone().unwrap());
        drop(lock);
        assert!(Lock::take(directory.path()).is_ok());
        drop(as_a_child_has_them);
    }

    #[test]
    fn a_lock_holds_whatever_becomes_of_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(LOCK_NAME);
        let _lock = Lock::take(directory.path()).ok().unwrap();
        let refused = || match Lock::take(directory.path()) {
            Err(LockError::Held { pid }) => pid,
            Err(LockError::Io(error)) => panic!("{error}"),
            Ok(_) => panic!("two hold it"),
        };
        for harm in [
            |path: &Path| std::fs::remove_file(path).unwrap(),
            |path: &Path| std::fs::write(path, "").unwrap(),
        ] {
            harm(&path);
            assert_eq!(refused(), None);
        }
        std::fs::remove_file(&path).unwrap();
        assert!(refused().is_none() && !path.exists(), "who is refused leaves nothing behind");
    }

    #[test]
    fn a_build_that_locks_the_file_alone_is_respected() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(LOCK_NAME);
        std::fs::write(&path, "77\n").unwrap();
        let file = File::open(&path).unwrap();
        assert!(matches!(try_lock(&file), Ok(true)));
        let held = Lock::take(directory.path());
        assert!(matches!(held, Err(LockError::Held { pid: Some(77) })));
        drop(file);
        assert!(Lock::take(directory.path()).is_ok());
    }
}
