//! The router, made of the table of operations, and the start of the server. Service, tests and
//! the demonstration all build the same application here.

mod manners;

use std::{
    collections::BTreeSet,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use actix_http::{HttpService, Protocol, Request, error::DispatchError};
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, map_config};
use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{AppConfig, Extensions, ServerHandle, ServiceFactory, ServiceResponse, fn_service},
    http::KeepAlive,
    middleware::from_fn,
    rt::net::TcpStream,
    web,
};
use futures_util::FutureExt as _;
use utoipa_swagger_ui::SwaggerUi;

use crate::account::{access::guard, operation::Table, second_factor};
use crate::app::App;
use crate::district::Limits;
use crate::openapi;
use crate::operations::TABLE;
use crate::platform::{
    http::{
        conditional,
        connections::{Connections, Watched},
        forwarded::Forwarding,
        localise,
    },
    problem::{Code, Problem},
};
use manners::{observe, polite};

/// A running server.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// The application behind it.
    pub app: web::Data<App>,
    handle: ServerHandle,
}

impl Server {
    /// Stops the server; requests being answered are answered first.
    pub async fn stop(&self) {
        self.handle.stop(true).await;
        let app = self.app.clone();
        if let Err(e) = web::block(move || app.settle()).await {
            tracing::warn!("cannot settle the database: {e}");
        }
    }
}

/// Open connections a worker holds at most; each may cost a head of 128 KB.
const CONNECTIONS_PER_WORKER: usize = 4096;

/// Starts serving; the returned future ends when the server does.
///
/// # Errors
/// When the address cannot be listened on.
pub fn start(app: App, workers: usize) -> std::io::Result<(Server, actix_web::dev::Server)> {
    second_factor::check_roles(&app.settings.totp_roles)
        .map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidInput, e))?;
    let (address, listener) = listen(app.settings.listen)?;
    let behind_proxy = app.settings.proxies.header != Forwarding::Off;
    let most = app.settings.connections_per_address;
    let head_time = app.settings.head_time;
    let connections = Connections::bounded(most.filter(|_| !behind_proxy), head_time);
    let app = web::Data::from(Arc::new(app));
    let shared = app.clone();
    let builder = actix_web::dev::Server::build()
        .workers(workers)
        .max_concurrent_connections(CONNECTIONS_PER_WORKER)
        .shutdown_timeout(30)
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let running = builder
        .listen("http", listener, move || {
            let (connections, stopping) = (connections.clone(), stopping.clone());
            let watched = move |io: TcpStream| {
                let peer = io.peer_addr().ok();
                let entering = connections.clone().enter(io, peer);
                entering.map(move |io| match io {
                    Ok(io) => Ok((io, Protocol::Http1, peer)),
                    Err(refused) => Err(DispatchError::Io(refused)),
                })
            };
            // How long a connection may be idle is for `Watched` to say: the framework's own time
            // runs while the last of an answer is still on its way.
            let http = HttpService::build()
                .keep_alive(KeepAlive::Os)
                .client_request_timeout(head_time)
                .local_addr(address)
                .on_connect_ext(|io: &Watched, data: &mut Extensions| {
                    data.insert(io.watch());
                })
                .graceful_shutdown_signal(move || {
                    let signal = stopping.clone();
                    async move { signal.notified().await }
                })
                .finish(application(shared.clone()));
            fn_service(watched).and_then(http)
        })?
        .run();
    let handle = running.handle();
    let server = Server {
        address,
        app,
        handle,
    };
    Ok((server, running))
}

fn listen(at: SocketAddr) -> std::io::Result<(SocketAddr, TcpListener)> {
    let listener = TcpListener::bind(at).map_err(|e| {
        let message = format!("DENGWEN_LISTEN: cannot listen on {at}: {e}");
        std::io::Error::new(e.kind(), message)
    })?;
    Ok((listener.local_addr()?, listener))
}

/// What answers requests: the table of operations, and before it who may call, in which language a
/// refusal is, what every answer carries, and what is counted.
fn application(
    app: web::Data<App>,
) -> impl ServiceFactory<
    Request,
    Config = (),
    Response = ServiceResponse<impl MessageBody>,
    Error = Error,
    InitError = (),
> {
    let factory = actix_web::App::new()
        .app_data(app.clone())
        .app_data::<&'static Table>(&TABLE)
        .app_data(web::Data::new(app.keys.clone()))
        .configure(|config| configure(config, &app.profile.rules.limits))
        .default_service(web::to(unknown_path))
        .wrap(from_fn(guard))
        .wrap(from_fn(conditional))
        .wrap(from_fn(localise))
        .wrap(from_fn(polite))
        .wrap(from_fn(observe))
        .into_factory();
    map_config(factory, |()| AppConfig::default())
}

/// Registers the table, one resource for each path. A letter comes before `{`, so what is named
/// (`/sessions/current`) is found before what is any (`/sessions/{id}`).
fn configure(config: &mut web::ServiceConfig, limits: &Limits) {
    let paths: BTreeSet<&str> = TABLE.iter().map(|route| route.path.as_str()).collect();
    for path in paths {
        let mut resource = web::resource(path);
        for route in TABLE.at(path) {
            let handler = (route.operation.handler)();
            resource = resource.route(handler.method(route.method.clone()));
        }
        config.service(resource.default_service(web::to(wrong_method)));
    }
    config.service(web::redirect("/docs", "/docs/"));
    let document = openapi::served(limits);
    config
        .service(SwaggerUi::new("/docs/{_:.*}").external_url_unchecked("/openapi.json", document));
}

async fn unknown_path() -> Result<HttpResponse, Problem> {
    Err(Problem::not_found())
}

async fn wrong_method() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::MethodNotAllowed))
}
