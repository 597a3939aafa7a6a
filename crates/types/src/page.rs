//! Pages of a list, by limit and offset.

use crate::FieldErrors;

/// The default limit.
pub const DEFAULT_LIMIT: u32 = 20;
/// A higher limit counts as this.
pub const MAX_LIMIT: u32 = 100;

/// Which page a caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// 1 to [`MAX_LIMIT`] rows.
    pub limit: u32,
    /// The offset; fits the integers of the databases.
    pub offset: u64,
}

/// One page of a list, and how long the whole list is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, newest first.
    pub items: Vec<T>,
    /// How many rows the list has in all.
    pub total: u64,
    /// The requested page.
    pub request: PageRequest,
}

impl PageRequest {
    /// Validates limit and offset: a limit below 1 or an offset below 0 is an error; a large limit is capped.
    pub fn parse(limit: Option<i32>, offset: Option<i64>, errors: &mut FieldErrors) -> Self {
        let limit = match limit.map(u32::try_from) {
            None => DEFAULT_LIMIT,
            Some(Ok(limit)) if limit >= 1 => limit.min(MAX_LIMIT),
            Some(_) => {
                errors.add("limit", "must be 1 or more");
                DEFAULT_LIMIT
            }
        };
        let offset = u64::try_from(offset.unwrap_or(0)).unwrap_or_else(|_| {
            errors.add("offset", "must be 0 or more");
            0
        });
        Self { limit, offset }
    }
}

impl<T> Page<T> {
    /// Its items, and its total, limit and offset as the wire counts them.
    pub fn into_parts(self) -> (Vec<T>, i64, i32, i64) {
        let Self { items, total, request } = self;
        (
            items,
            total.try_into().unwrap_or(i64::MAX),
            request.limit.try_into().unwrap_or(i32::MAX),
            request.offset.try_into().unwrap_or(i64::MAX),
        )
    }

    /// The same page of other things.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(each).collect(), total: self.total, request: self.request }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_limit_is_capped_and_small_one_rejected() {
        let mut errors = FieldErrors::new();
        assert_eq!(PageRequest::parse(Some(101), None, &mut errors), PageRequest { limit: 100, offset: 0 });
        assert_eq!(PageRequest::parse(None, Some(7), &mut errors), PageRequest { limit: 20, offset: 7 });
        assert!(errors.is_empty());
        PageRequest::parse(Some(0), Some(-1), &mut errors);
        assert_eq!(errors.to_string(), "limit must be 1 or more; offset must be 0 or more");
    }
}
