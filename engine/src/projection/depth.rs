//! The visible book by price level (L2), with the sequence that last changed it.

use orison_core::{InstrumentId, Price, Quantity, Side, Stamp};

/// A level after the last command: absolute quantity, zero = gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LevelChange {
    pub side: Side,
    pub price: Price,
    pub quantity: Quantity,
}

pub struct BookView {}

impl BookView {
    /// The command that last changed this book; default: none did.
    pub fn changed_at(&self) -> Stamp {
        todo!()
    }
    /// Best price first.
    pub fn levels(&self, _side: Side) -> Box<dyn Iterator<Item = (Price, Quantity)> + '_> {
        todo!()
    }
    pub fn best(&self, _side: Side) -> Option<(Price, Quantity)> {
        todo!()
    }
    /// Final, absolute, one entry a level: what the last command that touched this book changed.
    pub fn changes(&self) -> &[LevelChange] {
        todo!()
    }
    /// The sequence of the command that changed it before `changed_at`; 0 = none.
    pub fn previous_sequence(&self) -> u64 {
        todo!()
    }
}

#[derive(Default)]
pub struct Depth {}

impl Depth {
    pub fn book(&self, _instrument: InstrumentId) -> Option<&BookView> {
        todo!()
    }
    /// Instruments whose book the last command changed.
    pub fn changed(&self) -> &[InstrumentId] {
        todo!()
    }
}
