//! The files the browser needs, carried inside the program.
//!
//! Every file under `static/` is addressed by its bare name and served under a
//! name that contains its hash (`/static/icons.1a2b3c4d.svg`), so a browser may
//! keep it for a year and still never sees an old one. Two names are made here:
//! `app.css`, all style sheets in layer order, and `app.js`, all scripts in the
//! order they need each other. One file each means one request each, and no
//! script can start before the one it extends.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Static;

/// The scripts of `app.js`. The security extension stands directly behind htmx:
/// it must be registered before htmx looks at the page.
const SCRIPTS: [&str; 4] = ["vendor/htmx.min.js", "vendor/hx-csp.min.js", "js/waybill.js", "js/live.js"];

/// The style sheets that must come first; the others follow by name, since
/// their layer and not their place decides.
const SHEETS: [&str; 4] = ["css/layers.css", "css/fonts.css", "css/reset.css", "css/tokens.css"];

/// Files a browser may ask for; licences and notes stay inside.
const SERVED: [(&str, &str); 4] = [
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("woff2", "font/woff2"),
];

/// One file, ready to be sent.
struct Asset {
    content_type: &'static str,
    body: Bytes,
    gzip: Option<Bytes>,
}

/// Bare name to address, and hashed name to file.
struct Shelf {
    urls: BTreeMap<String, String>,
    files: HashMap<String, Asset>,
}

static SHELF: LazyLock<Shelf> = LazyLock::new(Shelf::fill);

/// The address of an asset by its bare name: `url("icons.svg")`.
///
/// An unknown name gives an address that answers 404, so that a missing picture
/// never takes a page down; [`names`] lets a test find such a slip.
pub fn url(name: &str) -> &'static str {
    SHELF.urls.get(name).map_or("/static/unknown", String::as_str)
}

/// All bare names that [`url`] knows.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHELF.urls.keys().map(String::as_str)
}

/// `GET /static/{name}`: an asset under its hashed name, or 404.
pub async fn serve(request: HttpRequest, name: super::Path<String>) -> HttpResponse {
    let Some(asset) = SHELF.files.get(name.as_str()) else {
        return HttpResponse::NotFound()
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type("text/plain; charset=utf-8")
            .body("There is no such file.\n");
    };
    let mut response = HttpResponse::Ok();
    response
        .content_type(asset.content_type)
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    match &asset.gzip {
        Some(gzip) => {
            response.insert_header((header::VARY, "Accept-Encoding"));
            if accepts_gzip(&request) {
                response.insert_header((header::CONTENT_ENCODING, "gzip"));
                response.body(gzip.clone())
            } else {
                response.body(asset.body.clone())
            }
        }
        None => response.body(asset.body.clone()),
    }
}

fn accepts_gzip(request: &HttpRequest) -> bool {
    request
        .headers()
        .get_all(header::ACCEPT_ENCODING)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|coding| coding.split_once(';').unwrap_or((coding, "")))
        .any(|(coding, weight)| {
            coding.trim().eq_ignore_ascii_case("gzip")
                && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        })
}

impl Shelf {
    fn fill() -> Self {
        let mut shelf = Self { urls: BTreeMap::new(), files: HashMap::new() };
        for path in Static::iter() {
            let Some((name, extension)) = split(&path) else {
                continue;
            };
            if matches!(extension, "css" | "js") {
                continue;
            }
            if let Some(file) = Static::get(&path) {
                let hash = file.metadata.sha256_hash();
                shelf.put(name, &hash, file.data.into_owned());
            }
        }
        // After the fonts: the style sheet names them by their hashed address.
        for (name, text) in [("app.js", scripts()), ("app.css", shelf.sheets())] {
            let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
            shelf.put(name, &hash, text.into_bytes());
        }
        shelf
    }

    fn put(&mut self, name: &str, hash: &[u8; 32], body: Vec<u8>) {
        let Some((stem, extension)) = name.rsplit_once('.') else {
            return;
        };
        let Some((_, content_type)) = SERVED.iter().find(|(served, _)| *served == extension) else {
            return;
        };
        let [a, b, c, d, ..] = *hash;
        let hashed = format!("{stem}.{a:02x}{b:02x}{c:02x}{d:02x}.{extension}");
        let gzip = (extension != "woff2").then(|| gzip(&body)).flatten().map(Bytes::from);
        self.urls.insert(name.to_owned(), format!("/static/{hashed}"));
        self.files.insert(hashed, Asset { content_type, body: Bytes::from(body), gzip });
    }

    /// All style sheets in one, with `url("name")` turned into hashed addresses.
    fn sheets(&self) -> String {
        let mut paths: Vec<String> = SHEETS.iter().map(|path| (*path).to_owned()).collect();
        let mut rest: Vec<String> = Static::iter()
            .map(|path| path.into_owned())
            .filter(|path| path.ends_with(".css") && !SHEETS.contains(&path.as_str()))
            .collect();
        rest.sort();
        paths.append(&mut rest);
        let mut text = without_comments(&paths.iter().map(|path| read(path)).collect::<String>());
        for (name, url) in &self.urls {
            text = text.replace(&format!("url(\"{name}\")"), &format!("url(\"{url}\")"));
        }
        text
    }
}

/// A style sheet without comments and indentation. Ours hold no string with `/*`.
fn without_comments(sheet: &str) -> String {
    let mut rest = sheet;
    let mut text = String::with_capacity(sheet.len());
    while let Some((before, after)) = rest.split_once("/*") {
        text.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, behind)| behind);
    }
    text.push_str(rest);
    text.lines().map(str::trim).filter(|line| !line.is_empty()).flat_map(|line| [line, "\n"]).collect()
}

/// All scripts in one, without comment lines, indentation and hints for source
/// maps, which are not carried. No script of ours has a string over two lines.
fn scripts() -> String {
    SCRIPTS
        .iter()
        .map(|path| read(path))
        .flat_map(|text| {
            let lines: Vec<String> = text
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with("// ") && !line.starts_with("//# "))
                .map(|line| format!("{line}\n"))
                .collect();
            lines.into_iter().chain([";\n".to_owned()])
        })
        .collect()
}

fn read(path: &str) -> String {
    Static::get(path).map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default()
}

/// `("truck.svg", "svg")` for `pictures/truck.svg`.
fn split(path: &str) -> Option<(&str, &str)> {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map(|(_, extension)| (name, extension))
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().filter(|packed| packed.len() < body.len())
}
