//! What the owner stops and sees, beside the model.

use std::collections::BTreeSet;

use ofself_proto::sharing::{
    ListNodeViewersRequest, ListPeopleRequest, Node, StopSharingRequest,
    access_advisor_service_client::AccessAdvisorServiceClient,
};

use super::{OWNER, PEOPLE, Random, World};
use crate::test_server::by;

impl World {
    /// Ends everything that the owner shares, or everything with one person.
    pub(super) async fn stop(&self, random: &mut Random) {
        let _alone = self.creating.write().await;
        let person = (random.below(4) > 0).then(|| PEOPLE[random.below(PEOPLE.len())]);
        let request = StopSharingRequest {
            everyone: person.is_none(),
            people: person.iter().map(ToString::to_string).collect(),
            page_token: String::new(),
        };
        self.advisor().stop_sharing(by(OWNER, request)).await.unwrap();
        for share in self.model.lock().unwrap().shares.values_mut() {
            share.is_revoked |= person.is_none_or(|person| share.wire.shared_with_user_id == person);
        }
    }

    fn advisor(&self) -> AccessAdvisorServiceClient<tonic::transport::Channel> {
        AccessAdvisorServiceClient::new(self.server.channel.clone())
    }

    /// The owner's view is complete: the viewers and the people are exactly those who may read a node.
    pub(super) async fn compare_lists(&self, tags: &[String], now: i64, place: &str) {
        let readers = |tag: &str| -> BTreeSet<String> {
            let model = self.model.lock().unwrap();
            PEOPLE.into_iter().filter(|viewer| model.may_read(viewer, tag, now)).map(str::to_owned).collect()
        };
        let mut everyone = BTreeSet::new();
        for tag in tags {
            let node = Node { id: "n".into(), tag_ids: vec![tag.clone()], graph_root_ids: Vec::new() };
            let request = ListNodeViewersRequest { node: Some(node), ..ListNodeViewersRequest::default() };
            let page = self.advisor().list_node_viewers(by(OWNER, request)).await.unwrap().into_inner();
            assert!(page.next_page_token.is_empty());
            let viewers: BTreeSet<_> = page.viewers.into_iter().map(|viewer| viewer.viewer_id).collect();
            let expected = readers(tag);
            assert_eq!(viewers, expected, "{place}: {tag}");
            everyone.extend(expected);
        }
        let page = self.advisor().list_people(by(OWNER, ListPeopleRequest::default())).await.unwrap().into_inner();
        assert!(page.next_page_token.is_empty());
        let people: BTreeSet<_> = page.people.into_iter().map(|person| person.user_id).collect();
        assert_eq!(people, everyone, "{place}");
    }
}
