//! Columns of text that fit into a width. Pure: no terminal and no clock.

/// The space between columns.
const GAP: &str = "  ";
/// What a text that is cut ends with.
const CUT: char = '…';

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// Lays rows out under their heads. The first column gives way when the width is too small, then all that stands
/// past the edge is cut.
pub fn lay_out(heads: &[(&str, Align)], rows: &[Vec<String>], width: usize) -> Vec<String> {
    let mut widths: Vec<usize> = heads.iter().map(|(head, _)| head.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    let total = widths.iter().sum::<usize>() + gaps;
    if let Some(first) = widths.first_mut() {
        let least = heads.first().map_or(0, |(head, _)| head.chars().count());
        *first = first.saturating_sub(total.saturating_sub(width)).max(least);
    }
    let head: Vec<String> = heads.iter().map(|(head, _)| (*head).to_owned()).collect();
    std::iter::once(&head)
        .chain(rows)
        .map(|row| {
            let cells = row.iter().zip(heads).zip(&widths);
            let cells = cells.map(|((cell, (_, align)), &width)| aligned(cell, *align, width));
            cut(cells.collect::<Vec<_>>().join(GAP).trim_end(), width)
        })
        .collect()
}

fn aligned(cell: &str, align: Align, width: usize) -> String {
    let cell = cut(cell, width);
    match align {
        Align::Left => format!("{cell:<width$}"),
        Align::Right => format!("{cell:>width$}"),
    }
}

/// At most so many characters of a text.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept = text.chars().take(width.saturating_sub(1));
    if width == 0 { String::new() } else { kept.chain([CUT]).collect() }
}

/// A text without characters that a terminal would obey.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
