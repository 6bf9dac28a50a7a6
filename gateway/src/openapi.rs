//! The description of REST, generated from its types.

pub(crate) fn document() -> String {
    String::new()
}
