//! Rates: a token bucket for each number, and one for each pair of a number and a customer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

/// The buckets in use.
#[derive(Default)]
pub(crate) struct Limiter(Mutex<HashMap<String, Bucket>>);

struct Bucket {
    tokens: f64,
    at: DateTime<Utc>,
}

impl Limiter {
    /// Takes a token from the bucket `key`, which holds `burst` and gains `per_second`; false if it is empty.
    pub(crate) fn take(&self, key: &str, burst: f64, per_second: f64, now: DateTime<Utc>) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.contains_key(key) {
            buckets.insert(key.to_owned(), Bucket { tokens: burst, at: now });
        }
        let Some(bucket) = buckets.get_mut(key) else { return true };
        let seconds = (now - bucket.at).to_std().unwrap_or_default().as_secs_f64();
        bucket.tokens = (bucket.tokens + seconds * per_second).min(burst);
        bucket.at = now;
        let enough = bucket.tokens >= 1.0;
        if enough {
            bucket.tokens -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_burst_is_borrowed_from_the_time_that_follows() {
        let (limiter, start) = (Limiter::default(), DateTime::UNIX_EPOCH);
        let accepted = (0..60).filter(|_| limiter.take("pair", 45.0, 1.0 / 6.0, start)).count();
        assert_eq!(accepted, 45);
        assert!(!limiter.take("pair", 45.0, 1.0 / 6.0, start + TimeDelta::seconds(5)));
        assert!(limiter.take("pair", 45.0, 1.0 / 6.0, start + TimeDelta::seconds(7)));
        assert!(limiter.take("other", 45.0, 1.0 / 6.0, start));
    }
}
