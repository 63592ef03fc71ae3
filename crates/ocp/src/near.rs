//! Names that are like another one: "did you mean".

/// Characters of a name that are compared.
const COMPARED_MAX: usize = 100;

/// The names that are like this one, the nearest first, at most `count`. Capitals, dashes and
/// underscores do not count.
pub(crate) fn nearest<'a>(
    name: &str,
    names: impl Iterator<Item = &'a str>,
    count: usize,
) -> Vec<&'a str> {
    let wanted = letters(name);
    let near = |other: &&'a str| {
        let other = letters(other);
        let steps = distance(&wanted, &other);
        let within = wanted.len() > 3
            && (contains(&other, &wanted) || (other.len() > 3 && contains(&wanted, &other)));
        // A third of the letters may be wrong, and where one holds the other, all that is left.
        (within || steps <= wanted.len().max(other.len()) / 3).then_some(steps)
    };
    let mut found: Vec<(usize, &str)> =
        names.filter_map(|other| Some((near(&other)?, other))).collect();
    found.sort_by_key(|(steps, _)| *steps);
    found.into_iter().take(count).map(|(_, other)| other).collect()
}

fn letters(name: &str) -> Vec<char> {
    let plain = name.chars().filter(|c| !matches!(c, '-' | '_' | ' '));
    plain.flat_map(char::to_lowercase).take(COMPARED_MAX).collect()
}

fn contains(whole: &[char], part: &[char]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

/// Letters to put in, take out or change (Levenshtein).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = changed.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
