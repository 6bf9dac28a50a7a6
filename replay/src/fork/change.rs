//! What is made of the one command that is not as it was: left out, or with other values in some
//! of its fields. Texts in, a command out; whether the exchange takes it is the core's to say.

use std::str::FromStr;

use orison_core::command::{Amend, AmendFields, Order, OrderFields, Target};
use orison_core::{ClientOrderId, Command, Decimal, Exchange, Instrument, InstrumentId};
use orison_core::{Price, Quantity};
use thiserror::Error;

use crate::form::words::{SIDES, TIMES_IN_FORCE};

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Time passes in its place.
    Omit,
    /// Of a new order or an amend.
    Set(Vec<Field>),
}

/// `price=101`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    pub name: String,
    pub value: String,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadChange {
    #[error("`{0}` is not NAME=VALUE")]
    Form(String),
    #[error("only a new order or an amend has fields that can be changed; it can be left out")]
    Command,
    #[error("there is no field `{0}` that can be changed; known: {FIELDS}")]
    Field(String),
    #[error("`{name}={value}` is no value of that field")]
    Value { name: String, value: String },
}

const FIELDS: &str = "price, quantity, stop_price, trail; of a new order also side, tif, display, \
                      min_quantity, protection, client_order_id";

impl FromStr for Field {
    type Err = BadChange;

    fn from_str(text: &str) -> Result<Self, BadChange> {
        let (name, value) = text.split_once('=').ok_or(BadChange::Form(text.to_owned()))?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

impl Change {
    /// `exchange`: as it stands before the command.
    pub(super) fn applied(
        &self,
        command: &Command,
        exchange: &Exchange,
    ) -> Result<Command, BadChange> {
        let fields = match self {
            Self::Omit => return Ok(Command::Clock),
            Self::Set(fields) => fields,
        };
        if let Command::Place(mut order) = *command {
            let units = Units(find(exchange, order.instrument));
            fields.iter().try_for_each(|field| set_in_order(&mut order, field, units))?;
            return Ok(Command::Place(order));
        }
        if let Command::Amend(mut amend) = *command {
            let units = Units(find(exchange, amended(exchange, &amend)));
            fields.iter().try_for_each(|field| set_in_amend(&mut amend, field, units))?;
            return Ok(Command::Amend(amend));
        }
        Err(BadChange::Command)
    }
}

fn find(exchange: &Exchange, id: InstrumentId) -> Option<&Instrument> {
    exchange.instruments().iter().find(|known| known.id == id)
}

/// Of a client's name it is the only instrument there is, or none that could be told.
fn amended(exchange: &Exchange, amend: &Amend) -> InstrumentId {
    let resting = match amend.target {
        Target::Order(order) => exchange.order(order).map(|order| order.instrument),
        Target::Client(_) => None,
    };
    let only = match exchange.instruments() {
        [only] => Some(only.id),
        _ => None,
    };
    resting.or(only).unwrap_or_default()
}

/// The instrument whose steps numbers count; None: they cannot be read.
#[derive(Clone, Copy)]
struct Units<'a>(Option<&'a Instrument>);

impl Units<'_> {
    fn price(self, field: &Field) -> Result<Price, BadChange> {
        let decimal = Decimal::parse(&field.value).ok();
        decimal.and_then(|decimal| self.0?.price(decimal)).ok_or_else(|| wrong(field))
    }

    fn quantity(self, field: &Field) -> Result<Quantity, BadChange> {
        let decimal = Decimal::parse(&field.value).ok();
        decimal.and_then(|decimal| self.0?.quantity(decimal)).ok_or_else(|| wrong(field))
    }
}

fn wrong(field: &Field) -> BadChange {
    BadChange::Value { name: field.name.clone(), value: field.value.clone() }
}

fn word<T: Copy>(field: &Field, words: &[(&str, T)]) -> Result<T, BadChange> {
    let found = words.iter().find(|(word, _)| *word == field.value);
    found.map(|&(_, value)| value).ok_or_else(|| wrong(field))
}

fn set_in_order(order: &mut Order, field: &Field, units: Units<'_>) -> Result<(), BadChange> {
    let given = match field.name.as_str() {
        "side" => {
            order.side = word(field, SIDES)?;
            OrderFields::NONE
        }
        "client_order_id" => {
            order.client_order_id = ClientOrderId::new(&field.value).map_err(|_| wrong(field))?;
            OrderFields::NONE
        }
        "tif" => {
            order.time_in_force = word(field, TIMES_IN_FORCE)?;
            OrderFields::TIME_IN_FORCE
        }
        "price" => {
            order.price = units.price(field)?;
            OrderFields::PRICE
        }
        "stop_price" => {
            order.stop_price = units.price(field)?;
            OrderFields::STOP_PRICE
        }
        "trail" => {
            order.trail = units.price(field)?;
            OrderFields::TRAIL
        }
        "protection" => {
            order.protection = units.price(field)?;
            OrderFields::PROTECTION
        }
        "quantity" => {
            order.quantity = units.quantity(field)?;
            OrderFields::QUANTITY
        }
        "display" => {
            order.display = units.quantity(field)?;
            OrderFields::DISPLAY
        }
        "min_quantity" => {
            order.min_quantity = units.quantity(field)?;
            OrderFields::MIN_QUANTITY
        }
        _ => return Err(BadChange::Field(field.name.clone())),
    };
    order.fields = order.fields.with(given);
    Ok(())
}

fn set_in_amend(amend: &mut Amend, field: &Field, units: Units<'_>) -> Result<(), BadChange> {
    let given = match field.name.as_str() {
        "price" => {
            amend.price = units.price(field)?;
            AmendFields::PRICE
        }
        "stop_price" => {
            amend.stop_price = units.price(field)?;
            AmendFields::STOP_PRICE
        }
        "trail" => {
            amend.trail = units.price(field)?;
            AmendFields::TRAIL
        }
        "quantity" => {
            amend.quantity = units.quantity(field)?;
            AmendFields::QUANTITY
        }
        _ => return Err(BadChange::Field(field.name.clone())),
    };
    amend.fields = amend.fields.with(given);
    Ok(())
}
