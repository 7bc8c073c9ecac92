//! What cannot be stored: kept as the bytes that came where it never can be, refused where it can be later.

use crate::support::{PHONE_NUMBER_ID, Rig, SECRET, body, messages, rig, text};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use hilo_store::{conversations, dead_letters, messages as stored, quarantine};
use serde_json::{Value, json};

/// Check 45.
#[tokio::test(flavor = "multi_thread")]
async fn one_unreadable_element_of_a_hundred_costs_none_of_the_others() {
    let rig = rig().await;
    let entries: Vec<Value> = (0..100)
        .map(|i| {
            let message =
                if i == 42 { json!({"type": "text"}) } else { text("51987654321", &format!("wamid.{i}"), "hola") };
            body(PHONE_NUMBER_ID, json!({"messages": [message]}))["entry"][0].clone()
        })
        .collect();
    let all = json!({"object": "whatsapp_business_account", "entry": entries});
    for _ in 0..2 {
        assert_eq!(rig.post(&all).await, StatusCode::OK);
    }
    assert_eq!(rig.db.count("select count(*) from messages").await, 99);
    let dead = dead_letters::newest(&rig.db.pool, &rig.db.ring, 10).await.unwrap();
    assert_eq!(dead.len(), 1, "the same one, delivered again, is kept once");
    assert!(dead[0].pointer.starts_with("/entry/42/"), "{}", dead[0].pointer);
    assert!(!dead[0].reason.is_empty());
    assert_eq!(dead[0].field, "messages");
    assert_eq!(dead[0].phone_number_id.as_deref(), Some(PHONE_NUMBER_ID));
    assert_eq!(dead[0].waba_id.as_deref(), Some("200000000000001"));
    assert_eq!(serde_json::from_slice::<Value>(&dead[0].body).unwrap(), json!({"type": "text"}));
}

/// Check 47, and the contract's "of another app".
#[tokio::test(flavor = "multi_thread")]
async fn elements_for_foreign_numbers_are_quarantined_and_the_others_stored() {
    let rig = rig().await;
    hilo_store::testing::number(&rig.db.pool, &rig.db.ring, "other", "100000000000002", "other-app-secret").await;
    let ours = text("51987654321", "wamid.1", "hola");
    let theirs = |id: &str| {
        body(id, json!({"messages": [text("51987654321", &format!("wamid.{id}"), "hola")]}))["entry"][0].clone()
    };
    let mut all = messages(&[ours]);
    for id in ["999", "100000000000002"] {
        all["entry"].as_array_mut().unwrap().push(theirs(id));
    }
    assert_eq!(rig.post(&all).await, StatusCode::OK);
    assert_eq!(rig.db.count("select count(*) from messages").await, 1);
    assert_eq!(
        rig.db.texts("select reason from quarantine order by reason").await,
        ["the number is not ours, or not enabled", "the number is of another app than the signature"]
    );
    let (_, metrics) = rig.send(Request::get("/metrics").body(Body::empty()).unwrap()).await;
    assert!(metrics.contains("hilo_quarantined_total"), "{metrics}");
}

/// A body as a stranger might format it: its bytes are not what a serializer would write.
fn odd(elements: &str) -> String {
    format!(
        r#"{{"object" : "whatsapp_business_account", "entry":[{{"id":"200000000000001","changes":[{{"field":"messages",
        "value":{{ "metadata":{{"phone_number_id":"{PHONE_NUMBER_ID}"}}, "messages" : [{elements}] }} }}] }}]}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_are_the_bytes_that_came() {
    let rig = rig().await;
    let dead = r#"{ "type" :"text","text":{"body":"\u00f1 \ud800 \/" , "n":1.50e1}}"#;
    assert_eq!(rig.post_signed(SECRET, odd(dead)).await.0, StatusCode::OK);
    let kept = dead_letters::newest(&rig.db.pool, &rig.db.ring, 10).await.unwrap();
    assert_eq!(std::str::from_utf8(&kept[0].body).unwrap(), dead);
    let foreign = odd(dead).replace(PHONE_NUMBER_ID, "999");
    assert_eq!(rig.post_signed(SECRET, foreign).await.0, StatusCode::OK);
    let kept = quarantine::newest(&rig.db.pool, &rig.db.ring, 10).await.unwrap();
    assert_eq!(std::str::from_utf8(&kept[0].body).unwrap(), dead);
    assert_eq!(kept[0].pointer, "/entry/0/changes/0/value/messages/0");
    assert_eq!(kept[0].phone_number_id.as_deref(), Some("999"));
}

/// The same bytes at another place or for another number are another element.
#[tokio::test(flavor = "multi_thread")]
async fn one_element_for_two_numbers_is_two_dead_letters() {
    let rig = rig().await;
    hilo_store::testing::number(&rig.db.pool, &rig.db.ring, "other", "100000000000002", SECRET).await;
    let bad = json!({"type": "text"});
    let mut all = messages(&[bad.clone(), bad.clone()]);
    let other = body("100000000000002", json!({"messages": [bad]}));
    for _ in 0..2 {
        assert_eq!(rig.post(&all).await, StatusCode::OK);
        assert_eq!(rig.post(&other).await, StatusCode::OK);
    }
    assert_eq!(rig.db.count("select count(*) from dead_letters").await, 3);
    all["entry"][0]["changes"][0]["value"]["messages"].as_array_mut().unwrap().remove(1);
    assert_eq!(rig.post(&all).await, StatusCode::OK);
    assert_eq!(rig.db.count("select count(*) from dead_letters").await, 3, "the first one stands where it stood");
}

#[tokio::test(flavor = "multi_thread")]
async fn past_a_hundred_the_whole_body_is_kept_once() {
    let rig = rig().await;
    let with = |count: usize, number: &str| {
        let elements: Vec<String> = (0..count).map(|i| format!("{{\"n\": {i}}}")).collect();
        odd(&format!("{}, {}", text("51987654321", "wamid.1", "hola"), elements.join(" ,")))
            .replace(PHONE_NUMBER_ID, number)
    };
    let xacts = "select count(distinct xmin::text) from dead_letters";
    assert_eq!(rig.post_signed(SECRET, with(100, PHONE_NUMBER_ID)).await.0, StatusCode::OK);
    assert_eq!(rig.db.count("select count(*) from dead_letters").await, 100);
    assert_eq!(rig.db.count(xacts).await, 1, "in one transaction");
    let whole = with(101, PHONE_NUMBER_ID);
    for _ in 0..2 {
        assert_eq!(rig.post_signed(SECRET, whole.clone()).await.0, StatusCode::OK);
    }
    assert_eq!(rig.db.count("select count(*) from dead_letters").await, 101);
    let kept = dead_letters::newest(&rig.db.pool, &rig.db.ring, 200).await.unwrap();
    let kept = kept.iter().find(|letter| letter.pointer.is_empty()).unwrap();
    assert_eq!(std::str::from_utf8(&kept.body).unwrap(), whole);
    assert_eq!(rig.db.count("select count(*) from messages").await, 1, "what can be read is stored all the same");
    let foreign = with(101, "999");
    assert_eq!(rig.post_signed(SECRET, foreign.clone()).await.0, StatusCode::OK);
    let kept = quarantine::newest(&rig.db.pool, &rig.db.ring, 200).await.unwrap();
    assert_eq!(kept.iter().map(|element| element.body.as_slice()).collect::<Vec<_>>(), [foreign.as_bytes()]);
}

/// Makes Postgres refuse the messages with these provider ids, with this SQLSTATE.
async fn refuse(rig: &Rig, sql: &'static str) {
    rig.db.execute("create table if not exists refused (provider_id text, code text)").await;
    rig.db
        .execute(
            "create or replace function refuse() returns trigger language plpgsql as $$
             declare code text := (select r.code from refused r where r.provider_id = new.provider_id);
             begin if code is not null then raise exception using errcode = code; end if; return new; end $$",
        )
        .await;
    rig.db
        .execute("create or replace trigger refuse before insert on messages for each row execute function refuse()")
        .await;
    rig.db.execute(sql).await;
}

/// Only what lies in the data fails for ever; everything else is refused, and comes again.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_can_never_be_stored_is_given_up() {
    let rig = rig().await;
    refuse(
        &rig,
        "insert into refused values ('22021', '22021'), ('54000', '54000'), ('40001', '40001'), ('40P01', '40P01'),
             ('23505', '23505'), ('P0001', 'P0001'), ('42P01', '42P01'), ('57014', '57014'), ('XX000', 'XX000')",
    )
    .await;
    let post = async |code: &str| rig.post(&messages(&[text("51987654321", code, "hola")])).await;
    assert_eq!(post("fine").await, StatusCode::OK);
    for code in ["40001", "40P01", "23505", "P0001", "42P01", "57014", "XX000"] {
        assert_eq!(post(code).await, StatusCode::SERVICE_UNAVAILABLE, "{code}");
    }
    assert_eq!(rig.db.count("select count(*) from dead_letters").await, 0);
    for code in ["22021", "54000"] {
        assert_eq!(post(code).await, StatusCode::OK, "{code}");
    }
    let kept = dead_letters::newest(&rig.db.pool, &rig.db.ring, 10).await.unwrap();
    assert_eq!(kept.len(), 2);
    let letter = kept.iter().find(|letter| letter.body.windows(5).any(|five| five == b"22021")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&letter.body).unwrap(), text("51987654321", "22021", "hola"));
    assert_eq!((letter.field.as_str(), letter.pointer.as_str()), ("messages", "/entry/0/changes/0/value/messages/0"));
    assert_eq!(letter.phone_number_id.as_deref(), Some(PHONE_NUMBER_ID));
    assert_eq!(letter.waba_id.as_deref(), Some("200000000000001"));
    rig.db.execute("delete from refused").await;
    for code in ["40001", "40P01", "23505", "P0001", "42P01", "57014", "XX000"] {
        assert_eq!(post(code).await, StatusCode::OK, "{code}");
    }
    assert_eq!(rig.db.count("select count(*) from messages").await, 8);
}

/// Within one body nothing overtakes: after a refusal the rest of that person waits for the copy, and the others' not.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_refusal_nothing_of_that_person_overtakes() {
    let rig = rig().await;
    let by = |from: Option<&str>, user: Option<&str>, id: &str| {
        let mut text = text("", id, id);
        for (key, value) in [("from", from), ("from_user_id", user)] {
            match value {
                Some(value) => text[key] = value.into(),
                None => drop(text.as_object_mut().unwrap().remove(key)),
            }
        }
        text
    };
    let phone = Some("51987654321");
    for strangers in [true, false] {
        let id = |n: u32| format!("{n}.{strangers}");
        let all = messages(&[
            by(phone, Some("PE.1"), &id(1)),
            by(None, Some("PE.1"), &id(2)),
            text("51900000002", &id(9), "de otra persona"),
            by(phone, None, &id(3)),
        ]);
        refuse(&rig, "insert into refused values ('2.true', 'P0001'), ('2.false', 'P0001')").await;
        assert_eq!(rig.post(&all).await, StatusCode::SERVICE_UNAVAILABLE);
        let before = i64::from(!strangers);
        assert_eq!(rig.db.count("select count(*) from messages where provider_id like '3.%'").await, before);
        assert_eq!(rig.db.count("select count(*) from messages where provider_id like '9.%'").await, before + 1);
        rig.db.execute("delete from refused").await;
        assert_eq!(rig.post(&all).await, StatusCode::OK);
    }
    let conversation = conversations::of_phone(&rig.db.pool, "51987654321").await.unwrap()[0].id;
    let all = stored::list(&rig.db.pool, &rig.db.ring, conversation, 0, 10).await.unwrap();
    let ids: Vec<_> = all.iter().map(|message| message.content.text().unwrap().to_owned()).collect();
    assert_eq!(ids, ["1.true", "2.true", "3.true", "1.false", "2.false", "3.false"]);
    assert_eq!(rig.db.count("select count(*) from dead_letters").await, 0);
}

/// One that can never be stored costs its sender's others nothing, and their order stays.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_given_up_leaves_the_others_in_order() {
    let rig = rig().await;
    refuse(&rig, "insert into refused values ('b', '22021')").await;
    let all: Vec<Value> = ["a", "b", "c", "d"].iter().map(|id| text("51987654321", id, id)).collect();
    assert_eq!(rig.post(&messages(&all)).await, StatusCode::OK);
    let order = rig.db.texts("select provider_id from messages order by seq").await;
    assert_eq!(order, ["a", "c", "d"]);
    assert_eq!(rig.db.count("select count(*) from dead_letters").await, 1);
}

/// A stranger's first message introduces them; what they said besides comes in one transaction.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_says_much_is_introduced_once() {
    let rig = rig().await;
    let all: Vec<Value> = (0..50).map(|i| text("51987654321", &format!("wamid.{i:02}"), "hola")).collect();
    assert_eq!(rig.post(&messages(&all)).await, StatusCode::OK);
    let order = rig.db.texts("select provider_id from messages order by seq").await;
    assert_eq!(order.len(), 50);
    assert!(order.is_sorted());
    assert_eq!(rig.db.count("select count(distinct xmin::text) from messages").await, 2);
}
