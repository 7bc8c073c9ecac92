//! Files that are made from others and committed: what PostgreSQL says about every query of `hilo-store`, and the OpenAPI
//! document that the screens' types come from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::inputs;
use crate::process;
use crate::project::Project;
use crate::rig::Rig;

/// Where the data about queries is committed.
const QUERIES: &str = "crates/store/.sqlx";
/// Where the OpenAPI document is committed.
const DOCUMENT: &str = "web/src/api/openapi.json";
/// The database in which the queries are described; nobody's data is near it.
const DATABASE: &str = "hilo_gen";
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Makes the files anew, or with `check` only compares them.
///
/// # Errors
/// When the schema or a query is wrong, or, with `check`, when the files are out of date.
pub(crate) fn run(project: &Project, rig: &Rig, check: bool) -> anyhow::Result<()> {
    let stamp = project.target().join("gen/current");
    let inputs = made_from(project)?;
    if check && fs::read_to_string(&stamp).is_ok_and(|current| current == inputs) {
        return Ok(());
    }
    let made = describe(project, rig)?;
    let committed = read(&project.path(QUERIES))?;
    if !check {
        write(&project.path(QUERIES), &committed, &made)?;
    }
    let document = openapi(project)?;
    if check {
        let difference = difference(&committed, &made);
        if !difference.is_empty() {
            bail!("{QUERIES} is out of date ({difference}): run `cargo xtask gen` and commit it");
        }
        if fs::read_to_string(project.path(DOCUMENT)).ok().as_ref() != Some(&document) {
            bail!("{DOCUMENT} is out of date: run `cargo xtask gen` and commit it");
        }
        return fs::write(&stamp, inputs).context("failed to remember that the generated files are current");
    }
    fs::write(project.path(DOCUMENT), document).with_context(|| format!("failed to write {DOCUMENT}"))
}

/// What the binary says about its interface.
fn openapi(project: &Project) -> anyhow::Result<String> {
    let mut command = project.cargo(&["run", "--quiet", "--bin", "hilo", "--", "openapi"]);
    let output = command.output().context("failed to run `hilo openapi`")?;
    if !output.status.success() {
        bail!("`hilo openapi` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).context("`hilo openapi` printed no text")
}

/// A digest of everything that decides what the files hold, and of the files.
fn made_from(project: &Project) -> anyhow::Result<String> {
    let mut files = inputs::sources(&project.path("crates/store"))?;
    files.extend(migrations(&project.path("migrations"))?);
    for folder in ["gateway", "crates/domain"] {
        files.extend(inputs::sources(&project.path(folder))?);
    }
    files.push(project.path(DOCUMENT));
    files.push(project.path("Cargo.lock"));
    inputs::fingerprint(&files)
}

fn write(folder: &Path, committed: &Files, made: &Files) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("failed to make {QUERIES}"))?;
    for name in committed.keys().filter(|name| !made.contains_key(*name)) {
        fs::remove_file(folder.join(name)).with_context(|| format!("failed to remove {name}"))?;
    }
    for (name, (_, text)) in made {
        fs::write(folder.join(name), text).with_context(|| format!("failed to write {name}"))?;
    }
    Ok(())
}

/// A file's name, with its content as a value and as text.
type Files = BTreeMap<String, (Value, String)>;

/// Compiles the crate against a database with today's schema; the macros write down what they learn.
fn describe(project: &Project, rig: &Rig) -> anyhow::Result<Files> {
    let (server, _) = rig.database_url().rsplit_once('/').context("a database URL ends in a name")?;
    let url = format!("{server}/{DATABASE}");
    let log = rig.folder("gen")?.join("schema.log");
    for statement in [format!("DROP DATABASE IF EXISTS {DATABASE}"), format!("CREATE DATABASE {DATABASE}")] {
        let mut psql = rig.psql(rig.database_url());
        psql.args(["--command", &statement]);
        process::quiet(psql, LIMIT, &log)?;
    }
    for migration in migrations(&project.path("migrations"))? {
        let mut psql = rig.psql(&url);
        psql.arg("--file").arg(&migration);
        if !fs::read_to_string(&migration)?.starts_with("-- no-transaction") {
            psql.arg("--single-transaction");
        }
        process::quiet(psql, LIMIT, &log).with_context(|| format!("failed to apply {}", migration.display()))?;
    }

    let output = rig.folder("gen/queries")?;
    // Of its own, so that forgetting the crate here costs no other build anything.
    let target = project.target().join("gen");
    let cargo = |args: &[&str]| -> Command {
        let mut command = project.cargo(args);
        command.args(["--quiet", "--package", "hilo-store", "--target-dir"]).arg(&target);
        command.env("SQLX_OFFLINE", "false").env("DATABASE_URL", &url).env("SQLX_OFFLINE_DIR", &output);
        command
    };
    if !process::show(cargo(&["clean"]), LIMIT)? {
        bail!("`cargo clean` failed");
    }
    if !process::show(cargo(&["check", "--all-targets", "--all-features"]), LIMIT)? {
        bail!("hilo-store does not compile against the schema in migrations/");
    }
    read(&output)
}

/// The migrations in the order in which they are applied.
fn migrations(folder: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("failed to read {}", folder.display()))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    Ok(files)
}

fn read(folder: &Path) -> anyhow::Result<Files> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Files::new()) };
    let mut files = Files::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
            let value = serde_json::from_str(&text).with_context(|| format!("failed to read {}", path.display()))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, (value, text));
        }
    }
    Ok(files)
}

/// What is wrong with the committed files, in words; empty when nothing is. How a value is written does not matter.
fn difference(committed: &Files, made: &Files) -> String {
    let missing = made.keys().filter(|name| !committed.contains_key(*name)).count();
    let stale = committed.keys().filter(|name| !made.contains_key(*name)).count();
    let changed = made.iter().filter(|(name, (value, _))| committed.get(*name).is_some_and(|(old, _)| old != value));
    let counts = [(missing, "missing"), (stale, "no longer used"), (changed.count(), "changed")];
    let words: Vec<_> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Files {
        let file = |(name, text): &(&str, &str)| {
            ((*name).to_owned(), (serde_json::from_str(text).unwrap(), (*text).to_owned()))
        };
        list.iter().map(file).collect()
    }

    #[test]
    fn a_query_that_is_missing_stale_or_changed_is_noticed() {
        let committed = files(&[("a", "1"), ("b", "2"), ("c", "{ \"x\": 3 }")]);
        assert_eq!(difference(&committed, &files(&[("a", "1"), ("b", "2"), ("c", "{\"x\":3}")])), "");
        assert_eq!(
            difference(&committed, &files(&[("b", "5"), ("c", "{\"x\":3}"), ("d", "4")])),
            "1 missing, 1 no longer used, 1 changed"
        );
    }

    #[test]
    fn migrations_are_applied_by_name() {
        let folder = std::env::temp_dir().join(format!("xtask-migrations-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in ["3_c.sql", "1_a.sql", "README.md", "2_b.sql"] {
            fs::write(folder.join(name), "").unwrap();
        }
        let found = migrations(&folder).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["1_a.sql", "2_b.sql", "3_c.sql"]);
        fs::remove_dir_all(folder).unwrap();
    }
}
