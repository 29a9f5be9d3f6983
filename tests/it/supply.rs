//! What we are built from: licences, banned crates, sources and known holes.
//!
//! Reads `Cargo.lock`, `cargo metadata`, `deny.toml` and `advisories.toml`; wants
//! neither a tool nor a network, so nobody merges without it.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// One `[[table]]` of a TOML file of plain strings.
struct Entry<'a>(&'a str);

impl<'a> Entry<'a> {
    fn all(text: &'a str, table: &str) -> Vec<Entry<'a>> {
        text.split(&format!("[[{table}]]")).skip(1).map(Entry).collect()
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.0.lines().find_map(|line| {
            let (name, value) = line.split_once(" = ")?;
            (name == key).then(|| value.trim_matches('"'))
        })
    }
}

/// The strings of an array of `deny.toml`, comments aside.
fn strings<'a>(text: &'a str, array: &str) -> Vec<&'a str> {
    let start = text.find(&format!("\n{array} = [\n")).unwrap_or_else(|| panic!("deny.toml has no {array}"));
    let body = &text[start..];
    let body = &body[..body.find("\n]").expect("the array ends")];
    let lines = body.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| line.split('"').skip(1).step_by(2)).collect()
}

/// Every package we may ever build, on any platform.
fn locked<'a>(lock: &'a str) -> Vec<(&'a str, &'a str, Option<&'a str>)> {
    let read = |entry: &Entry<'a>| {
        (entry.get("name").expect("a name"), entry.get("version").expect("a version"), entry.get("source"))
    };
    Entry::all(lock, "package").iter().map(read).collect()
}

/// Major, minor, patch; what follows a minus or plus does not count here.
fn version(text: &str) -> [u64; 3] {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let mut parts = core.split('.').map(|part| part.parse().unwrap_or(0));
    [(); 3].map(|()| parts.next().unwrap_or(0))
}

#[test]
fn no_banned_crate_is_in_the_lock_file() {
    let (lock, deny) = (read("Cargo.lock"), read("deny.toml"));
    let banned: BTreeSet<&str> = strings(&deny, "deny").into_iter().collect();
    assert!(banned.contains("openssl-sys"), "deny.toml is not read well: {banned:?}");
    let found: Vec<_> = locked(&lock).into_iter().filter(|(name, ..)| banned.contains(name)).collect();
    assert!(found.is_empty(), "deny.toml bans {found:?}; `cargo tree -i <crate>` tells who brings it");
}

#[test]
fn every_crate_comes_from_the_one_registry() {
    let lock = read("Cargo.lock");
    let packages = locked(&lock);
    let own: Vec<_> =
        packages.iter().filter(|(_, _, source)| source.is_none()).map(|(name, ..)| *name).collect();
    assert_eq!(own, ["waybill"], "crates without a source");
    let sources: BTreeSet<&str> = packages.iter().filter_map(|(_, _, source)| *source).collect();
    assert!(
        sources.len() == 1 && sources.iter().all(|source| source.starts_with("registry+")),
        "{sources:?}"
    );
}

#[test]
fn no_version_with_a_known_hole_is_in_the_lock_file() {
    let (lock, advisories) = (read("Cargo.lock"), read("advisories.toml"));
    let packages = locked(&lock);
    let advisories = Entry::all(&advisories, "advisory");
    assert!(advisories.len() > 5, "advisories.toml is not read well");
    for advisory in advisories {
        let (id, name) = (advisory.get("id").expect("an id"), advisory.get("package").expect("a package"));
        for (_, found, _) in packages.iter().filter(|(package, ..)| *package == name) {
            let good = advisory.get("patched").is_some_and(|floor| version(found) >= version(floor));
            assert!(good, "{name} {found}: {id}, patched in {:?}", advisory.get("patched"));
        }
    }
}

/// For the platform of this machine: cargo does not fetch what only others need.
#[test]
fn every_licence_is_one_we_allow() {
    let deny = read("deny.toml");
    let allowed: BTreeSet<&str> = strings(&deny, "allow").into_iter().collect();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let told = Command::new("rustc").arg("-vV").output().expect("rustc");
    let told = String::from_utf8(told.stdout).expect("text");
    let host = told.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let answer = Command::new(cargo)
        .args(["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata");
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 200, "cargo metadata tells of {} packages only", packages.len());
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !package["license"].as_str().is_some_and(|licence| allows(licence, &allowed)))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
        .collect();
    assert!(refused.is_empty(), "licences outside deny.toml's list: {refused:#?}");
}

/// Reads an SPDX expression: `or` asks for one side, `and` for both.
fn allows(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    // Before SPDX a slash meant `or`.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let allows = either(&mut rest, allowed);
    allows && rest.is_empty()
}

fn either(words: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    let mut any = both(words, allowed);
    while words.first() == Some(&"OR") {
        *words = &words[1..];
        any |= both(words, allowed);
    }
    any
}

fn both(words: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    let mut all = one(words, allowed);
    while words.first() == Some(&"AND") {
        *words = &words[1..];
        all &= one(words, allowed);
    }
    all
}

fn one(words: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    match **words {
        ["(", ref inside @ ..] => {
            *words = inside;
            let allows = either(words, allowed);
            *words = words.strip_prefix(&[")"]).unwrap_or(&["unclosed"]);
            allows
        }
        [licence, "WITH", exception, ref after @ ..] => {
            *words = after;
            allowed.contains(format!("{licence} WITH {exception}").as_str())
        }
        [licence, ref after @ ..] => {
            *words = after;
            allowed.contains(licence)
        }
        [] => false,
    }
}

#[test]
fn licence_expressions_are_read_as_spdx_means_them() {
    let allowed = BTreeSet::from(["MIT", "Apache-2.0", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"]);
    for good in [
        "MIT",
        "MIT/GPL-3.0",
        "GPL-3.0-or-later OR MIT",
        "(MIT OR GPL-3.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        "MIT AND (GPL-2.0 OR (Apache-2.0 AND Unicode-3.0))",
    ] {
        assert!(allows(good, &allowed), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT WITH Some-exception", "(MIT"] {
        assert!(!allows(bad, &allowed), "{bad}");
    }
}

#[test]
fn versions_compare_by_number() {
    assert!(version("0.4.16") > version("0.4.9") && version("1.0.0") > version("0.99.99"));
    assert_eq!(version("2.3.14-rc.1+build"), [2, 3, 14]);
}
