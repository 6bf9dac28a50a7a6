//! The whole life of one order: each command that touched it or its place in the queue, what was
//! ahead of it at each moment, and the rule that decided. Named by the engine's id, or by a
//! client's, which may then be several orders.

mod queue;
pub mod rule;

use std::ops::ControlFlow;
use std::path::Path;
use std::str::from_utf8;

use journal::Reader;
use orison_core::event::{Op, Priority};
use orison_core::{Event, Exchange, ExecutionId, InstrumentId, OrderId};

use crate::dump::{mentions, put_command};
use crate::form::event::{EventForm, Naming};
use crate::form::place;
use crate::json::Object;
use crate::past::{Past, PastError, Played, Until};
use crate::player::{Depth, Player};
use crate::verify::SMALL_VIEWS;
use queue::Queue;

/// How far a life is followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Up to a point of the journal: what was refused after the order's end, too.
    Journal(Until),
    /// As far, but no further than the end of the order. Only of an engine's id.
    Order(Until),
}

/// Tells JSON lines, as long as there is one who goes on with them: commands as a dump has them,
/// and each event with its rule and with how the orders stand after it. How many orders they are
/// about, those that were refused by their client's name included; 0: there is none of that name.
pub fn life(
    directory: &Path,
    name: &str,
    reach: Reach,
    mut tell: impl FnMut(&str) -> ControlFlow<()>,
    mut progress: impl FnMut(u64),
) -> Result<usize, PastError> {
    let asked = OrderId::parse(name);
    let mut past = match asked {
        // Nothing before its command is about it.
        Some(id) => {
            let before = Until::Sequence(id.sequence.0.saturating_sub(1));
            Past::near(directory, SMALL_VIEWS, before, Depth::Views)?
        }
        None => Past::open(directory, SMALL_VIEWS)?.only(Depth::Views),
    };
    let (Reach::Journal(until) | Reach::Order(until)) = reach;
    let ends = matches!(reach, Reach::Order(_)) && asked.is_some();
    let client = asked.is_none().then_some(name);
    let mut followed: Vec<Followed> = Vec::new();
    let mut refused = 0;
    let mut out = Vec::new();
    while let Some(played) = past.step(until)? {
        progress(played.stamp.sequence.0);
        for event in past.events() {
            let Event::Accepted(accepted) = event else { continue };
            let is_meant = asked == Some(accepted.order)
                || asked.is_none() && accepted.client_order_id.as_str() == name;
            if is_meant && followed.iter().all(|known| known.order != accepted.order) {
                let (order, instrument) = (accepted.order, accepted.instrument);
                followed.push(Followed { order, instrument, queue: None });
            }
        }
        let events = past.events();
        refused += events.iter().filter(|event| refuses(event, client)).count();
        out.clear();
        put_step(&mut out, past.player(), &played, (events, client), &mut followed);
        let mut lines = from_utf8(&out).expect("JSON is UTF-8").lines();
        if lines.try_for_each(&mut tell).is_break() {
            break;
        }
        if ends && followed.iter().any(|known| known.is_over(past.player())) {
            break;
        }
    }
    match (reach, followed.len() + refused, past.begun_after()) {
        // A client's name that is not in what is left may be in what is not.
        (Reach::Order(_), 0, oldest @ 1..) if asked.is_none() => {
            let first = Reader::open(directory)?.first_sequence();
            Err(PastError::Before { first, oldest })
        }
        (Reach::Order(_) | Reach::Journal(_), orders, _) => Ok(orders),
    }
}

/// Whether the event refuses to enter an order that its client called so: it never had an id.
fn refuses(event: &Event, client: Option<&str>) -> bool {
    let Event::Rejected(rejected) = event else { return false };
    matches!(rejected.op, Op::New | Op::Oco | Op::Oto)
        && rejected.order == OrderId::default()
        && client == Some(rejected.client_order_id.as_str())
}

struct Followed {
    order: OrderId,
    instrument: InstrumentId,
    /// None: it does not rest.
    queue: Option<Queue>,
}

impl Followed {
    fn is_over(&self, player: &Player) -> bool {
        !player.views.orders.order(self.order).is_some_and(|order| order.status.is_open())
    }
}

/// What one command meant for one order.
struct Turn<'a> {
    followed: &'a mut Followed,
    /// The place that it took with this command, as it stands at the command's end.
    taken: Option<Queue>,
    /// It has: nothing of the rest of the command is to be counted again.
    is_settled: bool,
    touched: Vec<OrderId>,
}

impl Turn<'_> {
    /// Is the event about the order or its place? The place is moved on.
    fn on_event(&mut self, exchange: &Exchange, event: &Event) -> bool {
        let order = self.followed.order;
        let is_its = mentions(event, order);
        if is_its && takes_ticket(event, order) {
            if let Some(taken) = self.taken.take() {
                self.followed.queue = Some(taken);
                self.touched.clear();
                self.is_settled = true;
            }
            return true;
        }
        if self.is_settled {
            return is_its;
        }
        let before = self.touched.len();
        if let Some(queue) = &mut self.followed.queue {
            queue.on_event(exchange, event, &mut self.touched);
        }
        if is_its && leaves(event, order) {
            self.followed.queue = None;
        }
        is_its || self.touched.len() > before
    }

    fn end(self, player: &Player) {
        let Self { followed, taken, touched, .. } = self;
        let exchange = &player.exchange;
        if let Some(taken) = taken {
            followed.queue = Some(taken);
        }
        match &mut followed.queue {
            Some(queue) if queue.holds(exchange, followed.order) => {
                queue.settle(exchange, &touched);
            }
            queue => *queue = Queue::of(exchange, followed.order),
        }
    }
}

/// Whether an event of the order puts it at the back of a queue.
fn takes_ticket(event: &Event, order: OrderId) -> bool {
    match event {
        Event::Accepted(accepted) => accepted.order == order && !accepted.level.is_zero(),
        event => {
            let is_moved = matches!(event, Event::Amended(a) if a.priority == Priority::Lost);
            is_moved || matches!(event, Event::Rested(_) | Event::Refreshed(_))
        }
    }
}

fn leaves(event: &Event, order: OrderId) -> bool {
    matches!(event, Event::Cancelled(cancelled) if cancelled.order == order)
}

fn put_step(
    out: &mut Vec<u8>,
    player: &Player,
    played: &Played,
    (events, client): (&[Event], Option<&str>),
    followed: &mut [Followed],
) {
    let exchange = &player.exchange;
    let mut turns: Vec<Turn<'_>> = followed
        .iter_mut()
        .map(|followed| {
            let held = followed.queue.as_ref();
            let is_held = held.is_some_and(|queue| queue.holds(exchange, followed.order));
            let is_spoken_of = || events.iter().any(|event| mentions(event, followed.order));
            let taken = match is_held || !is_spoken_of() {
                true => None,
                false => Queue::of(exchange, followed.order),
            };
            Turn { followed, taken, is_settled: false, touched: Vec::new() }
        })
        .collect();
    let start = out.len();
    put_command(out, &player.views, played, events);
    let mut trades = 0;
    let mut is_told = false;
    for event in events {
        let mut execution = None;
        if let Event::Trade(_) = event {
            execution = Some(ExecutionId { sequence: played.stamp.sequence, index: trades });
            trades += 1;
        }
        let mut concerned = refuses(event, client);
        for turn in &mut turns {
            concerned |= turn.on_event(exchange, event);
        }
        if concerned && is_shown(event) {
            is_told = true;
            put_event(out, player, played, event, execution, &turns);
        }
    }
    if !is_told {
        out.truncate(start);
    }
    turns.into_iter().for_each(|turn| turn.end(player));
}

/// Those that a dump shows, and those by which an order takes a place.
fn is_shown(event: &Event) -> bool {
    place::takes_place(event) || EventForm::shows(event)
}

fn put_event(
    out: &mut Vec<u8>,
    player: &Player,
    played: &Played,
    event: &Event,
    execution: Option<ExecutionId>,
    turns: &[Turn<'_>],
) {
    let catalog = &player.views.catalog;
    let mut line = Object::open(out);
    line.bare("sequence", played.stamp.sequence);
    let mut object = line.object("event");
    if !place::put(&mut object, catalog, event) {
        EventForm { catalog, naming: Naming::Engine }.put(&mut object, event, execution);
    }
    object.close();
    if let Some(rule) = rule::of(event) {
        let mut object = line.object("rule");
        object.text("section", rule.section).text("says", rule.says);
        object.close();
    }
    let mut list = line.list("queue");
    for followed in turns.iter().map(|turn| &*turn.followed) {
        let (Some(queue), Some(instrument)) =
            (&followed.queue, catalog.instrument(followed.instrument))
        else {
            continue;
        };
        let (ahead, better) = (queue.standing(), queue.better);
        let mut item = list.item();
        item.shown("order", followed.order)
            .bare("ahead_orders", ahead.orders)
            .shown("ahead_quantity", instrument.volume_decimal(ahead.quantity));
        if mentions(event, followed.order) && takes_ticket(event, followed.order) {
            item.bare("better_orders", better.orders)
                .shown("better_quantity", instrument.volume_decimal(better.quantity));
        }
        item.close();
    }
    list.close();
    line.close_line();
}
