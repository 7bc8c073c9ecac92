//! One counter of operations for an expression and everything that it calls.
//!
//! The engine is shared between threads and its callbacks see nothing but themselves, so the counter stands in the
//! thread for the time of one evaluation. It is set before and read after: nothing of it outlives the call.

use std::cell::Cell;

use rhai::{Dynamic, EvalAltResult, Position};

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(0) };
}

/// What an exhausted budget throws from inside a function.
const TOKEN: &str = "budget exhausted";

/// Runs `work` with a budget; gives also what was spent.
pub(super) fn within<T>(allowed: u64, work: impl FnOnce() -> T) -> (T, u64) {
    let outer = LEFT.replace(allowed);
    let result = work();
    let left = LEFT.replace(outer);
    (result, allowed - left.min(allowed))
}

/// Takes operations from the budget.
pub(super) fn spend(operations: u64) -> Result<(), Box<EvalAltResult>> {
    match LEFT.get().checked_sub(operations) {
        Some(left) => {
            LEFT.set(left);
            Ok(())
        }
        None => {
            LEFT.set(0);
            Err(Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(TOKEN), Position::NONE)))
        }
    }
}

/// Whether a thrown value is the exhausted budget.
pub(super) fn is_token(value: &Dynamic) -> bool {
    value.read_lock::<rhai::ImmutableString>().is_some_and(|text| text.as_str() == TOKEN)
        || value.read_lock::<&str>().is_some_and(|text| *text == TOKEN)
}
