//! How another server is called: HTTP/1.1, with TLS for `https://`.
//!
//! The authorities whose certificates are trusted are the system's, or those that `SSL_CERT_FILE` and
//! `SSL_CERT_DIR` name.

use std::{error::Error, time::Duration};

use hyper::{body::Body, header::HeaderValue};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector as Tcp},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore};

/// What this program calls itself.
pub(super) const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("dengwen/", env!("CARGO_PKG_VERSION")));

/// There is nothing to know a server's certificate by.
#[derive(Debug, thiserror::Error)]
#[error(
    "no certificate authority is found on this host: install its package (ca-certificates), or name a file in SSL_CERT_FILE"
)]
pub struct NoAuthorities;

/// A client of other servers.
pub(super) type Outgoing<B> = Client<HttpsConnector<Tcp>, B>;

/// How a client calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calling {
    /// Whether `http://` is called, too.
    pub(super) plain_too: bool,
    /// How long connecting may take.
    pub(super) connect: Option<Duration>,
    /// Whether connections are kept for the next call.
    pub(super) keeps: bool,
}

/// A client.
///
/// # Errors
/// When TLS is asked for and no authority is known.
pub(super) fn client<B>(calling: Calling) -> Result<Outgoing<B>, NoAuthorities>
where
    B: Body + Send,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut tcp = Tcp::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(calling.connect);
    let tls = HttpsConnectorBuilder::new().with_tls_config(trusting(calling.plain_too)?);
    let schemes = if calling.plain_too {
        tls.https_or_http()
    } else {
        tls.https_only()
    };
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_timer(TokioTimer::new());
    if !calling.keeps {
        builder.pool_max_idle_per_host(0);
    }
    Ok(builder.build(schemes.enable_http1().wrap_connector(tcp)))
}

/// Trusts the system's authorities. There may be none where TLS is not asked for.
fn trusting(none_will_do: bool) -> Result<ClientConfig, NoAuthorities> {
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if authorities.is_empty() && !none_will_do {
        return Err(NoAuthorities);
    }
    Ok(ClientConfig::builder()
        .with_root_certificates(authorities)
        .with_no_client_auth())
}
