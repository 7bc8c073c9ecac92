//! What can be asked of Hilo's interface, and what each needs: the one table that every request and every socket is
//! checked against.
//!
//! To add an operation: its name here is the `operationId` of the OpenAPI document, with what it needs. A test compares
//! the two lists, and another tries every operation as every role.

use serde::{Deserialize, Serialize};

use crate::permission::{Permission, Role, Scope};

/// What somebody needs for an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it is how one logs in.
    Nothing,
    /// To be logged in; it shows and changes one's own things only.
    Login,
    /// A permission; its scope says how far it reaches.
    May(Permission),
}

impl Needs {
    /// How far a role gets; `None` when not at all. What needs no permission reaches one's own things.
    #[must_use]
    pub const fn reach(self, role: Role) -> Option<Scope> {
        match self {
            Self::Nothing | Self::Login => Some(Scope::Own),
            Self::May(permission) => role.may(permission),
        }
    }
}

macro_rules! operations {
    ($($name:ident = $word:literal: $needs:expr,)*) => {
        /// One operation of the interface; its word is its `operationId`, or the name of a socket's event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "each operation's word beside it says all there is to say")]
        pub enum Operation {
            $(#[serde(rename = $word)] $name,)*
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The operation's word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// What it needs.
            #[must_use]
            pub const fn needs(self) -> Needs {
                match self { $(Self::$name => $needs,)* }
            }
        }
    };
}

use Needs::{Login, May, Nothing};
use Permission as P;

operations! {
    AddNote = "addNote": May(P::ChatsUpdate),
    AssignChat = "assignChat": May(P::ChatsAssign),
    ChatJoin = "chat.join": May(P::ChatsRead),
    ChatLeave = "chat.leave": May(P::ChatsRead),
    ChatRead = "chat.read": May(P::ChatsRead),
    ChatTyping = "chat.typing": May(P::WhatsappSendMessage),
    CloseChat = "closeChat": May(P::ChatsClose),
    GetChat = "getChat": May(P::ChatsRead),
    GetChatWorkflow = "getChatWorkflow": May(P::WorkflowsRead),
    GetCommand = "getCommand": Login,
    GetMe = "getMe": Login,
    HoldChat = "holdChat": May(P::WorkflowsIntervene),
    ListCampaigns = "listCampaigns": May(P::CampaignsRead),
    ListChatLedger = "listChatLedger": May(P::WorkflowsRead),
    ListChatMessages = "listChatMessages": May(P::ChatsRead),
    ListChats = "listChats": May(P::ChatsRead),
    ListCloseReasons = "listCloseReasons": Login,
    ListConversationMessages = "listConversationMessages": May(P::ChatsRead),
    ListNotes = "listNotes": May(P::ChatsRead),
    ListNotifications = "listNotifications": Login,
    ListPauseReasons = "listPauseReasons": Login,
    ListQueues = "listQueues": May(P::ChatsRead),
    ListTransferTargets = "listTransferTargets": May(P::ChatsTransfer),
    ListUsers = "listUsers": May(P::UsersRead),
    ListWaitingChats = "listWaitingChats": May(P::ChatsRead),
    Login = "login": Nothing,
    Logout = "logout": Login,
    MoveToNode = "moveToNode": May(P::WorkflowsIntervene),
    ReadAllNotifications = "readAllNotifications": Login,
    ReadNotification = "readNotification": Login,
    Refresh = "refresh": Nothing,
    ReopenChat = "reopenChat": May(P::ChatsUpdate),
    ResumeChat = "resumeChat": May(P::WorkflowsIntervene),
    ReturnToBot = "returnToBot": May(P::ChatsUpdate),
    SendMessage = "sendMessage": May(P::WhatsappSendMessage),
    SetPriority = "setPriority": May(P::ChatsUpdate),
    SetUserState = "setUserState": May(P::ChatsUpdate),
    SnoozeChat = "snoozeChat": May(P::ChatsUpdate),
    TakeChat = "takeChat": May(P::ChatsUpdate),
    TransferChat = "transferChat": May(P::ChatsTransfer),
    UpdateCampaign = "updateCampaign": May(P::CampaignsUpdate),
}

impl Operation {
    /// Reads an `operationId`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_do_what_is_what_was_reviewed() {
        let mut table = String::new();
        for operation in Operation::ALL {
            table.push_str(&format!("{:<26}", operation.as_str()));
            for role in Role::ALL {
                let scope = match operation.needs().reach(role) {
                    None => "-",
                    Some(Scope::Own) => "own",
                    Some(Scope::Team) => "team",
                    Some(Scope::All) => "all",
                };
                table.push_str(&format!(" {scope:<12}"));
            }
            table = table.trim_end().to_owned();
            table.push('\n');
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn names_are_read_back_and_stand_in_order() {
        for operation in Operation::ALL {
            assert_eq!(Operation::from_name(operation.as_str()), Some(*operation));
        }
        let names: Vec<_> = Operation::ALL.iter().map(|operation| operation.as_str().to_lowercase()).collect();
        assert!(names.is_sorted(), "{names:?}");
        assert_eq!(Operation::from_name("dropEverything"), None);
    }
}
