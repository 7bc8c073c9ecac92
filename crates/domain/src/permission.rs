//! Who may do what: one table.
//!
//! A permission is `noun.verb`; where it makes sense it is granted with a [`Scope`]. The five built-in roles are the
//! seed's; custom roles and grants to one user are sets of the same pairs.

use serde::{Deserialize, Serialize};

/// How far a permission reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One's own chats, tasks, numbers.
    Own,
    /// Those of one's team or campaigns.
    Team,
    /// Everything.
    All,
}

macro_rules! permissions {
    ($($name:ident = $word:literal,)*) => {
        /// One thing that somebody may do; its word says what.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "each permission's word beside it says all there is to say")]
        pub enum Permission {
            $(#[serde(rename = $word)] $name,)*
        }

        impl Permission {
            /// Every permission.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The permission's word, as tokens, the API and the role editor write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

permissions! {
    AuditExport = "audit.export",
    AuditRead = "audit.read",
    BackupsManage = "backups.manage",
    CampaignsCreate = "campaigns.create",
    CampaignsDelete = "campaigns.delete",
    CampaignsRead = "campaigns.read",
    CampaignsUpdate = "campaigns.update",
    ChatsAssign = "chats.assign",
    ChatsClose = "chats.close",
    ChatsCreate = "chats.create",
    ChatsDelete = "chats.delete",
    ChatsRead = "chats.read",
    ChatsTransfer = "chats.transfer",
    ChatsUpdate = "chats.update",
    ClientsRead = "clients.read",
    ClientsUpdate = "clients.update",
    FlowsPublish = "flows.publish",
    FlowsRead = "flows.read",
    FlowsUpdate = "flows.update",
    QualityScore = "quality.score",
    ReportsAllTeams = "reports.all-teams",
    ReportsExport = "reports.export",
    ReportsView = "reports.view",
    RolesManage = "roles.manage",
    SystemConfigure = "system.configure",
    UsersCreate = "users.create",
    UsersDelete = "users.delete",
    UsersRead = "users.read",
    UsersUpdate = "users.update",
    WhatsappNumbersManage = "whatsapp.numbers.manage",
    WhatsappSendMessage = "whatsapp.send.message",
    WhatsappWebhookConfig = "whatsapp.webhook.config",
    WorkflowsIntervene = "workflows.intervene",
    WorkflowsRead = "workflows.read",
}

/// The roles that every installation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Everything.
    SuperAdmin,
    /// Runs the floor of a team.
    Supervisor,
    /// Talks to clients.
    Agente,
    /// Reads and scores conversations.
    Calidad,
    /// Reads what was done, and nothing else.
    Auditoria,
}

impl Role {
    /// Every built-in role.
    pub const ALL: [Self; 5] = [Self::SuperAdmin, Self::Supervisor, Self::Agente, Self::Calidad, Self::Auditoria];

    /// The role's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SuperAdmin => "SUPER_ADMIN",
            Self::Supervisor => "SUPERVISOR",
            Self::Agente => "AGENTE",
            Self::Calidad => "CALIDAD",
            Self::Auditoria => "AUDITORIA",
        }
    }

    /// Reads a stored name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// How far this role may do `permission`; `None` when it may not at all.
    ///
    /// No arm is missing and none is a wildcard: a new permission must be decided for every role.
    #[must_use]
    pub const fn may(self, permission: Permission) -> Option<Scope> {
        use Permission as P;
        use Scope::{All, Own, Team};
        match self {
            Self::SuperAdmin => Some(All),
            Self::Supervisor => match permission {
                P::CampaignsRead
                | P::CampaignsUpdate
                | P::ChatsAssign
                | P::ChatsClose
                | P::ChatsCreate
                | P::ChatsRead
                | P::ChatsTransfer
                | P::ChatsUpdate
                | P::ReportsExport
                | P::ReportsView
                | P::UsersRead
                | P::UsersUpdate
                | P::WorkflowsIntervene
                | P::WorkflowsRead
                | P::WhatsappSendMessage => Some(Team),
                P::ClientsRead | P::ClientsUpdate | P::FlowsRead => Some(All),
                P::AuditExport
                | P::AuditRead
                | P::BackupsManage
                | P::CampaignsCreate
                | P::CampaignsDelete
                | P::ChatsDelete
                | P::FlowsPublish
                | P::FlowsUpdate
                | P::QualityScore
                | P::ReportsAllTeams
                | P::RolesManage
                | P::SystemConfigure
                | P::UsersCreate
                | P::UsersDelete
                | P::WhatsappNumbersManage
                | P::WhatsappWebhookConfig => None,
            },
            Self::Agente => match permission {
                P::ChatsClose
                | P::ChatsCreate
                | P::ChatsRead
                | P::ChatsTransfer
                | P::ChatsUpdate
                | P::WhatsappSendMessage
                | P::WorkflowsRead => Some(Own),
                P::ClientsRead | P::ClientsUpdate => Some(Team),
                P::AuditExport
                | P::AuditRead
                | P::BackupsManage
                | P::CampaignsCreate
                | P::CampaignsDelete
                | P::CampaignsRead
                | P::CampaignsUpdate
                | P::ChatsAssign
                | P::ChatsDelete
                | P::FlowsPublish
                | P::FlowsRead
                | P::FlowsUpdate
                | P::QualityScore
                | P::ReportsAllTeams
                | P::ReportsExport
                | P::ReportsView
                | P::RolesManage
                | P::SystemConfigure
                | P::UsersCreate
                | P::UsersDelete
                | P::UsersRead
                | P::UsersUpdate
                | P::WhatsappNumbersManage
                | P::WhatsappWebhookConfig
                | P::WorkflowsIntervene => None,
            },
            Self::Calidad => match permission {
                P::ChatsRead | P::ClientsRead | P::QualityScore | P::ReportsView | P::WorkflowsRead => Some(All),
                P::AuditExport
                | P::AuditRead
                | P::BackupsManage
                | P::CampaignsCreate
                | P::CampaignsDelete
                | P::CampaignsRead
                | P::CampaignsUpdate
                | P::ChatsAssign
                | P::ChatsClose
                | P::ChatsCreate
                | P::ChatsDelete
                | P::ChatsTransfer
                | P::ChatsUpdate
                | P::ClientsUpdate
                | P::FlowsPublish
                | P::FlowsRead
                | P::FlowsUpdate
                | P::ReportsAllTeams
                | P::ReportsExport
                | P::RolesManage
                | P::SystemConfigure
                | P::UsersCreate
                | P::UsersDelete
                | P::UsersRead
                | P::UsersUpdate
                | P::WhatsappNumbersManage
                | P::WhatsappSendMessage
                | P::WhatsappWebhookConfig
                | P::WorkflowsIntervene => None,
            },
            Self::Auditoria => match permission {
                P::AuditExport | P::AuditRead => Some(All),
                P::BackupsManage
                | P::CampaignsCreate
                | P::CampaignsDelete
                | P::CampaignsRead
                | P::CampaignsUpdate
                | P::ChatsAssign
                | P::ChatsClose
                | P::ChatsCreate
                | P::ChatsDelete
                | P::ChatsRead
                | P::ChatsTransfer
                | P::ChatsUpdate
                | P::ClientsRead
                | P::ClientsUpdate
                | P::FlowsPublish
                | P::FlowsRead
                | P::FlowsUpdate
                | P::QualityScore
                | P::ReportsAllTeams
                | P::ReportsExport
                | P::ReportsView
                | P::RolesManage
                | P::SystemConfigure
                | P::UsersCreate
                | P::UsersDelete
                | P::UsersRead
                | P::UsersUpdate
                | P::WhatsappNumbersManage
                | P::WhatsappSendMessage
                | P::WhatsappWebhookConfig
                | P::WorkflowsIntervene
                | P::WorkflowsRead => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_the_one_that_was_reviewed() {
        let mut table = String::new();
        for permission in Permission::ALL {
            table.push_str(&format!("{:<26}", permission.as_str()));
            for role in Role::ALL {
                let scope = match role.may(*permission) {
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
    fn every_role_but_the_first_lacks_something() {
        for role in Role::ALL {
            let lacks = Permission::ALL.iter().filter(|p| role.may(**p).is_none()).count();
            assert_eq!(lacks == 0, role == Role::SuperAdmin, "{}", role.as_str());
        }
    }

    #[test]
    fn the_seed_s_words_are_all_here() {
        for word in [
            "chats.read",
            "chats.create",
            "chats.update",
            "chats.delete",
            "chats.assign",
            "chats.transfer",
            "chats.close",
            "users.read",
            "users.create",
            "users.update",
            "users.delete",
            "campaigns.read",
            "campaigns.create",
            "campaigns.update",
            "campaigns.delete",
            "reports.view",
            "reports.export",
            "reports.all-teams",
            "whatsapp.numbers.manage",
            "whatsapp.send.message",
            "whatsapp.webhook.config",
        ] {
            assert!(Permission::ALL.iter().any(|p| p.as_str() == word), "{word}");
        }
    }
}
