//! Creations, re-shares, revocations, renewals, marks and purges together in random order, with a model beside them.
//!
//! While they run, no check that begins after a revocation was acknowledged may say yes by what was revoked. When they have
//! ended, every answer is that of the model, and usage is what the shares add up to.

mod owner_view;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use grpc_server::rpc_error::RpcError;
use ofself_proto::sharing::{
    Action, BatchCheckAccessRequest, CheckAccessRequest, CreateShareRequest, Node, Resource, ShareChanges, resource,
};
use runtime::clock::{Clock, ManualClock};
use service::{erasure::ErasedUsers, usage_counter::UsageCounter};
use sharing_svc::{
    config::QuotaSettings,
    operations::{Retention, Sharing, Upkeep},
};
use test_kit::Backend;
use tokio::{
    sync::{Mutex as AsyncMutex, RwLock},
    task::JoinSet,
};
use tonic::Status;
use types::Timestamp;

use crate::{
    statements::on_both,
    test_server::{START, TestServer, after, of, passable, store, tags_to, user},
};

const OWNER: &str = "ann";
const PEOPLE: [&str; 6] = ["bob", "cyd", "dan", "eve", "fay", "gus"];
const WORKERS: u64 = 6;
const OPERATIONS: usize = 14;
const PHASES: i64 = 4;
/// Seconds by which the clock moves between phases, and for which ended shares are kept.
const STEP: i64 = 100;
const RETENTION: i64 = 250;

/// A share as the model knows it.
#[derive(Clone, Debug)]
struct Known {
    wire: ofself_proto::sharing::Share,
    parent: Option<String>,
    tag: String,
    /// Seconds after the start; what is committed, and what an update under way may commit.
    expires: Vec<Option<i64>>,
    can_share: Vec<bool>,
    /// Acknowledged, or found to be by an answer.
    is_revoked: bool,
}

#[derive(Default)]
struct Model {
    shares: BTreeMap<String, Known>,
    /// How often something under a tag may have come to life.
    revivals: HashMap<String, usize>,
}

impl Model {
    fn revive(&mut self, tag: &str) {
        *self.revivals.entry(tag.to_owned()).or_default() += 1;
    }

    /// Whether a share may count at `now`, for all that is known.
    fn may_count(&self, id: &str, now: i64) -> bool {
        let mut at = self.shares.get(id);
        let mut is_leaf = true;
        while let Some(share) = at {
            let may_last = share.expires.iter().any(|end| end.is_none_or(|end| end > now));
            let may_be_reshared = is_leaf || share.can_share.contains(&true);
            if share.is_revoked || !may_last || !may_be_reshared {
                return false;
            }
            let Some(parent) = &share.parent else { return true };
            at = self.shares.get(parent);
            is_leaf = false;
        }
        false
    }

    fn may_read(&self, viewer: &str, tag: &str, now: i64) -> bool {
        self.shares
            .iter()
            .any(|(id, share)| share.wire.shared_with_user_id == viewer && share.tag == tag && self.may_count(id, now))
    }
}

/// What the workers share.
struct World {
    server: TestServer,
    model: Mutex<Model>,
    /// One update of a share at a time, so that the model knows which came last.
    updating: AsyncMutex<()>,
    /// A stop waits for creations, so that the model knows which came first.
    creating: RwLock<()>,
    upkeep: AsyncMutex<Upkeep>,
    manual_clock: ManualClock,
    now: AtomicI64,
    tags: AtomicUsize,
}

/// A small generator (xorshift), so that a failing seed can be run again.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

impl World {
    async fn over(backend: &Backend) -> Arc<Self> {
        let server = TestServer::start(backend).await;
        let (clock, manual_clock) = Clock::manual(Timestamp::from_parts(START, 0).unwrap());
        let sharing = Sharing::new(
            store(backend).await,
            clock,
            QuotaSettings::default().quotas(),
            ErasedUsers::default(),
            UsageCounter::default(),
        );
        let retention = Retention {
            period: Duration::from_secs(RETENTION.try_into().unwrap()),
            bytes_per_creator: i64::MAX,
            events: Duration::from_hours(9_600),
            erasure_delay: Duration::from_mins(10),
        };
        Arc::new(Self {
            server,
            model: Mutex::default(),
            updating: AsyncMutex::default(),
            creating: RwLock::default(),
            upkeep: AsyncMutex::new(Upkeep::new(sharing, retention)),
            manual_clock,
            now: AtomicI64::new(0),
            tags: AtomicUsize::new(0),
        })
    }

    fn now(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }

    fn pick(&self, random: &mut Random) -> Option<Known> {
        let model = self.model.lock().unwrap();
        let number = random.below(model.shares.len().max(1));
        model.shares.values().nth(number).cloned()
    }

    async fn operate(&self, random: &mut Random) {
        match random.below(12) {
            0 | 1 => self.create(random).await,
            2..=5 => self.reshare(random).await,
            6 => self.revoke(random).await,
            7 | 8 => self.update(random).await,
            9 => self.upkeep.lock().await.pass().await.unwrap(),
            10 if random.below(2) == 0 => self.stop(random).await,
            _ => {}
        }
        self.check(random).await;
    }

    fn ends(&self, random: &mut Random) -> Option<i64> {
        (random.below(3) > 0).then(|| self.now() + STEP * i64::try_from(1 + random.below(3)).unwrap() - STEP / 2)
    }

    async fn create(&self, random: &mut Random) {
        let _before_a_stop = self.creating.read().await;
        let tag = format!("t{}", self.tags.fetch_add(1, Ordering::SeqCst));
        let ends = self.ends(random);
        let request = passable(tags_to(PEOPLE[random.below(PEOPLE.len())], &[&tag]));
        let request = CreateShareRequest { expires_at: ends.and_then(after), ..request };
        let made = self.server.create(OWNER, request).await.unwrap();
        self.add(made, &tag, ends);
    }

    async fn reshare(&self, random: &mut Random) {
        let _before_a_stop = self.creating.read().await;
        let Some(parent) = self.pick(random) else { return };
        let creator = parent.wire.shared_with_user_id.clone();
        let request = passable(tags_to(PEOPLE[random.below(PEOPLE.len())], &[&parent.tag]));
        self.model.lock().unwrap().revive(&parent.tag);
        match self.server.create(&creator, of(&parent.wire, request)).await {
            Ok(made) => {
                let ends = made.expires_at.map(|end| end.seconds - START);
                self.add(made, &parent.tag, ends);
            }
            Err(refused) => self.learn(&parent, &refused),
        }
    }

    fn add(&self, made: ofself_proto::sharing::Share, tag: &str, ends: Option<i64>) {
        let known = Known {
            parent: made.parent_share_id.clone(),
            tag: tag.to_owned(),
            expires: vec![ends],
            can_share: vec![true],
            is_revoked: false,
            wire: made,
        };
        let mut model = self.model.lock().unwrap();
        model.revive(tag);
        model.shares.insert(known.wire.id.clone(), known);
    }

    async fn revoke(&self, random: &mut Random) {
        let Some(share) = self.pick(random) else { return };
        let by = if random.below(2) == 0 { OWNER } else { &share.wire.shared_by_user_id };
        match self.server.revoke(by, &share.wire.id).await {
            Ok(_) => self.mark_revoked(&share.wire.id),
            Err(refused) => self.learn(&share, &refused),
        }
    }

    async fn update(&self, random: &mut Random) {
        let _one_at_a_time = self.updating.lock().await;
        let Some(share) = self.pick(random) else { return };
        let id = &share.wire.id;
        let (changes, field) = if random.below(2) == 0 {
            let ends = self.ends(random).unwrap_or_else(|| self.now() + STEP);
            self.with(id, |share| share.expires.push(Some(ends)));
            (ShareChanges { expires_at: after(ends), ..ShareChanges::default() }, "expires_at")
        } else {
            let can_share = random.below(3) > 0;
            self.with(id, |share| share.can_share.push(can_share));
            (ShareChanges { can_share: Some(can_share), ..ShareChanges::default() }, "can_share")
        };
        self.model.lock().unwrap().revive(&share.tag);
        match self.server.update(OWNER, id, changes, &[field]).await {
            Ok(updated) => self.with(id, |share| {
                share.expires = vec![updated.expires_at.map(|end| end.seconds - START)];
                share.can_share = vec![updated.can_share];
            }),
            Err(refused) => {
                self.with(id, |share| {
                    share.expires.truncate(1);
                    share.can_share.truncate(1);
                });
                self.learn(&share, &refused);
            }
        }
        self.model.lock().unwrap().revive(&share.tag);
    }

    fn with(&self, id: &str, change: impl FnOnce(&mut Known)) {
        if let Some(share) = self.model.lock().unwrap().shares.get_mut(id) {
            change(share);
        }
    }

    fn mark_revoked(&self, id: &str) {
        self.with(id, |share| share.is_revoked = true);
    }

    /// A refusal must be one that the rules know. One that was purged had ended permanently.
    fn learn(&self, share: &Known, refused: &Status) {
        let reason = RpcError::from_status(refused).unwrap().reason;
        match reason.as_str() {
            "SHARE_NOT_FOUND" => self.mark_revoked(&share.wire.id),
            "SHARE_REVOKED" | "FORBIDDEN" | "VALIDATION_ERROR" | "SHARING_EXISTS" => {}
            other => panic!("{other}: {refused}"),
        }
    }

    /// A check during the changes: never a yes that the model denies from its beginning to its end.
    async fn check(&self, random: &mut Random) {
        let Some(share) = self.pick(random) else { return };
        let (viewer, tag, now) = (&share.wire.shared_with_user_id, &share.tag, self.now());
        let revivals = |model: &Model| model.revivals.get(tag).copied();
        let before = {
            let model = self.model.lock().unwrap();
            if model.may_read(viewer, tag, now) {
                return;
            }
            revivals(&model)
        };
        let allowed = self.allowed(viewer, tag).await;
        let came_to_life = revivals(&self.model.lock().unwrap()) != before;
        assert!(!allowed || came_to_life, "{viewer} may read {tag}, by {}", share.wire.id);
    }

    async fn allowed(&self, viewer: &str, tag: &str) -> bool {
        let request = CheckAccessRequest {
            viewer_id: viewer.into(),
            owner_id: OWNER.into(),
            action: Action::Read.into(),
            resource: Some(resource_of(tag)),
            consistency: None,
        };
        self.server.access().check_access(request).await.unwrap().into_inner().allowed
    }

    /// When nothing is under way, every answer is that of the model.
    async fn compare(&self, backend: &Backend, place: &str) {
        let now = self.now();
        let tags: Vec<_> = (0..self.tags.load(Ordering::SeqCst)).map(|number| format!("t{number}")).collect();
        for viewer in PEOPLE {
            let request = BatchCheckAccessRequest {
                viewer_id: viewer.into(),
                owner_id: OWNER.into(),
                action: Action::Read.into(),
                resources: tags.iter().map(|tag| resource_of(tag)).collect(),
                consistency: None,
            };
            let answers = self.server.access().batch_check_access(request).await.unwrap().into_inner().allowed;
            for (tag, allowed) in tags.iter().zip(answers) {
                let expected = self.model.lock().unwrap().may_read(viewer, tag, now);
                assert_eq!(allowed, expected, "{place}: {viewer} and {tag}");
            }
        }
        self.compare_lists(&tags, now, place).await;
        let shares: Vec<_> = self.model.lock().unwrap().shares.keys().cloned().collect();
        for id in shares {
            let counts = self.model.lock().unwrap().may_count(&id, now);
            match self.server.get(OWNER, &id).await {
                Ok(share) => assert_eq!(share.effective.is_some(), counts, "{place}: {share:?}"),
                Err(purged) => {
                    assert_eq!(RpcError::from_status(&purged).unwrap().reason, "SHARE_NOT_FOUND", "{place}");
                    assert!(!counts, "{place}: {id} was purged and counts");
                }
            }
        }
        assert_eq!(store(backend).await.usage_differences(&user(OWNER)).await.unwrap(), [], "{place}");
    }

    /// Moves the clock, purges, and tells the model what had expired for so long that it ended permanently.
    async fn move_clock(&self) {
        let now = self.now.fetch_add(STEP, Ordering::SeqCst) + STEP;
        self.server.at(now);
        self.manual_clock.set(Timestamp::from_parts(START + now, 0).unwrap());
        self.upkeep.lock().await.pass().await.unwrap();
        for share in self.model.lock().unwrap().shares.values_mut() {
            let long_ago = share.expires.iter().all(|end| end.is_some_and(|end| end <= now - RETENTION));
            share.is_revoked |= long_ago;
        }
    }
}

fn resource_of(tag: &str) -> Resource {
    let node = Node { id: "n".into(), tag_ids: vec![tag.into()], graph_root_ids: Vec::new() };
    Resource { resource: Some(resource::Resource::Node(node)) }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_changes_never_allow_what_the_model_denies() {
    on_both(|backend| async move {
        for seed in 1..=3_u64 {
            let backend = if backend.to_string() == "SQLite" {
                Backend::sqlite()
            } else {
                Backend::postgres().await.expect("there was one just now")
            };
            let world = World::over(&backend).await;
            for phase in 0..PHASES {
                let mut workers = JoinSet::new();
                for worker in 0..WORKERS {
                    let world = world.clone();
                    let phase = u64::try_from(phase).unwrap();
                    let mut random =
                        Random((seed * 1_000 + phase * 100 + worker + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
                    workers.spawn(async move {
                        for _ in 0..OPERATIONS {
                            world.operate(&mut random).await;
                        }
                    });
                }
                workers.join_all().await;
                world.compare(&backend, &format!("{backend}, seed {seed}, phase {phase}")).await;
                world.move_clock().await;
                world.compare(&backend, &format!("{backend}, seed {seed}, after phase {phase}")).await;
            }
            let counting = world.model.lock().unwrap().shares.len();
            assert!(counting > 20, "{backend}, seed {seed}: only {counting} shares were created");
        }
    })
    .await;
}
