//! The OpenAPI 3.1 document, made of the handlers' own annotations, one line a capability.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        RefOr,
        header::Header,
        path::Operation,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::{account, complaint, health, ledger, triage, verification};

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
        ledger::Doc::openapi(),
        triage::Doc::openapi(),
        verification::Doc::openapi(),
        account::Doc::openapi(),
        health::OperationDoc::openapi(),
    ] {
        document.merge(part);
    }
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            describe(operation);
        }
    }
    drop_unused_schemas(&mut document);
    document
}

/// A successful answer whose status says all gets that status's name as its description. Every
/// 201 carries `Location`: there is no other way to make one than `Answer::created`.
fn describe(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            response.description = match status.as_str() {
                "201" => "Created",
                "204" => "Done; nothing to say",
                _ => "Done",
            }
            .to_owned();
        }
        if let RefOr::T(response) = response
            && status == "201"
        {
            let mut location = Header::default();
            location.description = Some("The address of what was made".to_owned());
            response
                .headers
                .insert("Location".to_owned(), location.into());
        }
    }
}

/// Rows of a page are written into the page's schema; their own would stand there unused.
fn drop_unused_schemas(document: &mut utoipa::openapi::OpenApi) {
    let text = serde_json::to_string(document).unwrap_or_default();
    if let Some(components) = &mut document.components {
        components
            .schemas
            .retain(|name, _| text.contains(&format!("#/components/schemas/{name}\"")));
    }
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
