//! Open transactions of a session: what was sent under their name waits for COMMIT. ABORT, and
//! the session's end, forget it.

use bytes::Bytes;

use super::act::Refusal;

/// Transactions open at once.
const TRANSACTIONS_MAX: usize = 16;
/// Frames, and bytes of their bodies, in all open transactions together.
const STEPS_MAX: usize = 1_024;
const BYTES_MAX: usize = 256 << 10;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Pray(Bytes),
    Settle(Settle),
    /// A SEND that goes nowhere, and takes the transaction with it.
    Refuse(Refusal),
}

/// An ACK or NACK.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Settle {
    pub(super) verdict: Verdict,
    /// None: it names no message of this session.
    pub(super) number: Option<u64>,
    /// As a client of 1.1 has to say.
    pub(super) subscription: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    Ack,
    Nack,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TransactionError {
    Known,
    Unknown,
    /// Too many, or too much in them.
    Full,
}

#[derive(Default)]
pub(super) struct Transactions {
    open: Vec<(String, Vec<Step>)>,
    steps: usize,
    bytes: usize,
}

impl Transactions {
    pub(super) fn begin(&mut self, name: &str) -> Result<(), TransactionError> {
        if self.position(name).is_ok() {
            return Err(TransactionError::Known);
        }
        if self.open.len() == TRANSACTIONS_MAX {
            return Err(TransactionError::Full);
        }
        self.open.push((name.to_owned(), Vec::new()));
        Ok(())
    }

    pub(super) fn add(&mut self, name: &str, step: Step) -> Result<(), TransactionError> {
        let position = self.position(name)?;
        let bytes = self.bytes + bytes_of(&step);
        if self.steps == STEPS_MAX || bytes > BYTES_MAX {
            return Err(TransactionError::Full);
        }
        (self.steps, self.bytes) = (self.steps + 1, bytes);
        self.open[position].1.push(step);
        Ok(())
    }

    /// Closes it and gives out what was done in it.
    pub(super) fn end(&mut self, name: &str) -> Result<Vec<Step>, TransactionError> {
        let position = self.position(name)?;
        let (_, steps) = self.open.remove(position);
        self.steps -= steps.len();
        self.bytes -= steps.iter().map(bytes_of).sum::<usize>();
        Ok(steps)
    }

    fn position(&self, name: &str) -> Result<usize, TransactionError> {
        let found = self.open.iter().position(|(known, _)| known == name);
        found.ok_or(TransactionError::Unknown)
    }
}

fn bytes_of(step: &Step) -> usize {
    match step {
        Step::Pray(body) => body.len(),
        Step::Settle(_) | Step::Refuse(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TransactionError::{Full, Known, Unknown};

    fn pray(bytes: usize) -> Step {
        Step::Pray(Bytes::from(vec![b'x'; bytes]))
    }

    #[test]
    fn what_is_done_in_a_transaction_comes_out_in_order_and_once() {
        let mut transactions = Transactions::default();
        transactions.begin("a").unwrap();
        transactions.begin("b").unwrap();
        assert_eq!(transactions.begin("a"), Err(Known));
        assert_eq!(transactions.add("c", pray(1)), Err(Unknown));
        transactions.add("a", pray(1)).unwrap();
        transactions.add("b", pray(2)).unwrap();
        transactions.add("a", pray(3)).unwrap();
        assert_eq!(transactions.end("a"), Ok(vec![pray(1), pray(3)]));
        assert_eq!(transactions.end("a"), Err(Unknown));
        transactions.begin("a").unwrap();
        assert_eq!(transactions.end("a"), Ok(Vec::new()), "a new one of that name");
        assert_eq!(transactions.end("b"), Ok(vec![pray(2)]));
        assert_eq!((transactions.steps, transactions.bytes), (0, 0));
    }

    #[test]
    fn transactions_are_bounded_in_number_steps_and_bytes() {
        let mut transactions = Transactions::default();
        for name in 0..TRANSACTIONS_MAX {
            transactions.begin(&name.to_string()).unwrap();
        }
        assert_eq!(transactions.begin("more"), Err(Full));
        transactions.add("0", pray(BYTES_MAX)).unwrap();
        assert_eq!(transactions.add("1", pray(1)), Err(Full));
        for _ in 1..STEPS_MAX {
            transactions.add("1", pray(0)).unwrap();
        }
        assert_eq!(transactions.add("1", pray(0)), Err(Full));
        transactions.end("0").unwrap();
        assert_eq!(transactions.add("1", pray(BYTES_MAX)), Ok(()));
    }
}
