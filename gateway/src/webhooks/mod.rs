//! What providers deliver.

mod aside;
pub(crate) mod meta;
