//! Finding a tool among many.

use std::collections::HashMap;

use super::Agent;
use crate::discovery;
use crate::error::Error;
use crate::near;
use crate::tool::{Api, Tool};

/// Tools that a search finds at most.
pub const FOUND_MAX: usize = 50;
/// Words of a query that count.
const WORDS_MAX: usize = 16;

impl Agent {
    /// The tools of an API, or of all of them.
    ///
    /// Errors: [`Error::UnknownApi`].
    pub fn list_tools(&self, api: Option<&str>) -> Result<Vec<&Tool>, Error> {
        Ok(self.chosen(api)?.into_iter().flat_map(|api| &api.tools).collect())
    }

    /// The tools that fit some words best, at most [`FOUND_MAX`], the best first.
    ///
    /// Words are compared with those of the tools' names, paths, tags and descriptions; a rare word
    /// counts more than a common one, and one in a name more than one in a description.
    ///
    /// Errors: [`Error::UnknownApi`].
    pub fn search_tools(&self, query: &str, api: Option<&str>) -> Result<Vec<&Tool>, Error> {
        Ok(rank(&self.list_tools(api)?, query))
    }

    /// A tool by its name; of several the first.
    ///
    /// Errors: [`Error::UnknownApi`]; [`Error::UnknownTool`] with names that are like it.
    pub fn get_tool(&self, name: &str, api: Option<&str>) -> Result<&Tool, Error> {
        self.find_tool(name, api).map(|(_, tool)| tool)
    }

    /// What a model should know before it calls a tool, as Markdown.
    ///
    /// Errors: as [`Agent::get_tool`].
    pub fn documentation(&self, name: &str, api: Option<&str>) -> Result<String, Error> {
        self.get_tool(name, api).map(discovery::documentation)
    }

    pub(super) fn find_tool(&self, name: &str, api: Option<&str>) -> Result<(&Api, &Tool), Error> {
        let apis = self.chosen(api)?;
        let mut all = apis.iter().flat_map(|api| api.tools.iter().map(move |tool| (*api, tool)));
        if let Some(found) = all.find(|(_, tool)| tool.name == name) {
            return Ok(found);
        }
        let names = apis.iter().flat_map(|api| &api.tools).map(|tool| tool.name.as_str());
        let suggestions = near::nearest(name, names, 3).into_iter().map(str::to_owned).collect();
        Err(Error::UnknownTool { name: name.to_owned(), suggestions })
    }

    fn chosen(&self, api: Option<&str>) -> Result<Vec<&Api>, Error> {
        match api {
            Some(name) => Ok(vec![&*self.registered(name)?.api]),
            None => Ok(self.apis.values().map(|registered| &*registered.api).collect()),
        }
    }
}

fn rank<'a>(tools: &[&'a Tool], query: &str) -> Vec<&'a Tool> {
    let mut wanted = words(query);
    wanted.dedup();
    wanted.truncate(WORDS_MAX);
    let described: Vec<HashMap<String, f64>> = tools.iter().map(|tool| weights(tool)).collect();
    let mut scores = vec![0.0; tools.len()];
    for word in &wanted {
        let hits: Vec<f64> = described.iter().map(|tool| best(tool, word)).collect();
        let count = hits.iter().filter(|hit| **hit > 0.0).count() as f64;
        let rarity = (1.0 + tools.len() as f64 / (1.0 + count)).ln();
        for (score, hit) in scores.iter_mut().zip(hits) {
            *score += hit * rarity;
        }
    }
    let mut found: Vec<(f64, &Tool)> = scores.into_iter().zip(tools.iter().copied()).collect();
    found.retain(|(score, _)| *score > 0.0);
    // The sort is stable: among equals the order of the source stays.
    found.sort_by(|one, other| other.0.total_cmp(&one.0));
    found.into_iter().take(FOUND_MAX).map(|(_, tool)| tool).collect()
}

/// How well a word fits a tool: whole, as the beginning of a word, or inside one.
fn best(tool: &HashMap<String, f64>, word: &str) -> f64 {
    if let Some(weight) = tool.get(word) {
        return *weight;
    }
    let part = |(known, weight): (&String, &f64)| {
        if known.starts_with(word) || (known.len() > 3 && word.starts_with(known.as_str())) {
            weight * 0.6
        } else if word.len() > 2 && known.contains(word) {
            weight * 0.3
        } else {
            0.0
        }
    };
    tool.iter().map(part).fold(0.0, f64::max)
}

/// The words of a tool, each with the weight of the best place where it stands.
fn weights(tool: &Tool) -> HashMap<String, f64> {
    let places = [
        (words(&tool.description), 1.0),
        (words(&tool.path), 1.5),
        (tool.tags.iter().flat_map(|tag| words(tag)).collect(), 1.5),
        (words(&tool.name), 3.0),
    ];
    places
        .into_iter()
        .flat_map(|(words, weight)| words.into_iter().map(move |word| (word, weight)))
        .collect()
}

/// Words in small letters; a capital after a small letter begins a new one.
fn words(text: &str) -> Vec<String> {
    let mut split = String::with_capacity(text.len() + 8);
    let mut before_small = false;
    for char in text.chars() {
        if char.is_uppercase() && before_small {
            split.push(' ');
        }
        before_small = char.is_lowercase() || char.is_ascii_digit();
        if char.is_alphanumeric() {
            split.extend(char.to_lowercase());
        } else {
            split.push(' ');
        }
    }
    split.split_whitespace().map(str::to_owned).collect()
}
