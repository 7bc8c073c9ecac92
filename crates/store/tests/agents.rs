//! Agents' states: exact intervals, and whom they ring.
#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

use hilo_domain::agent::AgentState;
use hilo_domain::command::Actor;
use hilo_domain::id::AgentId;
use hilo_domain::permission::Role;
use hilo_store::agents::{self, Presence};
use hilo_store::campaigns::{self, NewCampaign};
use hilo_store::testing::{Database, at, database};
use hilo_store::users::{self, NewUser};

async fn agent(db: &Database) -> AgentId {
    let mut tx = db.begin().await;
    let new = NewUser { email: "ana@demo.hilo.local", name: "Ana", role: Role::Agente, password_hash: "none" };
    let user = users::add_if_absent(&mut tx, &new, at(0)).await.unwrap().unwrap();
    let campaign =
        NewCampaign { key: "c", name: "C", flow_key: "f", first_reply_seconds: 60, idle_seconds: 60, capacity: 2 };
    let campaign = campaigns::add_if_absent(&mut tx, &campaign, at(0)).await.unwrap();
    campaigns::add_queue_if_absent(&mut tx, campaign, "q", "Q", true, at(0)).await.unwrap();
    agents::join_campaign(&mut tx, campaign, AgentId(user.0), at(0)).await.unwrap();
    tx.commit().await.unwrap();
    AgentId(user.0)
}

async fn is(db: &Database, agent: AgentId, state: AgentState, seconds: i64) -> i64 {
    let mut tx = db.begin().await;
    let set = agents::set_state(&mut tx, agent, state, None, &Actor::default(), at(seconds)).await.unwrap();
    tx.commit().await.unwrap();
    (set.0.since - at(0)).num_seconds()
}

#[tokio::test]
async fn a_state_is_an_exact_interval_and_saying_it_again_begins_none() {
    let db = database().await;
    let ana = agent(&db).await;
    assert_eq!(is(&db, ana, AgentState::Available, 10).await, 10);
    assert_eq!(is(&db, ana, AgentState::Available, 20).await, 10, "it is the same interval");
    assert_eq!(is(&db, ana, AgentState::Busy, 30).await, 30);
    assert_eq!(is(&db, ana, AgentState::Offline, 45).await, 45);
    let intervals = "select state || ' ' || coalesce(extract(epoch from until - since)::int::text, 'now')
                     from agent_states order by since";
    assert_eq!(db.texts(intervals).await, ["available 20", "busy 15", "offline now"]);
    let kicks = "select count(*) from outbox where bell = 'queue'";
    assert_eq!(db.count(kicks).await, 2, "whoever says available lets their queue look");
}

#[tokio::test]
async fn an_agent_is_gone_only_when_a_gateway_lives_that_could_have_heard_them() {
    let db = database().await;
    let ana = agent(&db).await;
    let look = async || {
        let mut tx = db.begin().await;
        agents::presence(&mut tx, ana).await.unwrap()
    };
    assert_eq!(look().await, Presence::Unwatched, "a state without a socket holds");
    let mut tx = db.begin().await;
    let rung = agents::beat(&mut tx, ana, ana.0, ana.0, at(0)).await.unwrap();
    assert_eq!(rung.len(), 1, "the first beat rings who watches");
    assert!(agents::beat(&mut tx, ana, ana.0, ana.0, at(1)).await.unwrap().is_empty());
    tx.commit().await.unwrap();
    assert_eq!(look().await, Presence::Here);
    db.execute("update heartbeats set at = clock_timestamp() - interval '46 seconds'").await;
    assert_eq!(look().await, Presence::Gone);
    db.execute("update gateways set at = clock_timestamp() - interval '46 seconds'").await;
    assert_eq!(look().await, Presence::Unknown, "nobody could have heard them");
}
