//! `ExposureService`: decisions for services that serve apps.

use futures_core::stream::BoxStream;
use ofself_proto::exposure::{
    CheckWriteRequest, CheckWriteResponse, EvaluateNodesRequest, EvaluateNodesResponse, ExplainExposureRequest,
    ExplainExposureResponse, FilterNodesRequest, FilterNodesResponse, GetExposureFilterRequest,
    GetExposureFilterResponse, PreviewProfileRequest, PreviewProfileResponse, WatchProfilesRequest,
    WatchProfilesResponse, exposure_service_server::ExposureService,
};
use service::consistency::Stamped;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};
use types::FieldErrors;

use super::{
    convert::{decision, edits, event, profile, question},
    counts, filtering,
    status::{DOMAIN, status, validated},
};
use crate::{
    error::Error,
    operations::{Exposure, NodeEvaluation, Subject},
};

pub(super) struct ExposureRpc {
    exposure: Exposure,
}

impl ExposureRpc {
    pub(super) fn new(exposure: Exposure) -> Self {
        Self { exposure }
    }
}

#[tonic::async_trait]
impl ExposureService for ExposureRpc {
    async fn evaluate_nodes(
        &self,
        request: Request<EvaluateNodesRequest>,
    ) -> Result<Response<EvaluateNodesResponse>, Status> {
        let EvaluateNodesRequest { user_id, subject, nodes, consistency } = request.into_inner();
        let mut errors = FieldErrors::new();
        let user = question::user(user_id, &mut errors);
        let subject = question::subject(subject, &mut errors);
        let freshness = question::freshness(consistency, &mut errors);
        let count = nodes.len();
        question::bounded(count, &mut errors);
        let (user, subject) = validated(user.zip(subject), errors)?;
        let decide = move |evaluation: &NodeEvaluation| {
            question::each_encoded(&nodes, |node| evaluation.exposes(node)).map_err(Error::Invalid)
        };
        let decided = self.exposure.decide_nodes(&user, &subject, &freshness, count, decide).await;
        let (applied, exposed) = decided.map_err(status)?;
        let exposed = exposed.map_err(status)?;
        counts::evaluated(&exposed, &applied);
        if let Subject::App(app) = &subject {
            let shown = exposed.iter().filter(|exposed| **exposed).count();
            self.exposure.count_use(&user, app, &applied, exposed.len(), shown);
        }
        let checked_at = self.exposure.token(Some(applied.stamp.clone()));
        Ok(Response::new(decision::evaluated(exposed, &applied, checked_at)))
    }

    type FilterNodesStream = ReceiverStream<Result<FilterNodesResponse, Status>>;

    async fn filter_nodes(
        &self,
        request: Request<Streaming<FilterNodesRequest>>,
    ) -> Result<Response<Self::FilterNodesStream>, Status> {
        filtering::begin(&self.exposure, request.into_inner()).await.map(Response::new)
    }

    async fn get_exposure_filter(
        &self,
        request: Request<GetExposureFilterRequest>,
    ) -> Result<Response<GetExposureFilterResponse>, Status> {
        let GetExposureFilterRequest { user_id, subject, consistency } = request.into_inner();
        let mut errors = FieldErrors::new();
        let user = question::user(user_id, &mut errors);
        let subject = question::subject(subject, &mut errors);
        let freshness = question::freshness(consistency, &mut errors);
        let (user, subject) = validated(user.zip(subject), errors)?;
        let filter = self.exposure.get_exposure_filter(&user, &subject, &freshness).await.map_err(status)?;
        if let Subject::App(app) = &subject {
            self.exposure.count_use(&user, app, &filter.applied, 0, 0);
        }
        let checked_at = self.exposure.token(Some(filter.applied.stamp.clone()));
        Ok(Response::new(decision::filter(filter, checked_at)))
    }

    async fn check_write(&self, request: Request<CheckWriteRequest>) -> Result<Response<CheckWriteResponse>, Status> {
        let CheckWriteRequest { user_id, app_id, verb, before, after, consistency } = request.into_inner();
        let mut errors = FieldErrors::new();
        let user = question::user(user_id, &mut errors);
        let app = question::app(app_id, &mut errors);
        let verb = question::verb(verb, before.is_some(), after.is_some(), &mut errors);
        let freshness = question::freshness(consistency, &mut errors);
        let (mut tags_before, mut tags_after) = (Vec::new(), Vec::new());
        let before =
            before.as_ref().map(|node| question::node(node, &mut tags_before, || "before".to_owned(), &mut errors));
        if let Some(Some(before)) = &before {
            // Its tags are present with their ids; a name alone could evade an exclusion.
            question::demand_ids(before, || "before".to_owned(), &mut errors);
        }
        let after =
            after.as_ref().map(|node| question::node(node, &mut tags_after, || "after".to_owned(), &mut errors));
        if let (Some(Some(before)), Some(Some(after))) = (&before, &after)
            && before.id != after.id
        {
            errors.add("after.id", "must be that of the node before");
        }
        let ((user, app), verb) = validated(user.zip(app).zip(verb), errors)?;
        let (before, after) = (before.flatten(), after.flatten());
        let checked = self.exposure.check_write(&user, app, verb, before.as_ref(), after.as_ref(), &freshness).await;
        let done = checked.map_err(status)?;
        counts::written(&done);
        Ok(Response::new(decision::written(done.decision, self.exposure.token(Some(done.stamp)))))
    }

    async fn explain_exposure(
        &self,
        request: Request<ExplainExposureRequest>,
    ) -> Result<Response<ExplainExposureResponse>, Status> {
        let ExplainExposureRequest { user_id, subject, node, consistency } = request.into_inner();
        let mut errors = FieldErrors::new();
        let user = question::user(user_id, &mut errors);
        let subject = question::subject(subject, &mut errors);
        let freshness = question::freshness(consistency, &mut errors);
        let mut tags = Vec::new();
        let node = match &node {
            Some(node) => question::node(node, &mut tags, || "node".to_owned(), &mut errors),
            None => {
                errors.add("node", "is required");
                None
            }
        };
        if let Some(node) = &node {
            question::demand_ids(node, || "node".to_owned(), &mut errors);
        }
        let ((user, subject), node) = validated(user.zip(subject).zip(node), errors)?;
        let explained = self.exposure.explain_exposure(&user, &subject, &node, &freshness).await;
        let Stamped { value, stamp } = explained.map_err(status)?;
        Ok(Response::new(decision::explained(value, self.exposure.token(stamp))))
    }

    async fn preview_profile(
        &self,
        request: Request<PreviewProfileRequest>,
    ) -> Result<Response<PreviewProfileResponse>, Status> {
        let PreviewProfileRequest { user_id, draft, nodes } = request.into_inner();
        let mut edits = edits::creation(draft);
        // A profile is its owner's, though nothing is read of theirs.
        let _ = question::user(user_id, &mut edits.unreadable);
        question::bounded(nodes.len(), &mut edits.unreadable);
        let preview = Exposure::preview_profile(edits).await.map_err(status)?;
        let exposed = question::each_node(&nodes, |node| preview.compiled.exposes(node))
            .map_err(|errors| status(Error::Invalid(errors)))?;
        let warnings = preview.warnings.into_iter().map(profile::warning).collect();
        Ok(Response::new(PreviewProfileResponse { exposed, warnings }))
    }

    type WatchProfilesStream = BoxStream<'static, Result<WatchProfilesResponse, Status>>;

    async fn watch_profiles(
        &self,
        request: Request<WatchProfilesRequest>,
    ) -> Result<Response<Self::WatchProfilesStream>, Status> {
        let watch = self.exposure.watch_profiles(event::watch(request.into_inner())).await.map_err(status)?;
        let watch = watch.map_err(|error| error.into_status(DOMAIN))?;
        let messages = ReceiverStream::new(watch.run());
        Ok(Response::new(Box::pin(messages.map(|message| match message {
            Ok(message) => Ok(event::message(message)),
            Err(error) => Err(error.into_status(DOMAIN)),
        }))))
    }
}
