//! Random choices that can be made again: SplitMix64 from a seed that the test prints.

/// Overrides the seed of every test that uses one.
const SEED: &str = "PURSER_TEST_SEED";

pub struct Random(u64);

impl Random {
    /// From this seed, unless the environment names another one.
    pub fn seeded(name: &str, seed: u64) -> Random {
        let named = std::env::var(SEED).ok();
        let seed = named.map_or(seed, |text| text.parse().expect("the seed is a number"));
        println!("{name}: {SEED}={seed}");
        Random(seed)
    }

    /// A source of its own for a part of the test.
    pub fn part(&mut self) -> Random {
        Random(self.next())
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Whether something that happens once in `times` happens now.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
