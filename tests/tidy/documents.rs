//! Paths that documents name must be there: a document that is wrong about where things are is worse than none.

use super::{File, Violation};

/// Endings that make a text with a `/` a path of the repository, whatever it begins with.
const ENDINGS: [&str; 3] = [".rs", ".md", ".toml"];

/// Puts paths that the document names and nobody finds into `found`.
pub fn check(file: &File, files: &[File], found: &mut Vec<Violation>) {
    if !is_document(&file.path) {
        return;
    }
    let mut is_fenced = false;
    for (number, line) in (1..).zip(file.text.lines()) {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
            continue;
        }
        if is_fenced {
            continue;
        }
        let quoted = line.split('`').skip(1).step_by(2).filter_map(|text| path_in(text, files));
        let linked = links(line).filter_map(|target| resolved(&file.path, target));
        for path in quoted.map(str::to_owned).chain(linked) {
            if !exists(&path, files) {
                let rule = format!("names `{path}`, which is not there");
                found.push(Violation { path: file.path.clone(), line: number, rule });
            }
        }
    }
}

fn is_document(path: &str) -> bool {
    match path.split_once('/') {
        None => path.ends_with(".md"),
        Some((folder, rest)) => folder == "docs" && rest.ends_with(".md"),
    }
}

/// What a text in backticks says, where it looks like a path of this repository.
fn path_in<'a>(text: &'a str, files: &[File]) -> Option<&'a str> {
    let path = text.strip_prefix("./").unwrap_or(text).trim_end_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if path.is_empty() || path.starts_with('/') || !path.chars().all(plain) {
        return None;
    }
    let (folder, _) = path.split_once('/')?;
    let is_ours = files
        .iter()
        .any(|file| file.path.split_once('/').is_some_and(|(first, _)| first == folder));
    (is_ours || ENDINGS.iter().any(|ending| path.ends_with(ending))).then_some(path)
}

/// The targets of a line's links that lie in the repository.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split_once(')')?.0.split('#').next()?;
        (!target.is_empty() && !target.contains(':')).then_some(target)
    })
}

/// A link's target, which is relative to its document, relative to the root; none where it leads out of it.
fn resolved(document: &str, target: &str) -> Option<String> {
    let mut parts: Vec<_> = document.split('/').collect();
    parts.pop();
    for part in target.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match part {
            ".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn exists(path: &str, files: &[File]) -> bool {
    let inside = format!("{path}/");
    files.iter().any(|file| file.path == path || file.path.starts_with(&inside))
}
