//! `sspr import`: a file of people to a running product, in chunks. What was sent is done; a run that was cut off is simply
//! started again, and finds those rows unchanged.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use rules::ids::Username;
use serde::Deserialize;
use serde_json::{Value, json};

/// Rows of one request unless told otherwise: a few seconds of work. Each request looks through everybody for shared
/// contacts, so that many small ones cost more than a few large ones.
pub const CHUNK: usize = 2_000;

/// Bytes of one request at most: below the 5 MiB of the product, and of its gateway where lines travel as base64.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// How and where to import.
pub struct Options<'o> {
    /// Where the product is: `https://reset.example.com`.
    pub url: &'o str,
    /// Who imports.
    pub username: &'o str,
    /// Their password.
    pub password: &'o str,
    /// Only say what would become of each row.
    pub dry_run: bool,
    /// Rows of one request.
    pub chunk: usize,
    /// The first row to send, from 1.
    pub from: usize,
}

/// It could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ImportFault {
    /// The file.
    #[error("cannot read the file: {0}")]
    File(#[from] io::Error),
    /// The file is no CSV.
    #[error("cannot read the file as CSV: {0}")]
    Table(#[from] csv::Error),
    /// The connection.
    #[error("no answer from {url}: {why}")]
    Unreachable {
        /// From where.
        url: String,
        /// What the connection said.
        why: String,
    },
    /// The product refused.
    #[error("{what} was refused: {status} {code} {detail}")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// HTTP status.
        status: u16,
        /// Stable.
        code: String,
        /// In words.
        detail: String,
    },
}

/// What became of the rows so far.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Rows sent.
    pub rows: usize,
    /// Accounts made.
    pub created: usize,
    /// Accounts changed.
    pub updated: usize,
    /// Rows that changed nothing.
    pub unchanged: usize,
    /// Rows that could not be carried out.
    pub rejected: usize,
}

/// What the caller is told while it goes on.
pub enum Told<'t> {
    /// A row with something to say about it.
    Row(&'t str),
    /// A chunk is done; the next row to send.
    Progress(&'t Tally, usize),
}

/// Sends a file, chunk by chunk, and tells of every row that was rejected or is odd. A fault leaves everything told before
/// it done.
///
/// # Errors
/// As [`ImportFault`].
pub async fn run(
    file: &Path,
    options: &Options<'_>,
    mut tell: impl FnMut(Told<'_>),
) -> Result<Tally, ImportFault> {
    let product = Product::signed_in(options).await?;
    let mut source = Source::open(file)?;
    let mut tally = Tally::default();
    let mut seen: BTreeMap<Username, usize> = BTreeMap::new();
    let mut first = 1usize;
    while let Some(chunk) = source.next(options.chunk)? {
        let next = first.saturating_add(chunk.names.len());
        if next > options.from.max(1) {
            repeated(&chunk.names, first, &mut seen, &mut tell);
            let answer = product.import(&chunk, source.kind(), options.dry_run).await?;
            answer.add_to(&mut tally);
            answer.results.iter().filter_map(|r| r.told(first)).for_each(|t| tell(Told::Row(&t)));
            tell(Told::Progress(&tally, next));
        }
        first = next;
    }
    Ok(tally)
}

/// Tells of names that an earlier chunk had: the product sees one chunk at a time, and takes the later row as a change.
fn repeated(
    names: &[Option<Username>],
    first: usize,
    seen: &mut BTreeMap<Username, usize>,
    tell: &mut impl FnMut(Told<'_>),
) {
    let begun = first;
    for (name, row) in names.iter().zip(first..) {
        let Some(name) = name else { continue };
        let earlier = *seen.entry(name.clone()).or_insert(row);
        if earlier < begun {
            tell(Told::Row(&format!("row {row} ({name}): named before, in row {earlier}")));
        }
    }
}

/// What the product answers to a chunk.
#[derive(Deserialize)]
struct Imported {
    rows: usize,
    created: usize,
    updated: usize,
    unchanged: usize,
    rejected: usize,
    results: Vec<RowResult>,
}

#[derive(Deserialize)]
struct RowResult {
    row: usize,
    username: Option<String>,
    #[serde(default)]
    errors: Vec<Remark>,
    #[serde(default)]
    warnings: Vec<Remark>,
}

#[derive(Deserialize)]
struct Remark {
    field: String,
    code: String,
    also_of: Option<String>,
}

impl Imported {
    fn add_to(&self, tally: &mut Tally) {
        let add = |to: &mut usize, more: usize| *to = to.saturating_add(more);
        add(&mut tally.rows, self.rows);
        add(&mut tally.created, self.created);
        add(&mut tally.updated, self.updated);
        add(&mut tally.unchanged, self.unchanged);
        add(&mut tally.rejected, self.rejected);
    }
}

impl RowResult {
    /// A line about a row that is not simply in order; `first` is the number of the chunk's first row.
    fn told(&self, first: usize) -> Option<String> {
        let row = self.row.saturating_sub(1).saturating_add(first);
        let name = self.username.as_deref().unwrap_or("?");
        let remarks: Vec<String> =
            self.errors.iter().chain(&self.warnings).map(Remark::text).collect();
        let kind = if self.errors.is_empty() { "note" } else { "rejected" };
        (!remarks.is_empty()).then(|| format!("row {row} ({name}): {kind}: {}", remarks.join(", ")))
    }
}

impl Remark {
    fn text(&self) -> String {
        let also = self.also_of.as_ref().map(|name| format!(" with {name}")).unwrap_or_default();
        format!("{} {}{also}", self.field, self.code).trim().to_owned()
    }
}

/// The running product, as somebody who may import.
struct Product {
    url: String,
    connector: aws_smithy_http_client::Connector,
    token: String,
}

impl Product {
    async fn signed_in(options: &Options<'_>) -> Result<Self, ImportFault> {
        let url = options.url.trim_end_matches('/').to_owned();
        let connector = edge::aws::connector().map_err(|fault| ImportFault::Unreachable {
            url: url.clone(),
            why: fault.to_string(),
        })?;
        let mut product = Self { url, connector, token: String::new() };
        let body = json!({ "username": options.username, "password": options.password });
        let body = body.to_string().into_bytes();
        let session = product.post("signing in", "/v1/sign-in", "application/json", body).await?;
        product.token = text(&session, "access_token");
        Ok(product)
    }

    async fn import(
        &self,
        chunk: &Chunk,
        kind: &str,
        dry_run: bool,
    ) -> Result<Imported, ImportFault> {
        let path = format!("/v1/admin/users/import?dry_run={dry_run}");
        let answer = self.post("the import", &path, kind, chunk.body.clone()).await?;
        serde_json::from_value(answer).map_err(|fault| self.unreachable(&fault))
    }

    fn unreachable(&self, why: &dyn std::error::Error) -> ImportFault {
        ImportFault::Unreachable { url: self.url.clone(), why: why.to_string() }
    }

    async fn post(
        &self,
        what: &'static str,
        path: &str,
        kind: &str,
        body: Vec<u8>,
    ) -> Result<Value, ImportFault> {
        let mut request = http::Request::post(format!("{}{path}", self.url))
            .header("content-type", kind)
            .header("accept", "application/json");
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        let request = request.body(SdkBody::from(body)).map_err(|e| self.unreachable(&e))?;
        let request = HttpRequest::try_from(request).map_err(|e| self.unreachable(&e))?;
        let answer = self.connector.call(request).await.map_err(|e| self.unreachable(&e))?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await;
        let body = body.map_err(|e| self.unreachable(e.as_ref()))?.to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        if (200..300).contains(&status) {
            return Ok(body);
        }
        let errors = body.get("errors").map(Value::to_string);
        let detail = errors.unwrap_or_else(|| text(&body, "detail"));
        Err(ImportFault::Refused { what, status, code: text(&body, "code"), detail })
    }
}

/// A text member of an answer, empty if there is none.
fn text(body: &Value, member: &str) -> String {
    body.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Rows of one request.
struct Chunk {
    body: Vec<u8>,
    /// Whose each row is, where that can be read.
    names: Vec<Option<Username>>,
}

/// A file, read row by row.
enum Source {
    Table { reader: Box<csv::Reader<File>>, heading: csv::ByteRecord, name_at: Option<usize> },
    Lines(BufReader<File>),
}

impl Source {
    /// Lines of JSON if the file is called so, CSV otherwise.
    fn open(path: &Path) -> Result<Self, ImportFault> {
        let file = File::open(path)?;
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if ["ndjson", "jsonl"].contains(&extension.to_ascii_lowercase().as_str()) {
            return Ok(Self::Lines(BufReader::new(file)));
        }
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
        let heading = reader.byte_headers()?.clone();
        let is_name = |cell: &[u8]| {
            let cell = String::from_utf8_lossy(cell);
            cell.trim_start_matches('\u{feff}').trim().eq_ignore_ascii_case("username")
        };
        let name_at = heading.iter().position(is_name);
        Ok(Self::Table { reader: Box::new(reader), heading, name_at })
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Table { .. } => "text/csv",
            Self::Lines(_) => "application/x-ndjson",
        }
    }

    /// The next rows; nothing at the end.
    fn next(&mut self, rows: usize) -> Result<Option<Chunk>, ImportFault> {
        let chunk = match self {
            Self::Table { reader, heading, name_at } => table(reader, heading, *name_at, rows)?,
            Self::Lines(reader) => lines(reader, rows)?,
        };
        Ok(Some(chunk).filter(|chunk| !chunk.names.is_empty()))
    }
}

fn table(
    reader: &mut csv::Reader<File>,
    heading: &csv::ByteRecord,
    name_at: Option<usize>,
    rows: usize,
) -> Result<Chunk, ImportFault> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    writer.write_byte_record(heading)?;
    let (mut names, mut bytes) = (Vec::new(), 0usize);
    let mut record = csv::ByteRecord::new();
    while names.len() < rows && bytes < CHUNK_BYTES && reader.read_byte_record(&mut record)? {
        let name = name_at.and_then(|at| record.get(at)).and_then(|cell| str::from_utf8(cell).ok());
        names.push(name.and_then(|name| Username::parse(name).ok()));
        bytes = bytes.saturating_add(record.as_slice().len()).saturating_add(record.len());
        writer.write_byte_record(&record)?;
    }
    let body = writer.into_inner().map_err(|e| ImportFault::File(e.into_error()))?;
    Ok(Chunk { body, names })
}

fn lines(reader: &mut BufReader<File>, rows: usize) -> Result<Chunk, ImportFault> {
    let mut chunk = Chunk { body: Vec::new(), names: Vec::new() };
    let mut line = String::new();
    while chunk.names.len() < rows && chunk.body.len() < CHUNK_BYTES {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            break;
        }
        let text = line.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            continue;
        }
        let read: Value = serde_json::from_str(text).unwrap_or_default();
        let name = read.get("username").and_then(Value::as_str);
        chunk.names.push(name.and_then(|name| Username::parse(name).ok()));
        chunk.body.extend_from_slice(text.as_bytes());
        chunk.body.push(b'\n');
    }
    Ok(chunk)
}
