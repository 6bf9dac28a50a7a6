//! Where settings are given, the later winning: defaults, file, environment, flags. Texts only;
//! what they mean is for `settings` to say.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command};

use super::ConfigError;
use super::settings::SETTINGS;
use crate::identity::command::{self, Errand};

const FILE_NAME: &str = "orison.toml";
const ENVIRONMENT_PREFIX: &str = "ORISON_";
/// Arrays of tables that the file may have beside its settings.
const TABLES: [&str; 3] = ["instruments", "schedule", "risk"];

/// Where a value was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    Default { name: &'static str },
    File { path: PathBuf, key: String },
    Environment { variable: String },
    Flag { name: &'static str },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default { name } => write!(f, "default of {name}"),
            Self::File { path, key } => write!(f, "{}: {key}", path.display()),
            Self::Environment { variable } => f.write_str(variable),
            Self::Flag { name } => write!(f, "--{name}"),
        }
    }
}

pub(super) struct Layers {
    values: BTreeMap<&'static str, (String, Source)>,
    /// The file that was read, and its arrays of tables by name.
    tables: Option<(PathBuf, BTreeMap<&'static str, Vec<toml::Value>>)>,
    pub(super) warnings: Vec<String>,
    pub(super) errand: Option<Errand>,
}

impl Layers {
    pub(super) fn read(
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        directory: &Path,
    ) -> Result<Self, ConfigError> {
        let flags = command_line().try_get_matches_from(arguments)?;
        let values = SETTINGS.iter().map(|setting| {
            let source = Source::Default { name: setting.name };
            (setting.name, (setting.default.to_owned(), source))
        });
        let (warnings, errand) = (Vec::new(), Errand::of(&flags)?);
        let mut layers = Self { values: values.collect(), tables: None, warnings, errand };
        let (environment, named) = split_config(environment);
        layers.file(flags.get_one::<String>("config").cloned().or(named), directory)?;
        layers.environment(environment);
        layers.flags(&flags);
        Ok(layers)
    }

    /// `name` is one of the table: the layers hold every one of them.
    pub(super) fn get(&self, name: &str) -> (&str, &Source) {
        let (text, source) = &self.values[name];
        (text, source)
    }

    /// The tables of `[[name]]` and the file they stand in; None: the file has none.
    pub(super) fn tables(&self, name: &str) -> Option<(&Path, &[toml::Value])> {
        let (path, arrays) = self.tables.as_ref()?;
        Some((path, arrays.get(name)?))
    }

    fn file(&mut self, named: Option<String>, directory: &Path) -> Result<(), ConfigError> {
        let path = match &named {
            Some(path) => directory.join(path),
            None => directory.join(FILE_NAME),
        };
        let failed = |reason: String| ConfigError::File { path: path.clone(), reason };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(());
            }
            Err(error) => return Err(failed(error.to_string())),
        };
        let table: toml::Table =
            text.parse().map_err(|e: toml::de::Error| failed(e.to_string()))?;
        let mut arrays = BTreeMap::new();
        for (key, value) in table {
            if let Some(name) = TABLES.iter().find(|name| **name == key) {
                let tables = value.as_array().cloned();
                let tables = tables.ok_or_else(|| failed(format!("{name}: not [[{name}]]")))?;
                arrays.insert(*name, tables);
                continue;
            }
            let setting = SETTINGS.iter().find(|s| s.name.replace('-', "_") == key);
            let Some(setting) = setting else {
                let known: Vec<_> = SETTINGS.iter().map(|s| s.name.replace('-', "_")).collect();
                let known = known.join(", ");
                let tables = TABLES.join(", ");
                return Err(failed(format!("{key} is no setting; allowed: {known}, {tables}")));
            };
            let text = plain(&value).ok_or_else(|| {
                failed(format!("{key}: a text, whole number, true, false or list of texts"))
            })?;
            let source = Source::File { path: path.clone(), key };
            self.values.insert(setting.name, (text, source));
        }
        self.tables = Some((path, arrays));
        Ok(())
    }

    fn environment(&mut self, environment: Vec<(String, String)>) {
        for (variable, value) in environment {
            let name = variable[ENVIRONMENT_PREFIX.len()..].to_ascii_lowercase();
            match SETTINGS.iter().find(|setting| setting.name.replace('-', "_") == name) {
                Some(setting) => {
                    self.values.insert(setting.name, (value, Source::Environment { variable }));
                }
                None => self.warnings.push(format!("{variable} is no setting and is ignored")),
            }
        }
    }

    fn flags(&mut self, flags: &ArgMatches) {
        for setting in SETTINGS {
            if let Some(value) = flags.get_one::<String>(setting.name) {
                let source = Source::Flag { name: setting.name };
                self.values.insert(setting.name, (value.clone(), source));
            }
        }
    }
}

fn command_line() -> Command {
    let settings = SETTINGS.iter().map(|setting| {
        let help = match setting.default {
            "" => setting.help.to_owned(),
            default => format!("{} [default: {default}]", setting.help),
        };
        let argument = Arg::new(setting.name)
            .long(setting.name)
            .value_name(setting.value_name)
            .help(help)
            .global(true);
        match setting.bare {
            Some(bare) => argument.num_args(0..=1).default_missing_value(bare),
            None => argument,
        }
    });
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .help("Configuration file [default: orison.toml, if it is there]")
        .global(true);
    Command::new("orison")
        .version(env!("CARGO_PKG_VERSION"))
        .about("An exchange in one process; `orison` alone is `orison serve`")
        .after_help(
            "Each setting may also stand in orison.toml (input_slots = 4096) or in the \
             environment (ORISON_INPUT_SLOTS=4096); flags win over the environment, the \
             environment over the file. Instruments of an empty journal ([[instruments]]), \
             the schedule ([[schedule]]) and thresholds of risk alerts ([[risk]]) stand in the \
             file alone.",
        )
        .subcommand(Command::new("serve").about("Recover the journal and serve"))
        .subcommands(command::commands())
        .args(settings)
        .arg(config)
}

/// Only our variables, and among them the file's name.
fn split_config(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> (Vec<(String, String)>, Option<String>) {
    let ours = environment.into_iter().filter_map(|(variable, value)| {
        let variable = variable.into_string().ok()?;
        let ours = variable.starts_with(ENVIRONMENT_PREFIX);
        ours.then(|| (variable, value.to_string_lossy().into_owned()))
    });
    let (config, rest) = ours.partition::<Vec<_>, _>(|(variable, _)| variable == "ORISON_CONFIG");
    (rest, config.into_iter().next().map(|(_, value)| value))
}

fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(items) => {
            let texts: Option<Vec<_>> = items.iter().map(toml::Value::as_str).collect();
            texts.map(|texts| texts.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}
