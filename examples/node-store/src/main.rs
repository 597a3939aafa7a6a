//! Shows it: `node-store <sharing-svc> <exposure-svc>`, as in `node-store http://127.0.0.1:50051 http://127.0.0.1:50052`.

mod setup;

use anyhow::{Context, ensure};
use node_store::{Node, Nodes, Question};
use ofself_proto::{
    exposure::exposure_service_client::ExposureServiceClient, sharing::access_service_client::AccessServiceClient,
};
use tonic::transport::Channel;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut addresses = std::env::args().skip(1);
    let mut next = || addresses.next().context("usage: node-store <sharing-svc> <exposure-svc>");
    let sharing = Channel::from_shared(next()?)?.connect().await.context("sharing-svc does not answer")?;
    let exposure = Channel::from_shared(next()?)?.connect().await.context("exposure-svc does not answer")?;

    let nodes = some_nodes();
    let store = Nodes::create("sqlite::memory:").await?;
    store.insert(&nodes).await?;
    setup::share_work_with_bob(sharing.clone()).await?;
    setup::show_the_app_nothing_private(exposure.clone()).await?;

    let mut question = Question {
        sharing: AccessServiceClient::new(sharing),
        exposure: ExposureServiceClient::new(exposure),
        viewer: "bob".to_owned(),
        owner: "ann".to_owned(),
        app: "reading-list".to_owned(),
    };
    let condition = question.condition(store.dialect()).await?;
    let listed = store.list(&condition).await?;
    println!("bob reads ann's nodes through the app reading-list:\n");
    println!("{:4} {:24} {:32} checked  listed", "id", "title", "tags");
    for node in &nodes {
        let checked = question.may_show(node).await?;
        let is_listed = listed.iter().any(|(id, _)| *id == node.id);
        let tags: Vec<_> = node.tags.iter().map(|(_, name)| name.as_str()).collect();
        let word = |shown| if shown { "yes" } else { "no" };
        println!("{:4} {:24} {:32} {:8} {}", node.id, node.title, tags.join(", "), word(checked), word(is_listed));
        ensure!(checked == is_listed, "the list differs from the checks");
    }
    println!("\nThe list and the checks agree. The query:\n\n{}", condition.sql);
    Ok(())
}

fn some_nodes() -> Vec<Node> {
    let node = |id: &str, title: &str, tags: &[&str]| Node {
        id: id.to_owned(),
        owner: "ann".to_owned(),
        title: title.to_owned(),
        node_type: "note".to_owned(),
        schema: None,
        created_at: 1_767_225_600_000_000,
        tags: tags.iter().map(|name| (format!("tag-{name}"), (*name).to_owned())).collect(),
        roots: Vec::new(),
    };
    vec![
        node("n1", "Quarterly plan", &["work"]),
        node("n2", "What I think of my boss", &["work", "private"]),
        node("n3", "Birthday list", &["home"]),
        node("n4", "Reading list", &["work", "home"]),
        node("n5", "No tags at all", &[]),
    ]
}
