//! Every finding: its code, its severity, and what it says in each language.

use crate::diagnostic::{Severity, Voice};

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident $code:ident $severity:ident {
        es: $es:literal, $es_help:literal;
        en: $en:literal, $en_help:literal;
    })*) => {
        /// A finding that the compiler can make.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Problem { $($(#[$doc])* $name,)* }

        impl Problem {
            /// Every finding.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code it is reported under.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => stringify!($code),)* }
            }

            /// How bad it is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// Message and help, with `{words}` to fill in; an empty help is none.
            pub(crate) fn sentences(self, voice: Voice) -> (&'static str, &'static str) {
                match (self, voice) {
                    $((Self::$name, Voice::Spanish) => ($es, $es_help),
                      (Self::$name, Voice::English) => ($en, $en_help),)*
                }
            }
        }
    };
}

problems! {
    /// The text is not JSON.
    NotJson FL001 Error {
        es: "No se puede leer el documento: {what}.", "Revisa comas, comillas y llaves alrededor de ese lugar.";
        en: "the document cannot be read: {what}", "check commas, quotes and braces around this place";
    }
    /// A key that the format does not know.
    UnknownKey FL002 Error {
        es: "La clave «{key}» no existe aquí.", "Las claves propias empiezan por «x-». Aquí valen: {allowed}.";
        en: "unknown key `{key}`", "keys of your own begin with `x-`; known here: {allowed}";
    }
    /// A key that must be there.
    MissingKey FL002 Error {
        es: "Falta la clave «{key}».", "";
        en: "missing key `{key}`", "";
    }
    /// A key twice in one object.
    RepeatedKey FL002 Error {
        es: "La clave «{key}» está dos veces.", "Deja una sola; las demás se perderían.";
        en: "key `{key}` stands here twice", "keep one; the others would be lost";
    }
    /// A value of another type.
    WrongType FL002 Error {
        es: "Aquí va {expected}, no {found}.", "";
        en: "expected {expected}, found {found}", "";
    }
    /// A value that is not one of the allowed.
    WrongValue FL002 Error {
        es: "«{found}» no es un valor permitido.", "Valores permitidos: {allowed}.";
        en: "`{found}` is not an allowed value", "allowed values: {allowed}";
    }
    /// A number, a text or a list out of its range.
    OutOfRange FL002 Error {
        es: "{found} está fuera de los límites: {allowed}.", "";
        en: "{found} is out of range: {allowed}", "";
    }
    /// A text that does not have the required form.
    WrongForm FL002 Error {
        es: "«{found}» no tiene la forma de {expected}.", "{example}";
        en: "`{found}` is not {expected}", "{example}";
    }
    /// Keys of which one must be there, or that exclude each other.
    WrongChoice FL002 Error {
        es: "Hace falta exactamente una de estas claves: {allowed}.", "";
        en: "exactly one of these keys is needed: {allowed}", "";
    }
    /// None of the keys of which one must be there.
    NothingToSay FL002 Error {
        es: "Este nodo no envía nada: hace falta al menos una de {allowed}.", "";
        en: "this node sends nothing: at least one of {allowed} is needed", "";
    }
    /// A `schemaVersion` of the future.
    UnknownVersion FL003 Error {
        es: "La versión {found} del formato no se conoce; esta instalación lee la 1.", "";
        en: "format version {found} is not known; this installation reads 1", "";
    }
    /// Two nodes with one id.
    DuplicateNode FL004 Error {
        es: "Hay dos nodos con el id «{id}».", "Cambia uno de los dos; los demás nodos apuntan al primero.";
        en: "two nodes have the id `{id}`", "rename one; references mean the first";
    }
    /// The document is larger than its limit.
    TooLarge FL005 Error {
        es: "{what} supera su límite: {found} de {allowed}.", "";
        en: "{what} is over its limit: {found} of {allowed}", "";
    }
    /// Two options with one value.
    DuplicateOption FL006 Error {
        es: "Dos opciones tienen el valor «{value}».", "El valor distingue la opción en respuestas y estadísticas: haz uno distinto.";
        en: "two options have the value `{value}`", "the value tells options apart in answers and analytics: make one different";
    }
    /// Two options that an answer cannot tell apart.
    SameAnswer FL006 Error {
        es: "La respuesta «{answer}» elegiría dos opciones.", "Cambia una etiqueta, un valor o un sinónimo.";
        en: "the answer `{answer}` would choose two options", "change a label, a value or a synonym";
    }
    /// A variable's name that cannot be.
    WrongVariable FL007 Error {
        es: "Una variable no puede llamarse «{name}»: es una palabra reservada o de sistema.", "Prueba con «mi_{name}».";
        en: "a variable cannot be named `{name}`: the word is reserved or belongs to the system", "try `my_{name}`";
    }
    /// A variable declared twice.
    DuplicateVariable FL007 Error {
        es: "La variable «{name}» está declarada dos veces.", "";
        en: "variable `{name}` is declared twice", "";
    }
    /// An edge to a node that does not exist.
    UnknownTarget FL101 Error {
        es: "«{exit}» lleva a «{target}», que no existe.", "Crea ese nodo o elige otro.";
        en: "`{exit}` leads to `{target}`, which does not exist", "create that node or choose another";
    }
    /// The start, a trigger or a setting that leads to a node that does not exist.
    UnknownEntry FL102 Error {
        es: "«{target}» no existe: el flujo no puede entrar por ahí.", "Crea ese nodo o elige otro.";
        en: "`{target}` does not exist: the flow cannot enter there", "create that node or choose another";
    }
    /// A queue that is not in the catalogue.
    UnknownQueue FL103 Error {
        es: "La cola «{queue}» no existe o no es de esta campaña.", "";
        en: "queue `{queue}` does not exist or is not of this campaign", "";
    }
    /// A close reason that is not in the catalogue.
    UnknownReason FL109 Warning {
        es: "El motivo de cierre «{reason}» no está en el catálogo.", "";
        en: "close reason `{reason}` is not in the catalogue", "";
    }
    /// A node that nothing leads to.
    Unreachable FL201 Warning {
        es: "Nada lleva al nodo «{id}».", "Conéctalo o bórralo.";
        en: "nothing leads to node `{id}`", "connect it or delete it";
    }
    /// A circle without a question.
    LoopWithoutWait FL202 Error {
        es: "Círculo sin pregunta: {nodes}. El bot hablaría sin parar.", "Pon una pregunta en el círculo o sácale una salida.";
        en: "loop without a question: {nodes}; the bot would talk for ever", "put a question into the loop or give it a way out";
    }
    /// A node from which the run never ends.
    NoWayOut FL203 Error {
        es: "Desde «{id}» ningún camino termina en una persona ni en un cierre.", "Añade una salida: transferir, cerrar o terminar.";
        en: "from `{id}` no path ends with a person or a close", "add a way out: transfer, close or end";
    }
    /// An exit that leads nowhere.
    OpenExit FL204 Warning {
        es: "La salida «{exit}» no está conectada: la conversación con el bot termina ahí.", "Conéctala, o escribe null si quieres que termine ahí.";
        en: "exit `{exit}` is not connected: the run ends there", "connect it, or write null if it should end there";
    }
    /// A circle of questions without a limit.
    EndlessQuestions FL205 Warning {
        es: "Círculo de preguntas sin límite: {nodes}.", "Limita los intentos, o pasa por un go_to con maxVisits.";
        en: "loop of questions without a limit: {nodes}", "limit the attempts, or pass through a go_to with maxVisits";
    }
    /// A chain of `go_to` that comes back.
    GoToCircle FL206 Error {
        es: "Estos saltos vuelven a sí mismos: {nodes}.", "Haz que uno lleve a otro nodo.";
        en: "these jumps come back to themselves: {nodes}", "make one of them lead to another node";
    }
    /// A circle that waits only for time.
    LoopOfDelays FL208 Warning {
        es: "Círculo que solo espera tiempo: {nodes}. El bot escribiría sin que el cliente escriba.", "Pon una pregunta o una salida.";
        en: "loop that waits only for time: {nodes}; the bot would write without the customer writing", "put a question or a way out into it";
    }
    /// The run may end in neither a person nor a close.
    EndsOpen FL209 Info {
        es: "El flujo puede terminar sin transferir ni cerrar; entonces vale onEnd: {on_end}.", "";
        en: "the flow can end with neither a transfer nor a close; then onEnd applies: {on_end}", "";
    }
    /// A question that waits for the default time only.
    NoTimeout FL210 Warning {
        es: "La pregunta no tiene plazo: esperará 24 horas y cerrará sin respuesta.", "Añade timeout al nodo, o sessionTimeout o defaults.timeout al flujo.";
        en: "the question has no timeout: it waits 24 hours and closes without an answer", "add timeout to the node, or sessionTimeout or defaults.timeout to the flow";
    }
    /// A reminder that would come too late or twice.
    LateReminder FL211 Error {
        es: "El recordatorio {after} no llega antes del plazo, o coincide con otro.", "Los recordatorios van antes que el plazo y en momentos distintos.";
        en: "reminder {after} does not come before the timeout, or coincides with another", "reminders come before the timeout, at different times";
    }
    /// A wait beyond WhatsApp's window.
    LongWait FL212 Warning {
        es: "La espera pasa de 24 horas: WhatsApp rechazará el siguiente mensaje libre.", "Usa después una plantilla.";
        en: "the wait is longer than 24 hours: WhatsApp will refuse the next free message", "use a template after it";
    }
    /// Many messages without an answer.
    ManyMessages FL215 Warning {
        es: "Desde «{id}» pueden salir {found} mensajes seguidos sin que el cliente escriba.", "Junta textos o pon una pregunta en medio.";
        en: "from `{id}` {found} messages can go out in a row without the customer writing", "join texts or put a question between";
    }
    /// A command that is an option too.
    CommandIsOption FL216 Warning {
        es: "La palabra «{word}» es un comando y también una opción de «{id}».", "El comando exacto gana: cambia uno de los dos.";
        en: "the word `{word}` is a command and an option of `{id}` too", "an exact command wins: change one of them";
    }
    /// An expression that does not parse.
    BadExpression FL301 Error {
        es: "La expresión no se entiende: {what}.", "{hint}";
        en: "the expression does not parse: {what}", "{hint}";
    }
    /// A variable in an expression that nobody sets.
    UnknownInExpression FL302 Error {
        es: "La expresión usa «{name}», que nadie define.", "";
        en: "the expression uses `{name}`, which nothing defines", "";
    }
    /// A function that does not exist.
    UnknownFunction FL303 Error {
        es: "La función «{name}» no existe.", "";
        en: "function `{name}` does not exist", "";
    }
    /// A function with the wrong number of arguments.
    WrongArguments FL303 Error {
        es: "«{name}» lleva {allowed} argumentos, no {found}.", "";
        en: "`{name}` takes {allowed} arguments, not {found}", "";
    }
    /// A condition that is not true or false.
    NotACondition FL304 Error {
        es: "Aquí hace falta un resultado verdadero o falso; este es {found}.", "Compara con algo: «x == 1», «is_set(x)».";
        en: "a true or false result is needed here; this is {found}", "compare with something: `x == 1`, `is_set(x)`";
    }
    /// A condition that never changes.
    ConstantCondition FL306 Warning {
        es: "La condición es siempre {found}.", "";
        en: "the condition is always {found}", "";
    }
    /// An expression beyond its limits.
    ExpressionTooLong FL307 Error {
        es: "La expresión es demasiado larga o profunda: {found} de {allowed}.", "Divídela en variables, o usa «x in [a, b, c]».";
        en: "the expression is too long or too deep: {found} of {allowed}", "split it into variables, or use `x in [a, b, c]`";
    }
    /// A variable nobody reads.
    NeverRead FL309 Info {
        es: "La variable «{name}» se escribe pero no se lee.", "";
        en: "variable `{name}` is written but never read", "";
    }
    /// A text that is no template.
    BadTemplate FL310 Error {
        es: "El texto no se entiende como plantilla: {what}.", "Revisa que cada par de llaves abierto se cierre.";
        en: "the text is no template: {what}", "check that every opening brace pair is closed";
    }
    /// A variable in a text that nobody sets.
    UnknownInText FL311 Error {
        es: "El texto usa «{name}», que nadie define.", "";
        en: "the text uses `{name}`, which nothing defines", "";
    }
    /// A helper that does not exist.
    UnknownHelper FL312 Error {
        es: "«{name}» no se puede usar en un texto.", "No hay plantillas parciales ni decoradores; las ayudas están en la guía de textos.";
        en: "`{name}` cannot be used in a text", "there are no partials and no decorators; the guide lists the helpers";
    }
    /// A pattern that is not a regular expression.
    BadPattern FL313 Error {
        es: "La expresión regular no vale: {what}.", "No hay búsquedas alrededor (look-around) ni referencias hacia atrás.";
        en: "the regular expression is not valid: {what}", "look-around and back-references are not available";
    }
    /// An assignment to a name that cannot be assigned.
    ReadOnly FL315 Error {
        es: "«{name}» no se puede asignar.", "Se asignan variables y contact.name, email, city, country, company, notes, language, lead_status o fields.<nombre>.";
        en: "`{name}` cannot be assigned", "variables can, and contact.name, email, city, country, company, notes, language, lead_status or fields.<name>";
    }
    /// A text that WhatsApp refuses.
    TextTooLong FL401 Error {
        es: "El texto tiene {found} caracteres; WhatsApp acepta {allowed}.", "";
        en: "the text has {found} characters; WhatsApp takes {allowed}", "";
    }
    /// More buttons or rows than WhatsApp shows.
    TooManyOptions FL402 Error {
        es: "{found} opciones no caben en {what}: WhatsApp muestra {allowed}.", "Usa presentation: auto, que elige la forma.";
        en: "{found} options do not fit {what}: WhatsApp shows {allowed}", "use presentation: auto, which chooses the form";
    }
    /// A label too long for its place.
    LabelTooLong FL403 Warning {
        es: "«{label}» pasa de {allowed} caracteres: se mostrará como texto numerado.", "";
        en: "`{label}` is longer than {allowed} characters: it will be shown as numbered text", "";
    }
    /// Two buttons that look the same.
    SameButton FL404 Error {
        es: "Dos botones dicen «{label}».", "";
        en: "two buttons say `{label}`", "";
    }
    /// A header, footer or link that WhatsApp refuses.
    BadFrame FL407 Error {
        es: "{what} no vale para WhatsApp: {found}.", "Encabezado y pie: 60 caracteres; enlaces: http o https.";
        en: "{what} is not accepted by WhatsApp: {found}", "header and footer: 60 characters; links: http or https";
    }
    /// A text without a translation.
    NotTranslated FL601 Warning {
        es: "Falta la traducción «{language}» de «{text}».", "";
        en: "the `{language}` translation of `{text}` is missing", "";
    }
    /// A translation of nothing.
    StaleTranslation FL602 Warning {
        es: "La traducción «{text}» es de algo que ya no existe.", "Bórrala.";
        en: "translation `{text}` is of something that no longer exists", "delete it";
    }
    /// A translation that uses other variables.
    OtherVariables FL603 Error {
        es: "La traducción «{language}» usa otras variables que el original: {names}.", "";
        en: "the `{language}` translation uses other variables than the original: {names}", "";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_a_code_of_the_format_and_says_something_in_every_language() {
        for problem in Problem::ALL {
            let code = problem.code();
            assert!(code.len() == 5 && code.starts_with("FL"), "{code}");
            for voice in [Voice::Spanish, Voice::English] {
                assert!(!problem.sentences(voice).0.is_empty(), "{problem:?}");
            }
        }
    }
}
