//! The simulator's time. Everything that waits (receipts, retries, delayed answers, expiries) asks a [`Clock`], so a test
//! moves the hands instead of sleeping.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{Notify, oneshot};

/// Where the simulator takes the time from.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> DateTime<Utc>;

    /// Resolves once `duration` has passed; at once if it is zero.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is handed")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if duration.is_zero() { std::future::ready(()).boxed() } else { tokio::time::sleep(duration).boxed() }
    }
}

/// A clock that stands still until a test moves it.
#[derive(Clone, Debug)]
pub struct ManualClock {
    hands: Arc<Hands>,
}

#[derive(Debug)]
struct Hands {
    dial: Mutex<Dial>,
    armed: Notify,
}

#[derive(Debug)]
struct Dial {
    now: DateTime<Utc>,
    armed: u64,
    sleepers: BTreeMap<(DateTime<Utc>, u64), oneshot::Sender<()>>,
}

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        let dial = Mutex::new(Dial { now, armed: 0, sleepers: BTreeMap::new() });
        Self { hands: Arc::new(Hands { dial, armed: Notify::new() }) }
    }

    /// Moves the hands forward and wakes who waited for it.
    pub fn advance(&self, duration: Duration) {
        let mut dial = self.hands.dial.lock().unwrap_or_else(PoisonError::into_inner);
        dial.now += duration;
        let now = dial.now;
        let later = dial.sleepers.split_off(&(now, u64::MAX));
        for (_, sleeper) in std::mem::replace(&mut dial.sleepers, later) {
            let _ = sleeper.send(());
        }
    }

    /// Waits until somebody sleeps, moves the hands to the first of them and wakes it; says how far the hands moved.
    pub async fn advance_to_next(&self) -> Duration {
        loop {
            let armed = self.hands.armed.notified();
            if let Some(step) = self.next_step() {
                self.advance(step);
                return step;
            }
            armed.await;
        }
    }

    fn next_step(&self) -> Option<Duration> {
        let mut dial = self.hands.dial.lock().unwrap_or_else(PoisonError::into_inner);
        dial.sleepers.retain(|_, sleeper| !sleeper.is_closed());
        let ((due, _), _) = dial.sleepers.first_key_value()?;
        Some((*due - dial.now).to_std().unwrap_or_default())
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        self.hands.dial.lock().unwrap_or_else(PoisonError::into_inner).now
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if duration.is_zero() {
            return std::future::ready(()).boxed();
        }
        let (waker, woken) = oneshot::channel();
        {
            let mut dial = self.hands.dial.lock().unwrap_or_else(PoisonError::into_inner);
            dial.armed += 1;
            let key = (dial.now + duration, dial.armed);
            dial.sleepers.insert(key, waker);
        }
        self.hands.armed.notify_one();
        woken.map(drop).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleepers_wake_in_the_order_of_their_moments() {
        let clock = ManualClock::new(DateTime::UNIX_EPOCH);
        let (late, soon) = (clock.sleep(Duration::from_secs(9)), clock.sleep(Duration::from_secs(2)));
        assert_eq!(clock.advance_to_next().await, Duration::from_secs(2));
        soon.await;
        assert_eq!(clock.advance_to_next().await, Duration::from_secs(7));
        late.await;
        assert_eq!(clock.now().timestamp(), 9);
    }
}
