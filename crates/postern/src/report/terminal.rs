//! The report for a terminal: what was read, then each case in a screenful.

use std::fmt::Write as _;

use anstyle::Style;
use postern_model::account::{FileAccount, IngestAccount, NOT_RECOGNISED, UNREADABLE};
use postern_model::report::{Case, Classification, Evidence, Finding, Report};

use super::words;
use crate::screen::{ALARM, CALM, CAUTION, FAINT, FINE, STRONG, Screen, paint};
use crate::text::{self, count, fit, visible, wrap};

/// Findings shown per case; `-v` shows all.
const FINDINGS: usize = 5;
/// Lines of each shorter list per case; `-v` shows all.
const LINES: usize = 3;
/// Addresses that mail goes to, shown per case; `-v` shows all.
const TARGETS: usize = 8;
/// Files listed one by one; `-v` lists all.
const FILES: usize = 12;

struct Page<'a> {
    screen: &'a Screen,
    out: String,
}

/// The whole report as text.
pub(crate) fn render(report: &Report, screen: &Screen) -> String {
    let mut page = Page { screen, out: String::new() };
    page.account(&report.ingest);
    page.line("Evidence  ", &words::evidence(&report.evidence));
    page.overview(report);
    for problem in &report.problems {
        page.styled_line("Caution   ", Some(CAUTION), &format!("not looked for: {problem}"));
    }
    for case in &report.cases {
        page.case(case);
    }
    page.out
}

/// The account of what was read, as text.
pub(crate) fn render_account(account: &IngestAccount, screen: &Screen) -> String {
    let mut page = Page { screen, out: String::new() };
    page.account(account);
    page.out
}

/// The style of a verdict.
fn style(classification: Classification) -> Style {
    match classification {
        Classification::TruePositive => ALARM,
        Classification::Unknown => CAUTION,
        Classification::InformationalExpectedActivity => CALM,
        Classification::FalsePositive => FINE,
    }
}

impl Page<'_> {
    fn paint(&self, style: Style, text: &str) -> String {
        paint(self.screen.colour_out, style, text)
    }

    fn shown(&self, normal: usize) -> usize {
        if self.screen.verbose { usize::MAX } else { normal }
    }

    /// Text wrapped under its lead: the first line begins with `lead`, the others are indented as far.
    fn line(&mut self, lead: &str, body: &str) {
        self.styled_line(lead, None, body);
    }

    fn styled_line(&mut self, lead: &str, style: Option<Style>, body: &str) {
        let indent = text::width(lead);
        for (index, line) in wrap(&visible(body), self.screen.columns.saturating_sub(indent)).into_iter().enumerate() {
            let line = style.map_or_else(|| line.clone(), |style| self.paint(style, &line));
            if index == 0 {
                let _ = writeln!(self.out, "{lead}{line}");
            } else {
                let _ = writeln!(self.out, "{:indent$}{line}", "");
            }
        }
    }

    fn heading(&mut self, indent: &str, heading: &str) {
        let heading = self.paint(STRONG, heading);
        let _ = writeln!(self.out, "{indent}{heading}");
    }

    fn more(&mut self, indent: &str, hidden: usize) {
        if hidden > 0 {
            let text = self.paint(FAINT, &format!("and {hidden} more, shown with -v and in the other reports"));
            let _ = writeln!(self.out, "{indent}{text}");
        }
    }

    fn account(&mut self, account: &IngestAccount) {
        let records: u64 = account.files.iter().map(|f| f.records).sum();
        let rows: u64 = account.files.iter().flat_map(|f| f.rows.values()).sum();
        let duplicates: u64 = account.files.iter().map(|f| f.duplicates).sum();
        let rejected: u64 = account.files.iter().map(|f| f.rejected_count).sum();
        let read = account.files.iter().filter(|f| f.recognised()).count() as u64;
        self.line(
            "Read      ",
            &format!(
                "{} of {}: {} = {} + {} + {}",
                read,
                count(account.files.len() as u64, "file", "files"),
                count(records, "record", "records"),
                count(rows, "row", "rows"),
                count(duplicates, "duplicate", "duplicates"),
                count(rejected, "reject", "rejects"),
            ),
        );
        let listed: Vec<&FileAccount> = if self.screen.verbose || account.files.len() <= FILES {
            account.files.iter().collect()
        } else {
            account.files.iter().filter(|f| !f.recognised() || f.rejected_count > 0).collect()
        };
        let most = self.shown(FILES);
        for file in listed.iter().take(most) {
            self.file(file);
        }
        self.more("  ", listed.len().saturating_sub(most));
    }

    fn file(&mut self, file: &FileAccount) {
        let what = match file.format.as_str() {
            NOT_RECOGNISED | UNREADABLE => self.paint(CAUTION, &file.format),
            _ => {
                let mut what = format!("{}, {}", visible(&file.format), count(file.records, "record", "records"));
                if file.duplicates > 0 {
                    let _ = write!(what, ", {}", count(file.duplicates, "duplicate", "duplicates"));
                }
                if file.rejected_count > 0 {
                    let rejects = count(file.rejected_count, "reject", "rejects");
                    let _ = write!(what, ", {}", self.paint(CAUTION, &rejects));
                }
                what
            }
        };
        let path = visible(&file.path);
        let _ = writeln!(self.out, "  {path}: {what}");
        let needs_reason = !file.recognised() || self.screen.verbose;
        for note in file.notes.iter().filter(|_| needs_reason) {
            self.styled_line("    ", Some(FAINT), note);
        }
        let most = self.shown(LINES);
        for reject in file.rejected.iter().take(most) {
            let place = if reject.position == 0 { String::new() } else { format!("record {}: ", reject.position) };
            self.styled_line("    ", Some(FAINT), &format!("{place}{}", reject.reason));
        }
        self.more("    ", file.rejected.len().saturating_sub(most));
        if let Some(files) = &file.rejects_file {
            self.styled_line("    ", Some(FAINT), &format!("kept whole in the store: {files}"));
        }
    }

    fn overview(&mut self, report: &Report) {
        if report.cases.is_empty() {
            let alerts = match report.alerts.len() as u64 {
                0 => "no detection fired".to_owned(),
                number => format!("{}, none that makes a case", count(number, "alert", "alerts")),
            };
            let known = report.coverage.iter().any(|c| c.rows > 0);
            let caution = if known { "" } else { "; there is no evidence to judge by" };
            self.line("Cases     ", &format!("none: {alerts}{caution}"));
            return;
        }
        let counts = words::verdict_counts(report.cases.iter().map(|c| c.classification));
        let counts: Vec<String> = counts.into_iter().map(|(c, text)| self.paint(style(c), &text)).collect();
        let _ = writeln!(self.out, "Cases     {}", counts.join(", "));
    }

    fn case(&mut self, case: &Case) {
        let word = words::verdict(case.classification).to_uppercase();
        let percent = words::percent(case.confidence);
        let title_width = self.screen.columns.saturating_sub(text::width(&word) + text::width(&percent) + 4);
        let title = visible(&case.title);
        let title = fit(&title, title_width);
        let verdict = self.paint(style(case.classification), &word);
        let title_strong = self.paint(STRONG, &title);
        let pad = title_width.saturating_sub(text::width(&title));
        let _ = writeln!(self.out, "\n{verdict}  {title_strong}{:pad$}  {percent}", "");
        let mut about = words::spaced(&words::json_word(&case.determination));
        if !case.actor.is_empty() {
            let _ = write!(about, " · by {}", case.actor);
        }
        let _ = write!(about, " · score {} dB", words::weight(case.score));
        self.styled_line("  ", Some(FAINT), &about);
        self.objects(case);
        let (weighing, other): (Vec<&Finding>, Vec<&Finding>) =
            case.findings.iter().partition(|finding| finding.weight.abs() >= 0.05);
        if !weighing.is_empty() {
            self.heading("  ", "Why");
            let most = self.shown(FINDINGS);
            for finding in weighing.iter().take(most) {
                self.finding(finding);
            }
            self.more("    ", weighing.len().saturating_sub(most));
        }
        if self.screen.verbose && !other.is_empty() {
            self.heading("  ", "Also seen");
            for finding in other {
                self.finding(finding);
            }
        }
        let missing: Vec<String> =
            case.missing.iter().map(|m| format!("{} {} Needs: {}", m.question, sentence(&m.why), m.needs)).collect();
        self.list("Not known", "- ", &missing);
        let flips: Vec<String> =
            case.flips.iter().map(|f| format!("{} → {}", f.condition, words::readable(&f.then))).collect();
        self.list("What would change this", "- ", &flips);
        self.actions(case);
    }

    fn objects(&mut self, case: &Case) {
        let most = self.shown(LINES);
        for object in case.entities.iter().take(most) {
            let mut text = words::entity(&object.entity);
            if object.classification != case.classification {
                let _ = write!(text, " ({})", words::verdict(object.classification).to_lowercase());
            }
            self.line("  ", &text);
        }
        self.more("  ", case.entities.len().saturating_sub(most));
        if !case.forward_targets.is_empty() {
            let most = self.shown(TARGETS);
            let shown: Vec<&str> = case.forward_targets.iter().take(most).map(String::as_str).collect();
            self.line("  → ", &shown.join(", "));
            self.more("    ", case.forward_targets.len().saturating_sub(most));
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let weight = words::weight(finding.weight);
        self.styled_line(&format!("  {weight:>6}  "), Some(FAINT), &finding.question);
        self.line("          ", &finding.answer);
        if let Some(evidence) = finding.evidence.iter().find(|e| !e.rows.is_empty()) {
            let room = self.screen.columns.saturating_sub(12);
            let row = evidence_line(evidence);
            let row = self.paint(FAINT, &fit(&visible(&row), room));
            let _ = writeln!(self.out, "          › {row}");
        }
    }

    fn list(&mut self, heading: &str, bullet: &str, items: &[String]) {
        if items.is_empty() {
            return;
        }
        self.heading("  ", heading);
        let most = self.shown(LINES);
        for item in items.iter().take(most) {
            self.line(&format!("    {bullet}"), item);
        }
        self.more("    ", items.len().saturating_sub(most));
    }

    fn actions(&mut self, case: &Case) {
        if case.actions.is_empty() {
            return;
        }
        self.heading("  ", "Do first");
        let most = self.shown(LINES);
        for action in case.actions.iter().take(most) {
            let what = words::spaced(&words::json_word(&action.kind));
            self.line(&format!("    {}. ", action.order), &format!("{what}: {}", action.target));
            // A command is copied by hand or mouse: it stays on its own line, uncut.
            for line in text::visible_lines(&action.command).lines() {
                let _ = writeln!(self.out, "       {line}");
            }
        }
        self.more("    ", case.actions.len().saturating_sub(most));
    }
}

/// The text with a full stop.
fn sentence(text: &str) -> String {
    if text.is_empty() || text.ends_with(['.', '?', '!']) { text.to_owned() } else { format!("{text}.") }
}

/// The first row of the evidence in one line.
fn evidence_line(evidence: &Evidence) -> String {
    let columns = words::columns(evidence);
    let Some(row) = evidence.rows.first() else { return String::new() };
    let cells: Vec<String> = columns
        .iter()
        .filter_map(|name| row.get(*name).map(|value| (name, words::cell(value))))
        .filter(|(_, cell)| !cell.is_empty())
        .map(|(name, cell)| format!("{name}={cell}"))
        .collect();
    format!("{}: {}", evidence.table, cells.join("  "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn plain() -> Screen {
        Screen { colour_out: false, colour_err: false, progress: false, columns: 80, quiet: false, verbose: false }
    }

    #[test]
    fn fits_the_width_and_has_no_colour_when_there_is_no_terminal() {
        let text = render(&fixture::report(), &plain());
        assert!(!text.contains('\u{1b}'), "{text}");
        for line in text.lines().filter(|l| !l.starts_with("       ")) {
            assert!(text::width(line) <= 80 || line.contains(".csv"), "{} columns: {line}", text::width(line));
        }
        assert!(text.contains("TRUE POSITIVE"));
        assert!(text.contains("Cases     1 true positive, 1 unknown"), "{text}");
    }

    #[test]
    fn many_targets_do_not_fill_the_screen() {
        let mut report = fixture::report();
        report.cases[0].forward_targets = (0..500).map(|n| format!("drop{n}@mail.example")).collect();
        let text = render(&report, &plain());
        assert!(text.contains("drop7@mail.example") && !text.contains("drop8@mail.example"), "{text}");
        assert!(text.contains("and 492 more"), "{text}");
        let mut screen = plain();
        screen.verbose = true;
        assert!(render(&report, &screen).contains("drop499@mail.example"));
    }

    #[test]
    fn hostile_names_stay_text() {
        let mut screen = plain();
        screen.verbose = true;
        let text = render(&fixture::hostile(), &screen);
        for raw in ['\u{1b}', '\u{202e}', '\u{200b}', '\u{9b}', '\u{7}', '\r'] {
            assert!(!text.contains(raw), "{raw:?} in {text}");
        }
        assert!(text.contains("\\u{1b}[2J"), "{text}");
        assert!(text.contains("\\u{202e}"), "{text}");
    }

    #[test]
    fn verdicts_are_coloured_on_a_terminal() {
        let mut screen = plain();
        screen.colour_out = true;
        assert!(render(&fixture::report(), &screen).contains("\u{1b}[1m\u{1b}[31mTRUE POSITIVE\u{1b}[0m"));
    }

    #[test]
    fn nothing_found_is_said_with_its_limits() {
        let mut report = fixture::report();
        report.cases.clear();
        report.alerts.clear();
        report.coverage.clear();
        let text = render(&report, &plain());
        assert!(text.contains("none: no detection fired; there is no evidence to judge by"), "{text}");
    }
}
