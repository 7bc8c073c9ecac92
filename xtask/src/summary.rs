//! How many passed: the sums that test runners print at their end, read from their output and added up.

use std::fmt;
use std::ops::AddAssign;

/// What was counted.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Count {
    /// One check that is no test of a runner.
    pub(crate) fn one(passed: bool) -> Self {
        Self { passed: passed.into(), failed: (!passed).into(), skipped: 0 }
    }

    /// What a line says, if it is the sum of a runner: nextest, cargo's own, Vitest, Playwright or Node's.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let line = line.trim();
        if let Some((_, sum)) = line.strip_prefix("Summary [").and_then(|rest| rest.split_once("run:")) {
            return Some(Self::of_words(without_asides(sum).split(',')));
        }
        if let Some(sum) = line.strip_prefix("test result:") {
            let sum = sum.split_once('.').map_or("", |(_, counts)| counts);
            return Some(Self::of_words(sum.split(';')));
        }
        if let Some(sum) = line.strip_prefix("Tests ") {
            return Some(Self::of_words(sum.split('|')));
        }
        if let Some((word, number)) =
            line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")).and_then(|rest| rest.split_once(' '))
        {
            let word = match word {
                "pass" => "passed",
                "fail" => "failed",
                "cancelled" | "skipped" | "todo" => word,
                _ => return None,
            };
            return number.parse::<u64>().is_ok().then(|| Self::of_words([format!("{number} {word}").as_str()]));
        }
        // Playwright gives each a line of its own: `3 passed (2.1s)`.
        let mut words = line.split(' ');
        match (words.next()?.parse::<u64>(), words.next()?, words.next()) {
            (Ok(_), "passed", Some(time)) if time.starts_with('(') => Some(Self::of_words([line])),
            (Ok(_), "failed" | "skipped" | "flaky" | "interrupted", None) => Some(Self::of_words([line])),
            _ => None,
        }
    }

    fn of_words<'text>(words: impl IntoIterator<Item = &'text str>) -> Self {
        let mut count = Self::default();
        for word in words {
            let mut parts = word.trim().splitn(2, ' ');
            let Some(number) = parts.next().and_then(|number| number.parse::<u64>().ok()) else { continue };
            let label = parts.next().unwrap_or_default().split('(').next().unwrap_or_default().trim();
            match label {
                "passed" | "flaky" => count.passed += number,
                "failed" | "exec failed" | "timed out" | "cancelled" | "interrupted" => count.failed += number,
                "skipped" | "ignored" | "todo" => count.skipped += number,
                _ => {}
            }
        }
        count
    }
}

/// A sum without what stands in parentheses: `9 passed (1 slow, 2 leaky)` are nine in all.
fn without_asides(sum: &str) -> String {
    sum.split('(')
        .enumerate()
        .map(|(index, part)| if index == 0 { part } else { part.split_once(')').map_or("", |(_, rest)| rest) })
        .collect()
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, passed: u64, failed: u64, skipped: u64) {
        assert_eq!(Count::of_line(line), Some(Count { passed, failed, skipped }), "{line}");
    }

    #[test]
    fn the_sum_of_every_runner_is_understood() {
        check("     Summary [   5.123s] 42 tests run: 42 passed (1 slow), 3 skipped", 42, 0, 3);
        check(
            "Summary [ 12.3s] 9/20 tests run: 6 passed (1 slow, 1 flaky, 2 leaky), 1 failed, 1 exec failed, 1 timed out, 4 skipped",
            6,
            3,
            4,
        );
        check("Summary [   0.010s] 1 test run: 1 passed, 0 skipped", 1, 0, 0);
        check("test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.10s", 5, 0, 1);
        check(
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 6.41s",
            1,
            2,
            0,
        );
        check("      Tests  1 failed | 12 passed | 2 skipped (15)", 12, 1, 2);
        check("  12 passed (3.2s)", 12, 0, 0);
        check("  1 failed", 0, 1, 0);
        check("  2 skipped", 0, 0, 2);
        check("# pass 7", 7, 0, 0);
        check("ℹ fail 1", 0, 1, 0);
    }

    #[test]
    fn an_ordinary_line_is_no_sum() {
        for line in
            ["running 5 tests", "2 passed the door", "Test Files  3 passed (3)", "# a title", "", "warning: 1 failed"]
        {
            assert_eq!(Count::of_line(line), None, "{line}");
        }
    }

    #[test]
    fn the_last_line_is_the_one_that_others_read() {
        let mut total = Count::one(true);
        total += Count::one(false);
        total += Count { passed: 10, failed: 0, skipped: 2 };
        assert_eq!(total.to_string(), "11 passed, 1 failed, 2 skipped");
    }
}
