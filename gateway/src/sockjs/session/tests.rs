//! A session's life, on a clock that only the test moves.

use super::*;
use crate::sockjs::service::{Gone, Message, Talk};

const HEARTBEAT: Duration = Duration::from_secs(25);
const MANY: usize = 1 << 20;

fn session() -> (Arc<Session>, Talk) {
    let wire = Wire::new(1 << 10, 1 << 10);
    let opener = Opener::of(&HeaderMap::new());
    (Session::new(Arc::clone(&wire), opener), Talk::new(wire))
}

fn text(text: &str) -> Message {
    Message::Text(text.into())
}

async fn poll(session: &Arc<Session>) -> Frame {
    match session.attach().await {
        Ok(mut receiver) => {
            let frame = receiver.next(HEARTBEAT, MANY).await;
            receiver.leave();
            frame
        }
        Err(close) => Frame::Close(close),
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_frame_opens_and_the_next_carries_all_that_waits() {
    let (session, mut talk) = session();
    talk.say(text("a")).await.unwrap();
    assert_eq!(poll(&session).await, Frame::Open);
    talk.say(text("b")).await.unwrap();
    assert_eq!(poll(&session).await, Frame::Messages(vec![text("a"), text("b")]));
    let waiting = tokio::spawn(async move { poll(&session).await });
    tokio::task::yield_now().await;
    talk.say(text("c")).await.unwrap();
    assert_eq!(waiting.await.unwrap(), Frame::Messages(vec![text("c")]));
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_heartbeat_unless_the_service_beats() {
    let (session, mut talk) = session();
    let begun = Instant::now();
    assert_eq!(poll(&session).await, Frame::Open);
    assert_eq!(poll(&session).await, Frame::Heartbeat);
    assert_eq!(poll(&session).await, Frame::Heartbeat);
    assert_eq!(begun.elapsed().as_secs(), 2 * HEARTBEAT.as_secs());
    talk.keep_own_beat();
    let waiting = tokio::spawn(async move { poll(&session).await });
    tokio::time::sleep(HEARTBEAT * 3).await;
    talk.say(text("\n")).await.unwrap();
    assert_eq!(waiting.await.unwrap(), Frame::Messages(vec![text("\n")]));
}

#[tokio::test(start_paused = true)]
async fn a_second_receiver_is_turned_away_and_the_first_stays() {
    let (session, mut talk) = session();
    let mut first = session.attach().await.unwrap();
    assert_eq!(first.next(HEARTBEAT, MANY).await, Frame::Open);
    assert_eq!(poll(&session).await, Frame::Close(Close::OCCUPIED));
    talk.say(text("a")).await.unwrap();
    assert_eq!(first.next(HEARTBEAT, MANY).await, Frame::Messages(vec![text("a")]));
    let second = tokio::spawn({
        let session = Arc::clone(&session);
        async move { session.attach().await.is_ok() }
    });
    tokio::task::yield_now().await;
    first.leave();
    assert!(second.await.unwrap(), "the first left while the second waited");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_dropped_ends_the_session() {
    let (session, mut talk) = session();
    let mut receiver = session.attach().await.unwrap();
    assert_eq!(receiver.next(HEARTBEAT, MANY).await, Frame::Open);
    talk.say(text("lost")).await.unwrap();
    drop(receiver);
    assert_eq!(talk.next().await, None);
    assert_eq!(talk.say(text("late")).await, Err(Gone));
    session.closed().await;
    for _ in 0..2 {
        assert_eq!(poll(&session).await, Frame::Close(Close::INTERRUPTED));
    }
}

#[tokio::test(start_paused = true)]
async fn a_closed_session_opens_tells_what_waits_and_then_why_again_and_again() {
    let (session, mut talk) = session();
    let close = Close::new(3000, "Go away!");
    talk.say(text("a")).await.unwrap();
    session.close(close.clone());
    session.close(Close::SHUTDOWN);
    assert_eq!(talk.say(text("b")).await, Err(Gone));
    assert_eq!(poll(&session).await, Frame::Open);
    assert_eq!(poll(&session).await, Frame::Messages(vec![text("a")]));
    for _ in 0..3 {
        assert_eq!(poll(&session).await, Frame::Close(close.clone()));
    }
    let begun = Instant::now();
    session.abandoned(Duration::from_secs(5)).await;
    assert_eq!(begun.elapsed().as_secs(), 5, "from the last who asked");
}

#[tokio::test(start_paused = true)]
async fn without_a_receiver_it_is_abandoned_after_its_time() {
    let (session, mut talk) = session();
    let begun = Instant::now();
    session.abandoned(Duration::from_secs(5)).await;
    assert_eq!(begun.elapsed().as_secs(), 5, "nobody ever came");
    let receiver = session.attach().await.unwrap();
    let watching = tokio::spawn({
        let session = Arc::clone(&session);
        async move {
            session.abandoned(Duration::from_secs(5)).await;
            begun.elapsed().as_secs()
        }
    });
    tokio::time::sleep(Duration::from_secs(60)).await;
    receiver.leave();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(poll(&session).await, Frame::Open);
    assert_eq!(watching.await.unwrap(), 5 + 60 + 3 + 5, "each visit begins the time anew");
    session.interrupt();
    assert_eq!(talk.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_large_backlog_leaves_in_parts() {
    let (session, mut talk) = session();
    for index in 0..4 {
        talk.put(text(&index.to_string().repeat(100))).unwrap();
    }
    assert_eq!(poll(&session).await, Frame::Open);
    let mut receiver = session.attach().await.unwrap();
    let mut read = Vec::new();
    while read.len() < 2 {
        let Frame::Messages(messages) = receiver.next(HEARTBEAT, 200).await else { panic!() };
        read.push(messages.len());
    }
    assert_eq!(read, [2, 2]);
    receiver.leave();
}
