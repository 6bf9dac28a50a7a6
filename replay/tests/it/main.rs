//! The tool and its library from outside: directories, texts and exit statuses. Journals are made
//! by tapes and flows in directories that go away; nothing here reaches into the engine.
#![allow(clippy::unwrap_used, reason = "all of this is test code")]

mod run;

mod audit;
mod figures;
mod flow;
mod journal;
mod past_builds;
mod pipes;
mod scenarios;
mod tape;
