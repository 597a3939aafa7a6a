//! Every setting of every program, as one table made of what the programs read.

use std::fmt::Write;

use clap::{Arg, Command, CommandFactory};
use expect_test::expect_file;

const HEADING: &str = "\
# Settings

This page is generated from the command lines of the programs; a test fails if it is outdated.

A flag overrides the environment. For the three services, the environment overrides the TOML file of `--config`. A key of the file is
the name of the flag with `_` instead of `-` (`rate_limit = 600`). An unknown flag, an unknown key of the file and an invalid value are
refused: exit code 2, and a line that names them. An environment belongs to many programs, so there an unknown variable is no error; one
that resembles a setting (`RATE_LIMITS`, `OFSELF_RATE_LIMIT`, `JWT_KEY`) is logged as a warning at start and reported by `doctor`. Lists
are separated by commas; spaces around an entry are ignored, an empty entry is refused. Times are written `500ms`, `5s`, `10m`, `24h`.

";

/// What a row of the table says, but for whose setting it is.
#[derive(PartialEq, Eq)]
struct Setting {
    flag: String,
    variable: String,
    default: String,
    help: String,
}

fn setting(argument: &Arg) -> Option<Setting> {
    let flag = argument.get_long().filter(|flag| *flag != "help")?;
    let variable = argument.get_env().map(|name| name.to_string_lossy().into_owned());
    let default: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    assert!(!help.is_empty(), "--{flag} says nothing of itself");
    let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
    Some(Setting {
        flag: format!("`--{flag}`"),
        variable: code(&variable.unwrap_or_default()),
        default: code(&default.join(",")),
        help: help.replace('|', "\\|"),
    })
}

fn table(actions: &[(&'static str, Command)]) -> String {
    let mut rows: Vec<(Setting, Vec<&str>)> = Vec::new();
    for (program, action) in actions {
        for setting in action.get_arguments().filter_map(setting) {
            match rows.iter_mut().find(|(known, _)| *known == setting) {
                Some((_, programs)) => programs.push(program),
                None => rows.push((setting, vec![program])),
            }
        }
    }
    let mut table = "| Flag | Environment | Default | What | Of |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for (Setting { flag, variable, default, help }, programs) in rows {
        let of = if programs.len() == actions.len() && programs.len() > 1 { "all" } else { &programs.join(", ") };
        writeln!(table, "| {flag} | {variable} | {default} | {help} | {of} |").unwrap();
    }
    table
}

fn action(program: &Command, name: &str) -> Command {
    program.find_subcommand(name).unwrap_or_else(|| panic!("{} has no {name}", program.get_name())).clone()
}

#[test]
fn every_setting_is_in_the_documents() {
    let ofself = ofself::config::Command::command();
    let gateway = gateway::config::Command::command();
    let sharing = service::settings::command::<sharing_svc::SharingSvc>();
    let exposure = service::settings::command::<exposure_svc::ExposureSvc>();
    let serve = [
        ("gateway", action(&gateway, "serve")),
        ("sharing-svc", action(&sharing, "serve")),
        ("exposure-svc", action(&exposure, "serve")),
        ("ofself", action(&ofself, "serve")),
    ];
    let mut text = HEADING.to_owned();
    text += "## `serve` and `doctor`\n\n";
    text += &table(&serve);
    text += "\n## `migrate`\n\n";
    text += &table(&[("sharing-svc", action(&sharing, "migrate")), ("exposure-svc", action(&exposure, "migrate"))]);
    for name in ["init", "token", "certificates"] {
        write!(text, "\n## `ofself {name}`\n\n{}", table(&[("ofself", action(&ofself, name))])).unwrap();
    }
    expect_file!["../../docs/settings.md"].assert_eq(&text);
}
