//! A table's own rhythm, and the silences that break it.
//!
//! An hour is known by its hour of the day and by being of the working week or the weekend. From all other hours of its
//! kind follows how likely it holds a row at all; a silence is a gap when the product of its hours' chances to be empty
//! is below [`CHANCE`]. Nothing is assumed of how many rows an hour has, so bursts do not count.
//!
//! Hours are not independent (holidays, one person's absence), hence the very small bound, and hence [`Rhythm::busy`]:
//! only in a table fed by many people at once does a silence say that records are missing.

/// A silence less likely than this is a gap. With two hundred silences a year that are tried, chance alone makes one in
/// some five thousand years.
const CHANCE: f64 = 1e-6;

/// Filled hours that a rhythm needs.
const FILLED: usize = 48;

/// Rows in the middle filled hour of a table that many people feed.
const BUSY: u64 = 10;

const HOURS_PER_DAY: i64 = 24;
const KINDS: usize = 48;

/// A silence that breaks the rhythm.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Silence {
    /// First empty hour, counted from 1970-01-01.
    pub(crate) from: i64,
    /// First filled hour after it.
    pub(crate) to: i64,
    /// Hours with rows that were to be expected.
    pub(crate) expected: f64,
}

/// What the filled hours of a table say.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Rhythm {
    /// Gaps in order of time.
    pub(crate) silences: Vec<Silence>,
    /// The table is fed by many people at once.
    pub(crate) busy: bool,
    /// Share of the hours that have rows; 0 where there are too few to tell.
    pub(crate) occupancy: f64,
}

/// 0 to 23 of the working week, 24 to 47 of the weekend.
fn kind(hour: i64) -> usize {
    // 1970-01-01 was a Thursday.
    let weekday = (hour.div_euclid(HOURS_PER_DAY) + 3).rem_euclid(7);
    let hour = usize::try_from(hour.rem_euclid(HOURS_PER_DAY)).unwrap_or(0);
    if weekday >= 5 { KINDS / 2 + hour } else { hour }
}

/// How many hours of each kind lie in `from..to`.
fn kinds(from: i64, to: i64) -> [f64; KINDS] {
    const WEEK: i64 = 7 * HOURS_PER_DAY;
    let mut counts = [0.0; KINDS];
    let weeks = (to - from).div_euclid(WEEK);
    for (kind, count) in counts.iter_mut().enumerate() {
        let days = if kind < KINDS / 2 { 5 } else { 2 };
        *count = (weeks * days) as f64;
    }
    for hour in from + weeks * WEEK..to {
        counts[kind(hour)] += 1.0;
    }
    counts
}

/// The rhythm of hours with rows: each hour once, ascending, with the number of its rows.
pub(crate) fn rhythm(hours: &[(i64, u64)]) -> Rhythm {
    let (Some(first), Some(last)) = (hours.first(), hours.last()) else { return Rhythm::default() };
    if hours.len() < FILLED {
        return Rhythm::default();
    }
    let mut rows: Vec<u64> = hours.iter().map(|hour| hour.1).collect();
    rows.sort_unstable();
    let all = kinds(first.0, last.0 + 1);
    let mut filled = [0.0; KINDS];
    for (hour, _) in hours {
        filled[kind(*hour)] += 1.0;
    }
    let silences = hours.windows(2).filter_map(|pair| {
        let [before, after] = pair else { return None };
        let (from, to) = (before.0 + 1, after.0);
        if from >= to {
            return None;
        }
        let (mut chance, mut expected) = (0.0, 0.0);
        let others = all.iter().sum::<f64>() - (to - from) as f64;
        let usual = (hours.len() as f64 + 0.5) / (others + 1.0);
        for (kind, hours) in kinds(from, to).into_iter().enumerate() {
            // One hour like the average of all others is added to each kind, so that few hours prove little.
            let share = (filled[kind] + usual) / (all[kind] - hours + 1.0);
            chance += hours * (1.0 - share).ln();
            expected += hours * share;
        }
        (chance < CHANCE.ln()).then_some(Silence { from, to, expected })
    });
    Rhythm {
        silences: silences.collect(),
        busy: rows.get(rows.len() / 2).is_some_and(|middle| *middle >= BUSY),
        occupancy: hours.len() as f64 / (last.0 + 1 - first.0) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday 2026-03-02 00:00 UTC.
    const MONDAY: i64 = 20_514 * 24;

    fn office(weeks: i64) -> Vec<(i64, u64)> {
        (0..weeks * 7 * 24)
            .filter(|h| h / 24 % 7 < 5 && (7..18).contains(&(h % 24)))
            .map(|h| (MONDAY + h, 40))
            .collect()
    }

    #[test]
    fn nights_and_weekends_are_no_gaps() {
        assert_eq!(kind(MONDAY), 0);
        assert_eq!(kind(MONDAY - 1), 47);
        assert_eq!(rhythm(&office(4)).silences, []);
        let around_the_clock: Vec<(i64, u64)> = (0..400).map(|h| (MONDAY + h, 1)).collect();
        let rhythm = rhythm(&around_the_clock);
        assert_eq!((rhythm.silences, rhythm.busy), (vec![], false));
    }

    #[test]
    fn working_days_without_a_row_are_a_gap() {
        let day = |n: i64| MONDAY + n * 24;
        let hours: Vec<(i64, u64)> = office(6).into_iter().filter(|h| !(day(15)..day(18)).contains(&h.0)).collect();
        let found = rhythm(&hours);
        // Tuesday to Thursday of the third week; the nights beside it belong to the silence.
        assert_eq!(found.silences.len(), 1);
        assert_eq!((found.silences[0].from, found.silences[0].to), (day(14) + 18, day(18) + 7));
        assert!((found.silences[0].expected - 31.0).abs() < 3.0, "{found:?}");
        assert!(found.busy);
    }

    #[test]
    fn hours_lost_out_of_a_steady_stream_are_a_gap() {
        let hours: Vec<(i64, u64)> =
            (0..14 * 24).filter(|h| !(100..104).contains(h)).map(|h| (MONDAY + h, 900)).collect();
        let found = rhythm(&hours).silences;
        assert_eq!(found.iter().map(|s| (s.from - MONDAY, s.to - MONDAY)).collect::<Vec<_>>(), [(100, 104)]);
        // One hour alone may be chance.
        let hours: Vec<(i64, u64)> = (0..14 * 24).filter(|h| *h != 100).map(|h| (MONDAY + h, 900)).collect();
        assert_eq!(rhythm(&hours).silences, []);
    }

    #[test]
    fn seldom_rows_have_no_rhythm() {
        let weekly: Vec<(i64, u64)> = (0..100).map(|n| (MONDAY + n * 7 * 24, 5)).collect();
        assert_eq!(rhythm(&weekly).silences, []);
        assert_eq!(rhythm(&[]), Rhythm::default());
        assert_eq!(rhythm(&office(1)[..20]), Rhythm::default());
        // The ends of time.
        let _ = rhythm(&[(i64::MIN / 40_000_000_000, 1), (i64::MAX / 40_000_000_000, 1)]);
    }
}
