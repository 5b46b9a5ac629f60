//! `/docs`: the API to read, rendered from the OpenAPI document itself, so that there is nothing
//! else to keep in step with the code.
//!
//! One long page that the browser can search: operations by resource, each with its parameters, its
//! body, a request to copy and its answers, and the shapes behind them. A viewer of others was
//! rejected: megabytes of script for what is a list.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::layout::{Frame, page};

/// Where requests to copy go.
const SERVER: &str = "http://127.0.0.1:8080";
/// How deep an example goes into shapes within shapes.
const DEPTH: usize = 4;
/// Resources in the order in which one meets them; those of the document that are not among them
/// come last.
const TAGS: [(&str, &str); 6] = [
    ("listeners", "Listeners and their taste"),
    ("tracks", "Tracks"),
    ("events", "Plays and words"),
    ("mixes", "Mixes"),
    ("imports", "Imports"),
    ("models", "Models"),
];

/// A method at a path.
struct Operation<'d> {
    method: &'d str,
    path: &'d str,
    spec: &'d Value,
}

/// The page; `document` is the OpenAPI document.
pub fn view(frame: &Frame, document: &Value) -> Markup {
    let operations = operations(document);
    let tags = tags(&operations);
    let main = html! {
        div.page-head {
            h1 { "The API" }
            @for paragraph in text(&document["info"]["description"]).split("\n\n") {
                p.lead { (prose(paragraph)) }
            }
            p {
                "A server with keys wants one with every request: "
                code { "-H 'X-API-Key: KEY'" } ". "
                "The same as a document for programs: " a href="/v1/openapi.json" { "OpenAPI" } ". "
                "Clients of gorse find themselves at home under " code { "/api" } ", players that \
                 speak OpenSubsonic under "
                code { "/rest" } ", what scrobbles to ListenBrainz under " code { "/1" } "."
            }
        }
        nav.contents aria-label="Operations" {
            @for (tag, name) in &tags {
                h2 { a href={ "#" (tag) } { (name) } }
                ul {
                    @for operation in of_tag(&operations, tag) {
                        li {
                            a href={ "#" (operation.anchor()) } {
                                (operation.method_name()) " " code { (operation.path) }
                            }
                            " " span.small { (prose(text(&operation.spec["summary"]))) }
                        }
                    }
                }
            }
        }
        @for (tag, name) in &tags {
            section.resource aria-labelledby=(tag) {
                h2 #(tag) { (name) }
                @for operation in of_tag(&operations, tag) { (described(operation, document)) }
            }
        }
        section.resource aria-labelledby="shapes" {
            h2 #shapes { "Shapes" }
            @for (name, schema) in map(&document["components"]["schemas"]) {
                article.operation #{ "shape-" (name) } {
                    h3 { (name) }
                    (described_shape(schema))
                }
            }
        }
    };
    page(frame, "API", &main)
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let of_path = |(path, methods)| {
        map(methods).filter(|(_, spec)| spec.is_object()).map(move |(method, spec)| Operation {
            method,
            path,
            spec,
        })
    };
    map(&document["paths"]).flat_map(of_path).collect()
}

/// Tags and what they are called, without those that have no operation.
fn tags(operations: &[Operation<'_>]) -> Vec<(String, String)> {
    let mut tags: Vec<(String, String)> =
        TAGS.iter().map(|(tag, name)| ((*tag).to_owned(), (*name).to_owned())).collect();
    for operation in operations {
        if !tags.iter().any(|(tag, _)| tag == operation.tag()) {
            tags.push((operation.tag().to_owned(), operation.tag().to_owned()));
        }
    }
    tags.retain(|(tag, _)| operations.iter().any(|operation| operation.tag() == tag));
    tags
}

fn of_tag<'o, 'd>(
    operations: &'o [Operation<'d>],
    tag: &str,
) -> impl Iterator<Item = &'o Operation<'d>> {
    operations.iter().filter(move |operation| operation.tag() == tag)
}

impl Operation<'_> {
    fn tag(&self) -> &str {
        self.spec["tags"][0].as_str().unwrap_or("others")
    }

    fn anchor(&self) -> String {
        format!("operation-{}", text(&self.spec["operationId"]))
    }

    fn method_name(&self) -> String {
        self.method.to_uppercase()
    }
}

fn described(operation: &Operation<'_>, document: &Value) -> Markup {
    let spec = operation.spec;
    let parameters: Vec<&Value> = spec["parameters"].as_array().into_iter().flatten().collect();
    let body = map(&spec["requestBody"]["content"]).next();
    html! {
        article.operation #(operation.anchor()) {
            h3 { span.method { (operation.method_name()) } " " code { (operation.path) } }
            p { (prose(text(&spec["summary"]))) }
            @for paragraph in
                text(&spec["description"]).split("\n\n").filter(|text| !text.is_empty())
            {
                p { (prose(paragraph)) }
            }
            @if !parameters.is_empty() {
                h4 { "Parameters" }
                (table(
                    "Parameters", &["Name", "In", "Type", "What"],
                    parameters.into_iter().map(|parameter| [
                        html! { code { (text(&parameter["name"])) } },
                        html! {
                            (text(&parameter["in"]))
                            @if parameter["required"] == true { ", required" }
                        },
                        kind(&parameter["schema"]),
                        prose(text(&parameter["description"])),
                    ])
                ))
            }
            @if let Some((media_type, content)) = body {
                h4 { "Body" }
                p { code { (media_type) } ": " (kind(&content["schema"])) }
            }
            h4 { "Example" }
            pre tabindex="0" { code { (curl(operation, body, document)) } }
            h4 { "Answers" }
            (table(
                "Answers", &["Status", "What", "Body"],
                map(&spec["responses"]).map(|(status, response)| {
                    let content = map(&response["content"]).next();
                    [
                        html! { (status) },
                        prose(text(&response["description"])),
                        html! { @if let Some((media_type, content)) = content {
                            @match &content["schema"] {
                                Value::Null => { code { (media_type) } }
                                schema => { (kind(schema)) }
                            }
                        } },
                    ]
                })
            ))
        }
    }
}

/// A request to copy into a shell.
fn curl(operation: &Operation<'_>, body: Option<(&str, &Value)>, document: &Value) -> String {
    let mut path = operation.path.to_owned();
    let mut query = Vec::new();
    for parameter in operation.spec["parameters"].as_array().into_iter().flatten() {
        let name = text(&parameter["name"]);
        match text(&parameter["in"]) {
            "path" => path = path.replace(&format!("{{{name}}}"), stand_in(name)),
            "query" if parameter["required"] == true => {
                let value = match sample(&parameter["schema"], document, DEPTH) {
                    Value::String(_) => stand_in(name).to_owned(),
                    value => value.to_string(),
                };
                query.push(format!("{name}={value}"));
            }
            _ => {}
        }
    }
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let mut command = format!("curl '{SERVER}{path}{query}'");
    if operation.method != "get" {
        command.push_str(&format!(" \\\n  -X {}", operation.method_name()));
    }
    match body {
        Some(("application/json", content)) => {
            let body =
                sample(&content["schema"], document, DEPTH).to_string().replace('\'', "'\\''");
            command
                .push_str(&format!(" \\\n  -H 'content-type: application/json' \\\n  -d '{body}'"));
        }
        Some(("multipart/form-data", _)) => command.push_str(" \\\n  -F file=@export.zip"),
        Some((media_type, _)) => {
            command.push_str(&format!(
                " \\\n  -H 'content-type: {media_type}' \\\n  --data-binary @export.zip"
            ));
        }
        None => {}
    }
    command
}

/// What stands for a name in an example.
fn stand_in(name: &str) -> &str {
    match name {
        "listener" => "ann",
        "track" | "from" | "to" => "spotify%3Atrack%3A1301WleyT98MSxVHPZCA6M",
        "mix" | "exclusion" => "1",
        "format" => "m3u8",
        "explore" => "0.4",
        other => other,
    }
}

/// A value of a schema: what is required, or the first two of what may be there.
fn sample(schema: &Value, document: &Value, depth: usize) -> Value {
    let schema = resolved(schema, document);
    if let Some(example) = schema.get("example").or_else(|| schema.get("default")) {
        return example.clone();
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    for several in ["oneOf", "anyOf"] {
        let mut choices = schema[several].as_array().into_iter().flatten();
        if let Some(choice) = choices.find(|choice| choice["type"] != "null") {
            return sample(choice, document, depth);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts =
            parts.iter().filter_map(|part| sample(part, document, depth).as_object().cloned());
        return Value::Object(parts.flatten().collect());
    }
    match type_of(schema) {
        _ if depth == 0 => Value::Null,
        "array" => Value::Array(vec![sample(&schema["items"], document, depth - 1)]),
        "integer" => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        "number" => 0.4.into(),
        "boolean" => true.into(),
        "string" if schema["format"] == "date-time" => "2026-01-31T20:00:00Z".into(),
        "string" => "text".into(),
        "object" => Value::Object(sample_object(schema, document, depth)),
        _ => Value::Null,
    }
}

fn sample_object(schema: &Value, document: &Value, depth: usize) -> Map<String, Value> {
    let properties = || map(&schema["properties"]);
    let is_required = |name: &str| {
        schema["required"]
            .as_array()
            .is_some_and(|required| required.iter().any(|required| required == name))
    };
    let wanted = properties().filter(|(name, _)| is_required(name));
    let wanted: Vec<_> = wanted.collect();
    let wanted = if wanted.is_empty() { properties().take(2).collect() } else { wanted };
    wanted
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), sample(schema, document, depth - 1)))
        .collect()
}

fn resolved<'d>(schema: &'d Value, document: &'d Value) -> &'d Value {
    match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or(schema),
        None => schema,
    }
}

/// The type of a schema; of a type or nothing, the type.
fn type_of(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(name) => name,
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("")
        }
        _ if schema.get("properties").is_some() => "object",
        _ => "",
    }
}

/// A schema in a few words, linked to the shape that it names.
fn kind(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return html! { a href={ "#shape-" (name) } { (name) } };
    }
    for (several, between) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
        if let Some(choices) = schema[several].as_array() {
            let choices = choices.iter().filter(|choice| choice["type"] != "null");
            return html! {
                @for (place, choice) in choices.enumerate() {
                    @if place > 0 { (between) } (kind(choice))
                }
            };
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let values = values.iter().filter_map(Value::as_str);
        return html! {
            @for (place, value) in values.enumerate() { @if place > 0 { ", " } code { (value) } }
        };
    }
    match type_of(schema) {
        "array" => html! { "list of " (kind(&schema["items"])) },
        "" => html! { "anything" },
        name => html! { (name) (range(schema)) },
    }
}

fn range(schema: &Value) -> String {
    let format = schema["format"].as_str().filter(|format| format.contains('-'));
    match (schema.get("minimum"), schema.get("maximum"), format) {
        (Some(least), Some(most), _) => format!(", {least} to {most}"),
        (Some(least), None, _) => format!(", {least} or more"),
        (None, Some(most), _) => format!(", {most} at most"),
        (None, None, Some(format)) => format!(", {format}"),
        (None, None, None) => String::new(),
    }
}

fn described_shape(schema: &Value) -> Markup {
    let properties: Vec<_> = map(&schema["properties"]).collect();
    let required = |name: &str| {
        schema["required"].as_array().is_some_and(|all| all.iter().any(|each| each == name))
    };
    html! {
        p { (prose(text(&schema["description"]))) }
        @if properties.is_empty() {
            p { (kind(schema)) }
        } @else {
            (table(
                "Fields", &["Field", "Type", "What"],
                properties.into_iter().map(|(name, schema)| [
                    html! { code { (name) } @if required(name) { ", required" } },
                    kind(schema),
                    prose(text(&schema["description"])),
                ])
            ))
        }
    }
}

fn table<const N: usize>(
    label: &str,
    heads: &[&str; N],
    rows: impl Iterator<Item = [Markup; N]>,
) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label=(label) {
            table {
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody { @for row in rows { tr { @for cell in row { td { (cell) } } } } }
            }
        }
    }
}

/// Text with what stands in backticks set as code.
fn prose(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn map(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}
