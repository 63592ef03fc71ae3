//! As much of SQL as it takes to see which tables a statement names, and by what.

/// The words of a statement: names, numbers, parameters, operators, one by one. What stands in
/// quotes is one word.
pub fn words(statement: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut chars = statement.chars().peekable();
    while let Some(char) = chars.next() {
        let mut word = char.to_string();
        if char.is_whitespace() {
            continue;
        }
        if char == '\'' {
            for inside in chars.by_ref() {
                word.push(inside);
                if inside == '\'' {
                    break;
                }
            }
        } else if char.is_alphanumeric() || char == '_' || char == '$' {
            while let Some(next) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                word.push(next);
            }
        } else if "<>=!:-|+*/".contains(char) {
            while let Some(next) = chars.next_if(|c| "<>=!:-|+*/".contains(*c)) {
                word.push(next);
            }
        }
        words.push(word);
    }
    words
}

/// One `SELECT`, `INSERT`, `UPDATE` or `DELETE`, without those inside of it.
pub struct Scope(Vec<String>);

/// A table, and what it is called in its statement.
#[derive(Debug)]
pub struct Table {
    pub name: String,
    alias: String,
    /// Whether rows are added to it.
    is_added_to: bool,
}

/// Words that open a statement within another.
const BEGINNINGS: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"];
/// Words that may follow a table and are no name for it.
const KEYWORDS: &[&str] = &[
    "WHERE",
    "ON",
    "JOIN",
    "LEFT",
    "CROSS",
    "INNER",
    "ORDER",
    "GROUP",
    "LIMIT",
    "FOR",
    "SET",
    "USING",
    "VALUES",
    "SELECT",
    "RETURNING",
    "UNION",
    "AND",
    "HAVING",
    "OFFSET",
];

impl Scope {
    /// Takes a statement apart.
    pub fn of(words: &[String]) -> Vec<Scope> {
        let (mut open, mut done) = (vec![Scope(Vec::new())], Vec::new());
        // For each parenthesis whether a statement begins behind it.
        let mut nested = Vec::new();
        for (at, word) in words.iter().enumerate() {
            let next = words.get(at + 1).map(|word| word.to_uppercase()).unwrap_or_default();
            match word.as_str() {
                ";" => done.append(&mut open),
                "(" => {
                    nested.push(BEGINNINGS.contains(&next.as_str()));
                    match nested.last() {
                        Some(true) => open.push(Scope(Vec::new())),
                        _ => open.last_mut().expect("one is open").0.push(word.clone()),
                    }
                    continue;
                }
                ")" => match nested.pop() {
                    Some(true) => done.extend(open.pop()),
                    _ => open.last_mut().expect("one is open").0.push(word.clone()),
                },
                _ => open.last_mut().expect("one is open").0.push(word.clone()),
            }
            if open.is_empty() {
                open.push(Scope(Vec::new()));
            }
        }
        done.extend(open);
        done
    }

    fn word(&self, at: usize) -> &str {
        self.0.get(at).map_or("", String::as_str)
    }

    /// The tables that it names.
    pub fn tables(&self) -> Vec<Table> {
        let mut tables = Vec::new();
        for (at, word) in self.0.iter().enumerate() {
            let before = if at > 0 { self.word(at - 1).to_uppercase() } else { String::new() };
            let names_table = match word.to_uppercase().as_str() {
                "FROM" | "JOIN" | "INTO" | "USING" => true,
                "UPDATE" => before != "FOR" && before != "DO",
                _ => false,
            };
            // What is followed by a parenthesis is a function.
            if !names_table || self.word(at + 2) == "(" && word.to_uppercase() != "INTO" {
                continue;
            }
            let name = self.word(at + 1).to_lowercase();
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let after = if self.word(at + 2).eq_ignore_ascii_case("AS") { at + 3 } else { at + 2 };
            let alias = self.word(after);
            let is_name = alias.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && !KEYWORDS.contains(&alias.to_uppercase().as_str());
            let alias = if is_name { alias.to_owned() } else { name.clone() };
            tables.push(Table { name, alias, is_added_to: word.eq_ignore_ascii_case("INTO") });
        }
        tables
    }

    /// Whether it says of which world it wants rows of a table, or adds some.
    pub fn names_world(&self, table: &Table) -> bool {
        match table.is_added_to {
            true => self.is_added_with_world(),
            false => self.compares_world(table),
        }
    }

    fn is_added_with_world(&self) -> bool {
        let Some(open) = self.0.iter().position(|word| word.eq_ignore_ascii_case("INTO")) else {
            return false;
        };
        let columns = self.0.iter().skip(open + 3).take_while(|word| *word != ")");
        self.word(open + 2) == "(" && columns.into_iter().any(|word| word == "world")
    }

    /// `world = ...` on either side; with the name of the table where there are several.
    fn compares_world(&self, table: &Table) -> bool {
        let is_alone = self.sources() == 1;
        (0..self.0.len()).filter(|at| self.word(*at) == "world").any(|at| {
            let is_qualified = at >= 2 && self.word(at - 1) == ".";
            let begins = if is_qualified { at - 2 } else { at };
            let is_its = match is_qualified {
                true => self.word(begins) == table.alias,
                false => is_alone,
            };
            let before = if begins > 0 { self.word(begins - 1) } else { "" };
            is_its && (self.word(at + 1) == "=" || before == "=")
        })
    }

    /// How many tables and functions it reads from.
    fn sources(&self) -> usize {
        let is_source = |at: &usize| {
            let word = self.word(*at).to_uppercase();
            let before = if *at > 0 { self.word(at - 1).to_uppercase() } else { String::new() };
            match word.as_str() {
                "FROM" | "JOIN" | "USING" => true,
                "UPDATE" => before != "FOR" && before != "DO",
                _ => false,
            }
        };
        (0..self.0.len()).filter(is_source).count()
    }
}
