//! The layers hold: nothing names what it may not.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A folder, and the words that no source in it may hold.
const RULES: [(&str, &[&str]); 14] = [
    ("vocabulary/src", &["service_kit", "sea_orm", "tonic", "tokio", "ofself_proto", "async ", "Utc::now"]),
    ("service-kit/src", &["ofself_proto", "sharing_svc", "exposure_svc", "gateway::"]),
    (
        "sharing-svc/src/domain",
        &[
            "sea_orm",
            "tonic",
            "tokio",
            "ofself_proto",
            "service_kit",
            "crate::storage",
            "crate::grpc",
            "crate::operations",
            "async ",
            "Utc::now",
        ],
    ),
    (
        "exposure-svc/src/domain",
        &[
            "sea_orm",
            "tonic",
            "tokio",
            "ofself_proto",
            "service_kit",
            "crate::storage",
            "crate::grpc",
            "crate::operations",
            "async ",
            "Utc::now",
        ],
    ),
    ("sharing-svc/src/operations", &["sea_orm", "tonic", "ofself_proto", "crate::grpc"]),
    ("exposure-svc/src/operations", &["sea_orm", "tonic", "ofself_proto", "crate::grpc"]),
    ("sharing-svc/src/storage", &["tonic", "ofself_proto", "crate::grpc", "crate::operations"]),
    ("exposure-svc/src/storage", &["tonic", "ofself_proto", "crate::grpc", "crate::operations"]),
    ("sharing-svc/src/grpc", &["sea_orm", "crate::storage", "exposure"]),
    ("exposure-svc/src/grpc", &["sea_orm", "crate::storage", "sharing_svc"]),
    ("examples/node-store/src", &["sharing_svc", "exposure_svc", "service_kit"]),
    ("gateway/src", &["sea_orm", "sharing_svc", "exposure_svc"]),
    ("sharing-svc/src/error.rs", &["sea_orm", "tonic"]),
    ("exposure-svc/src/error.rs", &["sea_orm", "tonic"]),
];

#[test]
fn no_layer_names_what_it_may_not() {
    let mut found = Vec::new();
    for (folder, forbidden) in RULES {
        let sources = sources(&root().join(folder));
        assert!(!sources.is_empty(), "{folder} holds no sources");
        for source in sources {
            let text = fs::read_to_string(&source).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for (number, line) in code.enumerate() {
                for word in forbidden.iter().filter(|word| line.contains(**word)) {
                    found.push(format!("{}: `{word}` in code line {}: {line}", source.display(), number + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_source_file_is_longer_than_one_sitting() {
    let folders = [
        "vocabulary",
        "service-kit",
        "sharing-svc",
        "exposure-svc",
        "gateway",
        "deploy/standalone",
        "test-kit",
        "examples",
    ];
    for source in folders.iter().flat_map(|folder| sources(&root().join(folder))) {
        let lines = fs::read_to_string(&source).unwrap().lines().count();
        assert!(lines <= 400, "{} has {lines} lines: is it still about one thing?", source.display());
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(at: &Path) -> Vec<PathBuf> {
    if at.is_file() {
        return vec![at.to_owned()];
    }
    let entries = fs::read_dir(at).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut sources: Vec<_> = entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect();
    sources.sort();
    sources
}
