//! An account's counters as they stand, for administrators who help (ADM-04). Nothing is decided here.

use aws_sdk_dynamodb::types::AttributeValue;
use rules::ids::{Millis, Network, Username};

use crate::Store;
use crate::fault::Fault;
use crate::key::{Item, Key, Table};
use crate::read::{Page, pair_of};

/// Networks looked at: those of one unblock, and more than anybody reads.
const NETWORKS: i32 = 98;

/// A counter whose window has not passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// For which network; `*` for all.
    pub network: String,
    /// Which, by its name in the store.
    pub counter: String,
    /// Counted so far.
    pub n: u32,
    /// When it is void.
    pub until: Millis,
    /// Whether it closed its way until then.
    pub closed: bool,
}

impl Store {
    /// Every counter of a name that still counts, network by network; whether or not anybody has the name.
    pub async fn counted(&self, username: &Username, now: Millis) -> Result<Vec<Counted>, Fault> {
        let anywhere = Network::anywhere();
        let (partition, _) = Key::Throttle(username, &anywhere).pair();
        let page = Page {
            table: Table::State,
            index: None,
            partition_attribute: "pk",
            partition: &partition,
            between: None,
            forward: true,
            limit: NETWORKS,
        };
        let (items, _) = self.page(page).await?;
        Ok(items.iter().flat_map(|item| counted(item, now)).collect())
    }
}

/// The counters of one network, in the order of their names.
fn counted(item: &Item, now: Millis) -> Vec<Counted> {
    let (_, network) = pair_of(item);
    let number = |name: &str| match item.get(name) {
        Some(AttributeValue::N(n)) => n.parse::<i64>().ok(),
        Some(_) | None => None,
    };
    let mut all: Vec<Counted> = item
        .keys()
        .filter_map(|attribute| {
            let counter = attribute.strip_suffix("_until")?;
            let until = Millis(number(attribute)?);
            let n = number(&format!("{counter}_n")).unwrap_or_default();
            let closed = item.get(&format!("{counter}_closed"));
            (until > now).then(|| Counted {
                network: network.clone(),
                counter: counter.to_owned(),
                n: u32::try_from(n).unwrap_or_default(),
                until,
                closed: closed == Some(&AttributeValue::Bool(true)),
            })
        })
        .collect();
    all.sort_by(|a, b| a.counter.cmp(&b.counter));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_counts_until_its_window_has_passed() {
        let n = |n: i64| AttributeValue::N(n.to_string());
        let item = Item::from([
            ("sk".into(), AttributeValue::S("203.0.113.0/24".into())),
            ("tries_email_n".into(), n(5)),
            ("tries_email_until".into(), n(1_000)),
            ("tries_email_closed".into(), AttributeValue::Bool(true)),
            ("proofs_n".into(), n(2)),
            ("proofs_until".into(), n(500)),
        ]);
        let names = |now: i64| -> Vec<(String, u32, bool)> {
            let all = counted(&item, Millis(now)).into_iter();
            all.map(|c| (c.counter, c.n, c.closed)).collect()
        };
        let (email, proofs) =
            ((String::from("tries_email"), 5, true), (String::from("proofs"), 2, false));
        assert_eq!(names(499), [proofs, email.clone()]);
        assert_eq!(names(500), [email]);
        assert_eq!(names(1_000), []);
        assert_eq!(counted(&item, Millis(0))[0].network, "203.0.113.0/24");
    }
}
