//! A recording's names of orders and the engine's: which is which, and how much of each is open.
//! Fed by events alone, so that it says what the engine did, not what the recording expected.

use std::collections::HashMap;
use std::rc::Rc;

use orison_core::command::AccountRef;
use orison_core::{AccountId, AccountName, Event, OrderId};

#[derive(Default)]
pub(super) struct Orders {
    /// None: nothing has been accepted yet.
    account: Option<AccountId>,
    by_slot: Vec<Known>,
    by_name: HashMap<Rc<str>, Entry>,
}

/// Who had a slot last.
#[derive(Clone)]
struct Known {
    order: OrderId,
    open: u64,
    name: Rc<str>,
}

/// What a name stands for. A name that is dead stands for nothing and may come again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entry {
    /// It was sent; the engine has not answered yet.
    UnderWay,
    Live(OrderId),
}

impl Orders {
    /// The one account that everything in a recording belongs to.
    pub(super) fn account(&self) -> AccountRef {
        let name = || AccountName::new("flow").expect("four letters are a name");
        self.account.map_or_else(|| AccountRef::Name(name()), AccountRef::Id)
    }

    pub(super) fn entry(&self, name: &str) -> Option<Entry> {
        self.by_name.get(name).copied()
    }

    /// From now on the name stands for the order that is being sent.
    pub(super) fn sent(&mut self, name: &Rc<str>) {
        self.by_name.insert(Rc::clone(name), Entry::UnderWay);
    }

    /// Open quantity; zero: it is not live.
    pub(super) fn open(&self, order: OrderId) -> u64 {
        self.known(order).map_or(0, |known| known.open)
    }

    /// What the recording called an order of this or an earlier command.
    pub(super) fn name(&self, order: OrderId) -> &Rc<str> {
        &self.known(order).expect("every order was entered under a name").name
    }

    /// `name` is that of the command whose event this is.
    pub(super) fn on_event(&mut self, name: &Rc<str>, event: &Event) {
        match event {
            Event::Accepted(accepted) => {
                self.account = Some(accepted.account);
                self.enter(accepted.order, accepted.quantity.0, name);
            }
            Event::Rejected(_) => {
                if self.entry(name) == Some(Entry::UnderWay) {
                    self.by_name.remove(name);
                }
            }
            Event::Trade(trade) => {
                for order in [trade.maker, trade.taker] {
                    self.set_open(order, self.open(order) - trade.quantity.0);
                }
            }
            Event::Cancelled(cancelled) => self.set_open(cancelled.order, 0),
            Event::Amended(amended) => self.set_open(amended.order, amended.quantity.0),
            Event::Rested(_)
            | Event::Level(_)
            | Event::AssetOpened(_)
            | Event::Instrument(_)
            | Event::AccountOpened(_)
            | Event::Prayed(_)
            | Event::Ticker(_)
            | Event::Liquidation(_)
            | Event::ExternalTrade(_)
            | Event::ExternalDepth(_)
            | Event::ExternalLevel(_)
            | Event::Conditions(_)
            | Event::Waiting(_)
            | Event::Triggered(_)
            | Event::Refreshed(_)
            | Event::Decremented(_)
            | Event::Auction(_)
            | Event::Status(_)
            | Event::Balance(_)
            | Event::Bounds(_)
            | Event::Account(_)
            | Event::Done => {}
        }
    }

    fn enter(&mut self, order: OrderId, open: u64, name: &Rc<str>) {
        let known = Known { order, open, name: Rc::clone(name) };
        let slot = order.slot as usize;
        if self.by_slot.len() <= slot {
            self.by_slot.resize(slot + 1, known.clone());
        }
        self.by_slot[slot] = known;
        self.by_name.insert(Rc::clone(name), Entry::Live(order));
    }

    fn set_open(&mut self, order: OrderId, open: u64) {
        let known = &mut self.by_slot[order.slot as usize];
        assert!(known.order == order, "events speak of orders that were entered");
        known.open = open;
        if open == 0 && self.by_name.get(&known.name) == Some(&Entry::Live(order)) {
            self.by_name.remove(&known.name);
        }
    }

    fn known(&self, order: OrderId) -> Option<&Known> {
        self.by_slot.get(order.slot as usize).filter(|known| known.order == order)
    }
}
