//! Explanations of decisions, compared with a file that a person has read.

use std::fmt::Write;

use expect_test::expect_file;
use sharing_svc::domain::access::{Action, explain};
use types::Id;

use crate::world::{CaseNode, CaseResource, CaseShare, chains_between, day_of, shares};

fn share(id: &str, to: &str, scope: &str, ids: &[&str], rights: &str) -> CaseShare {
    let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
    CaseShare {
        id: id.into(),
        owner_id: "ann".into(),
        shared_with_user_id: to.into(),
        scope: scope.into(),
        can_read: rights.contains('r'),
        can_write: rights.contains('w'),
        can_delete: rights.contains('d'),
        can_share: rights.contains('s'),
        tag_ids: if scope == "specific_tags" { ids.clone() } else { Vec::new() },
        node_ids: if scope == "specific_tags" { Vec::new() } else { ids },
        expires_at: None,
        revoked_at: None,
        parent_share_id: None,
    }
}

fn below(parent: &str, share: CaseShare) -> CaseShare {
    CaseShare { parent_share_id: Some(parent.into()), ..share }
}

fn expired(share: CaseShare) -> CaseShare {
    CaseShare { expires_at: Some(day_of(9).utc()), ..share }
}

fn revoked(share: CaseShare) -> CaseShare {
    CaseShare { revoked_at: Some(day_of(8).utc()), ..share }
}

fn node(id: &str, tags: &[&str], roots: &[&str]) -> CaseNode {
    let texts = |ids: &[&str]| ids.iter().map(ToString::to_string).collect();
    CaseNode { id: id.into(), tag_ids: texts(tags), graph_root_ids: texts(roots) }
}

#[test]
fn every_decision_is_explained() {
    let all = |id, to, rights| share(id, to, "all", &[], rights);
    let tags = |id, to, tags: &[&str], rights| share(id, to, "specific_tags", tags, rights);
    let nodes = |id, to, nodes: &[&str], rights| share(id, to, "specific_nodes", nodes, rights);
    let graph = |id, to, roots: &[&str], rights| share(id, to, "graph", roots, rights);
    let one = |id: &str, tags: &[&str], roots: &[&str]| CaseResource::Node(node(id, tags, roots));
    let edge = |source, target| CaseResource::Relationship { source, target };
    let diary = || one("n1", &["diary"], &["r1"]);
    let read = Action::Read;
    let cases: Vec<(&str, Vec<CaseShare>, &str, Action, CaseResource)> = vec![
        ("the owner", vec![], "ann", Action::Delete, diary()),
        ("yes: everything is shared", vec![all("s", "bob", "r")], "bob", read, diary()),
        ("yes: by a tag", vec![tags("s", "bob", &["work", "diary"], "r")], "bob", read, diary()),
        ("yes: by its id", vec![nodes("s", "bob", &["n1"], "rw")], "bob", Action::Write, diary()),
        ("yes: by a root", vec![graph("s", "bob", &["r1"], "r")], "bob", read, diary()),
        ("yes: it is a root", vec![graph("s", "bob", &["n1"], "r")], "bob", read, diary()),
        ("yes: by two shares", vec![all("s", "bob", "r"), nodes("t", "bob", &["n1"], "r")], "bob", read, diary()),
        ("yes: passed on", vec![all("p", "cyd", "rs"), below("p", all("s", "bob", "r"))], "bob", read, diary()),
        (
            "yes: an edge, its ends shared apart",
            vec![nodes("s", "bob", &["n1"], "r"), tags("t", "bob", &["work"], "r")],
            "bob",
            read,
            edge(node("n1", &[], &[]), node("n2", &["work"], &[])),
        ),
        ("no: nothing is shared", vec![all("s", "cyd", "r")], "bob", read, diary()),
        ("no: another action", vec![all("s", "bob", "r")], "bob", Action::Write, diary()),
        ("no: another tag", vec![tags("s", "bob", &["work"], "r")], "bob", read, diary()),
        ("no: another node", vec![nodes("s", "bob", &["n2"], "r")], "bob", read, diary()),
        ("no: another root", vec![graph("s", "bob", &["r2"], "r")], "bob", read, diary()),
        ("no: expired", vec![expired(all("s", "bob", "r"))], "bob", read, diary()),
        ("no: revoked", vec![revoked(all("s", "bob", "r"))], "bob", read, diary()),
        (
            "no: expired above",
            vec![expired(all("p", "cyd", "rs")), below("p", all("s", "bob", "r"))],
            "bob",
            read,
            diary(),
        ),
        (
            "no: revoked above",
            vec![revoked(all("p", "cyd", "rs")), revoked(below("p", all("s", "bob", "r")))],
            "bob",
            read,
            diary(),
        ),
        (
            "no: narrowed above",
            vec![tags("p", "cyd", &["work"], "rs"), below("p", tags("s", "bob", &["diary"], "r"))],
            "bob",
            read,
            diary(),
        ),
        (
            "no: may no longer be re-shared",
            vec![all("p", "cyd", "r"), below("p", all("s", "bob", "r"))],
            "bob",
            read,
            diary(),
        ),
        (
            "no: the nearest of several",
            vec![
                revoked(expired(all("s", "bob", "w"))),
                tags("t", "bob", &["work"], "w"),
                tags("u", "bob", &["diary"], "w"),
            ],
            "bob",
            read,
            diary(),
        ),
        (
            "no: an edge whose target is not shared",
            vec![nodes("s", "bob", &["n1"], "r")],
            "bob",
            read,
            edge(node("n1", &[], &[]), node("n2", &[], &[])),
        ),
    ];
    let mut shown = String::from("What `ExplainAccess` says, by kind. Everything is `ann`'s; it is 2026-01-10.\n");
    for (title, made, viewer, action, resource) in cases {
        let made = shares(&made, "");
        let chains = chains_between(&made, "ann", viewer);
        let of = |name: &str| Id::parse(name).unwrap();
        let explained = explain(&chains, &of(viewer), &of("ann"), action, resource.facts(), day_of(10));
        writeln!(shown, "\n{title}\n  {}", explained.reason).unwrap();
        for verdict in explained.verdicts {
            let sign = if verdict.allows { "+" } else { "-" };
            writeln!(shown, "  {sign} {}: {}", verdict.share, verdict.reason).unwrap();
        }
    }
    expect_file!["../cases/explanations.txt"].assert_eq(&shown);
}
