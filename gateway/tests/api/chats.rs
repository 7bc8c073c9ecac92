//! Reading chats, and asking something of them.

use axum::http::Method;
use hilo_domain::chat::ChatStatus;
use hilo_domain::command::{Answer, Refusal};
use serde_json::json;
use uuid::Uuid;

use crate::support::{CAROLINA, Rig, held_by, rig};

#[tokio::test]
async fn a_chat_has_every_field_that_the_contract_names() {
    let rig = rig().await;
    let (conversation, chat) = rig.chat(CAROLINA, ChatStatus::Assigned, Some("ana@x")).await;
    let token = rig.token("ana@x").await;
    let got = rig.get(&token, &format!("chats/{chat}")).await;
    assert_eq!(got.status, 200, "{}", got.body);
    for field in [
        "id",
        "conversationId",
        "number",
        "client",
        "campaignId",
        "queueId",
        "status",
        "priority",
        "agentId",
        "attention",
        "held",
        "openedAt",
        "queuedAt",
        "assignedAt",
        "firstReplyAt",
        "closedAt",
        "closeReason",
        "unread",
        "lastMessage",
        "sla",
        "windowClosesAt",
    ] {
        assert!(got.body.get(field).is_some(), "{field} is missing: {}", got.body);
    }
    assert_eq!(got.body["conversationId"], conversation.to_string());
    assert_eq!(got.body["client"]["phone"], "+525555550001");
    assert_eq!((&got.body["unread"], &got.body["lastMessage"]["text"]), (&json!(1), &json!("hola")));
    assert_eq!(got.body["sla"]["firstReplyDueAt"], "2026-11-18T11:09:00Z", "two minutes after the queue");
    let messages = rig.get(&token, &format!("chats/{chat}/messages")).await;
    let message = &messages.body["items"][0];
    assert_eq!(
        (&message["direction"], &message["author"], &message["type"]),
        (&json!("inbound"), &json!("client"), &json!("text"))
    );
}

#[tokio::test]
async fn lists_are_pages_last_activity_first_and_filters_narrow_them() {
    let rig = rig().await;
    for n in 0..5 {
        let phone = format!("52155555500{n:02}");
        let (status, agent) = if n % 2 == 0 { (ChatStatus::Active, Some("ana@x")) } else { (ChatStatus::Queued, None) };
        rig.chat(&phone, status, agent).await;
    }
    let token = rig.token("sofia@x").await;
    let ids = |body: &serde_json::Value| -> Vec<String> {
        body["items"].as_array().unwrap().iter().map(|chat| chat["id"].as_str().unwrap().to_owned()).collect()
    };
    let whole = ids(&rig.get(&token, "chats").await.body);
    let mut walked = Vec::new();
    let mut path = "chats?limit=2".to_owned();
    loop {
        let page = rig.get(&token, &path).await;
        walked.extend(ids(&page.body));
        let Some(cursor) = page.body["nextCursor"].as_str() else { break };
        path = format!("chats?limit=2&cursor={cursor}");
    }
    assert_eq!((whole.len(), &walked), (5, &whole));
    for (filter, n) in [
        ("status=queued", 2),
        ("status=queued,active", 5),
        ("status=closed", 0),
        ("agent=none", 2),
        ("agent=me", 0),
        (&format!("agent={}", rig.id("ana@x")), 3),
        ("queueId=queue-1", 5),
        ("queueId=nowhere", 0),
        ("campaignId=campaign-1", 5),
        ("phone=%2B52%2055%205555%200002", 1),
        ("q=an", 5),
        ("q=zzz", 0),
        ("q=50003", 1),
        ("q=%25", 0),
    ] {
        let got = rig.get(&token, &format!("chats?{filter}")).await;
        assert_eq!(ids(&got.body).len(), n, "{filter}: {}", got.body);
    }
    for (wrong, pointer) in [
        ("limit=201", "/limit"),
        ("limit=0", "/limit"),
        ("status=open", "/status"),
        ("agent=x", "/agent"),
        ("cursor=x", "/cursor"),
        ("color=red", "/color"),
        ("limit=1&limit=2", "/limit"),
    ] {
        let got = rig.get(&token, &format!("chats?{wrong}")).await;
        assert_eq!((got.status.as_u16(), got.pointers()), (422, vec![pointer]), "{wrong}: {}", got.body);
    }
}

#[tokio::test]
async fn a_taken_chat_taken_again_names_who_has_it() {
    let rig = rig().await;
    let (_, chat) = rig.chat(CAROLINA, ChatStatus::Assigned, Some("ana@x")).await;
    let luis = rig.token("luis@x").await;
    rig.world.will_answer(held_by(rig.id("ana@x")));
    let got = rig.post(&luis, &format!("chats/{chat}/take"), json!({})).await;
    assert_eq!((got.status.as_u16(), got.code()), (409, "not-holder"));
    assert_eq!(got.body["holder"], json!({"id": rig.id("ana@x"), "name": "Ana"}));
    rig.world.will_answer(Answer::Refused { code: Refusal::NotHolder, holder: None });
    let got = rig.post(&luis, &format!("chats/{chat}/close"), json!({"reason": "resolved"})).await;
    assert_eq!((got.status.as_u16(), &got.body["holder"]), (409, &json!(null)), "{}", got.body);
}

#[tokio::test]
async fn what_a_command_came_to_is_a_problem_of_its_own() {
    let rig = rig().await;
    let (_, chat) = rig.chat(CAROLINA, ChatStatus::Active, Some("ana@x")).await;
    let ana = rig.token("ana@x").await;
    for (refusal, status, code) in [
        (Refusal::WindowClosed, 422, "window-closed"),
        (Refusal::ChatClosed, 409, "chat-closed"),
        (Refusal::AgentAtCapacity, 409, "agent-at-capacity"),
    ] {
        rig.world.will_answer(Answer::refused(refusal));
        let got = rig.post(&ana, &format!("chats/{chat}/messages"), json!({"type": "text", "text": "hola"})).await;
        assert_eq!((got.status.as_u16(), got.code()), (status, code), "{}", got.body);
    }
    rig.world.will_answer(Answer::refused(Refusal::NewMail));
    let got = rig.post(&ana, &format!("chats/{chat}/close"), json!({"reason": "resolved"})).await;
    assert_eq!((got.status.as_u16(), got.code()), (409, "new-mail"));
    rig.world.will_answer(Answer::Done {});
    let got = rig.post(&ana, &format!("chats/{chat}/priority"), json!({"priority": "urgent"})).await;
    assert_eq!((got.status.as_u16(), &got.body["id"]), (200, &json!(chat)), "{}", got.body);
}

#[tokio::test]
async fn without_a_worker_what_is_asked_is_stored_and_can_be_asked_for() {
    let rig = rig().await;
    let (_, chat) = rig.chat(CAROLINA, ChatStatus::Active, Some("ana@x")).await;
    let ana = rig.token("ana@x").await;
    let got = rig.post(&ana, &format!("chats/{chat}/messages"), json!({"type": "text", "text": "¿Sigues ahí?"})).await;
    assert_eq!(got.status, 202);
    assert_eq!(
        (&got.body["seq"], &got.body["status"], &got.body["text"]),
        (&json!(null), &json!("pending"), &json!("¿Sigues ahí?"))
    );
    let got = rig.post(&ana, &format!("chats/{chat}/close"), json!({"reason": "resolved"})).await;
    assert_eq!((got.status.as_u16(), &got.body["state"]), (202, &json!("requested")));
    let id = got.body["commandId"].as_str().unwrap();
    let seen = rig.get(&ana, &format!("commands/{id}")).await;
    assert_eq!((&seen.body["kind"], &seen.body["state"]), (&json!("close"), &json!("requested")));
    let luis = rig.token("luis@x").await;
    assert_eq!(rig.get(&luis, &format!("commands/{id}")).await.status, 404, "another's command");
    assert_eq!(rig.db.tables_with("Sigues").await, Vec::<String>::new(), "what is said stands sealed");
}

async fn keyed(rig: &Rig, token: &str, path: &str, key: &str, body: serde_json::Value) -> crate::support::Got {
    rig.send(Method::POST, path, Some(token), &[("idempotency-key", key)], Some(body)).await
}

#[tokio::test]
async fn the_same_key_with_the_same_body_is_one_message_and_with_another_is_refused() {
    let rig = rig().await;
    let (_, chat) = rig.chat(CAROLINA, ChatStatus::Active, Some("ana@x")).await;
    let ana = rig.token("ana@x").await;
    let path = format!("chats/{chat}/messages");
    let hello = json!({"type": "text", "text": "hola"});
    let (a, b) =
        tokio::join!(keyed(&rig, &ana, &path, "k1", hello.clone()), keyed(&rig, &ana, &path, "k1", hello.clone()));
    assert_eq!((a.status.as_u16(), b.status.as_u16()), (202, 202));
    assert_eq!(a.body["id"], b.body["id"], "one message");
    assert_eq!(rig.db.count("select count(*) from commands").await, 1);
    let other = keyed(&rig, &ana, &path, "k1", json!({"type": "text", "text": "adiós"})).await;
    assert_eq!((other.status.as_u16(), other.code()), (422, "idempotency-key-reused"));
    let luis = rig.token("luis@x").await;
    let his = keyed(&rig, &luis, &path, "k1", hello).await;
    assert_ne!(his.body["id"], a.body["id"], "keys are the person's own");

    let notes = format!("chats/{chat}/notes");
    let first = keyed(&rig, &ana, &notes, "n1", json!({"text": "prefiere la tarde"})).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let again = keyed(&rig, &ana, &notes, "n1", json!({"text": "prefiere la tarde"})).await;
    assert_eq!((again.status.as_u16(), &again.body["id"]), (201, &first.body["id"]));
    assert_eq!(keyed(&rig, &ana, &notes, "n1", json!({"text": "otra"})).await.code(), "idempotency-key-reused");
    let list = rig.get(&ana, &notes).await;
    assert_eq!(
        (list.body["items"].as_array().unwrap().len(), &list.body["items"][0]["author"]["name"]),
        (1, &json!("Ana"))
    );
    assert_eq!(rig.db.tables_with("prefiere").await, Vec::<String>::new(), "notes stand sealed");
}

#[tokio::test]
async fn a_stored_answer_is_given_again_under_the_same_key() {
    let rig = rig().await;
    let (_, chat) = rig.chat(CAROLINA, ChatStatus::Assigned, Some("ana@x")).await;
    let luis = rig.token("luis@x").await;
    let path = format!("chats/{chat}/take");
    assert_eq!(keyed(&rig, &luis, &path, "k1", json!({})).await.status, 202);
    rig.db
        .execute(r#"update commands set state = 'refused', result = '{"outcome": "refused", "code": "not-holder"}'"#)
        .await;
    let again = keyed(&rig, &luis, &path, "k1", json!({})).await;
    assert_eq!((again.status.as_u16(), again.code()), (409, "not-holder"));
    assert_eq!(rig.world.asked.lock().unwrap().len(), 1, "nobody is asked again");
    assert_eq!(keyed(&rig, &luis, &path, "", json!({})).await.status, 400);
}

#[tokio::test]
async fn what_cannot_be_read_is_400_and_what_is_wrong_is_422_with_its_pointer() {
    let rig = rig().await;
    let (_, chat) = rig.chat(CAROLINA, ChatStatus::Active, Some("ana@x")).await;
    let (ana, sofia) = (rig.token("ana@x").await, rig.token("sofia@x").await);
    let raw = rig.post(&ana, &format!("chats/{chat}/take"), json!("{nope")).await;
    assert_eq!((raw.status.as_u16(), raw.code()), (400, "invalid-json"));
    for (path, body, pointers) in [
        ("take", json!({"force": false, "fuerza": true}), vec!["/fuerza"]),
        ("close", json!({"razon": "x"}), vec!["/razon", "/reason"]),
        ("close", json!({"reason": "nope"}), vec!["/reason"]),
        ("messages", json!({"type": "text", "text": ""}), vec!["/text"]),
        ("messages", json!({"type": "text", "text": "x".repeat(4097)}), vec!["/text"]),
        ("messages", json!({"type": "text", "texto": "x", "text": "x"}), vec!["/texto"]),
        ("transfer", json!({}), vec![""]),
        ("transfer", json!({"queueId": "queue-1", "agentId": Uuid::nil()}), vec![""]),
        ("transfer", json!({"queueId": "nowhere"}), vec!["/queueId"]),
        ("transfer", json!({"agentId": Uuid::nil()}), vec!["/agentId"]),
        ("snooze", json!({"until": "2020-01-01T00:00:00Z"}), vec!["/until"]),
        ("snooze", json!({"until": "mañana"}), vec!["/until"]),
        ("priority", json!({"priority": "max"}), vec!["/priority"]),
    ] {
        let got = rig.post(&ana, &format!("chats/{chat}/{path}"), body.clone()).await;
        assert_eq!((got.status.as_u16(), got.pointers()), (422, pointers), "{path} {body}: {}", got.body);
    }
    let got = rig
        .send(Method::PATCH, "campaigns/campaign-1", Some(&sofia), &[], Some(json!({"capacity": 0, "idleSeconds": -1})))
        .await;
    assert_eq!((got.status.as_u16(), got.pointers()), (422, vec!["/idleSeconds", "/capacity"]));
    let large = json!({"text": "x".repeat(1_100_000)});
    assert_eq!(rig.post(&ana, &format!("chats/{chat}/notes"), large).await.status, 413);
}

#[tokio::test]
async fn a_campaign_s_promises_are_changed_with_who_did_it() {
    let rig = rig().await;
    let sofia = rig.token("sofia@x").await;
    let body = json!({"firstReplySeconds": 5, "capacity": 2});
    let got = rig.send(Method::PATCH, "campaigns/campaign-1", Some(&sofia), &[], Some(body)).await;
    assert_eq!(
        (got.status.as_u16(), &got.body["firstReplySeconds"], &got.body["idleSeconds"]),
        (200, &json!(5), &json!(1800))
    );
    let list = rig.get(&sofia, "campaigns").await;
    assert_eq!(list.body["items"][0]["capacity"], 2);
    let audited = "select detail #>> '{before,capacity}' || ' ' || (detail #>> '{after,capacity}') || ' ' || (actor ->> 'sessionId' is not null)
                   from audit where action = 'campaign.update'";
    assert_eq!(rig.db.texts(audited).await, ["5 2 true"]);
}

#[tokio::test]
async fn an_agent_says_what_they_are_ready_for_and_a_supervisor_may_say_it_for_them() {
    let rig = rig().await;
    let (ana, sofia, luis) = (rig.token("ana@x").await, rig.token("sofia@x").await, rig.token("luis@x").await);
    let path = format!("users/{}/state", rig.id("ana@x"));
    let put = async |token: &str, body| rig.send(Method::PUT, &path, Some(token), &[], Some(body)).await;
    let got = put(&ana, json!({"state": "available"})).await;
    assert_eq!((got.status.as_u16(), &got.body["state"]), (200, &json!("available")));
    assert!(got.body["since"].is_string());
    let got = put(&ana, json!({"state": "paused", "reasonId": "nope"})).await;
    assert_eq!((got.status.as_u16(), got.pointers()), (422, vec!["/reasonId"]));
    assert_eq!(put(&ana, json!({"state": "full"})).await.pointers(), ["/state"]);
    let got = put(&sofia, json!({"state": "paused", "reasonId": "lunch"})).await;
    assert_eq!((got.status.as_u16(), &got.body["reasonId"]), (200, &json!("lunch")), "{}", got.body);
    assert_eq!(put(&luis, json!({"state": "available"})).await.status, 404, "a colleague's");
    let users = rig.get(&sofia, "users").await;
    let names: Vec<_> = users.body["items"].as_array().unwrap().iter().map(|u| u["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Ana", "Luis", "Sofía"], "her team");
}

#[tokio::test]
async fn queues_say_who_waits_and_in_which_order() {
    let rig = rig().await;
    let (_, first) = rig.chat("5215555550001", ChatStatus::Queued, None).await;
    let (conversation, second) = rig.chat("5215555550002", ChatStatus::Queued, None).await;
    rig.change(conversation, hilo_domain::event::EventKind::ChatUpdated, json!({}), |chat| hilo_store::chats::Chat {
        priority: 2,
        ..chat
    })
    .await;
    let ana = rig.token("ana@x").await;
    let queues = rig.get(&ana, "queues").await;
    assert_eq!((&queues.body["items"][0]["waiting"], &queues.body["items"][0]["key"]), (&json!(2), &json!("queue-1")));
    let waiting = rig.get(&ana, "queues/queue-1/waiting?limit=1").await;
    assert_eq!(waiting.body["items"][0]["chat"]["id"], json!(second), "the urgent one first");
    let cursor = waiting.body["nextCursor"].as_str().unwrap();
    let rest = rig.get(&ana, &format!("queues/queue-1/waiting?limit=1&cursor={cursor}")).await;
    assert_eq!((&rest.body["items"][0]["chat"]["id"], &rest.body["items"][0]["position"]), (&json!(first), &json!(2)));
    assert_eq!(rest.body["nextCursor"], json!(null));
}

#[tokio::test]
async fn a_chat_s_workflow_and_ledger_are_told_in_the_reader_s_words() {
    let rig = rig().await;
    let (conversation, chat) = rig.chat(CAROLINA, ChatStatus::Queued, None).await;
    let mut tx = rig.db.begin().await;
    let mut opened = hilo_store::desk::open(&mut tx, &rig.db.ring, conversation).await.unwrap().unwrap();
    let promises = opened.promises();
    let mut there = opened.chat.take().unwrap();
    there.set_timers(&promises);
    let entry = |kind: &str, detail| hilo_store::desk::Entry { kind: kind.into(), detail };
    let changes = hilo_store::desk::Changes {
        chats: vec![there],
        ledger: vec![
            entry("moved", json!({"from": "bot", "to": "queued"})),
            entry("queued", json!({"queueId": rig.queue, "why": "flow"})),
        ],
        ..Default::default()
    };
    hilo_store::desk::save(&mut tx, &opened, &changes, hilo_store::testing::at(30)).await.unwrap();
    tx.commit().await.unwrap();

    let sofia = rig.token("sofia@x").await;
    let path = format!("chats/{chat}/workflow");
    let es = rig.get(&sofia, &path).await;
    assert_eq!(es.body["summary"], "Ana espera en Ventas desde las 11:07:00 UTC.", "{}", es.body);
    assert_eq!(es.body["waitsFor"], "un agente disponible");
    assert_eq!(
        (&es.body["timers"][0]["kind"], &es.body["timers"][0]["dueAt"]),
        (&json!("first_reply"), &json!("2026-11-18T11:09:00Z"))
    );
    assert_eq!(es.body["next"][0]["at"], es.body["timers"][0]["dueAt"]);
    assert_eq!((&es.body["runs"][0]["events"], &es.body["temporalAnswers"]), (&json!(12), &json!(true)));
    let en = rig.send(Method::GET, &path, Some(&sofia), &[("accept-language", "en-GB")], None).await;
    assert_eq!(en.body["summary"], "Ana has been waiting in Ventas since 11:07:00 UTC.");

    let ledger = format!("chats/{chat}/ledger?limit=1");
    let first = rig.get(&sofia, &ledger).await;
    assert_eq!(first.body["items"][0]["text"], "Pasó de bot a en cola.");
    let cursor = first.body["nextCursor"].as_str().unwrap();
    let second = rig.get(&sofia, &format!("{ledger}&cursor={cursor}")).await;
    assert_eq!(
        (&second.body["items"][0]["text"], &second.body["nextCursor"]),
        (&json!("Entró en Ventas (flow)."), &json!(null))
    );
    assert!(second.body["items"][0]["seq"].as_i64() > first.body["items"][0]["seq"].as_i64());
}

#[tokio::test]
async fn supervisors_are_told_about_their_chats_and_mark_what_they_have_read() {
    let rig = rig().await;
    let (_, _) = rig.chat(CAROLINA, ChatStatus::Assigned, Some("ana@x")).await;
    rig.db
        .execute("insert into notifications (id, kind, chat_id, data, at) select gen_random_uuid(), 'sla.first_reply', id, '{}', opened_at from chats")
        .await;
    let (sofia, ana) = (rig.token("sofia@x").await, rig.token("ana@x").await);
    let list = rig.get(&sofia, "notifications").await;
    let notice = &list.body["items"][0];
    assert_eq!((&notice["text"], &notice["readAt"]), (&json!("La primera respuesta no llegó a tiempo."), &json!(null)));
    assert_eq!(rig.get(&ana, "notifications").await.body["items"], json!([]), "it is for supervisors");
    let path = format!("notifications/{}/read", notice["id"].as_str().unwrap());
    assert_eq!(rig.post(&ana, &path, json!({})).await.status, 404);
    assert_eq!(rig.post(&sofia, &path, json!({})).await.status, 204);
    assert!(rig.get(&sofia, "notifications").await.body["items"][0]["readAt"].is_string());
}

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_it_from_frames() {
    let rig = rig().await;
    let token = rig.token("ana@x").await;
    for path in ["me", "nowhere", "chats/x"] {
        let got = rig.get(&token, path).await;
        assert!(got.headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(got.headers["x-content-type-options"], "nosniff", "{path}");
    }
    let got = rig.send(Method::DELETE, "me", Some(&token), &[], None).await;
    assert_eq!((got.status.as_u16(), got.code()), (405, "method-not-allowed"));
}
