//! The plain book that a generator keeps beside its stream: prices in a tree, queues as links.

use std::collections::BTreeMap;

/// One command of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    pub act: Act,
    /// 0 buys, 1 sells.
    pub side: u8,
    pub quantity: u32,
    pub id: u32,
    pub price: i64,
}

/// The first three have the numbers of the file format; an IOC is a new order with a flag there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    New,
    Cancel,
    /// Out of its queue and in again at the back, trading first if it crosses.
    Modify,
    Ioc,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Order {
    pub(super) price: i64,
    pub(super) quantity: u32,
    pub(super) side: u8,
    next: u32,
    prev: u32,
}

#[derive(Clone, Copy, Default)]
struct Queue {
    head: u32,
    tail: u32,
}

/// Id 0 is nobody's and ends every list.
pub(super) struct Model {
    pub(super) records: Vec<Record>,
    pub(super) orders: Vec<Order>,
    queues: [BTreeMap<i64, Queue>; 2],
    pub(super) count: [i32; 2],
}

/// A maker met, and whether it is gone.
pub(super) struct Met {
    pub(super) id: u32,
    pub(super) price: i64,
    pub(super) is_gone: bool,
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            records: Vec::new(),
            orders: vec![Order::default()],
            queues: Default::default(),
            count: [0; 2],
        }
    }

    pub(super) fn ids(&self) -> usize {
        self.orders.len()
    }

    pub(super) fn new_id(&mut self) -> u32 {
        self.orders.push(Order::default());
        self.orders.len() as u32 - 1
    }

    pub(super) fn emit(&mut self, act: Act, side: u8, quantity: u32, id: u32, price: i64) {
        self.records.push(Record { act, side, quantity, id, price });
    }

    /// What is left of `quantity` after trading up to `limit`.
    pub(super) fn trade(
        &mut self,
        side: u8,
        limit: i64,
        mut quantity: u32,
        mut meet: impl FnMut(Met),
    ) -> u32 {
        let other = usize::from(side ^ 1);
        while quantity > 0 {
            let best = match side {
                0 => self.queues[other].iter().next(),
                _ => self.queues[other].iter().next_back(),
            };
            let Some((&price, &Queue { head: id, .. })) = best else { break };
            if if side == 0 { price > limit } else { price < limit } {
                break;
            }
            let maker = &mut self.orders[id as usize];
            let traded = maker.quantity.min(quantity);
            quantity -= traded;
            maker.quantity -= traded;
            let is_gone = maker.quantity == 0;
            if is_gone {
                self.remove(id);
            }
            meet(Met { id, price, is_gone });
        }
        quantity
    }

    pub(super) fn rest(&mut self, id: u32, side: u8, price: i64, quantity: u32) {
        let queue = self.queues[usize::from(side)].entry(price).or_default();
        let prev = queue.tail;
        queue.tail = id;
        if prev == 0 {
            queue.head = id;
        } else {
            self.orders[prev as usize].next = id;
        }
        self.orders[id as usize] = Order { price, quantity, side, next: 0, prev };
        self.count[usize::from(side)] += 1;
    }

    pub(super) fn remove(&mut self, id: u32) {
        let Order { price, side, next, prev, .. } = self.orders[id as usize];
        let queues = &mut self.queues[usize::from(side)];
        let queue = queues.get_mut(&price).expect("a resting order has a queue");
        match prev {
            0 => queue.head = next,
            prev => self.orders[prev as usize].next = next,
        }
        match next {
            0 => queue.tail = prev,
            next => self.orders[next as usize].prev = prev,
        }
        if queue.head == 0 {
            queues.remove(&price);
        }
        self.count[usize::from(side)] -= 1;
    }
}
