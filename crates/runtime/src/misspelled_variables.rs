//! Environment variables that look like a setting and are none. A flag or a key of a settings file that no program reads is an error;
//! an environment belongs to many programs, so there it is a warning.

use std::collections::BTreeSet;

use clap::Command;

/// Variables of this prefix belong to every program that sends telemetry; only typing errors are found among them.
const SHARED_PREFIX: &str = "OTEL_";
/// Typing errors: the minimum length of a name, and the maximum edit distance from a setting.
const TYPING_ERRORS: [(usize, usize); 2] = [(9, 2), (6, 1)];

/// A variable that nothing reads, and the setting that it resembles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MisspelledVariable {
    /// The name in the environment.
    pub name: String,
    /// The setting that is probably meant; `None` if only the prefix matches.
    pub setting: Option<String>,
}

impl MisspelledVariable {
    /// What the variable is, for a program of this name.
    pub fn message(&self, program: &str) -> String {
        let Self { name, setting } = self;
        let hint = setting.as_ref().map(|setting| format!("; did you mean {setting}?")).unwrap_or_default();
        format!("{name} is not a setting of {program} and is ignored{hint}")
    }
}

/// Finds the variables among `names` that resemble a setting of `command` but are not one.
pub fn misspelled_variables(command: &Command, names: impl IntoIterator<Item = String>) -> Vec<MisspelledVariable> {
    let mut settings = BTreeSet::new();
    collect_settings(command, &mut settings);
    let program = command.get_name().to_ascii_uppercase().replace('-', "_");
    let prefixes = ["OFSELF_".to_owned(), format!("{program}_")];
    let mut found: Vec<_> = names
        .into_iter()
        .filter(|name| !settings.contains(name.as_str()))
        .filter_map(|name| {
            let upper = name.to_ascii_uppercase();
            let bare = prefixes.iter().find_map(|prefix| upper.strip_prefix(prefix));
            let meant = bare.and_then(|bare| meant(bare, &settings)).or_else(|| meant(&upper, &settings));
            let is_suspect = meant.is_some() || has_prefix_of_settings(&upper, &settings);
            is_suspect.then(|| MisspelledVariable { setting: meant.map(str::to_owned), name })
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

fn collect_settings(command: &Command, settings: &mut BTreeSet<String>) {
    let variables = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
    settings.extend(variables.map(str::to_owned));
    for subcommand in command.get_subcommands() {
        collect_settings(subcommand, settings);
    }
}

/// The setting that `name` probably means.
fn meant<'a>(name: &str, settings: &'a BTreeSet<String>) -> Option<&'a str> {
    let distances = settings.iter().map(|setting| (strsim::osa_distance(name, setting), setting.as_str()));
    let (distance, nearest) = distances.min()?;
    let is_typing_error = TYPING_ERRORS.iter().any(|(length, most)| name.len() >= *length && distance <= *most);
    if distance == 0 || is_typing_error {
        return Some(nearest);
    }
    // `DATABASE_URL_FILE`: the name of a setting of several words, and more.
    let is_extended = |setting: &&String| {
        setting.contains('_') && name.strip_prefix(setting.as_str()).is_some_and(|rest| rest.starts_with('_'))
    };
    let is_shared = name.starts_with(SHARED_PREFIX);
    settings.iter().filter(is_extended).max_by_key(|setting| setting.len()).filter(|_| !is_shared).map(String::as_str)
}

/// Whether `name` has the prefix of several settings, as `JWT_KEY` has.
fn has_prefix_of_settings(name: &str, settings: &BTreeSet<String>) -> bool {
    let prefix = prefix(name);
    let family = settings.iter().filter(|setting| self::prefix(setting) == prefix).count();
    prefix.is_some() && family > 1 && !name.starts_with(SHARED_PREFIX)
}

fn prefix(name: &str) -> Option<&str> {
    name.split_once('_').map(|(prefix, _)| prefix)
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn settings() -> Command {
        let setting = |name: &'static str| Arg::new(name).long(name).env(name);
        let names =
            ["RATE_LIMIT", "DATABASE_URL", "JWT_ISSUER", "JWT_AUDIENCE", "DRAIN", "OTEL_EXPORTER_OTLP_ENDPOINT"];
        let serve = names.into_iter().fold(Command::new("serve"), |command, name| command.arg(setting(name)));
        Command::new("sample").subcommand(serve)
    }

    fn found(name: &str) -> Option<MisspelledVariable> {
        misspelled_variables(&settings(), [name.to_owned()]).pop()
    }

    #[test]
    fn near_misses_of_a_setting_are_found() {
        for (name, setting) in [
            ("RATE_LIMITS", "RATE_LIMIT"),
            ("RATE_LIMT", "RATE_LIMIT"),
            ("RATELIMIT", "RATE_LIMIT"),
            ("rate_limit", "RATE_LIMIT"),
            ("OFSELF_RATE_LIMIT", "RATE_LIMIT"),
            ("SAMPLE_DRAIN", "DRAIN"),
            ("RATE_LIMIT_PER_MINUTE", "RATE_LIMIT"),
            ("DATABASE_URL_FILE", "DATABASE_URL"),
            ("JWT_ISSUERS", "JWT_ISSUER"),
            ("OFSELF_RATE_LIMITS", "RATE_LIMIT"),
            ("OTEL_EXPORTER_OTLP_ENDPONT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ] {
            assert_eq!(found(name).and_then(|found| found.setting).as_deref(), Some(setting), "{name}");
        }
        for name in ["JWT_KEY", "JWT_TTL"] {
            assert_eq!(found(name).map(|found| found.setting), Some(None), "{name}");
        }
    }

    #[test]
    fn variables_of_other_programs_are_not_reported() {
        for name in [
            "RATE_LIMIT",
            "PATH",
            "BRAIN",
            "TRAIN",
            "RATE",
            "OTEL_SERVICE_NAME",
            "OTEL_EXPORTER_OTLP_HEADERS",
            "DATABASE_HOST",
            "TF_CLI_DATABASE_URL",
            "OFSELF",
            "OFSELF_HOME",
            "KUBERNETES_SERVICE_HOST",
            "NO_COLOR",
            "",
        ] {
            assert_eq!(found(name), None, "{name}");
        }
    }
}
