//! Forms as the protocols of Last.fm send them: fields by name, those of several plays with the
//! number of the play in brackets.

use std::collections::{BTreeSet, HashMap};

use crate::limits::MOST_FORM_FIELDS;
use crate::page::urls::pairs;

/// The fields of a form that are wanted, by name: of each name the first value that is not empty.
#[derive(Debug, Default)]
pub(crate) struct FormFields(HashMap<String, String>);

impl FormFields {
    /// Takes forms apart, a query string or a body; what an earlier one has goes before a later
    /// one. Only fields of the names that are wanted are kept, with and without a number: what else
    /// a client tells, such as its own name, is dropped unread. Bytes that are no text become
    /// replacement characters.
    pub(crate) fn of(forms: &[&[u8]], wanted: &[&str]) -> Self {
        let is_wanted = |field: &str| {
            let name = field.split_once('[').map_or(field, |(name, _)| name);
            wanted.contains(&name)
        };
        let mut fields = HashMap::new();
        for form in forms {
            let form = String::from_utf8_lossy(form);
            let told =
                pairs(form.trim()).filter(|(name, value)| !value.is_empty() && is_wanted(name));
            for (name, value) in told.take(MOST_FORM_FIELDS) {
                fields.entry(name.into_owned()).or_insert_with(|| value.into_owned());
            }
        }
        Self(fields)
    }

    /// The same with what another form says of fields of which this one says nothing.
    pub(crate) fn or(mut self, other: Self) -> Self {
        for (name, value) in other.0 {
            self.0.entry(name).or_insert(value);
        }
        self
    }

    /// The value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of a field of one of several plays, or of the only one.
    pub(crate) fn of_play(&self, name: &str, number: Option<usize>) -> Option<&str> {
        match number {
            Some(number) => self.get(&format!("{name}[{number}]")),
            None => self.get(name),
        }
    }

    /// The numbers of the plays of which any of these fields is there.
    pub(crate) fn numbers(&self, names: &[&str]) -> BTreeSet<usize> {
        let number = |field: &String| {
            let (name, number) = field.strip_suffix(']')?.split_once('[')?;
            names.contains(&name).then(|| number.parse().ok()).flatten()
        };
        self.0.keys().filter_map(number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_and_the_first_value_that_says_something_counts() {
        let forms: [&[u8]; 2] =
            [b"u=ann&r[0]=&r%5B0%5D=L&a[0]=A+%26+B&u=bob&o[0]=P&c=tst\n", b"u=eve&x"];
        let fields = FormFields::of(&forms, &["u", "r", "a", "x"]);
        assert_eq!(fields.get("u"), Some("ann"));
        assert_eq!(fields.of_play("r", Some(0)), Some("L"));
        assert_eq!(fields.of_play("a", Some(0)), Some("A & B"));
        assert_eq!((fields.get("x"), fields.of_play("u", None)), (None, Some("ann")));
        assert_eq!(fields.0.len(), 3, "what is not wanted is not kept: {fields:?}");
    }

    #[test]
    fn plays_are_found_by_their_numbers_whatever_else_is_sent() {
        let form = b"a[2]=x&t[0]=y&z[7]=z&a[]=e&a[-1]=e&a[1=e&a]3[=e&\xff[4]=\xff";
        let fields = FormFields::of(&[form], &["a", "t", "z"]);
        assert_eq!(fields.numbers(&["a", "t"]).into_iter().collect::<Vec<_>>(), [0, 2]);
        assert!(FormFields::of(&[], &["a"]).numbers(&["a"]).is_empty());
        let endless: String = (0..10_000).map(|number| format!("a[{number}]=x&")).collect();
        let fields = FormFields::of(&[endless.as_bytes()], &["a"]);
        assert_eq!(fields.numbers(&["a"]).len(), MOST_FORM_FIELDS);
    }
}
