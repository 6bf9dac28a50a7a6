//! The thread that replays for one session: journal in, messages out through a bounded channel.
//! While its client does not read it waits; once it has told everything it looks for more.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use engine::runtime::Monitor;
use replay::past::PastError;
use replay::priority;
use replay::steady::steadily;
use replay::tell::Teller;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::App;
use crate::audit::{Asked, of_past};
use crate::xtrader::problem::Problem;

/// Batches that wait for the client.
const BATCHES_MAX: usize = 4;
/// A batch goes when it has so many bytes, or when there is nothing more to tell.
const BATCH_BYTES: usize = 64 << 10;
/// Between two looks for more: soon after something came, and later.
const LOOK_SOON: Duration = Duration::from_millis(1);
const LOOK_LATER: Duration = Duration::from_millis(10);
/// Looks in vain until it is later.
const SOON_MAX: u32 = 200;

/// Messages in order. Empty: the thread has ended, because it could not go on.
pub(super) struct Telling {
    pub(super) batches: mpsc::Receiver<Vec<String>>,
}

impl Telling {
    /// Ready to tell the command `from`; the place is held until the thread has ended.
    pub(super) async fn start(
        app: &Arc<App>,
        from: u64,
        room: OwnedSemaphorePermit,
    ) -> Result<Self, Problem> {
        let (send, batches) = mpsc::channel(BATCHES_MAX);
        let (say_ready, ready) = oneshot::channel();
        let (directory, monitor) = (app.config.data.clone(), app.monitor());
        let spawned = thread::Builder::new().name("stream".to_owned()).spawn(move || {
            priority::lower();
            // Held as long as the thread lives.
            let _room = room;
            match steadily(&directory, || Teller::open(&directory, from, |_| {})) {
                Ok(teller) => {
                    if say_ready.send(Ok(())).is_ok() {
                        run(teller, &monitor, &send, &directory);
                    }
                }
                // Whoever asked may have left.
                Err(error) => _ = say_ready.send(Err(of_past(&error, Asked::Command))),
            }
        });
        spawned.map_err(|_| Problem::internal())?;
        ready.await.map_err(|_| Problem::internal())??;
        Ok(Self { batches })
    }
}

/// Until the session is gone, or nothing more can be told.
fn run(mut teller: Teller, monitor: &Monitor, send: &mpsc::Sender<Vec<String>>, directory: &Path) {
    let mut vain = 0;
    while !send.is_closed() {
        let batch = match batch(&mut teller, monitor.sequence_visible()) {
            Ok(batch) => batch,
            Err(error) => {
                let (at, directory) = (teller.at(), directory.display());
                tracing::warn!(%error, at, %directory, "a stream cannot go on");
                return;
            }
        };
        if batch.is_empty() {
            vain += 1;
            thread::sleep(if vain < SOON_MAX { LOOK_SOON } else { LOOK_LATER });
        } else {
            vain = 0;
            // An error: the session is gone.
            if send.blocking_send(batch).is_err() {
                return;
            }
        }
    }
}

/// What there is to tell, not beyond `last`.
fn batch(teller: &mut Teller, last: u64) -> Result<Vec<String>, PastError> {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while bytes < BATCH_BYTES {
        let told = teller.tell(last, |text| {
            bytes += text.len();
            batch.push(text);
        })?;
        if !told {
            break;
        }
    }
    Ok(batch)
}
