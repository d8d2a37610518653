//! Counts over time by kind, with the times that stand out: the chart of `postern explore`.

use std::fmt::Write as _;

use postern_kql_syntax::literal::format_datetime;

use super::axis::Unit;
use super::data::{Data, Series};
use super::{Canvas, MOST_SERIES, Shape, plot};
use crate::screen::{ALARM, CALM, STRONG, Screen, paint};
use crate::text::{count, fit, thousands, visible};

/// Ticks of a day.
const DAY: i64 = 864_000_000_000;

/// Counts in steps of time, told apart by kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timeline {
    /// What is counted, for a reader; text of anybody.
    pub(crate) title: String,
    /// Where each step begins, in ticks.
    pub(crate) times: Vec<i64>,
    /// The length of a step, in ticks.
    pub(crate) step: i64,
    /// The kinds, the largest first, each with a count for every step.
    pub(crate) kinds: Vec<(String, Vec<u64>)>,
    /// Steps that stand out.
    pub(crate) marks: Vec<Mark>,
}

/// A step that stands out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mark {
    /// Which step.
    pub(crate) at: usize,
    /// How many there are.
    pub(crate) count: u64,
    /// How many were expected.
    pub(crate) expected: f64,
    /// More than expected; fewer otherwise.
    pub(crate) spike: bool,
}

impl Mark {
    /// What it is called.
    pub(crate) fn word(&self) -> &'static str {
        if self.spike { "spike" } else { "dip" }
    }

    /// What was expected, in words.
    pub(crate) fn expectation(&self) -> String {
        format!("expected about {}", thousands(self.expected.max(0.0).round() as u64))
    }
}

impl Timeline {
    /// When a step begins, as short as its length allows.
    pub(crate) fn time(&self, at: usize) -> String {
        let text = format_datetime(self.times.get(at).copied().unwrap_or_default()).replace('T', " ");
        let length = if self.step % DAY == 0 { 10 } else { 16 };
        text.get(..length).unwrap_or(&text).to_owned()
    }

    /// All counts together.
    pub(crate) fn total(&self) -> u64 {
        self.kinds.iter().flat_map(|(_, counts)| counts).sum()
    }

    /// The count of a step.
    pub(crate) fn sum(&self, at: usize) -> u64 {
        self.kinds.iter().filter_map(|(_, counts)| counts.get(at)).sum()
    }

    /// The kinds that are drawn: the last stands for all that have no place of their own.
    pub(crate) fn drawn(&self) -> Vec<(String, Vec<u64>)> {
        if self.kinds.len() <= MOST_SERIES {
            return self.kinds.clone();
        }
        let mut drawn: Vec<_> = self.kinds.iter().take(MOST_SERIES - 1).cloned().collect();
        let rest = self.kinds.get(MOST_SERIES - 1..).unwrap_or_default();
        let sum = |at: usize| rest.iter().filter_map(|(_, counts)| counts.get(at)).sum();
        drawn.push((format!("{} others", rest.len()), (0..self.times.len()).map(sum).collect()));
        drawn
    }

    /// The chart for a terminal, with a line for each mark.
    pub(crate) fn render(&self, screen: &Screen) -> String {
        let canvas = Canvas { columns: screen.columns, colour: screen.colour_out };
        let title = visible(&self.title);
        let mut out = format!("{}\n", paint(canvas.colour, STRONG, &fit(&title, canvas.columns)));
        if self.total() > 0 {
            plot::draw(&self.data(), Shape::Line, canvas, &mut out);
        }
        for mark in &self.marks {
            let (sign, style) = if mark.spike { ('▲', ALARM) } else { ('▼', CALM) };
            let word = paint(canvas.colour, style, &format!("{sign} {}", mark.word()));
            let messages = count(mark.count, "message", "messages");
            let _ = write!(out, "{word}  {}  {messages}, {}\n", self.time(mark.at), mark.expectation());
        }
        out
    }

    /// The series as the plot draws them; a mark stands on the largest of its step.
    fn data(&self) -> Data {
        let x = |at: usize| self.times.get(at).copied().unwrap_or_default() as f64;
        let mut series: Vec<Series> = self
            .drawn()
            .iter()
            .map(|(name, counts)| Series {
                name: visible(name).into_owned(),
                points: counts.iter().enumerate().map(|(at, count)| (x(at), *count as f64)).collect(),
                ..Series::default()
            })
            .collect();
        for mark in &self.marks {
            let height = |series: &Series| series.points.get(mark.at).map_or(0.0, |point| point.1);
            let largest = series.iter_mut().reduce(|a, b| if height(b) > height(a) { b } else { a });
            if let Some(largest) = largest {
                let point = (x(mark.at), height(largest));
                largest.marked.push(point);
            }
        }
        Data {
            title: None,
            x_title: None,
            y_title: Some("messages".to_owned()),
            legend: true,
            names_matter: true,
            unit: Unit::Time,
            y_unit: Unit::Number,
            low: Some(0.0),
            high: None,
            labels: Vec::new(),
            series,
            notes: Vec::new(),
            first_on_top: true,
        }
    }
}
