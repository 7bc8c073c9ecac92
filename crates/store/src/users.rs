//! Who logs in.

use chrono::{DateTime, Utc};
use hilo_domain::agent::AgentState;
use hilo_domain::id::{CampaignId, UserId};
use hilo_domain::permission::Role;
use hilo_domain::viewer::Viewer;
use uuid::Uuid;

use crate::agents::Standing;
use crate::{Error, Pool, Result, Tx, inbox};

/// A person to let in.
#[derive(Debug)]
pub struct NewUser<'a> {
    /// In lower case; unique.
    pub email: &'a str,
    /// As colleagues and clients see it.
    pub name: &'a str,
    /// What they may do.
    pub role: Role,
    /// The password's hash, as a PHC string.
    pub password_hash: &'a str,
}

/// Lets a person in, unless one with this address is known; nothing of a known one is changed. Gives a new one's id.
///
/// # Errors
/// When Postgres refuses.
pub async fn add_if_absent(tx: &mut Tx, user: &NewUser<'_>, now: DateTime<Utc>) -> Result<Option<UserId>> {
    let id = sqlx::query_scalar!(
        "insert into users (id, email, name, role, password_hash, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6) on conflict (email) do nothing returning id",
        UserId::new(now).0,
        user.email,
        user.name,
        user.role.as_str(),
        user.password_hash,
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(id.map(Into::into))
}

/// Whether a person with this address is known.
///
/// # Errors
/// When Postgres is away.
pub async fn exists(tx: &mut Tx, email: &str) -> Result<bool> {
    let found = sqlx::query_scalar!(r#"select exists (select 1 from users where email = $1) as "is!""#, email)
        .fetch_one(&mut **tx)
        .await?;
    Ok(found)
}

/// Somebody who logs in, as people see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: String,
    /// As colleagues and clients see them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The language of their screens.
    pub locale: String,
    /// What they are ready for, of an agent.
    pub standing: Option<Standing>,
    /// How many chats take a place of theirs.
    pub load: i64,
    /// The campaigns that they serve or supervise.
    pub campaigns: Vec<CampaignId>,
}

/// The users that a viewer sees, by name, after one with this name and id; `limit` at most. With `only`, this one alone.
///
/// # Errors
/// When Postgres is away.
pub async fn list(
    pool: &Pool,
    viewer: &Viewer,
    only: Option<UserId>,
    after: Option<&(String, Uuid)>,
    limit: i64,
) -> Result<Vec<User>> {
    let rows = sqlx::query!(
        r#"select u.id, u.email, u.name, u.role, u.locale, a.state as "state?", a.reason, a.since as "since?",
                  (select count(*) from chats h where h.agent_id = u.id and h.status in ('assigned', 'active')) as "load!",
                  array(select campaign_id from campaign_agents b where b.user_id = u.id
                        union select campaign_id from campaign_supervisors b where b.user_id = u.id) as "campaigns!"
           from users u left join agents a on a.user_id = u.id
           where ($1 = 'all' or u.id = $2
                  or ($1 = 'team' and (
                      exists (select 1 from campaign_agents b where b.user_id = u.id and b.campaign_id = any($3))
                      or exists (select 1 from campaign_supervisors b where b.user_id = u.id and b.campaign_id = any($3)))))
             and ($4::uuid is null or u.id = $4)
             and ($5::text is null or (u.name, u.id) > ($5, $6::uuid))
           order by u.name, u.id limit $7"#,
        inbox::scope(viewer.scope),
        viewer.user.0,
        &inbox::campaigns(viewer),
        only.map(|id| id.0),
        after.map(|(name, _)| name),
        after.map(|(_, id)| *id),
        limit,
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let state = row.state.as_deref().map(AgentState::from_name);
            let standing = match (state, row.since) {
                (Some(Some(state)), Some(since)) => Some(Standing { state, reason: row.reason, since }),
                (Some(None), _) => return Err(Error::inconsistent("agents", "state", row.id)),
                _ => None,
            };
            Ok(User {
                id: row.id.into(),
                email: row.email,
                name: row.name,
                role: Role::from_name(&row.role).ok_or(Error::inconsistent("users", "role", row.id))?,
                locale: row.locale,
                standing,
                load: row.load,
                campaigns: row.campaigns.into_iter().map(Into::into).collect(),
            })
        })
        .collect()
}

/// The names of these users.
///
/// # Errors
/// When Postgres is away.
pub async fn names(pool: &Pool, ids: &[Uuid]) -> Result<Vec<(UserId, String)>> {
    let rows = sqlx::query!("select id, name from users where id = any($1)", ids).fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| (row.id.into(), row.name)).collect())
}
