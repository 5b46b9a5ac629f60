//! `sc://host:port/;key=value;…`, the address of a server as clients of Spark Connect take it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use tonic::metadata::{Ascii, MetadataKey, MetadataValue};

use super::SparkError;

const SCHEME: &str = "sc://";
const USUAL_PORT: u16 = 15002;

/// Where a server is, and as whom to speak to it.
///
/// Of the parameters `token`, `user_id` and `use_ssl` are known; others are sent as headers, as
/// those that a proxy asks for. `user_agent` is not taken, and `session_id` neither: each build is
/// a session of its own.
///
/// Neither the token nor headers are part of what [`Debug`] shows.
///
/// ```
/// use segue_world::build::spark::SparkAddress;
///
/// let address: SparkAddress = "sc://localhost:15002/;user_id=me;token=secret".parse()?;
/// assert_eq!(address.server(), "localhost:15002");
/// assert!(!format!("{address:?}").contains("secret"));
/// // TLS is not spoken here, and a token goes to this machine alone without it.
/// assert!("sc://cluster:15002/;use_ssl=true".parse::<SparkAddress>().is_err());
/// assert!("sc://cluster:15002/;token=secret".parse::<SparkAddress>().is_err());
/// # Ok::<(), segue_world::build::spark::SparkError>(())
/// ```
#[derive(Clone)]
pub struct SparkAddress {
    server: String,
    pub(super) user: String,
    pub(super) headers: Vec<(MetadataKey<Ascii>, MetadataValue<Ascii>)>,
}

impl SparkAddress {
    /// Host and port, which may be shown.
    pub fn server(&self) -> &str {
        &self.server
    }
}

impl fmt::Debug for SparkAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SparkAddress").field("server", &self.server).finish_non_exhaustive()
    }
}

impl FromStr for SparkAddress {
    type Err = SparkError;

    fn from_str(text: &str) -> Result<Self, SparkError> {
        let wrong = SparkError::Address("it is written `sc://host:port`");
        let Some(rest) = text.strip_prefix(SCHEME) else { return Err(wrong) };
        let (place, parameters) = rest.split_once('/').unwrap_or((rest, ""));
        let (place, parameters) = match place.split_once(';') {
            Some(_) => return Err(SparkError::Address("a `/` comes before the first `;`")),
            None => (place, parameters),
        };
        let host = host_of(place).ok_or(wrong)?;
        let server = if host.len() == place.len() {
            format!("{place}:{USUAL_PORT}")
        } else {
            place.to_owned()
        };
        let mut address = Self { server, user: "segue".to_owned(), headers: Vec::new() };
        for parameter in parameters.split(';').filter(|text| !text.is_empty()) {
            address.take(parameter, host)?;
        }
        Ok(address)
    }
}

impl SparkAddress {
    fn take(&mut self, parameter: &str, host: &str) -> Result<(), SparkError> {
        const NOT_TEXT: SparkError = SparkError::Address("a parameter is no text that is sent");
        let (key, value) = parameter
            .split_once('=')
            .ok_or(SparkError::Address("parameters are written `key=value`, with `;` between"))?;
        let value = percent_decode_str(value).decode_utf8().map_err(|_| NOT_TEXT)?;
        match key {
            "use_ssl" if value == "false" => {}
            "use_ssl" => {
                return Err(SparkError::Address(
                    "`use_ssl` is asked for, and TLS is not spoken here: reach the server through \
                     a tunnel such as `ssh -L 15002:localhost:15002 HOST`, and name \
                     `sc://localhost:15002`",
                ));
            }
            "user_id" => self.user = value.into_owned(),
            "token" if !is_this_machine(host) => {
                return Err(SparkError::Address(
                    "a token would go over the network for all to read: reach the server through \
                     a tunnel such as `ssh -L 15002:localhost:15002 HOST`, and name \
                     `sc://localhost:15002`",
                ));
            }
            "token" => self.add_header("authorization", &format!("Bearer {value}"))?,
            "session_id" | "user_agent" => {
                return Err(SparkError::Address("`session_id` and `user_agent` are not taken"));
            }
            key => self.add_header(&key.to_ascii_lowercase(), &value)?,
        }
        Ok(())
    }

    fn add_header(&mut self, key: &str, value: &str) -> Result<(), SparkError> {
        const WRONG: SparkError = SparkError::Address("a parameter cannot be sent as a header");
        let key = MetadataKey::from_bytes(key.as_bytes()).map_err(|_| WRONG)?;
        let mut value: MetadataValue<Ascii> = value.parse().map_err(|_| WRONG)?;
        value.set_sensitive(true);
        self.headers.push((key, value));
        Ok(())
    }
}

/// The host of `host`, `host:port` or `[::1]:port`; `None` where it is none of them.
fn host_of(place: &str) -> Option<&str> {
    let is_bare = |host: &str| {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
    };
    let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.find(']')) {
        Some(end) => place.split_at(end + 2),
        None => place.split_at(place.find(':').unwrap_or(place.len())),
    };
    let inner = host.trim_start_matches('[').trim_end_matches(']');
    let is_host = is_bare(host) || (host.starts_with('[') && inner.parse::<IpAddr>().is_ok());
    let is_port = match port.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok(),
        None => port.is_empty(),
    };
    (is_host && is_port).then_some(host)
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
