//! Numbers drawn from a seed: splitmix64, which is small, fast and good enough to
//! vary a workload. It keeps no secrets.

/// A sequence of numbers that its seed fixes.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 when `end` is.
    pub const fn below(&mut self, end: u64) -> u64 {
        let drawn = self.draw();
        if end == 0 { 0 } else { drawn % end }
    }

    /// Whether something happens that happens so many times in a thousand.
    pub const fn happens(&mut self, in_thousand: u64) -> bool {
        self.below(1_000) < in_thousand
    }

    /// One of several; none of none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let place = usize::try_from(self.below(of.len() as u64)).unwrap_or(0);
        of.get(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_fixes_the_sequence_and_the_range_is_kept() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (0..100).map(|_| random.below(7)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(3).iter().all(|number| *number < 7) && draw(3).contains(&6));
        assert_eq!(Random::new(1).pick::<u8>(&[]), None);
    }
}
