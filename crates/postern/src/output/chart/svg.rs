//! A timeline as one SVG file: stacked columns, marks over those that stand out, a legend.
//!
//! The file needs nothing else and runs nothing. Text of the data is shown as [`visible`] shows it and escaped for XML.

use std::fmt::Write as _;

use super::axis::{Unit, label, ticks, times};
use super::timeline::Timeline;
use crate::text::{count, fit, thousands, visible};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 72.0;
const PLOT: f64 = 280.0;
/// Room below the plot for the labels of the axis.
const AXIS: f64 = 44.0;
/// Height of a line of the legend and of the list of marks.
const LINE: f64 = 22.0;
/// Marks that are listed in words.
const LISTED: usize = 12;
/// Characters of a text that are shown.
const LONGEST: usize = 100;
/// Colours that most people with colour blindness tell apart (Okabe and Ito), and a grey.
const COLOURS: [&str; 8] = ["#0072b2", "#e69f00", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#999933", "#777777"];

/// Text as XML text.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in fit(&visible(text), LONGEST).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No part of XML's characters.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The file's text.
pub(crate) fn render(timeline: &Timeline) -> String {
    let kinds = timeline.drawn();
    let plot_width = WIDTH - LEFT - RIGHT;
    let bottom = TOP + PLOT;
    let listed = timeline.marks.len().min(LISTED) + usize::from(timeline.marks.len() > LISTED);
    let legend_lines = legend(&kinds).last().map_or(0, |(_, line, _)| line + 1);
    let height = bottom + AXIS + LINE * (legend_lines + listed) as f64 + 16.0;
    let steps = timeline.times.len();
    let highest = (0..steps).map(|at| timeline.sum(at)).max().unwrap_or(0).max(1) as f64;
    // Marks stand over their column.
    let top_value = highest * 1.08;
    let y = |value: f64| bottom - value / top_value * PLOT;
    let column = plot_width / steps.max(1) as f64;
    let x = |at: usize| LEFT + column * at as f64;

    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"title description\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#222222\">\n\
         <title id=\"title\">{}</title>\n<desc id=\"description\">{}</desc>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"30\" font-size=\"17\" font-weight=\"600\">{}</text>\n\
         <text x=\"{LEFT}\" y=\"52\" fill=\"#555555\">{}</text>\n",
        escaped(&timeline.title),
        description(timeline, &kinds),
        escaped(&timeline.title),
        escaped(&subtitle(timeline)),
    );
    for value in ticks(0.0, top_value, 5) {
        let at = y(value);
        let _ = write!(
            out,
            "<path d=\"M{LEFT} {at:.1}H{}\" stroke=\"#dddddd\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555555\">{}</text>\n",
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.5,
            escaped(&label(value, Unit::Number, top_value)),
        );
    }
    let gap = if column > 4.0 { 1.0 } else { 0.0 };
    let mut base = vec![0.0; steps];
    for (index, (name, counts)) in kinds.iter().enumerate() {
        let colour = colour(index);
        let _ = write!(out, "<g fill=\"{colour}\"><title>{}</title>", escaped(name));
        for (at, (value, base)) in counts.iter().zip(&mut base).enumerate().filter(|(_, (value, _))| **value > 0) {
            let (low, high) = (y(*base), y(*base + *value as f64));
            *base += *value as f64;
            let _ = write!(
                out,
                "<rect x=\"{:.2}\" y=\"{high:.2}\" width=\"{:.2}\" height=\"{:.2}\"><title>{}: {} {}</title></rect>",
                x(at) + gap / 2.0,
                (column - gap).max(0.5),
                (low - high).max(0.5),
                escaped(&timeline.time(at)),
                thousands(*value),
                escaped(name),
            );
        }
        out.push_str("</g>\n");
    }
    for mark in &timeline.marks {
        let (middle, at) = (x(mark.at) + column / 2.0, y(mark.count as f64) - 4.0);
        let (shape, colour) = if mark.spike { (-9.0, "#b00020") } else { (9.0, "#0057b8") };
        // A triangle that points up or down, over the column.
        let from = if mark.spike { at } else { at - 9.0 };
        let _ = write!(
            out,
            "<path d=\"M{:.1} {from:.1}h12l-6 {shape}z\" fill=\"{colour}\"><title>{}</title></path>\n",
            middle - 6.0,
            escaped(&words(timeline, mark)),
        );
    }
    axis(timeline, bottom, plot_width, &mut out);
    let below = bottom + AXIS + 14.0;
    for (index, (left, line, name)) in legend(&kinds).into_iter().enumerate() {
        let at = below + LINE * line as f64;
        let _ = write!(
            out,
            "<rect x=\"{left:.0}\" y=\"{:.0}\" width=\"12\" height=\"12\" fill=\"{}\"/>\
             <text x=\"{:.0}\" y=\"{at:.0}\">{}</text>\n",
            at - 11.0,
            colour(index),
            left + 18.0,
            escaped(&name),
        );
    }
    for (index, mark) in timeline.marks.iter().take(LISTED).enumerate() {
        let at = below + LINE * (legend_lines + index) as f64;
        let (sign, colour) = if mark.spike { ('▲', "#b00020") } else { ('▼', "#0057b8") };
        let _ = write!(
            out,
            "<text x=\"{LEFT}\" y=\"{at:.0}\"><tspan fill=\"{colour}\">{sign}</tspan> {}</text>\n",
            escaped(&words(timeline, mark)),
        );
    }
    if timeline.marks.len() > LISTED {
        let at = below + LINE * (legend_lines + LISTED) as f64;
        let _ = write!(out, "<text x=\"{LEFT}\" y=\"{at:.0}\">… and {} more</text>\n", timeline.marks.len() - LISTED);
    }
    out.push_str("</svg>\n");
    out
}

fn colour(index: usize) -> &'static str {
    COLOURS.get(index % COLOURS.len()).copied().unwrap_or("#777777")
}

/// Where each kind stands in the legend: its left edge, its line, and its name with its count.
fn legend(kinds: &[(String, Vec<u64>)]) -> Vec<(f64, usize, String)> {
    let (mut left, mut line) = (LEFT, 0);
    let mut out = Vec::new();
    for (name, counts) in kinds {
        let text = format!("{}: {}", fit(&visible(name), 40), thousands(counts.iter().sum()));
        let wide = 18.0 + 8.0 * crate::text::width(&text) as f64 + 16.0;
        if left > LEFT && left + wide > WIDTH - RIGHT {
            (left, line) = (LEFT, line + 1);
        }
        out.push((left, line, text));
        left += wide;
    }
    out
}

fn words(timeline: &Timeline, mark: &super::timeline::Mark) -> String {
    let messages = count(mark.count, "message", "messages");
    format!("{} {}: {messages}, {}", mark.word(), timeline.time(mark.at), mark.expectation())
}

fn subtitle(timeline: &Timeline) -> String {
    let messages = count(timeline.total(), "message", "messages");
    let Some(last) = timeline.times.len().checked_sub(1) else { return messages };
    format!("{messages} by delivery location, {} to {}", timeline.time(0), timeline.time(last))
}

/// What somebody who cannot see the chart should know.
fn description(timeline: &Timeline, kinds: &[(String, Vec<u64>)]) -> String {
    let mut out = escaped(&subtitle(timeline));
    for (name, counts) in kinds {
        let _ = write!(out, "; {}: {}", escaped(name), thousands(counts.iter().sum()));
    }
    for mark in timeline.marks.iter().take(LISTED) {
        let _ = write!(out, "; {}", escaped(&words(timeline, mark)));
    }
    out
}

/// The axis of time with its labels.
fn axis(timeline: &Timeline, bottom: f64, plot_width: f64, out: &mut String) {
    let _ = write!(out, "<path d=\"M{LEFT} {bottom}H{}\" stroke=\"#555555\"/>\n", WIDTH - RIGHT);
    let (Some(first), Some(last)) = (timeline.times.first(), timeline.times.last()) else { return };
    let (low, high) = (*first as f64, (*last).saturating_add(timeline.step) as f64);
    let span = high - low;
    if span <= 0.0 {
        return;
    }
    for value in times(low, high, 8) {
        // The label is that of a column that begins there.
        let at = LEFT + (value - low) / span * plot_width;
        if at > WIDTH - RIGHT - 8.0 {
            continue;
        }
        let _ = write!(
            out,
            "<path d=\"M{at:.1} {bottom}v6\" stroke=\"#555555\"/>\
             <text x=\"{at:.1}\" y=\"{}\" fill=\"#555555\">{}</text>\n",
            bottom + 20.0,
            escaped(&label(value, Unit::Time, span)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::timeline::Mark;
    use super::*;

    #[test]
    fn hostile_text_is_text_and_numbers_are_drawn() {
        let timeline = Timeline {
            title: "<script>alert(1)</script>\u{202e}&\"'".to_owned(),
            times: (0..3).map(|day| 639_079_200_000_000_000 + day * 864_000_000_000).collect(),
            step: 864_000_000_000,
            kinds: vec![("</title><script>\u{1b}".to_owned(), vec![1, 0, 9]), ("Junk".to_owned(), vec![0, 0, 1])],
            marks: vec![Mark { at: 2, count: 10, expected: 1.4, spike: true }],
        };
        let text = render(&timeline);
        assert!(!text.contains("<script") && !text.contains(['\u{202e}', '\u{1b}']), "{text}");
        for part in ["&lt;script&gt;", "&amp;&quot;&#39;", "Junk: 1", "spike 2026-03-03: 10 messages, expected about 1"]
        {
            assert!(text.contains(part), "no `{part}` in {text}");
        }
        assert_eq!(text.matches("<rect x=").count(), 3 + 2, "a column for each number, a sign for each kind");
        // No value is drawn higher than the plot.
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        let empty = render(&Timeline::default());
        assert!(empty.ends_with("</svg>\n") && !empty.contains("NaN"), "{empty}");
    }
}
