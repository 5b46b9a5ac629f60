//! The charts of the history and taste pages: drawings of what [`segue_engine::history`] and
//! [`segue_engine::taste`] say, one file each.
//!
//! Every chart is a `<figure>`: a drawing whose label says the main finding, a caption that says
//! what is drawn and what is not in it, and a table with the same numbers. Nothing is told by
//! colour alone. Colours are custom properties (`--chart-1`, `--chart-2`), set as presentation
//! attributes, which a strict content security policy allows, so day and night need one drawing.
//! Where there is nothing to draw there is no chart.

mod decades;
mod discovery;
mod eras;
mod features;
mod figure;
mod heat_map;
mod parts;

pub use decades::decades;
pub use discovery::discovery;
pub use eras::eras;
pub use features::features;
pub use figure::left_aside;
pub use heat_map::heat_map;
pub use parts::parts;

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use segue_core::{Listen, ListenerId, Source, Timestamp, Track, TrackId, WorkId};
    use segue_engine::Catalogue;
    use segue_engine::history::{DatedPlays, LeftAside, Period, Review, ReviewRequest};

    use super::*;
    use crate::page::words::Words;

    /// Every chart of a period of `plays` plays, one in six days from 14 November 2023 on.
    fn drawn(plays: i64, period: Period) -> Vec<String> {
        let mut track = Track::new(TrackId::new("t"), WorkId::new("t"), "Song");
        track.artists = vec!["<b>Bold</b> & Co".to_owned()];
        track.year = Some(1987);
        let catalogue = Catalogue::from_tracks(vec![track]);
        let at = |play: i64| Timestamp::from_second(1_700_000_000 + play * 6 * 86_400).unwrap();
        let listens: Vec<Listen> = (0..plays)
            .map(|play| {
                Listen::new(ListenerId::new("ann"), TrackId::new("t"), at(play), Source::LastFm)
            })
            .collect();
        let plays = DatedPlays::from_listens(&catalogue, &listens, &TimeZone::UTC);
        let request = ReviewRequest { period, today: date(2026, 1, 1), named: 9 };
        let data = Review::of(&catalogue, &plays, request);
        let words = Words::default();
        let charts = [
            heat_map(&words, &data.heat_map, "UTC"),
            parts(&words, &data.parts, period, data.last_day),
            eras(&words, &data.eras, "artist"),
            discovery(&words, &data.discovery),
            decades(&words, &data.decades),
        ];
        charts.into_iter().flatten().map(maud::PreEscaped::into_string).collect()
    }

    #[test]
    fn every_chart_says_its_finding_and_has_a_table() {
        let charts = drawn(60, Period::All);
        assert_eq!(charts.len(), 5);
        let of_periods = ["2024", "2024-01", "2024-W02"]
            .map(|period| drawn(60, Period::parse(period, date(2026, 1, 1)).unwrap()));
        assert!(of_periods.iter().all(|charts| charts.len() == 3));
        let charts: Vec<String> =
            charts.into_iter().chain(of_periods.into_iter().flatten()).collect();
        for chart in &charts {
            let label = chart
                .split("role=\"img\" aria-label=\"")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap();
            assert!(chart.contains(&format!("<figcaption><strong>{label}. </strong>")), "{label}");
            let rows = chart.split("<tbody>").nth(1).unwrap().matches("<tr>").count();
            assert!(rows > 0, "{label}");
            assert!(
                !chart.contains("NaN") && !chart.contains("inf") && !chart.contains("style="),
                "{label}"
            );
        }
    }

    #[test]
    fn names_are_text_and_never_markup() {
        let all = drawn(60, Period::All).concat();
        assert!(all.contains("&lt;b&gt;Bold") && !all.contains("<b>"));
    }

    #[test]
    fn nothing_to_draw_is_no_chart() {
        assert!(drawn(0, Period::All).is_empty());
    }

    #[test]
    fn a_single_play_is_drawn_without_dividing_by_nothing() {
        assert!(
            drawn(1, Period::All)
                .iter()
                .all(|chart| !chart.contains("NaN") && !chart.contains("inf"))
        );
    }

    #[test]
    fn what_is_in_no_chart_is_said() {
        assert_eq!(left_aside(&Words::default(), &LeftAside::default()), None);
        let aside = LeftAside { private: 1_200, skipped: 4, undated: 3, ..LeftAside::default() };
        let said = "Not counted: plays 1,200 in private sessions, 4 skipped within half a minute \
                    and 3 without a date.";
        assert_eq!(left_aside(&Words::default(), &aside).as_deref(), Some(said));
    }
}
