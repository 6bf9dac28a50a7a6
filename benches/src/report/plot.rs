//! Plots as SVG: percentiles over a logarithmic axis of what is left, and lines over seconds.

use std::ops::Range;

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::Latencies;

const SIZE: (u32, u32) = (960, 540);
const COLORS: [RGBColor; 8] = [
    RGBColor(0, 90, 160),
    RGBColor(200, 60, 20),
    RGBColor(30, 130, 60),
    RGBColor(130, 70, 160),
    RGBColor(190, 140, 0),
    RGBColor(0, 140, 150),
    RGBColor(200, 50, 120),
    RGBColor(110, 110, 110),
];
/// The curve of percentiles ends here: 99.9999 %.
const NINES_MAX: f64 = 6.0;
const NINES_STEPS: u32 = 200;

/// One line of a plot over time.
#[derive(Clone, Debug)]
pub struct Series {
    pub name: String,
    /// Seconds since the beginning, and the value.
    pub points: Vec<(f64, f64)>,
}

/// Both axes in powers of ten: to the right one nine more, upwards ten times as long.
pub(super) fn percentiles(title: &str, rows: &[Latencies]) -> String {
    let lines: Vec<_> = rows.iter().map(|row| (row.name.as_str(), curve(row))).collect();
    let most = rows.iter().map(|row| row.ns.max()).max().unwrap_or(1).max(10);
    let nines = |nines: &f64| format!("{}", 100.0 - 10f64.powf(2.0 - nines.round()));
    let ns = |powers: &f64| duration(10f64.powf(*powers));
    let y = 0.0..(most as f64).log10() * 1.05;
    draw(title, &lines, 0.0..NINES_MAX, y, ("percentile", &nines), ("latency", &ns))
}

fn curve(row: &Latencies) -> Vec<(f64, f64)> {
    let at = |step: u32| {
        let nines = NINES_MAX * f64::from(step) / f64::from(NINES_STEPS);
        let value = row.ns.value_at_quantile(1.0 - 10f64.powf(-nines));
        (nines, (value.max(1) as f64).log10())
    };
    (0..=NINES_STEPS).map(at).collect()
}

fn duration(ns: f64) -> String {
    match ns {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.0} us", ns / 1e3),
        ns if ns < 1e9 => format!("{:.0} ms", ns / 1e6),
        ns => format!("{:.0} s", ns / 1e9),
    }
}

pub(super) fn over_time(title: &str, unit: &str, series: &[Series]) -> String {
    let points = || series.iter().flat_map(|series| &series.points);
    let seconds = points().map(|point| point.0).fold(1.0, f64::max);
    let most = points().map(|point| point.1).fold(0.0, f64::max);
    let most = if most > 0.0 { most * 1.05 } else { 1.0 };
    let lines: Vec<_> =
        series.iter().map(|series| (series.name.as_str(), series.points.clone())).collect();
    let plain = |value: &f64| value.to_string();
    draw(title, &lines, 0.0..seconds, 0.0..most, ("seconds", &plain), (unit, &plain))
}

type Line<'a> = (&'a str, Vec<(f64, f64)>);
/// What it shows, and how a value of it is written.
type Axis<'a> = (&'a str, &'a dyn Fn(&f64) -> String);

fn draw(
    title: &str,
    lines: &[Line<'_>],
    x: Range<f64>,
    y: Range<f64>,
    across: Axis<'_>,
    up: Axis<'_>,
) -> String {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    area.fill(&WHITE).expect("memory");
    let mut builder = ChartBuilder::on(&area);
    builder.caption(title, ("sans-serif", 18)).margin(12);
    builder.x_label_area_size(40).y_label_area_size(80);
    let mut chart = builder.build_cartesian_2d(x, y).expect("ranges are not empty");
    let mut mesh = chart.configure_mesh();
    mesh.x_desc(across.0).y_desc(up.0).light_line_style(WHITE);
    mesh.x_label_formatter(&across.1).y_label_formatter(&up.1);
    mesh.draw().expect("memory");
    for (line, color) in lines.iter().zip(COLORS.iter().cycle()) {
        add(&mut chart, line, *color);
    }
    let mut legend = chart.configure_series_labels();
    legend.position(SeriesLabelPosition::UpperLeft).background_style(WHITE.mix(0.8));
    legend.border_style(BLACK.mix(0.3)).draw().expect("memory");
    area.present().expect("memory");
    drop(chart);
    drop(area);
    svg
}

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

fn add<'a>(chart: &mut Chart<'a, '_>, (name, points): &Line<'_>, color: RGBColor) {
    let drawn = chart.draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)));
    let key = move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2));
    drawn.expect("memory").label(*name).legend(key);
}
