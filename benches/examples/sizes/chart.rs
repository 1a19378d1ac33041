//! Nanoseconds a ping over ids, both logarithmic, and where the machine's caches end for tables of so many bytes an id.

use plotters::prelude::*;

use super::Row;

const SIZE: (u32, u32) = (1000, 560);

/// Of the palette of Okabe and Ito (2008), told apart by all.
const COLOURS: [RGBColor; 6] = [
    RGBColor(120, 120, 120),
    RGBColor(230, 159, 0),
    RGBColor(204, 121, 167),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
];

/// Bytes an id for which caches are marked: those of `exact-compact`.
const MARKED_BYTES: u64 = 23;

pub(crate) fn svg(rows: &[Row]) -> String {
    let mut svg = String::new();
    {
        let canvas = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        draw(rows, &canvas).expect("memory can be written");
    }
    svg
}

type Canvas<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw(rows: &[Row], canvas: &Canvas<'_>) -> Result<(), Box<dyn std::error::Error>> {
    canvas.fill(&WHITE)?;
    let ids = |pick: fn(u64, u64) -> u64| rows.iter().map(|row| row.ids).reduce(pick).unwrap_or(1 << 14);
    let (first, last) = (ids(u64::min) as f64, ids(u64::max) as f64);
    let most = rows.iter().map(|row| row.full_ns).fold(100.0, f64::max) * 1.2;
    let mut chart = ChartBuilder::on(canvas)
        .caption("a full window: ns a ping over ids in it, one thread", ("sans-serif", 20))
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d((first..last * 1.1).log_scale(), (4.0..most).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("ids in the window")
        .y_desc("ns a ping")
        .x_label_formatter(&|ids| format!("2^{:.0}", ids.log2()))
        .x_labels(14)
        .y_label_formatter(&|nanos| format!("{nanos:.0}"))
        .light_line_style(WHITE)
        .draw()?;
    for (name, bytes) in caches() {
        let ids = (bytes / MARKED_BYTES) as f64;
        if (first..last).contains(&ids) {
            chart.draw_series([PathElement::new([(ids, 4.0), (ids, most)], BLACK.mix(0.4))])?;
            let label = match bytes >> 20 {
                0 => format!("{name} {} KiB", bytes >> 10),
                mib => format!("{name} {mib} MiB"),
            };
            chart.draw_series([Text::new(label, (ids * 1.04, most * 0.93), ("sans-serif", 14))])?;
        }
    }
    let mut names: Vec<&str> = Vec::new();
    rows.iter().for_each(|row| {
        if !names.contains(&row.name) {
            names.push(row.name)
        }
    });
    for (name, colour) in names.into_iter().zip(COLOURS) {
        let points = rows.iter().filter(|row| row.name == name).map(|row| (row.ids as f64, row.full_ns));
        let points: Vec<(f64, f64)> = points.collect();
        chart
            .draw_series([PathElement::new(points.clone(), colour.stroke_width(2))])?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
        chart.draw_series(points.into_iter().map(|point| Circle::new(point, 3, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.filled())
        .label_font(("sans-serif", 15))
        .draw()?;
    canvas.present()?;
    Ok(())
}

/// Name and bytes of this machine's caches for data; none where the system does not say.
fn caches() -> Vec<(String, u64)> {
    let read = |index: usize, what: &str| {
        std::fs::read_to_string(format!("/sys/devices/system/cpu/cpu0/cache/index{index}/{what}"))
            .map(|text| text.trim().to_string())
            .ok()
    };
    let cache = |index: usize| {
        let (level, size) = (read(index, "level")?, read(index, "size")?);
        let kib: u64 = size.strip_suffix('K')?.parse().ok()?;
        (read(index, "type")? != "Instruction").then(|| (format!("L{level}"), kib << 10))
    };
    (0..8).filter_map(cache).collect()
}
