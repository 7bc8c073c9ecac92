//! `/webhooks/meta`, case by case as the contract has it. The numbers are those of the catalogue of checks.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::support::{PHONE_NUMBER_ID, SECRET, body, messages, on, rig, text};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use hilo_store::{PoolOptions, conversations, messages as stored};
use hilo_whatsapp::meta::signature;
use serde_json::{Value, json};

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_message_is_stored_answered_and_rung() {
    let rig = rig().await;
    assert_eq!(rig.post(&messages(&[text("51987654321", "wamid.1", "hola")])).await, StatusCode::OK);
    rig.quiet().await;
    let id = conversations::of_phone(&rig.db.pool, "51987654321").await.unwrap()[0].id;
    assert_eq!(*rig.ear.rung.lock().unwrap(), [id]);
    let published = rig.ear.published.lock().unwrap().clone();
    assert_eq!(published.len(), 1);
    assert_eq!((published[0].kind.as_str(), published[0].seq), ("message.received", Some(1)));
}

/// Check 86.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_not_signed_by_one_of_our_apps_is_refused_and_leaves_nothing() {
    let rig = rig().await;
    let body = messages(&[text("51987654321", "wamid.1", "niño")]).to_string();
    let good = signature::sign(SECRET, body.as_bytes());
    let escaped = body.replace('ñ', "\\u00f1");
    let mut refused = 0;
    let mut headers: Vec<(&str, String, &str)> = vec![
        (signature::HEADER, String::new(), &body),
        (signature::HEADER, "sha256=".into(), &body),
        (signature::HEADER, good[..good.len() - 2].into(), &body),
        (signature::HEADER, good.replace("sha256", "sha1"), &body),
        ("x-hub-signature", good.replace("sha256", "sha1"), &body),
        (signature::HEADER, signature::sign("another-app", body.as_bytes()), &body),
        (signature::HEADER, signature::sign("", body.as_bytes()), &body),
        (signature::HEADER, signature::sign(SECRET, b"{}"), &body),
        (signature::HEADER, good.clone(), &escaped),
    ];
    let mutated: Vec<String> = (0..1000usize)
        .map(|i| {
            let mut header = good.clone().into_bytes();
            let at = 7 + i % 64;
            header[at] = b"0123456789abcdef"[(i / 64 + 1 + usize::from(header[at])) % 16];
            String::from_utf8(header).unwrap()
        })
        .filter(|header| *header != good)
        .collect();
    headers.extend(mutated.into_iter().map(|header| (signature::HEADER, header, body.as_str())));
    for (name, value, body) in headers {
        let request = Request::post("/webhooks/meta").header(name, value).body(Body::from(body.to_owned())).unwrap();
        assert_eq!(rig.send(request).await.0, StatusCode::UNAUTHORIZED);
        refused += 1;
    }
    let unsigned = Request::post("/webhooks/meta").body(Body::from(body.clone())).unwrap();
    assert_eq!(rig.send(unsigned).await.0, StatusCode::UNAUTHORIZED);
    println!("{refused} forged deliveries refused");
    assert!(refused > 900);
    let rows = "select (select count(*) from messages) + (select count(*) from dead_letters) + (select count(*) from quarantine)";
    assert_eq!(rig.db.count(rows).await, 0);
    assert_eq!(rig.post_signed(SECRET, body).await.0, StatusCode::OK, "the planted good one is accepted");
}

/// Check 87.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_everything_is_refused() {
    let db = hilo_store::testing::database().await;
    db.execute("update numbers set app_secret = null").await;
    let rig = on(db);
    for secret in [SECRET, ""] {
        let (status, _) = rig.post_signed(secret, messages(&[]).to_string()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    let db = hilo_store::testing::database().await;
    hilo_store::testing::number(&db.pool, &db.ring, "demo", PHONE_NUMBER_ID, "").await;
    assert_eq!(on(db).post_signed("", messages(&[]).to_string()).await.0, StatusCode::UNAUTHORIZED);
}

/// Check 88.
#[tokio::test(flavor = "multi_thread")]
async fn the_challenge_is_echoed_as_text_for_the_right_token_alone() {
    let rig = rig().await;
    let ask = |query: &str| get(&format!("/webhooks/meta?{query}"));
    let good = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=demo-verify-token";
    let response = tower::ServiceExt::oneshot(rig.router.clone(), ask(good)).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(rig.send(ask(good)).await, (StatusCode::OK, "1158201444".to_owned()));
    let encoded = "hub.verify_token=demo%2Dverify%2Dtoken&hub.challenge=%31%32&hub.mode=subscribe";
    assert_eq!(rig.send(ask(encoded)).await, (StatusCode::OK, "12".to_owned()));
    for bad in [
        "",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=other",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=",
        "hub.mode=subscribe&hub.challenge=%3Cscript%3E&hub.verify_token=demo-verify-token",
        "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=demo-verify-token",
        &format!("hub.mode=subscribe&hub.challenge={}&hub.verify_token=demo-verify-token", "1".repeat(129)),
    ] {
        assert_eq!(rig.send(ask(bad)).await.0, StatusCode::FORBIDDEN, "{bad}");
    }
}

/// Check 89, and 44 without a workflow: there is no time after which a copy is new.
#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_body_changes_nothing() {
    let rig = rig().await;
    let body = messages(&[text("51987654321", "wamid.1", "hola"), text("51987654321", "wamid.2", "¿hay alguien?")]);
    for _ in 0..5 {
        assert_eq!(rig.post(&body).await, StatusCode::OK);
    }
    rig.db.execute("update messages set at = at - interval '8 days'").await;
    assert_eq!(rig.post(&body).await, StatusCode::OK);
    assert_eq!(rig.db.count("select count(*) from messages").await, 2);
    assert_eq!(rig.db.count("select count(*) from events").await, 2);
    assert_eq!(rig.db.count("select last_seq from conversations").await, 2);
}

/// Check 46.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_type_is_kept_and_shown_as_unsupported() {
    let rig = rig().await;
    let odd =
        json!({"from": "51987654321", "id": "wamid.1", "timestamp": "1795000000", "type": "hologram", "hologram": {}});
    assert_eq!(rig.post(&messages(&[odd])).await, StatusCode::OK);
    let id = conversations::of_phone(&rig.db.pool, "51987654321").await.unwrap()[0].id;
    let all = stored::list(&rig.db.pool, &rig.db.ring, id, 0, 10).await.unwrap();
    assert_eq!(all[0].content.kind(), "unsupported");
}

/// Check 48.
#[tokio::test(flavor = "multi_thread")]
async fn odd_timestamps_are_accepted_and_order_falls_back_to_arrival() {
    let rig = rig().await;
    let stamps = [
        json!("0"),
        json!("-5"),
        json!("4102444800"),
        json!("1795000000000"),
        json!(1_795_000_000),
        json!("mañana"),
        json!(null),
    ];
    for (i, stamp) in stamps.iter().enumerate() {
        let mut message = text("51987654321", &format!("wamid.{i}"), &i.to_string());
        message["timestamp"] = stamp.clone();
        assert_eq!(rig.post(&messages(&[message])).await, StatusCode::OK, "{stamp}");
    }
    let id = conversations::of_phone(&rig.db.pool, "51987654321").await.unwrap()[0].id;
    let said: Vec<_> = stored::list(&rig.db.pool, &rig.db.ring, id, 0, 10).await.unwrap();
    let said: Vec<_> = said.iter().map(|m| m.content.text().unwrap().to_owned()).collect();
    assert_eq!(said, ["0", "1", "2", "3", "4", "5", "6"]);
}

/// Check 50: a message and its status share an id.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_and_a_status_with_one_id_are_both_processed() {
    let rig = rig().await;
    let status =
        json!({"id": "wamid.1", "status": "delivered", "timestamp": "1795000000", "recipient_id": "51987654321"});
    let both =
        body(PHONE_NUMBER_ID, json!({"messages": [text("51987654321", "wamid.1", "hola")], "statuses": [status]}));
    assert_eq!(rig.post(&both).await, StatusCode::OK);
    assert_eq!(rig.db.count("select count(*) from messages").await, 1);
    assert_eq!(rig.db.count("select count(*) from receipts where receipt = 'delivered'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn news_about_the_account_is_kept_once_and_a_new_identifier_is_learned() {
    let rig = rig().await;
    let news = json!({"object": "whatsapp_business_account", "entry": [{"id": "200000000000001", "time": 1, "changes": [
        {"field": "phone_number_quality_update", "value": {"display_phone_number": "525500000001", "event": "DOWNGRADE"}}]}]});
    for _ in 0..2 {
        assert_eq!(rig.post(&news).await, StatusCode::OK);
    }
    assert_eq!(rig.db.texts("select field from account_news").await, ["phone_number_quality_update"]);
    rig.post(&messages(&[text("51987654321", "wamid.1", "hola")])).await;
    let moved = json!({"from": "51987654321", "id": "wamid.2", "timestamp": "1795000000", "type": "system",
        "system": {"type": "user_changed_number", "body": "…", "wa_id": "51900000000"}});
    assert_eq!(rig.post(&messages(&[moved])).await, StatusCode::OK);
    assert_eq!(rig.post(&messages(&[text("51900000000", "wamid.3", "soy yo")])).await, StatusCode::OK);
    assert_eq!(rig.db.count("select count(*) from conversations").await, 1);
}

/// What a body says was said under the old identifiers; its news of a new one comes after that.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_number_is_learned_after_what_its_body_says() {
    let rig = rig().await;
    let moved = json!({"from": "51987654321", "id": "wamid.2", "timestamp": "1795000000", "type": "system",
        "system": {"type": "user_changed_number", "body": "…", "wa_id": "51900000000"}});
    let update = json!({"wa_id": "51987654321", "detail": "…", "timestamp": "1795000000",
                        "user_id": {"previous": "PE.1", "current": "PE.2"}});
    let mut all = body(PHONE_NUMBER_ID, json!({"user_id_update": [update]}));
    all["entry"][0]["changes"][0]["field"] = "user_id_update".into();
    let said = messages(&[moved, text("51987654321", "wamid.1", "hola")]);
    all["entry"].as_array_mut().unwrap().push(said["entry"][0].clone());
    assert_eq!(rig.post(&all).await, StatusCode::OK);
    assert_eq!(rig.post(&messages(&[text("51900000000", "wamid.3", "soy yo")])).await, StatusCode::OK);
    let mut by_id = text("", "wamid.4", "y con otro nombre");
    by_id["from_user_id"] = "PE.2".into();
    by_id.as_object_mut().unwrap().remove("from");
    assert_eq!(rig.post(&messages(&[by_id])).await, StatusCode::OK);
    assert_eq!(rig.db.count("select count(*) from clients").await, 1);
    assert_eq!(rig.db.count("select count(*) from conversations").await, 1);
}

/// The news of a new number, delivered again after the number has moved on, gives it back to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn news_of_an_identifier_counts_once() {
    let rig = rig().await;
    let by = |from: &str, user: &str, id: &str| {
        let mut text = text(from, id, "hola");
        text["from_user_id"] = user.into();
        messages(&[text])
    };
    assert_eq!(rig.post(&by("51987654321", "PE.1", "wamid.1")).await, StatusCode::OK);
    let moved = messages(&[json!({"from": "51987654321", "from_user_id": "PE.1", "id": "wamid.2",
        "timestamp": "1795000000", "type": "system",
        "system": {"type": "user_changed_number", "body": "…", "wa_id": "51900000000"}})]);
    assert_eq!(rig.post(&moved).await, StatusCode::OK);
    let owner = "select string_agg(value, ' ' order by value) from client_identifiers group by client_id order by 1";
    assert_eq!(rig.db.texts(owner).await, ["51900000000 51987654321 PE.1"]);
    // Somebody else, known by an id of their own, takes the number over.
    let mut other = text("", "wamid.3", "hola");
    other["from_user_id"] = "PE.2".into();
    other.as_object_mut().unwrap().remove("from");
    assert_eq!(rig.post(&messages(&[other])).await, StatusCode::OK);
    assert_eq!(rig.post(&by("51900000000", "PE.2", "wamid.4")).await, StatusCode::OK);
    let now = ["51900000000 PE.2", "51987654321 PE.1"];
    assert_eq!(rig.db.texts(owner).await, now);
    assert_eq!(rig.post(&moved).await, StatusCode::OK);
    assert_eq!(rig.db.texts(owner).await, now);
}

/// Checks 94 and 95.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_json_is_refused_or_cleaned_and_never_an_error_of_ours() {
    let rig = rig().await;
    for nested in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
        assert_eq!(rig.post_signed(SECRET, nested).await.0, StatusCode::BAD_REQUEST);
    }
    for broken in ["", "{", "{\"entry\":[}", "\u{feff}{}", "nul", "{} {}"] {
        assert_eq!(rig.post_signed(SECRET, broken).await.0, StatusCode::BAD_REQUEST, "{broken:?}");
    }
    assert_eq!(rig.post_signed(SECRET, b"{\"entry\": \"\xff\"}".to_vec()).await.0, StatusCode::BAD_REQUEST);
    for odd in [
        "[]",
        "null",
        "7",
        "\"x\"",
        "{}",
        "{\"entry\":{}}",
        "{\"entry\":[7]}",
        "{\"entry\":[{\"changes\":7}]}",
        "{\"n\":123456789012345678901234567890}",
    ] {
        assert_eq!(rig.post_signed(SECRET, odd).await.0, StatusCode::OK, "{odd}");
    }
    let number = rig.post_signed(SECRET, "{\"n\":1e400}").await.0;
    assert!([StatusCode::OK, StatusCode::BAD_REQUEST].contains(&number));
    let raw = messages(&[text("51987654321", "wamid.1", "SITIO")]).to_string();
    let dirty = raw.replace("SITIO", "a\\ud800b\\u0000c\\ud83d\\ude00d\\\\u0000");
    assert_eq!(rig.post_signed(SECRET, dirty).await.0, StatusCode::OK);
    let twice = raw.replace("\"wamid.1\"", "\"wamid.2\",\"id\":\"wamid.3\"");
    assert_eq!(rig.post_signed(SECRET, twice).await.0, StatusCode::OK);
    let id = conversations::of_phone(&rig.db.pool, "51987654321").await.unwrap()[0].id;
    let all = stored::list(&rig.db.pool, &rig.db.ring, id, 0, 10).await.unwrap();
    assert_eq!(all[0].content.text(), Some("a\u{fffd}bc😀d\\u0000"));
}

/// Check 96, and paths that lead nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_refused_as_problems() {
    let rig = rig().await;
    for path in ["/webhooks/meta?hub.mode=%ff", "/%ff/x.js", "/%C3%28"] {
        assert_eq!(rig.send(get(path)).await.0, StatusCode::BAD_REQUEST, "{path}");
    }
    for path in ["/api/v1/nothing", "/webhooks/nothing", "/nothing.js", "/%C3%B1/x.js"] {
        assert_eq!(rig.send(get(path)).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    for method in ["DELETE", "PUT", "TRACE", "PATCH", "BREW"] {
        let request = Request::builder().method(method).uri("/webhooks/meta").body(Body::empty()).unwrap();
        assert_eq!(rig.send(request).await.0, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    let gzip = Request::post("/webhooks/meta").header("content-encoding", "gzip").body(Body::from("x")).unwrap();
    assert_eq!(rig.send(gzip).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let (_, text) = rig.send(get("/api/v1/nothing")).await;
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(problem["type"], "/problems/not-found");
    assert!(problem["instance"].as_str().unwrap().starts_with("urn:uuid:0"), "{problem}");
}

/// Check 92.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_past_four_mebibytes_is_cut_off() {
    let rig = rig().await;
    let large = vec![b' '; 4 * 1024 * 1024 + 1];
    assert_eq!(rig.post_signed(SECRET, large.clone()).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let pieces = futures::stream::iter((0..100).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024 * 1024])));
    let chunked = Request::post("/webhooks/meta").body(Body::from_stream(pieces)).unwrap();
    assert_eq!(rig.send(chunked).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let mut fits = messages(&[text("51987654321", "wamid.1", "hola")]).to_string().into_bytes();
    fits.resize(4 * 1024 * 1024, b' ');
    assert_eq!(rig.post_signed(SECRET, fits).await.0, StatusCode::OK);
}

/// Checks 13 and 21 without workflows: Temporal and Redis away are invisible to the provider, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn with_temporal_and_redis_away_webhooks_are_taken_and_rung_when_they_return() {
    let rig = rig().await;
    rig.ear.temporal_is_away.store(true, Ordering::SeqCst);
    rig.ear.redis_is_away.store(true, Ordering::SeqCst);
    for i in 0..30 {
        let message = text(&format!("5190000000{}", i % 3), &format!("wamid.{i}"), "hola");
        assert_eq!(rig.post(&messages(&[message])).await, StatusCode::OK);
    }
    let (status, ready) = rig.send(get("/readyz")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(serde_json::from_str::<Value>(&ready).unwrap()["degraded"], json!(["temporal", "redis"]));
    assert!(rig.ear.rung.lock().unwrap().is_empty() && rig.ear.published.lock().unwrap().is_empty());
    rig.ear.redis_is_away.store(false, Ordering::SeqCst);
    rig.ear.temporal_is_away.store(false, Ordering::SeqCst);
    rig.quiet().await;
    let rung: std::collections::BTreeSet<_> = rig.ear.rung.lock().unwrap().iter().copied().collect();
    assert_eq!(rung.len(), 3);
    let published: std::collections::BTreeSet<_> = rig.ear.published.lock().unwrap().iter().map(|e| e.id).collect();
    assert_eq!(published.len(), 30);
    assert_eq!(rig.send(get("/readyz")).await.1, "{\"degraded\":[],\"status\":\"ready\"}");
}

/// Checks 17 and 19: without Postgres nothing is acknowledged, the process lives and says that it is not ready.
#[tokio::test(flavor = "multi_thread")]
async fn without_postgres_webhooks_are_refused_with_retry_after() {
    let mut db = hilo_store::testing::database().await;
    let nowhere = "postgres://hilo@127.0.0.1:1/hilo".into();
    db.pool = hilo_store::open(&nowhere, PoolOptions { acquire: Duration::from_millis(100), ..PoolOptions::default() })
        .unwrap();
    let rig = on(db);
    assert_eq!(rig.post(&messages(&[])).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(rig.send(get("/healthz")).await.0, StatusCode::OK);
    let (status, ready) = rig.send(get("/readyz")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.contains("postgres"), "{ready}");
}
