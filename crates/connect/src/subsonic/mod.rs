//! OpenSubsonic, and the Subsonic API that it grew from: <https://opensubsonic.netlify.app>.
//!
//! Requests are forms that are posted, so that passwords and tokens stay out of the logs of
//! servers and proxies. Answers are asked for as JSON. A server says what went wrong in the answer
//! and mostly with status 200, so that the answer is looked at first.

mod answer;
mod login;
mod playlists;
mod song;
mod songs;

use std::fmt;

use serde_json::Value;

pub use login::{Account, LoginMethod, ServerInfo};
pub use playlists::ServerPlaylist;
pub use songs::TakeSongs;
pub(crate) use songs::read_page;

use crate::{Http, Result, ServerAddress};

/// A server that speaks OpenSubsonic, in the name of one of its users.
///
/// Made by [`Subsonic::log_in`], or by [`Subsonic::new`] where it is known how the user is to be
/// made known.
pub struct Subsonic {
    http: Http,
    address: ServerAddress,
    login: Account,
    access: LoginMethod,
    is_open: bool,
}

impl Subsonic {
    /// The account that it speaks for.
    pub fn user(&self) -> &str {
        &self.login.user
    }

    /// How the user is made known to the server.
    pub fn login_method(&self) -> LoginMethod {
        self.access
    }

    /// Asks for something; `method` is the name of the protocol, such as `ping`.
    fn ask(&self, method: &str, fields: &[(&str, &str)]) -> Result<Value> {
        let address = self.address.join(&format!("rest/{method}.view"));
        let proof = self.login.proof(self.access);
        let mut form: Vec<(&str, &str)> =
            proof.iter().map(|(name, value)| (*name, value.as_str())).collect();
        form.extend([("v", self.access.api_version()), ("c", "segue"), ("f", "json")]);
        form.extend(fields);
        let answer = self.http.post(&address, &form)?;
        let hidden: Vec<&str> = proof.iter().map(|(_, value)| value.as_str()).collect();
        answer::read(&address, &answer, &[&hidden[..], &[self.login.secret.reveal()]].concat())
    }
}

impl fmt::Debug for Subsonic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, access, .. } = self;
        f.debug_struct("Subsonic").field("address", address).field("access", access).finish()
    }
}
