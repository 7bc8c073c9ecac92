//! `hilo doctor`: what is missing, each with how to mend it.
//!
//! To add a check: a function that returns a [`Finding`], and its place in [`run`].

use std::process::ExitCode;

use anyhow::Context as _;
use hilo_relay::stream::{RedisStream, Stream as _};
use hilo_relay::temporal::Temporal;
use hilo_store::{Error, Pool, users};
use secrecy::ExposeSecret as _;

use crate::config::Config;
use crate::dev::servers::tools;
use crate::run::open_for_work;
use crate::seed::PEOPLE;

/// Looks at everything and prints a line for each; fails when something keeps Hilo from running.
pub(crate) async fn run() -> anyhow::Result<ExitCode> {
    let mut findings = programs();
    match Config::load() {
        Ok(config) => {
            findings.push(Finding::good("configuration"));
            findings.extend(database(&config).await?);
            findings.push(redis(&config).await);
            findings.push(temporal(&config).await);
        }
        Err(error) => findings.push(Finding::bad("configuration", format!("{error:#}"))),
    }
    for finding in &findings {
        println!("{}", finding.line());
    }
    let healthy = findings.iter().all(|finding| !matches!(finding, Finding::Bad { .. }));
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What a look at one thing came to.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    /// It is as it should be.
    Good { what: String },
    /// Hilo runs, but somebody should know.
    Odd { what: String, mend: String },
    /// Hilo does not run like this.
    Bad { what: String, mend: String },
}

impl Finding {
    fn good(what: impl Into<String>) -> Self {
        Self::Good { what: what.into() }
    }

    fn odd(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Odd { what: what.into(), mend: mend.into() }
    }

    fn bad(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Bad { what: what.into(), mend: mend.into() }
    }

    fn line(&self) -> String {
        match self {
            Self::Good { what } => format!("✓ {what}"),
            Self::Odd { what, mend } => format!("! {what}: {mend}"),
            Self::Bad { what, mend } => format!("✗ {what}: {mend}"),
        }
    }
}

/// The programs that `hilo dev` starts; a server that has its databases elsewhere needs none of them.
fn programs() -> Vec<Finding> {
    let unpacked = [std::env::var_os("HILO_TOOLS").unwrap_or_else(|| ".hilo/tools".into()).into()];
    let found = [
        (format!("PostgreSQL {} or newer", tools::POSTGRES), tools::postgres().is_some()),
        (format!("Redis {} or newer", tools::REDIS), tools::redis().is_some()),
        ("Temporal's development server".to_owned(), tools::temporal(&unpacked).is_some()),
    ];
    let finding = |(name, there): (String, bool)| {
        let what = format!("{name} on this machine, for `hilo dev`");
        if there { Finding::good(what) } else { Finding::odd(what, "`cargo xtask setup` installs it") }
    };
    found.into_iter().map(finding).collect()
}

async fn database(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let pool = open_for_work(config)?;
    let findings = look_into(&pool, config).await;
    pool.close().await;
    findings
}

async fn look_into(pool: &Pool, config: &Config) -> anyhow::Result<Vec<Finding>> {
    if let Err(error) = hilo_store::ping(pool).await {
        let why = anyhow::Error::from(error);
        let mend = format!("start it, or mend DATABASE_URL ({})", why.root_cause());
        return Ok(vec![Finding::bad("PostgreSQL", mend)]);
    }
    let mut findings = vec![Finding::good("PostgreSQL")];
    match hilo_store::pending(pool).await.context("the schema cannot be looked at")? {
        0 => findings.push(Finding::good("schema")),
        pending => {
            findings.push(behind(pending));
            return Ok(findings);
        }
    }
    let known = known_people(pool).await.context("the users cannot be read")?;
    findings.push(demo_people(&known));
    findings.push(match hilo_store::numbers::enabled(pool, &config.ring).await {
        Ok(numbers) if numbers.is_empty() => Finding::odd("WhatsApp numbers", "none is enabled, so nobody can write"),
        Ok(numbers) => Finding::good(format!("WhatsApp numbers: {} enabled", numbers.len())),
        Err(Error::Sealed { .. }) => {
            let mend = "append the key that sealed the numbers' secrets to HILO_SECRET_KEY, after a comma";
            Finding::bad("HILO_SECRET_KEY", mend)
        }
        Err(error) => return Err(error).context("the numbers cannot be read"),
    });
    Ok(findings)
}

/// Nothing else can be said about a database whose tables are not those that this program knows.
fn behind(pending: usize) -> Finding {
    let migrations = if pending == 1 { "migration is" } else { "migrations are" };
    Finding::bad("schema", format!("{pending} {migrations} pending; run `hilo migrate`"))
}

/// Who of the demo data is in the database.
async fn known_people(pool: &Pool) -> hilo_store::Result<Vec<&'static str>> {
    let mut tx = hilo_store::begin(pool).await?;
    let mut known = Vec::new();
    for (email, ..) in PEOPLE {
        if users::exists(&mut tx, email).await? {
            known.push(email);
        }
    }
    Ok(known)
}

/// Everybody can read the password of these in the documentation.
fn demo_people(known: &[&str]) -> Finding {
    if known.is_empty() {
        return Finding::good("no demo users");
    }
    let mend = format!("their password is public, so remove {} before clients write", known.join(", "));
    Finding::odd("demo users", mend)
}

async fn redis(config: &Config) -> Finding {
    let answer = match RedisStream::new(config.redis_url.expose_secret()) {
        Ok(stream) => stream.ping().await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(()) => Finding::good("Redis"),
        Err(error) => Finding::bad("Redis", format!("start it, or mend REDIS_URL ({error})")),
    }
}

async fn temporal(config: &Config) -> Finding {
    match Temporal::connect(&config.temporal).await {
        Ok(_) => Finding::good("Temporal"),
        Err(error) => Finding::bad("Temporal", format!("start it, or mend TEMPORAL_ADDRESS ({error})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilo_relay::temporal::Address;
    use hilo_store::testing::database;

    #[test]
    fn every_line_that_is_not_good_says_how_to_mend_it() {
        assert_eq!(Finding::good("Redis").line(), "✓ Redis");
        assert_eq!(Finding::odd("demo users", "remove them").line(), "! demo users: remove them");
        assert_eq!(Finding::bad("schema", "run `hilo migrate`").line(), "✗ schema: run `hilo migrate`");
    }

    #[tokio::test]
    async fn pending_migrations_are_counted() {
        let db = database().await;
        let config = Config {
            http_addr: "127.0.0.1:0".to_owned(),
            database_url: db.url.clone(),
            redis_url: "redis://127.0.0.1".into(),
            temporal: Address { address: String::new(), namespace: String::new(), task_queue: String::new() },
            ring: db.ring.clone(),
            meta_base_url: "http://127.0.0.1:9".parse().unwrap(),
            meta_version: "v25.0".into(),
            log: "info".to_owned(),
            jwt_key: None,
            proxies: hilo_gateway::Proxies::default(),
            public_url: None,
            temporal_ui: None,
        };
        let looked = look_into(&db.pool, &config).await.unwrap();
        assert!(looked.contains(&Finding::good("schema")), "{looked:?}");

        db.execute("delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)").await;
        let looked = look_into(&db.pool, &config).await.unwrap();
        let line = looked.last().unwrap().line();
        assert_eq!(line, "✗ schema: 1 migration is pending; run `hilo migrate`");

        db.execute("drop table _sqlx_migrations").await;
        let looked = look_into(&db.pool, &config).await.unwrap();
        let all = hilo_store::MIGRATIONS.iter().count();
        assert_eq!(
            looked.last().unwrap().line(),
            format!("✗ schema: {all} migrations are pending; run `hilo migrate`")
        );
    }

    #[test]
    fn demo_users_are_named_to_be_removed() {
        assert_eq!(demo_people(&[]), Finding::good("no demo users"));
        let line = demo_people(&["ana@demo.hilo.local"]).line();
        assert!(line.starts_with("! demo users"), "{line}");
        assert!(line.contains("ana@demo.hilo.local"), "{line}");
    }
}
