//! The OpenAPI 3.1 document, made of the handlers' own annotations, one line a capability.

use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

use crate::{account, complaint, ledger, matching, server, triage, verification};

/// Title, licence and sign-in; the operations come from each capability's `Doc`.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "登闻 dengwen",
        description = "Takes a district's environmental complaints in, keeps them in one ledger (一本账) and follows each until it is gone.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/", description = "this server")),
    security(("bearer" = [])),
    modifiers(&Security),
)]
pub struct ApiDoc;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = SecurityScheme::Http(
            Http::builder()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .build(),
        );
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", bearer);
    }
}

/// The document of all capabilities, in the order of the story.
#[must_use]
pub fn whole() -> utoipa::openapi::OpenApi {
    let mut document = ApiDoc::openapi();
    for part in [
        complaint::Doc::openapi(),
        matching::Doc::openapi(),
        ledger::Doc::openapi(),
        triage::Doc::openapi(),
        verification::Doc::openapi(),
        account::Doc::openapi(),
        server::OperationDoc::openapi(),
    ] {
        document.merge(part);
    }
    document
}

/// The document as committed at `openapi/dengwen.json`.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn document() -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&whole())?;
    text.push('\n');
    Ok(text)
}
