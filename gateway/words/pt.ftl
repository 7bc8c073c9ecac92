# Frases para pessoas. O espanhol é a origem; en e pt dizem o mesmo com as mesmas chaves.

summary-new = A conversa acaba de começar.
summary-bot = O bot atende { $client }{ $node ->
    [none] .
   *[other] {" "}e está no nó “{ $node }”.
}
summary-queued = { $client } espera em { $queue } desde as { $since }.
summary-assigned = { $agent } tem a conversa e ainda não respondeu.
summary-active = { $agent } atende { $client }.
summary-pending = Adiada até as { $until } ou até que { $client } escreva.
summary-closed = Encerrada às { $closed } ({ $reason }).
summary-transferred = A conversa está sendo transferida.
summary-held = Parada: nada acontece sozinho até que alguém a retome.

waits-new = a primeira decisão
waits-bot = a resposta de { $client }
waits-queued = um agente disponível
waits-assigned = a primeira resposta de { $agent }
waits-active = { $agent } ou { $client }
waits-pending = a hora indicada ou uma mensagem de { $client }
waits-held = que alguém a retome

timer-first_reply = A supervisão é avisada: a primeira resposta não chegou a tempo.
timer-reassign = A conversa passa para outro agente.
timer-idle = É encerrada por falta de resposta.
timer-wake = A conversa volta para seu agente.
timer-bot = O bot continua sem resposta.

ledger-chat_opened = A conversa começou.
ledger-moved = Passou de { $from } para { $to }.
ledger-queued = Entrou em { $queue } ({ $why }).
ledger-assigned = Foi atribuída a { $agent } ({ $how }).
ledger-closed = Foi encerrada: { $reason }.
ledger-reopened = Foi reaberta.
ledger-attention = Pede atenção: { $why }.
ledger-command = { $by } pediu “{ $command }”: { $outcome }.
ledger-command_missing = Um comando já não existia.
ledger-flow_started = Começou o fluxo { $flow }, versão { $version }.
ledger-queue_checked = { $queue } foi consultada: { $agents } agentes livres.
ledger-contact_updated = Os dados do cliente foram atualizados: { $keys }.
ledger-close_gave_way = O encerramento esperou: o cliente tinha escrito.
ledger-bot_failed = O bot não pôde continuar: { $why }.
ledger-timer_fired = Venceu o temporizador “{ $timer }”.
ledger-timer_stale = O temporizador “{ $timer }” já não contava.
ledger-unknown_input = Chegou algo que esta versão não conhece.
ledger-mail = Chegou uma mensagem ({ $type }).
ledger-move_refused = Não podia passar de { $from } para { $to }.
ledger-send_failed = Uma mensagem não pôde ser enviada.
ledger-send_uncertain = Não se sabe se uma mensagem chegou.
ledger-log = { $text }
ledger-trace-ignored = A entrada não mudou nada ({ $reason }).
ledger-trace-local_time = Hora local: { $at }.
ledger-trace-visited = O bot chegou ao nó “{ $node }”.
ledger-trace-left = Saiu de “{ $node }” por “{ $port }”.
ledger-trace-evaluated = Uma expressão foi avaliada em “{ $node }”: { $value }.
ledger-trace-assigned = A variável “{ $name }” mudou.
ledger-trace-matched = A resposta coincidiu com “{ $option }”.
ledger-trace-answered = A resposta de “{ $node }” foi aceita.
ledger-trace-invalid = Resposta inválida em “{ $node }” (tentativa { $attempt }).
ledger-trace-command = O cliente usou um comando que leva a “{ $target }”.
ledger-trace-ended = O fluxo terminou: { $outcome }.
ledger-trace-fault = O nó “{ $node }” falhou: { $code }.
ledger-trace-jumped = Saltou para o nó “{ $node }”.
ledger-other = { $kind }

status-new = nova
status-bot = bot
status-queued = na fila
status-assigned = atribuída
status-active = ativa
status-pending = adiada
status-transferred = transferida
status-closed = encerrada
outcome-done = feito
outcome-refused = recusado ({ $code })
outcome-expired = vencido
somebody = alguém
hilo = Hilo
client = o cliente
agent = um agente
no-queue = nenhuma fila
how-dispatch = por ordem
how-take = assumiu
how-assign = atribuída pela supervisão
how-transfer = transferência
how-reopen = reabertura
command-take = assumir
command-assign = atribuir
command-reply = responder
command-transfer = transferir
command-close = encerrar
command-reopen = reabrir
command-snooze = adiar
command-priority = mudar a prioridade
command-return_to_bot = devolver ao bot
command-move_to_node = mover para um nó
command-hold = parar
command-resume = retomar

notice-sla-first_reply = A primeira resposta não chegou a tempo.
notice-other = { $kind }
