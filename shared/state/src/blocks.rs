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
    /// For which network: its name, or its slot (a short digest) where it is counted beside others; `*` for all.
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

/// The counters of one item, by network and name.
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
            let (slot, name) = split(counter);
            (until > now).then(|| Counted {
                network: slot.unwrap_or(&network).to_owned(),
                counter: name.to_owned(),
                n: u32::try_from(n).unwrap_or_default(),
                until,
                closed: closed == Some(&AttributeValue::Bool(true)),
            })
        })
        .collect();
    all.sort_by(|a, b| (&a.network, &a.counter).cmp(&(&b.network, &b.counter)));
    all
}

/// The slot of a network and the counter's own name, of the stem under which it is kept.
fn split(stem: &str) -> (Option<&str>, &str) {
    let is_slot = |text: &str| text.len() == SLOT && text.bytes().all(|b| b.is_ascii_hexdigit());
    match stem.split_once('_').filter(|(slot, _)| is_slot(slot)) {
        Some((slot, name)) => (Some(slot), name),
        None => (None, stem),
    }
}

/// Characters of [`Network::slot`].
const SLOT: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_counts_until_its_window_has_passed() {
        let n = |n: i64| AttributeValue::N(n.to_string());
        let network = Network::of([203, 0, 113, 9].into());
        let slot = network.slot();
        let item = Item::from([
            ("sk".into(), AttributeValue::S("*".into())),
            (format!("{slot}_tries_email_n"), n(5)),
            (format!("{slot}_tries_email_until"), n(1_000)),
            (format!("{slot}_tries_email_closed"), AttributeValue::Bool(true)),
            ("short_n".into(), n(2)),
            ("short_until".into(), n(500)),
        ]);
        let names = |now: i64| -> Vec<(String, String, u32, bool)> {
            let all = counted(&item, Millis(now)).into_iter();
            all.map(|c| (c.network, c.counter, c.n, c.closed)).collect()
        };
        let email = (slot.clone(), String::from("tries_email"), 5, true);
        let short = (String::from("*"), String::from("short"), 2, false);
        assert_eq!(names(499), [short, email.clone()]);
        assert_eq!(names(500), [email]);
        assert_eq!(names(1_000), []);
        assert_eq!(slot.len(), SLOT);
        assert_eq!(split("tries_office_voice"), (None, "tries_office_voice"));
    }
}
