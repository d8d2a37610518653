//! The store against a model of it: a map from key to the best row, in which a commit is an assignment.

use std::collections::BTreeMap;

use postern_model::row::{Rank, RowKey};
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Act {
    /// Begin one of three files.
    Begin(u8),
    /// Push one of a few keys.
    Push {
        key: u8,
        content: bool,
        rank: Rank,
    },
    /// Bring everything to disk without a commit.
    Flush,
    Commit,
    /// Drop the writer and open another.
    Drop,
    /// The same, and the dropped one leaves its files behind.
    Crash,
}

fn act() -> impl Strategy<Value = Act> {
    let rank = prop_oneof![Just(Rank::Native), Just(Rank::Record), Just(Rank::Salvaged)];
    prop_oneof![
        2 => (0u8..3).prop_map(Act::Begin),
        12 => (0u8..6, any::<bool>(), rank).prop_map(|(key, content, rank)| Act::Push { key, content, rank }),
        2 => Just(Act::Flush),
        3 => Just(Act::Commit),
        1 => Just(Act::Drop),
        1 => Just(Act::Crash),
    ]
}

type Rows = BTreeMap<String, (Rank, String)>;

#[derive(Default)]
struct Model {
    committed: Rows,
    pending: Rows,
    met: BTreeMap<u8, u32>,
}

impl Model {
    fn push(&mut self, key: u8, content: bool, rank: Rank, name: &str) -> Pushed {
        let key = if content {
            let met = self.met.entry(key).or_insert(0);
            *met += 1;
            format!("content {key} {met}")
        } else {
            format!("record {key}")
        };
        let pushed = match self.pending.get(&key) {
            None => Pushed::New,
            Some((there, _)) if *there <= rank => return Pushed::Duplicate,
            Some(_) => Pushed::Superseded,
        };
        self.pending.insert(key, (rank, name.to_owned()));
        pushed
    }
}

async fn names(lake: &Lake) -> Vec<String> {
    let mut names = texts(lake, "Things", "Name").await;
    names.sort();
    names
}

fn expected(rows: &Rows) -> Vec<String> {
    let mut names: Vec<_> = rows.values().map(|(_, name)| name.clone()).collect();
    names.sort();
    names
}

async fn run(acts: Vec<Act>) {
    let lake = temporary().await;
    let mut model = Model::default();
    let mut writer = lake.writer().await.unwrap();
    let mut file = begin(&mut writer, "0").await;
    for (n, act) in acts.into_iter().enumerate() {
        match act {
            Act::Begin(which) => {
                file = begin(&mut writer, &which.to_string()).await;
                model.met.clear();
            }
            Act::Push { key, content, rank } => {
                let name = format!("row {n}");
                let mut row = thing(&lake, n as u64, &name, &format!("2024-01-{:02}", n % 28 + 1));
                row.rank = rank;
                let text = key.to_string();
                row.key = if content { RowKey::Content(text) } else { RowKey::Record(text) };
                assert_eq!(writer.push(file, row).unwrap(), model.push(key, content, rank, &name), "act {n}");
            }
            Act::Flush => writer.flush_all().await,
            Act::Commit => {
                writer.commit().await.unwrap();
                model.committed = model.pending.clone();
            }
            Act::Drop | Act::Crash => {
                writer.leave_files = matches!(act, Act::Crash);
                drop(writer);
                writer = lake.writer().await.unwrap();
                file = begin(&mut writer, "0").await;
                model.met.clear();
                model.pending = model.committed.clone();
            }
        }
        if !matches!(act, Act::Push { .. } | Act::Begin(_)) {
            assert_eq!(names(&lake).await, expected(&model.committed), "act {n}");
            assert_eq!(lake.rows("Things").await.unwrap() as usize, model.committed.len(), "act {n}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_acts_leaves_what_the_model_says(acts in prop::collection::vec(act(), 1..60)) {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(run(acts));
    }
}
