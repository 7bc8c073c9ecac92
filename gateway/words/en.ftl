# Sentences for people. Spanish is the source; en and pt say the same under the same keys.

summary-new = The conversation has just begun.
summary-bot = The bot is talking with { $client }{ $node ->
    [none] .
   *[other] {" "}and stands at the node “{ $node }”.
}
summary-queued = { $client } has been waiting in { $queue } since { $since }.
summary-assigned = { $agent } has the conversation and has not answered yet.
summary-active = { $agent } is talking with { $client }.
summary-pending = Snoozed until { $until }, or until { $client } writes.
summary-closed = Closed at { $closed } ({ $reason }).
summary-transferred = The conversation is being handed over.
summary-held = Held: nothing happens by itself until somebody resumes it.

waits-new = the first decision
waits-bot = an answer from { $client }
waits-queued = an available agent
waits-assigned = the first reply of { $agent }
waits-active = { $agent } or { $client }
waits-pending = the time that was set, or a message from { $client }
waits-held = somebody to resume it

timer-first_reply = Supervisors are told: the first reply did not come in time.
timer-reassign = The conversation goes to another agent.
timer-idle = It is closed for lack of an answer.
timer-wake = The conversation comes back to its agent.
timer-bot = The bot goes on without an answer.

ledger-chat_opened = The conversation began.
ledger-moved = It went from { $from } to { $to }.
ledger-queued = It came into { $queue } ({ $why }).
ledger-assigned = It was given to { $agent } ({ $how }).
ledger-closed = It was closed: { $reason }.
ledger-reopened = It was opened again.
ledger-attention = It asks for attention: { $why }.
ledger-command = { $by } asked to “{ $command }”: { $outcome }.
ledger-command_missing = A command did not exist any more.
ledger-flow_started = The flow { $flow }, version { $version }, began.
ledger-queue_checked = { $queue } was asked: { $agents } agents are free.
ledger-contact_updated = The client's data were updated: { $keys }.
ledger-close_gave_way = The close waited: the client had written.
ledger-bot_failed = The bot could not go on: { $why }.
ledger-timer_fired = The timer “{ $timer }” was due.
ledger-timer_stale = The timer “{ $timer }” did not count any more.
ledger-unknown_input = Something came that this version does not know.
ledger-mail = A message came ({ $type }).
ledger-move_refused = It could not go from { $from } to { $to }.
ledger-send_failed = A message could not be sent.
ledger-send_uncertain = Nobody knows whether a message arrived.
ledger-log = { $text }
ledger-trace-ignored = The input changed nothing ({ $reason }).
ledger-trace-local_time = Local time: { $at }.
ledger-trace-visited = The bot came to the node “{ $node }”.
ledger-trace-left = It left “{ $node }” by “{ $port }”.
ledger-trace-evaluated = An expression was evaluated at “{ $node }”: { $value }.
ledger-trace-assigned = The variable “{ $name }” changed.
ledger-trace-matched = The answer matched “{ $option }”.
ledger-trace-answered = The answer to “{ $node }” was taken.
ledger-trace-invalid = The answer at “{ $node }” was not valid (attempt { $attempt }).
ledger-trace-command = The client used a command that leads to “{ $target }”.
ledger-trace-ended = The flow ended: { $outcome }.
ledger-trace-fault = The node “{ $node }” failed: { $code }.
ledger-trace-jumped = It jumped to the node “{ $node }”.
ledger-other = { $kind }

status-new = new
status-bot = bot
status-queued = queued
status-assigned = assigned
status-active = active
status-pending = snoozed
status-transferred = transferred
status-closed = closed
outcome-done = done
outcome-refused = refused ({ $code })
outcome-expired = expired
somebody = somebody
hilo = Hilo
client = the client
agent = an agent
no-queue = no queue
how-dispatch = in turn
how-take = took it
how-assign = given by a supervisor
how-transfer = transfer
how-reopen = reopened
command-take = take
command-assign = assign
command-reply = reply
command-transfer = transfer
command-close = close
command-reopen = reopen
command-snooze = snooze
command-priority = change the priority
command-return_to_bot = return to the bot
command-move_to_node = move to a node
command-hold = hold
command-resume = resume

notice-sla-first_reply = The first reply did not come in time.
notice-other = { $kind }
