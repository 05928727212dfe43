//! Row 13: a reset costs the same with 100 people in the store and with 300,000.

use rules::ids::Username;
use serde_json::{Value, json};
use sspr::engine::{Engine, STATE};
use state::key::Key;

use crate::product::{Product, two_gates_and_history, units};
use crate::{RESETS, ROUNDS, cpu_of, line, median};

const FEW: u32 = 100;
const MANY: u32 = 300_000;
/// Items of one BatchWriteItem.
const BATCH: usize = 25;

/// An item as the engine spells it.
fn item(engine: &Engine, key: &Key<'_>) -> Value {
    let (pk, sk) = key.pair();
    let body = json!({"TableName": STATE, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}});
    let answer = engine.call("GetItem", body.to_string().as_bytes());
    let found: Value = serde_json::from_slice(&answer.body).unwrap();
    found["Item"].clone()
}

/// Puts copies of one account under other names, without the requests that made it.
fn populate(product: &Product, people: u32) {
    product.person("template");
    let engine = &product.running.local.engine;
    let template = Username::parse("template").unwrap();
    let (profile, credential) = (Key::Profile(&template), Key::Credential(&template));
    let items = [item(engine, &profile), item(engine, &credential)];
    assert!(items.iter().all(Value::is_object), "the template is stored");
    let mut requests = Vec::new();
    for n in 0..people {
        let name = Username::parse(&format!("person{n:06}")).unwrap();
        for (key, item) in [Key::Profile(&name), Key::Credential(&name)].iter().zip(&items) {
            let (pk, sk) = key.pair();
            let mut item = item.clone();
            (item["pk"], item["sk"]) = (json!({"S": pk}), json!({"S": sk}));
            if item["username"].is_object() {
                item["username"] = json!({"S": name.as_str()});
            }
            requests.push(json!({"PutRequest": {"Item": item}}));
        }
        if requests.len() + 2 > BATCH || n + 1 == people {
            let body = json!({"RequestItems": {STATE: std::mem::take(&mut requests)}});
            let answer = engine.call("BatchWriteItem", body.to_string().as_bytes());
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        }
    }
}

pub fn measure() {
    let products = [FEW, MANY].map(|people| {
        let product = Product::new();
        product.configure(&two_gates_and_history());
        populate(&product, people);
        product
    });
    let people = products
        .each_ref()
        .map(|p| (0..RESETS).map(|n| p.person(&format!("quentin{n}"))).collect::<Vec<_>>());
    let reset = |which: usize, round: usize| {
        let pairs = products.iter().zip(&people).nth(which);
        for (product, person) in pairs.iter().flat_map(|(p, all)| all.iter().map(move |a| (p, a))) {
            product.reset(person, &format!("Another password of round {round} it is"));
        }
    };
    for which in [0, 1] {
        reset(which, ROUNDS);
    }
    let ratios = (0..ROUNDS).map(|round| {
        let few = cpu_of(|| reset(0, round));
        cpu_of(|| reset(1, round)) / few
    });
    let ratio = format!("{:.3}", median(ratios.collect()));
    line("13", &format!("CPU of a reset, {MANY} people / {FEW} people"), &ratio, "<= 1.05");
    let costs = products.each_ref().map(|p| {
        let person = p.person("peggy");
        let calls = p.calls(&p.reset(&person, "The one that is counted now 1"), None);
        (calls.len(), units(&calls))
    });
    line("13", "requests and units, both", &format!("{costs:?}"), "equal");
}
