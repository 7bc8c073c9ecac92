//! What the web is made of, fetched as its lock file says and built when something changed.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::inputs::{fingerprint, sources};
use crate::process;
use crate::project::Project;
use crate::step::step;

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Whether there is a web to build.
pub(crate) fn exists(project: &Project) -> bool {
    project.path("web/package-lock.json").exists()
}

/// Whether any of its tests needs a browser.
///
/// # Errors
/// When its manifest cannot be read.
pub(crate) fn has_browser_tests(project: &Project) -> anyhow::Result<bool> {
    Ok(scripts(project)?.iter().any(|name| name == "e2e"))
}

/// The names of the scripts in its manifest.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn scripts(project: &Project) -> anyhow::Result<Vec<String>> {
    let text = match fs::read(project.path("web/package.json")) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).context("failed to read web/package.json"),
    };
    let manifest: Value = serde_json::from_slice(&text).context("failed to read web/package.json")?;
    let scripts = manifest.get("scripts").and_then(Value::as_object);
    Ok(scripts.into_iter().flat_map(|scripts| scripts.keys().cloned()).collect())
}

/// npm in `web/`.
pub(crate) fn npm(project: &Project, args: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(args).current_dir(project.path("web")).env("CI", "1");
    command
}

/// Fetches its packages and builds it, each only when its inputs have changed.
///
/// # Errors
/// When npm fails.
pub(crate) fn prepare(project: &Project, logs: &Path) -> anyhow::Result<()> {
    let web = project.path("web");
    let stamps = project.path(".hilo/stamps");
    when_changed(
        &stamps.join("packages"),
        &web.join("node_modules"),
        &fingerprint(&[web.join("package-lock.json")])?,
        || {
            step("web: packages", || {
                let install = npm(project, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
                process::quiet(install, LIMIT, &logs.join("npm.log"))
            })
        },
    )?;
    if scripts(project)?.iter().any(|name| name == "build") {
        when_changed(&stamps.join("build"), &web.join("dist"), &fingerprint(&sources(&web)?)?, || {
            step("web: build", || process::quiet(npm(project, &["run", "build"]), LIMIT, &logs.join("web.log")))
        })?;
    }
    Ok(())
}

/// Makes something unless it is there and was made of the same inputs, as the stamp remembers.
fn when_changed(
    stamp: &Path,
    made: &Path,
    inputs: &str,
    work: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if made.exists() && fs::read_to_string(stamp).is_ok_and(|done| done == inputs) {
        return Ok(());
    }
    work()?;
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder).context("failed to make a folder")?;
    }
    fs::write(stamp, inputs).context("failed to write down what was done")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_inputs_are_worked_on_once_and_a_failure_or_a_loss_again() {
        let folder = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        let (stamp, made) = (folder.join("stamps/build"), folder.join("dist"));
        let mut runs = 0;
        assert!(when_changed(&stamp, &made, "one", || anyhow::bail!("no")).is_err());
        let mut make = |inputs| {
            when_changed(&stamp, &made, inputs, || {
                runs += 1;
                Ok(fs::create_dir_all(&made)?)
            })
            .unwrap();
        };
        make("one");
        make("one");
        make("two");
        fs::remove_dir_all(&made).unwrap();
        make("two");
        assert_eq!(runs, 3);
        fs::remove_dir_all(folder).unwrap();
    }
}
