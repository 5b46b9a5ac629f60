//! Where a server is, as a person types it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ureq::http::Uri;

use crate::{ConnectError, Result};

/// The address of a server: scheme, host, and the path that it lives under, if any.
///
/// Its scheme is what was typed: `http` is not raised to `https`, and not the other way round. A
/// user, a query and a fragment are refused, since they would be shown wherever the address is.
///
/// ```
/// use segue_connect::ServerAddress;
///
/// let address: ServerAddress = "https://music.example/navidrome/".parse()?;
/// assert_eq!(address.to_string(), "https://music.example/navidrome");
/// assert_eq!(address.join("rest/ping.view"), "https://music.example/navidrome/rest/ping.view");
/// assert!("music.example".parse::<ServerAddress>().is_err(), "http or https?");
/// assert!("https://ann:sesame@music.example".parse::<ServerAddress>().is_err());
/// # Ok::<(), segue_connect::ConnectError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress(String);

impl ServerAddress {
    /// The address of something below it.
    pub fn join(&self, path: &str) -> String {
        format!("{}/{path}", self.0)
    }

    /// Whether what is sent there can be read by whoever is on the way: it is neither encrypted nor
    /// on this machine.
    pub fn is_readable_on_the_way(&self) -> bool {
        let Some(host) = self.0.strip_prefix("http://") else { return false };
        let host = host.split('/').next().unwrap_or_default();
        let end = |name: &str, end| name.split(end).next().unwrap_or_default().to_owned();
        let name = host.strip_prefix('[').map_or_else(|| end(host, ':'), |name| end(name, ']'));
        let is_loopback = name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        name != "localhost" && !is_loopback
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ServerAddress {
    type Err = ConnectError;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |problem| ConnectError::BadAddress { problem };
        let scheme = match text.split_once("://") {
            Some(("http", _)) => "http",
            Some(("https", _)) => "https",
            _ => return Err(bad("begin it with http:// or https://")),
        };
        if text.contains('#') {
            return Err(bad("leave out what stands behind `#`"));
        }
        let uri: Uri = text.parse().map_err(|_| bad("it cannot be read as an address"))?;
        let authority = uri.authority().ok_or_else(|| bad("it names no host"))?.as_str();
        if authority.contains('@') {
            return Err(bad("leave out user and password: `--user` names the user"));
        }
        if uri.query().is_some() {
            return Err(bad("leave out what stands behind `?`"));
        }
        let path = uri.path().trim_end_matches('/');
        let path = path.strip_suffix("/rest").unwrap_or(path);
        Ok(Self(format!("{scheme}://{authority}{path}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_as_it_was_typed_but_for_what_the_protocol_adds() {
        let kept = |text: &str| text.parse::<ServerAddress>().map(|it| it.to_string());
        for (typed, address) in [
            ("http://10.0.0.2:4533", "http://10.0.0.2:4533"),
            ("http://10.0.0.2:4533/rest/", "http://10.0.0.2:4533"),
            ("https://[::1]:1/a/b/", "https://[::1]:1/a/b"),
        ] {
            assert_eq!(kept(typed).unwrap(), address);
        }
        for refused in ["", "ftp://a", "http://", "http://a/?u=ann", "http://u@a", "http://a/#x"] {
            assert!(kept(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn what_is_sent_in_the_clear_to_another_machine_can_be_read_on_the_way() {
        let is = |text: &str| text.parse::<ServerAddress>().unwrap().is_readable_on_the_way();
        assert!(is("http://nas:4533") && is("http://192.168.0.2/music"));
        assert!(!is("https://nas") && !is("http://localhost:1") && !is("http://127.0.0.1:9"));
        assert!(!is("http://[::1]:4533"));
    }
}
