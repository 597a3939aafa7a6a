//! `ListSuggestions`: what an owner should look at.

use ofself_proto::sharing::{
    CreateShareRequest, ListSuggestionsRequest, Suggestion, SuggestionKind,
    access_advisor_service_client::AccessAdvisorServiceClient,
};
use persistence::usage_days::UsageDay;
use types::Timestamp;

use crate::statements::on_both;
use crate::test_server::{START, TestServer, after, by, everything_to, of, passable, store, tags_to, why};

use SuggestionKind::{ExposesEverything, NeverExpires, Unused};

const DAY: i64 = 24 * 3_600;

async fn suggestions(server: &TestServer, page_size: i32) -> Vec<Suggestion> {
    let mut client = AccessAdvisorServiceClient::new(server.channel.clone());
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

fn kinds(suggestions: &[Suggestion]) -> Vec<(SuggestionKind, &str, &str)> {
    suggestions.iter().map(|found| (found.kind(), found.person_id.as_str(), found.share_id.as_str())).collect()
}

#[tokio::test]
async fn suggestions_name_what_is_unused_endless_or_everything() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let ending = CreateShareRequest { expires_at: after(400 * DAY), ..passable(tags_to("bob", &["a"])) };
        let ending = server.create("ann", ending).await.unwrap();
        let reshare = CreateShareRequest { expires_at: after(400 * DAY), ..tags_to("dan", &["a"]) };
        server.create("bob", of(&ending, reshare)).await.unwrap();
        let endless = server.create("ann", tags_to("cyd", &["a"])).await.unwrap();
        let all = CreateShareRequest { expires_at: after(400 * DAY), ..everything_to("eve") };
        let all = server.create("ann", all).await.unwrap();
        let lasting = [(NeverExpires, "cyd", endless.id.as_str()), (ExposesEverything, "eve", all.id.as_str())];
        let found = suggestions(&server, 0).await;
        assert_eq!(kinds(&found), lasting, "{backend}: of re-shares nothing, and nothing is old yet");
        assert_eq!(found[0].proposed_end, after(365 * DAY));
        assert_eq!(found[1].proposed_end, None);

        // Bob used it 89 days before the end, Cyd 90.
        let row = |other: &str, day: i64| UsageDay {
            owner: "ann".into(),
            other: other.into(),
            day: UsageDay::day_of(Timestamp::from_parts(START + day * DAY, 0).unwrap()),
            last_at: Timestamp::from_parts(START + day * DAY, 0).unwrap(),
            asked: 1,
            shown: 1,
        };
        store(&backend).await.database().add_usage(&[row("ever", 0), row("bob", 11), row("cyd", 10)]).await.unwrap();
        server.at(100 * DAY);
        let found = suggestions(&server, 0).await;
        let expected = [
            (Unused, "cyd", ""),
            (NeverExpires, "cyd", endless.id.as_str()),
            (Unused, "dan", ""),
            (Unused, "eve", ""),
            (ExposesEverything, "eve", all.id.as_str()),
        ];
        assert_eq!(kinds(&found), expected, "{backend}");
        assert!(found[0].text.contains("`cyd` has not used"), "{}", found[0].text);
        for size in 1..4 {
            assert_eq!(suggestions(&server, size).await, found, "{size}");
        }
        let mut client = AccessAdvisorServiceClient::new(server.channel.clone());
        let wrong = ListSuggestionsRequest { page_size: -1, page_token: "x".into() };
        assert_eq!(why(client.list_suggestions(by("ann", wrong)).await), "page_size page_token");
    })
    .await;
}
