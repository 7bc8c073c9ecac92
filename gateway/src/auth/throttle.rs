//! Failed log-ins cost time: per account and address, and per address. In this process alone, and bounded.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// So many failures of one account from one address are free.
const FREE: u32 = 5;
/// So many failures of one address, whatever the account.
const FREE_ADDRESS: u32 = 50;
/// What is older than this is forgotten.
const MEMORY: TimeDelta = TimeDelta::minutes(15);
/// So many keys are remembered; beyond it the oldest go.
const KEPT: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(String, Option<IpAddr>),
    Address(Option<IpAddr>),
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: DateTime<Utc>,
}

/// Who failed to log in, and how often.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<Key, Failures>>);

impl Throttle {
    /// For how many seconds this account may not be tried from this address.
    pub(crate) fn wait(&self, email: &str, ip: Option<IpAddr>, now: DateTime<Utc>) -> Option<u32> {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |key: &Key, free: u32| map.get(key).and_then(|failures| failures.wait(free, now));
        of(&Key::Account(email.to_owned(), ip), FREE).max(of(&Key::Address(ip), FREE_ADDRESS))
    }

    /// A log-in has failed.
    pub(crate) fn failed(&self, email: &str, ip: Option<IpAddr>, now: DateTime<Utc>) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() + 2 > KEPT {
            map.retain(|_, failures| now - failures.last < MEMORY);
            if map.len() + 2 > KEPT {
                let mut lasts: Vec<_> = map.values().map(|failures| failures.last).collect();
                lasts.sort_unstable();
                let middle = lasts.get(lasts.len() / 2).copied().unwrap_or(now);
                map.retain(|_, failures| failures.last > middle);
            }
        }
        for key in [Key::Account(email.to_owned(), ip), Key::Address(ip)] {
            let failures = map.entry(key).or_insert(Failures { count: 0, last: now });
            if now - failures.last >= MEMORY {
                failures.count = 0;
            }
            *failures = Failures { count: failures.count.saturating_add(1), last: now };
        }
    }

    /// Somebody has logged in: their account is free again.
    pub(crate) fn succeeded(&self, email: &str, ip: Option<IpAddr>) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.remove(&Key::Account(email.to_owned(), ip));
    }
}

impl Failures {
    /// After the free ones 5 s, then twice as long each time, 5 minutes at most.
    fn wait(&self, free: u32, now: DateTime<Utc>) -> Option<u32> {
        let beyond = self.count.checked_sub(free)?;
        let pause = TimeDelta::seconds(5_i64.saturating_mul(1 << beyond.min(6)).min(300));
        let left = (self.last + pause - now).num_milliseconds();
        (left > 0).then(|| u32::try_from((left + 999) / 1000).unwrap_or(300))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
    }

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    #[test]
    fn after_five_failures_each_more_costs_twice_as_much() {
        let throttle = Throttle::default();
        for _ in 0..4 {
            throttle.failed("ana@x", HERE, at(0));
        }
        assert_eq!(throttle.wait("ana@x", HERE, at(0)), None);
        throttle.failed("ana@x", HERE, at(0));
        assert_eq!(throttle.wait("ana@x", HERE, at(0)), Some(5));
        assert_eq!(throttle.wait("ana@x", None, at(0)), None, "another address");
        assert_eq!(throttle.wait("luis@x", HERE, at(0)), None, "another account");
        assert_eq!(throttle.wait("ana@x", HERE, at(5)), None);
        throttle.failed("ana@x", HERE, at(5));
        assert_eq!(throttle.wait("ana@x", HERE, at(5)), Some(10));
        throttle.succeeded("ana@x", HERE);
        assert_eq!(throttle.wait("ana@x", HERE, at(5)), None);
    }

    #[test]
    fn an_address_that_tries_many_accounts_waits_too() {
        let throttle = Throttle::default();
        for n in 0..50 {
            throttle.failed(&format!("{n}@x"), HERE, at(0));
        }
        assert!(throttle.wait("ana@x", HERE, at(0)).is_some());
        assert_eq!(throttle.wait("ana@x", HERE, at(400)), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let throttle = Throttle::default();
        for n in 0..25_000 {
            throttle.failed(&format!("{n}@x"), None, at(n / 100));
        }
        assert!(throttle.0.lock().unwrap().len() <= KEPT);
    }
}
