//! Messages and reports as the tests write them: short texts for what the interface passes.

use yardstick::wire::{self, Body, Cancel, Modify, NewOrder, Report, Tagged};

/// A message before it has its sequence number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Message {
    New { id: u64, side: u8, price: i64, quantity: u32, ioc: u8 },
    Cancel { id: u64 },
    Modify { id: u64, side: u8, price: i64, quantity: u32 },
}

/// What passes the interface.
#[derive(Clone, Copy)]
pub(crate) enum Passing {
    New(NewOrder),
    Cancel(Cancel),
    Modify(Modify),
}

impl Message {
    pub(crate) fn with(self, sequence_number: u64) -> Passing {
        match self {
            Self::New { id: order_id, side, price: price_ticks, quantity, ioc } => {
                let pad = [0; 2];
                let order =
                    NewOrder { order_id, sequence_number, price_ticks, quantity, side, ioc, pad };
                Passing::New(order)
            }
            Self::Cancel { id: order_id } => Passing::Cancel(Cancel { order_id, sequence_number }),
            Self::Modify { id: order_id, side, price, quantity } => Passing::Modify(Modify {
                order_id,
                sequence_number,
                new_price_ticks: price,
                new_quantity: quantity,
                side,
                pad: [0; 3],
            }),
        }
    }

    /// `b7 100x5` buys, `s7 100x5` sells, `b7! 100x5` at once or never; `-7` cancels;
    /// `b7~ 101x4` modifies.
    pub(crate) fn read(text: &str) -> Self {
        if let Some(id) = text.strip_prefix('-') {
            return Self::Cancel { id: id.parse().unwrap() };
        }
        let (head, tail) = text.split_once(' ').unwrap();
        let side = u8::from(head.starts_with('s'));
        let (price, quantity) = tail.split_once('x').unwrap();
        let (price, quantity) = (price.parse().unwrap(), quantity.parse().unwrap());
        let mark = head.chars().last().unwrap();
        let id = head[1..].trim_end_matches(['!', '~']).parse().unwrap();
        match mark {
            '~' => Self::Modify { id, side, price, quantity },
            mark => Self::New { id, side, price, quantity, ioc: u8::from(mark == '!') },
        }
    }
}

impl Passing {
    pub(crate) fn tagged(self) -> Tagged {
        let (kind, body) = match self {
            Self::New(new_order) => (wire::NEW_ORDER, Body { new_order }),
            Self::Cancel(cancel) => (wire::CANCEL, Body { cancel }),
            Self::Modify(modify) => (wire::MODIFY, Body { modify }),
        };
        Tagged { kind, pad: [0; 7], body }
    }
}

/// A report as text, with everything that is compared.
pub(crate) fn shown(report: &Report) -> String {
    let Report { side, order_id: id, price_ticks: price, quantity, .. } = *report;
    let side = ["b", "s"][usize::from(side)];
    match report.kind {
        wire::ORDER_ACK => format!("new {side}{id} {price}x{quantity}"),
        wire::TRADE => {
            format!("trade {}/{} {price}x{quantity}", report.maker_order_id, report.taker_order_id)
        }
        wire::CANCEL_ACK => format!("gone {side}{id} {price}"),
        wire::MODIFY_ACK => format!("now {side}{id} {price}x{quantity}"),
        wire::CANCEL_REJECT => format!("no cancel {id}"),
        wire::MODIFY_REJECT => format!("no modify {id}"),
        kind => panic!("a report of kind {kind}"),
    }
}
