use hilo_domain::inbound::{IdentityChange, InboundMessage, InboundReceipt, Meaning, Sender};
use hilo_domain::message::{Content, Direction, Interactive};
use hilo_domain::receipt::Receipt;
use serde_json::json;

use super::*;

/// The elements of a body with one change of `field`.
fn read(field: &str, value: Value) -> Vec<Element> {
    let body = json!({"object": OBJECT, "entry": [{"id": "W", "changes": [{"field": field, "value": value}]}]});
    parse(body.to_string().as_bytes()).unwrap()
}

fn read_messages(messages: Value) -> Vec<Element> {
    read("messages", json!({"metadata": {"phone_number_id": "P"}, "messages": messages}))
}

/// The only message of a body that holds one.
#[track_caller]
fn message(message: Value) -> InboundMessage {
    let mut elements = read_messages(json!([message]));
    let element = elements.remove(0);
    match element.what {
        Ok(Fact::Message(message)) => *message,
        other => panic!("{other:?}"),
    }
}

/// A message of `kind` whose object is `object`.
fn typed(kind: &str, object: Value) -> Value {
    json!({"from": "51987654321", "id": "wamid.1", "timestamp": "1785400000", "type": kind, kind: object})
}

#[track_caller]
fn reason(element: &Element) -> &str {
    &element.what.as_ref().unwrap_err().reason
}

fn receipt(element: &Element) -> &InboundReceipt {
    match &element.what {
        Ok(Fact::Receipt(receipt)) => receipt,
        other => panic!("{other:?}"),
    }
}

fn identity(element: &Element) -> &IdentityChange {
    match &element.what {
        Ok(Fact::Identity(change)) => change,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_a_syntax_error_is_malformed() {
    for body in [&b""[..], b"{", b"{}x", b"nul", b"[1e400]", b"\"\xff\"", b"\"\\u12\"", &[b'['; 100_000]] {
        assert!(parse(body).is_err());
    }
    for body in
        ["{}", "[]", "null", "7", "\"\"", r#"{"entry":7}"#, r#"{"entry":null}"#, r#"{"object":"page","entry":[]}"#]
    {
        let elements = parse(body.as_bytes()).unwrap();
        assert_eq!(elements.len(), 1, "{body}");
        assert_eq!(elements[0].pointer, "");
        assert_eq!(elements[0].what.as_ref().unwrap_err().raw, serde_json::from_str::<Value>(body).unwrap());
    }
    assert_eq!(parse(br#"{"object":"whatsapp_business_account","entry":[]}"#).unwrap(), []);
    assert_eq!(parse(br#"{"entry":[]}"#).unwrap(), []);
}

#[test]
fn one_bad_element_leaves_its_siblings_alone() {
    let good = |id: &str| json!({"from": "51987654321", "id": id, "type": "text", "text": {"body": id}});
    let body = json!({"entry": [
        7,
        {"id": "W1", "changes": null},
        {"id": "W2", "changes": [null, {"field": "messages", "value": null}, {"value": {}}, {"field": "x"}]},
        {"id": "W3"},
        {"id": 4, "changes": [{"field": "messages", "value": {"messages": [null, good("a"), [], good("b"), {"type": "text"}]}}]},
    ]});
    let elements = parse(body.to_string().as_bytes()).unwrap();
    let places: Vec<_> = elements.iter().map(|e| (e.pointer.as_str(), e.what.is_ok())).collect();
    assert_eq!(
        places,
        [
            ("/entry/0", false),
            ("/entry/2/changes/0", false),
            ("/entry/2/changes/1/value", false),
            ("/entry/2/changes/2", false),
            ("/entry/2/changes/3", false),
            ("/entry/3", false),
            ("/entry/4/changes/0/value/messages/0", false),
            ("/entry/4/changes/0/value/messages/1", true),
            ("/entry/4/changes/0/value/messages/2", false),
            ("/entry/4/changes/0/value/messages/3", true),
            ("/entry/4/changes/0/value/messages/4", false),
        ]
    );
    assert_eq!(elements[1].waba_id.as_deref(), Some("W2"));
    assert_eq!(elements[7].waba_id.as_deref(), Some("4"), "an id that came as a number");
    for element in elements.iter().filter(|element| element.what.is_err()) {
        assert_eq!(body.pointer(&element.pointer), Some(&element.what.as_ref().unwrap_err().raw));
    }
}

#[test]
fn null_and_empty_lists_are_no_elements_and_other_shapes_are_one() {
    for empty in [json!(null), json!([])] {
        let value =
            json!({"messages": empty, "statuses": empty, "errors": empty, "contacts": empty, "metadata": empty});
        assert_eq!(read("messages", value), []);
    }
    let elements = read("messages", json!({"messages": {"id": "1"}, "statuses": "x", "errors": 7}));
    let pointers: Vec<_> = elements.iter().map(|e| e.pointer.rsplit('/').next().unwrap()).collect();
    assert_eq!(pointers, ["messages", "statuses", "errors"]);
    assert!(elements.iter().all(|element| element.what.is_err()));
}

#[test]
fn every_other_field_is_news_of_the_account_with_its_value() {
    for field in ["account_update", "calls", "never_seen", "group_status_update"] {
        for value in [json!({"event": "X"}), json!({}), json!(null), json!([1])] {
            let elements = read(field, value.clone());
            assert_eq!(elements.len(), 1);
            assert_eq!(elements[0].what, Ok(Fact::Account(AccountNews { field: field.to_owned(), raw: value })));
        }
    }
    let unknown = json!({"metadata": {"phone_number_id": "P"}, "reminders": [1]});
    let elements = read("messages", unknown.clone());
    assert_eq!(elements[0].what, Ok(Fact::Account(AccountNews { field: "messages".to_owned(), raw: unknown })));
    assert_eq!(elements[0].phone_number_id.as_deref(), Some("P"));
}

#[test]
fn a_message_without_a_usable_id_is_unreadable() {
    for id in [json!(null), json!(""), json!({}), json!(1.5), json!("x".repeat(MAX_ID_BYTES + 1))] {
        let elements = read_messages(json!([{"from": "51987654321", "id": id, "type": "text", "text": {"body": "a"}}]));
        assert!(reason(&elements[0]).contains("`id`"), "{}", reason(&elements[0]));
    }
    let longest = "x".repeat(MAX_ID_BYTES);
    assert_eq!(message(json!({"from": "1", "id": longest, "type": "text"})).provider_id, longest);
}

#[test]
fn a_message_of_nobody_is_unreadable() {
    let elements = read_messages(json!([{"id": "wamid.1", "type": "text", "text": {"body": "a"}}]));
    assert_eq!(reason(&elements[0]), "neither `from` nor a contact says who it is");
    let elements = read_messages(json!([{"from": "9".repeat(600), "id": "wamid.1", "type": "text"}]));
    assert_eq!(reason(&elements[0]), "`from` is longer than 512 bytes");
}

#[test]
fn contacts_belong_to_messages_by_their_ids_and_not_by_position() {
    let contacts = json!([
        {"wa_id": "2222222", "user_id": "PE.2", "profile": {"name": "Beto"}},
        {"wa_id": "1111111", "user_id": "PE.1", "profile": {"name": "Ana"}},
        {"user_id": "PE.3", "profile": {"name": " ", "username": "carla.r"}},
        {"wa_id": "4444444", "profile": null},
    ]);
    let text = |mut from: Value| {
        let mut message = json!({"id": "wamid.1", "type": "text", "text": {"body": "a"}});
        message.as_object_mut().unwrap().append(from.as_object_mut().unwrap());
        message
    };
    let messages = json!([
        text(json!({"from": "1111111"})),
        text(json!({"from_user_id": "PE.2"})),
        text(json!({"from_user_id": "PE.3"})),
        text(json!({"from": "4444444"})),
        text(json!({"from": "5555555"})),
    ]);
    let elements = read("messages", json!({"contacts": contacts, "messages": messages}));
    let senders: Vec<Sender> = elements
        .into_iter()
        .map(|element| match element.what {
            Ok(Fact::Message(message)) => message.sender,
            other => panic!("{other:?}"),
        })
        .collect();
    let sender = |address: &str, phone: Option<&str>, user_id: Option<&str>, name: Option<&str>| Sender {
        address: Some(address.to_owned()),
        phone: phone.map(str::to_owned),
        business_scoped_id: user_id.map(str::to_owned),
        name: name.map(str::to_owned),
        ..Sender::default()
    };
    assert_eq!(
        senders,
        [
            sender("1111111", Some("1111111"), Some("PE.1"), Some("Ana")),
            sender("PE.2", Some("2222222"), Some("PE.2"), Some("Beto")),
            sender("PE.3", None, Some("PE.3"), Some("carla.r")),
            sender("4444444", Some("4444444"), None, None),
            sender("5555555", Some("5555555"), None, None),
        ]
    );
}

#[test]
fn a_single_contact_belongs_to_all_even_if_its_wa_id_differs() {
    let value = json!({
        "contacts": [{"wa_id": "5511987654321", "user_id": "BR.1", "profile": {"name": "Ana"}}],
        "messages": [{"from": "551187654321", "id": "wamid.1", "type": "text", "text": {"body": "oi"}}],
    });
    let elements = read("messages", value);
    let Ok(Fact::Message(message)) = &elements[0].what else { panic!() };
    assert_eq!(message.sender.address.as_deref(), Some("551187654321"), "the answer goes where it came from");
    assert_eq!(message.sender.phone.as_deref(), Some("551187654321"));
    assert_eq!(message.sender.name.as_deref(), Some("Ana"));
    assert_eq!(message.sender.business_scoped_id.as_deref(), Some("BR.1"));
}

#[test]
fn every_readable_type_is_read() {
    let media = json!({"id": "7", "mime_type": "image/png", "sha256": "s", "caption": "c", "url": "https://m/7"});
    for kind in ["image", "video", "audio", "document", "sticker"] {
        let content = message(typed(kind, media.clone())).content;
        assert_eq!((content.kind(), content.text()), (kind, Some("c")));
    }
    let place = message(typed("location", json!({"latitude": "-12.5", "longitude": 77, "name": "Lima"}))).content;
    assert_eq!(serde_json::to_value(place).unwrap()["location"]["latitude"], -12.5);
    let form = json!({"type": "nfm_reply", "nfm_reply": {"name": "flow", "response_json": "{not json"}});
    assert_eq!(
        message(typed("interactive", form)).content,
        Content::Interactive {
            interactive: Interactive::FormReply {
                name: Some("flow".to_owned()),
                response_json: "{not json".to_owned()
            },
        }
    );
    let newer = json!({"type": "poll_reply", "poll_reply": {"id": "1"}});
    assert_eq!(
        message(typed("interactive", newer.clone())).content,
        Content::Interactive { interactive: Interactive::Other { raw: newer } }
    );
    let pressed = message(typed("button", json!({"payload": "YES"}))).content;
    assert_eq!(pressed, Content::Button { text: "YES".to_owned(), payload: Some("YES".to_owned()) });
    let welcome = message(json!({"from": "1", "id": "a", "type": "request_welcome"}));
    assert_eq!((welcome.content, welcome.meaning), (Content::RequestWelcome, Meaning::Aside));
}

#[test]
fn what_cannot_be_shown_is_kept_as_unsupported() {
    for (kind, object) in [
        ("text", json!({})),
        ("text", json!(null)),
        ("text", json!("hola")),
        ("image", json!({"mime_type": "image/png"})),
        ("location", json!({"latitude": "north", "longitude": 1})),
        ("location", json!({"latitude": "NaN", "longitude": 1})),
        ("contacts", json!([])),
        ("contacts", json!({})),
        ("interactive", json!([])),
        ("button", json!({})),
        ("order", json!(7)),
        ("hologram", json!({"id": "1"})),
    ] {
        let message = message(typed(kind, object));
        let expected = Content::Unsupported { kind: Some(kind.to_owned()), code: None };
        assert_eq!((message.content, message.meaning), (expected, Meaning::Answer));
    }
    let untyped = message(json!({"from": "1", "id": "a", "location": {"latitude": 1, "longitude": 1}}));
    assert_eq!(untyped.content, Content::Unsupported { kind: None, code: None });
    let too_large = json!({"from": "1", "id": "a", "type": "video", "errors": [{"code": "131052", "title": "Media download error"}]});
    let expected = Content::Unsupported { kind: Some("video".to_owned()), code: Some(131_052) };
    assert_eq!(message(too_large).content, expected);
}

#[test]
fn a_withheld_message_is_a_ghost_and_one_of_a_group_is_not() {
    let with = |code: i64, group: Option<&str>| {
        let mut element = json!({"from": "1", "id": "a", "type": "unsupported",
            "errors": [{"code": 131_051}, {"code": code}], "unsupported": {"type": "poll"}});
        if let Some(group) = group {
            element["group_id"] = json!(group);
        }
        message(element)
    };
    let ghost = with(131_060, None);
    assert_eq!(ghost.meaning, Meaning::Ghost);
    assert_eq!(ghost.content, Content::Unsupported { kind: Some("poll".to_owned()), code: Some(131_060) });
    assert_eq!(with(131_051, None).meaning, Meaning::Answer);
    assert_eq!(with(131_060, Some("G")).meaning, Meaning::Aside);
    let said_in_group = json!({"from": "1", "id": "a", "type": "unsupported", "errors": [{"code": 130_501}]});
    assert_eq!(message(said_in_group).meaning, Meaning::Aside);
}

#[test]
fn what_is_no_answer_is_an_aside_even_when_it_cannot_be_read() {
    for (kind, object) in [
        ("reaction", json!({"message_id": "m", "emoji": ""})),
        ("edit", json!({"original_message_id": "m", "message": {"type": "text", "text": {"body": "b"}}})),
        ("revoke", json!({"original_message_id": "m"})),
        ("system", json!({"type": "customer_identity_changed", "body": "b"})),
        ("interactive", json!({"type": "call_permission_reply", "call_permission_reply": {"response": "accept"}})),
    ] {
        let read = message(typed(kind, object));
        assert_eq!((read.content.kind(), read.meaning), (kind, Meaning::Aside));
    }
    for kind in ["reaction", "edit", "revoke", "system", "request_welcome"] {
        assert_eq!(message(typed(kind, json!(null))).meaning, Meaning::Aside);
    }
}

#[test]
fn a_group_s_message_is_an_aside_of_the_group() {
    let mut said = typed("text", json!({"body": "hola"}));
    said["group_id"] = json!("G1");
    let read = message(said.clone());
    assert_eq!((read.meaning, read.sender.group.as_deref()), (Meaning::Aside, Some("G1")));
    said.as_object_mut().unwrap().remove("from");
    assert_eq!(message(said).sender.address, None, "the group alone says where it belongs");
}

#[test]
fn the_message_that_is_answered_is_named_where_it_can_be() {
    let mut answer = typed("text", json!({"body": "hola"}));
    for (context, expected) in [
        (json!(null), None),
        (json!({"forwarded": true}), None),
        (json!({"id": null}), None),
        (json!({"id": "x".repeat(600)}), None),
        (json!({"from": "1", "id": "wamid.0"}), Some("wamid.0")),
    ] {
        answer["context"] = context;
        assert_eq!(message(answer.clone()).reply_to.as_deref(), expected);
    }
}

#[test]
fn a_new_number_or_id_is_an_identity_beside_the_message() {
    for (system, address, phone, user_id) in [
        (json!({"type": "user_changed_number", "wa_id": "51912345678"}), "51912345678", Some("51912345678"), None),
        (json!({"type": "user_changed_number", "new_wa_id": "51912345678"}), "51912345678", Some("51912345678"), None),
        (json!({"type": "user_changed_user_id", "user_id": "PE.9"}), "PE.9", None, Some("PE.9")),
    ] {
        let elements = read_messages(json!([typed("system", system)]));
        assert_eq!(elements.len(), 2);
        assert_eq!(elements[0].pointer, elements[1].pointer);
        let change = identity(&elements[1]);
        assert_eq!(change.known.address.as_deref(), Some("51987654321"));
        assert_eq!(change.also.address.as_deref(), Some(address));
        assert_eq!(change.also.phone.as_deref(), phone);
        assert_eq!(change.also.business_scoped_id.as_deref(), user_id);
    }
    for nothing_new in [json!({"type": "x", "wa_id": "51987654321"}), json!({"type": "customer_identity_changed"})] {
        assert_eq!(read_messages(json!([typed("system", nothing_new)])).len(), 1);
    }
    let old_form = json!({"id": "a", "type": "system", "system": {"customer": "5111111111", "wa_id": "5122222222"}});
    assert_eq!(identity(&read_messages(json!([old_form]))[1]).known.address.as_deref(), Some("5111111111"));
}

#[test]
fn a_user_id_update_is_an_identity() {
    let update = |ids: Value| json!({"wa_id": "51987654321", "user_id": ids, "timestamp": "1785400000"});
    let value = json!({"metadata": {"phone_number_id": "P"}, "user_id_update": [
        update(json!({"previous": "PE.1", "current": "PE.2"})),
        update(json!({"previous": "PE.1"})),
        {"user_id": {"current": "PE.2"}},
    ]});
    let elements = read("user_id_update", value);
    let change = identity(&elements[0]);
    assert_eq!(change.known.address.as_deref(), Some("51987654321"));
    assert_eq!(change.known.business_scoped_id.as_deref(), Some("PE.1"));
    assert_eq!(change.also.business_scoped_id.as_deref(), Some("PE.2"));
    assert_eq!(reason(&elements[1]), "the update has no new id");
    assert_eq!(reason(&elements[2]), "the update does not say whose it is");
}

#[test]
fn an_echo_is_filed_under_the_client_to_whom_it_went() {
    for field in ["smb_message_echoes", "message_echoes"] {
        let value = json!({
            "metadata": {"display_phone_number": "15550783881", "phone_number_id": "P"},
            "contacts": [{"wa_id": "51987654321", "profile": {"name": "Ana"}}],
            "message_echoes": [{"from": "15550783881", "to": "51987654321", "id": "wamid.1", "type": "text",
                                "text": {"body": "hola"}}],
        });
        let elements = read(field, value);
        let Ok(Fact::Message(echo)) = &elements[0].what else { panic!() };
        assert_eq!(echo.meaning, Meaning::Echo);
        assert_eq!(echo.sender.address.as_deref(), Some("51987654321"));
        assert_eq!(echo.sender.name.as_deref(), Some("Ana"));
        assert_eq!(direction(echo), Direction::Outbound);
    }
}

#[test]
fn history_is_filed_under_the_client_and_its_direction_can_be_told() {
    let text = |id: &str| json!({"id": id, "timestamp": "1785400000", "type": "text", "text": {"body": id}});
    let with = |id: &str, mut keys: Value| {
        let mut message = text(id);
        message.as_object_mut().unwrap().append(keys.as_object_mut().unwrap());
        message
    };
    let value = json!({
        "metadata": {"display_phone_number": "+1 555-078-3881", "phone_number_id": "P"},
        "contacts": [{"wa_id": "1111111", "profile": {"name": "Somebody else"}}],
        "history": [
            {"metadata": {"phase": 0}, "threads": [{"id": "51987654321", "messages": [
                with("theirs", json!({"from": "51987654321"})),
                with("ours", json!({"from": "15550783881", "to": "51987654321"})),
                with("ours without to", json!({"from": "15550783881"})),
                with("ours under another number", json!({"from": "15550000000", "to": "51987654321"})),
                with("theirs by id", json!({"from_user_id": "PE.1"})),
            ]}, 7]},
            {"errors": [{"code": 2_593_109}]},
            "x",
        ],
    });
    let elements = read("history", value);
    let read: Vec<_> = elements[..5]
        .iter()
        .map(|element| match &element.what {
            Ok(Fact::Message(message)) => {
                assert_eq!(message.meaning, Meaning::History);
                assert_eq!(message.sender.name, None, "the only contact is another thread's");
                (message.provider_id.as_str(), message.sender.address.as_deref().unwrap(), direction(message))
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        read,
        [
            ("theirs", "51987654321", Direction::Inbound),
            ("ours", "51987654321", Direction::Outbound),
            ("ours without to", "51987654321", Direction::Outbound),
            ("ours under another number", "51987654321", Direction::Outbound),
            ("theirs by id", "PE.1", Direction::Inbound),
        ]
    );
    assert_eq!(reason(&elements[5]), "the thread is not an object");
    assert!(matches!(&elements[6].what, Ok(Fact::Account(news)) if news.field == "history"));
    assert_eq!(reason(&elements[7]), "the chunk is not an object");
}

#[test]
fn a_receipt_is_read_with_all_that_it_says() {
    let value = json!({"statuses": [
        {"id": "wamid.1", "status": "failed", "timestamp": 1_785_400_000, "recipient_id": "G", "recipient_type": "group",
         "recipient_participant_id": "51987654321", "biz_opaque_callback_data": "m:2", "errors": [
            {"code": "131026", "title": "t", "message": "m", "error_data": {"details": "d"}},
            {"code": 131_053, "title": "t"},
            {"title": "no code"},
        ]},
        {"id": "wamid.1", "status": "warp", "timestamp": "0", "errors": null},
        {"id": "wamid.1", "status": "read", "errors": {"code": 1, "details": "flat"},
         "recipient_participant_user_id": "PE.1"},
        {"id": "wamid.1"},
        {"status": "read"},
        {"id": "x".repeat(600), "status": "read"},
        7,
    ]});
    let elements = read("messages", value);
    let first = receipt(&elements[0]);
    assert_eq!(first.receipt, Receipt::Failed);
    assert_eq!(first.provider_at.unwrap().timestamp(), 1_785_400_000);
    assert_eq!((first.callback.as_deref(), first.participant.as_str()), (Some("m:2"), "51987654321"));
    let errors: Vec<_> = first.errors.iter().map(|error| (error.code, error.message.as_str())).collect();
    assert_eq!(errors, [(131_026, "d"), (131_053, "t")]);
    let second = receipt(&elements[1]);
    assert_eq!((&second.receipt, second.provider_at), (&Receipt::Other("warp".to_owned()), None));
    let third = receipt(&elements[2]);
    assert_eq!((third.errors[0].message.as_str(), third.participant.as_str()), ("flat", "PE.1"));
    assert!(elements[3..].iter().all(|element| element.what.is_err()));
    assert_eq!(elements.len(), 7);
}

#[test]
fn a_message_and_its_receipt_of_one_id_are_two_facts() {
    let value = json!({
        "messages": [{"from": "1", "id": "wamid.1", "type": "text", "text": {"body": "a"}}],
        "statuses": [{"id": "wamid.1", "status": "sent"}],
        "errors": [{"code": 130_429}],
    });
    let kinds: Vec<_> = read("messages", value).into_iter().map(|element| element.what.unwrap()).collect();
    assert!(matches!(kinds.as_slice(), [Fact::Message(_), Fact::Receipt(_), Fact::Account(_)]));
}

#[test]
fn text_comes_out_as_it_can_be_stored() {
    let body = r#"{"entry":[{"changes":[{"field":"messages","value":{"messages":[{"from":"1","id":"a","type":"text",
        "text":{"body":"a\u0000\ud800\ud83d\ude00\/"}}]}}]}]}"#;
    let elements = parse(body.as_bytes()).unwrap();
    let Ok(Fact::Message(message)) = &elements[0].what else { panic!() };
    assert_eq!(message.content.text(), Some("a\u{fffd}😀/"));
}
