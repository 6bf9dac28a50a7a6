//! The road from ingress to outlet: what comes out is what the core alone would say, in order,
//! gated, whatever the rings' sizes and the stages' ways of waiting.

mod checks;
mod gate;
mod harness;
mod road;
mod stopping;
mod whole;
