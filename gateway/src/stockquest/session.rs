//! One session, whatever carries it: hears requests and hands them to the room of its socket,
//! drains the outbox as the transport has room, beats, and ends. Hearing and saying go on side by
//! side, so that a client that is slow to read is still heard; what is due every tick is dropped
//! for it, and the next tick shows what is newest.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::header::ACCEPT_LANGUAGE;
use orison_core::{AccountName, Reason};
use tokio::time::Sleep;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::envelope::{self, Request, RequestId, Stamps};
use super::host::Host;
use super::kind::{COMMON, Common, Socket, Told};
use super::room::{News, Room};
use super::service::Hall;
use super::shape::{AuthConfirmed, ConnectionEstablished, Empty, millis};
use crate::App;
use crate::connections::{Place, User};
use crate::fanout::{Due, Ending, Outbox};
use crate::http::hearing::Hearing;
use crate::http::query::Query;
use crate::http::{OrderEntry, order_entry};
use crate::identity::{Action, IDENTITY_CLOSE, Refusal, Standing};
use crate::language::{Language, Message as Text};
use crate::sockjs::{Close, Message, Opening, Talk};
use crate::xtrader::entry::{account_name, shared_account};
use crate::xtrader::problem::Problem;

/// Bytes taken from the outbox at once.
const CHUNK_BYTES: usize = 16 << 10;
/// How often a transport without room is looked at.
const WATCH: Duration = Duration::from_secs(1);
/// A session that has ended may take so long to say what is left.
const PARTING_MAX: Duration = Duration::from_secs(5);

const GONE: Close = Close::new(1000, "disconnected");
const FLOOD: Close = Close::new(1008, "too many messages");
const POLICY: Close = Close::new(1008, "not for this page or account");
const TOO_MANY: Close = Close::new(1013, "too many sessions of this user");
const IDLE: Close = Close::new(4408, "idle");
const SLOW: Close = Close::new(4500, "slow consumer");

pub(super) struct Session {
    host: Host,
    line: Line,
    room: Room,
    /// Taken from the outbox; the first of them may wait for the answer to a request.
    pending: VecDeque<Due>,
    /// Why the session cannot even begin.
    refused: Option<Problem>,
    /// The account that the address names.
    named: Option<AccountName>,
    parting: Option<(Close, Instant)>,
    hearing: Hearing,
    next_beat: Instant,
    heard_at: Instant,
    /// Frames of the client when that was last looked at.
    frames: u64,
}

/// The transport's side.
struct Line {
    talk: Talk,
    /// The transport has had no room since then.
    blocked_since: Option<Instant>,
    hear_next: bool,
}

/// What happened next.
enum Turn {
    News(News),
    Heard(Option<Message>),
    Due,
    /// All is said.
    Parted,
    Overflow,
    Gone,
    Timer,
}

impl Session {
    pub(super) fn new(
        app: &Arc<App>,
        hall: &Hall,
        socket: Socket,
        opening: &Opening,
        talk: Talk,
    ) -> Self {
        let now = Instant::now();
        let languages = opening.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let (named, refused) = match named(opening) {
            Ok(named) => (named, foreign_page(app, socket, opening)),
            Err(problem) => (None, Some(problem)),
        };
        let seat = app.hub.join_unnoticed(opening.peer);
        let place = opening.seat.clone().and_then(|seat| seat.downcast::<Place>().ok());
        if let Some(place) = &place {
            place.follow(seat.client.id);
        }
        let opener = match &place {
            Some(place) => place.opener().cloned(),
            None => app.identity.of_nobody(),
        };
        let host = Host {
            app: Arc::clone(app),
            studio: Arc::clone(&hall.studio),
            settings: hall.settings,
            socket,
            seat,
            language: Language::from_accept_language(languages.unwrap_or_default()),
            standing: Standing::new(opener, opening.peer.ip(), now),
            account: named.unwrap_or_else(shared_account),
            place,
        };
        Self {
            named,
            next_beat: now + host.settings.heartbeat,
            host,
            line: Line { talk, blocked_since: None, hear_next: false },
            room: Room::Lobby,
            pending: VecDeque::new(),
            refused,
            parting: None,
            hearing: Hearing::default(),
            heard_at: now,
            frames: 0,
        }
    }

    /// To its end.
    pub(super) async fn run(mut self) -> Close {
        self.greet();
        match self.refused.take() {
            Some(problem) => {
                self.host.refuse(&problem, None);
                self.part(POLICY);
            }
            None if self.host.standing.principal().is_ok() => self.enter().await,
            None => {}
        }
        let mut timer = pin!(tokio::time::sleep_until(self.timer_at().into()));
        loop {
            let turn = {
                let Self { host, line, room, pending, parting, hearing, .. } = &mut self;
                let outbox = &host.seat.client.outbox;
                let is_open = pending.is_empty();
                let is_parting = parting.is_some();
                let may_hear = !is_parting && room.may_hear();
                tokio::select! {
                    biased;
                    news = room.news() => Turn::News(news),
                    turn = poll_fn(|context| {
                        let may_hear = may_hear && hearing.poll_ready(context).is_ready();
                        let wants = Wants { is_open, may_hear, is_parting };
                        line.poll(context, outbox, wants, timer.as_mut())
                    }) => turn,
                }
            };
            let ended = match turn {
                Turn::News(news) => self.on_news(news),
                Turn::Heard(Some(message)) => {
                    let ended = self.on_message(&message).await;
                    // Others have their turn before the next, whatever this one cost.
                    tokio::task::yield_now().await;
                    ended
                }
                Turn::Heard(None) | Turn::Gone => Some(GONE),
                Turn::Due => self.take_due(),
                Turn::Overflow => Some(SLOW),
                Turn::Parted => Some(self.parting.take().map_or(GONE, |(close, _)| close)),
                Turn::Timer => self.on_timer(),
            };
            if let Some(close) = ended {
                return close;
            }
            let timer_at = self.timer_at().into();
            if timer.is_elapsed() || timer_at < timer.deadline() {
                timer.as_mut().reset(timer_at);
            }
        }
    }

    fn greet(&self) {
        let Host { socket, settings, seat, .. } = &self.host;
        let body = ConnectionEstablished {
            session_id: seat.client.id.to_string(),
            socket: socket.name(),
            account: self.whose().map(|account| account.to_string()),
            heartbeat_interval: millis(settings.heartbeat),
            idle_timeout: millis(settings.idle_max),
        };
        self.host.say(Told::ConnectionEstablished, Stamps::default(), &body);
    }

    /// The account that the session is about, or its own where it may not read that one. None: it
    /// is nobody's yet.
    fn whose(&self) -> Option<AccountName> {
        let principal = self.host.standing.principal().ok()?;
        let named = principal.account_of(self.named, Action::ReadOwn).ok();
        named.or(principal.account)
    }

    /// Somebody is there: the room of the socket opens, for the account that is theirs.
    async fn enter(&mut self) {
        let user = self.host.standing.principal().ok().and_then(User::of);
        if let (Some(place), Some(user)) = (&self.host.place, user)
            && place.name(user).is_err()
        {
            return self.part(TOO_MANY);
        }
        match self.admitted() {
            Ok(account) => {
                self.host.account = account;
                self.room = Room::open(&self.host).await;
            }
            Err(problem) => {
                self.host.refuse(&problem, None);
                self.part(POLICY);
            }
        }
    }

    fn admitted(&self) -> Result<AccountName, Problem> {
        let Host { socket, standing, .. } = &self.host;
        let action = if socket.is_private() { Action::ReadOwn } else { Action::ReadMarket };
        let principal = standing.check(action)?;
        let account = principal.account_of(self.named, Action::ReadOwn);
        account.map_err(|_| Problem::refused(Reason::UnknownAccount).about("account"))
    }

    async fn on_message(&mut self, message: &Message) -> Option<Close> {
        self.heard_at = Instant::now();
        self.host.seat.client.heard();
        self.host.seat.counters().messages_received.add(1);
        if self.hearing.take(self.heard_at).is_err() {
            return Some(FLOOD);
        }
        let Message::Text(text) = message else {
            self.host.refuse(&binary(), None);
            return None;
        };
        let (id, request) = envelope::decode(text.as_str());
        let heard = match request {
            Ok(request) if request.among(COMMON) == Some(Common::Auth) => {
                return self.authenticate(request, id.as_ref()).await;
            }
            Ok(request) => self.hear(request, id.as_ref()),
            Err(problem) => Err(problem),
        };
        if let Err(problem) = heard {
            self.host.refuse(&problem, id.as_ref());
        }
        None
    }

    /// A wrong token ends a session that was nobody's; one that is somebody's goes on as it was.
    async fn authenticate(&mut self, request: Request, id: Option<&RequestId>) -> Option<Close> {
        let mut data = request.data;
        let token = match data.text("token") {
            Ok(Some(token)) => token,
            Ok(None) => {
                self.host.refuse(&Problem::missing("token"), id);
                return None;
            }
            Err(problem) => {
                self.host.refuse(&problem, id);
                return None;
            }
        };
        let was_nobody = self.host.standing.principal().is_err();
        let identity = Arc::clone(&self.host.app.identity);
        let taken = self.host.standing.take(&identity, &token, self.heard_at).cloned();
        match taken {
            Ok(principal) => {
                if was_nobody && let Some(account) = self.whose() {
                    self.host.account = account;
                }
                let body = AuthConfirmed {
                    user: principal.user.to_string(),
                    account: self.host.account.to_string(),
                    role: principal.role.word(),
                    expires_at: principal.expires_at_ms,
                };
                self.host.say(Told::AuthConfirmed, Stamps::answer(id), &body);
                if was_nobody {
                    self.enter().await;
                }
            }
            Err(refusal) => {
                self.host.refuse(&refusal.into(), id);
                if was_nobody {
                    self.part(of_identity(refusal));
                }
            }
        }
        None
    }

    fn hear(&mut self, request: Request, id: Option<&RequestId>) -> Result<(), Problem> {
        match request.among(COMMON) {
            // One that is not marked asks for nothing: it says that the client is there.
            Some(Common::Heartbeat) => {
                if id.is_some() {
                    self.host.say(Told::Heartbeat, Stamps::answer(id), &Empty {});
                }
                Ok(())
            }
            Some(Common::Auth) => Ok(()),
            None => {
                self.host.standing.principal()?;
                self.room.hear(&self.host, request, id)
            }
        }
    }

    fn on_news(&mut self, news: News) -> Option<Close> {
        match news {
            News::Answer(answer) => {
                self.room.on_answer(&self.host, *answer);
                self.deliver();
            }
            News::Tick(tick) => {
                if self.line.blocked_since.is_some() {
                    self.host.seat.counters().conflated.add(1);
                    return None;
                }
                let mut due = Vec::new();
                self.room.tick(&self.host, &tick, &mut |text| due.push(text));
                self.put(due);
            }
            News::Figure(figure) => figure.tell(&self.host),
            News::Overview(text) => {
                if self.line.blocked_since.is_some() {
                    self.host.seat.counters().conflated.add(1);
                    return None;
                }
                self.put(vec![text]);
            }
        }
        None
    }

    /// Takes what is due from the outbox; how to end when nothing more will come.
    fn take_due(&mut self) -> Option<Close> {
        let outbox = &self.host.seat.client.outbox;
        match outbox.ending() {
            Some(Ending::SlowConsumer) => return Some(SLOW),
            Some(Ending::Shutdown) => {
                self.say_goodbye();
                return Some(Close::SHUTDOWN);
            }
            None => {}
        }
        let taken = outbox.take(&mut self.pending, CHUNK_BYTES);
        if taken.room {
            self.host.seat.room();
        }
        self.deliver();
        self.line.hear_next = true;
        None
    }

    /// Says what was taken, as far as the room knows whether to.
    fn deliver(&mut self) {
        let mut texts = Vec::new();
        while let Some(due) = self.pending.front() {
            let Poll::Ready(text) = self.room.judge(due) else { break };
            self.pending.pop_front();
            texts.extend(text);
        }
        self.put(texts);
    }

    fn put(&mut self, texts: Vec<Utf8Bytes>) {
        let counters = self.host.seat.counters();
        counters.messages_sent.add(texts.len() as u64);
        counters.bytes_sent.add(texts.iter().map(|text| text.len() as u64).sum());
        for text in texts {
            if self.line.talk.put(Message::Text(text)).is_err() {
                // The next turn sees it.
                return;
            }
        }
    }

    /// Nothing can be pushed any more: it goes out by itself.
    fn say_goodbye(&mut self) {
        let text = Text::ours("the exchange is shutting down", "거래소가 종료 중입니다");
        let problem = Problem::new(503, "STOPPING", text);
        let body = super::shape::ErrorBody::new(&problem, self.host.language);
        self.put(vec![envelope::encode(Told::Error, Stamps::default(), &body)]);
    }

    fn part(&mut self, close: Close) {
        self.parting.get_or_insert((close, Instant::now() + PARTING_MAX));
    }

    fn on_timer(&mut self) -> Option<Close> {
        let now = Instant::now();
        if let Some((close, until)) = &self.parting {
            return (now >= *until).then(|| close.clone());
        }
        let outbox = &self.host.seat.client.outbox;
        let age_max = self.host.app.hub.settings().outbox.event_age_max;
        let oldest = outbox.oldest_event().filter(|_| self.line.blocked_since.is_some());
        if oldest.is_some_and(|oldest| now.saturating_duration_since(oldest) > age_max) {
            outbox.end(Ending::SlowConsumer);
            return Some(SLOW);
        }
        if let Err(refusal) = self.host.standing.check_time(&self.host.app.identity, now) {
            return Some(of_identity(refusal));
        }
        let frames = self.line.talk.frames();
        if std::mem::replace(&mut self.frames, frames) != frames {
            self.heard_at = now;
        }
        if now.saturating_duration_since(self.heard_at) >= self.host.settings.idle_max {
            return Some(IDLE);
        }
        if now >= self.next_beat {
            self.next_beat = now + self.host.settings.heartbeat;
            self.host.say(Told::Heartbeat, Stamps::default(), &Empty {});
        }
        None
    }

    fn timer_at(&self) -> Instant {
        if let Some((_, until)) = &self.parting {
            return *until;
        }
        let idle_at = self.heard_at + self.host.settings.idle_max;
        let next = self.next_beat.min(idle_at);
        let next = self.host.standing.due_at().map_or(next, |due| next.min(due));
        match self.line.blocked_since {
            Some(_) => next.min(Instant::now() + WATCH),
            None => next,
        }
    }
}

/// What a session is ready for.
#[derive(Clone, Copy)]
struct Wants {
    /// Nothing that was taken from the outbox waits.
    is_open: bool,
    may_hear: bool,
    is_parting: bool,
}

impl Line {
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        outbox: &Outbox,
        wants: Wants,
        mut timer: Pin<&mut Sleep>,
    ) -> Poll<Turn> {
        if std::mem::take(&mut self.hear_next)
            && let Poll::Ready(turn) = self.poll_hear(context, wants)
        {
            return Poll::Ready(turn);
        }
        match self.talk.poll_room(context) {
            Poll::Ready(Err(_)) => return Poll::Ready(Turn::Gone),
            Poll::Ready(Ok(())) => {
                self.blocked_since = None;
                if wants.is_open && outbox.poll_due(context).is_ready() {
                    return Poll::Ready(Turn::Due);
                }
                if wants.is_open && wants.is_parting {
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
        if let Poll::Ready(turn) = self.poll_hear(context, wants) {
            return Poll::Ready(turn);
        }
        timer.poll(context).map(|()| Turn::Timer)
    }

    fn poll_hear(&mut self, context: &mut Context<'_>, wants: Wants) -> Poll<Turn> {
        if !wants.may_hear {
            return Poll::Pending;
        }
        self.talk.poll_next(context).map(Turn::Heard)
    }
}

/// `?account=` of the address.
fn named(opening: &Opening) -> Result<Option<AccountName>, Problem> {
    let query = Query::parse(&opening.query)?;
    query.get("account").map(account_name).transpose()
}

/// The text is that of the refusal; who is not let in has no language yet.
fn of_identity(refusal: Refusal) -> Close {
    let reason = refusal.message().text(Language::English).to_owned();
    Close { code: IDENTITY_CLOSE, reason: reason.into() }
}

/// What belongs to an account is for whoever may enter orders for it: a foreign page shall not
/// read it either.
fn foreign_page(app: &App, socket: Socket, opening: &Opening) -> Option<Problem> {
    match order_entry(&opening.headers, &app.config.allowed_origins) {
        OrderEntry::Refused if socket.is_private() => {
            let english = "what belongs to an account is not shown to this web origin";
            let korean = "이 웹 출처에는 계정 정보를 보여 주지 않습니다";
            Some(Problem::new(403, "ORIGIN_REFUSED", Text::ours(english, korean)))
        }
        OrderEntry::Refused | OrderEntry::Allowed => None,
    }
}

fn binary() -> Problem {
    let english = "only text messages are understood";
    let message = Text::ours(english, "텍스트 메시지만 지원합니다");
    Problem::new(415, "UNSUPPORTED_DATA", message)
}
