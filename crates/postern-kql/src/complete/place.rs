//! Where in a query text somebody is typing: inside which brackets, behind which operator, and what may come next.

use postern_kql_syntax::Span;
use postern_kql_syntax::pieces::{Class, Piece, pieces};

/// What a pair of brackets holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Statements: the whole text, or the body of a function.
    Statements,
    /// A pipeline of its own.
    Rows,
    /// Operators over the rows of the pipeline around.
    Steps,
    /// Part of an expression, or arguments.
    Values,
}

/// An open pair of brackets around the place.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) holds: Holds,
    /// The word in front of the bracket.
    pub(super) opener: String,
    /// Where what it holds begins.
    pub(super) body: usize,
    /// Where the statement or pipeline that is being typed begins.
    pub(super) start: usize,
    /// The last bar of it.
    pub(super) bar: Option<usize>,
    /// The operator, source or statement word that is being typed, and where it ends.
    pub(super) operator: Option<(String, usize)>,
    /// Words of the grammar since the operator.
    pub(super) keywords: Vec<String>,
    /// The last bracketed part since the operator.
    pub(super) group: Option<Span>,
    /// Commas since the bracket.
    pub(super) commas: usize,
}

impl Frame {
    fn new(holds: Holds, opener: &str, at: usize) -> Self {
        Self {
            holds,
            opener: opener.to_owned(),
            body: at,
            start: at,
            bar: None,
            operator: None,
            keywords: Vec::new(),
            group: None,
            commas: 0,
        }
    }

    fn restart(&mut self, at: usize) {
        *self = Self { body: self.body, ..Self::new(self.holds, &self.opener, at) };
    }

    /// The name of the operator that is being typed.
    pub(super) fn operator(&self) -> Option<&str> {
        self.operator.as_ref().map(|(name, _)| name.as_str())
    }
}

/// Where somebody is typing.
#[derive(Debug)]
pub(super) struct Place<'t> {
    pub(super) text: &'t str,
    /// The word that is being typed, up to the place.
    pub(super) word: Span,
    /// The brackets around, outermost first; never empty.
    pub(super) frames: Vec<Frame>,
    /// The pieces before the word.
    pub(super) before: Vec<Piece>,
    /// In a text or a comment, where nothing is offered.
    pub(super) inert: bool,
}

/// Looks at the text before `offset`.
pub(super) fn locate(text: &str, offset: usize) -> Place<'_> {
    let offset = text.floor_char_boundary(offset);
    let head = text.get(..offset).unwrap_or_default();
    let mut before = pieces(head);
    let inert = before.last().is_some_and(|last| {
        last.span.end == offset && (last.unclosed || last.class == Class::Comment || last.class == Class::Text)
    });
    before.retain(|piece| piece.class != Class::Comment);
    let mut word = Span::new(offset, offset);
    if let Some(last) = before.last()
        && last.span.end == offset
        && is_word(last)
    {
        word = last.span;
        before.pop();
        // An operator's name may have hyphens.
        while let [.., bar_or_other, first, minus] = before.as_slice()
            && minus.span.text(head) == "-"
            && minus.span.end == word.start
            && first.span.end == minus.span.start
            && is_word(first)
            && (bar_or_other.span.text(head) == "|" || bar_or_other.span.text(head) == "-")
        {
            word = Span::new(first.span.start, offset);
            before.truncate(before.len() - 2);
        }
    }
    if let [.., bar, first, minus] = before.as_slice()
        && word.start == offset
        && minus.span.text(head) == "-"
        && minus.span.end == offset
        && first.span.end == minus.span.start
        && bar.span.text(head) == "|"
    {
        word = Span::new(first.span.start, offset);
        before.truncate(before.len() - 2);
    }
    let frames = frames(head, &before);
    Place { text: head, word, frames, before, inert }
}

fn is_word(piece: &Piece) -> bool {
    matches!(piece.class, Class::Operator | Class::Keyword | Class::Function | Class::Name | Class::Type)
}

fn frames(text: &str, pieces: &[Piece]) -> Vec<Frame> {
    let mut frames = vec![Frame::new(Holds::Statements, "", 0)];
    let mut previous: Option<&Piece> = None;
    let mut opened: Vec<usize> = Vec::new();
    for piece in pieces {
        let word = piece.span.text(text);
        let Some(frame) = frames.last_mut() else { break };
        match word {
            "(" | "[" | "{" if piece.class == Class::Symbol => {
                let opener = previous.filter(|p| is_word(p)).map_or("", |p| p.span.text(text));
                let holds = if word == "{" { Holds::Statements } else { held(frame, opener, word) };
                opened.push(piece.span.start);
                frames.push(Frame::new(holds, opener, piece.span.end));
            }
            ")" | "]" | "}" if piece.class == Class::Symbol => {
                if frames.len() > 1 {
                    frames.pop();
                }
                if let (Some(frame), Some(start)) = (frames.last_mut(), opened.pop()) {
                    frame.group = Some(Span::new(start, piece.span.end));
                }
            }
            "|" if piece.class == Class::Symbol => {
                frame.bar = Some(piece.span.start);
                frame.operator = None;
                frame.keywords.clear();
                frame.group = None;
            }
            ";" if piece.class == Class::Symbol => frame.restart(piece.span.end),
            "=" if frame.operator() == Some("let") => {
                let at = piece.span.end;
                frame.start = at;
                frame.operator = None;
            }
            "," => frame.commas += 1,
            _ => {
                let first = frame.holds == Holds::Steps && frame.operator.is_none() && frame.bar.is_none();
                let joined = frame.operator.as_mut().filter(|(_, end)| *end == piece.span.start);
                match (joined, piece.class) {
                    (Some((name, end)), Class::Operator) => {
                        name.push_str(word);
                        *end = piece.span.end;
                    }
                    (_, class) if class == Class::Operator || first => {
                        frame.operator = Some((word.to_owned(), piece.span.end));
                        frame.keywords.clear();
                        frame.group = None;
                    }
                    (_, Class::Keyword) => frame.keywords.push(word.to_owned()),
                    _ => {}
                }
            }
        }
        previous = Some(piece);
    }
    frames
}

/// What a bracket in the place of a frame holds.
fn held(frame: &Frame, opener: &str, bracket: &str) -> Holds {
    if bracket == "[" {
        return Holds::Values;
    }
    let on = frame.keywords.iter().any(|word| word == "on");
    match frame.operator() {
        Some("join" | "lookup") if !on => Holds::Rows,
        Some("union") if !matches!(opener, "table" | "database" | "cluster") => Holds::Rows,
        Some("mv-apply" | "mvapply") if opener == "on" => Holds::Steps,
        Some("fork" | "partition") => Holds::Steps,
        Some("facet") if opener == "with" => Holds::Steps,
        _ if matches!(opener, "materialize" | "toscalar" | "totable") => Holds::Rows,
        _ => Holds::Values,
    }
}

impl<'t> Place<'t> {
    /// The last piece before the word.
    pub(super) fn previous(&self) -> &'t str {
        self.before.last().map_or("", |piece| piece.span.text(self.text))
    }

    /// The last piece but `back`.
    pub(super) fn earlier(&self, back: usize) -> &'t str {
        self.before.iter().rev().nth(back).map_or("", |piece| piece.span.text(self.text))
    }

    /// The innermost brackets.
    pub(super) fn frame(&self) -> Option<&Frame> {
        self.frames.last()
    }

    /// Whether nothing stands yet in the innermost brackets or statement.
    pub(super) fn at_start(&self) -> bool {
        self.frame().is_none_or(|f| self.before.last().is_none_or(|piece| piece.span.end <= f.start))
    }

    /// Whether a value ends just before the place, so that an operator or a word of the grammar comes next.
    pub(super) fn behind_value(&self) -> bool {
        self.before.last().is_some_and(|piece| {
            matches!(piece.class, Class::Name | Class::Number | Class::Text | Class::Type)
                || matches!(piece.span.text(self.text), ")" | "]")
        })
    }

    /// The frame whose operator the place belongs to: the innermost that is no mere bracket in an expression.
    pub(super) fn step(&self) -> Option<(usize, &Frame)> {
        self.frames.iter().enumerate().rev().find(|(_, f)| f.holds != Holds::Values || f.bar.is_some())
    }

    /// The text of the pipeline whose rows the operator at the place works on, with the statements it needs.
    pub(super) fn input(&self) -> Option<String> {
        let (depth, _) = self.step()?;
        let pipeline = self.pipeline(depth)?;
        Some(format!("{}{pipeline}", self.statements()))
    }

    /// The same for a bracketed pipeline of its own, such as the right side of a join.
    pub(super) fn group_input(&self, group: Span) -> String {
        let inner = self.text.get(group.start..group.end).unwrap_or_default();
        format!("{}{inner}", self.statements())
    }

    /// The statements before the one at the place, those of function bodies around it too.
    fn statements(&self) -> String {
        let mut out = String::new();
        for frame in self.frames.iter().filter(|f| f.holds == Holds::Statements) {
            let end = self.text.get(frame.body..frame.start).and_then(|t| t.rfind(';')).map(|at| frame.body + at + 1);
            if let Some(done) = end.and_then(|end| self.text.get(frame.body..end)) {
                out.push_str(done);
                out.push('\n');
            }
        }
        out
    }

    fn pipeline(&self, depth: usize) -> Option<String> {
        let frame = self.frames.get(depth)?;
        let own = frame.bar.and_then(|bar| self.text.get(frame.start..bar)).map(str::trim).filter(|t| !t.is_empty());
        if frame.holds != Holds::Steps {
            return own.map(str::to_owned);
        }
        let outer = (0..depth).rev().find_map(|at| self.pipeline(at))?;
        Some(match own {
            Some(own) => format!("{outer} | {own}"),
            None => outer,
        })
    }

    /// The names that statements before the place made.
    pub(super) fn earlier_statements(&self) -> String {
        self.statements()
    }
}
