//! The query of a request. An empty parameter counts as absent: the published client sends such. An unknown one is an error: a
//! client that misspells `is_active` must not be answered as if it had asked for everything.

use axum::extract::FromRequestParts;
use http::{Uri, request::Parts};
use types::{DEFAULT_LIMIT, FieldErrors, MAX_LIMIT};

use crate::error::ApiError;

/// Maximum number of parameters that are read. No endpoint has as many, so a longer query is rejected for one of the first.
const MAX_PARAMETERS: usize = 50;

/// The parameters of a query, and their errors.
pub(crate) struct Query {
    parameters: Vec<(String, String)>,
    known: Vec<&'static str>,
    errors: FieldErrors,
}

/// The query of an endpoint that has no parameters.
pub(crate) struct NoQuery;

impl<S: Send + Sync> FromRequestParts<S> for NoQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Query::parse(parts.uri.query()).finish().map(|()| Self)
    }
}

/// The query of an endpoint that can validate a request without executing it.
pub(crate) struct ValidateOnlyQuery(pub(crate) bool);

impl<S: Send + Sync> FromRequestParts<S> for ValidateOnlyQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut query = Query::parse(parts.uri.query());
        let validate_only = query.boolean("validate_only");
        query.finish()?;
        Ok(Self(validate_only.unwrap_or(false)))
    }
}

/// The requested page of a list, as the services take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageQuery {
    pub limit: Option<i32>,
    pub offset: Option<i64>,
}

/// The requested page of a list with page tokens, as the services take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenPage {
    /// 0: the default.
    pub size: i32,
    /// Empty: the first page.
    pub token: String,
}

impl Query {
    /// The page that a URI names.
    pub(crate) fn token_page_of(uri: &Uri) -> Result<TokenPage, ApiError> {
        let mut query = Self::parse(uri.query());
        let page = query.token_page();
        query.finish()?;
        Ok(page)
    }

    /// Parses the query of a URI.
    pub(crate) fn parse(query: Option<&str>) -> Self {
        let mut parsed = Self { parameters: Vec::new(), known: Vec::new(), errors: FieldErrors::new() };
        let parameters = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        for (name, value) in parameters.take(MAX_PARAMETERS) {
            if parsed.parameters.iter().any(|(known, _)| *known == name) {
                parsed.errors.add_unless_known(&name, "must not occur twice");
            } else {
                parsed.parameters.push((name.into_owned(), value.into_owned()));
            }
        }
        parsed
    }

    /// A parameter that is true or false.
    pub(crate) fn boolean(&mut self, name: &'static str) -> Option<bool> {
        match self.get(name)?.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.errors.add(name, "must be true or false");
                None
            }
        }
    }

    /// A parameter as it is written; an empty one is absent.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// `limit` and `offset`, or `page` and `per_page`.
    pub(crate) fn page(&mut self) -> PageQuery {
        let (limit, offset) = (self.number("limit"), self.number("offset"));
        let (page, per_page) = (self.number("page"), self.number("per_page"));
        if page.is_none() && per_page.is_none() {
            return PageQuery { limit: limit.map(clamp), offset };
        }
        if limit.is_some() || offset.is_some() {
            let name = if page.is_some() { "page" } else { "per_page" };
            self.errors.add(name, "cannot be combined with limit and offset");
        }
        let rows = per_page.map_or(i64::from(DEFAULT_LIMIT), |rows| rows.min(i64::from(MAX_LIMIT)));
        let page = page.unwrap_or(1);
        for (name, number) in [("page", page), ("per_page", rows)] {
            if number < 1 {
                self.errors.add_unless_known(name, "must be 1 or more");
            }
        }
        let offset = page.saturating_sub(1).saturating_mul(rows);
        PageQuery { limit: Some(clamp(rows)), offset: Some(offset) }
    }

    /// `limit` and `page_token`.
    fn token_page(&mut self) -> TokenPage {
        let size = self.number("limit").unwrap_or(i64::from(DEFAULT_LIMIT));
        if size < 1 {
            self.errors.add_unless_known("limit", "must be 1 or more");
        }
        let size = clamp(size.min(i64::from(MAX_LIMIT)));
        TokenPage { size, token: self.get("page_token").unwrap_or_default().to_owned() }
    }

    /// Rejects the request if a parameter is invalid or unknown.
    pub(crate) fn finish(mut self) -> Result<(), ApiError> {
        self.find_unknown();
        self.errors.into_result(()).map_err(ApiError::validation)
    }

    fn find_unknown(&mut self) {
        for (name, _) in &self.parameters {
            if !self.known.contains(&name.as_str()) {
                self.errors.add(name.as_str(), "is not a query parameter of this endpoint");
            }
        }
    }

    fn number(&mut self, name: &'static str) -> Option<i64> {
        let text = self.get(name)?.to_owned();
        let digits = text.strip_prefix('-').unwrap_or(&text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            self.errors.add(name, "must be a whole number");
            return None;
        }
        let too_large = if text.starts_with('-') { i64::MIN } else { i64::MAX };
        Some(text.parse().unwrap_or(too_large))
    }

    fn get(&mut self, name: &'static str) -> Option<&str> {
        self.known.push(name);
        let found = self.parameters.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// A number of 32 bits on the wire; larger ones are saturated.
fn clamp(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<PageQuery, String> {
        let mut query = Query::parse(Some(query));
        let page = query.page();
        query.find_unknown();
        query.errors.into_result(page).map_err(|errors| errors.to_string())
    }

    fn of(limit: impl Into<Option<i32>>, offset: impl Into<Option<i64>>) -> PageQuery {
        PageQuery { limit: limit.into(), offset: offset.into() }
    }

    #[test]
    fn both_kinds_of_paging_are_accepted() {
        assert_eq!(page("").unwrap(), of(None, None));
        assert_eq!(page("limit=5&offset=10").unwrap(), of(5, 10));
        assert_eq!(page("limit=&offset=").unwrap(), of(None, None));
        assert_eq!(page("page=3&per_page=50").unwrap(), of(50, 100));
        assert_eq!(page("page=3").unwrap(), of(20, 40));
        assert_eq!(page("page=2&per_page=500").unwrap(), of(100, 100));
    }

    #[test]
    fn page_tokens_are_passed_on() {
        let page = |query: &str| {
            let mut query = Query::parse(Some(query));
            let page = query.token_page();
            query.find_unknown();
            query.errors.into_result(page).map_err(|errors| errors.to_string())
        };
        let of = |size, token: &str| TokenPage { size, token: token.to_owned() };
        assert_eq!(page("").unwrap(), of(20, ""));
        assert_eq!(page("limit=5000&page_token=v1.bob").unwrap(), of(100, "v1.bob"));
        assert_eq!(
            page("limit=0&offset=1").unwrap_err(),
            "limit must be 1 or more; offset is not a query parameter of this endpoint"
        );
    }

    #[test]
    fn large_numbers_do_not_wrap_around() {
        assert_eq!(page("limit=99999999999999999999").unwrap(), of(i32::MAX, None));
        assert_eq!(page("offset=99999999999999999999").unwrap(), of(None, i64::MAX));
        assert_eq!(page("page=9223372036854775807&per_page=100").unwrap(), of(100, i64::MAX));
    }

    #[test]
    fn errors_name_the_field() {
        assert_eq!(page("limit=x").unwrap_err(), "limit must be a whole number");
        assert_eq!(page("limit=1&limit=2&limit=3").unwrap_err(), "limit must not occur twice");
        assert_eq!(page("limit=1&per_page=2").unwrap_err(), "per_page cannot be combined with limit and offset");
        assert_eq!(page("page=0&per_page=-1").unwrap_err(), "page must be 1 or more; per_page must be 1 or more");
        assert_eq!(page("page=1&limit=2").unwrap_err(), "page cannot be combined with limit and offset");
        for (query, name) in
            [("isActive=true", "isActive"), ("LIMIT=1", "LIMIT"), ("x=", "x"), ("limit=1&limit[]=2", "limit[]")]
        {
            assert_eq!(page(query).unwrap_err(), format!("{name} is not a query parameter of this endpoint"));
        }
        let many: Vec<_> = (0..60).map(|number| format!("x{number}=1")).collect();
        let many = many.join("&");
        assert_eq!(page(&many).unwrap_err().matches("is not").count(), 50);
    }
}
