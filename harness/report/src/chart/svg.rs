//! From what plotters draws to what a page needs: colours become classes, so that a style sheet decides.
//!
//! Every element is drawn in a colour that stands for its part in the chart. [`paint`] replaces it by a class, or by
//! the real colour where the picture has to stand alone.

use std::fmt::Write;
use std::sync::LazyLock;

use plotters::style::RGBColor;
use regex::{Captures, Regex};

use super::Drawing;
use super::labels::wrapped;
use crate::Palette;
use crate::palette::{DARK, DASHES, LIGHT};

/// Width and height of a drawing, in units of its own: a page shows it at about half that.
pub(super) const PAGE: (u32, u32) = (1440, 780);

/// A slide, but for what is left free at its sides: its letters are then as large as the width allows.
pub(super) const SLIDE: (u32, u32) = (1140, 712);

/// What an element of a chart is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// Something of a strategy.
    Strategy(usize, Stroke),
    /// A grid line.
    Grid,
    /// The axes.
    Axis,
    /// Text at axes.
    Label,
    /// The axis' name.
    Title,
    /// A shaded stretch.
    Band,
    /// Its edge and its name.
    BandText,
    /// A frontier.
    Frontier,
    /// A guide of no strategy.
    Guide,
    /// The ring around a harm.
    Harm,
}

/// What of a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    /// Its line.
    Line,
    /// A filled mark.
    Mark,
    /// An open mark.
    Open,
    /// An interval.
    Interval,
    /// Its name.
    Name,
    /// An upright line of its own.
    Guide,
}

const STROKES: [(Stroke, &str); 6] = [
    (Stroke::Line, "l"),
    (Stroke::Mark, "m"),
    (Stroke::Open, "o"),
    (Stroke::Interval, "i"),
    (Stroke::Name, "n"),
    (Stroke::Guide, "v"),
];

const COMMON: [(Ink, &str, &str); 9] = [
    (Ink::Grid, "g", "#e3e3e0"),
    (Ink::Axis, "a", "#77756f"),
    (Ink::Label, "t", "#55534e"),
    (Ink::Title, "h", "#33312d"),
    (Ink::Band, "b", "#f6d7d2"),
    (Ink::BandText, "bt", "#a3301f"),
    (Ink::Frontier, "f", "#8a8880"),
    (Ink::Guide, "u", "#77756f"),
    (Ink::Harm, "x", "#c22b1a"),
];

impl Ink {
    /// The colour that stands for it.
    pub(super) fn colour(self) -> RGBColor {
        match self {
            Ink::Strategy(index, stroke) => {
                let stroke =
                    STROKES.iter().position(|(have, _)| *have == stroke).expect("all strokes are listed");
                RGBColor(0x10 + stroke as u8, (index >> 8) as u8, index as u8)
            }
            common => {
                let place =
                    COMMON.iter().position(|(have, ..)| *have == common).expect("all inks are listed");
                RGBColor(0xfe, 0, place as u8)
            }
        }
    }
}

/// How a picture gets its colours.
#[derive(Clone, Copy, Debug)]
pub enum Paint<'a> {
    /// From the style sheet of its page.
    Classes,
    /// By itself: on a light ground, with where it comes from in it and below it.
    Alone {
        /// How strategies are drawn.
        palette: &'a Palette,
        /// Where it comes from, a line each.
        provenance: &'a [String],
    },
}

static COLOURED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r##"(fill|stroke)="#([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})""##).expect("a constant")
});

static WASTE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#" (opacity="1"|fill="none"|stroke="none"|font-family="[^"]*"|stroke-width="1"|text-anchor="start")"#,
    )
    .expect("a constant")
});

/// Digits of the size of letters that no eye sees.
static SIZE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"font-size="([0-9]+\.[0-9]{2})[0-9]+""#).expect("a constant"));

/// The picture for a page or for itself; `label` is what a screen reader says of it.
pub fn paint(drawing: &Drawing, label: &str, paint: Paint<'_>) -> String {
    let body = drawing
        .svg
        .split_once('>')
        .map_or("", |(_, body)| body)
        .replace(">\n", ">")
        .replace("\n</text>", "</text>")
        .replace(" \"/>", "\"/>");
    let body = WASTE.replace_all(&body, "");
    let body = SIZE.replace_all(&body, "font-size=\"$1\"");
    let body = COLOURED.replace_all(&body, |found: &Captures<'_>| class(found));
    let body = body.trim_start_matches('\n').trim_end();
    let (width, height) = drawing.size;
    let open = |namespace: &str, height: u32| {
        let label = escape(label);
        format!(
            "<svg{namespace} class=\"chart\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">"
        )
    };
    match paint {
        Paint::Classes => open("", height) + body,
        Paint::Alone { palette, provenance } => {
            let (caption, height) = caption(label, provenance, drawing.size);
            let style = style(palette, Ground::Light);
            let body = body.trim_end_matches("</svg>");
            open(" xmlns=\"http://www.w3.org/2000/svg\"", height)
                + &format!(
                    "<desc>{}</desc><style>{style}</style>{body}{caption}</svg>",
                    escape(&provenance.join("\n"))
                )
        }
    }
}

const CAPTION: f64 = 20.0;
const CAPTION_LINE: u32 = 26;

/// Its title and where it comes from, below a picture, and how high that makes it.
fn caption(title: &str, provenance: &[String], (width, height): (u32, u32)) -> (String, u32) {
    let room = f64::from(width) - 24.0;
    let lines = std::iter::once(title).chain(provenance.iter().map(String::as_str));
    let lines: Vec<(String, &str)> = lines
        .enumerate()
        .flat_map(|(index, text)| {
            let class = if index == 0 { "h" } else { "t" };
            wrapped(text, CAPTION, room).into_iter().map(move |line| (line, class))
        })
        .collect();
    let mut texts = String::new();
    for ((line, class), place) in lines.iter().zip(1..) {
        let y = height + place * CAPTION_LINE;
        let line = escape(line);
        let _ =
            write!(texts, "<text class=\"{class}\" x=\"12\" y=\"{y}\" font-size=\"{CAPTION}\">{line}</text>");
    }
    (texts, height + lines.len() as u32 * CAPTION_LINE + 16)
}

fn class(found: &Captures<'_>) -> String {
    let byte = |group: usize| u8::from_str_radix(&found[group], 16).unwrap_or(0);
    let (red, green, blue) = (byte(2), byte(3), byte(4));
    if red == 0xfe {
        return COMMON
            .get(usize::from(blue))
            .map_or(String::new(), |(_, class, _)| format!("class=\"{class}\""));
    }
    let stroke = STROKES.get(usize::from(red.wrapping_sub(0x10))).map_or("l", |(_, class)| class);
    format!("class=\"{stroke} s{}\"", usize::from(green) << 8 | usize::from(blue))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The ground of a page or picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ground {
    /// Light colours, as the reader's system wants it.
    Either,
    /// Light.
    Light,
}

/// The style sheet of charts: what each class of [`paint`] looks like.
pub fn style_of_page(palette: &Palette) -> String {
    style(palette, Ground::Either)
}

fn style(palette: &Palette, ground: Ground) -> String {
    let mut css = String::from(
        ".chart{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif}\
         .chart text{stroke:none}\
         .l{fill:none;stroke:var(--c);stroke-width:4;stroke-linejoin:round}\
         .m{fill:var(--c);stroke:none}.o{fill:none;stroke:var(--c);stroke-width:3.5}\
         .i{fill:none;stroke:var(--c);stroke-width:2;opacity:.7}.n{fill:var(--c);font-weight:600}.v{fill:none;stroke:var(--c);stroke-width:2.5;stroke-dasharray:7 5}\
         .g{fill:none;stroke:var(--grid);stroke-width:1.5}.a{fill:none;stroke:var(--axis);stroke-width:2}\
         .t{fill:var(--label)}.h{fill:var(--title);font-weight:600}.b{fill:var(--band);stroke:none}\
         .bt{fill:var(--bandtext);stroke:var(--bandtext);stroke-width:2}.f{fill:none;stroke:var(--frontier);stroke-width:3;stroke-dasharray:4 8}\
         .u{fill:none;stroke:var(--axis);stroke-width:2;stroke-dasharray:6 6}text.u,text.f{fill:var(--label);stroke:none}circle.u{stroke-dasharray:none;fill:var(--axis)}\
         .x{fill:none;stroke:var(--harm);stroke-width:3.5}text.x{fill:var(--harm);stroke:none}",
    );
    for (index, _) in palette.names().iter().enumerate() {
        let look = palette.look(index);
        // A custom property, so that the ground decides; dashes only for lines.
        let _ = write!(css, ".s{index},.k{index}{{--c:var(--p{})}}", look.colour);
        if look.dash > 0 {
            let _ = write!(css, ".l.s{index},.k{index} line{{stroke-dasharray:{}}}", DASHES[look.dash]);
        }
        if palette.is_quiet(index) {
            let _ = write!(css, ".s{index}{{--c:var(--quiet)}}");
        }
    }
    let light = root(&LIGHT, |place| COMMON[place].2, QUIET);
    let dark = root(&DARK, |place| DARK_COMMON[place], DARK_QUIET);
    match ground {
        Ground::Light => format!(".chart{{{light}}}{css}"),
        Ground::Either => format!(
            ":root{{{light}}}@media screen{{:root[data-ground=dark]{{{dark}}}}}\
             @media screen and (prefers-color-scheme:dark){{:root:not([data-ground=light]){{{dark}}}}}{css}"
        ),
    }
}

/// The common inks on a dark ground, in the order of [`COMMON`].
const DARK_COMMON: [&str; 9] =
    ["#34363a", "#8d9096", "#b4b6bb", "#e3e4e7", "#4a2622", "#ff9a8a", "#7d8087", "#8d9096", "#ff6b57"];

/// What is not in colour, on a light ground and on a dark one.
const QUIET: &str = "#bcb8af";
const DARK_QUIET: &str = "#565a61";

fn root(colours: &[&str], common: impl Fn(usize) -> &'static str, quiet: &str) -> String {
    const NAMES: [&str; 9] =
        ["grid", "axis", "label", "title", "band", "bandtext", "frontier", "guide", "harm"];
    let mut css = format!("--quiet:{quiet};");
    for (place, colour) in colours.iter().enumerate() {
        let _ = write!(css, "--p{place}:{colour};");
    }
    for (place, name) in NAMES.iter().enumerate() {
        let _ = write!(css, "--{name}:{};", common(place));
    }
    css
}
