//! The same order, account and instrument in two histories, whose ids have come apart: an order
//! gets the slot that is free, an account the next number. In: a command of the journal. Out: the
//! command that means the same in the fork.

use std::collections::HashMap;

use orison_core::command::{
    AccountRef, AccountSpec, Amend, Cancel, EndOfDay, MassCancel, Order, Pair, StatusChange,
    Target, Transfer, Uncross,
};
use orison_core::event::Entry;
use orison_core::{Command, Event, Exchange, InstrumentId, OrderId, Sequence};

/// Orders whose ids differ; all others have the same.
#[derive(Default)]
pub(super) struct Names {
    /// By the journal's id.
    forked: HashMap<OrderId, OrderId>,
    /// By the fork's.
    journaled: HashMap<OrderId, OrderId>,
}

/// The journal's exchange and the fork's.
type Both<'a> = (&'a Exchange, &'a Exchange);

fn entered(events: &[Event]) -> impl Iterator<Item = OrderId> + '_ {
    events.iter().filter_map(|event| {
        let Event::Accepted(accepted) = event else { return None };
        (accepted.entry == Entry::New).then_some(accepted.order)
    })
}

impl Names {
    /// The orders that one command has entered, here and there.
    pub(super) fn learn(&mut self, sequence: Sequence, journal: &[Event], fork: &[Event]) {
        for own in entered(fork) {
            let theirs = entered(journal).find(|id| id.leg == own.leg);
            // One that the journal refused is told by the command it was entered with.
            let shown = theirs.unwrap_or(OrderId { sequence, ..own });
            if shown != own {
                self.forked.insert(shown, own);
                self.journaled.insert(own, shown);
            }
        }
    }

    /// An order of the fork by the id that it has in the journal.
    pub(super) fn shown(&self, order: OrderId) -> OrderId {
        self.journaled.get(&order).copied().unwrap_or(order)
    }

    fn order(&self, order: OrderId) -> OrderId {
        self.forked.get(&order).copied().unwrap_or(order)
    }

    fn target(&self, target: Target) -> Target {
        match target {
            Target::Order(order) => Target::Order(self.order(order)),
            Target::Client(name) => Target::Client(name),
        }
    }

    pub(super) fn translate(&self, command: &Command, both: Both<'_>) -> Command {
        match *command {
            Command::Place(order) => Command::Place(place(order, both)),
            Command::Pair(pair) => {
                Command::Pair(Pair { legs: pair.legs.map(|leg| place(leg, both)), ..pair })
            }
            Command::Cancel(cancel) => Command::Cancel(Cancel {
                account: account(cancel.account, both),
                target: self.target(cancel.target),
            }),
            Command::Amend(amend) => Command::Amend(Amend {
                account: account(amend.account, both),
                target: self.target(amend.target),
                ..amend
            }),
            Command::MassCancel(mass) => Command::MassCancel(MassCancel {
                account: account(mass.account, both),
                instrument: mass.instrument.map(|id| instrument(id, both)),
                ..mass
            }),
            Command::Status(change) => Command::Status(StatusChange {
                instrument: instrument(change.instrument, both),
                ..change
            }),
            Command::Uncross(uncross) => Command::Uncross(Uncross {
                instrument: instrument(uncross.instrument, both),
                ..uncross
            }),
            Command::EndOfDay(end) => Command::EndOfDay(EndOfDay {
                instrument: end.instrument.map(|id| instrument(id, both)),
                ..end
            }),
            Command::Transfer(transfer) => {
                Command::Transfer(Transfer { account: account(transfer.account, both), ..transfer })
            }
            Command::Account(spec) => {
                Command::Account(AccountSpec { account: account(spec.account, both), ..spec })
            }
            Command::Genesis(_)
            | Command::Instrument(_)
            | Command::Clock
            | Command::Pray(_)
            | Command::Ticker(_)
            | Command::Liquidation(_)
            | Command::ExternalTrade(_)
            | Command::ExternalDepth(_) => *command,
        }
    }
}

fn place(order: Order, both: Both<'_>) -> Order {
    Order {
        account: account(order.account, both),
        instrument: instrument(order.instrument, both),
        ..order
    }
}

/// By its name; an account that the fork does not have yet is opened by it there.
fn account(account: AccountRef, (journal, fork): Both<'_>) -> AccountRef {
    let AccountRef::Id(id) = account else { return account };
    let Some(name) = journal.account_name(id) else { return account };
    fork.account(name).map_or(AccountRef::Name(*name), AccountRef::Id)
}

/// By its symbol; one that the fork does not have is none of its own.
fn instrument(id: InstrumentId, (journal, fork): Both<'_>) -> InstrumentId {
    let known = journal.instruments().iter().find(|known| known.id == id);
    let Some(known) = known else { return id };
    fork.instrument(&known.symbol).map_or(InstrumentId::default(), |known| known.id)
}
