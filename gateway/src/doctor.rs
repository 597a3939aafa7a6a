//! What is wrong with the settings of a gateway, and how to mend it.

use service_kit::{clock::Clock, doctor::Doctor, process::ConfigurationError};

use crate::{auth::Authentication, config::Settings, rate_limit::RateLimit, upstream::Upstreams};

/// Looks at all that a gateway would stand on, and changes nothing.
pub async fn examine(doctor: &mut Doctor, settings: &Settings, clock: Clock) {
    doctor.turn_to("gateway");
    let rate_limit = RateLimit::new(settings.limits.rate_limit, clock.clone());
    let keys = Authentication::new(&settings.auth, rate_limit, clock.clone()).await;
    doctor.look("tokens", keys, |_| {
        format!("of issuer {}, for {}", settings.auth.jwt_issuer, settings.auth.jwt_audience)
    });
    if settings.limits.rate_limit == 0 {
        doctor.doubtful("rate limit", "none: one user may ask as often as they like");
    }
    for (subject, path) in
        [("certificate", &settings.tls.tls_cert), ("own papers", &settings.upstream_tls.upstream_tls_cert)]
    {
        if let Some(path) = path {
            doctor.certificate(subject, path, clock.now());
        }
    }
    let tls = settings.tls.acceptor();
    let plain_text = matches!(tls, Ok(None)).then(|| settings.plain_text());
    doctor.look("tls", tls, |tls| if tls.is_some() { "https" } else { "none: http" }.to_owned());
    doctor.address("listen", &settings.listen, plain_text).await;
    services(doctor, settings).await;
}

async fn services(doctor: &mut Doctor, settings: &Settings) {
    let connector = match settings.upstream_tls.connector(settings.tls.tls_reload) {
        Ok(connector) => connector,
        Err(error) => return doctor.wrong("services", &error.into()),
    };
    let (sharing, exposure) = (&settings.sharing_url, &settings.exposure_url);
    let deadline = settings.limits.deadline;
    let upstreams = match Upstreams::new(sharing, exposure, connector.as_ref(), settings.plain_text(), deadline) {
        Ok(upstreams) => upstreams,
        Err(error) => return doctor.wrong("services", &error),
    };
    let troubles = upstreams.troubles().await;
    for ((subject, url), trouble) in [("sharing-svc", sharing), ("exposure-svc", exposure)].into_iter().zip(troubles) {
        match trouble {
            None => doctor.good(subject, format!("{url} serves")),
            Some(trouble) => {
                let says = format!("{url}: {trouble}; start it, or name where it is");
                doctor.wrong(subject, &ConfigurationError::new(says).into());
            }
        }
    }
}
