//! An attempt held to a stricter policy that it met on its way (RST-13).

use std::collections::BTreeSet;

use super::Attempt;
use crate::gate::Passed;
use crate::policy::{Config, Policy};
use crate::registration::{Eligible, Profile};

impl Attempt {
    /// The policy from here on, and the gates that still count under it: those of methods that may still open one, each
    /// thing proved once. The rest have to be passed again, by other ways.
    pub fn tightened(
        &self,
        profile: &Profile,
        eligible: &Eligible,
        config: &Config,
    ) -> (Policy, Vec<Passed>) {
        let version = self.policy.version;
        let now = if eligible.administrator {
            config.administrator_policy(version)
        } else {
            config.attempt_policy(version)
        };
        let mut policy = self.policy.stricter(&now);
        policy.required = policy.required.max(eligible.required);
        let to_reset = config.security_questions.to_reset;
        let mut things = BTreeSet::new();
        let counts = |gate: &&Passed| {
            let method = gate.way.method();
            let contact = profile.usable_contact(gate.way, config.accept_directory_data);
            let thing = contact.map_or(method.as_str(), |contact| contact.value.as_str());
            // Fewer answers than are asked for by now prove nothing.
            let answered = gate.asked.is_none_or(|asked| asked >= to_reset);
            answered && eligible.methods.contains(&method) && things.insert(thing.to_owned())
        };
        let gates = self.gates.iter().filter(counts).cloned().collect();
        (policy, gates)
    }
}
