//! Who may do what: every endpoint by everyone, as one table made of real answers.

use std::fmt::Write;
use std::time::Duration;

use expect_test::expect_file;
use http::Method;
use runtime::clock::Clock;
use serde_json::json;
use test_kit::{Answer, Backend};

use crate::{access::grant, test_server::TestServer};

const HEADING: &str = "\
# Access matrix

The status of every endpoint for every kind of user. A test generates this table from real responses.

The data is Ann's. She shares it with Bob, who may pass it on; Bob passed it on to Cyd; Eve has nothing to do with any of
it. *A share* is Ann's own, *a re-share* is Bob's. A cell is the status of the answer, and the code when it is a refusal; of
a list, how many rows it has.

Whatever the endpoint: a good token of an L1 or L2 app, or an API key alone, gets 403 `FIRST_PARTY_APP_REQUIRED`; an expired token,
or none, gets 401 `UNAUTHORIZED`. The test asks each of these everywhere.

";

/// Who asks, and how.
struct Asker {
    title: &'static str,
    user: &'static str,
    with: With,
}

#[derive(Clone, Copy)]
enum With {
    Token(&'static str),
    ExpiredToken,
    ApiKey,
    Nothing,
}

/// Who the table is of.
const ASKERS: [Asker; 4] = [
    Asker { title: "Ann, the owner", user: "ann", with: With::Token("L0") },
    Asker { title: "Bob, recipient and re-sharer", user: "bob", with: With::Token("L0") },
    Asker { title: "Cyd, recipient of the re-share", user: "cyd", with: With::Token("L0") },
    Asker { title: "Eve, a stranger", user: "eve", with: With::Token("L0") },
];

/// Requests with the same response on every endpoint.
const REFUSED: [(Asker, &str); 5] = [
    (Asker { title: "Ann, by an L1 app", user: "ann", with: With::Token("L1") }, "403 `FIRST_PARTY_APP_REQUIRED`"),
    (Asker { title: "Ann, by an L2 app", user: "ann", with: With::Token("L2") }, "403 `FIRST_PARTY_APP_REQUIRED`"),
    (Asker { title: "Ann, expired token", user: "ann", with: With::ExpiredToken }, "401 `UNAUTHORIZED`"),
    (Asker { title: "an API key alone", user: "ann", with: With::ApiKey }, "403 `FIRST_PARTY_APP_REQUIRED`"),
    (Asker { title: "nobody", user: "ann", with: With::Nothing }, "401 `UNAUTHORIZED`"),
];

/// An endpoint, the thing it is asked of, and the body that is sent.
struct Endpoint(&'static str, &'static str, &'static str);

const ENDPOINTS: [Endpoint; 40] = [
    Endpoint("POST /sharing", "", r#"{"shared_with_user_id": "dan", "scope": "all"}"#),
    Endpoint(
        "POST /sharing",
        "passing on Ann's share",
        r#"{"shared_with_user_id": "dan", "scope": "all", "parent_share_id": "{share}"}"#,
    ),
    Endpoint("GET /sharing/outgoing", "", ""),
    Endpoint("GET /sharing/incoming", "", ""),
    Endpoint("GET /sharing/{share}", "a share", ""),
    Endpoint("GET /sharing/{reshare}", "a re-share", ""),
    Endpoint("PUT /sharing/{share}", "a share", r#"{"can_delete": true}"#),
    Endpoint("PUT /sharing/{reshare}", "a re-share", r#"{"expires_at": "2126-01-01T00:00:00Z"}"#),
    Endpoint("DELETE /sharing/{share}", "a share", ""),
    Endpoint("DELETE /sharing/{reshare}", "a re-share", ""),
    Endpoint("POST /exposure-profiles", "", r#"{"name": "Work"}"#),
    Endpoint("GET /exposure-profiles", "", ""),
    Endpoint("GET /exposure-profiles/default", "", ""),
    Endpoint("GET /exposure-profiles/{profile}", "Ann's profile", ""),
    Endpoint("GET /exposure-profiles/{profile}/yaml", "Ann's profile", ""),
    Endpoint("PUT /exposure-profiles/{profile}", "Ann's profile", r#"{"is_active": false}"#),
    Endpoint("DELETE /exposure-profiles/{profile}", "Ann's profile", ""),
    Endpoint("DELETE /exposure-profiles/{default}", "Ann's default profile", ""),
    Endpoint("POST /exposure-profiles/from-template", "", r#"{"template": "restrictive"}"#),
    Endpoint("GET /access/people", "", ""),
    Endpoint("POST /access/viewers", "a node with the id of Ann's", r#"{"node": {"id": "n1"}}"#),
    Endpoint("POST /access/view-as", "", r#"{"person": "bob", "nodes": [{"description": {"id": "n1"}}]}"#),
    Endpoint("GET /access/apps", "", ""),
    Endpoint("GET /access/tags", "", ""),
    Endpoint("PUT /access/apps/{app}", "Ann's app", r#"{"profile_id": "{profile}"}"#),
    Endpoint("DELETE /access/apps/{app}", "Ann's app", ""),
    Endpoint("GET /access/owners", "", ""),
    Endpoint("GET /access/history", "", ""),
    Endpoint("DELETE /access/incoming/{share}", "a share", ""),
    Endpoint("GET /access/blocked", "", ""),
    Endpoint("PUT /access/blocked/{person}", "Zoe", ""),
    Endpoint("DELETE /access/blocked/{person}", "Zoe", ""),
    Endpoint(
        "POST /access/preview",
        "Ann's profile",
        r#"{"profile_id": "{profile}", "changes": {"is_active": false}}"#,
    ),
    Endpoint("POST /access/stop", "", r#"{"people": "all", "apps": "all"}"#),
    Endpoint("GET /access/suggestions", "", ""),
    Endpoint("GET /access/export", "", ""),
    Endpoint("POST /access/erasure", "", ""),
    Endpoint("DELETE /access/me?confirmation={confirmation}", "a confirmation for Ann", ""),
    Endpoint("DELETE /access/me", "", ""),
    Endpoint("GET /nowhere", "", ""),
];

#[tokio::test]
async fn permission_table_matches_responses() {
    let mut table = HEADING.to_owned();
    let titles: Vec<_> = ASKERS.iter().map(|asker| asker.title).collect();
    writeln!(table, "| Endpoint | {} |", titles.join(" | ")).unwrap();
    writeln!(table, "| --- |{}", " --- |".repeat(titles.len())).unwrap();
    for Endpoint(request, of, body) in ENDPOINTS {
        let mut row = Vec::new();
        for asker in &ASKERS {
            row.push(cell(&ask(request, body, asker).await));
        }
        for (asker, response) in &REFUSED {
            // A request for a missing resource has the same response for every user.
            let response = if request == "GET /nowhere" { "404 `NOT_FOUND`" } else { response };
            assert_eq!(cell(&ask(request, body, asker).await), response, "{request} by {}", asker.title);
        }
        let request = ["share", "reshare"]
            .iter()
            .fold(request.to_owned(), |text, name| text.replace(&format!("{{{name}}}"), "{share_id}"));
        let request = ["profile", "default"]
            .iter()
            .fold(request, |text, name| text.replace(&format!("{{{name}}}"), "{profile_id}"))
            .replace("{app}", "{app_id}")
            .replace("{person}", "{user_id}")
            .replace("{confirmation}", "…");
        let of = if of.is_empty() { String::new() } else { format!(" ({of})") };
        writeln!(table, "| `{request}`{of} | {} |", row.join(" | ")).unwrap();
    }
    expect_file!["../../docs/who-may-do-what.md"].assert_eq(&table);
}

/// Sets the scene anew and asks.
async fn ask(request: &str, body: &str, asker: &Asker) -> Answer {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let share = json!({"shared_with_user_id": "bob", "scope": "all", "can_share": true});
    let share = server.made("ann", "/sharing", &share).await;
    let reshare = json!({"shared_with_user_id": "cyd", "scope": "all", "parent_share_id": share});
    let reshare = server.made("bob", "/sharing", &reshare).await;
    let profile = server.made("ann", "/exposure-profiles", &json!({"name": "Mine"})).await;
    let default = server.get("ann", "/exposure-profiles/default").await.json()["id"].as_str().unwrap().to_owned();
    grant(&server, "ann", "reader", &default).await;
    let (app, person) = ("reader".to_owned(), "zoe".to_owned());
    let issued = server.post("ann", "/access/erasure", &json!({})).await.json();
    let confirmation = issued["confirmation"].as_str().unwrap().to_owned();
    let named = [
        ("{share}", &share),
        ("{reshare}", &reshare),
        ("{profile}", &profile),
        ("{default}", &default),
        ("{app}", &app),
        ("{person}", &person),
        ("{confirmation}", &confirmation),
    ];
    let fill = |text: &str| named.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id));

    let (method, path) = request.split_once(' ').unwrap();
    let token = match asker.with {
        With::Token(tier) => server.token_of(asker.user, tier, Duration::from_hours(1), &Clock::system()),
        With::ExpiredToken => server.expired_token(asker.user),
        With::ApiKey | With::Nothing => String::new(),
    };
    let authorization = format!("Bearer {token}");
    let mut headers = vec![("content-type", "application/json")];
    match asker.with {
        With::Token(_) | With::ExpiredToken => headers.push(("authorization", &authorization)),
        With::ApiKey => headers.extend([("x-api-key", "key"), ("x-user-id", "ann")]),
        With::Nothing => headers.push(("x-user-id", "ann")),
    }
    let method: Method = method.parse().unwrap();
    server.http.send(method, &format!("/api/v1{}", fill(path)), &headers, fill(body)).await.unwrap()
}

fn cell(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    let body = answer.json();
    let rows = ["shares", "exposure_profiles", "people", "apps", "owners", "events", "suggestions", "blocked"]
        .iter()
        .find_map(|list| body.get(list)?.as_array().map(Vec::len));
    match (rows, answer.code().as_str()) {
        (Some(rows), _) => format!("{status}: {rows}"),
        (None, "") => status.to_string(),
        (None, code) => format!("{status} `{code}`"),
    }
}
