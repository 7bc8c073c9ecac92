//! Every webhook body of `fixtures/webhooks/` is read as what its index says, column by column.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use std::collections::HashMap;
use std::path::PathBuf;

use hilo_domain::inbound::{Fact, InboundMessage, Meaning};
use hilo_domain::message::{Content, Interactive};
use hilo_whatsapp::meta::webhook::{self, Element};
use serde_json::Value;

/// What a body was read as, in the index's words.
#[derive(Default)]
struct Read {
    messages: Vec<InboundMessage>,
    echoes: Vec<InboundMessage>,
    statuses: Vec<String>,
    value_errors: usize,
    identities: usize,
    fields: Vec<String>,
    error_codes: Vec<i64>,
    phone_number_ids: Vec<String>,
}

impl Read {
    fn of(elements: Vec<Element>) -> Self {
        let mut read = Self::default();
        for element in elements {
            if !read.fields.contains(&element.field) {
                read.fields.push(element.field);
            }
            if let Some(id) = element.phone_number_id.filter(|id| !read.phone_number_ids.contains(id)) {
                read.phone_number_ids.push(id);
            }
            match element.what.unwrap() {
                Fact::Message(message) if message.meaning == Meaning::Echo => read.echoes.push(*message),
                Fact::Message(message) => {
                    if let Content::Unsupported { code: Some(code), .. } = message.content {
                        read.error_codes.push(code);
                    }
                    read.messages.push(*message);
                }
                Fact::Receipt(receipt) => {
                    read.statuses.push(receipt.receipt.as_str().to_owned());
                    read.error_codes.extend(receipt.errors.iter().map(|error| error.code));
                }
                Fact::Identity(_) => read.identities += 1,
                Fact::Account(news) => {
                    if element.pointer.contains("/errors/") {
                        read.value_errors += 1;
                        read.error_codes.push(news.raw["code"].as_i64().unwrap());
                    }
                }
            }
        }
        read
    }
}

#[test]
fn every_body_is_read_as_its_index_says() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/webhooks");
    let rows = csv(&std::fs::read_to_string(folder.join("index.csv")).unwrap());
    assert_eq!(rows.len(), 113);
    for row in rows {
        let cell = |name: &str| row[name].as_str();
        let file = cell("file");
        let list = |name: &str| cell(name).split('|').filter(|c| !c.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let count = |name: &str| cell(name).parse::<usize>().unwrap();
        assert_eq!(cell("expect"), "accept", "{file}");

        let body = std::fs::read(folder.join(file)).unwrap();
        let read = Read::of(webhook::parse(&body).unwrap());

        assert_eq!(read.messages.len(), count("n_messages"), "{file}: messages");
        assert_eq!(read.statuses.len(), count("n_statuses"), "{file}: statuses");
        assert_eq!(read.echoes.len(), count("n_echoes"), "{file}: echoes");
        assert_eq!(read.value_errors, count("n_value_errors"), "{file}: value errors");
        assert_eq!(read.fields, list("fields"), "{file}: fields");
        assert_eq!(read.statuses, list("statuses"), "{file}: statuses");
        assert_eq!(read.phone_number_ids, list("phone_number_ids"), "{file}: numbers");
        let codes: Vec<String> = read.error_codes.iter().map(ToString::to_string).collect();
        assert_eq!(codes, list("error_codes"), "{file}: error codes");

        let all = || read.messages.iter().chain(&read.echoes);
        let types: Vec<String> = all().map(kind).collect();
        assert_eq!(types, list("types"), "{file}: types");
        let texts: Vec<String> = all().map(text).collect();
        assert_eq!(texts, serde_json::from_str::<Vec<String>>(cell("texts")).unwrap(), "{file}: texts");
        let contexts: Vec<String> = read.messages.iter().filter_map(|message| message.reply_to.clone()).collect();
        assert_eq!(contexts, list("context_ids"), "{file}: contexts");

        // These two columns are the message's own keys; what the contact adds stands beside them.
        let own = |key: &str| -> Vec<String> {
            read.messages.iter().filter_map(|message| Some(message.raw.get(key)?.as_str()?.to_owned())).collect()
        };
        assert_eq!(own("from"), list("from_ids"), "{file}: senders");
        assert_eq!(own("from_user_id"), list("from_user_ids"), "{file}: senders");
        for message in &read.messages {
            let said = message.raw.get("from").or_else(|| message.raw.get("from_user_id")).and_then(Value::as_str);
            match said {
                Some(said) => assert_eq!(message.sender.address.as_deref(), Some(said), "{file}"),
                None => assert_eq!(message.sender.address, message.sender.business_scoped_id, "{file}"),
            }
            if let Some(user_id) = message.raw.get("from_user_id").and_then(Value::as_str) {
                assert_eq!(message.sender.business_scoped_id.as_deref(), Some(user_id), "{file}");
            }
            assert!(message.provider_at.is_some(), "{file}");
            assert_eq!(message.meaning, meaning(message), "{file}");
        }
        for echo in &read.echoes {
            assert_eq!(echo.sender.address.as_deref(), echo.raw["to"].as_str(), "{file}");
        }

        let announces = |message: &InboundMessage| message.raw["system"]["type"] == "user_changed_number";
        assert_eq!(read.identities, read.messages.iter().filter(|message| announces(message)).count(), "{file}");
        assert_eq!(kind_of_body(&read), coarse(cell("kind")), "{file}: kind");
    }
}

/// The index's word for a message's type: the kind that was read, with what tells its variants apart.
fn kind(message: &InboundMessage) -> String {
    let kind = match &message.content {
        Content::Interactive { interactive } => match interactive {
            Interactive::ButtonReply { .. } => "interactive/button_reply",
            Interactive::ListReply { .. } => "interactive/list_reply",
            Interactive::FormReply { .. } => "interactive/nfm_reply",
            Interactive::CallPermissionReply { .. } => "interactive/call_permission_reply",
            other => panic!("{other:?}"),
        },
        Content::Audio { media } if media.voice => "audio/voice",
        // What is not read as its type has to be what the wire says is none, or lacks its object.
        Content::Unsupported { .. } => match message.raw.get("type").and_then(Value::as_str) {
            None => "None",
            Some(kind @ ("unsupported" | "unknown" | "interactive")) => {
                assert!(message.raw.get(kind).is_none() || kind == "unsupported");
                kind
            }
            Some(other) => panic!("{other} was not read"),
        },
        content => content.kind(),
    };
    if message.meaning == Meaning::Echo { format!("echo:{kind}") } else { kind.to_owned() }
}

/// The index's text. Two of them are no words of the message for Hilo, but have to be in what is kept.
fn text(message: &InboundMessage) -> String {
    match &message.content {
        Content::Interactive { interactive: Interactive::FormReply { response_json, .. } } => {
            let reply = &message.raw["interactive"]["nfm_reply"];
            assert_eq!(response_json, reply["response_json"].as_str().unwrap());
            reply["body"].as_str().unwrap_or_default().to_owned()
        }
        Content::Order { order } => order["text"].as_str().unwrap_or_default().to_owned(),
        content => content.text().unwrap_or_default().to_owned(),
    }
}

/// What a message means, by the wire's words alone.
fn meaning(message: &InboundMessage) -> Meaning {
    let wire = message.raw["type"].as_str().unwrap_or_default();
    let asks_to_call = message.raw["interactive"]["type"] == "call_permission_reply";
    match wire {
        "reaction" | "edit" | "revoke" | "system" => Meaning::Aside,
        _ if asks_to_call => Meaning::Aside,
        _ => Meaning::Answer,
    }
}

/// The index's kind as far as facts can tell it: the rest of its words are kinds of news.
fn coarse(kind: &str) -> &str {
    match kind {
        "system" | "message" => "message",
        "account" | "group" | "unknown_field" => "news",
        other => other,
    }
}

fn kind_of_body(read: &Read) -> &'static str {
    let changes = read.messages.len() + usize::from(read.fields.iter().any(|field| field == "user_preferences"));
    match read {
        read if read.fields.is_empty() => "edge",
        read if read.fields.iter().any(|field| field == "calls") => "call",
        read if read.messages.iter().any(|m| m.raw["interactive"]["type"] == "call_permission_reply") => "call",
        _ if changes > 1 => "batch",
        read if !read.messages.is_empty() => "message",
        read if !read.statuses.is_empty() => "status",
        read if !read.echoes.is_empty() => "echo",
        _ => "news",
    }
}

/// The rows of a CSV text by its first line's names: quoted cells may hold commas and doubled quotes.
fn csv(text: &str) -> Vec<HashMap<String, String>> {
    let mut lines = text.lines().map(cells);
    let names = lines.next().unwrap_or_default();
    lines.map(|cells| names.iter().cloned().zip(cells).collect()).collect()
}

fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => push(&mut cells, '"'),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            letter => push(&mut cells, letter),
        }
    }
    cells
}

fn push(cells: &mut [String], letter: char) {
    if let Some(cell) = cells.last_mut() {
        cell.push(letter);
    }
}
