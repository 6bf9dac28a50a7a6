//! One session on its transport: hears messages, carries out what the state machine asks for,
//! drains the outbox as the transport has room. Hearing and saying go on side by side, so that a
//! client that is slow to read is still heard. Knows the protocol only through `Session`.

use std::collections::{HashMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use hyper::header::ACCEPT_LANGUAGE;
use tokio::time::Sleep;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::act::{Act, Farewell, Fault, Petition, Refusal};
use super::broker::{self, Extent, Named, Spelling};
use super::encode::BEAT;
use super::left::PrayerBucket;
use super::prayer;
use super::session::Session;
use crate::App;
use crate::connections::Place;
use crate::fanout::{About, Ask, Asker, Ending, Seat, TooOld, Topic};
use crate::feeds::{RegisterError, Registration};
use crate::identity::Standing;
use crate::language::{Language, Message as Text};
use crate::sockjs::{Close, Message, Opening, Talk};
use crate::xtrader::problem::Problem;
use crate::xtrader::rest::feeds;

/// Bytes taken from the outbox at once.
const CHUNK_BYTES: usize = 16 << 10;
/// Prayers without an answer yet; at this many the session stops hearing until one is answered.
const ANSWERS_MAX: usize = 256;
/// Topics that the subscriptions of a session may cover together; more end it.
const TOPICS_MAX: usize = 1_024;
/// A pattern takes up a topic that comes to be within this time.
const REFRESH: Duration = Duration::from_secs(1);
/// How often a transport without room is looked at.
const WATCH: Duration = Duration::from_secs(1);
/// A session that has ended may take so long to say what is left.
const PARTING_MAX: Duration = Duration::from_secs(5);

type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What became of prayers, or of a DISCONNECT.
enum Answer {
    Counted { receipt: Option<String>, outcome: Result<(), Problem> },
    Receipt(Option<Utf8Bytes>),
}

/// What happened next.
enum Turn {
    Heard(Option<Message>),
    Answered(Answer),
    Due,
    /// All is said.
    Parted,
    Overflow,
    Gone,
    Timer,
}

pub(super) struct Conversation {
    app: Arc<App>,
    seat: Seat,
    place: Option<Arc<Place>>,
    session: Session,
    talk: Talk,
    language: Language,
    bucket: PrayerBucket,
    /// Every topic that the session hears of, and the names it knows it by.
    names: HashMap<Topic, Vec<(Arc<str>, Spelling)>>,
    /// What venues are asked for because of a subscription, as long as it lasts.
    wishes: HashMap<u64, Registration>,
    /// What there was when the subscriptions were last looked at. None: they cover what they may.
    extent: Option<Extent>,
    /// In the order the prayers came in, which is the order they were entered in.
    answers: FuturesOrdered<Answering>,
    acts: Vec<Act>,
    parting: Option<(Farewell, Instant)>,
    /// The transport has had no room since then.
    blocked_since: Option<Instant>,
    hear_next: bool,
}

impl Conversation {
    pub(super) fn new(app: Arc<App>, opening: &Opening, talk: Talk) -> Self {
        let now = Instant::now();
        let seat = app.hub.join_unnoticed(opening.peer);
        let place = opening.seat.clone().and_then(|seat| seat.downcast::<Place>().ok());
        if let Some(place) = &place {
            place.follow(seat.client.id);
        }
        let id = seat.client.id.simple().to_string();
        let identity = Arc::clone(&app.identity);
        let opener = match &place {
            Some(place) => place.opener().cloned(),
            None => identity.of_nobody(),
        };
        let standing = Standing::new(opener, opening.peer.ip(), now);
        let languages = opening.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self {
            session: Session::new(id, app.lobby.settings, identity, standing, now),
            seat,
            place,
            talk,
            language: Language::from_accept_language(languages.unwrap_or_default()),
            bucket: app.lobby.left_buckets.open(opening.peer.ip(), now),
            names: HashMap::new(),
            wishes: HashMap::new(),
            extent: None,
            answers: FuturesOrdered::new(),
            acts: Vec::new(),
            parting: None,
            blocked_since: None,
            hear_next: false,
            app,
        }
    }

    /// To its end.
    pub(super) async fn run(mut self) -> Close {
        let mut timer = pin!(tokio::time::sleep_until(self.timer_at().into()));
        loop {
            let turn = poll_fn(|context| self.poll_turn(context, timer.as_mut())).await;
            match turn {
                Turn::Heard(Some(message)) => self.on_message(&message).await,
                Turn::Heard(None) | Turn::Gone => return close(Farewell::NORMAL),
                Turn::Answered(answer) => self.on_answer(answer).await,
                Turn::Due => {
                    if let Some(farewell) = self.take_due().await {
                        return close(farewell);
                    }
                }
                Turn::Overflow => return close(Farewell::SLOW),
                Turn::Parted => {
                    let farewell = self.parting.map_or(Farewell::NORMAL, |(farewell, _)| farewell);
                    return close(farewell);
                }
                Turn::Timer => {
                    if let Some(farewell) = self.on_timer().await {
                        return close(farewell);
                    }
                }
            }
            let timer_at = self.timer_at().into();
            if timer.is_elapsed() || timer_at < timer.deadline() {
                timer.as_mut().reset(timer_at);
            }
        }
    }

    fn poll_turn(&mut self, context: &mut Context<'_>, mut timer: Pin<&mut Sleep>) -> Poll<Turn> {
        if let Poll::Ready(Some(answer)) = self.answers.poll_next_unpin(context) {
            return Poll::Ready(Turn::Answered(answer));
        }
        if std::mem::take(&mut self.hear_next)
            && let Poll::Ready(turn) = self.poll_hear(context)
        {
            return Poll::Ready(turn);
        }
        let outbox = &self.seat.client.outbox;
        match self.talk.poll_room(context) {
            Poll::Ready(Err(_)) => return Poll::Ready(Turn::Gone),
            Poll::Ready(Ok(())) => {
                self.blocked_since = None;
                if outbox.poll_due(context).is_ready() {
                    return Poll::Ready(Turn::Due);
                }
                if self.parting.is_some() && self.answers.is_empty() {
                    return Poll::Ready(Turn::Parted);
                }
            }
            Poll::Pending => {
                if self.blocked_since.is_none() {
                    let now = Instant::now();
                    self.blocked_since = Some(now);
                    let watch_at = tokio::time::Instant::from(now + WATCH);
                    let earlier = watch_at.min(timer.deadline());
                    timer.as_mut().reset(earlier);
                }
                if outbox.poll_overflow(context).is_ready() {
                    return Poll::Ready(Turn::Overflow);
                }
            }
        }
        if let Poll::Ready(turn) = self.poll_hear(context) {
            return Poll::Ready(turn);
        }
        timer.poll(context).map(|()| Turn::Timer)
    }

    fn poll_hear(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        if self.parting.is_some() || self.answers.len() >= ANSWERS_MAX {
            return Poll::Pending;
        }
        ready!(self.session.poll_hearing(context));
        self.talk.poll_next(context).map(Turn::Heard)
    }

    async fn on_message(&mut self, message: &Message) {
        self.seat.client.heard();
        self.seat.counters().messages_received.add(1);
        let bytes = match message {
            Message::Text(text) => text.as_str().as_bytes(),
            Message::Binary(bytes) => bytes,
        };
        self.session.on_bytes(bytes, Instant::now(), &mut self.acts);
        if self.session.beats() {
            self.talk.keep_own_beat();
        }
        if let Some(user) = self.session.newcomer()
            && self.place.as_ref().is_some_and(|place| place.name(user).is_err())
        {
            self.acts.clear();
            self.session.close(Farewell::TOO_MANY, &mut self.acts);
        }
        self.carry_out().await;
    }

    /// What the session asks for, in order; doing it may make it ask for more.
    async fn carry_out(&mut self) {
        while !self.acts.is_empty() {
            for act in std::mem::take(&mut self.acts) {
                match act {
                    Act::Say(text) => self.say(text),
                    Act::Beat => self.beat(),
                    Act::Subscribe { key, receipt } => self.subscribe(key, receipt).await,
                    Act::Unsubscribe { receipt } => self.leave(receipt),
                    Act::Pray(petition) => self.pray(petition),
                    Act::Refuse { refusal, receipt } => {
                        self.refuse(&problem(refusal), receipt.as_deref());
                    }
                    Act::Leave { receipt } => {
                        self.answers.push_back(Box::pin(async { Answer::Receipt(receipt) }));
                        self.part(Farewell::NORMAL);
                    }
                    Act::Fail { error, farewell } => {
                        // After an ERROR there is no RECEIPT; the prayers count all the same.
                        self.answers.clear();
                        self.say(error);
                        self.part(farewell);
                    }
                    Act::Close(farewell) => self.part(farewell),
                }
            }
        }
    }

    /// Waits in the outbox behind what is there.
    fn say(&self, text: Utf8Bytes) {
        let outbox = &self.seat.client.outbox;
        outbox.push_answer(text, Instant::now());
        outbox.wake();
    }

    /// A transport without room says something anyway.
    fn beat(&mut self) {
        if self.blocked_since.is_none() && self.talk.put(Message::Text(BEAT)).is_err() {
            tracing::debug!(client = %self.seat.client.id, "gone when its heart-beat was due");
        }
    }

    fn part(&mut self, farewell: Farewell) {
        self.parting.get_or_insert((farewell, Instant::now() + PARTING_MAX));
    }

    async fn subscribe(&mut self, key: u64, receipt: Option<String>) {
        // Gone again if it was left in the same message.
        let pattern = self.session.subscription(key).map(|known| known.pattern.clone());
        let covered = match &pattern {
            Some(pattern) => {
                self.wish(key, broker::wished(pattern));
                let views = self.app.views.read();
                let covered = broker::covered(pattern, &views);
                if broker::is_open_ended(pattern, &covered) {
                    self.extent.get_or_insert_with(|| Extent::of(&views));
                }
                covered
            }
            None => Vec::new(),
        };
        self.enrol(key, covered, receipt).await;
    }

    fn wish(&mut self, key: u64, topics: Vec<crate::feeds::Topic>) {
        let on = self.app.feeds.get().filter(|_| !topics.is_empty());
        match on.map(|feeds| feeds.register("stomp", topics)) {
            Some(Ok(registration)) => drop(self.wishes.insert(key, registration)),
            Some(Err(error @ RegisterError::TooMany { .. })) => {
                self.refuse(&feeds::refused(&error), None);
            }
            // The topic of a venue whose feed is off is silent.
            Some(Err(RegisterError::VenueOff { .. } | RegisterError::NoKeys { .. })) | None => {}
        }
    }

    /// The topics of these names, each once.
    fn take_in(&mut self, covered: Vec<Named>) -> Vec<Topic> {
        let mut topics = Vec::new();
        for Named { name, topic, spelling } in covered {
            let names = self.names.entry(topic).or_default();
            if names.iter().all(|(known, _)| *known != name) {
                names.push((name, spelling));
            }
            if !topics.contains(&topic) {
                topics.push(topic);
            }
        }
        topics
    }

    /// Enters the subscription in the topics that it covers.
    async fn enrol(&mut self, key: u64, covered: Vec<Named>, receipt: Option<String>) {
        let topics = self.take_in(covered);
        if self.names.len() > TOPICS_MAX {
            self.session.fail(&Fault::Topics, None, &mut self.acts);
            return;
        }
        if topics.is_empty() {
            if let Some(receipt) = receipt {
                self.say(self.session.receipt(&receipt));
            }
            return;
        }
        let known = self.session.subscription(key);
        let from_sequence = known.and_then(|known| known.from_sequence);
        let reply = receipt.as_ref().map(|receipt| self.session.receipt(receipt));
        let asker = Asker(key);
        let ask = Ask { topics, from_sequence, reply, asker, ..Ask::default() };
        match self.seat.subscribe(ask).await {
            Some(Ok(at)) => self.session.begin(key, at),
            Some(Err(TooOld { oldest })) => {
                self.session.cancel(key);
                self.leave(None);
                self.refuse(&Problem::too_old(oldest), receipt.as_deref());
            }
            // The hub has stopped, and the outbox says so next.
            None => {}
        }
    }

    /// What is covered no more; the receipt goes after its last message.
    fn leave(&mut self, receipt: Option<Utf8Bytes>) {
        let session = &self.session;
        self.wishes.retain(|key, _| session.subscription(*key).is_some());
        let mut left = Vec::new();
        self.names.retain(|topic, names| {
            names.retain(|(name, _)| session.covers(name));
            if names.is_empty() {
                left.push(*topic);
            }
            !names.is_empty()
        });
        match (left.is_empty(), receipt) {
            (false, receipt) => self.seat.unsubscribe(left, receipt),
            (true, Some(receipt)) => self.say(receipt),
            (true, None) => {}
        }
    }

    /// Topics that have come to be since, to whom they concern.
    async fn refresh(&mut self) {
        let fresh = {
            let views = self.app.views.read();
            let extent = Extent::of(&views);
            if self.extent.replace(extent) == Some(extent) {
                return;
            }
            let is_known = |named: &Named| {
                let names = self.names.get(&named.topic).map_or(&[][..], Vec::as_slice);
                names.iter().any(|(known, _)| *known == named.name)
            };
            let all = self.session.subscriptions().iter().map(|known| {
                let covered = broker::covered(&known.pattern, &views).into_iter();
                (known.key, covered.filter(|named| !is_known(named)).collect::<Vec<_>>())
            });
            all.filter(|(_, fresh)| !fresh.is_empty()).collect::<Vec<_>>()
        };
        for (key, fresh) in fresh {
            self.enrol(key, fresh, None).await;
        }
    }

    fn pray(&mut self, petition: Petition) {
        let Petition { bodies, settles, receipt } = petition;
        match prayer::enter(&self.app.desk, &mut self.bucket, &bodies, Instant::now()) {
            Ok(entered) => {
                self.session.settle_all(&settles, &mut self.acts);
                self.answers.push_back(Box::pin(async move {
                    Answer::Counted { receipt, outcome: entered.counted().await }
                }));
            }
            Err(problem) => self.refuse(&problem, receipt.as_deref()),
        }
    }

    async fn on_answer(&mut self, answer: Answer) {
        match answer {
            Answer::Counted { receipt, outcome: Ok(()) } => {
                if let Some(receipt) = receipt {
                    self.say(self.session.receipt(&receipt));
                }
            }
            Answer::Counted { receipt, outcome: Err(problem) } => {
                self.refuse(&problem, receipt.as_deref());
            }
            Answer::Receipt(receipt) => {
                self.session.forget();
                if let Some(receipt) = receipt {
                    self.say(receipt);
                }
            }
        }
        self.carry_out().await;
    }

    /// To the session's own error queue, and to nobody else.
    fn refuse(&mut self, problem: &Problem, receipt: Option<&str>) {
        self.app.metrics.error(problem.code);
        let error = prayer::error(problem, self.language);
        let mut out = VecDeque::new();
        if self.session.tell_error(&error, receipt, &mut out).is_err() {
            self.session.fail(&Fault::Unacked, None, &mut self.acts);
        }
        for text in out {
            self.say(text);
        }
    }

    /// Says what is due, or how to end when nothing more will come.
    async fn take_due(&mut self) -> Option<Farewell> {
        let outbox = &self.seat.client.outbox;
        if let Some(ending) = outbox.ending() {
            return Some(self.on_ending(ending));
        }
        let mut due = VecDeque::new();
        let taken = outbox.take(&mut due, CHUNK_BYTES);
        if taken.room {
            self.seat.room();
        }
        let mut out = VecDeque::new();
        let mut delivered = Ok(());
        for message in due {
            let Some(About { topic, told }) = message.about else {
                out.push_back(message.text);
                continue;
            };
            for (name, spelling) in self.names.get(&topic).into_iter().flatten() {
                let one = self.session.deliver((name, *spelling), &message.text, told, &mut out);
                delivered = delivered.and(one);
            }
        }
        self.put(out);
        self.hear_next = true;
        if delivered.is_err() {
            self.session.fail(&Fault::Unacked, None, &mut self.acts);
            self.carry_out().await;
        }
        None
    }

    fn put(&mut self, out: VecDeque<Utf8Bytes>) {
        if out.is_empty() {
            return;
        }
        let counters = self.seat.counters();
        counters.messages_sent.add(out.len() as u64);
        counters.bytes_sent.add(out.iter().map(|text| text.len() as u64).sum());
        for text in out {
            if self.talk.put(Message::Text(text)).is_err() {
                // The next turn sees it.
                return;
            }
        }
        self.session.said(Instant::now());
    }

    /// Nothing can be pushed any more: what is left to say goes out by itself.
    fn on_ending(&mut self, ending: Ending) -> Farewell {
        match ending {
            Ending::SlowConsumer => Farewell::SLOW,
            Ending::Shutdown => {
                let english = "the exchange is shutting down";
                let message = Text::ours(english, "거래소가 종료 중입니다");
                let error = prayer::error(&Problem::new(503, "STOPPING", message), self.language);
                let mut out = VecDeque::new();
                // Whether it acknowledges this is of no matter any more.
                let _told = self.session.tell_error(&error, None, &mut out);
                self.put(out);
                Farewell::SHUTDOWN
            }
        }
    }

    async fn on_timer(&mut self) -> Option<Farewell> {
        let now = Instant::now();
        if let Some((farewell, until)) = self.parting {
            return (now >= until).then_some(farewell);
        }
        if self.is_stalled(now) {
            self.seat.client.outbox.end(Ending::SlowConsumer);
            return Some(Farewell::SLOW);
        }
        if self.extent.is_some() {
            self.refresh().await;
        }
        self.session.on_timer(now, &mut self.acts);
        self.carry_out().await;
        None
    }

    /// Nothing has left for very long, or an event has waited for too long meanwhile.
    fn is_stalled(&self, now: Instant) -> bool {
        let Some(blocked_since) = self.blocked_since else { return false };
        let is_beyond = |since, limit| now.saturating_duration_since(since) > limit;
        let age_max = self.app.hub.settings().outbox.event_age_max;
        let oldest = self.seat.client.outbox.oldest_event();
        is_beyond(blocked_since, self.app.lobby.settings.stall_max)
            || oldest.is_some_and(|oldest| is_beyond(oldest, age_max))
    }

    fn timer_at(&self) -> Instant {
        let now = Instant::now();
        if let Some((_, until)) = self.parting {
            return until;
        }
        let refresh = self.extent.map(|_| now + REFRESH);
        let watch = self.blocked_since.map(|_| now + WATCH);
        let all = [self.session.due_at(), refresh, watch];
        all.into_iter().flatten().min().unwrap_or(now + IDLE)
    }
}

/// A session that waits for nothing is looked at this often.
const IDLE: Duration = Duration::from_secs(3_600);

fn close(farewell: Farewell) -> Close {
    Close::new(farewell.code, farewell.reason)
}

fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Forbidden { destination } => {
            let english = format!("nothing can be sent to {destination}");
            let message = Text::ours(english, format!("{destination}: 보낼 수 없는 주소입니다"));
            Problem::new(403, "FORBIDDEN_DESTINATION", message)
        }
        Refusal::Unknown { destination } => {
            let english = format!("nobody listens at {destination}");
            let message = Text::ours(english, format!("{destination}: 없는 주소입니다"));
            Problem::new(404, "UNKNOWN_DESTINATION", message)
        }
    }
}
