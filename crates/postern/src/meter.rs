//! Bars of a load: the file being read and all of them, with rate and time left. On a terminal only.

use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use postern_ingest::Progress;

use crate::screen::Screen;
use crate::text::{count, fit, visible, width};

/// Columns of a file's bar and the figures beside it; the rest is for its name.
const FIGURES: usize = 56;

/// Narrower than this there is no room for names.
const NARROW: usize = 12;

const BAR: &str = "{bar:20} {percent:>3} %  {bytes:>10} of {total_bytes:<10} {msg}";
const TOTAL: &str =
    "{bar:20} {percent:>3} %  {bytes:>10} of {total_bytes:<10} {bytes_per_sec:>12}  {eta:>4} left  {msg}";

/// The bars.
pub(crate) struct Meter {
    file: ProgressBar,
    total: ProgressBar,
    files: AtomicU64,
    total_files: AtomicU64,
    records: AtomicU64,
    columns: usize,
}

impl Meter {
    /// Bars on standard error.
    pub(crate) fn new(screen: &Screen) -> Self {
        Self::on(&MultiProgress::new(), screen.columns)
    }

    fn on(bars: &MultiProgress, columns: usize) -> Self {
        let style = |template: &str| {
            ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("█▉▊▋▌▍▎▏ ")
        };
        let file = bars.add(ProgressBar::new(0).with_style(style(BAR)));
        let total = bars.add(ProgressBar::new(0).with_style(style(TOTAL)));
        Self {
            file,
            total,
            files: AtomicU64::new(0),
            total_files: AtomicU64::new(0),
            records: AtomicU64::new(0),
            columns,
        }
    }

    fn name(&self, path: &str) {
        let room = self.columns.saturating_sub(FIGURES).max(NARROW);
        let path = visible(path);
        // Of a long path the end tells more than the beginning.
        let short = path.rsplit(['/', '\\']).next().filter(|_| width(&path) > room);
        self.file.set_message(fit(short.unwrap_or(&path), room).into_owned());
    }

    fn counts(&self) {
        self.total.set_message(format!(
            "file {} of {}, {}",
            self.files.load(Ordering::Relaxed),
            self.total_files.load(Ordering::Relaxed),
            count(self.records.load(Ordering::Relaxed), "record", "records"),
        ));
    }
}

impl Progress for Meter {
    fn begin(&self, files: usize, bytes: u64) {
        self.total_files.store(files as u64, Ordering::Relaxed);
        self.total.set_length(bytes);
        self.counts();
    }

    fn file(&self, path: &str, bytes: u64) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.file.set_position(0);
        self.file.set_length(bytes);
        self.name(path);
        self.counts();
    }

    fn member(&self, path: &str, _bytes: u64) {
        self.name(path);
    }

    fn bytes(&self, count: u64) {
        // A file that grows while it is read must not show more than all of it.
        let left = |bar: &ProgressBar| bar.length().unwrap_or(0).saturating_sub(bar.position());
        self.file.inc(count.min(left(&self.file)));
        self.total.inc(count.min(left(&self.total)));
    }

    fn records(&self, count: u64) {
        self.records.fetch_add(count, Ordering::Relaxed);
        self.counts();
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.file.finish_and_clear();
        self.total.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressDrawTarget;

    use super::*;

    #[test]
    fn bars_tell_file_total_and_counts_and_go_away() {
        let meter = Meter::on(&MultiProgress::with_draw_target(ProgressDrawTarget::hidden()), 160);
        meter.begin(2, 3_000);
        meter.file("case/audit\u{1b}[2J.csv", 2_000);
        meter.bytes(1_000);
        meter.records(7);
        assert_eq!((meter.file.position(), meter.file.length()), (1_000, Some(2_000)));
        assert_eq!((meter.total.position(), meter.total.length()), (1_000, Some(3_000)));
        assert_eq!(meter.total.message(), "file 1 of 2, 7 records");
        // What a name holds does not steer the terminal.
        assert!(meter.file.message().starts_with("case/audit") && !meter.file.message().contains('\u{1b}'));
        // More bytes than announced.
        meter.bytes(9_000);
        assert_eq!((meter.file.position(), meter.total.position()), (2_000, 3_000));
        let total = meter.total.clone();
        drop(meter);
        assert!(total.is_finished());
    }

    #[test]
    fn templates_are_sound() {
        for template in [BAR, TOTAL] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
