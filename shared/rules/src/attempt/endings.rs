//! How an attempt ended that was not completed (REP-02).

use super::Attempt;
use crate::activity::Outcome;
use crate::registration::Ineligible;

impl Attempt {
    /// How an attempt that nobody finished ended (REP-02): it could not have worked, or it was blocked, or the person
    /// left it at some step.
    pub fn ended_unfinished(&self, account: Option<Ineligible>) -> (Outcome, String) {
        if let Some(why) = self.refusal().or(account) {
            return (Outcome::Failed, why.detail().to_owned());
        }
        if let Some(limit) = &self.blocked {
            return (Outcome::Blocked, limit.clone());
        }
        let detail = if self.is_ready() {
            let tried =
                if self.completes > 0 { "while_new_password" } else { "before_new_password" };
            tried.to_owned()
        } else if let Some(challenge) = &self.challenge {
            format!("after_start_{}", challenge.way.as_str())
        } else if let Some(gate) = self.gates.last() {
            format!("after_complete_{}", gate.way.as_str())
        } else {
            String::from("after_username")
        };
        (Outcome::Abandoned, detail)
    }

    /// The detail of a cancelled attempt.
    pub fn cancelled_detail(&self) -> &'static str {
        if self.is_ready() { "before_new_password" } else { "before_gates_passed" }
    }

    /// The detail of an attempt that ended in asking for help.
    pub fn contacted_detail(&self) -> String {
        let tried = self.challenge.as_ref().map(|c| c.way);
        match tried.or_else(|| self.gates.last().map(|g| g.way)) {
            Some(way) => format!("after_trying_{}", way.as_str()),
            None => String::from("before_trying"),
        }
    }
}
