//! `ListSuggestions`: what a person should look at in their apps.

use ofself_proto::exposure::{
    ListSuggestionsRequest, ProfileDraft, RebindAppRequest, Suggestion, SuggestionKind, TagFilters,
    exposure_advisor_service_client::ExposureAdvisorServiceClient,
};
use persistence::usage_days::UsageDay;
use prost_types::{FieldMask, Timestamp as ProtoTimestamp};
use types::Timestamp;

use crate::{
    statements::on_both,
    test_server::{START, TestServer, by, named, store, strings, why},
};

use SuggestionKind::{ExposesEverything, NeverExpires, Unused};

const DAY: i64 = 24 * 3_600;

async fn suggestions(server: &TestServer, page_size: i32) -> Vec<Suggestion> {
    let mut client = ExposureAdvisorServiceClient::new(server.channel.clone());
    let mut request = ListSuggestionsRequest { page_size, ..ListSuggestionsRequest::default() };
    let mut found = Vec::new();
    loop {
        let page = client.list_suggestions(by("ann", request.clone())).await.unwrap().into_inner();
        found.extend(page.suggestions);
        if page.next_page_token.is_empty() {
            return found;
        }
        request.page_token = page.next_page_token;
    }
}

fn kinds(suggestions: &[Suggestion]) -> Vec<(SuggestionKind, &str)> {
    suggestions.iter().map(|found| (found.kind(), found.app_id.as_str())).collect()
}

#[tokio::test]
async fn suggestions_name_what_is_unused_endless_or_everything() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let tag_filters = TagFilters { exclude_any: strings(&["private"]), ..TagFilters::default() };
        let safe = ProfileDraft { tag_filters: Some(tag_filters), ..named("Safe") };
        let safe = server.create("ann", safe).await.unwrap();
        let open = server.create("ann", named("Open")).await.unwrap();
        server.grant("ann", "endless", &safe.id).await.unwrap();
        server.grant("ann", "open", &open.id).await.unwrap();
        let mut client = ExposureAdvisorServiceClient::new(server.channel.clone());
        let end = ProtoTimestamp { seconds: START + 400 * DAY, nanos: 0 };
        let ending = RebindAppRequest {
            app_id: "open".into(),
            profile_id: String::new(),
            expires_at: Some(end),
            update_mask: Some(FieldMask { paths: strings(&["expires_at"]) }),
        };
        let moved = client.rebind_app(by("ann", ending)).await.unwrap().into_inner().app.unwrap();
        assert_eq!((moved.access.unwrap().expires_at, moved.profile_name.as_str()), (Some(end), "Open"));
        let found = suggestions(&server, 0).await;
        assert_eq!(kinds(&found), [(NeverExpires, "endless"), (ExposesEverything, "open")], "{backend}");
        assert_eq!(found[0].proposed_end.unwrap().seconds, START + 365 * DAY);
        assert_eq!((&found[1].profile_id, found[1].proposed_end), (&open.id, None));

        let row = |app: &str, day: i64| UsageDay {
            owner: "ann".into(),
            other: app.into(),
            day: UsageDay::day_of(Timestamp::from_parts(START + day * DAY, 0).unwrap()),
            last_at: Timestamp::from_parts(START + day * DAY, 0).unwrap(),
            asked: 1,
            shown: 1,
        };
        store(&backend)
            .await
            .database()
            .add_usage(&[row("ever", 0), row("endless", 11), row("open", 10)])
            .await
            .unwrap();
        server.at(100 * DAY);
        let found = suggestions(&server, 0).await;
        let expected = [(NeverExpires, "endless"), (Unused, "open"), (ExposesEverything, "open")];
        assert_eq!(kinds(&found), expected, "{backend}");
        for size in 1..3 {
            assert_eq!(suggestions(&server, size).await, found, "{size}");
        }
        let wrong = ListSuggestionsRequest { page_size: -1, page_token: "x".into() };
        assert_eq!(why(client.list_suggestions(by("ann", wrong)).await), "page_size page_token");
    })
    .await;
}
