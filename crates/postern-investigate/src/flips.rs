//! What would change a verdict.

use postern_model::report::{Classification, Flip, Missing};

use crate::ask::Found;
use crate::content::{Playbook, Question};
use crate::grade::{Verdict, Weighed, with, without};

/// Most ways to flip a verdict that are listed.
const MAX_FLIPS: usize = 8;

fn word(classification: Classification) -> &'static str {
    match classification {
        Classification::TruePositive => "truePositive",
        Classification::Unknown => "unknown",
        Classification::InformationalExpectedActivity => "informationalExpectedActivity",
        Classification::FalsePositive => "falsePositive",
    }
}

/// The single answers that would change the verdict: taken away, or given where they are missing.
pub fn flips(
    playbook: &Playbook,
    findings: &[Found],
    weighed: &[Weighed],
    missing: &[(Question, Missing)],
    verdict: &Verdict,
) -> Vec<Flip> {
    let mut flips: Vec<(f64, Flip)> = Vec::new();
    for found in findings {
        let id = found.weighed.question.as_str();
        if !verdict.counted.contains_key(id) {
            continue;
        }
        let then = without(playbook, weighed, id);
        if then.classification != verdict.classification {
            flips.push((
                found.weighed.weight.abs(),
                Flip {
                    condition: format!("this did not hold: {} {}", found.finding.question, found.finding.answer),
                    then: word(then.classification).to_owned(),
                },
            ));
        }
    }
    for (question, _) in missing {
        let outcomes = [("yes", Some(&question.fires)), ("no", question.quiet.as_ref())];
        for (said, outcome) in outcomes {
            let Some(outcome) = outcome.filter(|o| o.weight != 0.0) else { continue };
            let more = Weighed {
                question: question.id.clone(),
                group: question.group.clone(),
                weight: outcome.weight,
                proves: outcome.proves,
                explains: outcome.explains,
            };
            let then = with(playbook, weighed, more);
            if then.classification != verdict.classification {
                flips.push((
                    outcome.weight.abs(),
                    Flip {
                        condition: format!("the missing answer to “{}” were {said}", question.ask),
                        then: word(then.classification).to_owned(),
                    },
                ));
            }
        }
    }
    flips.sort_by(|a, b| b.0.total_cmp(&a.0));
    flips.dedup_by(|a, b| a.1 == b.1);
    let mut flips: Vec<Flip> = flips.into_iter().map(|(_, f)| f).take(MAX_FLIPS).collect();
    if flips.is_empty() {
        flips.push(distance(playbook, verdict));
    }
    flips
}

/// When no single answer flips the verdict: how far it is from the next word.
fn distance(playbook: &Playbook, verdict: &Verdict) -> Flip {
    let decibans = |p: f64| 10.0 * (p / (1.0 - p)).log10();
    let attack = decibans(playbook.thresholds.true_positive);
    let benign = decibans(playbook.thresholds.benign);
    let (gap, then) = match verdict.classification {
        Classification::TruePositive => (verdict.score - attack, Classification::Unknown),
        Classification::Unknown => (attack - verdict.score, Classification::TruePositive),
        _ => (verdict.score - benign, Classification::Unknown),
    };
    Flip {
        condition: format!(
            "no single answer; together they would have to shift the score by {:.1} decibans",
            gap.abs()
        ),
        then: word(then).to_owned(),
    }
}
