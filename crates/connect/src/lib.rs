//! Clients of the servers that a listener already has, so that mixes reach the player that they
//! already use: [`Subsonic`] for all that speak OpenSubsonic, such as Navidrome, and
//! [`ListenBrainz`] for servers with its API.
//!
//! This is the one crate with an HTTP client, and the command line is the only one that uses it:
//! the library and the server of Segue cannot ask anything of anybody. It knows nothing of the
//! store. It turns what servers say into the types of [`segue_core`], with the account of an
//! importer, and takes from the caller what is to be sent.
//!
//! Servers are not trusted. Answers are bounded in size and time, a redirection is never followed,
//! and what a server says in an error is cut and cleaned before it is shown. Secrets travel in the
//! bodies of requests, never in addresses, and are in no error.

mod address;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod listenbrainz;
mod subsonic;

pub use address::ServerAddress;
pub use error::{ConnectError, Result};
pub use http::{Http, HttpLimits};
pub use listenbrainz::{ListenBrainz, ListensPage};
pub use subsonic::{Account, LoginMethod, ServerInfo, ServerPlaylist, Subsonic, TakeSongs};
