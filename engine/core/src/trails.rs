//! Pending trailing stops: which is elected first, at which price, without touching each of them
//! when the price moves. Orders of one water mark form a group, kept by distance; the groups of a
//! side form a stack whose marks get worse towards the top, and a new best price melds those at
//! the top into one. It knows slots, distances and tickets; it knows no order, and fires nothing.
//! Nothing here allocates after `new`.

mod forest;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use crate::keyed::{Chains, END};
use crate::types::{InstrumentId, Price, Side};
use forest::Forest;

/// The mark of orders that have seen no trade: behind every real one.
const UNMARKED: i64 = i64::MIN;

/// Prices are kept signed, so that higher is better for both sides: as they are for sells, which
/// follow rising prices, and negative for buys. A stop that is out of bounds ends at `i64::MIN`.
fn signed(side: Side, price: Price) -> i64 {
    match side {
        Side::Buy => -price.0,
        Side::Sell => price.0,
    }
}

/// None: no trade price is ever there.
fn stop_price(side: Side, stop: i64) -> Option<Price> {
    match side {
        Side::Buy => (stop != i64::MIN).then(|| Price(-stop)),
        Side::Sell => (stop >= 1).then_some(Price(stop)),
    }
}

#[derive(Clone, Copy, Debug)]
struct Trailing {
    slot: u32,
    group: u32,
    /// The next of its hash chain, or the next free one.
    next: u32,
}

/// Never empty while it is in a stack.
#[derive(Clone, Copy, Debug)]
struct Group {
    /// The best price since entry, signed.
    mark: i64,
    lane: u32,
    /// Its heap of orders, nearest first.
    orders: u32,
    count: u32,
    /// Neighbours in the stack; `below` of a free one is the next free one.
    below: u32,
    above: u32,
}

/// One side of one instrument.
#[derive(Clone, Copy, Debug)]
struct Lane {
    side: Side,
    /// The group of the worst mark.
    top: u32,
    /// The heap of groups by their foremost stop, the one elected first in front.
    first: u32,
    count: u32,
}

#[derive(Debug)]
pub(crate) struct Trails {
    lanes: Vec<Lane>,
    groups: Vec<Group>,
    groups_free: u32,
    /// Nodes are groups, keyed by the complement of the foremost stop: the highest comes first.
    stops: Forest,
    orders: Vec<Trailing>,
    orders_free: u32,
    /// Nodes are orders, keyed by distance.
    distances: Forest,
    /// Orders by slot.
    chains: Chains,
    live: u32,
    trailing_max: u32,
}

impl Trails {
    /// Reserves memory for all of it; pages are touched as they are needed.
    pub(crate) fn new(instruments_max: u16, trailing_max: u32) -> Self {
        Self {
            lanes: Vec::with_capacity(2 * usize::from(instruments_max)),
            groups: Vec::with_capacity(trailing_max as usize),
            groups_free: END,
            stops: Forest::new(trailing_max),
            orders: Vec::with_capacity(trailing_max as usize),
            orders_free: END,
            distances: Forest::new(trailing_max),
            chains: Chains::new(trailing_max as usize),
            live: 0,
            trailing_max,
        }
    }

    /// Room for more, after the limits were raised. Chains only become longer.
    pub(crate) fn reserve(&mut self, instruments_max: u16, trailing_max: u32) {
        let more = trailing_max as usize;
        self.lanes
            .reserve_exact((2 * usize::from(instruments_max)).saturating_sub(self.lanes.len()));
        self.groups.reserve_exact(more.saturating_sub(self.groups.len()));
        self.orders.reserve_exact(more.saturating_sub(self.orders.len()));
        self.stops.reserve(trailing_max);
        self.distances.reserve(trailing_max);
        self.trailing_max = trailing_max;
    }

    /// The next instrument, numbered from 1.
    pub(crate) fn open_instrument(&mut self) {
        let lane = |side| Lane { side, top: END, first: END, count: 0 };
        self.lanes.extend(Side::BOTH.map(lane));
    }

    pub(crate) fn is_full(&self) -> bool {
        self.live == self.trailing_max
    }

    /// Whether so many more may wait.
    pub(crate) fn has_room(&self, more: u32) -> bool {
        more <= self.trailing_max - self.live
    }

    #[cfg(test)]
    pub(crate) fn count(&self, instrument: InstrumentId) -> u32 {
        Side::BOTH.map(|side| self.lanes[lane_of(instrument, side)].count).into_iter().sum()
    }

    /// An order of a slot that is not here yet. Its mark is the last price; with none it waits for
    /// the first trade. A mark of the past is restored the same way, the best ones first.
    pub(crate) fn insert(
        &mut self,
        slot: u32,
        instrument: InstrumentId,
        side: Side,
        trail: Price,
        ticket: u64,
        last: Option<Price>,
    ) {
        assert!(!self.is_full(), "whoever inserts asked for room");
        let lane = lane_of(instrument, side);
        let mark = last.map_or(UNMARKED, |last| signed(side, last));
        self.raise(lane, mark);
        let top = self.lanes[lane].top;
        let is_joined = top != END && self.groups[top as usize].mark == mark;
        let group = if is_joined { top } else { self.open_group(lane, mark) };
        let order = self.take_order(slot, group);
        self.distances.place(order, trail.0, ticket);
        self.lanes[lane].count += 1;
        self.groups[group as usize].count += 1;
        self.join(group, order);
    }

    pub(crate) fn remove(&mut self, slot: u32) {
        let order = self.release_order(slot);
        let group = self.orders[order as usize].group;
        let Group { lane, orders, .. } = self.groups[group as usize];
        self.lanes[lane as usize].count -= 1;
        let orders = self.distances.remove(orders, order);
        let place = &mut self.groups[group as usize];
        place.count -= 1;
        place.orders = orders;
        if orders == END {
            self.close_group(group);
        } else {
            self.rank(group);
        }
    }

    /// Another distance or a later ticket; the mark stays.
    pub(crate) fn amend(&mut self, slot: u32, trail: Price, ticket: u64) {
        let order = self.find(slot).expect("a slot that is amended was inserted");
        let group = self.orders[order as usize].group;
        let place = &mut self.groups[group as usize];
        place.orders = self.distances.remove(place.orders, order);
        self.distances.place(order, trail.0, ticket);
        self.join(group, order);
    }

    /// A trade: both sides follow what is better than their marks.
    pub(crate) fn on_last(&mut self, instrument: InstrumentId, last: Price) {
        for side in Side::BOTH {
            self.raise(lane_of(instrument, side), signed(side, last));
        }
    }

    /// The slot, stop price and ticket of the order that is elected first: the highest sell stop or
    /// the lowest buy stop, at the same price the older one.
    #[inline]
    pub(crate) fn first(&self, instrument: InstrumentId, side: Side) -> Option<(u32, Price, u64)> {
        let group = self.lanes[lane_of(instrument, side)].first;
        let Group { orders, .. } = self.groups.get(group as usize)?;
        let (key, ticket) = self.stops.key(group);
        let price = stop_price(side, !key)?;
        Some((self.orders[*orders as usize].slot, price, ticket))
    }

    /// None: no trade yet.
    pub(crate) fn mark(&self, slot: u32) -> Option<Price> {
        let order = self.find(slot)?;
        let Group { mark, lane, .. } = self.groups[self.orders[order as usize].group as usize];
        let is_marked = mark != UNMARKED;
        is_marked.then(|| match self.lanes[lane as usize].side {
            Side::Buy => Price(-mark),
            Side::Sell => Price(mark),
        })
    }

    /// None: no trade yet, or the stop is where no price ever is.
    pub(crate) fn stop_price(&self, slot: u32) -> Option<Price> {
        let order = self.find(slot)?;
        let Group { mark, lane, .. } = self.groups[self.orders[order as usize].group as usize];
        let (trail, _) = self.distances.key(order);
        stop_price(self.lanes[lane as usize].side, mark.saturating_sub(trail))
    }

    /// Groups whose mark is not better than a price are one group at that price from now on.
    #[inline]
    fn raise(&mut self, lane: usize, last: i64) {
        let top = self.lanes[lane].top;
        if let Some(group) = self.groups.get(top as usize)
            && group.mark < last
        {
            self.merge_below(top, last);
        }
    }

    fn merge_below(&mut self, top: u32, last: i64) {
        let mut kept = top;
        loop {
            let below = self.groups[kept as usize].below;
            let Some(group) = self.groups.get(below as usize) else { break };
            if group.mark > last {
                break;
            }
            kept = self.merge(kept, below);
        }
        self.groups[kept as usize].mark = last;
        self.rank(kept);
    }

    /// The two groups at the top become one. The orders of the smaller one move: whenever an order
    /// does, its group is at least twice as large, so it does not happen to it often.
    fn merge(&mut self, top: u32, below: u32) -> u32 {
        let is_larger = self.groups[top as usize].count > self.groups[below as usize].count;
        let (kept, gone) = if is_larger { (top, below) } else { (below, top) };
        let Group { orders, count, .. } = self.groups[gone as usize];
        let mut order = orders;
        while order != END {
            self.orders[order as usize].group = kept;
            order = self.distances.after(order);
        }
        self.close_group(gone);
        let group = &mut self.groups[kept as usize];
        group.count += count;
        group.orders = self.distances.meld(group.orders, orders);
        kept
    }

    /// Adds an order that is a heap of its own.
    fn join(&mut self, group: u32, order: u32) {
        let place = &mut self.groups[group as usize];
        place.orders = self.distances.meld(place.orders, order);
        self.rank(group);
    }

    /// The group's foremost stop may have changed.
    fn rank(&mut self, group: u32) {
        let Group { mark, lane, orders, .. } = self.groups[group as usize];
        let (trail, ticket) = self.distances.key(orders);
        let key = !mark.saturating_sub(trail);
        if self.stops.key(group) == (key, ticket) {
            return;
        }
        let lane = &mut self.lanes[lane as usize];
        let others = self.stops.remove(lane.first, group);
        self.stops.place(group, key, ticket);
        lane.first = self.stops.meld(others, group);
    }

    /// On top of its stack, behind all others until it has orders.
    fn open_group(&mut self, lane: usize, mark: i64) -> u32 {
        let below = self.lanes[lane].top;
        let lane_index = lane as u32;
        let opened = Group { mark, lane: lane_index, orders: END, count: 0, below, above: END };
        let group = if let Some(place) = self.groups.get_mut(self.groups_free as usize) {
            let group = core::mem::replace(&mut self.groups_free, place.below);
            *place = opened;
            group
        } else {
            self.groups.push(opened);
            self.groups.len() as u32 - 1
        };
        if let Some(below) = self.groups.get_mut(below as usize) {
            below.above = group;
        }
        self.stops.place(group, i64::MAX, u64::MAX);
        let lane = &mut self.lanes[lane];
        lane.top = group;
        lane.first = self.stops.meld(lane.first, group);
        group
    }

    fn close_group(&mut self, group: u32) {
        let Group { lane, below, above, .. } = self.groups[group as usize];
        let lane = &mut self.lanes[lane as usize];
        lane.first = self.stops.remove(lane.first, group);
        match self.groups.get_mut(above as usize) {
            Some(above) => above.below = below,
            None => lane.top = below,
        }
        if let Some(below) = self.groups.get_mut(below as usize) {
            below.above = above;
        }
        self.groups[group as usize].below = core::mem::replace(&mut self.groups_free, group);
    }

    /// Slots are as spread as they come: the few that share a chain are bounded by the arena.
    fn find(&self, slot: u32) -> Option<u32> {
        let mut order = self.chains.head(u64::from(slot));
        while let Some(place) = self.orders.get(order as usize) {
            if place.slot == slot {
                return Some(order);
            }
            order = place.next;
        }
        None
    }

    fn take_order(&mut self, slot: u32, group: u32) -> u32 {
        debug_assert!(self.find(slot).is_none(), "a slot is inserted once");
        let taken = Trailing { slot, group, next: self.chains.head(u64::from(slot)) };
        let order = if let Some(place) = self.orders.get_mut(self.orders_free as usize) {
            let order = core::mem::replace(&mut self.orders_free, place.next);
            *place = taken;
            order
        } else {
            self.orders.push(taken);
            self.orders.len() as u32 - 1
        };
        self.chains.set_head(u64::from(slot), order);
        self.live += 1;
        order
    }

    fn release_order(&mut self, slot: u32) -> u32 {
        let order = self.find(slot).expect("a slot that is removed was inserted");
        let next = core::mem::replace(&mut self.orders[order as usize].next, self.orders_free);
        let mut before = self.chains.head(u64::from(slot));
        if before == order {
            self.chains.set_head(u64::from(slot), next);
        } else {
            while self.orders[before as usize].next != order {
                before = self.orders[before as usize].next;
            }
            self.orders[before as usize].next = next;
        }
        self.orders_free = order;
        self.live -= 1;
        order
    }
}

fn lane_of(instrument: InstrumentId, side: Side) -> usize {
    (usize::from(instrument.0) - 1) * 2 + side as usize
}

crate::stored! {
    Trailing { slot, group, next }
    Group { mark, lane, orders, count, below, above }
    Lane { side, top, first, count }
    Trails {
        lanes, groups, groups_free, stops, orders, orders_free, distances, chains, live,
        trailing_max,
    }
}
