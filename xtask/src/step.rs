//! One line on the screen for each thing done, with how long it took.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::Instant;

/// Does something and says so: `✓ what  1.2 s`, or `✗ what` when it failed.
///
/// # Errors
/// Those of what is done.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let terminal = stderr().is_terminal();
    if terminal {
        eprint!("  … {what}\r");
        let _ = stderr().flush();
    }
    let begun = Instant::now();
    let outcome = work();
    let clear = if terminal { "\x1b[K" } else { "" };
    match &outcome {
        Ok(_) => eprintln!("{clear}  ✓ {what:<44} {:>6.1} s", begun.elapsed().as_secs_f32()),
        Err(_) => eprintln!("{clear}  ✗ {what:<44} {:>6.1} s", begun.elapsed().as_secs_f32()),
    }
    outcome
}

/// Says something that is no step.
pub(crate) fn note(text: &str) {
    eprintln!("    {text}");
}
