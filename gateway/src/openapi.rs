//! The description of REST, generated from its types.
