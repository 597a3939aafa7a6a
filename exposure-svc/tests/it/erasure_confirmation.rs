//! Erasure by the person: with a confirmation, which all replicas accept.

use ofself_proto::exposure::{
    EraseMyDataRequest, ErasureState, ExportMyDataRequest, RequestErasureRequest,
    exposure_advisor_service_client::ExposureAdvisorServiceClient,
};
use serde_json::Value;
use tonic::Status;

use crate::{
    statements::on_both,
    test_server::{TestServer, by, named, why},
};

async fn confirmation(server: &TestServer, user: &str) -> String {
    let mut client = ExposureAdvisorServiceClient::new(server.channel.clone());
    let issued = client.request_erasure(by(user, RequestErasureRequest {})).await.unwrap().into_inner();
    assert!(issued.expires_at.is_some());
    issued.confirmation
}

async fn erase(server: &TestServer, user: &str, confirmation: &str) -> Result<ErasureState, Status> {
    let mut client = ExposureAdvisorServiceClient::new(server.channel.clone());
    let request = by(user, EraseMyDataRequest { confirmation: confirmation.to_owned() });
    Ok(client.erase_my_data(request).await?.into_inner().state())
}

#[tokio::test]
async fn person_erases_themselves_with_a_confirmation() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.create("ann", named("One")).await.unwrap();
        server.create("bob", named("Other")).await.unwrap();
        let issued = confirmation(&server, "ann").await;
        server.create("ann", named("Two")).await.unwrap();
        for (user, wrong) in [("bob", issued.as_str()), ("ann", ""), ("ann", "v1.1.00")] {
            assert_eq!(why(erase(&server, user, wrong).await), "confirmation", "{backend}: {user} {wrong}");
        }
        server.at(3_600);
        assert_eq!(why(erase(&server, "ann", &issued).await), "confirmation", "it has expired");
        let issued = confirmation(&server, "ann").await;
        // Another replica, or the same after a restart, accepts it.
        server.stop().await;
        let server = TestServer::start(&backend).await;
        assert_ne!(erase(&server, "ann", &issued).await.unwrap(), ErasureState::Erased, "{backend}");
        assert_eq!(why(server.create("ann", named("Three")).await), "USER_BEING_ERASED");
        assert_ne!(erase(&server, "ann", &issued).await.unwrap(), ErasureState::Unspecified, "it can be repeated");
        server.create("bob", named("Still here")).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn export_of_the_person_has_a_receipt_for_each_grant() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", named("Books")).await.unwrap();
        for app in ["one", "two"] {
            server.grant("ann", app, &profile.id).await.unwrap();
        }
        server.grant("bob", "one", &server.create("bob", named("Of Bob")).await.unwrap().id).await.unwrap();
        let mut client = ExposureAdvisorServiceClient::new(server.channel.clone());
        let mut pieces = client.export_my_data(by("ann", ExportMyDataRequest {})).await.unwrap().into_inner();
        let mut text = String::new();
        while let Some(piece) = pieces.message().await.unwrap() {
            text.push_str(&piece.chunk);
        }
        let document: Value = serde_json::from_str(&text).unwrap();
        let receipts = document["consent_receipts"].as_array().unwrap();
        assert_eq!(receipts.len(), 2, "{backend}");
        for receipt in receipts {
            assert_eq!(receipt["@type"], "dpv:ConsentReceipt");
            let process = &receipt["dpv:hasRecordOfActivity"]["dpv:hasProcess"];
            assert_eq!(process["dpv:hasPersonalData"]["dct:title"], "Books");
        }
        assert!(!text.contains("bob") && !text.contains("Of Bob"));
    })
    .await;
}
