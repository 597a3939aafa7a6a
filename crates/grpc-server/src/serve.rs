//! A gRPC server: its methods behind the guard, with health and reflection.

use std::time::Duration;

use futures_core::future::BoxFuture;
use http_server::{Kind, ListenAddress, Listener, Server};
use runtime::shutdown::Shutdown;
use tonic::service::Routes;
use tonic_reflection::server::Builder;

use super::{
    GrpcSettings, LocalChannel,
    guard::{Guard, Guarded},
    roles::{Method, Role},
};

/// The prefix of the methods of the health service.
pub(super) const HEALTH_SERVICE: &str = "/grpc.health.v1.Health/";
/// The largest question about health or the contract.
pub(super) const SMALL: usize = 64 * 1024;

/// Methods of every service: health, and reflection for callers with a role.
const EVERY_SERVICE: [Method; 4] = [
    Method::new("/grpc.health.v1.Health/Check", &[], SMALL).for_anyone(),
    Method::new("/grpc.health.v1.Health/Watch", &[], SMALL).for_anyone().streaming(),
    Method::new("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Role::ALL, SMALL).streaming(),
    Method::new("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Role::ALL, SMALL).streaming(),
];

/// The description of a server.
pub struct Contract {
    /// The file descriptor set of the whole contract, for reflection.
    pub descriptors: &'static [u8],
    /// The full names of the services that reflection lists.
    pub listed: Vec<&'static str>,
    /// Every method that is served; no other is.
    pub methods: &'static [Method],
    /// The domain of its errors, `sharing.ofself.ai`.
    pub domain: &'static str,
}

/// A gRPC server that listens and is about to serve.
pub struct GrpcServer {
    server: Server,
    contract: Contract,
    settings: GrpcSettings,
    local: LocalChannel,
}

impl GrpcServer {
    /// Binds the address.
    pub async fn listen(address: &ListenAddress, contract: Contract, settings: GrpcSettings) -> anyhow::Result<Self> {
        let listener = Listener::bind(address, settings.tls.acceptor()?, settings.plain_text()).await?;
        let server = Server::new(listener, Kind::Grpc, settings.connections.clone());
        Ok(Self { server, contract, settings, local: LocalChannel::default() })
    }

    /// Where it listens; of interest when the port was left to the system.
    pub fn address(&self) -> std::io::Result<ListenAddress> {
        self.server.address()
    }

    /// A channel to this server within its process.
    pub fn local(&self) -> LocalChannel {
        self.local.clone()
    }

    /// Serves `routes`, with reflection (v1, and v1alpha for clients that have nothing newer), until the shutdown closes it and
    /// the requests in flight have finished, or `drain` has passed. Boxed, so the HTTP stack is compiled once, in this crate.
    pub fn serve(self, routes: Routes, shutdown: Shutdown, drain: Duration) -> BoxFuture<'static, anyhow::Result<()>> {
        Box::pin(self.serve_guarded(routes, shutdown, drain))
    }

    async fn serve_guarded(self, routes: Routes, shutdown: Shutdown, drain: Duration) -> anyhow::Result<()> {
        let Self { server, contract, settings, local } = self;
        let routes = if settings.reflection { with_reflection(routes, &contract)? } else { routes };
        let app = guarded(routes, &contract, &settings, &shutdown);
        local.connect(app.clone());
        server.serve(app, shutdown, drain).await;
        Ok(())
    }
}

fn guarded(routes: Routes, contract: &Contract, settings: &GrpcSettings, shutdown: &Shutdown) -> Guarded {
    let guarding = Guard::new(
        contract.methods.iter().chain(&EVERY_SERVICE).copied(),
        &settings.tls.roles,
        &settings.load,
        settings.max_open_streams,
        settings.deadline,
        contract.domain,
        shutdown.clone(),
    );
    Guarded::new(guarding, routes.prepare().into_axum_router())
}

fn with_reflection(routes: Routes, contract: &Contract) -> anyhow::Result<Routes> {
    let configure = || {
        let builder = Builder::configure()
            .register_encoded_file_descriptor_set(contract.descriptors)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        contract.listed.iter().fold(builder, |builder, service| builder.with_service_name(*service))
    };
    Ok(routes.add_service(configure().build_v1()?).add_service(configure().build_v1alpha()?))
}
