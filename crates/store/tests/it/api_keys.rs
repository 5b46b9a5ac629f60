//! Keys are kept as digests, named once, and open nothing after they were revoked.

use segue_core::ListenerId;
use segue_store::{KeyEntry, Store, StoreError};

use crate::fixtures::at;

pub(crate) fn key(
    name: &str,
    scope: &str,
    hash: u8,
    created: i64,
    revoked: Option<i64>,
) -> KeyEntry {
    KeyEntry {
        name: name.into(),
        scope: scope.into(),
        listener: None,
        hash: [hash; 32],
        md5: None,
        created_at: at(created),
        revoked_at: revoked.map(at),
    }
}

#[test]
fn keys_come_back_as_they_were_added_and_revoked() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    store.add_key(&key("phone", "write", 1, 0, None)).unwrap();
    store.add_key(&key("admin", "admin", 2, 1, None)).unwrap();
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
    store.add_key(&key("phone", "write", 1, 0, None)).unwrap();
    store.revoke_key("phone", at(1)).unwrap();
    for (name, hash) in [("phone", 2), ("other", 1)] {
        let refused = store.add_key(&key(name, "admin", hash, 2, None));
        assert!(matches!(refused, Err(StoreError::KeyExists(taken)) if taken == name));
    }
    assert_eq!(store.keys().unwrap(), [key("phone", "write", 1, 0, Some(1))]);
}

#[test]
fn a_key_for_a_listener_keeps_whom_it_is_for_and_goes_with_them() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    let ann = ListenerId::new("ann the private");
    let bound = KeyEntry {
        listener: Some(ann.clone()),
        md5: Some([9; 16]),
        ..key("ann the phone", "write", 1, 0, None)
    };
    store.add_key(&bound).unwrap();
    store.add_key(&key("admin", "admin", 2, 1, None)).unwrap();
    assert_eq!(store.keys().unwrap(), [bound, key("admin", "admin", 2, 1, None)]);

    let report = store.forget(&ann).unwrap();
    assert!(report.found && report.keys == 1, "the key was all that was known of them");
    let keys = store.keys().unwrap();
    assert_eq!(keys.len(), 2, "that there was a key is not forgotten");
    assert!(keys[0].revoked_at.is_some() && keys[0].listener.is_none() && keys[0].md5.is_none());
    let bytes = std::fs::read(library.path().join(Store::DATABASE)).unwrap();
    assert!(!bytes.windows(3).any(|bytes| bytes == b"ann"), "{keys:?}");
}

#[test]
fn what_could_answer_for_a_key_goes_when_it_is_revoked() {
    let mut store = Store::open_in_memory().unwrap();
    let phone = KeyEntry { md5: Some([9; 16]), ..key("phone", "write", 1, 0, None) };
    store.add_key(&phone).unwrap();
    assert_eq!(store.keys().unwrap(), [phone]);
    store.revoke_key("phone", at(1)).unwrap();
    assert_eq!(store.keys().unwrap(), [key("phone", "write", 1, 0, Some(1))]);
}
