//! Which flow a message or an event starts.

use crate::context::TurnContext;
use crate::flow::{Flow, Target};
use crate::input::Message;
use crate::settings::{Trigger, TriggerKind};
use crate::words;
use crate::world::World;

/// Something that may start a flow.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'o> {
    /// What happened. A plain message is [`TriggerKind::AnyMessage`]; keywords are looked for by themselves.
    pub kind: TriggerKind,
    /// The message, if one came.
    pub message: Option<&'o Message>,
    /// The event's name, for [`TriggerKind::Event`].
    pub event: Option<&'o str>,
}

/// A flow that was chosen, and how it starts: the arguments of `Input::Start`.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'f> {
    /// The flow.
    pub flow: &'f Flow,
    /// The trigger's kind.
    pub trigger: TriggerKind,
    /// The trigger's own start, if it has one.
    pub at: Option<&'f str>,
    /// Whether the message is offered to the first question.
    pub consume: bool,
}

/// Chooses among the published flows of a campaign: higher priority first, then keyword before referral and template
/// reply before any message, then the flow's id. Never by chance.
#[must_use]
pub fn choose<'f>(
    flows: impl IntoIterator<Item = &'f Flow>,
    occasion: &Occasion<'_>,
    context: &TurnContext,
) -> Option<Chosen<'f>> {
    let mut best: Option<((i64, TriggerKind, &str), Chosen<'f>)> = None;
    for flow in flows {
        for trigger in flow.triggers().iter().filter(|trigger| trigger.fits(flow, occasion, context)) {
            let rank = (-trigger.priority, trigger.kind, flow.id());
            if best.as_ref().is_none_or(|(other, _)| rank < *other) {
                best = Some((rank, trigger.chosen(flow)));
            }
        }
    }
    best.map(|(_, chosen)| chosen)
}

impl Trigger {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> TriggerKind {
        self.kind
    }

    fn chosen<'f>(&'f self, flow: &'f Flow) -> Chosen<'f> {
        let at =
            self.start.as_ref().and_then(|exit| if let Target::Node(id) = &exit.target { Some(&**id) } else { None });
        Chosen { flow, trigger: self.kind, at, consume: self.consume }
    }

    fn fits(&self, flow: &Flow, occasion: &Occasion<'_>, context: &TurnContext) -> bool {
        let text = occasion.message.and_then(Message::words);
        let kind = match self.kind {
            TriggerKind::Keyword | TriggerKind::AnyMessage => occasion.message.is_some(),
            TriggerKind::Referral | TriggerKind::TemplateReply | TriggerKind::Manual => occasion.kind == self.kind,
            TriggerKind::Event => occasion.kind == self.kind && self.event.as_deref() == occasion.event,
        };
        let said = || match (&self.keywords, text) {
            (None, _) => true,
            (Some(keywords), Some(text)) => keywords.found_in(text, &words::normalize(text)),
            (Some(_), None) => false,
        };
        kind && said() && self.condition_holds(flow, occasion, context)
    }

    /// A condition that fails does not start a flow: there is no run yet that could have a fault.
    fn condition_holds(&self, flow: &Flow, occasion: &Occasion<'_>, context: &TurnContext) -> bool {
        let Some(when) = &self.when else { return true };
        let world = World {
            flow,
            context,
            contact: &context.contact,
            variables: &std::collections::BTreeMap::new(),
            language: flow.language(),
            node: "",
            input: occasion.message,
            locals: &[],
        };
        let limits = context.limits.clamped();
        let mut left = limits.turn_operations;
        when.holds(&world, limits.expression_operations, &mut left).unwrap_or(false)
    }
}
