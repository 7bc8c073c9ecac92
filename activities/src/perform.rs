//! Sending what is prepared, and nothing else (`turns.md` 13–18).
//!
//! A call that has begun is never cut short: it goes on by itself and records what came of it, while whoever waits for
//! it may stop waiting. So a slow provider neither holds a workflow's task nor leaves a send uncertain.

use std::sync::Arc;
use std::time::Duration;

use hilo_domain::id::ConversationId;
use hilo_store::sends::{self, Claimed, Next, Outcome, Recorded};
use hilo_store::{Error, Result, may_die};
use hilo_whatsapp::meta::client::SendOutcome;
use hilo_whatsapp::meta::error::{GraphFailure, Retry, Scope, pair_delay};
use hilo_whatsapp::meta::request::{self, Extras, Recipient};
use hilo_workflows::activities::{PerformIn, PerformOut, Timers};
use serde_json::json;
use tokio::time::Instant;

use crate::line::{Busy, Caller, Line};
use crate::world::World;

/// A workflow's task waits so long for a call.
const AT_ONCE: Duration = Duration::from_millis(1500);
/// Beyond the provider's time-out a send is held for so long.
const GRACE: Duration = Duration::from_secs(5);
/// An error that may be tried a few times is.
const FEW: i32 = 8;
/// How long a number whose token is refused is left alone before it is tried again.
const NO_TOKEN: Duration = Duration::from_secs(60);
/// How long a limit that lasts is waited for.
const LONG: Duration = Duration::from_secs(600);

/// What came of performing.
pub(crate) struct Performed {
    pub(crate) out: PerformOut,
    /// How long what waits has to wait.
    pub(crate) wait: Duration,
}

/// Sends until nothing is open, or the lowest open send has to wait. `patient` callers wait for slow calls.
///
/// # Errors
/// When Postgres is away.
pub(crate) async fn perform(world: &Arc<World>, input: &PerformIn, patient: bool) -> Result<Performed> {
    let mut last: Option<Recorded> = None;
    let wait = loop {
        let caller = match input.number {
            Some(number) => world.lines.of(number).await?,
            None => return Err(Error::inconsistent("conversations", "number_id", input.conversation.0)),
        };
        let Some(credentials) = &caller.credentials else { break Some(NO_TOKEN) };
        let credentials = credentials.clone();
        let permit = match caller.line.enter(patient).await {
            Ok(permit) => permit,
            Err(Busy::Paused(left)) => break Some(left),
            Err(Busy::Slow | Busy::Full) => break Some(Duration::ZERO),
        };
        let lease = world.api.timeout() + GRACE;
        match sends::claim(&world.pool, &world.ring, input.conversation, &world.name, lease, world.clock.now()).await? {
            Next::Nothing => break None,
            Next::Again => {}
            Next::Wait(wait) => break Some(wait),
            Next::Send(claimed) => {
                may_die!("perform.claimed");
                let alone = !claimed.more;
                let task =
                    Call { world: world.clone(), conversation: input.conversation, caller, credentials, claimed };
                let call = tokio::spawn(async move {
                    let recorded = task.run().await;
                    drop(permit);
                    recorded
                });
                let recorded = if patient {
                    call.await
                } else {
                    match tokio::time::timeout(AT_ONCE, call).await {
                        Ok(ended) => ended,
                        // It goes on by itself, and whoever comes next meets its lease.
                        Err(_) => break Some(Duration::ZERO),
                    }
                };
                let recorded = recorded.unwrap_or_else(|_| Ok(Recorded::default()))?;
                let waits = recorded.waits;
                last = Some(recorded);
                if let Some(wait) = waits {
                    break Some(wait);
                }
                if alone {
                    break None;
                }
            }
        }
    };
    let out = match last.filter(|recorded| recorded.rev > 0) {
        Some(recorded) => PerformOut {
            waits: wait.is_some(),
            news: recorded.news,
            timers: Timers { rev: recorded.rev, list: recorded.timers },
        },
        None => {
            let (news, rev, list) = sends::left(&world.pool, input.conversation).await?;
            PerformOut { waits: wait.is_some(), news, timers: Timers { rev, list } }
        }
    };
    Ok(Performed { out, wait: wait.unwrap_or_default() })
}

/// One call, with everything that it needs to end by itself.
struct Call {
    world: Arc<World>,
    conversation: ConversationId,
    caller: Caller,
    credentials: hilo_whatsapp::meta::client::Credentials,
    claimed: Box<Claimed>,
}

impl Call {
    async fn run(self) -> Result<Recorded> {
        let Self { world, conversation, caller, credentials, claimed } = self;
        let callback = format!("{}:{}", claimed.message, claimed.attempt);
        let extras = Extras { reply_to: None, callback: Some(callback) };
        let body = match &claimed.address {
            Some(address) => request::build(&Recipient::of_address(address), &claimed.content, &extras),
            None => Err(Vec::new()),
        };
        let outcome = match body {
            Ok(body) => {
                let began = Instant::now();
                let outcome = world.api.send(&credentials, &body).await;
                caller.line.took(began.elapsed());
                metrics::histogram!("hilo_send_seconds").record(began.elapsed().as_secs_f64());
                judge(outcome, &caller.line, claimed.refusals)
            }
            Err(limits) => {
                let limits: Vec<String> = limits.iter().map(ToString::to_string).collect();
                Outcome::Refused { error: json!([{"code": "limit", "message": limits.join("; ")}]) }
            }
        };
        metrics::counter!("hilo_sends_total", "outcome" => word(&outcome)).increment(1);
        may_die!("perform.answered");
        record(&world, conversation, &claimed, &outcome).await
    }
}

/// Records, and goes on trying while the lease lasts: what WhatsApp has taken must not be forgotten because Postgres
/// was away for a moment.
async fn record(world: &World, conversation: ConversationId, claimed: &Claimed, outcome: &Outcome) -> Result<Recorded> {
    let mut pause = Duration::from_millis(50);
    let mut tries = 0;
    loop {
        let attempt = async {
            let mut tx = hilo_store::begin(&world.pool).await?;
            let recorded = sends::record(
                &mut tx,
                &world.ring,
                conversation,
                claimed.message,
                claimed.attempt,
                outcome,
                world.clock.now(),
            )
            .await?;
            tx.commit().await.map_err(Error::from)?;
            Ok::<Recorded, Error>(recorded)
        };
        match attempt.await {
            Ok(mut recorded) => {
                may_die!("perform.recorded");
                world.relay.ring(std::mem::take(&mut recorded.outbox));
                return Ok(recorded);
            }
            Err(error) if tries < 40 && (error.is_retryable() || error.is_unavailable() || error.is_timeout()) => {
                tries += 1;
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
            Err(error) => return Err(error),
        }
    }
}

/// What an answer means for the send, and for the number.
fn judge(outcome: SendOutcome, line: &Line, refusals: i32) -> Outcome {
    match outcome {
        SendOutcome::Accepted { provider_id, .. } => {
            line.flows();
            Outcome::Accepted { provider_id }
        }
        SendOutcome::Uncertain { reason } => Outcome::Uncertain { reason },
        SendOutcome::NotConnected { reason } => Outcome::Later {
            pause: growing(refusals, Duration::from_millis(500), Duration::from_secs(30)),
            error: json!([{"code": "not_connected", "message": reason}]),
        },
        SendOutcome::Refused(failure) => refused(&failure, line, refusals),
    }
}

fn refused(failure: &GraphFailure, line: &Line, refusals: i32) -> Outcome {
    let error = json!([{
        "code": failure.code, "message": failure.message, "details": failure.details, "httpStatus": failure.http_status,
    }]);
    let wide = matches!(failure.class.scope, Scope::App | Scope::Platform | Scope::Phone | Scope::Waba);
    let later = |pause: Duration| Outcome::Later {
        pause: pause.max(failure.retry_after.unwrap_or_default()),
        error: error.clone(),
    };
    match (failure.class.retry, failure.class.scope) {
        // The number's queue stops in order, and is kept until there is a new token.
        (_, Scope::Token) => later(line.pause(Some(NO_TOKEN))),
        (Retry::No, _) => Outcome::Refused { error },
        (Retry::Backoff, _) if wide => later(line.pause(failure.retry_after)),
        (Retry::Backoff, _) => later(growing(refusals, Duration::from_secs(1), Duration::from_secs(60))),
        (Retry::Few, _) if refusals >= FEW => Outcome::Refused { error },
        (Retry::Few, _) => later(growing(refusals, Duration::from_millis(300), Duration::from_secs(30))),
        (Retry::Long, _) => later(LONG),
        (Retry::Pair, _) => later(pair_delay(u32::try_from(refusals).unwrap_or(0))),
    }
}

/// `first`, doubled with each refusal.
fn growing(refusals: i32, first: Duration, longest: Duration) -> Duration {
    first.saturating_mul(1 << refusals.clamp(0, 12)).min(longest)
}

const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted { .. } | Outcome::Arrived => "accepted",
        Outcome::Refused { .. } | Outcome::KnownToHaveFailed => "refused",
        Outcome::Later { .. } => "later",
        Outcome::Uncertain { .. } | Outcome::WaitedLongEnough => "uncertain",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilo_whatsapp::meta::error::classify;

    async fn outcome(code: Option<i64>, status: u16, refusals: i32) -> Outcome {
        let failure = GraphFailure {
            code,
            http_status: status,
            class: classify(code, status),
            message: "no".into(),
            details: None,
            trace: None,
            retry_after: None,
        };
        let lines = crate::line::test_line();
        judge(SendOutcome::Refused(failure), &lines, refusals)
    }

    #[tokio::test(start_paused = true)]
    async fn permanent_refusals_fail_and_others_are_tried_again_by_their_class() {
        for code in [131_047, 131_026, 131_051] {
            assert!(matches!(outcome(Some(code), 400, 0).await, Outcome::Refused { .. }), "{code}");
        }
        for code in [130_429, 80_007, 131_056, 190] {
            assert!(matches!(outcome(Some(code), 400, 30).await, Outcome::Later { .. }), "{code}");
        }
        assert!(matches!(outcome(Some(131_000), 500, 0).await, Outcome::Later { .. }));
        assert!(matches!(outcome(Some(131_000), 500, FEW).await, Outcome::Refused { .. }), "a few times only");
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_knows_is_never_sent_again_by_itself() {
        let line = crate::line::test_line();
        let uncertain = judge(SendOutcome::Uncertain { reason: "reset".into() }, &line, 0);
        assert_eq!(uncertain, Outcome::Uncertain { reason: "reset".into() });
        let later = judge(SendOutcome::NotConnected { reason: "refused".into() }, &line, 3);
        assert!(matches!(later, Outcome::Later { pause, .. } if pause == Duration::from_secs(4)));
    }
}
