//! Processor time over size, both logarithmic.

use plotters::prelude::*;

use super::Row;

const SIZE: (u32, u32) = (1000, 620);

/// Of the palette of Okabe and Ito (2008), told apart by all.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 0, 0),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(120, 120, 120),
];

pub(crate) fn svg(rows: &[Row]) -> String {
    let mut svg = String::new();
    draw(rows, &SVGBackend::with_string(&mut svg, SIZE).into_drawing_area()).expect("memory can be written");
    svg
}

type Canvas<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw(rows: &[Row], canvas: &Canvas<'_>) -> Result<(), Box<dyn std::error::Error>> {
    canvas.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(canvas)
        .caption("processor time over size: a slope of 1 is a straight line", ("sans-serif", 20))
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(70)
        .build_cartesian_2d((100f64..1.2e9).log_scale(), (1e-3..1e3f64).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("pings, ids, rows, cells")
        .y_desc("seconds")
        .x_label_formatter(&|size| format!("{size:e}"))
        .y_label_formatter(&|seconds| format!("{seconds}"))
        .light_line_style(WHITE)
        .draw()?;
    let mut names: Vec<&str> = rows.iter().map(|row| row.work).collect();
    names.dedup();
    for (name, colour) in names.into_iter().zip(COLOURS) {
        let of = || rows.iter().filter(move |row| row.work == name).map(|row| (row.size as f64, row.seconds));
        chart
            .draw_series([PathElement::new(of().collect::<Vec<_>>(), colour.stroke_width(2))])?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(3)));
        chart.draw_series(of().map(|point| Circle::new(point, 3, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .draw()?;
    Ok(canvas.present()?)
}
