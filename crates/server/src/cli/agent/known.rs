//! The APIs that `purser agent register` remembers, in a file of the OCP folder.
//!
//! A header is remembered as it was written, so `Authorization: Bearer $KEY` keeps the name of a
//! variable and not what is in it. A header with a secret in it is kept only where that was asked
//! for. The file can be read by its owner alone.

use std::io::Write;
use std::path::{Path, PathBuf};

use ocp_agent::agent::Registration;
use ocp_agent::redact;
use serde::{Deserialize, Serialize};

use indexmap::IndexMap;

/// APIs that are remembered.
const KNOWN_MAX: usize = 100;
/// Bytes of the file.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
const FILE: &str = "purser-agent.json";

/// How an API was registered.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry_url: Option<String>,
    /// `Name: value` with `$VARIABLES`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_prefix: Option<String>,
}

impl Known {
    /// What the agent is to register, with the variables of the environment put in.
    pub fn registration(&self) -> Result<Registration, String> {
        Ok(Registration {
            spec_url: self.spec.clone(),
            base_url: self.base_url.clone(),
            headers: headers(&self.headers)?,
            resources: self.resources.clone(),
            path_prefix: self.path_prefix.clone(),
            ..Registration::default()
        })
    }
}

/// Reads what is remembered. A file that is not there is empty.
pub fn load(folder: &Path) -> Result<IndexMap<String, Known>, String> {
    let path = folder.join(FILE);
    match std::fs::metadata(&path) {
        Ok(data) if data.len() > FILE_BYTES_MAX => {
            let path = path.display();
            return Err(format!("{path} is longer than {FILE_BYTES_MAX} bytes (FILE_BYTES_MAX)"));
        }
        Ok(_) => {}
        Err(_) => return Ok(IndexMap::new()),
    }
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{shown}: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{shown} cannot be read: {error}"))
}

/// Remembers these and nothing else.
pub fn save(folder: &Path, known: &IndexMap<String, Known>) -> Result<(), String> {
    if known.len() > KNOWN_MAX {
        return Err(format!(
            "more than {KNOWN_MAX} APIs are not remembered (KNOWN_MAX); `purser agent forget` one"
        ));
    }
    let text = serde_json::to_string_pretty(known).map_err(|error| error.to_string())?;
    let path = folder.join(FILE);
    write_private(folder, &path, &text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a file that only its owner can read, all at once.
fn write_private(folder: &Path, path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let beside: PathBuf = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = std::fs::remove_file(&beside);
    let mut file = options.open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

/// Whether a header as it was written has a secret in it, and not only the name of a variable.
pub fn has_secret(header: &str) -> bool {
    let Some((name, value)) = header.split_once(':') else { return false };
    let value = value.trim();
    let secret = redact::is_secret_name(name.trim()) || redact::is_secret_text(value);
    secret && !value.replace("$$", "").contains('$')
}

/// Whether headers are written as headers are.
pub fn check(written: &[String]) -> Result<(), String> {
    written.iter().try_for_each(|header| parse(header, |_| Some(String::new())).map(drop))
}

/// Headers as they are sent.
pub fn headers(written: &[String]) -> Result<Vec<(String, String)>, String> {
    written.iter().map(|header| parse(header, |name| std::env::var(name).ok())).collect()
}

fn parse(
    header: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(String, String), String> {
    // The value is not shown: it may be the secret that somebody forgot to name.
    let (name, value) =
        header.split_once(':').ok_or("a header is written 'Name: value', and one has no colon")?;
    Ok((name.trim().to_owned(), expand(name.trim(), value.trim(), variable)?))
}

/// Puts variables in: `$NAME` or `${NAME}`; `$$` is a dollar.
fn expand(
    header: &str,
    text: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        whole.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            whole.push('$');
            rest = after;
            continue;
        }
        let (name, after) = match after.strip_prefix('{') {
            Some(inside) => inside
                .split_once('}')
                .ok_or_else(|| format!("the header {header} has a brace that does not close"))?,
            None => {
                let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
                after.split_at(after.find(|c| !is_part(c)).unwrap_or(after.len()))
            }
        };
        if name.is_empty() {
            return Err(format!("the header {header} has a $ without a name; write $$ for a $"));
        }
        whole.push_str(&variable(name).ok_or_else(|| {
            format!("the header {header} needs the environment variable {name}, which is not set")
        })?);
        rest = after;
    }
    whole.push_str(rest);
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in() {
        let variable = |name: &str| (name == "KEY").then(|| "sk_test_1".to_owned());
        let rows = [
            ("Authorization: Bearer $KEY", Ok("Bearer sk_test_1")),
            ("A:${KEY}x", Ok("sk_test_1x")),
            ("A: $$KEY", Ok("$KEY")),
            ("A: b:c", Ok("b:c")),
            ("A: $NONE", Err("the environment variable NONE")),
            ("A: ${KEY", Err("does not close")),
            ("A: 5 $", Err("a $ without a name")),
            ("sk_test_1", Err("no colon")),
        ];
        for (header, expected) in rows {
            match (parse(header, variable), expected) {
                (Ok((_, value)), Ok(expected)) => assert_eq!(value, expected, "{header}"),
                (Err(why), Err(expected)) => {
                    assert!(why.contains(expected) && !why.contains("sk_test"), "{header}: {why}");
                }
                (found, _) => panic!("{header}: {found:?}"),
            }
        }
    }

    #[test]
    fn secrets_are_told_from_names_of_variables() {
        for header in ["Authorization: Bearer abc", "X-Api-Key: 1", "Other: sk_test_1"] {
            assert!(has_secret(header), "{header}");
        }
        for header in ["Authorization: Bearer $KEY", "X-Api-Key: ${A}", "Stripe-Account: acct_1"] {
            assert!(!has_secret(header), "{header}");
        }
    }

    #[test]
    fn what_is_remembered_is_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        assert!(load(folder.path()).unwrap().is_empty());
        let known = Known { headers: vec!["A: $B".to_owned()], ..Known::default() };
        let all = IndexMap::from([("api".to_owned(), known)]);
        save(folder.path(), &all).unwrap();
        save(folder.path(), &all).unwrap();
        assert_eq!(load(folder.path()).unwrap()["api"].headers, ["A: $B"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let file = std::fs::metadata(folder.path().join(FILE)).unwrap();
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
        let many = (0..=KNOWN_MAX).map(|n| (n.to_string(), Known::default())).collect();
        assert!(save(folder.path(), &many).unwrap_err().contains("KNOWN_MAX"));
    }
}
