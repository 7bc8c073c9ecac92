//! Meta's limits of what is sent. Lengths are in characters, not bytes.
//!
//! Source, where nothing else is said: `whatsapp-protocol.md` section 10, after Meta's documentation of each message
//! type. Whatever exceeds one is refused by Meta with 100, 131008 or 131009.

/// Characters of a text.
pub const TEXT: usize = 4096;
/// Characters under a picture, a film or a document.
pub const CAPTION: usize = 1024;
/// Characters of a document's name (Meta's API description, `MediaObject.filename`).
pub const FILENAME: usize = 240;
/// Characters of the text above buttons.
pub const BUTTONS_BODY: usize = 1024;
/// Characters of the text above a list.
pub const LIST_BODY: usize = 4096;
/// Characters of the text above a link.
pub const LINK_BODY: usize = 1024;
/// Characters of the text that asks for a location. Undocumented; the strictest of its siblings.
pub const LOCATION_REQUEST_BODY: usize = 1024;
/// Characters of an interactive message's header.
pub const HEADER: usize = 60;
/// Characters of an interactive message's footer.
pub const FOOTER: usize = 60;
/// Buttons under one message.
pub const BUTTONS: usize = 3;
/// Characters on a button.
pub const BUTTON_TITLE: usize = 20;
/// Characters of a button's id.
pub const BUTTON_ID: usize = 256;
/// Characters of the label that opens a list.
pub const LIST_BUTTON: usize = 20;
/// Sections of a list.
pub const SECTIONS: usize = 10;
/// Rows of a list, in all its sections together.
pub const ROWS: usize = 10;
/// Characters of a section's title.
pub const SECTION_TITLE: usize = 24;
/// Characters of a row's id.
pub const ROW_ID: usize = 200;
/// Characters of a row's title.
pub const ROW_TITLE: usize = 24;
/// Characters of a row's description.
pub const ROW_DESCRIPTION: usize = 72;
/// Characters on a link's button.
pub const LINK_LABEL: usize = 20;
/// Address cards in one message (section 18: 257 in older documentation, 5 in the published schema).
pub const CONTACTS: usize = 5;
/// Characters of a template's name.
pub const TEMPLATE_NAME: usize = 512;
/// Characters of a value in a template's header: the whole header has no more.
pub const TEMPLATE_HEADER: usize = 60;
/// Characters of a value in a template's body: the whole body has no more.
pub const TEMPLATE_BODY: usize = 1024;
/// Spaces that may follow one another in a template's value (section 8.2; error 132018).
pub const TEMPLATE_SPACES: usize = 4;
/// Characters of what comes back with every receipt.
pub const CALLBACK_DATA: usize = 512;
/// Bytes of an id of Meta's that we name: a quoted or reacted-to message, a file (section 1).
pub const ID_BYTES: usize = 512;
/// Digits of a phone number (E.164).
pub const PHONE_DIGITS: usize = 15;
