//! Everything that is done with a journal after it was written: recovery, verification, looking
//! into the past, and the text formats that drive an engine. It stands on `engine` and `journal`
//! and knows no socket. Directories and texts go in; state, reports and texts come out.

pub mod changes;
pub mod recovery;

pub mod follower;
pub mod priority;
pub mod retention;
pub mod snapshot;

pub mod playback;
pub mod player;
mod relay;

pub mod past;
pub mod verify;

pub mod ask;
pub mod certificate;
pub mod fork;
pub mod key;
pub mod proof;
pub mod state;
pub mod tell;

pub mod book;
pub mod diff;
pub mod dump;
pub mod figures;
pub mod life;

pub mod flow;
pub mod steady;
pub mod tape;

pub mod json;
pub mod moment;

mod form;

pub use changes::{Change, Changes};
pub use player::Player;
pub use recovery::{Progress, RecoverError, Recovered, genesis, recover, upgrade};
