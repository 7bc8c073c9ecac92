//! What people write who know another language, and how it is written here.

/// A hint for an expression that does not parse; the general one if nothing is recognized.
pub(super) fn hint(source: &str) -> String {
    let code = outside_texts(source);
    let word = |w: &str| code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == w);
    let hint = if word("and") || word("AND") {
        "and → &&"
    } else if word("or") || word("OR") {
        "or → ||"
    } else if word("not") || word("NOT") {
        "not x → !x"
    } else if word("null") || word("None") || word("nil") {
        "x == null → !is_set(x)"
    } else if source.contains('\'') {
        "'texto' → \"texto\""
    } else if code.contains('?') && code.contains(':') {
        "a ? b : c → if a { b } else { c }"
    } else if code.contains("=>") && !word("switch") || code.contains('|') && !code.contains("||") {
        "x => … → count_where, find_where, sum, pluck"
    } else if code.contains('=') && !["==", "!=", "<=", ">="].iter().any(|o| code.contains(o)) {
        "x = 1 → x == 1"
    } else if code.contains('{') && !word("if") && !word("switch") {
        "{{x}} → x"
    } else {
        "x == 1 && y in [\"a\", \"b\"]"
    };
    hint.to_owned()
}

/// The source with the content of its double-quoted texts blanked.
fn outside_texts(source: &str) -> String {
    let mut inside = false;
    let mut escaped = false;
    source
        .chars()
        .map(|c| {
            let quote = c == '"' && !escaped;
            escaped = inside && c == '\\' && !escaped;
            if quote {
                inside = !inside;
            }
            if inside && !quote { ' ' } else { c }
        })
        .collect()
}
