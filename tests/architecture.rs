//! The house as `ARCHITECTURE.md` draws it: who may know whom, read from `cargo metadata` and the sources; and what its
//! front door shows.
#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Every arrow between our crates. An arrow that is not here is a wrong turn, or a decision to write down.
const ARROWS: &[(&str, &[&str])] = &[
    ("hilo-domain", &[]),
    ("hilo-engine", &["hilo-domain"]),
    ("hilo-store", &["hilo-domain"]),
    ("hilo-whatsapp", &["hilo-domain"]),
    ("hilo-workflows", &["hilo-domain"]),
    // For the replay test alone.
    ("hilo-mutants", &["hilo-domain", "hilo-workflows"]),
    ("hilo-relay", &["hilo-domain", "hilo-store", "hilo-workflows"]),
    ("hilo-activities", &["hilo-domain", "hilo-engine", "hilo-relay", "hilo-store", "hilo-whatsapp", "hilo-workflows"]),
    ("hilo-gateway", &["hilo-domain", "hilo-engine", "hilo-relay", "hilo-store", "hilo-whatsapp", "hilo-workflows"]),
    ("hilo-simulator", &["hilo-whatsapp"]),
    ("hilo-bench", &["hilo-whatsapp"]),
    ("xtask", &[]),
];

/// Who may use a package of others directly. Tests (dev-dependencies) are free, except from sqlx.
const ALONE: &[(&str, &[&str])] = &[
    ("sqlx", &["hilo-store"]),
    ("axum", &["hilo-gateway", "hilo-simulator"]),
    ("redis", &["hilo-relay"]),
    ("temporalio-client", &["hilo-relay", "hilo-bench"]),
    ("temporalio-sdk", &["hilo-activities", "hilo-bench"]),
    ("reqwest", &["hilo-whatsapp", "hilo-simulator", "hilo-bench"]),
    ("rhai", &["hilo-engine"]),
    ("handlebars", &["hilo-engine"]),
    ("petgraph", &["hilo-engine"]),
];

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).no_deps().exec().unwrap()
}

/// The wrong arrows among `arrows`, given as from, to.
fn wrong<'a>(arrows: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    arrows
        .into_iter()
        .filter(|(from, to)| *from != "hilo" && !allowed.get(from).is_some_and(|to_all| to_all.contains(to)))
        .map(|(from, to)| format!("{from} must not know {to}"))
        .collect()
}

#[test]
fn every_arrow_between_our_crates_is_on_the_map() {
    let metadata = metadata();
    let ours: BTreeSet<_> = metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let mut arrows = Vec::new();
    for package in &metadata.packages {
        for dependency in package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal) {
            if ours.contains(&dependency.name) {
                arrows.push((package.name.to_string(), dependency.name.clone()));
            }
        }
    }
    assert!(arrows.len() > 10, "the map was not read: {arrows:?}");
    let none = wrong(arrows.iter().map(|(from, to)| (from.as_str(), to.as_str())));
    assert_eq!(none, Vec::<String>::new());
    let on_the_map: BTreeSet<_> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let strangers: Vec<_> = ours.iter().filter(|name| *name != "hilo" && !on_the_map.contains(*name)).collect();
    assert!(strangers.is_empty(), "not on the map: {strangers:?}");
}

#[test]
fn a_wrong_arrow_is_seen() {
    assert_eq!(wrong([("hilo-store", "hilo-gateway")]), ["hilo-store must not know hilo-gateway"]);
    assert_eq!(wrong([("hilo-workflows", "hilo-store")]), ["hilo-workflows must not know hilo-store"]);
    assert!(wrong([("hilo-gateway", "hilo-store"), ("hilo", "hilo-gateway")]).is_empty());
}

#[test]
fn each_job_has_one_crate_that_speaks_to_its_package() {
    for package in &metadata().packages {
        for dependency in &package.dependencies {
            let Some((_, may)) = ALONE.iter().find(|(name, _)| *name == dependency.name) else { continue };
            let is_test = dependency.kind == DependencyKind::Development && dependency.name != "sqlx";
            let name = package.name.as_str();
            assert!(is_test || may.contains(&name), "{name} must not use {} itself", dependency.name);
        }
    }
}

#[test]
fn versions_stand_in_one_table() {
    for package in &metadata().packages {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        let table = manifest.split("[workspace.dependencies]").next().unwrap();
        let own = if package.name == "hilo" { manifest.rsplit("[package]").next().unwrap() } else { table };
        for line in own.lines().filter(|line| !line.trim_start().starts_with('#')) {
            let pinned = line.contains("version = \"") && !line.contains("package = ") && !line.starts_with("version");
            assert!(!pinned, "{}: `{line}` belongs into the workspace's table", package.name);
        }
    }
}

#[test]
fn what_is_for_the_operator_is_not_shown_to_the_world() {
    let file = |name: &str| std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let proxy = file("docker/Caddyfile");
    let hidden = proxy.lines().find_map(|line| line.trim().strip_prefix("@operator path ")).unwrap();
    for path in ["/metrics", "/readyz"] {
        assert!(hidden.split(' ').any(|word| word == path), "the proxy shows {path} to everybody");
    }
    assert!(proxy.lines().any(|line| line.trim() == "respond @operator 404"), "what is matched is not answered");

    // Beside the proxy, only what this machine alone can reach is published.
    let compose = file("docker-compose.yml");
    let published: Vec<_> = compose.lines().filter_map(|line| line.trim().strip_prefix("ports: ")).collect();
    assert_eq!(published, [r#"["80:80", "443:443", "443:443/udp"]"#, r#"["127.0.0.1:8233:8080"]"#]);
}
