//! The private topics: who follows the orders of which account. An account may be followed
//! before it is open; its number is learned when it opens.

use std::collections::HashMap;
use std::sync::Arc;

use engine::Views;
use orison_core::event::AccountOpened;
use orison_core::{AccountId, AccountName};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::client::{Client, Round};
use super::due::Place;
use super::feed::OrderNews;
use super::interest::Interest;
use super::listings::Listings;
use super::private;
use super::topic::{Dialect, Only, Topic};
use crate::stockquest::order_news;

#[derive(Default)]
pub(crate) struct Accounts {
    followed: HashMap<AccountName, Account>,
    names: HashMap<AccountId, AccountName>,
}

struct Account {
    id: Option<AccountId>,
    /// Live ones and those whose history is still being told.
    claims: usize,
    followers: Vec<Follower>,
}

/// One client's live subscription to the orders of one account.
pub(crate) struct Follower {
    pub(crate) client: Arc<Client>,
    pub(crate) only: Only,
    pub(crate) dialect: Dialect,
    /// Sequence of the last event told.
    pub(crate) told: u64,
}

impl Accounts {
    /// Somebody wants the account's events, now or once its history is told. Called while `views`
    /// are at the last handled command.
    pub(crate) fn claim(&mut self, name: AccountName, views: &Views, interest: &Interest) {
        let account = self.followed.entry(name).or_insert_with(|| {
            let id = views.catalog.account(&name);
            match id {
                Some(id) => interest.watch_account(id),
                None => interest.await_name(name),
            }
            Account { id, claims: 0, followers: Vec::new() }
        });
        account.claims += 1;
        if let Some(id) = account.id {
            self.names.insert(id, name);
        }
    }

    /// Ends what `claim` began.
    pub(crate) fn leave(&mut self, name: &AccountName, client: &Arc<Client>, interest: &Interest) {
        let Some(account) = self.followed.get_mut(name) else { return };
        account.followers.retain(|follower| !Arc::ptr_eq(&follower.client, client));
        account.claims -= 1;
        if account.claims > 0 {
            return;
        }
        let id = account.id;
        self.followed.remove(name);
        match id {
            Some(id) => {
                self.names.remove(&id);
                interest.leave_account(id, self.names.keys().copied());
            }
            None => interest.forget_name(name),
        }
    }

    pub(crate) fn go_live(&mut self, name: &AccountName, follower: Follower) {
        if let Some(account) = self.followed.get_mut(name) {
            account.followers.push(follower);
        }
    }

    pub(crate) fn on_opened(&mut self, opened: &AccountOpened) {
        if let Some(account) = self.followed.get_mut(&opened.name) {
            account.id = Some(opened.account);
            self.names.insert(opened.account, opened.name);
        }
    }

    /// Tells an event to every follower that wants it.
    pub(crate) fn on_order(&mut self, round: &mut Round, news: &OrderNews, listings: &Listings) {
        let Some(name) = self.names.get(&news.account) else { return };
        let Some(account) = self.followed.get_mut(name) else { return };
        // The same for all that read it in this form.
        let mut shared = None;
        for follower in &mut account.followers {
            match follower.dialect {
                Dialect::XTrader => follower.tell(round, name, news, listings),
                Dialect::StockQuest => {
                    let texts =
                        shared.get_or_insert_with(|| order_news::tell(name, news, listings));
                    follower.push_all(round, name, news, texts);
                }
            }
        }
    }

    /// News were lost: everybody has to be told from history. Gives back who that is.
    pub(crate) fn recover(
        &mut self,
        views: &Views,
        interest: &Interest,
    ) -> Vec<(AccountName, Follower)> {
        let mut waiting = Vec::new();
        for (name, account) in &mut self.followed {
            if account.id.is_none()
                && let Some(id) = views.catalog.account(name)
            {
                account.id = Some(id);
                self.names.insert(id, *name);
                interest.forget_name(name);
                interest.watch_account(id);
            }
            waiting.extend(account.followers.drain(..).map(|follower| (*name, follower)));
        }
        waiting
    }

    pub(crate) fn id(&self, name: &AccountName) -> Option<AccountId> {
        self.followed.get(name).and_then(|account| account.id)
    }
}

impl Follower {
    /// Followers of a part of the account's events see a chain of that part.
    pub(crate) fn tell(
        &mut self,
        round: &mut Round,
        account: &AccountName,
        news: &OrderNews,
        listings: &Listings,
    ) {
        match self.dialect {
            Dialect::XTrader => {}
            Dialect::StockQuest => {
                let texts = order_news::tell(account, news, listings);
                return self.push_all(round, account, news, &texts);
            }
        }
        let instrument = private::instrument_of(&news.event.event);
        if !self.only.admits(instrument) {
            return;
        }
        let previous = match self.only {
            Only::All => news.event.previous_sequence,
            Only::These(_) => self.told,
        };
        let text = private::message(&mut round.json, account, news, listings, previous);
        let Some(text) = text else { return };
        self.told = news.event.stamp.sequence.0;
        let topic = Topic::Orders(*account);
        let place = Place { sequence: self.told, index: news.event.index };
        let pushed = self.client.outbox.push_event(topic, text, place, round.now);
        round.note(&self.client, pushed);
    }

    fn push_all(
        &mut self,
        round: &mut Round,
        account: &AccountName,
        news: &OrderNews,
        texts: &[Utf8Bytes],
    ) {
        self.told = news.event.stamp.sequence.0;
        for text in texts {
            let topic = Topic::Orders(*account);
            let place = Place { sequence: self.told, index: news.event.index };
            let pushed = self.client.outbox.push_event(topic, text.clone(), place, round.now);
            round.note(&self.client, pushed);
        }
    }
}
