//! A synthetic market.
