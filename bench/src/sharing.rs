//! What calls of sharing-svc cost, one at a time, on one service or on two in turn:
//! `cargo run --release -p bench -- sharing URL [OTHER_URL] [--below N]`.
//!
//! With two, each round asks the one and then the other, and the ratio is of the medians. `--below N` first creates N
//! re-shares below one share, of which each creator has a thousand, and then measures what that leaves of the lists and what
//! revoking that share takes, beside revoking one with none below it. It takes a service without the quota of shares per owner
//! (`MAX_SHARES_PER_OWNER`).

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use ofself_proto::sharing::{
    Action, BatchCheckRequest, CheckAccessRequest, CreateShareRequest, ListIncomingSharesRequest,
    ListOutgoingSharesRequest, ListViewersRequest, Node, Resource, RevokeShareRequest, Share, ShareScope,
    access_service_client::AccessServiceClient, resource, sharing_service_client::SharingServiceClient,
};
use tokio::{sync::Mutex, task::JoinSet};
use tonic::{Request, metadata::AsciiMetadataValue, transport::Channel};

use crate::{
    ROUNDS, decisions, median,
    paired::{Selection, compare},
};

/// Re-shares that one creator makes.
const EACH: usize = 1_000;
/// Calls in flight while shares are created.
const CREATORS_AT_ONCE: usize = 4;

/// A service, with what the measurements ask of it.
#[derive(Clone)]
struct Service {
    url: String,
    channel: Channel,
    /// Keeps what one run creates from meeting that of another.
    run: String,
    number: Arc<AtomicUsize>,
    hub: Arc<Mutex<Option<(usize, Share)>>>,
}

/// Which services to measure, and over how much.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The services, by their gRPC URLs: `http://127.0.0.1:50051`
    #[arg(required = true, num_args = 1..=2, value_name = "URL")]
    urls: Vec<String>,
    /// Create so many re-shares below one share first
    #[arg(long, value_name = "N")]
    below: Option<usize>,
    #[command(flatten)]
    selection: Selection,
}

/// Measures and prints.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { urls, below, selection } = &arguments;
    let mut services = Vec::new();
    for url in urls.clone() {
        services.push(Service::prepare(url).await?);
    }
    compare("CheckAccess, a direct share", selection, &services, |service| async move { service.check("bob").await })
        .await?;
    compare("CheckAccess, a chain of three", selection, &services, |service| async move { service.check("dan").await })
        .await?;
    let mut batch = None;
    for service in &services {
        batch = Some(decisions::batch_of_owners(&service.channel).await?);
    }
    let batch = batch.unwrap_or_default();
    compare("BatchCheck, 100 nodes of 40 owners", selection, &services, |service| {
        let batch = batch.clone();
        async move { service.batch_check(batch).await }
    })
    .await?;
    compare("CreateShare", selection, &services, |service| async move {
        service.create(&service.owner(), tags_to(&service.next())).await.map(drop)
    })
    .await?;
    compare("CreateShare, a re-share", selection, &services, |service| async move {
        let request = reshare(&service.hub().await?, &service.next());
        service.create("bob", request).await.map(drop)
    })
    .await?;
    compare("ListOutgoingShares", selection, &services, |service| async move { service.outgoing().await }).await?;
    compare("ListOutgoingShares, re-shares of one share", selection, &services, |service| async move {
        let owner = service.hub().await?.owner_id;
        service.outgoing_of(&owner).await
    })
    .await?;
    compare(
        "ListIncomingShares, re-shares",
        selection,
        &services,
        |service| async move { service.incoming("eve").await },
    )
    .await?;
    let Some(below) = *below else { return Ok(()) };

    let mut roots = Vec::new();
    for service in &services {
        roots.push(service.fill(below).await?);
    }
    let many = format!("{below} re-shares below");
    compare(
        &format!("ListOutgoingShares, {many}"),
        selection,
        &services,
        |service| async move { service.outgoing().await },
    )
    .await?;
    compare(&format!("a page of ListViewers, {many}"), selection, &services, |service| async move {
        service.viewers().await
    })
    .await?;
    for (service, root) in services.iter().zip(roots) {
        let mut none = Vec::new();
        for _ in 0..ROUNDS * 4 {
            let share = service.create(&service.owner(), tags_to(&service.next())).await?;
            none.push(service.revoke(&share).await?);
        }
        let (none, all) = (median(none), service.revoke(&root).await?);
        println!("{}: RevokeShare with none below {none:.2} ms, with {many} {all:.2} ms", service.url);
    }
    Ok(())
}

fn tags_to(recipient: &str) -> CreateShareRequest {
    CreateShareRequest {
        shared_with_user_id: recipient.to_owned(),
        scope: ShareScope::SpecificTags.into(),
        tag_ids: vec!["work".into(), "home".into()],
        ..CreateShareRequest::default()
    }
}

fn reshare(parent: &Share, recipient: &str) -> CreateShareRequest {
    CreateShareRequest { parent_share_id: Some(parent.id.clone()), ..tags_to(recipient) }
}

fn reshareable(request: CreateShareRequest) -> CreateShareRequest {
    CreateShareRequest { can_share: Some(true), ..request }
}

impl Service {
    async fn prepare(url: String) -> anyhow::Result<Self> {
        let channel = Channel::from_shared(url.clone())?.connect().await?;
        let run = format!("{:x}", std::process::id());
        let service = Self { url, channel, run, number: Arc::default(), hub: Arc::default() };
        service.hub().await?;
        let owner = service.owner();
        let first = service.create(&owner, reshareable(tags_to("bob"))).await?;
        let second = service.create("bob", reshareable(reshare(&first, "cyd"))).await?;
        service.create("cyd", reshare(&second, "dan")).await?;
        for number in 0..200 {
            let request = CreateShareRequest { tag_ids: vec!["work".into()], ..tags_to(&format!("other-{number}")) };
            service.create(&owner, request).await?;
        }
        // What one person received of others' re-shares.
        let received = service.create(&format!("{owner}-2"), reshareable(tags_to("bob"))).await?;
        for number in 0..60 {
            let creator = format!("creator-{number}");
            let link = service.create("bob", reshareable(reshare(&received, &creator))).await?;
            service.create(&creator, reshare(&link, "eve")).await?;
        }
        Ok(service)
    }

    fn owner(&self) -> String {
        format!("owner-{}", self.run)
    }

    /// A name that is not in use yet.
    fn next(&self) -> String {
        format!("user-{}-{}", self.run, self.number.fetch_add(1, Ordering::Relaxed))
    }

    fn acting<T>(user: &str, message: T) -> anyhow::Result<Request<T>> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("x-ofself-user", AsciiMetadataValue::try_from(user)?);
        Ok(request)
    }

    async fn create(&self, user: &str, request: CreateShareRequest) -> anyhow::Result<Share> {
        let mut client = SharingServiceClient::new(self.channel.clone());
        let made = client.create_share(Self::acting(user, request)?).await?.into_inner();
        made.share.context("no share")
    }

    /// A share with Bob that he may re-share, new every 500 calls: a creator may make a bounded number.
    async fn hub(&self) -> anyhow::Result<Share> {
        let number = self.number.load(Ordering::Relaxed) / 500;
        let mut hub = self.hub.lock().await;
        match &*hub {
            Some((of, share)) if *of == number => Ok(share.clone()),
            _ => {
                let owner = format!("hub-{}-{number}", self.run);
                let share = self.create(&owner, reshareable(tags_to("bob"))).await?;
                *hub = Some((number, share.clone()));
                Ok(share)
            }
        }
    }

    async fn check(&self, viewer: &str) -> anyhow::Result<()> {
        let node = Node { id: "n".into(), tag_ids: vec!["work".into()], graph_root_ids: Vec::new() };
        let request = CheckAccessRequest {
            viewer_id: viewer.to_owned(),
            owner_id: self.owner(),
            action: Action::Read.into(),
            resource: Some(Resource { resource: Some(resource::Resource::Node(node)) }),
            consistency: None,
        };
        let allowed = AccessServiceClient::new(self.channel.clone()).check_access(request).await?.into_inner().allowed;
        anyhow::ensure!(allowed, "the share must allow it");
        Ok(())
    }

    async fn batch_check(&self, batch: BatchCheckRequest) -> anyhow::Result<()> {
        let allowed = AccessServiceClient::new(self.channel.clone()).batch_check(batch).await?.into_inner().allowed;
        anyhow::ensure!(allowed.iter().all(|allowed| *allowed), "the shares must allow it");
        Ok(())
    }

    async fn outgoing(&self) -> anyhow::Result<()> {
        self.outgoing_of(&self.owner()).await
    }

    async fn outgoing_of(&self, user: &str) -> anyhow::Result<()> {
        let request = Self::acting(user, ListOutgoingSharesRequest::default())?;
        SharingServiceClient::new(self.channel.clone()).list_outgoing_shares(request).await?;
        Ok(())
    }

    async fn incoming(&self, user: &str) -> anyhow::Result<()> {
        let request = Self::acting(user, ListIncomingSharesRequest::default())?;
        SharingServiceClient::new(self.channel.clone()).list_incoming_shares(request).await?;
        Ok(())
    }

    async fn viewers(&self) -> anyhow::Result<()> {
        let node = Node { id: "n".into(), tag_ids: vec!["work".into()], graph_root_ids: Vec::new() };
        let request = ListViewersRequest { owner_id: self.owner(), node: Some(node), ..ListViewersRequest::default() };
        // A service that lists them all at once may refuse so many.
        drop(AccessServiceClient::new(self.channel.clone()).list_viewers(request).await);
        Ok(())
    }

    /// Milliseconds that a revocation takes.
    async fn revoke(&self, share: &Share) -> anyhow::Result<f64> {
        let request = RevokeShareRequest { share_id: share.id.clone(), expected_versions: Vec::new() };
        let request = Self::acting(&share.owner_id, request)?;
        let began = Instant::now();
        SharingServiceClient::new(self.channel.clone()).revoke_share(request).await?;
        Ok(began.elapsed().as_secs_f64() * 1e3)
    }

    /// Creates so many re-shares below one share, which it returns.
    async fn fill(&self, below: usize) -> anyhow::Result<Share> {
        let root = self.create(&self.owner(), reshareable(tags_to("hub"))).await?;
        let creators: Vec<_> = (0..below.div_ceil(EACH)).collect();
        let began = Instant::now();
        for at_once in creators.chunks(CREATORS_AT_ONCE) {
            let mut tasks = JoinSet::new();
            for creator in at_once {
                let (service, root, name) = (self.clone(), root.clone(), format!("filler-{}-{creator}", self.run));
                tasks.spawn(async move {
                    let link = service.create("hub", reshareable(reshare(&root, &name))).await?;
                    for number in 1..EACH {
                        let recipient = format!("{name}-{number}");
                        // Under admission control a call may be rejected.
                        while service.create(&name, reshare(&link, &recipient)).await.is_err() {
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                    }
                    anyhow::Ok(())
                });
            }
            while let Some(done) = tasks.join_next().await {
                done??;
            }
        }
        println!("{}: {below} re-shares in {:.0} s", self.url, began.elapsed().as_secs_f64());
        Ok(root)
    }
}
