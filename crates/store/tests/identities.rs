//! Who somebody is: identifiers that came together are one client's, whatever happens at the same time.
#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use hilo_domain::inbound::Sender;
use hilo_store::clients;
use hilo_store::mail::{self, Stored};
use hilo_store::testing::{Database, at, database, text};

const WABA: Option<&str> = Some("200000000000001");

/// Whatever of the three is given.
fn sender(phone: Option<&str>, business: Option<&str>, lid: Option<&str>) -> Sender {
    Sender {
        address: phone.or(business).or(lid).map(str::to_owned),
        phone: phone.map(str::to_owned),
        business_scoped_id: business.map(str::to_owned),
        lid: lid.map(str::to_owned),
        ..Sender::default()
    }
}

/// Each comes a second after the one before, so that it can be told who is older.
fn from(db: &Database, id: &str, sender: Sender) -> mail::Arrival {
    static SECONDS: AtomicI64 = AtomicI64::new(0);
    let mut arrival = text(db.number, "", id, id, SECONDS.fetch_add(1, Ordering::SeqCst));
    arrival.message.sender = sender;
    arrival
}

/// Tells that `known` is also `also`.
async fn announce(db: &Database, known: &Sender, also: &Sender) -> bool {
    let visit = clients::Visit { sender: known, number: db.number, waba_id: WABA, at: at(1) };
    let mut tx = db.begin().await;
    let client = clients::also_known_as(&mut tx, &db.ring, visit, also).await.unwrap();
    tx.commit().await.unwrap();
    client.is_some()
}

/// Everything leads to clients that were not absorbed, and nobody was absorbed in a circle.
async fn sound(db: &Database) {
    for wrong in [
        "select count(*) from client_identifiers i join clients c on c.id = i.client_id where c.merged_into is not null",
        "select count(*) from conversations v join clients c on c.id = v.client_id where c.merged_into is not null",
        "select count(*) from content_keys k join clients c on c.id = k.client_id where c.merged_into is not null",
        "select count(*) from clients c where c.merged_into is not null and not exists (
             with recursive becoming (id, steps) as (
                 select c.merged_into, 1 union all
                 select n.merged_into, b.steps + 1 from becoming b join clients n on n.id = b.id
                 where n.merged_into is not null and b.steps < 50)
             select 1 from becoming b join clients n on n.id = b.id where n.merged_into is null)",
        "select count(*) from (select 1 from conversations where is_primary group by client_id, number_id
             having count(*) > 1) twice",
    ] {
        assert_eq!(db.count(wrong).await, 0, "{wrong}");
    }
}

#[tokio::test]
async fn the_business_scoped_id_wins_and_the_merge_is_recorded() {
    let db = database().await;
    let mut by_id = text(db.number, "51900000001", "1", "a", 0);
    by_id.message.sender =
        Sender { address: Some("PE.1".into()), business_scoped_id: Some("PE.1".into()), ..Sender::default() };
    let Stored::New(kept) = db.arrive(&by_id).await else { panic!("it is new") };
    let Stored::New(_) = db.arrive(&text(db.number, "51900000001", "2", "b", 1)).await else { panic!("it is new") };
    let mut both = text(db.number, "51900000001", "3", "c", 2);
    both.message.sender.business_scoped_id = Some("PE.1".into());
    assert_eq!(db.arrive(&both).await, Stored::New(kept));
    assert_eq!(db.count("select count(*) from client_merges where whole").await, 1);
    assert_eq!(db.count("select count(*) from conversations where is_primary").await, 1);
    assert_eq!(db.count("select count(distinct client_id) from conversations").await, 1, "the timeline shows both");
    assert_eq!(db.arrive(&text(db.number, "51900000001", "4", "d", 3)).await, Stored::New(kept));
}

#[tokio::test]
async fn a_phone_number_that_changed_hands_moves_alone() {
    let db = database().await;
    for (id, business) in [("1", "PE.1"), ("2", "PE.2")] {
        let mut arrival = text(db.number, &format!("5190000000{id}"), id, "a", 0);
        arrival.message.sender.business_scoped_id = Some(business.into());
        db.arrive(&arrival).await;
    }
    let mut moved = text(db.number, "51900000002", "3", "ahora es mío", 1);
    moved.message.sender.business_scoped_id = Some("PE.1".into());
    db.arrive(&moved).await;
    assert_eq!(db.count("select count(*) from client_merges where not whole").await, 1);
    assert_eq!(db.count("select count(*) from clients where merged_into is not null").await, 0);
    assert_eq!(db.count("select count(*) from conversations where is_primary").await, 2);
}

#[tokio::test]
async fn a_client_s_new_number_is_attached() {
    let db = database().await;
    let Stored::New(conversation) = db.arrive(&text(db.number, "51900000001", "1", "a", 0)).await else { panic!() };
    let known = Sender { address: Some("51900000001".into()), phone: Some("51900000001".into()), ..Sender::default() };
    let also = Sender { phone: Some("51900000002".into()), ..Sender::default() };
    let visit = clients::Visit { sender: &known, number: db.number, waba_id: Some("200000000000001"), at: at(1) };
    let mut tx = db.begin().await;
    assert!(clients::also_known_as(&mut tx, &db.ring, visit, &also).await.unwrap().is_some());
    tx.commit().await.unwrap();
    assert_eq!(db.arrive(&text(db.number, "51900000002", "2", "b", 2)).await, Stored::New(conversation));
    let stranger = Sender { phone: Some("51900000007".into()), ..Sender::default() };
    let mut tx = db.begin().await;
    let visit = clients::Visit { sender: &stranger, number: db.number, waba_id: None, at: at(1) };
    assert!(clients::also_known_as(&mut tx, &db.ring, visit, &also).await.unwrap().is_none(), "a stranger stays one");
}

/// The rest of check 50: a privacy id and a phone that come together are one client from then on.
#[tokio::test]
async fn a_privacy_id_and_a_phone_are_one_client_once_they_come_together() {
    let db = database().await;
    let by_lid = |id: &str| {
        let mut arrival = text(db.number, "1234@lid", id, "a", 0);
        arrival.message.sender =
            Sender { address: Some("1234@lid".into()), lid: Some("1234".into()), ..Sender::default() };
        arrival
    };
    let first = db.arrive(&by_lid("1")).await;
    let mut both = text(db.number, "51900000001", "2", "b", 1);
    both.message.sender.lid = Some("1234".into());
    assert_eq!(db.arrive(&both).await, first);
    assert_eq!(db.arrive(&text(db.number, "51900000001", "3", "c", 2)).await, first);
    assert_eq!(db.arrive(&by_lid("4")).await, first);
    assert_eq!(db.count("select count(*) from clients").await, 1);
}

#[tokio::test]
async fn two_identifiers_of_one_absorbed_client_are_one_merge() {
    let db = database().await;
    let Stored::New(kept) = db.arrive(&from(&db, "1", sender(None, Some("PE.1"), None))).await else { panic!() };
    db.arrive(&from(&db, "2", sender(Some("51900000001"), None, Some("77")))).await;
    let all = sender(Some("51900000001"), Some("PE.1"), Some("77"));
    assert_eq!(db.arrive(&from(&db, "3", all)).await, Stored::New(kept));
    assert_eq!(db.count("select count(*) from client_merges").await, 1);
    assert_eq!(db.count("select count(distinct client_id) from content_keys").await, 1, "the keys go along");
    assert_eq!(db.count("select count(*) from content_keys").await, 2);
    sound(&db).await;
}

#[tokio::test]
async fn three_clients_who_turn_out_to_be_one_are_joined_at_once() {
    let db = database().await;
    db.arrive(&from(&db, "1", sender(Some("51900000001"), None, None))).await;
    let Stored::New(second) = db.arrive(&from(&db, "2", sender(None, None, Some("77")))).await else { panic!() };
    let Stored::New(kept) = db.arrive(&from(&db, "3", sender(None, Some("PE.1"), None))).await else { panic!() };
    db.begin_chat(second).await;
    let all = sender(Some("51900000001"), Some("PE.1"), Some("77"));
    let Stored::New(primary) = db.arrive(&from(&db, "4", all)).await else { panic!() };
    assert_ne!(primary, kept, "the one with the open chat stays primary");
    assert_eq!(db.count("select count(*) from client_merges where whole").await, 2);
    assert_eq!(db.count("select count(*) from clients where merged_into is null").await, 1);
    sound(&db).await;
}

#[tokio::test]
async fn of_two_open_chats_of_one_client_the_younger_is_asked_to_close() {
    let db = database().await;
    let Stored::New(older) = db.arrive(&from(&db, "1", sender(Some("51900000001"), None, None))).await else {
        panic!()
    };
    let Stored::New(younger) = db.arrive(&from(&db, "2", sender(None, None, Some("77")))).await else { panic!() };
    db.begin_chat(older).await;
    let second = db.begin_chat(younger).await;
    db.arrive(&from(&db, "3", sender(Some("51900000001"), None, Some("77")))).await;
    let asked = "select kind || ' ' || chat_id || ' ' || state from commands";
    assert_eq!(db.texts(asked).await, [format!("close {second} requested")]);
    let rung = "select count(*) from outbox where bell = 'conversation' and target =
                (select conversation_id from commands)";
    assert!(db.count(rung).await >= 1);
    assert_eq!(db.texts("select id::text from conversations where is_primary").await, [older.to_string()]);
    sound(&db).await;
}

/// The new id may have written before the news of it comes.
#[tokio::test]
async fn a_new_user_id_joins_whoever_wrote_under_it_before() {
    let db = database().await;
    let old = sender(Some("51900000001"), Some("PE.1"), None);
    db.arrive(&from(&db, "1", old.clone())).await;
    db.arrive(&from(&db, "2", sender(None, Some("PE.2"), None))).await;
    assert!(announce(&db, &old, &sender(None, Some("PE.2"), None)).await);
    assert_eq!(db.count("select count(*) from clients where merged_into is null").await, 1);
    assert_eq!(db.count("select count(*) from client_merges where whole").await, 1);
    assert_eq!(db.count("select count(*) from conversations where is_primary").await, 1);
    sound(&db).await;
}

#[tokio::test]
async fn somebody_else_keeps_what_was_not_announced() {
    let db = database().await;
    db.arrive(&from(&db, "1", sender(Some("51900000001"), Some("PE.1"), None))).await;
    db.arrive(&from(&db, "2", sender(Some("51900000002"), Some("PE.2"), Some("77")))).await;
    db.arrive(&from(&db, "3", sender(Some("51900000002"), Some("PE.1"), Some("77")))).await;
    assert_eq!(db.count("select count(*) from client_merges where not whole").await, 2, "phone and privacy id move");
    assert_eq!(
        db.texts(
            "select string_agg(kind, ' ' order by kind, value) from client_identifiers group by client_id order by 1"
        )
        .await,
        ["business", "business lid phone phone"]
    );
    sound(&db).await;
}

/// An old delivery that comes again carries what was true then.
#[tokio::test]
async fn a_copy_gives_no_number_back() {
    let db = database().await;
    let first = from(&db, "1", sender(Some("51900000001"), Some("PE.1"), None));
    db.arrive(&first).await;
    let Stored::New(now) = db.arrive(&from(&db, "0", sender(None, Some("PE.2"), None))).await else { panic!() };
    let taken_over = from(&db, "2", sender(Some("51900000001"), Some("PE.2"), None));
    assert_eq!(db.arrive(&taken_over).await, Stored::New(now));
    assert_eq!(db.arrive(&first).await, Stored::Duplicate);
    let by_phone = from(&db, "3", sender(Some("51900000001"), None, None));
    assert_eq!(db.arrive(&by_phone).await, Stored::New(now), "the number is the second one's");
}

#[tokio::test]
async fn an_identifier_that_leads_to_an_absorbed_client_leads_on_to_the_survivor() {
    let db = database().await;
    let Stored::New(kept) = db.arrive(&from(&db, "1", sender(Some("51900000001"), None, None))).await else { panic!() };
    db.execute("insert into clients (id, merged_into, created_at, updated_at) select gen_random_uuid(), id, created_at, updated_at from clients").await;
    db.execute("insert into client_identifiers select scope, kind, '51900000002', (select id from clients where merged_into is not null), first_seen_at from client_identifiers").await;
    assert_eq!(db.arrive(&from(&db, "2", sender(Some("51900000002"), None, None))).await, Stored::New(kept));
    sound(&db).await;
}

/// Two messages that prove the same, through different identifiers and with different survivors, at the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn merges_at_once_never_run_in_a_circle() {
    let db = Arc::new(database().await);
    for round in 0..40 {
        let (phone, other) = (format!("5190000{round:04}"), format!("5191000{round:04}"));
        let (business, lid) = (format!("PE.{round}"), format!("77{round}"));
        let older = sender(Some(&phone), None, Some(&lid));
        let younger = sender(Some(&other), Some(&business), None);
        db.arrive(&from(&db, &format!("a{round}"), older)).await;
        db.arrive(&from(&db, &format!("b{round}"), younger)).await;
        let proofs = [
            sender(Some(&phone), Some(&business), None),
            sender(Some(&other), None, Some(&lid)),
            sender(Some(&other), Some(&business), Some(&lid)),
        ];
        let arrivals = proofs.into_iter().enumerate().map(|(i, proof)| from(&db, &format!("{i}c{round}"), proof));
        let at_once: Vec<_> = arrivals
            .map(|arrival| {
                let db = db.clone();
                tokio::spawn(async move { db.arrive(&arrival).await })
            })
            .collect();
        for one in at_once {
            assert!(matches!(one.await.unwrap(), Stored::New(_)), "round {round}");
        }
    }
    sound(&db).await;
    assert_eq!(db.count("select count(*) from clients where merged_into is null").await, 40);
    assert_eq!(db.count("select count(*) from client_merges where whole").await, 40);
    assert_eq!(db.count("select count(*) from conversations where is_primary").await, 40);
}
