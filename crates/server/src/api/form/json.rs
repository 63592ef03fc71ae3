//! A JSON body -> the same tree that a form gives.
//!
//! Only the frame is read here; strings with escapes and numbers go to `serde_json`. A generic
//! JSON value would not do: it turns `1e3` into `1000.0`, cuts long digits and drops repeated
//! names, while here a number stays as written and nothing is lost.

use super::{DEPTH_MAX, FormError, ITEMS_MAX, KEY_BYTES_MAX, Node, PAIRS_MAX, Path, find, has_nul};

/// Reads a JSON body, which must be an object. The answer is a `Map`.
///
/// Numbers and booleans become their text. A parameter that is `null` is as if it were not there:
/// agents write so what they leave out. Inside a parameter `null` becomes the empty text that
/// unsets. An empty body has no parameters.
pub fn parse_json(bytes: &[u8]) -> Result<Node, FormError> {
    let mut json = Json { bytes, at: 0, values: 0 };
    json.skip_space();
    if json.peek().is_none() {
        return Ok(Node::Map(Vec::new()));
    }
    if json.peek() != Some(b'{') {
        return Err(FormError::whole("A JSON body must be an object with the parameters."));
    }
    let tree = json.object(&Path::ROOT, 0)?;
    json.skip_space();
    match json.peek() {
        None => Ok(tree),
        Some(_) => Err(json.broken()),
    }
}

struct Json<'a> {
    bytes: &'a [u8],
    at: usize,
    values: usize,
}

impl<'a> Json<'a> {
    /// `depth` counts the names that lead here, so [`DEPTH_MAX`] also bounds the recursion.
    fn value(&mut self, path: &Path, depth: usize) -> Result<Node, FormError> {
        self.values += 1;
        if self.values > PAIRS_MAX {
            return Err(FormError::too_many_pairs());
        }
        if depth > DEPTH_MAX {
            return Err(FormError::too_deep(path.to_string()));
        }
        match self.peek() {
            Some(b'{') => self.object(path, depth),
            Some(b'[') => self.array(path, depth),
            Some(b'"') => {
                let text = self.string()?;
                if has_nul(&text) {
                    return Err(FormError::named(path.to_string(), "contains a NUL character"));
                }
                Ok(Node::Text(text))
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.word(),
            None => Err(self.broken()),
        }
    }

    fn object(&mut self, path: &Path, depth: usize) -> Result<Node, FormError> {
        let mut entries = Vec::new();
        self.at += 1;
        if self.takes(b'}') {
            return Ok(Node::Map(entries));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            check_name(&name, path)?;
            if !self.takes(b':') {
                return Err(self.broken());
            }
            self.skip_space();
            let at = path.key(&name);
            if find(&entries, &name).is_some() {
                return Err(FormError::named(at.to_string(), "is given twice"));
            }
            let absent = path.is_root() && self.bytes[self.at..].starts_with(b"null");
            let node = self.value(&at, depth + 1)?;
            if entries.len() == ITEMS_MAX {
                return Err(too_many(path));
            }
            if !absent {
                entries.push((name, node));
            }
            if self.takes(b'}') {
                return Ok(Node::Map(entries));
            }
            if !self.takes(b',') {
                return Err(self.broken());
            }
        }
    }

    fn array(&mut self, path: &Path, depth: usize) -> Result<Node, FormError> {
        let mut items = Vec::new();
        self.at += 1;
        if self.takes(b']') {
            return Ok(Node::List(items));
        }
        loop {
            self.skip_space();
            let item = self.value(&path.index(items.len()), depth + 1)?;
            if items.len() == ITEMS_MAX {
                return Err(too_many(path));
            }
            items.push(item);
            if self.takes(b']') {
                return Ok(Node::List(items));
            }
            if !self.takes(b',') {
                return Err(self.broken());
            }
        }
    }

    fn string(&mut self) -> Result<String, FormError> {
        let bytes: &'a [u8] = self.bytes;
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.broken());
        }
        self.at += 1;
        let mut escaped = false;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 2;
                }
                Some(0x20..) => self.at += 1,
                Some(_) | None => return Err(self.broken()),
            }
        }
        self.at += 1;
        let text = if escaped {
            serde_json::from_slice(&bytes[start..self.at]).ok()
        } else {
            let inside = bytes[start + 1..self.at - 1].to_vec();
            String::from_utf8(inside).ok()
        };
        text.ok_or_else(|| Json { at: start, ..*self }.broken())
    }

    /// Kept as written: `1.50` stays so, and `1e3` is later no integer.
    fn number(&mut self) -> Result<Node, FormError> {
        let start = self.at;
        while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') = self.peek() {
            self.at += 1;
        }
        let written = &self.bytes[start..self.at];
        let valid = serde_json::from_slice::<serde_json::Number>(written).is_ok();
        match String::from_utf8(written.to_vec()) {
            Ok(text) if valid => Ok(Node::Text(text)),
            _ => Err(Json { at: start, ..*self }.broken()),
        }
    }

    fn word(&mut self) -> Result<Node, FormError> {
        let rest = &self.bytes[self.at..];
        for (word, text) in [("true", "true"), ("false", "false"), ("null", "")] {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(Node::Text(text.to_owned()));
            }
        }
        Err(self.broken())
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Whether the next byte after any space is this one; if so, goes past it.
    fn takes(&mut self, wanted: u8) -> bool {
        self.skip_space();
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn broken(&self) -> FormError {
        let at = self.at.min(self.bytes.len());
        FormError::whole(format!("The body is not valid JSON: see its byte {at}."))
    }
}

fn check_name(name: &str, parent: &Path) -> Result<(), FormError> {
    if name.len() > KEY_BYTES_MAX {
        return Err(FormError::long_name(name));
    }
    if has_nul(name) {
        return Err(FormError::named(name.replace('\0', ""), "has a NUL character in its name"));
    }
    if name.is_empty() {
        let param = (!parent.is_root()).then(|| parent.to_string());
        let message = "A name in the JSON body is empty.".to_owned();
        return Err(FormError { param, message, code: None });
    }
    Ok(())
}

fn too_many(path: &Path) -> FormError {
    FormError::too_many_items((!path.is_root()).then(|| path.to_string()))
}
