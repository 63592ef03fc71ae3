//! Names of tools: `PostCustomersCustomerCashBalance` is `postCustomersCustomerCashBalance`.
//!
//! The rules are those of every agent of the protocol, so that a tool has one name wherever it is
//! asked for. A run of capitals is one word. Time and space are linear in the length of the name.

/// Makes a name in camel case out of an operation id or any other text. Text without a word in it
/// comes back as it is.
pub fn normalize(text: &str) -> String {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for c in text.chars() {
        let starts =
            c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit());
        let separates = matches!(c, '/' | '_' | '.' | '-') || is_space(c);
        if starts || separates {
            words.push(String::new());
        }
        if let (false, Some(word)) = (separates, words.last_mut()) {
            word.push(c);
        }
        before = c;
    }
    let mut words = words.into_iter().filter(|word| !word.is_empty());
    let Some(first) = words.next() else { return text.to_owned() };
    words.fold(first.to_lowercase(), |name, word| name + &capitalize(&word))
}

/// Whether a name can be a tool's: it begins with a letter.
pub fn valid(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_alphabetic)
}

/// The name of an operation that has no usable id: made from its method and path.
pub fn fallback(method: &str, path: &str) -> String {
    let path = path.replace('/', "_").replace(['{', '}'], "");
    normalize(&format!("{}{path}", method.to_lowercase()))
}

/// The name of an operation; None where neither its id nor its path makes a valid one.
pub fn of_operation(operation_id: Option<&str>, method: &str, path: &str) -> Option<String> {
    let from_id = operation_id.map(normalize).filter(|name| valid(name));
    from_id.or_else(|| Some(fallback(method, path)).filter(|name| valid(name)))
}

/// White space as the first agents split on it: Unicode's, and the four separators of ASCII.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

fn capitalize(word: &str) -> String {
    let mut chars = word.chars();
    match chars.next() {
        None => String::new(),
        Some(first) => first.to_uppercase().collect::<String>() + &chars.as_str().to_lowercase(),
    }
}
