//! What `hilo dev` says when everything answers: a table for people, a line of JSON for programs.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::home::Home;
use super::ports::Ports;
use crate::seed::{PASSWORD, PEOPLE};

/// Prints the line of JSON.
///
/// # Errors
/// When standard output is closed.
pub(super) fn line(
    home: &Home,
    ports: Ports,
    env: &BTreeMap<String, String>,
    pids: &BTreeMap<&'static str, i32>,
) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", document(home.path(), ports, env, pids))?;
    out.flush()?;
    Ok(())
}

/// Prints the table.
///
/// # Errors
/// When standard output is closed.
pub(super) fn table(home: &Home, ports: Ports, took: Duration) -> anyhow::Result<()> {
    let data = if home.is_ephemeral() { "nothing is kept".to_owned() } else { home.path().display().to_string() };
    let mut out = io::stdout().lock();
    write!(out, "{}", drawn(ports, &data, &home.log().display().to_string(), took))?;
    out.flush()?;
    Ok(())
}

fn document(data: &Path, ports: Ports, env: &BTreeMap<String, String>, pids: &BTreeMap<&'static str, i32>) -> Value {
    let users = PEOPLE.map(|(email, _, role)| json!({ "email": email, "password": PASSWORD, "role": role.as_str() }));
    json!({
        "urls": {
            "web": site(ports.gateway),
            "simulator": site(ports.simulator),
            "temporalUi": site(ports.temporal_ui),
        },
        "users": users,
        "env": env,
        "pids": pids,
        "dataDir": data,
    })
}

fn drawn(ports: Ports, data: &str, log: &str, took: Duration) -> String {
    let places = [
        ("Web", site(ports.gateway)),
        ("A customer's phone", site(ports.simulator)),
        ("Temporal", site(ports.temporal_ui)),
    ];
    let people = PEOPLE.map(|(email, _, role)| (role.as_str(), email.to_owned()));
    let keeping = [("Password of each", PASSWORD.to_owned()), ("Data", data.to_owned()), ("Logs", log.to_owned())];
    let title = format!("Hilo runs, {:.1} s after it was asked to. Ctrl-C stops all of it.", took.as_secs_f32());
    boxed(&title, &[&places, &people, &keeping])
}

/// Sections of two columns in a frame, under a title.
fn boxed(title: &str, sections: &[&[(&str, String)]]) -> String {
    let rows = || sections.iter().copied().flatten();
    let left = rows().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let right = rows().map(|(_, value)| value.chars().count()).max().unwrap_or_default();
    let inner = (left + 2 + right).max(title.chars().count());
    let rule = "─".repeat(inner + 2);

    let mut out = format!("\n  ╭{rule}╮\n  │ {title:<inner$} │\n");
    for section in sections {
        out.push_str(&format!("  ├{rule}┤\n"));
        for (name, value) in *section {
            let width = inner - left - 2;
            out.push_str(&format!("  │ {name:<left$}  {value:<width$} │\n"));
        }
    }
    out.push_str(&format!("  ╰{rule}╯\n\n"));
    out
}

fn site(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_the_shape_that_programs_rely_on() {
        let env = BTreeMap::from([("DATABASE_URL".to_owned(), "postgres://hilo@127.0.0.1:54329/hilo".to_owned())]);
        let pids = BTreeMap::from([("gateway", 11), ("postgres", 12)]);
        let document = document(Path::new("/srv/.hilo"), Ports::with_offset(0).unwrap(), &env, &pids);
        assert_eq!(
            document["urls"],
            json!({
                "web": "http://127.0.0.1:8080",
                "simulator": "http://127.0.0.1:8090",
                "temporalUi": "http://127.0.0.1:8233",
            })
        );
        assert_eq!(
            document["users"][2],
            json!({ "email": "ana@demo.hilo.local", "password": "hilo-demo-2026", "role": "AGENTE" })
        );
        assert_eq!(document["env"]["DATABASE_URL"], "postgres://hilo@127.0.0.1:54329/hilo");
        assert_eq!(document["pids"], json!({ "gateway": 11, "postgres": 12 }));
        assert_eq!(document["dataDir"], "/srv/.hilo");
        assert!(!document.to_string().contains('\n'));
    }

    #[test]
    fn every_line_of_the_table_is_as_wide_as_its_frame() {
        let table = drawn(Ports::with_offset(0).unwrap(), "/srv/ñandú/.hilo", "/srv/ñandú/.hilo/log", Duration::ZERO);
        let widths: std::collections::BTreeSet<_> =
            table.lines().filter(|line| !line.is_empty()).map(|line| line.chars().count()).collect();
        assert_eq!(widths.len(), 1, "{table}");
        for expected in ["http://127.0.0.1:8080 ", "luis@demo.hilo.local", "hilo-demo-2026", "/srv/ñandú/.hilo/log"] {
            assert!(table.contains(expected), "{expected} is missing:\n{table}");
        }
        assert!(!table.contains("/docs"), "nothing is served there:\n{table}");
    }
}
