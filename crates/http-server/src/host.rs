//! The `Host` of a request (RFC 9112, 3.2; RFC 9110, 7.2): given once and valid, or the request is rejected. A proxy in front and a
//! program behind must not take one request for two hosts.

use http::{Request, Version, header, uri::Authority};

/// Validates that a request names exactly one host; the error says what its `Host` must be.
pub fn validate_host<B>(request: &Request<B>) -> Result<(), &'static str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err("must not be sent twice");
    }
    if host.is_some_and(|host| !host.to_str().is_ok_and(is_valid)) {
        return Err("must be a host and optionally a port, as in `api.ofself.ai:443`");
    }
    let authority = request.uri().authority().map(Authority::as_str);
    if authority.is_some_and(|authority| !is_valid(authority)) {
        return Err("must be a host and optionally a port in the target of the request as well");
    }
    match (request.version(), host, authority) {
        (Version::HTTP_09 | Version::HTTP_10, None, _) => Ok(()),
        (Version::HTTP_11, None, _) => Err("is required"),
        (_, None, None) => Err("is required, as `:authority` or `Host`"),
        // HTTP/2 (RFC 9113, 8.3.1). In HTTP/1.1 an absolute target takes precedence over `Host`.
        (version, Some(host), Some(authority))
            if version > Version::HTTP_11 && !host.as_bytes().eq_ignore_ascii_case(authority.as_bytes()) =>
        {
            Err("must be the same as `:authority`")
        }
        (_, _, _) => Ok(()),
    }
}

/// `uri-host [":" port]` (RFC 3986, 3.2), with a host, since `http` and `https` URLs have one.
fn is_valid(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else { return false };
    let (text, name) = (authority.as_str(), authority.host());
    let Some(port) = text.strip_prefix(name) else { return false };
    let is_port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| {
            digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits.is_empty() || digits.parse::<u16>().is_ok())
        });
    let literal = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_name = match literal {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !name.is_empty() && !name.contains(['[', ']', '@']),
    };
    is_name && is_port
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn request(version: Version, uri: &str, hosts: &[&[u8]]) -> Request<()> {
        let mut request = Request::builder().version(version).uri(uri).body(()).unwrap();
        for host in hosts {
            request.headers_mut().append(header::HOST, HeaderValue::from_bytes(host).unwrap());
        }
        request
    }

    fn is_accepted(version: Version, uri: &str, hosts: &[&[u8]]) -> bool {
        validate_host(&request(version, uri, hosts)).is_ok()
    }

    #[test]
    fn valid_hosts_are_accepted() {
        for host in [
            "localhost",
            "127.0.0.1:8080",
            "API.ofself.ai",
            "api.ofself.ai:",
            "[::1]",
            "[::1]:8080",
            "under_score.example",
            "xn--bcher-kva.example:65535",
        ] {
            assert!(is_accepted(Version::HTTP_11, "/", &[host.as_bytes()]), "{host}");
            assert!(is_accepted(Version::HTTP_2, "/", &[host.as_bytes()]), "{host}");
        }
        assert!(is_accepted(Version::HTTP_10, "/", &[]));
        assert!(is_accepted(Version::HTTP_11, "http://other.example/", &[b"a.example"]));
        assert!(is_accepted(Version::HTTP_2, "http://a.example/", &[]));
        assert!(is_accepted(Version::HTTP_2, "http://a.example/", &[b"A.example"]));
    }

    #[test]
    fn missing_repeated_and_invalid_hosts_are_rejected() {
        assert!(!is_accepted(Version::HTTP_11, "/", &[]));
        assert!(!is_accepted(Version::HTTP_11, "http://a.example/", &[]));
        assert!(!is_accepted(Version::HTTP_2, "/", &[]));
        for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
            assert!(!is_accepted(version, "/", &[b"a.example", b"a.example"]), "{version:?}");
        }
        assert!(!is_accepted(Version::HTTP_2, "http://a.example/", &[b"b.example"]));
        for authority in ["u@a.example", "u:p@a.example", "a.example:99999", "a.example:x", "[::1]x", "[zz]"] {
            // Some of these are no URI for the library, which then rejects the request itself.
            let Ok(uri) = format!("http://{authority}/").parse::<http::Uri>() else { continue };
            let uri = uri.to_string();
            assert!(!is_accepted(Version::HTTP_2, &uri, &[]), "{authority}");
            assert!(!is_accepted(Version::HTTP_11, &uri, &[b"a.example"]), "{authority}");
        }
        let invalid: [&[u8]; 19] = [
            b"",
            b":80",
            b"a b",
            b"a.example, b.example",
            b"http://a.example",
            b"a.example/path",
            b"a.example?query",
            b"user@a.example",
            b"user:password@a.example",
            b"a.example:port",
            b"a.example:99999",
            b"a.example:80:81",
            b"[::1",
            b"::1",
            b"[a.example]",
            b"[::1]x",
            b"a\\b",
            b"<script>",
            "\u{e9}".as_bytes(),
        ];
        for host in invalid {
            assert!(!is_accepted(Version::HTTP_11, "/", &[host]), "{}", String::from_utf8_lossy(host));
        }
    }
}
