//! What the engine itself says, by language: only where a flow says nothing.

use crate::format;

/// The engine's own words in one language.
pub(crate) struct Voice {
    pub(crate) list_button: &'static str,
    pub(crate) yes: &'static str,
    pub(crate) no: &'static str,
    pub(crate) invalid: &'static str,
    pub(crate) unexpected_media: &'static str,
    pub(crate) handing_over: &'static str,
}

const SPANISH: Voice = Voice {
    list_button: "Ver opciones",
    yes: "Sí",
    no: "No",
    invalid: "No entendí tu respuesta.",
    unexpected_media: "Por ahora solo puedo leer texto.",
    handing_over: "Te comunico con una persona de nuestro equipo.",
};

const ENGLISH: Voice = Voice {
    list_button: "See options",
    yes: "Yes",
    no: "No",
    invalid: "I did not understand your answer.",
    unexpected_media: "For now I can only read text.",
    handing_over: "I will connect you with a person of our team.",
};

const PORTUGUESE: Voice = Voice {
    list_button: "Ver opções",
    yes: "Sim",
    no: "Não",
    invalid: "Não entendi sua resposta.",
    unexpected_media: "Por enquanto só consigo ler texto.",
    handing_over: "Vou te passar para uma pessoa da nossa equipe.",
};

/// The words of a language; Spanish where it is not known.
pub(crate) fn of(language: &str) -> &'static Voice {
    match format::base(language) {
        "en" => &ENGLISH,
        "pt" => &PORTUGUESE,
        _ => &SPANISH,
    }
}
