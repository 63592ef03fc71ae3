//! The difference of two texts, line by line, with a little of what stands around it.

const AROUND: usize = 3;

/// Lines only in the first text with `-`, only in the second with `+`, gaps as `...`.
pub fn lines(before: &str, after: &str) -> String {
    let before: Vec<&str> = before.lines().collect();
    let after: Vec<&str> = after.lines().collect();
    let all = script(&before, &after);
    let near = |i: usize| {
        let around = &all[i.saturating_sub(AROUND)..(i + AROUND + 1).min(all.len())];
        around.iter().any(|(sign, _)| *sign != ' ')
    };
    let mut out = String::new();
    let mut gap = false;
    for (i, (sign, line)) in all.iter().enumerate() {
        if near(i) {
            out.push_str(&format!("{sign} {line}\n"));
        } else if !gap {
            out.push_str("  ...\n");
        }
        gap = !near(i);
    }
    out
}

/// Both texts in one, by their longest common subsequence.
fn script<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<(char, &'a str)> {
    let common = common_lengths(before, after);
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && before[i] == after[j] {
            out.push((' ', before[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == after.len() || (i < before.len() && common[i + 1][j] >= common[i][j + 1]) {
            out.push(('-', before[i]));
            i += 1;
        } else {
            out.push(('+', after[j]));
            j += 1;
        }
    }
    out
}

/// How many lines the rests of both texts have in common, from every pair of positions on.
fn common_lengths(before: &[&str], after: &[&str]) -> Vec<Vec<usize>> {
    let mut common = vec![vec![0; after.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            common[i][j] = if before[i] == after[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    common
}
