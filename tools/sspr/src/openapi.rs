//! The contract as one OpenAPI 3.1 document: each function's part, and what holds for all of them — the problem document,
//! the support code on every answer, who has to show which token.
//!
//! `sspr openapi` prints it. It is committed as `infra/openapi.json`, and a test proves that it is fresh.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

/// An object of the document.
type Object = Map<String, Value>;

/// Why the parts make no document.
#[derive(Debug, thiserror::Error)]
pub enum Clash {
    /// Two functions answer one route.
    #[error("{0} is described twice")]
    Route(String),
    /// A part is not what an OpenAPI document is made of.
    #[error("the part of {0} cannot be read")]
    Part(&'static str),
}

/// What every function shares, described where it is made.
#[derive(OpenApi)]
#[openapi(components(schemas(
    edge::problem::Document,
    edge::problem::ErrorItem,
    edge::problem::ReasonItem,
    edge::problem::WorkItem
)))]
struct Shared;

/// Where schemas are, as references name it.
const SCHEMAS: &str = "#/components/schemas/";

/// The name of the problem document among the schemas.
const PROBLEM: &str = "Problem";

/// The parts, in the order of architecture.md §2.
fn parts() -> [(&'static str, utoipa::openapi::OpenApi); 11] {
    [
        ("sign-in", sign_in::Contract::openapi()),
        ("register", register::Contract::openapi()),
        ("begin-reset", begin_reset::Contract::openapi()),
        ("verify-gate", verify_gate::Contract::openapi()),
        ("complete-reset", complete_reset::Contract::openapi()),
        ("unlock", unlock::Contract::openapi()),
        ("change", change::Contract::openapi()),
        ("configure", configure::Contract::openapi()),
        ("manage-users", manage_users::Contract::openapi()),
        ("report", report::Contract::openapi()),
        ("portal", portal::Contract::openapi()),
    ]
}

/// The document as committed: the same text for the same code.
///
/// # Errors
/// When the parts do not fit together.
pub fn text() -> Result<String, Clash> {
    let document = sorted(document()?);
    serde_json::to_string_pretty(&document).map(|t| t + "\n").map_err(|_| Clash::Part("sspr"))
}

fn document() -> Result<Value, Clash> {
    let mut schemas = schemas_of(part("edge", &Shared::openapi())?);
    if let Some(problem) = schemas.remove("Document") {
        schemas.insert(PROBLEM.to_owned(), problem);
    }
    let mut paths = BTreeMap::<String, Object>::new();
    for (function, contract) in parts() {
        let mut part = part(function, &contract)?;
        rename_clashes(&mut part, &schemas, function);
        let routes = objects(part.remove("paths"));
        let doubled = doubled_names(&routes);
        for (path, methods) in routes {
            for (method, mut operation) in objects(Some(methods)) {
                name(&mut operation, function, &path, &doubled);
                complete(&mut operation, &path);
                if matches!(method.as_str(), "post" | "put") {
                    may_repeat(&mut operation);
                }
                let taken = paths.entry(path.clone()).or_default().insert(method, operation);
                if taken.is_some() {
                    return Err(Clash::Route(path));
                }
            }
        }
        schemas.extend(schemas_of(part));
    }
    Ok(json!({
        "openapi": "3.1.0",
        "info": info(),
        "servers": [{"url": "/"}],
        "tags": parts().map(|(function, _)| json!({"name": function})),
        "paths": paths,
        "components": components(schemas),
    }))
}

fn part(function: &'static str, contract: &utoipa::openapi::OpenApi) -> Result<Object, Clash> {
    match serde_json::to_value(contract) {
        Ok(Value::Object(part)) => Ok(part),
        Ok(_) | Err(_) => Err(Clash::Part(function)),
    }
}

fn info() -> Value {
    json!({
        "title": "Self-service password reset",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "People reset a forgotten password, unlock their account and register what they prove themselves \
            with; administrators set the policy and see what happened. Times are RFC 3339 in UTC, durations seconds, \
            phone numbers E.164. Unknown or doubled members and parameters are refused. Errors are problem documents \
            (RFC 9457); programs read `code`.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    })
}

fn components(schemas: Object) -> Value {
    let bearer = |prefix: &str, of: &str| {
        let description = format!("`{prefix}…`, from {of}");
        json!({"type": "http", "scheme": "bearer", "bearerFormat": prefix, "description": description})
    };
    json!({
        "schemas": schemas,
        "securitySchemes": {
            "signed_in": bearer("at_", "POST /v1/sign-in"),
            "attempt": bearer("rt_", "POST /v1/resets; replaced at each passed gate"),
        },
        "parameters": {
            "IdempotencyKey": {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "A repeat with the same key and body within 24 hours gets the first answer and does \
                    nothing again; with another body 409 `idempotency_conflict`, while the first is under way 409 \
                    `idempotency_in_progress`.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[ -~]*$"},
            },
        },
        "headers": {
            "CorrelationId": {
                "description": "The support code: what the person reads to the help desk.",
                "schema": {"type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$"},
                "example": "9K3F-72QP",
            },
            "RetryAfter": {
                "description": "Seconds after which another try makes sense; only where waiting helps.",
                "schema": {"type": "integer", "minimum": 0},
            },
        },
        "responses": {
            "Problem": {
                "description": "Any other refusal or failure",
                "headers": {
                    "x-correlation-id": {"$ref": "#/components/headers/CorrelationId"},
                    "retry-after": {"$ref": "#/components/headers/RetryAfter"},
                },
                "content": problem(),
            },
        },
    })
}

/// The content of every refusal and failure.
fn problem() -> Value {
    json!({"application/problem+json": {
        "schema": {"$ref": format!("{SCHEMAS}{PROBLEM}")},
        "example": {
            "type": "/problems/throttled",
            "title": "Too many attempts",
            "status": 429,
            "code": "throttled",
            "detail": "This way is closed for a while. Try another way, or wait.",
            "correlation_id": "9K3F-72QP",
            "retry_after": 3571,
        },
    }})
}

/// Names of operations that a function uses more than once.
fn doubled_names(routes: &Object) -> BTreeSet<String> {
    let operations = routes.values().filter_map(Value::as_object).flat_map(Object::values);
    let names = operations.filter_map(|o| o.get("operationId")?.as_str()).map(str::to_owned);
    let mut seen = BTreeSet::new();
    names.filter(|name| !seen.insert(name.clone())).collect()
}

/// Names an operation, uniquely: the function, the handler and, where that is not enough, what it is about.
fn name(operation: &mut Value, function: &str, path: &str, doubled: &BTreeSet<String>) {
    let handler = operation.get("operationId").and_then(Value::as_str).unwrap_or_default();
    let mut id = format!("{}_{handler}", function.replace('-', "_"));
    if doubled.contains(handler) {
        let about = path.split('/').rfind(|part| !part.starts_with('{')).unwrap_or_default();
        id = format!("{id}_{}", about.replace('-', "_"));
    }
    if let Value::Object(operation) = operation {
        operation.insert("operationId".into(), id.into());
        operation.insert("tags".into(), json!([function]));
    }
}

/// Adds to an operation what holds for all: who may call it, what its answers carry.
fn complete(operation: &mut Value, path: &str) {
    let Value::Object(operation) = operation else { return };
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    let Value::Object(responses) = responses else { return };
    let refused = responses.get("401").and_then(|r| r.get("description")).and_then(Value::as_str);
    let needs_token = refused.is_some_and(|codes| codes.contains("invalid_token"));
    for (status, response) in responses.iter_mut() {
        carry(status, response);
    }
    responses.insert("default".into(), json!({"$ref": "#/components/responses/Problem"}));
    operation.insert("security".into(), if needs_token { security(path) } else { json!([]) });
}

/// Adds what every POST and PUT takes: a key for its repeats.
fn may_repeat(operation: &mut Value) {
    let Value::Object(operation) = operation else { return };
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    let Value::Array(parameters) = parameters else { return };
    parameters.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
}

/// What an answer of a status carries: a problem document, with the codes it may have, or the support code besides its own.
fn carry(status: &str, response: &mut Value) {
    let Value::Object(response) = response else { return };
    if status.starts_with(['4', '5']) && !response.contains_key("content") {
        response.insert("$ref".into(), "#/components/responses/Problem".into());
        return;
    }
    let words = status.parse().ok().and_then(|status: StatusCode| status.canonical_reason());
    response.entry("description").or_insert_with(|| words.unwrap_or_default().into());
    let headers = response.entry("headers").or_insert_with(|| json!({}));
    let Value::Object(headers) = headers else { return };
    headers
        .insert("x-correlation-id".into(), json!({"$ref": "#/components/headers/CorrelationId"}));
}

/// Which token a path wants.
fn security(path: &str) -> Value {
    if path.starts_with("/v1/resets") {
        json!([{"attempt": []}])
    } else if path == "/v1/password/check" {
        json!([{"attempt": []}, {"signed_in": []}])
    } else {
        json!([{"signed_in": []}])
    }
}

fn schemas_of(mut part: Object) -> Object {
    let mut components = part.remove("components").unwrap_or_default();
    match components.get_mut("schemas").map(Value::take) {
        Some(Value::Object(schemas)) => schemas,
        Some(_) | None => Object::new(),
    }
}

fn objects(value: Option<Value>) -> Object {
    match value {
        Some(Value::Object(object)) => object,
        Some(_) | None => Object::new(),
    }
}

/// A name that two functions use for different things gets the later function's name before it.
fn rename_clashes(part: &mut Object, taken: &Object, function: &str) {
    let own = schemas_of(part.clone());
    let differs =
        |(name, schema): &(&String, &Value)| taken.get(*name).is_some_and(|t| t != *schema);
    let words = function.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    });
    let prefix: String = words.collect();
    for (name, _) in own.iter().filter(differs) {
        let new = format!("{prefix}{name}");
        if let Some(Value::Object(schemas)) =
            part.get_mut("components").and_then(|c| c.get_mut("schemas"))
            && let Some(schema) = schemas.remove(name)
        {
            schemas.insert(new.clone(), schema);
        }
        let (old, new) = (format!("{SCHEMAS}{name}"), format!("{SCHEMAS}{new}"));
        part.values_mut().for_each(|value| redirect(value, &old, &new));
    }
}

/// Turns every reference to one schema into a reference to another.
fn redirect(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) if text == old => new.clone_into(text),
        Value::Array(list) => list.iter_mut().for_each(|v| redirect(v, old, new)),
        Value::Object(object) => object.values_mut().for_each(|v| redirect(v, old, new)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The same value with the members of every object in the order of their names, whatever order serde_json was built for.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let members: BTreeMap<String, Value> =
                object.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(members.into_iter().collect())
        }
        Value::Array(list) => list.into_iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                if let Some(Value::String(to)) = object.get("$ref") {
                    found.insert(to.clone());
                }
                object.values().for_each(|v| references(v, found));
            }
            Value::Array(list) => list.iter().for_each(|v| references(v, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn the_committed_contract_is_the_one_of_the_code() {
        let committed = include_str!("../../../infra/openapi.json");
        let fresh = text().unwrap();
        assert!(committed == fresh, "run: cargo run -p sspr -- openapi > infra/openapi.json");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document().unwrap();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for reference in found {
            let pointer = reference.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_and_says_who_may_call_it() {
        let document = document().unwrap();
        let mut names = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap();
                assert!(names.insert(name.to_owned()), "{name}");
                let administrators = path.starts_with("/v1/admin/");
                let open = operation["security"].as_array().unwrap().is_empty();
                assert!(!(administrators && open), "{method} {path} is open to everybody");
            }
        }
    }

    #[test]
    fn two_things_of_one_name_are_told_apart() {
        let thing = |kind: &str| json!({"components": {"schemas": {"A": {"type": kind}, "B": {"$ref": format!("{SCHEMAS}A")}}}});
        let taken = schemas_of(objects(Some(thing("string"))));
        let mut part = objects(Some(thing("integer")));
        rename_clashes(&mut part, &taken, "begin-reset");
        let schemas = schemas_of(part);
        assert_eq!(schemas["BeginResetA"]["type"], "integer");
        assert_eq!(schemas["B"]["$ref"], format!("{SCHEMAS}BeginResetA"));
    }
}
