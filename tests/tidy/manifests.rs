//! The layers as the manifests draw them: which house crate may lean on which, that the core leans
//! on nothing, and that every foreign crate is versioned in one place with its reason.

/// A package and the house crates that it may name outside of tests.
const EDGES: &[(&str, &[&str])] = &[
    ("journal", &[]),
    ("orison-core", &[]),
    ("engine", &["journal", "orison-core"]),
    ("replay", &["journal", "orison-core", "engine"]),
    ("gateway", &["journal", "orison-core", "engine", "replay"]),
    ("benches", &["journal", "orison-core", "engine", "replay", "gateway"]),
    ("tests", &["journal", "orison-core", "engine", "replay", "gateway"]),
];

/// Crates that the core may lean on: none brings std, a clock or a hasher.
const CORE_MAY_NAME: &[&str] = &[];

pub(super) fn breaches(manifests: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in manifests {
        if path == "Cargo.toml" {
            unexplained(path, text, &mut found);
        } else if !path.starts_with("benches/") || path == "benches/Cargo.toml" {
            edges(path, text, &mut found);
        }
    }
    found
}

fn edges(path: &str, text: &str, found: &mut Vec<String>) {
    let name = entries(text, "[package]")
        .find_map(|(_, line)| line.strip_prefix("name = ").map(|name| name.trim_matches('"')))
        .unwrap_or_default();
    let Some((_, allowed)) = EDGES.iter().find(|(package, _)| *package == name) else {
        found.push(format!("{path}:1: package {name} has no place in the layers"));
        return;
    };
    for (number, line) in entries(text, "[dependencies]") {
        let dependency = line.split(['.', ' ', '=']).next().unwrap_or_default();
        let is_house = EDGES.iter().any(|(package, _)| *package == dependency);
        if is_house && !allowed.contains(&dependency) {
            found.push(format!("{path}:{number}: {name} must not lean on {dependency}"));
        }
        if name == "orison-core" && !CORE_MAY_NAME.contains(&dependency) {
            found.push(format!("{path}:{number}: {dependency}: the core is no_std and alone"));
        }
    }
    for section in ["[dependencies]", "[dev-dependencies]", "[build-dependencies]"] {
        for (number, line) in entries(text, section) {
            if !line.contains("workspace = true") {
                found.push(format!("{path}:{number}: versions stand in the root manifest"));
            }
        }
    }
    if !entries(text, "[lints]").any(|(_, line)| line == "workspace = true") {
        found.push(format!("{path}:1: the lints of the workspace are not in force"));
    }
}

fn unexplained(path: &str, text: &str, found: &mut Vec<String>) {
    for (number, line) in entries(text, "[workspace.dependencies]") {
        if !line.contains("path = ") && !line.contains("# ") {
            found.push(format!("{path}:{number}: a dependency without a line of reason"));
        }
    }
}

/// The lines of a section that say something, with their numbers.
fn entries<'a>(text: &'a str, section: &str) -> impl Iterator<Item = (usize, &'a str)> {
    let lines = text.lines().enumerate().skip_while(move |(_, line)| line.trim() != section);
    lines
        .skip(1)
        .take_while(|(_, line)| !line.starts_with('['))
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

#[test]
fn a_wrong_edge_is_found() {
    let lints = "[lints]\nworkspace = true\n";
    for (path, text, breach) in [
        (
            "journal/Cargo.toml",
            format!(
                "[package]\nname = \"journal\"\n[dependencies]\nengine.workspace = true\n{lints}"
            ),
            "journal/Cargo.toml:4: journal must not lean on engine",
        ),
        (
            "engine/core/Cargo.toml",
            format!(
                "[package]\nname = \"orison-core\"\n[dependencies]\nx.workspace = true\n{lints}"
            ),
            "engine/core/Cargo.toml:4: x: the core is no_std and alone",
        ),
        (
            "replay/Cargo.toml",
            format!("[package]\nname = \"replay\"\n[dependencies]\ncsv = \"1\"\n{lints}"),
            "replay/Cargo.toml:4: versions stand in the root manifest",
        ),
        (
            "replay/Cargo.toml",
            "[package]\nname = \"replay\"\n".into(),
            "replay/Cargo.toml:1: the lints of the workspace are not in force",
        ),
        (
            "Cargo.toml",
            "[workspace.dependencies]\ncsv = \"1\"\n".into(),
            "Cargo.toml:2: a dependency without a line of reason",
        ),
    ] {
        assert_eq!(breaches(&[(path.into(), text)]), [breach]);
    }
}
