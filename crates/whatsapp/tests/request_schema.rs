//! Every body that is built validates against Meta's schema, and every limit is held.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::sync::LazyLock;

use hilo_domain::message::{
    Content, Header, Interactive, ListRow, ListSection, Location, Media, ReplyButton, Template,
};
use hilo_whatsapp::meta::request::{self, Extras, LimitViolation, Recipient, limits};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = include_str!("fixtures/meta-message-request.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
});

#[track_caller]
fn assert_valid(body: &Value) {
    let errors: Vec<String> = SCHEMA.iter_errors(body).map(|e| format!("{} at {}", e, e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{body:#}");
}

fn ana() -> Recipient {
    Recipient::of_address("51987654321")
}

#[track_caller]
fn built(content: &Content) -> Value {
    let body = request::build(&ana(), content, &Extras::default()).unwrap();
    assert_valid(&body);
    assert_eq!(body["to"], "+51987654321");
    body
}

/// The places at which a content is refused.
fn refused(content: &Content) -> Vec<String> {
    let violations = request::build(&ana(), content, &Extras::default()).unwrap_err();
    violations.into_iter().map(|violation| violation.pointer).collect()
}

fn buttons(titles: &[&str]) -> Content {
    let button = |(i, title): (usize, &&str)| ReplyButton { id: format!("b{i}"), title: (*title).to_owned() };
    Content::Interactive {
        interactive: Interactive::Buttons {
            header: None,
            body: "¿Qué necesitas?".to_owned(),
            footer: None,
            buttons: titles.iter().enumerate().map(button).collect(),
        },
    }
}

fn list(sections: Vec<ListSection>) -> Content {
    Content::Interactive {
        interactive: Interactive::List {
            header: Some(Header::Text { text: "Menú".to_owned() }),
            body: "Elige".to_owned(),
            footer: Some("Hilo".to_owned()),
            button: "Ver".to_owned(),
            sections,
        },
    }
}

fn rows(from: usize, count: usize) -> Vec<ListRow> {
    let row = |i| ListRow { id: format!("r{i}"), title: format!("Fila {i}"), description: Some(String::new()) };
    (from..from + count).map(row).collect()
}

fn linked(link: &str) -> Media {
    Media { link: Some(link.to_owned()), ..Media::default() }
}

#[test]
fn a_text_is_what_the_protocol_shows() {
    let extras = Extras { reply_to: Some("wamid.1".to_owned()), callback: Some("m:1".to_owned()) };
    let body = request::build(&ana(), &Content::Text { text: "Hola".to_owned() }, &extras).unwrap();
    assert_valid(&body);
    assert_eq!(
        body,
        json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+51987654321", "type": "text",
            "text": {"body": "Hola"}, "context": {"message_id": "wamid.1"}, "biz_opaque_callback_data": "m:1",
        })
    );
}

#[test]
fn recipients_are_addressed_as_what_they_are() {
    let text = Content::Text { text: "a".to_owned() };
    let to = |recipient| request::build(&recipient, &text, &Extras::default()).unwrap();
    assert_eq!(to(Recipient::of_address("+51987654321"))["to"], "+51987654321");
    assert_eq!(to(Recipient::Phone("+52 55 0000-0001".to_owned()))["to"], "+525500000001");
    let user = to(Recipient::of_address("PE.13491208655302741918"));
    assert_eq!((&user["recipient"], user.get("to")), (&json!("PE.13491208655302741918"), None));
    assert_valid(&user);
    let group = to(Recipient::Group("Y2FwaV9ncm91cA".to_owned()));
    assert_eq!((&group["recipient_type"], &group["to"]), (&json!("group"), &json!("Y2FwaV9ncm91cA")));
    assert_valid(&group);
    for nobody in [Recipient::of_address(""), Recipient::Phone("12345678901234567".to_owned())] {
        let violations = request::build(&nobody, &text, &Extras::default()).unwrap_err();
        assert_eq!(violations[0].pointer, "/recipient");
    }
}

#[test]
fn files_go_by_id_or_by_link() {
    let captioned = |link: &str| Media { caption: Some("c".to_owned()), ..linked(link) };
    assert_eq!(
        built(&Content::Image { media: captioned("https://x.example/a.png") })["image"],
        json!({"link": "https://x.example/a.png", "caption": "c"})
    );
    let both = Media { id: Some("7".to_owned()), sha256: Some("s".to_owned()), ..captioned("https://x.example/a") };
    assert_eq!(built(&Content::Video { media: both.clone() })["video"], json!({"id": "7", "caption": "c"}));
    let document = Media { filename: Some("f.pdf".to_owned()), ..both };
    assert_eq!(
        built(&Content::Document { media: document })["document"],
        json!({"id": "7", "caption": "c", "filename": "f.pdf"})
    );
    let voice = Media { voice: true, ..linked("http://x.example/a.ogg") };
    assert_eq!(
        built(&Content::Audio { media: voice })["audio"],
        json!({"link": "http://x.example/a.ogg", "voice": true})
    );
    let sticker = Media { id: Some("7".to_owned()), animated: true, ..Media::default() };
    assert_eq!(built(&Content::Sticker { media: sticker })["sticker"], json!({"id": "7"}));

    assert_eq!(refused(&Content::Image { media: Media::default() }), ["/media"]);
    for link in ["ftp://x.example/a", "file:///etc/passwd", "HTTPS://x.example", "https://", "x"] {
        assert_eq!(refused(&Content::Image { media: linked(link) }), ["/media/link"], "{link}");
    }
    let captioned = captioned("https://x.example/a");
    assert_eq!(refused(&Content::Audio { media: captioned.clone() }), ["/media/caption"]);
    assert_eq!(refused(&Content::Sticker { media: captioned }), ["/media/caption"]);
}

#[test]
fn interactive_messages_are_what_the_protocol_shows() {
    let body = built(&buttons(&["Ventas", "Soporte"]));
    assert_eq!(
        body["interactive"],
        json!({
            "type": "button", "body": {"text": "¿Qué necesitas?"},
            "action": {"buttons": [{"type": "reply", "reply": {"id": "b0", "title": "Ventas"}},
                                   {"type": "reply", "reply": {"id": "b1", "title": "Soporte"}}]},
        })
    );
    let body = built(&list(vec![ListSection { title: None, rows: rows(0, 1) }]));
    assert_eq!(
        body["interactive"],
        json!({
            "type": "list", "header": {"type": "text", "text": "Menú"}, "body": {"text": "Elige"},
            "footer": {"text": "Hilo"},
            "action": {"button": "Ver", "sections": [{"rows": [{"id": "r0", "title": "Fila 0"}]}]},
        })
    );
    let link = Interactive::Link { body: "b".to_owned(), label: "Ver".to_owned(), url: "https://x.example".to_owned() };
    assert_eq!(
        built(&Content::Interactive { interactive: link })["interactive"],
        json!({
            "type": "cta_url", "body": {"text": "b"},
            "action": {"name": "cta_url", "parameters": {"display_text": "Ver", "url": "https://x.example"}},
        })
    );
    let place = Interactive::LocationRequest { body: "¿Dónde?".to_owned() };
    assert_eq!(
        built(&Content::Interactive { interactive: place })["interactive"],
        json!({
            "type": "location_request_message", "body": {"text": "¿Dónde?"}, "action": {"name": "send_location"},
        })
    );
}

#[test]
fn a_reaction_names_its_message_and_quotes_none() {
    let extras = Extras { reply_to: Some("wamid.2".to_owned()), callback: None };
    for (emoji, expected) in [(Some("👍".to_owned()), "👍"), (None, "")] {
        let reaction = Content::Reaction { to: "wamid.1".to_owned(), emoji };
        let body = request::build(&ana(), &reaction, &extras).unwrap();
        assert_valid(&body);
        assert_eq!(body["reaction"], json!({"message_id": "wamid.1", "emoji": expected}));
        assert_eq!(body.get("context"), None);
    }
}

#[test]
fn cards_that_came_go_out_again_without_what_meta_does_not_take() {
    let card = json!({
        "name": {"formatted_name": "Beto Paz", "first_name": "Beto", "suffix": null},
        "phones": [{"phone": "+51 911 111 111", "wa_id": "51911111111", "type": "CELL"}], "emails": null,
        "org": {"company": "Hilo"}, "birthday": "1989-03-16", "origin": "other", "vcard": "BEGIN:VCARD",
    });
    let body = built(&Content::Contacts { contacts: vec![card] });
    assert_eq!(
        body["contacts"],
        json!([{
            "name": {"formatted_name": "Beto Paz", "first_name": "Beto"},
            "phones": [{"phone": "+51 911 111 111", "wa_id": "51911111111", "type": "CELL"}],
            "org": {"company": "Hilo"}, "birthday": "1989-03-16",
        }])
    );
    let bad = json!({"name": {"formatted_name": "Beto"}, "phones": [{"type": 7}], "urls": {}, "org": 1, "birthday": 2});
    assert_eq!(
        refused(&Content::Contacts { contacts: vec![json!(1), bad] }),
        [
            "/contacts/0",
            "/contacts/1/name",
            "/contacts/1/birthday",
            "/contacts/1/org",
            "/contacts/1/phones/0/type",
            "/contacts/1/phones/0/phone",
            "/contacts/1/urls",
        ]
    );
    let six = vec![json!({"name": {"formatted_name": "A", "first_name": "A"}}); 6];
    assert_eq!(refused(&Content::Contacts { contacts: six }), ["/contacts"]);
    assert_eq!(refused(&Content::Contacts { contacts: Vec::new() }), ["/contacts"]);
}

fn template(components: Vec<Value>) -> Content {
    let template = Template { name: "order_update".to_owned(), language: "es_MX".to_owned(), components };
    Content::Template { template }
}

#[test]
fn a_template_carries_its_values() {
    let components = vec![
        json!({"type": "header", "parameters": [{"type": "image", "image": {"link": "https://x.example/a.png"}}]}),
        json!({"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "A-17"}]}),
        json!({"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "A-17"}]}),
    ];
    let body = built(&template(components.clone()));
    assert_eq!(
        body["template"],
        json!({
            "name": "order_update", "language": {"code": "es_MX"}, "components": components,
        })
    );
    assert_eq!(built(&template(Vec::new()))["template"].get("components"), None);
}

#[test]
fn values_that_no_template_takes_are_refused() {
    let text = |text: &str| json!({"type": "body", "parameters": [{"type": "text", "text": text}]});
    let place = "/template/components/0/parameters/0/text";
    for bad in ["a\nb", "a\tb", "a     b", "", "  ", &"x".repeat(1025)] {
        assert_eq!(refused(&template(vec![text(bad)])), [place], "{bad:?}");
    }
    built(&template(vec![text("a    b")]));
    let named = json!({"type": "header", "parameters": [{"type": "text", "parameter_name": "n", "text": "x"}]});
    assert_eq!(refused(&template(vec![named, text("a")])), ["/template/components"]);
    for (component, place) in [
        (json!(7), "/type"),
        (json!({"type": "BODY"}), "/type"),
        (json!({"type": "button", "index": 0}), "/sub_type"),
        (json!({"type": "button", "sub_type": "url"}), "/index"),
        (json!({"type": "body", "parameters": {}}), "/parameters"),
        (json!({"type": "body", "parameters": [{}]}), "/parameters/0/type"),
        (json!({"type": "body", "parameters": [{"type": "text"}]}), "/parameters/0/text"),
    ] {
        assert_eq!(refused(&template(vec![component])), [format!("/template/components/0{place}")]);
    }
    let unnamed = Template { name: "Order-Update".to_owned(), language: " ".to_owned(), components: Vec::new() };
    assert_eq!(refused(&Content::Template { template: unnamed }), ["/template/name", "/template/language"]);
}

#[test]
fn reading_and_typing_validate_too() {
    let read = request::read("wamid.1");
    assert_valid(&read);
    assert_eq!(read, json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1"}));
    let typing = request::typing("wamid.1");
    assert_valid(&typing);
    assert_eq!(typing["typing_indicator"], json!({"type": "text"}));
}

#[test]
fn all_violations_come_at_once_with_their_places() {
    let long = "ñ".repeat(21);
    let content = Content::Interactive {
        interactive: Interactive::Buttons {
            header: Some(Header::Text { text: "h".repeat(61) }),
            body: " ".to_owned(),
            footer: Some("f".repeat(61)),
            buttons: vec![
                ReplyButton { id: " a".to_owned(), title: long.clone() },
                ReplyButton { id: " a".to_owned(), title: long },
                ReplyButton { id: String::new(), title: "b".to_owned() },
                ReplyButton { id: "c".repeat(257), title: "c".to_owned() },
            ],
        },
    };
    let extras = Extras { reply_to: Some(String::new()), callback: Some("x".repeat(513)) };
    let violations = request::build(&ana(), &content, &extras).unwrap_err();
    let pointers: Vec<&str> = violations.iter().map(|violation| violation.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/interactive/header/text",
            "/interactive/body",
            "/interactive/footer",
            "/interactive/buttons",
            "/interactive/buttons/0/id",
            "/interactive/buttons/0/title",
            "/interactive/buttons/1/id",
            "/interactive/buttons/1/id",
            "/interactive/buttons/1/title",
            "/interactive/buttons/1/title",
            "/interactive/buttons/2/id",
            "/interactive/buttons/3/id",
            "/replyTo",
            "/callback",
        ]
    );
    let title = LimitViolation {
        pointer: "/interactive/buttons/0/title".to_owned(),
        message: "is 21 characters long, at most 20 are allowed".to_owned(),
    };
    assert!(violations.contains(&title), "characters are counted, not bytes");
    let json = serde_json::to_value(&content).unwrap();
    assert!(pointers[..12].iter().all(|pointer| json.pointer(pointer).is_some()), "they lead into the content's JSON");
}

#[test]
fn a_list_has_ten_rows_in_all_and_titles_where_there_are_sections() {
    let section = |title: Option<&str>, rows| ListSection { title: title.map(str::to_owned), rows };
    built(&list(vec![section(Some("A"), rows(0, 5)), section(Some("B"), rows(5, 5))]));
    let eleven = list(vec![section(Some("A"), rows(0, 6)), section(Some("B"), rows(6, 5))]);
    assert_eq!(refused(&eleven), ["/interactive/sections"]);
    let untitled = list(vec![section(None, rows(0, 1)), section(Some("B"), rows(1, 1))]);
    assert_eq!(refused(&untitled), ["/interactive/sections/0/title"]);
    let twice = list(vec![section(Some("A"), rows(0, 1)), section(Some("B"), rows(0, 1))]);
    assert_eq!(refused(&twice), ["/interactive/sections/1/rows/0/id"]);
    assert_eq!(refused(&list(Vec::new())), ["/interactive/sections"]);
    assert_eq!(refused(&list(vec![section(None, Vec::new())])), ["/interactive/sections/0/rows"]);
}

#[test]
fn what_only_clients_send_cannot_be_sent() {
    let reply = Interactive::ButtonReply { id: "a".to_owned(), title: "b".to_owned() };
    assert_eq!(refused(&Content::Interactive { interactive: reply }), ["/interactive/kind"]);
    for content in [
        Content::RequestWelcome,
        Content::Button { text: "a".to_owned(), payload: None },
        Content::Revoke { to: "a".to_owned() },
        Content::Unsupported { kind: None, code: None },
        Content::Order { order: json!({}) },
    ] {
        assert_eq!(refused(&content), ["/type"]);
    }
}

/// Text of a length near `limit`, in letters of one to four bytes.
fn about(limit: usize) -> impl Strategy<Value = String> {
    let letter = prop::sample::select(vec!['a', 'ñ', '語', '😀']);
    (letter, prop::sample::select(vec![0, 1, limit - 1, limit, limit + 1]))
        .prop_map(|(letter, length)| letter.to_string().repeat(length))
}

fn media() -> impl Strategy<Value = Media> {
    (
        prop::option::of("[0-9]{0,20}"),
        prop::option::of(prop::sample::select(vec!["https://x.example/a", "http://x/ñ", "HTTP://x", "x", ""])),
        prop::option::of(about(limits::CAPTION)),
        prop::option::of(about(limits::FILENAME)),
        any::<bool>(),
    )
        .prop_map(|(id, link, caption, filename, voice)| Media {
            id,
            link: link.map(str::to_owned),
            caption,
            filename,
            voice,
            ..Media::default()
        })
}

fn header() -> impl Strategy<Value = Option<Header>> {
    let header = prop_oneof![
        about(limits::HEADER).prop_map(|text| Header::Text { text }),
        media().prop_map(|media| Header::Image { media }),
        media().prop_map(|media| Header::Document { media }),
    ];
    prop::option::of(header)
}

fn section() -> impl Strategy<Value = ListSection> {
    let row = (about(limits::ROW_ID), about(limits::ROW_TITLE), prop::option::of(about(limits::ROW_DESCRIPTION)))
        .prop_map(|(id, title, description)| ListRow { id, title, description });
    let numbered =
        (any::<u32>(), "[a-z]{1,24}").prop_map(|(id, title)| ListRow { id: id.to_string(), title, description: None });
    (prop::option::of(about(limits::SECTION_TITLE)), prop::collection::vec(prop_oneof![row, numbered], 0..6))
        .prop_map(|(title, rows)| ListSection { title, rows })
}

fn interactive() -> impl Strategy<Value = Interactive> {
    let button = (about(limits::BUTTON_ID), about(limits::BUTTON_TITLE));
    let button = prop_oneof![button, ("[a-z]{1,9}".boxed(), "[a-z]{1,20}".boxed())]
        .prop_map(|(id, title)| ReplyButton { id, title });
    let footer = || prop::option::of(about(limits::FOOTER));
    prop_oneof![
        (header(), about(limits::BUTTONS_BODY), footer(), prop::collection::vec(button, 0..5))
            .prop_map(|(header, body, footer, buttons)| Interactive::Buttons { header, body, footer, buttons }),
        (
            header(),
            about(limits::LIST_BODY),
            footer(),
            about(limits::LIST_BUTTON),
            prop::collection::vec(section(), 0..4)
        )
            .prop_map(|(header, body, footer, button, sections)| Interactive::List {
                header,
                body,
                footer,
                button,
                sections
            }),
        (about(limits::LINK_BODY), about(limits::LINK_LABEL)).prop_map(|(body, label)| Interactive::Link {
            body,
            label,
            url: "https://x.example".to_owned()
        }),
        about(limits::LOCATION_REQUEST_BODY).prop_map(|body| Interactive::LocationRequest { body }),
    ]
}

/// JSON that may be a card or a component, or nearly.
fn nearly(keys: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec!["", "a", "text", "body", "button", "url", "quick_reply", "header", "flow"]);
    let leaf = prop_oneof![
        4 => word.prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => Just(json!(null)),
        1 => Just(json!(1.5)),
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map(prop::sample::select(keys).prop_map(str::to_owned), inner, 0..6)
                .prop_map(Value::from_iter),
        ]
    })
}

const CARD_KEYS: &[&str] = &[
    "name",
    "formatted_name",
    "first_name",
    "phones",
    "phone",
    "type",
    "emails",
    "email",
    "urls",
    "url",
    "addresses",
    "street",
    "org",
    "company",
    "birthday",
    "vcard",
];
const COMPONENT_KEYS: &[&str] = &["type", "sub_type", "index", "parameters", "text", "parameter_name"];

/// A card that is right but for one key.
fn card() -> impl Strategy<Value = Value> {
    (prop::sample::select(CARD_KEYS), nearly(CARD_KEYS), any::<bool>()).prop_map(|(key, junk, spoil)| {
        let mut card = json!({"name": {"formatted_name": "A", "first_name": "A"}, "phones": [{"phone": "1"}]});
        if spoil {
            card[key] = junk;
        }
        card
    })
}

fn component() -> impl Strategy<Value = Value> {
    (prop::sample::select(COMPONENT_KEYS), nearly(COMPONENT_KEYS), any::<bool>()).prop_map(|(key, junk, spoil)| {
        let mut component = json!({"type": "button", "sub_type": "url", "index": 0, "parameters": []});
        if spoil {
            component[key] = junk;
        }
        component
    })
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        about(limits::TEXT).prop_map(|text| Content::Text { text }),
        media().prop_map(|media| Content::Image { media }),
        media().prop_map(|media| Content::Video { media }),
        media().prop_map(|media| Content::Audio { media }),
        media().prop_map(|media| Content::Document { media }),
        media().prop_map(|media| Content::Sticker { media }),
        (any::<f64>(), -200.0..200.0, prop::option::of(".{0,9}")).prop_map(|(latitude, longitude, name)| {
            Content::Location { location: Location { latitude, longitude, name, address: None } }
        }),
        prop::collection::vec(card(), 0..7).prop_map(|contacts| Content::Contacts { contacts }),
        interactive().prop_map(|interactive| Content::Interactive { interactive }),
        (about(limits::ID_BYTES), prop::option::of("👍|")).prop_map(|(to, emoji)| Content::Reaction { to, emoji }),
        ("[a-z_]{1,9}|[A-Z ]{0,9}", "es_MX|", prop::collection::vec(component(), 0..4)).prop_map(
            |(name, language, components)| Content::Template { template: Template { name, language, components } }
        ),
    ]
}

/// Whether a text of one letter repeated is within a limit that is counted in characters.
fn within(text: &str, limit: usize) -> bool {
    (1..=limit).contains(&text.chars().count())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_built_validates(
        content in content(), reply_to in prop::option::of("[a-z]{0,9}"), callback in prop::option::of(about(512)),
    ) {
        let extras = Extras { reply_to, callback };
        match request::build(&ana(), &content, &extras) {
            Ok(body) => assert_valid(&body),
            Err(violations) => prop_assert!(!violations.is_empty()),
        }
    }

    #[test]
    fn characters_are_counted_and_not_bytes(text in about(limits::TEXT), title in about(limits::BUTTON_TITLE)) {
        let sent = request::build(&ana(), &Content::Text { text: text.clone() }, &Extras::default());
        prop_assert_eq!(sent.is_ok(), within(&text, limits::TEXT));
        let sent = request::build(&ana(), &buttons(&[&title]), &Extras::default());
        prop_assert_eq!(sent.is_ok(), within(&title, limits::BUTTON_TITLE));
    }
}
