//! Faults: each key does what the README says.

use crate::rig::{ANA, NUMBER, Rig, elements, statuses};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

fn text(body: &str) -> Value {
    json!({"type": "text", "text": {"body": body}})
}

#[tokio::test]
async fn a_code_refuses_as_often_as_asked_and_only_what_matches() {
    let rig = Rig::start().await;
    rig.hello().await;
    rig.fault(json!({"times": 2, "match": "malo", "code": 131_026, "retryAfter": 4})).await;
    rig.send_text("bueno").await;
    for _ in 0..2 {
        let (status, answer) = rig.send(text("malo")).await;
        assert_eq!((status.as_u16(), &answer["error"]["code"]), (400, &json!(131_026)));
    }
    rig.send_text("malo").await;
    assert_eq!(rig.got().await.len(), 2);
    let url = format!("http://{}/v23.0/{NUMBER}/messages", rig.address);
    rig.fault(json!({"times": 1, "code": 130_429, "status": 429, "retryAfter": 4})).await;
    let request = json!({"messaging_product": "whatsapp", "to": ANA, "type": "text", "text": {"body": "x"}});
    let answer = rig.client.post(url).bearer_auth("demo-access-token").json(&request).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (429, "4"));
}

#[tokio::test]
async fn a_status_alone_is_a_proxys_page_and_a_body_is_answered_as_it_is() {
    let rig = Rig::start().await;
    rig.hello().await;
    rig.fault(json!({"times": 1, "status": 502})).await;
    let (status, answer) = rig.send(text("uno")).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(answer.as_str().unwrap().starts_with("<html>"));
    rig.fault(json!({"times": 1, "body": "{\"messages\":[{\"id\":"})).await;
    let (status, answer) = rig.send(text("dos")).await;
    assert_eq!((status, answer.as_str().unwrap()), (StatusCode::OK, "{\"messages\":[{\"id\":"));
    assert!(rig.got().await.is_empty());
}

#[tokio::test]
async fn a_lost_answer_was_accepted_all_the_same() {
    let rig = Rig::start().await;
    rig.hello().await;
    rig.fault(json!({"times": 1, "lostAnswer": true})).await;
    let url = format!("http://{}/v23.0/{NUMBER}/messages", rig.address);
    let request = json!({"messaging_product": "whatsapp", "to": ANA, "type": "text", "text": {"body": "uno"}, "biz_opaque_callback_data": "job-1"});
    let lost = rig.client.post(url).bearer_auth("demo-access-token").json(&request).send().await;
    assert!(lost.is_err());
    let items = rig.inbox.items(3).await;
    assert_eq!(items[1]["biz_opaque_callback_data"], "job-1");
    let got = rig.got().await;
    assert_eq!((got.len(), &got[0]["text"]), (1, &json!("uno")));
}

#[tokio::test]
async fn a_delayed_answer_comes_after_the_receipts() {
    let rig = Rig::start().await;
    rig.hello().await;
    rig.fault(json!({"times": 1, "delayMs": 60_000})).await;
    let before = rig.now();
    rig.send_text("uno").await;
    assert!(rig.now() - before >= 60);
    rig.inbox.items(3).await;
}

#[tokio::test]
async fn copies_follow_the_first_one() {
    let rig = Rig::start().await;
    rig.fault(json!({"times": 1, "match": "webhook:messages", "duplicate": 3})).await;
    let first = rig.hello().await;
    let second = rig.hello().await;
    let items = rig.inbox.items(5).await;
    let ids = items.iter().map(|item| item["id"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids, [first.as_str(), &first, &first, &first, &second]);
}

#[tokio::test]
async fn shuffled_receipts_leave_in_another_order_and_messages_keep_theirs() {
    let rig = Rig::start().await;
    // The pool waits on the clock; the receipts of one message follow each other without waiting, so they meet in it.
    rig.fault(json!({"times": 1_000, "shuffle": true, "duplicate": true})).await;
    let mut written = Vec::new();
    for _ in 0..5 {
        written.push(rig.hello().await);
    }
    let sent = [rig.send_text("uno").await, rig.send_text("dos").await];
    let bodies = rig
        .inbox
        .until(|bodies| {
            let items = elements(bodies);
            sent.iter().all(|id| statuses(&items, id).len() >= 4)
                && written.iter().all(|id| items.iter().filter(|item| item["id"] == **id).count() == 2)
        })
        .await;
    let items = elements(&bodies);
    let mut firsts = Vec::new();
    for item in items.iter().filter(|item| item["status"].is_null()) {
        if !firsts.contains(&item["id"]) {
            firsts.push(item["id"].clone());
        }
    }
    assert_eq!(firsts, written);
}

#[tokio::test]
async fn two_shuffled_receipts_change_places() {
    let mut rig = Rig::start().await;
    rig.hello().await;
    rig.fault(json!({"times": 2, "match": "webhook:statuses", "shuffle": true})).await;
    rig.hold_time();
    let id = rig.send_text("uno").await;
    while rig.got().await[0]["status"] != "delivered" {}
    rig.release_time();
    assert_eq!(statuses(&rig.inbox.items(3).await, &id), ["delivered", "sent"]);
}

#[tokio::test]
async fn a_batch_is_one_post_with_several_entries() {
    let mut rig = Rig::start().await;
    rig.fault(json!({"times": 3, "match": "webhook:messages", "batch": true})).await;
    rig.hold_time();
    let mut written = Vec::new();
    for _ in 0..3 {
        written.push(rig.hello().await);
    }
    rig.inbox.refuse([StatusCode::INTERNAL_SERVER_ERROR]);
    rig.release_time();
    let bodies = rig.inbox.until(|bodies| !bodies.is_empty()).await;
    assert_eq!((bodies.len(), bodies[0]["entry"].as_array().unwrap().len()), (1, 3));
    let ids = elements(&bodies).iter().map(|item| item["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids, written);
}

#[tokio::test]
async fn what_is_lost_is_never_told_and_the_rest_is() {
    let rig = Rig::start().await;
    rig.hello().await;
    rig.fault(json!({"times": 1, "match": "webhook:sent", "lose": true})).await;
    let id = rig.send_text("uno").await;
    let items = rig.inbox.until(|bodies| !statuses(&elements(bodies), &id).is_empty()).await;
    assert_eq!(statuses(&elements(&items), &id), ["delivered"]);
}

#[tokio::test]
async fn faults_are_listed_cleared_and_checked() {
    let rig = Rig::start().await;
    rig.fault(json!({"times": 3, "code": 131_026})).await;
    let (_, list) = rig.sim(Method::GET, "faults", Value::Null).await;
    assert_eq!((&list["items"][0]["times"], &list["items"][0]["requestsLeft"]), (&json!(3), &json!(3)));
    assert_eq!(rig.sim(Method::DELETE, "faults", Value::Null).await.0, 204);
    assert_eq!(rig.sim(Method::GET, "faults", Value::Null).await.1["items"], json!([]));
    for (fault, pointer) in [
        (json!({"code": 1}), "/times"),
        (json!({"times": 1, "cod": 1}), "/cod"),
        (json!({"times": 1, "match": "webhook:sent", "code": 1}), "/match"),
        (json!({"times": 1, "duplicate": -1}), ""),
    ] {
        let (status, problem) = rig.sim(Method::POST, "faults", fault).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{problem}");
    }
}
