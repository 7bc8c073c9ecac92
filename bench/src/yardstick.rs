//! What Postgres itself does on this machine today: pgbench, each client committing one row at a time.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};

/// Commits a second of so many clients, measured for so many seconds.
pub(crate) fn commits_per_second(database: &str, clients: usize, seconds: u64) -> anyhow::Result<f64> {
    let script = tempfile::NamedTempFile::new()?;
    std::fs::write(script.path(), "insert into bench_rows (v) values ('x');\n")?;
    let output = Command::new(tool("pgbench"))
        .args([
            "--no-vacuum",
            &format!("--client={clients}"),
            &format!("--jobs={}", clients.min(2)),
            &format!("--time={seconds}"),
            "--file",
        ])
        .arg(script.path())
        .arg(database)
        .output()
        .context("pgbench cannot be run")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")).and_then(|rest| rest.split_whitespace().next());
    tps.and_then(|tps| tps.parse().ok())
        .with_context(|| format!("pgbench says no tps: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// Does what `sql` says.
pub(crate) fn psql(database: &str, sql: &str) -> anyhow::Result<()> {
    let status = Command::new(tool("psql")).args(["-q", "-c", sql]).arg(database).status().context("psql")?;
    ensure!(status.success(), "psql did not do it: {sql}");
    Ok(())
}

/// Debian keeps Postgres's tools out of PATH.
fn tool(name: &str) -> PathBuf {
    let mut found: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|all| {
            all.flatten().map(|entry| entry.path().join("bin").join(name)).filter(|path| path.exists()).collect()
        })
        .unwrap_or_default();
    found.sort();
    found.pop().unwrap_or_else(|| name.into())
}
