//! Reads a document's text and remembers where everything stood.
//!
//! Two notations are read: JSON, and the object literal in which people write flows into documents, with bare keys
//! and single quotes. Nothing else is lenient. Keys keep their order; a repeated key is kept, so that it can be
//! reported.

use serde_json::{Map, Number, Value};

use crate::limits;

/// Reads a whole text.
pub(crate) fn parse(text: &str) -> Result<Tree, Unreadable> {
    let mut parser = Parser { bytes: text.as_bytes(), text, at: 0 };
    let tree = parser.value(0)?;
    parser.space();
    match parser.peek() {
        None => Ok(tree),
        Some(_) => Err(parser.unreadable("something follows the document")),
    }
}

/// Where something stands in the text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// First byte.
    pub(crate) start: usize,
    /// One past the last byte.
    pub(crate) end: usize,
}

/// One value with its place.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub(crate) span: Span,
    pub(crate) data: Data,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Tree>),
    Object(Vec<Member>),
}

/// One key of an object.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Tree,
}

/// Why a text could not be read, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) at: usize,
    pub(crate) what: &'static str,
}

impl Tree {
    /// The value without its places.
    pub(crate) fn to_value(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(b) => Value::Bool(*b),
            Data::Number(n) => Value::Number(n.clone()),
            Data::Text(s) => Value::String(s.clone()),
            Data::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Data::Object(members) => {
                Value::Object(members.iter().map(|m| (m.key.clone(), m.value.to_value())).collect::<Map<_, _>>())
            }
        }
    }

    /// The value of a key, if this is an object that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Tree> {
        match &self.data {
            Data::Object(members) => members.iter().find(|m| m.key == key).map(|m| &m.value),
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::List(_) => None,
        }
    }

    /// The text, if this is one.
    pub(crate) fn as_str(&self) -> Option<&str> {
        if let Data::Text(s) = &self.data { Some(s) } else { None }
    }

    /// The items, if this is a list.
    pub(crate) fn items(&self) -> &[Tree] {
        if let Data::List(items) = &self.data { items } else { &[] }
    }

    /// The members, if this is an object.
    pub(crate) fn members(&self) -> &[Member] {
        if let Data::Object(members) = &self.data { members } else { &[] }
    }

    /// The JSON word for what this is.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.data {
            Data::Null => "null",
            Data::Bool(_) => "boolean",
            Data::Number(_) => "number",
            Data::Text(_) => "string",
            Data::List(_) => "array",
            Data::Object(_) => "object",
        }
    }

    /// The canonical text of RFC 8785, without the top-level key `skip`: the same flow has the same hash however it
    /// was written.
    pub(crate) fn canonical(&self, skip: &str) -> String {
        let mut out = String::new();
        write_canonical(self, Some(skip), &mut out);
        out
    }
}

fn write_canonical(tree: &Tree, skip: Option<&str>, out: &mut String) {
    match &tree.data {
        Data::Null => out.push_str("null"),
        Data::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Data::Number(n) => out.push_str(&canonical_number(n)),
        Data::Text(s) => write_text(s, out),
        Data::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_canonical(item, None, out);
            }
            out.push(']');
        }
        Data::Object(members) => {
            let mut sorted: Vec<&Member> = members.iter().filter(|m| Some(m.key.as_str()) != skip).collect();
            sorted.sort_by(|a, b| a.key.encode_utf16().cmp(b.key.encode_utf16()));
            out.push('{');
            for (i, member) in sorted.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_text(&member.key, out);
                out.push(':');
                write_canonical(&member.value, None, out);
            }
            out.push('}');
        }
    }
}

/// A number as ECMAScript prints it, which is what RFC 8785 asks for.
fn canonical_number(number: &Number) -> String {
    if let Some(i) = number.as_i64() {
        return i.to_string();
    }
    let Some(f) = number.as_f64() else { return number.to_string() };
    if f == 0.0 {
        return "0".to_owned();
    }
    let magnitude = f.abs();
    if (1e-6..1e21).contains(&magnitude) {
        return format!("{f}");
    }
    let text = format!("{f:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        Some(_) | None => text,
    }
}

fn write_text(text: &str, out: &mut String) {
    // serde_json escapes exactly what RFC 8785 asks to be escaped, in the same short forms.
    out.push_str(&Value::String(text.to_owned()).to_string());
}

struct Parser<'t> {
    bytes: &'t [u8],
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn unreadable(&self, what: &'static str) -> Unreadable {
        Unreadable { at: self.at, what }
    }

    fn value(&mut self, depth: usize) -> Result<Tree, Unreadable> {
        if depth > limits::DOCUMENT_DEPTH {
            return Err(self.unreadable("nested too deeply"));
        }
        self.space();
        let start = self.at;
        let data = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(quote @ (b'"' | b'\'')) => Data::Text(self.string(quote)?),
            Some(b'-' | b'0'..=b'9') => Data::Number(self.number()?),
            Some(_) if self.word("true") => Data::Bool(true),
            Some(_) if self.word("false") => Data::Bool(false),
            Some(_) if self.word("null") => Data::Null,
            Some(_) => return Err(self.unreadable("a value was expected")),
            None => return Err(self.unreadable("the text ends too early")),
        };
        Ok(Tree { span: Span { start, end: self.at }, data })
    }

    fn word(&mut self, word: &str) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let ends = rest.get(word.len()).is_none_or(|b| !b.is_ascii_alphanumeric());
        let is = rest.starts_with(word.as_bytes()) && ends;
        if is {
            self.at += word.len();
        }
        is
    }

    fn object(&mut self, depth: usize) -> Result<Data, Unreadable> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Data::Object(members));
        }
        loop {
            self.space();
            let start = self.at;
            let key = match self.peek() {
                Some(quote @ (b'"' | b'\'')) => self.string(quote)?,
                Some(b) if b.is_ascii_alphabetic() || b == b'_' || b == b'$' => self.bare_key(),
                Some(_) | None => return Err(self.unreadable("a key was expected")),
            };
            let key_span = Span { start, end: self.at };
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.unreadable("`:` was expected"));
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            members.push(Member { key, key_span, value });
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Data::Object(members));
                }
                Some(_) | None => return Err(self.unreadable("`,` or `}` was expected")),
            }
        }
    }

    fn bare_key(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$') {
            self.at += 1;
        }
        self.text.get(start..self.at).unwrap_or_default().to_owned()
    }

    fn list(&mut self, depth: usize) -> Result<Data, Unreadable> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Data::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Data::List(items));
                }
                Some(_) | None => return Err(self.unreadable("`,` or `]` was expected")),
            }
        }
    }

    fn number(&mut self) -> Result<Number, Unreadable> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(text).map_err(|_| Unreadable { at: start, what: "this is not a number" })
    }

    fn string(&mut self, quote: u8) -> Result<String, Unreadable> {
        self.at += 1;
        let mut out = String::new();
        let mut plain = self.at;
        loop {
            match self.peek() {
                None => return Err(self.unreadable("a text is not closed")),
                Some(b) if b == quote => {
                    out.push_str(self.text.get(plain..self.at).unwrap_or_default());
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    out.push_str(self.text.get(plain..self.at).unwrap_or_default());
                    self.at += 1;
                    out.push(self.escape()?);
                    plain = self.at;
                }
                Some(b) if b < 0x20 => return Err(self.unreadable("a control character stands in a text")),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, Unreadable> {
        let letter = self.peek().ok_or_else(|| self.unreadable("a text is not closed"))?;
        self.at += 1;
        Ok(match letter {
            b'"' | b'\'' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(self.unreadable("unknown escape")),
        })
    }

    /// A lone surrogate is no character: it reads as U+FFFD, as everywhere in Hilo.
    fn unicode(&mut self) -> Result<char, Unreadable> {
        let first = self.hex()?;
        if (0xD800..0xDC00).contains(&first) && self.bytes.get(self.at..self.at + 2) == Some(b"\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.hex()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or('\u{FFFD}'));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or('\u{FFFD}'))
    }

    fn hex(&mut self) -> Result<u32, Unreadable> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|d| u32::from_str_radix(d, 16).ok());
        let code = code.ok_or_else(|| self.unreadable("four hexadecimal digits were expected"))?;
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        parse(text).unwrap().canonical("ui")
    }

    #[test]
    fn json_and_object_literals_read_the_same() {
        assert_eq!(
            canonical(r#"{"id": "a", "n": [1, 2.5, -3e2, true, null]}"#),
            canonical("{ id: 'a', n: [1, 2.5, -300, true, null] }"),
        );
    }

    #[test]
    fn canonical_text_sorts_keys_drops_the_editor_part_and_prints_numbers_as_ecmascript() {
        assert_eq!(
            canonical(r#"{"b": 1e21, "a": 0.000001, "ui": {}, "é": "\u00e9\n"}"#),
            "{\"a\":0.000001,\"b\":1e+21,\"é\":\"é\\n\"}"
        );
    }

    #[test]
    fn what_is_not_json_says_where() {
        assert_eq!(parse("{\"a\": 1,}").unwrap_err(), Unreadable { at: 8, what: "a key was expected" });
        assert_eq!(parse("[1 2]").unwrap_err().at, 3);
        assert_eq!(parse("").unwrap_err().what, "the text ends too early");
        assert_eq!(parse("{} x").unwrap_err().what, "something follows the document");
        assert!(parse(&"[".repeat(10_000)).is_err());
    }

    #[test]
    fn escapes_are_read_and_a_lone_surrogate_is_replaced() {
        let tree = parse(r#""\u00f1 \ud83d\ude00 \ud83d \t""#).unwrap();
        assert_eq!(tree.as_str(), Some("ñ 😀 \u{FFFD} \t"));
    }
}
