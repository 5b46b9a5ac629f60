//! What all exports of Spotify share: URIs, reasons, devices.

use segue_core::{DeviceClass, EndReason, StartReason, TrackId};

/// The id of a track URI or of a link to a track, or `None` for what is no track of the catalogue:
/// local files, episodes, broken text.
pub(crate) fn track_id(uri: &str) -> Option<TrackId> {
    let id = match uri.strip_prefix("spotify:track:") {
        Some(id) => id,
        None => uri
            .split_once("open.spotify.com/")?
            .1
            .rsplit_once("track/")?
            .1
            .split(['?', '#'])
            .next()?,
    };
    is_id(id).then(|| match uri.starts_with("spotify:") {
        true => TrackId::new(uri),
        false => TrackId::new(format!("spotify:track:{id}")),
    })
}

fn is_id(id: &str) -> bool {
    id.len() == 22 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A playlist or album that something was played from. Old URIs of playlists name their owner, who
/// is left out.
pub(crate) fn context_uri(uri: &str) -> Option<String> {
    let parts: Vec<&str> = uri.split(':').collect();
    match parts[..] {
        ["spotify", "user", _, "playlist", id] => Some(format!("spotify:playlist:{id}")),
        ["spotify", "user", _, "collection", ..] => Some("spotify:collection".to_owned()),
        ["spotify", "playlist" | "album" | "artist" | "show", id] if is_id(id) => {
            Some(uri.to_owned())
        }
        ["spotify", "collection", ..] => Some("spotify:collection".to_owned()),
        _ => None,
    }
}

/// Reads `reason_start`; `None` for a word that is not known.
pub(crate) fn start_reason(word: &str) -> Option<StartReason> {
    Some(match word {
        "clickrow" | "clickside" | "playbtn" | "popup" => StartReason::Chosen,
        "trackdone" => StartReason::PreviousFinished,
        "fwdbtn" => StartReason::SkippedTo,
        "backbtn" => StartReason::WentBack,
        "appload" | "persisted" | "remote" | "uriopen" => StartReason::Resumed,
        "" | "none" | "unknown" | "trackerror" => StartReason::Unknown,
        _ => return None,
    })
}

/// Reads `reason_end`; `None` for a word that is not known.
pub(crate) fn end_reason(word: &str) -> Option<EndReason> {
    Some(match word {
        "trackdone" => EndReason::Finished,
        "fwdbtn" => EndReason::SkippedForward,
        "backbtn" => EndReason::SkippedBack,
        "clickrow" | "clickside" | "playbtn" | "popup" | "uriopen" => EndReason::ChoseAnother,
        "endplay" => EndReason::Stopped,
        "logout" | "remote" => EndReason::Logout,
        "unexpected-exit" | "unexpected-exit-while-paused" => EndReason::Crashed,
        "trackerror" => EndReason::Failed,
        "" | "none" | "unknown" => EndReason::Unknown,
        _ => return None,
    })
}

/// The kind of device that a platform string names. The first matching words count: televisions run
/// Android, too.
pub(crate) fn device_class(platform: &str) -> DeviceClass {
    const WORDS: [(DeviceClass, &[&str]); 8] = [
        (DeviceClass::Web, &["web_player", "webplayer", "web player"]),
        (DeviceClass::Tv, &["tv", "roku", "webos", "tizen", "chromecast", "bravia"]),
        (DeviceClass::Console, &["playstation", "ps3", "ps4", "ps5", "xbox"]),
        (DeviceClass::Car, &["carplay", "android auto", "android_auto", "tesla", "automotive"]),
        (
            DeviceClass::Speaker,
            &[
                "sonos",
                "speaker",
                "echo",
                "alexa",
                "google home",
                "cast",
                "homepod",
                "bose",
                "denon",
            ],
        ),
        (DeviceClass::Tablet, &["ipad", "tablet", "kindle"]),
        (
            DeviceClass::Phone,
            &["iphone", "ipod", "ios", "android", "windows phone", "blackberry", "watch"],
        ),
        (
            DeviceClass::Computer,
            &["windows", "os x", "osx", "macos", "mac os", "linux", "desktop", "chrome os"],
        ),
    ];
    let platform = platform.to_lowercase();
    let matching = WORDS.iter().find(|(_, words)| words.iter().any(|word| platform.contains(word)));
    matching.map_or(DeviceClass::Unknown, |(class, _)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tracks_of_the_catalogue_have_ids() {
        let uri = "spotify:track:6rqhFgbbKwnb9MLmUQDhG6";
        assert_eq!(track_id(uri).unwrap().as_str(), uri);
        assert_eq!(
            track_id("https://open.spotify.com/intl-de/track/6rqhFgbbKwnb9MLmUQDhG6?si=x")
                .unwrap()
                .as_str(),
            uri
        );
        for other in [
            "spotify:local:A:B:C:120",
            "spotify:episode:6rqhFgbbKwnb9MLmUQDhG6",
            "spotify:track:",
            "track",
            "",
        ] {
            assert_eq!(track_id(other), None, "{other}");
        }
    }

    #[test]
    fn owners_are_left_out_of_contexts() {
        let playlist = "spotify:playlist:37i9dQZF1DXcBWIGoYBM5M";
        assert_eq!(
            context_uri("spotify:user:somebody:playlist:37i9dQZF1DXcBWIGoYBM5M").as_deref(),
            Some(playlist)
        );
        assert_eq!(context_uri(playlist).as_deref(), Some(playlist));
        assert_eq!(context_uri("spotify:user:somebody"), None);
    }

    #[test]
    fn devices_are_told_by_their_words() {
        for (platform, class) in [
            ("Android OS 4.2.2 API 17 (samsung, GT-I9195)", DeviceClass::Phone),
            ("ios", DeviceClass::Phone),
            ("iOS 11.4 (iPad6,11)", DeviceClass::Tablet),
            ("web_player windows 10;chrome 90.0;desktop", DeviceClass::Web),
            ("Windows 10 (10.0.19042; x64)", DeviceClass::Computer),
            ("Partner android_tv Sony;BRAVIA", DeviceClass::Tv),
            ("Partner sonos_ppc Sonos;Play1", DeviceClass::Speaker),
            ("Partner ps4 Sony", DeviceClass::Console),
            ("", DeviceClass::Unknown),
        ] {
            assert_eq!(device_class(platform), class, "{platform}");
        }
    }
}
