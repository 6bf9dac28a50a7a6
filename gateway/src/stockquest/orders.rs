//! `/ws/orders`: orders in, and everything that happens to them. A session is told of the orders
//! that it entered, and once it subscribes of all its account's. What happens comes in one stream;
//! the answer to a request is the first message of its command there, marked with the request's
//! id, so that nothing about an order is said before ORDER_SUBMITTED. Of what a request was
//! refused, its session alone is told in its own words.

use std::collections::{HashSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use engine::projection::OrderView;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use orison_core::event::Entry;
use orison_core::{ClientOrderId, Event, OrderId};
use serde::{Deserialize, Serialize};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use utoipa::ToSchema;

use super::envelope::{Request, RequestId, Stamps, marked, unknown_type};
use super::history::limit;
use super::host::{self, Host, Symbols};
use super::kind::Told;
use super::order_news::{OrderBody, OrderEvent, OrderRejected, body};
use super::shape::camel;
use crate::connections::Purpose;
use crate::desk::Outcome;
use crate::fanout::{self, Dialect, Due, Topic, Wish};
use crate::xtrader::entry::{self, Call, Caller, Refused};
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

/// Requests without an answer yet; at this many the session hears nothing until one is answered.
const ANSWERS_MAX: usize = 256;
/// Orders of a session that it is told of without a subscription; then the oldest is forgotten.
const OWN_MAX: usize = 1 << 14;
const HISTORY_DEFAULT: u64 = 100;
/// A larger limit is this.
const HISTORY_MAX: u64 = 1_000;

/// What this socket is asked.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    Subscribe,
    Unsubscribe,
    Status,
    History,
    Enter(Call),
}

pub(super) const ASKS: &[(&str, Ask)] = &[
    ("SUBSCRIBE_ORDERS", Ask::Subscribe),
    ("UNSUBSCRIBE_ORDERS", Ask::Unsubscribe),
    ("REQUEST_ORDER_STATUS", Ask::Status),
    ("REQUEST_ORDER_HISTORY", Ask::History),
    ("SUBMIT_ORDER", Ask::Enter(Call::Place)),
    ("CANCEL_ORDER", Ask::Enter(Call::Cancel)),
    ("MODIFY_ORDER", Ask::Enter(Call::Amend)),
];

type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

pub(super) struct Orders {
    /// In the order the requests came in, which is the order they were entered in.
    answers: FuturesOrdered<Answering>,
    subscription: Subscription,
    own: HashSet<OrderId>,
    /// The same, the oldest first.
    own_in_order: VecDeque<OrderId>,
    /// Answers whose message has not come through the stream yet.
    echoes: VecDeque<Echo>,
    /// The command of the last request that was answered.
    answered: u64,
}

/// Whose orders are told beside the session's own.
enum Subscription {
    None,
    All,
    Of(HashSet<String>),
}

/// What becomes of the first message of a command that this session gave.
struct Echo {
    sequence: u64,
    fate: Fate,
}

enum Fate {
    /// It is the answer.
    Marked(OrderId, Option<RequestId>),
    /// The refusal was told already.
    Dropped,
}

/// What became of a request.
pub(super) struct Answer {
    call: Call,
    id: Option<RequestId>,
    named: Named,
    result: Result<Outcome, Refused>,
}

/// What a request named, for whoever is refused.
struct Named {
    symbol: Option<String>,
    order: Option<OrderId>,
    client_order_id: Option<String>,
}

/// What of a message of the stream decides who is told.
#[derive(Deserialize)]
struct Label<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    seq: u64,
    #[serde(borrow)]
    data: About<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct About<'a> {
    order_id: Option<&'a str>,
    /// Owned: it may have had to be escaped.
    symbol: Option<String>,
}

/// SUBSCRIPTION_CONFIRMED of this socket.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrdersConfirmed {
    account: String,
    /// Whether orders of other sessions are told too.
    subscribed: bool,
    /// Null: of every symbol.
    symbols: Option<Vec<String>>,
    unknown_symbols: Vec<String>,
}

/// ORDER_HISTORY: open and closed orders, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct OrderHistory {
    orders: Vec<OrderBody>,
    /// `before` of the next page; null: this was the last.
    next: Option<String>,
}

impl Orders {
    /// ACTIVE_ORDERS, and from there on what happens.
    pub(super) async fn open(host: &Host) -> Self {
        let topics = vec![Topic::Orders(host.account)];
        let wish = Wish { dialect: Dialect::StockQuest, ..Wish::default() };
        let joined =
            host.seat.subscribe(fanout::Ask { topics, wish, ..fanout::Ask::default() }).await;
        // None: the hub has stopped, and the outbox says so next.
        debug_assert!(joined.is_none_or(|joined| joined.is_ok()), "no history was asked for");
        Self {
            answers: FuturesOrdered::new(),
            subscription: Subscription::None,
            own: HashSet::new(),
            own_in_order: VecDeque::new(),
            echoes: VecDeque::new(),
            answered: 0,
        }
    }

    /// Requests are entered when this is first polled, which is before the next one is heard.
    pub(super) async fn answered(&mut self) -> Answer {
        match self.answers.next().await {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }

    pub(super) fn may_hear(&self) -> bool {
        self.answers.len() < ANSWERS_MAX
    }

    pub(super) fn hear(
        &mut self,
        host: &Host,
        request: Request,
        id: Option<RequestId>,
    ) -> Result<(), Problem> {
        let ask = request.among(ASKS);
        let ask = ask.ok_or_else(|| unknown_type(&request.kind, host.socket))?;
        let mut data = request.data;
        match ask {
            Ask::Subscribe => self.subscribe(host, &mut data, id.as_ref()),
            Ask::Unsubscribe => {
                self.subscription = Subscription::None;
                self.confirm(host, id.as_ref(), Vec::new());
                Ok(())
            }
            Ask::Status => status(host, &mut data, id.as_ref()),
            Ask::History => {
                host.charge()?;
                history(host, &mut data, id.as_ref())
            }
            Ask::Enter(call) => {
                let caller = host.caller()?;
                self.enter(host, caller, (call, data), id);
                Ok(())
            }
        }
    }

    fn subscribe(
        &mut self,
        host: &Host,
        data: &mut Object,
        id: Option<&RequestId>,
    ) -> Result<(), Problem> {
        let symbols = host::symbols(&host.app.views.read(), data)?;
        let (subscription, unknown) = match symbols {
            None => (Subscription::All, Vec::new()),
            Some(Symbols { known, unknown }) => {
                let names = known.iter().map(|instrument| instrument.symbol.to_string());
                (Subscription::Of(names.collect()), unknown)
            }
        };
        self.subscription = subscription;
        self.confirm(host, id, unknown);
        Ok(())
    }

    fn confirm(&self, host: &Host, id: Option<&RequestId>, unknown_symbols: Vec<String>) {
        let (subscribed, symbols) = match &self.subscription {
            Subscription::None => (false, Some(Vec::new())),
            Subscription::All => (true, None),
            Subscription::Of(names) => {
                let mut names: Vec<String> = names.iter().cloned().collect();
                names.sort_unstable();
                (true, Some(names))
            }
        };
        let account = host.account.to_string();
        let body = OrdersConfirmed { account, subscribed, symbols, unknown_symbols };
        host.say(Told::SubscriptionConfirmed, Stamps::answer(id), &body);
    }

    fn enter(
        &mut self,
        host: &Host,
        caller: Caller,
        (call, mut data): (Call, Object),
        id: Option<RequestId>,
    ) {
        let app = Arc::clone(&host.app);
        to_rest(&mut data);
        let named = Named {
            symbol: data.shown("symbol"),
            order: data.shown("order_id").and_then(|id| OrderId::parse(&id)),
            client_order_id: data.shown("client_order_id"),
        };
        if let Err(problem) = host.draw(purpose(call)) {
            return refuse(host, call, named, &problem, id.as_ref());
        }
        self.answers.push_back(Box::pin(async move {
            let result = entry::ask(&app, &caller, call, data).await;
            Answer { call, id, named, result }
        }));
    }

    pub(super) fn on_answer(&mut self, host: &Host, answer: Answer) {
        let Answer { call, id, named, result } = answer;
        match result {
            Ok(outcome) => {
                let sequence = outcome.stamp.sequence.0;
                self.answered = sequence;
                match outcome.answer {
                    Event::Accepted(accepted) => {
                        self.remember(accepted.order);
                        match accepted.entry {
                            Entry::New => self.expect(sequence, Fate::Marked(accepted.order, id)),
                            Entry::Duplicate => repeated(host, accepted.order, id.as_ref()),
                        }
                    }
                    Event::Cancelled(cancelled) => {
                        self.expect(sequence, Fate::Marked(cancelled.order, id));
                    }
                    Event::Amended(amended) => {
                        self.expect(sequence, Fate::Marked(amended.order, id));
                    }
                    other => {
                        tracing::error!(?call, ?other, sequence, "an outcome that answers nothing");
                        host.refuse(&Problem::internal(), id.as_ref());
                    }
                }
            }
            Err(Refused { problem, sequence }) => {
                if let Some(sequence) = sequence {
                    self.answered = sequence;
                    self.expect(sequence, Fate::Dropped);
                }
                refuse(host, call, named, &problem, id.as_ref());
            }
        }
    }

    fn remember(&mut self, order: OrderId) {
        if !self.own.insert(order) {
            return;
        }
        self.own_in_order.push_back(order);
        if self.own_in_order.len() > OWN_MAX
            && let Some(oldest) = self.own_in_order.pop_front()
        {
            self.own.remove(&oldest);
        }
    }

    fn expect(&mut self, sequence: u64, fate: Fate) {
        self.echoes.push_back(Echo { sequence, fate });
    }

    /// Pending: it may be of a command whose answer this session still waits for.
    pub(super) fn judge(&mut self, due: &Due) -> Poll<Option<Utf8Bytes>> {
        // An answer of our own.
        if due.about.is_none() {
            return Poll::Ready(Some(due.text.clone()));
        }
        let label: Label<'_> =
            serde_json::from_str(due.text.as_str()).expect("the stream carries our own envelopes");
        if label.seq > self.answered && !self.answers.is_empty() {
            return Poll::Pending;
        }
        let order = label.data.order_id.and_then(OrderId::parse);
        while self.echoes.front().is_some_and(|echo| echo.sequence < label.seq) {
            self.echoes.pop_front();
        }
        let answers = |echo: &mut Echo| match &echo.fate {
            Fate::Marked(marked, _) => echo.sequence == label.seq && Some(*marked) == order,
            Fate::Dropped => echo.sequence == label.seq && label.kind == "ORDER_REJECTED",
        };
        match self.echoes.pop_front_if(answers).map(|echo| echo.fate) {
            Some(Fate::Dropped) => return Poll::Ready(None),
            Some(Fate::Marked(_, Some(id))) => {
                return Poll::Ready(Some(marked(due.text.as_str(), &id)));
            }
            Some(Fate::Marked(_, None)) => return Poll::Ready(Some(due.text.clone())),
            None => {}
        }
        let is_own = order.is_some_and(|order| self.own.contains(&order));
        let is_told = is_own || self.subscription.has(label.data.symbol.as_deref());
        Poll::Ready(is_told.then(|| due.text.clone()))
    }
}

fn purpose(call: Call) -> Purpose {
    match call {
        Call::Place | Call::Amend => Purpose::Entry,
        Call::Cancel => Purpose::Cancel,
    }
}

impl Subscription {
    fn has(&self, symbol: Option<&str>) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Of(names) => symbol.is_some_and(|symbol| names.contains(symbol)),
        }
    }
}

/// Fields of an order as REST names them; whatever else stands there is refused there.
const NAMES: [(&str, &str); 8] = [
    ("orderType", "type"),
    ("timeInForce", "time_in_force"),
    ("clientOrderId", "client_order_id"),
    ("orderId", "order_id"),
    ("postOnly", "post_only"),
    ("stopPrice", "stop_price"),
    ("minQuantity", "min_quantity"),
    ("expireAt", "expire_at"),
];

fn to_rest(data: &mut Object) {
    for (ours, of_rest) in NAMES {
        if !data.has(of_rest) {
            data.rename(ours, of_rest);
        }
    }
}

/// What is wrong with the message is an ERROR; what is wrong with the order rejects it.
fn refuse(host: &Host, call: Call, named: Named, problem: &Problem, id: Option<&RequestId>) {
    if problem.code == "BAD_REQUEST" {
        return host.refuse(problem, id);
    }
    host.app.metrics.error(problem.code);
    let body = OrderRejected {
        order_id: problem.order.or(named.order),
        symbol: named.symbol,
        client_order_id: named.client_order_id,
        account: host.account,
        operation: match call {
            Call::Place => "SUBMIT",
            Call::Cancel => "CANCEL",
            Call::Amend => "MODIFY",
        },
        code: problem.code,
        error: problem.message.text(host.language).to_owned(),
        field: problem.field.as_deref().map(camel),
    };
    host.say(Told::OrderRejected, Stamps::answer(id), &body);
}

/// An idempotent repeat is in no stream: the order is told as it stands.
fn repeated(host: &Host, order: OrderId, id: Option<&RequestId>) {
    let views = host.app.views.read();
    let known = views.orders.order(order);
    let body = known.and_then(|order| body(&views, &host.account, order));
    let sequence = views.at().sequence.0;
    drop(views);
    let Some(order) = body else { return host.refuse(&Problem::order_not_found(), id) };
    let event = OrderEvent { order, index: None, kept_priority: None, duplicate: Some(true) };
    host.say(Told::OrderSubmitted, Stamps::answer(id).at(sequence), &event);
}

fn status(host: &Host, data: &mut Object, id: Option<&RequestId>) -> Result<(), Problem> {
    let (order, client) = (data.text("orderId")?, data.text("clientOrderId")?);
    let views = host.app.views.read();
    let account = views.catalog.account(&host.account);
    let found: Option<&OrderView> = match (order, client) {
        (Some(order), None) => OrderId::parse(&order).and_then(|order| views.orders.order(order)),
        (None, Some(client)) => {
            let client = ClientOrderId::new(&client).ok();
            account.zip(client).and_then(|(id, client)| views.orders.by_client(id, &client))
        }
        (None, None) => return Err(Problem::missing("orderId")),
        (Some(_), Some(_)) => {
            let english = "name the order by orderId or by clientOrderId, not by both";
            let korean = "orderId와 clientOrderId 중 하나만 보내십시오";
            return Err(Problem::bad_request(english, korean).about("clientOrderId"));
        }
    };
    let own = found.filter(|order| Some(order.account) == account);
    let order = own.and_then(|order| body(&views, &host.account, order));
    let order = order.ok_or_else(Problem::order_not_found)?;
    let sequence = views.at().sequence.0;
    drop(views);
    let event = OrderEvent { order, index: None, kept_priority: None, duplicate: None };
    host.say(Told::OrderStatus, Stamps::answer(id).at(sequence), &event);
    Ok(())
}

fn history(host: &Host, data: &mut Object, id: Option<&RequestId>) -> Result<(), Problem> {
    let limit = limit(data, HISTORY_DEFAULT, HISTORY_MAX)?;
    let before = data.text("before")?.map(|text| {
        let wrong = || Problem::invalid_parameter("before", "an order id", "주문 ID여야 합니다");
        OrderId::parse(&text).ok_or_else(wrong)
    });
    let before = before.transpose()?;
    let views = host.app.views.read();
    let instrument = match data.has("symbol") {
        true => Some(host::instrument(&views, data)?.id),
        false => None,
    };
    let account = views.catalog.account(&host.account);
    // An order that is still known is where the page goes on; a forgotten one has only its age.
    let older =
        account.zip(before).and_then(|(id, order)| views.orders.of_account_before(id, order));
    let newest = account.filter(|_| older.is_none()).map(|id| views.orders.of_account(id));
    let age = |id: OrderId| (id.sequence.0, id.leg);
    let mut found = older
        .into_iter()
        .flatten()
        .chain(newest.into_iter().flatten())
        .filter(|order| instrument.is_none_or(|id| order.instrument == id))
        .filter(|order| before.is_none_or(|before| age(order.id) < age(before)));
    let page: Vec<&OrderView> = found.by_ref().take(limit).collect();
    let has_more = found.next().is_some();
    let next = page.last().filter(|_| has_more).map(|order| order.id.to_string());
    let orders = page.into_iter().filter_map(|order| body(&views, &host.account, order)).collect();
    let sequence = views.at().sequence.0;
    drop(found);
    drop(views);
    host.say(Told::OrderHistory, Stamps::answer(id).at(sequence), &OrderHistory { orders, next });
    Ok(())
}
