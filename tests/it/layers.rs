//! Layers inside a crate, which Cargo cannot enforce: `domain` names nothing else, SeaORM stays in `storage`, tonic and the
//! contract stay in `grpc`. Between crates, the dependency tree is the rule.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A folder of each service, and the words that no source in it may hold.
const LAYERS: [(&str, &[&str]); 5] = [
    (
        "domain",
        &[
            "sea_orm",
            "tonic",
            "tokio",
            "ofself_proto",
            "runtime::",
            "persistence::",
            "grpc_server::",
            "crate::storage",
            "crate::grpc",
            "crate::operations",
            "async ",
            "Utc::now",
        ],
    ),
    ("operations", &["sea_orm", "tonic", "ofself_proto", "crate::grpc"]),
    ("storage", &["tonic", "ofself_proto", "crate::grpc", "crate::operations"]),
    ("grpc", &["sea_orm", "crate::storage"]),
    ("error.rs", &["sea_orm", "tonic"]),
];

/// A crate, and the crates that must not be in its dependency tree.
const TREES: [(&str, &[&str]); 7] = [
    ("types", &["tokio", "tonic", "sea-orm"]),
    ("pii", &["tokio", "tonic", "sea-orm"]),
    ("runtime", &["tonic", "sea-orm", "axum"]),
    ("http-server", &["tonic", "sea-orm", "sqlx"]),
    ("admission", &["tonic", "sea-orm", "sqlx"]),
    ("grpc-server", &["sea-orm", "sqlx", "libsqlite3-sys"]),
    ("gateway", &["sea-orm", "sqlx", "libsqlite3-sys", "sharing-svc", "exposure-svc"]),
];

#[test]
fn layers_of_a_service_depend_only_downwards() {
    let mut found = Vec::new();
    for (service, (layer, forbidden)) in
        ["sharing-svc", "exposure-svc"].into_iter().flat_map(|s| LAYERS.map(|l| (s, l)))
    {
        let folder = format!("{service}/src/{layer}");
        let sources = sources(&root().join(&folder));
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
fn dependency_trees_keep_crates_apart() {
    for (name, forbidden) in TREES {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
        let tree = cargo.args(["--package", name]).current_dir(root()).output().unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let text = String::from_utf8(tree.stdout).unwrap();
        let packages: BTreeSet<_> = text.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(packages.contains(name));
        let found: Vec<_> = forbidden.iter().filter(|package| packages.contains(**package)).collect();
        assert!(found.is_empty(), "{name} depends on {found:?}");
    }
}

#[test]
fn no_source_file_exceeds_400_lines() {
    let folders = ["bench", "crates", "examples", "exposure-svc", "gateway", "ofself", "sharing-svc", "tests"];
    for source in folders.iter().flat_map(|folder| sources(&root().join(folder))) {
        let lines = fs::read_to_string(&source).unwrap().lines().count();
        assert!(lines <= 400, "{} has {lines} lines: is it still about one thing?", source.display());
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
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
