//! One client's STOMP session as a state machine: bytes and the time go in, acts come out. It
//! knows the protocol, its subscriptions and what they wait for; it does no I/O and knows no
//! topic but by its name.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use orison_core::AccountName;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::act::{Act, Farewell, Fault, Petition, Refusal};
use super::beats::Beats;
use super::broker::Spelling;
use super::decode::Decoder;
use super::encode::{Encoder, Said, receipt};
use super::frame::{Frame, Headers, Verb, Version};
use super::subscriptions::{
    AckMode, CannotSubscribe, DELIVERIES_MAX, Subscription, Subscriptions, TooManyUnacked, Unacked,
};
use super::transactions::{Settle, Step, TransactionError, Transactions, Verdict};
use crate::connections::User;
use crate::fanout::Told;
use crate::http::admission;
use crate::http::hearing::Hearing;
use crate::identity::{self, Identity, Principal, Standing};

/// Where a session's errors are told; `/queue/errors-user{session}` to Spring.
pub(super) const ERRORS: &str = "/user/queue/errors";
const PRAYER: &str = "/app/prayer";
/// A client that has agreed to beat and is silent for so many of its intervals is gone.
const SILENT_INTERVALS: u32 = 3;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How often we beat, and want to hear a client.
    pub beat: Duration,
    /// CONNECT has to come by then.
    pub connect_max: Duration,
    /// A client that takes nothing of what waits for it for so long is slow beyond help.
    pub stall_max: Duration,
}

impl Settings {
    pub const DEFAULT: Self = Self {
        beat: Duration::from_secs(10),
        connect_max: Duration::from_secs(60),
        stall_max: Duration::from_secs(60),
    };
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Opening,
    Open,
    Over,
}

pub(super) struct Session {
    id: String,
    settings: Settings,
    identity: Arc<Identity>,
    standing: Standing,
    /// Whom CONNECT has proven or named, until it is asked for.
    newcomer: Option<User>,
    phase: Phase,
    opened_at: Instant,
    decoder: Decoder,
    version: Version,
    beats: Beats,
    heard_at: Instant,
    said_at: Instant,
    /// Of frames. ACK and NACK of messages that wait for it are free.
    hearing: Hearing,
    subscriptions: Subscriptions,
    transactions: Transactions,
    last_message: u64,
}

/// What a client reads of a message.
struct Delivery<'a> {
    number: u64,
    destination: &'a str,
    body: &'a str,
    is_again: bool,
    receipt: Option<&'a str>,
}

impl Session {
    /// `id`: without `-`. `standing`: who it is, as far as the transport's opening says.
    pub(super) fn new(
        id: String,
        settings: Settings,
        identity: Arc<Identity>,
        standing: Standing,
        now: Instant,
    ) -> Self {
        Self {
            id,
            settings,
            identity,
            standing,
            newcomer: None,
            phase: Phase::Opening,
            opened_at: now,
            decoder: Decoder::new(),
            version: Version::V1_0,
            beats: Beats::default(),
            heard_at: now,
            said_at: now,
            hearing: Hearing::default(),
            subscriptions: Subscriptions::default(),
            transactions: Transactions::default(),
            last_message: 0,
        }
    }

    /// Ready once the next message of the transport may come in.
    pub(super) fn poll_hearing(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.hearing.poll_ready(context)
    }

    /// A message of the transport came in, text or binary.
    pub(super) fn on_bytes(&mut self, bytes: &[u8], now: Instant, acts: &mut Vec<Act>) {
        if self.phase == Phase::Over {
            return;
        }
        self.heard_at = now;
        self.decoder.feed(bytes);
        if self.hearing.take(now).is_err() {
            return self.close(Farewell::FLOOD, acts);
        }
        let mut is_first = true;
        while self.phase != Phase::Over {
            let frame = match self.decoder.next() {
                Ok(Some(frame)) => frame,
                Ok(None) => return,
                Err(error) => {
                    let receipt = self.decoder.receipt().map(str::to_owned);
                    return self.fail(&error.into(), receipt.as_deref(), acts);
                }
            };
            if !std::mem::take(&mut is_first) && self.hearing.take(now).is_err() {
                return self.close(Farewell::FLOOD, acts);
            }
            if let Err(fault) = self.on_frame(&frame, now, acts) {
                let receipt = frame.headers.get("receipt").filter(|_| frame.verb != Verb::Connect);
                self.fail(&fault, receipt, acts);
            }
        }
    }

    fn on_frame(&mut self, frame: &Frame, now: Instant, acts: &mut Vec<Act>) -> Result<(), Fault> {
        match (self.phase, frame.verb) {
            (Phase::Opening, Verb::Connect) => return self.connect(&frame.headers, now, acts),
            (Phase::Opening | Phase::Over, _) => return Err(Fault::NotConnected),
            (Phase::Open, _) => {}
        }
        let headers = &frame.headers;
        let receipt = headers.get("receipt").map(|id| receipt(self.version, id));
        match frame.verb {
            Verb::Connect => return Err(Fault::AlreadyConnected),
            Verb::Send => return self.send(frame, receipt, acts),
            Verb::Subscribe => {
                let key = self.subscribe(headers)?;
                let receipt = headers.get("receipt").map(str::to_owned);
                acts.push(Act::Subscribe { key, receipt });
                return Ok(());
            }
            Verb::Unsubscribe => {
                self.unsubscribe(headers)?;
                acts.push(Act::Unsubscribe { receipt });
                return Ok(());
            }
            Verb::Ack => self.on_settle(headers, Verb::Ack, Verdict::Ack, acts)?,
            Verb::Nack if self.version == Version::V1_0 => return Err(Fault::Unknown(Verb::Nack)),
            Verb::Nack => self.on_settle(headers, Verb::Nack, Verdict::Nack, acts)?,
            Verb::Begin => self.transactions.begin(needed(frame, "transaction")?)?,
            Verb::Commit => return self.commit(frame, receipt, acts),
            Verb::Abort => drop(self.transactions.end(needed(frame, "transaction")?)?),
            Verb::Disconnect => {
                self.phase = Phase::Over;
                acts.push(Act::Leave { receipt });
                return Ok(());
            }
        }
        acts.extend(receipt.map(Act::Say));
        Ok(())
    }

    /// `host` is not asked for: the most common client sends none.
    fn connect(
        &mut self,
        headers: &Headers,
        now: Instant,
        acts: &mut Vec<Act>,
    ) -> Result<(), Fault> {
        let version = Version::best(headers.get("accept-version")).ok_or(Fault::Version)?;
        let beats = Beats::agree(version, headers.get("heart-beat"), self.settings.beat);
        let beats = beats.map_err(|_| Fault::HeartBeat)?;
        let login = headers.get("login").filter(|login| !login.is_empty());
        let principal = self.authenticate(headers, now)?;
        let user = match (principal, login) {
            // Who it is was proven; what it calls itself beside that is its own matter.
            (principal, _) if !principal.is_anonymous() => {
                self.newcomer = User::of(&principal);
                Some(principal.user)
            }
            // Without identities a name is believed, and bounded as it is on every wire.
            (_, Some(login)) => {
                let account = AccountName::new(login).map_err(|_| Fault::Login)?;
                self.newcomer = User::claimed(account);
                Some(Arc::from(login))
            }
            (_, None) => None,
        };
        (self.version, self.beats, self.phase) = (version, beats, Phase::Open);
        self.decoder.version = version;
        let beat = self.settings.beat.as_millis();
        let beat = (version > Version::V1_0).then(|| format!("{beat},{beat}"));
        let connected = Encoder::new(version, Said::Connected, 0)
            .header("version", version.word())
            .header_if("heart-beat", beat.as_deref())
            .header("session", &self.id)
            .header("server", concat!("orison/", env!("CARGO_PKG_VERSION")))
            .header_if("user-name", user.as_deref());
        acts.push(Act::Say(connected.bare()));
        Ok(())
    }

    /// By `Authorization: Bearer` or `passcode`, unless the transport's opening has said it.
    fn authenticate(&mut self, headers: &Headers, now: Instant) -> Result<Principal, Fault> {
        if let Ok(principal) = self.standing.principal() {
            return Ok(principal.clone());
        }
        let bearer = headers.get("Authorization").or_else(|| headers.get("authorization"));
        let token = match bearer {
            Some(bearer) => {
                admission::token(bearer).ok_or(Fault::Identity(identity::Refusal::Malformed))?
            }
            None => headers.get("passcode").unwrap_or_default(),
        };
        if token.is_empty() {
            return Err(Fault::Identity(identity::Refusal::Missing));
        }
        let taken = self.standing.take(&self.identity, token, now);
        taken.cloned().map_err(Fault::Identity)
    }

    fn send(
        &mut self,
        frame: &Frame,
        answer: Option<Utf8Bytes>,
        acts: &mut Vec<Act>,
    ) -> Result<(), Fault> {
        let destination = needed(frame, "destination")?;
        let receipt = frame.headers.get("receipt").map(str::to_owned);
        if destination != PRAYER {
            let destination = destination.to_owned();
            let refusal = if destination.starts_with("/app/") {
                Refusal::Unknown { destination }
            } else {
                Refusal::Forbidden { destination }
            };
            match frame.headers.get("transaction") {
                Some(transaction) => {
                    self.transactions.add(transaction, Step::Refuse(refusal))?;
                    acts.extend(answer.map(Act::Say));
                }
                None => acts.push(Act::Refuse { refusal, receipt }),
            }
            return Ok(());
        }
        match frame.headers.get("transaction") {
            Some(transaction) => {
                self.transactions.add(transaction, Step::Pray(frame.body.clone()))?;
                acts.extend(answer.map(Act::Say));
            }
            None => {
                let (bodies, settles) = (vec![frame.body.clone()], Vec::new());
                acts.push(Act::Pray(Petition { bodies, settles, receipt }));
            }
        }
        Ok(())
    }

    fn subscribe(&mut self, headers: &Headers) -> Result<u64, Fault> {
        let missing = |header| Fault::Missing { verb: Verb::Subscribe, header };
        let destination = headers.get("destination").ok_or(missing("destination"))?;
        let id = headers.get("id");
        if id.is_none() && self.version > Version::V1_0 {
            return Err(missing("id"));
        }
        let ack = AckMode::parse(headers.get("ack")).ok_or(Fault::AckMode)?;
        let from = headers.get("from_sequence").map(sequence).transpose()?;
        self.subscriptions.add(id, destination, ack, from).map_err(|error| match error {
            CannotSubscribe::TooMany => Fault::Subscriptions,
            CannotSubscribe::Known => Fault::SubscriptionKnown,
        })
    }

    /// One that is not open is none the more open afterwards.
    fn unsubscribe(&mut self, headers: &Headers) -> Result<(), Fault> {
        let missing = |header| Fault::Missing { verb: Verb::Unsubscribe, header };
        let id = headers.get("id");
        let destination = match (id, self.version) {
            (Some(_), _) => "",
            (None, Version::V1_0) => headers.get("destination").ok_or(missing("destination"))?,
            (None, Version::V1_1 | Version::V1_2) => return Err(missing("id")),
        };
        self.subscriptions.remove(id, destination);
        Ok(())
    }

    fn on_settle(
        &mut self,
        headers: &Headers,
        verb: Verb,
        verdict: Verdict,
        acts: &mut Vec<Act>,
    ) -> Result<(), Fault> {
        let needed = |header| headers.get(header).ok_or(Fault::Missing { verb, header });
        let (message, subscription) = match self.version {
            Version::V1_0 => (needed("message-id")?, headers.get("subscription")),
            Version::V1_1 => (needed("message-id")?, Some(needed("subscription")?)),
            Version::V1_2 => (needed("id")?, None),
        };
        let (number, subscription) = (self.number(message), subscription.map(str::to_owned));
        let settle = Settle { verdict, number, subscription };
        match headers.get("transaction") {
            Some(transaction) => self.transactions.add(transaction, Step::Settle(settle))?,
            None => self.settle(&settle, acts),
        }
        Ok(())
    }

    /// Of a message of this session.
    fn number(&self, message: &str) -> Option<u64> {
        message.strip_prefix(&self.id)?.strip_prefix('-')?.parse().ok()
    }

    /// What no longer waits, since its subscription is gone or it was settled, is left alone.
    fn settle(&mut self, settle: &Settle, acts: &mut Vec<Act>) {
        let Some(number) = settle.number else { return };
        let settled = self.subscriptions.settle(number, settle.subscription.as_deref());
        if !settled.is_empty() {
            self.hearing.refund();
        }
        if settle.verdict == Verdict::Ack {
            return;
        }
        for unacked in settled.into_iter().filter(|unacked| unacked.deliveries < DELIVERIES_MAX) {
            let again = Unacked { deliveries: unacked.deliveries + 1, ..unacked };
            let subscription = self.subscriptions.get(again.subscription);
            let subscription = subscription.expect("what waits goes with its subscription");
            let delivery = Delivery {
                number: again.number,
                destination: &again.destination,
                body: again.body.as_str(),
                is_again: true,
                receipt: None,
            };
            acts.push(Act::Say(self.message(subscription, &delivery)));
            let waits = self.subscriptions.wait(again);
            debug_assert!(waits.is_ok(), "it has just made room for itself");
        }
    }

    fn commit(
        &mut self,
        frame: &Frame,
        answer: Option<Utf8Bytes>,
        acts: &mut Vec<Act>,
    ) -> Result<(), Fault> {
        let (mut bodies, mut settles) = (Vec::new(), Vec::new());
        let receipt = || frame.headers.get("receipt").map(str::to_owned);
        for step in self.transactions.end(needed(frame, "transaction")?)? {
            match step {
                Step::Pray(body) => bodies.push(body),
                Step::Settle(settle) => settles.push(settle),
                Step::Refuse(refusal) => {
                    acts.push(Act::Refuse { refusal, receipt: receipt() });
                    return Ok(());
                }
            }
        }
        if bodies.is_empty() {
            self.settle_all(&settles, acts);
            acts.extend(answer.map(Act::Say));
        } else {
            acts.push(Act::Pray(Petition { bodies, settles, receipt: receipt() }));
        }
        Ok(())
    }

    pub(super) fn settle_all(&mut self, settles: &[Settle], acts: &mut Vec<Act>) {
        for settle in settles {
            self.settle(settle, acts);
        }
    }

    pub(super) fn subscription(&self, key: u64) -> Option<&Subscription> {
        self.subscriptions.get(key)
    }

    /// The topics that it covers are subscribed as of that command.
    pub(super) fn begin(&mut self, key: u64, at: u64) {
        if let Some(subscription) = self.subscriptions.get_mut(key) {
            subscription.begin(at);
        }
    }

    /// It comes to nothing.
    pub(super) fn cancel(&mut self, key: u64) {
        self.subscriptions.remove_key(key);
    }

    pub(super) fn subscriptions(&self) -> &[Subscription] {
        self.subscriptions.all()
    }

    /// Does any subscription want to hear of it?
    pub(super) fn covers(&self, destination: &str) -> bool {
        self.subscriptions.covers(destination)
    }

    /// A message of that destination, to every subscription that covers it and is told such.
    pub(super) fn deliver(
        &mut self,
        destination: (&Arc<str>, Spelling),
        body: &Utf8Bytes,
        told: Told,
        out: &mut VecDeque<Utf8Bytes>,
    ) -> Result<(), TooManyUnacked> {
        self.deliver_with(destination, body, told, None, out)
    }

    /// An error, to the session's error queue alone; who has not subscribed to it hears nothing.
    pub(super) fn tell_error(
        &mut self,
        body: &Utf8Bytes,
        receipt: Option<&str>,
        out: &mut VecDeque<Utf8Bytes>,
    ) -> Result<(), TooManyUnacked> {
        let errors = Arc::from(ERRORS);
        self.deliver_with((&errors, Spelling::Ours), body, Told::Changed, receipt, out)
    }

    fn deliver_with(
        &mut self,
        (destination, spelling): (&Arc<str>, Spelling),
        body: &Utf8Bytes,
        told: Told,
        receipt: Option<&str>,
        out: &mut VecDeque<Utf8Bytes>,
    ) -> Result<(), TooManyUnacked> {
        let mut waiting = Vec::new();
        let mut number = self.last_message;
        for key in self.subscriptions.takers(destination, spelling, told) {
            let subscription = self.subscriptions.get(key).expect("whoever takes it is there");
            number += 1;
            let (text, is_again) = (body.as_str(), false);
            let delivery = Delivery { number, destination, body: text, is_again, receipt };
            out.push_back(self.message(subscription, &delivery));
            if subscription.ack != AckMode::Auto {
                waiting.push(Unacked {
                    number,
                    subscription: subscription.key,
                    destination: Arc::clone(destination),
                    body: body.clone(),
                    deliveries: 1,
                });
            }
        }
        self.last_message = number;
        waiting.into_iter().try_for_each(|sent| self.subscriptions.wait(sent))
    }

    fn message(&self, subscription: &Subscription, delivery: &Delivery<'_>) -> Utf8Bytes {
        let id = format!("{}-{}", self.id, delivery.number);
        let is_acked = subscription.ack != AckMode::Auto && self.version == Version::V1_2;
        Encoder::new(self.version, Said::Message, delivery.body.len())
            .header("destination", delivery.destination)
            .header_if("subscription", subscription.id.as_deref())
            .header("message-id", &id)
            .header_if("ack", is_acked.then_some(id.as_str()))
            .header_if("redelivered", delivery.is_again.then_some("true"))
            .header_if("receipt-id", delivery.receipt)
            .body("application/json", delivery.body)
    }

    pub(super) fn receipt(&self, id: &str) -> Utf8Bytes {
        receipt(self.version, id)
    }

    /// Says what is wrong and ends.
    pub(super) fn fail(&mut self, fault: &Fault, receipt: Option<&str>, acts: &mut Vec<Act>) {
        if self.phase == Phase::Over {
            return;
        }
        let message = fault.to_string();
        let versions = (*fault == Fault::Version).then_some("1.0,1.1,1.2");
        let error = Encoder::new(self.version, Said::Error, message.len())
            .header("message", &message)
            .header_if("version", versions)
            .header_if("receipt-id", receipt)
            .body("text/plain", &message);
        self.end();
        acts.push(Act::Fail { error, farewell: fault.farewell() });
    }

    /// Once: who has just proven to be somebody.
    pub(super) fn newcomer(&mut self) -> Option<User> {
        self.newcomer.take()
    }

    pub(super) fn close(&mut self, farewell: Farewell, acts: &mut Vec<Act>) {
        self.end();
        acts.push(Act::Close(farewell));
    }

    fn end(&mut self) {
        self.phase = Phase::Over;
        self.forget();
    }

    /// Nothing more is delivered.
    pub(super) fn forget(&mut self) {
        self.subscriptions.clear();
        self.transactions = Transactions::default();
    }

    /// Has it agreed to beat?
    pub(super) fn beats(&self) -> bool {
        self.beats.to_client.is_some()
    }

    /// Something has left: the next heart-beat is due later.
    pub(super) fn said(&mut self, now: Instant) {
        self.said_at = now;
    }

    /// When `on_timer` wants to be called.
    pub(super) fn due_at(&self) -> Option<Instant> {
        let (beat_at, silent_at) = (self.beat_at(), self.silent_at());
        let opening =
            (self.phase == Phase::Opening).then(|| self.opened_at + self.settings.connect_max);
        let standing = self.standing.due_at().filter(|_| self.phase != Phase::Over);
        [beat_at, silent_at, opening, standing].into_iter().flatten().min()
    }

    /// A little before it has to be there.
    fn beat_at(&self) -> Option<Instant> {
        self.beats.to_client.map(|interval| self.said_at + interval * 9 / 10)
    }

    fn silent_at(&self) -> Option<Instant> {
        self.beats.from_client.map(|interval| self.heard_at + interval * SILENT_INTERVALS)
    }

    pub(super) fn on_timer(&mut self, now: Instant, acts: &mut Vec<Act>) {
        let is_unopened =
            self.phase == Phase::Opening && now >= self.opened_at + self.settings.connect_max;
        let stands = match self.phase {
            Phase::Over => Ok(()),
            Phase::Opening | Phase::Open => self.standing.check_time(&self.identity, now),
        };
        if let Err(refusal) = stands {
            return self.fail(&Fault::Identity(refusal), None, acts);
        }
        match self.phase {
            Phase::Over => {}
            Phase::Opening if is_unopened => self.close(Farewell::UNOPENED, acts),
            Phase::Opening => {}
            Phase::Open if self.silent_at().is_some_and(|at| now >= at) => {
                self.close(Farewell::SILENT, acts);
            }
            Phase::Open if self.beat_at().is_some_and(|at| now >= at) => {
                self.said_at = now;
                acts.push(Act::Beat);
            }
            Phase::Open => {}
        }
    }
}

fn sequence(text: &str) -> Result<u64, Fault> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).ok_or(Fault::FromSequence)
}

fn needed<'a>(frame: &'a Frame, header: &'static str) -> Result<&'a str, Fault> {
    frame.headers.get(header).ok_or(Fault::Missing { verb: frame.verb, header })
}

impl From<TransactionError> for Fault {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Known => Self::TransactionKnown,
            TransactionError::Unknown => Self::TransactionUnknown,
            TransactionError::Full => Self::Transactions,
        }
    }
}

#[cfg(test)]
mod tests;
