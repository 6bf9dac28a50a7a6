//! Reading the workspace: which files there are, and the code of a source without what it says in
//! comments and strings, line for line.

use std::fs;
use std::path::{Path, PathBuf};

pub(super) struct Source {
    /// From the root of the workspace, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// `text` with comments and the insides of literals blanked; the same lines.
    pub(super) code: String,
    /// Index of the line from which on all is test code; the number of lines if there is none.
    pub(super) tests_from: usize,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let code = code_of(text);
        let is_test_file = path.ends_with("/tests.rs") || path.contains("/tests/");
        let lines: Vec<&str> = code.lines().map(str::trim).collect();
        let marked = lines
            .windows(2)
            .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod "))
            .filter(|line| lines[line + 1].ends_with('{'));
        let tests_from = match (is_test_file, marked) {
            (true, _) => 0,
            (false, Some(line)) => line,
            (false, None) => code.lines().count(),
        };
        Self { path: path.into(), text: text.into(), code, tests_from }
    }
}

impl Source {
    /// Modules declared for tests alone, as paths without `.rs`.
    fn test_modules(&self) -> Vec<String> {
        let folder = match self.path.rsplit_once('/') {
            Some((folder, "lib.rs" | "main.rs")) => folder,
            _ => self.path.trim_end_matches(".rs"),
        };
        let lines: Vec<&str> = self.code.lines().map(str::trim).collect();
        let declared = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
        let named = declared.filter_map(|pair| pair[1].strip_prefix("mod ")?.strip_suffix(';'));
        named.map(|name| format!("{folder}/{name}")).collect()
    }

    /// Does a comment of this file speak of the word?
    pub(super) fn says(&self, word: &str) -> bool {
        let mut comments = self.text.lines().filter_map(|line| line.split_once("//"));
        comments.any(|(_, said)| names(said, word))
    }
}

pub(super) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("the package lies in the workspace").into()
}

pub(super) fn all() -> Vec<Source> {
    let files = with_ending(&[".rs"]);
    let mut sources: Vec<_> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
    let tests: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &mut sources {
        let module = source.path.trim_end_matches(".rs");
        if tests.iter().any(|test| is_within(module, test)) {
            source.tests_from = 0;
        }
    }
    sources
}

/// The place itself, or something below it.
pub(super) fn is_within(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub(super) fn manifests() -> Vec<(String, String)> {
    with_ending(&["Cargo.toml"])
}

/// Everything that people read or write by hand.
pub(super) fn texts() -> Vec<(String, String)> {
    with_ending(&[".rs", ".toml", ".md", ".sh", ".yml", ".html", ".js", ".css", "/run"])
}

fn with_ending(endings: &[&str]) -> Vec<(String, String)> {
    let root = root();
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let inside = path.strip_prefix(&root).expect("the walk stays below the root");
        let name = inside.to_str().expect("names are UTF-8").replace('\\', "/");
        if endings.iter().any(|ending| name.ends_with(ending)) {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            found.push((name, text));
        }
    }
    found
}

/// What is built, stored or fetched is not ours to judge.
fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("a folder can be read to its end").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_foreign = matches!(name, "target" | "data" | "node_modules" | ".git");
        if path.is_dir() && !is_foreign {
            walk(&path, paths);
        } else if path.is_file() {
            paths.push(path);
        }
    }
}

/// Does the line name `word`, not merely as a part of a longer one?
pub(super) fn names(line: &str, word: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    line.match_indices(word).any(|(start, _)| {
        let before = start.checked_sub(1).map(|index| line.as_bytes()[index]);
        let after = line.as_bytes().get(start + word.len()).copied();
        let opens = !is_inner(word.as_bytes()[0]) || !before.is_some_and(is_inner);
        let closes = !is_inner(word.as_bytes()[word.len() - 1])
            || word.ends_with("write")
            || !after.is_some_and(is_inner);
        opens && closes
    })
}

/// Blanks comments and the insides of literals, keeping every line break.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = literal_length(rest, code.chars().next_back());
        let (piece, after) = rest.split_at(if length == 0 { first.len_utf8() } else { length });
        if length == 0 {
            code.push(first);
        } else {
            code.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        rest = after;
    }
    code
}

/// Bytes of the comment or literal that starts here; 0: none does.
fn literal_length(rest: &str, before: Option<char>) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment_length(rest);
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let marks = rest.trim_start_matches('b').trim_start_matches('r');
    let prefix = rest.len() - marks.len();
    let hashes = marks.len() - marks.trim_start_matches('#').len();
    if !in_word && rest[..prefix].contains('r') && marks[hashes..].starts_with('"') {
        let closing = format!("\"{}", "#".repeat(hashes));
        let body = prefix + hashes + 1;
        return rest[body..].find(&closing).map_or(rest.len(), |at| body + at + closing.len());
    }
    if rest.starts_with('"') {
        return quoted_length(rest);
    }
    if rest.starts_with('\'') { char_length(rest) } else { 0 }
}

fn block_comment_length(rest: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn quoted_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A quote opens a character if another closes it at once; else it is a lifetime.
fn char_length(rest: &str) -> usize {
    let mut inside = rest.char_indices().skip(1);
    match inside.next() {
        Some((_, '\\')) => {
            inside.next();
            inside.find(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1)
        }
        Some(_) => match inside.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}
