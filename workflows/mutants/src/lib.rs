//! The conversation's workflow, spoiled in one place each (see `build.rs`). A replay of recorded histories that does not
//! notice one of them proves nothing.

#[path = "../../src/call.rs"]
mod call;

pub(crate) use hilo_workflows::{Lenient, activities};

/// Calls a macro with the names of all mutants.
#[macro_export]
macro_rules! each_mutant {
    ($each:ident) => {
        $each! {
            no_alarm turn_as_regular_activity perform_as_regular_activity no_boundary turn_twice perform_always
            perform_never deliver_what_was_sent alarm_armed_anew continues_early an_extra_pause
        }
    };
}

macro_rules! mutants {
    ($($name:ident)+) => {$(
        #[allow(missing_docs, dead_code, unused_imports, clippy::all, clippy::pedantic, clippy::nursery, reason = "it is spoiled on purpose")]
        #[doc = "A mutant; see `build.rs`."]
        pub mod $name {
            include!(concat!(env!("OUT_DIR"), "/", stringify!($name), ".rs"));
        }
    )+};
}
each_mutant!(mutants);
