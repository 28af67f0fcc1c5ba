//! A file as text, and Rust source with comments and literals blanked, so that a rule about code sees code alone.

/// A text file of the repository.
#[derive(Clone, Debug)]
pub struct File {
    /// Relative to the root, parted by `/`.
    pub path: String,
    /// All of it.
    pub text: String,
    /// Of Rust source: the text with comments and the insides of literals turned into spaces; otherwise empty.
    pub code: String,
}

impl File {
    /// A file of this path and text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let code = if path.ends_with(".rs") { code_of(&text) } else { String::new() };
        Self { path, text, code }
    }

    /// Whether this is Rust source.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether this is a test: in a folder of tests, or a module of them.
    pub fn is_test(&self) -> bool {
        let mut parts = self.path.rsplit('/');
        let name = parts.next().unwrap_or_default();
        name == "tests.rs" || name.ends_with("_tests.rs") || parts.any(|folder| folder == "tests")
    }
}

/// Whether `word` stands somewhere in `line` with no letter, digit or underscore on either side of it.
pub fn has_word(line: &str, word: &str) -> bool {
    let part_of_word =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = line.as_bytes();
    line.match_indices(word).any(|(start, _)| {
        let before = start.checked_sub(1).and_then(|before| bytes.get(before));
        let (first, last) = (word.as_bytes().first(), word.as_bytes().last());
        let began_before = part_of_word(first) && part_of_word(before);
        let goes_on = part_of_word(last) && part_of_word(bytes.get(start + word.len()));
        !began_before && !goes_on
    })
}

/// Blanks comments and the insides of literals; lines stay where they are.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (kept, blanked) =
            next_piece(rest, code.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        let (piece, after) = rest.split_at(kept + blanked);
        code.push_str(&piece[..kept]);
        code.extend(piece[kept..].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = after;
    }
    code
}

/// How many bytes to keep and how many after them to blank; at least one in all.
fn next_piece(text: &str, inside_word: bool) -> (usize, usize) {
    let line = text.find('\n').unwrap_or(text.len());
    if text.starts_with("//") {
        return (0, line);
    }
    if text.starts_with("/*") {
        return (0, block_comment(text));
    }
    if let Some(inner) = text.strip_prefix('"') {
        return (1, quoted(inner, '"'));
    }
    if !inside_word && let Some((head, length)) = raw_string(text) {
        return (head, length);
    }
    if let Some(inner) = text.strip_prefix('\'') {
        return char_literal(inner).map_or((1, 0), |length| (1, length));
    }
    (text.chars().next().map_or(1, char::len_utf8), 0)
}

/// The length of a comment that may hold others.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length up to and with the closing quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The head of a raw string (`r##"`, `br"`) and the length of what follows, closing included.
fn raw_string(text: &str) -> Option<(usize, usize)> {
    let after_letter = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = after_letter.len() - after_letter.trim_start_matches('#').len();
    let inner = after_letter[hashes..].strip_prefix('"')?;
    let closing = format!("\"{}", "#".repeat(hashes));
    let length = inner.find(&closing).map_or(inner.len(), |at| at + closing.len());
    Some((text.len() - inner.len(), length))
}

/// The length of a character literal behind its opening quote; none for a lifetime or a label.
fn char_literal(inner: &str) -> Option<usize> {
    if inner.starts_with('\\') {
        return Some(quoted(inner, '\''));
    }
    let c = inner.chars().next()?;
    inner[c.len_utf8()..].starts_with('\'').then(|| c.len_utf8() + 1)
}
