//! Checks of `gateway doctor`.

use admission::rate_limit::RateLimit;
use http_server::doctor::{check_address, check_certificate};
use runtime::{clock::Clock, doctor::Doctor, process::ConfigurationError};

use crate::{auth::Authentication, config::Settings, upstream::Upstreams};

/// Checks everything a gateway depends on. Changes nothing.
pub async fn check(doctor: &mut Doctor, settings: &Settings, clock: Clock) {
    doctor.set_part("gateway");
    let rate_limit = RateLimit::new(settings.limits.rate_limit, clock.clone());
    let keys = Authentication::new(&settings.auth, rate_limit, clock.clone()).await;
    doctor.report("tokens", keys, |_| {
        format!("of issuer {}, for {}", settings.auth.jwt_issuer, settings.auth.jwt_audience)
    });
    if settings.limits.rate_limit == 0 {
        doctor.warning("rate limit", "none: a user may send any number of requests");
    }
    for (subject, path) in
        [("certificate", &settings.tls.tls_cert), ("client cert", &settings.upstream_tls.upstream_tls_cert)]
    {
        if let Some(path) = path {
            check_certificate(doctor, subject, path, clock.now());
        }
    }
    let tls = settings.tls.acceptor();
    let plain_text = matches!(tls, Ok(None)).then(|| settings.plain_text());
    doctor.report("tls", tls, |tls| if tls.is_some() { "https" } else { "none: http" }.to_owned());
    check_address(doctor, "listen", &settings.listen, plain_text).await;
    services(doctor, settings).await;
}

async fn services(doctor: &mut Doctor, settings: &Settings) {
    let connector = match settings.upstream_tls.connector(settings.tls.tls_reload) {
        Ok(connector) => connector,
        Err(error) => return doctor.error("services", &error.into()),
    };
    let (sharing, exposure) = (&settings.sharing_url, &settings.exposure_url);
    let deadline = settings.limits.deadline;
    let upstreams = match Upstreams::new(sharing, exposure, connector.as_ref(), settings.plain_text(), deadline) {
        Ok(upstreams) => upstreams,
        Err(error) => return doctor.error("services", &error),
    };
    let troubles = upstreams.troubles().await;
    for ((subject, url), trouble) in [("sharing-svc", sharing), ("exposure-svc", exposure)].into_iter().zip(troubles) {
        match trouble {
            None => doctor.ok(subject, format!("{url} serves")),
            Some(trouble) => {
                let message = format!("{url}: {trouble}; start it, or fix its URL");
                doctor.error(subject, &ConfigurationError::new(message).into());
            }
        }
    }
}
