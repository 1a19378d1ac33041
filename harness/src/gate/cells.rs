//! What a gate measures: strategies on scenarios.

use dedup_strategies::{Definition, Needs, Role};
use dedup_stream::scenario::Scenario;

use crate::select::Selected;

/// One strategy on one scenario.
#[derive(Clone, Debug)]
pub struct GateCell {
    /// The pings.
    pub scenario: Scenario,
    /// What judges them.
    pub strategy: Selected,
}

impl GateCell {
    /// How it is called.
    pub fn label(&self) -> String {
        format!("{}/{}", self.scenario.name, self.strategy.label())
    }

    /// Whether a server takes part.
    pub fn has_server(&self) -> bool {
        self.strategy.definition.needs != Needs::Nothing
    }
}

/// Every strategy on every scenario.
pub fn cells(scenarios: &[Scenario], strategies: &[Selected]) -> Vec<GateCell> {
    let of = |scenario: &Scenario, strategy: &Selected| GateCell {
        scenario: scenario.clone(),
        strategy: strategy.clone(),
    };
    scenarios
        .iter()
        .flat_map(|scenario| strategies.iter().map(move |strategy| of(scenario, strategy)))
        .collect()
}

/// The strategies that anybody would choose; the floor and those that show a mistake only where they are asked for.
pub fn candidates(definitions: &[Definition]) -> Vec<Selected> {
    let chosen = definitions.iter().filter(|definition| definition.role == Role::Candidate);
    chosen.map(Selected::plain).collect()
}
