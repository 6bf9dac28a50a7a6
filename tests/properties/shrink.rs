//! A failing stream made short: pieces are taken out for as long as it still fails, half of it
//! first, single steps last. The opening stays, so that there is something to trade.

use orison_core::Command;

use super::first_difference;
use super::world::Difference;
use crate::stream::Step;

/// The short stream, ending with the step that fails, and how it fails now: in the same way.
pub(super) fn shrunk(mut steps: Vec<Step>, failed: Difference) -> (Vec<Step>, Difference) {
    steps.truncate(failed.index + 1);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut piece = steps.len() / 2;
    while piece > 0 {
        let mut from = 0;
        while from < steps.len() {
            let shorter = without(&steps, from, from + piece);
            match first_difference(&shorter, 1) {
                Some(found) if shorter.len() < steps.len() && found.kind() == failed.kind() => {
                    steps = shorter;
                    steps.truncate(found.index + 1);
                }
                _ => from += piece,
            }
        }
        piece /= 2;
    }
    let last = first_difference(&steps, 1).expect("only failing streams were kept");
    std::panic::set_hook(hook);
    (steps, last)
}

fn without(steps: &[Step], from: usize, to: usize) -> Vec<Step> {
    let stays = |(index, step): &(usize, &Step)| {
        let is_opening = step.number == 0 && matches!(step.command, Command::Genesis(_));
        is_opening || !(from..to).contains(index)
    };
    steps.iter().enumerate().filter(stays).map(|(_, step)| step.clone()).collect()
}
