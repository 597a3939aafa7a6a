//! Settings as a shell or a supervisor gives them.

use std::process::Command;

use clap::Parser;
use gateway::config::{Action, Settings};

/// The settings of `gateway serve` with these options.
fn settings(options: &[&str]) -> Settings {
    let fixed = ["gateway", "serve", "--jwt-issuer", "issuer", "--jwt-audience", "audience"];
    let command = gateway::config::Command::try_parse_from(fixed.iter().chain(options)).unwrap();
    let Action::Serve(settings) = command.action else { panic!("serve was asked for") };
    settings
}

#[test]
fn empty_list_entries_are_refused_at_start() {
    for (variable, value) in [
        ("FIRST_PARTY_CLIENTS", ""),
        ("FIRST_PARTY_CLIENTS", " "),
        ("FIRST_PARTY_CLIENTS", "web,"),
        ("FIRST_PARTY_CLIENTS", ",web"),
        ("FIRST_PARTY_CLIENTS", "web, ,ios"),
        ("FIRST_PARTY_VALUES", ""),
        ("FIRST_PARTY_VALUES", "L0,"),
        ("JWT_ALGORITHMS", "RS256,"),
        ("CORS_ORIGINS", "https://app.ofself.ai,"),
    ] {
        let mut gateway = Command::new(env!("CARGO_BIN_EXE_gateway"));
        gateway.args(["serve", "--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-jwks-file", "/nowhere"]);
        let refused = gateway.env(variable, value).output().unwrap();
        let error = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{variable}={value}: {error}");
        assert!(error.contains(variable) && !error.contains("/nowhere"), "{variable}={value}: {error}");
    }
}

#[test]
fn list_entries_are_trimmed() {
    let auth = settings(&["--first-party-values", " L0 ,L9", "--first-party-clients", "web , ios"]).auth;
    assert_eq!((auth.first_party_values, auth.first_party_clients.len()), (vec!["L0".to_owned(), "L9".to_owned()], 2));
    assert_eq!(auth.first_party_clients, ["web", "ios"]);
    let settings =
        settings(&["--jwt-algorithms", "RS256, ES256", "--cors-origins", "https://a.example, https://b.example"]);
    assert_eq!(settings.auth.jwt_algorithms.len(), 2);
    assert_eq!(settings.limits.cors_origins, ["https://a.example", "https://b.example"]);
}
