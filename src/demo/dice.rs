//! Chance that always falls the same way: a small generator of our own, so that
//! no new version of a library changes the demo's world.

use crate::clock::Instant;
use chrono::Duration;

/// SplitMix64.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub fn new(seed: u64, label: &str) -> Dice {
        let mut dice = Dice(seed ^ 0x9e37_79b9_7f4a_7c15);
        for byte in label.bytes() {
            dice.0 = dice.0.wrapping_add(u64::from(byte));
            dice.next();
        }
        dice
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `n` − 1.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// Both ends included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % ((high - low).max(0) as u64 + 1)) as i64
    }

    /// True so many times in a thousand.
    pub fn permille(&mut self, n: u64) -> bool {
        self.next() % 1000 < n
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub fn word(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }

    /// One of several, each as often as its weight says.
    pub fn weighted<'a, T>(&mut self, from: &'a [T], weight: impl Fn(&T) -> u32) -> &'a T {
        let total: u64 = from.iter().map(|one| u64::from(weight(one))).sum();
        let mut left = self.next() % total.max(1);
        for one in from {
            let own = u64::from(weight(one));
            if left < own {
                return one;
            }
            left -= own;
        }
        &from[0]
    }

    /// Between so many seconds after `at`.
    pub fn after(&mut self, at: Instant, low: i64, high: i64) -> Instant {
        at + Duration::milliseconds(self.between(low * 1000, high * 1000))
    }

    pub fn digits(&mut self, n: usize) -> String {
        (0..n).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }

    pub fn hex32(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }

    /// A text with `#` for a digit and `?` for a capital letter.
    pub fn pattern(&mut self, pattern: &str) -> String {
        let mut made = String::with_capacity(pattern.len());
        for c in pattern.chars() {
            made.push(match c {
                '#' => char::from(b'0' + self.below(10) as u8),
                '?' => char::from(b'A' + self.below(26) as u8),
                other => other,
            });
        }
        made
    }
}
