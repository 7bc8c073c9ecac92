//! Makes a bare machine able to run Hilo: the system's packages, Temporal's servers, what the web is made of.
//!
//! Nothing is done twice: each part looks first whether it is needed. What cannot be installed is said in one sentence
//! that says how.

mod system;
mod temporal;
pub(crate) mod web;

use crate::project::Project;
use crate::servers::private_folder;
use crate::step::step;

/// For what the machine is prepared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// To run Hilo.
    ToRun,
    /// To test it too, in a browser.
    Everything,
}

/// Installs what is missing.
///
/// # Errors
/// When something is missing that cannot be installed.
pub(crate) fn run(project: &Project, wanted: Wanted) -> anyhow::Result<()> {
    let logs = project.path(".hilo/log");
    private_folder(&logs)?;
    let web = web::exists(project);
    let needs = system::Needs {
        pip: temporal::missing(project),
        node: web,
        browser: wanted == Wanted::Everything && web::has_browser_tests(project)?,
    };
    system::install(&needs, &logs)?;
    step("Temporal's servers", || temporal::install(project, &logs))?;
    if web {
        web::prepare(project, &logs)?;
    }
    Ok(())
}
