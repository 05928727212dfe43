//! Consistent reads of single items, one or several at once.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use serde::de::DeserializeOwned;

use crate::fault::{Fault, seal};
use crate::key::{Item, Key};
use crate::{Store, write};

/// Rounds in which a batch may be asked for what it left out.
const BATCH_ROUNDS: u32 = 5;

impl Store {
    /// One item, consistently.
    pub(crate) async fn get<T: DeserializeOwned>(&self, key: Key<'_>) -> Result<Option<T>, Fault> {
        let out = self
            .client
            .get_item()
            .table_name(key.table_name(self))
            .set_key(Some(key.item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| seal("GetItem", &e))?;
        out.item.map(|item| parse(key.kind(), item)).transpose()
    }

    /// Several items of the state table in one request, consistently, in the order asked; `None` where there is none.
    pub(crate) async fn get_all(&self, keys: &[Key<'_>]) -> Result<Vec<Option<Item>>, Fault> {
        let mut found: HashMap<(String, String), Item> = HashMap::new();
        let mut wanted: Vec<Item> = keys.iter().map(Key::item).collect();
        for round in 0..BATCH_ROUNDS {
            if wanted.is_empty() {
                break;
            }
            write::pause(round, &[]).await;
            let out = self.batch(std::mem::take(&mut wanted)).await?;
            for item in out.responses.unwrap_or_default().into_values().flatten() {
                found.insert(pair_of(&item), item);
            }
            let left = out.unprocessed_keys.unwrap_or_default().into_values();
            wanted = left.flat_map(|k| k.keys).collect();
        }
        if !wanted.is_empty() {
            return Err(Fault::Busy { operation: "BatchGetItem", code: "unprocessed".into() });
        }
        Ok(keys.iter().map(|k| found.get(&k.pair()).cloned()).collect())
    }

    async fn batch(
        &self,
        keys: Vec<Item>,
    ) -> Result<aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput, Fault> {
        let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        let request = request.build().map_err(|_| Fault::Computation { what: "a batch" })?;
        let tables = HashMap::from([(self.tables.state.clone(), request)]);
        let call = self.client.batch_get_item().set_request_items(Some(tables));
        call.send().await.map_err(|e| seal("BatchGetItem", &e))
    }

    /// One page of a partition of either table, and whether there is more; consistent unless it reads an index.
    pub(crate) async fn page(&self, page: Page<'_>) -> Result<(Vec<Item>, bool), Fault> {
        let consistent = page.index.is_none();
        self.query(page, consistent).await
    }

    /// The same at half the price, perhaps a moment old: only to find what is then read consistently.
    pub(crate) async fn glance(&self, page: Page<'_>) -> Result<(Vec<Item>, bool), Fault> {
        self.query(page, false).await
    }

    async fn query(&self, page: Page<'_>, consistent: bool) -> Result<(Vec<Item>, bool), Fault> {
        let mut condition = String::from("#pk = :pk");
        let mut values = HashMap::from([(":pk".into(), AttributeValue::S(page.partition.into()))]);
        if let Some((from, to)) = page.between {
            condition.push_str(" AND #sk BETWEEN :from AND :to");
            values.insert(":from".into(), AttributeValue::S(from.into()));
            values.insert(":to".into(), AttributeValue::S(to.into()));
        }
        let names = HashMap::from([
            ("#pk".into(), page.partition_attribute.into()),
            ("#sk".into(), "sk".into()),
        ]);
        let names = if page.between.is_some() { names } else { only_pk(names) };
        let out = self
            .client
            .query()
            .table_name(page.table.name(&self.tables))
            .set_index_name(page.index.map(str::to_owned))
            .key_condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .consistent_read(consistent)
            .scan_index_forward(page.forward)
            .limit(page.limit)
            .send()
            .await
            .map_err(|e| seal("Query", &e))?;
        let more = out.last_evaluated_key.is_some();
        Ok((out.items.unwrap_or_default(), more))
    }
}

fn only_pk(mut names: HashMap<String, String>) -> HashMap<String, String> {
    names.remove("#sk");
    names
}

/// A query of one partition.
pub(crate) struct Page<'p> {
    pub table: crate::key::Table,
    pub index: Option<&'p str>,
    pub partition_attribute: &'p str,
    pub partition: &'p str,
    /// Inclusive bounds of the sort key.
    pub between: Option<(&'p str, &'p str)>,
    pub forward: bool,
    pub limit: i32,
}

/// The key of a read item.
pub(crate) fn pair_of(item: &Item) -> (String, String) {
    let text = |name: &str| match item.get(name) {
        Some(AttributeValue::S(s)) => s.clone(),
        _ => String::new(),
    };
    (text("pk"), text("sk"))
}

/// An item as its type.
pub(crate) fn parse<T: DeserializeOwned>(kind: &'static str, item: Item) -> Result<T, Fault> {
    serde_dynamo::from_item(item).map_err(|_| Fault::Corrupt { kind })
}
