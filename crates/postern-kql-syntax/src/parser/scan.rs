//! The `scan` operator.

use super::Parser;
use crate::ast::{Scan, ScanOutput, ScanStep};
use crate::diagnostic::Code;
use crate::token::Token;

impl Parser<'_> {
    pub(super) fn scan(&mut self) -> Scan {
        let mut properties = self.hints(&["kind", "with_match_id", "with_step_name"]);
        let match_id =
            Self::take_option(&mut properties, &["with_match_id"]).and_then(|option| self.option_name(option));
        let mut scan = Scan {
            properties,
            order_by: Vec::new(),
            partition_by: Vec::new(),
            match_id,
            declarations: Vec::new(),
            steps: Vec::new(),
        };
        loop {
            match (self.word_at(0), self.word_at(1)) {
                ("order", "by") => {
                    self.at += 2;
                    scan.order_by = self.commas(Self::sort_key);
                }
                ("partition", "by") => {
                    self.at += 2;
                    scan.partition_by = self.commas(Self::expr);
                }
                ("declare", _) => {
                    self.bump();
                    scan.declarations = self.params("declare");
                }
                _ => break,
            }
        }
        self.need_word("with", "scan");
        let open = self.span();
        if self.need(Token::LeftParen, "`(`", "before the steps of `scan`") {
            while self.at_word("step") {
                let step = self.part(Self::scan_step);
                scan.steps.push(step);
                if !self.eat(Token::Semicolon) {
                    break;
                }
            }
            if scan.steps.is_empty() {
                self.error_here(Code::MissingPart, "`scan` needs at least one `step name: condition;`", None);
            }
            self.close(Token::RightParen, open);
        }
        scan
    }

    fn scan_step(&mut self) -> ScanStep {
        let start = self.bump().span();
        let name = self.name("the name of the step");
        let optional = self.eat_word("optional");
        let mut options = self.hints(&["output"]);
        let output = self.choice(
            &mut options,
            "output",
            |word| match word {
                "all" => Some(ScanOutput::All),
                "last" => Some(ScanOutput::Last),
                "none" => Some(ScanOutput::None),
                _ => None,
            },
            &["all", "last", "none"],
        );
        self.need(Token::Colon, "`:` and a condition", "after the step");
        self.condition = true;
        let condition = self.expr();
        self.condition = false;
        let assignments = if self.eat(Token::Arrow) { self.named_exprs() } else { Vec::new() };
        ScanStep { name, optional, output, condition, assignments, span: self.since(start) }
    }
}
