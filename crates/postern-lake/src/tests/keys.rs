//! Keys and how the manifest keeps them.

use postern_model::row::{Rank, RowKey};
use proptest::prelude::*;

use crate::keys::{Key, KeyIndex, Met, Occurrences, Place, decode_keys, decode_rows, encode_keys, encode_rows, key_of};
use crate::parquet_file::living;

fn rank() -> impl Strategy<Value = Rank> {
    prop_oneof![Just(Rank::Native), Just(Rank::Record), Just(Rank::Salvaged)]
}

proptest! {
    #[test]
    fn a_key_list_comes_back_as_it_was(
        keys in prop::collection::vec((any::<[u64; 2]>(), rank()), 0..300),
        same in any::<bool>(),
    ) {
        let keys: Vec<_> =
            keys.into_iter().map(|(key, rank)| (Key(key), if same { Rank::Native } else { rank })).collect();
        let blob = encode_keys(&keys);
        prop_assert!(blob.len() <= 6 + 17 * keys.len());
        let mut back = Vec::new();
        decode_keys(&blob, |key, rank, row| back.push((row as usize, key, rank))).unwrap();
        let expected: Vec<_> = keys.into_iter().enumerate().map(|(i, (key, rank))| (i, key, rank)).collect();
        prop_assert_eq!(back, expected);
    }

    #[test]
    fn a_damaged_key_list_is_an_error_and_no_panic(blob in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut count = 0;
        if decode_keys(&blob, |_, _, _| count += 1).is_ok() {
            prop_assert_eq!(blob.first(), Some(&1));
        }
    }

    #[test]
    fn a_key_list_cut_anywhere_is_an_error(
        keys in prop::collection::vec((any::<[u64; 2]>(), rank()), 1..50),
        at in any::<prop::sample::Index>(),
    ) {
        let keys: Vec<_> = keys.into_iter().map(|(key, rank)| (Key(key), rank)).collect();
        let blob = encode_keys(&keys);
        prop_assert!(decode_keys(&blob[..at.index(blob.len())], |_, _, _| ()).is_err());
    }

    #[test]
    fn row_numbers_come_back(rows in prop::collection::vec(any::<u32>(), 0..100)) {
        prop_assert_eq!(decode_rows(&encode_rows(&rows)).unwrap(), rows);
    }

    #[test]
    fn the_living_rows_are_all_but_the_dead(rows in 0usize..200, dead in prop::collection::btree_set(0u32..220, 0..60)) {
        let dead: Vec<u32> = dead.into_iter().collect();
        let selection = living(rows, &dead);
        let mut at = 0;
        let mut alive = Vec::new();
        for selector in selection.iter() {
            if !selector.skip {
                alive.extend(at..at + selector.row_count);
            }
            at += selector.row_count;
        }
        prop_assert_eq!(at, rows);
        let expected: Vec<usize> = (0..rows).filter(|row| !dead.contains(&(*row as u32))).collect();
        prop_assert_eq!(alive, expected);
    }
}

#[test]
fn table_kind_and_text_all_matter() {
    let key = |table: &str, key: RowKey| key_of(table, &key, &mut Occurrences::default());
    let record = |text: &str| RowKey::Record(text.to_owned());
    let content = |text: &str| RowKey::Content(text.to_owned());
    assert_eq!(key("T", record("a")), key("T", record("a")));
    assert_ne!(key("T", record("a")), key("U", record("a")));
    assert_ne!(key("T", record("a")), key("T", content("a")));
    assert_ne!(key("Ta", record("b")), key("T", record("ab")));
    let mut met = Occurrences::default();
    let first = key_of("T", &content("a"), &mut met);
    let second = key_of("T", &content("a"), &mut met);
    let third = key_of("T", &content("a"), &mut met);
    assert!(first != second && second != third && first != third);
}

#[test]
fn the_index_keeps_the_best_and_knows_where_it_is() {
    let key = Key([1, 2]);
    let mut index = KeyIndex::default();
    assert_eq!(index.enter(key, Rank::Salvaged, 4), Met::New);
    assert_eq!(index.enter(key, Rank::Salvaged, 5), Met::Duplicate);
    assert_eq!(index.enter(key, Rank::Record, 6), Met::Better(Place::Buffered(4)));
    index.moved(key, 9, 70);
    assert_eq!(index.enter(key, Rank::Record, 0), Met::Duplicate);
    assert_eq!(index.enter(key, Rank::Native, 0), Met::Better(Place::Stored { file: 9, row: 70 }));

    // Loaded in any order, the best stays.
    for turn in [[(Rank::Record, 1), (Rank::Native, 2)], [(Rank::Native, 2), (Rank::Record, 1)]] {
        let mut index = KeyIndex::default();
        for (rank, file) in turn {
            index.load(key, rank, file, 0);
        }
        assert_eq!(index.enter(key, Rank::Native, 0), Met::Duplicate);
    }
    // The same first half is not the same key.
    assert_eq!(index.enter(Key([1, 3]), Rank::Native, 1), Met::New);
}
