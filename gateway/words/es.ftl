# Frases para personas. El español es el texto de origen; en y pt dicen lo mismo con las mismas claves.

# Resumen: quién espera a quién.
summary-new = La conversación acaba de empezar.
summary-bot = El bot atiende a { $client }{ $node ->
    [none] .
   *[other] {" "}y está en el nodo «{ $node }».
}
summary-queued = { $client } espera en { $queue } desde las { $since }.
summary-assigned = { $agent } tiene la conversación y aún no ha respondido.
summary-active = { $agent } atiende a { $client }.
summary-pending = Pospuesta hasta las { $until } o hasta que { $client } escriba.
summary-closed = Cerrada a las { $closed } ({ $reason }).
summary-transferred = La conversación se está transfiriendo.
summary-held = Detenida: nada ocurrirá por sí solo hasta que alguien la reanude.

# Lo que espera.
waits-new = la primera decisión
waits-bot = la respuesta de { $client }
waits-queued = un agente disponible
waits-assigned = la primera respuesta de { $agent }
waits-active = a { $agent } o a { $client }
waits-pending = la hora indicada o un mensaje de { $client }
waits-held = que alguien la reanude

# Lo que harán los temporizadores.
timer-first_reply = Se avisa a supervisión: la primera respuesta no llegó a tiempo.
timer-reassign = La conversación pasa a otro agente.
timer-idle = Se cierra por falta de respuesta.
timer-wake = La conversación vuelve a su agente.
timer-bot = El bot continúa sin respuesta.

# El porqué, línea por línea.
ledger-chat_opened = Empezó la conversación.
ledger-moved = Pasó de { $from } a { $to }.
ledger-queued = Entró en { $queue } ({ $why }).
ledger-assigned = Se asignó a { $agent } ({ $how }).
ledger-closed = Se cerró: { $reason }.
ledger-reopened = Se volvió a abrir.
ledger-attention = Pide atención: { $why }.
ledger-command = { $by } pidió «{ $command }»: { $outcome }.
ledger-command_missing = Una orden ya no existía.
ledger-flow_started = Empezó el flujo { $flow }, versión { $version }.
ledger-queue_checked = Se consultó { $queue }: { $agents } agentes libres.
ledger-contact_updated = Se actualizaron datos del cliente: { $keys }.
ledger-close_gave_way = El cierre esperó: el cliente había escrito.
ledger-bot_failed = El bot no pudo continuar: { $why }.
ledger-timer_fired = Venció el temporizador «{ $timer }».
ledger-timer_stale = El temporizador «{ $timer }» ya no contaba.
ledger-unknown_input = Llegó algo que esta versión no conoce.
ledger-mail = Llegó un mensaje ({ $type }).
ledger-move_refused = No se podía pasar de { $from } a { $to }.
ledger-send_failed = Un mensaje no se pudo enviar.
ledger-send_uncertain = No se sabe si un mensaje llegó.
ledger-log = { $text }
ledger-trace-ignored = La entrada no cambió nada ({ $reason }).
ledger-trace-local_time = Hora local: { $at }.
ledger-trace-visited = El bot llegó al nodo «{ $node }».
ledger-trace-left = Salió de «{ $node }» por «{ $port }».
ledger-trace-evaluated = Se evaluó una expresión en «{ $node }»: { $value }.
ledger-trace-assigned = Cambió la variable «{ $name }».
ledger-trace-matched = La respuesta coincidió con «{ $option }».
ledger-trace-answered = Se aceptó la respuesta de «{ $node }».
ledger-trace-invalid = Respuesta no válida en «{ $node }» (intento { $attempt }).
ledger-trace-command = El cliente usó un comando que lleva a «{ $target }».
ledger-trace-ended = Terminó el flujo: { $outcome }.
ledger-trace-fault = Falló el nodo «{ $node }»: { $code }.
ledger-trace-jumped = Se saltó al nodo «{ $node }».
ledger-other = { $kind }

# Palabras.
status-new = nueva
status-bot = bot
status-queued = en cola
status-assigned = asignada
status-active = activa
status-pending = pospuesta
status-transferred = transferida
status-closed = cerrada
outcome-done = hecho
outcome-refused = rechazado ({ $code })
outcome-expired = caducado
somebody = alguien
hilo = Hilo
client = el cliente
agent = un agente
no-queue = ninguna cola
how-dispatch = por turno
how-take = la tomó
how-assign = asignada por supervisión
how-transfer = transferencia
how-reopen = reapertura
command-take = tomar
command-assign = asignar
command-reply = responder
command-transfer = transferir
command-close = cerrar
command-reopen = reabrir
command-snooze = posponer
command-priority = cambiar la prioridad
command-return_to_bot = devolver al bot
command-move_to_node = mover a un nodo
command-hold = detener
command-resume = reanudar

# Avisos.
notice-sla-first_reply = La primera respuesta no llegó a tiempo.
notice-other = { $kind }
