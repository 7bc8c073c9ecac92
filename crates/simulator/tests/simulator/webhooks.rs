//! Webhooks: signed, escaped, in order, repeated until 200, and surviving a crash of the simulator.

use crate::rig::{ANA, Rig, elements, statuses};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn a_customers_message_arrives_as_meta_tells_it() {
    let rig = Rig::start().await;
    let id = rig.write(json!({"type": "text", "text": "José 👍 a/b", "name": "Ana Núñez"})).await;
    let body = rig.inbox.until(|bodies| !bodies.is_empty()).await.remove(0);
    let value = &body["entry"][0]["changes"][0]["value"];
    assert_eq!(body["object"], "whatsapp_business_account");
    assert_eq!(body["entry"][0]["id"], crate::rig::ACCOUNT);
    assert_eq!(
        value["metadata"],
        json!({"display_phone_number": "525500000001", "phone_number_id": crate::rig::NUMBER})
    );
    assert_eq!(value["contacts"][0]["profile"]["name"], "Ana Núñez");
    assert_eq!(value["contacts"][0]["wa_id"], ANA);
    let message = &value["messages"][0];
    assert_eq!(message["id"], id);
    assert_eq!(message["from"], ANA);
    assert_eq!(message["text"]["body"], "José 👍 a/b");
    assert_eq!(message["timestamp"], rig.now().to_string());
    let raw = String::from_utf8(rig.inbox.raw()[0].to_vec()).unwrap();
    assert!(raw.contains(r"Jos\u00e9 \ud83d\udc4d a\/b"), "{raw}");
}

#[tokio::test]
async fn a_refused_webhook_is_repeated_until_200_and_holds_back_what_follows() {
    let rig = Rig::start().await;
    let refusals =
        [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::NO_CONTENT, StatusCode::FOUND, StatusCode::BAD_GATEWAY];
    rig.inbox.refuse(refusals);
    let first = rig.hello().await;
    let second = rig.hello().await;
    let attempts = elements(&rig.inbox.attempts(6).await);
    let ids = attempts.iter().map(|item| item["id"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids, [first.as_str(), &first, &first, &first, &first, &second]);
}

#[tokio::test]
async fn receipts_come_by_themselves_and_reading_is_the_customers() {
    let rig = Rig::start().await;
    rig.hello().await;
    let (_, answer) =
        rig.send(json!({"type": "text", "text": {"body": "uno"}, "biz_opaque_callback_data": "job-42"})).await;
    let id = answer["messages"][0]["id"].as_str().unwrap().to_owned();
    let items = rig.inbox.items(3).await;
    assert_eq!(statuses(&items, &id), ["sent", "delivered"]);
    assert_eq!(items[1]["biz_opaque_callback_data"], "job-42");
    assert_eq!(items[1]["recipient_id"], ANA);
    assert_eq!(items[1]["pricing"]["category"], "service");
    assert_eq!(rig.got().await[0]["status"], "delivered");
    let (_, read) = rig.sim(Method::POST, &format!("customers/{ANA}/read"), json!({})).await;
    assert_eq!(read["read"], json!([id]));
    assert_eq!(statuses(&rig.inbox.items(4).await, &id), ["sent", "delivered", "read"]);
    let (_, again) = rig.sim(Method::POST, &format!("customers/{ANA}/read"), json!({})).await;
    assert_eq!(again["read"], json!([]));
    assert_eq!(rig.got().await[0]["status"], "read");
}

#[tokio::test]
async fn what_is_opened_before_it_is_delivered_is_read_when_it_is() {
    let rig = Rig::with(|config| config.receipts.delivered_after = std::time::Duration::from_secs(3600)).await;
    rig.hello().await;
    // The clock moves as soon as somebody sleeps, so whichever comes first, the end is the same.
    let id = rig.send_text("uno").await;
    rig.sim(Method::POST, &format!("customers/{ANA}/read"), json!({})).await;
    assert_eq!(statuses(&rig.inbox.items(4).await, &id), ["sent", "delivered", "read"]);
}

#[tokio::test]
async fn nobody_reports_a_reaction_as_delivered() {
    let rig = Rig::start().await;
    let hello = rig.hello().await;
    let (_, answer) = rig.send(json!({"type": "reaction", "reaction": {"message_id": hello, "emoji": "👍"}})).await;
    let reaction = answer["messages"][0]["id"].as_str().unwrap().to_owned();
    let text = rig.send_text("uno").await;
    let items = rig.inbox.until(|bodies| statuses(&elements(bodies), &text).len() == 2).await;
    assert_eq!(statuses(&elements(&items), &reaction), ["sent"]);
}

#[tokio::test]
async fn a_press_answers_the_latest_message_that_offers_it() {
    let rig = Rig::start().await;
    rig.hello().await;
    let press = |kind: &str, id: &str| json!({"type": kind, "id": id});
    let path = format!("customers/{ANA}/messages");
    let (status, problem) = rig.sim(Method::POST, &path, press("button", "yes")).await;
    assert_eq!(status, 422);
    assert!(problem["detail"].as_str().unwrap().contains("none yet"), "{problem}");

    let buttons = json!({"type": "interactive", "interactive": {"type": "button", "body": {"text": "¿Sí?"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "yes", "title": "Sí"}}, {"type": "reply", "reply": {"id": "no", "title": "No"}}]}}});
    rig.send(buttons.clone()).await;
    let latest = rig.send(buttons).await.1["messages"][0]["id"].clone();
    let list = json!({"type": "interactive", "interactive": {"type": "list", "body": {"text": "¿Dónde?"},
        "action": {"button": "Ver", "sections": [{"rows": [{"id": "north", "title": "Norte", "description": "24x7"}]}]}}});
    let listed = rig.send(list).await.1["messages"][0]["id"].clone();
    let template = json!({"type": "template", "template": {"name": "bienvenida", "language": {"code": "es_MX"}}});
    let template = rig.send(template).await.1["messages"][0]["id"].clone();

    let (_, problem) = rig.sim(Method::POST, &path, press("button", "north")).await;
    assert!(problem["detail"].as_str().unwrap().contains("yes, no"), "{problem}");
    let mut expected = Vec::new();
    for (kind, id, context, content) in [
        ("button", "yes", latest, json!({"type": "button_reply", "button_reply": {"id": "yes", "title": "Sí"}})),
        (
            "list",
            "north",
            listed,
            json!({"type": "list_reply", "list_reply": {"id": "north", "title": "Norte", "description": "24x7"}}),
        ),
        ("button", "Sí, quiero", template, json!({"payload": "Sí, quiero", "text": "Sí, quiero"})),
    ] {
        expected.push((rig.write(press(kind, id)).await, context, content));
    }
    let bodies = rig.inbox.until(|bodies| elements(bodies).iter().any(|item| item["id"] == expected[2].0)).await;
    for (id, context, content) in expected {
        let item = elements(&bodies).into_iter().find(|item| item["id"] == id).unwrap();
        assert_eq!(item["context"]["id"], context);
        assert_eq!(item[item["type"].as_str().unwrap()], content);
    }
}

#[tokio::test]
async fn a_raw_message_keeps_what_it_says_and_gets_what_it_lacks() {
    let rig = Rig::start().await;
    rig.write(json!({"type": "raw", "message": {"type": "order", "order": {"catalog_id": "7"}}})).await;
    let id = rig.write(json!({"type": "raw", "message": {"type": "unsupported", "id": "wamid.fixed", "from": "1", "timestamp": "0"}})).await;
    assert_eq!(id, "wamid.fixed");
    let items = rig.inbox.items(2).await;
    assert_eq!(items[0]["from"], ANA);
    assert!(items[0]["id"].as_str().unwrap().starts_with("wamid."));
    assert_eq!(items[0]["order"]["catalog_id"], "7");
    assert_eq!((&items[1]["from"], &items[1]["timestamp"]), (&json!("1"), &json!("0")));
}

#[tokio::test]
async fn bad_input_is_a_problem_that_names_the_place() {
    let rig = Rig::start().await;
    let path = format!("customers/{ANA}/messages");
    for (body, pointer) in [
        (json!({"type": "text"}), "/text"),
        (json!({"type": "text", "text": ""}), "/text"),
        (json!({"type": "text", "text": "x", "txet": 1}), "/txet"),
        (json!({"type": "song"}), "/type"),
        (json!({"type": "text", "text": "x", "phoneNumberId": "1"}), "/phoneNumberId"),
        (json!({"type": "raw", "message": 1}), "/message"),
        (json!([]), ""),
    ] {
        let (status, problem) = rig.sim(Method::POST, &path, body.clone()).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{body} got {problem}");
    }
    let url = format!("http://{}/sim/{path}", rig.address);
    let answer = rig.client.post(&url).body("{").send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let foreign = rig.client.post(&url).header("sec-fetch-site", "cross-site").body("{}").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    assert_eq!(rig.sim(Method::POST, "customers/12ab/messages", json!({})).await.0, 422);
    assert_eq!(rig.sim(Method::GET, "nothing", Value::Null).await.0, 404);
    assert!(rig.inbox.raw().is_empty());
}

#[tokio::test]
async fn what_was_accepted_survives_a_kill_and_is_told_afterwards() {
    let rig = Rig::with(|config| {
        // Nobody is there yet: nothing can be told before the kill.
        config.numbers[0].webhook_url = "http://127.0.0.1:1/".parse().unwrap();
        config.receipts.delivered_after = std::time::Duration::from_secs(3600);
    })
    .await;
    let written = [rig.hello().await, rig.hello().await];
    let sent = rig.send_text("uno").await;
    let left = rig.killed();
    std::fs::OpenOptions::new()
        .append(true)
        .open(left.path().join("journal.jsonl"))
        .and_then(|mut file| std::io::Write::write_all(&mut file, br#"{"record":"accepted","id":"wamid.torn"#))
        .unwrap();
    let next = Rig::on(left, |_| {}).await;
    let bodies = next
        .inbox
        .until(|bodies| {
            let items = elements(bodies);
            statuses(&items, &sent).ends_with(&["delivered".to_owned()])
                && items.iter().any(|item| item["id"] == written[1])
        })
        .await;
    let items = elements(&bodies);
    let messages =
        items.iter().filter(|item| item["status"].is_null()).map(|item| item["id"].clone()).collect::<Vec<_>>();
    assert_eq!(messages, written);
    let got = next.got().await;
    assert_eq!(got.len(), 1);
    assert_eq!(got[0]["id"], sent);
    assert_eq!(got[0]["text"], "uno");
}

#[tokio::test]
async fn what_was_told_is_not_told_again_after_a_stop() {
    let rig = Rig::start().await;
    rig.hello().await;
    let sent = rig.send_text("uno").await;
    rig.inbox.items(3).await;
    let next = Rig::on(rig.stop().await, |_| {}).await;
    let new = next.hello().await;
    let items = next.inbox.items(1).await;
    assert!(items.iter().any(|item| item["id"] == new));
    // At most the last one before the stop, whose 200 may not have been noted any more.
    assert!(items.len() <= 2, "{items:#?}");
    assert_eq!(next.got().await[0]["id"], sent);
}

#[tokio::test]
async fn a_page_hears_at_once_what_happens() {
    let rig = Rig::start().await;
    let mut stream = rig.client.get(format!("http://{}/sim/events", rig.address)).send().await.unwrap();
    let mut heard = String::new();
    while !heard.contains("event: ready") {
        heard.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()));
    }
    let hello = rig.hello().await;
    let sent = rig.send_text("uno").await;
    let read = json!({"messaging_product": "whatsapp", "status": "read", "message_id": hello, "typing_indicator": {"type": "text"}});
    rig.graph(Method::POST, &format!("{}/messages", crate::rig::NUMBER), read).await;
    while !(heard.contains("event: typing") && heard.contains("\"status\":\"delivered\"")) {
        heard.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()));
    }
    for expected in ["event: customer", "event: message", "event: businessRead", &hello, &sent] {
        assert!(heard.contains(expected), "{expected} is not in {heard}");
    }
    // The stream ends with the simulator, and does not keep it from stopping.
    rig.stop().await;
    while let Ok(Some(_)) = stream.chunk().await {}
}
