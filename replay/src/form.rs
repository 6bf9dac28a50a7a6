//! How commands and events look as text: the words and keys that tape and dump share. Plain
//! values in, JSON out; no form decides anything.

pub(crate) mod command;
pub(crate) mod event;
pub(crate) mod names;
pub(crate) mod words;
