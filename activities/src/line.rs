//! One number's way out: how many calls at once, how fast it answers, and until when it has to be left alone.
//!
//! Each number has its own, so that one that is slow or refused holds up nobody else's. What is kept here belongs to
//! the process; losing it costs a few calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hilo_domain::id::NumberId;
use hilo_store::numbers;
use hilo_store::seal::Keyring;
use hilo_store::{Pool, Result};
use hilo_whatsapp::meta::client::Credentials;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Calls of one number at once.
const AT_ONCE: usize = 32;
/// A number whose calls take longer, on average, is left to activities: it must not hold workflow tasks.
const SLOW: Duration = Duration::from_millis(700);
/// After so long a slow number is asked again at once.
const SLOW_FOR: Duration = Duration::from_secs(10);
/// Weight of the newest call in the average, in percent.
const NEWEST: u32 = 20;
/// The first pause of a number that WhatsApp throttles; doubled while it goes on.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Credentials are read anew after so long.
const FRESH: Duration = Duration::from_secs(5);

/// A number's way out.
pub(crate) struct Line {
    permits: Arc<Semaphore>,
    pace: Mutex<Pace>,
}

#[derive(Default)]
struct Pace {
    average: Duration,
    measured: Option<Instant>,
    paused_until: Option<Instant>,
    pauses: u32,
}

/// Why a call has to wait.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    /// So long, because WhatsApp said so or does not know our token.
    Paused(Duration),
    /// It answers slowly.
    Slow,
    /// Too many calls are under way.
    Full,
}

impl Line {
    fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)), pace: Mutex::default() }
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// May a call be made now? `patient` callers take a slow line, and wait for a permit.
    pub(crate) async fn enter(&self, patient: bool) -> Result<OwnedSemaphorePermit, Busy> {
        let now = Instant::now();
        {
            let pace = self.pace();
            if let Some(left) = pace.paused_until.and_then(|until| until.checked_duration_since(now))
                && !left.is_zero()
            {
                return Err(Busy::Paused(left));
            }
            let recent = pace.measured.is_some_and(|at| now - at < SLOW_FOR);
            if !patient && recent && pace.average > SLOW {
                return Err(Busy::Slow);
            }
        }
        if patient {
            return Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Busy::Full);
        }
        Arc::clone(&self.permits).try_acquire_owned().map_err(|_| Busy::Full)
    }

    /// A call took so long.
    pub(crate) fn took(&self, duration: Duration) {
        let mut pace = self.pace();
        pace.average =
            if pace.measured.is_some() { (pace.average * (100 - NEWEST) + duration * NEWEST) / 100 } else { duration };
        pace.measured = Some(Instant::now());
    }

    /// WhatsApp has taken something: the throttle is over.
    pub(crate) fn flows(&self) {
        self.pace().pauses = 0;
    }

    /// WhatsApp throttles the number: it is left alone, longer each time; `least` is what WhatsApp asks for.
    pub(crate) fn pause(&self, least: Option<Duration>) -> Duration {
        let mut pace = self.pace();
        let now = Instant::now();
        // Calls that were under way when the pause began are part of the same throttling.
        if let Some(left) = pace.paused_until.and_then(|until| until.checked_duration_since(now))
            && !left.is_zero()
        {
            return left;
        }
        let own = FIRST_PAUSE.saturating_mul(1 << pace.pauses.min(6)).min(LONGEST_PAUSE);
        let pause = own.max(least.unwrap_or_default());
        pace.pauses += 1;
        pace.paused_until = Some(now + pause);
        pause
    }
}

/// A number, ready to call.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) line: Arc<Line>,
    /// None for a number that is switched off, or has no token.
    pub(crate) credentials: Option<Credentials>,
}

/// All numbers' ways out.
pub(crate) struct Lines {
    pool: Pool,
    ring: Keyring,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    read: Option<Instant>,
    credentials: HashMap<NumberId, Credentials>,
    lines: HashMap<NumberId, Arc<Line>>,
}

impl Lines {
    pub(crate) fn new(pool: Pool, ring: Keyring) -> Self {
        Self { pool, ring, known: Mutex::default() }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number's way out, with credentials that are five seconds old at most.
    pub(crate) async fn of(&self, number: NumberId) -> Result<Caller> {
        if self.known().read.is_none_or(|at| at.elapsed() > FRESH) {
            let all = numbers::enabled(&self.pool, &self.ring).await?;
            let mut known = self.known();
            known.credentials = all
                .into_iter()
                .filter_map(|n| {
                    let (phone_number_id, access_token) = n.phone_number_id.zip(n.access_token)?;
                    Some((n.id, Credentials { phone_number_id, access_token }))
                })
                .collect();
            known.read = Some(Instant::now());
        }
        let mut known = self.known();
        let line = known.lines.entry(number).or_insert_with(|| Arc::new(Line::new())).clone();
        Ok(Caller { line, credentials: known.credentials.get(&number).cloned() })
    }
}

#[cfg(test)]
pub(crate) fn test_line() -> Line {
    Line::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_throttled_number_is_left_alone_longer_each_time_and_then_forgiven() {
        let line = Line::new();
        assert_eq!(line.pause(None), Duration::from_secs(1));
        assert!(line.pause(None) <= Duration::from_secs(1), "the same throttling is one pause");
        assert!(matches!(line.enter(true).await, Err(Busy::Paused(_))));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(line.enter(true).await.is_ok());
        assert_eq!(line.pause(None), Duration::from_secs(2));
        tokio::time::advance(Duration::from_secs(2)).await;
        line.flows();
        assert_eq!(line.pause(Some(Duration::from_secs(9))), Duration::from_secs(9), "what WhatsApp asks for counts");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_number_is_left_to_the_patient_until_it_is_asked_again() {
        let line = Line::new();
        line.took(Duration::from_secs(2));
        assert_eq!(line.enter(false).await.err(), Some(Busy::Slow));
        assert!(line.enter(true).await.is_ok());
        tokio::time::advance(SLOW_FOR).await;
        assert!(line.enter(false).await.is_ok());
        for _ in 0..20 {
            line.took(Duration::from_millis(30));
        }
        assert!(line.enter(false).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_calls_at_once() {
        let line = Line::new();
        let mut held = Vec::new();
        for _ in 0..AT_ONCE {
            held.push(line.enter(false).await.unwrap());
        }
        assert_eq!(line.enter(false).await.err(), Some(Busy::Full));
        held.pop();
        assert!(line.enter(false).await.is_ok());
    }
}
