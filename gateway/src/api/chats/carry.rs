//! Having a command carried out: stored first, under the caller's key, then asked of the conversation's workflow. A
//! refusal is a problem; without a worker the caller hears that it is stored.

use std::sync::Arc;

use hilo_domain::command::{Answer, Command, Refusal};
use hilo_domain::id::{AgentId, ChatId, CommandId, ConversationId};
use hilo_domain::viewer::{Place, Viewer};
use hilo_store::commands::{self, NewCommand, Requested};
use hilo_store::{agents, begin, inbox, users};
use hilo_workflows::conversation::Ask;

use crate::api::access::Caller;
use crate::api::shapes::Person;
use crate::problem::{Code, Problem};
use crate::server::App;

/// A transaction that met another is begun again so often.
const TRIES: usize = 5;

/// Which chats may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Those that the caller sees.
    Seen,
    /// Those of their campaigns, too: whose they are is answered, not hidden.
    Known,
}

/// What is asked of a chat.
pub(crate) struct Asked {
    pub(crate) chat: ChatId,
    pub(crate) command: Command,
    pub(crate) key: Option<String>,
    pub(crate) reach: Reach,
}

/// What it came to.
pub(crate) enum Came {
    /// It was done.
    Done { command: CommandId, conversation: ConversationId },
    /// It is stored, and nobody has answered yet.
    Later { command: CommandId, conversation: ConversationId, at: chrono::DateTime<chrono::Utc> },
}

/// Carries it out.
pub(crate) async fn out(app: &Arc<App>, caller: &Caller, viewer: &Viewer, asked: Asked) -> Result<Came, Problem> {
    let found = inbox::place(&app.intake.pool, asked.chat).await?;
    let may = |place: &Place| match asked.reach {
        Reach::Seen => viewer.sees(place),
        Reach::Known => viewer.reaches(place),
    };
    let Some((conversation, _)) = found.filter(|(_, place)| may(place)) else { return Err(Problem::not_found()) };

    let at = app.clock.now();
    let (id, fresh) = store(app, caller, &asked, at).await?;
    if !fresh && let Some((_, Some(answer))) = commands::get(&app.intake.pool, id).await? {
        return answered(app, answer, id, conversation).await;
    }

    let ask = Ask { command: id, kind: asked.command.kind().to_owned() };
    match app.commands.carry_out(conversation, ask).await {
        Ok(answer) => answered(app, answer, id, conversation).await,
        Err(error) => {
            tracing::info!(%error, command.id = %id, "nobody carried out a command in time; it is stored");
            match commands::get(&app.intake.pool, id).await? {
                Some((_, Some(answer))) => answered(app, answer, id, conversation).await,
                _ => Ok(Came::Later { command: id, conversation, at }),
            }
        }
    }
}

/// Stores the command; gives its id, and whether it is the first time.
async fn store(
    app: &Arc<App>,
    caller: &Caller,
    asked: &Asked,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<(CommandId, bool), Problem> {
    let id = match &asked.command {
        Command::Reply { message, .. } => CommandId(message.0),
        _ => CommandId::new(at),
    };
    let mut tries = 0;
    loop {
        tries += 1;
        match once(app, caller, asked, id, at).await {
            Ok(Requested::NoChat) => return Err(Problem::not_found()),
            Ok(Requested::Known { same: false, .. }) => {
                return Err(Problem::new(Code::IdempotencyKeyReused, "Draw a new key for a new request."));
            }
            Ok(Requested::Known { id, same: true }) => return Ok((id, false)),
            Ok(Requested::New { outbox, .. }) => {
                app.intake.relay.ring(outbox);
                return Ok((id, true));
            }
            Err(error) if error.is_retryable() && tries < TRIES => {}
            Err(error) => return Err(error.into()),
        }
    }
}

async fn once(
    app: &Arc<App>,
    caller: &Caller,
    asked: &Asked,
    id: CommandId,
    at: chrono::DateTime<chrono::Utc>,
) -> hilo_store::Result<Requested> {
    let mut tx = begin(&app.intake.pool).await?;
    if matches!(asked.command, Command::Take { .. }) {
        agents::ensure(&mut tx, AgentId(caller.user.0), at).await?;
    }
    let new = NewCommand {
        id,
        chat: asked.chat,
        command: &asked.command,
        actor: &caller.actor,
        idempotency_key: asked.key.as_deref(),
        at,
    };
    let requested = commands::request(&mut tx, &app.intake.ring, &new).await?;
    tx.commit().await?;
    Ok(requested)
}

async fn answered(
    app: &App,
    answer: Answer,
    command: CommandId,
    conversation: ConversationId,
) -> Result<Came, Problem> {
    match answer {
        Answer::Done {} => Ok(Came::Done { command, conversation }),
        Answer::Refused { code, holder } => Err(refused(app, code, holder).await?),
        Answer::Expired {} => Err(Problem::new(
            Code::Unavailable,
            "Nobody could carry it out in time, and it was dropped. Look at the chat and ask again.",
        )),
    }
}

/// The code of the problem for a refusal.
pub(crate) const fn code(refusal: Refusal) -> Code {
    match refusal {
        Refusal::NotHolder => Code::NotHolder,
        Refusal::AgentAtCapacity => Code::AgentAtCapacity,
        Refusal::AgentNotAvailable => Code::AgentNotAvailable,
        Refusal::NewMail => Code::NewMail,
        Refusal::ChatClosed => Code::ChatClosed,
        Refusal::ChatOpen => Code::ChatOpen,
        Refusal::IllegalMove => Code::IllegalMove,
        Refusal::WindowClosed => Code::WindowClosed,
        Refusal::NotFound => Code::NotFound,
    }
}

/// Who has a chat, by name.
pub(crate) async fn person(app: &App, holder: Option<AgentId>) -> hilo_store::Result<Option<Person>> {
    let Some(holder) = holder else { return Ok(None) };
    let names = users::names(&app.intake.pool, &[holder.0]).await?;
    Ok(names.into_iter().next().map(|(id, name)| Person { id: id.0, name }))
}

async fn refused(app: &App, refusal: Refusal, holder: Option<AgentId>) -> Result<Problem, Problem> {
    let holder = person(app, holder).await?;
    let detail = match (refusal, &holder) {
        (Refusal::NotHolder, Some(holder)) => format!("{} has the chat.", holder.name),
        (Refusal::NotHolder, None) => "Nobody has the chat; take it first.".to_owned(),
        (Refusal::AgentAtCapacity, _) => "Choose another agent, or close a chat first.".to_owned(),
        (Refusal::AgentNotAvailable, _) => "Choose another agent, or a queue.".to_owned(),
        (Refusal::NewMail, _) => "Read what came, then close again.".to_owned(),
        (Refusal::ChatClosed, _) => "Reopen it, or wait for the client to write.".to_owned(),
        (Refusal::ChatOpen, _) => "Work in the chat that is open.".to_owned(),
        (Refusal::IllegalMove, _) => "Read the chat again; it stands elsewhere.".to_owned(),
        (Refusal::WindowClosed, _) => {
            "The client wrote more than 24 hours ago: send an approved template, or wait until they write.".to_owned()
        }
        (Refusal::NotFound, _) => "Check what the request names; some of it does not exist.".to_owned(),
    };
    let problem = Problem::new(code(refusal), detail);
    Ok(match refusal {
        Refusal::NotHolder | Refusal::AgentAtCapacity => problem.with("holder", holder),
        _ => problem,
    })
}
