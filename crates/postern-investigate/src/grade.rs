//! From weighed answers to a verdict, and what would change it.

use std::collections::BTreeMap;

use postern_model::report::Classification;

use crate::content::{Explains, Playbook, Proof};

/// An answer reduced to what counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    /// Id of the question.
    pub question: String,
    /// Answers of one group tell the same fact.
    pub group: String,
    /// Decibans.
    pub weight: f64,
    /// What it proves when malicious.
    pub proves: Proof,
    /// What it explains when benign.
    pub explains: Option<Explains>,
}

/// A verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The word.
    pub classification: Classification,
    /// Prior plus counted weights, in decibans.
    pub score: f64,
    /// Probability of an attack.
    pub probability: f64,
    /// The answers that counted, by question; the others were outweighed within their group.
    pub counted: BTreeMap<String, f64>,
}

impl Verdict {
    /// Probability that the word is right.
    pub fn confidence(&self) -> f64 {
        let value = match self.classification {
            Classification::TruePositive => self.probability,
            Classification::Unknown => 1.0 - (2.0 * self.probability - 1.0).abs(),
            Classification::InformationalExpectedActivity | Classification::FalsePositive => 1.0 - self.probability,
        };
        (value * 1000.0).round() / 1000.0
    }
}

/// The probability that a score in decibans stands for.
pub fn probability(score: f64) -> f64 {
    let odds = 10f64.powf((score / 10.0).clamp(-30.0, 30.0));
    odds / (1.0 + odds)
}

/// The verdict of these answers.
///
/// `truePositive` needs the threshold and one counted answer on the actor, the effect or the intent. A harmless word needs
/// the threshold and one counted answer that explains. Everything else is unknown.
pub fn grade(playbook: &Playbook, answers: &[Weighed]) -> Verdict {
    let mut heaviest: BTreeMap<&str, &Weighed> = BTreeMap::new();
    for answer in answers.iter().filter(|a| a.weight != 0.0) {
        let kept = heaviest.entry(answer.group.as_str()).or_insert(answer);
        // At equal weight the malicious answer stays: a tie is no excuse.
        let order = answer.weight.abs().total_cmp(&kept.weight.abs()).then(answer.weight.total_cmp(&kept.weight));
        if order.is_gt() {
            *kept = answer;
        }
    }
    let counted: BTreeMap<String, f64> = heaviest.values().map(|a| (a.question.clone(), a.weight)).collect();
    let score = playbook.prior.weight + heaviest.values().map(|a| a.weight).sum::<f64>();
    let probability = probability(score);
    let proven = heaviest.values().any(|a| a.weight > 0.0 && a.proves != Proof::None);
    let excuse = heaviest
        .values()
        .filter(|a| a.weight < 0.0)
        .filter_map(|a| a.explains.map(|e| (a.weight, e)))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    let classification = if probability >= playbook.thresholds.true_positive && proven {
        Classification::TruePositive
    } else if probability <= playbook.thresholds.benign {
        match excuse {
            Some((_, Explains::Wrong)) => Classification::FalsePositive,
            Some((_, Explains::Expected)) => Classification::InformationalExpectedActivity,
            None => Classification::Unknown,
        }
    } else {
        Classification::Unknown
    };
    Verdict { classification, score, probability, counted }
}

/// The verdict without the answer to one question.
pub fn without(playbook: &Playbook, answers: &[Weighed], question: &str) -> Verdict {
    let rest: Vec<Weighed> = answers.iter().filter(|a| a.question != question).cloned().collect();
    grade(playbook, &rest)
}

/// The verdict with one answer more.
pub fn with(playbook: &Playbook, answers: &[Weighed], more: Weighed) -> Verdict {
    let mut all = answers.to_vec();
    all.push(more);
    grade(playbook, &all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Content;

    fn answer(question: &str, group: &str, weight: f64, proves: Proof, explains: Option<Explains>) -> Weighed {
        Weighed { question: question.to_owned(), group: group.to_owned(), weight, proves, explains }
    }

    fn playbook() -> Playbook {
        let mut playbook = Content::builtin().unwrap().playbook("forwarding").unwrap().clone();
        playbook.prior.weight = -10.0;
        playbook
    }

    #[test]
    fn decibans_are_odds() {
        assert!((probability(0.0) - 0.5).abs() < 1e-9);
        assert!((probability(10.0) - 10.0 / 11.0).abs() < 1e-9);
        assert!((probability(-20.0) - 1.0 / 101.0).abs() < 1e-9);
        assert!(probability(1e9).is_finite() && probability(-1e9) >= 0.0);
    }

    #[test]
    fn one_fact_told_twice_counts_once() {
        let answers = [
            answer("a", "g", 9.0, Proof::Intent, None),
            answer("b", "g", 12.0, Proof::Intent, None),
            answer("c", "h", 4.0, Proof::None, None),
        ];
        let verdict = grade(&playbook(), &answers);
        assert!((verdict.score - 6.0).abs() < 1e-9);
        assert_eq!(verdict.counted.keys().collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(verdict.classification, Classification::Unknown);
    }

    #[test]
    fn existence_alone_is_never_a_true_positive() {
        let heavy = [answer("a", "g", 30.0, Proof::None, None)];
        assert_eq!(grade(&playbook(), &heavy).classification, Classification::Unknown);
        let proven = [answer("a", "g", 30.0, Proof::Effect, None)];
        assert_eq!(grade(&playbook(), &proven).classification, Classification::TruePositive);
        // A proof that was outweighed within its group does not count.
        let outweighed = [answer("a", "g", 30.0, Proof::None, None), answer("b", "g", 5.0, Proof::Intent, None)];
        assert_eq!(grade(&playbook(), &outweighed).classification, Classification::Unknown);
    }

    #[test]
    fn a_harmless_word_needs_an_explanation_and_nothing_is_innocent_by_silence() {
        assert_eq!(grade(&playbook(), &[]).classification, Classification::Unknown);
        let low = [answer("a", "g", -20.0, Proof::None, None)];
        assert_eq!(grade(&playbook(), &low).classification, Classification::Unknown);
        let wrong = [answer("a", "g", -20.0, Proof::None, Some(Explains::Wrong))];
        assert_eq!(grade(&playbook(), &wrong).classification, Classification::FalsePositive);
        let expected = [
            answer("a", "g", -5.0, Proof::None, Some(Explains::Wrong)),
            answer("b", "h", -9.0, Proof::None, Some(Explains::Expected)),
        ];
        assert_eq!(grade(&playbook(), &expected).classification, Classification::InformationalExpectedActivity);
    }

    #[test]
    fn removing_and_adding_answers_flips() {
        let answers = [answer("a", "g", 16.0, Proof::Intent, None), answer("b", "h", 9.0, Proof::None, None)];
        assert_eq!(grade(&playbook(), &answers).classification, Classification::TruePositive);
        assert_eq!(without(&playbook(), &answers, "a").classification, Classification::Unknown);
        let more = answer("c", "i", -40.0, Proof::None, Some(Explains::Expected));
        assert_eq!(with(&playbook(), &answers, more).classification, Classification::InformationalExpectedActivity);
    }
}
