//! The bytes of an element as they came: what was parsed and written again is not what was signed.
//!
//! One pass over a body that has been parsed already, so that nothing is judged here: only where values begin and end.
//! NUL counts as space, since it was dropped before the body was parsed.

use std::collections::{BTreeSet, HashMap};

use super::clean;

/// The bytes in `body` of the values at `pointers` (RFC 6901), in the same order; the whole body where a pointer leads
/// nowhere.
///
/// `body` is what [`super::parse`] read, and the pointers are its elements'.
#[must_use]
pub fn slices<'a>(body: &'a [u8], pointers: &[&str]) -> Vec<&'a [u8]> {
    let wanted: BTreeSet<&str> = pointers.iter().copied().collect();
    let mut scanner = Scanner { body, at: 0, wanted, found: HashMap::new() };
    // A body that breaks off was not parsed; what was found until then stays.
    let _ = scanner.value("");
    pointers.iter().map(|pointer| scanner.found.get(*pointer).copied().unwrap_or(body)).collect()
}

struct Scanner<'a, 'p> {
    body: &'a [u8],
    at: usize,
    wanted: BTreeSet<&'p str>,
    found: HashMap<&'p str, &'a [u8]>,
}

impl Scanner<'_, '_> {
    /// Steps over one value, whose pointer is `path`; of a key that stands there twice the last one counts.
    fn value(&mut self, path: &str) -> Option<()> {
        self.space();
        let start = self.at;
        let below = format!("{path}/");
        let descends = self.wanted.range(below.as_str()..).next().is_some_and(|next| next.starts_with(&below));
        match self.peek()? {
            b'{' if descends => self.object(path)?,
            b'[' if descends => self.array(path)?,
            _ => self.skip()?,
        }
        if let Some(wanted) = self.wanted.get(path) {
            self.found.insert(wanted, self.body.get(start..self.at)?);
        }
        Some(())
    }

    fn object(&mut self, path: &str) -> Option<()> {
        self.at += 1;
        loop {
            self.space();
            match self.peek()? {
                b'}' => break,
                b',' => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            let start = self.at;
            self.string()?;
            let key: String = serde_json::from_slice(&clean(self.body.get(start..self.at)?)).ok()?;
            self.space();
            self.at += 1;
            self.value(&format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")))?;
        }
        self.at += 1;
        Some(())
    }

    fn array(&mut self, path: &str) -> Option<()> {
        self.at += 1;
        let mut index = 0_usize;
        loop {
            self.space();
            match self.peek()? {
                b']' => break,
                b',' => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            self.value(&format!("{path}/{index}"))?;
            index += 1;
        }
        self.at += 1;
        Some(())
    }

    /// Steps over a value without looking at what is in it.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.space();
            match self.peek()? {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => self.at += 1,
                _ => self.word(),
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// Steps over a number, `true`, `false` or `null`.
    fn word(&mut self) {
        self.at += 1;
        while self.peek().is_some_and(|byte| !matches!(byte, b',' | b':' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r'))
        {
            self.at += 1;
        }
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    self.at += 1;
                    while self.peek()? == 0 {
                        self.at += 1;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        self.at += 1;
        Some(())
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0)) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice<'a>(body: &'a str, pointer: &str) -> &'a str {
        std::str::from_utf8(slices(body.as_bytes(), &[pointer])[0]).unwrap()
    }

    #[test]
    fn the_bytes_are_those_that_came() {
        let body = "{ \"entry\" : [ 7 , {\"a\" : \"\\u00e9\\/ \\\"]\" , \"n\":1.50e1} ] , \"x\":[[],{}] }";
        assert_eq!(slice(body, "/entry/1"), "{\"a\" : \"\\u00e9\\/ \\\"]\" , \"n\":1.50e1}");
        assert_eq!(slice(body, "/entry/0"), "7");
        assert_eq!(slice(body, "/entry/1/a"), "\"\\u00e9\\/ \\\"]\"");
        assert_eq!(slice(body, "/entry/1/n"), "1.50e1");
        assert_eq!(slice(body, "/x"), "[[],{}]");
        assert_eq!(slice(body, ""), body);
        assert_eq!(slice(body, "/nowhere/0"), body);
    }

    #[test]
    fn what_was_cleaned_away_is_still_there() {
        let body = "{\"e\\u0000ntry\":[\0\"\\ud800\\\0\"\",\0tr\0ue]}";
        assert_eq!(slice(body, "/entry/0"), "\"\\ud800\\\0\"\"");
        assert_eq!(slice(body, "/entry/1"), "tr\0ue");
    }

    #[test]
    fn of_a_key_that_comes_twice_the_last_counts() {
        assert_eq!(slice(r#"{"a":[1],"\u0061":[2]}"#, "/a/0"), "2");
    }

    #[test]
    fn several_are_found_in_one_pass_and_a_broken_body_is_no_panic() {
        let body = br#"{"a":[{"b":1},{"b":[2]}]}"#;
        assert_eq!(slices(body, &["/a/1/b", "/a/0", "/a/1/b/0"]), [&b"[2]"[..], b"{\"b\":1}", b"2"]);
        for end in 0..body.len() {
            assert_eq!(slices(&body[..end], &["/z"]).len(), 1);
        }
    }
}
