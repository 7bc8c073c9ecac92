//! Points at which a test lets what is done end as a kill would end it: nothing after the point happens.

use std::sync::atomic::{AtomicUsize, Ordering};

#[doc(hidden)]
pub use fail::fail_point;

static DEATHS: AtomicUsize = AtomicUsize::new(0);

/// What is returned at such a point.
#[doc(hidden)]
pub fn death<T>() -> crate::Result<T> {
    DEATHS.fetch_add(1, Ordering::SeqCst);
    Err(crate::Error::ReadOnly)
}

/// How often this process has "died" so far.
#[must_use]
pub fn deaths() -> usize {
    DEATHS.load(Ordering::SeqCst)
}

/// A point of a function that returns [`Result`](crate::Result), named `what.happened_last`. Without the feature
/// `failpoints` of `fail`, which only tests ask for, it is nothing.
#[macro_export]
macro_rules! may_die {
    ($name:literal) => {
        $crate::death::fail_point!($name, |_| $crate::death::death());
    };
}
