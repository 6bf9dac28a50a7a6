//! From inputs that are right to such as are nearly so.

use crate::stream::Dice;

const BYTES_MAX: usize = 1 << 16;

pub(super) struct Mutator {
    dice: Dice,
    words: &'static [&'static str],
}

impl Mutator {
    pub(super) fn new(dice: Dice, words: &'static [&'static str]) -> Self {
        Self { dice, words }
    }

    /// One to eight changes to one of the pool.
    pub(super) fn mutated(&mut self, pool: &[Vec<u8>]) -> Vec<u8> {
        let mut input = pool[self.at(pool.len())].clone();
        for _ in 0..=self.dice.below(8) {
            self.change(&mut input, pool);
            input.truncate(BYTES_MAX);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, pool: &[Vec<u8>]) {
        let at = self.at(input.len() + 1);
        match self.dice.below(9) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << self.dice.below(8);
                }
            }
            1 => {
                let value = self.dice.pick(&[0, 1, 0x7f, 0x80, 0xff, b'\n', b'"', b'{', b'9']);
                if let Some(byte) = input.get_mut(at) {
                    *byte = value;
                }
            }
            2 => input.truncate(at),
            3 => drop(input.drain(self.range(input.len()))),
            4 => {
                let copied = input[self.range(input.len())].to_vec();
                input.splice(at..at, copied);
            }
            5 => {
                let other = &pool[self.at(pool.len())];
                let spliced = other[self.range(other.len())].to_vec();
                input.splice(at..at, spliced);
            }
            6 if !self.words.is_empty() => {
                let word = self.words[self.at(self.words.len())];
                input.splice(at..at, word.bytes());
            }
            7 => {
                let count = self.dice.below(9);
                let random: Vec<u8> = (0..count).map(|_| self.dice.next() as u8).collect();
                input.splice(at..at, random);
            }
            _ => {
                let value = self.dice.next();
                let width = 1 << self.dice.below(4);
                if let Some(field) = input.get_mut(at..at + width) {
                    field.copy_from_slice(&value.to_le_bytes()[..width]);
                }
            }
        }
    }

    fn at(&mut self, length: usize) -> usize {
        self.dice.below(length.max(1) as u64) as usize
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let (from, bytes) = (self.at(length), self.at(64));
        from.min(length)..(from + bytes).min(length)
    }
}
