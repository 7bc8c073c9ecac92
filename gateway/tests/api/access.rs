//! Every operation of the document, asked as every role.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use hilo_domain::chat::ChatStatus;
use hilo_domain::operation::{Needs, Operation};
use hilo_domain::permission::{Role, Scope};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{CAROLINA, rig};

fn document() -> Value {
    serde_json::from_str(&hilo_gateway::api::openapi()).unwrap()
}

fn operations(document: &Value) -> Vec<(Method, String, String)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no name"));
            all.push((method, path.clone(), id.to_owned()));
        }
    }
    all
}

#[test]
fn the_document_and_the_table_name_the_same_operations_once_each() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut described: BTreeMap<String, usize> = BTreeMap::new();
    for (_, _, id) in operations(&document) {
        *described.entry(id).or_default() += 1;
    }
    assert!(described.values().all(|n| *n == 1), "{described:?}");
    // What a socket is asked has its own name in the table.
    let decided: Vec<_> = Operation::ALL.iter().map(|o| o.as_str()).filter(|name| !name.contains('.')).collect();
    let mut described: Vec<_> = described.into_keys().collect();
    described.sort_by_key(|name| name.to_lowercase());
    assert_eq!(described, decided);
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let committed = include_str!("../../../web/src/api/openapi.json");
    assert!(committed == hilo_gateway::api::openapi(), "run `cargo xtask gen` and commit web/src/api/openapi.json");
}

/// A body that the operation can read; what it names need not exist.
fn body(id: &str) -> Option<Value> {
    Some(match id {
        "takeChat" | "reopenChat" | "holdChat" | "resumeChat" | "returnToBot" => json!({}),
        "assignChat" => json!({"agentId": Uuid::nil()}),
        "transferChat" => json!({"queueId": "queue-1"}),
        "closeChat" => json!({"reason": "resolved"}),
        "snoozeChat" => json!({"until": "2099-01-01T00:00:00Z"}),
        "setPriority" => json!({"priority": "high"}),
        "moveToNode" => json!({"nodeId": "menu"}),
        "sendMessage" => json!({"type": "text", "text": "hola"}),
        "addNote" => json!({"text": "nota"}),
        "setUserState" => json!({"state": "available"}),
        "updateCampaign" => json!({"capacity": 3}),
        "login" => json!({"email": "x", "password": "x"}),
        "refresh" => json!({}),
        _ => return None,
    })
}

#[tokio::test]
async fn every_operation_is_refused_as_the_table_says_whoever_asks() {
    let rig = rig().await;
    let (conversation, chat) = rig.chat(CAROLINA, ChatStatus::Active, Some("ana@x")).await;
    let people = [
        (Role::SuperAdmin, "admin@x"),
        (Role::Supervisor, "sofia@x"),
        (Role::Agente, "ana@x"),
        (Role::Calidad, "carla@x"),
        (Role::Auditoria, "aurelio@x"),
    ];
    let mut tokens = Vec::new();
    for (role, email) in people {
        tokens.push((role, rig.token(email).await));
    }
    let mut counts = BTreeMap::new();
    let mut wrong = Vec::new();
    for (method, path, id) in operations(&document()) {
        let operation = Operation::from_name(&id).unwrap();
        if matches!(operation, Operation::Logout) {
            continue;
        }
        let short = path.strip_prefix("/api/v1/").unwrap();
        let real = if short.starts_with("conversations") { conversation.0 } else { chat.0 };
        let named = |object: Uuid| short.replace("{id}", &object.to_string());
        let nobody = rig.send(method.clone(), &named(real), None, &[], body(&id)).await;
        let open = operation.needs() == Needs::Nothing;
        let without = nobody.status == StatusCode::UNAUTHORIZED && (open || nobody.code() == "token-invalid");
        if !without {
            wrong.push(format!("{id}: without a token {}", nobody.status));
        }
        if open {
            continue;
        }
        for (role, token) in &tokens {
            let reach = operation.needs().reach(*role);
            let got = rig.send(method.clone(), &named(real), Some(token), &[], body(&id)).await;
            let forbidden = got.status == StatusCode::FORBIDDEN;
            *counts.entry(got.status.as_u16()).or_insert(0) += 1;
            if forbidden != reach.is_none() {
                wrong.push(format!("{id} as {role:?}: {} {}", got.status, got.body));
            }
            // Nobody finds what does not exist, and no difference is told.
            if path.contains("{id}") && reach.is_some() {
                let got = rig.send(method.clone(), &named(Uuid::from_u128(7)), Some(token), &[], body(&id)).await;
                *counts.entry(got.status.as_u16()).or_insert(0) += 1;
                if got.status != StatusCode::NOT_FOUND && id != "assignChat" {
                    wrong.push(format!("{id} of nothing as {role:?}: {} {}", got.status, got.body));
                }
            }
        }
    }
    println!("answers by status: {counts:?}");
    assert!(counts[&200] > 30 && counts[&403] > 50 && counts[&404] > 50, "the test asked too little: {counts:?}");
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn an_agent_finds_their_own_and_what_waits_and_nothing_of_others() {
    let rig = rig().await;
    let (_, hers) = rig.chat("5215555550001", ChatStatus::Active, Some("ana@x")).await;
    let (_, his) = rig.chat("5215555550002", ChatStatus::Active, Some("luis@x")).await;
    let (_, waits) = rig.chat("5215555550003", ChatStatus::Queued, None).await;
    let (_, bots) = rig.chat("5215555550004", ChatStatus::Bot, None).await;
    let ana = rig.token("ana@x").await;
    let list = rig.get(&ana, "chats").await;
    let mut found: Vec<_> = list.body["items"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    found.sort_unstable();
    let mut expected = [hers.to_string(), waits.to_string()];
    expected.sort_unstable();
    assert_eq!(found, expected);
    for (chat, status) in [(hers, 200), (waits, 200), (his, 404), (bots, 404)] {
        for path in ["", "/messages", "/notes", "/workflow", "/ledger"] {
            let got = rig.get(&ana, &format!("chats/{chat}{path}")).await;
            assert_eq!(got.status, status, "{path}: {}", got.body);
        }
    }
    for email in ["sofia@x", "admin@x", "carla@x"] {
        let token = rig.token(email).await;
        assert_eq!(rig.get(&token, "chats").await.body["items"].as_array().unwrap().len(), 4, "{email}");
    }
    assert_eq!(Operation::ListChats.needs().reach(Role::Supervisor), Some(Scope::Team));
    // A supervisor of nothing sees nothing.
    rig.db.execute("delete from campaign_supervisors").await;
    let sofia = rig.token("sofia@x").await;
    assert_eq!(rig.get(&sofia, "chats").await.body["items"].as_array().unwrap().len(), 0);
    assert_eq!(rig.get(&sofia, &format!("chats/{hers}")).await.status, 404);
}
