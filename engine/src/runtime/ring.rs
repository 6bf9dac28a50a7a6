//! The two rings. Input: many sessions, one matcher, slots of 128 bytes that hold a command as
//! its record will; a longer one takes consecutive slots, claimed together. Output: one matcher,
//! one projector, one event a slot. It must not know what the bytes of a command mean.

use disruptor::{
    BusySpin, EventPoller, MultiProducer, MultiProducerBarrier, SingleConsumerBarrier,
    SingleProducer, SingleProducerBarrier, build_multi_producer, build_single_producer,
};

use super::{Output, Token};
use crate::record::{Encoded, PAYLOAD_ALIGN, PAYLOAD_BYTES_MAX};

pub(super) type InputProducer = MultiProducer<Slot, SingleConsumerBarrier>;
pub(super) type InputPoller = EventPoller<Slot, MultiProducerBarrier>;
pub(super) type OutputProducer = SingleProducer<Output, SingleConsumerBarrier>;
pub(super) type OutputPoller = EventPoller<Output, SingleProducerBarrier>;

/// Neither ring may have fewer slots: the multi-producer ring keeps its books in words of 64.
pub(super) const SLOTS_MIN: usize = 64;

/// Payload bytes that one slot holds.
pub(super) const SLOT_PAYLOAD_BYTES: usize = 104;
/// The kind of the slots that close the ring; no command has it.
const KIND_SEAL: u8 = 0;

/// ```text
///   0       8         16     17        18    20     21        22           24
///  +-------+---------+------+---------+-----+------+---------+------------+-------------+
///  | token | time ns | kind | version | len | part | purpose | reserved 2 | payload 104 |
///  +-------+---------+------+---------+-----+------+---------+------------+-------------+
/// ```
/// Slots are never cleared: every field is written each time, and of the payload as much as
/// `len` speaks of. `part` counts the slots of a command from 0; `len` is of the whole.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Slot {
    pub(super) token: Token,
    /// A manual clock: the command's own time. A real clock: the engine time at which it was
    /// entered if that was looked up, else 0.
    pub(super) time_ns: u64,
    pub(super) kind: u8,
    pub(super) version: u8,
    pub(super) len: u16,
    part: u8,
    pub(super) purpose: Purpose,
    reserved: [u8; 2],
    payload: [u8; SLOT_PAYLOAD_BYTES],
}

/// What a slot asks of the matcher.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Purpose {
    /// Stamp, journal, decide.
    Decide = 0,
    /// Only say what the command would be refused for: no sequence, no record, no event.
    Check = 1,
}

/// What comes in beside a command's bytes.
#[derive(Clone, Copy)]
pub(super) struct Entrant {
    pub(super) token: Token,
    pub(super) time_ns: u64,
    pub(super) purpose: Purpose,
}

const _: () = assert!(size_of::<Slot>() == 128);
const _: () = assert!(std::mem::offset_of!(Slot, payload).is_multiple_of(PAYLOAD_ALIGN));

impl Slot {
    const EMPTY: Self = Self {
        token: Token(0),
        time_ns: 0,
        kind: KIND_SEAL,
        version: 0,
        len: 0,
        part: 0,
        purpose: Purpose::Decide,
        reserved: [0; 2],
        payload: [0; SLOT_PAYLOAD_BYTES],
    };

    /// Cannot panic: a panic between claim and publication would leave a hole in the ring.
    #[inline]
    pub(super) fn write(&mut self, entrant: Entrant, command: &Encoded, part: u8) {
        let payload = command.payload();
        let Entrant { token, time_ns, purpose } = entrant;
        self.token = token;
        self.time_ns = time_ns;
        self.kind = command.kind;
        self.version = command.version;
        self.len = payload.len() as u16;
        self.part = part;
        self.purpose = purpose;
        self.reserved = [0; 2];
        let from = usize::from(part) * SLOT_PAYLOAD_BYTES;
        for (into, byte) in self.payload.iter_mut().zip(payload.iter().skip(from)) {
            *into = *byte;
        }
    }

    pub(super) fn seal(&mut self) {
        *self = Self::EMPTY;
    }

    #[inline]
    pub(super) fn is_seal(&self) -> bool {
        self.kind == KIND_SEAL
    }
}

/// Slots that a payload of `len` bytes takes.
#[inline]
pub(super) fn slots_of(len: usize) -> usize {
    len.div_ceil(SLOT_PAYLOAD_BYTES).max(1)
}

/// Puts a command of several slots together; its parts may come in different batches.
pub(super) struct Assembly {
    bytes: Aligned,
    parts: u8,
}

#[repr(C, align(8))]
struct Aligned([u8; PAYLOAD_BYTES_MAX]);

impl Assembly {
    pub(super) fn new() -> Self {
        Self { bytes: Aligned([0; PAYLOAD_BYTES_MAX]), parts: 0 }
    }

    /// The payload of the command that ends with this slot; None: more is to come.
    #[inline]
    pub(super) fn take<'a>(&'a mut self, slot: &'a Slot) -> Option<&'a [u8]> {
        let len = usize::from(slot.len);
        if len <= SLOT_PAYLOAD_BYTES {
            assert!(self.parts == 0, "the slots of a command are claimed together");
            return Some(&slot.payload[..len]);
        }
        self.take_part(slot, len)
    }

    fn take_part(&mut self, slot: &Slot, len: usize) -> Option<&[u8]> {
        assert!(slot.part == self.parts, "the slots of a command follow each other");
        let from = usize::from(slot.part) * SLOT_PAYLOAD_BYTES;
        let part = (len - from).min(SLOT_PAYLOAD_BYTES);
        self.bytes.0[from..from + part].copy_from_slice(&slot.payload[..part]);
        if from + part < len {
            self.parts += 1;
            return None;
        }
        self.parts = 0;
        Some(&self.bytes.0[..len])
    }
}

pub(super) fn input(slots: usize) -> (InputProducer, InputPoller) {
    let (poller, builder) =
        build_multi_producer(slots, || Slot::EMPTY, BusySpin).new_event_poller();
    (builder.build(), poller)
}

pub(super) fn output(slots: usize) -> (OutputProducer, OutputPoller) {
    let (poller, builder) =
        build_single_producer(slots, || Output::EMPTY, BusySpin).new_event_poller();
    (builder.build(), poller)
}

#[cfg(test)]
mod tests {
    use orison_core::command::{AccountRef, InstrumentSpec, Link, MassCancel, Order, Pair};
    use orison_core::{AccountId, Command, InstrumentId, Price, Quantity, Side};

    use super::*;
    use crate::record::encode;

    fn parts(command: &Encoded) -> Vec<Slot> {
        let mut slots =
            vec![Slot { payload: [0xee; 104], ..Slot::EMPTY }; slots_of(command.payload().len())];
        for (part, slot) in slots.iter_mut().enumerate() {
            let entrant = Entrant { token: Token(5), time_ns: 6, purpose: Purpose::Check };
            slot.write(entrant, command, part as u8);
        }
        slots
    }

    #[test]
    fn a_command_comes_out_of_its_slots_as_it_went_in() {
        let account = AccountRef::Id(AccountId(1));
        let order = Order::limit(account, InstrumentId(2), Side::Buy, Price(3), Quantity(4));
        let mass = MassCancel {
            account,
            instrument: None,
            side: None,
            reason: orison_core::command::CancelReason::Mass,
            actor: orison_core::command::Actor::EMPTY,
        };
        let rows = [
            (Command::Clock, 1),
            (Command::MassCancel(mass), 1),
            (Command::Instrument(InstrumentSpec::EMPTY), 2),
            (Command::Pair(Pair { link: Link::Oco, legs: [order; 2] }), 4),
        ];
        let mut assembly = Assembly::new();
        for (command, slots) in rows.iter().chain(&rows) {
            let encoded = encode(command);
            let parts = parts(&encoded);
            assert_eq!(parts.len(), *slots, "{command:?}");
            let (last, before) = parts.split_last().unwrap();
            for slot in before {
                assert_eq!(assembly.take(slot), None);
            }
            assert_eq!(assembly.take(last), Some(encoded.payload()));
            assert_eq!((last.token, last.time_ns, last.kind), (Token(5), 6, encoded.kind));
            assert_eq!(last.purpose, Purpose::Check);
            assert!(!last.is_seal());
        }
    }
}
