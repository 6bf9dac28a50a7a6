//! What replay itself keeps beside the engine's state: the latest administrative commands, and
//! how far digests have been compared.

use engine::record;
use orison_core::snapshot::{Input, Output, Stored, Unreadable};
use orison_core::{Command, InstrumentId};

use crate::changes::{Change, Changes};

pub(super) const CHANGES_VERSION: u32 = 1;
pub(super) const PLAYBACK_VERSION: u32 = 1;

/// As a journal has it: kind, version, payload.
impl Stored for Change {
    fn store(&self, to: &mut Output<'_>) {
        let Self { stamp, command, refused } = self;
        let encoded = record::encode(command);
        stamp.store(to);
        to.bytes(&[encoded.kind, encoded.version]);
        encoded.payload().len().store(to);
        to.bytes(encoded.payload());
        refused.store(to);
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let unreadable = Unreadable::Value { of: "command" };
        let stamp = Stored::load(from)?;
        let [kind, version] = from.bytes()?;
        let mut payload = [0; record::PAYLOAD_BYTES_MAX];
        let payload = payload.get_mut(..usize::load(from)?).ok_or(unreadable)?;
        from.copy_to(payload)?;
        let mut command = Command::Clock;
        record::decode_into(&mut command, kind, version, payload).map_err(|_| unreadable)?;
        Ok(Self { stamp, command, refused: Stored::load(from)? })
    }
}

impl Stored for Changes {
    fn store(&self, to: &mut Output<'_>) {
        let Self { latest, statuses } = self;
        latest.store(to);
        let mut statuses: Vec<(InstrumentId, u64)> =
            statuses.iter().map(|(&instrument, &time_ns)| (instrument, time_ns)).collect();
        statuses.sort_unstable();
        statuses.store(to);
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let latest = Stored::load(from)?;
        let statuses: Vec<(InstrumentId, u64)> = Stored::load(from)?;
        Ok(Self { latest, statuses: statuses.into_iter().collect() })
    }
}
