//! Reads of single shares and of lists. Each begins at whose eyes it reads with, so that scoping cannot be forgotten.

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use service::cpu_work::CpuBudget;
use types::{Page, PageRequest, Timestamp};

use super::{
    Store,
    chains::{open_at, read_chains, read_chains_and_total, with_links, with_links_and_total},
    failed,
};
use crate::{
    domain::{ShareId, Status, UserId, access::Chain},
    error::Error,
};

/// Share $1, if $2 owns, created or received it. The id suffices: its owner is not known yet.
const SEEN_BY: &str = "SELECT * FROM shares WHERE id = $1 AND (owner_id = $2 OR recipient_id = $2 OR creator_id = $2)";

/// No list is longer; an offset beyond it could not be added to a limit.
const MAX_OFFSET: i64 = i64::MAX / 2;

/// Which shares of a list are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareFilter {
    /// All of them.
    Any,
    /// Those that are active.
    Active,
    /// Those that are expired or revoked.
    Inactive,
}

/// The kind of list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareList<'a> {
    /// Shares of this user's data, and re-shares that they created of other people's.
    Outgoing(&'a UserId),
    /// Shares that this user received, but for those of people's data whom they blocked.
    Incoming(&'a UserId),
}

impl Store {
    /// A share that `user` owns, created or received.
    pub async fn share_seen_by(&self, user: &UserId, id: ShareId) -> Result<Option<Chain>, Error> {
        let reader = self.database.reader();
        let sql = with_links(reader.get_database_backend(), SEEN_BY, None);
        let values = vec![id.0.into(), user.as_str().into()];
        Ok(read_chains(reader, &sql, values, &mut CpuBudget::of_services()).await?.pop())
    }

    /// A page of a list, newest first. The filter, and the total, go by a share's own expiry and by the marks of the store,
    /// which may lag behind a change above it; a share whose status at `now` does not match the filter is left out of its page.
    pub async fn shares(
        &self,
        list: ShareList<'_>,
        filter: ShareFilter,
        now: Timestamp,
        request: PageRequest,
    ) -> Result<Page<Chain>, Error> {
        let reader = self.database.reader();
        let (user, [total, keys]) = list.queries(filter);
        let mut values: Vec<Value> = vec![user.as_str().into()];
        if filter != ShareFilter::Any {
            values.push(now.utc().into());
        }
        let backend = reader.get_database_backend();
        let page = match backend {
            // One lookup by key: the planner would scan the whole table for a page of unknown length.
            DbBackend::Postgres => format!(
                "SELECT share.*, ({total}) AS total FROM ({keys}) AS page CROSS JOIN LATERAL (
                     SELECT * FROM shares WHERE shares.owner_id = page.owner_id AND shares.id = page.id OFFSET 0
                 ) AS share"
            ),
            DbBackend::Sqlite | _ => format!(
                "SELECT shares.*, ({total}) AS total FROM ({keys}) AS page
                 JOIN shares ON shares.owner_id = page.owner_id AND shares.id = page.id"
            ),
        };
        let of_page = [request.limit.into(), i64::try_from(request.offset).unwrap_or(MAX_OFFSET).min(MAX_OFFSET)]
            .map(Value::from);
        let of_page: Vec<Value> = values.iter().cloned().chain(of_page).collect();
        let sql = with_links_and_total(backend, &page);
        let (mut items, found) =
            read_chains_and_total(reader, &sql, of_page, &mut CpuBudget::of_user(user.as_str())).await?;
        let total: i64 = match found {
            Some(total) => total,
            // Beyond the last row.
            None => {
                let counted = reader.query_one_raw(Statement::from_sql_and_values(backend, total, values)).await;
                counted.map_err(failed)?.map_or(Ok(0), |row| row.try_get("", "total")).map_err(failed)?
            }
        };
        items.retain(|chain| filter.matches(chain.status(now)));
        items.sort_by_key(|chain| std::cmp::Reverse((chain.share().created_at, chain.share().id)));
        Ok(Page { items, total: u64::try_from(total).unwrap_or(0), request })
    }
}

impl ShareList<'_> {
    /// Whose list it is, and the queries for how long it is and for the keys of the rows of one page. $1: the user; with a filter
    /// $2: the time; then the limit and the offset.
    fn queries(&self, filter: ShareFilter) -> (&UserId, [String; 2]) {
        const NEWEST_FIRST: &str = "ORDER BY created_at DESC, id DESC";
        let (matches, limit, offset) = match filter {
            ShareFilter::Any => (String::new(), "$2", "$3"),
            ShareFilter::Active => (format!(" AND {}", open_at!("$2")), "$3", "$4"),
            ShareFilter::Inactive => (" AND (ended_at IS NOT NULL OR expires_at <= $2)".to_owned(), "$3", "$4"),
        };
        let count = |of: &str| format!("(SELECT COUNT(*) FROM shares WHERE {of}{matches})");
        let keys = |of: &str| format!("SELECT owner_id, id, created_at FROM shares WHERE {of}{matches} {NEWEST_FIRST}");
        match self {
            Self::Incoming(user) => {
                let received = "recipient_id = $1 AND NOT EXISTS (
                        SELECT 1 FROM blocks AS block WHERE block.owner_id = shares.owner_id AND block.viewer_id = $1
                    )";
                let keys = format!("{} LIMIT {limit} OFFSET {offset}", keys(received));
                (user, [format!("SELECT {} AS total", count(received)), keys])
            }
            Self::Outgoing(user) => {
                let (owned, created) = ("owner_id = $1", "creator_id = $1 AND parent_share_id IS NOT NULL");
                // The creator of a re-share is never its owner: the two do not overlap. Of each as many are read as the page may
                // need.
                let total = format!("SELECT {} + {} AS total", count(owned), count(created));
                let of_each = |of: &str| format!("SELECT * FROM ({} LIMIT {limit} + {offset}) AS branch", keys(of));
                let keys = format!(
                    "SELECT * FROM ({} UNION ALL {}) AS listed {NEWEST_FIRST} LIMIT {limit} OFFSET {offset}",
                    of_each(owned),
                    of_each(created)
                );
                (user, [total, keys])
            }
        }
    }
}

impl ShareFilter {
    fn matches(self, status: Status) -> bool {
        match self {
            Self::Any => true,
            Self::Active => status == Status::Active,
            Self::Inactive => status != Status::Active,
        }
    }
}
