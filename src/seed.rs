//! Demo data: the number that the stand-in speaks for, a campaign with two queues, and six people.
//!
//! Only with `hilo dev` or `hilo seed --demo`. Run twice it changes nothing that people have changed since.

use anyhow::{Context, bail};
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use chrono::{DateTime, Utc};
use hilo_domain::clock::{Clock, SystemClock};
use hilo_domain::id::{AgentId, CampaignId};
use hilo_domain::permission::Role;
use hilo_store::campaigns::{self, NewCampaign};
use hilo_store::numbers::{self, NewNumber};
use hilo_store::seal::Keyring;
use hilo_store::users::{self, NewUser};
use hilo_store::{Tx, agents, begin, flows};

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

const NUMBER: &str = "demo";
const CAMPAIGN: &str = "campaign-1";
/// The flow that greets: `flows/demo.json`.
const FLOW: &str = "demo";
const DOCUMENT: &str = include_str!("../flows/demo.json");

/// The campaign's queues: key, name, and whether it is the default.
const QUEUES: [(&str, &str, bool); 2] = [("queue-1", "Ventas", true), ("queue-2", "Soporte", false)];

const CLOSE_REASONS: [(&str, &str); 6] = [
    ("resolved", "Resuelto"),
    ("no_response", "Sin respuesta"),
    ("out_of_hours", "Fuera de horario"),
    ("bot_completed", "Completado por el bot"),
    ("spam", "Spam"),
    ("bot_error", "Error del bot"),
];

const PAUSE_REASONS: [(&str, &str); 4] =
    [("break", "Descanso"), ("lunch", "Comida"), ("training", "Capacitación"), ("meeting", "Reunión")];

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
    demo(&mut tx, &config.ring, now).await.context("nothing was seeded")?;
    tx.commit().await.context("nothing was seeded")?;
    pool.close().await;
    println!("The demo data is there.");
    Ok(())
}

async fn demo(tx: &mut Tx, ring: &Keyring, now: DateTime<Utc>) -> anyhow::Result<()> {
    let campaign = NewCampaign {
        key: CAMPAIGN,
        name: "Demo",
        flow_key: FLOW,
        first_reply_seconds: 120,
        idle_seconds: 1800,
        capacity: 5,
    };
    let campaign = campaigns::add_if_absent(tx, &campaign, now).await?;
    if !numbers::exists(tx, NUMBER).await? {
        let number = NewNumber {
            key: NUMBER,
            phone: "+525500000001",
            name: "Demo",
            phone_number_id: "100000000000001",
            waba_id: "200000000000001",
            app_secret: &"demo-app-secret".into(),
            verify_token: &"demo-verify-token".into(),
            access_token: &"demo-access-token".into(),
        };
        let number = numbers::put_meta(tx, ring, &number, now).await?;
        campaigns::give_number(tx, campaign, number).await?;
    }
    for (key, name, is_default) in QUEUES {
        campaigns::add_queue_if_absent(tx, campaign, key, name, is_default, now).await?;
    }
    for (position, (key, name)) in (0..).zip(CLOSE_REASONS) {
        campaigns::add_close_reason_if_absent(tx, key, name, position).await?;
    }
    for (position, (key, name)) in (0..).zip(PAUSE_REASONS) {
        campaigns::add_pause_reason_if_absent(tx, key, name, position).await?;
    }
    publish(tx, campaign, now).await?;
    for (email, name, role) in PEOPLE {
        if !users::exists(tx, email).await? {
            let password_hash = hash(PASSWORD)?;
            let user = NewUser { email, name, role, password_hash: &password_hash };
            let id = users::add_if_absent(tx, &user, now).await?;
            match (role, id) {
                (Role::Agente, Some(id)) => agents::join_campaign(tx, campaign, AgentId(id.0), now).await?,
                (Role::Supervisor, Some(id)) => campaigns::supervise(tx, campaign, id).await?,
                _ => {}
            }
        }
    }
    Ok(())
}

/// Publishes the demo's flow, unless the campaign has one already.
async fn publish(tx: &mut Tx, campaign: CampaignId, now: DateTime<Utc>) -> anyhow::Result<()> {
    if !flows::newest(tx, campaign).await?.is_empty() {
        return Ok(());
    }
    let compiled = hilo_engine::compile(DOCUMENT, None);
    let flow = compiled.flow.context("flows/demo.json does not compile; `hilo flow check` says why")?;
    flows::publish(tx, FLOW, flow.hash(), DOCUMENT, Some(campaign), "Demo", now).await?;
    Ok(())
}

/// Argon2id with the crate's defaults (19 MiB, two passes), as a PHC string.
fn hash(password: &str) -> anyhow::Result<String> {
    let hash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|error| anyhow::anyhow!("the password cannot be hashed: {error}"))?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilo_store::testing::{Database, at, database};

    async fn seed(db: &Database) {
        let mut tx = db.begin().await;
        demo(&mut tx, &db.ring, at(0)).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Everything that the demo data holds, as somebody would compare it.
    async fn rows(db: &Database) -> Vec<String> {
        db.texts(
            "select n.key || ' ' || n.phone || ' ' || n.name || ' ' || n.enabled || ' ' || encode(n.app_secret, 'hex') || ' '
                    || c.key || ' ' || c.name || ' ' || c.flow_key || ' ' || c.first_reply_seconds
             from numbers n join campaign_numbers on number_id = n.id join campaigns c on c.id = campaign_id
             union all select key || ' ' || name || ' ' || is_default from queues
             union all select key || ' ' || name from close_reasons
             union all select email || ' ' || name || ' ' || password_hash from users
             order by 1",
        )
        .await
    }

    #[tokio::test]
    async fn an_empty_database_gets_all_of_it() {
        let db = database().await;
        db.execute("delete from numbers").await;
        seed(&db).await;
        let rows = rows(&db).await;
        assert_eq!(rows.len(), 1 + QUEUES.len() + CLOSE_REASONS.len() + PEOPLE.len(), "{rows:#?}");
        assert!(rows.iter().any(|row| row.starts_with("demo +525500000001 Demo true ")), "{rows:#?}");
        let numbers = numbers::enabled(&db.pool, &db.ring).await.unwrap();
        assert_eq!(numbers[0].phone_number_id.as_deref(), Some("100000000000001"));
    }

    #[tokio::test]
    async fn what_people_have_changed_stays_changed() {
        let db = database().await;
        db.execute("delete from numbers").await;
        seed(&db).await;
        for change in [
            "insert into campaigns (id, key, name, flow_key, first_reply_seconds, idle_seconds, capacity, created_at, updated_at)
             select gen_random_uuid(), 'otra', 'Otra', 'otro', 60, 60, 1, created_at, created_at from campaigns",
            "update campaign_numbers set campaign_id = (select id from campaigns where key = 'otra')",
            "update numbers set name = 'Nuestra', phone = '+525512345678', enabled = false, app_secret = access_token",
            "update campaigns set first_reply_seconds = 30 where key = 'otra'",
            "update queues set name = 'Ventas y cobros' where key = 'queue-1'",
            "update close_reasons set name = 'Listo' where key = 'resolved'",
            "update users set name = 'Ana María', password_hash = 'another' where email like 'ana@%'",
        ] {
            db.execute(change).await;
        }
        let changed = rows(&db).await;
        assert!(changed.iter().any(|row| row.starts_with("demo +525512345678 Nuestra false ")), "{changed:#?}");
        seed(&db).await;
        assert_eq!(rows(&db).await, changed);
    }

    #[test]
    fn the_demo_flow_names_what_the_demo_data_holds() {
        let flow: serde_json::Value = serde_json::from_str(include_str!("../flows/demo.json")).unwrap();
        assert_eq!(flow["id"], FLOW);
        assert_eq!(flow["campaignId"], CAMPAIGN);
        let nodes = flow["nodes"].as_array().unwrap();
        let named = |field: &str| nodes.iter().filter_map(|node| node[field].as_str()).collect::<Vec<_>>();
        let (queues, reasons) = (named("queueId"), named("reason"));
        assert!(!queues.is_empty() && !reasons.is_empty());
        assert!(queues.iter().all(|named| QUEUES.iter().any(|(key, ..)| key == named)), "{queues:?}");
        assert!(reasons.iter().all(|named| CLOSE_REASONS.iter().any(|(key, _)| key == named)), "{reasons:?}");
    }
}
