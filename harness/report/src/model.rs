//! What a report says, before anything is known of how it is written down.

use dedup_records::compare::Comparison;
use dedup_records::record::Struck;

use super::chart::Chart;
use super::palette::Palette;

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    /// The first screen.
    pub opening: Opening,
    /// Its sections, in order.
    pub sections: Vec<Section>,
    /// How each strategy is drawn.
    pub palette: Palette,
    /// What draws it again, of records of these names.
    pub command: String,
    /// The comparison that it is about.
    pub comparison: Comparison,
}

/// The first screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    /// What was compared.
    pub title: String,
    /// The worst that was seen.
    pub claim: String,
    /// The one sentence that the data support.
    pub sentence: String,
    /// What was compared, on what: a name and a text each.
    pub facts: Vec<(&'static str, Fact)>,
    /// How many strategies stand how.
    pub verdicts: Vec<(Tone, String)>,
    /// A line a candidate, over all scenarios.
    pub overview: Option<Figure>,
    /// The kinds of fault that a reader may choose one of; none where there are not several.
    pub kinds: Vec<Kind>,
    /// The verdicts one by one, for each scenario.
    pub figures: Vec<Figure>,
    /// What was skipped or failed, and warnings that concern the whole.
    pub notes: Vec<String>,
}

/// All faults that strike the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// What they strike.
    pub struck: Struck,
    /// How many scenarios have such a fault.
    pub scenarios_count: usize,
    /// The worst that was seen under them, and the sentence below it.
    pub claim: String,
    /// Who lost nothing under them.
    pub sentence: String,
    /// A line a candidate, over the scenarios without a fault and those with such a fault.
    pub overview: Option<Table>,
    /// What sections say otherwise where only these faults are looked at: their names in links, and their headlines.
    pub leads: Vec<(&'static str, String)>,
}

/// What one fact of the opening is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Each of them.
    pub texts: Vec<String>,
    /// All of them in a few words, where they are several.
    pub summary: String,
}

/// One of the sections of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Its name in links.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What it shows and how to read it.
    pub about: &'static str,
    /// What the data say, or why there is nothing to show.
    pub headline: String,
    /// One a scenario; none where the records have no data for it.
    pub figures: Vec<Figure>,
}

/// What a section shows of one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What it is of: the scenario, and what tells it from others of that name.
    pub title: String,
    /// What its data say, in one sentence.
    pub headline: String,
    /// Stream, machine, program, seed and date.
    pub source: String,
    /// Charts, each with the table of its data below.
    pub charts: Vec<(Chart, Table)>,
    /// Tables that stand by themselves.
    pub tables: Vec<Table>,
    /// What has to be known to read it.
    pub notes: Vec<String>,
    /// What the faults strike that it is of; nothing where it is of no fault.
    pub struck: Vec<Struck>,
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name in links and files.
    pub id: String,
    /// What it holds.
    pub caption: String,
    /// How a page shows it.
    pub view: View,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// How a page shows a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// As it is; on a narrow screen it is moved sideways, and its first column stays.
    #[default]
    Plain,
    /// On a narrow screen each line is a card.
    Cards,
    /// By the shades of its cells.
    Heat,
    /// Folded below what it has the details of.
    Folded,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading, unit included.
    pub title: String,
    /// Whether its cells are numbers.
    pub numeric: bool,
    /// The strategy that it is about, as an index into the palette.
    pub strategy: Option<usize>,
}

/// A line of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The strategy that it is about, as an index into the palette.
    pub strategy: Option<usize>,
    /// Its cells, one a column.
    pub cells: Vec<Cell>,
    /// What the faults strike that it is about; nothing where it is about no fault.
    pub struck: Vec<Struck>,
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What it shows.
    pub text: String,
    /// What stands below it, smaller.
    pub below: String,
    /// What it sorts by, and what a spreadsheet gets; the text where there is none.
    pub value: Option<f64>,
    /// How it is meant.
    pub tone: Tone,
    /// Its ground, in a table that is read by its shades.
    pub shade: Shade,
}

/// The ground of a cell, which only repeats what its words say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shade {
    /// None.
    #[default]
    None,
    /// Copies came through, from 1 for few to 6 for many.
    Amber(u8),
    /// Pings were lost.
    Red,
    /// It cannot happen here.
    Hatched,
    /// It was not judged.
    Dashed,
}

/// How a text is meant; colour only repeats what the words say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// Well.
    Good,
    /// To be weighed.
    Warn,
    /// Broken, failed, lost.
    Bad,
    /// By the way.
    Dim,
}

impl Fact {
    /// Some of what is counted by this noun.
    pub(super) fn of(texts: Vec<String>, noun: &str) -> Fact {
        let summary = dedup_records::units::plural(texts.len() as u64, noun);
        Fact { texts, summary }
    }
}

impl Figure {
    /// Whether it has anything to look at.
    pub fn is_empty(&self) -> bool {
        self.charts.is_empty() && self.tables.is_empty()
    }
}

impl Table {
    /// An empty table.
    pub fn new(id: String, caption: impl Into<String>, columns: &[(&str, bool)]) -> Table {
        let columns = columns.iter().map(|(title, numeric)| Column::new(*title, *numeric));
        Table {
            id,
            caption: caption.into(),
            view: View::Plain,
            columns: columns.collect(),
            lines: Vec::new(),
        }
    }

    /// The same, shown in another way.
    pub fn viewed(self, view: View) -> Table {
        Table { view, ..self }
    }

    /// Appends a line on what faults strike.
    pub fn push_struck(&mut self, strategy: Option<usize>, cells: Vec<Cell>, struck: Vec<Struck>) {
        self.push(strategy, cells);
        self.lines.last_mut().expect("one was pushed").struck = struck;
    }

    /// Appends a line.
    pub fn push(&mut self, strategy: Option<usize>, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "{}", self.id);
        self.lines.push(Line { strategy, cells, struck: Vec::new() });
    }
}

impl Column {
    /// A column of what is about no strategy more than about another.
    pub fn new(title: impl Into<String>, numeric: bool) -> Column {
        Column { title: title.into(), numeric, strategy: None }
    }
}

impl Cell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), below: String::new(), value: None, tone: Tone::Plain, shade: Shade::None }
    }

    /// A number, and how it is shown.
    pub fn number(text: impl Into<String>, value: f64) -> Cell {
        Cell { value: Some(value), ..Cell::text(text) }
    }

    /// Nothing was measured.
    pub fn none() -> Cell {
        Cell::text("–").toned(Tone::Dim)
    }

    /// The same on another ground.
    pub fn shaded(self, shade: Shade) -> Cell {
        Cell { shade, ..self }
    }

    /// The same with something below it.
    pub fn with(self, below: String) -> Cell {
        Cell { below, ..self }
    }

    /// The same in another tone.
    pub fn toned(self, tone: Tone) -> Cell {
        Cell { tone, ..self }
    }
}
