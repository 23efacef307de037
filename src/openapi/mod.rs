//! The OpenAPI 3.1 document, made of the handlers' own annotations and the table of operations.

mod addressed;
mod sets;
mod stated;

use std::{collections::HashSet, sync::LazyLock};

use actix_web::http::Method;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ObjectBuilder, Ref, RefOr, Required, Type,
        header::Header,
        path::{Operation, ParameterBuilder, ParameterIn},
        response::Response,
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

use crate::account::{Access, operation::said_of};
use crate::district::Limits;
use crate::operations::CAPABILITIES;
use crate::platform::{
    http::AnyProblem,
    problem::{Item, ProblemDocument},
};

/// Title, licence, sign-in and what every refusal is; the operations come from the capabilities.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "登闻 dengwen",
        description = "Takes a district's environmental complaints in, keeps them in one ledger (一本账) and follows each until it is gone.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/", description = "this server")),
    security(("bearer" = [])),
    components(responses(AnyProblem), schemas(ProblemDocument, Item)),
    modifiers(&Security),
)]
struct ApiDoc;

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

/// The document of all operations.
#[must_use]
fn whole() -> utoipa::openapi::OpenApi {
    let mut document = ApiDoc::openapi();
    for operation in CAPABILITIES.iter().copied().flatten() {
        let mut alone = (operation.document)();
        for item in alone.paths.paths.values_mut() {
            for (method, said) in said_of(item) {
                describe(said);
                describe_preconditions(said);
                if method == Method::GET {
                    describe_rereading(said);
                }
                if operation.access == Access::Public {
                    said.security = Some(vec![SecurityRequirement::default()]);
                }
                if operation.keyed {
                    describe_key(said);
                }
            }
        }
        document.merge(alone);
    }
    drop_unused_schemas(&mut document);
    document
}

/// The document with all that is stated beside the annotations. It is made once in a process: every worker of a
/// server serves it.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn stated() -> Result<&'static serde_json::Value, &'static serde_json::Error> {
    static STATED: LazyLock<Result<serde_json::Value, serde_json::Error>> = LazyLock::new(|| {
        let mut document = serde_json::to_value(whole())?;
        stated::say(&mut document);
        addressed::say(&mut document);
        Ok(document)
    });
    STATED.as_ref()
}

/// The document as served: with the limits of the district that is served.
#[must_use]
pub fn served(limits: &Limits) -> serde_json::Value {
    let mut document = stated().cloned().unwrap_or_default();
    stated::limit(&mut document, limits);
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

fn describe_key(operation: &mut Operation) {
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The same key and body get the first answer again; another body is a 409",
        ))
        .schema(Some(text))
        .build();
    operation
        .parameters
        .get_or_insert_default()
        .push(key.into());
}

/// What an operation with `If-Match` may answer because of it.
fn describe_preconditions(operation: &mut Operation) {
    let required = operation.parameters.iter().flatten().find_map(|p| match p {
        RefOr::T(p) if p.name == "If-Match" => Some(p.required == Required::True),
        _ => None,
    });
    let statuses: &[&str] = match required {
        None => &[],
        Some(false) => &["412"],
        Some(true) => &["412", "428"],
    };
    for status in statuses {
        let problem = Ref::from_response_name("AnyProblem");
        let responses = &mut operation.responses.responses;
        responses.insert((*status).to_owned(), problem.into());
    }
}

/// What a read that answers with an `ETag` says of it, and of asking again whether it changed.
fn describe_rereading(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    let Some(RefOr::T(done)) = responses.get_mut("200") else {
        return;
    };
    let Some(RefOr::T(tag)) = done.headers.get_mut("ETag") else {
        return;
    };
    tag.description = Some("The version, and a digest of all that is shown".to_owned());
    let mut unchanged = Response::new("What was read before is what is there now");
    let tag = RefOr::T(tag.clone());
    unchanged.headers.insert("ETag".to_owned(), tag);
    responses.insert("304".to_owned(), unchanged.into());
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    let condition = ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "ETags of what was read before; 304 when one is still true",
        ))
        .schema(Some(text))
        .build();
    operation
        .parameters
        .get_or_insert_default()
        .push(condition.into());
}

/// Rows of a page are written into the page's schema; their own would stand there unused.
fn drop_unused_schemas(document: &mut utoipa::openapi::OpenApi) {
    let text = serde_json::to_string(document).unwrap_or_default();
    let used: HashSet<&str> = text
        .split("\"#/components/schemas/")
        .skip(1)
        .filter_map(|after| after.split('"').next())
        .collect();
    if let Some(components) = &mut document.components {
        components
            .schemas
            .retain(|name, _| used.contains(name.as_str()));
    }
}

/// The document as committed at `openapi/dengwen.json`.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn document() -> Result<String, &'static serde_json::Error> {
    Ok(format!("{:#}\n", stated()?))
}
