//! How cost grows with the size of what one person has: `cargo run --release -p bench -- growth`.
//!
//! One call at a time: shares of one owner, and the parts of the tag expression of a profile.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use http::Method;
use ofself_proto::sharing::{
    Action, CheckAccessRequest, CreateShareRequest, ListViewersRequest, Node, Resource, ShareScope,
    access_service_client::AccessServiceClient, resource, sharing_service_client::SharingServiceClient,
};
use serde_json::{Value, json};
use test_kit::HttpClient;
use tokio::task::JoinSet;
use tonic::{Request, metadata::AsciiMetadataValue, transport::Channel};

use crate::{ROUNDS, insert, median};

/// Shares of an owner. The quota is 100,000, and the measurement adds some.
const SHARES: [usize; 3] = [10, 1_000, 95_000];
/// Parts of the tag expression of a profile.
const PARTS: [usize; 2] = [5, 500];
/// How long a round of one measurement lasts.
const ROUND: Duration = Duration::from_secs(1);
/// Calls in flight while shares are created.
const CREATORS: usize = 16;

/// The service, and the user who calls it by REST.
struct Person {
    name: String,
    authorization: String,
    http: HttpClient,
    sharing: Channel,
    created: AtomicUsize,
}

/// Measures and prints.
pub(crate) async fn run(
    url: &str,
    sharing: &str,
    data: &Path,
    token: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    let person = async |name: String| {
        anyhow::Ok(Arc::new(Person {
            authorization: format!("Bearer {}", token(&name)?),
            name,
            http: HttpClient::new(url.to_owned()),
            sharing: Channel::from_shared(sharing.to_owned())?.connect().await?,
            created: AtomicUsize::new(0),
        }))
    };
    println!("shares   POST, ms (of plain SQL)   GET list, ms   CheckAccess, ms   a page of ListViewers, ms");
    for shares in SHARES {
        let owner = person(format!("owner-of-{shares}")).await?;
        Person::fill(&owner, shares).await?;
        let list = rounds(|| owner.get("/api/v1/sharing/outgoing")).await?;
        let check = rounds(|| owner.check_access()).await?;
        let viewers = rounds(|| owner.list_viewers()).await?;
        // Last, since it adds shares.
        let (mut posts, mut plain) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            posts.push(round(|| owner.post_share()).await?);
            plain.push(1e3 / insert::per_second(data, ROUND).await?);
        }
        let (post, plain) = (median(posts), median(plain));
        println!(
            "{shares:>6}   {post:>8.2} ({:.2})           {list:>12.2}   {check:>15.2}   {viewers:>12.2}",
            plain / post
        );
    }
    println!("parts    GET profile, ms   with YAML, ms");
    for parts in PARTS {
        let owner = person(format!("owner-of-{parts}-parts")).await?;
        let path = owner.create_profile(parts).await?;
        let (without, with) = (format!("{path}?include_yaml=false"), format!("{path}?include_yaml=true"));
        println!(
            "{parts:>6}   {:>15.2}   {:>13.2}",
            rounds(|| owner.get(&without)).await?,
            rounds(|| owner.get(&with)).await?,
        );
    }
    Ok(())
}

/// Milliseconds that a call takes, the median of the rounds.
async fn rounds<F: Future<Output = anyhow::Result<()>>>(call: impl Fn() -> F) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(round(&call).await?);
    }
    Ok(median(times))
}

async fn round<F: Future<Output = anyhow::Result<()>>>(call: impl Fn() -> F) -> anyhow::Result<f64> {
    let began = Instant::now();
    let mut calls = 0_u32;
    while began.elapsed() < ROUND {
        call().await?;
        calls += 1;
    }
    Ok(began.elapsed().as_secs_f64() * 1e3 / f64::from(calls))
}

fn node() -> Node {
    Node { id: "node".into(), tag_ids: vec!["work".into()], graph_root_ids: Vec::new() }
}

impl Person {
    /// A recipient who has no share yet.
    fn next(&self) -> String {
        format!("recipient-{}", self.created.fetch_add(1, Ordering::Relaxed))
    }

    async fn fill(owner: &Arc<Self>, shares: usize) -> anyhow::Result<()> {
        let mut creators = JoinSet::new();
        for creator in 0..CREATORS {
            let owner = owner.clone();
            creators.spawn(async move {
                for _ in (creator..shares).step_by(CREATORS) {
                    let share = CreateShareRequest {
                        shared_with_user_id: owner.next(),
                        scope: ShareScope::SpecificTags.into(),
                        tag_ids: vec!["work".into()],
                        ..CreateShareRequest::default()
                    };
                    let mut request = Request::new(share);
                    request.metadata_mut().insert("x-ofself-user", AsciiMetadataValue::try_from(&owner.name)?);
                    SharingServiceClient::new(owner.sharing.clone()).create_share(request).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(done) = creators.join_next().await {
            done??;
        }
        Ok(())
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<String> {
        let headers = [("authorization", self.authorization.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let response = self.http.send(method, path, &headers, body).await?;
        ensure!(response.status.is_success(), "{path}: {}", response.status);
        let has_location = response.headers.contains_key("location");
        Ok(if has_location { response.header("location").to_owned() } else { String::new() })
    }

    async fn post_share(&self) -> anyhow::Result<()> {
        let body = json!({ "shared_with_user_id": self.next(), "scope": "specific_tags", "tag_ids": ["work"] });
        self.send(Method::POST, "/api/v1/sharing", &body).await.map(drop)
    }

    async fn get(&self, path: &str) -> anyhow::Result<()> {
        self.send(Method::GET, path, &Value::Null).await.map(drop)
    }

    async fn check_access(&self) -> anyhow::Result<()> {
        let request = CheckAccessRequest {
            viewer_id: "recipient-0".into(),
            owner_id: self.name.clone(),
            action: Action::Read.into(),
            resource: Some(Resource { resource: Some(resource::Resource::Node(node())) }),
            consistency: None,
        };
        let response = AccessServiceClient::new(self.sharing.clone()).check_access(request).await?.into_inner();
        ensure!(response.allowed, "the share must allow it");
        Ok(())
    }

    async fn list_viewers(&self) -> anyhow::Result<()> {
        let request =
            ListViewersRequest { owner_id: self.name.clone(), node: Some(node()), ..ListViewersRequest::default() };
        AccessServiceClient::new(self.sharing.clone()).list_viewers(request).await?;
        Ok(())
    }

    /// The path of a new profile with so many parts in its tag expression.
    async fn create_profile(&self, parts: usize) -> anyhow::Result<String> {
        let tags: Vec<_> = (1..parts).map(|tag| json!({ "tag": format!("tag-{tag}") })).collect();
        let body = json!({ "name": "many parts", "tag_expression": { "op": "OR", "conditions": tags } });
        let path = self.send(Method::POST, "/api/v1/exposure-profiles", &body).await?;
        (!path.is_empty()).then_some(path).context("no location")
    }
}
