//! Amends: which form is the narrowest, and the fields of each. In: a command's parts become a
//! layout. Out: an archived layout becomes the command.

use orison_core::command::{AccountRef, Amend, AmendFields, Target};
use orison_core::{AccountId, ClientOrderId, OrderId, Price, Quantity};

use super::field::{self, Fault};
use super::layout::{self, ArchivedAmend, ArchivedAmendClient, ArchivedAmendWide};
use super::{Encoded, Kind};

/// How much of an amend there is to say.
enum Form {
    Order(AccountId, OrderId),
    Client(AccountId, ClientOrderId),
    Wide,
}

#[inline]
fn form(amend: &Amend) -> Form {
    let is_plain = (amend.stop_price.0 | amend.trail.0) == 0;
    match (amend.account, amend.target) {
        (AccountRef::Id(account), Target::Order(order)) if is_plain => Form::Order(account, order),
        (AccountRef::Id(account), Target::Client(client)) if is_plain => {
            Form::Client(account, client)
        }
        (AccountRef::Id(_) | AccountRef::Name(_), Target::Order(_) | Target::Client(_)) => {
            Form::Wide
        }
    }
}

pub(super) fn amend_kind(amend: &Amend) -> Kind {
    match form(amend) {
        Form::Order(..) => Kind::Amend,
        Form::Client(..) => Kind::AmendClient,
        Form::Wide => Kind::AmendWide,
    }
}

#[inline]
pub(super) fn encode_amend(into: &mut Encoded, amend: &Amend) {
    match form(amend) {
        Form::Order(account, order) => {
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
            into.put(Kind::Amend, &layout);
        }
        Form::Client(account, client) => {
            let layout = layout::AmendClient {
                quantity: amend.quantity.0,
                price: amend.price.0,
                account: account.0,
                client_order_id: *client.bytes(),
                fields: field::amend_bits(amend.fields),
                reserved: [0; 7],
            };
            into.put(Kind::AmendClient, &layout);
        }
        Form::Wide => into.put(Kind::AmendWide, &amend_wide(amend)),
    }
}

fn amend_wide(amend: &Amend) -> layout::AmendWide {
    let (account_by, account, account_name) = field::account_parts(amend.account);
    let (target_by, order, client) = match amend.target {
        Target::Order(order) => (field::BY_ID, order, ClientOrderId::EMPTY),
        Target::Client(client) => (field::BY_TEXT, OrderId::default(), client),
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
    pub(super) fn read(&self) -> Result<Amend, Fault> {
        field::reserved(&self.reserved)?;
        let order =
            field::order_id(self.sequence.to_native(), self.slot.to_native(), self.leg.to_native());
        Ok(amend(
            AccountRef::Id(AccountId(self.account.to_native())),
            Target::Order(order),
            field::amend_fields(self.fields)?,
            self.quantity.to_native(),
            self.price.to_native(),
        ))
    }
}

impl ArchivedAmendClient {
    #[inline]
    pub(super) fn read(&self) -> Result<Amend, Fault> {
        field::reserved(&self.reserved)?;
        Ok(amend(
            AccountRef::Id(AccountId(self.account.to_native())),
            Target::Client(field::text("client_order_id", &self.client_order_id)?),
            field::amend_fields(self.fields)?,
            self.quantity.to_native(),
            self.price.to_native(),
        ))
    }
}

impl ArchivedAmendWide {
    pub(super) fn read(&self) -> Result<Amend, Fault> {
        field::reserved(&self.reserved)?;
        let order =
            field::order_id(self.sequence.to_native(), self.slot.to_native(), self.leg.to_native());
        let target = match self.target_by {
            field::BY_ID => {
                field::zero("client_order_id", &self.client_order_id)?;
                Target::Order(order)
            }
            field::BY_TEXT => {
                field::absent("sequence", order.sequence.0)?;
                field::absent("slot", u64::from(order.slot))?;
                field::absent("leg", u64::from(order.leg))?;
                Target::Client(field::text("client_order_id", &self.client_order_id)?)
            }
            other => return Err(Fault { field: "target_by", value: u64::from(other) }),
        };
        let account =
            field::account(self.account_by, self.account.to_native(), &self.account_name)?;
        let fields = field::amend_fields(self.fields)?;
        let quantity = self.quantity.to_native();
        let mut amend = amend(account, target, fields, quantity, self.price.to_native());
        amend.stop_price = Price(self.stop_price.to_native());
        amend.trail = Price(self.trail.to_native());
        Ok(amend)
    }
}
