//! Health of the process and its services.

use test_kit::Backend;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::test_server::TestServer;

#[tokio::test]
async fn health_is_reported_for_process_and_services() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let mut health = HealthClient::new(server.channel.clone());
    for service in [
        "",
        "ofself.sharing.v1.SharingService",
        "ofself.sharing.v1.AccessService",
        "ofself.sharing.v1.FollowSharingService",
        "ofself.sharing.v1.SharingAdminService",
    ] {
        let request = HealthCheckRequest { service: service.to_owned() };
        assert_eq!(health.check(request).await.unwrap().into_inner().status(), ServingStatus::Serving, "{service}");
    }
    let unknown = HealthCheckRequest { service: "ofself.sharing.v1.Nothing".to_owned() };
    assert_eq!(health.check(unknown).await.unwrap_err().code(), Code::NotFound);
}
