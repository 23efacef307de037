//! What the document says of a register's operations, made of its body and its filters.

use utoipa::{
    IntoParams, PartialSchema as _, ToSchema,
    openapi::{
        ComponentsBuilder, Content, HttpMethod, KnownFormat, ObjectBuilder, OpenApi,
        OpenApiBuilder, PathItem, PathsBuilder, Ref, RefOr, Required, Response, SchemaFormat, Type,
        header::Header,
        path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        schema::{Array, Object, Schema, SchemaType},
    },
};

use super::{
    Item,
    handlers::{LiftBody, RegisterHistory, RegisterStep},
};
use crate::record::RegisterEvent;

/// What stands behind the name of each schema of a body.
const BODY: &str = "Body";

/// What a schema of this register is called: `PremisesView` beside `PremisesBody`.
fn named<T: Item>(what: &str) -> String {
    let body = T::Body::name();
    format!("{}{what}", body.strip_suffix(BODY).unwrap_or(&body))
}

fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

fn text(format: Option<KnownFormat>) -> ObjectBuilder {
    let format = format.map(SchemaFormat::KnownFormat);
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(format)
}

/// What is sent, as an object whose parts can be taken over.
fn body<T: Item>() -> Object {
    match T::Body::schema() {
        RefOr::T(Schema::Object(body)) => body,
        _ => Object::new(),
    }
}

/// What is shown: what was sent, and what the register knows.
fn view<T: Item>() -> Object {
    let mut view = body::<T>();
    view.additional_properties = None;
    let whole = ObjectBuilder::new().schema_type(Type::Integer);
    let at = || text(Some(KnownFormat::DateTime));
    let place = |what: &str| {
        let code = ObjectBuilder::new();
        let code = code.schema_type(SchemaType::from_iter([Type::String, Type::Null]));
        code.description(Some(format!("Code of the {what} it lies in")))
    };
    let mut known = vec![
        ("id", text(Some(KnownFormat::Uuid)).description(Some("Id"))),
        ("version", whole.description(Some("Counts its changes"))),
        ("created_at", at().description(Some("When it was added"))),
        (
            "updated_at",
            at().description(Some("When it was changed last")),
        ),
    ];
    if T::PLACED {
        known.extend([("street", place("street")), ("grid", place("grid"))]);
    }
    if T::HELD {
        let by = text(None).description(Some("User name of who made it"));
        let until = |what: &str| {
            let at = ObjectBuilder::new()
                .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
            at.description(Some(what.to_owned()))
        };
        known.extend([
            ("created_by", by),
            ("expires_at", until("When it ends by itself")),
            ("lifted_at", until("When it was lifted")),
        ]);
    }
    for (name, of) in known {
        view.properties.insert(name.to_owned(), of.build().into());
    }
    view.required = view.properties.keys().cloned().collect();
    view
}

/// What changes an item: any of the fields of its body.
fn patch<T: Item>() -> Object {
    let mut patch = body::<T>();
    patch.required.clear();
    patch.description =
        Some("Fields to change: one that is absent stays, null clears it.".to_owned());
    patch
}

fn page<T: Item>() -> Object {
    let rows = Array::new(reference(&named::<T>("View")));
    ObjectBuilder::new()
        .description(Some("A page of rows."))
        .property("items", rows)
        .property(
            "next_cursor",
            text(None).description(Some("The cursor of the next page; absent on the last.")),
        )
        .required("items")
        .build()
}

/// The list's name, by the last part of its path.
fn several<T: Item>() -> String {
    let last = T::PATH.rsplit('/').next().unwrap_or(T::NAME);
    last.replace('-', "_")
}

fn said(id: String, about: String) -> OperationBuilder {
    let problem = Ref::from_response_name("AnyProblem");
    OperationBuilder::new()
        .tag("registers")
        .operation_id(Some(id))
        .summary(Some(about))
        .response("default", problem)
}

fn done(schema: &str) -> Response {
    let mut response = Response::new("");
    let content = Content::new(Some(reference(schema)));
    response
        .content
        .insert("application/json".to_owned(), content.into());
    response
}

fn id() -> Parameter {
    let schema: Schema = text(None).build().into();
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema))
        .build()
}

fn if_match() -> Parameter {
    let schema: Schema = text(None).build().into();
    ParameterBuilder::new()
        .name("If-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some("ETag read"))
        .schema(Some(schema))
        .build()
}

fn sent(operation: OperationBuilder, schema: &str) -> OperationBuilder {
    let content = Content::new(Some(reference(schema)));
    let body = RequestBodyBuilder::new()
        .content("application/json", content)
        .required(Some(Required::True));
    operation.request_body(Some(body.build()))
}

/// A document of one operation, with all schemas of its register.
fn alone<T: Item>(path: String, method: HttpMethod, operation: Operation) -> OpenApi {
    let mut schemas = Vec::new();
    T::Body::schemas(&mut schemas);
    RegisterHistory::schemas(&mut schemas);
    schemas.extend([
        (T::Body::name().into_owned(), T::Body::schema()),
        (named::<T>("Patch"), patch::<T>().into()),
        (named::<T>("View"), view::<T>().into()),
        (format!("Page_{}", named::<T>("View")), page::<T>().into()),
        (
            RegisterHistory::name().into_owned(),
            RegisterHistory::schema(),
        ),
        (RegisterStep::name().into_owned(), RegisterStep::schema()),
        (RegisterEvent::name().into_owned(), RegisterEvent::schema()),
        (LiftBody::name().into_owned(), LiftBody::schema()),
    ]);
    let components = ComponentsBuilder::new().schemas_from_iter(schemas).build();
    let paths = PathsBuilder::new().path(path, PathItem::new(method, operation));
    OpenApiBuilder::new()
        .paths(paths)
        .components(Some(components))
        .build()
}

fn of_one<T: Item>() -> String {
    format!("{}/{{id}}", T::PATH)
}

pub(super) fn list<T: Item>() -> OpenApi {
    let shown = match (T::PLACED, T::HELD) {
        (true, _) => " A street sees what lies in it.",
        (_, true) => " What was lifted and what ended is among them.",
        _ => "",
    };
    let about = format!("The register of {}, newest first.{shown}", T::ABOUT);
    let operation = said(format!("list_{}", several::<T>()), about)
        .parameters(Some(T::Filters::into_params(|| Some(ParameterIn::Query))))
        .response("200", done(&format!("Page_{}", named::<T>("View"))));
    alone::<T>(T::PATH.to_owned(), HttpMethod::Get, operation.build())
}

pub(super) fn create<T: Item>() -> OpenApi {
    let about = format!("Adds to the register of {}.", T::ABOUT);
    let operation = said(format!("create_{}", T::NAME), about);
    let operation = sent(operation, &named::<T>(BODY)).response("201", done(&named::<T>("View")));
    alone::<T>(T::PATH.to_owned(), HttpMethod::Post, operation.build())
}

pub(super) fn get<T: Item>() -> OpenApi {
    let about = format!("One of the register of {}.", T::ABOUT);
    let mut shown = done(&named::<T>("View"));
    shown
        .headers
        .insert("ETag".to_owned(), Header::default().into());
    let operation = said(format!("get_{}", T::NAME), about)
        .parameter(id())
        .response("200", shown);
    alone::<T>(of_one::<T>(), HttpMethod::Get, operation.build())
}

pub(super) fn change<T: Item>() -> OpenApi {
    let about = format!(
        "Changes one of the register of {}; what was there before stays in its history.",
        T::ABOUT
    );
    let operation = said(format!("change_{}", T::NAME), about)
        .parameter(id())
        .parameter(if_match());
    let operation =
        sent(operation, &named::<T>("Patch")).response("200", done(&named::<T>("View")));
    alone::<T>(of_one::<T>(), HttpMethod::Patch, operation.build())
}

pub(super) fn lift<T: Item>() -> OpenApi {
    let about = format!(
        "Lifts one of the register of {}: it holds no more.",
        T::ABOUT
    );
    let operation = said(format!("lift_{}", T::NAME), about).parameter(id());
    let operation = sent(operation, &LiftBody::name()).response("200", done(&named::<T>("View")));
    let path = format!("{}/lifting", of_one::<T>());
    alone::<T>(path, HttpMethod::Post, operation.build())
}

pub(super) fn history<T: Item>() -> OpenApi {
    let about = format!(
        "What happened to one of the register of {}, oldest first.",
        T::ABOUT
    );
    let operation = said(format!("list_{}_history", T::NAME), about)
        .parameter(id())
        .response("200", done(&RegisterHistory::name()));
    let path = format!("{}/history", of_one::<T>());
    alone::<T>(path, HttpMethod::Get, operation.build())
}
