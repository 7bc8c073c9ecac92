//! Asking the world: at once and locally, and patiently when that fails; and leaving a run without doing work twice.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hilo_domain::clock::micros;
use temporalio_workflow::{
    ActivityOptions, LocalActivityOptions, RetryPolicy, TimerOptions, WorkflowCancellationToken, WorkflowContext,
};

/// A local activity that takes longer is given up and asked for as a regular one. What it may have done is stored.
const LOCAL: Duration = Duration::from_secs(8);
/// One attempt of a regular activity.
const ATTEMPT: Duration = Duration::from_secs(60);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A run continues as new when its history has so many events.
pub(crate) const FULL: u32 = 2_000;

/// How a local attempt is made: once.
pub(crate) fn local() -> LocalActivityOptions {
    LocalActivityOptions::builder()
        .start_to_close_timeout(LOCAL)
        .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
        // Nobody who cancels a conversation by hand leaves a decision half made.
        .cancellation_token(WorkflowCancellationToken::new())
        .build()
}

/// How a patient attempt is made: for as long as it takes.
pub(crate) fn patient(summary: &str) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(ATTEMPT)
        .retry_policy(
            RetryPolicy::builder()
                .initial_interval(Duration::from_millis(300))
                .backoff_coefficient(2.0)
                .maximum_interval(LONGEST_PAUSE)
                .build(),
        )
        .cancellation_token(WorkflowCancellationToken::new())
        .summary(summary.to_owned())
        .build()
}

/// Asks locally, and patiently when that fails.
macro_rules! ask {
    ($ctx:expr, $activity:expr, $input:expr, $summary:literal) => {{
        let input = $input;
        match $ctx.execute_local_activity($activity, input.clone(), $crate::call::local()).await {
            Ok(out) => out,
            Err(_) => loop {
                match $ctx.execute_activity($activity, input.clone(), $crate::call::patient($summary)).await {
                    Ok(out) => break out,
                    // It is tried for ever; this is an activity that was refused as a whole, by a version gone wrong.
                    Err(_) => {
                        $ctx.timer(std::time::Duration::from_secs(10)).await;
                    }
                }
            },
        }
    }};
}
pub(crate) use ask;

/// The workflow's time.
pub(crate) fn now<W>(ctx: &WorkflowContext<W>) -> DateTime<Utc> {
    ctx.workflow_time().map(|at| micros(at.into())).unwrap_or_default()
}

/// Whether the run's history is long enough for a new run.
pub(crate) fn is_full<W>(ctx: &WorkflowContext<W>) -> bool {
    ctx.continue_as_new_suggested() || ctx.history_length() > FULL
}

/// The boundary before a run ends or continues as new: what its local activities did in this task is recorded first,
/// because a refused end is replayed, and would do it again; and no update is left without its answer. False when there
/// is something to do first: an update that came meanwhile waits for the loop, and the loop must not wait for it.
pub(crate) async fn boundary<W: 'static>(ctx: &WorkflowContext<W>, busy: impl Fn(&W) -> bool) -> bool {
    loop {
        let mut pause: TimerOptions = Duration::from_millis(1).into();
        pause.cancellation_token = Some(WorkflowCancellationToken::new());
        ctx.timer(pause).await;
        if ctx.state(&busy) {
            return false;
        }
        if ctx.all_handlers_finished() {
            return true;
        }
    }
}
