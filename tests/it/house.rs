//! The rules of the house that a reader would otherwise have to remember.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The floors, from the ground up. Rooms on one floor do not know each other.
const FLOORS: &[&[&str]] = &[
    &["clock", "config", "crash", "db", "ids", "money", "paging", "secrets", "text_enum"],
    &["accounts", "evidence"],
    &["actions", "filters", "jobs", "outbound"],
    &["couriers", "inventory", "notify"],
    &["channels", "orders", "providers"],
    &["problems"],
    &["shipments"],
    &["bulk", "exports", "imports", "remedies", "traces"],
    &["api", "demo", "sandbox", "web"],
    &["cli"],
];

/// Who may know whom on one floor, and why.
const PAIRS: &[(&str, &str, &str)] = &[
    ("accounts", "evidence", "a person is the actor of an activity"),
    ("jobs", "outbound", "handlers work with the one client"),
    ("channels", "orders", "an adapter reads a channel's order into the shape that orders receive"),
    ("api", "web", "the API is served by the portal’s server and middleware"),
    ("demo", "sandbox", "the demo world exists in the make-believe outside too"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, ending, found);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), ending, &mut found);
    found.sort();
    found
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// `use crate::{a::b, c}` and `crate::d::e` name rooms a, c and d.
fn rooms_named(source: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, _) in source.match_indices("crate::") {
        if at > 0 && source.as_bytes()[at - 1] == b'$' {
            continue;
        }
        let rest = &source[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            let mut first = true;
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        first = true;
                        word.clear();
                    }
                    ':' if depth == 0 && first => {
                        rooms.insert(word.trim().to_owned());
                        first = false;
                    }
                    c if depth == 0 && first => word.push(c),
                    _ => {}
                }
            }
        } else {
            rooms.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    rooms
}

#[test]
fn imports_go_down_the_floors() {
    let floor: BTreeMap<&str, usize> =
        FLOORS.iter().enumerate().flat_map(|(n, rooms)| rooms.iter().map(move |r| (*r, n))).collect();
    let mut wrong = Vec::new();
    for file in files("src", "rs") {
        let path = file.strip_prefix(root().join("src")).unwrap();
        let room = path.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
        if matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let Some(own) = floor.get(room.as_str()) else {
            wrong.push(format!("{room} has no floor: give it one in FLOORS"));
            continue;
        };
        for named in rooms_named(&fs::read_to_string(&file).unwrap()) {
            let Some(other) = floor.get(named.as_str()) else {
                continue;
            };
            let allowed = other < own
                || named == room
                || *own == 0
                || PAIRS.iter().any(|(from, to, _)| *from == room && *to == named);
            if !allowed {
                wrong.push(format!("{} (floor {own}) names {named} (floor {other})", name(&file)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_floors_are_what_the_library_declares() {
    let library = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared: BTreeSet<&str> =
        library.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let known: BTreeSet<&str> = FLOORS.iter().flat_map(|rooms| rooms.iter().copied()).collect();
    assert_eq!(declared, known);
}

#[test]
fn no_file_is_longer_than_five_hundred_lines() {
    // the schema is generated; the tables of tests and of the stand-in's types are data
    const LONGER: &[&str] = &["src/db/schema.rs"];
    let long: Vec<String> = ["src", "tests"]
        .iter()
        .flat_map(|folder| files(folder, "rs"))
        .map(|file| (name(&file), fs::read_to_string(&file).unwrap().lines().count()))
        .filter(|(file, lines)| *lines > 500 && !LONGER.contains(&file.as_str()))
        .map(|(file, lines)| format!("{file}: {lines}"))
        .collect();
    assert!(long.is_empty(), "split these by verb: {long:?}");
}

#[test]
fn templates_keep_to_the_policy_of_the_pages() {
    let mut wrong = Vec::new();
    for file in files("templates", "html") {
        let text = fs::read_to_string(&file).unwrap();
        for banned in [
            "hx-on",
            "js:",
            "style=\"",
            "onclick",
            "onchange",
            "onsubmit",
            "|safe",
            "hx-boost",
            "hx-disabled-elt",
            "hx-ext",
            "hx-params",
            "hx-history",
            "javascript:",
        ] {
            if text.contains(banned) {
                wrong.push(format!("{}: {banned}", name(&file)));
            }
        }
        // without its nonce the page's policy makes an htmx element inert
        for tag in text.split('<').skip(1) {
            let tag = tag.split('>').next().unwrap_or_default();
            if (tag.contains("hx-get") || tag.contains("hx-post")) && !tag.contains("hx-nonce") {
                wrong.push(format!("{}: an htmx element without hx-nonce: <{}>", name(&file), tag.trim()));
            }
        }
        for word in ["please", "sorry", "successfully", "oops"] {
            let prose =
                text.split("#}").map(|part| part.split("{#").next().unwrap_or_default()).collect::<String>();
            if prose.to_lowercase().split(|c: char| !c.is_alphabetic()).any(|w| w == word) {
                wrong.push(format!("{}: the word “{word}”", name(&file)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_template_belongs_to_something() {
    let sources: String = files("src", "rs").iter().map(|f| fs::read_to_string(f).unwrap()).collect();
    let templates: Vec<(String, String)> = files("templates", "html")
        .iter()
        .map(|f| {
            (
                f.strip_prefix(root().join("templates")).unwrap().display().to_string(),
                fs::read_to_string(f).unwrap(),
            )
        })
        .collect();
    let all: String = templates.iter().map(|(_, text)| text.as_str()).collect();
    let orphans: Vec<&str> = templates
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| !sources.contains(&format!("\"{name}\"")) && !all.contains(&format!("\"{name}\"")))
        .collect();
    assert!(orphans.is_empty(), "no struct and no template uses {orphans:?}");
}

#[test]
fn only_the_outbound_room_opens_sockets() {
    let wrong: Vec<String> = files("src", "rs")
        .iter()
        .map(|f| name(f))
        // the benchmark reads the pages of its own process
        .filter(|f| !f.starts_with("src/outbound/") && !f.starts_with("src/sandbox/"))
        .filter(|f| f != "src/cli/bench/browser.rs")
        .filter(|f| {
            let text = fs::read_to_string(root().join(f)).unwrap();
            ["reqwest::", "TcpStream::connect", "lettre::"].iter().any(|word| text.contains(word))
        })
        .collect();
    assert!(wrong.is_empty(), "these reach outside past the one client: {wrong:?}");
}

/// Everything a reader gets: what is built, installed or kept at run time is left out.
fn handed_on() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if !path.is_dir() {
                found.push(path);
            } else if !["target", "var", ".git", "vendor", "node_modules"]
                .iter()
                .any(|skipped| name == *skipped)
            {
                walk(&path, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(root(), &mut found);
    // a work tree's own pointer
    found.retain(|file| file != &root().join(".git"));
    found
}

#[test]
fn nothing_names_a_place_of_one_machine() {
    // in parts, so that this file names none either
    let places = [
        ["/ro", "ot/"],
        ["/wo", "rk/"],
        ["registry.np", "mjs"],
        ["crates.", "io/"],
        ["static.crates.", "io"],
        ["pypi.", "org"],
        ["files.python", "hosted"],
        ["proxy.go", "lang"],
    ]
    .map(|parts| parts.concat());
    let files = handed_on();
    assert!(files.len() > 300, "the walk found the tree");
    let mut wrong = Vec::new();
    for file in files {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap_or_default()).into_owned();
        wrong.extend(places.iter().filter(|p| text.contains(*p)).map(|p| format!("{}: {p}", name(&file))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_test_is_left_out() {
    // in parts, so that this line is none
    let mark = ["#[ig", "nore"].concat();
    let wrong: Vec<String> = files("tests", "rs")
        .iter()
        .filter(|file| fs::read_to_string(file).unwrap().contains(&mark))
        .map(|file| name(file))
        .collect();
    assert!(wrong.is_empty(), "run them or take them away: {wrong:?}");
}
