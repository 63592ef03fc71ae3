//! Amounts over time as a picture: an SVG without scripts and without styles of its own, whose
//! colours are classes of the style sheet.
//!
//! A balance stays as it is until something happens, so lines are steps. Labels stand inside, above
//! their line, so that they may grow where the picture is small.

use books::{Currency, Timestamp};
use maud::{Markup, html};

use super::{amount, figures};
use crate::moments::show_moment;

/// A line of a chart.
pub struct Series {
    /// What it is of.
    pub name: &'static str,
    /// Moments in Unix time and amounts in the smallest unit, oldest first.
    pub points: Vec<(i64, i64)>,
}

/// The picture is this wide and high, in units of its own.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 240.0;
/// What is left free above, for the label of the highest line, and below, for the dates.
const ABOVE: f64 = 30.0;
const BELOW: f64 = 34.0;
/// How far the end of a line stays from the edge, so that its dot is whole.
const ASIDE: f64 = 6.0;
/// Lines across, at most, beside that of zero.
const LINES_MAX: i128 = 4;
/// Dates below, at most.
const DATES_MAX: i64 = 5;

const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 60 * MINUTE_S;
const DAY_S: i64 = 24 * HOUR_S;
/// Spans that are easy to count in.
const SPANS_S: [i64; 18] = [
    1,
    5,
    15,
    MINUTE_S,
    5 * MINUTE_S,
    15 * MINUTE_S,
    HOUR_S,
    3 * HOUR_S,
    6 * HOUR_S,
    12 * HOUR_S,
    DAY_S,
    2 * DAY_S,
    5 * DAY_S,
    7 * DAY_S,
    14 * DAY_S,
    30 * DAY_S,
    90 * DAY_S,
    365 * DAY_S,
];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Draws series that share their moments. `label` says what the picture shows.
pub fn chart(label: &str, currency: &str, series: &[Series]) -> Markup {
    let Some(plot) = Plot::around(currency, series) else {
        return html! { p.empty { "There is nothing to draw yet." } };
    };
    html! {
        figure.chart {
            @if series.len() > 1 { (legend(series)) }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" {
                title { (label) }
                desc { (describe(currency, series)) }
                (plot.rules())
                @for (at, line) in series.iter().enumerate() { (plot.line(at, line)) }
                (plot.amounts(currency))
                (plot.dates())
                (plot.columns(currency, series))
            }
        }
    }
}

fn legend(series: &[Series]) -> Markup {
    html! {
        ul.legend {
            @for (at, line) in series.iter().enumerate() {
                li class=(class(at)) { span { (line.name) } }
            }
        }
    }
}

/// The class that gives a line its colour.
fn class(at: usize) -> String {
    format!("series-{}", at % 4 + 1)
}

/// What the picture says, in words.
fn describe(currency: &str, series: &[Series]) -> String {
    let ends = series.iter().filter_map(|line| {
        let (first, last) = (line.points.first()?, line.points.last()?);
        let (from, to) = (amount(first.1, currency), amount(last.1, currency));
        Some(format!("{}: {from} on {}, {to} on {}.", line.name, date(first.0), date(last.0)))
    });
    ends.collect::<Vec<_>>().join(" ")
}

/// Where moments and amounts are in the picture.
struct Plot {
    times: (i64, i64),
    range: (i64, i64),
    step: i64,
}

impl Plot {
    fn around(currency: &str, series: &[Series]) -> Option<Plot> {
        let points = || series.iter().flat_map(|line| line.points.iter());
        let times = (points().map(|at| at.0).min()?, points().map(|at| at.0).max()?);
        let lowest = points().map(|at| at.1).min()?.min(0);
        let highest = points().map(|at| at.1).max()?.max(0);
        let step = nice(i128::from(highest) - i128::from(lowest));
        // A whole one at least: labels have no room for more figures than they need.
        let step = i64::try_from(step).unwrap_or(i64::MAX).max(unit(currency));
        Some(Plot { times, range: (lowest, highest.max(lowest.saturating_add(step))), step })
    }

    // Coordinates are the one place for fractions: nothing is counted with them.

    fn x(&self, time: i64) -> f64 {
        let (from, to) = self.times;
        let share = match to == from {
            true => 1.0,
            false => (time as f64 - from as f64) / (to as f64 - from as f64),
        };
        ASIDE + share * (WIDTH - 2.0 * ASIDE)
    }

    fn y(&self, minor: i64) -> f64 {
        let (from, to) = self.range;
        let share = (minor as f64 - from as f64) / (to as f64 - from as f64);
        HEIGHT - BELOW - share * (HEIGHT - BELOW - ABOVE)
    }

    /// Round amounts, from the lowest to the highest.
    fn marks(&self) -> impl Iterator<Item = i64> {
        let (from, to) = self.range;
        (from / self.step..=to / self.step).map(|times| times * self.step)
    }

    /// Lines across.
    fn rules(&self) -> Markup {
        html! {
            @for minor in self.marks() {
                @let y = place(self.y(minor));
                line.rule.zero[minor == 0] x1="0" x2=(WIDTH) y1=(y) y2=(y) {}
            }
        }
    }

    /// What each line across stands for. Comes after the series, which would cover it.
    fn amounts(&self, currency: &str) -> Markup {
        html! {
            @for minor in self.marks() {
                text x="0" y=(place(self.y(minor) - 5.0)) { (mark(minor, currency)) }
            }
        }
    }

    fn dates(&self) -> Markup {
        let (from, to) = self.times;
        let span = SPANS_S.into_iter().find(|span| (to - from) / span < DATES_MAX);
        let span = span.unwrap_or((to - from) / DATES_MAX + 1);
        let first = (from + span - 1) / span * span;
        let marks = (0..DATES_MAX).map(|times| first + times * span).filter(|time| *time <= to);
        let mut marks: Vec<i64> = marks.collect();
        if marks.is_empty() {
            marks.push(to);
        }
        html! {
            @for time in marks {
                text x=(place(self.x(time))) y=(HEIGHT - 8.0) text-anchor=(self.anchor(time)) {
                    (shown(time, span))
                }
            }
        }
    }

    /// Dates stay inside of the picture.
    fn anchor(&self, time: i64) -> &'static str {
        match self.x(time) / WIDTH {
            ..0.1 => "start",
            0.9.. => "end",
            _ => "middle",
        }
    }

    /// The steps of a series, and a dot where it stands now.
    fn line(&self, at: usize, line: &Series) -> Markup {
        let Some((&(began, start), rest)) = line.points.split_first() else { return html! {} };
        let mut path = format!("M{} {}", place(self.x(began)), place(self.y(start)));
        for &(time, minor) in rest {
            path += &format!("H{}V{}", place(self.x(time)), place(self.y(minor)));
        }
        let (ended, end) = *rest.last().unwrap_or(&(began, start));
        let (x, y) = (place(self.x(ended)), place(self.y(end)));
        let zero = place(self.y(0));
        html! {
            g class=(class(at)) {
                @if at == 0 {
                    path.area d={ (path) "V" (zero) "H" (place(self.x(began))) "Z" } {}
                }
                path.line d=(path) {}
                circle cx=(x) cy=(y) r="4" {}
            }
        }
    }

    /// What a pointer finds: at each moment, the amounts of all series.
    fn columns(&self, currency: &str, series: &[Series]) -> Markup {
        let times: Vec<i64> =
            series.first().map_or(&[][..], |line| &line.points).iter().map(|at| at.0).collect();
        html! {
            @for (at, &time) in times.iter().enumerate() {
                @let next = times.get(at + 1).map_or(WIDTH, |next| self.x(*next));
                @let from = if at == 0 { 0.0 } else { self.x(time) };
                rect.hit x=(place(from)) y="0" height=(HEIGHT - BELOW)
                    width=(place((next - from).max(0.0))) {
                    title {
                        (moment(time))
                        @for line in series {
                            @if let Some((_, minor)) = line.points.get(at) {
                                "\n" (line.name) ": " (amount(*minor, currency))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The distance of lines across: 1, 2 or 5 with zeros.
fn nice(span: i128) -> i128 {
    let mut unit = 1;
    loop {
        for times in [1, 2, 5] {
            if span <= unit * times * LINES_MAX {
                return unit * times;
            }
        }
        unit *= 10;
    }
}

/// A coordinate with one place behind the point.
fn place(at: f64) -> String {
    format!("{at:.1}")
}

/// How much one of a currency is.
fn unit(currency: &str) -> i64 {
    10i64.pow(u32::from(Currency::parse(currency).map_or(2, Currency::digits)))
}

/// An amount beside a line, which is a whole one.
fn mark(minor: i64, currency: &str) -> String {
    let text = figures(minor, currency);
    text.split('.').next().unwrap_or_default().to_owned()
}

/// A moment below the picture, as exact as the distance of such moments asks for.
fn shown(time: i64, span: i64) -> String {
    let machine = show_moment(Timestamp(time));
    match span {
        ..MINUTE_S => machine[11..19].to_owned(),
        MINUTE_S..DAY_S => machine[11..16].to_owned(),
        _ => day(&machine),
    }
}

fn day(machine: &str) -> String {
    let month = machine[5..7].parse().ok().and_then(|at: usize| MONTHS.get(at.wrapping_sub(1)));
    format!("{} {}", machine[8..10].trim_start_matches('0'), month.copied().unwrap_or_default())
}

/// A date with its year.
pub fn date(time: i64) -> String {
    let machine = show_moment(Timestamp(time));
    format!("{} {}", day(&machine), &machine[..4])
}

fn moment(time: i64) -> String {
    let machine = show_moment(Timestamp(time));
    match time % DAY_S {
        0 => date(time),
        _ => format!("{}, {} UTC", date(time), &machine[11..19]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_across_are_at_round_amounts() {
        for (span, want) in [(0, 1), (4, 1), (5, 2), (9, 5), (123_456, 50_000), (400, 100)] {
            assert_eq!(nice(span), want, "{span}");
        }
    }

    #[test]
    fn dates_are_as_exact_as_they_need_to_be() {
        for (time, span, want) in [
            (0, DAY_S, "1 Jan"),
            (1_782_864_000, DAY_S, "1 Jul"),
            (1_782_864_000 + 90, MINUTE_S, "00:01"),
            (1_782_864_000 + 90, 15, "00:01:30"),
        ] {
            assert_eq!(shown(time, span), want);
        }
        assert_eq!(date(1_782_864_000), "1 Jul 2026");
    }

    #[test]
    fn a_chart_can_be_drawn_of_anything() {
        let drawn = |points: &[(i64, i64)]| {
            let series = [Series { name: "Cash", points: points.to_vec() }];
            chart("Cash", "usd", &series).into_string()
        };
        assert!(drawn(&[]).contains("nothing to draw"));
        for points in [
            &[(5, 0)][..],
            &[(5, 7), (5, 9), (5, 0)],
            &[(0, i64::MIN), (DAY_S, i64::MAX)],
            &[(0, -500), (DAY_S, -100)],
        ] {
            let svg = drawn(points);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert_eq!(svg.matches("class=\"hit\"").count(), points.len());
        }
    }

    #[test]
    fn a_chart_says_what_it_shows() {
        let points = vec![(0, 0), (DAY_S, 123_456)];
        let svg = chart("Cash", "usd", &[Series { name: "Cash", points }]).into_string();
        for part in [
            "<title>Cash</title>",
            "Cash: 0.00 USD on 1 Jan 1970, 1,234.56 USD on 2 Jan 1970.",
            "2 Jan 1970\nCash: 1,234.56 USD",
            ">1,000</text>",
        ] {
            assert!(svg.contains(part), "{part} is not in {svg}");
        }
    }
}
