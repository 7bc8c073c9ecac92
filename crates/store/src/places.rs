//! Where what has come belongs: the conversation of each arrival's sender, found by any identifier, and locked.

use std::collections::{HashMap, HashSet};

use hilo_domain::id::{ClientId, ConversationId};
use uuid::Uuid;

use crate::clients::Identifier;
use crate::conversations::Locks;
use crate::mail::Arrival;
use crate::seal::{ContentKey, Keyring};
use crate::{Result, Tx};

/// Where an arrival belongs; its conversation is locked.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) conversation: ConversationId,
    pub(crate) client: ClientId,
    /// What the client calls themself so far.
    pub(crate) name: Option<String>,
    pub(crate) key: ContentKey,
}

/// What [`lock`] reads: one row for each identifier that is known.
struct Known {
    ord: i32,
    id: Uuid,
    client_id: Uuid,
    key_id: Uuid,
    sealed: Vec<u8>,
    name: Option<String>,
}

/// Finds and locks the conversations, in order of their ids. `None` for an arrival that has to be introduced, or, with
/// [`Locks::Skip`], to wait.
pub(crate) async fn lock(
    tx: &mut Tx,
    ring: &Keyring,
    arrivals: &[&Arrival],
    locks: Locks,
) -> Result<Vec<Option<Place>>> {
    let wanted: Vec<Vec<Identifier>> = arrivals.iter().map(|arrival| arrival.identifiers()).collect();
    let (mut ords, mut numbers) = (Vec::new(), Vec::new());
    let (mut scopes, mut kinds, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (ord, identifier) in wanted.iter().enumerate().flat_map(|(ord, all)| all.iter().map(move |i| (ord, i))) {
        ords.push(i32::try_from(ord).unwrap_or(i32::MAX));
        numbers.push(arrivals[ord].number.0);
        scopes.push(identifier.scope.as_str());
        kinds.push(identifier.kind);
        values.push(identifier.value.as_str());
    }
    macro_rules! known {
        ($mode:tt) => {
            sqlx::query_as!(
                Known,
                r#"select w.ord as "ord!", c.id, c.client_id, c.key_id, k.sealed, l.name
                   from unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::text[])
                       as w (ord, number_id, scope, kind, value)
                   join client_identifiers i using (scope, kind, value)
                   join conversations c on c.client_id = i.client_id and c.number_id = w.number_id and c.is_primary
                   join content_keys k on k.id = c.key_id
                   join clients l on l.id = c.client_id
                   order by c.id
                   for update of c"#
                    + $mode,
                &ords,
                &numbers,
                &scopes as &[&str],
                &kinds as &[&str],
                &values as &[&str],
            )
            .fetch_all(&mut **tx)
            .await?
        };
    }
    let rows = match locks {
        Locks::Wait => known!(""),
        Locks::Skip => known!(" skip locked"),
    };
    let mut found: HashMap<usize, (usize, Place)> = HashMap::new();
    let mut at_odds = HashSet::new();
    for row in rows {
        let ord = usize::try_from(row.ord).unwrap_or(usize::MAX);
        let conversation = ConversationId(row.id);
        if let Some((matched, place)) = found.get_mut(&ord) {
            *matched += 1;
            if place.conversation != conversation {
                at_odds.insert(ord);
            }
            continue;
        }
        let key = ring.content_key(row.key_id.into(), &row.sealed)?;
        found.insert(ord, (1, Place { conversation, client: row.client_id.into(), name: row.name, key }));
    }
    let mut unknown: HashSet<&Identifier> = HashSet::new();
    Ok(wanted
        .iter()
        .enumerate()
        .map(|(ord, identifiers)| {
            let known =
                found.remove(&ord).filter(|(matched, _)| *matched == identifiers.len() && !at_odds.contains(&ord));
            if identifiers.iter().any(|i| unknown.contains(i)) || known.is_none() {
                unknown.extend(identifiers);
                return None;
            }
            known.map(|(_, place)| place)
        })
        .collect())
}
