//! The operators between two expressions.

use super::Parser;
use crate::ast::{BinaryOp, InOp, LogicalOp};
use crate::token::Token;

/// An operator between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Infix {
    Logical(LogicalOp),
    Binary(BinaryOp),
    In(InOp),
    Between { negated: bool },
}

/// How tightly an operator binds; a higher number binds tighter. Operators on
/// texts bind tighter than arithmetic.
pub(super) const LOOSEST: u8 = 1;

impl Infix {
    pub(super) const fn power(self) -> u8 {
        match self {
            Self::Logical(LogicalOp::Or) => LOOSEST,
            Self::Logical(LogicalOp::And) => 2,
            Self::In(_) | Self::Between { .. } => 3,
            Self::Binary(op) => power(op),
        }
    }
}

/// How tightly a binary operator binds.
pub(crate) const fn power(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Equal | BinaryOp::NotEqual => 3,
        BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual => 4,
        BinaryOp::Add | BinaryOp::Subtract => 5,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => 6,
        _ => 7,
    }
}

/// The words that stand between two expressions; each but `and`, `or`, `matches` may have `!` or, for some, `~` beside it.
pub const WORDS: &[&str] = &[
    "and",
    "or",
    "in",
    "between",
    "has",
    "has_cs",
    "has_any",
    "has_all",
    "hasprefix",
    "hasprefix_cs",
    "hassuffix",
    "hassuffix_cs",
    "contains",
    "contains_cs",
    "startswith",
    "startswith_cs",
    "endswith",
    "endswith_cs",
    "matches",
];

impl Parser<'_> {
    /// The operator at `ahead` and how many tokens it has.
    pub(super) fn infix_at(&self, ahead: usize) -> Option<(Infix, usize)> {
        let binary = |op| Some((Infix::Binary(op), 1));
        match self.ahead(ahead) {
            Token::Plus => binary(BinaryOp::Add),
            Token::Minus => binary(BinaryOp::Subtract),
            Token::Star => binary(BinaryOp::Multiply),
            Token::Slash => binary(BinaryOp::Divide),
            Token::Percent => binary(BinaryOp::Modulo),
            Token::Equal => binary(BinaryOp::Equal),
            Token::NotEqual => binary(BinaryOp::NotEqual),
            Token::Less => binary(BinaryOp::Less),
            Token::LessOrEqual => binary(BinaryOp::LessOrEqual),
            Token::Greater => binary(BinaryOp::Greater),
            Token::GreaterOrEqual => binary(BinaryOp::GreaterOrEqual),
            Token::EqualTilde => binary(BinaryOp::EqualNoCase),
            Token::NotTilde => binary(BinaryOp::NotEqualNoCase),
            Token::Colon if self.searching => binary(BinaryOp::Search),
            Token::Word => self.word_infix(ahead),
            Token::Exclamation if self.touches(ahead) => self.negated_infix(ahead),
            _ => None,
        }
    }

    fn word_infix(&self, ahead: usize) -> Option<(Infix, usize)> {
        let word = self.word_at(ahead);
        if word == "in" && self.no_in && self.word_at(ahead + 1) == "range" {
            return None;
        }
        // The words are known in lower case only; others are read all the same and reported.
        let lower = word.to_ascii_lowercase();
        let infix = match lower.as_str() {
            "and" => Infix::Logical(LogicalOp::And),
            "or" => Infix::Logical(LogicalOp::Or),
            "between" => Infix::Between { negated: false },
            "in" if self.ahead(ahead + 1) == Token::Tilde && self.touches(ahead) => {
                return Some((Infix::In(InOp::InNoCase), 2));
            }
            "in" => Infix::In(InOp::In),
            "has_any" => Infix::In(InOp::HasAny),
            "has_all" => Infix::In(InOp::HasAll),
            "matches" if self.word_at(ahead + 1).eq_ignore_ascii_case("regex") => {
                return Some((Infix::Binary(BinaryOp::MatchesRegex), 2));
            }
            other => Infix::Binary(plain(other)?),
        };
        Some((infix, 1))
    }

    fn negated_infix(&self, ahead: usize) -> Option<(Infix, usize)> {
        let word = self.word_at(ahead + 1).to_ascii_lowercase();
        let infix = match word.as_str() {
            "in" if self.ahead(ahead + 2) == Token::Tilde && self.touches(ahead + 1) => {
                return Some((Infix::In(InOp::NotInNoCase), 3));
            }
            "in" => Infix::In(InOp::NotIn),
            "between" => Infix::Between { negated: true },
            other => Infix::Binary(negated(other)?),
        };
        Some((infix, 2))
    }
}

fn plain(word: &str) -> Option<BinaryOp> {
    Some(match word {
        "has" => BinaryOp::Has,
        "has_cs" => BinaryOp::HasCs,
        "hasprefix" => BinaryOp::HasPrefix,
        "hasprefix_cs" => BinaryOp::HasPrefixCs,
        "hassuffix" => BinaryOp::HasSuffix,
        "hassuffix_cs" => BinaryOp::HasSuffixCs,
        "contains" => BinaryOp::Contains,
        "contains_cs" | "containscs" => BinaryOp::ContainsCs,
        "notcontains" => BinaryOp::NotContains,
        "notcontainscs" => BinaryOp::NotContainsCs,
        "startswith" => BinaryOp::StartsWith,
        "startswith_cs" => BinaryOp::StartsWithCs,
        "endswith" => BinaryOp::EndsWith,
        "endswith_cs" => BinaryOp::EndsWithCs,
        "like" => BinaryOp::Like,
        "notlike" => BinaryOp::NotLike,
        "likecs" => BinaryOp::LikeCs,
        "notlikecs" => BinaryOp::NotLikeCs,
        _ => return None,
    })
}

fn negated(word: &str) -> Option<BinaryOp> {
    Some(match word {
        "has" => BinaryOp::NotHas,
        "has_cs" => BinaryOp::NotHasCs,
        "hasprefix" => BinaryOp::NotHasPrefix,
        "hasprefix_cs" => BinaryOp::NotHasPrefixCs,
        "hassuffix" => BinaryOp::NotHasSuffix,
        "hassuffix_cs" => BinaryOp::NotHasSuffixCs,
        "contains" => BinaryOp::NotContains,
        "contains_cs" => BinaryOp::NotContainsCs,
        "startswith" => BinaryOp::NotStartsWith,
        "startswith_cs" => BinaryOp::NotStartsWithCs,
        "endswith" => BinaryOp::NotEndsWith,
        "endswith_cs" => BinaryOp::NotEndsWithCs,
        _ => return None,
    })
}
