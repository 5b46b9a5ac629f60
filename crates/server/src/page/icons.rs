//! The few signs that buttons carry, drawn once at the top of the page and used by name.

use maud::{Markup, html};

/// Name and outline of each sign, on a grid of 24.
const SIGNS: &[(&str, &str)] = &[
    (
        "heart",
        "M12 20.3C5.6 16 3 12.6 3 9.1 3 6.3 5.2 4.2 7.8 4.2c1.7 0 3.3.9 4.2 2.5.9-1.6 2.5-2.5 \
         4.2-2.5C18.8 4.2 21 6.3 21 9.1c0 3.5-2.6 6.9-9 11.2Z",
    ),
    ("skip", "M5 5.5v13l9-6.5ZM17 5v14"),
    ("cross", "M6 6l12 12M18 6 6 18"),
    ("never", "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM6 6l12 12"),
    ("play", "M7 4.5v15l12.5-7.5Z"),
    ("pause", "M8 5v14M16 5v14"),
    ("more", "M5 11v2M12 11v2M19 11v2"),
    ("open", "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6"),
    ("search", "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.5 15.5 20.5 20.5"),
    ("drop", "M12 3.5v11M7 10l5 5 5-5M4 17.5v3h16v-3"),
];

/// The drawings, hidden, for [`icon`] to refer to.
pub fn sprite() -> Markup {
    html! {
        svg.sprite width="0" height="0" aria-hidden="true" focusable="false" {
            @for (name, path) in SIGNS {
                symbol id={ "sign-" (name) } viewBox="0 0 24 24" { path d=(path) {} }
            }
        }
    }
}

/// One sign; beside it there is always a word.
pub fn icon(name: &str) -> Markup {
    html! {
        svg.icon width="20" height="20" aria-hidden="true" focusable="false" {
            use href={ "#sign-" (name) } {}
        }
    }
}

/// The mark of Segue: one curve fades out while the other fades in, at equal power (cosine and
/// sine).
pub fn mark() -> Markup {
    html! {
        svg.mark width="36" height="24" viewBox="0 0 36 24" aria-hidden="true" focusable="false" {
            path.out d="M2 3C16 3 22 12 34 21" {}
            path.in d="M2 21C14 12 20 3 34 3" {}
        }
    }
}
