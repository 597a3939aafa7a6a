//! Connections to the services behind the gateway.

use std::time::Duration;

use admission::ResponseMemory;
use anyhow::Context;
use axum::extract::FromRequestParts;
use grpc_server::{
    ACTING_USER, IDEMPOTENCY_KEY, LocalChannel, WRITES,
    calls::{self, End},
};
use http::{HeaderValue, request::Parts};
use http_server::{PlainText, tls::TlsConnector};
use ofself_proto::{
    exposure::{
        exposure_advisor_service_client::ExposureAdvisorServiceClient,
        exposure_profile_service_client::ExposureProfileServiceClient,
    },
    sharing::{
        access_advisor_service_client::AccessAdvisorServiceClient, sharing_service_client::SharingServiceClient,
    },
};
use runtime::process::ConfigurationError;
use tonic::{
    Request,
    metadata::AsciiMetadataValue,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use types::IdempotencyKey;

use crate::{
    answer::CONSISTENCY_TOKEN,
    auth::Caller,
    error::ApiError,
    http::context::RequestContext,
    traced_channel::{TracedChannel, UpstreamChannel},
    upstream_url::UpstreamUrl,
};

/// A service that does not take a connection by then is away.
const CONNECT: Duration = Duration::from_secs(1);
/// The interval of keep-alive pings.
const PING_EVERY: Duration = Duration::from_secs(10);
/// The timeout of a ping.
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum size of response headers; an error with its details is well below.
const MAX_HEADERS: u32 = 64 * 1024;
/// The maximum size of a response: a full page of the largest rows.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// The timeout of a health check.
const READY_TIMEOUT: Duration = Duration::from_secs(1);

/// The channels to the services.
#[derive(Clone)]
pub struct Upstreams {
    sharing: UpstreamChannel,
    exposure: UpstreamChannel,
    deadline: Duration,
}

/// A request to a service, with its user, ids and deadline.
#[derive(Clone)]
pub struct Call {
    caller: Caller,
    context: RequestContext,
    /// Of a read; the response to a change is one row.
    memory: Option<ResponseMemory>,
    /// The consistency tokens of the request, as the client wrote them.
    consistency: Vec<HeaderValue>,
}

impl Upstreams {
    /// Channels that connect when they are first used, and again whenever they must.
    pub fn new(
        sharing: &UpstreamUrl,
        exposure: &UpstreamUrl,
        tls: Option<&TlsConnector>,
        plain_text: PlainText,
        deadline: Duration,
    ) -> anyhow::Result<Self> {
        calls::describe(End::Client);
        let [sharing, exposure] = [sharing, exposure].map(|url| channel(url, tls, plain_text, deadline));
        Ok(Self { sharing: UpstreamChannel::Remote(sharing?), exposure: UpstreamChannel::Remote(exposure?), deadline })
    }

    /// Channels to services of this process.
    pub fn local(sharing: LocalChannel, exposure: LocalChannel, deadline: Duration) -> Self {
        calls::describe(End::Client);
        Self { sharing: UpstreamChannel::Local(sharing), exposure: UpstreamChannel::Local(exposure), deadline }
    }

    /// Shares.
    pub fn sharing(&self) -> SharingServiceClient<TracedChannel> {
        SharingServiceClient::new(TracedChannel(self.sharing.clone())).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Exposure profiles.
    pub fn exposure(&self) -> ExposureProfileServiceClient<TracedChannel> {
        ExposureProfileServiceClient::new(TracedChannel(self.exposure.clone()))
            .max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Who can act on the data of a user.
    pub fn access(&self) -> AccessAdvisorServiceClient<TracedChannel> {
        AccessAdvisorServiceClient::new(TracedChannel(self.sharing.clone())).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The apps that a user connected.
    pub fn exposure_access(&self) -> ExposureAdvisorServiceClient<TracedChannel> {
        ExposureAdvisorServiceClient::new(TracedChannel(self.exposure.clone()))
            .max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Whether both services serve.
    pub async fn are_ready(&self) -> bool {
        let (sharing, exposure) = tokio::join!(is_serving(self.sharing.clone()), is_serving(self.exposure.clone()));
        sharing && exposure
    }

    /// Degradations although both services serve: a service whose writes fail still answers reads.
    pub async fn degraded(&self) -> Option<String> {
        let (sharing, exposure) = tokio::join!(writes_fail(self.sharing.clone()), writes_fail(self.exposure.clone()));
        let degraded: Vec<_> = [("sharing-svc", sharing), ("exposure-svc", exposure)]
            .into_iter()
            .filter(|(_, writes_fail)| *writes_fail)
            .map(|(name, _)| format!("{name}: writes fail"))
            .collect();
        (!degraded.is_empty()).then(|| degraded.join("\n"))
    }

    /// Why a service does not serve; nothing where it does. In the order sharing, exposure.
    pub async fn troubles(&self) -> [Option<String>; 2] {
        let (sharing, exposure) = tokio::join!(trouble(self.sharing.clone()), trouble(self.exposure.clone()));
        [sharing, exposure]
    }

    /// A message as `call` sends it.
    pub fn request<T>(&self, call: &Call, message: T) -> Result<Request<T>, ApiError> {
        let mut request = Request::new(message);
        // The remaining time of the whole request.
        let left = self.deadline.checked_sub(call.context.whole.elapsed()).ok_or_else(ApiError::unavailable)?;
        request.set_timeout(left);
        let user = AsciiMetadataValue::try_from(call.caller.user.as_str()).map_err(|_| ApiError::internal())?;
        let ids = [("x-request-id", &call.context.request_id), ("traceparent", &call.context.onward)];
        // The reader of the response reserves its memory here.
        if let Some(memory) = &call.memory {
            request.extensions_mut().insert(memory.clone());
        }
        let metadata = request.metadata_mut();
        metadata.insert(ACTING_USER, user);
        for tokens in &call.consistency {
            if let Ok(tokens) = AsciiMetadataValue::try_from(tokens.as_bytes()) {
                metadata.append(grpc_server::CONSISTENCY_TOKEN, tokens);
            }
        }
        for (name, id) in ids {
            if let Ok(id) = AsciiMetadataValue::try_from(id.as_bytes()) {
                metadata.insert(name, id);
            }
        }
        Ok(request)
    }

    /// The same for a response that is a stream: it takes as long as the client reads.
    pub fn stream_request<T>(&self, call: &Call, message: T) -> Result<Request<T>, ApiError> {
        let mut request = self.request(call, message)?;
        request.metadata_mut().remove("grpc-timeout");
        Ok(request)
    }

    /// The same, for a message that may be repeated under `key`.
    pub fn repeatable_request<T>(
        &self,
        call: &Call,
        message: T,
        key: Option<&IdempotencyKey>,
    ) -> Result<Request<T>, ApiError> {
        let mut request = self.request(call, message)?;
        if let Some(key) = key {
            let key = AsciiMetadataValue::try_from(key.as_str()).map_err(|_| ApiError::internal())?;
            request.metadata_mut().insert(IDEMPOTENCY_KEY, key);
        }
        Ok(request)
    }
}

fn channel(
    url: &UpstreamUrl,
    tls: Option<&TlsConnector>,
    plain_text: PlainText,
    deadline: Duration,
) -> anyhow::Result<Channel> {
    if url.is_open() && plain_text == PlainText::OnThisMachine {
        let reason = format!(
            "{url} would send user ids in plain text beyond this machine; use https://, or pass --insecure-plaintext"
        );
        return Err(ConfigurationError::new(reason).into());
    }
    let endpoint = Endpoint::from_shared(url.to_string())
        .context("a service's address")?
        .connect_timeout(CONNECT)
        .timeout(deadline)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT)
        .keep_alive_while_idle(true)
        .http2_max_header_list_size(MAX_HEADERS);
    match (url, tls) {
        (UpstreamUrl::Plain(_) | UpstreamUrl::Unix(_), _) => Ok(endpoint.connect_lazy()),
        (UpstreamUrl::Tls(_), Some(tls)) => Ok(endpoint.connect_with_connector_lazy(tls.clone())),
        (UpstreamUrl::Tls(_), None) => {
            let reason = format!(
                "{url} requires a client certificate; set UPSTREAM_TLS_CERT, UPSTREAM_TLS_KEY and UPSTREAM_TLS_CA"
            );
            Err(ConfigurationError::new(reason).into())
        }
    }
}

async fn is_serving(channel: UpstreamChannel) -> bool {
    trouble(channel).await.is_none()
}

/// Whether a service reports that it cannot store changes.
async fn writes_fail(channel: UpstreamChannel) -> bool {
    let request = HealthCheckRequest { service: WRITES.to_owned() };
    let ask = async { HealthClient::new(channel).check(request).await };
    let answer = tokio::time::timeout(READY_TIMEOUT, ask).await;
    matches!(answer, Ok(Ok(answer)) if answer.get_ref().status() == ServingStatus::NotServing)
}

async fn trouble(channel: UpstreamChannel) -> Option<String> {
    let ask = async { HealthClient::new(channel).check(HealthCheckRequest::default()).await };
    match tokio::time::timeout(READY_TIMEOUT, ask).await {
        Ok(Ok(answer)) => match answer.into_inner().status() {
            ServingStatus::Serving => None,
            ServingStatus::Unknown | ServingStatus::NotServing | ServingStatus::ServiceUnknown => {
                Some("reports that it does not serve".to_owned())
            }
        },
        Ok(Err(status)) => Some(response(&status)),
        Err(_) => Some("does not answer".to_owned()),
    }
}

/// An error with its root cause.
fn response(status: &tonic::Status) -> String {
    let mut reason = status.message().to_owned();
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        let why = error.to_string();
        if !reason.contains(&why) {
            reason = format!("{reason}: {why}");
        }
        cause = error.source();
    }
    reason
}

impl Call {
    /// The id of the user.
    pub fn user(&self) -> &str {
        self.caller.user.as_str()
    }

    /// The same for a response that is sent as it comes: so many bytes are reserved for it, and what was sent does not count.
    pub fn with_memory(self, bytes: usize) -> Result<Self, ApiError> {
        if let Some(memory) = &self.memory {
            memory.reserve(bytes).map_err(|_| ApiError::too_many_at_once())?;
        }
        Ok(Self { memory: None, ..self })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Call {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let context = parts.extensions.get::<RequestContext>().cloned().ok_or_else(ApiError::internal)?;
        let memory = parts.extensions.get::<ResponseMemory>().cloned();
        let consistency = parts.headers.get_all(CONSISTENCY_TOKEN).iter().cloned().collect();
        Ok(Self { caller, context, memory, consistency })
    }
}
