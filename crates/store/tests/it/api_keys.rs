//! Keys are kept as digests, named once, and open nothing after they were revoked.

use segue_store::{KeyEntry, Store, StoreError};

use crate::fixtures::at;

fn key(name: &str, scope: &str, hash: u8, created: i64, revoked: Option<i64>) -> KeyEntry {
    KeyEntry {
        name: name.into(),
        scope: scope.into(),
        hash: [hash; 32],
        created_at: at(created),
        revoked_at: revoked.map(at),
    }
}

#[test]
fn keys_come_back_as_they_were_added_and_revoked() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    store.add_key("phone", "write", [1; 32], at(0)).unwrap();
    store.add_key("admin", "admin", [2; 32], at(1)).unwrap();
    assert!(store.revoke_key("phone", at(2)).unwrap());
    assert!(!store.revoke_key("phone", at(3)).unwrap(), "it was revoked before");
    assert!(!store.revoke_key("nobody's", at(3)).unwrap());
    let expected = [key("phone", "write", 1, 0, Some(2)), key("admin", "admin", 2, 1, None)];
    assert_eq!(store.keys().unwrap(), expected);
    assert_eq!(Store::open(library.path()).unwrap().keys().unwrap(), expected);
}

#[test]
fn a_name_and_a_digest_are_taken_once_even_by_a_revoked_key() {
    let mut store = Store::open_in_memory().unwrap();
    store.add_key("phone", "write", [1; 32], at(0)).unwrap();
    store.revoke_key("phone", at(1)).unwrap();
    for (name, hash) in [("phone", [2; 32]), ("other", [1; 32])] {
        let refused = store.add_key(name, "admin", hash, at(2));
        assert!(matches!(refused, Err(StoreError::KeyExists(taken)) if taken == name));
    }
    assert_eq!(store.keys().unwrap(), [key("phone", "write", 1, 0, Some(1))]);
}
