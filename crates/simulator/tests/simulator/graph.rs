//! The Graph API: refusals, the window, rates, templates and files.

use crate::rig::{ACCOUNT, ANA, NUMBER, Rig, statuses};
use reqwest::{Method, StatusCode, multipart};
use serde_json::{Value, json};

/// The code of a refusal.
fn code(answer: &(StatusCode, Value)) -> (u16, u64) {
    (answer.0.as_u16(), answer.1["error"]["code"].as_u64().unwrap_or_else(|| panic!("{answer:?}")))
}

#[tokio::test]
async fn who_may_not_call_is_told_so_in_metas_words() {
    let rig = Rig::start().await;
    let url = format!("http://{}/v23.0/{NUMBER}/messages", rig.address);
    for request in [rig.client.post(&url), rig.client.post(&url).bearer_auth("other")] {
        let answer = request.json(&json!({})).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], 190);
    }
    let unknown = rig.graph(Method::POST, "999/messages", json!({"messaging_product": "whatsapp"})).await;
    assert_eq!(code(&unknown), (400, 100));
    assert_eq!(unknown.1["error"]["error_subcode"], 33);
    assert_eq!(code(&rig.graph(Method::GET, "a/b/c", Value::Null).await), (400, 2500));
    assert_eq!(code(&rig.graph(Method::PUT, NUMBER, Value::Null).await), (400, 100));
    let expired = rig.client.get(format!("http://{}/v20.0/{NUMBER}", rig.address)).send().await.unwrap();
    assert_eq!(expired.json::<Value>().await.unwrap()["error"]["code"], 2635);
}

#[tokio::test]
async fn a_message_beyond_a_limit_is_refused() {
    let rig = Rig::start().await;
    rig.hello().await;
    let buttons = |count: usize, title: &str| {
        let button = |n| json!({"type": "reply", "reply": {"id": format!("b{n}"), "title": format!("{title}{n}")}});
        let buttons = (0..count).map(button).collect::<Vec<_>>();
        json!({"type": "interactive", "interactive": {"type": "button", "body": {"text": "?"}, "action": {"buttons": buttons}}})
    };
    let list = |sections: Value| json!({"type": "interactive", "interactive": {"type": "list", "body": {"text": "?"}, "action": {"button": "Ver", "sections": sections}}});
    let rows =
        |from: usize, to: usize| (from..to).map(|n| json!({"id": format!("r{n}"), "title": "x"})).collect::<Vec<_>>();
    let twins = json!([{"type": "reply", "reply": {"id": "a", "title": "A"}}, {"type": "reply", "reply": {"id": "a", "title": "B"}}]);
    for (message, expected) in [
        (json!({"type": "text", "text": {"body": "x".repeat(4097)}}), 131_009),
        (json!({"type": "text", "text": {"body": ""}}), 131_009),
        (json!({"type": "text", "text": {"body": "  "}}), 131_009),
        (json!({"type": "text", "text": {}}), 131_008),
        (json!({"type": "text"}), 131_008),
        (json!({"type": "poem", "poem": {}}), 100),
        (json!({"type": "text", "text": {"body": "x"}, "tetx": 1}), 100),
        (json!({"type": "text", "text": {"body": "x"}, "to": "ana"}), 131_009),
        (json!({"type": "text", "text": {"body": "x"}, "to": "+525500000001"}), 131_021),
        (json!({"type": "text", "text": {"body": "x"}, "biz_opaque_callback_data": "x".repeat(513)}), 131_009),
        (json!({"type": "image", "image": {"caption": "x"}}), 131_008),
        (json!({"type": "image", "image": {"id": "1", "link": "https://x.example/a.png"}}), 131_009),
        (json!({"type": "image", "image": {"id": "404"}}), 100),
        (buttons(4, "x"), 131_009),
        (buttons(2, "un título larguísimo "), 131_009),
        (buttons(1, " x"), 131_009),
        (
            json!({"type": "interactive", "interactive": {"type": "button", "body": {"text": "?"}, "action": {"buttons": twins}}}),
            131_009,
        ),
        (list(json!([{"title": "A", "rows": rows(0, 6)}, {"title": "B", "rows": rows(6, 11)}])), 131_009),
        (list(json!([{"title": "A", "rows": rows(0, 2)}, {"rows": rows(2, 4)}])), 131_008),
        (list(json!([{"title": "A", "rows": rows(0, 2)}, {"title": "B", "rows": rows(0, 2)}])), 131_009),
        (json!({"type": "location", "location": {"latitude": "91", "longitude": "0"}}), 131_009),
        (json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "Ana"}}]}), 131_008),
        (
            json!({"type": "interactive", "interactive": {"type": "cta_url", "body": {"text": "?"}, "action": {"name": "cta_url", "parameters": {"display_text": "Abrir", "url": "javascript:1"}}}}),
            131_009,
        ),
    ] {
        let answer = rig.send(message.clone()).await;
        assert_eq!(code(&answer), (400, expected), "{message} got {}", answer.1);
    }
    assert!(rig.got().await.is_empty());
    for message in [
        buttons(3, "ñandú"),
        list(json!([{"title": "A", "rows": rows(0, 5)}, {"title": "B", "rows": rows(5, 10)}])),
        json!({"text": {"body": "é".repeat(4096)}}),
    ] {
        let answer = rig.send(message).await;
        assert_eq!(answer.0, StatusCode::OK, "{}", answer.1);
    }
    assert_eq!(rig.got().await.len(), 3);
}

#[tokio::test]
async fn free_text_needs_a_message_of_the_last_day_and_a_template_does_not() {
    let rig = Rig::start().await;
    let text = json!({"type": "text", "text": {"body": "hola"}});
    let template = json!({"type": "template", "template": {"name": "bienvenida", "language": {"code": "es_MX"}}});
    assert_eq!(code(&rig.send(text.clone()).await), (400, 131_047));
    assert_eq!(rig.send(template.clone()).await.0, StatusCode::OK);
    rig.hello().await;
    rig.clock.advance(std::time::Duration::from_secs(24 * 3600 - 60));
    assert_eq!(rig.send(text.clone()).await.0, StatusCode::OK);
    rig.clock.advance(std::time::Duration::from_secs(120));
    assert_eq!(code(&rig.send(text.clone()).await), (400, 131_047));
    // The other way to learn it: accepted, then failed.
    rig.fault(json!({"times": 1, "code": 131_047, "asynchronous": true})).await;
    let (status, answer) = rig.send(text).await;
    assert_eq!(status, StatusCode::OK);
    let id = answer["messages"][0]["id"].as_str().unwrap();
    let bodies = rig.inbox.until(|bodies| statuses(&crate::rig::elements(bodies), id) == ["failed"]).await;
    let failed = bodies.iter().find(|body| body.to_string().contains("failed")).unwrap();
    let value = &failed["entry"][0]["changes"][0]["value"];
    assert_eq!(value["statuses"][0]["errors"][0]["code"], 131_047);
    assert!(value.get("contacts").is_none());
}

#[tokio::test]
async fn a_template_is_sent_only_as_it_was_approved() {
    let rig = Rig::start().await;
    let template = |name: &str, language: &str, components: Value| json!({"type": "template", "template": {"name": name, "language": {"code": language}, "components": components}});
    let texts = |texts: &[&str]| texts.iter().map(|text| json!({"type": "text", "text": text})).collect::<Vec<_>>();
    let order = |body: &[&str]| {
        json!([{"type": "header", "parameters": texts(&["A-17"])}, {"type": "body", "parameters": texts(body)},
               {"type": "button", "sub_type": "url", "index": "1", "parameters": texts(&["A-17"])}])
    };
    let named = |names: [&str; 4]| {
        let parameter = |name| json!({"type": "text", "parameter_name": name, "text": "x"});
        json!([{"type": "body", "parameters": names.map(parameter)}])
    };
    for (message, expected) in [
        (template("nothing", "es_MX", json!([])), (404, 132_001)),
        (template("order_update", "pt_BR", json!([])), (404, 132_001)),
        (template("nueva_sucursal", "es_MX", json!([])), (404, 132_001)),
        (template("encuesta", "es_MX", json!([])), (400, 132_015)),
        (template("order_update", "es_MX", order(&["Ana"])), (400, 132_000)),
        (
            template(
                "order_update",
                "es_MX",
                json!([{"type": "header", "parameters": texts(&["x"])}, {"type": "body", "parameters": texts(&["a", "b"])}]),
            ),
            (400, 132_000),
        ),
        (template("order_update", "es_MX", order(&["Ana", "A\n17"])), (400, 132_018)),
        (template("recordatorio_cita", "es_MX", named(["nombre", "fecha", "hora", "tienda"])), (400, 132_012)),
        (template("promo_mes", "es_MX", json!([{"type": "body", "parameters": texts(&["a", "b"])}])), (400, 132_012)),
        (template("Order Update", "es_MX", json!([])), (400, 131_009)),
    ] {
        let answer = rig.send(message.clone()).await;
        assert_eq!(code(&answer), expected, "{message} got {}", answer.1);
    }
    for message in [
        template("order_update", "es-MX", order(&["Ana", "A-17"])),
        template("recordatorio_cita", "es_MX", named(["nombre", "fecha", "hora", "sucursal"])),
    ] {
        let answer = rig.send(message).await;
        assert_eq!(answer.0, StatusCode::OK, "{}", answer.1);
    }
    assert_eq!(rig.got().await[0]["text"], "Hola Ana, tu pedido A-17 ya salió.");
}

#[tokio::test]
async fn templates_come_in_pages_and_can_be_made_and_deleted() {
    let rig = Rig::start().await;
    let (mut names, mut path) = (Vec::new(), format!("{ACCOUNT}/message_templates?limit=4&fields=name,status"));
    loop {
        let (status, page) = rig.graph(Method::GET, &path, Value::Null).await;
        assert_eq!(status, StatusCode::OK);
        names.extend(page["data"].as_array().unwrap().iter().map(|template| template["name"].clone()));
        let Some(next) = page["paging"]["next"].as_str() else { break };
        path = next.split_once("/v23.0/").unwrap().1.to_owned();
    }
    assert_eq!(names.len(), 10);
    let made = json!({"name": "nueva", "language": "es", "category": "UTILITY", "components": [{"type": "BODY", "text": "Hola"}]});
    let path = format!("{ACCOUNT}/message_templates");
    let (_, answer) = rig.graph(Method::POST, &path, made.clone()).await;
    assert_eq!(answer["status"], "PENDING");
    assert_eq!(code(&rig.graph(Method::POST, &path, made).await), (400, 100));
    let (_, found) = rig.graph(Method::GET, &format!("{path}?name=nueva"), Value::Null).await;
    assert_eq!(found["data"][0]["id"], answer["id"]);
    assert_eq!(rig.graph(Method::DELETE, &format!("{path}?name=nueva"), Value::Null).await.1["success"], true);
    assert_eq!(rig.graph(Method::GET, &format!("{path}?name=nueva"), Value::Null).await.1["data"], json!([]));
}

#[tokio::test]
async fn a_pair_and_a_number_have_their_pace() {
    let rig = Rig::start().await;
    rig.hello().await;
    let text = json!({"type": "text", "text": {"body": "x"}});
    for _ in 0..45 {
        assert_eq!(rig.send(text.clone()).await.0, StatusCode::OK);
    }
    assert_eq!(code(&rig.send(text.clone()).await), (400, 131_056));
    rig.clock.advance(std::time::Duration::from_secs(6));
    assert_eq!(rig.send(text.clone()).await.0, StatusCode::OK);
    rig.fault(json!({"times": 25, "throughput": "SHARED", "pairRate": false})).await;
    let mut refused = 0;
    for _ in 0..25 {
        let answer = rig.send(text.clone()).await;
        if answer.0 != StatusCode::OK {
            assert_eq!(code(&answer), (400, 130_429));
            refused += 1;
        }
    }
    assert_eq!(refused, 5);
    let (_, health) =
        rig.graph(Method::GET, &format!("{NUMBER}?fields=throughput,health_status,status"), Value::Null).await;
    assert_eq!(health["throughput"]["level"], "HIGH");
    assert_eq!(health["health_status"]["can_send_message"], "AVAILABLE");
    assert!(health.get("verified_name").is_none());
}

#[tokio::test]
async fn a_file_is_uploaded_asked_for_fetched_and_deleted() {
    let rig = Rig::start().await;
    rig.hello().await;
    let png = [&[0x89, b'P', b'N', b'G', 13, 10, 26, 10][..], &[7; 100]].concat();
    let id = upload(&rig, png.clone(), "image/png").await.1["id"].as_str().unwrap().to_owned();
    let (_, file) = rig.graph(Method::GET, &format!("{id}?phone_number_id={NUMBER}"), Value::Null).await;
    assert_eq!(file["file_size"], 108);
    assert_eq!(code(&rig.graph(Method::GET, &format!("{id}?phone_number_id=1"), Value::Null).await), (400, 100));
    let url = file["url"].as_str().unwrap();
    let fetch = |url: String| rig.client.get(url).bearer_auth("demo-access-token").send();
    let fetched = fetch(url.to_owned()).await.unwrap();
    assert_eq!(fetched.headers()["content-type"], "image/png");
    assert_eq!(fetched.bytes().await.unwrap(), png);
    assert_eq!(rig.client.get(url).send().await.unwrap().status(), 401);
    assert_eq!(fetch(url.replace("hash=", "hash=0")).await.unwrap().status(), 404);
    rig.clock.advance(std::time::Duration::from_secs(301));
    assert_eq!(fetch(url.to_owned()).await.unwrap().status(), 404);

    let (status, sent) = rig.send(json!({"type": "image", "image": {"id": id, "caption": "Mira"}})).await;
    assert_eq!(status, StatusCode::OK, "{sent}");
    assert_eq!(rig.got().await[0]["media"]["url"], format!("/sim/media/{id}"));
    // Ana's phone shows it without a token, and as nothing but a picture.
    let shown = rig.client.get(format!("http://{}/sim/media/{id}", rig.address)).send().await.unwrap();
    assert!(shown.headers()["content-security-policy"].to_str().unwrap().starts_with("sandbox"));

    assert_eq!(rig.graph(Method::DELETE, &id, Value::Null).await.1["success"], true);
    assert_eq!(code(&rig.graph(Method::GET, &id, Value::Null).await), (400, 100));
    assert_eq!(code(&upload(&rig, b"x".to_vec(), "text/html").await), (400, 100));
    assert_eq!(code(&upload(&rig, vec![0x89; 6 << 20], "image/png").await), (400, 131_053));
}

#[tokio::test]
async fn a_file_that_is_not_what_it_says_fails_later() {
    let rig = Rig::start().await;
    rig.hello().await;
    let id = upload(&rig, b"%PDF-1.7".to_vec(), "image/png").await.1["id"].clone();
    let (status, answer) = rig.send(json!({"type": "image", "image": {"id": id}})).await;
    assert_eq!(status, StatusCode::OK);
    let id = answer["messages"][0]["id"].as_str().unwrap();
    let items = rig.inbox.items(2).await;
    assert_eq!(statuses(&items, id), ["failed"]);
    assert_eq!(items[1]["errors"][0]["code"], 131_053);
}

#[tokio::test]
async fn a_callback_is_taken_only_if_it_echoes_the_challenge() {
    let rig = Rig::start().await;
    let (_, numbers) = rig.sim(Method::GET, "numbers", Value::Null).await;
    let own = numbers["items"][0]["webhookUrl"].as_str().unwrap().to_owned();
    let set = |uri: &str, token: &str| json!({"webhook_configuration": {"override_callback_uri": uri, "verify_token": token}});
    assert_eq!(code(&rig.graph(Method::POST, NUMBER, set(&own, "wrong")).await), (400, 2200));
    assert_eq!(rig.graph(Method::POST, NUMBER, set(&own, "demo-verify-token")).await.1["success"], true);
    let path = format!("{ACCOUNT}/subscribed_apps");
    assert_eq!(rig.graph(Method::DELETE, &path, Value::Null).await.1["success"], true);
    assert_eq!(rig.graph(Method::GET, &path, Value::Null).await.1["data"], json!([]));
    let unheard = rig.hello().await;
    assert_eq!(rig.graph(Method::POST, &path, Value::Null).await.1["success"], true);
    let heard = rig.hello().await;
    let items = rig.inbox.items(1).await;
    assert_eq!(items[0]["id"], heard);
    assert_ne!(items[0]["id"], unheard);
}

#[tokio::test]
async fn reading_and_typing_are_for_messages_that_came() {
    let rig = Rig::start().await;
    let first = rig.hello().await;
    let last = rig.hello().await;
    let read = |id: &str| json!({"messaging_product": "whatsapp", "status": "read", "message_id": id, "typing_indicator": {"type": "text"}});
    let path = format!("{NUMBER}/messages");
    assert_eq!(rig.graph(Method::POST, &path, read(&last)).await.1, json!({"success": true}));
    assert_eq!(code(&rig.graph(Method::POST, &path, read("wamid.x")).await), (400, 131_009));
    let (_, ana) = rig.sim(Method::GET, &format!("customers/{ANA}"), Value::Null).await;
    assert_eq!(ana["items"][0]["id"], first);
    assert!(ana["items"].as_array().unwrap().iter().all(|item| item["readByBusiness"] == true));
}

async fn upload(rig: &Rig, content: Vec<u8>, mime: &str) -> (StatusCode, Value) {
    let file = multipart::Part::bytes(content).file_name("a.bin").mime_str(mime).unwrap();
    let form =
        multipart::Form::new().text("messaging_product", "whatsapp").text("type", mime.to_owned()).part("file", file);
    let url = format!("http://{}/v23.0/{NUMBER}/media", rig.address);
    let answer = rig.client.post(url).bearer_auth("demo-access-token").multipart(form).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}
