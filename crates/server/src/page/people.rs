//! `/people`: who uses this Segue, and a link for each of them to their own pages. For whoever runs
//! it.
//!
//! Form: `/people/invite` with `listener`.

use maud::{Markup, html};

use super::layout::{Frame, page};
use super::words::Words;

/// Who is known, and what was just done.
#[derive(Clone, Debug, Default)]
pub struct PeopleView {
    /// Everybody, in the order of their names.
    pub people: Vec<KnownPerson>,
    /// The link that was just made. It is shown this once.
    pub invitation: Option<Invitation>,
    /// Whether links can be made: not before there is a key for whoever runs this, who would be
    /// locked out by the first.
    pub can_invite: bool,
}

/// Somebody who is known.
#[derive(Clone, Debug, Default)]
pub struct KnownPerson {
    /// Their name.
    pub name: String,
    /// Plays on record.
    pub plays: u64,
    /// Keys that are for them and count.
    pub keys: u64,
}

/// A link to somebody's own pages.
#[derive(Clone, Debug, Default)]
pub struct Invitation {
    /// For whom it is.
    pub listener: String,
    /// The whole address.
    pub link: String,
}

/// The page.
pub fn view(frame: &Frame, people: &PeopleView) -> Markup {
    let words = &frame.words;
    let main = html! {
        div.page-head {
            h1 { "People" }
            p.lead { "Everybody has pages of their own, sees nobody else's, and \
                brings their own history." }
        }
        @if let Some(invitation) = &people.invitation { (made(invitation)) }
        @if !people.can_invite {
            p.note { "To invite somebody, first make a key for yourself, or the first link locks \
                you out: " code { "segue keys add me --scope admin" } }
        }
        @if !people.people.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="Everybody" {
                table {
                    thead { tr {
                        th scope="col" { "Who" }
                        th.number scope="col" { "Plays" }
                        th.number scope="col" { "Keys" }
                        th scope="col" { span.unseen { "Invite" } }
                    } }
                    tbody {
                        @for person in &people.people { (row(words, person, people.can_invite)) }
                    }
                }
            }
        }
        @if people.can_invite {
            section aria-labelledby="new-title" {
                h2 #new-title { "Somebody new" }
                form.stack method="post" action="/people/invite" {
                    label for="name" { "Their name" }
                    div.joined {
                        input #name type="text" name="listener" required maxlength="200"
                            autocomplete="off";
                        button type="submit" { "Invite" }
                    }
                }
            }
        }
    };
    page(frame, "People", &main)
}

fn row(words: &Words, person: &KnownPerson, can_invite: bool) -> Markup {
    html! {
        tr {
            th scope="row" { (person.name) }
            td.number { (words.grouped(person.plays)) }
            td.number { (person.keys) }
            td { @if can_invite {
                form method="post" action="/people/invite" {
                    input type="hidden" name="listener" value=(person.name);
                    button.quiet type="submit" { "Invite" span.unseen { " " (person.name) } }
                }
            } }
        }
    }
}

fn made(invitation: &Invitation) -> Markup {
    html! {
        section.one aria-labelledby="link-title" {
            h2 #link-title { "A link for " (invitation.listener) }
            p {
                "Send it to them, and to nobody else: whoever has it comes in as "
                (invitation.listener) ". It is not shown again."
            }
            p { label for="link" { "The link" } }
            input #link type="text" readonly value=(invitation.link);
            p.small {
                "The part behind " code { "/join/" } " is also the token for their player. "
                code { "segue keys list" } " shows it by name, "
                code { "segue keys revoke" } " takes it back."
            }
        }
    }
}
