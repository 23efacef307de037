//! The router on one page, and the start of the server. Service, tests and the demonstration
//! all build the same application here.

mod manners;

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use actix_http::{HttpService, Protocol, Request, error::DispatchError};
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, map_config};
use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{AppConfig, Extensions, ServerHandle, ServiceFactory, ServiceResponse, fn_service},
    http::{KeepAlive, Method},
    middleware::from_fn,
    rt::net::TcpStream,
    web::{self, delete, get, patch, post},
};
use futures_util::FutureExt as _;
use utoipa_swagger_ui::SwaggerUi;

use crate::account::{
    self, Role,
    access::{Access, AccessTable, Route, guard},
    resident_routes as resident, second_factor,
    session::routes as sessions,
};
use crate::app::App;
use crate::complaint::{self, feedback, senders, staff_routes, tracking};
use crate::district::Limits;
use crate::health;
use crate::openapi;
use crate::platform::{
    http::{
        conditional,
        connections::{Connections, Watched},
        forwarded::Forwarding,
        localise,
    },
    problem::{Code, Problem},
};
use crate::{ledger, triage, verification};
use manners::{observe, polite};

const fn route(
    method: Method,
    path: &'static str,
    access: Access,
    handler: fn() -> actix_web::Route,
) -> Route {
    Route {
        method,
        path,
        access,
        handler,
    }
}

const BRIGADE: &[Role] = &[Role::Brigade, Role::Office];
const MATCH_READERS: &[Role] = &[
    Role::Brigade,
    Role::Office,
    Role::Leader,
    Role::SteeringGroup,
];

/// Every route of the API: method, path, who may call it, handler.
pub static ROUTES: &[Route] = &[
    route(Method::POST, "/api/v1/sessions", Access::Public, || {
        post().to(account::routes::sign_in)
    }),
    route(Method::GET, "/api/v1/sessions", Access::SignedIn, || {
        get().to(sessions::list_sessions)
    }),
    route(
        Method::POST,
        "/api/v1/sessions/refresh",
        Access::Public,
        || post().to(sessions::refresh),
    ),
    route(
        Method::DELETE,
        "/api/v1/sessions/current",
        Access::SignedIn,
        || delete().to(sessions::sign_out),
    ),
    route(
        Method::DELETE,
        "/api/v1/sessions/others",
        Access::SignedIn,
        || delete().to(sessions::end_others),
    ),
    route(
        Method::DELETE,
        "/api/v1/sessions/{id}",
        Access::SignedIn,
        || delete().to(sessions::end_session),
    ),
    route(Method::GET, "/api/v1/staff/me", Access::AnyStaff, || {
        get().to(account::routes::me)
    }),
    route(
        Method::POST,
        "/api/v1/staff/me/password",
        Access::AnyStaff,
        || post().to(account::own_password::change),
    ),
    route(
        Method::POST,
        "/api/v1/staff/me/totp",
        Access::AnyStaff,
        || post().to(second_factor::routes::start),
    ),
    route(
        Method::POST,
        "/api/v1/staff/me/totp/confirmation",
        Access::AnyStaff,
        || post().to(second_factor::routes::confirm),
    ),
    route(
        Method::POST,
        "/api/v1/residents/otp",
        Access::Public,
        || post().to(resident::send_code),
    ),
    route(
        Method::POST,
        "/api/v1/residents/sessions",
        Access::Public,
        || post().to(resident::sign_in),
    ),
    route(
        Method::GET,
        "/api/v1/residents/me/complaints",
        Access::Resident,
        || get().to(complaint::own::own_complaints),
    ),
    route(
        Method::GET,
        "/api/v1/residents/me/unmaskings",
        Access::Resident,
        || get().to(complaint::looks::own_unmaskings),
    ),
    route(Method::GET, "/api/v1/district", Access::Public, || {
        get().to(complaint::form::get_district)
    }),
    route(Method::POST, "/api/v1/complaints", Access::Public, || {
        post().to(complaint::routes::submit)
    }),
    route(
        Method::POST,
        "/api/v1/complaints/similar",
        Access::Public,
        || post().to(complaint::routes::find_similar),
    ),
    route(
        Method::GET,
        "/api/v1/tracking/{code}",
        Access::Public,
        || get().to(tracking::track),
    ),
    route(
        Method::GET,
        "/api/v1/tracking/{code}/unmaskings",
        Access::Public,
        || get().to(complaint::looks::tracked_unmaskings),
    ),
    route(
        Method::GET,
        "/api/v1/tracking/{code}/photos/{photo_id}",
        Access::Public,
        || get().to(tracking::get_tracked_photo),
    ),
    route(
        Method::POST,
        "/api/v1/tracking/{code}/photos",
        Access::Public,
        || post().to(tracking::add_photos),
    ),
    route(
        Method::POST,
        "/api/v1/tracking/{code}/supplements",
        Access::Public,
        || post().to(feedback::add_supplement),
    ),
    route(
        Method::POST,
        "/api/v1/tracking/{code}/rating",
        Access::Public,
        || post().to(feedback::rate),
    ),
    route(
        Method::POST,
        "/api/v1/tracking/{code}/withdrawal",
        Access::Public,
        || post().to(triage::withdrawal::withdraw),
    ),
    route(
        Method::POST,
        "/api/v1/intake",
        Access::Staff(&[Role::Office, Role::Brigade, Role::Service]),
        || post().to(complaint::desk::take_in),
    ),
    route(
        Method::GET,
        "/api/v1/complaints",
        Access::Staff(staff_routes::READERS),
        || get().to(staff_routes::list_complaints),
    ),
    route(
        Method::GET,
        "/api/v1/complaints/{number}",
        Access::Staff(staff_routes::READERS),
        || get().to(staff_routes::get_complaint),
    ),
    route(
        Method::PATCH,
        "/api/v1/complaints/{number}",
        Access::Staff(&[Role::Brigade]),
        || patch().to(triage::correction::correct_complaint),
    ),
    route(
        Method::GET,
        "/api/v1/complaints/{number}/corrections",
        Access::Staff(BRIGADE),
        || get().to(triage::corrections::list_corrections),
    ),
    route(
        Method::GET,
        "/api/v1/complaints/{number}/reused-photos",
        Access::Staff(BRIGADE),
        || get().to(complaint::reuse::list_reused_photos),
    ),
    route(
        Method::GET,
        "/api/v1/complaints/{number}/photos/{photo_id}",
        Access::Staff(staff_routes::READERS),
        || get().to(staff_routes::get_photo),
    ),
    route(
        Method::GET,
        "/api/v1/complaints/{number}/photos/{photo_id}/original",
        Access::Staff(BRIGADE),
        || get().to(staff_routes::get_original),
    ),
    route(
        Method::POST,
        "/api/v1/complaints/{number}/reporter/unmask",
        Access::Staff(BRIGADE),
        || post().to(complaint::unmask::unmask_reporter),
    ),
    route(
        Method::GET,
        "/api/v1/unmaskings",
        Access::Staff(&[Role::Office]),
        || get().to(complaint::looks::list_unmaskings),
    ),
    route(
        Method::POST,
        "/api/v1/complaints/{number}/hiding-review",
        Access::Staff(BRIGADE),
        || post().to(complaint::hidden::keep_hidden),
    ),
    route(
        Method::POST,
        "/api/v1/complaints/{number}/unhiding",
        Access::Staff(BRIGADE),
        || post().to(complaint::hidden::unhide_complaint),
    ),
    route(
        Method::GET,
        "/api/v1/sender-blocks",
        Access::Staff(BRIGADE),
        || get().to(senders::list_sender_blocks),
    ),
    route(
        Method::POST,
        "/api/v1/sender-blocks",
        Access::Staff(BRIGADE),
        || post().to(senders::block_sender),
    ),
    route(
        Method::POST,
        "/api/v1/sender-blocks/{id}/lifting",
        Access::Staff(BRIGADE),
        || post().to(senders::lift_sender_block),
    ),
    route(
        Method::GET,
        "/api/v1/complaints/{number}/matches",
        Access::Staff(MATCH_READERS),
        || get().to(triage::matches::list_matches),
    ),
    route(
        Method::POST,
        "/api/v1/complaints/{number}/match-decision",
        Access::Staff(&[Role::Brigade]),
        || post().to(triage::match_decisions::decide_match),
    ),
    route(
        Method::GET,
        "/api/v1/entries",
        Access::Staff(ledger::routes::READERS),
        || get().to(ledger::routes::list_entries),
    ),
    route(
        Method::GET,
        "/api/v1/entries/{number}",
        Access::Staff(ledger::routes::READERS),
        || get().to(ledger::routes::get_entry),
    ),
    route(
        Method::POST,
        "/api/v1/entries/{number}/proposal",
        Access::Staff(BRIGADE),
        || post().to(ledger::admission::propose),
    ),
    route(
        Method::POST,
        "/api/v1/entries/{number}/decision",
        Access::Staff(&[Role::Office, Role::SteeringGroup]),
        || post().to(ledger::admission::decide),
    ),
    route(
        Method::POST,
        "/api/v1/entries/{number}/merge",
        Access::Staff(&[Role::Brigade]),
        || post().to(ledger::merge::merge_entries),
    ),
    route(
        Method::POST,
        "/api/v1/merges/{id}/undo",
        Access::Staff(&[Role::Brigade]),
        || post().to(ledger::merge::undo_merge),
    ),
    route(
        Method::GET,
        "/api/v1/triage/reference",
        Access::Staff(BRIGADE),
        || get().to(triage::reference::get_reference),
    ),
    route(
        Method::POST,
        "/api/v1/complaints/{number}/supplements",
        Access::Staff(BRIGADE),
        || post().to(triage::supplement::supplement_complaint),
    ),
    route(
        Method::GET,
        "/api/v1/triage/queue",
        Access::Staff(BRIGADE),
        || get().to(triage::queue::list_queue),
    ),
    route(
        Method::POST,
        "/api/v1/triage/claims",
        Access::Staff(&[Role::Brigade]),
        || post().to(triage::claims::claim_next),
    ),
    route(
        Method::POST,
        "/api/v1/triage/claims/{number}/heartbeat",
        Access::Staff(&[Role::Brigade]),
        || post().to(triage::claims::extend_claim),
    ),
    route(
        Method::DELETE,
        "/api/v1/triage/claims/{number}",
        Access::Staff(&[Role::Brigade]),
        || delete().to(triage::claims::release_claim),
    ),
    route(
        Method::POST,
        "/api/v1/triage/decisions",
        Access::Staff(&[Role::Brigade]),
        || post().to(triage::decisions::decide_many),
    ),
    route(
        Method::POST,
        "/api/v1/complaints/{number}/decision",
        Access::Staff(&[Role::Brigade]),
        || post().to(triage::decisions::decide_complaint),
    ),
    route(
        Method::POST,
        "/api/v1/complaints/{number}/reply",
        Access::Staff(&[Role::Brigade]),
        || post().to(triage::replies::reply_complaint),
    ),
    route(
        Method::POST,
        "/api/v1/complaints/{number}/close",
        Access::Staff(BRIGADE),
        || post().to(triage::replies::close_complaint),
    ),
    route(
        Method::POST,
        "/api/v1/complaints/{number}/reopening",
        Access::Staff(&[Role::Brigade]),
        || post().to(triage::replies::reopen_complaint),
    ),
    route(
        Method::POST,
        "/api/v1/complaints/{number}/verifications",
        Access::Staff(&[Role::Brigade]),
        || post().to(verification::dispatch::dispatch_verification),
    ),
    route(
        Method::GET,
        "/api/v1/verifications/mine",
        Access::Staff(&[Role::GridOfficer]),
        || get().to(verification::views::list_own_verifications),
    ),
    route(
        Method::GET,
        "/api/v1/verifications/{id}",
        Access::Staff(&[Role::GridOfficer, Role::Brigade, Role::Office]),
        || get().to(verification::views::get_verification),
    ),
    route(
        Method::POST,
        "/api/v1/verifications/{id}/reassignment",
        Access::Staff(&[Role::Brigade]),
        || post().to(verification::dispatch::reassign_verification),
    ),
    route(
        Method::POST,
        "/api/v1/verifications/{id}/check-in",
        Access::Staff(&[Role::GridOfficer]),
        || post().to(verification::uploads::check_in),
    ),
    route(
        Method::POST,
        "/api/v1/verifications/{id}/findings",
        Access::Staff(&[Role::GridOfficer]),
        || post().to(verification::uploads::submit_findings),
    ),
    route(
        Method::POST,
        "/api/v1/verifications/{id}/photos",
        Access::Staff(&[Role::GridOfficer]),
        || post().to(verification::uploads::add_visit_photos),
    ),
    route(
        Method::POST,
        "/api/v1/verifications/{id}/review",
        Access::Staff(&[Role::Brigade]),
        || post().to(verification::review::review_verification),
    ),
    route(Method::GET, "/healthz", Access::Public, || {
        get().to(health::healthz)
    }),
    route(Method::GET, "/readyz", Access::Public, || {
        get().to(health::readyz)
    }),
    route(Method::GET, "/metrics", Access::Public, || {
        get().to(health::metrics)
    }),
];

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

/// What answers requests: the table of routes, and before it who may call, in which language a
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
        .app_data(web::Data::new(AccessTable(ROUTES)))
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

/// Registers the table, one resource for each path.
fn configure(config: &mut web::ServiceConfig, limits: &Limits) {
    let mut paths: Vec<&str> = ROUTES.iter().map(|r| r.path).collect();
    paths.dedup();
    let mut done = std::collections::HashSet::new();
    for path in paths {
        if !done.insert(path) {
            continue;
        }
        let mut resource = web::resource(path);
        for route in ROUTES.iter().filter(|r| r.path == path) {
            resource = resource.route((route.handler)());
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
