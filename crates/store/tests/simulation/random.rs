//! Randomness that a seed repeats: SplitMix64.

/// A source of random numbers.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A source of its own, so that what draws from it does not shift what draws from this one.
    pub fn fork(&mut self) -> Random {
        Random(self.next())
    }

    /// A number below `end`, which is above zero.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        least + (self.next() % (most - least + 1) as u64) as i64
    }

    /// Whether something happens that happens so often in a hundred times.
    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// One of these, mostly one of the last few.
    pub fn recent<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        const FEW: usize = 6;
        if from.is_empty() {
            return None;
        }
        let from = if self.percent(75) { &from[from.len().saturating_sub(FEW)..] } else { from };
        Some(*self.pick(from))
    }

    /// Puts `items` somewhere into `into`, in their order.
    pub fn weave<T>(&mut self, into: &mut Vec<T>, items: Vec<T>) {
        let mut at = 0;
        for item in items {
            at += self.below(into.len() - at + 1);
            into.insert(at, item);
            at += 1;
        }
    }
}
