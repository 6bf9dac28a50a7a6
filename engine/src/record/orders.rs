//! Orders and pairs of them: which form is the narrowest, and the fields of each. In: a command's
//! parts become a layout. Out: an archived layout becomes the command.

use orison_core::command::{AccountRef, Order, Pair};
use orison_core::{AccountId, ClientOrderId, InstrumentId, Price, Quantity};

use super::field::{self, Fault};
use super::layout::{self, ArchivedPair, ArchivedPlace, ArchivedPlaceClient, ArchivedPlaceWide};
use super::{Encoded, Kind};

/// How much of an order there is to say.
enum Form {
    Plain(AccountId),
    Client(AccountId),
    Wide,
}

#[inline]
fn form(order: &Order) -> Form {
    let is_plain = (order.stop_price.0 | order.trail.0 | order.protection.0) == 0
        && (order.display.0 | order.min_quantity.0 | order.expire_at_ns) == 0
        && order.budget == 0;
    match order.account {
        AccountRef::Id(account) if is_plain && order.client_order_id.is_empty() => {
            Form::Plain(account)
        }
        AccountRef::Id(account) if is_plain => Form::Client(account),
        AccountRef::Id(_) | AccountRef::Name(_) => Form::Wide,
    }
}

#[inline]
pub(super) fn place_kind(order: &Order) -> Kind {
    match form(order) {
        Form::Plain(_) => Kind::Place,
        Form::Client(_) => Kind::PlaceClient,
        Form::Wide => Kind::PlaceWide,
    }
}

#[inline]
pub(super) fn encode_place(into: &mut Encoded, order: &Order) {
    match form(order) {
        Form::Plain(account) => into.put(Kind::Place, &place(order, account)),
        Form::Client(account) => into.put(Kind::PlaceClient, &place_client(order, account)),
        Form::Wide => into.put(Kind::PlaceWide, &place_wide(order)),
    }
}

/// Each leg says its own account and instrument: that they are the same ones is for the core to
/// demand.
pub(super) fn encode_pair(into: &mut Encoded, pair: &Pair) {
    let layout = layout::Pair {
        legs: [place_wide(&pair.legs[0]), place_wide(&pair.legs[1])],
        link: pair.link as u8,
        reserved: [0; 7],
    };
    into.put(Kind::Pair, &layout);
}

#[inline]
fn place(order: &Order, account: AccountId) -> layout::Place {
    layout::Place {
        price: order.price.0,
        quantity: order.quantity.0,
        account: account.0,
        instrument: order.instrument.0,
        fields: field::order_bits(order.fields),
        side: order.side as u8,
        order_type: order.order_type as u8,
        time_in_force: order.time_in_force as u8,
        self_trade: order.self_trade as u8,
        reserved: [0; 4],
    }
}

#[inline]
fn place_client(order: &Order, account: AccountId) -> layout::PlaceClient {
    layout::PlaceClient {
        price: order.price.0,
        quantity: order.quantity.0,
        account: account.0,
        instrument: order.instrument.0,
        fields: field::order_bits(order.fields),
        side: order.side as u8,
        order_type: order.order_type as u8,
        time_in_force: order.time_in_force as u8,
        self_trade: order.self_trade as u8,
        client_order_id: *order.client_order_id.bytes(),
    }
}

fn place_wide(order: &Order) -> layout::PlaceWide {
    let (budget_low, budget_high) = field::halves(order.budget);
    let (account_by, account, account_name) = field::account_parts(order.account);
    layout::PlaceWide {
        price: order.price.0,
        quantity: order.quantity.0,
        stop_price: order.stop_price.0,
        trail: order.trail.0,
        display: order.display.0,
        min_quantity: order.min_quantity.0,
        budget_low,
        budget_high,
        protection: order.protection.0,
        expire_at_ns: order.expire_at_ns,
        account,
        instrument: order.instrument.0,
        fields: field::order_bits(order.fields),
        side: order.side as u8,
        order_type: order.order_type as u8,
        time_in_force: order.time_in_force as u8,
        self_trade: order.self_trade as u8,
        client_order_id: *order.client_order_id.bytes(),
        account_name,
        account_by,
        reserved: [0; 7],
    }
}

/// The fields that all three forms of an order share, under the same names.
macro_rules! common_order {
    ($archived:expr, $account:expr, $client_order_id:expr) => {{
        let mut order = Order::limit(
            $account,
            InstrumentId($archived.instrument.to_native()),
            field::side($archived.side)?,
            Price($archived.price.to_native()),
            Quantity($archived.quantity.to_native()),
        );
        order.order_type = field::order_type($archived.order_type)?;
        order.time_in_force = field::time_in_force($archived.time_in_force)?;
        order.self_trade = field::self_trade($archived.self_trade)?;
        order.fields = field::order_fields($archived.fields.to_native())?;
        order.client_order_id = $client_order_id;
        order
    }};
}

impl ArchivedPlace {
    #[inline]
    pub(super) fn read(&self) -> Result<Order, Fault> {
        field::reserved(&self.reserved)?;
        let account = AccountRef::Id(AccountId(self.account.to_native()));
        Ok(common_order!(self, account, ClientOrderId::EMPTY))
    }
}

impl ArchivedPlaceClient {
    #[inline]
    pub(super) fn read(&self) -> Result<Order, Fault> {
        let account = AccountRef::Id(AccountId(self.account.to_native()));
        let client_order_id = field::text("client_order_id", &self.client_order_id)?;
        Ok(common_order!(self, account, client_order_id))
    }
}

impl ArchivedPlaceWide {
    pub(super) fn read(&self) -> Result<Order, Fault> {
        field::reserved(&self.reserved)?;
        let account =
            field::account(self.account_by, self.account.to_native(), &self.account_name)?;
        let client_order_id = field::text("client_order_id", &self.client_order_id)?;
        let mut order = common_order!(self, account, client_order_id);
        order.stop_price = Price(self.stop_price.to_native());
        order.trail = Price(self.trail.to_native());
        order.display = Quantity(self.display.to_native());
        order.min_quantity = Quantity(self.min_quantity.to_native());
        order.budget = field::whole(self.budget_low.to_native(), self.budget_high.to_native());
        order.protection = Price(self.protection.to_native());
        order.expire_at_ns = self.expire_at_ns.to_native();
        Ok(order)
    }
}

impl ArchivedPair {
    pub(super) fn read(&self) -> Result<Pair, Fault> {
        field::reserved(&self.reserved)?;
        let link = field::link(self.link)?;
        let [first, second] = &self.legs;
        Ok(Pair { link, legs: [first.read()?, second.read()?] })
    }
}
