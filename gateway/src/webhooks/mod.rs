//! What providers deliver.

pub(crate) mod meta;
