//! Place, cancel, amend and mass cancel: which form is the narrowest, and the fields of each.
//! In: a command's parts become a layout. Out: an archived layout becomes the command.

use orison_core::command::{
    AccountRef, Actor, Amend, AmendFields, Cancel, MassCancel, Order, Target,
};
use orison_core::{
    AccountId, AccountName, ClientOrderId, Command, InstrumentId, OrderId, Price, Quantity,
    Sequence,
};

use super::field::{self, Fault};
use super::layout::{
    self, ArchivedAmend, ArchivedAmendClient, ArchivedAmendWide, ArchivedCancel,
    ArchivedCancelClient, ArchivedCancelClientNamed, ArchivedCancelNamed, ArchivedMassCancel,
    ArchivedMassCancelNamed, ArchivedPlace, ArchivedPlaceClient, ArchivedPlaceWide,
};
use super::{Encoded, Kind};

/// `account_by` and `target_by` of the wide forms: the engine's number, or the client's text.
const BY_ID: u8 = 0;
const BY_TEXT: u8 = 1;
/// Bits of `given` in a mass cancel.
const GIVEN_INSTRUMENT: u8 = 1;
const GIVEN_SIDE: u8 = 2;

#[inline]
pub(super) fn place_kind(order: &Order) -> Kind {
    let is_plain = matches!(order.account, AccountRef::Id(_))
        && (order.stop_price.0 | order.trail.0 | order.protection.0) == 0
        && (order.display.0 | order.min_quantity.0 | order.expire_at_ns) == 0
        && order.budget == 0;
    match (is_plain, order.client_order_id.is_empty()) {
        (true, true) => Kind::Place,
        (true, false) => Kind::PlaceClient,
        (false, _) => Kind::PlaceWide,
    }
}

#[inline]
pub(super) fn encode_place(order: &Order) -> Encoded {
    match (place_kind(order), order.account) {
        (Kind::Place, AccountRef::Id(account)) => Encoded::new(Kind::Place, &place(order, account)),
        (Kind::PlaceClient, AccountRef::Id(account)) => {
            Encoded::new(Kind::PlaceClient, &place_client(order, account))
        }
        _ => Encoded::new(Kind::PlaceWide, &place_wide(order)),
    }
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
    let (account_by, account, account_name) = account_parts(order.account);
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
    pub(super) fn command(&self) -> Result<Command, Fault> {
        field::reserved(&self.reserved)?;
        let account = AccountRef::Id(AccountId(self.account.to_native()));
        Ok(Command::Place(common_order!(self, account, ClientOrderId::EMPTY)))
    }
}

impl ArchivedPlaceClient {
    #[inline]
    pub(super) fn command(&self) -> Result<Command, Fault> {
        let account = AccountRef::Id(AccountId(self.account.to_native()));
        let client_order_id = field::text("client_order_id", &self.client_order_id)?;
        Ok(Command::Place(common_order!(self, account, client_order_id)))
    }
}

impl ArchivedPlaceWide {
    pub(super) fn command(&self) -> Result<Command, Fault> {
        field::reserved(&self.reserved)?;
        let account = account(self.account_by, self.account.to_native(), &self.account_name)?;
        let client_order_id = field::text("client_order_id", &self.client_order_id)?;
        let mut order = common_order!(self, account, client_order_id);
        order.stop_price = Price(self.stop_price.to_native());
        order.trail = Price(self.trail.to_native());
        order.display = Quantity(self.display.to_native());
        order.min_quantity = Quantity(self.min_quantity.to_native());
        order.budget = field::whole(self.budget_low.to_native(), self.budget_high.to_native());
        order.protection = Price(self.protection.to_native());
        order.expire_at_ns = self.expire_at_ns.to_native();
        Ok(Command::Place(order))
    }
}

#[inline]
pub(super) fn encode_cancel(cancel: &Cancel) -> Encoded {
    match (cancel.account, cancel.target) {
        (AccountRef::Id(account), Target::Order(order)) => {
            let layout = layout::Cancel {
                sequence: order.sequence.0,
                slot: order.slot,
                account: account.0,
                leg: order.leg,
                reserved: [0; 6],
            };
            Encoded::new(Kind::Cancel, &layout)
        }
        (AccountRef::Id(account), Target::Client(client)) => {
            let layout =
                layout::CancelClient { account: account.0, client_order_id: *client.bytes() };
            Encoded::new(Kind::CancelClient, &layout)
        }
        (AccountRef::Name(name), Target::Order(order)) => {
            let layout = layout::CancelNamed {
                sequence: order.sequence.0,
                slot: order.slot,
                leg: order.leg,
                reserved: [0; 2],
                account_name: *name.bytes(),
            };
            Encoded::new(Kind::CancelNamed, &layout)
        }
        (AccountRef::Name(name), Target::Client(client)) => {
            let layout = layout::CancelClientNamed {
                client_order_id: *client.bytes(),
                account_name: *name.bytes(),
            };
            Encoded::new(Kind::CancelClientNamed, &layout)
        }
    }
}

impl ArchivedCancel {
    #[inline]
    pub(super) fn command(&self) -> Result<Command, Fault> {
        field::reserved(&self.reserved)?;
        let order =
            order_id(self.sequence.to_native(), self.slot.to_native(), self.leg.to_native());
        Ok(Command::Cancel(Cancel {
            account: AccountRef::Id(AccountId(self.account.to_native())),
            target: Target::Order(order),
        }))
    }
}

impl ArchivedCancelClient {
    #[inline]
    pub(super) fn command(&self) -> Result<Command, Fault> {
        Ok(Command::Cancel(Cancel {
            account: AccountRef::Id(AccountId(self.account.to_native())),
            target: Target::Client(field::text("client_order_id", &self.client_order_id)?),
        }))
    }
}

impl ArchivedCancelNamed {
    pub(super) fn command(&self) -> Result<Command, Fault> {
        field::reserved(&self.reserved)?;
        let order =
            order_id(self.sequence.to_native(), self.slot.to_native(), self.leg.to_native());
        Ok(Command::Cancel(Cancel {
            account: AccountRef::Name(field::text("account_name", &self.account_name)?),
            target: Target::Order(order),
        }))
    }
}

impl ArchivedCancelClientNamed {
    pub(super) fn command(&self) -> Result<Command, Fault> {
        Ok(Command::Cancel(Cancel {
            account: AccountRef::Name(field::text("account_name", &self.account_name)?),
            target: Target::Client(field::text("client_order_id", &self.client_order_id)?),
        }))
    }
}

#[inline]
pub(super) fn amend_kind(amend: &Amend) -> Kind {
    let is_plain = amend.stop_price.0 == 0 && amend.trail.0 == 0;
    match (is_plain, amend.account, amend.target) {
        (true, AccountRef::Id(_), Target::Order(_)) => Kind::Amend,
        (true, AccountRef::Id(_), Target::Client(_)) => Kind::AmendClient,
        (true, AccountRef::Name(_), _) | (false, _, _) => Kind::AmendWide,
    }
}

#[inline]
pub(super) fn encode_amend(amend: &Amend) -> Encoded {
    match (amend_kind(amend), amend.account, amend.target) {
        (Kind::Amend, AccountRef::Id(account), Target::Order(order)) => {
            let layout = layout::Amend {
                sequence: order.sequence.0,
                quantity: amend.quantity.0,
                price: amend.price.0,
                slot: order.slot,
                account: account.0,
                leg: order.leg,
                fields: field::amend_bits(amend.fields),
                reserved: [0; 5],
            };
            Encoded::new(Kind::Amend, &layout)
        }
        (Kind::AmendClient, AccountRef::Id(account), Target::Client(client)) => {
            let layout = layout::AmendClient {
                quantity: amend.quantity.0,
                price: amend.price.0,
                account: account.0,
                client_order_id: *client.bytes(),
                fields: field::amend_bits(amend.fields),
                reserved: [0; 7],
            };
            Encoded::new(Kind::AmendClient, &layout)
        }
        _ => Encoded::new(Kind::AmendWide, &amend_wide(amend)),
    }
}

fn amend_wide(amend: &Amend) -> layout::AmendWide {
    let (account_by, account, account_name) = account_parts(amend.account);
    let (target_by, order, client) = match amend.target {
        Target::Order(order) => (BY_ID, order, ClientOrderId::EMPTY),
        Target::Client(client) => (BY_TEXT, OrderId::default(), client),
    };
    layout::AmendWide {
        sequence: order.sequence.0,
        quantity: amend.quantity.0,
        price: amend.price.0,
        stop_price: amend.stop_price.0,
        trail: amend.trail.0,
        slot: order.slot,
        account,
        leg: order.leg,
        fields: field::amend_bits(amend.fields),
        account_by,
        target_by,
        reserved: [0; 7],
        client_order_id: *client.bytes(),
        account_name,
    }
}

#[inline]
fn amend(
    account: AccountRef,
    target: Target,
    fields: AmendFields,
    quantity: u64,
    price: i64,
) -> Amend {
    Amend {
        account,
        target,
        fields,
        quantity: Quantity(quantity),
        price: Price(price),
        stop_price: Price(0),
        trail: Price(0),
    }
}

impl ArchivedAmend {
    #[inline]
    pub(super) fn command(&self) -> Result<Command, Fault> {
        field::reserved(&self.reserved)?;
        let order =
            order_id(self.sequence.to_native(), self.slot.to_native(), self.leg.to_native());
        Ok(Command::Amend(amend(
            AccountRef::Id(AccountId(self.account.to_native())),
            Target::Order(order),
            field::amend_fields(self.fields)?,
            self.quantity.to_native(),
            self.price.to_native(),
        )))
    }
}

impl ArchivedAmendClient {
    #[inline]
    pub(super) fn command(&self) -> Result<Command, Fault> {
        field::reserved(&self.reserved)?;
        Ok(Command::Amend(amend(
            AccountRef::Id(AccountId(self.account.to_native())),
            Target::Client(field::text("client_order_id", &self.client_order_id)?),
            field::amend_fields(self.fields)?,
            self.quantity.to_native(),
            self.price.to_native(),
        )))
    }
}

impl ArchivedAmendWide {
    pub(super) fn command(&self) -> Result<Command, Fault> {
        field::reserved(&self.reserved)?;
        let order =
            order_id(self.sequence.to_native(), self.slot.to_native(), self.leg.to_native());
        let target = match self.target_by {
            BY_ID => {
                field::zero("client_order_id", &self.client_order_id)?;
                Target::Order(order)
            }
            BY_TEXT => {
                absent("sequence", order.sequence.0)?;
                absent("slot", u64::from(order.slot))?;
                absent("leg", u64::from(order.leg))?;
                Target::Client(field::text("client_order_id", &self.client_order_id)?)
            }
            other => return Err(Fault { field: "target_by", value: u64::from(other) }),
        };
        let account = account(self.account_by, self.account.to_native(), &self.account_name)?;
        let fields = field::amend_fields(self.fields)?;
        let quantity = self.quantity.to_native();
        let mut amend = amend(account, target, fields, quantity, self.price.to_native());
        amend.stop_price = Price(self.stop_price.to_native());
        amend.trail = Price(self.trail.to_native());
        Ok(Command::Amend(amend))
    }
}

pub(super) fn encode_mass_cancel(cancel: &MassCancel) -> Encoded {
    let (with_instrument, instrument) = match cancel.instrument {
        Some(instrument) => (GIVEN_INSTRUMENT, instrument.0),
        None => (0, 0),
    };
    let (with_side, side) = match cancel.side {
        Some(side) => (GIVEN_SIDE, side as u8),
        None => (0, 0),
    };
    let given = with_instrument | with_side;
    let reason = cancel.reason as u8;
    let reserved = [0; 3];
    match cancel.account {
        AccountRef::Id(AccountId(account)) => {
            let layout = layout::MassCancel { account, instrument, given, side, reason, reserved };
            Encoded::new(Kind::MassCancel, &layout)
        }
        AccountRef::Name(name) => {
            let account_name = *name.bytes();
            let layout =
                layout::MassCancelNamed { instrument, given, side, reason, reserved, account_name };
            Encoded::new(Kind::MassCancelNamed, &layout)
        }
    }
}

impl ArchivedMassCancel {
    pub(super) fn command(&self) -> Result<Command, Fault> {
        field::reserved(&self.reserved)?;
        let account = AccountRef::Id(AccountId(self.account.to_native()));
        mass_cancel(account, self.instrument.to_native(), self.given, self.side, self.reason)
    }
}

impl ArchivedMassCancelNamed {
    pub(super) fn command(&self) -> Result<Command, Fault> {
        field::reserved(&self.reserved)?;
        let account = AccountRef::Name(field::text("account_name", &self.account_name)?);
        mass_cancel(account, self.instrument.to_native(), self.given, self.side, self.reason)
    }
}

fn mass_cancel(
    account: AccountRef,
    instrument: u16,
    given: u8,
    side: u8,
    reason: u8,
) -> Result<Command, Fault> {
    if given & !(GIVEN_INSTRUMENT | GIVEN_SIDE) != 0 {
        return Err(Fault { field: "given", value: u64::from(given) });
    }
    let instrument = match given & GIVEN_INSTRUMENT {
        0 => absent("instrument", u64::from(instrument)).map(|()| None)?,
        _ => Some(InstrumentId(instrument)),
    };
    let side = match given & GIVEN_SIDE {
        0 => absent("side", u64::from(side)).map(|()| None)?,
        _ => Some(field::side(side)?),
    };
    let reason = field::cancel_reason(reason)?;
    let actor = Actor::EMPTY;
    Ok(Command::MassCancel(MassCancel { account, instrument, side, reason, actor }))
}

fn account_parts(account: AccountRef) -> (u8, u32, [u8; AccountName::LENGTH_MAX]) {
    match account {
        AccountRef::Id(account) => (BY_ID, account.0, *AccountName::EMPTY.bytes()),
        AccountRef::Name(name) => (BY_TEXT, 0, *name.bytes()),
    }
}

fn account(by: u8, id: u32, name: &[u8; AccountName::LENGTH_MAX]) -> Result<AccountRef, Fault> {
    match by {
        BY_ID => {
            field::zero("account_name", name)?;
            Ok(AccountRef::Id(AccountId(id)))
        }
        BY_TEXT => {
            absent("account", u64::from(id))?;
            Ok(AccountRef::Name(field::text("account_name", name)?))
        }
        other => Err(Fault { field: "account_by", value: u64::from(other) }),
    }
}

/// A field that was not given is zero.
fn absent(field: &'static str, value: u64) -> Result<(), Fault> {
    if value == 0 { Ok(()) } else { Err(Fault { field, value }) }
}

#[inline]
fn order_id(sequence: u64, slot: u32, leg: u16) -> OrderId {
    OrderId { sequence: Sequence(sequence), slot, leg }
}
