//! Every check and every test there is, on real servers; what fails does not keep the rest from running.

use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::bail;

use crate::generate;
use crate::measure;
use crate::process;
use crate::project::Project;
use crate::rig::Rig;
use crate::servers::{Durability, tools};
use crate::setup::{self, Wanted, web};
use crate::step::{note, step};
use crate::summary::Count;

/// A check that takes longer hangs.
const CHECK: Duration = Duration::from_secs(40 * 60);
/// All tests together; the long figures take hours.
const TESTS: Duration = Duration::from_secs(60 * 60);
const LONG_TESTS: Duration = Duration::from_secs(6 * 60 * 60);

/// Runs everything and prints the sum as the last line.
///
/// # Errors
/// When this machine cannot be prepared, or the servers do not start.
pub(crate) fn run(project: &Project, long: bool) -> anyhow::Result<ExitCode> {
    setup::run(project, Wanted::Everything)?;
    let mut total = Count::default();
    {
        let rig = step("servers", || Rig::start(project, "test", Durability::Scratch))?;
        let mut session = Session { project, rig: &rig, long, total: &mut total };
        session.checks();
        session.web()?;
        session.tests();
    }
    println!("{total}");
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Session<'run> {
    project: &'run Project,
    rig: &'run Rig,
    long: bool,
    total: &'run mut Count,
}

impl Session<'_> {
    fn checks(&mut self) {
        let project = self.project;
        self.check("formatting", || shown(project.cargo(&["fmt", "--all", "--check"])));
        self.check("clippy", || {
            shown(project.cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))
        });
        let rig = self.rig;
        self.check("generated files", || generate::run(project, rig, true));
        // A tool that a machine may lack; who depends on whom is a test of its own.
        if tools::on_path("cargo-deny").is_some() {
            self.check("licences and bans", || shown(project.cargo(&["deny", "check", "bans", "licenses", "sources"])));
        }
    }

    fn web(&mut self) -> anyhow::Result<()> {
        let scripts = web::scripts(self.project)?;
        for script in ["lint", "typecheck"] {
            if scripts.iter().any(|name| name == script) {
                self.check(&format!("web: {script}"), || shown(web::npm(self.project, &["run", script])));
            }
        }
        if scripts.iter().any(|name| name == "test") {
            self.suite("web: test", web::npm(self.project, &["run", "test"]));
        }
        if scripts.iter().any(|name| name == "e2e") {
            match measure::build(self.project, false) {
                Ok(binary) => {
                    let mut command = web::npm(self.project, &["run", "e2e"]);
                    command.env("HILO_BIN", binary);
                    self.suite("web: e2e", command);
                }
                Err(_) => *self.total += Count::one(false),
            }
        }
        Ok(())
    }

    fn tests(&mut self) {
        if tools::on_path("cargo-nextest").is_some() {
            let profile = if self.long { "long" } else { "default" };
            let args = ["nextest", "run", "--workspace", "--no-fail-fast", "--profile", profile];
            self.suite("tests", self.project.cargo(&args));
        } else {
            self.suite(
                "tests",
                self.project.cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]),
            );
        }
        self.suite(
            "examples in documentation",
            self.project.cargo(&["test", "--workspace", "--doc", "--no-fail-fast"]),
        );
    }

    /// One thing that passes or fails as a whole.
    fn check(&mut self, what: &str, work: impl FnOnce() -> anyhow::Result<()>) {
        let outcome = step(what, work);
        if let Err(error) = &outcome {
            note(&format!("{error:#}"));
        }
        *self.total += Count::one(outcome.is_ok());
    }

    /// A runner that says itself how many passed; one that fails without saying so is a failure too.
    fn suite(&mut self, what: &str, mut command: Command) {
        self.rig.equip(&mut command);
        if self.long {
            // Read by `tests/kill`, the one test that has long figures.
            command.env("HILO_LONG", "1");
        }
        let limit = if self.long { LONG_TESTS } else { TESTS };
        let mut sum = Count::default();
        let outcome = step(what, || {
            let passed = process::read(command, limit, |line| {
                if let Some(count) = Count::of_line(line) {
                    sum += count;
                }
            })?;
            if passed { Ok(()) } else { bail!("{what} failed") }
        });
        if let Err(error) = &outcome
            && sum.failed == 0
        {
            note(&format!("{error:#}"));
            sum.failed = 1;
        }
        *self.total += sum;
    }
}

fn shown(command: Command) -> anyhow::Result<()> {
    if process::show(command, CHECK)? { Ok(()) } else { bail!("see above") }
}
