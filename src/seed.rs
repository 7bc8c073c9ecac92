//! Demo data: the number that the stand-in speaks for, a campaign with two queues, and six people.
//!
//! Only with `hilo dev` or `hilo seed --demo`. Run twice it changes nothing that people have changed since.

use anyhow::{Context, bail};
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use chrono::{DateTime, Utc};
use hilo_domain::clock::{Clock, SystemClock};
use hilo_domain::permission::Role;
use hilo_store::campaigns::{self, NewCampaign};
use hilo_store::numbers::{self, NewNumber};
use hilo_store::users::{self, NewUser};
use hilo_store::{Tx, begin};

use crate::config::Config;
use crate::run::open_for_work;

/// The password of everybody in the demo data.
pub(crate) const PASSWORD: &str = "hilo-demo-2026";

/// The people of the demo data: address, name, role.
pub(crate) const PEOPLE: [(&str, &str, Role); 6] = [
    ("admin@demo.hilo.local", "Administración", Role::SuperAdmin),
    ("supervisor@demo.hilo.local", "Sofía Supervisora", Role::Supervisor),
    ("ana@demo.hilo.local", "Ana Agente", Role::Agente),
    ("luis@demo.hilo.local", "Luis Agente", Role::Agente),
    ("calidad@demo.hilo.local", "Carla Calidad", Role::Calidad),
    ("auditoria@demo.hilo.local", "Aurelio Auditor", Role::Auditoria),
];

const CLOSE_REASONS: [(&str, &str); 6] = [
    ("resolved", "Resuelto"),
    ("no_response", "Sin respuesta"),
    ("out_of_hours", "Fuera de horario"),
    ("bot_completed", "Completado por el bot"),
    ("spam", "Spam"),
    ("bot_error", "Error del bot"),
];

/// What to put into the database.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The demo data: known passwords, for trying Hilo only
    #[arg(long)]
    demo: bool,
}

/// Puts it there, in one transaction.
pub(crate) async fn run(config: &Config, args: &Args) -> anyhow::Result<()> {
    if !args.demo {
        bail!("say what to seed: `hilo seed --demo` puts the demo data into the database");
    }
    let pool = open_for_work(config)?;
    let now = SystemClock.now();
    let mut tx = begin(&pool).await.context("the database cannot be reached")?;
    demo(&mut tx, config, now).await.context("nothing was seeded")?;
    tx.commit().await.context("nothing was seeded")?;
    pool.close().await;
    println!("The demo data is there.");
    Ok(())
}

async fn demo(tx: &mut Tx, config: &Config, now: DateTime<Utc>) -> anyhow::Result<()> {
    let number = NewNumber {
        key: "demo",
        phone: "+525500000001",
        name: "Demo",
        phone_number_id: "100000000000001",
        waba_id: "200000000000001",
        app_secret: &"demo-app-secret".into(),
        verify_token: &"demo-verify-token".into(),
        access_token: &"demo-access-token".into(),
    };
    let number = numbers::put_meta(tx, &config.ring, &number, now).await?;
    let campaign = NewCampaign {
        key: "campaign-1",
        name: "Demo",
        flow_key: "demo",
        first_reply_seconds: 120,
        idle_seconds: 1800,
        capacity: 5,
    };
    let campaign = campaigns::add_if_absent(tx, &campaign, now).await?;
    campaigns::give_number(tx, campaign, number).await?;
    campaigns::add_queue_if_absent(tx, campaign, "queue-1", "Ventas", true, now).await?;
    campaigns::add_queue_if_absent(tx, campaign, "queue-2", "Soporte", false, now).await?;
    for (position, (key, name)) in (0..).zip(CLOSE_REASONS) {
        campaigns::add_close_reason_if_absent(tx, key, name, position).await?;
    }
    for (email, name, role) in PEOPLE {
        if !users::exists(tx, email).await? {
            let password_hash = hash(PASSWORD)?;
            users::add_if_absent(tx, &NewUser { email, name, role, password_hash: &password_hash }, now).await?;
        }
    }
    Ok(())
}

/// Argon2id with the crate's defaults (19 MiB, two passes), as a PHC string.
fn hash(password: &str) -> anyhow::Result<String> {
    let hash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|error| anyhow::anyhow!("the password cannot be hashed: {error}"))?;
    Ok(hash.to_string())
}
