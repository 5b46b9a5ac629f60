//! How a user is made known to a server: by a token made of the password and a salt, by a key, or
//! by the password itself where the server takes nothing else.

use rand::rngs::SysRng;
use rand::{Rng as _, rand_core::UnwrapErr};
use segue_core::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Subsonic, answer};
use crate::{ConnectError, Http, Result, ServerAddress};

/// Since this version of the Subsonic API there are tokens.
const TOKENS_SINCE: (u32, u32) = (1, 13);

/// Who somebody is on a server, and what proves it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The name of the account.
    pub user: String,
    /// Its password, or a key.
    pub secret: Secret,
    /// Whether the secret is a key that the server made for programs.
    pub is_key: bool,
}

/// How a user is made known to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginMethod {
    /// By a digest of the password and a salt, another one each time.
    Token,
    /// By a key for programs.
    Key,
    /// By the password itself. Who can read the request knows it.
    Password,
}

impl LoginMethod {
    /// A name for machines that does not change between versions.
    pub fn key(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Key => "key",
            Self::Password => "password",
        }
    }

    /// The way of that name.
    pub fn from_key(key: &str) -> Option<Self> {
        [Self::Token, Self::Key, Self::Password].into_iter().find(|access| access.key() == key)
    }

    /// The version of the API that is claimed: the oldest that has what is asked for, because old
    /// servers refuse a newer one.
    pub(super) fn api_version(self) -> &'static str {
        match self {
            Self::Token | Self::Key => "1.13.0",
            Self::Password => "1.8.0",
        }
    }
}

/// What a server says of itself. All of it is its word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServerInfo {
    /// The program, such as `navidrome`, where it says.
    pub program: Option<String>,
    /// The version of the program, where it says.
    pub program_version: Option<String>,
    /// The version of the API.
    pub api_version: String,
    /// Whether it speaks OpenSubsonic.
    pub is_open: bool,
}

impl Account {
    /// The fields of a request that say who asks.
    pub(super) fn proof(&self, access: LoginMethod) -> Vec<(&'static str, String)> {
        let secret = self.secret.reveal();
        match access {
            LoginMethod::Key => vec![("apiKey", secret.to_owned())],
            LoginMethod::Token => {
                let salt = hex(&UnwrapErr(SysRng).next_u64().to_le_bytes());
                let token = format!("{:x}", md5::compute(format!("{secret}{salt}")));
                vec![("u", self.user.clone()), ("t", token), ("s", salt)]
            }
            LoginMethod::Password => {
                vec![("u", self.user.clone()), ("p", format!("enc:{}", hex(secret.as_bytes())))]
            }
        }
    }
}

impl Subsonic {
    /// A client for a server that is known to take this way of making the user known.
    pub fn new(http: Http, address: ServerAddress, login: Account, access: LoginMethod) -> Self {
        Self { http, address, login, access, is_open: false }
    }

    /// Asks the server whether it accepts the user, and what it is.
    ///
    /// With a password it tries a token first. The password itself is sent only if the server says
    /// that it takes no tokens, by error 41 or 42 or by a version of the API that is older than
    /// tokens are: then [`Self::login_method`] is [`LoginMethod::Password`].
    ///
    /// # Errors
    /// [`ConnectError::NotAccepted`], or why the server could not be asked.
    pub fn log_in(
        http: Http,
        address: ServerAddress,
        login: Account,
    ) -> Result<(Self, ServerInfo)> {
        let access = if login.is_key { LoginMethod::Key } else { LoginMethod::Token };
        let mut server = Self::new(http, address, login, access);
        let info = match server.ping() {
            Err(refused) if access == LoginMethod::Token && refused.takes_no_token => {
                server.access = LoginMethod::Password;
                server.ping()
            }
            asked => asked,
        };
        let info = info.map_err(|refused| refused.error)?;
        Ok((server, info))
    }

    /// Asks what the server is, which also tells whether it accepts the user.
    ///
    /// # Errors
    /// As [`Self::log_in`].
    pub fn info(&mut self) -> Result<ServerInfo> {
        self.ping().map_err(|refused| refused.error)
    }

    fn ping(&mut self) -> std::result::Result<ServerInfo, RefusedPing> {
        let said = self.ask("ping", &[]).map_err(RefusedPing::of)?;
        let info = ServerInfo::of(&said);
        self.is_open = info.is_open;
        Ok(info)
    }
}

impl ServerInfo {
    fn of(said: &Value) -> Self {
        let text = |name: &str| answer::text(said, name).map(|text| crate::http::plain(&text));
        Self {
            program: text("type"),
            program_version: text("serverVersion"),
            api_version: text("version").unwrap_or_default(),
            is_open: said["openSubsonic"] == true,
        }
    }
}

/// Why a server did not answer the first question.
struct RefusedPing {
    error: ConnectError,
    takes_no_token: bool,
}

impl RefusedPing {
    fn of(error: ConnectError) -> Self {
        let takes_no_token = matches!(
            error,
            ConnectError::Refused { code: 41 | 42, .. } | ConnectError::OldServer { .. }
        );
        Self { error, takes_no_token }
    }
}

/// Whether a server of this version of the API knows tokens. One that does not say is taken to.
pub(super) fn knows_tokens(version: &str) -> bool {
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    match (parts.next(), parts.next()) {
        (Some(major), Some(minor)) => (major, minor) >= TOKENS_SINCE,
        _ => true,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> Account {
        Account { user: "ann".to_owned(), secret: Secret::new("sesame"), is_key: false }
    }

    #[test]
    fn a_token_is_the_digest_of_password_and_salt_as_the_protocol_has_it() {
        // The example of the API's own documentation.
        assert_eq!(
            format!("{:x}", md5::compute("sesamec19b2d")),
            "26719a1196d2a940705a59634eb18eab"
        );
        let proof = login().proof(LoginMethod::Token);
        let [(_, user), (_, token), (_, salt)] = &proof[..] else { panic!("{proof:?}") };
        assert_eq!(user, "ann");
        assert_eq!(*token, format!("{:x}", md5::compute(format!("sesame{salt}"))));
        assert_ne!(login().proof(LoginMethod::Token), proof, "the salt is another one each time");
    }

    #[test]
    fn a_password_is_sent_in_hexadecimal_and_a_key_without_a_user() {
        assert_eq!(login().proof(LoginMethod::Password)[1].1, "enc:736573616d65");
        assert_eq!(login().proof(LoginMethod::Key), [("apiKey", "sesame".to_owned())]);
    }

    #[test]
    fn tokens_came_with_version_1_13() {
        assert!(!knows_tokens("1.12.0") && !knows_tokens("1.8.0"));
        assert!(knows_tokens("1.13.0") && knows_tokens("1.16.1") && knows_tokens(""));
    }
}
