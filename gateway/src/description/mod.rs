//! The OpenAPI 3.1 description: handlers describe themselves, and this module adds what all of them have in common.

mod page;
mod parameters;
mod refusals;
mod words;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, ContentBuilder, Header, Ref, RefOr, Response, ResponseBuilder, Schema,
        example::ExampleBuilder,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, SchemaType, Type},
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

pub(crate) use self::{
    page::routes,
    parameters::{IdempotencyKeyParam, IfMatchParam, IfNoneMatchParam, PageParams, TokenPageParams, ValidateOnlyParam},
    words::{IdText, NodeTypeText, TagText},
};
use crate::error::{Envelope, ErrorCode};

/// How the scheme of tokens is called in the description.
const TOKEN: &str = "token";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "OfSelf: sharing and exposure profiles",
        description = "What a person lets others see of their knowledge graph: other people (sharing), and the apps they connected \
                       (exposure profiles). For first-party apps alone. The rules stand in the project's documents.",
        license(name = "Proprietary", url = "https://ofself.ai"),
        contact(name = "OfSelf", url = "https://ofself.ai"),
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "Sharing", description = "Which other people may read, change, delete or re-share which nodes of a person, until when"),
        (name = "Exposure profiles", description = "What connected apps may see and do: which nodes, in how much detail, with which redactions"),
        (name = "Access", description = "Who can act on the caller's data, which apps see it, and on whose data the caller can act"),
        (name = "Operations", description = "For operators"),
    ),
    components(schemas(Envelope, ErrorCode)),
    modifiers(&Token),
)]
struct Document;

/// The security scheme.
struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.bearer_format = Some("JWT".to_owned());
        scheme.description = Some("A user's token, issued to a first-party app".to_owned());
        document.components.get_or_insert_default().add_security_scheme(TOKEN, SecurityScheme::Http(scheme));
    }
}

/// The description that routes are added to.
pub(crate) fn document() -> openapi::OpenApi {
    Document::openapi()
}

/// The description of the routes that need a token, with the common parts.
pub(crate) fn of_api(mut described: openapi::OpenApi) -> openapi::OpenApi {
    let components = described.components.get_or_insert_default();
    for (name, codes) in refusals::OF_ANY {
        components.responses.insert((*name).to_owned(), refused(codes).into());
    }
    for item in described.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            complete(operation);
        }
    }
    described
}

fn complete(operation: &mut Operation) {
    let name = operation.operation_id.clone().unwrap_or_default();
    for (header, message) in [
        ("X-Request-Id", "1 to 128 visible ASCII characters; otherwise one is generated"),
        ("traceparent", "W3C Trace Context; generated if absent or invalid"),
        ("X-Consistency-Token", "Tokens of earlier responses, separated by commas: the response is at least as fresh"),
    ] {
        let parameter = ParameterBuilder::new()
            .name(header)
            .parameter_in(ParameterIn::Header)
            .description(Some(message))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        operation.parameters.get_or_insert_default().push(parameter.build().into());
    }
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            explain(parameter);
        }
    }
    operation.security = Some(vec![SecurityRequirement::new(TOKEN, Vec::<String>::new())]);
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            add_headers_of_good_answers(response, &name, status);
        }
    }
    if name.starts_with("Get") {
        let mut unchanged = Response::new("The client has the current representation");
        add_headers_of_good_answers(&mut unchanged, &name, "304");
        operation.responses.responses.insert("304".to_owned(), unchanged.into());
    }
    let mut own: Vec<(String, Vec<ErrorCode>)> = Vec::new();
    for code in refusals::of(&name) {
        let status = code.written().1.as_str().to_owned();
        match own.iter_mut().find(|(known, _)| *known == status) {
            Some((_, codes)) => codes.push(code),
            None => own.push((status, vec![code])),
        }
    }
    for (status, codes) in own {
        operation.responses.responses.insert(status, refused(&codes).into());
    }
    for (name, codes) in refusals::OF_ANY {
        let Some(first) = codes.first() else { continue };
        let status = first.written().1.as_str().to_owned();
        operation.responses.responses.entry(status).or_insert_with(|| Ref::from_response_name(*name).into());
    }
}

/// Moves the description of a schema to its parameter.
fn explain(parameter: &mut Parameter) {
    if let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema
        && parameter.description.is_none()
    {
        parameter.description = schema.description.take();
    }
}

/// An error response.
fn refused(codes: &[ErrorCode]) -> Response {
    let written: Vec<_> =
        codes.iter().map(|code| format!("`{}`: {}", code.written().0, refusals::meaning(*code))).collect();
    let examples = codes.iter().map(|code| (code.written().0, refusals::example(*code)));
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Error")))
        .examples_from_iter(examples.map(|(name, value)| (name, ExampleBuilder::new().value(Some(value)).build())))
        .build();
    let mut response =
        ResponseBuilder::new().description(written.join(". ")).content("application/json", content).build();
    add_ids(&mut response);
    if codes.iter().all(|code| *code != ErrorCode::Unauthorized) {
        add_rate_limit(&mut response);
    }
    for code in codes {
        #[expect(clippy::wildcard_enum_match_arm, reason = "every other code has no header of its own")]
        match code {
            ErrorCode::Unauthorized => {
                header(&mut response, "WWW-Authenticate", Type::String, "The required authentication (RFC 6750)");
            }
            ErrorCode::RateLimitExceeded | ErrorCode::ServiceUnavailable => {
                header(&mut response, "Retry-After", Type::Integer, "Seconds to wait");
            }
            _ => {}
        }
    }
    response
}

fn add_headers_of_good_answers(response: &mut Response, operation: &str, status: &str) {
    add_ids(response);
    add_rate_limit(response);
    if operation == "GetProfileYaml" {
        header(response, "Vary", Type::String, "`accept`: the path has two representations");
    }
    if status == "201" {
        header(response, "Location", Type::String, "Where it is");
    }
    if operation.starts_with("Create") {
        header(
            response,
            "Idempotency-Replayed",
            Type::String,
            "`true`: the response to an earlier request, nothing was changed",
        );
    }
    if WRITES.iter().any(|write| operation.starts_with(write)) {
        header(
            response,
            "X-Consistency-Token",
            Type::String,
            "The version that has the result: a request that sends it sees the change",
        );
    }
    if status != "204" && ENTITIES.iter().any(|entity| operation.ends_with(entity)) && !operation.starts_with("List") {
        header(response, "ETag", Type::String, "The version, and a digest of the body");
    }
}

/// How the names of operations that make changes begin.
const WRITES: [&str; 9] =
    ["Create", "Update", "Revoke", "Delete", "GetDefault", "Rebind", "Disconnect", "Leave", "Stop"];
/// How the names of operations that answer with one row end.
const ENTITIES: [&str; 4] = ["Share", "Profile", "ProfileYaml", "FromTemplate"];

/// On every response to an authenticated user.
fn add_rate_limit(response: &mut Response) {
    header(response, "X-RateLimit-Limit", Type::Integer, "Requests a minute; absent without a limit");
    header(response, "X-RateLimit-Remaining", Type::Integer, "How many of them are left");
    header(response, "X-RateLimit-Reset", Type::Integer, "When all of them are available again, in Unix seconds");
}

fn add_ids(response: &mut Response) {
    header(response, "X-Request-Id", Type::String, "The id of the request in the log; the client's own if it sent one");
    header(response, "traceparent", Type::String, "The trace of the request (W3C Trace Context)");
    header(response, "Cache-Control", Type::String, "`no-store`");
}

fn header(response: &mut Response, name: &str, kind: Type, message: &str) {
    let mut header = Header::new(ObjectBuilder::new().schema_type(SchemaType::Type(kind)));
    header.description = Some(message.to_owned());
    response.headers.insert(name.to_owned(), header.into());
}
