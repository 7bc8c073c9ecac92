//! `/metrics`: Prometheus's text format.

use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::server::App;

/// Seconds; the figures that matter are 25 ms and 250 ms.
const BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
const ITEMS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// The process's one recorder; installed when it is first asked for.
pub(crate) fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
                .and_then(|b| b.set_buckets_for_metric(Matcher::Suffix("_items".to_owned()), &ITEMS))
                .unwrap_or_else(|_| PrometheusBuilder::new());
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            // Another recorder may stand already (a test's); then this one stays empty.
            drop(metrics::set_global_recorder(recorder));
            handle
        })
        .clone()
}

pub(crate) async fn render(State(app): State<Arc<App>>) -> impl IntoResponse {
    if let Ok((rows, age)) = hilo_store::outbox::backlog(&app.intake.pool).await {
        metrics::gauge!("hilo_outbox_rows").set(f64::from(u32::try_from(rows).unwrap_or(u32::MAX)));
        metrics::gauge!("hilo_outbox_oldest_seconds").set(age);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.render())
}
