//! Who hears what. A room is a set of sockets that see the same; an event is said once to the rooms of those who may see
//! it, and to the others who follow its conversation only that there was one.

use std::borrow::Cow;

use hilo_domain::id::{CampaignId, ConversationId, UserId};
use hilo_domain::permission::{Permission, Scope};
use hilo_domain::viewer::Place;

use crate::api::access::Caller;
use crate::words::Language;

pub(super) type Room = Cow<'static, str>;

const fn tag(language: Language) -> &'static str {
    match language {
        Language::Spanish => "es",
        Language::English => "en",
        Language::Portuguese => "pt",
    }
}

/// All languages that notifications are said in.
pub(super) const LANGUAGES: [Language; 3] = [Language::Spanish, Language::English, Language::Portuguese];

pub(super) fn user(id: UserId) -> Room {
    format!("user:{id}").into()
}

/// Everybody who is told about a chat, in one language: its supervisors, or one person.
pub(super) fn told(campaign: Option<CampaignId>, only: Option<UserId>, language: Language) -> Vec<Room> {
    let tag = tag(language);
    match only {
        Some(user) => vec![format!("told:{user}:{tag}").into()],
        None => {
            let mut rooms: Vec<Room> = vec![format!("told:all:{tag}").into()];
            rooms.extend(campaign.map(|campaign| format!("told:team:{campaign}:{tag}").into()));
            rooms
        }
    }
}

/// Who is told about the people of these campaigns.
pub(super) fn staff(campaigns: &[CampaignId]) -> Vec<Room> {
    let mut rooms: Vec<Room> = vec!["staff:all".into()];
    rooms.extend(campaigns.iter().map(|campaign| Room::from(format!("staff:{campaign}"))));
    rooms
}

/// The floor: who sees that a queue or the chats of a campaign changed.
pub(super) fn floor(campaign: CampaignId, agents: bool) -> Vec<Room> {
    let mut rooms: Vec<Room> = vec!["all".into(), format!("team:{campaign}").into()];
    if agents {
        rooms.push(format!("agents:{campaign}").into());
    }
    rooms
}

/// Everybody who follows a conversation.
pub(super) fn conversation(id: ConversationId) -> Room {
    format!("c:{id}").into()
}

/// What a caller hears without asking.
pub(super) fn of(caller: &Caller) -> Vec<Room> {
    let mut rooms = vec![user(caller.user), format!("told:{}:{}", caller.user, tag(caller.language)).into()];
    let mut by_campaign = |prefix: &str, suffix: &str| {
        rooms.extend(caller.campaigns.iter().map(|campaign| Room::from(format!("{prefix}:{campaign}{suffix}"))));
    };
    let language = format!(":{}", tag(caller.language));
    match caller.reach(Permission::ChatsRead) {
        Some(Scope::Team) => by_campaign("team", ""),
        Some(Scope::Own) => by_campaign("agents", ""),
        Some(Scope::All) | None => {}
    }
    if caller.reach(Permission::UsersRead) == Some(Scope::Team) {
        by_campaign("staff", "");
    }
    if caller.reach(Permission::ChatsAssign) == Some(Scope::Team) {
        by_campaign("told:team", &language);
    }
    if caller.reach(Permission::ChatsRead) == Some(Scope::All) {
        rooms.push("all".into());
    }
    if caller.reach(Permission::UsersRead) == Some(Scope::All) {
        rooms.push("staff:all".into());
    }
    if caller.reach(Permission::ChatsAssign) == Some(Scope::All) {
        rooms.push(format!("told:all{language}").into());
    }
    rooms
}

/// What a caller hears of a conversation that they follow; what they see of it is decided event by event.
pub(super) fn following(caller: &Caller, id: ConversationId) -> Vec<Room> {
    let mut rooms = vec![conversation(id)];
    let each = |word: &'static str| {
        caller.campaigns.iter().map(move |campaign| Room::from(format!("c:{id}:{word}:{campaign}")))
    };
    match caller.reach(Permission::ChatsRead) {
        Some(Scope::All) => rooms.push(format!("c:{id}:all").into()),
        Some(Scope::Team) => rooms.extend(each("team")),
        Some(Scope::Own) => rooms.extend(each("agents")),
        None => {}
    }
    rooms
}

/// Who hears the whole of what happens in a chat that stands there.
///
/// With `asked`, only its agent and whoever follows the conversation: messages. Else everybody whose lists show it.
pub(super) fn seeing(id: ConversationId, place: &Place, asked: bool) -> Vec<Room> {
    let mut rooms: Vec<Room> = place.agent.map(user).into_iter().collect();
    let prefix = if asked { format!("c:{id}:") } else { String::new() };
    rooms.push(format!("{prefix}all").into());
    if let Some(campaign) = place.campaign {
        rooms.push(format!("{prefix}team:{campaign}").into());
        if place.waits {
            rooms.push(format!("{prefix}agents:{campaign}").into());
        }
    }
    rooms
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilo_domain::command::Actor;
    use hilo_domain::permission::Role;
    use uuid::Uuid;

    fn caller(role: Role, user: u128) -> Caller {
        Caller {
            user: Uuid::from_u128(user).into(),
            session: Uuid::nil(),
            name: "x".into(),
            role,
            language: Language::Spanish,
            campaigns: vec![Uuid::from_u128(7).into()],
            actor: Actor::default(),
        }
    }

    /// Whether a socket in the one set of rooms hears what is said to the other.
    fn hears(has: &[Room], said: &[Room]) -> bool {
        has.iter().any(|room| said.contains(room))
    }

    #[test]
    fn rooms_agree_with_what_viewers_see() {
        let conversation = Uuid::from_u128(99).into();
        for role in Role::ALL {
            for campaign in [7, 8] {
                for agent in [None, Some(1), Some(2)] {
                    for waits in [false, true] {
                        let caller = caller(role, 1);
                        let id = |n: u128| Uuid::from_u128(n);
                        let place =
                            Place { campaign: Some(id(campaign).into()), agent: agent.map(|n| id(n).into()), waits };
                        let sees = caller.viewer(Permission::ChatsRead).is_some_and(|viewer| viewer.sees(&place));
                        let what = format!("{role:?} {place:?}");
                        // Whoever has a chat hears of it; every role that can have one may read chats.
                        let sees = sees || place.agent == Some(caller.user);
                        assert_eq!(hears(&of(&caller), &seeing(conversation, &place, false)), sees, "{what}");
                        let mut rooms = of(&caller);
                        rooms.extend(following(&caller, conversation));
                        assert_eq!(hears(&rooms, &seeing(conversation, &place, true)), sees, "{what}");
                        let mine = place.agent == Some(caller.user);
                        assert_eq!(
                            hears(&of(&caller), &seeing(conversation, &place, true)),
                            mine,
                            "messages come unasked to the chat's agent alone: {what}"
                        );
                    }
                }
            }
        }
    }
}
