//! One user's flood is that user's alone.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use http::Method;
use service_kit::{clock::Clock, shutdown::Shutdown};
use test_kit::{Backend, HttpClient};
use tokio::task::JoinSet;

use super::plane::{Papers, SecurePlane};
use crate::stage::{gateway_settings, token_in};

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_one_user_takes_nothing_from_another() {
    let (plane, backend) = (SecurePlane::start().await, Backend::sqlite());
    let mut settings =
        gateway_settings(plane.sharing.parse().unwrap(), plane.exposure.parse().unwrap(), backend.folder());
    let Papers { cert, key, ca } = plane.papers("gateway");
    settings.upstream_tls.upstream_tls_cert = Some(cert);
    settings.upstream_tls.upstream_tls_key = Some(key);
    settings.upstream_tls.upstream_tls_ca = Some(ca);
    settings.limits.max_in_flight_per_user = 4;
    let gateway = gateway::open(settings, Clock::system()).await.unwrap();
    let http = HttpClient::new(gateway.address().unwrap().url());
    let shutdown = Shutdown::new();
    tokio::spawn(gateway.serve(shutdown.clone()));
    let ask = |user: &str| {
        let (http, authorization) = (http.clone(), format!("Bearer {}", token_in(backend.folder(), user)));
        async move {
            let headers = [("authorization", authorization.as_str())];
            http.send(Method::GET, "/api/v1/sharing/outgoing", &headers, "").await.unwrap()
        }
    };
    assert_eq!(ask("ann").await.status, 200);
    let is_over = Arc::new(AtomicBool::new(false));
    let mut flood = JoinSet::new();
    for _ in 0..64 {
        let (is_over, ask) = (is_over.clone(), ask("ann"));
        let (http, authorization) = (http.clone(), format!("Bearer {}", token_in(backend.folder(), "ann")));
        flood.spawn(async move {
            let mut turned_away = u32::from(ask.await.status == 429);
            while !is_over.load(Ordering::SeqCst) {
                let headers = [("authorization", authorization.as_str())];
                let answer = http.send(Method::GET, "/api/v1/sharing/outgoing", &headers, "").await.unwrap();
                if answer.status == 429 {
                    assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("RATE_LIMIT_EXCEEDED", "1"));
                    turned_away += 1;
                } else {
                    assert_eq!(answer.status, 200);
                }
            }
            turned_away
        });
    }
    for _ in 0..50 {
        assert_eq!(ask("bob").await.status, 200);
    }
    is_over.store(true, Ordering::SeqCst);
    assert!(flood.join_all().await.into_iter().sum::<u32>() > 0, "the flood was none");
    shutdown.begin();
}
