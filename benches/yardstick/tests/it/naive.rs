//! A book that is one list of orders in the order of their entry, searched from end to end.

use crate::message::Message;

#[derive(Default)]
pub(crate) struct Naive {
    orders: Vec<Order>,
}

#[derive(Clone, Copy)]
struct Order {
    id: u64,
    side: u8,
    price: i64,
    quantity: u32,
}

impl Naive {
    /// The reports, as text.
    pub(crate) fn apply(&mut self, message: Message) -> Vec<String> {
        let side_word = |side: u8| ["b", "s"][usize::from(side)];
        let mut told = Vec::new();
        let place = |orders: &[Order], id| orders.iter().position(|order| order.id == id);
        match message {
            Message::New { id, side, price, quantity, ioc } => {
                if place(&self.orders, id).is_some() || quantity == 0 {
                    return vec![format!("no cancel {id}")];
                }
                told.push(format!("new {}{id} {price}x{quantity}", side_word(side)));
                let left = self.trade(Order { id, side, price, quantity }, &mut told);
                if left > 0 && ioc == 1 {
                    told.push(format!("gone {}{id} {price}", side_word(side)));
                } else if left > 0 {
                    self.orders.push(Order { id, side, price, quantity: left });
                }
            }
            Message::Cancel { id } => match place(&self.orders, id) {
                None => told.push(format!("no cancel {id}")),
                Some(at) => {
                    let Order { side, price, .. } = self.orders.remove(at);
                    told.push(format!("gone {}{id} {price}", side_word(side)));
                }
            },
            Message::Modify { id, price, quantity, .. } => match place(&self.orders, id) {
                Some(at) if quantity > 0 => {
                    let side = self.orders.remove(at).side;
                    told.push(format!("now {}{id} {price}x{quantity}", side_word(side)));
                    let left = self.trade(Order { id, side, price, quantity }, &mut told);
                    if left > 0 {
                        self.orders.push(Order { id, side, price, quantity: left });
                    }
                }
                Some(_) | None => told.push(format!("no modify {id}")),
            },
        }
        told
    }

    fn trade(&mut self, taker: Order, told: &mut Vec<String>) -> u32 {
        let mut left = taker.quantity;
        while left > 0 {
            let reaches = |maker: &Order| match taker.side {
                0 => maker.price <= taker.price,
                _ => maker.price >= taker.price,
            };
            let makers = self.orders.iter().enumerate();
            let makers = makers.filter(|(_, maker)| maker.side != taker.side && reaches(maker));
            // The best price; of equal ones the first entered.
            let found = makers.min_by_key(|(place, maker)| {
                let price = i128::from(maker.price);
                (if taker.side == 0 { price } else { -price }, *place)
            });
            let Some((place, maker)) = found.map(|(place, maker)| (place, *maker)) else { break };
            let traded = maker.quantity.min(left);
            told.push(format!("trade {}/{} {}x{traded}", maker.id, taker.id, maker.price));
            left -= traded;
            if traded == maker.quantity {
                self.orders.remove(place);
            } else {
                self.orders[place].quantity -= traded;
            }
        }
        left
    }

    pub(crate) fn best(&self, side: u8) -> i64 {
        let prices = self.orders.iter().filter(|order| order.side == side).map(|o| o.price);
        match side {
            0 => prices.max().unwrap_or(i64::MIN),
            _ => prices.min().unwrap_or(i64::MAX),
        }
    }

    pub(crate) fn depth(&self, price: i64, side: u8) -> u64 {
        let there = self.orders.iter().filter(|o| o.side == side && o.price == price);
        there.map(|order| u64::from(order.quantity)).sum()
    }
}
