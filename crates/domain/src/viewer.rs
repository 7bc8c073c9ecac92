//! Who looks, and how far they see: every list and every object is read through a [`Viewer`].

use crate::id::{CampaignId, UserId};
use crate::permission::Scope;

/// Somebody who looks, with the reach of the permission that they look with.
///
/// - [`Scope::All`] sees everything.
/// - [`Scope::Team`] sees what belongs to their campaigns.
/// - [`Scope::Own`] sees the chats that they have or had, and those that wait in the queues of their campaigns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// Who.
    pub user: UserId,
    /// How far the permission reaches.
    pub scope: Scope,
    /// The campaigns that they serve or supervise.
    pub campaigns: Vec<CampaignId>,
}

/// What decides who sees a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The campaign that it belongs to.
    pub campaign: Option<CampaignId>,
    /// Who has it, or had it when it was closed.
    pub agent: Option<UserId>,
    /// Whether it waits for anybody.
    pub waits: bool,
}

impl Viewer {
    /// Whether a campaign is one of theirs.
    #[must_use]
    pub fn serves(&self, campaign: Option<CampaignId>) -> bool {
        campaign.is_some_and(|campaign| self.campaigns.contains(&campaign))
    }

    /// Whether they see a chat that stands there.
    #[must_use]
    pub fn sees(&self, place: &Place) -> bool {
        match self.scope {
            Scope::All => true,
            Scope::Team => self.serves(place.campaign) || place.agent == Some(self.user),
            Scope::Own => place.agent == Some(self.user) || (place.waits && self.serves(place.campaign)),
        }
    }

    /// Whether they may ask something of a chat that stands there, and be told who has it: a colleague's chat is known.
    #[must_use]
    pub fn reaches(&self, place: &Place) -> bool {
        self.sees(place) || self.serves(place.campaign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn viewer(scope: Scope) -> Viewer {
        Viewer { user: Uuid::from_u128(1).into(), scope, campaigns: vec![Uuid::from_u128(7).into()] }
    }

    fn place(campaign: u128, agent: Option<u128>, waits: bool) -> Place {
        let id = |n| Uuid::from_u128(n);
        Place { campaign: Some(id(campaign).into()), agent: agent.map(|n| id(n).into()), waits }
    }

    #[test]
    fn an_agent_sees_their_own_and_what_waits_for_them() {
        let ana = viewer(Scope::Own);
        assert!(ana.sees(&place(8, Some(1), false)), "hers, wherever it is");
        assert!(ana.sees(&place(7, None, true)), "it waits for her");
        assert!(!ana.sees(&place(7, Some(2), false)), "another's");
        assert!(!ana.sees(&place(7, None, false)), "the bot's");
        assert!(!ana.sees(&place(8, None, true)), "it waits for others");
        assert!(ana.reaches(&place(7, Some(2), false)), "she may ask for it, and hear who has it");
        assert!(!ana.reaches(&place(8, Some(2), false)));
    }

    #[test]
    fn a_team_sees_its_campaigns_and_everybody_else_everything() {
        assert!(viewer(Scope::Team).sees(&place(7, Some(2), false)));
        assert!(!viewer(Scope::Team).sees(&place(8, Some(2), true)));
        assert!(viewer(Scope::All).sees(&place(8, Some(2), false)));
        let nowhere = Place { campaign: None, agent: None, waits: true };
        assert!(!viewer(Scope::Team).sees(&nowhere) && viewer(Scope::All).sees(&nowhere));
    }
}
