//! Words of a command in which something is filled in: `{dir}`, and `{{dir}}` where the braces are meant.

/// A part of a word.
enum Piece<'a> {
    /// As it stands.
    Text(&'a str),
    /// `{name}`.
    Placeholder(&'a str),
    /// `{{name}}`: the name in single braces.
    Literal(&'a str),
}

/// Names that a word wants filled in, in their order. `${name}` is a shell's, and none.
pub fn placeholders(word: &str) -> impl Iterator<Item = &str> {
    pieces(word).into_iter().filter_map(|piece| match piece {
        Piece::Placeholder(name) => Some(name),
        Piece::Text(_) | Piece::Literal(_) => None,
    })
}

/// The word with `values` filled in, by their names; what has none stays, and so does every brace that is around no name.
pub fn filled(word: &str, values: &[(&str, &str)]) -> String {
    let pieces = pieces(word).into_iter().map(|piece| match piece {
        Piece::Text(text) => text.to_string(),
        Piece::Literal(name) => format!("{{{name}}}"),
        Piece::Placeholder(name) => match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => value.to_string(),
            None => format!("{{{name}}}"),
        },
    });
    pieces.collect()
}

fn pieces(word: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut begun, mut at) = (0, 0);
    while let Some(brace) = word[at..].find('{').map(|found| at + found) {
        let (before, rest) = (&word[begun..brace], &word[brace..]);
        let literal = rest.strip_prefix("{{").and_then(|inner| named(inner, "}}"));
        let is_shell = word[..brace].ends_with('$');
        let placeholder = rest.strip_prefix('{').filter(|_| !is_shell).and_then(|inner| named(inner, "}"));
        let (piece, length) = match (literal, placeholder) {
            (Some(name), _) => (Piece::Literal(name), name.len() + 4),
            (None, Some(name)) => (Piece::Placeholder(name), name.len() + 2),
            (None, None) => {
                at = brace + 1;
                continue;
            }
        };
        pieces.extend([Piece::Text(before), piece]);
        at = brace + length;
        begun = at;
    }
    pieces.push(Piece::Text(&word[begun..]));
    pieces
}

/// The name with which `text` begins, if `end` is behind it.
fn named<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    let length = text.bytes().take_while(u8::is_ascii_lowercase).count();
    (length > 0 && text[length..].starts_with(end)).then(|| &text[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_braces_are_filled_in_and_doubled_braces_are_meant() {
        let values = [("dir", "/run"), ("port", "5")];
        for (word, said) in [
            ("--at={dir}/{port}", "--at=/run/5"),
            ("{{dir}}", "{dir}"),
            ("{{{dir}}}", "{{dir}}"),
            ("{{dir}}{dir}{{port}}", "{dir}/run{port}"),
            ("${dir} ${{dir}}", "${dir} ${dir}"),
            ("{other}", "{other}"),
            ("{ dir } {} {\"a\":{\"b\":1}} {{ }}", "{ dir } {} {\"a\":{\"b\":1}} {{ }}"),
            ("{{dir}", "{/run"),
            ("ü{dir}ü{", "ü/runü{"),
            ("", ""),
        ] {
            assert_eq!(filled(word, &values), said, "{word}");
        }
        assert_eq!(placeholders("{a}{{b}}${c} {d").collect::<Vec<_>>(), ["a"]);
    }
}
