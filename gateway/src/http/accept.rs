//! `Accept`: which of two forms a client would rather have (RFC 9110, 12.5.1).

use http::{HeaderMap, header};

/// Whether the client prefers JSON to YAML. The default is YAML.
pub(crate) fn prefers_json(headers: &HeaderMap) -> bool {
    liking(headers, "json") > liking(headers, "yaml")
}

/// How much `application/<subtype>` is liked, in thousandths; between equals, what is named counts more than what a wildcard
/// lets in. What the most specific range says is what counts.
fn liking(headers: &HeaderMap, subtype: &str) -> (u16, u8) {
    let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let ranges = lines.flat_map(|line| line.split(',')).filter_map(|range| {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let (kind, sub) = parts.next()?.split_once('/').map(|(kind, sub)| (kind.to_owned(), sub.to_owned()))?;
        let specificity = match (kind.as_str(), sub.as_str()) {
            ("application", named) if named == subtype => 3,
            ("application", "*") => 2,
            ("*", "*") => 1,
            _ => return None,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=").map(str::to_owned));
        Some((specificity, weight.map_or(1_000, |weight| thousandths(&weight))))
    });
    ranges.max_by_key(|(specificity, _)| *specificity).map_or((0, 0), |(specificity, weight)| match weight {
        0 => (0, 0),
        _ => (weight, specificity),
    })
}

/// `0` to `1` with at most three decimals; anything else counts as 0.
fn thousandths(weight: &str) -> u16 {
    let (whole, rest) = weight.split_once('.').unwrap_or((weight, ""));
    let is_weight = matches!(whole, "0" | "1") && rest.len() <= 3 && rest.bytes().all(|byte| byte.is_ascii_digit());
    let rest: u16 = format!("{rest:0<3}").parse().unwrap_or_default();
    match whole {
        _ if !is_weight => 0,
        "1" => 1_000,
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn json(accept: &[&str]) -> bool {
        let lines = accept.iter().map(|line| (header::ACCEPT, HeaderValue::from_str(line).unwrap()));
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, value);
        }
        prefers_json(&headers)
    }

    #[test]
    fn accept_json_is_honored() {
        for accept in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json, application/yaml;q=0.1",
            "application/yaml;q=0.5, application/json;q=0.501",
            "application/json, text/plain, */*",
            "text/html, application/json;q=0.9",
        ] {
            assert!(json(&[accept]), "{accept}");
        }
        assert!(json(&["text/html", "application/json"]), "in a line of its own");
    }

    #[test]
    fn default_response_is_yaml() {
        assert!(!json(&[]));
        for accept in [
            "",
            "*/*",
            "application/*",
            "application/yaml",
            "application/yaml, application/json",
            "application/json;q=0, application/*",
            "application/json;q=0",
            "application/json;q=nan",
            "application/json-patch+json",
            "application/json;q=0.4, application/*;q=0.8",
        ] {
            assert!(!json(&[accept]), "{accept}");
        }
    }
}
