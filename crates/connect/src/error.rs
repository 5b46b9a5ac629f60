//! Why a server could not be asked, in words for whoever set up the connection. No error holds a
//! secret: addresses in them have no query, and what a server said is cleaned of what was sent.

/// Why something asked of a server failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address cannot be that of a server.
    #[error("that is no address of a server: {problem}, as in https://music.example")]
    BadAddress {
        /// What is wrong with it. The address itself is not repeated: it may hold a password.
        problem: &'static str,
    },
    /// There is no answer from there: no such host, nothing that listens, no valid certificate.
    #[error("`{address}` cannot be reached: {problem}")]
    Unreachable {
        /// What was asked.
        address: String,
        /// What the system or the encryption reported.
        problem: String,
    },
    /// It took too long to answer.
    #[error("`{address}` did not answer within {seconds} s")]
    TimedOut {
        /// What was asked.
        address: String,
        /// How long was waited.
        seconds: u64,
    },
    /// It names another place to ask. Passwords go only where the user said.
    #[error(
        "`{address}` sends on to `{to}`, which is not followed; if that is your server, connect to \
         that address"
    )]
    Redirected {
        /// What was asked.
        address: String,
        /// Where it points, without a query.
        to: String,
    },
    /// It answered with a status that means failure and nothing that says why.
    #[error("`{address}` answered with status {status}")]
    Status {
        /// What was asked.
        address: String,
        /// The status of HTTP.
        status: u16,
    },
    /// It asks to be left alone for longer than is waited.
    #[error("`{address}` asks to wait for {seconds} s; try again later")]
    Busy {
        /// What was asked.
        address: String,
        /// How long it asks to wait.
        seconds: u64,
    },
    /// The answer is larger than any that is meant well.
    #[error("the answer of `{address}` is larger than {limit_mib} MiB")]
    TooLarge {
        /// What was asked.
        address: String,
        /// How much is read at most, in MiB.
        limit_mib: u64,
    },
    /// The answer is a page for people.
    #[error(
        "`{address}` answered with a web page: something before the server asks to log in, or the \
         server is at another address"
    )]
    WebPage {
        /// What was asked.
        address: String,
    },
    /// The answer is not what the protocol says.
    #[error("the answer of `{address}` cannot be read: {problem}")]
    Unreadable {
        /// What was asked.
        address: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The server does not accept the user, the password or the key.
    #[error("`{address}` does not accept the user or what was given to prove them: {message}")]
    NotAccepted {
        /// What was asked.
        address: String,
        /// What the server said.
        message: String,
    },
    /// There is no such thing there.
    #[error("`{address}` does not have it: {message}")]
    NotFound {
        /// What was asked.
        address: String,
        /// What the server said.
        message: String,
    },
    /// The server is older than tokens are, and refused one.
    #[error("`{address}` refused: {message}")]
    OldServer {
        /// What was asked.
        address: String,
        /// What the server said.
        message: String,
    },
    /// The server refused for another reason.
    #[error("`{address}` refused (error {code}): {message}")]
    Refused {
        /// What was asked.
        address: String,
        /// The code of the protocol.
        code: u32,
        /// What the server said.
        message: String,
    },
    /// What was read could not be taken in.
    #[error("what was read cannot be kept")]
    Sink(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, ConnectError>;
