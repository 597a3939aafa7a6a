//! What happened around Alice in the last half year, in its order.

use std::time::Duration;

use ofself_proto::exposure::{AppTier, DetailLevel, ProfileDraft, TagFilters};

use super::writer::{Rights, Scope, Writer};

/// From the first change to now.
pub(super) const LENGTH: Duration = Duration::from_hours(190 * 24);

const TAGS: [(&str, &str); 7] = [
    ("t-travel", "Travel"),
    ("t-family", "Family"),
    ("t-recipes", "Recipes"),
    ("t-health", "Health"),
    ("t-work", "Work"),
    ("t-finance", "Finance"),
    ("t-journal", "Journal"),
];

pub(super) async fn write(at: Writer) -> anyhow::Result<()> {
    at.days_ago(190)?;
    at.tags("alice", &TAGS).await?;
    let everything = at.default_profile("alice").await?;
    at.connect("alice", "daily-digest", AppTier::L1, everything, None).await?;

    at.days_ago(180)?;
    at.share("alice", "dana", Scope::Tags(&["t-work"]), Rights::ReadAndWrite, None, None).await?;
    let trips = at.profile("alice", trips()).await?;
    at.connect("alice", "trip-planner", AppTier::L2, trips, None).await?;

    at.days_ago(160)?;
    let family = ["t-travel", "t-family"];
    let bob = at.share("alice", "bob", Scope::Tags(&family), Rights::ReadAndReshare, None, None).await?;
    let kitchen = at.profile("alice", kitchen()).await?;
    at.connect("alice", "recipe-box", AppTier::L2, kitchen, None).await?;

    at.days_ago(150)?;
    let carl = at.share("bob", "carl", Scope::Tags(&["t-family"]), Rights::ReadAndReshare, None, Some(&bob)).await?;
    at.look("dana", "alice", "n-offsite", &["t-work"]).await?;
    at.ask("alice", "recipe-box").await?;

    at.days_ago(140)?;
    at.share("carl", "emma", Scope::Tags(&["t-family"]), Rights::Read, None, Some(&carl)).await?;

    at.days_ago(95)?;
    let trip = Scope::Nodes(&["n-hut", "n-lisbon"]);
    let end = Some(at.before_days(33)?);
    at.share("alice", "frank", trip, Rights::Read, end, None).await?;
    let budget = at.profile("alice", budget()).await?;
    at.connect("alice", "budget-bee", AppTier::L2, budget, end).await?;

    at.days_ago(80)?;
    at.share("bob", "alice", Scope::Tags(&["t-garden"]), Rights::ReadAndWrite, None, None).await?;
    let hana = at.share("hana", "ivan", Scope::Tags(&["t-choir"]), Rights::ReadAndReshare, None, None).await?;
    at.share("ivan", "alice", Scope::Tags(&["t-choir"]), Rights::Read, None, Some(&hana)).await?;
    at.follow("jo", "alice", "follow-1").await?;

    at.days_ago(60)?;
    at.share("alice", "noah", Scope::All, Rights::Read, Some(at.in_days(300)?), None).await?;

    at.days_ago(45)?;
    at.share("alice", "gwen", Scope::Tags(&["t-recipes"]), Rights::ReadAndWrite, Some(at.in_days(120)?), None).await?;
    let health = at.profile("alice", health()).await?;
    at.connect("alice", "health-coach", AppTier::L2, health, Some(at.in_days(60)?)).await?;

    at.days_ago(20)?;
    let report = Scope::Nodes(&["n-blood"]);
    at.share("alice", "dr-lee", report, Rights::Read, Some(at.in_days(14)?), None).await?;
    let draft = at.share("alice", "dana", Scope::Tags(&["t-finance"]), Rights::Read, None, None).await?;
    at.look("emma", "alice", "n-mum", &["t-family"]).await?;

    at.days_ago(19)?;
    at.revoke("alice", draft).await?;

    at.days_ago(3)?;
    at.look("gwen", "alice", "n-sourdough", &["t-recipes"]).await?;
    at.look("carl", "alice", "n-mum", &["t-family"]).await?;
    at.ask("alice", "trip-planner").await?;

    at.days_ago(1)?;
    at.look("bob", "alice", "n-lisbon", &family).await?;
    at.ask("alice", "health-coach").await?;
    at.ask("alice", "daily-digest").await?;
    Ok(())
}

fn named(name: &str, description: &str) -> ProfileDraft {
    ProfileDraft { name: Some(name.to_owned()), description: Some(description.to_owned()), ..ProfileDraft::default() }
}

fn filters(include_any: &[&str], exclude_any: &[&str]) -> TagFilters {
    let list = |tags: &[&str]| tags.iter().map(ToString::to_string).collect();
    TagFilters { include_all: Vec::new(), include_any: list(include_any), exclude_any: list(exclude_any) }
}

fn trips() -> ProfileDraft {
    ProfileDraft {
        tag_filters: Some(filters(&["Travel"], &["Finance", "Journal"])),
        transformations: vec!["redact_pii".to_owned(), "strip_metadata".to_owned()],
        ..named("Trips", "Where I have been and where I want to go, without phone numbers")
    }
}

fn kitchen() -> ProfileDraft {
    ProfileDraft {
        tag_filters: Some(filters(&["Recipes"], &[])),
        max_detail_level: DetailLevel::Full.into(),
        ..named("Kitchen", "Recipes, whole")
    }
}

fn budget() -> ProfileDraft {
    ProfileDraft {
        tag_filters: Some(filters(&["Finance"], &["Journal"])),
        max_detail_level: DetailLevel::Summary.into(),
        ..named("Budget", "Titles of what is about money")
    }
}

fn health() -> ProfileDraft {
    ProfileDraft {
        tag_filters: Some(filters(&["Health"], &["Journal"])),
        transformations: vec!["redact_pii".to_owned(), "coarsen_dates".to_owned()],
        ..named("Health", "Training and results, without contacts and exact times")
    }
}
