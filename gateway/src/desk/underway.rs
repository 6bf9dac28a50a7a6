//! Orders on their way in, by account and client order id: what was entered and no view shows yet
//! has an instrument all the same, whose steps an amend that follows at once is counted in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orison_core::{AccountName, ClientOrderId, InstrumentId};

/// What its account calls an order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Named {
    pub account: AccountName,
    pub client_order_id: ClientOrderId,
}

#[derive(Clone, Debug, Default)]
pub struct Underway(Arc<Mutex<Orders>>);

/// How many of a name are underway, and in which instrument. None: in different ones, of which at
/// most one can get in.
type Orders = HashMap<Named, (Option<InstrumentId>, u32)>;

impl Underway {
    /// Called before the order is entered. None: it has no name.
    pub fn add(&self, named: Named, instrument: InstrumentId) -> Option<OnTheWay> {
        if named.client_order_id.is_empty() {
            return None;
        }
        let mut orders = lock(&self.0);
        let order = orders.entry(named).or_insert((Some(instrument), 0));
        *order = (order.0.filter(|&known| known == instrument), order.1 + 1);
        Some(OnTheWay { orders: Arc::clone(&self.0), named })
    }

    pub fn instrument(&self, named: &Named) -> Option<InstrumentId> {
        lock(&self.0).get(named)?.0
    }
}

/// Dropped once the order is answered, and so shown, or nobody waits for that.
#[derive(Debug)]
pub struct OnTheWay {
    orders: Arc<Mutex<Orders>>,
    named: Named,
}

impl Drop for OnTheWay {
    fn drop(&mut self) {
        let mut orders = lock(&self.orders);
        if let Some(order) = orders.get_mut(&self.named) {
            order.1 -= 1;
            if order.1 == 0 {
                orders.remove(&self.named);
            }
        }
    }
}

/// A panic of a session while it held this lock leaves nothing half done.
fn lock(orders: &Mutex<Orders>) -> MutexGuard<'_, Orders> {
    orders.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_underway_until_the_last_order_of_it_is_answered_and_of_one_instrument() {
        let underway = Underway::default();
        let account = AccountName::new("alice").unwrap();
        let named = Named { account, client_order_id: ClientOrderId::new("a").unwrap() };
        let other = Named { account: AccountName::new("bob").unwrap(), ..named };
        let first = underway.add(named, InstrumentId(1));
        let second = underway.add(named, InstrumentId(1));
        assert_eq!(underway.instrument(&named), Some(InstrumentId(1)));
        assert_eq!(underway.instrument(&other), None);
        drop(first);
        assert_eq!(underway.instrument(&named), Some(InstrumentId(1)));
        let elsewhere = underway.add(named, InstrumentId(2));
        assert_eq!(underway.instrument(&named), None, "which of them gets in is not known");
        drop((second, elsewhere));
        assert_eq!(underway.instrument(&named), None);
        assert!(lock(&underway.0).is_empty());
        let unnamed = Named { client_order_id: ClientOrderId::EMPTY, ..named };
        assert!(underway.add(unnamed, InstrumentId(1)).is_none());
    }
}
