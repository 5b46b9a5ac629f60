//! Who is friends with whom: tables of two listeners a row, such as `user_friends.dat` of HetRec,
//! and whom ListenBrainz says that somebody follows or is followed by.
//!
//! A row holds one way: its listener is to hear of what the friend plays. Friends of each other
//! take two rows, which is how HetRec lists them. A table is recognised by a column of listeners
//! beside one of friends and none of tracks; one with other names is read where
//! [`TableOptions::friend_columns`] says so, because two columns of names may stand for anything.
//!
//! ListenBrainz answers `/1/user/NAME/following` and `…/followers` with one object, in which the
//! name may come last, so that it is read whole.

use std::io::{BufRead, Read};

use csv::StringRecord;
use segue_core::{ListenerId, Record, Source};
use serde::Deserialize;

use super::{Format, Head};
use crate::input::read_error;
use crate::json::{JsonText, List};
use crate::table::{Delimited, TableColumn, TableLayout, TableOptions, head_records, values};
use crate::{Context, DropReason, IngestError};

/// Longest answer of ListenBrainz that is read, in bytes: some hundred thousand names.
const MAX_ANSWER_BYTES: u64 = 16 << 20;

/// A table of friends.
#[derive(Default)]
pub(crate) struct FriendTable {
    /// How to read it.
    pub(crate) options: TableOptions,
}

/// `{"user": …, "following": […]}`, or with `followers`.
pub(crate) struct ListenBrainzFollows;

impl Format for FriendTable {
    fn source(&self) -> Source {
        Source::Friends
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        let header = head_records(head.text).next().unwrap_or_default();
        self.columns(&header).is_some()
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        let mut table = Delimited::open(input, context)?;
        let Some(header) = table.next(context)? else { return Ok(()) };
        let (width, columns) = (header.len(), self.columns(header));
        let Some(columns) = columns else {
            return Err(context.malformed(1, "no columns of a listener and of a friend"));
        };
        table.expect_width(width);
        while let Some(cells) = table.next(context)? {
            let [listener, friend] = columns.map(|column| cells.get(column).unwrap_or_default());
            keep(listener, friend, context)?;
        }
        context.note_first_dropped();
        Ok(())
    }
}

impl FriendTable {
    /// The places of the listener and of the friend.
    fn columns(&self, header: &StringRecord) -> Option<[usize; 2]> {
        if let Some([listener, friend]) = &self.options.friend_columns {
            let place =
                |name: &str| header.iter().position(|cell| cell.trim().eq_ignore_ascii_case(name));
            return Some([place(listener)?, place(friend)?]);
        }
        let layout = TableLayout::from_names(header.iter(), None);
        let place = |column| layout.position(column);
        let columns = [place(TableColumn::Listener)?, place(TableColumn::Friend)?];
        (!layout.names_tracks()).then_some(columns)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    user: JsonText<'a>,
    #[serde(borrow)]
    following: List<JsonText<'a>>,
    #[serde(borrow)]
    followers: List<JsonText<'a>>,
}

impl Format for ListenBrainzFollows {
    fn source(&self) -> Source {
        Source::ListenBrainz
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        head.begins_with(['{'])
            && (head.has_key("following") || head.has_key("followers"))
            && !head.has_key("track_metadata")
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        let mut bytes = Vec::new();
        let read = input.take(MAX_ANSWER_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| read_error(error, context.path(), 1))?;
        if bytes.len() as u64 > MAX_ANSWER_BYTES {
            let limit = format!("{} MiB", MAX_ANSWER_BYTES >> 20);
            return Err(context.too_large(1, "a list of who follows whom", limit));
        }
        let answer: Answer<'_> = serde_json::from_slice(&bytes)
            .map_err(|error| context.malformed(error.line() as u64, error.to_string()))?;
        let user = answer.user.get().map_or_else(|| context.listener().to_string(), str::to_owned);
        for other in &answer.following.0 {
            keep(&user, other.get().unwrap_or_default(), context)?;
        }
        for other in &answer.followers.0 {
            keep(other.get().unwrap_or_default(), &user, context)?;
        }
        context.note_first_dropped();
        Ok(())
    }
}

/// Announces one row.
fn keep(listener: &str, friend: &str, context: &mut Context<'_>) -> Result<(), IngestError> {
    match (values::present(listener), values::present(friend)) {
        (Some(listener), Some(friend)) if listener == friend => {
            context.drop_row(DropReason::OwnFriend);
            Ok(())
        }
        (Some(listener), Some(friend)) => context.keep(Record::Friendship {
            listener: ListenerId::new(listener),
            friend: ListenerId::new(friend),
        }),
        _ => {
            context.drop_row(DropReason::NoListener);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::format::testing::{KeptRecords, read, real_text, recognises, try_read};

    fn pairs(records: &KeptRecords) -> Vec<(&str, &str)> {
        let mut pairs = Vec::new();
        for (_, record) in &records.0 {
            if let Record::Friendship { listener, friend } = record {
                pairs.push((listener.as_str(), friend.as_str()));
            }
        }
        pairs
    }

    fn named(listener: &str, friend: &str) -> FriendTable {
        let friend_columns = Some([listener.to_owned(), friend.to_owned()]);
        FriendTable { options: TableOptions { friend_columns, ..TableOptions::default() } }
    }

    #[test]
    fn a_row_holds_one_way() {
        let (report, records) = read(&FriendTable::default(), "userID\tfriendID\n2\t275\n2\t428\n");
        assert_eq!(pairs(&records), [("2", "275"), ("2", "428")]);
        assert_eq!((report.rows_read, report.friendships, report.note), (2, 2, None));
    }

    #[test]
    fn rows_that_are_no_friendship_are_dropped_with_their_reason_and_place() {
        let text = "user,friend\nann,bob\nann,ann\n,bob\nann,\nann\nbob,ann,cid\nbob,ann\n";
        let (report, records) = read(&FriendTable::default(), text);
        assert_eq!(pairs(&records), [("ann", "bob"), ("bob", "ann")]);
        let dropped: Vec<_> = report.dropped.into_iter().collect();
        let expected =
            [(DropReason::Malformed, 2), (DropReason::NoListener, 2), (DropReason::OwnFriend, 1)];
        assert_eq!(dropped, expected);
        assert_eq!(report.note.as_deref(), Some("row 2 is the first that was dropped"));
    }

    #[test]
    fn two_columns_of_names_are_friends_only_where_that_is_said() {
        let text = "person;knows\nann;bob\n";
        assert!(!recognises(&FriendTable::default(), text));
        assert!(recognises(&named("Person", "knows"), text));
        assert!(!recognises(&named("person", "likes"), text));
        let (_, records) = read(&named("knows", "person"), text);
        assert_eq!(pairs(&records), [("bob", "ann")]);
    }

    #[test]
    fn a_table_that_names_tracks_is_none_of_friends() {
        assert!(!recognises(&FriendTable::default(), "user,friend,track_id\n"));
        assert!(!recognises(&FriendTable::default(), "user,track\n"));
        assert!(recognises(&FriendTable::default(), "friend,since,user\n"));
    }

    #[test]
    fn whom_somebody_follows_and_who_follows_them_are_told_apart() {
        let text = r#"{"following": ["bob", "", 7, {}], "user": "ann"}"#;
        assert!(recognises(&ListenBrainzFollows, text));
        let (report, records) = read(&ListenBrainzFollows, text);
        assert_eq!(pairs(&records), [("ann", "bob"), ("ann", "7")]);
        assert_eq!(report.dropped[&DropReason::NoListener], 2);
        let (_, records) = read(&ListenBrainzFollows, r#"{"followers": ["bob"], "user": "ann"}"#);
        assert_eq!(pairs(&records), [("bob", "ann")]);
        let (_, records) = read(&ListenBrainzFollows, r#"{"followers": ["bob"]}"#);
        assert_eq!(pairs(&records), [("bob", "me")], "the listener of the import");
    }

    #[test]
    fn an_answer_that_is_cut_off_is_an_error_with_its_line() {
        let (result, _) = try_read(&ListenBrainzFollows, "{\"user\": \"ann\",\n\"following\": [");
        assert!(matches!(result, Err(IngestError::Malformed { line: 2, .. })), "{result:?}");
    }

    #[test]
    fn the_friends_of_hetrec_are_read_to_the_last() {
        let Some(text) = real_text("hetrec2011_lastfm_2k/user_friends.dat") else { return };
        assert!(recognises(&FriendTable::default(), &text[..4_000]));
        let (report, _) = read(&FriendTable::default(), &text);
        assert_eq!((report.rows_read, report.friendships), (25_434, 25_434));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_adds_up(
            text in "(user,friend\n)?([a-c]?[,;\t\"\n{}:]){0,40}",
        ) {
            let _ = try_read(&FriendTable::default(), &text);
            let _ = try_read(&ListenBrainzFollows, &text);
        }
    }
}
