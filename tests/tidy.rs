//! The house rules that rustc, rustfmt and clippy cannot check, as data in `tidy/rules.rs`.
//! In: every source and manifest of the workspace. Out: one line for each breach, with file, line
//! and the rule's reason. Each rule is itself shown to find what it forbids.

mod manifests;
mod rules;
mod source;

use rules::{BANS, Ban, FUNCTION_LINES_MAX, HEADER_LINES_MAX, LINES_MAX, Spare};
use source::Source;

#[test]
fn every_file_keeps_the_house_rules() {
    let sources = source::all();
    assert!(sources.len() > 20, "the walk found {} sources only", sources.len());
    let breaches: Vec<String> = sources.iter().flat_map(breaches).collect();
    assert!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
}

#[test]
fn every_manifest_keeps_the_layers() {
    let breaches = manifests::breaches(&source::manifests());
    assert!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
}

#[test]
fn no_file_names_a_place_of_one_machine() {
    let mut breaches = Vec::new();
    for (path, text) in source::texts() {
        for (index, line) in text.lines().enumerate() {
            if let Some(root) = rules::MACHINE_ROOTS.iter().find(|root| line.contains(**root)) {
                breaches.push(format!("{path}:{}: {root} exists on one machine only", index + 1));
            }
        }
    }
    assert!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
}

#[test]
fn every_rule_finds_what_it_forbids() {
    let header = "//! What it owns.\n";
    let long_line = format!("{header}// {}", "x".repeat(100));
    let long_file = format!("{header}{}", "\n".repeat(LINES_MAX));
    let long_header = "//! line\n".repeat(HEADER_LINES_MAX + 1);
    let long_function =
        format!("{header}fn long() {{\n{}}}\n", "    ();\n".repeat(FUNCTION_LINES_MAX));
    for (path, text, needle) in [
        ("engine/src/a.rs", "use std::fmt;", "header"),
        ("engine/src/a.rs", &long_header, "header"),
        ("engine/src/a.rs", &long_line, "columns"),
        ("engine/src/a.rs", &long_file, "lines"),
        ("engine/src/a.rs", &long_function, "function"),
        ("engine/src/book/mod.rs", header, "mod.rs"),
    ] {
        let found = breaches(&Source::new(path, text));
        assert!(
            found.len() == 1 && found[0].contains(needle),
            "{path} should break the rule of {needle} alone: {found:?}"
        );
    }
    for ban in BANS {
        for word in ban.words {
            let text = format!("{header}fn f() {{ {word} }}");
            let place = format!("{}/zz.rs", ban.within[0].trim_end_matches(".rs"));
            let path = if ban.within[0].ends_with(".rs") { ban.within[0] } else { &place };
            let found = breaches(&Source::new(path, &text));
            assert!(
                found.iter().any(|breach| breach.contains(ban.reason)),
                "{path} may name {word}, although: {}",
                ban.reason
            );
        }
    }
}

#[test]
fn what_is_said_in_comments_and_strings_breaks_no_rule() {
    let text = concat!(
        "//! What it owns.\n",
        "// todo!() and SeqCst in a comment\n",
        "/* dbg! /* nested */ unimplemented! */\n",
        "const A: &str = \"todo!() \\\" dbg!\";\n",
        "const B: &str = r#\"unimplemented!() \" \"#;\n",
        "const C: char = '\"';\n",
        "fn f<'a>(x: &'a str) -> &'a str { x }\n",
    );
    assert_eq!(breaches(&Source::new("engine/core/src/a.rs", text)), [""; 0]);
}

fn breaches(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let mut breach = |line: usize, what: String| {
        found.push(format!("{}:{line}: {what}", source.path));
    };
    if source.path.ends_with("mod.rs") {
        breach(1, "mod.rs: a module is `noun.rs` + `noun/`".into());
    }
    check_header(source, &mut breach);
    check_size(source, &mut breach);
    check_functions(source, &mut breach);
    for ban in BANS.iter().filter(|ban| ban.holds_for(&source.path)) {
        check_ban(source, ban, &mut breach);
    }
    found
}

/// A drawing between two fences is not counted.
fn check_header(source: &Source, breach: &mut impl FnMut(usize, String)) {
    let mut drawing = false;
    let mut said = 0;
    for line in source.text.lines().take_while(|line| line.starts_with("//!")) {
        if line.contains("```") {
            drawing = !drawing;
        } else if !drawing {
            said += 1;
        }
    }
    match said {
        0 => breach(1, "no header: `//!` says what the file owns and must not know".into()),
        1..=HEADER_LINES_MAX => {}
        _ => breach(said, format!("header of {said} lines: at most {HEADER_LINES_MAX}")),
    }
}

fn check_size(source: &Source, breach: &mut impl FnMut(usize, String)) {
    let lines = source.text.lines().count();
    if lines > LINES_MAX {
        breach(lines, format!("{lines} lines: one noun a file, {LINES_MAX} at the very most"));
    }
    for (index, line) in source.text.lines().enumerate() {
        let columns = line.chars().count();
        if columns > rules::COLUMNS_MAX {
            breach(index + 1, format!("{columns} columns: at most {}", rules::COLUMNS_MAX));
        }
    }
}

/// By indentation: rustfmt closes a function in the column where it opened.
fn check_functions(source: &Source, breach: &mut impl FnMut(usize, String)) {
    let lines: Vec<&str> = source.code.lines().collect();
    for (opened, line) in lines.iter().enumerate().take(source.tests_from) {
        let indent = line.len() - line.trim_start().len();
        let is_function = line.split_whitespace().take(6).any(|word| word == "fn");
        if !is_function || line.trim_end().ends_with([';', '}', ',']) {
            continue;
        }
        let closing = format!("{}}}", " ".repeat(indent));
        let length = lines[opened..].iter().position(|line| line.trim_end() == closing);
        if let Some(length) = length.filter(|length| *length > FUNCTION_LINES_MAX) {
            breach(
                opened + 1,
                format!("a function of {length} lines: at most {FUNCTION_LINES_MAX}"),
            );
        }
    }
}

fn check_ban(source: &Source, ban: &Ban, breach: &mut impl FnMut(usize, String)) {
    for (index, line) in source.code.lines().enumerate() {
        let is_test = index >= source.tests_from;
        let Some(word) = ban.words.iter().find(|word| source::names(line, word)) else { continue };
        let spared = match ban.spare {
            Spare::Nothing => false,
            Spare::Tests => is_test,
            Spare::Explained => is_test || source.says(word),
        };
        if !spared {
            breach(index + 1, format!("`{word}`: {}", ban.reason));
        }
    }
}
