//! Texts of SQL: what they would be in KQL.

use super::Parser;
use crate::ast::{BinaryOp, Span};
use crate::diagnostic::Code;
use crate::token::Token;

/// The most tokens of a text of SQL that are looked at.
const LONGEST: usize = 400;

/// The parts of a `SELECT`, in KQL.
#[derive(Default)]
struct Select {
    table: String,
    columns: String,
    distinct: bool,
    condition: String,
    groups: String,
    order: String,
    count: String,
}

/// Where a piece of a `SELECT` goes.
#[derive(Clone, Copy, PartialEq)]
enum Clause {
    Columns,
    Table,
    Condition,
    Groups,
    Order,
    Count,
}

impl Parser<'_> {
    /// The `SELECT` that starts here in KQL; `None` when it holds more than the simplest parts.
    pub(super) fn translated(&self) -> Option<String> {
        if !self.word_at(0).eq_ignore_ascii_case("select") {
            return None;
        }
        let mut select = Select::default();
        let mut clause = Clause::Columns;
        let mut at = 1;
        for _ in 0..LONGEST {
            let token = self.ahead(at);
            if matches!(token, Token::End | Token::Semicolon) {
                return select.kql();
            }
            let text = self.lexeme(at).span().text(self.text);
            let word = if token == Token::Word { text.to_ascii_lowercase() } else { String::new() };
            let next_is_by = self.word_at(at + 1).eq_ignore_ascii_case("by");
            at += 1;
            let next = match word.as_str() {
                "from" => Some(Clause::Table),
                "where" => Some(Clause::Condition),
                "group" if next_is_by => Some(Clause::Groups),
                "order" if next_is_by => Some(Clause::Order),
                "limit" => Some(Clause::Count),
                "distinct" if clause == Clause::Columns => {
                    select.distinct = true;
                    continue;
                }
                "top" if clause == Clause::Columns && self.ahead(at) == Token::Long => {
                    self.lexeme(at).span().text(self.text).clone_into(&mut select.count);
                    at += 1;
                    continue;
                }
                "as" | "join" | "having" | "union" | "like" | "is" | "not" | "between" | "case" | "select"
                | "offset" => {
                    return None;
                }
                _ => None,
            };
            if let Some(next) = next {
                clause = next;
                at += usize::from(next_is_by);
                continue;
            }
            let part = match clause {
                Clause::Columns => &mut select.columns,
                Clause::Table => &mut select.table,
                Clause::Condition => &mut select.condition,
                Clause::Groups => &mut select.groups,
                Clause::Order => &mut select.order,
                Clause::Count => &mut select.count,
            };
            let piece = match token {
                Token::Assign => "==",
                Token::NotEqual => "!=",
                Token::Word if matches!(word.as_str(), "and" | "or" | "in" | "asc" | "desc") => word.as_str(),
                _ => text,
            };
            let tight = part.is_empty()
                || part.ends_with(['(', '.'])
                || matches!(token, Token::Comma | Token::RightParen | Token::Dot)
                || (token == Token::LeftParen && !part.ends_with(" in"));
            if !tight {
                part.push(' ');
            }
            part.push_str(piece);
        }
        None
    }

    /// Reports `IS NULL` and `IS NOT NULL` behind a value, and passes over it.
    pub(super) fn null_test(&mut self, left: Span) -> bool {
        if !self.word_at(0).eq_ignore_ascii_case("is") {
            return false;
        }
        let not = self.word_at(1).eq_ignore_ascii_case("not");
        let words = 1 + usize::from(not);
        if !self.word_at(words).eq_ignore_ascii_case("null") {
            return false;
        }
        let value = self.short(left);
        let function = if not { "isnotnull" } else { "isnull" };
        let message = if not { "`is not null` is a form of SQL" } else { "`is null` is a form of SQL" };
        let hint = format!("write `{function}({value})`; text is never null, so `isempty({value})` for text");
        self.error_here(Code::Sql, message, Some(&hint));
        self.at += words + 1;
        true
    }

    /// Reports `like` with a pattern of SQL.
    pub(super) fn like(&mut self, op: BinaryOp, left: Span, length: usize) {
        let negated = match op {
            BinaryOp::Like | BinaryOp::LikeCs => false,
            BinaryOp::NotLike | BinaryOp::NotLikeCs => true,
            _ => return,
        };
        let right = self.lexeme(length);
        let pattern = right.span().text(self.text).trim_matches(['"', '\'']);
        if right.token == Token::Text && pattern.contains('%') {
            let hint = like_hint(negated, &self.short(left), Some(pattern));
            self.error_here(Code::Sql, "`like` with `%` is a form of SQL", Some(&hint));
        }
    }

    /// A short text at a place, for a hint.
    fn short(&self, span: Span) -> String {
        let text = span.text(self.text);
        if text.is_empty() || text.len() > 60 || text.contains('\n') { "x".to_owned() } else { text.to_owned() }
    }
}

impl Select {
    fn kql(&self) -> Option<String> {
        let plain = |c: char| c.is_alphanumeric() || c == '_';
        if self.table.is_empty() || !self.table.chars().all(plain) {
            return None;
        }
        let mut steps = vec![self.table.clone()];
        if !self.condition.is_empty() {
            steps.push(format!("where {}", self.condition));
        }
        let columns = self.columns.replace("COUNT(*)", "count()").replace("count(*)", "count()");
        let aggregates = columns.contains('(');
        if aggregates || !self.groups.is_empty() {
            // Group columns come of themselves.
            let groups: Vec<&str> = self.groups.split(',').map(str::trim).filter(|g| !g.is_empty()).collect();
            let rest: Vec<&str> = columns.split(", ").filter(|c| !groups.contains(c)).collect();
            let by = if groups.is_empty() { String::new() } else { format!(" by {}", groups.join(", ")) };
            steps.push(format!("summarize {}{by}", rest.join(", ")).replace("summarize  by", "summarize by"));
        } else if self.distinct {
            steps.push(format!("distinct {columns}"));
        } else if columns != "*" {
            steps.push(format!("project {columns}"));
        }
        if !self.order.is_empty() {
            steps.push(format!("order by {}", self.order));
        }
        if !self.count.is_empty() {
            steps.push(format!("take {}", self.count));
        }
        let kql = steps.join(" | ");
        (kql.len() <= 300 && !kql.contains(['\n', '`'])).then_some(kql)
    }
}

/// What to write instead of `like` with a pattern whose `%` or `*` stands for any run of characters.
pub fn like_hint(negated: bool, value: &str, pattern: Option<&str>) -> String {
    let not = if negated { "!" } else { "" };
    let Some(pattern) = pattern else {
        return format!("write `{value} {not}contains …`, `{not}startswith …` or `{not}endswith …`");
    };
    let any = ['%', '*'];
    let inner = pattern.trim_matches(any);
    let plain = !inner.is_empty() && inner.len() < 60 && !inner.contains(['%', '*', '_', '"', '\\', '\n']);
    match (plain, pattern.starts_with(any), pattern.ends_with(any)) {
        (true, true, true) => format!("write `{value} {not}contains \"{inner}\"`"),
        (true, false, true) => format!("write `{value} {not}startswith \"{inner}\"`"),
        (true, true, false) => format!("write `{value} {not}endswith \"{inner}\"`"),
        (true, false, false) => format!("write `{value} {} \"{inner}\"`", if negated { "!~" } else { "=~" }),
        _ if negated => format!("write `not({value} matches regex @\"…\")`"),
        _ => format!("write `{value} matches regex @\"…\"`"),
    }
}

#[cfg(test)]
mod tests {
    use crate::parse;

    fn hint(text: &str) -> String {
        parse(text).diagnostics.first().and_then(|d| d.hint.clone()).unwrap_or_default()
    }

    #[test]
    fn a_simple_select_is_shown_in_kql() {
        for (sql, kql) in [
            ("SELECT * FROM T", "T"),
            (
                "select a, b from T where a = 'x' AND b <> 2 limit 5",
                "T | where a == 'x' and b != 2 | project a, b | take 5",
            ),
            ("SELECT a, COUNT(*) FROM T GROUP BY a ORDER BY a DESC", "T | summarize count() by a | order by a desc"),
            ("SELECT DISTINCT a FROM T WHERE b IN (1, 2)", "T | where b in (1, 2) | distinct a"),
            ("SELECT TOP 10 a FROM T", "T | project a | take 10"),
        ] {
            assert_eq!(hint(sql), format!("write `{kql}`"), "{sql}");
        }
        assert!(hint("select a as b from T").contains("project"), "the general hint");
        assert!(hint("select a from T join U").contains("project"));
    }

    #[test]
    fn sql_inside_a_condition_is_told_and_reading_goes_on() {
        let found = parse("T | where a IS NOT NULL and b LIKE '%x%' and c = 1");
        let hints: Vec<&str> = found.diagnostics.iter().filter_map(|d| d.hint.as_deref()).collect();
        assert_eq!(hints.len(), 3, "{hints:?}");
        assert!(hints[0].contains("isnotnull(a)"), "{hints:?}");
        assert_eq!(hints[1], "write `b contains \"x\"`");
        assert!(hints[2].contains("`==`"), "{hints:?}");
    }
}
