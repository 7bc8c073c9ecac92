//! The Cloud API client against a server that answers every way that Meta, or what stands before it, answers.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use hilo_whatsapp::Error;
use hilo_whatsapp::http::{Http, Policy, Refusal};
use hilo_whatsapp::meta::client::{CloudApi, Credentials, MediaInfo, SendOutcome};
use hilo_whatsapp::meta::error::{Retry, Scope};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const TOKEN: &str = "canary-token";

fn credentials() -> Credentials {
    Credentials { phone_number_id: "100000000000001".to_owned(), access_token: SecretString::from(TOKEN) }
}

fn api_at(address: &str) -> CloudApi {
    let policy = Policy {
        total_timeout: Duration::from_millis(500),
        transfer_timeout: Duration::from_millis(500),
        max_body: 64 * 1024,
        ..Policy::default()
    };
    CloudApi::new(Http::new(policy).unwrap(), &address.parse().unwrap(), "v23.0").unwrap()
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// A call as the server saw it.
#[derive(Clone, Debug, Default)]
struct Call {
    line: String,
    authorization: String,
    content_type: String,
    body: Bytes,
}

/// A server that answers everything with one answer, and what it saw.
async fn answering(
    status: u16,
    headers: &[(&'static str, &'static str)],
    body: &str,
) -> (CloudApi, Arc<Mutex<Vec<Call>>>) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = calls.clone();
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let answered = body.to_owned();
    let answer = move |request: Request| async move {
        let (head, body) = request.into_parts();
        let header =
            |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let call = Call {
            line: format!("{} {}", head.method, head.uri),
            authorization: header("authorization"),
            content_type: header("content-type"),
            body: axum::body::to_bytes(body, usize::MAX).await.unwrap(),
        };
        seen.lock().unwrap().push(call);
        (StatusCode::from_u16(status).unwrap(), headers, answered)
    };
    (api_at(&serve(Router::new().fallback(answer)).await), calls)
}

async fn outcome(status: u16, body: &str) -> SendOutcome {
    let (api, calls) = answering(status, &[], body).await;
    let outcome = api.send(&credentials(), &json!({"type": "text"})).await;
    assert_eq!(calls.lock().unwrap().len(), 1, "one call is one try");
    outcome
}

/// A server that speaks raw bytes: reads the request, writes `answer`, and hangs up, with a reset if `resets`.
async fn raw(answer: &'static [u8], resets: bool) -> CloudApi {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        stream.write_all(answer).await.unwrap();
        if resets {
            stream.set_zero_linger().unwrap();
        }
    });
    api_at(&address)
}

#[track_caller]
fn assert_uncertain(outcome: &SendOutcome) {
    assert!(matches!(outcome, SendOutcome::Uncertain { .. }), "{outcome:?}");
}

#[tokio::test]
async fn an_accepted_message_has_its_id() {
    let answer = json!({"messaging_product": "whatsapp", "contacts": [{"input": "+51987654321", "wa_id": "51987654321"}],
                        "messages": [{"id": "wamid.HBgL", "message_status": "accepted"}]});
    let (api, calls) = answering(200, &[], &answer.to_string()).await;
    let outcome = api.send(&credentials(), &json!({"type": "text"})).await;
    let expected =
        SendOutcome::Accepted { provider_id: "wamid.HBgL".to_owned(), wa_id: Some("51987654321".to_owned()) };
    assert_eq!(outcome, expected);
    let call = calls.lock().unwrap().remove(0);
    assert_eq!(call.line, "POST /v23.0/100000000000001/messages");
    assert_eq!(call.authorization, "Bearer canary-token");
    assert_eq!(call.content_type, "application/json");
    assert_eq!(call.body, r#"{"type":"text"}"#);

    let without_contact = self::outcome(200, r#"{"messages":[{"id":"wamid.1"}]}"#).await;
    assert_eq!(without_contact, SendOutcome::Accepted { provider_id: "wamid.1".to_owned(), wa_id: None });
}

#[tokio::test]
async fn a_refusal_has_its_code_its_class_and_its_waiting_time() {
    let error =
        |code: Value| json!({"error": {"message": "m", "code": code, "error_data": {"details": "d"}}}).to_string();
    for (status, code, scope, retry) in [
        (400, json!(131_047), Scope::Recipient, Retry::No),
        (400, json!("131056"), Scope::Pair, Retry::Pair),
        (401, json!(190), Scope::Token, Retry::No),
        (500, json!(131_000), Scope::Message, Retry::Few),
        (503, json!(2), Scope::Platform, Retry::Backoff),
        (500, json!(999_999), Scope::Message, Retry::Few),
        (400, json!(999_999), Scope::Message, Retry::No),
    ] {
        let SendOutcome::Refused(failure) = outcome(status, &error(code.clone())).await else { panic!("{code}") };
        assert_eq!((failure.class.scope, failure.class.retry), (scope, retry), "{code}");
        assert_eq!((failure.http_status, failure.details.as_deref()), (status, Some("d")));
    }

    let usage = r#"{"1":[{"type":"whatsapp","estimated_time_to_regain_access":19}],"2":[{"call_count":1}]}"#;
    for (headers, seconds) in [
        (vec![("retry-after", "7")], Some(7)),
        (vec![("x-business-use-case-usage", usage), ("retry-after", "7")], Some(19 * 60)),
        (vec![("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"), ("x-business-use-case-usage", "{")], None),
    ] {
        let (api, _) = answering(400, &headers, &error(json!(80_007))).await;
        let SendOutcome::Refused(failure) = api.send(&credentials(), &json!({})).await else { panic!() };
        assert_eq!(failure.retry_after.map(|wait| wait.as_secs()), seconds);
    }
}

#[tokio::test]
async fn a_4xx_without_an_error_object_is_still_a_refusal() {
    for (status, scope) in [(400, Scope::Message), (401, Scope::Token), (404, Scope::Message), (413, Scope::Message)] {
        let SendOutcome::Refused(failure) = outcome(status, "<html>no</html>").await else { panic!("{status}") };
        assert_eq!((failure.code, failure.class.scope, failure.class.retry), (None, scope, Retry::No));
    }
    let SendOutcome::Refused(failure) = outcome(429, "").await else { panic!() };
    assert_eq!((failure.class.scope, failure.class.retry), (Scope::Phone, Retry::Backoff));
    let SendOutcome::Refused(failure) = outcome(302, "").await else { panic!("a redirect is not followed") };
    assert_eq!(failure.http_status, 302);
}

#[tokio::test]
async fn a_5xx_without_an_error_object_is_uncertain() {
    for body in ["", "<html>502 Bad Gateway</html>", r#"{"error":"down"}"#, r#"{"error":{}}"#, r#"{"error":{"code":1"#]
    {
        for status in [500, 502, 503, 504] {
            assert_uncertain(&outcome(status, body).await);
        }
    }
    assert_uncertain(&outcome(408, "").await);
}

#[tokio::test]
async fn a_success_without_a_readable_id_is_uncertain() {
    let long = json!({"messages": [{"id": "x".repeat(513)}]}).to_string();
    for body in [
        "",
        "<html>ok</html>",
        "null",
        "{}",
        r#"{"messages":[]}"#,
        r#"{"messages":[{"id":""}]}"#,
        r#"{"messages":[{"id":7}]}"#,
        r#"{"messages":[{"id":"wamid.1"#,
        r#"{"error":{"code":131000,"message":"in a 200"}}"#,
        &long,
    ] {
        assert_uncertain(&outcome(200, body).await);
    }
    assert_uncertain(&outcome(200, &"x".repeat(64 * 1024 + 1)).await);
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_is_uncertain() {
    assert_uncertain(&raw(b"", true).await.send(&credentials(), &json!({})).await);
    assert_uncertain(&raw(b"", false).await.send(&credentials(), &json!({})).await);
    assert_uncertain(&raw(b"HTTP/1.1 20", false).await.send(&credentials(), &json!({})).await);
    let cut_off = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"messages\":[{\"id\":\"wamid.1\"}]}";
    assert_uncertain(&raw(cut_off, false).await.send(&credentials(), &json!({})).await);
    assert_uncertain(&raw(b"SSH-2.0-OpenSSH\r\n", false).await.send(&credentials(), &json!({})).await);
}

#[tokio::test]
async fn an_answer_that_never_comes_is_uncertain() {
    let silent = Router::new().fallback(async || std::future::pending::<()>().await);
    let SendOutcome::Uncertain { reason } = api_at(&serve(silent).await).send(&credentials(), &json!({})).await else {
        panic!()
    };
    assert_eq!(reason, "no complete answer: timed out");
    let half = Router::new().fallback(async || {
        let first = futures::stream::iter([Ok::<_, std::io::Error>("{")]);
        Body::from_stream(futures::StreamExt::chain(first, futures::stream::pending()))
    });
    assert_uncertain(&api_at(&serve(half).await).send(&credentials(), &json!({})).await);
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let outcome = api_at(&address).send(&credentials(), &json!({})).await;
    assert!(matches!(outcome, SendOutcome::NotConnected { .. }), "{outcome:?}");
    let plain = serve(Router::new()).await;
    let outcome = api_at(&plain.replace("http:", "https:")).send(&credentials(), &json!({})).await;
    assert!(matches!(outcome, SendOutcome::NotConnected { .. }), "no TLS is no connection: {outcome:?}");
}

#[tokio::test]
async fn an_id_cannot_lead_to_another_path() {
    let (api, calls) = answering(200, &[], "{}").await;
    for id in ["", "..", "1/../2", "1?x=2", "1#a", "ñ", "a b"] {
        let strange = Credentials { phone_number_id: id.to_owned(), ..credentials() };
        let SendOutcome::Refused(failure) = api.send(&strange, &json!({})).await else { panic!("{id}") };
        assert_eq!((failure.class.retry, failure.http_status), (Retry::No, 0));
        assert!(matches!(api.media_url(&credentials(), id).await, Err(Error::Invalid(_))));
    }
    assert_eq!(calls.lock().unwrap().len(), 0);
    let http = || Http::new(Policy::default()).unwrap();
    for version in ["", "v", "23.0", "v23", "v23.", "v23.0/..", "v２３.0"] {
        assert!(CloudApi::new(http(), &"https://x.example".parse().unwrap(), version).is_err(), "{version}");
    }
    assert!(CloudApi::new(http(), &"data:text/plain,x".parse().unwrap(), "v23.0").is_err());
}

#[tokio::test]
async fn a_base_address_may_have_a_path() {
    let seen = Arc::new(Mutex::new(String::new()));
    let note = |State(seen): State<Arc<Mutex<String>>>, uri: Uri| async move {
        *seen.lock().unwrap() = uri.to_string();
        Json(json!({"success": true}))
    };
    let address = serve(Router::new().fallback(note).with_state(seen.clone())).await;
    for base in ["/graph", "/graph/"] {
        api_at(&format!("{address}{base}")).mark_read(&credentials(), "wamid.1", false).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), "/graph/v23.0/100000000000001/messages");
    }
}

#[tokio::test]
async fn reading_is_marked_with_and_without_typing() {
    let (api, calls) = answering(200, &[], r#"{"success":true}"#).await;
    api.mark_read(&credentials(), "wamid.1", false).await.unwrap();
    api.mark_read(&credentials(), "wamid.1", true).await.unwrap();
    let bodies: Vec<Value> =
        calls.lock().unwrap().iter().map(|call| serde_json::from_slice(&call.body).unwrap()).collect();
    assert_eq!(bodies[0], json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1"}));
    assert_eq!(bodies[1]["typing_indicator"], json!({"type": "text"}));
    let (api, _) = answering(400, &[], r#"{"error":{"code":131009}}"#).await;
    let refused = api.mark_read(&credentials(), "wamid.1", false).await;
    assert!(matches!(refused, Err(Error::Refused(failure)) if failure.code == Some(131_009)));
}

#[tokio::test]
async fn a_file_is_looked_up_and_fetched_with_the_token() {
    let router = Router::new()
        .route(
            "/v23.0/7",
            get(|headers: HeaderMap, Query(query): Query<HashMap<String, String>>| async move {
                assert_eq!(query["phone_number_id"], "100000000000001");
                let url = format!("http://{}/file", headers["host"].to_str().unwrap());
                Json(json!({"url": url, "mime_type": "image/png", "sha256": "s", "file_size": "5"}))
            }),
        )
        .route(
            "/file",
            get(|headers: HeaderMap| async move {
                assert_eq!(headers["authorization"], "Bearer canary-token");
                ([("content-type", "image/png")], "bytes")
            }),
        );
    let api = api_at(&serve(router).await);
    let info = api.media_url(&credentials(), "7").await.unwrap();
    assert_eq!(
        (info.mime_type.as_deref(), info.sha256.as_deref(), info.file_size),
        (Some("image/png"), Some("s"), Some(5))
    );
    let file = api.download(&credentials(), &info, 5).await.unwrap();
    assert_eq!((file.content_type(), file.content_length()), (Some("image/png"), Some(5)));
    assert_eq!(file.bytes().await.unwrap(), "bytes");
    let too_large = api.download(&credentials(), &info, 4).await;
    assert!(matches!(too_large, Err(Error::TooLarge { limit: 4 })), "before anything is fetched");
}

/// A file at `url` about which nothing else is said.
fn at(url: String) -> MediaInfo {
    MediaInfo { url, mime_type: Some("image/png".to_owned()), sha256: None, file_size: None }
}

#[tokio::test]
async fn a_download_is_bounded_and_a_page_is_no_file() {
    let endless = || futures::stream::repeat_with(|| Ok::<_, std::io::Error>("x".repeat(1000)));
    let slow = || {
        let first = futures::stream::iter([Ok::<_, std::io::Error>("x")]);
        futures::StreamExt::chain(first, futures::stream::pending())
    };
    let router = Router::new()
        .route("/endless", get(move || async move { Body::from_stream(endless()) }))
        .route("/slow", get(move || async move { Body::from_stream(slow()) }))
        .route("/page", get(|| async { ([("content-type", "text/html; charset=utf-8")], "<html>") }))
        .route("/json", get(|| async { Json(json!({"error": "expired"})) }))
        .route("/expired", get(|| async { (StatusCode::NOT_FOUND, "gone") }));
    let address = serve(router).await;
    let api = api_at(&address);
    let fetch =
        async |path: &str| api.download(&credentials(), &at(format!("{address}{path}")), 10_000).await?.bytes().await;
    assert!(matches!(fetch("/endless").await, Err(Error::TooLarge { limit: 10_000 })));
    assert!(matches!(fetch("/slow").await, Err(Error::Interrupted(_))));
    for page in ["/page", "/json"] {
        assert!(matches!(fetch(page).await, Err(Error::Unreadable(_))), "{page}");
    }
    assert!(matches!(fetch("/expired").await, Err(Error::Refused(failure)) if failure.http_status == 404));
}

#[tokio::test]
async fn the_token_does_not_leave_for_other_hosts() {
    let hits = Arc::new(Mutex::new(0));
    let note = |State(hits): State<Arc<Mutex<u32>>>| async move { *hits.lock().unwrap() += 1 };
    let stranger = serve(Router::new().fallback(note).with_state(hits.clone())).await;
    let target = stranger.clone();
    let redirect = move || async move { (StatusCode::FOUND, [("location", target)]).into_response() as Response };
    let address = serve(Router::new().fallback(redirect)).await;
    let api = api_at(&address);
    let elsewhere = [stranger, format!("{address}/moved"), "http://lookaside.fbsbx.com.local/".to_owned()];
    for url in elsewhere {
        let refused = api.download(&credentials(), &at(url), 10).await;
        assert!(matches!(refused, Err(Error::Blocked(Refusal::Port | Refusal::Name))), "{refused:?}");
    }
    assert_eq!(*hits.lock().unwrap(), 0);
}

#[tokio::test]
async fn a_file_is_handed_over_as_a_form() {
    let (api, calls) = answering(200, &[], r#"{"id":"4711"}"#).await;
    let id = api.upload(&credentials(), Bytes::from_static(b"\x89PNG"), "a\"\r\n.png", "image/png").await.unwrap();
    assert_eq!(id, "4711");
    let call = calls.lock().unwrap().remove(0);
    assert_eq!(call.line, "POST /v23.0/100000000000001/media");
    assert!(call.content_type.starts_with("multipart/form-data; boundary="));
    let body = String::from_utf8_lossy(&call.body).into_owned();
    for part in
        ["name=\"messaging_product\"\r\n\r\nwhatsapp", "name=\"type\"\r\n\r\nimage/png", "Content-Type: image/png"]
    {
        assert!(body.contains(part), "{part} in {body}");
    }
    assert!(!body.contains("filename=\"a\"\r\n"), "a name cannot end its header");
    let no_type = api.upload(&credentials(), Bytes::new(), "a", "no type").await;
    assert!(matches!(no_type, Err(Error::Invalid(_))));
    let (api, _) = answering(200, &[], "{}").await;
    let no_id = api.upload(&credentials(), Bytes::new(), "a", "image/png").await;
    assert!(matches!(no_id, Err(Error::Unreadable(_))));
}

#[tokio::test]
async fn a_number_tells_how_it_is() {
    let answer = json!({
        "id": "1", "display_phone_number": "+52 55 0000 0001", "verified_name": "Hilo", "status": "CONNECTED",
        "quality_rating": "GREEN", "throughput": {"level": "HIGH"},
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "health_status": {"can_send_message": "LIMITED", "entities": [{"entity_type": "WABA", "id": "2"}]},
    });
    let (api, calls) = answering(200, &[], &answer.to_string()).await;
    let health = api.number_health(&credentials()).await.unwrap();
    assert_eq!(health.display_phone_number.as_deref(), Some("+52 55 0000 0001"));
    assert_eq!((health.status.as_deref(), health.quality.as_deref()), (Some("CONNECTED"), Some("GREEN")));
    assert_eq!((health.throughput.as_deref(), health.can_send.as_deref()), (Some("HIGH"), Some("LIMITED")));
    assert_eq!((health.messaging_limit.as_deref(), health.name_status), (Some("TIER_2K"), None));
    assert_eq!(health.entities.len(), 1);
    assert!(calls.lock().unwrap()[0].line.starts_with("GET /v23.0/100000000000001?fields=id%2Cdisplay_phone_number"));
    let (api, _) = answering(200, &[], "[]").await;
    assert!(matches!(api.number_health(&credentials()).await, Err(Error::Unreadable(_))));
}

/// Pages of templates: `pages` of two each, then the end, or a cursor that does not move.
async fn library(pages: usize, stuck: bool) -> CloudApi {
    let page = move |Query(query): Query<HashMap<String, String>>| async move {
        let page: usize = query.get("after").map_or(0, |after| after.parse().unwrap());
        let item = |n: usize| json!({"id": n, "name": format!("t{n}"), "language": "es", "status": "APPROVED", "components": []});
        let next = if stuck { page.max(1) } else { page + 1 };
        let mut answer =
            json!({"data": [item(2 * page), item(2 * page + 1)], "paging": {"cursors": {"after": next.to_string()}}});
        if stuck || page + 1 < pages {
            // An address that must not be followed: the token would go along.
            answer["paging"]["next"] = json!("http://169.254.169.254/next");
        }
        Json(answer)
    };
    api_at(&serve(Router::new().route("/v23.0/200000000000001/message_templates", get(page))).await)
}

#[tokio::test]
async fn templates_are_read_to_the_last_page() {
    let all = library(3, false).await.templates(&credentials(), "200000000000001").await.unwrap();
    assert!(all.complete);
    let names: Vec<_> = all.items.iter().map(|template| template.name.as_str()).collect();
    assert_eq!(names, ["t0", "t1", "t2", "t3", "t4", "t5"]);
    assert_eq!((all.items[0].id.as_str(), all.items[0].status.as_str()), ("0", "APPROVED"));
}

#[tokio::test]
async fn paging_that_does_not_end_is_noticed() {
    let some = library(3, true).await.templates(&credentials(), "200000000000001").await.unwrap();
    assert!(!some.complete);
    assert_eq!(some.items.len(), 4);
    let (api, _) =
        answering(200, &[], r#"{"data":[{"id":"1"},{"id":"2","name":"a","language":"es","status":"PAUSED"}]}"#).await;
    let some = api.templates(&credentials(), "1").await.unwrap();
    assert_eq!((some.complete, some.items.len()), (false, 1));
    let (api, _) = answering(200, &[], "{}").await;
    assert!(matches!(api.templates(&credentials(), "1").await, Err(Error::Unreadable(_))));
}

#[tokio::test]
async fn nothing_shows_the_token() {
    let (api, _) = answering(401, &[], r#"{"error":{"code":190,"message":"expired"}}"#).await;
    let outcome = api.send(&credentials(), &json!({})).await;
    let error = api.mark_read(&credentials(), "wamid.1", false).await.unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string);
    for shown in [
        format!("{:?}", credentials()),
        format!("{api:?}"),
        format!("{outcome:?}"),
        format!("{error:?} {error} {source:?}"),
    ] {
        assert!(!shown.contains(TOKEN), "{shown}");
    }
    assert_eq!(source.as_deref(), Some("expired (code Some(190), HTTP 401)"));
}
