//! Everything that is done with a journal after it was written: recovery, verification, looking
//! into the past, and the text formats that drive an engine. It stands on `engine` and `journal`
//! and knows no socket. Directories and texts go in; state, reports and texts come out.

pub mod flow;
mod form;
mod json;
pub mod playback;
pub mod player;
pub mod recovery;
pub mod tape;

pub use player::Player;
pub use recovery::{Progress, RecoverError, Recovered, genesis, recover};
