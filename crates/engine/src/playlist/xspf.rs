//! XML Shareable Playlist Format, version 1 (xspf.org/spec).
//!
//! Locations and identifiers must be legal URIs, durations whole milliseconds, and children stand
//! in the order of the specification, which its errata recommend to writers. A track without a
//! location stays: finding it by name is what the format was made for.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::content::{Playlist, PlaylistEntry, Rendered, credit, one_line};
use super::place::{id_uri, location_uri, recording_uri};
use crate::mix::sentence::sentence;

pub(super) fn render(playlist: &Playlist<'_>) -> Rendered {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    write(&mut writer, playlist).expect("writing to memory cannot fail");
    let mut text = String::from_utf8(writer.into_inner()).expect("only text was written");
    text.push('\n');
    let is_by_name = |entry: &&PlaylistEntry<'_>| location_uri(entry.track).is_none();
    Rendered { text, left_out: 0, by_name: playlist.entries.iter().filter(is_by_name).count() }
}

fn write(writer: &mut Writer<Vec<u8>>, playlist: &Playlist<'_>) -> io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let root = writer.create_element("playlist");
    let root = root.with_attributes([("version", "1"), ("xmlns", "http://xspf.org/ns/0/")]);
    root.write_inner_content(|writer| {
        write_text(writer, "title", &playlist.title)?;
        write_text(writer, "creator", "Segue")?;
        write_text(writer, "date", &playlist.created.to_string())?;
        writer.create_element("trackList").write_inner_content(|writer| {
            playlist.entries.iter().try_for_each(|entry| write_track(writer, entry))
        })?;
        Ok(())
    })?;
    Ok(())
}

fn write_track(writer: &mut Writer<Vec<u8>>, entry: &PlaylistEntry<'_>) -> io::Result<()> {
    let track = entry.track;
    let duration_ms = track.duration_ms().map(|ms| ms.to_string());
    let album = track.album.as_deref().map(one_line);
    let children = [
        ("location", location_uri(track)),
        ("identifier", recording_uri(track)),
        ("identifier", id_uri(track)),
        ("title", Some(one_line(&track.display_title()))),
        ("creator", credit(track)),
        ("annotation", Some(one_line(&sentence(&entry.pick.reason)))),
        ("album", album),
        ("duration", duration_ms),
    ];
    writer.create_element("track").write_inner_content(|writer| {
        for (name, text) in children {
            if let Some(text) = text {
                write_text(writer, name, &text)?;
            }
        }
        Ok(())
    })?;
    Ok(())
}

fn write_text(writer: &mut Writer<Vec<u8>>, name: &str, text: &str) -> io::Result<()> {
    writer.create_element(name).write_text_content(BytesText::new(text)).map(drop)
}
