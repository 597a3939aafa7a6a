//! One page of a query.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryOrder, QuerySelect, Select};
use types::PageRequest;

/// The rows of one page, newest first by `time` and then by `id`, and how many rows there are in all.
pub async fn page<E>(
    connection: &impl ConnectionTrait,
    rows: Select<E>,
    (time, id): (E::Column, E::Column),
    request: PageRequest,
) -> Result<(Vec<E::Model>, u64), DbErr>
where
    E: EntityTrait,
    E::Model: Send + Sync,
{
    let total = rows.clone().count(connection).await?;
    let page = rows
        .order_by_desc(time)
        .order_by_desc(id)
        .limit(u64::from(request.limit))
        .offset(request.offset)
        .all(connection)
        .await?;
    Ok((page, total))
}
