//! `hilo flow check FILE…`: every diagnostic of every file, without a catalogue of queues and schedules.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use hilo_engine::{Diagnostic, Severity, Voice};
use serde_json::json;

use super::sarif;

/// Which files, and how to say it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The documents
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How the findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A line a finding, for people
    Text,
    /// One document with all files
    Json,
    /// SARIF 2.1.0, for editors and code reviews
    Sarif,
}

/// One file's findings.
pub(super) struct Checked {
    pub(super) file: String,
    pub(super) diagnostics: Vec<Diagnostic>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut all = Vec::new();
    for path in &args.files {
        let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let mut diagnostics = hilo_engine::compile(&text, None).diagnostics;
        for diagnostic in &mut diagnostics {
            diagnostic.speak(Voice::English);
        }
        all.push(Checked { file: path.display().to_string(), diagnostics });
    }
    match args.format {
        Format::Text => print!("{}", text(&all)),
        Format::Json => {
            let files: Vec<_> = all.iter().map(|c| json!({"file": c.file, "diagnostics": c.diagnostics})).collect();
            println!("{}", serde_json::to_string_pretty(&json!({ "files": files }))?);
        }
        Format::Sarif => println!("{}", serde_json::to_string_pretty(&sarif::document(&all))?),
    }
    let errors = all.iter().flat_map(|c| &c.diagnostics).any(Diagnostic::is_error);
    Ok(if errors { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn text(all: &[Checked]) -> String {
    let mut out = String::new();
    let (mut errors, mut others) = (0, 0);
    for Checked { file, diagnostics } in all {
        for found in diagnostics {
            let place = found.range.map(|r| format!(":{}:{}", r.line, r.column)).unwrap_or_default();
            let word = word(found.severity);
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{file}{place}: {word}[{}]: {} ({})", found.code, found.message, found.path);
            if let Some(help) = &found.help {
                let _ = writeln!(out, "    {help}");
            }
            if found.is_error() { errors += 1 } else { others += 1 }
        }
    }
    let _ = writeln!(out, "{} checked: {errors} errors, {others} others", all.len());
    out
}

pub(super) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Checked {
        let mut diagnostics = hilo_engine::compile(text, None).diagnostics;
        diagnostics.iter_mut().for_each(|d| d.speak(Voice::English));
        Checked { file: "flow.json".to_owned(), diagnostics }
    }

    #[test]
    fn a_broken_flow_gives_a_line_with_code_and_path_for_each_finding() {
        let broken =
            r#"{"id": "f", "name": "F", "nodes": [{"id": "a", "type": "message", "content": "hola", "next": "b"}]}"#;
        let said = text(&[checked(broken)]);
        assert!(said.contains("flow.json:1:"), "{said}");
        assert!(said.contains("error[FL101]"), "{said}");
        assert!(said.contains("/nodes/0/next"), "{said}");
    }

    #[test]
    fn the_flows_that_we_ship_are_counted_as_they_are() {
        let demo = checked(include_str!("../../flows/demo.json"));
        assert!(demo.diagnostics.iter().all(|found| found.severity == Severity::Info), "{}", text(&[demo]));
        let seed = checked(include_str!("../../flows/seed.json"));
        assert!(text(&[seed]).ends_with("1 checked: 2 errors, 1 others\n"));
    }
}
