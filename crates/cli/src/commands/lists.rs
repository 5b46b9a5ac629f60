//! `segue lists`: lists that stay, made for a day or week or kept from a mix.

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use segue::{Library, ListId, ListKind, ListName, ListenerId, SavedList, WeeklyList};
use segue_engine::playlist::PlaylistFormat;
use serde_json::json;

use super::mix::{self, explained, say_if_fallback};
use crate::home::{Home, open_library, read_library};
use crate::terminal::{print_json, print_line, say, table};

/// Lists that stay: today's, this week's finds, what is back after a while, and your own.
///
/// A list is made once for its day or week and stays as it is; earlier ones stay to look at.
/// `segue lists refresh` makes those that are due: run it every morning, by cron or by hand. While
/// `segue serve` runs, it does so by itself for whoever opened one in the last four weeks. Which
/// day it is, the time zone says that the listener told the page, else that of this machine (the
/// variable TZ sets another). `segue mix --keep NAME` keeps a mix as a list of your own, and with
/// `--prompt WORDS --weekly` a new one is made every week.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue lists refresh                  make what is due
  segue lists                          all lists, the latest first
  segue lists show today               the latest list of that kind, with a reason for each track
  segue lists show 12 --export m3u8 > finds.m3u8
  segue mix --prompt \"calm, for dinner\" --keep Dinner --weekly    a new one every week
  segue lists stop Dinner              no new ones from now on
  segue lists remove 12")]
pub(crate) struct ListsArgs {
    /// Whose lists [default: the only listener].
    #[arg(long, global = true, value_name = "NAME")]
    listener: Option<String>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make the lists that are due today.
    Refresh,
    /// Show the tracks of a list. It counts as shown from then on.
    Show {
        /// Its number, its name, or `today`, `finds` or `back-after-a-while` for the latest one.
        list: String,
        /// Write a playlist to stdout instead of a table.
        #[arg(long, value_name = "m3u8|xspf|jspf|csv|uris", conflicts_with = "json")]
        export: Option<PlaylistFormat>,
    },
    /// Stop making a weekly list. Those that were made stay.
    Stop {
        /// Its name.
        name: String,
    },
    /// Remove a list. What was shown stays in the log.
    Remove {
        /// Its number in `segue lists`.
        number: i64,
    },
}

pub(crate) fn run(args: ListsArgs, home: &Home) -> anyhow::Result<()> {
    let mut library = match args.what {
        None => read_library(home)?,
        Some(_) => open_library(home)?,
    };
    let listener = library.listener(args.listener.as_deref())?;
    match args.what {
        None => print_lists(&library, &listener, args.json),
        Some(What::Refresh) => refresh(&mut library, &listener, args.json),
        Some(What::Show { list, export }) => {
            let list = find(&library, &listener, &list)?;
            show(&mut library, &listener, list.id, export, args.json)
        }
        Some(What::Stop { name }) => {
            if !library.store_mut().end_weekly_list(&listener, &name)? {
                bail!("`{listener}` has no weekly list `{name}`; `segue lists` shows them");
            }
            say(&format!("`{name}` is made no more; what was made stays"));
            Ok(())
        }
        Some(What::Remove { number }) => {
            if !library.store_mut().remove_list(&listener, ListId(number))? {
                bail!("`{listener}` has no list {number}; `segue lists` shows them");
            }
            say(&format!("list {number} is removed"));
            Ok(())
        }
    }
}

fn refresh(library: &mut Library, listener: &ListenerId, as_json: bool) -> anyhow::Result<()> {
    let snapshot = library.snapshot()?;
    say_if_fallback(&snapshot);
    let zone = segue::time_zone(library.store(), listener)?;
    let now = Timestamp::now().to_zoned(zone);
    let refreshed = library.refresh_lists(&snapshot, listener, &now).map_err(explained)?;
    if as_json {
        return print_json(&refreshed);
    }
    for one in refreshed {
        let title = &one.name.name;
        match (one.list, one.left_out) {
            (Some(list), _) => {
                let state = if one.is_new { "made" } else { "is there" };
                let SavedList { id, name, never_shown, .. } = list;
                let edition = name.edition;
                let new = format!("{never_shown} tracks never shown before");
                print_line(&format!("{title} {edition} {state}: list {}, {new}", id.0))?;
            }
            (None, why) => {
                print_line(&format!("{title}: none, {}", why.unwrap_or_default()))?;
            }
        }
    }
    Ok(())
}

fn find(library: &Library, listener: &ListenerId, asked: &str) -> anyhow::Result<SavedList> {
    let lists = library.store().lists(listener)?;
    let is_asked = |list: &&SavedList| {
        list.id.0.to_string() == asked
            || list.name.kind == asked && list.name.kind != ListName::OWN
            || list.name.name.eq_ignore_ascii_case(asked)
    };
    lists.iter().find(is_asked).cloned().with_context(|| {
        let is_kind = ListKind::ALL.iter().any(|kind| kind.key() == asked);
        let hint =
            if is_kind { "`segue lists refresh` makes it" } else { "`segue lists` shows them" };
        format!("`{listener}` has no list `{asked}`; {hint}")
    })
}

fn show(
    library: &mut Library,
    listener: &ListenerId,
    id: ListId,
    export: Option<PlaylistFormat>,
    as_json: bool,
) -> anyhow::Result<()> {
    let opened = library.store_mut().open_list(listener, id, Timestamp::now())?;
    let (list, mix) = opened.context("the list was removed a moment ago")?;
    let catalogue = segue::catalogue(library.store())?;
    if let Some(format) = export {
        return mix::export(&catalogue, &mix.slate, format, &full_name(&list), list.at);
    }
    let picks = &mix.slate.picks;
    if as_json {
        let tracks = mix::picks_as_json(&catalogue, picks);
        return print_json(&json!({"list": list, "tracks": tracks}));
    }
    print_line(&full_name(&list))?;
    mix::print_picks(&catalogue, picks)
}

fn full_name(list: &SavedList) -> String {
    format!("{} {}", list.name.name, list.name.edition).trim_end().to_owned()
}

fn print_lists(library: &Library, listener: &ListenerId, as_json: bool) -> anyhow::Result<()> {
    let lists = &library.store().lists(listener)?;
    let weekly = library.store().weekly_lists(listener)?;
    if as_json {
        return print_json(&json!({"lists": lists, "weekly": weekly}));
    }
    for WeeklyList { name, prompt } in weekly {
        say(&format!("every week: {name}, by the words \"{prompt}\""));
    }
    if lists.is_empty() {
        say("no lists yet; `segue lists refresh` makes today's");
        return Ok(());
    }
    let mut rows = table(&["number", "list", "for", "never shown before", ""]);
    for list in lists {
        rows.add_row([
            list.id.0.to_string(),
            list.name.name.clone(),
            list.name.edition.clone(),
            list.never_shown.to_string(),
            (if list.is_opened { "" } else { "not opened yet" }).to_owned(),
        ]);
    }
    print_line(&rows.to_string())
}
