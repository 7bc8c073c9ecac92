//! What Postgres, the network and hostile clients do to a gateway, and what is left afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Ear, SECRET, messages, on, rig, text};
use axum::http::StatusCode;
use hilo_domain::clock::{SharedClock, SystemClock};
use hilo_gateway::intake::Intake;
use hilo_gateway::{Deps, Gateway};
use hilo_relay::outbox::{Relay, Ringer, Settings};
use hilo_store::testing::{Database, database};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

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

/// A gateway on a socket, for what only bytes can say.
async fn listening() -> (std::net::SocketAddr, CancellationToken) {
    let db = database().await;
    let ear = Arc::new(Ear::default());
    let clock: SharedClock = Arc::new(SystemClock);
    let stop = CancellationToken::new();
    let ringer = Ringer {
        pool: db.pool.clone(),
        bells: ear.clone(),
        stream: ear.clone(),
        clock: clock.clone(),
        settings: Settings::default(),
    };
    let (relay, _) = Relay::start(ringer, stop.clone());
    let intake = Intake { pool: db.pool.clone(), ring: db.ring.clone(), relay, clock };
    let gateway = Gateway::bind("127.0.0.1:0", Deps { intake, bells: ear.clone(), stream: ear }).await.unwrap();
    let address = gateway.local_addr().unwrap();
    tokio::spawn(gateway.serve(stop.clone().cancelled_owned()));
    (address, stop)
}

/// Sends bytes and reads the status of the answer; `None` when the connection was closed without one.
async fn exchange(address: std::net::SocketAddr, bytes: &[u8]) -> Option<u16> {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // The other side may well stop reading before all of it is written.
    drop(socket.write_all(bytes).await);
    let mut answer = Vec::new();
    drop(socket.read_to_end(&mut answer).await);
    let line = String::from_utf8_lossy(&answer);
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Checks 96, 97 and 100 at the level of bytes.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_heads_are_refused_and_the_next_request_is_served() {
    let (address, stop) = listening().await;
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
    let (address, stop) = listening().await;
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
