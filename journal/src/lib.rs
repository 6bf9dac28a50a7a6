//! journal
/// The one who appends; being built.
pub struct Writer {}
