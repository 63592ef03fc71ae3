//! Finding tools among many, and telling of one.

use crate::Tool;

/// The tools whose path begins with one of these resources, after `prefix`. Capitals do not
/// matter, a dot separates like a slash, places (`{id}`) are passed over. No resources: all tools.
pub fn of_resources<'a>(
    tools: &'a [Tool],
    resources: &[&str],
    prefix: Option<&str>,
) -> Vec<&'a Tool> {
    let wanted: Vec<String> = resources.iter().map(|resource| resource.to_lowercase()).collect();
    let prefix = prefix.unwrap_or_default().to_lowercase();
    let is_wanted = |tool: &&Tool| {
        let path = tool.path.to_lowercase();
        let path = path.strip_prefix(&prefix).unwrap_or(&path);
        let mut parts = path.split(['/', '.']);
        let first = parts.find(|part| !part.is_empty() && !part.starts_with('{'));
        wanted.is_empty() || first.is_some_and(|first| wanted.iter().any(|other| other == first))
    };
    tools.iter().filter(is_wanted).collect()
}

/// The tools whose name or description has this text in it. Capitals do not matter.
pub fn search<'a>(tools: &'a [Tool], text: &str) -> Vec<&'a Tool> {
    let text = text.to_lowercase();
    let has = |words: &str| words.to_lowercase().contains(&text);
    tools.iter().filter(|tool| has(&tool.name) || has(&tool.description)).collect()
}

/// What a model or a person should know before calling a tool, in Markdown.
pub fn documentation(tool: &Tool) -> String {
    let mut lines = vec![
        format!("## {}", tool.name),
        format!("**Method:** {}", tool.method),
        format!("**Path:** {}", tool.path),
        format!("**Description:** {}", tool.description),
        String::new(),
    ];
    if !tool.parameters.is_empty() {
        lines.push("### Parameters:".to_owned());
        for (name, parameter) in &tool.parameters {
            let required = if parameter.required { "required" } else { "optional" };
            let location = parameter.location.name();
            let description = &parameter.description;
            lines.push(format!("- **{name}** ({required}) [{location}]: {description}"));
        }
        lines.push(String::new());
    }
    if !tool.tags.is_empty() {
        lines.push(format!("**Tags:** {}", tool.tags.join(", ")));
        lines.push(String::new());
    }
    lines.join("\n")
}
