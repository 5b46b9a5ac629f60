//! The page: nothing that is shown can harm who looks at it, and everything can be reached by
//! whoever reads it.

mod addresses;
mod assets;
mod hostile;
mod markup;
mod views;
