//! Settings: a flag, else an environment variable, else a key of a TOML file, else the default.
//!
//! The file is laid beneath the command line as its defaults, so that a setting is declared once and `--help` shows what
//! applies.

use std::{ffi::OsString, fmt::Display, fs, path::PathBuf, str::FromStr};

use clap::{ArgAction, ArgMatches, Command, Parser, error::ErrorKind};

/// Where the settings file is named.
#[derive(clap::Args, Clone, Debug)]
pub struct FileSettings {
    /// A TOML file with the same settings, named as the flags are with `_` for `-`
    #[arg(long, env = "CONFIG_FILE", global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Reads the settings of this process; on an error, prints it on stderr and exits with 2.
pub fn parse<S: Parser>() -> S {
    parse_from(std::env::args_os().collect()).unwrap_or_else(|error| error.exit())
}

/// As [`parse`], from these arguments.
pub fn parse_from<S: Parser>(arguments: Vec<OsString>) -> Result<S, clap::Error> {
    parse_command(S::command(), arguments, S::from_arg_matches_mut)
}

/// As [`parse_from`], with a command line that was adjusted.
pub fn parse_command<S>(
    mut command: Command,
    arguments: Vec<OsString>,
    read: impl FnOnce(&mut ArgMatches) -> Result<S, clap::Error>,
) -> Result<S, clap::Error> {
    if let Some(path) = config_path(&command, &arguments) {
        command = beneath(command, &path)?;
    }
    let mut matches = command.try_get_matches_from_mut(arguments)?;
    read(&mut matches).map_err(|error| error.format(&mut command))
}

fn config_path(command: &Command, arguments: &[OsString]) -> Option<PathBuf> {
    let matches = command.clone().ignore_errors(true).try_get_matches_from(arguments).ok()?;
    let deepest = matches.subcommand().map_or(&matches, |(_, below)| below);
    deepest.try_get_one::<PathBuf>("config").ok().flatten().cloned()
}

fn beneath(mut command: Command, path: &PathBuf) -> Result<Command, clap::Error> {
    let refuse = |command: &mut Command, message: String| {
        command.error(ErrorKind::InvalidValue, format!("{}: {message}", path.display()))
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return Err(refuse(&mut command, error.to_string())),
    };
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return Err(refuse(&mut command, error.to_string().trim_end().to_owned())),
    };
    for (key, value) in table {
        let Some(defaults) = defaults(&value) else {
            return Err(refuse(
                &mut command,
                format!("`{key}` must be a string, number, boolean or a list of strings"),
            ));
        };
        let known = |command: &Command| command.get_arguments().any(|argument| argument.get_id() == key.as_str());
        let lay = |argument: clap::Arg| {
            // A value of the file need not be repeated on the command line.
            let argument = argument.required(false);
            if matches!(argument.get_action(), ArgAction::Append) {
                argument.default_values(defaults.clone())
            } else {
                argument.default_value(defaults.join(","))
            }
        };
        let names: Vec<String> =
            command.get_subcommands().filter(|below| known(below)).map(|below| below.get_name().to_owned()).collect();
        if key == "config" || (names.is_empty() && !known(&command)) {
            let program = command.get_name().to_owned();
            return Err(refuse(&mut command, format!("`{key}` is not a setting of {program}")));
        }
        if known(&command) {
            command = command.mut_arg(&key, lay);
        }
        for name in names {
            command = command.mut_subcommand(name, |below| below.mut_arg(&key, lay));
        }
    }
    Ok(command)
}

fn defaults(value: &toml::Value) -> Option<Vec<String>> {
    match value {
        toml::Value::String(text) => Some(vec![text.clone()]),
        toml::Value::Integer(number) => Some(vec![number.to_string()]),
        toml::Value::Float(number) => Some(vec![number.to_string()]),
        toml::Value::Boolean(truth) => Some(vec![truth.to_string()]),
        toml::Value::Array(values) => values.iter().map(|value| value.as_str().map(str::to_owned)).collect(),
        toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

/// Parses one entry of a comma-separated list, without the spaces around it. An empty entry is rejected: it is a leftover comma or a
/// variable that was meant to be unset.
pub fn list_entry<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    match text.trim() {
        "" => Err("the list has an empty entry; remove it, or unset the variable".to_owned()),
        entry => entry.parse().map_err(|error: T::Err| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Parser, Debug)]
    #[command(name = "sample")]
    struct Sample {
        #[command(subcommand)]
        command: SampleCommand,
    }

    #[derive(clap::Subcommand, Debug)]
    enum SampleCommand {
        Serve {
            #[command(flatten)]
            file: FileSettings,
            #[arg(long, default_value = "127.0.0.1:1")]
            listen: String,
            #[arg(long, default_value_t = false, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
            reflection: bool,
            #[arg(long)]
            origin: Vec<String>,
            #[arg(long, env = "A_SETTING_OF_THIS_TEST")]
            issuer: String,
        },
    }

    fn parse_with(file: &str, flags: &[&str]) -> Result<SampleCommand, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        fs::write(&path, file).unwrap();
        let mut arguments: Vec<OsString> = vec!["sample".into(), "serve".into(), "--config".into(), path.into()];
        arguments.extend(flags.iter().map(Into::into));
        parse_from::<Sample>(arguments).map(|sample| sample.command).map_err(|error| error.to_string())
    }

    #[test]
    fn flag_overrides_file_and_file_overrides_default() {
        let SampleCommand::Serve { listen, reflection, origin, issuer, .. } = parse_with(
            "listen = '127.0.0.1:2'\nreflection = true\norigin = ['https://a', 'https://b']\nissuer = 'i'",
            &["--listen", "127.0.0.1:3"],
        )
        .unwrap();
        assert_eq!((listen.as_str(), reflection), ("127.0.0.1:3", true));
        assert_eq!(origin, ["https://a", "https://b"]);
        assert_eq!(issuer, "i", "what must be said may be said in the file");
    }

    #[test]
    fn missing_required_settings_are_named() {
        let error = parse_with("listen = '127.0.0.1:2'", &[]).unwrap_err();
        assert!(error.contains("--issuer"), "{error}");
    }

    #[test]
    fn unknown_setting_is_rejected_by_name() {
        let error = parse_with("lisen = 'x'", &[]).unwrap_err();
        assert!(error.contains("`lisen` is not a setting of sample"), "{error}");
    }
}
