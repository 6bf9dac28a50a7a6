//! One client's session: reads frames, carries out what they ask, drains the outbox. Reading and
//! writing go on side by side, so that a client that is slow to read is still heard; what is due
//! is gathered and flushed once. Gives back how it ended.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesOrdered, Stream};
use futures_util::{Sink, StreamExt};
use orison_core::{AccountName, Reason};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes};

use super::ending;
use super::reply;
use super::request::{self, Ask, Options, OrderCall, Request, RequestId, Secret};
use super::subscriptions::Subscriptions;
use crate::App;
use crate::connections::{NoRoom, Place, Purpose, Safety, User};
use crate::fanout::{self, Asker, Due, Seat, TooOld};
use crate::http::goodbye::Goodbye;
use crate::http::hearing::Hearing;
use crate::http::{Handshake, OrderEntry};
use crate::identity::{Action, NotTheirs, Principal, Standing};
use crate::language::{Language, Message as Text};
use crate::xtrader::entry::{self, Caller};
use crate::xtrader::json::Object;
use crate::xtrader::problem::{Answer, Problem};

/// Bytes gathered before they are written and flushed.
const CHUNK_BYTES: usize = 64 << 10;
/// Orders without an answer yet; at this many the session stops reading until one is answered.
const ANSWERS_MAX: usize = 256;
/// Turns after which others have theirs: one read may bring hundreds of frames.
const TURNS_MAX: u64 = 16;
/// How often a write that does not get on is looked at.
const WRITE_WATCH: Duration = Duration::from_secs(1);

type Answering = Pin<Box<dyn Future<Output = Utf8Bytes> + Send>>;

pub(super) struct Session<'a> {
    app: &'a Arc<App>,
    seat: &'a Seat,
    place: &'a Place,
    language: Language,
    order_entry: OrderEntry,
    standing: Standing,
    /// What is cancelled when it ends.
    safety: Option<Safety>,
    subscriptions: Subscriptions,
    /// In the order the orders came in, which is the order they were entered in.
    answers: FuturesOrdered<Answering>,
    writing: Writing,
    heard: Instant,
    next_beat: Instant,
    hearing: Hearing,
}

/// What has been taken from the outbox and is on its way to the socket.
#[derive(Default)]
struct Writing {
    chunk: VecDeque<Due>,
    active: bool,
    ping_due: bool,
    /// Since when its oldest event message had waited.
    oldest_event: Option<Instant>,
    /// The timer looks after it.
    watched: bool,
    /// Read before the next chunk is taken, so that a busy topic does not keep a client unheard.
    read_next: bool,
}

/// What happened next.
enum Turn {
    Frame(Option<Result<Message, Error>>),
    Answered(Utf8Bytes),
    Due,
    Written(Result<(), Error>),
    Overflow,
    Timer,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        app: &'a Arc<App>,
        seat: &'a Seat,
        handshake: &Handshake,
        place: &'a Place,
    ) -> Self {
        let now = Instant::now();
        Self {
            app,
            seat,
            place,
            language: handshake.language,
            order_entry: handshake.order_entry,
            standing: Standing::new(handshake.principal.clone(), handshake.peer.ip(), now),
            safety: None,
            subscriptions: Subscriptions::default(),
            answers: FuturesOrdered::new(),
            writing: Writing::default(),
            heard: now,
            next_beat: now + app.hub.settings().heartbeat,
            hearing: Hearing::default(),
        }
    }

    pub(super) async fn run<S>(&mut self, socket: &mut WebSocketStream<S>) -> Goodbye
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.say(reply::connected(self.seat.client.id));
        let mut timer = pin!(sleep_until(self.timer_at().into()));
        let mut turns: u64 = 0;
        loop {
            turns += 1;
            if turns.is_multiple_of(TURNS_MAX) {
                tokio::task::yield_now().await;
            }
            let turn = poll_fn(|context| self.poll_turn(context, socket, timer.as_mut())).await;
            let ended = match turn {
                Turn::Frame(frame) => {
                    let due = self.standing.due_at();
                    let ended = self.on_frame(frame).await;
                    if self.standing.due_at() != due {
                        timer.as_mut().reset(self.timer_at().into());
                    }
                    ended
                }
                Turn::Answered(text) => {
                    self.say(text);
                    None
                }
                Turn::Due => self.take_due(),
                Turn::Written(Ok(())) => {
                    self.writing.active = false;
                    self.writing.watched = false;
                    self.writing.read_next = true;
                    None
                }
                Turn::Written(Err(error)) => Some(Goodbye::of_error(&error)),
                Turn::Overflow => Some(ending::of_outbox(crate::fanout::Ending::SlowConsumer)),
                Turn::Timer => {
                    let ended = self.on_timer();
                    timer.as_mut().reset(self.timer_at().into());
                    ended
                }
            };
            if let Some(goodbye) = ended {
                return goodbye;
            }
        }
    }

    fn poll_turn<S>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut WebSocketStream<S>,
        mut timer: Pin<&mut Sleep>,
    ) -> Poll<Turn>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if std::mem::take(&mut self.writing.read_next)
            && let Poll::Ready(turn) = self.poll_read(context, socket)
        {
            return Poll::Ready(turn);
        }
        let outbox = &self.seat.client.outbox;
        if self.writing.active {
            if let Poll::Ready(written) = self.writing.poll(context, socket) {
                return Poll::Ready(Turn::Written(written));
            }
            if !self.writing.watched {
                self.writing.watched = true;
                timer.as_mut().reset((Instant::now() + WRITE_WATCH).into());
            }
            if outbox.poll_overflow(context).is_ready() {
                return Poll::Ready(Turn::Overflow);
            }
        } else if outbox.poll_due(context).is_ready() {
            return Poll::Ready(Turn::Due);
        }
        if let Poll::Ready(turn) = self.poll_read(context, socket) {
            return Poll::Ready(turn);
        }
        timer.poll(context).map(|()| Turn::Timer)
    }

    fn poll_read<S>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut WebSocketStream<S>,
    ) -> Poll<Turn>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if let Poll::Ready(Some(text)) = self.answers.poll_next_unpin(context) {
            return Poll::Ready(Turn::Answered(text));
        }
        if self.answers.len() >= ANSWERS_MAX {
            return Poll::Pending;
        }
        ready!(self.hearing.poll_ready(context));
        Pin::new(socket).poll_next(context).map(Turn::Frame)
    }

    /// Takes what is due from the outbox, or ends when nothing more will come.
    fn take_due(&mut self) -> Option<Goodbye> {
        let outbox = &self.seat.client.outbox;
        if let Some(ending) = outbox.ending() {
            return Some(ending::of_outbox(ending));
        }
        let taken = outbox.take(&mut self.writing.chunk, CHUNK_BYTES);
        self.writing.oldest_event = taken.oldest_event;
        self.writing.active = true;
        if taken.room {
            self.seat.room();
        }
        let counters = self.seat.counters();
        counters.messages_sent.add(self.writing.chunk.len() as u64);
        let bytes: usize = self.writing.chunk.iter().map(|due| due.text.len()).sum();
        counters.bytes_sent.add(bytes as u64);
        None
    }

    async fn on_frame(&mut self, frame: Option<Result<Message, Error>>) -> Option<Goodbye> {
        let message = match frame {
            None => return Some(Goodbye::Gone),
            Some(Err(error)) => return Some(Goodbye::of_error(&error)),
            Some(Ok(message)) => message,
        };
        self.heard = Instant::now();
        self.seat.client.heard();
        match message {
            Message::Text(text) => self.on_text(text.as_str()).await,
            Message::Binary(_) => {
                let (english, korean) =
                    ("only text messages are understood", "텍스트 메시지만 지원합니다");
                let message = Text::ours(english, korean);
                self.refuse(&Problem::new(415, "UNSUPPORTED_DATA", message), None);
                self.is_flood().then_some(ending::FLOOD)
            }
            // The stream has counted it.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => None,
            Message::Close(_) => Some(Goodbye::Answered),
        }
    }

    /// The message that was heard last is one too many.
    fn is_flood(&mut self) -> bool {
        self.hearing.take(self.heard).is_err()
    }

    async fn on_text(&mut self, text: &str) -> Option<Goodbye> {
        self.seat.counters().messages_received.add(1);
        let (id, request) = request::read(text);
        let id = id.as_ref();
        if !matches!(request, Ok(Request::Enter(..))) && self.is_flood() {
            return Some(ending::FLOOD);
        }
        let request = match request {
            Ok(Request::Auth(token)) => return self.authenticate(&token, id),
            Ok(Request::Pong) => return None,
            request => self.standing.principal().map_err(Problem::from).and(request),
        };
        let done = match request {
            Ok(Request::Subscribe(ask)) => {
                if self.claim(ask.account).is_err() {
                    return Some(ending::TOO_MANY);
                }
                self.subscribe(*ask, id).await
            }
            Ok(Request::Unsubscribe(ask)) => self.unsubscribe(&ask, id),
            Ok(Request::Snapshot(ask)) => self.snapshot(*ask),
            Ok(Request::Ping(timestamp)) => {
                self.say(reply::pong(timestamp.as_deref(), id));
                Ok(())
            }
            Ok(Request::Auth(_) | Request::Pong) => Ok(()),
            Ok(Request::Enter(call, object)) => match self.place.take(call.purpose(), 1) {
                Ok(()) => {
                    self.enter(call, object, id.cloned());
                    Ok(())
                }
                // Who goes on regardless floods us.
                Err(_) if self.is_flood() => return Some(ending::FLOOD),
                Err(_) => Err(Problem::refused(Reason::RateLimit)),
            },
            Ok(Request::SetSession(options)) => self.set_session(options, id).await,
            #[cfg(test)]
            Ok(Request::Panic) => panic!("asked for by a test"),
            Err(problem) => Err(problem),
        };
        if let Err(problem) = done {
            self.refuse(&problem, id);
        }
        None
    }

    /// A wrong token ends a session that was nobody's; one that is somebody's goes on as it was.
    fn authenticate(&mut self, token: &Secret, id: Option<&RequestId>) -> Option<Goodbye> {
        let was_nobody = self.standing.principal().is_err();
        match self.standing.take(&self.app.identity, &token.0, self.heard) {
            Ok(principal) => {
                let user = User::of(principal);
                let reply = reply::authenticated(principal, id);
                if user.is_some_and(|user| self.place.name(user).is_err()) {
                    return Some(ending::TOO_MANY);
                }
                self.say(reply);
                None
            }
            Err(refusal) if was_nobody => Some(ending::of_identity(refusal)),
            Err(refusal) => {
                self.refuse(&refusal.into(), id);
                None
            }
        }
    }

    /// In open mode the session is counted for the account it names first.
    fn claim(&self, account: Option<AccountName>) -> Result<(), NoRoom> {
        let is_claim = self.standing.principal().is_ok_and(Principal::is_anonymous);
        let user = account.filter(|_| is_claim).and_then(User::claimed);
        user.map_or(Ok(()), |user| self.place.name(user))
    }

    /// The options replace those there were; a timer begins anew. What it may cancel one day is
    /// paid for now.
    async fn set_session(
        &mut self,
        options: Options,
        id: Option<&RequestId>,
    ) -> Result<(), Problem> {
        if self.order_entry == OrderEntry::Refused {
            return Err(origin_refused());
        }
        let principal = self.standing.check(Action::Trade)?;
        let account = principal.account_of(options.account, Action::Trade);
        let account =
            account.map_err(|_| Problem::refused(Reason::UnknownAccount).about("account"))?;
        let paid = self.place.take(Purpose::Cancel, 1);
        paid.map_err(|_| Problem::refused(Reason::RateLimit))?;
        if let Some(known) = self.safety.take() {
            known.dismiss();
        }
        let client = Arc::clone(&self.seat.client);
        let tell = move |cancelled| {
            client.outbox.push_answer(reply::dead_man(&account, cancelled), Instant::now());
            client.outbox.wake();
        };
        let (on_end, dead_man) = (options.on_end, options.dead_man);
        self.safety = Some(Safety::promise(self.app, account, on_end, dead_man, tell).await?);
        self.say(reply::session_updated(&account, &options, id));
        Ok(())
    }

    /// Whose orders are meant. Outer: nothing may be read; inner: that account may not.
    fn whose(&self, ask: &Ask) -> Result<Result<AccountName, NotTheirs>, Problem> {
        let principal = self.standing.check(Action::ReadMarket)?;
        Ok(principal.account_of(ask.account, Action::ReadOwn))
    }

    async fn subscribe(&mut self, mut ask: Ask, id: Option<&RequestId>) -> Result<(), Problem> {
        self.language = ask.language.unwrap_or(self.language);
        let whose = self.whose(&ask)?;
        ask.account = whose.ok();
        let plan = {
            let views = self.app.views.read();
            self.subscriptions.plan_subscribe(&ask, views.catalog.instruments())?
        };
        if plan.account.is_some() {
            self.standing.check(Action::ReadOwn)?;
            whose.map_err(|_| Problem::refused(Reason::UnknownAccount).about("account"))?;
        }
        // Own orders are for whoever may order: a foreign page shall not read them either.
        if plan.account.is_some() && self.order_entry == OrderEntry::Refused {
            return Err(origin_refused().about("channels"));
        }
        let reply = reply::confirmed("SubscribeSuccess", &plan, id);
        let wanted = fanout::Ask {
            topics: plan.topics.clone(),
            wish: plan.wish.clone(),
            from_sequence: ask.from_sequence,
            reply: Some(reply),
            asker: Asker::default(),
        };
        match self.seat.subscribe(wanted).await {
            Some(Ok(_at)) => {
                self.subscriptions.subscribed(&plan);
                Ok(())
            }
            Some(Err(TooOld { oldest })) => Err(Problem::too_old(oldest)),
            // The hub has stopped: the outbox says so next.
            None => Ok(()),
        }
    }

    fn unsubscribe(&mut self, ask: &Ask, id: Option<&RequestId>) -> Result<(), Problem> {
        let plan = {
            let views = self.app.views.read();
            self.subscriptions.plan_unsubscribe(ask, views.catalog.instruments())?
        };
        self.subscriptions.unsubscribed(&plan);
        let reply = reply::confirmed("UnsubscribeSuccess", &plan, id);
        self.seat.unsubscribe(plan.topics, Some(reply));
        Ok(())
    }

    fn snapshot(&mut self, mut ask: Ask) -> Result<(), Problem> {
        ask.account = self.whose(&ask)?.ok();
        let topics = {
            let views = self.app.views.read();
            self.subscriptions.plan_snapshot(&ask, views.catalog.instruments())?
        };
        self.seat.show(topics);
        Ok(())
    }

    /// The command is entered when the answer is first polled, which is before the next frame is
    /// read.
    fn enter(&mut self, call: OrderCall, object: Object, id: Option<RequestId>) {
        let (app, language) = (Arc::clone(self.app), self.language);
        let order_entry = self.order_entry;
        let caller = self.standing.check(Action::Trade);
        let caller = caller.map(|principal| Caller::of(principal, None, Action::Trade, language));
        self.answers.push_back(Box::pin(async move {
            let answer = match (order_entry, caller) {
                (OrderEntry::Refused, _) => origin_refused().answer(language),
                (OrderEntry::Allowed, Err(refusal)) => Problem::from(refusal).answer(language),
                (OrderEntry::Allowed, Ok(caller)) => carry_out(&app, &caller, call, object).await,
            };
            reply::order_response(&answer, id.as_ref())
        }));
    }

    fn refuse(&self, problem: &Problem, id: Option<&RequestId>) {
        self.say(reply::error(problem, self.language, id));
    }

    /// Waits in the outbox behind what is there; the session drains it itself.
    fn say(&self, text: Utf8Bytes) {
        let outbox = &self.seat.client.outbox;
        outbox.push_answer(text, Instant::now());
        outbox.wake();
    }

    fn on_timer(&mut self) -> Option<Goodbye> {
        let now = Instant::now();
        let settings = self.app.hub.settings();
        let outbox = &self.seat.client.outbox;
        if self.writing.active {
            let oldest = self.writing.oldest_event.or_else(|| outbox.oldest_event());
            let age = oldest.map(|oldest| now.saturating_duration_since(oldest));
            if age.is_some_and(|age| age > settings.outbox.event_age_max) {
                outbox.end(crate::fanout::Ending::SlowConsumer);
                return Some(ending::of_outbox(crate::fanout::Ending::SlowConsumer));
            }
        }
        if let Err(refusal) = self.standing.check_time(&self.app.identity, now) {
            return Some(ending::of_identity(refusal));
        }
        if now.saturating_duration_since(self.heard) > settings.silence_max {
            return Some(ending::SILENT);
        }
        if now >= self.next_beat {
            self.next_beat = now + settings.heartbeat;
            self.writing.ping_due = true;
            self.say(reply::ping());
        }
        None
    }

    fn timer_at(&self) -> Instant {
        let silent_at = self.heard + self.app.hub.settings().silence_max;
        // A moment behind the limit, so that it has passed when the timer fires.
        let next = self.next_beat.min(silent_at + Duration::from_millis(1));
        let next = self.standing.due_at().map_or(next, |due| next.min(due));
        match self.writing.active {
            true => next.min(Instant::now() + WRITE_WATCH),
            false => next,
        }
    }
}

async fn carry_out(app: &App, caller: &Caller, call: OrderCall, object: Object) -> Answer {
    match call {
        OrderCall::Place => entry::place(app, caller, object).await,
        OrderCall::Test => entry::test(app, caller, object).await,
        OrderCall::Oco => entry::oco(app, caller, object).await,
        OrderCall::Oto => entry::oto(app, caller, object).await,
        OrderCall::Cancel => entry::cancel(app, caller, object).await,
        OrderCall::Amend => entry::amend(app, caller, object).await,
        OrderCall::CancelAll => entry::cancel_all(app, caller, object).await,
    }
}

fn origin_refused() -> Problem {
    let english = "orders are neither taken from nor shown to this web origin";
    let korean = "이 웹 출처에서는 주문하거나 주문을 볼 수 없습니다";
    Problem::new(403, "ORIGIN_REFUSED", Text::ours(english, korean))
}

impl Writing {
    /// Hands the chunk to the socket and flushes once.
    fn poll<S>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut WebSocketStream<S>,
    ) -> Poll<Result<(), Error>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut socket = Pin::new(socket);
        if self.ping_due {
            ready!(socket.as_mut().poll_ready(context))?;
            self.ping_due = false;
            socket.as_mut().start_send(Message::Ping(Bytes::new()))?;
        }
        while !self.chunk.is_empty() {
            ready!(socket.as_mut().poll_ready(context))?;
            let Some(due) = self.chunk.pop_front() else { break };
            socket.as_mut().start_send(Message::Text(due.text))?;
        }
        socket.poll_flush(context)
    }
}
