//! How commands and events look as text: the words and keys that tape and dump share. Plain
//! values in, JSON out; no form decides anything.

mod admin;
pub(crate) mod command;
pub(crate) mod event;
mod feeds;
pub(crate) mod names;
pub(crate) mod place;
mod units;
pub(crate) mod words;

#[cfg(test)]
mod tests;
