//! What Postgres, the network and hostile clients do to a gateway, and what is left afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use std::time::Duration;

use crate::support::{PHONE_NUMBER_ID, SECRET, body, exchange, listening, messages, on, rig, text};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use hilo_store::testing::{Database, database};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Everything that was stored is whole: each message has its key, event, input, and there are no gaps.
async fn whole(db: &Database) -> [i64; 5] {
    [
        db.count("select count(*) from messages").await,
        db.count("select count(*) from inbound_keys").await,
        db.count("select count(*) from events").await,
        db.count("select count(*) from inputs").await,
        db.count("select coalesce(sum(last_seq), 0)::bigint from conversations").await,
    ]
}

/// Check 2: the caller is gone before the answer, two hundred times, at every stage of the way.
#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_whose_answer_was_lost_is_stored_once() {
    let rig = Arc::new(rig().await);
    for i in 0..200u32 {
        let body = messages(&[text("51987654321", &format!("wamid.{i}"), "hola")]);
        let lost = tokio::spawn({
            let (rig, body) = (rig.clone(), body.clone());
            async move { rig.post(&body).await }
        });
        for _ in 0..i {
            tokio::task::yield_now().await;
        }
        lost.abort();
        assert_eq!(rig.post(&body).await, StatusCode::OK);
    }
    assert_eq!(whole(&rig.db).await, [200; 5]);
}

/// Check 20: connections are cut in the middle of transactions.
#[tokio::test(flavor = "multi_thread")]
async fn cut_connections_leave_nothing_half_written() {
    let rig = Arc::new(rig().await);
    let admin = hilo_store::open(&rig.db.url, hilo_store::PoolOptions::default()).unwrap();
    let cutter = Database { pool: admin, url: rig.db.url.clone(), ring: rig.db.ring.clone(), number: rig.db.number };
    let stored = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..8)
        .map(|person| {
            let (rig, stored) = (rig.clone(), stored.clone());
            tokio::spawn(async move {
                let mut refused = 0;
                for n in 0..25 {
                    let body =
                        messages(&[text(&format!("5198765432{person}"), &format!("wamid.{person}.{n}"), "hola")]);
                    while rig.post(&body).await != StatusCode::OK {
                        refused += 1;
                    }
                    stored.fetch_add(1, Ordering::SeqCst);
                }
                refused
            })
        })
        .collect();
    let (mut cut, mut seen) = (0, 0);
    while !senders.iter().all(tokio::task::JoinHandle::is_finished) {
        // Some progress between two cuts, or nobody would ever get through.
        if stored.load(Ordering::SeqCst) < seen + 4 {
            tokio::task::yield_now().await;
            continue;
        }
        let now = cutter
            .count(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'",
            )
            .await;
        if now > 0 {
            cut += now;
            seen = stored.load(Ordering::SeqCst);
        }
    }
    let mut refused = 0;
    for sender in senders {
        refused += sender.await.unwrap();
    }
    println!("{cut} connections cut, {refused} deliveries refused and repeated");
    assert!(cut > 0, "nothing was cut, so nothing is proved");
    assert_eq!(whole(&cutter).await, [200; 5]);
}

/// Check 18: a database that takes no writes refuses, and is used again as soon as it does.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_database_is_unavailable_and_loses_nothing() {
    let db = database().await;
    // A session keeps the default that it began with: this one may write throughout, the gateway's may not.
    let switch = async |on: bool| {
        db.execute(if on {
            "do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$"
        } else {
            "do $$ begin execute format('alter database %I set default_transaction_read_only = off', current_database()); end $$"
        })
        .await;
    };
    let gateway_of = |db: &Database| {
        on(Database {
            pool: hilo_store::open(&db.url, hilo_store::PoolOptions::default()).unwrap(),
            url: db.url.clone(),
            ring: db.ring.clone(),
            number: db.number,
        })
    };
    switch(true).await;
    let rig = gateway_of(&db);
    let body = messages(&[text("51987654321", "wamid.1", "hola")]);
    assert_eq!(rig.post(&body).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(rig.db.count("select count(*) from dead_letters").await, 0, "nothing is wrong with the message");
    switch(false).await;
    let rig = gateway_of(&db);
    assert_eq!(rig.post(&body).await, StatusCode::OK);
    assert_eq!(whole(&rig.db).await, [1; 5]);
}

/// Everything that the contract says of a blocked Postgres, while `lock` is held.
async fn blocked(lock: &'static str, what: &str) {
    let mut db = database().await;
    // Postgres itself gives up nothing in time: what answers is ours.
    let patient = hilo_store::PoolOptions { statement: Duration::ZERO, ..hilo_store::PoolOptions::default() };
    db.pool = hilo_store::open(&db.url, patient).unwrap();
    let rig = on(db);
    let body = |id: &str| messages(&[text("51987654321", id, "hola")]);
    assert_eq!(rig.post(&body("a")).await, StatusCode::OK);
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let lock = rig.db.hold(lock).await;
    let [b, c, d] = ["b", "c", "d"].map(body);
    let requests = async { tokio::join!(rig.post(&b), rig.post(&c), rig.post(&d)) };
    let probes = async { (rig.send(get("/readyz")).await.0, rig.send(get("/healthz")).await.0) };
    let (requests, probes) = tokio::join!(requests, probes);
    let away = StatusCode::SERVICE_UNAVAILABLE;
    assert_eq!(requests, (away, away, away), "{what}");
    assert_eq!(probes, (away, StatusCode::OK), "{what}");
    lock.rollback().await.unwrap();
    for body in [b, c, d] {
        while rig.post(&body).await != StatusCode::OK {}
    }
    assert_eq!(rig.send(get("/readyz")).await.0, StatusCode::OK);
    assert_eq!(rig.db.count("select count(*) from messages").await, 4);
    assert_eq!(rig.db.count("select count(*) from dead_letters").await, 0);
}

/// Check 19: every table locked for as long as somebody likes. Whoever asks is answered before the lock goes, the
/// process lives and says that it is not ready, and afterwards everything is taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_database_is_unavailable_and_the_process_lives() {
    tokio::join!(
        blocked("lock table messages in access exclusive mode", "a table that cannot be read"),
        blocked("lock table outbox in share mode", "a table that cannot be written"),
        blocked("lock table client_identifiers in access exclusive mode", "the first table of the way"),
    );
}

/// Check 19, one conversation: many messages of whoever is locked wait, and nobody else does.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_conversation_holds_up_nobody_else() {
    let mut db = database().await;
    let patient = hilo_store::PoolOptions { statement: Duration::ZERO, ..hilo_store::PoolOptions::default() };
    db.pool = hilo_store::open(&db.url, patient).unwrap();
    let rig = Arc::new(on(db));
    let body = |from: &str, id: &str| messages(&[text(from, id, id)]);
    for (from, id) in [("51900000001", "a0"), ("51900000002", "b0")] {
        assert_eq!(rig.post(&body(from, id)).await, StatusCode::OK);
    }
    let lock = rig
        .db
        .hold(
            "select c.id from conversations c join client_identifiers i using (client_id)
             where i.value = '51900000001' for update of c",
        )
        .await;
    let blocked: Vec<_> = (1..=8)
        .map(|i| {
            let (rig, body) = (rig.clone(), body("51900000001", &format!("a{i}")));
            tokio::spawn(async move { rig.post(&body).await })
        })
        .collect();
    rig.db.until_blocked(1).await;
    // Somebody known, and somebody new: both are done while the first ones wait.
    assert_eq!(rig.post(&body("51900000002", "b1")).await, StatusCode::OK);
    assert_eq!(rig.post(&body("51900000003", "c0")).await, StatusCode::OK);
    assert!(blocked.iter().all(|one| !one.is_finished()), "they wait for the lock");
    assert_eq!(
        rig.db
            .count(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            )
            .await,
        1,
        "and hold one connection together"
    );
    lock.rollback().await.unwrap();
    for one in blocked {
        assert_eq!(one.await.unwrap(), StatusCode::OK);
    }
    assert_eq!(rig.db.count("select count(*) from messages").await, 12);
}

/// The same for receipts: those of a locked conversation wait, the others are taken.
#[tokio::test(flavor = "multi_thread")]
async fn receipts_of_a_locked_conversation_hold_up_no_others() {
    let mut db = database().await;
    let patient = hilo_store::PoolOptions { statement: Duration::ZERO, ..hilo_store::PoolOptions::default() };
    db.pool = hilo_store::open(&db.url, patient).unwrap();
    let rig = Arc::new(on(db));
    for from in ["51900000001", "51900000002"] {
        assert_eq!(rig.post(&messages(&[text(from, from, "hola")])).await, StatusCode::OK);
    }
    rig.db
        .execute(
            "insert into messages (id, conversation_id, direction, author, kind, body, provider_id, own_status, status, at)
             select gen_random_uuid(), m.conversation_id, 'outbound', 'bot', 'text', m.body,
                    concat(m.provider_id, '.', n), 'sent', 'sent', m.at
             from messages m, generate_series(1, 8) n",
        )
        .await;
    let delivered = |id: String| {
        body(
            PHONE_NUMBER_ID,
            json!({"statuses": [{"id": id, "status": "delivered", "timestamp": "1795000000", "recipient_id": "5"}]}),
        )
    };
    let lock = rig
        .db
        .hold(
            "select c.id from conversations c join client_identifiers i using (client_id)
             where i.value = '51900000001' for update of c",
        )
        .await;
    let blocked: Vec<_> = (1..=8)
        .map(|i| {
            let (rig, body) = (rig.clone(), delivered(format!("51900000001.{i}")));
            tokio::spawn(async move { rig.post(&body).await })
        })
        .collect();
    rig.db.until_blocked(1).await;
    for i in 1..=8 {
        assert_eq!(rig.post(&delivered(format!("51900000002.{i}"))).await, StatusCode::OK);
    }
    assert!(blocked.iter().all(|one| !one.is_finished()), "they wait for the lock");
    lock.rollback().await.unwrap();
    for one in blocked {
        assert_eq!(one.await.unwrap(), StatusCode::OK);
    }
    assert_eq!(rig.db.count("select count(*) from messages where status = 'delivered'").await, 16);
}

/// Checks 96, 97 and 100 at the level of bytes.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_heads_are_refused_and_the_next_request_is_served() {
    let (address, stop) = listening(&database().await).await;
    let head = |lines: &str| format!("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{lines}\r\n");
    assert_eq!(exchange(address, head("").as_bytes()).await, Some(200));
    let many: String = (0..10_000).map(|i| format!("x-{i}: y\r\n")).collect();
    for (what, bytes) in [
        ("a header of one megabyte", head(&format!("x: {}\r\n", "y".repeat(1024 * 1024)))),
        ("ten thousand headers", head(&many)),
        ("a bare line break in a value", head("x: a\rb\r\n")),
        ("a null in a value", head("x: a\0b\r\n")),
        ("a space before the colon", head("x : y\r\n")),
        ("two lengths", head("content-length: 1\r\ncontent-length: 2\r\n")),
        ("no protocol", "GET /healthz\r\n\r\n".to_owned()),
    ] {
        let status = exchange(address, bytes.as_bytes()).await;
        assert!(matches!(status, None | Some(400 | 431)), "{what}: {status:?}");
    }
    let mut odd = b"POST /webhooks/meta HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\nx-hub-signature-256: sha256=\xff\xfe\r\n\r\n{}".to_vec();
    assert_eq!(exchange(address, &odd).await, Some(401));
    odd.truncate(30);
    let cut = TcpStream::connect(address).await.unwrap();
    drop(cut);
    assert_eq!(exchange(address, head("").as_bytes()).await, Some(200));
    stop.cancel();
}

/// Check 9, the gateway's part: who has been taken in is served before it stops.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_gateway_finishes_what_it_has_begun() {
    let (address, stop) = listening(&database().await).await;
    let body = messages(&[text("51987654321", "wamid.1", "hola")]).to_string();
    let signature = hilo_whatsapp::meta::signature::sign(SECRET, body.as_bytes());
    let head = format!(
        "POST /webhooks/meta HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\nx-hub-signature-256: {signature}\r\n\r\n",
        body.len()
    );
    let mut socket = TcpStream::connect(address).await.unwrap();
    let (first, rest) = body.split_at(10);
    socket.write_all(format!("{head}{first}").as_bytes()).await.unwrap();
    // A whole exchange on another connection: the first one's head has been read by then.
    let close = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert_eq!(exchange(address, close).await, Some(200));
    stop.cancel();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    socket.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
