//! Cancels, of one order and of many: which form is the narrowest, and the fields of each. In: a
//! command's parts become a layout. Out: an archived layout becomes the command.

use orison_core::command::{AccountRef, Actor, Cancel, MassCancel, Target};
use orison_core::{AccountId, AccountName};

use super::field::{self, Fault, GIVEN_INSTRUMENT, GIVEN_SIDE};
use super::layout::{
    self, ArchivedCancel, ArchivedCancelClient, ArchivedCancelClientNamed, ArchivedCancelNamed,
    ArchivedMassCancel, ArchivedMassCancelBy, ArchivedMassCancelNamed,
};
use super::{Encoded, Kind};

#[inline]
pub(super) fn encode_cancel(into: &mut Encoded, cancel: &Cancel) {
    match (cancel.account, cancel.target) {
        (AccountRef::Id(account), Target::Order(order)) => {
            let layout = layout::Cancel {
                sequence: order.sequence.0,
                slot: order.slot,
                account: account.0,
                leg: order.leg,
                reserved: [0; 6],
            };
            into.put(Kind::Cancel, &layout);
        }
        (AccountRef::Id(account), Target::Client(client)) => {
            let layout =
                layout::CancelClient { account: account.0, client_order_id: *client.bytes() };
            into.put(Kind::CancelClient, &layout);
        }
        (AccountRef::Name(name), Target::Order(order)) => {
            let layout = layout::CancelNamed {
                sequence: order.sequence.0,
                slot: order.slot,
                leg: order.leg,
                reserved: [0; 2],
                account_name: *name.bytes(),
            };
            into.put(Kind::CancelNamed, &layout);
        }
        (AccountRef::Name(name), Target::Client(client)) => {
            let layout = layout::CancelClientNamed {
                client_order_id: *client.bytes(),
                account_name: *name.bytes(),
            };
            into.put(Kind::CancelClientNamed, &layout);
        }
    }
}

impl ArchivedCancel {
    #[inline]
    pub(super) fn read(&self) -> Result<Cancel, Fault> {
        field::reserved(&self.reserved)?;
        let order =
            field::order_id(self.sequence.to_native(), self.slot.to_native(), self.leg.to_native());
        Ok(Cancel {
            account: AccountRef::Id(AccountId(self.account.to_native())),
            target: Target::Order(order),
        })
    }
}

impl ArchivedCancelClient {
    #[inline]
    pub(super) fn read(&self) -> Result<Cancel, Fault> {
        Ok(Cancel {
            account: AccountRef::Id(AccountId(self.account.to_native())),
            target: Target::Client(field::text("client_order_id", &self.client_order_id)?),
        })
    }
}

impl ArchivedCancelNamed {
    pub(super) fn read(&self) -> Result<Cancel, Fault> {
        field::reserved(&self.reserved)?;
        let order =
            field::order_id(self.sequence.to_native(), self.slot.to_native(), self.leg.to_native());
        Ok(Cancel {
            account: AccountRef::Name(field::text("account_name", &self.account_name)?),
            target: Target::Order(order),
        })
    }
}

impl ArchivedCancelClientNamed {
    pub(super) fn read(&self) -> Result<Cancel, Fault> {
        Ok(Cancel {
            account: AccountRef::Name(field::text("account_name", &self.account_name)?),
            target: Target::Client(field::text("client_order_id", &self.client_order_id)?),
        })
    }
}

/// How much of a mass cancel there is to say.
enum Form {
    Known(AccountId),
    Named(AccountName),
    /// Somebody is said to have asked for it.
    By,
}

fn form(cancel: &MassCancel) -> Form {
    match cancel.account {
        AccountRef::Id(account) if cancel.actor.is_empty() => Form::Known(account),
        AccountRef::Name(name) if cancel.actor.is_empty() => Form::Named(name),
        AccountRef::Id(_) | AccountRef::Name(_) => Form::By,
    }
}

pub(super) fn mass_cancel_kind(cancel: &MassCancel) -> Kind {
    match form(cancel) {
        Form::Known(_) => Kind::MassCancel,
        Form::Named(_) => Kind::MassCancelNamed,
        Form::By => Kind::MassCancelBy,
    }
}

pub(super) fn encode_mass_cancel(into: &mut Encoded, cancel: &MassCancel) {
    let (with_instrument, instrument) = field::instrument_parts(cancel.instrument);
    let (with_side, side) = match cancel.side {
        Some(side) => (GIVEN_SIDE, side as u8),
        None => (0, 0),
    };
    let given = with_instrument | with_side;
    let reason = cancel.reason as u8;
    let reserved = [0; 3];
    match form(cancel) {
        Form::Known(AccountId(account)) => {
            let layout = layout::MassCancel { account, instrument, given, side, reason, reserved };
            into.put(Kind::MassCancel, &layout);
        }
        Form::Named(name) => {
            let account_name = *name.bytes();
            let layout =
                layout::MassCancelNamed { instrument, given, side, reason, reserved, account_name };
            into.put(Kind::MassCancelNamed, &layout);
        }
        Form::By => {
            let (account_by, account, account_name) = field::account_parts(cancel.account);
            let layout = layout::MassCancelBy {
                account,
                instrument,
                given,
                side,
                reason,
                account_by,
                reserved: [0; 6],
                account_name,
                actor: *cancel.actor.bytes(),
            };
            into.put(Kind::MassCancelBy, &layout);
        }
    }
}

impl ArchivedMassCancel {
    pub(super) fn read(&self) -> Result<MassCancel, Fault> {
        field::reserved(&self.reserved)?;
        let account = AccountRef::Id(AccountId(self.account.to_native()));
        let instrument = self.instrument.to_native();
        mass_cancel(account, instrument, self.given, self.side, self.reason)
    }
}

impl ArchivedMassCancelNamed {
    pub(super) fn read(&self) -> Result<MassCancel, Fault> {
        field::reserved(&self.reserved)?;
        let account = AccountRef::Name(field::text("account_name", &self.account_name)?);
        let instrument = self.instrument.to_native();
        mass_cancel(account, instrument, self.given, self.side, self.reason)
    }
}

impl ArchivedMassCancelBy {
    pub(super) fn read(&self) -> Result<MassCancel, Fault> {
        field::reserved(&self.reserved)?;
        let account =
            field::account(self.account_by, self.account.to_native(), &self.account_name)?;
        let instrument = self.instrument.to_native();
        let cancel = mass_cancel(account, instrument, self.given, self.side, self.reason)?;
        let actor = field::text("actor", &self.actor)?;
        Ok(MassCancel { actor, ..cancel })
    }
}

fn mass_cancel(
    account: AccountRef,
    instrument: u16,
    given: u8,
    side: u8,
    reason: u8,
) -> Result<MassCancel, Fault> {
    field::given(given, GIVEN_INSTRUMENT | GIVEN_SIDE)?;
    let instrument = field::given_instrument(given, instrument)?;
    let side = match given & GIVEN_SIDE {
        0 => field::absent("side", u64::from(side)).map(|()| None)?,
        _ => Some(field::side(side)?),
    };
    let reason = field::cancel_reason(reason)?;
    Ok(MassCancel { account, instrument, side, reason, actor: Actor::EMPTY })
}
