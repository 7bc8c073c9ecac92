//! Writes the mutants: the source of the conversation's workflow with one place changed in each. A place that is not
//! there exactly once fails the build, so that no mutant is the original.

use std::path::Path;
use std::{env, fs};

const SOURCE: &str = "../src/conversation.rs";

/// What a mutant is called, what it changes, and what stands there instead; each is what a careless change amounts to.
const MUTANTS: [(&str, &str, &str); 11] = [
    ("no_alarm", "            arm(ctx, &mut alarm);\n", ""),
    (
        "turn_as_regular_activity",
        r#"ask!(ctx, Road::turn, input, "turn")"#,
        r#"loop { if let Ok(out) = ctx.execute_activity(Road::turn, input.clone(), patient("turn")).await { break out; } }"#,
    ),
    (
        "perform_as_regular_activity",
        "ctx.execute_local_activity(Road::perform, input, local())",
        r#"ctx.execute_activity(Road::perform, input.clone(), patient("send"))"#,
    ),
    ("no_boundary", "if boundary(ctx, |s| s.rung || !s.asked.is_empty()).await {", "if true {"),
    ("turn_twice", "let out = turn(ctx).await;", "turn(ctx).await; let out = turn(ctx).await;"),
    ("perform_always", "if out.sends && delivery.is_none() {", "if delivery.is_none() {"),
    ("perform_never", "if out.sends && delivery.is_none() {", "if out.sends && out.more {"),
    ("deliver_what_was_sent", "    if !waits {\n        return None;", "    if waits {\n        return None;"),
    (
        "alarm_armed_anew",
        "is_some_and(|armed| armed.due <= due)",
        "is_some_and(|armed| armed.due < DateTime::<Utc>::MIN_UTC)",
    ),
    ("continues_early", "if is_full(ctx) && delivery", "if (is_full(ctx) || ctx.history_length() > 12) && delivery"),
    (
        "an_extra_pause",
        "let out = turn(ctx).await;",
        "let out = turn(ctx).await; ctx.timer(Duration::from_millis(1)).await;",
    ),
];

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    let source = fs::read_to_string(SOURCE).unwrap_or_else(|error| panic!("{SOURCE}: {error}"));
    let source: String = source.lines().filter(|l| !l.starts_with("//!") && !l.starts_with("#![")).fold(
        String::new(),
        |mut text, line| {
            text.push_str(line);
            text.push('\n');
            text
        },
    );
    let out = env::var("OUT_DIR").unwrap_or_else(|error| panic!("OUT_DIR: {error}"));
    for (name, place, instead) in MUTANTS {
        assert_eq!(source.matches(place).count(), 1, "mutant {name}: `{place}` stands not once in {SOURCE}");
        let file = Path::new(&out).join(format!("{name}.rs"));
        let written = fs::write(&file, source.replace(place, instead));
        written.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}
