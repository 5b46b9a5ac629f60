//! The server as others see it.

mod made_up;
mod page;
